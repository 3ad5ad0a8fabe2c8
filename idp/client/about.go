package client

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"propusk/storage"
)

// About is what a client's owner says of it, and where it came from. What of it is shown
// to people, Shown decides.
type About struct {
	// CreatedBy is the id of the person who made it, of the initial access token or of
	// the client that registered it; "" = an operator.
	CreatedBy string `json:"created_by,omitempty"`
	// Registered says that it registered itself (RFC 7591); such a client is never
	// first party.
	Registered bool `json:"dynamically_registered,omitempty"`

	ClientURI string   `json:"client_uri,omitempty"` // RFC 7591 §2, as the rest
	LogoURI   string   `json:"logo_uri,omitempty"`
	PolicyURI string   `json:"policy_uri,omitempty"`
	TosURI    string   `json:"tos_uri,omitempty"`
	Contacts  []string `json:"contacts,omitempty"`

	SoftwareID        string `json:"software_id,omitempty"`
	SoftwareVersion   string `json:"software_version,omitempty"`
	SoftwareStatement string `json:"software_statement,omitempty"` // as it was verified (§2.3)

	// InitiateLoginURI is where a third party begins a sign-in (OpenID Connect Core §4).
	InitiateLoginURI string `json:"initiate_login_uri,omitempty"`
	// What its authorization requests mean when they do not say (OpenID Connect
	// Registration §2). DefaultMaxAge is in seconds; nil = any age will do.
	DefaultMaxAge    *int64   `json:"default_max_age,omitempty"`
	DefaultACRValues []string `json:"default_acr_values,omitempty"`
	// RequireAuthTime wants auth_time in ID tokens: ours have it always.
	RequireAuthTime bool `json:"require_auth_time,omitempty"`

	// SectorLeftAt is since when the file of its sector does not list its redirect URIs
	// any more; 0 = it does, or there is none (sector_again.go).
	SectorLeftAt storage.Time `json:"sector_left_at,omitempty"`

	// ScopeLimit is what an administrator of its organisation lets it have at most, also
	// when it changes itself; "" = he has set no limit.
	ScopeLimit string `json:"scope_limit,omitempty"`
	// AllowedNetworks are where it may authenticate from, as CIDR prefixes; none =
	// from anywhere. A secret that was stolen is worthless elsewhere.
	AllowedNetworks []string `json:"allowed_networks,omitempty"`
	// KeyEnds says when keys of JWKS stop counting, by their thumbprint (RFC 7638); a
	// key that is not there counts until it is taken out.
	KeyEnds map[string]storage.Time `json:"key_ends,omitempty"`
}

// The bounds of what is said about a client.
const (
	longestName = 200 // letters
	maxURI      = 2000
	maxURIs     = 20
	maxContacts = 10
	maxText     = 250
	maxNetworks = 32
	longestAge  = 365 * 24 * 60 * 60 // seconds
	maxSigned   = 16 << 10           // bytes of a software statement
)

// token is what the journal, where names stand, refuses as a secret.
var token = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.`)

func (c *Client) validateAbout(f *faults) {
	for _, text := range [][2]string{
		{"client_name", c.Name}, {"client_name#en", c.NameEN}, {"software_id", c.SoftwareID}, {"software_version", c.SoftwareVersion},
	} {
		if !plain(text[1], longestName) {
			f.add(text[0], "at most %d letters, and no control or invisible characters", longestName)
		} else if token.MatchString(text[1]) {
			f.add(text[0], "it looks like a token, which must stand nowhere that people read")
		}
	}
	for _, uri := range [][2]string{
		{"client_uri", c.ClientURI}, {"logo_uri", c.LogoURI}, {"policy_uri", c.PolicyURI}, {"tos_uri", c.TosURI}, {"initiate_login_uri", c.InitiateLoginURI},
	} {
		if uri[1] != "" && !shownAddress(uri[1]) {
			f.add(uri[0], "it must be an https address of at most %d characters", maxURI)
		}
	}
	c.validateContacts(f)
	c.validateDefaults(f)
	c.validateNetworks(f)
	if len(c.RedirectURIs) > maxURIs || len(c.PostLogoutRedirectURIs) > maxURIs {
		f.add("redirect_uris", "at most %d", maxURIs)
	}
	if len(c.SoftwareStatement) > maxSigned {
		f.add("software_statement", "at most %d bytes", maxSigned)
	}
}

func (c *Client) validateContacts(f *faults) {
	if len(c.Contacts) > maxContacts {
		f.add("contacts", "at most %d", maxContacts)
	}
	for _, contact := range c.Contacts {
		if contact == "" || !plain(contact, maxText) {
			f.add("contacts", "a contact is text of 1 to %d letters", maxText)
		}
	}
}

func (c *Client) validateDefaults(f *faults) {
	if c.DefaultMaxAge != nil && (*c.DefaultMaxAge < 0 || *c.DefaultMaxAge > longestAge) {
		f.add("default_max_age", "0 to %d seconds", int64(longestAge))
	}
	for i, acr := range c.DefaultACRValues {
		if Rank(acr) == 0 || slices.Contains(c.DefaultACRValues[:i], acr) {
			f.add("default_acr_values", "%q is unknown, or there twice", acr)
		}
	}
}

func (c *Client) validateNetworks(f *faults) {
	switch {
	case len(c.AllowedNetworks) > 0 && c.Public():
		f.add("allowed_networks", "they go with a client that authenticates")
	case len(c.AllowedNetworks) > maxNetworks:
		f.add("allowed_networks", "at most %d", maxNetworks)
	}
	for _, network := range c.AllowedNetworks {
		prefix, err := netip.ParsePrefix(network)
		switch {
		case err != nil:
			f.add("allowed_networks", "%q is no network; write it as 192.0.2.0/24 or 2001:db8::/32", network)
		case prefix.Masked() != prefix:
			f.add("allowed_networks", "%q has bits behind its mask; the network is %s", network, prefix.Masked())
		case prefix.Addr().Is4In6():
			f.add("allowed_networks", "%q: write an IPv4 network as such", network)
		}
	}
}

// AllowedFrom reports whether the client may authenticate from an address. Where
// networks are registered, an address that is not known is in none of them.
func (c *Client) AllowedFrom(address string) bool {
	if len(c.AllowedNetworks) == 0 {
		return true
	}
	from, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	from = from.Unmap().WithZone("")
	return slices.ContainsFunc(c.AllowedNetworks, func(network string) bool {
		prefix, err := netip.ParsePrefix(network)
		return err == nil && prefix.Contains(from)
	})
}

// shownAddress reports whether an address may be shown to people and opened by them.
func shownAddress(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && len(raw) <= maxURI && u.User == nil && u.Host != "" && plain(raw, maxURI) &&
		(u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname()))
}

// plain reports whether a text shows what it is: no control characters and nothing
// that turns the direction of what stands around it or cannot be seen.
func plain(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
		})
}
