package web_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/webtest"
	"propusk/console/web"
	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// world is an issuer and the console's API that a test speaks for, with the console
// before them. The real API is behind the same pages in e2e.
type world struct {
	t     *testing.T
	clock *storagetest.Clock
	site  *desk.Desk
	key   *ecdsa.PrivateKey

	mutex   sync.Mutex
	subject string
	roles   []string
	pushed  map[string]url.Values
	codes   map[string]url.Values
	asked   []url.Values            // authorization requests, in their order
	answers map[string]http.Handler // "METHOD /path" below /console/v1 → what the API answers
	calls   []call
}

// call is what the API was asked.
type call struct {
	what, body, key, match string
}

var sharedKit = sync.OnceValues(func() (*pages.Kit, error) { return pages.New(pages.Deps{}) })

func newWorld(t *testing.T, roles ...string) *world {
	t.Helper()
	w := &world{
		t: t, clock: storagetest.NewClock(), subject: "op1", roles: roles, pushed: map[string]url.Values{}, codes: map[string]url.Values{}, answers: map[string]http.Handler{},
	}
	var err error
	w.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	cabinettest.Must(t, err)
	kit, err := sharedKit()
	cabinettest.Must(t, err)
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{9}, 32))
	cabinettest.Must(t, err)
	key, err := desk.NewClientKey(bytes.Repeat([]byte{5}, 64))
	cabinettest.Must(t, err)
	w.site, err = web.New(desk.Deps{
		Issuer: cabinettest.Issuer, API: cabinettest.Issuer, ClientID: web.ClientID, ClientKey: key,
		Ephemeral: storagetest.Memory(t, w.clock.Now), Sealer: sealer, Pages: kit,
		HTTPClient: &http.Client{Transport: w}, Log: slog.New(slog.DiscardHandler), Now: w.clock.Now,
	})
	cabinettest.Must(t, err)
	return w
}

// browser opens a browser of the operator; nobody has signed in yet.
func (w *world) browser() *webtest.Browser { return webtest.NewBrowser(w.t, w.site, w.approve) }

// says makes the API answer a request with JSON.
func (w *world) says(what string, status int, body string) {
	w.answers[what] = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		kind := "application/json"
		if status >= http.StatusBadRequest {
			kind = "application/problem+json"
		}
		rw.Header().Set("Content-Type", kind)
		rw.Header().Set("ETag", `"7"`)
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	})
}

// last is the last call of a request.
func (w *world) last(what string) call {
	w.t.Helper()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for i := len(w.calls) - 1; i >= 0; i-- {
		if w.calls[i].what == what {
			return w.calls[i]
		}
	}
	w.t.Fatalf("the API was not asked %s", what)
	return call{}
}

// RoundTrip plays the issuer and the API.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	form, _ := url.ParseQuery(string(body))
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/console/v1/"):
		w.api(recorder, r, string(body))
	case path == "/.well-known/openid-configuration":
		reply(recorder, http.StatusOK, map[string]any{
			"issuer": cabinettest.Issuer, "jwks_uri": cabinettest.Issuer + "/jwks",
			"authorization_endpoint": cabinettest.Issuer + "/oauth2/authorize", "token_endpoint": cabinettest.Issuer + "/oauth2/token",
			"pushed_authorization_request_endpoint": cabinettest.Issuer + "/oauth2/par", "end_session_endpoint": cabinettest.Issuer + "/oauth2/logout",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	case path == "/jwks":
		reply(recorder, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &w.key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	case path == "/oauth2/par":
		uri := "urn:ietf:params:oauth:request_uri:" + storage.NewID()
		w.pushed[uri] = form
		w.asked = append(w.asked, form)
		reply(recorder, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": 60})
	case path == "/oauth2/token":
		w.token(recorder, form)
	default:
		http.NotFound(recorder, r)
	}
	answer := recorder.Result()
	answer.Request = r
	return answer, nil
}

func (w *world) api(rw http.ResponseWriter, r *http.Request, body string) {
	what := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/console/v1")
	w.calls = append(w.calls, call{what: what, body: body, key: r.Header.Get("Idempotency-Key"), match: r.Header.Get("If-Match")})
	if r.URL.RawQuery != "" {
		w.calls = append(w.calls, call{what: what + "?" + r.URL.RawQuery})
	}
	if known := w.answers[what]; known != nil {
		known.ServeHTTP(rw, r)
		return
	}
	if what == "GET /me" {
		reply(rw, http.StatusOK, map[string]any{"id": w.subject, "name": "Орлова Вера Ильинична", "roles": w.roles, "looks": map[string]int{"limit": 60, "used": 3}})
		return
	}
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(rw, `{"code":"not_found","title":"Не найдено","detail":"Такого нет."}`)
}

func (w *world) token(rw http.ResponseWriter, form url.Values) {
	request, known := w.codes[form.Get("code")]
	if !known && form.Get("grant_type") != "refresh_token" {
		reply(rw, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	delete(w.codes, form.Get("code"))
	now := w.clock.Now()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: w.key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	cabinettest.Must(w.t, err)
	claims, _ := json.Marshal(map[string]any{"iss": cabinettest.Issuer, "aud": web.ClientID, "sub": w.subject, "nonce": request.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()})
	signed, err := signer.Sign(claims)
	cabinettest.Must(w.t, err)
	id, err := signed.CompactSerialize()
	cabinettest.Must(w.t, err)
	reply(rw, http.StatusOK, map[string]any{"access_token": storage.NewID(), "token_type": "DPoP", "expires_in": 300, "refresh_token": storage.NewID(), "id_token": id, "scope": request.Get("scope")})
}

// approve plays the issuer's pages.
func (w *world) approve(b *webtest.Browser, uri string) *url.URL {
	b.T.Helper()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	request := w.pushed[uri]
	if request == nil {
		b.T.Fatal("the browser is sent to sign in without a pushed request")
	}
	delete(w.pushed, uri)
	code := storage.NewID()
	w.codes[code] = request
	to, err := url.Parse(request.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {request.Get("state")}, "iss": {cabinettest.Issuer}}.Encode())
	cabinettest.Must(b.T, err)
	return to
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// problem is a refusal of the API.
func problem(code, detail string) string {
	out, _ := json.Marshal(map[string]string{"code": code, "title": "Отказ", "detail": detail})
	return string(out)
}

// invalid is a refusal of one field.
func invalid(field, detail string) string {
	out, _ := json.Marshal(map[string]any{"code": "validation_failed", "title": "Ошибка", "detail": "Исправьте поля.", "errors": []map[string]string{{"pointer": "/" + field, "code": "too_short", "detail": detail}}})
	return string(out)
}
