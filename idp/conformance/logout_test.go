package conformance

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/idp/oauth"
)

func TestRPInitiatedLogoutOP(t *testing.T) { logoutPlan().run(t) }

func logoutPlan() plan {
	const prefix = "oidcc-rp-initiated-logout"
	return plan{"oidcc-rp-initiated-logout-certification-test-plan", "TestRPInitiatedLogoutOP", []variant{basicVariant}, []module{
		{name: prefix + "-discovery-endpoint-verification", test: logoutDiscovery},
		{name: prefix, test: loggedOut(with{}, goodbye+"?state=bye-1")},
		{name: prefix + "-bad-post-logout-redirect-uri", test: logoutRefused(with{"post_logout_redirect_uri": "https://rp.example/elsewhere"})},
		{name: prefix + "-modified-id-token-hint", test: logoutModifiedHint},
		{name: prefix + "-no-id-token-hint", test: logoutAsked(with{"id_token_hint": ""}), note: "without a client_id the address is refused, since nobody can be asked whose it is"},
		{name: prefix + "-no-params", test: logoutAsked(with{"id_token_hint": "", "post_logout_redirect_uri": "", "state": ""})},
		{name: prefix + "-no-post-logout-redirect-uri", test: loggedOut(with{"post_logout_redirect_uri": ""}, "")},
		{name: prefix + "-no-state", test: loggedOut(with{"state": ""}, goodbye)},
		{name: prefix + "-only-state", test: logoutAsked(with{"id_token_hint": "", "post_logout_redirect_uri": ""})},
		{name: prefix + "-query-added-to-post-logout-redirect-uri", test: logoutRefused(with{"post_logout_redirect_uri": goodbye + "?x=1"})},
		{name: prefix + "-bad-id-token-hint", test: logoutRefused(with{"id_token_hint": "not-a-token"})},
	}}
}

func logoutDiscovery(p *party) {
	if m := p.metadata(); m["end_session_endpoint"] != issuer+"/oauth2/logout" {
		p.Errorf("end_session_endpoint = %v", m["end_session_endpoint"])
	}
	discoveryModule(p)
}

// leaving signs Maria in and asks to sign her out.
func (p *party) leaving(changes with) page {
	p.Helper()
	token := p.flow(nil).text("id_token")
	form := merge(url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {goodbye}, "state": {"bye-1"}}, changes)
	return p.browser.open(issuer + "/oauth2/logout?" + form.Encode())
}

// signedIn reports whether the browser still has a session.
func (p *party) signedIn() bool {
	p.Helper()
	response := p.response(p.browser.open(p.link(with{"prompt": "none"})))
	return response.Get("error") == ""
}

// loggedOut is a sign-out that needs no question and ends at an address, or at a
// page of the server.
func loggedOut(changes with, at string) func(*party) {
	return func(p *party) {
		got := p.leaving(changes)
		switch {
		case at == "" && (got.to != nil || got.status != http.StatusOK):
			p.Errorf("want a page: %d, sent to %v", got.status, got.to)
		case at != "" && (got.to == nil || got.to.String() != at):
			p.Errorf("sent to %v, want %s", got.to, at)
		}
		if p.signedIn() {
			p.Error("the session goes on")
		}
	}
}

// logoutRefused is a request that is refused by a page, and ends nothing.
func logoutRefused(changes with) func(*party) {
	return func(p *party) {
		p.shown(p.leaving(changes))
		if !p.signedIn() {
			p.Error("the session has ended")
		}
	}
}

func logoutModifiedHint(p *party) {
	token := p.flow(nil).text("id_token")
	parts := strings.Split(token, ".")
	forged := parts[0] + "." + parts[1][:len(parts[1])-4] + "AAAA." + parts[2]
	logoutRefused(with{"id_token_hint": forged})(p)
}

// logoutAsked is a request that nobody can be sure of: the person is asked (RP-
// Initiated Logout §2), and a yes ends the session.
func logoutAsked(changes with) func(*party) {
	return func(p *party) {
		if changes["id_token_hint"] == "" && changes["post_logout_redirect_uri"] != "" || len(changes) == 1 {
			p.shown(p.leaving(changes))
			changes = with{"id_token_hint": "", "client_id": p.client.ID}
		}
		got := p.leaving(changes)
		if !got.asks("/oauth2/logout") {
			p.Fatalf("not asked: %d, sent to %v", got.status, got.to)
		}
		if !p.signedIn() {
			p.Error("the session ended by the question")
		}
		got = p.browser.submit(got, "/oauth2/logout", nil)
		if back := changes["client_id"] != ""; back != (got.to != nil) || back && got.to.String() != goodbye+"?state=bye-1" {
			p.Errorf("sent to %v", got.to)
		}
		if p.signedIn() {
			p.Error("the session goes on")
		}
	}
}

func TestBackChannelLogoutOP(t *testing.T) { backchannelPlan().run(t) }

func backchannelPlan() plan {
	return plan{"oidcc-backchannel-rp-initiated-logout-certification-test-plan", "TestBackChannelLogoutOP", []variant{basicVariant}, []module{
		{name: "oidcc-backchannel-logout-discovery-endpoint-verification", test: backchannelDiscovery},
		{name: "oidcc-backchannel-rp-initiated-logout", test: backchannelLogout},
	}}
}

func backchannelDiscovery(p *party) {
	m := p.metadata()
	if m["backchannel_logout_supported"] != true || m["backchannel_logout_session_supported"] != true {
		p.Errorf("backchannel logout: %v, %v", m["backchannel_logout_supported"], m["backchannel_logout_session_supported"])
	}
	logoutDiscovery(p)
}

// Back-Channel Logout §2.4 to §2.7.
func backchannelLogout(p *party) {
	told := make(chan url.Values, 4)
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		told <- r.PostForm
	}))
	p.Cleanup(listener.Close)
	other := p.world.party(p.T, p.variant, func(c *oauth.Client) { c.BackchannelLogoutURI = listener.URL + "/logout" })
	tokens := other.flow(nil)
	id := other.identity(tokens, "nonce-1")
	form := url.Values{"id_token_hint": {tokens.text("id_token")}, "post_logout_redirect_uri": {goodbye}, "state": {"bye-1"}}
	if got := other.browser.open(issuer + "/oauth2/logout?" + form.Encode()); got.to == nil {
		p.Fatalf("not signed out: %d %s", got.status, got.text())
	}
	select {
	case posted := <-told:
		other.logoutToken(posted.Get("logout_token"), id)
	case <-time.After(time.Minute):
		p.Fatal("nobody was told")
	}
	if got := other.refresh(tokens.text("refresh_token")); got.text("error") != "invalid_grant" {
		p.Errorf("a refresh token of the session: %d %s", got.status, got.raw)
	}
}

func (p *party) logoutToken(token string, id map[string]any) {
	p.Helper()
	claims := p.verified(token)
	events, _ := claims["events"].(map[string]any)
	_, event := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	if claims["iss"] != issuer || audience(claims["aud"]) != p.client.ID || claims["sub"] != id["sub"] || claims["sid"] != id["sid"] || id["sid"] == nil ||
		claims["jti"] == "" || claims["iat"] == nil || !event {
		p.Errorf("the logout token says %v", claims)
	}
	if _, there := claims["nonce"]; there {
		p.Error("a logout token must have no nonce (2.4)")
	}
}
