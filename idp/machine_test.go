package idp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"propusk/idp/browser"
	"propusk/idp/factor/certificate"
	"propusk/signature"
)

// bare asks without cookies and without being a browser of ours.
func (h *house) bare(method, path string, header http.Header) *view {
	h.t.Helper()
	v := h.visitor()
	v.header = header
	if v.header == nil {
		v.header = http.Header{}
	}
	return v.do(method, path, nil)
}

func TestDiscoveryAndKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		got := h.bare(http.MethodGet, path, nil)
		var document map[string]any
		h.check(json.Unmarshal([]byte(got.body), &document))
		if document["issuer"] != issuer || !strings.HasPrefix(got.header.Get("Cache-Control"), "public, max-age=") {
			t.Errorf("%s: issuer %v, Cache-Control %q", path, document["issuer"], got.header.Get("Cache-Control"))
		}
		for name, value := range document { // what is announced is there
			text, _ := value.(string)
			endpoint, found := strings.CutPrefix(text, issuer+"/")
			if !found {
				continue
			}
			if status := h.bare(http.MethodOptions, "/"+endpoint, nil).status; status != http.StatusNoContent {
				t.Errorf("%s = %s answers %d", name, text, status)
			}
		}
	}
	keys := h.bare(http.MethodGet, "/oauth2/jwks", nil)
	etag := keys.header.Get("ETag")
	if keys.status != http.StatusOK || etag == "" || keys.header.Get("Content-Type") != "application/jwk-set+json" {
		t.Errorf("key set: %d, ETag %q, %q", keys.status, etag, keys.header.Get("Content-Type"))
	}
	for tag, want := range map[string]int{
		etag: http.StatusNotModified, "W/" + etag: http.StatusNotModified, `"other", ` + etag: http.StatusNotModified,
		"*": http.StatusNotModified, `"other"`: http.StatusOK,
	} {
		if got := h.bare(http.MethodGet, "/oauth2/jwks", http.Header{"If-None-Match": {tag}}); got.status != want {
			t.Errorf("If-None-Match %s: %d, want %d", tag, got.status, want)
		}
	}
	if got := h.bare(http.MethodHead, "/oauth2/jwks", nil); got.status != http.StatusOK || got.body != "" {
		t.Errorf("HEAD: %d, %d bytes", got.status, len(got.body))
	}
}

func TestScriptsOfOtherSites(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	from := http.Header{
		"Origin": {"https://spa.example"}, "Sec-Fetch-Site": {"cross-site"},
		"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization"},
	}
	for _, route := range h.idp.Routes() {
		got := h.bare(http.MethodOptions, strings.NewReplacer(":token", "x", "*", "x").Replace(route.Path), from)
		allowed := got.header.Get("Access-Control-Allow-Origin")
		if want := map[bool]string{true: "*", false: ""}[route.Kind == browser.MachineCORS]; allowed != want {
			t.Errorf("%s allows scripts of %q, want %q", route.Path, allowed, want)
		}
		if got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s takes cookies from other sites", route.Path)
		}
		if got.status != http.StatusNoContent || got.header.Get("Set-Cookie") != "" {
			t.Errorf("OPTIONS %s: %d", route.Path, got.status)
		}
	}
	// A public client's page redeems its code, and learns why when it cannot.
	v := h.visitor()
	answer := v.signInPavel(v.begin("page", "scope", "openid")).lead()
	v.header.Set("Origin", "https://spa.example")
	v.header.Set("Sec-Fetch-Site", "cross-site")
	v.cookies = nil
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"page"}, "code": {answer.Query().Get("code")},
		"redirect_uri": {redirect}, "code_verifier": {verifier},
	}
	for _, want := range []int{http.StatusOK, http.StatusBadRequest} {
		got := v.do(http.MethodPost, "/oauth2/token", form)
		if got.status != want || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("token: %d %s, CORS %q", got.status, got.body, got.header.Get("Access-Control-Allow-Origin"))
		}
	}
}

func TestUserInfoIntrospectionRevocation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	answer := h.redeem("app", h.appSecret, v.choose(v.signInElena(v.begin("app", "scope", "openid email organization")), h.north.ID).lead())
	bearer := http.Header{"Authorization": {"Bearer " + answer.AccessToken}}
	if got := h.bare(http.MethodGet, "/oauth2/userinfo", bearer); got.status != http.StatusOK || !strings.Contains(got.body, "elena@north.example") {
		t.Errorf("userinfo: %d %s", got.status, got.body)
	}
	basic := h.visitor()
	basic.header = http.Header{}
	r, _ := http.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth("app", h.appSecret)
	basic.header.Set("Authorization", r.Header.Get("Authorization"))
	if got := basic.do(http.MethodPost, "/oauth2/introspect", url.Values{"token": {answer.RefreshToken}}); !strings.Contains(got.body, `"active":true`) {
		t.Errorf("introspection: %d %s", got.status, got.body)
	}
	if got := basic.do(http.MethodPost, "/oauth2/revoke", url.Values{"token": {answer.RefreshToken}}); got.status != http.StatusOK {
		t.Errorf("revocation: %d %s", got.status, got.body)
	}
	if got := basic.do(http.MethodPost, "/oauth2/introspect", url.Values{"token": {answer.RefreshToken}}); !strings.Contains(got.body, `"active":false`) {
		t.Errorf("after revocation: %d %s", got.status, got.body)
	}
	if got := h.bare(http.MethodGet, "/oauth2/userinfo", nil); got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("userinfo without a token: %d", got.status)
	}
}

// Errors at the endpoints of programs are JSON, whoever found them.
func TestMachinesAreToldInJSON(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	for _, path := range []string{"/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/userinfo"} {
		for token, want := range map[string]int{"a\x00": http.StatusBadRequest, strings.Repeat("a", 65<<10): http.StatusRequestEntityTooLarge} {
			got := v.do(http.MethodPost, path, url.Values{"token": {token}})
			var told struct{ Error string }
			if err := json.Unmarshal([]byte(got.body), &told); err != nil || told.Error != "invalid_request" || got.status != want {
				t.Errorf("%s: %d %s, want %d", path, got.status, got.body, want)
			}
		}
	}
	got := v.do(http.MethodGet, "/oauth2/token", nil)
	if got.status != http.StatusMethodNotAllowed || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		t.Errorf("GET of the token endpoint: %d %s", got.status, got.body)
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	for _, path := range []string{authorize("app"), "/signin?request=x", "/help", "/nowhere", "/oauth2/jwks", "/oauth2/authorize", "/signout"} {
		got := v.do(http.MethodGet, path, nil)
		wanted := map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=63072000",
		}
		if path == "/oauth2/jwks" { // no page: nothing of it is framed or refers
			wanted["X-Frame-Options"], wanted["Referrer-Policy"] = "", ""
		}
		for name, want := range wanted {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		csp := got.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		if path != "/oauth2/jwks" && got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control %q", path, got.header.Get("Cache-Control"))
		}
	}
	plain := newHouse(t, func(d *Deps) { d.Issuer = "http://localhost:8080" })
	if got := plain.bare(http.MethodGet, "/help", nil); got.header.Get("Strict-Transport-Security") != "" {
		t.Error("HSTS over plain http")
	}
	page := v.begin("app")
	asset := strings.Split(strings.SplitN(page.body, `href="/assets/`, 2)[1], `"`)[0]
	got := v.do(http.MethodGet, "/assets/"+asset, nil)
	if got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
		t.Errorf("asset: %d, Cache-Control %q", got.status, got.header.Get("Cache-Control"))
	}
}

// HEAD and OPTIONS begin, end and send nothing.
func TestHeadActsNot(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
	sent := h.sentCount("+79031234567")
	for _, path := range []string{authorize("app"), page.at.RequestURI(), "/oauth2/logout"} {
		if got := v.do(http.MethodHead, path, nil); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") == "" {
			t.Errorf("HEAD %s: %d, Allow %q", path, got.status, got.header.Get("Allow"))
		}
	}
	for _, path := range []string{"/help", "/signout", "/.well-known/openid-configuration"} {
		if got := v.do(http.MethodHead, path, nil); got.status != http.StatusOK || got.body != "" {
			t.Errorf("HEAD %s: %d", path, got.status)
		}
	}
	if h.sentCount("+79031234567") != sent {
		t.Error("a HEAD sent a code")
	}
	v.code(page, h.sent("+79031234567").Code).is("/signin/organisation")
}

func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	for name, pairs := range map[string][]string{
		"an address that is not registered": {"redirect_uri", "https://evil.example/callback"},
		"an unknown client":                 {"client_id", "nobody"},
		"no client":                         {"client_id", ""},
	} {
		got := v.begin("app", pairs...)
		if got.status != http.StatusBadRequest || got.away != nil {
			t.Errorf("%s: %d, sent to %v", name, got.status, got.away)
		}
		got.says("request-1")
	}
	v.begin("nobody").says("Приложение не зарегистрировано").says("the application is unknown")
	v.begin("app", "code_challenge", "").refused("invalid_request")
	// What nobody signed names no address to be sent to (RFC 9101 §6.2).
	if got := v.begin("app", "request", "eyJhbGciOiJub25lIn0.e30."); got.status != http.StatusBadRequest || got.away != nil {
		t.Errorf("an unsigned request object: %d, sent to %v", got.status, got.away)
	}
	v.begin("app", "prompt", "none login").refused("invalid_request")
	v.begin("app", "acr_values", "urn:propusk:qualified").refused("unmet_authentication_requirements")
	if got := v.do(http.MethodGet, "/oauth2/authorize?client_id=app&client_id=app&redirect_uri="+redirect, nil); got.status/100 == 5 {
		t.Errorf("a parameter twice: %d", got.status)
	}
}

// A form on the application's page comes without our cookies (SameSite=Lax).
// It must not cost the browser its session.
func TestAuthorizeByPost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	v.signInPavel(v.begin("app", "scope", "openid")).lead()
	cookies := v.cookies
	v.cookies = map[string]string{}
	v.header.Set("Sec-Fetch-Site", "cross-site")
	query, err := url.ParseQuery(strings.SplitN(authorize("app", "scope", "openid"), "?", 2)[1])
	h.check(err)
	got := v.do(http.MethodPost, "/oauth2/authorize", query)
	if len(v.cookies) != 0 {
		t.Errorf("a POST without cookies was given %v", v.cookies)
	}
	v.header.Del("Sec-Fetch-Site")
	v.cookies = cookies
	v.follow(got).lead()
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.begin("app", "ui_locales", "en-GB").is("/signin/identify").says("Stock and books")
	page = v.identify(page, "elena@north.example", "wrong").says("does not fit")
	page = v.identify(page, "elena@north.example", password).says("We sent a code to")
	if text := h.sent("+79031234567").Text; !strings.Contains(text, "Stock and books") {
		t.Errorf("the message: %q", text)
	}
	// The person's own choice wins, and stays.
	v.get(page.at.RequestURI() + "&ui_locales=ru").says("Введите код из").is("/signin/switch")
	v.begin("app", "ui_locales", "en").says("Введите код из")
}

func TestSearchOfOrganisations(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.signInElena(v.begin("app")).is("/signin/organisation")
	for query, want := range map[string][2]bool{ // north, south
		"северный": {true, false}, "ПОРТ": {false, true}, h.south.INN: {false, true}, h.north.OGRN[:5]: {true, false},
		"": {true, true}, "nothing": {false, false}, strings.Repeat("я", 200): {true, true},
	} {
		text := v.get(page.at.RequestURI() + "&q=" + url.QueryEscape(query)).text()
		got := [2]bool{strings.Contains(text, h.north.Name), strings.Contains(text, h.south.Name)}
		if got != want {
			t.Errorf("q=%.20q shows %v, want %v", query, got, want)
		}
	}
	// The organisation chosen last is marked next time.
	v.choose(page, h.south.ID).lead()
	if got := v.begin("app").form("/signin/organisation").Get("organisation"); got != h.south.ID {
		t.Errorf("marked %q, want %s", got, h.south.ID)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) { d.Contact = "help@id.example" })
	h.visitor().get("/help").says("help@id.example").says(issuer)
}

// Who wants a certificate is told whose are accepted: those whose accreditation holds
// today, and those that the house trusts by its own act.
func TestAuthoritiesAreNamed(t *testing.T) {
	t.Parallel()
	known := &certificate.Certificates{Deps: certificate.Deps{Enabled: func() bool { return false }}}
	h := newHouse(t, func(d *Deps) { d.Certificates = known })
	h.visitor().get("/help/authorities").says("Пока ничьи")
	now := h.clock.Now()
	known.Authorities = func() []signature.Authority {
		return []signature.Authority{
			{Name: "УЦ «Открытый»", OGRN: "1027700132195", INN: "7707083893", Accreditation: []signature.Interval{{From: now.AddDate(-2, 0, 0)}}},
			{Name: "УЦ «Закрытый»", Accreditation: []signature.Interval{{From: now.AddDate(-3, 0, 0), To: now.AddDate(-1, 0, 0)}}},
			{Name: "УЦ «Будущий»", Accreditation: []signature.Interval{{From: now.AddDate(0, 0, 1)}}},
			{Name: "Свой центр"},
		}
	}
	page := h.visitor().get("/help/authorities").says("УЦ «Открытый»").says("1027700132195").says("7707083893").says("Свой центр")
	for _, name := range []string{"Закрытый", "Будущий"} {
		if strings.Contains(page.text(), name) {
			t.Errorf("%s is named", name)
		}
	}
}

func TestNewChecksItsDependencies(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	for name, spoil := range map[string]func(*Deps){
		"DB": func(d *Deps) { d.DB = nil }, "Provider": func(d *Deps) { d.Provider = nil }, "Codes": func(d *Deps) { d.Codes = nil },
		"Issuer": func(d *Deps) { d.Issuer = "nonsense" },
	} {
		deps := h.idp.deps
		deps.Metrics = nil
		spoil(&deps)
		if _, err := New(deps); err == nil {
			t.Errorf("New without a good %s", name)
		}
	}
	if _, err := New(h.idp.deps); err == nil {
		t.Error("the same metrics twice")
	}
	deps := h.idp.deps
	deps.Now, deps.Log, deps.Metrics = nil, nil, nil
	if _, err := New(deps); err != nil {
		t.Errorf("New with every default: %v", err)
	}
}
