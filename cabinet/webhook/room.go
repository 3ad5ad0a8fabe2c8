package webhook

import (
	_ "embed"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

//go:embed openapi.json
var document []byte

// Room is the part of the cabinet API that webhooks are.
func (w *Webhooks) Room() api.Room {
	read := func(path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: "GET", Path: path, Access: api.OrganisationToken, Scope: "clients:read", Permission: directory.ClientsRead, Handle: handle}
	}
	write := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Scope: "clients:write", Permission: directory.ClientsWrite,
			ACR: directory.ACRTwoFactors, Weighty: true, Handle: handle}
	}
	created := func(r api.Route) api.Route { r.Idempotent = true; return r }
	return api.Room{Name: "webhook", Document: document, Texts: texts, FieldTexts: fieldTexts, Routes: []api.Route{
		{Method: "GET", Path: "/v1/webhook-events", Access: api.AnyToken, Handle: w.getEvents},
		read("/v1/webhooks", w.getList),
		created(write("POST", "/v1/webhooks", w.post)),
		read("/v1/webhooks/{id}", w.get),
		write("PATCH", "/v1/webhooks/{id}", w.patch),
		write("DELETE", "/v1/webhooks/{id}", w.delete),
		created(write("POST", "/v1/webhooks/{id}/secret", w.postSecret)),
		created(write("POST", "/v1/webhooks/{id}/test", w.postTest)),
		created(write("POST", "/v1/webhooks/{id}/replay", w.postReplayMany)),
		read("/v1/webhooks/{id}/deliveries", w.getDeliveries),
		read("/v1/webhooks/{id}/deliveries/{delivery}", w.getDelivery),
		created(write("POST", "/v1/webhooks/{id}/deliveries/{delivery}/replay", w.postReplay)),
		read("/v1/webhooks/{id}/exchange", w.getExchange),
	}}
}

// texts are the problems that only webhooks have.
var texts = map[string]api.Text{
	"webhooks_exhausted": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Слишком много вебхуков", Detail: "У организации может быть не больше 20 вебхуков. Удалите лишний."},
		EN:     api.Saying{Title: "Too many webhooks", Detail: "An organisation has at most 20 webhooks. Remove one."},
	},
	"webhook_inactive": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Вебхук выключен", Detail: "Включите вебхук (state: active) и повторите."},
		EN:     api.Saying{Title: "The webhook is off", Detail: "Switch it on (state: active) and try again."},
	},
	"delivery_waiting": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Сообщение уже ждёт отправки", Detail: "Его отправят и без повтора. Дождитесь итога."},
		EN:     api.Saying{Title: "The message waits to be sent", Detail: "It will be sent without a replay. Wait for the outcome."},
	},
}

var fieldTexts = map[string]api.FieldText{
	"address_refused": {
		RU: "По этому адресу сервис не обращается: он ведёт во внутреннюю сеть.",
		EN: "The service does not call this address: it leads into an internal network.",
	},
	"url.invalid": {
		RU: "Укажите полный адрес https:// без имени пользователя и без части после #.",
		EN: "Give a full https:// address without a user name and without a fragment.",
	},
}
