package people

import (
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// role is one of the roles that can be given, as the API tells it.
type role struct {
	Role        string   `json:"role"`
	Label       string   `json:"label"`
	Permissions []string `json:"permissions"`
}

// book is the API's list of roles and permissions, with their words.
type book struct {
	Roles       []role `json:"roles"`
	Permissions []struct {
		Permission string `json:"permission"`
		Label      string `json:"label"`
	} `json:"permissions"`
}

func readRoles(v *desk.Visit) (found book, err error) {
	err = v.Get("/organization/roles", nil, &found)
	return found, err
}

type roleRow struct{ Label, Permissions string }

// roleOptions are the roles that can be given, and what each opens.
func roleOptions(v *desk.Visit) ([]pages.Option, []roleRow, error) {
	found, err := readRoles(v)
	if err != nil {
		return nil, nil, err
	}
	labels := map[string]string{}
	for _, p := range found.Permissions {
		labels[p.Permission] = p.Label
	}
	var options []pages.Option
	var rows []roleRow
	for _, r := range found.Roles {
		options = append(options, pages.Option{Value: r.Role, Label: r.Label})
		words := make([]string, len(r.Permissions))
		for i, name := range r.Permissions {
			words[i] = labels[name]
		}
		rows = append(rows, roleRow{Label: r.Label, Permissions: strings.Join(words, ", ")})
	}
	return options, rows, nil
}
