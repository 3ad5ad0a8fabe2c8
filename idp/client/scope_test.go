package client

import (
	"slices"
	"testing"

	"propusk/idp/directory"
)

func TestScopesAreTheVocabularyOfTheDirectory(t *testing.T) {
	t.Parallel()
	scopes := Scopes()
	for _, permission := range directory.Permissions() {
		if !slices.Contains(scopes, string(permission)) || !IsPermission(string(permission)) {
			t.Errorf("%s is not a scope", permission)
		}
	}
	for _, scope := range []string{"openid", "organization", "nonsense", ""} {
		if IsPermission(scope) {
			t.Errorf("%q counts as a permission", scope)
		}
	}
	if WantsOrganisation([]string{"openid", "offline_access"}) || !WantsOrganisation([]string{"openid", "organization"}) || !WantsOrganisation([]string{"journal:read"}) {
		t.Error("wrong scopes ask for an organisation")
	}
}
