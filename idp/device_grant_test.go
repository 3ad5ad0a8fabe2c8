package idp

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/idp/oauth"
)

// till is an application on a machine without a browser, somebody else's.
func (h *house) till(change func(*oauth.Client)) oauth.Client {
	h.t.Helper()
	c := oauth.Client{
		ID: "till", Name: "Касса", NameEN: "Till", Kind: oauth.Native, GrantTypes: []string{oauth.GrantDeviceCode, oauth.GrantRefreshToken},
		Scope: "openid profile offline_access organization members:read",
	}
	if change != nil {
		change(&c)
	}
	created, _, err := h.provider.Clients().Create(h.ctx(), c)
	h.check(err)
	return created
}

// said is what a program's endpoint answered.
type said struct {
	status int
	header http.Header
	body   map[string]any
}

func (s said) text(name string) string { text, _ := s.body[name].(string); return text }

// program posts a form as a program does, from an address of its own.
func (h *house) program(path, user, secret string, fields ...string) said {
	h.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(h.ctx(), http.MethodPost, h.url+path, strings.NewReader(form.Encode()))
	h.check(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Test-Address", "203.0.113.7")
	r.Header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 9) Chrome/120.0")
	if secret != "" {
		r.SetBasicAuth(user, secret)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	h.check(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	h.check(err)
	out := said{status: response.StatusCode, header: response.Header}
	if err := json.Unmarshal(text, &out.body); err != nil {
		h.t.Fatalf("%s said %d %s", path, response.StatusCode, text)
	}
	return out
}

// codes asks for a device's codes.
func (h *house) codes(fields ...string) said {
	h.t.Helper()
	got := h.program("/oauth2/device_authorization", "", "", append([]string{"client_id", "till", "scope", "openid members:read"}, fields...)...)
	if got.status != http.StatusOK {
		h.t.Fatalf("no codes: %d %v", got.status, got.body)
	}
	return got
}

// fetch polls as the device does.
func (h *house) fetch(code string) said {
	h.t.Helper()
	return h.program("/oauth2/token", "", "", "client_id", "till", "grant_type", oauth.GrantDeviceCode, "device_code", code)
}

// RFC 8628 §3.3: the code is typed, the person signs in, chooses the organisation,
// and says that the device is his.
func TestADeviceIsLetInByWhoTypesItsCode(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		h.till(nil)
		codes := h.codes()
		v := h.visitor()
		page := v.get("/device")
		page.says("Код, который прислали или продиктовали, откроет ваш доступ постороннему")
		on := v.submit(page, "/device", "user_code", strings.ToLower(codes.text("user_code")))
		on = v.signInElena(on.says("Касса"))
		on = v.choose(on, h.north.ID).is("/signin/consent")
		for _, words := range []string{"Это ваше устройство?", "Касса", codes.text("user_code"), "203.0.113.7", "Android", "Северный маяк", "Если код вам прислали или продиктовали, отклоните"} {
			on.says(words)
		}
		if got := h.fetch(codes.text("device_code")); got.text("error") != "authorization_pending" || got.status != http.StatusBadRequest {
			t.Errorf("before the decision: %d %v", got.status, got.body)
		}
		v.submit(on, "/signin/consent", "decision", "accept").says("Готово: доступ разрешён")
		got := h.fetch(codes.text("device_code"))
		if got.status != http.StatusOK {
			t.Fatalf("tokens: %d %v", got.status, got.body)
		}
		token := claims(t, got.text("access_token"))
		if token["sub"] != h.elena.ID || token["client_id"] != "till" || token["acr"] != "urn:propusk:2" || token["org"].(map[string]any)["id"] != h.north.ID {
			t.Errorf("claims %v", token)
		}
		if got := h.fetch(codes.text("device_code")); got.text("error") != "invalid_grant" {
			t.Errorf("a second time: %v", got.body)
		}
		if got := v.submit(page, "/device", "user_code", codes.text("user_code")); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a code that was used: %d %s", got.status, got.text())
		}
		for _, chain := range []string{"", h.north.ID} {
			if outcomes := h.entries(chain, "consent"); len(outcomes) != 1 || outcomes[0] != "accepted" {
				t.Errorf("the journal of %q has %v", chain, outcomes)
			}
		}
	})
}

// RFC 8628 §3.3.1, §5.4: a link with the code in it decides nothing, not even for
// who is signed in and has agreed to the application before.
func TestALinkWithTheCodeLetsNobodyIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.till(func(c *oauth.Client) { c.FirstParty = true })
	v := h.visitor()
	for range 2 {
		codes := h.codes()
		link, err := url.Parse(codes.text("verification_uri_complete"))
		h.check(err)
		page := v.get(link.RequestURI())
		if form := page.form("/device"); form.Get("user_code") != codes.text("user_code") {
			t.Fatalf("filled in %q", form.Get("user_code"))
		}
		page.says("Сравните код с тем, что показывает ваше устройство")
		if !strings.Contains(page.body, "data:image/png") {
			t.Error("no QR code to go on at the phone")
		}
		if got := h.fetch(codes.text("device_code")); got.text("error") != "authorization_pending" {
			t.Errorf("the link alone: %v", got.body)
		}
		on := v.submit(page, "/device")
		if strings.Contains(on.body, "/signin/identify") {
			on = v.signInElena(on)
		}
		if strings.Contains(on.body, `action="/signin/organisation"`) {
			on = v.choose(on, h.north.ID)
		}
		v.submit(on.is("/signin/consent"), "/signin/consent", "decision", "accept")
		if got := h.fetch(codes.text("device_code")); got.status != http.StatusOK {
			t.Fatalf("%d %v", got.status, got.body)
		}
	}
}

func TestARefusedDeviceIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.till(nil)
	codes, v := h.codes("scope", "openid"), h.visitor()
	on := v.identify(v.submit(v.get("/device"), "/device", "user_code", codes.text("user_code")), h.elena.Email, password)
	v.submit(on, "/signin/consent", "decision", "refuse").says("Запрос отклонён")
	if got := h.fetch(codes.text("device_code")); got.text("error") != "access_denied" {
		t.Errorf("%v", got.body)
	}
	if got := v.get(on.at.RequestURI()); got.status != http.StatusGone {
		t.Errorf("the back button: %d", got.status)
	}
}

// What ends a sign-in without a decision of the person's must decide nothing.
func TestWhoMayNotDecideDecidesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.till(nil)
	codes, stranger := h.codes("organization", h.north.ID), h.visitor()
	on := stranger.submit(stranger.get("/device"), "/device", "user_code", codes.text("user_code"))
	if got := stranger.signInPavel(on); got.status != http.StatusForbidden {
		t.Errorf("somebody of another organisation: %d %s", got.status, got.text())
	}
	if got := h.fetch(codes.text("device_code")); got.text("error") != "authorization_pending" {
		t.Errorf("a stranger decided: %v", got.body)
	}
	member := h.visitor()
	on = member.signInElena(member.submit(member.get("/device"), "/device", "user_code", codes.text("user_code")))
	member.submit(on, "/signin/consent", "decision", "accept")
	if got := h.fetch(codes.text("device_code")); got.status != http.StatusOK {
		t.Errorf("%d %v", got.status, got.body)
	}
}

// RFC 8628 §5.1: guesses at user codes are few.
func TestUserCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.till(nil)
	codes, v := h.codes(), h.visitor()
	page := v.get("/device")
	if got := v.submit(page, "/device", "user_code", "hello"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("what is no code: %d", got.status)
	}
	for i := range defaultUserCodes.Failures {
		if got := v.submit(page, "/device", "user_code", "BBBB-BBBB"); got.status != http.StatusUnprocessableEntity || got.says("Такого кода нет") == nil {
			t.Fatalf("guess %d: %d", i+1, got.status)
		}
	}
	got := v.submit(page, "/device", "user_code", codes.text("user_code"))
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("after ten guesses even the right code waits: %d", got.status)
	}
	other := h.visitor()
	other.submit(other.get("/device"), "/device", "user_code", codes.text("user_code")).is("/signin/identify")
	h.clock.Advance(defaultUserCodes.Window)
	fresh := h.codes()
	v.submit(page, "/device", "user_code", fresh.text("user_code")).is("/signin/identify")
}

func TestAFloodOfDeviceRequestsIsBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.till(nil)
	for range defaultDevices.Failures {
		h.codes()
	}
	got := h.program("/oauth2/device_authorization", "", "", "client_id", "till", "scope", "openid")
	if got.status != http.StatusTooManyRequests || got.text("error") != "temporarily_unavailable" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %v", got.status, got.body)
	}
	h.clock.Advance(defaultDevices.Window + time.Second)
	h.codes()
}

// Another site must not post a code of its own into somebody's browser.
func TestACodeIsTypedOnOurPageOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.till(nil)
	v := h.visitor()
	v.header.Set("Sec-Fetch-Site", "cross-site")
	if got := v.do(http.MethodPost, "/device", url.Values{"user_code": {h.codes().text("user_code")}}); got.status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.status)
	}
}

func TestAnotherBrowserCannotDecideForTheOneThatTyped(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.till(nil)
	codes, v, thief := h.codes("scope", "openid"), h.visitor(), h.visitor()
	on := v.identify(v.submit(v.get("/device"), "/device", "user_code", codes.text("user_code")), h.elena.Email, password)
	thief.get("/device")
	thief.begin("app")
	if got := thief.post("/signin/consent", with(on.form("/signin/consent"), "decision", "accept")); got.status != http.StatusForbidden {
		t.Errorf("accepted elsewhere: %d", got.status)
	}
	if got := h.fetch(codes.text("device_code")); got.text("error") != "authorization_pending" {
		t.Errorf("%v", got.body)
	}
}

func TestTheQRCodeTellsNothingOfWhichCodesWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.till(nil)
	v := h.visitor()
	for code, want := range map[string]int{h.codes().text("user_code"): 200, "BBBB-BBBB": 200, "AAAA-AAAA": 400, "": 400} {
		got := v.get("/device/qr?user_code=" + code)
		if got.status != want || want == 200 && (got.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(got.body, "\x89PNG")) {
			t.Errorf("%q: %d %s", code, got.status, got.header.Get("Content-Type"))
		}
	}
	v.header.Set("Accept-Language", "en")
	v.get("/device").says("Enter a code only from a device that you see before you")
}
