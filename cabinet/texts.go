package cabinet

import "net/http"

// text is what one problem code means: its HTTP status and how people read it.
type text struct {
	status int
	ru, en saying
}

type saying struct{ title, detail string }

func (t text) in(lang string) saying {
	if lang == "en" {
		return t.en
	}
	return t.ru
}

// texts is the API's list of problem codes. A code is part of the contract: it is
// never renamed and never given another meaning.
var texts = map[string]text{
	// The request itself.
	"token_in_query": {http.StatusBadRequest,
		saying{"Токен в адресе запроса", "Токен передан в адресе и мог попасть в журналы. Передавайте его только в заголовке Authorization, а этот токен отзовите."},
		saying{"Token in the request address", "The token came in the address and may be in logs by now. Send it in the Authorization header only, and revoke this one."}},
	"authorization_duplicate": {http.StatusBadRequest,
		saying{"Несколько заголовков Authorization", "Неясно, от чьего имени выполнять запрос. Оставьте один заголовок Authorization."},
		saying{"More than one Authorization header", "It is not clear for whom to act. Send one Authorization header."}},
	"authorization_too_long": {http.StatusRequestHeaderFieldsTooLarge,
		saying{"Слишком длинный заголовок Authorization", "Наши токены не длиннее 8 КиБ. Проверьте, что передаёте токен доступа целиком и без лишнего."},
		saying{"The Authorization header is too long", "Our tokens have at most 8 KiB. Check that the header holds one access token and nothing else."}},
	"body_malformed": {http.StatusBadRequest,
		saying{"Тело запроса — не объект JSON", "Не удалось прочитать тело запроса: {reason}. Пришлите один объект JSON в кодировке UTF-8."},
		saying{"The body is not a JSON object", "The body could not be read: {reason}. Send one JSON object in UTF-8."}},
	"body_too_large": {http.StatusRequestEntityTooLarge,
		saying{"Тело запроса слишком велико", "Тело этого запроса может быть не больше 64 КиБ."},
		saying{"The body is too large", "The body of this request can have at most 64 KiB."}},
	"upload_too_large": {http.StatusRequestEntityTooLarge,
		saying{"Файл слишком велик", "Документ может быть не больше 10 МБ, подпись — не больше 64 КиБ."},
		saying{"The file is too large", "The document can have at most 10 MB, the signature 64 KiB."}},
	"content_type_unsupported": {http.StatusUnsupportedMediaType,
		saying{"Формат тела не поддерживается", "Пришлите тело в формате {accepted} и укажите его в заголовке Content-Type."},
		saying{"The body's format is not supported", "Send the body as {accepted} and say so in Content-Type."}},
	"parameter_invalid": {http.StatusBadRequest,
		saying{"Неверный параметр запроса", "Исправьте параметры, перечисленные в errors, и повторите запрос."},
		saying{"A parameter is wrong", "Correct the parameters listed in errors and repeat the request."}},
	"validation_failed": {http.StatusUnprocessableEntity,
		saying{"Данные не прошли проверку", "Исправьте поля, перечисленные в errors, и повторите запрос. Ничего не изменено."},
		saying{"The data did not pass the checks", "Correct the fields listed in errors and repeat the request. Nothing was changed."}},
	"not_found": {http.StatusNotFound,
		saying{"Не найдено", "Такого адреса или такой записи в вашей организации нет."},
		saying{"Not found", "There is no such address, or no such record in your organisation."}},
	"method_not_allowed": {http.StatusMethodNotAllowed,
		saying{"Метод не поддерживается", "Допустимые методы перечислены в заголовке Allow."},
		saying{"The method is not supported", "The Allow header lists the methods that are."}},
	"version_changed": {http.StatusPreconditionFailed,
		saying{"Запись уже изменена", "Пока вы работали, запись изменили. Запросите её заново, проверьте изменения и повторите запрос с новым ETag."},
		saying{"The record has changed", "It was changed meanwhile. Read it again, look at the change and repeat the request with the new ETag."}},

	// The token.
	"token_missing": {http.StatusUnauthorized,
		saying{"Нужен токен доступа", "Получите токен и передайте его в заголовке Authorization: Bearer."},
		saying{"An access token is required", "Get a token and send it as Authorization: Bearer."}},
	"token_invalid": {http.StatusUnauthorized,
		saying{"Токен не принят", "Этот токен здесь не действует. Причина указана в заголовке WWW-Authenticate. Получите новый токен."},
		saying{"The token is not accepted", "This token does not open this API; WWW-Authenticate says why. Get a new one."}},
	"token_expired": {http.StatusUnauthorized,
		saying{"Срок токена истёк", "Обновите токен или войдите заново."},
		saying{"The token has expired", "Refresh the token or sign in again."}},
	"token_revoked": {http.StatusUnauthorized,
		saying{"Токен отозван", "Вход завершён, доступ закрыт или права изменились. Обновите токен или войдите заново."},
		saying{"The token has been revoked", "The sign-in has ended, access was withdrawn or rights have changed. Refresh the token or sign in again."}},
	"assurance_insufficient": {http.StatusUnauthorized,
		saying{"Нужен более надёжный вход", "Для этого действия войдите способом уровня {acr}."},
		saying{"A stronger sign-in is required", "Sign in at level {acr} to do this."}},
	"scope_missing": {http.StatusForbidden,
		saying{"Приложению не разрешено это действие", "У токена нет области {scope}. Запросите её при входе."},
		saying{"The application is not allowed to do this", "The token lacks the scope {scope}. Ask for it at sign-in."}},
	"permission_missing": {http.StatusForbidden,
		saying{"Недостаточно прав", "В вашей роли нет права {permission}. Его может дать администратор организации."},
		saying{"Not permitted", "Your role lacks the permission {permission}. An administrator of the organisation can grant it."}},
	"organization_required": {http.StatusForbidden,
		saying{"Организация не выбрана", "Токен не открывает ни одной организации. Войдите заново с областью organization и выберите организацию."},
		saying{"No organisation is chosen", "The token opens no organisation. Sign in again with the scope organization and choose one."}},
	"person_required": {http.StatusForbidden,
		saying{"Это действие выполняет человек", "Токен выдан программе, действующей от своего имени. Нужен вход человека."},
		saying{"A person has to do this", "The token belongs to a client that acts for itself. A person has to sign in."}},
	"rate_limited": {http.StatusTooManyRequests,
		saying{"Слишком много запросов", "Лимит исчерпан. Повторите запрос через {seconds} с."},
		saying{"Too many requests", "The limit is used up. Repeat the request in {seconds} s."}},

	// The acts.
	"last_administrator": {http.StatusConflict,
		saying{"Это последний администратор", "В организации должен остаться хотя бы один администратор. Сначала назначьте другого."},
		saying{"This is the last administrator", "An organisation must keep at least one administrator. Appoint another one first."}},
	"policy_locks_out": {http.StatusConflict,
		saying{"Эти правила никого не впустят", "После такого изменения ни один администратор не сможет войти. Проверьте правила пробным запуском: POST /v1/organization/policy/check."},
		saying{"The policy would let nobody in", "After this change no administrator could enter. Try the policy first: POST /v1/organization/policy/check."}},
	"another_operator_needed": {http.StatusForbidden,
		saying{"Нужен другой оператор", "Восстановление предлагает один оператор, а подтверждает другой, и никто из них не восстанавливает свой доступ."},
		saying{"Another operator is needed", "One operator proposes a recovery and another one approves it; neither may be the person helped."}},
	"recovery_over": {http.StatusConflict,
		saying{"Восстановление уже не на этом шаге", "Оно закончено, остановлено, подтверждено раньше или просрочено. Запросите список заново."},
		saying{"The recovery is not at this step", "It is finished, stopped, approved already or too old. Read the list again."}},
	"act_forbidden": {http.StatusForbidden,
		saying{"Это вам не разрешено", "Передать можно только те права, которыми вы обладаете сами, а менять администраторов может только администратор."},
		saying{"You may not do this", "Only permissions that you hold yourself can be granted, and only an administrator can change administrators."}},
	"already_exists": {http.StatusConflict,
		saying{"Такая запись уже есть", "Вы уже состоите в этой организации."},
		saying{"It exists already", "You are a member of this organisation already."}},
	"invitation_unusable": {http.StatusConflict,
		saying{"Приглашение не действует", "Срок приглашения истёк, оно отозвано или уже принято. Попросите администратора прислать новое."},
		saying{"The invitation is not valid", "It has expired, was withdrawn or has been accepted. Ask the administrator for a new one."}},
	"invitation_other_person": {http.StatusForbidden,
		saying{"Приглашение отправлено другому человеку", "Войдите под учётной записью с тем адресом почты, на который пришло приглашение, или попросите пригласить вас заново."},
		saying{"The invitation is for another person", "Sign in to the account whose mailbox the invitation was sent to, or ask to be invited anew."}},

	// Ours.
	"verifier_busy": {http.StatusServiceUnavailable,
		saying{"Слишком много проверок одновременно", "Повторите запрос через {seconds} с."},
		saying{"Too many verifications at once", "Repeat the request in {seconds} s."}},
	"signatures_unavailable": {http.StatusServiceUnavailable,
		saying{"Подпись сейчас нельзя проверить", "Служба проверки подписей недоступна. Повторите запрос позже."},
		saying{"The signature cannot be verified now", "The verifier of signatures cannot be reached. Repeat the request later."}},
	"keys_unavailable": {http.StatusServiceUnavailable,
		saying{"Токен сейчас нельзя проверить", "Ключи сервера авторизации временно недоступны. Повторите запрос через несколько секунд."},
		saying{"The token cannot be verified now", "The authorization server's keys cannot be had at the moment. Repeat the request in a few seconds."}},
	"request_cancelled": {http.StatusServiceUnavailable,
		saying{"Запрос прерван", "Соединение закрыто до окончания работы. Повторите запрос."},
		saying{"The request was interrupted", "The connection was closed before the work was done. Repeat the request."}},
	"internal": {http.StatusInternalServerError,
		saying{"Внутренняя ошибка", "Мы не смогли выполнить запрос, и причина у нас. Повторите позже; если не поможет, сообщите поддержке номер из instance."},
		saying{"Internal error", "We could not carry out the request, and the fault is ours. Repeat it later; if that does not help, tell support the number in instance."}},
}

// fieldTexts says what can be wrong with one field or parameter.
var fieldTexts = map[string]map[string]string{
	"unknown":      {"ru": "Такого поля нет.", "en": "There is no such field."},
	"duplicate":    {"ru": "Указано дважды.", "en": "Given twice."},
	"required":     {"ru": "Обязательное поле.", "en": "Required."},
	"type":         {"ru": "Ожидается {expected}.", "en": "Expected: {expected}."},
	"format":       {"ru": "Неверный формат.", "en": "The format is wrong."},
	"invalid":      {"ru": "Недопустимое значение.", "en": "The value is not acceptable."},
	"too_long":     {"ru": "Слишком длинное значение.", "en": "The value is too long."},
	"out_of_range": {"ru": "Значение вне допустимых границ.", "en": "The value is out of range."},
	"not_allowed":  {"ru": "Здесь это недопустимо.", "en": "Not allowed here."},
	"taken":        {"ru": "Уже занято.", "en": "Taken already."},
	"member":       {"ru": "Владелец этого адреса уже состоит в организации.", "en": "The holder of this mailbox is a member already."},
	"invited":      {"ru": "На этот адрес уже отправлено приглашение. Отправьте его повторно или отзовите.", "en": "An invitation to this mailbox is open. Send it again or withdraw it."},
	"mismatch":     {"ru": "Не совпадает с известным.", "en": "It differs from what is known."},
	"unreachable":  {"ru": "С такими способами никто не сможет войти.", "en": "Nobody could sign in with these."},
	"excludes_you": {"ru": "Ваш нынешний адрес не входит в эти сети.", "en": "Your present address is outside these networks."},
	"too_many":     {"ru": "Слишком много значений.", "en": "Too many values."},
	"read_only":    {"ru": "Поле здесь не меняется.", "en": "The field cannot be changed here."},
}

// ownTexts say it more exactly for one field, by "field.code", with what to do.
// People read them beside the fields of the web cabinet's forms.
var ownTexts = map[string]map[string]string{
	"email.required":       {"ru": "Укажите адрес электронной почты.", "en": "Enter an e-mail address."},
	"email.invalid":        {"ru": "Это не адрес электронной почты. Введите его латиницей, в виде name@company.ru.", "en": "This is not an e-mail address. Write it like name@company.ru."},
	"phone.invalid":        {"ru": "Это не номер телефона. Введите его с кодом страны, в виде +7 921 000-11-01.", "en": "This is not a phone number. Write it with the country code, like +7 921 000-11-01."},
	"last_name.required":   {"ru": "Укажите фамилию.", "en": "Enter the last name."},
	"last_name.invalid":    {"ru": "Введите фамилию буквами одного алфавита, без цифр. Можно дефис, апостроф и точку.", "en": "Write the last name in letters of one alphabet, without digits. A hyphen, an apostrophe or a dot may stand in it."},
	"last_name.too_long":   {"ru": "Сократите фамилию до 100 знаков.", "en": "Shorten the last name to 100 characters."},
	"first_name.required":  {"ru": "Укажите имя.", "en": "Enter the first name."},
	"first_name.invalid":   {"ru": "Введите имя буквами одного алфавита, без цифр. Можно дефис, апостроф и точку.", "en": "Write the first name in letters of one alphabet, without digits. A hyphen, an apostrophe or a dot may stand in it."},
	"first_name.too_long":  {"ru": "Сократите имя до 100 знаков.", "en": "Shorten the first name to 100 characters."},
	"middle_name.invalid":  {"ru": "Введите отчество буквами одного алфавита, без цифр. Можно дефис, апостроф и точку.", "en": "Write the middle name in letters of one alphabet, without digits. A hyphen, an apostrophe or a dot may stand in it."},
	"middle_name.too_long": {"ru": "Сократите отчество до 100 знаков.", "en": "Shorten the middle name to 100 characters."},
	"position.invalid":     {"ru": "Введите должность одной строкой, без невидимых знаков.", "en": "Write the position in one line, without invisible characters."},
	"position.too_long":    {"ru": "Сократите должность до 100 знаков.", "en": "Shorten the position to 100 characters."},
	"role.required":        {"ru": "Выберите роль.", "en": "Choose a role."},
	"role.invalid":         {"ru": "Такой роли нет. Выберите роль из списка.", "en": "There is no such role. Choose one from the list."},
	"grants.invalid":       {"ru": "Такого права нет. Выберите права из списка.", "en": "There is no such permission. Choose from the list."},
	"denials.invalid":      {"ru": "Такого права нет. Выберите права из списка.", "en": "There is no such permission. Choose from the list."},
	"denials.not_allowed":  {"ru": "У администратора нельзя отнять права. Выберите другую роль.", "en": "An administrator cannot be denied anything. Choose another role."},
}

// fieldText says what is wrong with a field in one language. A code of another
// package that has no words of its own here is still told, in general ones.
func fieldText(field, code, lang string) string {
	words, ok := ownTexts[field+"."+code]
	if !ok {
		words, ok = fieldTexts[code]
	}
	if !ok {
		words = fieldTexts["invalid"]
	}
	return words[lang]
}
