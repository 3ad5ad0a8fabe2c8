package notice

import (
	_ "embed"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// scope is what an application must have been allowed to see a person's notices.
const scope = "notices"

//go:embed openapi.json
var document []byte

// Room is the part of the cabinet API that notices are.
func (n *Notices) Room() api.Room {
	person := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.PersonToken, Scope: scope, Handle: handle}
	}
	created := func(r api.Route) api.Route { r.Idempotent = true; return r }
	const settings = "/v1/organization/notice-settings"
	return api.Room{Name: "notice", Document: document, Texts: texts, FieldTexts: fieldTexts, Routes: []api.Route{
		person("GET", "/v1/notices", n.getNotices),
		person("GET", "/v1/notices/count", n.getCount),
		person("GET", "/v1/notices/stream", n.serveStream),
		person("POST", "/v1/notices/read", n.postRead),
		person("GET", "/v1/notices/settings", n.getSettings),
		person("PUT", "/v1/notices/settings", n.putSettings),
		person("DELETE", "/v1/notices/settings", n.deleteSettings),
		person("GET", "/v1/notices/deliveries", n.getDeliveries),
		created(person("POST", "/v1/notices/deliveries/{id}/resend", n.postResend)),
		person("GET", "/v1/notices/types", n.getTypes),
		person("GET", "/v1/notices/{id}", n.getNotice),
		person("PATCH", "/v1/notices/{id}", n.patchNotice),
		person("GET", "/v1/push-subscriptions", n.getDevices),
		created(person("POST", "/v1/push-subscriptions", n.postDevice)),
		person("DELETE", "/v1/push-subscriptions/{id}", n.deleteDevice),
		{Method: "GET", Path: "/v1/news", Access: api.AnyToken, Handle: n.getNews},
		{Method: "GET", Path: "/v1/organization/grantors", Access: api.OrganisationToken, Scope: "organization:read", Handle: n.getGrantors},
		{Method: "POST", Path: "/v1/organization/access-requests", Access: api.OrganisationToken, Scope: "organization:read", Handle: n.postAccessRequest},
		{Method: "GET", Path: settings, Access: api.OrganisationToken, Scope: "organization:read", Permission: directory.OrganizationRead, Handle: n.getCommon},
		{Method: "PUT", Path: settings, Access: api.OrganisationToken, Scope: "organization:write", Permission: directory.OrganizationWrite,
			ACR: directory.ACRTwoFactors, Weighty: true, Handle: n.putCommon},
		{Method: "DELETE", Path: settings, Access: api.OrganisationToken, Scope: "organization:write", Permission: directory.OrganizationWrite,
			ACR: directory.ACRTwoFactors, Weighty: true, Handle: n.deleteCommon},
	}}
}

// texts are the problems that only notices have.
var texts = map[string]api.Text{
	"streams_exhausted": {
		Status: http.StatusTooManyRequests,
		RU:     api.Saying{Title: "Слишком много потоков", Detail: "Открыто слишком много потоков уведомлений. Закройте один из них или повторите позже."},
		EN:     api.Saying{Title: "Too many streams", Detail: "Too many streams of notices are open. Close one or come back later."},
	},
	"streams_unavailable": {
		Status: http.StatusServiceUnavailable,
		RU:     api.Saying{Title: "Поток сейчас недоступен", Detail: "Узел не принимает новых потоков. Повторите через несколько секунд."},
		EN:     api.Saying{Title: "No stream now", Detail: "This node takes no more streams. Come back in a few seconds."},
	},
	"permission_held": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Это право у вас уже есть", Detail: "Просить о нём не нужно. Если действие всё же недоступно, войдите заново."},
		EN:     api.Saying{Title: "You hold this right", Detail: "There is nothing to ask for. If the act is still refused, sign in again."},
	},
	"access_asks_many": {
		Status: http.StatusTooManyRequests,
		RU:     api.Saying{Title: "Слишком много просьб за день", Detail: "За сутки можно попросить не больше десяти прав. Дождитесь решения по прежним просьбам."},
		EN:     api.Saying{Title: "Too many requests in a day", Detail: "At most ten rights can be asked for within a day. Wait until the earlier requests are decided."},
	},
	"nobody_to_ask": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Спросить некого", Detail: "В организации никто не может дать это право. Обратитесь в поддержку."},
		EN:     api.Saying{Title: "Nobody to ask", Detail: "Nobody in the organisation can give this right. Turn to the support."},
	},
	"delivery_not_resendable": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Отправить снова нельзя", Detail: "Отправка ещё не завершена, адреса больше нет или сообщение только что отправляли. Подождите минуту и проверьте настройки."},
		EN:     api.Saying{Title: "Cannot be sent again", Detail: "It is still being sent, the address is gone, or it was sent a moment ago. Wait a minute and look at the settings."},
	},
}

var fieldTexts = map[string]api.FieldText{
	"address_refused": {
		RU: "По этому адресу сервис не обращается: он ведёт во внутреннюю сеть.",
		EN: "The service does not call this address: it leads into an internal network.",
	},
	"time_zone.unknown": {RU: "Такого часового пояса нет. Укажите его как Europe/Moscow.", EN: "There is no such time zone. Write it like Europe/Moscow."},
}
