package client

import (
	"context"
	"slices"
	"testing"
)

// RFC 7591 §5: who vouches for a client decides what of it people are shown.
func TestWhatIsShownOfAClientDependsOnWhoVouchesForIt(t *testing.T) {
	t.Parallel()
	about := About{ClientURI: "https://app.example/", LogoURI: "https://app.example/l.png", PolicyURI: "https://APP.example/p", TosURI: "https://other.example/t"}
	all := Shown{about.ClientURI, about.PolicyURI, about.TosURI, about.LogoURI}
	own := Shown{Home: about.ClientURI, Policy: about.PolicyURI}
	for name, test := range map[string]struct {
		change func(*Client)
		want   Shown
	}{
		"an operator's":                    {func(*Client) {}, all},
		"an organisation's":                {func(c *Client) { c.CreatedBy = "person" }, all},
		"registered with a token":          {func(c *Client) { c.Registered, c.CreatedBy = true, "token" }, all},
		"registered with a statement":      {func(c *Client) { c.Registered, c.SoftwareStatement = true, "e30" }, all},
		"registered by anybody":            {func(c *Client) { c.Registered = true }, own},
		"registered with another port":     {func(c *Client) { c.Registered, c.RedirectURIs = true, []string{"https://app.example:8443/cb"} }, Shown{}},
		"registered with another scheme":   {func(c *Client) { c.Registered, c.RedirectURIs = true, []string{"http://app.example/cb"} }, Shown{}},
		"registered with a private scheme": {func(c *Client) { c.Registered, c.RedirectURIs = true, []string{"com.app.example:/cb"} }, Shown{}},
		"registered without a redirect":    {func(c *Client) { c.Registered, c.RedirectURIs = true, nil }, Shown{}},
	} {
		c := Client{About: about, RedirectURIs: []string{"https://app.example/cb"}}
		if test.change(&c); c.Shown() != test.want {
			t.Errorf("%s: %+v, want %+v", name, c.Shown(), test.want)
		}
	}
	if shown := (&Client{}).Shown(); shown != (Shown{}) {
		t.Errorf("%+v", shown)
	}
}

// A picture is asked for in the transaction that names it, and only then.
func TestANewPictureIsAskedFor(t *testing.T) {
	h := alone(t)
	var asked []string
	h.deps.Logo = func(_ context.Context, id, uri string) error {
		asked = append(asked, uri)
		return nil
	}
	c, _, err := h.Create(t.Context(), Client{Name: "a", Kind: Web, RedirectURIs: []string{callback}, Scope: "openid", About: About{LogoURI: "https://app.example/1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Change(t.Context(), c.ID, func(c *Client) error { c.LogoURI = "https://app.example/2"; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Change(t.Context(), c.ID, func(c *Client) error { c.LogoURI = ""; return nil }); err != nil {
		t.Fatal(err)
	}
	anybody := Client{Name: "b", Kind: Web, RedirectURIs: []string{callback}, Scope: "openid", About: About{Registered: true, LogoURI: "https://inside.example/"}}
	if _, _, err := h.Create(t.Context(), anybody); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(asked, []string{"https://app.example/1", "https://app.example/2"}) {
		t.Errorf("%q", asked)
	}
}
