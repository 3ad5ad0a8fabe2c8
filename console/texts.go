package console

import (
	"net/http"

	"propusk/cabinet/api"
)

func problem(status int, ru, en api.Saying) api.Text { return api.Text{Status: status, RU: ru, EN: en} }

func say(title, detail string) api.Saying { return api.Saying{Title: title, Detail: detail} }

// texts are the console's own problems.
var texts = map[string]api.Text{
	"operator_required": problem(http.StatusForbidden,
		say("Консоль только для операторов", "Вы не оператор службы или вас освободили от этой роли. Операторов назначает администратор сервера."),
		say("The console is for operators", "You are no operator of the service, or no longer. Operators are appointed by whoever runs the server.")),
	"operator_role_missing": problem(http.StatusForbidden,
		say("Не ваша роль", "Этим занимаются операторы с ролью {role}. Попросите коллегу с этой ролью."),
		say("Not your role", "This is done by operators with the role {role}. Ask a colleague who has it.")),
	"passkey_required": problem(http.StatusUnauthorized,
		say("Нужен ключ доступа или сертификат", "В консоль входят только ключом доступа (passkey) или сертификатом. Войдите заново."),
		say("A passkey or a certificate is required", "The console takes a passkey or a certificate only. Sign in again.")),
	"sign_in_stale": problem(http.StatusUnauthorized,
		say("Вход устарел", "Для этого нужен вход не старше {minutes} мин. Подтвердите вход ключом доступа или сертификатом."),
		say("The sign-in is too old", "This takes a sign-in of at most {minutes} min ago. Confirm by passkey or certificate.")),
	"look_required": problem(http.StatusForbidden,
		say("Карточка не открыта", "Сначала откройте карточку и укажите причину. Открытая карточка доступна 30 минут."),
		say("The card is not open", "Open the card with a reason first. An open card can be seen for 30 minutes.")),
	"looks_exhausted": problem(http.StatusTooManyRequests,
		say("Лимит просмотров исчерпан", "За час можно открыть не больше {limit} карточек, полей, обращений и журналов. Продолжите через {seconds} с."),
		say("No more looks", "At most {limit} cards, fields, tickets and journals can be opened in an hour. Go on in {seconds} s.")),
	"searches_exhausted": problem(http.StatusTooManyRequests,
		say("Лимит поиска исчерпан", "За час можно искать не больше {limit} раз. Продолжите через {seconds} с."),
		say("No more searches", "At most {limit} searches can be made in an hour. Go on in {seconds} s.")),
	"chains_exhausted": problem(http.StatusTooManyRequests,
		say("Лимит выгрузок и проверок исчерпан", "За час можно выгрузить и проверить не больше {limit} цепочек журнала. Продолжите через {seconds} с."),
		say("No more exports and checks", "At most {limit} chains of the journal can be exported and checked in an hour. Go on in {seconds} s.")),
	"operator_record": problem(http.StatusForbidden,
		say("Это запись оператора", "Коллеги не возвращают оператору доступ: так можно было бы получить его роль. Обратитесь к администратору сервера: он снимает роль командой propusk operator dismiss, а блокировку — командой propusk user unblock."),
		say("This is an operator's record", "Colleagues do not give an operator his access back: that would be a way to his role. Turn to whoever runs the server: he takes the role away by propusk operator dismiss, and a block by propusk user unblock.")),
	"own_record": problem(http.StatusForbidden,
		say("Это ваша запись", "Оператор не действует над своей учётной записью. Попросите другого оператора."),
		say("This is your own record", "An operator does not act on his own account. Ask another operator.")),
	"status_unchanged": problem(http.StatusConflict,
		say("Уже так", "Запись уже в этом состоянии. Обновите карточку."),
		say("It is so already", "The record is in this state already. Reload the card.")),
	"account_closed": problem(http.StatusConflict,
		say("Учётная запись закрыта", "Человек закрыл учётную запись; открыть её заново нельзя."),
		say("The account is closed", "The person has closed it, and it cannot be opened again.")),
	"own_client": problem(http.StatusConflict,
		say("Приложение самой службы", "Кабинет и консоль — части службы, отключить их здесь нельзя."),
		say("An application of the service itself", "The cabinet and the console are parts of the service and cannot be disabled here.")),
	"ticket_closed": problem(http.StatusConflict,
		say("Обращение закрыто", "Ответить на закрытое обращение нельзя: организация откроет новое."),
		say("The ticket is closed", "A closed ticket takes no answer: the organisation opens a new one.")),
}

// fieldTexts say what is wrong with a field.
var fieldTexts = map[string]api.FieldText{
	"reason.required":  {RU: "Укажите причину: её увидят в журнале.", EN: "Give a reason: the journal shows it."},
	"reason.too_short": {RU: "Опишите причину подробнее, не короче 10 символов.", EN: "Say more: at least 10 characters."},
	"reason.too_long":  {RU: "Сократите причину до 500 символов.", EN: "At most 500 characters."},
	"query.too_short":  {RU: "Введите почту, телефон, номер целиком или хотя бы три буквы имени.", EN: "Enter an e-mail, a phone, a whole number, or at least three letters of a name."},
}
