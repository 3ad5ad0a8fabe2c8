package desk

import "propusk/idp/pages"

// LackOf says why a page's form is not drawn: the permission that its API would miss;
// nil when the visitor has it. It is for forms that make something new, of which the
// API has no actions to tell.
func LackOf(v *Visit, permission string) *pages.Lack {
	return v.Lack(permission)
}
