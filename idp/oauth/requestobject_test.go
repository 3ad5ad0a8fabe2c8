package oauth

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage/storagetest"
)

// objecting are the claims of a good request object, changed; nil takes one away.
func (h *house) objecting(c caller, changes map[string]any) map[string]any {
	now := h.clock.Now().Unix()
	claims := map[string]any{"iss": c.ID, "aud": issuer, "exp": now + 300, "nbf": now, "iat": now, "jti": "1"}
	for name := range asking(c, nil) {
		claims[name] = asking(c, nil).Get(name)
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// requester is a web client with a key.
func (h *house) requester(key jose.JSONWebKey) caller {
	return h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode}, Scope: "openid profile members:read",
		JWKS: keySetOf(h.t, key), TokenEndpointAuthMethod: AuthPost,
	})
}

func carrying(c caller, object string) url.Values {
	return url.Values{"client_id": {c.ID}, "request": {object}}
}

// RFC 9101 §5, §6.3: the parameters are those of the object, and no others.
func TestTheParametersAreThoseOfTheSignedRequest(t *testing.T) {
	h := alone(t)
	ec := newKey(t)
	c := h.requester(jose.JSONWebKey{Key: ec.Public()})
	by := signing{jose.ES256, ec, map[jose.HeaderKey]any{"typ": "oauth-authz-req+jwt"}}
	object := by.jwt(t, h.objecting(c, map[string]any{"max_age": 60, "login_hint": "maria", "claims": map[string]any{"x": nil}}))
	request, err := h.authorizing(parameters(flat(carrying(c, object)), with{
		"scope": "openid profile", "state": "another", "redirect_uri": "https://evil.example/", "prompt": "none", "code_challenge": "x",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if request.State != "st" || request.RedirectURI != callback || len(request.Prompt) > 0 || *request.MaxAge != 60 || request.LoginHint != "maria" ||
		strings.Join(request.Scopes, " ") != "openid members:read" {
		t.Errorf("%+v", request)
	}
	got, err := h.issued(request)
	if err != nil || h.post(h.Token, c, redeeming(got.Get("code"), nil)).status != http.StatusOK {
		t.Errorf("%v, %v", got, err)
	}
	_, err = h.authorizing(carrying(c, by.jwt(t, h.objecting(c, map[string]any{"prompt": "create"}))))
	h.redirected("a fault in a signed request", err, "invalid_request", "st")
}

// RFC 9101 §10, RFC 8725: forged, foreign and old objects, without openid as well
// as with it.
func TestBadRequestObjectsAreRefused(t *testing.T) {
	h := alone(t)
	ec, other := newKey(t), newKey(t)
	c, second := h.requester(jose.JSONWebKey{Key: ec.Public()}), h.requester(jose.JSONWebKey{Key: other.Public()})
	now := h.clock.Now().Unix()
	good := signing{alg: jose.ES256, key: ec}
	parts := strings.Split(good.jwt(t, h.objecting(c, nil)), ".")
	said := func(changes map[string]any) string { return good.jwt(t, h.objecting(c, changes)) }
	for name, object := range map[string]string{
		"alg none":                    "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"no signature":                parts[0] + "." + parts[1] + ".",
		"another key":                 signing{alg: jose.ES256, key: other}.jwt(t, h.objecting(c, nil)),
		"HS256 by the secret":         signing{jose.HS256, []byte(strings.Repeat(c.secret, 2)), nil}.jwt(t, h.objecting(c, nil)),
		"a key in the header":         embedded(t, other, h.objecting(c, nil)),
		"jku":                         signing{jose.ES256, ec, map[jose.HeaderKey]any{"jku": "https://evil.example/"}}.jwt(t, h.objecting(c, nil)),
		"made as a client assertion":  signing{jose.ES256, ec, map[jose.HeaderKey]any{"typ": "client-authentication+jwt"}}.jwt(t, h.objecting(c, nil)),
		"of another client":           signing{alg: jose.ES256, key: other}.jwt(t, h.objecting(second, nil)),
		"for another client_id":       said(map[string]any{"client_id": second.ID}),
		"without client_id":           said(map[string]any{"client_id": nil}),
		"iss another":                 said(map[string]any{"iss": second.ID}),
		"iss missing":                 said(map[string]any{"iss": nil}),
		"for another server (mix-up)": said(map[string]any{"aud": "https://evil.example"}),
		"aud missing":                 said(map[string]any{"aud": nil}),
		"expired":                     said(map[string]any{"exp": now}),
		"exp missing":                 said(map[string]any{"exp": nil}),
		"for more than an hour":       said(map[string]any{"exp": now + 3601}),
		"not before later":            said(map[string]any{"nbf": now + 11}),
		"begun more than an hour ago": said(map[string]any{"nbf": now - 3601}),
		"issued later":                said(map[string]any{"iat": now + 11}),
		"good for two hours in all":   said(map[string]any{"nbf": now - 3590, "exp": now + 3590}),
		"good for an hour and a bit":  said(map[string]any{"nbf": now - 1, "exp": now + 3600}),
		"good as a client assertion":  said(map[string]any{"sub": c.ID}),
		"an object inside":            said(map[string]any{"request": "a.b.c"}),
		"a reference inside":          said(map[string]any{"request_uri": requestURIPrefix + "x"}),
		"a list for a parameter":      said(map[string]any{"scope": []string{"openid"}}),
		"true for a parameter":        said(map[string]any{"scope": true}),
		"control characters":          said(map[string]any{"state": "a\r\nb"}),
		"a list instead of claims":    good.jwt(t, []string{"x"}),
		"oversized":                   said(map[string]any{"x": strings.Repeat("x", maxJWT)}),
		"rubbish":                     "a.b.c",
	} {
		for _, scope := range []string{"openid members:read", "members:read"} {
			_, err := h.authorizing(parameters(flat(asking(c, with{"scope": scope})), flat(carrying(c, object))))
			h.shown(name, err, "invalid_request_object")
		}
		h.refused(name+", pushed", h.post(h.Push, c, carrying(c, object)), http.StatusBadRequest, "invalid_request_object")
	}
	_, err := h.authorizing(parameters(flat(carrying(c, said(nil))), with{"request_uri": "https://app.example.org/"}))
	h.shown("object and reference", err, "invalid_request")
	_, err = h.authorizing(carrying(c, said(map[string]any{"redirect_uri": "https://evil.example/"})))
	h.shown("a redirect URI that is not registered, signed", err, "invalid_request")
}

// FAPI 2.0 Message Signing §5.3.1: an hour counts from nbf, also where the client's clock
// runs ahead by as much as Security Profile §5.3.2.1 clause 13 has a server take; and the
// type that RFC 9101 §4 gives a request object is taken like its absence.
func TestARequestObjectLivesAnHourFromItsBeginning(t *testing.T) {
	h := alone(t)
	ec := newKey(t)
	c := h.requester(jose.JSONWebKey{Key: ec.Public()})
	now := h.clock.Now().Unix()
	for name, changes := range map[string]map[string]any{
		"an hour from now":           {"exp": now + 3600},
		"a clock that runs ahead":    {"nbf": now + 10, "iat": now + 10, "exp": now + 3610},
		"begun nearly an hour ago":   {"nbf": now - 3599, "iat": now - 3599, "exp": now + 1},
		"without nbf, which is ours": {"nbf": nil, "iat": nil, "exp": now + 3600},
		"for several servers":        {"aud": []string{issuer, "https://other.example"}},
	} {
		for _, typ := range []string{"", "JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"} {
			by := signing{jose.ES256, ec, map[jose.HeaderKey]any{"typ": typ}}
			if typ == "" {
				by.header = nil
			}
			if a := h.post(h.Push, c, carrying(c, by.jwt(t, h.objecting(c, changes)))); a.status != http.StatusCreated {
				t.Errorf("%s, typ %q: %d %v", name, typ, a.status, a.body)
			}
		}
	}
}

func TestAClientThatMustSignCannotDoOtherwise(t *testing.T) {
	h := alone(t)
	ec := newKey(t)
	c := h.register(Client{
		Kind: SPA, RedirectURIs: []string{callback}, Scope: "openid members:read", JWKS: keySetOf(t, jose.JSONWebKey{Key: ec.Public()}),
		RequireSigned: true, RequestObjectAlg: "ES256",
	})
	_, err := h.authorizing(asking(c, nil))
	h.shown("unsigned", err, "invalid_request")
	h.refused("unsigned, pushed", h.post(h.Push, c, asking(c, nil)), http.StatusBadRequest, "invalid_request")
	object := signing{alg: jose.ES256, key: ec}.jwt(t, h.objecting(c, nil))
	pushed := h.post(h.Push, c, carrying(c, object))
	h.clock.Advance(80e9)
	request, err := h.authorizing(referring(c, pushed.text("request_uri")))
	if err != nil || request.State != "st" {
		t.Errorf("pushed: %v %v", pushed.body, err)
	}
	for name, change := range map[string]func(*Client){
		"without keys": func(c *Client) { c.JWKS = nil }, "none": func(c *Client) { c.RequestObjectAlg = "none" }, "answers by HS256": func(c *Client) { c.ResponseAlg = "HS256" },
	} {
		bad := c.Client
		bad.ID = ""
		change(&bad)
		if _, _, err := h.Clients().Create(t.Context(), bad); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
}

// FuzzRequestObject signs whatever comes, so that what is behind the signature is
// reached: it is refused or becomes a checked request.
func FuzzRequestObject(f *testing.F) {
	h := newHouse(f, storagetest.SQLite(f))
	ec := newKey(f)
	c := h.requester(jose.JSONWebKey{Key: ec.Public()})
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: ec}, nil)
	if err != nil {
		f.Fatal(err)
	}
	good, _ := json.Marshal(h.objecting(c, nil))
	for _, seed := range []string{string(good), "{}", "[]", `{"iss":1}`, `{"scope":{"a":[]}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		jws, err := signer.Sign(payload)
		if err != nil {
			t.Fatalf("sign %q: %v", payload, err)
		}
		object, err := jws.CompactSerialize()
		if err != nil {
			t.Fatalf("sign %q: %v", payload, err)
		}
		request, err := h.Authorize(t.Context(), httptest.NewRequest(http.MethodGet, "/oauth2/authorize?"+carrying(c, object).Encode(), nil))
		if err == nil && (request.ClientID != c.ID || request.RedirectURI != callback) {
			t.Errorf("%s became %+v", payload, request)
		}
		if e := asError(err); err != nil && e.Status >= 500 {
			t.Errorf("%s: %v", payload, err)
		}
	})
}
