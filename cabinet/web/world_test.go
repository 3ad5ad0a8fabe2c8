package web

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/home"
	"propusk/cabinet/web/journal"
	"propusk/cabinet/web/organisation"
	"propusk/cabinet/web/people"
	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/storagetest"
)

const (
	clientID      = "cabinet"
	sessionCookie = "__Host-propusk-cabinet"
	browserCookie = "__Host-propusk-cabinet-browser"
)

// sessionKey is where the cabinet keeps the session of a cookie.
func sessionKey(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return "cabinet:session:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// world is a fake issuer with its API, a cabinet before them, and a browser.
type world struct {
	t       *testing.T
	clock   *storagetest.Clock
	memory  *storage.Memory
	peer    *httptest.Server // issuer and API
	cabinet *httptest.Server
	browser *http.Client
	server  *desk.Desk

	mutex     sync.Mutex
	key       *ecdsa.PrivateKey
	subject   string
	pushed    map[string]url.Values // request_uri → authorization request
	codes     map[string]url.Values // code → authorization request
	drawnFor  string                // the organisation of the forms that are posted
	live      map[string]string     // access token → organisation
	refreshes []url.Values          // asked of the token endpoint
	issued    int
	grantOver bool                           // refuse refreshes
	tokens    func(http.ResponseWriter) bool // answers the token endpoint instead, when true
	idClaims  func(map[string]any)           // spoils ID tokens
	calls     []string                       // of the API: method, path with query, body
	answers   map[string]http.HandlerFunc    // "METHOD /v1/path" → answer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	clock := storagetest.NewClock()
	w := &world{
		t: t, clock: clock, memory: storagetest.Memory(t, clock.Now), subject: "p1",
		codes: map[string]url.Values{}, pushed: map[string]url.Values{}, drawnFor: "o1", live: map[string]string{}, answers: map[string]http.HandlerFunc{},
	}
	var err error
	if w.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.peer = httptest.NewServer(w.peerRoutes())
	t.Cleanup(w.peer.Close)
	w.cabinet = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.server.ServeHTTP(rw, r) }))
	t.Cleanup(w.cabinet.Close)
	w.server = w.newServer(nil)
	jar, _ := cookiejar.New(nil)
	w.browser = w.cabinet.Client()
	w.browser.Jar = jar
	w.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.defaults()
	return w
}

// sharedKit is one for all tests: a kit never changes.
var sharedKit = sync.OnceValues(func() (*pages.Kit, error) { return pages.New(pages.Deps{}) })

func (w *world) newServer(change func(*Deps)) *desk.Desk {
	w.t.Helper()
	kit, err := sharedKit()
	if err != nil {
		w.t.Fatal(err)
	}
	deps := Deps{
		Issuer: w.peer.URL, API: w.peer.URL + "/v1", URL: w.cabinet.URL, ClientID: clientID, ClientKey: clientKey(w.t),
		Ephemeral: w.memory, Sealer: sealer(w.t), Pages: kit, Log: slog.New(slog.DiscardHandler), Now: w.clock.Now,
	}
	if change != nil {
		change(&deps)
	}
	s, err := desk.New(deps, home.Room(), organisation.Room(), people.Room(), journal.Room())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) peerRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(rw http.ResponseWriter, _ *http.Request) {
		reply(rw, 200, map[string]any{
			"issuer": w.peer.URL, "authorization_endpoint": w.peer.URL + "/oauth2/authorize", "token_endpoint": w.peer.URL + "/oauth2/token",
			"jwks_uri": w.peer.URL + "/jwks", "pushed_authorization_request_endpoint": w.peer.URL + "/oauth2/par", "end_session_endpoint": w.peer.URL + "/oauth2/logout", "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.Handle("GET /jwks", &oidctestKeys{w})
	mux.HandleFunc("POST /oauth2/par", w.push)
	mux.HandleFunc("POST /oauth2/token", w.token)
	mux.HandleFunc("/v1/", w.api)
	return mux
}

// oidctestKeys serves the issuer's public key by go-oidc's own test server.
type oidctestKeys struct{ w *world }

func (k *oidctestKeys) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	keys := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: k.w.key.Public(), KeyID: "k1", Algorithm: oidc.ES256}}}
	keys.SetIssuer(k.w.peer.URL)
	r.URL.Path = "/keys"
	keys.ServeHTTP(rw, r)
}

func reply(rw http.ResponseWriter, status int, body any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(body)
}

func clientKey(t *testing.T) *desk.ClientKey {
	t.Helper()
	key, err := desk.NewClientKey(bytes.Repeat([]byte{3}, 64))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// authenticated checks the client's assertion (RFC 7523 §3) and that there is a proof
// of possession for this address (RFC 9449 §4.3), and gives the proof's key.
func (w *world) authenticated(rw http.ResponseWriter, r *http.Request) (thumbprint string, ok bool) {
	_ = r.ParseForm()
	var claims struct{ Iss, Sub, Aud, Jti string }
	if jws, err := jose.ParseSignedCompact(r.PostForm.Get("client_assertion"), []jose.SignatureAlgorithm{jose.ES256}); err == nil {
		if payload, err := jws.Verify(clientKey(w.t).JWKS().Keys[0]); err == nil {
			_ = json.Unmarshal(payload, &claims)
		}
	}
	if claims.Iss != clientID || claims.Sub != clientID || claims.Aud != w.peer.URL || claims.Jti == "" {
		reply(rw, 401, map[string]string{"error": "invalid_client"})
		return "", false
	}
	return w.proved(rw, r)
}

func (w *world) proved(rw http.ResponseWriter, r *http.Request) (thumbprint string, ok bool) {
	jws, err := jose.ParseSignedCompact(r.Header.Get("DPoP"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		problem(rw, 400, "invalid_dpop_proof", "no proof")
		return "", false
	}
	key := jws.Signatures[0].Header.JSONWebKey
	payload, err := jws.Verify(key)
	var claims struct{ Htm, Htu, Ath string }
	_ = json.Unmarshal(payload, &claims)
	if err != nil || claims.Htm != r.Method || claims.Htu != w.peer.URL+r.URL.Path {
		problem(rw, 400, "invalid_dpop_proof", "a proof for another request")
		return "", false
	}
	if access, bound := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP "); bound {
		sum := sha256.Sum256([]byte(access))
		if claims.Ath != base64.RawURLEncoding.EncodeToString(sum[:]) {
			problem(rw, 401, "invalid_dpop_proof", "a proof for another token")
			return "", false
		}
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err == nil
}

// push is the endpoint of pushed requests (RFC 9126 §2).
func (w *world) push(rw http.ResponseWriter, r *http.Request) {
	thumbprint, ok := w.authenticated(rw, r)
	if !ok {
		return
	}
	if r.PostForm.Get("dpop_jkt") != thumbprint {
		reply(rw, 400, map[string]string{"error": "invalid_dpop_proof"})
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	uri := "urn:ietf:params:oauth:request_uri:" + r.PostForm.Get("state")
	w.pushed[uri] = r.PostForm
	reply(rw, 201, map[string]any{"request_uri": uri, "expires_in": 60})
}

// token is the token endpoint: it checks the client, PKCE and redirect_uri.
func (w *world) token(rw http.ResponseWriter, r *http.Request) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.tokens != nil && w.tokens(rw) {
		return
	}
	if _, ok := w.authenticated(rw, r); !ok {
		return
	}
	nonce, organisation := "", "o1"
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		asked := w.codes[r.PostForm.Get("code")]
		delete(w.codes, r.PostForm.Get("code"))
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if asked == nil || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || asked.Get("redirect_uri") != r.PostForm.Get("redirect_uri") {
			reply(rw, 400, map[string]string{"error": "invalid_grant"})
			return
		}
		nonce = asked.Get("nonce")
	case "refresh_token":
		w.refreshes = append(w.refreshes, r.PostForm)
		if w.grantOver {
			reply(rw, 400, map[string]string{"error": "invalid_grant"})
			return
		}
		if asked := r.PostForm.Get("organization"); asked != "" {
			organisation = asked
		}
	}
	w.issued++
	access := fmt.Sprintf("access-%d", w.issued)
	w.live[access] = organisation
	reply(rw, 200, map[string]any{
		"access_token": access, "token_type": "DPoP", "expires_in": 600,
		"refresh_token": fmt.Sprintf("refresh-%d", w.issued), "id_token": w.idToken(nonce),
	})
}

func (w *world) idToken(nonce string) string {
	now := w.clock.Now()
	claims := map[string]any{
		"iss": w.peer.URL, "aud": clientID, "sub": w.subject, "nonce": nonce, "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	if w.idClaims != nil {
		w.idClaims(claims)
	}
	body, _ := json.Marshal(claims)
	return oidctest.SignIDToken(w.key, "k1", oidc.ES256, string(body))
}

// api answers the API for live tokens only.
func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if _, ok := w.proved(rw, r); !ok {
		return
	}
	w.mutex.Lock()
	w.calls = append(w.calls, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	organisation, ok := w.live[strings.TrimPrefix(r.Header.Get("Authorization"), "DPoP ")]
	answer := w.answers[r.Method+" "+r.URL.Path]
	w.mutex.Unlock()
	switch {
	case !ok:
		problem(rw, 401, "token_revoked", "Токен отозван.")
	case answer == nil:
		problem(rw, 404, "not_found", "Такой записи нет.")
	default:
		r.Header.Set("Organisation", organisation)
		answer(rw, r)
	}
}

func problem(rw http.ResponseWriter, status int, code, detail string, faults ...map[string]string) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(map[string]any{
		"status": status, "code": code, "title": "Отказ", "detail": detail, "instance": "urn:propusk:request:req-7", "errors": faults,
	})
}

// answer sets what the API says to one request.
func (w *world) answer(route string, status int, body any) {
	w.handle(route, func(rw http.ResponseWriter, _ *http.Request) { reply(rw, status, body) })
}

func (w *world) handle(route string, fn http.HandlerFunc) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.answers[route] = fn
}

func (w *world) defaults() {
	w.permissions("organization:read", "members:read", "members:write", "journal:read")
	w.answer("GET /v1/organizations", 200, map[string]any{"organizations": []map[string]any{
		{"id": "o1", "name": "ООО «Маяк»", "inn": "7801234561", "kpp": "780101001", "ogrn": "1187800012345", "role_label": "Руководитель", "current": true},
		{"id": "o2", "name": "ИП Морозова", "kind": "sole", "inn": "780400112233", "ogrn": "304780400112233", "role_label": "Администратор"},
	}})
	w.answer("GET /v1/organization/dashboard", 200, map[string]any{
		"name": "ООО «Маяк»", "activated_at": "2026-01-01T00:00:00Z", "profile": map[string]any{"complete": 2, "of": 6, "missing": []string{"bank"}},
		"legal_status": map[string]any{"status": "Действующее"}, "changes": map[string]any{"proposed": 1}, "sections": []any{},
	})
	w.answer("GET /v1/notices/count", 200, map[string]any{"unread": 3})
	w.answer("GET /v1/organization/grantors", 200, map[string]any{"colleagues": []map[string]any{{"member_id": "m1", "name": "Белова Анна Сергеевна", "role": "administrator"}}})
	w.answer("GET /v1/organization/members", 200, map[string]any{"next": "cursor", "members": []map[string]any{anna, ivan}})
	w.answer("GET /v1/organization/members/m2", 200, ivan)
	w.answer("GET /v1/organization/invitations", 200, map[string]any{"invitations": []map[string]any{
		{"id": "i1", "last_name": "Орлова", "first_name": "Вера", "email": "vera@mayak.example", "role": "operator", "expires_at": "2026-12-01T00:00:00Z"},
		{"id": "i2", "last_name": "Дёмин", "first_name": "Пётр", "email": "petr@mayak.example", "role": "observer", "expires_at": "2026-11-01T00:00:00Z", "expired": true},
	}})
	w.answer("GET /v1/organization/roles", 200, map[string]any{
		"roles":       []map[string]any{{"role": "operator", "label": "Оператор", "permissions": []string{"members:read"}}, {"role": "accountant", "label": "Бухгалтер"}},
		"permissions": []map[string]any{{"permission": "members:read", "label": "Просмотр сотрудников"}},
	})
	w.answer("GET /v1/organization/journal", 200, map[string]any{"next": 41, "entries": []map[string]any{
		{"seq": 43, "at": "2026-11-22T09:05:00Z", "actor": "p1", "actor_name": "Анна Белова", "action": "member.changed", "outcome": "success", "ip": "192.0.2.7", "details": map[string]string{"role_before": "operator", "role": "accountant", "gained": "filings:sign", "person": "p2"}},
		{"seq": 42, "at": "2026-11-22T09:00:00Z", "client": "warehouse", "action": "access.refused", "outcome": "refused", "details": map[string]string{"reason": "permission_missing"}},
		{"seq": 41, "at": "2026-11-22T08:00:00Z", "action": "signin.totp", "outcome": "accepted", "details": map[string]string{"lost": "members:read members:write journal:read"}},
		{"seq": 40, "at": "2026-11-22T07:00:00Z", "action": "unheard.of", "outcome": "success", "details": map[string]string{"reason": "weather", "name": "Склад"}},
	}})
}

func (w *world) permissions(names ...string) {
	w.handle("GET /v1/me", func(rw http.ResponseWriter, r *http.Request) {
		name := map[string]string{"o1": "ООО «Маяк»", "o2": "ИП Морозова"}[r.Header.Get("Organisation")]
		reply(rw, 200, map[string]any{
			"person":       map[string]any{"name": "Белова Анна Сергеевна", "first_name": "Анна", "last_name": "Белова"},
			"organization": map[string]any{"id": r.Header.Get("Organisation"), "name": name, "roles": []string{"head"}, "permissions": names},
		})
	})
}

var (
	anna = map[string]any{"id": "m1", "role": "head", "activated_at": "2026-01-15T10:00:00Z", "permissions": []string{"members:read"}, "person": map[string]any{"id": "p1", "name": "Белова Анна Сергеевна", "email": "anna@mayak.example"}}
	ivan = map[string]any{"id": "m2", "role": "operator", "position": "Кладовщик", "activated_at": "2026-02-01T10:00:00Z", "permissions": []string{"organization:read", "filings:write"}, "person": map[string]any{"id": "p2", "name": "Ким Иван", "email": "ivan@mayak.example", "phone": "+79210000002"}}
)

// page is an answer as the browser got it.
type page struct {
	*http.Response
	body string
}

func (w *world) do(r *http.Request) page {
	w.t.Helper()
	answer, err := w.browser.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return page{answer, string(body)}
}

func (w *world) get(path string) page {
	w.t.Helper()
	r, _ := http.NewRequest(http.MethodGet, w.cabinet.URL+path, nil)
	return w.do(r)
}

// formPage is the page that a form stands on, by the path it is sent to.
func formPage(path string) string {
	switch {
	case strings.HasPrefix(path, "/cabinet/invitations/"):
		return "/cabinet/members"
	case strings.HasPrefix(path, "/cabinet/members/"):
		return strings.TrimSuffix(strings.TrimSuffix(path, "/role"), "/remove")
	}
	return "/cabinet"
}

// post sends a form as a browser does from our own page.
func (w *world) post(path string, form url.Values) page {
	w.t.Helper()
	form = maps.Clone(form)
	if form == nil {
		form = url.Values{}
	}
	form.Set("cabinet-organisation", w.drawnFor)
	form.Set("cabinet-page", formPage(path))
	form.Set("cabinet-key", "0123456789abcdef012345")
	r, _ := http.NewRequest(http.MethodPost, w.cabinet.URL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.do(r)
}

// asked is the authorization request that an answer redirects to.
func (w *world) asked(p page) url.Values {
	w.t.Helper()
	to, err := p.Location()
	if err != nil || p.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to.String(), w.peer.URL+"/oauth2/authorize?") {
		w.t.Fatalf("no way to sign in: %s %v\n%s", p.Status, to, p.body)
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	uri := to.Query().Get("request_uri")
	request := w.pushed[uri]
	delete(w.pushed, uri)
	return request
}

// approve plays the issuer: it gives a code for the request and answers it.
func (w *world) approve(asked url.Values) page {
	w.t.Helper()
	w.mutex.Lock()
	w.codes["code-"+asked.Get("state")] = asked
	w.mutex.Unlock()
	return w.get(CallbackPath + "?" + url.Values{"code": {"code-" + asked.Get("state")}, "state": {asked.Get("state")}, "iss": {w.peer.URL}}.Encode())
}

// signIn opens the cabinet and signs in.
func (w *world) signIn() {
	w.t.Helper()
	if p := w.approve(w.asked(w.get("/cabinet"))); p.StatusCode != http.StatusSeeOther || p.Header.Get("Location") != "/cabinet" {
		w.t.Fatalf("the sign-in ends with %s %s\n%s", p.Status, p.Header.Get("Location"), p.body)
	}
}

// revoke voids every access token.
func (w *world) revoke() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	clear(w.live)
}

func (w *world) called(call string) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return slices.Contains(w.calls, call)
}

// want checks the status of a page and what stands on it.
func (p page) want(t *testing.T, status int, texts ...string) {
	t.Helper()
	if p.StatusCode != status {
		t.Fatalf("%s, want %d\n%s", p.Status, status, p.body)
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			t.Errorf("no %q on the page\n%s", text, p.body)
		}
	}
}

func (p page) lacks(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			t.Errorf("%q is on the page", text)
		}
	}
}

func sealer(t *testing.T) *storage.Sealer {
	t.Helper()
	made, err := storage.NewSealer([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return made
}
