package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/storage/storagetest"
)

// push pushes a good request of the client, changed.
func (h *house) push(c caller, changes with) answer {
	h.t.Helper()
	return h.post(h.Push, c, asking(c, changes))
}

// referring is what the browser carries.
func referring(c caller, uri string) url.Values {
	return url.Values{"client_id": {c.ID}, "request_uri": {uri}}
}

// issued answers a request with a code for maria.
func (h *house) issued(request *AuthorizationRequest) (url.Values, error) {
	h.t.Helper()
	w := httptest.NewRecorder()
	if err := h.Issue(h.t.Context(), w, httptest.NewRequest(http.MethodGet, "/signin", nil), request, h.approval(request.Scopes)); err != nil {
		return nil, err
	}
	location, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		h.t.Fatal(err)
	}
	return location.Query(), nil
}

// RFC 9126 §2.2, §4: pushed by the client, taken up by the browser as often as it
// loads the page, and worth one code.
func TestAPushedRequestBringsOneCode(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		pushed := h.push(c, with{"login_hint": "maria", "max_age": "60"})
		uri := pushed.text("request_uri")
		if pushed.status != http.StatusCreated || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || pushed.body["expires_in"] != 90.0 ||
			len(uri) != len(requestURIPrefix)+43 || pushed.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", pushed.status, pushed.body)
		}
		first, err := h.authorizing(referring(c, uri))
		if err != nil {
			t.Fatal(err)
		}
		again, err := h.authorizing(parameters(flat(referring(c, uri)), with{"scope": "openid profile", "redirect_uri": "https://evil.example/", "state": "x"}))
		if err != nil {
			t.Fatal(err)
		}
		if first.LoginHint != "maria" || *first.MaxAge != 60 || first.State != "st" || again.RedirectURI != callback || again.State != "st" || same(again.Scopes, []string{"openid", "profile"}) {
			t.Errorf("%+v\n%+v", first, again)
		}
		h.clock.Advance(10 * time.Minute) // the person takes his time
		got, err := h.issued(first)
		if err != nil || h.post(h.Token, c, redeeming(got.Get("code"), nil)).status != http.StatusOK {
			t.Errorf("%v, %v", got, err)
		}
		if got, err := h.issued(again); err == nil {
			t.Errorf("a second code came of it: %v", got)
		}
	})
}

func TestAPushedRequestThatBroughtACodeIsGone(t *testing.T) {
	h := alone(t)
	c := h.web()
	uri := h.push(c, nil).text("request_uri")
	request, err := h.authorizing(referring(c, uri))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.issued(request); err != nil {
		t.Fatal(err)
	}
	_, err = h.authorizing(referring(c, uri))
	h.shown("used", err, "invalid_request_uri")
}

// shown checks that an error is for the person: nothing may be redirected.
func (h *house) shown(what string, err error, code string) {
	h.t.Helper()
	w := httptest.NewRecorder()
	page := h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
	if page == nil || page.Code != code || w.Header().Get("Location") != "" {
		h.t.Errorf("%s: %+v, %v", what, page, err)
	}
}

// RFC 9126 §7: guessed, foreign and old references.
func TestAReferenceIsGoodForItsClientAlone(t *testing.T) {
	h := alone(t)
	c, other := h.web(), h.web()
	uri := h.push(c, nil).text("request_uri")
	for name, form := range map[string]url.Values{
		"another client's":     referring(other, uri),
		"guessed":              referring(c, requestURIPrefix+"x"),
		"without client_id":    {"request_uri": {uri}},
		"of an unknown client": referring(caller{Client: Client{ID: "nobody"}}, uri),
		"of nothing":           referring(c, requestURIPrefix),
		"cut short":            referring(c, uri[:len(uri)-1]),
	} {
		_, err := h.authorizing(form)
		h.shown(name, err, "invalid_request_uri")
	}
	_, err := h.authorizing(asking(c, with{"request_uri": "https://app.example.org/request"}))
	h.redirected("a request_uri on the internet (SSRF)", err, "request_uri_not_supported", "st")
	h.clock.Advance(90 * time.Second)
	_, err = h.authorizing(referring(c, uri))
	h.shown("old", err, "invalid_request_uri")
}

// RFC 9126 §2.1, §2.3: what is wrong is told where it is pushed.
func TestBadRequestsAreRefusedWhenTheyArePushed(t *testing.T) {
	h := alone(t)
	c := h.web()
	for name, test := range map[string]struct {
		changes with
		code    string
	}{
		"a redirect URI of somebody else": {with{"redirect_uri": "https://evil.example/"}, "invalid_request"},
		"no redirect URI":                 {with{"redirect_uri": ""}, "invalid_request"},
		"no PKCE":                         {with{"code_challenge": ""}, "invalid_request"},
		"plain PKCE":                      {with{"code_challenge_method": "plain"}, "invalid_request"},
		"an unknown scope":                {with{"scope": "everything"}, "invalid_scope"},
		"another response type":           {with{"response_type": "token"}, "unsupported_response_type"},
		"a reference":                     {with{"request_uri": requestURIPrefix + "x"}, "invalid_request"},
	} {
		h.refused(name, h.push(c, test.changes), http.StatusBadRequest, test.code)
	}
	other := h.web()
	h.refused("for another client", h.push(c, with{"client_id": other.ID}), http.StatusBadRequest, "invalid_request")
	wrong := c
	wrong.secret = "wrong"
	h.refused("by a stranger", h.push(wrong, nil), http.StatusUnauthorized, "invalid_client")
	get := httptest.NewRequest(http.MethodGet, "/oauth2/par?"+asking(c, nil).Encode(), nil)
	if got := h.send(h.Push, get); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "POST" {
		t.Errorf("by GET: %d", got.status)
	}
}

// The client's secrets do not lie beside its request.
func TestCredentialsAreNotKeptWithAPushedRequest(t *testing.T) {
	h := alone(t)
	c := h.register(Client{Kind: Web, TokenEndpointAuthMethod: AuthPost, RedirectURIs: []string{callback}, Scope: "openid members:read"})
	uri := h.push(c, nil).text("request_uri")
	kept, err := h.deps.Ephemeral.Get(t.Context(), pushedKey(strings.TrimPrefix(uri, requestURIPrefix)))
	if err != nil || strings.Contains(string(kept), c.secret) || strings.Contains(string(kept), "client_secret") || !strings.Contains(string(kept), c.ID) {
		t.Errorf("kept %s, %v", kept, err)
	}
}

// RFC 9126 §6.
func TestAClientThatMustPushCannotDoOtherwise(t *testing.T) {
	h := alone(t)
	c := h.register(Client{Kind: SPA, RedirectURIs: []string{callback}, Scope: "openid members:read", RequirePushed: true})
	_, err := h.authorizing(asking(c, nil))
	h.redirected("with the browser", err, "invalid_request", "st")
	if _, err := h.authorizing(referring(c, h.push(c, nil).text("request_uri"))); err != nil {
		t.Errorf("pushed: %v", err)
	}
}

// RFC 9449 §10.1.
func TestAPushedProofBindsTheCode(t *testing.T) {
	h := alone(t)
	c, mine, thief := h.web(), h.prover(), h.prover()
	proved := func(changes with, claims map[string]any) answer {
		r := h.request(c, asking(c, changes))
		r.Header.Set("DPoP", mine.proof(claims))
		return h.send(h.Push, r)
	}
	first := proved(nil, map[string]any{"nonce": ""})
	h.refused("without nonce", first, http.StatusBadRequest, "use_dpop_nonce")
	if first.header.Get("DPoP-Nonce") == "" {
		t.Error("no nonce is given")
	}
	h.refused("another dpop_jkt", proved(with{"dpop_jkt": thief.jkt()}, nil), http.StatusBadRequest, "invalid_dpop_proof")
	request, err := h.authorizing(referring(c, proved(with{"dpop_jkt": mine.jkt()}, nil).text("request_uri")))
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.issued(request)
	if err != nil {
		t.Fatal(err)
	}
	code := got.Get("code")
	h.refused("a thief", thief.proving(c, redeeming(code, nil), nil), http.StatusBadRequest, "invalid_dpop_proof")
	if a := mine.proving(c, redeeming(code, nil), nil); a.status != http.StatusOK {
		t.Errorf("%d %v", a.status, a.body)
	}
}

// FuzzPushedRequest: whatever is pushed is kept or refused, and what is kept is
// found again as it was checked.
func FuzzPushedRequest(f *testing.F) {
	h := newHouse(f, storagetest.SQLite(f))
	c := h.spa()
	f.Add(asking(c, nil).Encode())
	f.Add("client_id=" + c.ID + "&request_uri=x&request=a.b.c")
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth2/par", strings.NewReader(body))
		r.Header.Set("Content-Type", formType)
		w := httptest.NewRecorder()
		if err := h.Push(w, r); (err == nil) != (w.Code == http.StatusCreated) || w.Code >= 500 {
			t.Errorf("%q: %d, %v", body, w.Code, err)
		}
	})
}
