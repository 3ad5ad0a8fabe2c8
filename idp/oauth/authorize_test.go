package oauth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"propusk/idp/client"
	"propusk/storage/storagetest"
)

func TestAnAuthorizationRequestIsReadWhole(t *testing.T) {
	h := alone(t)
	c := h.register(Client{
		Kind: Web, Name: "Учёт", NameEN: "Books", RedirectURIs: []string{callback}, RequiredACR: "urn:propusk:2",
		FirstParty: true, Scope: "openid organization members:read",
	})
	form := asking(c, with{
		"scope": "openid  members:read openid", "prompt": "login consent", "max_age": "0", "login_hint": "maria", "organization": h.romashka.ID,
		"acr_values": "urn:propusk:qualified urn:propusk:2", "ui_locales": "en ru", "unknown": "ignored",
	})
	for name, r := range map[string]*http.Request{
		"GET":  httptest.NewRequest(http.MethodGet, "/?"+form.Encode(), nil),
		"POST": httptest.NewRequest(http.MethodPost, "/?client_id=other", strings.NewReader(form.Encode())),
	} {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got, err := h.Authorize(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		zero := int64(0)
		want := &AuthorizationRequest{
			ID: got.ID, ClientID: c.ID, ClientName: "Учёт", ClientNameEN: "Books", RedirectURI: callback, ResponseMode: "query", State: "st",
			Nonce: "n-0S6_WzA2Mj", Scopes: []string{"openid", "members:read"}, LoginHint: "maria", Organisation: h.romashka.ID,
			Prompt: []string{"login", "consent"}, ACRValues: []string{"urn:propusk:qualified", "urn:propusk:2"}, UILocales: []string{"en", "ru"},
			MaxAge: &zero, NeedsOrganisation: true, FirstParty: true, ClientRequiredACR: "urn:propusk:2", Form: got.Form, CreatedAt: h.now(),
		}
		if !same(got, want) || len(got.ID) < 22 {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		var restored AuthorizationRequest
		if text, err := json.Marshal(got); err != nil || json.Unmarshal(text, &restored) != nil || !same(restored, got) {
			t.Errorf("%s: JSON loses something: %+v", name, restored)
		}
	}
}

// RFC 8252 §7.3, §8.3.
func TestOnlyTheLoopbackPortOfANativeClientMayDiffer(t *testing.T) {
	h := alone(t)
	c := h.register(Client{Kind: Native, Scope: "openid members:read", RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost/cb", "com.example.app:/cb"}})
	for uri, good := range map[string]bool{
		"http://127.0.0.1/cb": true, "http://127.0.0.1:51004/cb": true, "http://[::1]:51004/cb": true, "com.example.app:/cb": true, "http://localhost/cb": true,
		"http://localhost:51004/cb": false, "https://127.0.0.1:51004/cb": false, "http://127.0.0.1:51004/other": false, "http://127.0.0.1:51004/cb?x=1": false,
		"http://127.0.0.2:51004/cb": false, "http://user@127.0.0.1:51004/cb": false, "http://127.0.0.1:51004@evil.example/cb": false, "http://127.0.0.1:x/cb": false,
		"http://127.0.0.1.evil.example:51004/cb": false, "com.example.app:/cb/x": false, "http://127.0.0.1:51004/cb#": false, "http://127.0.0.1:51004\\@evil.example/cb": false,
	} {
		if _, err := h.authorizing(asking(c, with{"redirect_uri": uri})); (err == nil) != good {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

func TestBadRequestsAreToldToTheClient(t *testing.T) {
	h := alone(t)
	c := h.web()
	none := h.register(Client{Kind: Service, RedirectURIs: []string{callback}, Scope: ""})
	for name, test := range map[string]struct {
		changes with
		code    string
	}{
		"no proof key":                 {with{"code_challenge": "", "code_challenge_method": ""}, "invalid_request"},
		"plain proof key":              {with{"code_challenge_method": "plain"}, "invalid_request"},
		"no method, which means plain": {with{"code_challenge_method": ""}, "invalid_request"},
		"lower case method":            {with{"code_challenge_method": "s256"}, "invalid_request"},
		"a challenge of no hash":       {with{"code_challenge": "abc"}, "invalid_request"},
		"no response_type":             {with{"response_type": ""}, "invalid_request"},
		"implicit":                     {with{"response_type": "token"}, "unsupported_response_type"},
		"hybrid":                       {with{"response_type": "code id_token"}, "unsupported_response_type"},
		"fragment":                     {with{"response_mode": "fragment"}, "invalid_request"},
		"no scope":                     {with{"scope": ""}, "invalid_scope"},
		"a scope beyond the client's":  {with{"scope": "openid members:write"}, "invalid_scope"},
		"an unknown scope":             {with{"scope": "openid everything"}, "invalid_scope"},
		"a scope's prefix":             {with{"scope": "members"}, "invalid_scope"},
		"unknown prompt":               {with{"prompt": "create"}, "invalid_request"},
		"prompt none and more":         {with{"prompt": "none login"}, "invalid_request"},
		"max_age below zero":           {with{"max_age": "-1"}, "invalid_request"},
		"max_age of words":             {with{"max_age": "ten"}, "invalid_request"},
		"id_token_hint of nobody":      {with{"id_token_hint": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request"},
		"organization without scope":   {with{"scope": "openid", "organization": "x"}, "invalid_request"},
		"request_uri":                  {with{"request_uri": "https://app.example.org/r"}, "request_uri_not_supported"},
		"registration":                 {with{"registration": "{}"}, "registration_not_supported"},
	} {
		_, err := h.authorizing(asking(c, test.changes))
		h.redirected(name, err, test.code, "st")
	}
	_, err := h.authorizing(asking(none, with{"scope": "openid"}))
	h.redirected("a client without the flow", err, "unauthorized_client", "st")
	_, err = h.authorizing(asking(c, with{"scope": "", "state": ""}))
	h.redirected("without state", err, "invalid_scope", "")
}

// redirected checks that an error is told at the redirect URI, with iss (RFC
// 9207 §2) and the state.
func (h *house) redirected(name string, err error, code, state string) {
	h.t.Helper()
	w := httptest.NewRecorder()
	if page := h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err); page != nil {
		h.t.Errorf("%s: a page says %+v", name, page)
		return
	}
	location, perr := url.Parse(w.Header().Get("Location"))
	q := location.Query()
	if perr != nil || w.Code != http.StatusSeeOther || !strings.HasPrefix(location.String(), callback+"?") ||
		q.Get("error") != code || q.Get("iss") != issuer || q.Get("state") != state || q.Has("state") != (state != "") || q.Has("code") {
		h.t.Errorf("%s: %d %s", name, w.Code, location)
	}
}

func TestWhoCannotBeTrustedIsToldNothing(t *testing.T) {
	h := alone(t)
	c := h.web()
	disabled := h.web()
	disabled.Status = client.StatusDisabled
	if _, err := h.Clients().Update(t.Context(), disabled.Client); err != nil {
		t.Fatal(err)
	}
	twice := asking(c, nil)
	twice.Add("redirect_uri", "https://evil.example/")
	twoClients := asking(c, nil)
	twoClients.Add("client_id", "other")
	for name, test := range map[string]struct {
		form url.Values
		code string
	}{
		"an unknown client":           {asking(c, with{"client_id": "nobody"}), "invalid_client"},
		"no client":                   {asking(c, with{"client_id": ""}), "invalid_client"},
		"a client_id of another kind": {asking(c, with{"client_id": "' OR 1=1"}), "invalid_client"},
		"a disabled client":           {asking(disabled, nil), "unauthorized_client"},
		"two redirect URIs":           {twice, "invalid_request"},
		"two clients":                 {twoClients, "invalid_request"},
	} {
		_, err := h.authorizing(test.form)
		w := httptest.NewRecorder()
		page := h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
		if page == nil || page.Code != test.code || w.Header().Get("Location") != "" {
			t.Errorf("%s: %+v, Location %q", name, page, w.Header().Get("Location"))
		}
	}
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodPut, "/?"+asking(c, nil).Encode(), nil),
		httptest.NewRequest(http.MethodGet, "/?client_id=%zz", nil),
		httptest.NewRequest(http.MethodGet, "/?x="+strings.Repeat("a", 70<<10), nil),
		httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")),
	} {
		_, err := h.Authorize(t.Context(), r)
		if page := h.AuthorizeError(httptest.NewRecorder(), r, err); page == nil || page.Status >= 500 || page.Status < 400 {
			t.Errorf("%s %.30s: %+v", r.Method, r.URL, page)
		}
	}
}

// RFC 6749 §3.1.
func TestARepeatedParameterIsRefused(t *testing.T) {
	h := alone(t)
	c := h.web()
	for _, name := range []string{"scope", "state", "code_challenge", "nonce", "unknown"} {
		form := asking(c, nil)
		form.Add(name, "x")
		form.Add(name, "y")
		_, err := h.authorizing(form)
		state := "st"
		if name == "state" {
			state = "" // which of them is anyone's guess
		}
		h.redirected(name, err, "invalid_request", state)
	}
}

func TestIssueAnswersWithCodeStateAndIssuer(t *testing.T) {
	h := alone(t)
	c := h.register(Client{Kind: Web, RedirectURIs: []string{"https://app.example.org/cb?keep=a%20b"}, Scope: "openid members:read"})
	for _, state := range []string{"a b&c=d#é", ""} {
		request, err := h.authorizing(asking(c, with{"state": state, "redirect_uri": "https://app.example.org/cb?keep=a%20b"}))
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		if err := h.Issue(t.Context(), w, httptest.NewRequest(http.MethodGet, "/", nil), request, h.approval(request.Scopes)); err != nil {
			t.Fatal(err)
		}
		location := w.Header().Get("Location")
		u, _ := url.Parse(location)
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(location, "https://app.example.org/cb?keep=a%20b&") || len(u.Query().Get("code")) != 43 ||
			u.Query().Get("iss") != issuer || u.Query().Get("state") != state || u.Query().Has("state") != (state != "") || u.Query().Has("scope") {
			t.Errorf("%d %s", w.Code, location)
		}
	}
}

func TestRefuseTellsTheClient(t *testing.T) {
	h := alone(t)
	request, err := h.authorizing(asking(h.web(), nil))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.Refuse(w, httptest.NewRequest(http.MethodGet, "/", nil), request, "access_denied", "the person said \"no\", нет")
	want := callback + "?" + url.Values{"error": {"access_denied"}, "error_description": {"the person said 'no', ???"},
		"error_uri": {issuer + "/help/errors#access_denied"}, "iss": {issuer}, "state": {"st"}}.Encode()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
		t.Errorf("%d %s, want %s", w.Code, w.Header().Get("Location"), want)
	}
}

func TestIssueGivesNoMoreThanWasAskedAndApproved(t *testing.T) {
	h := alone(t)
	c := h.web()
	stranger := h.company("ООО «Чужая»", "")
	for name, test := range map[string]struct {
		change func(*Approval)
		code   string
	}{
		"a scope that was not asked for":  {func(a *Approval) { a.Scopes = []string{"openid", "filings:read"} }, "server_error"},
		"no scope":                        {func(a *Approval) { a.Scopes = nil }, "server_error"},
		"nobody":                          {func(a *Approval) { a.PersonID = "" }, "server_error"},
		"no session":                      {func(a *Approval) { a.SessionID = "" }, "server_error"},
		"no organisation":                 {func(a *Approval) { a.OrganisationID = "" }, "server_error"},
		"an organisation of other people": {func(a *Approval) { a.OrganisationID = stranger.ID }, "access_denied"},
	} {
		request, err := h.authorizing(asking(c, nil))
		if err != nil {
			t.Fatal(err)
		}
		approval := h.approval(request.Scopes)
		test.change(&approval)
		w := httptest.NewRecorder()
		err = h.Issue(t.Context(), w, httptest.NewRequest(http.MethodGet, "/", nil), request, approval)
		if w.Header().Get("Location") != "" {
			t.Errorf("%s: answered %s", name, w.Header().Get("Location"))
		}
		h.redirected(name, err, test.code, "st")
	}
}

func TestIssueChecksTheClientAgain(t *testing.T) {
	h := alone(t)
	issue := func(c caller, change func(*Client)) *PageError {
		request, err := h.authorizing(asking(c, nil))
		if err != nil {
			t.Fatal(err)
		}
		change(&c.Client)
		if _, err := h.Clients().Update(t.Context(), c.Client); err != nil {
			t.Fatal(err)
		}
		err = h.Issue(t.Context(), httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), request, h.approval(request.Scopes))
		if err == nil {
			t.Fatal("issued")
		}
		return h.AuthorizeError(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), err)
	}
	if page := issue(h.web(), func(c *Client) { c.Status = client.StatusDisabled }); page == nil || page.Code != "unauthorized_client" {
		t.Errorf("disabled: %+v", page)
	}
	if page := issue(h.web(), func(c *Client) { c.RedirectURIs = []string{"https://app.example.org/"} }); page == nil || page.Code != "invalid_request" {
		t.Errorf("redirect URI taken away: %+v", page)
	}
	if page := issue(h.web(), func(c *Client) { c.Scope = "openid" }); page != nil {
		t.Errorf("scope taken away, and not told to the client: %+v", page)
	}
}

// OpenID Connect Core §3.1.2.1.
func TestAnIDTokenHintBindsThePerson(t *testing.T) {
	h := alone(t)
	c, other := h.web(), h.web()
	hint := h.signedIn(c, nil).text("id_token")
	if _, err := h.authorizing(asking(other, with{"id_token_hint": hint})); err == nil {
		t.Error("another client's hint was taken")
	}
	h.clock.Advance(90 * 60e9) // the hint has expired, and still tells who is meant
	request, err := h.authorizing(asking(c, with{"id_token_hint": hint}))
	if err != nil || request.HintSubject != h.maria.ID {
		t.Fatalf("%+v, %v", request, err)
	}
	approval := h.approval(request.Scopes)
	approval.PersonID = h.admin.ID
	err = h.Issue(t.Context(), httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), request, approval)
	h.redirected("another person", err, "login_required", "st")
}

func TestConsentIsRememberedByOrganisationAndScope(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		consented := func(organisation string, scopes ...string) bool {
			ok, err := h.Consented(t.Context(), h.maria.ID, c.ID, organisation, scopes)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if consented(h.romashka.ID, "openid") || consented(h.romashka.ID) {
			t.Error("consented before anyone asked")
		}
		for _, scopes := range [][]string{{"openid", "members:read"}, {"filings:read", "openid"}} {
			if err := h.RememberConsent(t.Context(), h.maria.ID, c.ID, h.romashka.ID, scopes); err != nil {
				t.Fatal(err)
			}
		}
		if !consented(h.romashka.ID, "filings:read", "members:read", "openid") {
			t.Error("consents do not add up")
		}
		if consented(h.romashka.ID, "openid", "profile") || consented(h.vasilek.ID, "openid") || consented("", "openid") {
			t.Error("consent reaches further than it was given")
		}
	})
}

func FuzzAuthorize(f *testing.F) {
	h := newHouse(f, storagetest.SQLite(f))
	c := h.web()
	f.Add(asking(c, nil).Encode())
	f.Add(asking(c, with{"prompt": "none", "max_age": "1", "state": ""}).Encode())
	f.Add("client_id=" + c.ID + "&redirect_uri=" + url.QueryEscape(callback))
	f.Add("client_id=%00&redirect_uri=%ff")
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: query}, Header: http.Header{}}
		request, err := h.Authorize(t.Context(), r)
		if err == nil {
			if request.RedirectURI != callback || request.Form.Get("code_challenge_method") != "S256" || len(request.Scopes) == 0 {
				t.Errorf("accepted %q as %+v", query, request)
			}
			return
		}
		w := httptest.NewRecorder()
		page := h.AuthorizeError(w, r, err)
		if page != nil && page.Status >= 500 {
			t.Errorf("%q: %v", query, err)
		}
		if to := w.Header().Get("Location"); page == nil && !strings.HasPrefix(to, callback+"?") {
			t.Errorf("%q redirects to %q", query, to)
		}
	})
}
