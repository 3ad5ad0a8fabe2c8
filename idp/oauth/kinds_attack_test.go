package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
)

// kinds are JWTs of every kind that this server makes or is given, each good where it
// belongs.
func (h *house) kinds() map[string]string {
	h.t.Helper()
	ec := newKey(h.t)
	app, service := h.web(), h.signer(keySetOf(h.t, jose.JSONWebKey{Key: ec.Public()}))
	requester, prover := h.requester(jose.JSONWebKey{Key: ec.Public()}), h.prover()
	signed := h.signedIn(app, nil)
	logout, err := h.logoutToken(newRegistration(app.Client), logoutNotice{app.ID, storage.NewID(), h.maria.ID})
	if err != nil {
		h.t.Fatal(err)
	}
	response, err := h.signedResponse(redirection{uri: callback, mode: modeJWT, clientID: app.ID}, url.Values{"code": {"x"}, "iss": {issuer}})
	if err != nil {
		h.t.Fatal(err)
	}
	r := h.request(app, url.Values{"token": {signed.text("access_token")}})
	r.Header.Set("Accept", "application/token-introspection+jwt")
	w := httptest.NewRecorder()
	if err := h.Introspect(w, r); err != nil {
		h.t.Fatal(err)
	}
	by := signing{alg: jose.ES256, key: ec}
	return map[string]string{
		"access token": signed.text("access_token"), "ID token": signed.text("id_token"), "refresh token": signed.text("refresh_token"),
		"logout token": logout, "signed response": response, "signed introspection": w.Body.String(),
		"client assertion": by.jwt(h.t, h.asserting(service, nil)), "request object": by.jwt(h.t, h.objecting(requester, nil)),
		"DPoP proof": prover.proof(nil),
	}
}

// RFC 8725 §3.11, RFC 9068 §4, RFC 9701 §8.1: a JWT of one kind does for no other,
// whoever signed it; nor does one for another audience.
func TestATokenOfOneKindIsNoOther(t *testing.T) {
	h := alone(t)
	kinds := h.kinds()
	good := map[string]string{
		"client_assertion at the token endpoint": "client assertion", "client_assertion at introspection": "client assertion",
		"client_assertion at revocation": "client assertion", "request at the authorization endpoint": "request object",
		"request at the PAR endpoint": "request object", "DPoP": "DPoP proof", "id_token_hint": "ID token",
		"assertion of the grant jwt-bearer": "client assertion", "id_token_hint at the sign-out": "ID token",
		// What a program may act by is its own token, and none of a person's.
		"subject_token": "", "actor_token": "",
		"the access token at userinfo": "access token",
		// Introspection is asked about refresh tokens, too (RFC 7662 §2.1), by their owner.
		"the token at introspection": "access token",
	}
	for _, parameter := range h.jwtParameters() {
		wanted, known := good[parameter.name]
		if !known {
			t.Errorf("what belongs into %q?", parameter.name)
		}
		for kind, token := range kinds {
			if kind != wanted && parameter.takes(token) {
				t.Errorf("%s: a %s is taken", parameter.name, kind)
			}
		}
	}
}

// RFC 9700 §4.2.2, §4.5: the answer reaches the redirect URI of its request with the
// issuer's name in it, whichever way it goes, success or not (RFC 9207 §2): a client
// of two servers can tell whose code it holds (mix-up, §4.4).
func TestEveryResponseNamesItsIssuer(t *testing.T) {
	h := alone(t)
	c := h.web()
	for _, mode := range append([]string{""}, responseModes...) {
		request, err := h.authorizing(asking(c, with{"response_mode": mode}))
		if err != nil {
			t.Fatal(err)
		}
		issued, refused := httptest.NewRecorder(), httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/signin", nil)
		if err := h.Issue(t.Context(), issued, r, request, h.approval(request.Scopes)); err != nil {
			t.Fatal(err)
		}
		h.Refuse(refused, r, request, "access_denied", "no")
		for what, w := range map[string]*httptest.ResponseRecorder{"code": issued, "error": refused} {
			if got := h.readResponse(mode, w); got.Get("iss") != issuer || got.Get("state") != "st" || got.Get(what) == "" {
				t.Errorf("%s, %s: %v", mode, what, got)
			}
		}
	}
}

// readResponse reads an authorization response of a mode.
func (h *house) readResponse(mode string, w *httptest.ResponseRecorder) url.Values {
	h.t.Helper()
	response := url.Values{}
	if strings.HasPrefix(mode, modeFormPost) {
		for _, name := range []string{"iss", "state", "code", "error", "response"} {
			if _, after, found := strings.Cut(w.Body.String(), `name="`+name+`" value="`); found {
				value, _, _ := strings.Cut(after, `"`)
				response.Set(name, strings.NewReplacer("&#43;", "+", "&amp;", "&").Replace(value))
			}
		}
	} else {
		location, err := url.Parse(w.Header().Get("Location"))
		if err != nil {
			h.t.Fatal(err)
		}
		if response = location.Query(); mode == modeFragmentJWT {
			response, _ = url.ParseQuery(location.EscapedFragment())
		}
	}
	if !strings.HasSuffix(mode, modeJWT) {
		return response
	}
	var claims map[string]any
	if err := h.verify(response.Get("response"), "JWT", &claims); err != nil {
		h.t.Fatalf("%s: %v", mode, err)
	}
	plain := url.Values{}
	for name, value := range claims {
		if text, ok := value.(string); ok {
			plain.Set(name, text)
		}
	}
	return plain
}

// RFC 9700 §4.5: a stolen code is worth nothing in the attacker's own session: his
// client, redirect URI or verifier is another, and each alone stops it.
func TestAnInjectedCodeIsRefused(t *testing.T) {
	h := alone(t)
	victim, attacker := h.web(), h.web()
	const his = "another-verifier-that-is-long-enough-to-be-one-of-RFC-7636"
	for name, try := range map[string]func(code string) answer{
		"by another client":       func(code string) answer { return h.post(h.Token, attacker, redeeming(code, nil)) },
		"with the attacker's key": func(code string) answer { return h.post(h.Token, victim, redeeming(code, with{"code_verifier": his})) },
		"to another redirect URI": func(code string) answer {
			return h.post(h.Token, victim, redeeming(code, with{"redirect_uri": "https://evil.example/"}))
		},
		"with the challenge as proof": func(code string) answer {
			return h.post(h.Token, victim, redeeming(code, with{"code_verifier": challengeOf(verifier)}))
		},
	} {
		h.refused(name, try(h.code(victim, nil)), http.StatusBadRequest, "invalid_grant")
	}
	h.refused("without a verifier", h.post(h.Token, victim, redeeming(h.code(victim, nil), with{"code_verifier": ""})), http.StatusBadRequest, "invalid_request")
}

// RFC 9700 §4.8: PKCE cannot be taken out of a request, nor weakened, by whoever
// changes it on its way; the signed and the pushed ones included.
func TestProofKeysAreNotDowngraded(t *testing.T) {
	h := alone(t)
	ec := newKey(t)
	c := h.requester(jose.JSONWebKey{Key: ec.Public()})
	by := signing{alg: jose.ES256, key: ec}
	for name, changes := range map[string]with{
		"without challenge":          {"code_challenge": ""},
		"without challenge, method":  {"code_challenge": "", "code_challenge_method": ""},
		"without method":             {"code_challenge_method": ""},
		"plain":                      {"code_challenge": verifier, "code_challenge_method": "plain"},
		"a method in small letters":  {"code_challenge_method": "s256"},
		"an unknown method":          {"code_challenge_method": "S512"},
		"a challenge that is short":  {"code_challenge": "x"},
		"a challenge that is padded": {"code_challenge": challengeOf(verifier) + "="},
	} {
		if _, err := h.authorizing(asking(c, changes)); err == nil {
			t.Errorf("%s: taken", name)
		}
		h.refused(name+", pushed", h.push(c, changes), http.StatusBadRequest, "invalid_request")
		claims := map[string]any{}
		for parameter, value := range changes {
			if claims[parameter] = value; value == "" {
				claims[parameter] = nil
			}
		}
		form := parameters(flat(carrying(c, by.jwt(t, h.objecting(c, claims)))), with{
			"code_challenge": challengeOf(verifier), "code_challenge_method": "S256", // beside the object they do not count
		})
		if _, err := h.authorizing(form); err == nil {
			t.Errorf("%s, signed: taken", name)
		}
	}
}

// RFC 9700 §4.14, RFC 6749 §10.4: a refresh token and an access token stay with their
// client, though another one proves the same key.
func TestARefreshTokenCrossesNoClients(t *testing.T) {
	h := alone(t)
	mine, another, key := h.web(), h.web(), h.prover()
	first := key.proving(mine, redeeming(h.code(mine, nil), nil), nil)
	stolen := refreshing(first.text("refresh_token"), nil)
	h.refused("another client, the same key", key.proving(another, stolen, nil), http.StatusBadRequest, "invalid_grant")
	h.refused("a page without a secret", key.proving(h.spa(), stolen, nil), http.StatusBadRequest, "invalid_grant")
	if h.active(another, first.text("access_token")) {
		t.Error("another client learns of the token")
	}
	if got := h.post(h.Revoke, another, url.Values{"token": {first.text("refresh_token")}}); got.status >= 500 {
		t.Errorf("revocation: %d", got.status)
	}
	if got := key.proving(mine, stolen, nil); got.status != http.StatusOK {
		t.Errorf("its own client: %d %v", got.status, got.body)
	}
}
