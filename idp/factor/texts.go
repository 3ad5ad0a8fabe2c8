package factor

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"propusk/storage/outbox"
)

// codeText is the message of one channel in both languages: the code, what it
// is for, and the minutes are put into it, then, where there is place, what to
// do if it was not asked for.
type codeText struct {
	ru, en  string
	subject bool
}

var codeTexts = map[string]codeText{
	"sms": {
		ru: "%[1]s — код %[2]s. Никому его не сообщайте. Действует %[3]d мин.",
		en: "%[1]s is your code %[2]s. Tell it to nobody. Valid for %[3]d min.",
	},
	"email": {
		ru:      "Код %[2]s: %[1]s\n\nКод действует %[3]d мин. и срабатывает один раз. Никому его не сообщайте.\n%[4]s",
		en:      "Your code %[2]s: %[1]s\n\nThe code is valid for %[3]d min and works once. Tell it to nobody.\n%[4]s",
		subject: true,
	},
}

// purposeText is what a code is for in both languages; the application is put
// into aim.
type purposeText struct{ subjectRU, subjectEN, aimRU, aimEN, elseRU, elseEN string }

const (
	ignoreRU = "Если это были не вы, ничего не делайте: без кода ничего не изменится."
	ignoreEN = "If it was not you, do nothing: without the code nothing changes."
)

var purposeTexts = map[Purpose]purposeText{
	ForSignIn: {
		"Код для входа", "Your sign-in code", "для входа в «%s»", "to sign in to %s",
		"Если вы не входили, кто-то знает ваш пароль: смените его.",
		"If it was not you, somebody knows your password: change it.",
	},
	ForRegistration: {
		"Код для регистрации", "Your registration code", "для регистрации в «%s»", "to register at %s", ignoreRU, ignoreEN,
	},
	ForRecovery: {
		"Код для восстановления доступа", "Your recovery code", "для восстановления доступа к «%s»", "to recover access to %s", ignoreRU, ignoreEN,
	},
	ForContact: {
		"Код для смены контакта", "Your code to change a contact", "для смены контакта в «%s»", "to change a contact at %s",
		"Если вы не меняли контакты учётной записи, не вводите код и, если учётная запись ваша, смените пароль.",
		"If you are not changing a contact of an account, do not enter it; if the account is yours, change its password.",
	},
	ForPIN: {
		"Код для нового ПИН-кода", "Your code for a new PIN", "для нового ПИН-кода в «%s»", "for a new PIN at %s", ignoreRU, ignoreEN,
	},
	ForAct: {
		"Код подтверждения", "Your confirmation code", "для подтверждения действия в «%s»", "to confirm what you do at %s",
		"Если это были не вы, завершите все сеансы и смените пароль.",
		"If it was not you, end all sessions and change your password.",
	},
}

// takenTexts tell the owner of a contact that somebody gave it for another
// account; the application is put into them.
var takenTexts = map[string]struct{ subjectRU, subjectEN, ru, en string }{
	"sms": {
		ru: "Ваш номер пытались указать в другой учётной записи «%s». Он уже указан в вашей, ничего не изменилось.",
		en: "Somebody gave your number for another account at %s. It is already yours; nothing has changed.",
	},
	"email": {
		subjectRU: "Ваш адрес пытались указать в другой учётной записи",
		subjectEN: "Your address was given for another account",
		ru: "Кто-то указал этот адрес для своей учётной записи «%s». Он уже указан в вашей, поэтому ничего не изменилось и делать ничего не нужно.\n\n" +
			"Если это были вы, сначала смените адрес в прежней учётной записи.",
		en: "Somebody gave this address for an account of theirs at %s. It is already yours, so nothing has changed and there is nothing to do.\n\n" +
			"If it was you, change the address in your other account first.",
	},
}

// knownTexts tell the owner of a contact that somebody registers with it.
var knownTexts = map[string]struct{ subjectRU, subjectEN, ru, en string }{
	"sms": {
		ru: "Кто-то регистрируется в «%s» с вашим номером, но учётная запись с ним уже есть. Если это вы, войдите или восстановите доступ.",
		en: "Somebody is registering at %s with your number, but it has an account already. If it is you, sign in or recover access.",
	},
	"email": {
		subjectRU: "У вас уже есть учётная запись",
		subjectEN: "You have an account already",
		ru: "Кто-то регистрируется в «%s» с этим адресом, но учётная запись с ним уже есть. Если это вы, войдите или восстановите доступ.\n\n" +
			"Если нет, ничего делать не нужно: без вашего участия регистрация не состоится.",
		en: "Somebody is registering at %s with this address, but it has an account already. If it is you, sign in or recover access.\n\n" +
			"If not, there is nothing to do: without you nothing will come of it.",
	},
}

// message is what goes out for the request.
func (r CodeRequest) message(code string, lifetime time.Duration) outbox.Message {
	if r.Taken {
		return r.takenMessage()
	}
	t, p := codeTexts[r.Channel], purposeTexts[r.Purpose]
	subject, format, aim, otherwise := p.subjectRU, t.ru, p.aimRU, p.elseRU
	if r.Lang == "en" {
		subject, format, aim, otherwise = p.subjectEN, t.en, p.aimEN, p.elseEN
	}
	m := outbox.Message{Channel: r.Channel, To: r.To, Code: code}
	m.Text = fmt.Sprintf(format, code, fmt.Sprintf(aim, nameOnly(r.Application)), int(lifetime.Minutes()), otherwise)
	if t.subject {
		m.Subject = subject
	}
	return m
}

func (r CodeRequest) takenMessage() outbox.Message {
	t := takenTexts[r.Channel]
	if r.Purpose == ForRegistration {
		t = knownTexts[r.Channel]
	}
	subject, format := t.subjectRU, t.ru
	if r.Lang == "en" {
		subject, format = t.subjectEN, t.en
	}
	return outbox.Message{Channel: r.Channel, To: r.To, Subject: subject, Text: fmt.Sprintf(format, nameOnly(r.Application))}
}

// longestName bounds an application's name in a message, in characters.
const longestName = 60

// linkish finds what a telephone would make a link of: an address, or a scheme.
var linkish = regexp.MustCompile(`[\p{L}\d]\.[\p{L}]{2,}|//|www\.`)

// nameOnly keeps an application's name from adding lines or a link of its own:
// whoever registers an application chooses its name.
func nameOnly(name string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	for linkish.MatchString(name) {
		name = linkish.ReplaceAllStringFunc(name, func(found string) string {
			return strings.NewReplacer(".", " ", "/", " ").Replace(found)
		})
	}
	if runes := []rune(name); len(runes) > longestName {
		name = string(runes[:longestName-1]) + "…"
	}
	return name
}
