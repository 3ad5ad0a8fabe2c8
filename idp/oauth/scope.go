package oauth

import (
	"slices"

	"propusk/idp/client"
)

// The scopes that this package knows by name; the whole list is client.Scopes.
const (
	scopeOpenID        = client.ScopeOpenID
	scopeProfile       = client.ScopeProfile
	scopeEmail         = client.ScopeEmail
	scopePhone         = client.ScopePhone
	scopeOfflineAccess = client.ScopeOfflineAccess
)

// personal reports whether a scope speaks of a person, so that a client acting for
// itself cannot have it.
func personal(scope string) bool { return client.Personal(scope) }

// ownScope reports whether a scope is one that only a client acting for itself has.
func ownScope(scope string) bool { return client.Own(scope) }

// personsScopes refuses scopes that nobody can give to a client, since it has them
// for itself.
func personsScopes(scopes []string) error {
	for _, scope := range scopes {
		if ownScope(scope) {
			return invalidScope("the scope %s is for client_credentials: no person can give it", scope)
		}
	}
	return nil
}

// isPermission reports whether a scope is one of the cabinet API's.
func isPermission(scope string) bool { return client.IsPermission(scope) }

// wantOrganisation reports whether the scopes ask for an organisation.
func wantOrganisation(scopes []string) bool { return client.WantsOrganisation(scopes) }

// wantConsole reports whether the scopes ask for the operators' console.
func wantConsole(scopes []string) bool { return client.WantsConsole(scopes) }

// splitScope reads a scope parameter (RFC 6749 §3.3), each scope once, in the
// order given.
func splitScope(scope string) []string { return client.SplitScope(scope) }

// within reports whether every one of few is among many.
func within(few, many []string) bool {
	for _, s := range few {
		if !slices.Contains(many, s) {
			return false
		}
	}
	return true
}

// rank orders assurance; 0 for none and for what we do not know.
func rank(acr string) int { return client.Rank(acr) }
