package conformance

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"propusk/idp/client"
	"propusk/idp/oauth"
)

func TestFrontChannelLogoutOP(t *testing.T) { frontchannelPlan().run(t) }

func frontchannelPlan() plan {
	return plan{"oidcc-frontchannel-rp-initiated-logout-certification-test-plan", "TestFrontChannelLogoutOP", []variant{basicVariant}, []module{
		{name: "oidcc-frontchannel-logout-discovery-endpoint-verification", test: frontchannelDiscovery},
		{name: "oidcc-frontchannel-rp-initiated-logout", test: frontchannelLogout},
	}}
}

func frontchannelDiscovery(p *party) {
	m := p.metadata()
	if m["frontchannel_logout_supported"] != true || m["frontchannel_logout_session_supported"] != true {
		p.Errorf("frontchannel logout: %v, %v", m["frontchannel_logout_supported"], m["frontchannel_logout_session_supported"])
	}
	logoutDiscovery(p)
}

// Front-Channel Logout §3: the page after the sign-out frames the application's
// address, with the issuer and the session, and goes on to the application.
func frontchannelLogout(p *party) {
	const address = "https://rp.example/frontchannel?x=1"
	other := p.world.party(p.T, p.variant, func(c *oauth.Client) {
		c.TokenMetadata = client.TokenMetadata{FrontchannelLogoutURI: address, FrontchannelLogoutSession: true}
	})
	tokens := other.flow(nil)
	id := other.identity(tokens, "nonce-1")
	form := url.Values{"id_token_hint": {tokens.text("id_token")}, "post_logout_redirect_uri": {goodbye}, "state": {"bye-1"}}
	got := other.browser.open(issuer + "/oauth2/logout?" + form.Encode())
	sid, _ := id["sid"].(string)
	want := address + "&" + url.Values{"iss": {issuer}, "sid": {sid}}.Encode()
	if frames := got.frames(); got.status != http.StatusOK || sid == "" || len(frames) != 1 || frames[0] != want {
		p.Errorf("%d, frames %q, want %q", got.status, frames, want)
	}
	if refresh := got.header.Get("Refresh"); !strings.HasSuffix(refresh, "url="+goodbye+"?state=bye-1") {
		p.Errorf("goes on by %q", refresh)
	}
	if other.signedIn() {
		p.Error("the session goes on")
	}
}

// frames are the addresses that the page frames.
func (p page) frames() (addresses []string) {
	root, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		return nil
	}
	for n := range root.Descendants() {
		if n.Data == "iframe" {
			addresses = append(addresses, attribute(n, "src"))
		}
	}
	return addresses
}
