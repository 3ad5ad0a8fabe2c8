package oauth

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/client"
	"propusk/idp/directory"
)

var ownGrant = url.Values{"grant_type": {GrantClientCredentials}}

func TestAClientActingForItselfSpeaksForItsOrganisation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.service()
		a := h.post(h.Token, c, ownGrant)
		if a.status != http.StatusOK || a.text("refresh_token") != "" || a.text("id_token") != "" || a.body["expires_in"] != float64(600) {
			t.Fatalf("answer: %d %v", a.status, a.body)
		}
		got := h.claims(a)
		now := h.clock.Now().Unix()
		want := accessToken{
			Issuer: issuer, Subject: c.ID, Audience: []string{issuer + "/v1"}, ClientID: c.ID, IssuedAt: now, ExpiresAt: now + 600,
			ID: got.ID, Scope: "organization members:read filings:write", Permissions: []string{"filings:write", "members:read"},
			Organisation: &organisation{ID: h.romashka.ID, INN: h.romashka.INN, OGRN: h.romashka.OGRN, KPP: h.romashka.KPP, Name: h.romashka.Name},
		}
		if !same(got, want) {
			t.Errorf("claims:\n%+v\nwant\n%+v", got, want)
		}
		var rows int64
		if err := h.db.Get(t.Context(), &rows, `SELECT COUNT(*) FROM oauth_grants`); err != nil || rows != 0 {
			t.Errorf("%d grants, %v", rows, err)
		}
	})
}

func TestClientCredentialsTouchNoDatabaseOnceCached(t *testing.T) {
	h := alone(t)
	c := h.service()
	h.Close() // the event of the client's creation has passed
	if a := h.post(h.Token, c, ownGrant); a.status != http.StatusOK {
		t.Fatalf("%d %v", a.status, a.body)
	}
	h.db.Close()
	if a := h.post(h.Token, c, ownGrant); a.status != http.StatusOK {
		t.Errorf("with the database away: %d %v", a.status, a.body)
	}
}

func TestAClientActingForItselfIsHeldToItsScopeAndOwner(t *testing.T) {
	h := alone(t)
	c := h.service()
	mixed := h.register(Client{
		Kind: Web, GrantTypes: []string{GrantAuthorizationCode, GrantClientCredentials}, RedirectURIs: []string{callback},
		OrganisationID: h.romashka.ID, Scope: "openid offline_access members:read",
	})
	ownerless := h.register(Client{Kind: Service, Scope: "organization members:read"})
	for name, test := range map[string]struct {
		by      caller
		changes with
		code    string
	}{
		"a scope beyond its own":        {c, with{"scope": "members:write"}, "invalid_scope"},
		"one good, one not":             {c, with{"scope": "members:read finance:read"}, "invalid_scope"},
		"openid":                        {mixed, with{"scope": "openid"}, "invalid_scope"},
		"offline_access":                {mixed, with{"scope": "offline_access"}, "invalid_scope"},
		"another organisation":          {c, with{"organization": h.vasilek.ID}, "invalid_target"},
		"no owner, a permission":        {ownerless, with{"scope": "members:read"}, "invalid_scope"},
		"no owner, organization":        {ownerless, with{"scope": "organization"}, "invalid_scope"},
		"no owner, somebody's":          {ownerless, with{"organization": h.romashka.ID}, "invalid_target"},
		"a grant type it does not have": {h.web(), nil, "unauthorized_client"},
		"a public client":               {h.spa(), nil, "unauthorized_client"},
	} {
		h.refused(name, h.post(h.Token, test.by, parameters(with{"grant_type": GrantClientCredentials}, test.changes)), http.StatusBadRequest, test.code)
	}
	narrow := h.claims(h.post(h.Token, c, parameters(with{"grant_type": GrantClientCredentials, "scope": "members:read", "organization": h.romashka.ID})))
	if narrow.Scope != "members:read" || !slices.Equal(narrow.Permissions, []string{"members:read"}) {
		t.Errorf("narrowed: %+v", narrow)
	}
	if got := h.claims(h.post(h.Token, mixed, ownGrant)); got.Scope != "members:read" {
		t.Errorf("by default it gets %q", got.Scope)
	}
	if got := h.claims(h.post(h.Token, ownerless, ownGrant)); got.Scope != "" || got.Organisation != nil {
		t.Errorf("without an owner: %+v", got)
	}
}

func TestAClosedOrganisationsClientGetsNothing(t *testing.T) {
	h := alone(t)
	c := h.service()
	if err := h.deps.Directory.CloseOrganisation(t.Context(), directory.System(), h.romashka.ID); err != nil {
		t.Fatal(err)
	}
	h.refused("closed", h.post(h.Token, c, ownGrant), http.StatusBadRequest, "unauthorized_client")
}

func TestTheTokenEndpointIsStrict(t *testing.T) {
	h := alone(t)
	c := h.service()
	good := func() *http.Request { return h.request(c, ownGrant) }
	body := func(body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)).WithContext(t.Context())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(c.ID, c.secret)
		return r
	}
	changed := func(change func(*http.Request)) *http.Request { r := good(); change(r); return r }
	for name, test := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"GET":                     {changed(func(r *http.Request) { r.Method = http.MethodGet }), 405, "invalid_request"},
		"no form":                 {changed(func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }), 400, "invalid_request"},
		"multipart":               {changed(func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") }), 400, "invalid_request"},
		"no Content-Type":         {changed(func(r *http.Request) { r.Header.Del("Content-Type") }), 400, "invalid_request"},
		"empty":                   {body(""), 400, "invalid_request"},
		"no grant_type":           {body("scope=members%3Aread"), 400, "invalid_request"},
		"an empty grant_type":     {body("grant_type="), 400, "invalid_request"},
		"an unknown grant_type":   {body("grant_type=password&username=a&password=b"), 400, "unsupported_grant_type"},
		"an extension grant":      {body("grant_type=urn:ietf:params:oauth:grant-type:saml2-bearer&assertion=x"), 400, "unsupported_grant_type"},
		"implicit":                {body("grant_type=implicit"), 400, "unsupported_grant_type"},
		"two grant types in one":  {body("grant_type=client_credentials+refresh_token"), 400, "unsupported_grant_type"},
		"another case":            {body("grant_type=Client_Credentials"), 400, "unsupported_grant_type"},
		"a repeated parameter":    {body("grant_type=client_credentials&scope=members%3Aread&scope=organization"), 400, "invalid_request"},
		"a repeated grant_type":   {body("grant_type=client_credentials&grant_type=client_credentials"), 400, "invalid_request"},
		"not percent-encoded":     {body("grant_type=%zz"), 400, "invalid_request"},
		"semicolons":              {body("grant_type=client_credentials;scope=x"), 400, "invalid_request"},
		"too large":               {body("grant_type=client_credentials&x=" + strings.Repeat("a", 64<<10)), 413, "invalid_request"},
		"parameters in the query": {changed(func(r *http.Request) { r.Body = http.NoBody; r.URL.RawQuery = "grant_type=client_credentials" }), 400, "invalid_request"},
	} {
		h.refused(name, h.send(h.Token, test.r), test.status, test.code)
	}
	tooLong := good()
	tooLong.Body = http.MaxBytesReader(nil, tooLong.Body, 3)
	h.refused("cut by the server", h.send(h.Token, tooLong), 413, "invalid_request")
	if a := h.send(h.Token, good()); a.status != http.StatusOK {
		t.Errorf("the good one: %d %v", a.status, a.body)
	}
	parsed := good()
	if err := parsed.ParseForm(); err != nil {
		t.Fatal(err)
	}
	if a := h.send(h.Token, parsed); a.status != http.StatusOK {
		t.Errorf("parsed by middleware before: %d %v", a.status, a.body)
	}
}

func TestClientsAuthenticateInTheirOneWay(t *testing.T) {
	h := alone(t)
	basic := h.service()
	post := h.register(Client{Kind: Service, TokenEndpointAuthMethod: AuthPost, Scope: ""})
	public := h.spa()
	disabled := h.service()
	disabled.Status = client.StatusDisabled
	if _, err := h.Clients().Update(t.Context(), disabled.Client); err != nil {
		t.Fatal(err)
	}
	header := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	credentials := func(user, password string) func(*http.Request) {
		return header("Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	for name, test := range map[string]struct {
		form   with
		change func(*http.Request)
		status int
		code   string // "" = welcome
	}{
		"basic":                    {nil, credentials(basic.ID, basic.secret), 200, ""},
		"basic, lower case scheme": {nil, header("basic " + base64.StdEncoding.EncodeToString([]byte(basic.ID+":"+basic.secret))), 200, ""},
		"basic, form-encoded (RFC 6749 section 2.3.1)": {nil, credentials(strings.ReplaceAll(basic.ID, "-", "%2D"), strings.ReplaceAll(basic.secret, "_", "%5F")), 200, ""},
		"basic and the same client_id":                 {with{"client_id": basic.ID}, credentials(basic.ID, basic.secret), 200, ""},
		"post":                                         {with{"client_id": post.ID, "client_secret": post.secret}, nil, 200, ""},
		"a wrong secret":                               {nil, credentials(basic.ID, post.secret), 401, "invalid_client"},
		"an empty secret":                              {nil, credentials(basic.ID, ""), 401, "invalid_client"},
		"the hash as secret":                           {nil, credentials(basic.ID, basic.SecretHashes[0]), 401, "invalid_client"},
		"no hash's hash":                               {nil, credentials(basic.ID, strings.Repeat("-", 64)), 401, "invalid_client"},
		"an unknown client":                            {nil, credentials("nobody", basic.secret), 401, "invalid_client"},
		"a disabled client":                            {nil, credentials(disabled.ID, disabled.secret), 401, "invalid_client"},
		"a basic client by post":                       {with{"client_id": basic.ID, "client_secret": basic.secret}, nil, 401, "invalid_client"},
		"a post client by basic":                       {nil, credentials(post.ID, post.secret), 401, "invalid_client"},
		"a basic client without secret":                {with{"client_id": basic.ID}, nil, 401, "invalid_client"},
		"a public client with a secret":                {with{"client_id": public.ID, "client_secret": "x"}, nil, 401, "invalid_client"},
		"a public client by basic":                     {nil, credentials(public.ID, ""), 401, "invalid_client"},
		"nobody":                                       {nil, nil, 401, "invalid_client"},
		"two ways at once":                             {with{"client_id": basic.ID, "client_secret": basic.secret}, credentials(basic.ID, basic.secret), 400, "invalid_request"},
		"two clients at once":                          {with{"client_id": post.ID}, credentials(basic.ID, basic.secret), 400, "invalid_request"},
		"two headers": {nil, func(r *http.Request) {
			credentials(basic.ID, basic.secret)(r)
			r.Header.Add("Authorization", "Basic eDp5")
		}, 400, "invalid_request"},
		"not base64":       {nil, header("Basic !!"), 401, "invalid_client"},
		"no colon":         {nil, header("Basic " + base64.StdEncoding.EncodeToString([]byte(basic.ID))), 401, "invalid_client"},
		"not form-encoded": {nil, credentials(basic.ID, "%zz"), 401, "invalid_client"},
		"a bearer token":   {nil, header("Bearer x"), 401, "invalid_client"},
		"an assertion":     {with{"client_assertion": "x", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, nil, 401, "invalid_client"},
	} {
		r := h.request(caller{}, parameters(with{"grant_type": GrantClientCredentials}, test.form))
		if test.change != nil {
			test.change(r)
		}
		a := h.send(h.Token, r)
		if test.code == "" {
			if a.status != http.StatusOK {
				t.Errorf("%s: %d %v", name, a.status, a.body)
			}
			continue
		}
		h.refused(name, a, test.status, test.code)
		challenged := a.header.Get("WWW-Authenticate") != ""
		if tried := r.Header.Get("Authorization") != ""; challenged != (tried && test.status == 401) {
			t.Errorf("%s: WWW-Authenticate = %q (RFC 6749 section 5.2)", name, a.header.Get("WWW-Authenticate"))
		}
	}
}

func TestASecretWithEveryCharacterSurvivesBasic(t *testing.T) {
	t.Parallel()
	const id, secret = "a-client", "s:e c+r%e&t/é=\"'"
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	got, bad := readBasic(r.Header.Get("Authorization"))
	if bad != nil || got.id != id || got.secret != secret {
		t.Errorf("read %+v, %v", got, bad)
	}
}

func TestSecretsAreChangedWithoutAnOutage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.service()
		first := c
		works := func(secret string) bool {
			c.secret = secret
			return h.post(h.Token, c, ownGrant).status == http.StatusOK
		}
		second, err := h.Clients().RotateSecret(t.Context(), c.ID)
		if err != nil || !works(first.secret) || !works(second) {
			t.Fatalf("after one rotation both secrets must work (%v)", err)
		}
		third, err := h.Clients().RotateSecret(t.Context(), c.ID)
		if err != nil || works(first.secret) || !works(second) || !works(third) {
			t.Errorf("after two rotations the first secret must be worthless, the others good (%v)", err)
		}
		if _, err := h.Clients().RotateSecret(t.Context(), h.spa().ID); err == nil {
			t.Error("a public client got a secret")
		}
	})
}

func TestChangesOfAClientReachEveryNode(t *testing.T) {
	h := alone(t)
	c := h.service()
	deps := h.deps
	deps.Metrics, deps.Clients = nil, h.openClients(client.MutualTLS{})
	other := h.start(deps)
	if a := h.post(other.Token, c, ownGrant); a.status != http.StatusOK {
		t.Fatal("the other node does not know the client")
	}
	if err := h.Clients().Delete(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	h.refused("this node, at once", h.post(h.Token, c, ownGrant), http.StatusUnauthorized, "invalid_client")
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if a := h.post(other.Token, c, ownGrant); a.status == http.StatusUnauthorized {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the other node still serves a deleted client")
		}
	}
}

func TestAnswersAreCounted(t *testing.T) {
	h := alone(t)
	c := h.web()
	token := h.signedIn(c, nil).text("refresh_token")
	h.post(h.Token, c, refreshing(token, nil))
	h.post(h.Token, c, refreshing("nonsense", nil))
	h.post(h.Token, c, url.Values{"grant_type": {strings.Repeat("x", 99)}})
	want := `# HELP propusk_oauth_token_requests_total Answers of the token endpoint, by grant type and outcome.
# TYPE propusk_oauth_token_requests_total counter
propusk_oauth_token_requests_total{grant="authorization_code",outcome="success"} 1
propusk_oauth_token_requests_total{grant="refresh_token",outcome="invalid_grant"} 1
propusk_oauth_token_requests_total{grant="refresh_token",outcome="success"} 1
propusk_oauth_token_requests_total{grant="unknown",outcome="unsupported_grant_type"} 1
# HELP propusk_oauth_authorizations_total Authorization requests answered at the redirect URI, by outcome.
# TYPE propusk_oauth_authorizations_total counter
propusk_oauth_authorizations_total{outcome="success"} 1
`
	if err := testutil.GatherAndCompare(h.registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestAnAccidentIsNotToldToTheClient(t *testing.T) {
	h := alone(t)
	c := h.web()
	code := h.code(c, nil)
	h.db.Close()
	a := h.post(h.Token, c, redeeming(code, nil))
	h.refused("the database away", a, http.StatusInternalServerError, "server_error")
	if d := a.text("error_description"); strings.Contains(d, "database") || strings.Contains(d, "sql") {
		t.Errorf("told the client %q", d)
	}
}

func TestDescriptionsKeepToTheirCharacters(t *testing.T) {
	t.Parallel()
	if got := ascii("a \"quoted\" \\ ключ\r\nx"); got != "a 'quoted' ? ??????x" {
		t.Errorf("%q", got)
	}
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"Basic YTpi", "Basic JTNBOiUzQQ==", "basic  YTpi", "Bearer x", "Basic", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c, bad := readBasic(header)
		if (bad == nil) != (c.id != "" && c.method == AuthBasic) {
			t.Errorf("%q: %+v, %v", header, c, bad)
		}
	})
}
