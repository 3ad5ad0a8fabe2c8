package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// jwtParameter is a place where a stranger can put a JWT.
type jwtParameter struct {
	name    string
	public  crypto.PublicKey // of whoever signs genuine ones, as everybody knows it
	genuine func() string
	takes   func(token string) bool
	carries bool // the key is the header's own jwk, whosever it is (RFC 9449 §4.2)
}

// jwtParameters are all of them, the client's own first.
func (h *house) jwtParameters() []jwtParameter {
	return append(append(h.ownJWTs(), h.requestJWTs()...), h.serverJWTs()...)
}

// ownJWTs are by which a client says who it is.
func (h *house) ownJWTs() []jwtParameter {
	ec := newKey(h.t)
	jwks := keySetOf(h.t, jose.JSONWebKey{Key: ec.Public()})
	service, bearer := h.signer(jwks), h.bearer(jwks, nil)
	by := signing{alg: jose.ES256, key: ec}
	client := func(endpoint func(http.ResponseWriter, *http.Request) error, form with) func(string) bool {
		return func(token string) bool {
			form := parameters(form, with{"client_assertion": token, "client_assertion_type": assertionType})
			return h.send(endpoint, h.request(caller{}, form)).status < 300
		}
	}
	assertion := func() string { return by.jwt(h.t, h.asserting(service, nil)) }
	return []jwtParameter{
		{"client_assertion at the token endpoint", ec.Public(), assertion, client(h.Token, flat(ownGrant)), false},
		{"client_assertion at introspection", ec.Public(), assertion, client(h.Introspect, with{"token": "x"}), false},
		{"client_assertion at revocation", ec.Public(), assertion, client(h.Revoke, with{"token": "x"}), false},
		{"assertion of the grant jwt-bearer", ec.Public(), func() string { return by.jwt(h.t, h.asserting(bearer, nil)) }, func(token string) bool {
			return h.bearing(caller{}, token, nil).status == http.StatusOK
		}, false},
	}
}

// requestJWTs are by which a client says what it wants, and that it holds a key.
func (h *house) requestJWTs() []jwtParameter {
	ec := newKey(h.t)
	web, app, prover := h.requester(jose.JSONWebKey{Key: ec.Public()}), h.web(), h.prover()
	object := func() string { return signing{alg: jose.ES256, key: ec}.jwt(h.t, h.objecting(web, nil)) }
	return []jwtParameter{
		{"request at the authorization endpoint", ec.Public(), object, func(token string) bool {
			_, err := h.authorizing(carrying(web, token))
			return err == nil
		}, false},
		{"request at the PAR endpoint", ec.Public(), object, func(token string) bool {
			return h.post(h.Push, web, url.Values{"request": {token}}).status == http.StatusCreated
		}, false},
		{"DPoP", prover.key.Public(), func() string { return prover.proof(nil) }, func(token string) bool {
			r := h.request(app, refreshing("x", nil))
			r.Header["Dpop"] = []string{token}
			return h.send(h.Token, r).text("error") == "invalid_grant" // it got past the proof, to the token that is none
		}, true},
	}
}

// serverJWTs are this server's own, that come back to it.
func (h *house) serverJWTs() []jwtParameter {
	app, agent := h.web(), h.agent()
	h.entrusted(nil)
	signed := h.signedIn(app, nil)
	server, _, _ := ring.Public(headerOf(h.t, signed.text("access_token"))["kid"].(string))
	idToken, accessToken := func() string { return signed.text("id_token") }, func() string { return signed.text("access_token") }
	own := func() string { return h.own(agent) }
	return []jwtParameter{
		{"subject_token", server, own, func(token string) bool {
			return h.post(h.Token, agent, exchanging(token, with{"organization": h.vasilek.ID})).status == http.StatusOK
		}, false},
		{"actor_token", server, own, func(token string) bool {
			form := exchanging(h.own(agent), acting(token))
			form.Set("organization", h.vasilek.ID)
			return h.post(h.Token, agent, form).status == http.StatusOK
		}, false},
		{"id_token_hint", server, idToken, func(token string) bool {
			_, err := h.authorizing(asking(app, with{"id_token_hint": token}))
			return err == nil
		}, false},
		{"id_token_hint at the sign-out", server, idToken, func(token string) bool {
			r := httptest.NewRequest(http.MethodGet, "/oauth2/logout?"+url.Values{"id_token_hint": {token}}.Encode(), nil)
			_, err := h.LogoutRequest(h.t.Context(), r)
			return err == nil
		}, false},
		{"the access token at userinfo", server, accessToken, func(token string) bool {
			r := h.request(caller{}, url.Values{})
			r.Header["Authorization"] = []string{"Bearer " + token}
			return h.send(h.UserInfo, r).status == http.StatusOK
		}, false},
		{"the token at introspection", server, accessToken, func(token string) bool { return h.active(app, token) }, false},
	}
}

func headerOf(t testing.TB, token string) map[string]any {
	t.Helper()
	part, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(part)
	var header map[string]any
	if err != nil || json.Unmarshal(text, &header) != nil {
		t.Fatalf("%q", token)
	}
	return header
}

func b64(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

// forgery makes, of a genuine token, one that must not be taken.
type forgery struct {
	name string
	make func(header map[string]any, payload string, signature []byte) string
}

// forged is a token with a changed header, signed by by (nil: with no signature).
func forged(changes map[string]any, by func(input string) []byte) func(map[string]any, string, []byte) string {
	return func(header map[string]any, payload string, _ []byte) string {
		head := map[string]any{}
		for name, value := range header {
			head[name] = value
		}
		for name, value := range changes {
			head[name] = value
		}
		text, _ := json.Marshal(head)
		input := b64(text) + "." + payload
		if by == nil {
			return input + "."
		}
		return input + "." + b64(by(input))
	}
}

func macBy(sum func() hash.Hash, key []byte) func(string) []byte {
	return func(input string) []byte {
		mac := hmac.New(sum, key)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
}

func es256By(t testing.TB, key *ecdsa.PrivateKey) func(string) []byte {
	return func(input string) []byte {
		digest := sha256.Sum256([]byte(input))
		der, err := key.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		var pair struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(der, &pair); err != nil {
			t.Fatal(err)
		}
		return append(pair.R.FillBytes(make([]byte, 32)), pair.S.FillBytes(make([]byte, 32))...)
	}
}

// withoutSignature are RFC 8725 §2.1: none, in every spelling, and signatures that
// careless verifiers take.
func withoutSignature() []forgery {
	list := []forgery{
		{"no signature", func(h map[string]any, p string, _ []byte) string { return forged(nil, nil)(h, p, nil) }},
		{"a signature of zeros", forged(nil, func(string) []byte { return make([]byte, 64) })},
		{"a short signature", func(h map[string]any, p string, s []byte) string {
			return forged(nil, func(string) []byte { return s[:len(s)-1] })(h, p, s)
		}},
		{"a signature with more behind it", func(h map[string]any, p string, s []byte) string {
			return forged(nil, func(string) []byte { return append(s[:len(s):len(s)], 0) })(h, p, s)
		}},
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE", "", "null"} {
		list = append(list,
			forgery{"alg " + none + " without signature", forged(map[string]any{"alg": none}, nil)},
			forgery{"alg " + none + " with the signature", func(h map[string]any, p string, s []byte) string {
				return forged(map[string]any{"alg": none}, func(string) []byte { return s })(h, p, s)
			}})
	}
	return list
}

// byPublicKey are RFC 8725 §2.1: the public key, in every form it can be had in, for
// the secret of a MAC.
func byPublicKey(t testing.TB, public crypto.PublicKey) []forgery {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	jwk, _ := json.Marshal(jose.JSONWebKey{Key: public})
	jwks, _ := ring.JWKS()
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	var list []forgery
	for form, secret := range map[string][]byte{
		"DER": der, "PEM": text, "PEM without its last line break": []byte(strings.TrimSpace(string(text))), "JWK": jwk, "key set": jwks, "nothing": {},
	} {
		for alg, sum := range map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New} {
			list = append(list, forgery{alg + " by " + form, forged(map[string]any{"alg": alg}, macBy(sum, secret))})
		}
	}
	return list
}

// ownJWK names the forgery that is none where the header's jwk is the key.
const ownJWK = "the attacker's key, jwk"

// byHeader are RFC 8725 §2.10, §3.10: a key of the attacker's, which the header
// brings or names.
func byHeader(t testing.TB, keysAt string) []forgery {
	t.Helper()
	mine := newKey(t)
	jwk, _ := json.Marshal(jose.JSONWebKey{Key: mine.Public()})
	certificate := selfSigned(t, time.Now())
	chain := []string{base64.StdEncoding.EncodeToString(certificate.Raw)}
	var list []forgery
	for name, changes := range map[string]map[string]any{
		"nothing else": nil, "jwk": {"jwk": json.RawMessage(jwk)}, "jku": {"jku": keysAt}, "x5u": {"x5u": keysAt}, "x5c": {"x5c": chain},
		"kid of nobody": {"kid": "nobody"}, "kid that is a path": {"kid": "../../../../dev/null"}, "kid that is an address": {"kid": keysAt},
		"kid that is a query": {"kid": "' OR '1'='1"}, "no kid": {"kid": ""}, "jwk and jku": {"jwk": json.RawMessage(jwk), "jku": keysAt},
	} {
		list = append(list, forgery{"the attacker's key, " + name, forged(changes, es256By(t, mine))})
	}
	return append(list,
		forgery{"x5c, by its key", forged(map[string]any{"x5c": chain}, es256By(t, certificate.key))},
		forgery{"ES384", forged(map[string]any{"alg": "ES384"}, es256By(t, mine))},
		forgery{"an unknown algorithm", forged(map[string]any{"alg": "ES256K"}, es256By(t, mine))},
	)
}

// otherForms are tokens that say the same in another way, for parsers to disagree
// about (RFC 7515 §7.2, §10.12).
func otherForms() []forgery {
	compact := func(h map[string]any, p string, s []byte) (string, string, string) {
		text, _ := json.Marshal(h)
		return b64(text), p, b64(s)
	}
	return []forgery{
		{"JSON serialization", func(h map[string]any, p string, s []byte) string {
			head, payload, signature := compact(h, p, s)
			text, _ := json.Marshal(map[string]string{"protected": head, "payload": payload, "signature": signature})
			return string(text)
		}},
		{"five parts", func(h map[string]any, p string, s []byte) string {
			head, payload, signature := compact(h, p, s)
			return head + "." + payload + "." + signature + "." + payload + "." + signature
		}},
		{"the payload elsewhere", func(h map[string]any, _ string, s []byte) string {
			head, _, signature := compact(h, "", s)
			return head + ".." + signature
		}},
		{"alg twice", func(h map[string]any, p string, s []byte) string {
			text, _ := json.Marshal(h)
			return b64([]byte(`{"alg":"none",`+string(text[1:]))) + "." + p + "." + b64(s)
		}},
		{"crit", forged(map[string]any{"crit": []string{"x"}, "x": 1}, func(string) []byte { return make([]byte, 64) })},
		{"b64", forged(map[string]any{"b64": false, "crit": []string{"b64"}}, func(string) []byte { return make([]byte, 64) })},
		{"white space before it", func(h map[string]any, p string, s []byte) string {
			head, payload, signature := compact(h, p, s)
			return head + ". " + payload + "." + signature + "x"
		}},
	}
}

// hugeAndDeep are for the parser: too large, and nested as deep as fits.
func hugeAndDeep() []forgery {
	header := func(text string) func(map[string]any, string, []byte) string {
		return func(_ map[string]any, p string, s []byte) string { return b64([]byte(text)) + "." + p + "." + b64(s) }
	}
	deep := func(n int) string { return strings.Repeat(`{"x":`, n) + "1" + strings.Repeat("}", n) }
	return []forgery{
		{"a header of 60 KB", header(`{"alg":"ES256","x":"` + strings.Repeat("x", 45_000) + `"}`)},
		{"a deep header", header(`{"alg":"ES256","x":` + deep(1_000) + `}`)},
		{"a header of lists", header(`{"alg":"ES256","x":` + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000) + `}`)},
		{"a header without end", header(strings.Repeat(`{"x":`, 5_000))},
		{"a deep payload", func(h map[string]any, _ string, s []byte) string {
			text, _ := json.Marshal(h)
			return b64(text) + "." + b64([]byte(deep(1_000))) + "." + b64(s)
		}},
		{"points and nothing else", func(map[string]any, string, []byte) string { return strings.Repeat(".", 10_000) }},
	}
}

// RFC 8725, RFC 9700 §4.13: whatever a header says, keys and algorithms are those that
// were registered or published; no JWT parameter of this server takes anything else,
// and no address in a header is asked.
func TestNoJWTParameterIsConfused(t *testing.T) {
	h := alone(t)
	asked := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	t.Cleanup(asked.Close)
	common := append(append(withoutSignature(), byHeader(t, asked.URL)...), append(otherForms(), hugeAndDeep()...)...)
	for _, parameter := range h.jwtParameters() {
		if !parameter.takes(parameter.genuine()) {
			t.Fatalf("%s: a genuine one is not taken", parameter.name)
		}
		for _, f := range append(byPublicKey(t, parameter.public), common...) {
			genuine := parameter.genuine()
			parts := strings.Split(genuine, ".")
			signature, err := base64.RawURLEncoding.DecodeString(parts[2])
			if err != nil {
				t.Fatal(err)
			}
			if parameter.carries && f.name == ownJWK {
				continue
			}
			if parameter.takes(f.make(headerOf(t, genuine), parts[1], signature)) {
				t.Errorf("%s: %s is taken", parameter.name, f.name)
			}
		}
		if !parameter.takes(parameter.genuine()) {
			t.Errorf("%s: a genuine one is not taken any more", parameter.name)
		}
	}
}

// A token that its owner signed is refused unread when it is too large: what a client
// may make us hash has a bound.
func TestAJWTOfAClientIsBounded(t *testing.T) {
	h := alone(t)
	ec := newKey(t)
	service, web := h.signer(keySetOf(t, jose.JSONWebKey{Key: ec.Public()})), h.requester(jose.JSONWebKey{Key: ec.Public()})
	by := signing{alg: jose.ES256, key: ec}
	large := map[string]any{"x": strings.Repeat("x", maxJWT)}
	deep := map[string]any{"x": json.RawMessage(strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000))}
	h.refused("a large assertion", h.assert(by.jwt(t, h.asserting(service, large)), nil), http.StatusUnauthorized, "invalid_client")
	if _, err := h.authorizing(carrying(web, by.jwt(t, h.objecting(web, large)))); err == nil {
		t.Error("a large request object is taken")
	}
	// A deep claim that means nothing is read past, as any unknown one is.
	if got := h.assert(by.jwt(t, h.asserting(service, deep)), nil); got.status != http.StatusOK && got.status != http.StatusUnauthorized {
		t.Errorf("a deep assertion: %d %v", got.status, got.body)
	}
	if _, err := h.authorizing(carrying(web, by.jwt(t, h.objecting(web, deep)))); err == nil {
		t.Error("a deep parameter is taken")
	}
}
