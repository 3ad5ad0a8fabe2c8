package people

import (
	"net/http"
	"slices"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// matrixView says what each role opens, and plays one of them.
type matrixView struct {
	Roles   []matrixRole
	Rows    []matrixRow
	Tried   string // the role that is played, by name; "" = none
	Options []pages.Option
	Opens   []place // what one would see as it
	Shut    []place
}

type matrixRole struct {
	Name, Label string
	Own         bool // the visitor's
}

type matrixRow struct {
	Permission, Label string
	Holds             []bool // in the order of the roles
}

// place is a page of the cabinet, and the permission that it needs.
type place struct {
	Label, Path, Right string
}

// places are what a role opens of the cabinet, in the order of the side list.
var places = []struct{ key, path, permission string }{
	{"people.place.filings", "/cabinet/filings", "filings:read"},
	{"people.place.filings.write", "/cabinet/filings/new", "filings:write"},
	{"people.place.filings.sign", "/cabinet/filings", "filings:sign"},
	{"people.place.extracts", "/cabinet/extracts", "extracts:read"},
	{"people.place.finance", "/cabinet/finance", "finance:read"},
	{"people.place.finance.write", "/cabinet/finance?status=unpaid", "finance:write"},
	{"people.place.requests", "/cabinet/requests", "requests:read"},
	{"people.place.requests.write", "/cabinet/requests/new", "requests:write"},
	{"people.place.documents", "/cabinet/documents", "documents:read"},
	{"people.place.documents.sign", "/cabinet/documents", "documents:sign"},
	{"place.tenders", "/cabinet/tenders", "tenders:read"},
	{"people.place.tenders.write", "/cabinet/tenders/applications", "tenders:write"},
	{"people.place.tenders.sign", "/cabinet/tenders/applications", "tenders:sign"},
	{"people.place.organisation.write", "/cabinet/organization", "organization:write"},
	{"place.members", "/cabinet/members", "members:read"},
	{"people.place.members.write", "/cabinet/members/invite", "members:write"},
	{"people.place.powers", "/cabinet/powers", "powers:read"},
	{"people.place.clients", "/cabinet/integrations", "clients:read"},
	{"people.place.journal", "/cabinet/journal", "journal:read"},
}

// matrix explains the roles; with ?role= it plays one: what somebody of the role
// would see, and what not.
func matrix(v *desk.Visit) error {
	found, err := readRoles(v)
	if err != nil {
		return err
	}
	view := matrixView{Tried: v.Query("role"), Options: []pages.Option{{Value: "", Label: v.T("people.nobody")}}}
	held := map[string][]string{}
	for _, r := range found.Roles {
		held[r.Role] = r.Permissions
		view.Roles = append(view.Roles, matrixRole{r.Role, r.Label, slices.Contains(v.Organisation().Roles, r.Role)})
		view.Options = append(view.Options, pages.Option{Value: r.Role, Label: r.Label})
	}
	for _, p := range found.Permissions {
		row := matrixRow{Permission: p.Permission, Label: p.Label}
		for _, r := range found.Roles {
			row.Holds = append(row.Holds, slices.Contains(r.Permissions, p.Permission))
		}
		view.Rows = append(view.Rows, row)
	}
	permissions, known := held[view.Tried]
	if !known {
		view.Tried = ""
	} else {
		view.play(v, permissions)
	}
	return v.Page(http.StatusOK, "people_matrix.html", "people.matrix", view)
}

// play sorts the places by whether the permissions open them.
func (m *matrixView) play(v *desk.Visit, permissions []string) {
	for _, one := range places {
		drawn := place{Label: v.T(one.key), Path: one.path, Right: v.T("scope." + one.permission)}
		if slices.Contains(permissions, one.permission) {
			m.Opens = append(m.Opens, drawn)
		} else {
			m.Shut = append(m.Shut, drawn)
		}
	}
}
