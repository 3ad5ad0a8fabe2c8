package directory

import (
	"strings"
	"time"
)

// text is one message in one language. {organisation}, {person} and {role} are
// replaced.
type text struct{ subject, body string }

// texts are the messages of the directory, Russian and English. A subject alone
// must say what happened: it is all that goes into an SMS.
var texts = map[string]struct{ ru, en text }{
	"member.added": {
		text{"{organisation}: новый сотрудник", "{person} теперь сотрудник организации {organisation}. Роль: {role}."},
		text{"{organisation}: a new member", "{person} is now a member of {organisation}. Role: {role}."},
	},
	"member.added.you": {
		text{"Вам открыт доступ: {organisation}", "Вы добавлены в организацию {organisation}. Ваша роль: {role}."},
		text{"You have access: {organisation}", "You have been added to {organisation}. Your role: {role}."},
	},
	"member.changed": {
		text{"{organisation}: изменены права сотрудника", "Изменены данные или права сотрудника: {person}. Роль: {role}. Изменение уже действует."},
		text{"{organisation}: a member's rights have changed", "The details or rights of {person} have changed. Role: {role}. The change is in force."},
	},
	"member.changed.you": {
		text{"Ваши права изменены: {organisation}", "Изменены ваши данные или права в организации {organisation}. Ваша роль: {role}. Изменение уже действует."},
		text{"Your rights have changed: {organisation}", "Your details or rights in {organisation} have changed. Your role: {role}. The change is in force."},
	},
	"member.removed": {
		text{"{organisation}: сотрудник удалён", "{person} больше не сотрудник организации {organisation}. Доступ закрыт. Прошлые действия остаются в журнале."},
		text{"{organisation}: a member was removed", "{person} is no longer a member of {organisation}. Access is closed. Past actions stay in the journal."},
	},
	"member.removed.you": {
		text{"Ваш доступ закрыт: {organisation}", "Вы больше не сотрудник организации {organisation} в её кабинете. Доступ закрыт."},
		text{"Your access is closed: {organisation}", "You are no longer a member of {organisation}. Access is closed."},
	},
	"member.stopped": {
		text{"{organisation}: сеансы сотрудника завершены", "Администратор организации {organisation} завершил все сеансы сотрудника: {person}. Приложения, которые он подключил от имени организации, отключены; приглашения, которые он отправил, отозваны. Если его остановил кто-то другой, войти он не сможет, пока администратор не вернёт ему доступ в разделе «Сотрудники»."},
		text{"{organisation}: a member's sessions have ended", "An administrator of {organisation} has ended every session of {person}. Applications connected in the organisation's name are disconnected, invitations sent by this person are withdrawn. Unless it was done by this person, there is no way in until an administrator restores it on the members' page."},
	},
	"member.stopped.you": {
		text{"Ваши сеансы завершены: {organisation}", "Администратор организации {organisation} завершил все ваши сеансы в её кабинете и отключил приложения, которые вы подключили от её имени. Если это сделали не вы сами, вход в кабинет закрыт, пока администратор не вернёт вам доступ: обратитесь к нему."},
		text{"Your sessions have ended: {organisation}", "An administrator of {organisation} has ended all your sessions in its cabinet and disconnected the applications that you connected in its name. Unless you did it yourself, its cabinet is closed to you until an administrator restores your access: turn to one."},
	},
	"member.resumed": {
		text{"{organisation}: доступ сотрудника возвращён", "Администратор организации {organisation} вернул доступ сотруднику: {person}. Роль и права прежние."},
		text{"{organisation}: a member's access is restored", "An administrator of {organisation} has restored the access of {person}, with the same role and rights."},
	},
	"member.resumed.you": {
		text{"Ваш доступ возвращён: {organisation}", "Вы снова можете войти в кабинет организации {organisation}. Роль и права прежние."},
		text{"Your access is restored: {organisation}", "You can sign in to the cabinet of {organisation} again. Your role and rights are the same."},
	},
	"organisation.updated": {
		text{"{organisation}: изменены данные организации", "В кабинете организации {organisation} изменены контакты, адрес или требования ко входу. Подробности — в журнале действий."},
		text{"{organisation}: the organisation's details have changed", "Contacts, an address or the demands on sign-in of {organisation} have changed. See the journal."},
	},
	"organisation.closed": {
		text{"{organisation}: кабинет закрыт", "Кабинет организации {organisation} закрыт. Доступ сотрудников и приложений прекращён."},
		text{"{organisation}: the cabinet is closed", "The cabinet of {organisation} is closed. Members and applications have no access any more."},
	},
	"person.blocked": {
		text{"{organisation}: учётная запись сотрудника заблокирована", "Учётная запись заблокирована: {person}. Вход и доступ к организации {organisation} закрыты до разблокировки."},
		text{"{organisation}: a member's account is blocked", "The account of {person} is blocked. Sign-in and access to {organisation} are closed until it is unblocked."},
	},
	"person.blocked.you": {
		text{"Ваша учётная запись заблокирована", "Ваша учётная запись заблокирована оператором. Вход закрыт. Чтобы узнать причину и восстановить доступ, обратитесь в поддержку."},
		text{"Your account is blocked", "Your account has been blocked by the operator. Sign-in is closed. Ask support for the reason and for recovery."},
	},
	"person.unblocked": {
		text{"{organisation}: учётная запись сотрудника разблокирована", "Учётная запись разблокирована: {person}."},
		text{"{organisation}: a member's account is unblocked", "The account of {person} is unblocked."},
	},
	"person.unblocked.you": {
		text{"Ваша учётная запись разблокирована", "Ваша учётная запись разблокирована. Вы снова можете войти."},
		text{"Your account is unblocked", "Your account is unblocked. You can sign in again."},
	},
	"password.changed.you": {
		text{"Ваш пароль изменён", "Пароль вашей учётной записи изменён. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"Your password was changed", "The password of your account was changed. If it was not you, turn to support at once."},
	},
	"totp.confirmed.you": {
		text{"Подключено приложение-генератор кодов", "К вашей учётной записи подключено приложение-генератор кодов. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"An authenticator was connected", "An authenticator app was connected to your account. If it was not you, turn to support at once."},
	},
	"totp.replaced.you": {
		text{"Приложение-генератор кодов заменено", "К вашей учётной записи подключено другое приложение-генератор кодов, прежнее больше не действует. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"The authenticator was replaced", "Another authenticator app was connected to your account; the one before no longer works. If it was not you, turn to support at once."},
	},
	"totp.disconnected.you": {
		text{"Приложение-генератор кодов отключено", "Вы отключили приложение-генератор кодов от вашей учётной записи. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"The authenticator was disconnected", "You disconnected the authenticator app from your account. If it was not you, turn to support at once."},
	},
	"person.contact_changed.email.you": {
		text{"Адрес почты вашей учётной записи изменён", "Адрес электронной почты вашей учётной записи изменён. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"Your account's e-mail address was changed", "The e-mail address of your account was changed. If it was not you, turn to support at once."},
	},
	"person.contact_changed.sms.you": {
		text{"Номер телефона вашей учётной записи изменён", "Номер телефона вашей учётной записи изменён. Если это сделали не вы, немедленно обратитесь в поддержку."},
		text{"Your account's phone number was changed", "The phone number of your account was changed. If it was not you, turn to support at once."},
	},
	"person.closing_asked.you": {
		text{"Ваша учётная запись будет закрыта", "Вы попросили закрыть вашу учётную запись. До закрытия это можно отменить в разделе «Закрыть учётную запись». Если просили не вы, войдите, отмените закрытие и смените пароль."},
		text{"Your account is going to be closed", "You asked for your account to be closed. Until then you can undo it under \"Close the account\". If it was not you, sign in, undo it and change your password."},
	},
	"person.closing_undone.you": {
		text{"Закрытие учётной записи отменено", "Вы отменили закрытие вашей учётной записи. Она работает как прежде."},
		text{"The closing of your account was undone", "You took back the closing of your account. It works as before."},
	},
	"person.closing_stopped.you": {
		text{"Учётная запись не закрыта", "Вашу учётную запись не удалось закрыть: вы стали единственным администратором организации. Назначьте другого администратора или закройте организацию и попросите снова."},
		text{"Your account was not closed", "Your account could not be closed: you have become the only administrator of an organisation. Name another administrator or close the organisation, then ask again."},
	},
	"person.closed.you": {
		text{"Ваша учётная запись закрыта", "Ваша учётная запись закрыта по вашей просьбе. Контакты, номера документов, пароль и другие способы входа удалены. Записи в журналах организаций остаются."},
		text{"Your account is closed", "Your account is closed, as you asked. Contacts, document numbers, the password and other ways to sign in were erased. Entries in organisations' journals stay."},
	},
	"certificate.bound.you": {
		text{"К учётной записи подключён сертификат", "К вашей учётной записи подключён сертификат {certificate}. Теперь им можно входить. Если это были не вы, удалите его на странице безопасности и обратитесь в поддержку и в удостоверяющий центр."},
		text{"A certificate was connected to your account", "The certificate {certificate} was connected to your account and opens it from now on. If that was not you, remove it on the security page and turn to support and to the authority that issued it."},
	},
	"certificate.replaced.you": {
		text{"Сертификат учётной записи заменён", "Прежний сертификат отключён от вашей учётной записи, вместо него подключён сертификат {certificate}. Если это были не вы, немедленно обратитесь в поддержку."},
		text{"Your account's certificate was replaced", "The former certificate was removed from your account; the certificate {certificate} takes its place. If that was not you, turn to support at once."},
	},
	"certificate.unbound.you": {
		text{"Сертификат отключён от учётной записи", "Сертификат {certificate} отключён от вашей учётной записи, им больше нельзя войти. Чтобы отозвать его, обратитесь в удостоверяющий центр."},
		text{"A certificate was removed from your account", "The certificate {certificate} was removed from your account and opens it no more. To have it revoked, turn to the authority that issued it."},
	},
	"certificate.expires.you": {
		text{"Срок действия сертификата заканчивается", "Скоро закончится срок действия сертификата {certificate}. Получите новый в удостоверяющем центре и замените его на странице безопасности: после этого дня войти старым нельзя."},
		text{"Your certificate is about to expire", "The certificate {certificate} expires soon. Have it renewed by its authority and replace it on the security page: after that day the old one opens nothing."},
	},
	"certificate.revoked.you": {
		text{"Сертификат отозван", "Сертификат {certificate} отозван удостоверяющим центром, войти им больше нельзя. Если отзыв запрашивали не вы, обратитесь в удостоверяющий центр."},
		text{"Your certificate was revoked", "The certificate {certificate} was revoked by its authority and opens nothing any more. If you did not ask for it, turn to the authority."},
	},
	"person.number_released.you": {
		text{"Номер документа удалён из учётной записи", "Номер документа, указанный в вашей учётной записи без подтверждения, подтвердил сертификатом другой человек. Номер удалён из вашей учётной записи. Если он ваш, обратитесь в поддержку."},
		text{"A document's number was taken from your account", "A number that your account gave without proof was proved by another person's certificate. It was taken from your account. If it is yours, turn to support."},
	},
	"totp.removed.you": {
		text{"Приложение-генератор кодов отключено", "Приложение-генератор кодов отключено от вашей учётной записи оператором. Если вы об этом не просили, немедленно обратитесь в поддержку."},
		text{"The authenticator was removed", "The operator removed the authenticator app from your account. If you did not ask for it, turn to support at once."},
	},
}

var invitationTexts = struct{ ru, en text }{
	text{"Приглашение в организацию {organisation}", `Здравствуйте, {person}!

Вас приглашают в личный кабинет организации {organisation}. Роль: {role}.

Чтобы принять приглашение, откройте ссылку:
{link}

Ссылка действует до {until} (UTC) и срабатывает один раз. Если вы не ждали приглашения, не открывайте её.`},
	text{"Invitation to {organisation}", `Hello, {person},

you are invited to the cabinet of {organisation}. Role: {role}.

To accept, open the link:
{link}

It works until {until} (UTC), and once. If you did not expect an invitation, do not open it.`},
}

func (n notice) render(lang string) (subject, body string) {
	both, ok := texts[n.action]
	if !ok {
		both, ok = factorTexts[n.action]
	}
	if !ok {
		both = entranceTexts[n.action]
	}
	pairs := []string{
		"{organisation}", n.organisation, "{person}", n.person, "{role}", n.role.Label(lang), "{certificate}", n.certificate,
	}
	for _, extra := range n.extra {
		pairs = append(pairs, extra(lang)...)
	}
	return fill(lang, both.ru, both.en, pairs...)
}

func invitationText(lang string, o Organisation, i Invitation, link string) (subject, body string) {
	return fill(lang, invitationTexts.ru, invitationTexts.en, "{organisation}", o.Name, "{person}", i.FullName(),
		"{role}", i.Role.Label(lang), "{link}", link, "{until}", until(lang, i.ExpiresAt.Time()))
}

// fill replaces in one pass, so that a name with braces in it stays a name.
func fill(lang string, ru, en text, pairs ...string) (subject, body string) {
	t := ru
	if lang == "en" {
		t = en
	}
	r := strings.NewReplacer(pairs...)
	return r.Replace(t.subject), r.Replace(t.body)
}

func until(lang string, t time.Time) string {
	if lang == "en" {
		return t.Format("2 January 2006 15:04")
	}
	return t.Format("02.01.2006 15:04")
}
