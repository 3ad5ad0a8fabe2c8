package application

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/client"
)

// Bounds are what clients that register themselves may have. The zero value is
// DefaultBounds.
type Bounds struct {
	// Scope is every scope they may ask for, separated by spaces; "" = DefaultScope. A
	// client that names none gets all of it.
	Scope string `json:"scope,omitempty"`
	// GrantTypes they may use; none = DefaultGrantTypes.
	GrantTypes []string `json:"grant_types,omitempty"`
	// RedirectHosts are the hosts of their redirect URIs: a host name, or "*." before
	// one for those below it; none = any.
	RedirectHosts []string `json:"redirect_hosts,omitempty"`
}

// DefaultScope lets a client learn who signs in and for which organisation, and
// nothing of the organisation's affairs.
const DefaultScope = "openid profile email phone offline_access organization"

// DefaultGrantTypes are those of a person's sign-in.
func DefaultGrantTypes() []string {
	return []string{client.GrantAuthorizationCode, client.GrantRefreshToken}
}

func (b Bounds) scope() []string {
	if b.Scope == "" {
		return strings.Fields(DefaultScope)
	}
	return strings.Fields(b.Scope)
}

func (b Bounds) grantTypes() []string {
	if len(b.GrantTypes) == 0 {
		return DefaultGrantTypes()
	}
	return b.GrantTypes
}

// check sees that the bounds can be met at all.
func (b Bounds) check() error {
	for _, scope := range b.scope() {
		if !client.KnownScope(scope) {
			return fmt.Errorf("the scope %q is unknown", scope)
		}
	}
	for _, host := range b.RedirectHosts {
		if name := strings.TrimPrefix(host, "*."); name == "" || strings.ContainsAny(name, "*/:@ ") || name != strings.ToLower(name) {
			return fmt.Errorf("the redirect host %q must be a host name in small letters, or *. before one", host)
		}
	}
	return nil
}

// fit fills in what a client leaves out and refuses what is outside the bounds.
func (b Bounds) fit(c *client.Client) *Refusal {
	if len(c.GrantTypes) == 0 { // RFC 7591 §2
		c.GrantTypes = []string{client.GrantAuthorizationCode}
	}
	if c.Scope == "" {
		c.Scope = strings.Join(b.scopeFor(c), " ")
	}
	for _, scope := range c.Scopes() {
		if !slices.Contains(b.scope(), scope) {
			return badMetadata("scope", "%.60q is not to be had by registration here; to be had: %s", scope, strings.Join(b.scope(), " "))
		}
	}
	for _, grant := range c.GrantTypes {
		if !slices.Contains(b.grantTypes(), grant) {
			return badMetadata("grant_types", "%.60q is not to be had by registration here; to be had: %s", grant, strings.Join(b.grantTypes(), " "))
		}
	}
	for _, uri := range slices.Concat(c.RedirectURIs, c.PostLogoutRedirectURIs) {
		if !b.reaches(uri) {
			return badRedirect("the host of %.200q is not one of those that may register here", uri)
		}
	}
	return nil
}

// scopeFor leaves out what the client cannot have: a program without people has no
// use for what speaks of a person.
func (b Bounds) scopeFor(c *client.Client) []string {
	if c.Kind != client.Service {
		return b.scope()
	}
	return slices.DeleteFunc(slices.Clone(b.scope()), client.Personal)
}

// reaches reports whether a redirect URI leads to one of the hosts.
func (b Bounds) reaches(uri string) bool {
	if len(b.RedirectHosts) == 0 {
		return true
	}
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return slices.ContainsFunc(b.RedirectHosts, func(allowed string) bool {
		if below, ok := strings.CutPrefix(allowed, "*."); ok {
			return strings.HasSuffix(host, "."+below) && len(host) > len(below)+1
		}
		return host == allowed
	})
}
