package desk

import (
	"path"
	"slices"
	"strings"
	"time"
)

// House is what a desk is set up in: where its pages stand, which API they show, and
// whom its people act for. The cabinet is one; the operators' console is another, in
// which nobody acts for an organisation.
type House struct {
	Name  string // key of its name's words
	Root  string // path of its first page, which all the others' begin with
	API   string // path that every path of its API begins with
	Store string // begins the names of what it keeps in Ephemeral
	// Cookie names the session; the cookie that binds sign-ins to a browser is called
	// after it. The prefix __Host- binds both to this host and to TLS; browsers take
	// localhost for secure (RFC 6265bis §4.1.3.2).
	Cookie string
	// Resource is the path at the issuer of the resource server that the tokens are for
	// (RFC 8707 §2); "" = the one that the issuer gives by itself.
	Resource string
	Scopes   []string      // that the desk itself needs
	MaxAge   time.Duration // how old the person's sign-in may be when ours begins; 0 = any
	Life     time.Duration // a session ends then, however busy
	Idle     time.Duration // and then, when it is not used; see Deps.Idle

	// Organisations: who signs in acts for one, which is always in sight and can be
	// switched. Without, the API's /me tells the person's roles, and a right is a role.
	Organisations bool
	Search        bool // over all rooms, from the head of every page
	Notices       bool // a bell, and a stream that moves it
	// Words is what the keys of the house's own words begin with, where it says
	// something otherwise than the desk does: "console" says "console.refused.back"
	// instead of "refused.back".
	Words string
	// Kind is how the head of its pages looks, see pages.Shell.
	Kind string
}

// Paths below the house's root that its client must be registered with at the issuer.
const (
	Callback  = "/callback"   // redirect_uri
	SignedOut = "/signed-out" // post_logout_redirect_uri
)

// Cabinet is the house of organisations' people.
func Cabinet() House {
	return House{
		Name: "cabinet.name", Root: "/cabinet", API: "/v1", Store: "cabinet", Cookie: "__Host-propusk-cabinet",
		Scopes: []string{"openid", "profile", "email", "organization", "organization:read", "notices", "powers:own"},
		Life:   12 * time.Hour, Idle: 30 * time.Minute,
		Organisations: true, Search: true, Notices: true,
	}
}

// at is the path of one of the desk's own pages.
func (h House) at(page string) string { return h.Root + page }

// has reports whether an address's path is one of the house's, so that a browser is
// led nowhere else.
func (h House) has(address string) bool {
	clean := path.Clean(address) // a browser would take the dots out too
	return clean == h.Root || strings.HasPrefix(clean, h.Root+"/")
}

// Asks are the scopes that a desk of the house with these rooms asks for, and what
// its client must be allowed.
func (h House) Asks(rooms ...Room) []string {
	all := slices.Clone(h.Scopes)
	for _, room := range rooms {
		for _, scope := range room.Scopes {
			if !slices.Contains(all, scope) {
				all = append(all, scope)
			}
		}
	}
	return all
}

// word is the key of a text as the house says it.
func (d *Desk) word(key string) string {
	if own := d.deps.House.Words + "." + key; d.deps.House.Words != "" && d.pages.Knows(own) {
		return own
	}
	return key
}
