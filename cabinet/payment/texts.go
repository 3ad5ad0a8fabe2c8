package payment

import (
	"net/http"

	"propusk/cabinet/api"
)

func text(status int, ruTitle, ru, enTitle, en string) api.Text {
	return api.Text{Status: status, RU: api.Saying{Title: ruTitle, Detail: ru}, EN: api.Saying{Title: enTitle, Detail: en}}
}

// texts are the problems that only this room has. Codes are never renamed.
var texts = map[string]api.Text{
	"payment_state": text(http.StatusConflict,
		"Сейчас это невозможно", "Платёж уже отправлен или завершён. Обновите страницу: состояние могло измениться.",
		"Not possible now", "The payment is sent or over. Reload it: its state may have changed."),
	"accrual_being_paid": text(http.StatusConflict,
		"Начисление уже оплачивается", "По нему начат платёж. Дождитесь его результата или отмените его в истории платежей.",
		"The accrual is being paid", "A payment of it is under way. Wait for its outcome, or cancel it in the history of payments."),
	"accrual_nothing_due": text(http.StatusConflict,
		"Платить нечего", "Начисление оплачено или отозвано органом.",
		"Nothing is to be paid", "The accrual is paid, or its authority has withdrawn it."),
	"accrual_changed": text(http.StatusConflict,
		"Сумма начисления изменилась", "Орган прислал новые данные. Проверьте сумму и подтвердите оплату ещё раз.",
		"The accrual's sum has changed", "Its authority has sent new data. Look at the sum and confirm the payment again."),
	"payment_too_many": text(http.StatusConflict,
		"Слишком много незавершённых платежей", "Дождитесь результата начатых платежей или отмените лишние.",
		"Too many open payments", "Wait for the outcome of those that were begun, or cancel some."),
	"payment_unavailable": text(http.StatusConflict,
		"Оплата не настроена", "Сервис не подключён к платёжному сервису или к источнику начислений. Реквизиты для оплаты указаны в карточке начисления.",
		"Paying is not set up", "The service is not connected to a payment provider, or to a source of accruals. The card of the accrual has the requisites to pay by."),
	"payment_account_unusable": text(http.StatusConflict,
		"С этого счёта платить нельзя", "Счёта нет в профиле организации, или он не привязан. Проверьте счета в профиле и привяжите нужный кодом.",
		"This account cannot be paid from", "It is not in the organisation's profile, or not linked. Look at the accounts of the profile and link the one you need by a code."),
	"payment_code_nowhere": text(http.StatusConflict,
		"Код некуда отправить", "Подтвердите телефон или электронную почту в своём профиле и запросите код ещё раз.",
		"There is nowhere to send the code", "Confirm a phone or a mailbox in your own profile and ask for the code again."),
	"payment_code_wrong": text(http.StatusForbidden,
		"Код не подходит", "Проверьте цифры. После пяти неверных попыток нужен новый код.",
		"The code does not fit", "Look at the digits. After five wrong attempts a new code is needed."),
	"payment_code_over": text(http.StatusForbidden,
		"Код больше не действует", "Код действует пять минут и подходит только тому, кто его запросил. Запросите новый.",
		"The code is over", "A code works for five minutes, and for who asked for it only. Ask for a new one."),
	"payment_code_too_soon": text(http.StatusTooManyRequests,
		"Новый код ещё нельзя запросить", "Коды отправляются не чаще раза в минуту и не больше десяти в сутки. Подождите.",
		"It is too soon for another code", "Codes are sent once a minute at most, and ten in a day. Wait a little."),
	"payment_sign_in_stale": text(http.StatusUnauthorized,
		"Нужен недавний вход", "Деньгами можно распоряжаться в течение 15 минут после входа. Войдите ещё раз.",
		"A recent sign-in is needed", "Money can be moved within 15 minutes after signing in. Sign in again."),
	"payment_signer": text(http.StatusForbidden,
		"Подпись чужая", "Сертификат не принадлежит ни организации, ни вам. Подпишите поручение своим сертификатом или сертификатом организации.",
		"The signature is somebody else's", "The certificate is neither the organisation's nor yours. Sign with one of these."),
	"payment_signature_refused": text(http.StatusUnprocessableEntity,
		"Подпись не принята", "Платёжное поручение не отправлено. Что не так, указано в проверках подписи.",
		"The signature is refused", "The payment order was not sent. The checks of the signature say what is wrong."),
	"payment_no_receipt": text(http.StatusConflict,
		"Квитанции ещё нет", "Она появится через несколько секунд после оплаты.",
		"There is no receipt yet", "It comes a few seconds after the payment."),
	"payment_callback_signature": text(http.StatusUnauthorized,
		"Подпись сообщения не принята", "Сообщение платёжного сервиса должно быть подписано его ключом для этого адреса и отправлено один раз.",
		"The signature of the message is refused", "A message of the payment provider must be signed by its key for this address, and sent once."),
	"payment_callback_malformed": text(http.StatusUnprocessableEntity,
		"Это не сообщение о платеже", "Форма сообщения описана в docs/cabinet/payments.md.",
		"This is no message on a payment", "docs/cabinet/payments.md tells the form of one."),
	"payment_callback_mismatch": text(http.StatusConflict,
		"Сообщение не подходит к платежу", "Сумма, валюта или результат отличаются от известных. Платёж не изменён, операторы уведомлены.",
		"The message does not fit the payment", "Its sum, currency or outcome is another one than is known. Nothing was changed; the operators see it."),
}

var fieldTexts = map[string]api.FieldText{
	"method.unknown":          {RU: "Способ: card, sbp, wallet или account.", EN: "The method is card, sbp, wallet or account."},
	"account_id.required":     {RU: "Выберите счёт, с которого платить.", EN: "Choose the account to pay from."},
	"account_id.not_expected": {RU: "Счёт указывают только для оплаты со счёта организации.", EN: "An account is named only to pay from one."},
	"accruals.required":       {RU: "Выберите хотя бы одно начисление.", EN: "Choose one accrual at least."},
	"accruals.too_many":       {RU: "В одном платеже не больше 20 начислений.", EN: "A payment has 20 accruals at most."},
	"accruals.format":         {RU: "Такого начисления нет.", EN: "There is no such accrual."},
	"accruals.amount":         {RU: "Сумма указывается в копейках и больше нуля.", EN: "The sum is in kopecks and above zero."},
	"accruals.duplicate":      {RU: "Одно начисление указано дважды.", EN: "One accrual is named twice."},
	"reason.unknown":          {RU: "Выберите причину.", EN: "Choose a reason."},
	"text.required":           {RU: "Опишите проблему.", EN: "Describe the problem."},
	"text.too_long":           {RU: "Не больше 4000 знаков.", EN: "At most 4,000 characters."},
	"code.format":             {RU: "Код состоит из шести цифр.", EN: "The code has six digits."},
	"signature.required":      {RU: "Приложите подпись.", EN: "Attach the signature."},
	"period.not_with_dates":   {RU: "Укажите либо период, либо даты.", EN: "Name either a period or dates."},
	"to.before_from":          {RU: "Конец периода раньше начала.", EN: "The period ends before it begins."},
}
