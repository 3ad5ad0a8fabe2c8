package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// The demo's operator works in the console by what stands on its pages: she signs in
// with her certificate, opens a person's card with a reason, decides a moderation and
// looks at the machine. Every page is judged by axe-core on the way.
func TestAnOperatorWorksInTheConsole(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := judging(t, "console")
	e.entersConsole(s)
	e.inBoth("today", s.Issuer+"/console")
	e.looksAtAPerson(s)
	e.decides(s)
	for name, path := range map[string]string{
		"organisations": "/organizations", "tickets": "/tickets", "recoveries": "/recoveries", "moderation": "/moderation",
		"trust": "/trust", "refresh": "/trust/refresh", "keys": "/keys", "rotate": "/keys/rotate", "clients": "/clients", "client": "/clients/cabinet",
		"jobs": "/jobs", "dead": "/jobs/dead", "outbox": "/outbox", "journal": "/journal",
	} {
		e.inBoth(name, s.Issuer+"/console"+path)
	}
	e.open(s.Issuer + "/console/trust")
	e.says("Удостоверяющие центры", "Списки отзыва")
	e.open(s.Issuer + "/console/keys")
	e.says("Подписывает", "ES256")
	e.open(s.Issuer + "/console/journal")
	e.says("Седова Вера")
	e.goes("Проверить цепочку")
	e.seesSoon("Цепочка цела")
	e.look("check-ru")
	e.signsOutOfConsole()
}

// entersConsole signs the demo's operator in: a password would not do.
func (e *eyes) entersConsole(s *site) {
	e.t.Helper()
	e.open(s.Issuer + "/console")
	e.waitFor("main h1")
	e.look("sign-in-ru")
	if e.evaluates(`document.querySelector("a[href*='/signin/certificate']")`) {
		e.send("a[href*='/signin/certificate']")
	}
	e.keyFile(filepath.Join(s.Trust.Dir, "people", "vera-sedova-p256.p12"), demoKeyPassword, "Подписать и войти")
	e.seesSoon("Консоль оператора")
	e.seesSoon("Сегодня в службе")
}

// looksAtAPerson finds a person, opens her card with a reason and sees one field whole.
func (e *eyes) looksAtAPerson(s *site) {
	e.t.Helper()
	const reason = "Обращение ПД-000123, просит сменить почту"
	u := s.named(e.t, "olga.")
	e.open(s.Issuer + "/console/people")
	e.look("people-ru")
	e.writes("Кого найти", u.Email)
	e.goes("Найти")
	e.look("found-ru")
	if strings.Contains(e.text(), u.Email) && !strings.Contains(e.text(), "•") {
		e.t.Errorf("the search shows %s whole", u.Email)
	}
	e.send("table a")
	e.look("reason-ru")
	e.writes("Зачем вам эта карточка", "надо")
	e.goes("Записать причину и открыть")
	e.seesSoon("Проверьте")
	e.look("reason-wrong-ru")
	e.writes("Зачем вам эта карточка", reason)
	e.goes("Записать причину и открыть")
	e.seesSoon("Чем входит")
	e.look("person-ru")
	e.inBoth("person", e.address())
	e.goes("Показать целиком")
	e.picks("Что показать", "Электронная почта")
	e.writes("Причина", reason)
	e.goes("Записать причину и показать")
	e.seesSoon(u.Email)
	e.look("revealed-ru")
	e.open(s.Issuer + "/console/journal?action=console.")
	e.says(reason)
}

// address is where the browser is, its query left out.
func (e *eyes) address() string {
	at, _, _ := strings.Cut(e.location(), "?")
	return at
}

// proposes asks, as the head of an organisation, for a change that the register
// contradicts, so that operators have to decide it.
func (e *eyes) proposes(s *site) {
	e.t.Helper()
	u := s.named(e.t, "irina.")
	e.open(s.Issuer + "/cabinet")
	e.send("a[href*='/signin/certificate']")
	e.keyFile(filepath.Join(s.Trust.Dir, "people", "irina-lebedeva-p256.p12"), demoKeyPassword, "Подписать и войти")
	e.waitFor("nav.places")
	e.open(s.Issuer + "/cabinet/organization/blocks/requisites")
	e.writes("Юридический адрес", "199034, г. Санкт-Петербург, наб. Лейтенанта Шмидта, д. 9")
	e.goes("Сохранить и подтвердить")
	e.goes("Код по СМС")
	e.writes("Код", s.sentCode(e.t, "sms", u.Phone))
	e.goes("Подтвердить")
}

// decides takes a piece of moderation and accepts it.
func (e *eyes) decides(s *site) {
	e.t.Helper()
	e.another(e.t, "console-applicant").proposes(s)
	e.open(s.Issuer + "/console/moderation")
	e.send("table a")
	e.look("piece-ru")
	e.goes("Взять в работу")
	e.seesSoon("Заявка у вас в работе.")
	e.goes("Принять")
	e.look("accept-ru")
	e.writes("Причина", "Документы подтверждают изменение")
	e.goes("Принять")
	e.seesSoon("Решение записано.")
	e.look("decided-ru")
}

func (e *eyes) signsOutOfConsole() {
	e.t.Helper()
	e.presses("Седова")
	e.goes("Выйти")
}

// A password opens no console, whoever has it: the operator's own is asked for in
// vain, and nobody else comes in with a certificate.
func TestNobodyButAnOperatorOpensTheConsole(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "console-refused")
	e.open(s.Issuer + "/console")
	e.waitFor("main h1")
	if e.evaluates(`document.querySelector("a[href*='/signin/certificate']")`) {
		e.send("a[href*='/signin/certificate']")
	}
	e.keyFile(filepath.Join(s.Trust.Dir, "people", "irina-lebedeva-p256.p12"), demoKeyPassword, "Подписать и войти")
	e.seesSoon("Вход в консоль не разрешён")
	e.picture("refused")
	answer, err := http.Get(s.Issuer + "/console/v1/me")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("the API answers a stranger %d", answer.StatusCode)
	}
}
