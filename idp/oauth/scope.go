package oauth

import (
	"slices"
	"strings"

	"propusk/idp/directory"
)

// The scopes besides the permissions of the cabinet API.
const (
	scopeOpenID        = "openid"         // OpenID Connect Core §3.1.2.1
	scopeProfile       = "profile"        // Core §5.4
	scopeEmail         = "email"          // Core §5.4
	scopePhone         = "phone"          // Core §5.4
	scopeOfflineAccess = "offline_access" // Core §11
	scopeOrganisation  = "organization"   // ours: which organisation, with which role
	scopeNotices       = "notices"        // ours: the person's notices and how he is told
	scopeRecoveries    = "recoveries"     // ours: helps people back in, where the person is an operator
	scopeModeration    = "moderation"     // ours: decides about organisations, where the person is an operator
)

// personal are the scopes that speak of a person, so that a client acting for
// itself cannot have them.
var personal = []string{scopeOpenID, scopeProfile, scopeEmail, scopePhone, scopeOfflineAccess, scopeNotices, scopeRecoveries, scopeModeration}

// Scopes returns every scope of this server, in the order of discovery.
func Scopes() []string {
	scopes := append(slices.Clone(personal), scopeOrganisation)
	for _, permission := range directory.Permissions() {
		scopes = append(scopes, string(permission))
	}
	return scopes
}

var known = func() map[string]bool {
	set := make(map[string]bool)
	for _, scope := range Scopes() {
		set[scope] = true
	}
	return set
}()

func knownScope(scope string) bool { return known[scope] }

// isPermission reports whether a scope is one of the cabinet API's.
func isPermission(scope string) bool {
	return known[scope] && scope != scopeOrganisation && !slices.Contains(personal, scope)
}

// wantOrganisation reports whether the scopes ask for an organisation: the
// scope organization does, and every permission, since a right is a right in
// some organisation.
func wantOrganisation(scopes []string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool {
		return scope == scopeOrganisation || isPermission(scope)
	})
}

// splitScope reads a scope parameter (RFC 6749 §3.3), each scope once, in the
// order given.
func splitScope(scope string) []string {
	var scopes []string
	for s := range strings.FieldsSeq(scope) {
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// within reports whether every one of few is among many.
func within(few, many []string) bool {
	for _, s := range few {
		if !slices.Contains(many, s) {
			return false
		}
	}
	return true
}

// The Authentication Context Class References of this server, weakest first.
var acrs = []string{"urn:propusk:1", "urn:propusk:2", "urn:propusk:qualified"}

// rank orders assurance; 0 for none and for what we do not know.
func rank(acr string) int { return slices.Index(acrs, acr) + 1 }
