package oauth

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"propusk/idp/client"
)

// idMembers reads the ID token of an answer as its application would.
func (h *house) idMembers(a answer) map[string]any {
	h.t.Helper()
	var claims map[string]any
	if err := h.verify(a.text("id_token"), "JWT", &claims); err != nil {
		h.t.Fatalf("id token: %v", err)
	}
	return claims
}

// OpenID Connect Core §5.5.
func TestClaimsAskedForByNameComeWhereTheyAreWanted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		a := h.signedIn(c, with{"scope": "openid", "claims": `{
			"id_token": {"given_name": null, "email": {"essential": true}, "auth_time": {"essential": true}, "https://example.org/unknown": null},
			"userinfo": {"family_name": {"essential": false}, "phone_number": null}, "verified_claims": {}}`})
		id := h.idMembers(a)
		if id["given_name"] != "Мария" || id["email"] != "maria@example.org" || id["auth_time"] == nil {
			t.Errorf("the ID token has %v", id)
		}
		for _, absent := range []string{"family_name", "name", "phone_number", "https://example.org/unknown"} {
			if id[absent] != nil {
				t.Errorf("the ID token has %s, which was not asked for there", absent)
			}
		}
		info := h.userinfo(bearer(a.text("access_token"))).body
		if info["family_name"] != "Иванова" || info["given_name"] != nil || info["email"] != nil || info["phone_number"] != nil {
			t.Errorf("userinfo has %v", info)
		}
		again := h.post(h.Token, c, refreshing(a.text("refresh_token"), nil))
		if h.idMembers(again)["given_name"] != "Мария" {
			t.Errorf("refreshed, the ID token has %v", h.idMembers(again))
		}
	})
}

// §5.5.1: with value or values the claim comes with one of them, or not at all.
func TestAClaimAskedForWithAValueComesWithItOrNotAtAll(t *testing.T) {
	h := alone(t)
	for value, want := range map[string]any{
		`{"value":"maria@example.org"}`:                         "maria@example.org",
		`{"values":["other@example.org","maria@example.org"]}`:  "maria@example.org",
		`{"value":"other@example.org"}`:                         nil,
		`{"essential":true,"value":"other@example.org"}`:        nil,
		`{"value":true}`:                                        nil,
		`{"value":{"maria@example.org":1}}`:                     nil,
		`{"values":["\u006daria@example.org"],"other":{"x":1}}`: "maria@example.org",
	} {
		a := h.signedIn(h.web(), with{"scope": "openid", "claims": `{"id_token":{"email":` + value + `}}`})
		if got := h.idMembers(a)["email"]; got != want {
			t.Errorf("%s: %v", value, got)
		}
	}
}

// A claim follows its scope: who may not have the scope does not get the claim, and the
// person is asked for it.
func TestAClaimIsNoWayAroundItsScope(t *testing.T) {
	h := alone(t)
	c := h.spa() // has neither profile nor email
	a := h.signedIn(c, with{"scope": "openid", "claims": `{"id_token":{"email":{"essential":true}},"userinfo":{"name":null}}`})
	if id := h.idMembers(a); id["email"] != nil {
		t.Errorf("the ID token has %v", id)
	}
	if info := h.userinfo(bearer(a.text("access_token"))).body; info["name"] != nil {
		t.Errorf("userinfo has %v", info)
	}
	request, err := h.authorizing(asking(h.web(), with{"scope": "openid", "claims": `{"userinfo":{"email":null,"name":null}}`}))
	if err != nil {
		t.Fatal(err)
	}
	if got := request.ConsentScopes(nil); !slices.Equal(got, []string{"openid", "email", "profile"}) {
		t.Errorf("the person is asked for %v", got)
	}
	if !slices.Equal(request.Scopes, []string{"openid"}) {
		t.Errorf("the scopes have become %v", request.Scopes)
	}
}

func TestClaimsAreReadStrictly(t *testing.T) {
	h := alone(t)
	c := h.web()
	many := map[string]any{}
	for i := range maxClaimsEach + 1 {
		many["c"+strings.Repeat("x", i)] = nil
	}
	tooMany, _ := json.Marshal(map[string]any{"id_token": many})
	for name, test := range map[string]struct{ claims, scope string }{
		"not JSON":               {`{"id_token":`, ""},
		"an array":               {`[]`, ""},
		"text":                   {`"id_token"`, ""},
		"a member twice":         {`{"id_token":{"email":null,"email":null}}`, ""},
		"a place twice":          {`{"id_token":{},"id_token":{}}`, ""},
		"a list for a place":     {`{"id_token":["email"]}`, ""},
		"text for a wish":        {`{"id_token":{"email":"yes"}}`, ""},
		"essential as text":      {`{"id_token":{"email":{"essential":"true"}}}`, ""},
		"value and values":       {`{"id_token":{"email":{"value":"a","values":["a"]}}}`, ""},
		"values that are none":   {`{"id_token":{"email":{"values":[]}}}`, ""},
		"values that are a text": {`{"id_token":{"email":{"values":"a"}}}`, ""},
		"too many":               {string(tooMany), ""},
		"too long":               {`{` + strings.Repeat(" ", maxClaims) + `}`, ""},
		"without openid":         {`{"id_token":{"email":null}}`, "members:read"},
		"two subjects":           {`{"id_token":{"sub":{"values":["a","b"]}}}`, ""},
		"a subject in no text":   {`{"id_token":{"sub":{"value":1}}}`, ""},
		"different subjects":     {`{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`, ""},
	} {
		changes := with{"claims": test.claims}
		if test.scope != "" {
			changes["scope"] = test.scope
		}
		if _, err := h.authorizing(asking(c, changes)); err == nil || asError(err).Code != "invalid_request" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.authorizing(asking(c, with{"claims": `{"id_token":null,"userinfo":{"sub":null,"acr":{"values":[1]}}}`})); err != nil {
		t.Errorf("what says nothing is refused: %v", err)
	}
}

// §5.5.1.1: a voluntary acr is acr_values; an essential one must be met.
func TestAnACRAskedForAsAClaim(t *testing.T) {
	h := alone(t)
	for name, test := range map[string]struct {
		claims    string
		wish      []string
		essential []string
	}{
		"voluntary":                 {`{"id_token":{"acr":{"values":["urn:propusk:2","urn:propusk:1"]}}}`, []string{"urn:propusk:2", "urn:propusk:1"}, nil},
		"essential":                 {`{"id_token":{"acr":{"essential":true,"value":"urn:propusk:qualified"}}}`, nil, []string{"urn:propusk:qualified"}},
		"essential without a value": {`{"id_token":{"acr":{"essential":true}}}`, nil, nil},
		"essential, of no text":     {`{"id_token":{"acr":{"essential":true,"value":2}}}`, nil, []string{""}},
	} {
		request, err := h.authorizing(asking(h.web(), with{"claims": test.claims}))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(request.ACRValues, test.wish) || !slices.Equal(request.EssentialACR, test.essential) {
			t.Errorf("%s: acr_values %q, essential %q", name, request.ACRValues, request.EssentialACR)
		}
	}
}

// §5.5.1: sub with a value names who must come out of the sign-in.
func TestAnotherPersonThanTheSubAskedForIsRefused(t *testing.T) {
	h := alone(t)
	c := h.web()
	request, err := h.authorizing(asking(c, with{"claims": `{"id_token":{"sub":{"value":"` + h.maria.ID + `"}}}`}))
	if err != nil || request.HintSubject != h.maria.ID {
		t.Fatalf("%+v, %v", request, err)
	}
	approval := h.approval(request.Scopes)
	approval.PersonID = h.admin.ID
	if err := h.approvable(t.Context(), request, &approval); err == nil || asError(err).Code != "login_required" {
		t.Errorf("another person: %v", err)
	}
	if _, err := h.authorizing(asking(c, with{
		"claims": `{"id_token":{"sub":{"value":"` + h.admin.ID + `"}}}`, "id_token_hint": h.signedIn(c, nil).text("id_token"),
	})); err == nil || asError(err).Code != "invalid_request" {
		t.Errorf("a hint of one person and sub of another: %v", err)
	}
	pairwise := h.pairwise()
	for _, sub := range []string{h.maria.ID, "pw_AAAA", "nobody"} { // an id is no name in a sector
		request, err := h.authorizing(asking(pairwise, with{"claims": `{"id_token":{"sub":{"value":"` + sub + `"}}}`}))
		if err != nil || request.HintSubject == h.maria.ID || request.HintSubject == "" {
			t.Errorf("sub %q of a pairwise client means %q, %v", sub, request.HintSubject, err)
		}
	}
}

// pairwise is a web client that knows people by names of its own.
func (h *house) pairwise(changes ...func(*Client)) caller {
	c := Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		Scope:         "openid profile email organization members:read filings:read",
		TokenMetadata: client.TokenMetadata{SubjectType: client.SubjectPairwise},
	}
	for _, change := range changes {
		change(&c)
	}
	return h.register(c)
}

// OpenID Connect Core §8.1: one name in everything that the application can read, and
// the person himself inside.
func TestAPairwiseNameIsTheSameEverywhereAndLeadsToThePerson(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, same := h.pairwise(), h.pairwise()
		other := h.pairwise(func(c *Client) { c.RedirectURIs = []string{"https://other.example/callback"} })
		a := h.signedIn(c, nil)
		id := h.idMembers(a)
		name, _ := id["sub"].(string)
		if !strings.HasPrefix(name, "pw_") || strings.Contains(name, h.maria.ID) {
			t.Fatalf("the ID token calls her %q", name)
		}
		token := h.claims(a)
		if token.Subject != name || token.person != h.maria.ID {
			t.Errorf("the access token calls her %q, and means %q", token.Subject, token.person)
		}
		// One sid in two sectors would say that two names mean one person.
		sid, _ := id["sid"].(string)
		if !strings.HasPrefix(sid, "pw_") || sid != token.SessionID || token.session == sid {
			t.Errorf("the session is %q in the ID token, %q in the access token and means %q", sid, token.SessionID, token.session)
		}
		if strange, err := h.sessionName(newRegistration(other.Client), token.session); err != nil || strange == sid {
			t.Errorf("another sector calls the session the same, %v", err)
		}
		if info := h.userinfo(bearer(a.text("access_token"))).body; info["sub"] != name {
			t.Errorf("userinfo calls her %v", info["sub"])
		}
		for _, one := range []string{"access_token", "refresh_token"} {
			told := h.post(h.Introspect, c, url.Values{"token": {a.text(one)}}).body
			if told["active"] != true || told["sub"] != name {
				t.Errorf("introspection of the %s: %v", one, told)
			}
		}
		logout, err := h.logoutToken(newRegistration(c.Client), logoutNotice{c.ID, token.session, h.maria.ID})
		if err != nil {
			t.Fatal(err)
		}
		var told logoutToken
		if err := h.verify(logout, typeLogoutToken, &told); err != nil || told.Subject != name || told.SessionID != token.SessionID {
			t.Errorf("the logout token calls her %q, %v", told.Subject, err)
		}
		if again := h.claims(h.signedIn(same, nil)); again.Subject != name {
			t.Errorf("another application of the sector calls her %q", again.Subject)
		}
		if strange, err := h.subject(newRegistration(other.Client), h.maria.ID); err != nil || strange == name {
			t.Errorf("another sector calls her the same, %v", err)
		}
		request, err := h.authorizing(asking(c, with{"id_token_hint": a.text("id_token")}))
		if err != nil || request.HintSubject != h.maria.ID {
			t.Errorf("her ID token as a hint names %+v, %v", request, err)
		}
		ending, err := h.logout(url.Values{"id_token_hint": {a.text("id_token")}})
		if err != nil || ending.PersonID != h.maria.ID || ending.SessionID != token.session {
			t.Errorf("her sign-out is of %q in %q, %v", ending.PersonID, ending.SessionID, err)
		}
		request, err = h.authorizing(asking(c, with{"claims": `{"id_token":{"sub":{"value":"` + name + `"}}}`}))
		if err != nil || request.HintSubject != h.maria.ID {
			t.Errorf("her name as the sub asked for means %+v, %v", request, err)
		}
		if err := h.EndSession(t.Context(), token.session); err != nil || h.active(c, a.text("access_token")) {
			t.Errorf("the token outlives its session, %v", err)
		}
	})
}

func FuzzClaimsParameter(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"id_token":{"email":null}}`, `{"userinfo":{"acr":{"essential":true,"values":["urn:propusk:2"]}}}`,
		`{"id_token":{"sub":{"value":"x"}},"other":1}`, `[`, `{"id_token":{"":{}}}`, `{"id_token":{"a":{"value":null}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		idToken, userInfo, err := parseClaims(text)
		if err != nil {
			if e := asError(err); e.Code != "invalid_request" {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for _, wishes := range []map[string]claimWish{idToken, userInfo} {
			if len(wishes) > maxClaimsEach {
				t.Errorf("%q asks for %d claims", text, len(wishes))
			}
			for _, wish := range wishes {
				for _, value := range wish.Values {
					if compact([]byte(compact(value))) != compact(value) {
						t.Errorf("%q has two spellings", value)
					}
				}
			}
		}
	})
}
