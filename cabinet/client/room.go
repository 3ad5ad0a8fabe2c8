package client

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/idp/client"
	"propusk/idp/client/logo"
	"propusk/idp/directory"
)

//go:embed openapi.json
var document []byte

// Deps is what the room works with; all are needed.
type Deps struct {
	Clients *client.Store
	Logos   *logo.Logos                                     // keeps the pictures that people are shown
	Issuer  string                                          // where those pictures are
	Tell    func(ctx context.Context, e notice.Event) error // in the transaction of ctx
	Now     func() time.Time
}

// Clients is the room.
type Clients struct{ deps Deps }

// New checks the dependencies.
func New(deps Deps) (*Clients, error) {
	if deps.Clients == nil || deps.Logos == nil || deps.Issuer == "" || deps.Tell == nil || deps.Now == nil {
		return nil, errors.New("client: a dependency of the room is missing")
	}
	return &Clients{deps}, nil
}

const base = "/v1/organization/clients"

// Room is the part of the cabinet API that an organisation's applications are.
func (r *Clients) Room() api.Room {
	read := func(path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: "GET", Path: path, Access: api.OrganisationToken, Scope: "clients:read", Permission: directory.ClientsRead, Handle: handle}
	}
	write := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Scope: "clients:write", Permission: directory.ClientsWrite,
			ACR: directory.ACRTwoFactors, Weighty: true, Handle: handle}
	}
	once := func(r api.Route) api.Route {
		r.Idempotent, r.BodyLimit = true, maxBody
		return r
	}
	return api.Room{Name: "client", Document: document, Texts: texts, FieldTexts: fieldTexts, Routes: []api.Route{
		read(base, r.list),
		once(write("POST", base, r.create)),
		read(base+"/{id}", r.show),
		write("PATCH", base+"/{id}", r.change),
		write("DELETE", base+"/{id}", r.remove),
		once(write("POST", base+"/{id}/secret", r.rotateSecret)),
		write("DELETE", base+"/{id}/secret/previous", r.endPrevious),
		once(write("POST", base+"/{id}/keys", r.rotateKeys)),
		write("POST", base+"/{id}/logo", r.fetchLogo),
	}}
}

// maxBody is enough for a key set and everything else that is said of a client.
const maxBody = 96 << 10

// texts are the problems that only this room has.
var texts = map[string]api.Text{
	"clients_exhausted": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Слишком много приложений", Detail: "У организации может быть не больше 50 приложений. Удалите лишнее."},
		EN:     api.Saying{Title: "Too many applications", Detail: "An organisation has at most 50 applications. Remove one."},
	},
	"client_beyond_you": {
		Status: http.StatusForbidden,
		RU: api.Saying{Title: "Приложению разрешено больше, чем вам",
			Detail: "Приложение может то, чего не можете вы: {scope}. Его секрет и адреса меняет тот, у кого есть эти права. Выключить или удалить приложение вы можете."},
		EN: api.Saying{Title: "The application may do more than you",
			Detail: "The application may do what you may not: {scope}. Whoever has these rights changes its secret and addresses. You can switch it off or remove it."},
	},
	"client_of_the_house": {
		Status: http.StatusForbidden,
		RU:     api.Saying{Title: "Это приложение самого сервиса", Detail: "Его меняет оператор сервиса."},
		EN:     api.Saying{Title: "This application is the service's own", Detail: "The operator of the service changes it."},
	},
	"client_without_secret": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "У приложения нет секрета", Detail: "Оно подтверждает себя ключом или сертификатом либо не подтверждает вовсе. Смените ключи."},
		EN:     api.Saying{Title: "The application has no secret", Detail: "It authenticates by a key or a certificate, or not at all. Change its keys."},
	},
	"client_without_logo": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "У приложения нет картинки", Detail: "Сначала укажите её адрес (logo_uri)."},
		EN:     api.Saying{Title: "The application has no picture", Detail: "Give its address (logo_uri) first."},
	},
	"client_without_keys": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Ключи приложения хранятся не здесь", Detail: "Оно подтверждает себя секретом или публикует ключи по своему адресу (jwks_uri): смените их там."},
		EN:     api.Saying{Title: "The application's keys are not kept here", Detail: "It authenticates by a secret, or publishes its keys at its own address (jwks_uri): change them there."},
	},
}

var fieldTexts = map[string]api.FieldText{
	"metadata": {RU: "Значение не подходит: {detail}.", EN: "The value is refused: {detail}."},
	"redirect_uris.metadata": {
		RU: "Адрес возврата — точный https://… без * и без части после #; http:// только для этого же компьютера (127.0.0.1). Причина: {detail}.",
		EN: "A redirect URI is an exact https://… without * and without a fragment; http:// is for the very machine (127.0.0.1) only. The reason: {detail}.",
	},
	"allowed_networks.metadata": {
		RU: "Сеть пишут как 192.0.2.0/24 или 2001:db8::/32, один адрес — как 192.0.2.7/32. Причина: {detail}.",
		EN: "A network is written as 192.0.2.0/24 or 2001:db8::/32, one address as 192.0.2.7/32. The reason: {detail}.",
	},
	"client_uri.metadata": address("Адрес страницы приложения", "The address of the application's page"),
	"logo_uri.metadata":   address("Адрес картинки", "The address of the picture"),
	"policy_uri.metadata": address("Адрес политики обработки данных", "The address of the data policy"),
	"tos_uri.metadata":    address("Адрес условий использования", "The address of the terms of use"),
	"scope.beyond": {
		RU: "Нельзя разрешить программе то, чего нет у вас или что программам организаций не дают: {scope}.",
		EN: "A program cannot be given what you do not have or what organisations' programs never get: {scope}.",
	},
}

// address says what an address that people are shown must be.
func address(ru, en string) api.FieldText {
	return api.FieldText{
		RU: ru + " — https://… с именем узла, без имени пользователя, не длиннее 2000 знаков.",
		EN: en + " is an https://… with a host and no user name, of at most 2000 characters.",
	}
}
