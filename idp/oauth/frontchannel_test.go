package oauth

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"propusk/idp/client"
	"propusk/storage"
)

func (h *house) framed(uri string) caller {
	return h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, Scope: "openid members:read",
		TokenMetadata: client.TokenMetadata{FrontchannelLogoutURI: uri, FrontchannelLogoutSession: true},
	})
}

// OpenID Connect Front-Channel Logout §2, §3: whoever learnt of the session, with iss and
// sid, and nobody else.
func TestApplicationsThatLearntOfTheSessionAreFramedWithIssAndSid(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		session := storage.NewID()
		at := func(a *Approval) { a.SessionID = session }
		plain, queried, elsewhere, silent := h.framed("http://localhost:9000/out"), h.framed("http://localhost:9000/out?a=b"),
			h.framed("http://localhost:9000/out2"), h.web()
		for _, c := range []caller{plain, queried, silent} {
			h.signedIn(c, nil, at)
		}
		h.signedIn(elsewhere, nil)                                                          // another session
		h.signedIn(h.framed("http://localhost:9000/no"), with{"scope": "members:read"}, at) // no ID token: it learnt nothing
		frames, err := h.FrontchannelLogouts(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		parameters := url.Values{"iss": {issuer}, "sid": {session}}.Encode()
		want := []string{"http://localhost:9000/out?" + parameters, "http://localhost:9000/out?a=b&" + parameters}
		slices.Sort(frames)
		slices.Sort(want)
		if !slices.Equal(frames, want) {
			t.Errorf("framed are %q, want %q", frames, want)
		}
		disabled := queried.Client
		disabled.Status = client.StatusDisabled
		if _, err := h.Clients().Update(t.Context(), disabled); err != nil {
			t.Fatal(err)
		}
		if frames, err = h.FrontchannelLogouts(t.Context(), session); err != nil || len(frames) != 1 {
			t.Errorf("with one disabled: %q, %v", frames, err)
		}
		if err := h.EndSession(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		if frames, err = h.FrontchannelLogouts(t.Context(), session); err != nil || len(frames) != 0 {
			t.Errorf("after the end: %q, %v", frames, err)
		}
	})
}

func TestOnePageHoldsABoundedNumberOfFrames(t *testing.T) {
	h := alone(t)
	session := storage.NewID()
	for range maxFrames + 2 {
		h.signedIn(h.framed("http://localhost:9000/out"), nil, func(a *Approval) { a.SessionID = session })
	}
	if frames, err := h.FrontchannelLogouts(t.Context(), session); err != nil || len(frames) != maxFrames {
		t.Errorf("%d frames, %v", len(frames), err)
	}
}

// Front-Channel Logout §2: scheme, host and port must be those of a redirect URI. A page
// elsewhere would learn who signs out when.
func TestAFrontChannelAddressElsewhereIsRefused(t *testing.T) {
	h := alone(t)
	for _, uri := range []string{
		"https://evil.example/out", "http://localhost:9001/out", "https://localhost:9000/out", "http://localhost.evil.example:9000/out",
		"http://user@localhost:9000/out", "http://localhost:9000/out#f", "javascript:alert(1)", "//localhost:9000/out", "/out",
	} {
		_, _, err := h.Clients().Create(t.Context(), Client{
			Name: "x", Kind: Web, RedirectURIs: []string{callback}, Scope: "openid", TokenMetadata: client.TokenMetadata{FrontchannelLogoutURI: uri},
		})
		if err == nil || !strings.Contains(err.Error(), "frontchannel_logout_uri") {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if _, _, err := h.Clients().Create(t.Context(), Client{
		Name: "x", Kind: Web, RedirectURIs: []string{callback}, Scope: "openid", TokenMetadata: client.TokenMetadata{FrontchannelLogoutSession: true},
	}); err == nil {
		t.Error("a session is required at no address")
	}
}
