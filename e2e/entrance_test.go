package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// await waits for a message to somebody that says all the words.
func (s *site) await(t testing.TB, to string, words ...string) message {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		for _, m := range s.messages(t) {
			if m.To == to && saysAll(m.Subject+" "+m.Text, words) {
				return m
			}
		}
	}
	t.Fatalf("no message to %s that says %q", to, words)
	return message{}
}

func saysAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// linkIn is the address in a message that begins so.
func linkIn(t testing.TB, m message, begins string) string {
	t.Helper()
	_, rest, found := strings.Cut(m.Text, begins)
	if !found {
		t.Fatalf("no link %s in %q", begins, m.Text)
	}
	return begins + strings.Fields(rest)[0]
}

// arrivesAt waits until the browser is at the address, whatever its query.
func (e *eyes) arrivesAt(address string) {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if at, _, _ := strings.Cut(e.location(), "?"); strings.TrimSuffix(at, "/") == address {
			return
		}
	}
	e.t.Fatalf("the browser is at %s, not at %s: %s", e.location(), address, e.text())
}

// fillDate sets a date field, whose keys depend on the browser's language.
func (e *eyes) fillDate(selector, date string) {
	e.t.Helper()
	e.do("fill "+selector, chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).value = %q", selector, date)))
}

const submit = `main form button.wide`

// TestChromiumRegistration: somebody new registers, proves mailbox and phone,
// chooses a password and signs in with it.
func TestChromiumRegistration(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "registration")
	const email, phone, password = "vera.zimina@pochta.example", "+79215550101", "Sosna-58-Vetka"

	e.open(s.Issuer + "/registration/consent")
	e.at("consent", "main h2")
	e.open(s.Issuer + "/registration")
	e.at("form", `input[name=snils]`)
	e.click(submit)
	e.at("form-wrong", `[role=alert]`)
	for name, value := range map[string]string{
		"last_name": "Зимина", "first_name": "Вера", "middle_name": "Олеговна", "snils": "112-233-445 95",
		"phone": "8 (921) 555-01-01", "email": email,
	} {
		e.fill(`input[name=`+name+`]`, value)
	}
	e.fillDate(`input[name=birth_date]`, "1990-05-17")
	e.click(`input[name=consent]`)
	e.click(submit)
	e.at("codes", `input[name=email_code]`)
	e.fill(`input[name=email_code]`, s.await(t, email, "регистрации").Code)
	e.fill(`input[name=sms_code]`, "000000")
	e.click(submit)
	e.at("codes-wrong", `[role=alert]`)
	e.says("Подтверждено", "Код не подходит")
	e.fill(`input[name=sms_code]`, s.await(t, phone, "регистрации").Code)
	e.click(submit)
	e.at("password", `input[name=password_again]`)
	e.fill(`input[name=password]`, password)
	e.fill(`input[name=password_again]`, password)
	e.click(submit)
	e.do("wait for the account", chromedp.WaitNotPresent(chromedp.CSS(`input[name=password_again]`)))
	e.at("registered", `.pass h1`)
	e.says("Учётная запись создана", "Стандартная")

	e.click(`a.button.wide`)
	e.at("sign-in", `input[name=password]`)
	e.enterPassword(&user{Login: email, Password: password})
	e.at("code", `input[name=code]`)
	e.enterCode(s.await(t, phone, "для входа").Code)
	e.arrivesAt(s.Issuer + "/account")
	e.picture("account")
	e.says("Зимина Вера Олеговна")
}

// TestChromiumRecovery: a lost password comes back by e-mail and a second proof,
// and the second factor is asked for as ever.
func TestChromiumRecovery(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "recovery")
	u := s.named(t, "anna.")
	const password = "Bereza-73-Listva"

	e.open(s.Issuer + "/recovery")
	e.at("ask", `input[name=contact]`)
	e.fill(`input[name=contact]`, u.Email)
	e.click(submit)
	e.arrivesAt(s.Issuer + "/recovery/sent")
	e.picture("sent")
	e.open(linkIn(t, s.await(t, u.Email, "Восстановление доступа"), s.Issuer+"/recovery/link/"))
	e.at("open", `form[action="/recovery/open"] button`)
	if at := e.location(); at != s.Issuer+"/recovery/open" {
		t.Errorf("the link's secret stays in the address: %s", at)
	}
	e.click(submit)
	e.at("second", `input[name=code]`)
	e.click(`form[action="/recovery/second/send"] button[class=way]`)
	e.do("wait for the SMS form", chromedp.WaitVisible(chromedp.CSS(`input[name=kind][value=sms] ~ .field input`)))
	e.picture("second-by-sms")
	e.fill(`input[name=code]`, s.await(t, u.Phone, "для восстановления доступа").Code)
	e.click(submit)
	e.at("new-password", `input[name=password_again]`)
	e.fill(`input[name=password]`, "Bereza-73")
	e.fill(`input[name=password_again]`, "Bereza-73")
	e.click(submit)
	e.at("new-password-short", `[role=alert]`)
	e.says("короче 12")
	e.fill(`input[name=password]`, password)
	e.fill(`input[name=password_again]`, password)
	e.click(submit)
	e.do("wait for the end", chromedp.WaitNotPresent(chromedp.CSS(`input[name=password_again]`)))
	e.at("done", `.pass h1`)
	e.says("Пароль изменён")
	s.await(t, u.Phone, "Доступ восстановлен")

	e.click(`a.button.wide`)
	e.at("sign-in", `input[name=password]`)
	e.enterPassword(&user{Login: u.Login, Password: u.Password})
	e.at("old-password", `[role=alert]`)
	e.enterPassword(&user{Login: u.Login, Password: password})
	e.at("second-factor-as-ever", `input[name=code]`)
	e.enterCode(u.code(t))
	e.arrivesAt(s.Issuer + "/account")
	e.says("Орлова Анна")

	// The pages of the other ways.
	e.open(s.Issuer + "/recovery/pin")
	e.at("pin", `input[name=inn]`)
	e.open(linkIn(t, s.await(t, u.Email, "Восстановление доступа"), s.Issuer+"/recovery/link/"))
	e.at("spent", `a.button.wide`)
	e.says("уже не действуют")
}

// TestChromiumRecoveryWaits: who has one channel waits, and can be stopped.
func TestChromiumRecoveryWaits(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "recovery-waits")
	u := s.named(t, "igor.")
	e.open(s.Issuer + "/recovery")
	e.fill(`input[name=contact]`, u.Email)
	e.click(submit)
	e.arrivesAt(s.Issuer + "/recovery/sent")
	e.open(linkIn(t, s.await(t, u.Email, "Восстановление доступа"), s.Issuer+"/recovery/link/"))
	e.click(submit)
	e.at("wait", `form[action="/recovery/wait"]`)
	e.says("Нужно подождать")
	e.click(submit)
	e.at("waiting", `.pass time`)
	e.open(linkIn(t, s.await(t, u.Email, "остановите восстановление"), s.Issuer+"/recovery/cancel/"))
	e.at("cancel", `form[action="/recovery/cancel"]`)
	e.click(submit)
	e.do("wait for the end", chromedp.WaitNotPresent(chromedp.CSS(`form[action="/recovery/cancel"]`)))
	e.at("cancelled", `.pass h1`)
	e.says("Восстановление остановлено")
}
