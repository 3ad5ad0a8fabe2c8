package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	grantDevice   = "urn:ietf:params:oauth:grant-type:device_code"
	grantCIBA     = "urn:openid:params:grant-type:ciba"
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessToken   = "urn:ietf:params:oauth:token-type:access_token"
)

// program posts a form as the client does.
func (s *site) program(t testing.TB, c client, path string, fields url.Values) (status int, answer map[string]any) {
	t.Helper()
	if c.Secret == "" {
		fields.Set("client_id", c.ID)
	}
	req, err := http.NewRequest(http.MethodPost, s.Issuer+path, strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.Secret != "" {
		req.SetBasicAuth(c.ID, c.Secret)
	}
	status, body := send(t, req)
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s answers %d %s", path, status, body)
	}
	return status, answer
}

// The device grant and backchannel authentication, each decided about in a browser
// and fetched by a program.
func TestWhatIsDecidedAtAnotherMachine(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "grants")
	u := s.memberOfTwo(t)
	o := u.Organisations[0].organisation

	terminal := s.clientNamed(t, "terminal")
	_, codes := s.program(t, terminal, "/oauth2/device_authorization", url.Values{"scope": {"openid organization organization:read"}})
	fetch := url.Values{"grant_type": {grantDevice}, "device_code": {codes["device_code"].(string)}}
	if _, a := s.program(t, terminal, "/oauth2/token", fetch); a["error"] != "authorization_pending" {
		t.Errorf("before the decision: %v", a)
	}
	e.open(s.Issuer + "/device")
	e.at("device", `input[name=user_code]`)
	e.open(codes["verification_uri_complete"].(string))
	e.do("open the QR code", chromedp.Click(chromedp.CSS(`details summary`)))
	e.at("device-filled", `img.qr`)
	e.open(s.Issuer + "/device")
	e.fill(`input[name=user_code]`, "BBBB-BBBB")
	e.click(`main form button`)
	e.at("device-wrong", `[role=alert]`)
	e.fill(`input[name=user_code]`, strings.ToLower(codes["user_code"].(string)))
	e.click(`main form button`)
	e.do("wait for the sign-in", chromedp.WaitVisible(chromedp.CSS(`input[name=password]`)))
	e.enterPassword(u)
	e.do("wait for the code", chromedp.WaitVisible(chromedp.CSS(`input[name=code]`)))
	e.enterCode(u.code(t))
	e.do("wait for the choice", chromedp.WaitVisible(chromedp.CSS(`input[name=organisation]`)))
	e.chooseOrganisation(o.ID)
	e.at("device-consent", `button[value=accept]`)
	e.says(codes["user_code"].(string), "Терминал сбора данных", o.Name)
	e.send(`button[value=accept]`)
	e.at("device-done", `main h1`)
	e.says("Готово")
	status, a := s.program(t, terminal, "/oauth2/token", fetch)
	if status != http.StatusOK {
		t.Fatalf("tokens: %d %v", status, a)
	}
	if got := s.call(t, a["access_token"].(string), http.MethodGet, "/v1/organization", nil); got != http.StatusOK {
		t.Errorf("the device's first call: %d", got)
	}

	bank := s.clientNamed(t, "bank-klient")
	status, asked := s.program(t, bank, "/oauth2/bc-authorize", url.Values{
		"scope": {"openid organization organization:read"}, "login_hint": {u.Email}, "binding_message": {"Платёж 1500"},
	})
	if status != http.StatusOK {
		t.Fatalf("asked: %d %v", status, asked)
	}
	e.open(s.asked(t, u.Email))
	e.do("wait for the choice", chromedp.WaitVisible(chromedp.CSS(`input[name=organisation]`)))
	e.chooseOrganisation(o.ID)
	e.at("confirmation", `button[value=accept]`)
	e.says("Платёж 1500", "Банк-клиент")
	e.open(s.Issuer + "/confirmations")
	e.at("confirmations", `a.way`)
	e.click(`a.way`)
	e.do("wait for the choice", chromedp.WaitVisible(chromedp.CSS(`input[name=organisation]`)))
	e.chooseOrganisation(o.ID)
	e.do("wait for the question", chromedp.WaitVisible(chromedp.CSS(`button[value=refuse]`)))
	e.click(`button[value=refuse]`)
	e.at("confirmation-refused", `main:not(:has(button[value=refuse])) h1`)
	e.says("Запрос отклонён")
	if _, a := s.program(t, bank, "/oauth2/token", url.Values{"grant_type": {grantCIBA}, "auth_req_id": {asked["auth_req_id"].(string)}}); a["error"] != "access_denied" {
		t.Errorf("after the refusal: %v", a)
	}
	e.open(s.Issuer + "/confirmations")
	e.at("confirmations-none", `main h1`)
}

// asked waits for the message that asks, and returns its link.
func (s *site) asked(t testing.TB, to string) string {
	t.Helper()
	var link string
	eventually(t, "a question to "+to, func() bool {
		for _, m := range s.messages(t) {
			if _, path, found := strings.Cut(m.Text, s.Issuer+"/confirmations/"); found && m.To == to {
				path, _, _ = strings.Cut(path, "\n")
				link = s.Issuer + "/confirmations/" + path
				return true
			}
		}
		return false
	})
	return link
}

// A service of one organisation in another, by that other's power of attorney.
func TestAServiceActsByPowerOfAttorney(t *testing.T) {
	t.Parallel()
	s := demo(t)
	c := s.clientNamed(t, "exchange-mayak")
	_, own := s.program(t, c, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}})
	var principal organisation
	for _, o := range s.Organisations {
		if strings.Contains(o.Name, "Ладожские верфи") {
			principal = o
		}
	}
	form := url.Values{
		"grant_type": {grantExchange}, "subject_token": {own["access_token"].(string)}, "subject_token_type": {accessToken}, "organization": {principal.ID},
	}
	status, a := s.program(t, c, "/oauth2/token", form)
	if status != http.StatusOK {
		t.Fatalf("exchanged: %d %v", status, a)
	}
	var got struct{ ID string }
	if status := s.call(t, a["access_token"].(string), http.MethodGet, "/v1/organization", &got); status != http.StatusOK || got.ID != principal.ID {
		t.Errorf("the principal at the API: %d %+v", status, got)
	}
	form.Set("scope", "members:write")
	if status, a := s.program(t, c, "/oauth2/token", form); status != http.StatusBadRequest || a["error"] != "invalid_scope" {
		t.Errorf("beyond the power: %d %v", status, a)
	}
}
