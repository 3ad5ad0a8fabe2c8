package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// TestAccountPages walks a person through the own pages in Chromium: signed in,
// a contact changed by both codes, a passkey and recovery codes made, another
// session ended, a signature judged, the closing asked for and undone.
func TestAccountPages(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "account")
	u := s.userWith(t, "who administers nothing", func(u *user) bool {
		return u.Phone != "" && !slices.ContainsFunc(u.roles(), func(role string) bool { return role == "administrator" })
	})
	e.account(s, "/account", u)
	e.at("profile", "nav.places")
	e.says(u.Organisations[0].Name)

	e.changesMail(s, u)
	e.makesPasskey(s)
	e.makesRecoveryCodes(s)
	e.endsOtherSessions(s, u)
	e.judgesSignature(s)
	for name, path := range map[string]string{
		"password": "/password", "authenticator": "/authenticator", "certificates": "/certificates", "bind": "/certificates/new",
		"journal": "/journal", "applications": "/applications", "data": "/data",
	} {
		e.open(s.Issuer + "/account" + path)
		e.at(name, "nav.places")
	}
	e.asksClosing(s)
	e.open(s.Issuer + "/account?ui_locales=en")
	e.at("profile-english", "nav.places")
	e.says("Profile", "User number")
}

func (u *user) roles() (list []string) {
	for _, o := range u.Organisations {
		list = append(list, o.Roles...)
	}
	return list
}

// account opens one of the pages, signing in as far as it asks.
func (e *eyes) account(s *site, path string, u *user) {
	e.t.Helper()
	e.open(s.Issuer + path)
	for range 5 {
		e.waitFor("main h1")
		step := ""
		switch {
		case strings.HasPrefix(e.location(), s.Issuer+"/account"):
			return
		case e.evaluates(`document.querySelector("input[name=password]") !== null`):
			step = "input[name=password]"
			e.enterPassword(u)
		case e.evaluates(`document.querySelector("input[name=code]") !== null`):
			step = "input[name=code]"
			e.enterCode(u.code(e.t))
		default:
			step = "button[value=later], button[value=never]"
			e.click(step)
		}
		e.do("leave the step", chromedp.WaitNotPresent(chromedp.CSS(step)))
	}
	e.t.Fatalf("%s is at %s: %s", u.Login, e.location(), e.text())
}

func (e *eyes) changesMail(s *site, u *user) {
	e.t.Helper()
	e.open(s.Issuer + "/account/contacts")
	e.at("contacts", "#value-email")
	e.fill("#value-email", "nowhere")
	e.do("leave the check to the server", chromedp.Evaluate[chromedp.Void](`document.querySelector("#value-email").form.noValidate = true`))
	e.click(`form:has(#value-email) button`)
	e.at("contacts-wrong", "[role=alert]")
	e.fill("#value-email", "new.address@mayak.example")
	e.click(`form:has(#value-email) button`)
	e.at("contacts-codes", "input[name=old_code]")
	e.fill("input[name=old_code]", s.sentCode(e.t, "email", u.Email))
	e.fill("input[name=new_code]", s.sentCode(e.t, "email", "new.address@mayak.example"))
	e.click(`form[action="/account/contacts/confirm"] button`)
	e.at("contacts-changed", "#value-email")
	e.says("Контакт изменён.", "new.address@mayak.example")
	u.Login, u.Email = "new.address@mayak.example", "new.address@mayak.example"
}

func (e *eyes) makesPasskey(s *site) {
	e.t.Helper()
	e.do("connect a virtual authenticator", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
				HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			},
		})
		return err
	}))
	e.open(s.Issuer + "/account/passkeys")
	e.at("passkey-new", `form[data-passkey="create"] input[name=name]`)
	e.fill("input[name=name]", "Ноутбук на работе")
	e.click(`form[data-passkey="create"] button`)
	e.at("security", `a[href^="/account/passkeys/"]`)
	e.says("Ключ доступа добавлен.", "Ноутбук на работе")
	e.click(`a[href^="/account/passkeys/"]`)
	e.at("passkey-rename", "input[name=name]")
}

func (e *eyes) makesRecoveryCodes(s *site) {
	e.t.Helper()
	e.open(s.Issuer + "/account/recovery-codes")
	e.at("recovery-codes", `form[action="/account/recovery-codes"]`)
	e.click(`form[action="/account/recovery-codes"] button`)
	e.at("recovery-codes-made", ".secrets a[download]")
	if n := ask(e, "count the codes", chromedp.Evaluate[int](`document.querySelectorAll(".secrets code").length`)); n != 10 {
		e.t.Errorf("%d codes", n)
	}
}

func (e *eyes) endsOtherSessions(s *site, u *user) {
	e.t.Helper()
	other, c := newVisitor(e.t), s.webClient(e.t)
	asked := s.authorization(c, nil)
	other.signIn(asked.url, asked.redirectURI, u, u.Organisations[0].ID)
	e.open(s.Issuer + "/account/devices")
	e.at("devices", `form[action="/account/sessions/end"]`)
	e.says("Этот сеанс")
	e.click(`form[action="/account/sessions/end"] button`)
	e.at("devices-ended", "[role=status]")
	e.says("Все остальные сеансы завершены.")
	if p := other.get(s.Issuer+"/account", ""); !strings.Contains(p.url.Path, "/signin") {
		e.t.Errorf("the other browser is still at %s", p.url)
	}
}

func (e *eyes) judgesSignature(s *site) {
	e.t.Helper()
	folder := e.t.TempDir()
	content, signature := filepath.Join(folder, "dogovor.txt"), filepath.Join(folder, "dogovor.p7s")
	for path, text := range map[string]string{content: "договор", signature: "это не подпись"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			e.t.Fatal(err)
		}
	}
	e.open(s.Issuer + "/account/signatures")
	e.at("signatures", "#check-content")
	e.do("choose the files",
		chromedp.SetUploadFiles(chromedp.CSS("#check-content"), []string{content}),
		chromedp.SetUploadFiles(chromedp.CSS("#check-signature"), []string{signature}))
	e.click(`form:has(#check-content) button`)
	e.at("signatures-verdict", "#verdict")
	e.says("Подпись недействительна", "dogovor.txt", "Формат")
}

func (e *eyes) asksClosing(s *site) {
	e.t.Helper()
	e.open(s.Issuer + "/account/close")
	e.at("close", "input[name=sure]")
	e.click("input[name=sure]")
	e.click(`form[action="/account/close"] button`)
	e.at("close-asked", `form[action="/account/close/undo"]`)
	e.says("Учётная запись закроется:")
	e.click(`form[action="/account/close/undo"] button`)
	e.at("close-undone", "[role=status]")
	e.says("Закрытие отменено.")
}
