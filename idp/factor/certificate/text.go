package certificate

import (
	"strings"
	"time"
	"unicode"
)

// FileName is what a downloaded challenge is called.
const FileName = "propusk-challenge.txt"

// wording is the text of a challenge in one language. Each purpose begins
// differently, so that a person who is asked to sign one thing can see that it
// is not another.
type wording struct {
	title                              map[Purpose]string
	site, application, person          string
	asked, until, code, warning, dates string
}

var wordings = map[string]wording{
	"ru": {
		title: map[Purpose]string{
			PurposeSignIn: "Вход с электронной подписью",
			PurposeBind:   "Подключение сертификата к учётной записи",
		},
		site: "Сайт", application: "Приложение", person: "Учётная запись",
		asked: "Запрошено", until: "Действует до", code: "Код запроса", dates: "02.01.2006 15:04:05 UTC",
		warning: "Подписывайте, только если вы сами открыли этот сайт и нажали эту кнопку. Подпись этого текста не имеет другой силы.",
	},
	"en": {
		title: map[Purpose]string{
			PurposeSignIn: "Sign-in by electronic signature",
			PurposeBind:   "Connecting a certificate to an account",
		},
		site: "Site", application: "Application", person: "Account",
		asked: "Asked at", until: "Good until", code: "Code of this request", dates: "2006-01-02 15:04:05 UTC",
		warning: "Sign only if you have opened this site and pressed this button yourself. A signature of this text has no other effect.",
	},
}

// text writes a challenge. Its line ends are CR LF, which every editor shows
// alike; the code makes it the only one of its kind.
func text(b Binding, who Asker, issuer string, now, until time.Time) string {
	w, known := wordings[who.Language]
	if !known {
		w = wordings["ru"]
	}
	purpose := b.Purpose
	if purpose == "" {
		purpose = PurposeSignIn
	}
	lines := []string{w.title[purpose], ""}
	add := func(label, value string) {
		if value != "" {
			lines = append(lines, label+": "+value)
		}
	}
	add(w.site, issuer)
	add(w.application, oneLine(who.Application))
	add(w.person, oneLine(who.Person))
	add(w.asked, now.Format(w.dates))
	add(w.until, until.Format(w.dates))
	add(w.code, random())
	lines = append(lines, "", w.warning, "")
	return strings.Join(lines, "\r\n")
}

// maxName bounds a name in the text, in characters.
const maxName = 200

// oneLine keeps a name from making lines of its own, or from reading otherwise
// than it is written: an application's name is its owner's to choose.
func oneLine(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		default:
			return r
		}
	}, name)
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	return string(runes[:min(len(runes), maxName)])
}
