package oauth

import (
	"maps"
	"slices"
)

// ErrorsPath is the page of the issuer that explains the codes of errors; each code is
// an anchor of it. It is error_uri (RFC 6749 §4.1.2.1, §5.2) of every error:
// to whoever sent the request, with the code that he is told anyway.
const ErrorsPath = "/help/errors"

// ErrorCode explains one stable code in one language.
type ErrorCode struct{ Code, What, Do string }

// errorWords say of each code of the endpoints what happened and what to do, in Russian
// and in English.
var errorWords = map[string][4]string{
	"invalid_request":                   {"В запросе не хватает параметра, он повторён или неверен.", "Какое правило нарушено, говорит error_description: исправьте названный параметр.", "A parameter is missing, there twice or wrong.", "error_description says which rule: correct the parameter that it names."},
	"invalid_client":                    {"Приложение не удалось узнать: неизвестный client_id, чужой секрет, ключ или способ.", "Проверьте client_id и token_endpoint_auth_method, срок секрета; для private_key_jwt — aud (issuer), kid и часы.", "The client could not be authenticated: an unknown client_id, or another's secret, key or method.", "Look at client_id, token_endpoint_auth_method and the end of the secret; for private_key_jwt at aud (the issuer), kid and the clock."},
	"invalid_grant":                     {"Код, токен обновления или утверждение не годятся: истекли, использованы или выданы другому.", "Начните вход заново. Если это повторяется, ищите второй запрос с тем же кодом.", "The code, refresh token or assertion is no good: expired, used, or another's.", "Begin the sign-in anew. If it comes again, look for a second request with the same code."},
	"unauthorized_client":               {"Приложению это не разрешено.", "Сверьте grant_types приложения; меняет их тот, кто приложение зарегистрировал.", "The client may not do this.", "Compare its grant_types; whoever registered the client changes them."},
	"unsupported_grant_type":            {"Такого grant_type сервер не знает.", "Список — grant_types_supported в метаданных.", "The server does not know this grant_type.", "The list is grant_types_supported of the metadata."},
	"invalid_scope":                     {"Разрешение неизвестно, не зарегистрировано или шире исходного.", "Уберите лишнее из scope.", "A scope is unknown, not registered, or wider than what there was.", "Leave it out of scope."},
	"invalid_target":                    {"Токен для такого адреса или организации не выдаётся.", "resource и audience — только адрес API; organization — та, за которую есть право действовать.", "There is no token for that resource or organisation.", "resource and audience are the API alone; organization is one that may be acted for."},
	"invalid_request_object":            {"Подписанный или зашифрованный запрос не принят.", "Проверьте подпись, iss, aud, exp и nbf; шифруйте ключом сервера с use=enc.", "The signed or encrypted request was not taken.", "Look at the signature, iss, aud, exp and nbf; encrypt to a key of the server with use=enc."},
	"invalid_request_uri":               {"Ссылка на запрос неизвестна, истекла или использована.", "Отправьте запрос на /oauth2/par снова: ссылка живёт полторы минуты.", "The request_uri is unknown, expired or used.", "Push the request to /oauth2/par again: a reference lives a minute and a half."},
	"invalid_dpop_proof":                {"Доказательство DPoP не подходит к запросу.", "htm и htu — метод и адрес запроса, jti новый, часы точны.", "The DPoP proof does not fit the request.", "htm and htu are the request's method and address, jti is new, the clock is right."},
	"use_dpop_nonce":                    {"Нужно доказательство DPoP с числом сервера.", "Возьмите его из заголовка DPoP-Nonce этого ответа и повторите.", "A DPoP proof with a nonce of the server is needed.", "Take it from the header DPoP-Nonce of this answer and try again."},
	"invalid_token":                     {"Токен неизвестен, истёк или отозван.", "Получите новый.", "The token is unknown, expired or revoked.", "Get a new one."},
	"insufficient_scope":                {"В токене нет нужного разрешения.", "Запросите scope, который называет ответ.", "The token does not have the scope.", "Ask for the scope that the answer names."},
	"invalid_binding_message":           {"Код запроса не показать человеку.", "До 48 знаков: буквы, цифры, пробел, дефис, запятая, #, №.", "The binding_message cannot be shown to a person.", "Up to 48 letters, figures, spaces and - , #."},
	"invalid_authorization_details":     {"authorization_details не разобрать, или такой вид приложению не разрешён.", "Виды — authorization_details_types_supported; пределы описаны в документации.", "authorization_details cannot be read, or the client may not use the type.", "The types are authorization_details_types_supported; the documentation has the limits."},
	"authorization_pending":             {"Человек ещё не решил.", "Спросите снова через interval секунд.", "The person has not decided yet.", "Ask again after interval seconds."},
	"slow_down":                         {"Запросов слишком много.", "Ждите столько секунд, сколько говорит Retry-After, а при опросе — на пять секунд дольше прежнего.", "There are too many requests.", "Wait the seconds of Retry-After; when polling, five seconds longer than before."},
	"expired_token":                     {"Срок запроса к человеку вышел.", "Начните заново.", "The request to the person has expired.", "Begin anew."},
	"access_denied":                     {"Человек отказал, или политика не позволяет.", "Не повторяйте запрос сами: спросите человека.", "The person refused, or a policy does.", "Do not repeat the request: ask the person."},
	"interaction_required":              {"Нужен человек за экраном.", "Начните вход в браузере.", "A person at a screen is needed.", "Begin a sign-in in the browser."},
	"unsupported_response_type":         {"Сервер выдаёт только коды.", "Передайте response_type=code.", "The server gives out codes alone.", "Send response_type=code."},
	"login_required":                    {"Человек не вошёл, или вход устарел.", "Повторите запрос без prompt=none.", "The person is not signed in, or it was too long ago.", "Send the request again without prompt=none."},
	"consent_required":                  {"Человек ещё не разрешил доступ.", "Повторите запрос без prompt=none.", "The person has not consented yet.", "Send the request again without prompt=none."},
	"registration_not_supported":        {"Параметр registration не принимается.", "Зарегистрируйте приложение заранее.", "The parameter registration is not taken.", "Register the client before."},
	"unmet_authentication_requirements": {"Человек не может войти так надёжно, как требует запрос.", "Снизьте acr_values или попросите человека завести нужный способ входа.", "The person cannot sign in as strongly as is asked for.", "Ask for less by acr_values, or have the person set up the factor."},
	"unsupported_token_type":            {"Токены этого вида здесь не отзываются.", "Отзывайте токены доступа и обновления.", "Tokens of this kind are not revoked here.", "Revoke access and refresh tokens."},
	"temporarily_unavailable":           {"Сервер занят, или с этого адреса слишком много запросов.", "Повторите позже; Retry-After говорит когда.", "The server is busy, or too many requests come from this address.", "Try again later; Retry-After says when."},
	"server_error":                      {"Ошибка на нашей стороне.", "Повторите; если не пройдёт, сообщите поддержке номер запроса.", "A fault of ours.", "Try again; if it stays, tell the support the number of the request."},
}

// ErrorCodes are the codes of the endpoints, and those that explain gives
// (POST /oauth2/explain), in a language, "en" or Russian.
func ErrorCodes(lang string) (answered, explained []ErrorCode) {
	for _, code := range slices.Sorted(maps.Keys(errorWords)) {
		words := errorWords[code]
		if lang == "en" {
			words[0], words[1] = words[2], words[3]
		}
		answered = append(answered, ErrorCode{code, words[0], words[1]})
	}
	for _, code := range slices.Sorted(maps.Keys(advices)) {
		if _, said := errorWords[code]; !said {
			explained = append(explained, ErrorCode{Code: code, Do: (&explanation{lang: lang}).advice(code)})
		}
	}
	return answered, explained
}

// errorURI is where a code is explained; "" for one that the page does not have.
func (p *Provider) errorURI(code string) string {
	if _, explained := errorWords[code]; !explained {
		return ""
	}
	return p.deps.Issuer + ErrorsPath + "#" + code
}
