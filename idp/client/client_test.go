package client

import (
	"reflect"
	"strings"
	"testing"
)

func TestClientsAreChecked(t *testing.T) {
	h := alone(t)
	good := Client{Name: "Учёт", Kind: Web, RedirectURIs: []string{callback}, Scope: "openid"}
	for name, change := range map[string]func(*Client){
		"no name":                     func(c *Client) { c.Name = " " },
		"a bad id":                    func(c *Client) { c.ID = "a b" },
		"an unknown kind":             func(c *Client) { c.Kind = "desktop" },
		"an unknown status":           func(c *Client) { c.Status = "asleep" },
		"a web client without secret": func(c *Client) { c.TokenEndpointAuthMethod = AuthNone },
		"an SPA with one":             func(c *Client) { c.Kind, c.TokenEndpointAuthMethod = SPA, AuthPost },
		"an unknown method":           func(c *Client) { c.TokenEndpointAuthMethod = "client_secret_jwt" },
		"no redirect URI":             func(c *Client) { c.RedirectURIs = nil },
		"a relative one":              func(c *Client) { c.RedirectURIs = []string{"/callback"} },
		"http on the internet":        func(c *Client) { c.RedirectURIs = []string{"http://app.example.org/"} },
		"a fragment":                  func(c *Client) { c.RedirectURIs = []string{"https://app.example.org/#"} },
		"a wildcard":                  func(c *Client) { c.RedirectURIs = []string{"https://*.example.org/"} },
		"a user name":                 func(c *Client) { c.RedirectURIs = []string{"https://u@app.example.org/"} },
		"a scheme of a web client":    func(c *Client) { c.RedirectURIs = []string{"com.example.app:/cb"} },
		"a scheme without domain":     func(c *Client) { c.Kind, c.RedirectURIs = Native, []string{"myapp:/cb"} },
		"javascript":                  func(c *Client) { c.Kind, c.RedirectURIs = Native, []string{"javascript:alert(1)"} },
		"not a URI":                   func(c *Client) { c.RedirectURIs = []string{"https://%zz"} },
		"a bad return":                func(c *Client) { c.PostLogoutRedirectURIs = []string{"http://app.example.org/"} },
		"an unknown grant":            func(c *Client) { c.GrantTypes = []string{"password"} },
		"refresh alone":               func(c *Client) { c.GrantTypes = []string{GrantRefreshToken} },
		"own tokens without secret":   func(c *Client) { c.Kind, c.GrantTypes = SPA, []string{GrantClientCredentials} },
		"implicit":                    func(c *Client) { c.ResponseTypes = []string{"token"} },
		"an unknown scope":            func(c *Client) { c.Scope = "everything" },
		"HS256":                       func(c *Client) { c.IDTokenSignedResponseAlg = "HS256" },
		"none":                        func(c *Client) { c.AccessTokenAlg = "none" },
		"an unknown assurance":        func(c *Client) { c.RequiredACR = "high" },
		"an unknown owner":            func(c *Client) { c.OrganisationID = "nobody" },
	} {
		c := good
		change(&c)
		if _, _, err := h.Create(t.Context(), c); err == nil || !strings.Contains(err.Error(), "invalid client") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAClientIsWhatWasRegistered(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		created, secret, err := h.Create(t.Context(), Client{
			ID: "books", Name: "Учёт", NameEN: "Books", RedirectURIs: []string{callback}, Scope: " openid  members:read ", OrganisationID: h.romashka.ID,
		})
		if err != nil || len(secret) != 43 || !created.Authentic(secret, h.now()) || created.Authentic(secret+"x", h.now()) || created.Authentic("", h.now()) {
			t.Fatalf("%+v, %v", created, err)
		}
		found, err := h.Find(t.Context(), "books")
		want := Client{
			SecretHashes: created.SecretHashes, SecretTerms: created.SecretTerms,
			ID: "books", Name: "Учёт", NameEN: "Books", Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{"authorization_code"},
			ResponseTypes: []string{"code"}, Scope: "openid members:read", TokenEndpointAuthMethod: AuthBasic, OrganisationID: h.romashka.ID,
			Status: StatusActive, CreatedAt: h.now(), UpdatedAt: h.now(),
		}
		if err != nil || !reflect.DeepEqual(found, want) {
			t.Errorf("%+v, %v", found, err)
		}
		if found.LocalName("en") != "Books" || found.LocalName("ru") != "Учёт" {
			t.Error("its names are mixed up")
		}
		if _, _, err := h.Create(t.Context(), created); err == nil {
			t.Error("two clients have one id")
		}
		if _, _, err := h.Create(t.Context(), Client{Name: "Склад", RedirectURIs: []string{callback}, Scope: "openid"}); err != nil {
			t.Fatal(err)
		}
		all, err := h.List(t.Context(), "")
		owned, err2 := h.List(t.Context(), h.romashka.ID)
		if err != nil || err2 != nil || len(all) != 2 || len(owned) != 1 || owned[0].ID != "books" {
			t.Errorf("%d clients, %d of the organisation, %v %v", len(all), len(owned), err, err2)
		}
		found.Kind, found.TokenEndpointAuthMethod, found.GrantTypes = SPA, "", nil
		updated, err := h.Update(t.Context(), found)
		if err != nil || !updated.Public() || updated.SecretHashes != nil {
			t.Errorf("made public: %+v, %v", updated, err)
		}
		if err := h.Delete(t.Context(), "books"); err != nil {
			t.Fatal(err)
		}
		if err := h.Delete(t.Context(), "books"); err == nil {
			t.Error("deleted twice")
		}
		if _, err := h.Update(t.Context(), found); err == nil {
			t.Error("a deleted client was updated")
		}
		if got := strings.Join(h.journalled(h.romashka.ID), " "); !strings.Contains(got, "client.created client.updated client.deleted") {
			t.Errorf("the journal has %s", got)
		}
	})
}

// A hostile URI is not registered in the first place where it could be refused by
// its form alone.
func TestHostileURIsAreNotRegistered(t *testing.T) {
	h := alone(t)
	for _, uri := range []string{
		"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://app.example.org/", "https://a@app.example.org/", "https://app.example.org/#f",
		"https://app.example.org/*", "https://app.example.org\\.evil.example/", "https://app.example.org/ x", "//app.example.org/", "https:///x", "com.example.app:/x", "",
	} {
		if _, _, err := h.Create(t.Context(), Client{Name: "Учёт", Kind: Web, RedirectURIs: []string{uri}, Scope: "openid"}); err == nil {
			t.Errorf("%q was registered", uri)
		}
	}
}
