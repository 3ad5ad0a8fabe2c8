package factor

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"propusk/storage/outbox"
)

// codeText is the message of one channel in both languages: application, code
// and minutes are put into it.
type codeText struct{ subjectRU, subjectEN, ru, en string }

// codeTexts are the messages of each purpose by channel.
var codeTexts = map[Purpose]map[string]codeText{
	ForSignIn: {
		"sms": {
			ru: "%[2]s — код для входа в «%[1]s». Никому его не сообщайте. Действует %[3]d мин.",
			en: "%[2]s is your code to sign in to %[1]s. Tell it to nobody. Valid for %[3]d min.",
		},
		"email": {
			subjectRU: "Код для входа",
			subjectEN: "Your sign-in code",
			ru: "Код для входа в «%[1]s»: %[2]s\n\nКод действует %[3]d мин. и срабатывает один раз. Никому его не сообщайте.\n" +
				"Если вы не входили, кто-то знает ваш пароль: смените его.",
			en: "Your code to sign in to %[1]s: %[2]s\n\nThe code is valid for %[3]d min and works once. Tell it to nobody.\n" +
				"If it was not you, somebody knows your password: change it.",
		},
	},
	ForContact: {
		"sms": {
			ru: "%[2]s — код для смены контакта в «%[1]s». Никому его не сообщайте. Действует %[3]d мин.",
			en: "%[2]s is your code to change a contact at %[1]s. Tell it to nobody. Valid for %[3]d min.",
		},
		"email": {
			subjectRU: "Код для смены контакта",
			subjectEN: "Your code to change a contact",
			ru: "Код для смены контакта в «%[1]s»: %[2]s\n\nКод действует %[3]d мин. и срабатывает один раз. Никому его не сообщайте.\n" +
				"Если вы не меняли контакты учётной записи, не вводите код и, если учётная запись ваша, смените пароль.",
			en: "Your code to change a contact at %[1]s: %[2]s\n\nThe code is valid for %[3]d min and works once. Tell it to nobody.\n" +
				"If you are not changing a contact of an account, do not enter it; if the account is yours, change its password.",
		},
	},
	ForTaken: {
		"sms": {
			ru: "Ваш номер пытались указать в другой учётной записи «%[1]s». Он уже указан в вашей, ничего не изменилось.",
			en: "Somebody gave your number for another account at %[1]s. It is already yours; nothing has changed.",
		},
		"email": {
			subjectRU: "Ваш адрес пытались указать в другой учётной записи",
			subjectEN: "Your address was given for another account",
			ru: "Кто-то указал этот адрес для своей учётной записи «%[1]s». Он уже указан в вашей, поэтому ничего не изменилось и делать ничего не нужно.\n\n" +
				"Если это были вы, сначала смените адрес в прежней учётной записи.",
			en: "Somebody gave this address for an account of theirs at %[1]s. It is already yours, so nothing has changed and there is nothing to do.\n\n" +
				"If it was you, change the address in your other account first.",
		},
	},
}

func (t codeText) message(lang, application, code string, lifetime time.Duration) outbox.Message {
	subject, format := t.subjectRU, t.ru
	if lang == "en" {
		subject, format = t.subjectEN, t.en
	}
	return outbox.Message{Subject: subject, Text: fmt.Sprintf(format, oneLine(application), code, int(lifetime.Minutes()))}
}

// oneLine keeps an application's name from adding lines of its own.
func oneLine(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}
