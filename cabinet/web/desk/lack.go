package desk

import "propusk/idp/pages"

// LackOf says why a page's form is not drawn: the permission that its API would miss;
// nil when the visitor has it. It is for forms that make something new, of which the
// API has no actions to tell.
func LackOf(v *Visit, permission string) *pages.Lack {
	if v.May(permission) {
		return nil
	}
	return v.lack(&Action{Permission: permission, Reason: "permission_missing", Detail: permission})
}
