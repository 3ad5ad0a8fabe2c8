package api

import (
	"fmt"
	"maps"
	"net/http"
)

// Text is what one problem code means: its HTTP status and how people read it.
type Text struct {
	Status int
	RU, EN Saying
}

// Saying is a problem in one language; {name} in Detail is filled with the
// refusal's argument of that name.
type Saying struct{ Title, Detail string }

func (t Text) in(lang string) Saying {
	if lang == "en" {
		return t.EN
	}
	return t.RU
}

// FieldText says what is wrong with a field, in both languages.
type FieldText struct{ RU, EN string }

func (t FieldText) in(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.RU
}

// Book holds the words of every problem: those that any room may use and those
// that the rooms bring.
type Book struct {
	texts  map[string]Text
	fields map[string]FieldText
}

// NewBook joins the words of the rooms with the common ones. Nobody gives a known
// code another meaning.
func NewBook(rooms ...Room) (*Book, error) {
	b := &Book{texts: maps.Clone(texts), fields: maps.Clone(fieldTexts)}
	maps.Copy(b.texts, fileTexts)
	for _, room := range rooms {
		for code, text := range room.Texts {
			if _, taken := b.texts[code]; taken || text.Status < http.StatusBadRequest {
				return nil, fmt.Errorf("room %s: problem %q is taken or has no status", room.Name, code)
			}
			b.texts[code] = text
		}
		for code, text := range room.FieldTexts {
			if known, taken := b.fields[code]; taken && known != text {
				return nil, fmt.Errorf("room %s: words of field problem %q are taken", room.Name, code)
			}
			b.fields[code] = text
		}
	}
	return b, nil
}

// Codes lists the problem codes with their meaning.
func (b *Book) Codes() map[string]Text { return maps.Clone(b.texts) }

// Fields lists what can be wrong with a field, by code or by field and code.
func (b *Book) Fields() map[string]FieldText { return maps.Clone(b.fields) }

// field says what is wrong with a field in one language. A code without words of
// its own is still told, in general ones.
func (b *Book) field(field, code, lang string) string {
	for _, key := range []string{field + "." + code, code, "invalid"} {
		if words, ok := b.fields[key]; ok {
			return words.in(lang)
		}
	}
	return code
}

// texts is the API's list of problem codes. A code is part of the contract: it is
// never renamed and never given another meaning.
var texts = map[string]Text{
	// The request itself.
	"token_in_query": {http.StatusBadRequest,
		Saying{"Токен в адресе запроса", "Токен передан в адресе и мог попасть в журналы. Передавайте его только в заголовке Authorization, а этот токен отзовите."},
		Saying{"Token in the request address", "The token came in the address and may be in logs by now. Send it in the Authorization header only, and revoke this one."}},
	"authorization_duplicate": {http.StatusBadRequest,
		Saying{"Несколько заголовков Authorization", "Неясно, от чьего имени выполнять запрос. Оставьте один заголовок Authorization."},
		Saying{"More than one Authorization header", "It is not clear for whom to act. Send one Authorization header."}},
	"authorization_too_long": {http.StatusRequestHeaderFieldsTooLarge,
		Saying{"Слишком длинный заголовок Authorization", "Наши токены не длиннее 8 КиБ. Проверьте, что передаёте токен доступа целиком и без лишнего."},
		Saying{"The Authorization header is too long", "Our tokens have at most 8 KiB. Check that the header holds one access token and nothing else."}},
	"body_malformed": {http.StatusBadRequest,
		Saying{"Тело запроса — не объект JSON", "Не удалось прочитать тело запроса: {reason}. Пришлите один объект JSON в кодировке UTF-8."},
		Saying{"The body is not a JSON object", "The body could not be read: {reason}. Send one JSON object in UTF-8."}},
	"body_too_large": {http.StatusRequestEntityTooLarge,
		Saying{"Тело запроса слишком велико", "Тело этого запроса может быть не больше 64 КиБ."},
		Saying{"The body is too large", "The body of this request can have at most 64 KiB."}},
	"upload_too_large": {http.StatusRequestEntityTooLarge,
		Saying{"Файл слишком велик", "Документ может быть не больше 10 МБ, подпись — не больше 64 КиБ."},
		Saying{"The file is too large", "The document can have at most 10 MB, the signature 64 KiB."}},
	"content_type_unsupported": {http.StatusUnsupportedMediaType,
		Saying{"Формат тела не поддерживается", "Пришлите тело в формате {accepted} и укажите его в заголовке Content-Type."},
		Saying{"The body's format is not supported", "Send the body as {accepted} and say so in Content-Type."}},
	"parameter_invalid": {http.StatusBadRequest,
		Saying{"Неверный параметр запроса", "Исправьте параметры, о которых сказано ниже, и повторите запрос."},
		Saying{"A parameter is wrong", "Correct the parameters named below and repeat the request."}},
	"validation_failed": {http.StatusUnprocessableEntity,
		Saying{"Данные не прошли проверку", "Исправьте поля, о которых сказано ниже, и повторите запрос. Ничего не изменено."},
		Saying{"The data did not pass the checks", "Correct the fields named below and repeat the request. Nothing was changed."}},
	"not_found": {http.StatusNotFound,
		Saying{"Не найдено", "Такого адреса или такой записи в вашей организации нет."},
		Saying{"Not found", "There is no such address, or no such record in your organisation."}},
	"export_long": {http.StatusConflict,
		Saying{"Список слишком длинный для выгрузки сразу", "В списке {rows} строк, сразу выгружается не больше {most}. Закажите файл вида {kind}, он готовится отдельно, или сузьте отбор."},
		Saying{"The list is too long to export at once", "It has {rows} rows, and at most {most} are exported at once. Order a file of the kind {kind}, which is made meanwhile, or narrow the filter."}},
	"method_not_allowed": {http.StatusMethodNotAllowed,
		Saying{"Метод не поддерживается", "Допустимые методы перечислены в заголовке Allow."},
		Saying{"The method is not supported", "The Allow header lists the methods that are."}},
	"version_changed": {http.StatusPreconditionFailed,
		Saying{"Запись уже изменена", "Пока вы работали, её изменили: в другом окне, другой человек или программа. Откройте запись заново, проверьте изменения и повторите."},
		Saying{"The record has changed", "It was changed meanwhile: in another window, by another person or a program. Open it again, look at the change and repeat."}},

	"idempotency_key_invalid": {http.StatusBadRequest,
		Saying{"Неверный заголовок Idempotency-Key", "Нужен один заголовок Idempotency-Key: до 255 печатных знаков ASCII, например UUID."},
		Saying{"Idempotency-Key is wrong", "Send one Idempotency-Key of at most 255 printable ASCII characters, such as a UUID."}},
	"idempotency_key_reused": {http.StatusUnprocessableEntity,
		Saying{"Этот Idempotency-Key уже занят другим запросом", "Под этим ключом уже выполнен запрос с другим содержанием. Для нового запроса возьмите новый ключ."},
		Saying{"The Idempotency-Key belongs to another request", "A request with other contents was carried out under this key. Take a new key for a new request."}},
	"idempotency_rights_narrowed": {http.StatusForbidden,
		Saying{"Запрос уже выполнен, но прав теперь меньше", "Под этим ключом запрос выполнен с правами, которых у этого токена нет. Его ответ не повторяется; посмотрите, что доступно сейчас."},
		Saying{"It was carried out, with more rights than there are now", "The request under this key was carried out with rights that this token does not have. Its answer is not given again; look at what can be seen now."}},
	"idempotency_outcome_unknown": {http.StatusConflict,
		Saying{"Итог первого запроса неизвестен", "Запрос с этим ключом выполняется или прервался после изменения данных. Проверьте список и не повторяйте его с новым ключом вслепую."},
		Saying{"The outcome of the first request is unknown", "A request with this key is being carried out or broke off after it had changed something. Look at the list before you send it under a new key."}},

	// The token.
	"token_missing": {http.StatusUnauthorized,
		Saying{"Нужен токен доступа", "Получите токен и передайте его в заголовке Authorization: Bearer."},
		Saying{"An access token is required", "Get a token and send it as Authorization: Bearer."}},
	"token_invalid": {http.StatusUnauthorized,
		Saying{"Токен не принят", "Этот токен здесь не действует. Причина указана в заголовке WWW-Authenticate. Получите новый токен."},
		Saying{"The token is not accepted", "This token does not open this API; WWW-Authenticate says why. Get a new one."}},
	"token_expired": {http.StatusUnauthorized,
		Saying{"Срок токена истёк", "Обновите токен или войдите заново."},
		Saying{"The token has expired", "Refresh the token or sign in again."}},
	"token_revoked": {http.StatusUnauthorized,
		Saying{"Токен отозван", "Вход завершён, доступ закрыт или права изменились. Обновите токен или войдите заново."},
		Saying{"The token has been revoked", "The sign-in has ended, access was withdrawn or rights have changed. Refresh the token or sign in again."}},
	"assurance_insufficient": {http.StatusUnauthorized,
		Saying{"Нужен более надёжный вход", "Для этого действия войдите способом уровня {acr}."},
		Saying{"A stronger sign-in is required", "Sign in at level {acr} to do this."}},
	"scope_missing": {http.StatusForbidden,
		Saying{"Приложению не разрешено это действие", "У токена нет области {scope}. Запросите её при входе."},
		Saying{"The application is not allowed to do this", "The token lacks the scope {scope}. Ask for it at sign-in."}},
	"permission_missing": {http.StatusForbidden,
		Saying{"Недостаточно прав", "В вашей роли нет права {permission}. Его может дать администратор организации."},
		Saying{"Not permitted", "Your role lacks the permission {permission}. An administrator of the organisation can grant it."}},
	"organization_required": {http.StatusForbidden,
		Saying{"Организация не выбрана", "Токен не открывает ни одной организации. Войдите заново с областью organization и выберите организацию."},
		Saying{"No organisation is chosen", "The token opens no organisation. Sign in again with the scope organization and choose one."}},
	"person_required": {http.StatusForbidden,
		Saying{"Это действие выполняет человек", "Токен выдан программе, действующей от своего имени. Нужен вход человека."},
		Saying{"A person has to do this", "The token belongs to a client that acts for itself. A person has to sign in."}},
	"rate_limited": {http.StatusTooManyRequests,
		Saying{"Слишком много запросов", "Лимит исчерпан. Повторите запрос через {seconds} с."},
		Saying{"Too many requests", "The limit is used up. Repeat the request in {seconds} s."}},

	// The acts.
	"last_administrator": {http.StatusConflict,
		Saying{"Это последний администратор", "В организации должен остаться хотя бы один администратор. Сначала назначьте другого."},
		Saying{"This is the last administrator", "An organisation must keep at least one administrator. Appoint another one first."}},
	"policy_locks_out": {http.StatusConflict,
		Saying{"Эти правила никого не впустят", "После такого изменения ни один администратор не сможет войти. Сначала проверьте правила пробным запуском."},
		Saying{"The policy would let nobody in", "After this change no administrator could enter. Try the policy without putting it in force first."}},
	"another_operator_needed": {http.StatusForbidden,
		Saying{"Нужен другой оператор", "Восстановление предлагает один оператор, а подтверждает другой, и никто из них не восстанавливает свой доступ."},
		Saying{"Another operator is needed", "One operator proposes a recovery and another one approves it; neither may be the person helped."}},
	"recovery_over": {http.StatusConflict,
		Saying{"Восстановление уже не на этом шаге", "Оно закончено, остановлено, подтверждено раньше или просрочено. Запросите список заново."},
		Saying{"The recovery is not at this step", "It is finished, stopped, approved already or too old. Read the list again."}},
	"act_forbidden": {http.StatusForbidden,
		Saying{"Это вам не разрешено", "Передать можно только те права, которыми вы обладаете сами, а менять администраторов может только администратор."},
		Saying{"You may not do this", "Only permissions that you hold yourself can be granted, and only an administrator can change administrators."}},
	"details_exceeded": {http.StatusForbidden,
		Saying{"Приложению разрешено не это", "При выдаче доступа его ограничили: видами отчётности или выписок, получателями, действиями или суммой. Разрешите приложению больше, войдя через него ещё раз."},
		Saying{"The application was allowed something else", "Its access was limited when it was given: to kinds of reports or extracts, recipients, actions or a sum. Sign in through the application again to allow more."}},
	"power_exceeded": {http.StatusForbidden,
		Saying{"Доверенность этого не позволяет", "Действие выходит за полномочия, виды отчётности и услуг или сумму, которые в ней указаны. Попросите доверителя выдать другую доверенность."},
		Saying{"The power of attorney does not allow this", "The act goes beyond its powers, its kinds of reports and services, or its sum. Ask the principal for another one."}},
	"power_expired": {http.StatusForbidden,
		Saying{"Доверенность больше не действует", "Её срок истёк, она отозвана или вы от неё отказались. Попросите доверителя выдать новую."},
		Saying{"The power of attorney is over", "Its term has ended, it was revoked, or you gave it up. Ask the principal for a new one."}},
	"power_over": {http.StatusConflict,
		Saying{"Доверенность не в том состоянии", "Она уже действует, отозвана, отклонена или её срок истёк. Запросите её заново."},
		Saying{"The power of attorney is not at this step", "It is in force already, was revoked or refused, or its term has ended. Read it again."}},
	"power_irrevocable": {http.StatusConflict,
		Saying{"Доверенность безотзывная", "Доверитель выдал её без права отмены. От неё может отказаться только представитель."},
		Saying{"The power of attorney is irrevocable", "The principal gave it without the right to take it back. Only its representative can give it up."}},
	"already_exists": {http.StatusConflict,
		Saying{"Такая запись уже есть", "Вы уже состоите в этой организации."},
		Saying{"It exists already", "You are a member of this organisation already."}},
	"invitation_unusable": {http.StatusConflict,
		Saying{"Приглашение не действует", "Срок приглашения истёк, оно отозвано или уже принято. Попросите администратора прислать новое."},
		Saying{"The invitation is not valid", "It has expired, was withdrawn or has been accepted. Ask the administrator for a new one."}},
	"invitation_other_person": {http.StatusForbidden,
		Saying{"Приглашение отправлено другому человеку", "Войдите под учётной записью с тем адресом почты, на который пришло приглашение, или попросите пригласить вас заново."},
		Saying{"The invitation is for another person", "Sign in to the account whose mailbox the invitation was sent to, or ask to be invited anew."}},

	// Ours.
	"verifier_busy": {http.StatusServiceUnavailable,
		Saying{"Слишком много проверок одновременно", "Повторите запрос через {seconds} с."},
		Saying{"Too many verifications at once", "Repeat the request in {seconds} s."}},
	"export_unavailable": {http.StatusServiceUnavailable,
		Saying{"Журнал сейчас нельзя выгрузить", "Выгрузка подписывается ключом сервера, а он недоступен. Повторите запрос позже."},
		Saying{"The journal cannot be exported now", "An export is signed with the server's key, which cannot be had. Repeat the request later."}},
	"signatures_unavailable": {http.StatusServiceUnavailable,
		Saying{"Подпись сейчас нельзя проверить", "Служба проверки подписей недоступна. Повторите запрос позже."},
		Saying{"The signature cannot be verified now", "The verifier of signatures cannot be reached. Repeat the request later."}},
	"keys_unavailable": {http.StatusServiceUnavailable,
		Saying{"Токен сейчас нельзя проверить", "Ключи сервера авторизации временно недоступны. Повторите запрос через несколько секунд."},
		Saying{"The token cannot be verified now", "The authorization server's keys cannot be had at the moment. Repeat the request in a few seconds."}},
	"request_cancelled": {http.StatusServiceUnavailable,
		Saying{"Запрос прерван", "Соединение закрыто до окончания работы. Повторите запрос."},
		Saying{"The request was interrupted", "The connection was closed before the work was done. Repeat the request."}},
	"internal": {http.StatusInternalServerError,
		Saying{"Внутренняя ошибка", "Мы не смогли выполнить запрос, и причина у нас. Повторите позже; если не поможет, сообщите поддержке номер запроса."},
		Saying{"Internal error", "We could not carry out the request, and the fault is ours. Repeat it later; if that does not help, tell support the request's number."}},
}

// What to do about an official contact, which is confirmed when it changes.
const (
	confirmedContactRU = "Контакты меняются в профиле организации, с подтверждением."
	confirmedContactEN = "Contacts change in the organisation's profile, with a confirmation."
)

// fieldTexts say what can be wrong with one field or parameter.
var fieldTexts = map[string]FieldText{
	"unknown":      {"Такого поля нет.", "There is no such field."},
	"duplicate":    {"Указано дважды.", "Given twice."},
	"required":     {"Обязательное поле.", "Required."},
	"type":         {"Ожидается {expected}.", "Expected: {expected}."},
	"format":       {"Неверный формат.", "The format is wrong."},
	"invalid":      {"Недопустимое значение.", "The value is not acceptable."},
	"too_long":     {"Слишком длинное значение.", "The value is too long."},
	"out_of_range": {"Значение вне допустимых границ.", "The value is out of range."},
	"not_allowed":  {"Здесь это недопустимо.", "Not allowed here."},
	"taken":        {"Уже занято.", "Taken already."},
	"member":       {"Владелец этого адреса уже состоит в организации.", "The holder of this mailbox is a member already."},
	"invited":      {"На этот адрес уже отправлено приглашение. Отправьте его повторно или отзовите.", "An invitation to this mailbox is open. Send it again or withdraw it."},
	"mismatch":     {"Не совпадает с известным.", "It differs from what is known."},
	"unreachable":  {"С такими способами никто не сможет войти.", "Nobody could sign in with these."},
	"excludes_you": {"Ваш нынешний адрес не входит в эти сети.", "Your present address is outside these networks."},
	"too_many":     {"Слишком много значений.", "Too many values."},
	"read_only":    {"Поле здесь не меняется.", "The field cannot be changed here."},

	// More exactly for one field, by "field.code", with what to do. People read them
	// beside the fields of the web cabinet's forms.
	"email.required":       {"Укажите адрес электронной почты.", "Enter an e-mail address."},
	"email.invalid":        {"Это не адрес электронной почты. Введите его латиницей, в виде name@company.ru.", "This is not an e-mail address. Write it like name@company.ru."},
	"phone.invalid":        {"Это не номер телефона. Введите его с кодом страны, в виде +7 921 000-11-01.", "This is not a phone number. Write it with the country code, like +7 921 000-11-01."},
	"last_name.required":   {"Укажите фамилию.", "Enter the last name."},
	"last_name.invalid":    {"Введите фамилию буквами одного алфавита, без цифр. Можно дефис, апостроф и точку.", "Write the last name in letters of one alphabet, without digits. A hyphen, an apostrophe or a dot may stand in it."},
	"last_name.too_long":   {"Сократите фамилию до 100 знаков.", "Shorten the last name to 100 characters."},
	"first_name.required":  {"Укажите имя.", "Enter the first name."},
	"first_name.invalid":   {"Введите имя буквами одного алфавита, без цифр. Можно дефис, апостроф и точку.", "Write the first name in letters of one alphabet, without digits. A hyphen, an apostrophe or a dot may stand in it."},
	"first_name.too_long":  {"Сократите имя до 100 знаков.", "Shorten the first name to 100 characters."},
	"middle_name.invalid":  {"Введите отчество буквами одного алфавита, без цифр. Можно дефис, апостроф и точку.", "Write the middle name in letters of one alphabet, without digits. A hyphen, an apostrophe or a dot may stand in it."},
	"middle_name.too_long": {"Сократите отчество до 100 знаков.", "Shorten the middle name to 100 characters."},
	"position.invalid":     {"Введите должность одной строкой, без невидимых знаков.", "Write the position in one line, without invisible characters."},
	"position.too_long":    {"Сократите должность до 100 знаков.", "Shorten the position to 100 characters."},
	"role.required":        {"Выберите роль.", "Choose a role."},
	"role.invalid":         {"Такой роли нет. Выберите роль из списка.", "There is no such role. Choose one from the list."},
	"grants.invalid":       {"Такого права нет. Выберите права из списка.", "There is no such permission. Choose from the list."},
	"denials.invalid":      {"Такого права нет. Выберите права из списка.", "There is no such permission. Choose from the list."},
	"denials.not_allowed":  {"У администратора нельзя отнять права. Выберите другую роль.", "An administrator cannot be denied anything. Choose another role."},

	"address.read_only":        {"Юридический адрес меняется в профиле организации, с подтверждением.", "The registered address changes in the organisation's profile, with a confirmation."},
	"actual_address.read_only": {confirmedContactRU, confirmedContactEN},
	"phone.read_only":          {confirmedContactRU, confirmedContactEN},
	"email.read_only":          {confirmedContactRU, confirmedContactEN},
}
