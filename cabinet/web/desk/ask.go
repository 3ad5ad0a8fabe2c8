package desk

import (
	"net/url"
	"strings"

	"propusk/idp/pages"
)

// grantors are the colleagues who can give a permission.
type grantors struct {
	Permission string      `json:"permission"`
	Colleagues []Colleague `json:"colleagues"`
}

// askColleagues tells those who can give a permission that the visitor lacks it, and
// goes back to the page.
func (v *Visit) askColleagues() error {
	var asked grantors
	err := v.Post("/organization/access-requests", map[string]string{"permission": v.Value("permission")}, &asked, IdempotencyKey(v.FormKey()))
	if err != nil {
		return err
	}
	names := make([]string, len(asked.Colleagues))
	for i, one := range asked.Colleagues {
		names[i] = one.Name
	}
	return v.Done(v.back(), "desk.asked", "Names", strings.Join(names, ", "))
}

// Lack says why something that needs a permission may not be done, and who can help.
// nil when the visitor holds it.
func (v *Visit) Lack(permission string) *pages.Lack {
	if permission == "" || v.May(permission) {
		return nil
	}
	action := &Action{Permission: permission}
	if !v.d.deps.House.Organisations {
		return v.lack(action)
	}
	var found grantors
	if err := v.Get("/organization/grantors", url.Values{"permission": {permission}}, &found); err == nil {
		action.Ask = found.Colleagues
	}
	return v.lack(action)
}

// switchLook changes how pages look in this browser, and goes back to the page.
func (v *Visit) switchLook() error {
	pages.SwitchLook(v.w, v.r, v.Value("look"))
	return v.redirect(v.back())
}
