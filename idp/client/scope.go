package client

import (
	"slices"
	"strings"

	"propusk/idp/directory"
)

// The scopes besides the permissions of the cabinet API.
const (
	ScopeOpenID        = "openid"         // OpenID Connect Core §3.1.2.1
	ScopeProfile       = "profile"        // Core §5.4
	ScopeEmail         = "email"          // Core §5.4
	ScopePhone         = "phone"          // Core §5.4
	ScopeOfflineAccess = "offline_access" // Core §11
	ScopeOrganisation  = "organization"   // ours: which organisation, with which role
	ScopeNotices       = "notices"        // ours: the person's notices and how he is told
	ScopePowersOwn     = "powers:own"     // ours: the powers of attorney that the person was given, to use, give up and hand on
	ScopeRecoveries    = "recoveries"     // ours: helps people back in, where the person is an operator
	ScopeModeration    = "moderation"     // ours: decides about organisations, where the person is an operator
	ScopeConsoleRead   = "console:read"   // ours: looks into the operators' console
	ScopeConsoleWrite  = "console:write"  // … and acts there
	ScopeSignalsRead   = "ssf.read"       // CAEP Interoperability Profile 1.0 §2.7.3: takes security events
	ScopeSignalsManage = "ssf.manage"     // … and says which
)

// own are the scopes that a client has for itself alone, of whatever organisation
// or of none.
var own = []string{ScopeSignalsRead, ScopeSignalsManage}

// personal are the scopes that speak of a person, so that a client acting for
// itself cannot have them.
var personal = []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopePhone, ScopeOfflineAccess, ScopeNotices, ScopePowersOwn, ScopeRecoveries, ScopeModeration}

// console are the scopes of the operators' console. Discovery does not name them: no
// application of others can have one.
var console = []string{ScopeConsoleRead, ScopeConsoleWrite}

// IsConsole reports whether a scope is one of the operators' console.
func IsConsole(scope string) bool { return slices.Contains(console, scope) }

// WantsConsole reports whether the scopes ask for the operators' console.
func WantsConsole(scopes []string) bool { return slices.ContainsFunc(scopes, IsConsole) }

// Scopes returns every scope that an application can have, in the order of discovery.
func Scopes() []string {
	scopes := append(slices.Clone(personal), own...)
	scopes = append(scopes, ScopeOrganisation)
	for _, permission := range directory.Permissions() {
		scopes = append(scopes, string(permission))
	}
	return scopes
}

var known = func() map[string]bool {
	set := make(map[string]bool)
	for _, scope := range append(Scopes(), console...) {
		set[scope] = true
	}
	return set
}()

// KnownScope reports whether this server has a scope.
func KnownScope(scope string) bool { return known[scope] }

// Personal reports whether a scope speaks of a person.
func Personal(scope string) bool { return slices.Contains(personal, scope) || IsConsole(scope) }

// Own reports whether a scope is one that only a client acting for itself has.
func Own(scope string) bool { return slices.Contains(own, scope) }

// IsPermission reports whether a scope is one of the cabinet API's.
func IsPermission(scope string) bool {
	return known[scope] && scope != ScopeOrganisation && !Personal(scope) && !Own(scope)
}

// WantsOrganisation reports whether the scopes ask for an organisation: the
// scope organization does, and every permission, since a right is a right in
// some organisation.
func WantsOrganisation(scopes []string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool {
		return scope == ScopeOrganisation || IsPermission(scope)
	})
}

// SplitScope reads a scope parameter (RFC 6749 §3.3), each scope once, in the
// order given.
func SplitScope(scope string) []string {
	scopes := strings.Fields(scope)
	once := scopes[:0]
	for _, s := range scopes {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	if len(once) == 0 {
		return nil
	}
	return once
}

// The Authentication Context Class References of this server, weakest first.
var acrs = []string{"urn:propusk:1", "urn:propusk:2", "urn:propusk:qualified"}

// ACRs returns the assurance levels of this server, weakest first.
func ACRs() []string { return slices.Clone(acrs) }

// Rank orders assurance; 0 for none and for what we do not know.
func Rank(acr string) int { return slices.Index(acrs, acr) + 1 }
