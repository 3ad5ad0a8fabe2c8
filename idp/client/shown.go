package client

import (
	"net/url"
	"strings"
)

// Shown are the addresses about a client that a page may show to whoever is asked for
// consent; "" = none.
type Shown struct {
	Home, Policy, Terms string
	// Logo is where its picture is fetched from by this server; no page loads it from there.
	Logo string
}

// Shown is what of About may be shown. Where somebody vouches for the client (an
// operator, the administrator of an organisation, whoever gave out an initial access token
// or signed a software statement) that is all of it. Of one that anybody has registered
// (RFC 7591 §5, OpenID Connect Registration §9.1) there is no picture, which could be
// another's, and no address on a host that none of its redirect URIs leads to.
func (c *Client) Shown() Shown {
	if c.vouched() {
		return Shown{c.ClientURI, c.PolicyURI, c.TosURI, c.LogoURI}
	}
	return Shown{Home: c.ownAddress(c.ClientURI), Policy: c.ownAddress(c.PolicyURI), Terms: c.ownAddress(c.TosURI)}
}

// vouched reports whether anybody stands for what the client says of itself.
func (c *Client) vouched() bool {
	return !c.Registered || c.CreatedBy != "" || c.SoftwareStatement != ""
}

// ownAddress is the address if a redirect URI leads to its very host, else "".
func (c *Client) ownAddress(address string) string {
	about, err := url.Parse(address)
	if address == "" || err != nil {
		return ""
	}
	for _, uri := range c.RedirectURIs {
		if to, err := url.Parse(uri); err == nil && strings.EqualFold(to.Host, about.Host) && to.Scheme == about.Scheme {
			return address
		}
	}
	return ""
}
