package client

import (
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/idp/client"
)

// personal are the scopes about a person that organisations' applications may have;
// notices, and what operators of the service use, are not among them.
var personal = []string{
	client.ScopeOpenID, client.ScopeProfile, client.ScopeEmail, client.ScopePhone, client.ScopeOfflineAccess, client.ScopeOrganisation,
}

// grants reports whether the caller may let a program have a scope: what he has
// himself, in this organisation, and let the application that asks do, and not what
// belongs to operators.
func grants(c api.Call, scope string) bool {
	return slices.Contains(personal, scope) || client.IsPermission(scope) && c.Claims.Reaches(scope)
}

// beyond are the scopes of a program that the caller could not have given it.
func beyond(c api.Call, scopes []string) (more []string) {
	for _, scope := range scopes {
		if !grants(c, scope) {
			more = append(more, scope)
		}
	}
	return more
}

// mayHandle refuses acts that would put a program into the hands of somebody who may
// do less than it.
func mayHandle(c api.Call, about client.Client) error {
	if about.FirstParty {
		return api.Refuse("client_of_the_house")
	}
	if more := beyond(c, about.Scopes()); len(more) > 0 {
		return api.Refuse("client_beyond_you").With("scope", strings.Join(more, " "))
	}
	return nil
}

// mayWiden refuses scopes that the client does not have yet and the caller cannot give.
func mayWiden(c api.Call, before client.Client, scope string) error {
	var fresh []string
	for _, wanted := range strings.Fields(scope) {
		if client.KnownScope(wanted) && !slices.Contains(before.Scopes(), wanted) {
			fresh = append(fresh, wanted)
		}
	}
	if more := beyond(c, fresh); len(more) > 0 {
		return api.Invalid(api.FieldFault{Pointer: "/scope", Code: "beyond", Args: map[string]string{"scope": strings.Join(more, " ")}})
	}
	return nil
}
