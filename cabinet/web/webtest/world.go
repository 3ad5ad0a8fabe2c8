package webtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/web/desk"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// clientID is the cabinet's client at the test's issuer.
const clientID = "cabinet"

// World is a cabinet in the browser over a whole API.
type World struct {
	*cabinettest.World
	Desk *desk.Desk

	mutex  sync.Mutex
	pushed map[string]url.Values // request_uri → authorization request
	codes  map[string]grant      // code → what it is good for
	live   map[string]grant      // refresh token → what it is good for
	issued int
	// Change, when set, changes the claims of every access token that is issued.
	Change func(claims map[string]any)
}

// grant is what a person has allowed the cabinet.
type grant struct {
	request url.Values
	office  *cabinettest.Office
	member  directory.MemberView
	acr     string
}

// sharedKit is one for all tests: a kit never changes.
var sharedKit = sync.OnceValues(func() (*pages.Kit, error) { return pages.New(pages.Deps{Compare: true}) })

// New builds a cabinet with rooms of the API and rooms of pages, over a database of
// its own.
func New(t testing.TB, rooms cabinettest.Rooms, drawn ...desk.Room) *World {
	t.Helper()
	w := &World{
		World: cabinettest.New(t, storagetest.SQLite(t), rooms), pushed: map[string]url.Values{},
		codes: map[string]grant{}, live: map[string]grant{},
	}
	kit, err := sharedKit()
	cabinettest.Must(t, err)
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{9}, 32))
	cabinettest.Must(t, err)
	key, err := desk.NewClientKey(bytes.Repeat([]byte{5}, 64))
	cabinettest.Must(t, err)
	w.Desk, err = desk.New(desk.Deps{
		Issuer: cabinettest.Issuer, API: cabinettest.Issuer, ClientID: clientID, ClientKey: key, Ephemeral: w.Memory,
		Sealer: sealer, Pages: kit, HTTPClient: &http.Client{Transport: w}, Log: w.Log, Now: w.Clock.Now,
	}, drawn...)
	cabinettest.Must(t, err)
	return w
}

// RoundTrip plays the issuer and the API for the cabinet.
func (w *World) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	ours := r.Clone(r.Context())
	ours.RequestURI = r.URL.RequestURI()
	if ours.Body == nil {
		ours.Body = http.NoBody
	}
	defer ours.Body.Close()
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/v1/"):
		w.Server.ServeHTTP(recorder, ours)
	case path == "/.well-known/openid-configuration":
		reply(recorder, http.StatusOK, map[string]any{
			"issuer": cabinettest.Issuer, "jwks_uri": cabinettest.Issuer + "/jwks",
			"authorization_endpoint": cabinettest.Issuer + "/oauth2/authorize", "token_endpoint": cabinettest.Issuer + "/oauth2/token",
			"pushed_authorization_request_endpoint": cabinettest.Issuer + "/oauth2/par", "end_session_endpoint": cabinettest.Issuer + "/oauth2/logout",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	case path == "/jwks":
		reply(recorder, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{cabinettest.PublicKey()}})
	case path == "/oauth2/par":
		w.push(recorder, ours)
	case path == "/oauth2/token":
		w.token(recorder, ours)
	default:
		http.NotFound(recorder, ours)
	}
	answer := recorder.Result()
	answer.Request = r
	return answer, nil
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (w *World) push(out http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	uri := "urn:ietf:params:oauth:request_uri:" + storage.NewID()
	w.pushed[uri] = r.PostForm
	reply(out, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": 60})
}

func (w *World) token(out http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	from, value := w.codes, r.PostForm.Get("code")
	if r.PostForm.Get("grant_type") == "refresh_token" {
		from, value = w.live, r.PostForm.Get("refresh_token")
	}
	given, known := from[value]
	delete(from, value)
	if !known {
		reply(out, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	if asked := r.PostForm.Get("organization"); asked != "" && asked != given.office.ID {
		reply(out, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	refresh := storage.NewID()
	w.live[refresh] = given
	reply(out, http.StatusOK, map[string]any{
		"access_token": w.accessToken(given, thumbprintOf(r.Header.Get("DPoP"))), "token_type": "DPoP", "expires_in": 600,
		"refresh_token": refresh, "id_token": w.idToken(given), "scope": given.request.Get("scope"),
	})
}

func (w *World) accessToken(g grant, thumbprint string) string {
	w.issued++
	claims := cabinettest.But(w.Claims(g.office, w.Fresh(g.office, g.member)), map[string]any{
		"acr": g.acr, "cnf": map[string]string{"jkt": thumbprint}, "jti": storage.NewID(), "scope": g.request.Get("scope"),
	})
	if w.Change != nil {
		w.Change(claims)
	}
	return cabinettest.Sign(w.T, claims)
}

func (w *World) idToken(g grant) string {
	now := w.Clock.Now()
	return cabinettest.Sign(w.T, map[string]any{
		"iss": cabinettest.Issuer, "aud": clientID, "sub": g.member.Person.ID, "nonce": g.request.Get("nonce"),
		"iat": now.Unix(), "exp": now.Unix() + 600, "acr": g.acr,
	})
}

// thumbprintOf is the key's name of a proof (RFC 9449 §6.1); the API checks the
// proofs themselves.
func thumbprintOf(proof string) string {
	header, _, _ := strings.Cut(proof, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(header)
	var read struct {
		JWK struct {
			Crv string `json:"crv"`
			Kty string `json:"kty"`
			X   string `json:"x"`
			Y   string `json:"y"`
		} `json:"jwk"`
	}
	_ = json.Unmarshal(raw, &read)
	canonical, _ := json.Marshal(read.JWK) // its members are in the order of RFC 7638 §3.2
	sum := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Browser is a browser of one person.
type Browser struct {
	T       testing.TB
	site    http.Handler
	approve func(b *Browser, requestURI string) *url.URL
	jar     *cookiejar.Jar
	office  *cabinettest.Office
	member  directory.MemberView
	// ACR is how strongly the person signs in; a step-up raises it by itself.
	ACR string
	// Language is what the browser prefers: "ru", or "en".
	Language string
}

// Member opens a browser in which a member of an office signs in when asked.
func (w *World) Member(o *cabinettest.Office, m directory.MemberView) *Browser {
	b := NewBrowser(w.T, w.Desk, w.approve)
	b.office, b.member = o, m
	return b
}

// NewBrowser opens a browser on a site. approve plays the issuer's pages: for the
// pushed request that the site sends the browser with, it says where the browser
// comes back to.
func NewBrowser(t testing.TB, site http.Handler, approve func(b *Browser, requestURI string) *url.URL) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	cabinettest.Must(t, err)
	return &Browser{T: t, site: site, approve: approve, jar: jar, ACR: cabinettest.Second, Language: "ru"}
}

// SignIn opens a browser of the office's member with the role, signed in.
func (w *World) SignIn(o *cabinettest.Office, role directory.Role) *Browser {
	w.T.Helper()
	b := w.Member(o, o.Members[role])
	if page := b.Open("/cabinet/prolong-nothing"); page.Status != http.StatusNotFound {
		w.T.Fatalf("the sign-in ends with %d: %s", page.Status, page.Text())
	}
	b.Open("/cabinet/organisations")
	return b
}

// In makes the browser one of another language.
func (b *Browser) In(language string) *Browser {
	b.Language = language
	return b
}
