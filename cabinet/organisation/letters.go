package organisation

import (
	"errors"
	"strings"

	"propusk/cabinet/notice"
	"propusk/storage/outbox"
)

// saying is a text in both languages.
type saying struct{ ru, en string }

func (s saying) in(lang string) string {
	if lang == "en" {
		return s.en
	}
	return s.ru
}

// letter is a message in both languages, with places to be filled.
type letter struct{ ru, en notice.Message }

// with fills places, all in one pass: a name with braces in it stays a name.
func (l letter) with(pairs ...string) letter {
	for i := 1; i < len(pairs); i += 2 { // a subject is one line
		pairs[i] = strings.Join(strings.Fields(pairs[i]), " ")
	}
	r := strings.NewReplacer(pairs...)
	fill := func(m notice.Message) notice.Message {
		return notice.Message{Subject: clip(r.Replace(m.Subject), 140), Body: r.Replace(m.Body)}
	}
	return letter{fill(l.ru), fill(l.en)}
}

func (l letter) in(lang string) notice.Message {
	if lang == "en" {
		return l.en
	}
	return l.ru
}

func (l letter) notice() notice.Texts { return notice.Texts{RU: l.ru, EN: l.en} }

func ignoreChannel(err error) error {
	if errors.Is(err, outbox.ErrChannel) {
		return nil
	}
	return err
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// What a code is for, as its message says.
var (
	purposeRegistration = saying{"подтверждения контакта организации", "confirming the organisation's contact"}
	purposeChange       = saying{"подтверждения изменения данных организации", "confirming a change of the organisation's details"}
	purposeDeactivation = saying{"деактивации кабинета организации", "deactivating the organisation's cabinet"}
)

// purposeContacts names who would move the contact that the message goes to.
func purposeContacts(person string) saying {
	return saying{"смены официальных контактов организации, о которой просит " + person, "moving the organisation's official contacts, as " + person + " asks"}
}

func codeMessage(lang string, purpose saying, digits string) (subject, text string) {
	if lang == "en" {
		return "Code " + digits, digits + " is the code for " + purpose.en +
			". It works for 5 minutes and once. Tell it to nobody. If you did not ask for it, ignore this message."
	}
	return "Код " + digits, digits + " — код для " + purpose.ru +
		". Он действует 5 минут и один раз. Никому его не сообщайте. Если вы его не запрашивали, не отвечайте на это сообщение."
}

// purposeBinding names who asks for what, so that the organisation can judge.
func purposeBinding(person, access string) saying {
	if access == accessAdministrator {
		return saying{"привязки к организации: " + person + ", доступ администратора", "binding " + person + " to the organisation as an administrator"}
	}
	return saying{"привязки к организации: " + person + ", доступ сотрудника", "binding " + person + " to the organisation as an employee"}
}

var checkMessages = map[string]saying{
	"match":    {"Данные совпали с реестром. Всё готово к созданию кабинета.", "The data match the register: ready to create the cabinet."},
	"mismatch": {"Данные не совпали с реестром. Исправьте поля из differences или отправьте документы на проверку.", "The data differ from the register. Correct the fields in differences, or send the documents to the operators."},
	"accepted": {"Расхождения с реестром проверены операторами. Кабинет можно создать.", "Operators have accepted the differences from the register. The cabinet can be created."},
}

var welcomeTexts = letter{
	notice.Message{Subject: "Личный кабинет организации {organisation} создан", Body: `Здравствуйте, {person}!

Личный кабинет организации {organisation} создан, профиль сохранён. Вы его первый администратор.

Что дальше:
1. Войдите и выберите организацию: {link}
2. Пригласите сотрудников и назначьте им роли.
3. Укажите налоговые режимы и счета: по ним работают календарь отчётности и платежи.

Если кабинет создали не вы, немедленно обратитесь в поддержку.`},
	notice.Message{Subject: "The cabinet of {organisation} is open", Body: `Hello, {person},

the cabinet of {organisation} is open, its profile is saved. You are its first administrator.

What comes next:
1. Sign in and choose the organisation: {link}
2. Invite colleagues and give them roles.
3. Enter tax regimes and accounts: the calendar of reports and payments go by them.

If it was not you who opened it, turn to support at once.`},
}

var registrationAcceptedTexts = letter{
	notice.Message{Subject: "Регистрация организации проверена", Body: `Операторы проверили документы организации {organisation}. Кабинет можно создать: {link}`},
	notice.Message{Subject: "The registration was accepted", Body: `Operators have looked at the documents of {organisation}. The cabinet can be created: {link}`},
}

var registrationRefusedTexts = letter{
	notice.Message{Subject: "В регистрации организации отказано", Body: `Регистрация организации {organisation} отклонена. Причина: {reason}. Вы можете подать новое заявление.`},
	notice.Message{Subject: "The registration was refused", Body: `The registration of {organisation} was refused. Reason: {reason}. You can apply anew.`},
}

var activatedTexts = letter{
	notice.Message{Subject: "Профиль организации {organisation} готов", Body: `Профиль организации заполнен и активирован. В кабинете открыты услуги, подача заявлений и электронные документы.`},
	notice.Message{Subject: "The profile of {organisation} is ready", Body: `The profile is complete and active. Services, applications and electronic documents are open in the cabinet.`},
}

var changeAppliedTexts = letter{
	notice.Message{Subject: "Данные организации изменены", Body: `Изменение раздела «{block}» внесено. Оно доступно всем разделам кабинета.`},
	notice.Message{Subject: "The organisation's details were changed", Body: `The change of the block “{block}” is in force, for every part of the cabinet.`},
}

var changeModerationTexts = letter{
	notice.Message{Subject: "Изменение данных отправлено на проверку", Body: `Изменение раздела «{block}» расходится с реестром ({fields}). Его проверят операторы, о результате вы получите сообщение.`},
	notice.Message{Subject: "A change of the details is being checked", Body: `The change of the block “{block}” differs from the register ({fields}). Operators will check it; you will be told the result.`},
}

var changeLostTexts = letter{
	notice.Message{Subject: "Смена контактов организации отправлена на проверку", Body: `{person} просит сменить официальные контакты без кода на прежние. Это проверят операторы, о результате вы получите сообщение. Если об этом никто не просил, отмените изменение.`},
	notice.Message{Subject: "A change of the official contacts is being checked", Body: `{person} asks to move the official contacts without a code to the former ones. Operators will check it; you will be told the result. If nobody asked for it, cancel the change.`},
}

var changeRefusedTexts = letter{
	notice.Message{Subject: "Изменение данных отклонено", Body: `Изменение раздела «{block}» отклонено. Причина: {reason}`},
	notice.Message{Subject: "A change of the details was refused", Body: `The change of the block “{block}” was refused. Reason: {reason}`},
}

var boundTexts = letter{
	notice.Message{Subject: "{person}: привязка к организации", Body: `{person} подтвердил(а) код, отправленный на официальный контакт, и получил(а) доступ к кабинету организации {organisation}. Если это ошибка, удалите участника в разделе «Сотрудники».`},
	notice.Message{Subject: "{person} was bound to the organisation", Body: `{person} gave the code sent to the official contact and has access to the cabinet of {organisation} now. If that is wrong, remove the member.`},
}

var statusChangedTexts = letter{
	notice.Message{Subject: "Правовой статус организации изменился", Body: `По данным реестра: {status}. Подробности — на вкладке «Правовой статус».`},
	notice.Message{Subject: "The legal status has changed", Body: `The register says: {status}. See the tab “Legal status”.`},
}

var correctionTexts = letter{
	notice.Message{Subject: "Ответ на обращение об исправлении сведений", Body: `Обращение об исправлении поля «{field}» рассмотрено: {answer}`},
	notice.Message{Subject: "An answer about a correction", Body: `The request to correct “{field}” was answered: {answer}`},
}

var correctionOverdueTexts = letter{
	notice.Message{Subject: "Срок исправления сведений истёк", Body: `Обращение об исправлении поля «{field}» не рассмотрено за пять рабочих дней.`},
	notice.Message{Subject: "A correction is overdue", Body: `The request to correct “{field}” was not answered within five working days.`},
}

var deactivationTexts = map[string]letter{
	"confirmed": {
		notice.Message{Subject: "Кабинет организации {organisation} будет деактивирован", Body: `{person} попросил(а) деактивировать кабинет. Это произойдёт {due} (МСК). До этого времени любой администратор может отменить деактивацию: {link} {exchange}`},
		notice.Message{Subject: "The cabinet of {organisation} will be deactivated", Body: `{person} asked to deactivate the cabinet. It happens at {due} (Moscow). Until then any administrator can undo it: {link} {exchange}`},
	},
	"warned": {
		notice.Message{Subject: "Через час кабинет организации {organisation} будет деактивирован", Body: `Деактивация произойдёт {due} (МСК). Отменить её: {link} {exchange}`},
		notice.Message{Subject: "The cabinet of {organisation} will be deactivated within the hour", Body: `It happens at {due} (Moscow). To undo it: {link} {exchange}`},
	},
	"undone": {
		notice.Message{Subject: "Деактивация кабинета {organisation} отменена", Body: `{person} отменил(а) деактивацию. Кабинет работает как прежде.`},
		notice.Message{Subject: "The deactivation of {organisation} was undone", Body: `{person} took the deactivation back. The cabinet works as before.`},
	},
	"done": {
		notice.Message{Subject: "Кабинет организации {organisation} деактивирован", Body: `Кабинет деактивирован, доступ всех участников закрыт. Журнал и документы хранятся. {exchange}`},
		notice.Message{Subject: "The cabinet of {organisation} is deactivated", Body: `The cabinet is deactivated, nobody has access to it. Journal and documents are kept. {exchange}`},
	},
}

var exchangeWarning = saying{
	"Внимание: в обмене с государственными органами остаются незавершённые отправления ({count}); квитанции и ответы по ним в кабинет не придут.",
	"Note: {count} submissions are still being exchanged with state bodies; their receipts and answers will not reach the cabinet.",
}

// blockNames are the blocks as people read them.
var blockNames = map[string]saying{
	"requisites": {"Реквизиты", "Requisites"},
	"contacts":   {"Контакты", "Contacts"},
	"bank":       {"Банковские реквизиты", "Bank details"},
	"activities": {"Виды деятельности", "Activities"},
	"taxes":      {"Налоговые режимы", "Tax regimes"},
	"payments":   {"Карты и счета", "Cards and accounts"},
}

// about fills in a block's name in each language.
func (l letter) about(block string, pairs ...string) letter {
	ru := l.with(append([]string{"{block}", blockNames[block].ru}, pairs...)...)
	en := l.with(append([]string{"{block}", blockNames[block].en}, pairs...)...)
	return letter{ru.ru, en.en}
}
