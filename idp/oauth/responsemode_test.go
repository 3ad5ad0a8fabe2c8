package oauth

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"propusk/idp/keys"
)

// answered is an authorization response as the browser gets it.
func (h *house) answered(request *AuthorizationRequest) *httptest.ResponseRecorder {
	h.t.Helper()
	w := httptest.NewRecorder()
	if err := h.Issue(h.t.Context(), w, httptest.NewRequest(http.MethodGet, "/signin", nil), request, h.approval(request.Scopes)); err != nil {
		h.t.Fatal(err)
	}
	return w
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// delivered reads a response out of the way by which it came, and tells the way.
func delivered(t *testing.T, w *httptest.ResponseRecorder) (string, url.Values) {
	t.Helper()
	if w.Code == http.StatusSeeOther {
		location, err := url.Parse(w.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		if location.Fragment != "" {
			fragment, _ := url.ParseQuery(location.EscapedFragment())
			return "fragment", fragment
		}
		return "query", location.Query()
	}
	form := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(w.Body.String(), -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	return "form", form
}

// OAuth 2.0 Form Post Response Mode §2, JARM §2.3, for codes and errors.
func TestResponsesComeAsTheyWereAskedFor(t *testing.T) {
	h := alone(t)
	c := h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode}, Scope: "openid members:read", ResponseAlg: "PS256",
	})
	for mode, want := range map[string]string{
		"": "query", "query": "query", "form_post": "form", "jwt": "query", "query.jwt": "query", "fragment.jwt": "fragment", "form_post.jwt": "form",
	} {
		request, err := h.authorizing(asking(c, with{"response_mode": mode, "state": `s"><script>`}))
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		refusal := httptest.NewRecorder()
		h.Refuse(refusal, httptest.NewRequest(http.MethodGet, "/", nil), request, "access_denied", "no")
		for what, w := range map[string]*httptest.ResponseRecorder{"code": h.answered(request), "error": refusal} {
			way, got := delivered(t, w)
			if strings.HasSuffix(mode, "jwt") {
				got = h.unsigned(c, got)
			}
			if way != want || got.Get(what) == "" || got.Get("state") != `s"><script>` || got.Get("iss") != issuer || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: the %s came by %s: %v", mode, what, way, got)
			}
		}
	}
	_, err := h.authorizing(asking(c, with{"response_mode": "query.jwt", "scope": "everything"}))
	w := httptest.NewRecorder()
	if page := h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err); page != nil {
		t.Fatalf("%+v", page)
	}
	if _, got := delivered(t, w); h.unsigned(c, got).Get("error") != "invalid_scope" {
		t.Errorf("an early error came as %v", got)
	}
}

// unsigned opens a signed response as its application would (JARM §2.4).
func (h *house) unsigned(c caller, got url.Values) url.Values {
	h.t.Helper()
	var claims map[string]any
	if err := h.verify(got.Get("response"), keys.TypeJWT, &claims); err != nil || len(got) != 1 {
		h.t.Fatalf("%v: %v", got, err)
	}
	if claims["aud"] != c.ID || claims["exp"] != float64(h.clock.Now().Unix()+600) {
		h.t.Errorf("a response for %v until %v", claims["aud"], claims["exp"])
	}
	form := url.Values{}
	for name, value := range claims {
		if text, ok := value.(string); ok {
			form.Set(name, text)
		}
	}
	return form
}

// What an application wrote in its request runs nowhere on the page that posts.
func TestTheFormPostPageRunsItsOwnScriptAlone(t *testing.T) {
	h := alone(t)
	c := h.register(Client{
		Kind: Web, RedirectURIs: []string{callback + "?a=1&b=2"}, GrantTypes: []string{GrantAuthorizationCode}, Scope: "openid members:read",
	})
	request, err := h.authorizing(asking(c, with{"response_mode": "form_post", "redirect_uri": c.RedirectURIs[0], "state": `"><img src=x onerror=alert(1)>`}))
	if err != nil {
		t.Fatal(err)
	}
	w := h.answered(request)
	body := w.Body.String()
	if strings.Count(body, "<script") != 1 || strings.Contains(body, "<img") || !strings.Contains(body, "<script>"+submitScript+"</script>") {
		t.Errorf("%s", body)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'sha256-" + scriptDigest() + "'; base-uri 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "no-referrer", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, got := delivered(t, w); got.Get("state") != `"><img src=x onerror=alert(1)>` {
		t.Errorf("%v", got)
	}
}

// A signed response cannot be taken for an ID token, nor an ID token for one.
func TestASignedResponseIsNoIDToken(t *testing.T) {
	h := alone(t)
	c := h.web()
	request, err := h.authorizing(asking(c, with{"response_mode": "jwt"}))
	if err != nil {
		t.Fatal(err)
	}
	_, got := delivered(t, h.answered(request))
	if _, err := h.verifyIDTokenHint(got.Get("response")); err == nil {
		t.Error("it passes for an ID token")
	}
	if _, err := h.verifyAccessToken(got.Get("response")); err == nil {
		t.Error("it passes for an access token")
	}
}
