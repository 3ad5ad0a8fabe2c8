package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/directory"
)

const consoleScopes = "openid profile console:read console:write"

// consoleClient is the operators' console, with its key.
func (h *house) consoleClient() (caller, signing) {
	key := newKey(h.t)
	return h.register(Client{
		ID: "console", Kind: Web, Profile: ProfileFAPI2Security, FirstParty: true, RedirectURIs: []string{callback},
		GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken}, Scope: consoleScopes,
		TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: keySetOf(h.t, jose.JSONWebKey{Key: key.Public()}),
	}), signing{alg: jose.ES256, key: key}
}

// byPasskey makes an approval of the house's person one that the console takes.
func byPasskey(a *Approval) {
	a.AMR, a.ACR, a.OrganisationID = []string{"pop", "user", "mfa"}, "urn:propusk:2", ""
}

// forConsole pushes the request and has it approved.
func (h *house) forConsole(c caller, by signing, approve func(*Approval)) (code string, err error) {
	h.t.Helper()
	pushed := h.send(h.Push, h.request(caller{}, h.signedBy(by, c, asking(c, with{"scope": consoleScopes, "resource": issuer + "/console"}))))
	request, err := h.authorizing(referring(c, pushed.text("request_uri")))
	if err != nil {
		h.t.Fatalf("%v: %v", err, pushed.body)
	}
	if !request.NeedsOperator || request.NeedsOrganisation {
		h.t.Errorf("the request: %+v", request)
	}
	approval := h.approval(request.Scopes)
	approve(&approval)
	w := httptest.NewRecorder()
	if err := h.Issue(h.t.Context(), w, httptest.NewRequest(http.MethodGet, "/signin", nil), request, approval); err != nil {
		return "", err
	}
	location, err := url.Parse(w.Header().Get("Location"))
	return location.Query().Get("code"), err
}

// A token of the console is for the console alone, says what the operator does, and ends
// with his appointment.
func TestTokensOfTheConsole(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, by := h.consoleClient()
		key, appoint := h.prover(), func(roles ...directory.OperatorRole) {
			if err := h.deps.Directory.AppointOperator(t.Context(), directory.System(), h.maria.ID, roles...); err != nil {
				t.Fatal(err)
			}
		}
		_, err := h.forConsole(c, by, byPasskey)
		h.redirected("no operator", err, "access_denied", "st")
		appoint(directory.OperatorSupport)
		for name, amr := range map[string][]string{
			"password": {"pwd"}, "password and code": {"pwd", "otp", "mfa"}, "passkey and a code": {"pop", "user", "otp", "mfa"}, "nothing": {},
		} {
			_, err := h.forConsole(c, by, func(a *Approval) { byPasskey(a); a.AMR = amr })
			h.redirected(name, err, "server_error", "st")
		}
		code, err := h.forConsole(c, by, byPasskey)
		if err != nil {
			t.Fatal(err)
		}
		h.refused("for the cabinet", key.proving(caller{}, h.signedBy(by, c, redeeming(code, with{"resource": issuer + "/v1"})), nil), http.StatusBadRequest, "invalid_target")
		got := key.proving(caller{}, h.signedBy(by, c, redeeming(code, nil)), nil)
		h.consoleToken(got, key, "support")
		if _, err := h.verifyAccessToken(got.text("access_token")); err == nil {
			t.Error("the issuer's own resources take a token of the console")
		}
		appoint()
		refresh := got.text("refresh_token")
		h.refused("refreshed for the cabinet", key.proving(caller{}, h.signedBy(by, c, refreshing(refresh, with{"resource": issuer + "/v1"})), nil), http.StatusBadRequest, "invalid_target")
		h.consoleToken(key.proving(caller{}, h.signedBy(by, c, refreshing(refresh, with{"resource": issuer + "/console"})), nil), key, "support", "moderator", "security")
		// Narrowed to scopes that are none of the console's, it is for the console still.
		h.consoleToken(key.proving(caller{}, h.signedBy(by, c, refreshing(refresh, with{"scope": "openid profile"})), nil), key, "support", "moderator", "security")
		if err := h.deps.Directory.DismissOperator(t.Context(), directory.System(), h.maria.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			h.refused("dismissed", key.proving(caller{}, h.signedBy(by, c, refreshing(refresh, nil)), nil), http.StatusBadRequest, "invalid_grant")
		}
	})
}

// consoleToken reads a token as the console does.
func (h *house) consoleToken(a answer, key prover, roles ...string) {
	h.t.Helper()
	var claims accessToken
	if err := h.readAccessToken(a.text("access_token"), &claims); err != nil {
		h.t.Fatalf("%v: %v", err, a.body)
	}
	if !same(claims.Audience, []string{issuer + "/console"}) || !same(claims.Roles, roles) || claims.Organisation != nil || len(claims.Permissions) != 0 ||
		claims.ExpiresAt-claims.IssuedAt != int64((5*time.Minute).Seconds()) || a.body["expires_in"] != 300.0 ||
		!same(claims.AMR, []string{"pop", "user", "mfa"}) || claims.Confirmation == nil || claims.Confirmation.Key != key.jkt() {
		h.t.Errorf("claims: %+v of %v", claims, a.body)
	}
}

// Nobody comes to the console by a scope or a resource too many.
func TestTheConsoleIsAskedForByName(t *testing.T) {
	h := alone(t)
	c, by := h.consoleClient()
	push := func(changes with) answer {
		return h.send(h.Push, h.request(caller{}, h.signedBy(by, c, asking(c, changes))))
	}
	console := issuer + "/console"
	for name, one := range map[string]struct {
		changes with
		code    string
	}{
		"without the resource":   {with{"scope": consoleScopes, "resource": ""}, "invalid_target"},
		"for the cabinet":        {with{"scope": consoleScopes, "resource": issuer + "/v1"}, "invalid_target"},
		"for a stranger":         {with{"scope": consoleScopes, "resource": "https://evil.example/console"}, "invalid_target"},
		"the resource alone":     {with{"scope": "openid", "resource": console}, "invalid_target"},
		"beside an organisation": {with{"scope": consoleScopes + " organization", "resource": console}, "invalid_scope"},
		"for longer":             {with{"scope": consoleScopes + " offline_access", "resource": console}, "invalid_scope"},
		"beside another right":   {with{"scope": consoleScopes + " recoveries", "resource": console}, "invalid_scope"},
	} {
		h.refused(name, push(one.changes), http.StatusBadRequest, one.code)
	}
	web := h.web()
	_, err := h.authorizing(asking(web, with{"scope": consoleScopes, "resource": console}))
	h.redirected("a stranger's client", err, "invalid_scope", "st")
	_, err = h.authorizing(asking(web, with{"scope": "openid", "resource": console}))
	h.redirected("a stranger's client, the resource alone", err, "invalid_target", "st")
}

// The scopes of the console are for the house's own web application alone.
func TestNoOtherClientCanHaveTheConsole(t *testing.T) {
	h := alone(t)
	c, _ := h.consoleClient()
	for name, change := range map[string]func(*Client){
		"a stranger's":          func(c *Client) { c.FirstParty = false },
		"an organisation's":     func(c *Client) { c.OrganisationID = h.romashka.ID },
		"by device":             func(c *Client) { c.GrantTypes = append(c.GrantTypes, GrantDeviceCode) },
		"by CIBA":               func(c *Client) { c.GrantTypes = append(c.GrantTypes, GrantCIBA) },
		"for itself":            func(c *Client) { c.GrantTypes = append(c.GrantTypes, GrantClientCredentials) },
		"by exchange":           func(c *Client) { c.GrantTypes = append(c.GrantTypes, GrantTokenExchange) },
		"without the profile":   func(c *Client) { c.Profile = "" },
		"in the browser itself": func(c *Client) { c.Kind, c.TokenEndpointAuthMethod, c.Profile, c.JWKS = SPA, "none", "", nil },
	} {
		other := c.Client
		other.ID = "other"
		change(&other)
		if _, _, err := h.Clients().Create(t.Context(), other); err == nil {
			t.Errorf("%s: created", name)
		}
	}
}
