package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The table of rights, written out: a line of it changes only on purpose.
func TestRolesHoldExactly(t *testing.T) {
	t.Parallel()
	want := map[Role]string{
		Administrator: "clients:read clients:write documents:read documents:sign documents:write extracts:read filings:read filings:sign filings:write finance:read finance:write journal:read members:read members:write organization:read organization:write powers:read powers:write requests:read requests:write tenders:read tenders:sign tenders:write",
		Head:          "clients:read documents:read documents:sign documents:write extracts:read filings:read filings:sign filings:write finance:read journal:read members:read members:write organization:read organization:write powers:read powers:write requests:read requests:write tenders:read tenders:sign tenders:write",
		Manager:       "documents:read documents:sign documents:write extracts:read filings:read filings:write members:read organization:read powers:read requests:read requests:write tenders:read tenders:write",
		Accountant:    "documents:read documents:write extracts:read filings:read filings:sign filings:write finance:read members:read organization:read powers:read requests:read tenders:read",
		Operator:      "documents:read documents:write extracts:read filings:read filings:write organization:read requests:read requests:write tenders:read tenders:write",
		Observer:      "documents:read extracts:read filings:read finance:read members:read organization:read powers:read requests:read tenders:read",
		Controller:    "clients:read documents:read extracts:read filings:read finance:read journal:read members:read organization:read powers:read requests:read tenders:read",
	}
	if len(Roles()) != len(want) {
		t.Errorf("roles: %v", Roles())
	}
	for role, permissions := range want {
		if got := join(role.Permissions()); got != permissions {
			t.Errorf("%s\n holds %s\n  want %s", role, got, permissions)
		}
	}
}

func TestOnlyTheAdministratorHoldsEverything(t *testing.T) {
	t.Parallel()
	all := Permissions()
	slices.Sort(all)
	if !slices.Equal(Administrator.Permissions(), all) {
		t.Error("the administrator lacks something")
	}
	for _, role := range []Role{Observer, Controller} {
		for _, p := range role.Permissions() {
			if !strings.HasSuffix(string(p), ":read") {
				t.Errorf("%s, who looks only, holds %s", role, p)
			}
		}
	}
	for _, role := range []Role{Manager, Operator} {
		if (Member{Role: role}).Can(FinanceRead) {
			t.Errorf("%s sees money", role)
		}
	}
}

func TestGrantsAndDenialsOnTopOfTheRole(t *testing.T) {
	t.Parallel()
	m := Member{Role: Observer, Grants: []Permission{FilingsWrite, MembersWrite}, Denials: []Permission{FinanceRead, MembersWrite}}
	if got, want := join(m.Permissions()), "documents:read extracts:read filings:read filings:write members:read organization:read powers:read requests:read tenders:read"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if m.Can(MembersWrite) || !m.Can(FilingsWrite) || m.Can("") || m.Can("root") {
		t.Error("Can and Permissions disagree")
	}
	if got := (Member{Role: "root"}).Permissions(); len(got) != 0 {
		t.Errorf("an unknown role holds %v", got)
	}
}

func TestLabelsInBothLanguages(t *testing.T) {
	t.Parallel()
	if Administrator.Label("ru") != "Администратор" || Controller.Label("ru") != "Контролёр" || Head.Label("en") != "Head" || Role("x").Label("ru") != "x" {
		t.Error("labels of roles")
	}
	if FilingsSign.Label("de") != "Подписание и отправка отчётности" || ClientsRead.Label("en") != "View applications' access" || Permission("x").Label("en") != "x" {
		t.Error("labels of permissions")
	}
	for _, p := range Permissions() {
		if !p.Valid() || p.Label("ru") == string(p) || p.Label("en") == string(p) {
			t.Errorf("%s has no label", p)
		}
	}
	for _, r := range Roles() {
		if !r.Valid() || r.Label("ru") == r.Label("en") {
			t.Errorf("%s has no labels", r)
		}
	}
}

func TestPermissionListIsStoredAsJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		list PermissionList
		text string
	}{{nil, "[]"}, {PermissionList{}, "[]"}, {PermissionList{FilingsRead, FinanceRead}, `["filings:read","finance:read"]`}} {
		text, err := test.list.Value()
		if err != nil || text != test.text {
			t.Errorf("%v: %v, %v", test.list, text, err)
		}
		for _, src := range []any{test.text, []byte(test.text)} {
			var back PermissionList
			if err := back.Scan(src); err != nil || !slices.Equal(back, test.list) {
				t.Errorf("%v: %v, %v", src, back, err)
			}
		}
	}
	var l PermissionList
	if l.Scan(7) == nil || l.Scan("{") == nil {
		t.Error("nonsense is scanned")
	}
}

func TestRulesOfGranting(t *testing.T) {
	t.Parallel()
	rightsOf := func(r Role, grants ...Permission) rights {
		return rights{set: effective(r, grants, nil), administrator: r == Administrator}
	}
	none := standing{}
	for _, test := range []struct {
		name     string
		held     rights
		from, to standing
		may      bool
	}{
		{"an administrator makes an administrator", rightsOf(Administrator), none, standing{role: Administrator}, true},
		{"a head makes no administrator", rightsOf(Head), none, standing{role: Administrator}, false},
		{"a head removes no administrator", rightsOf(Head), standing{role: Administrator}, none, false},
		{"a head demotes no administrator", rightsOf(Head), standing{role: Administrator}, standing{role: Observer}, false},
		{"all permissions do not make an administrator", rightsOf(Observer, Permissions()...), none, standing{role: Administrator}, false},
		{"a head makes an accountant", rightsOf(Head), none, standing{role: Accountant}, true},
		{"a head grants no payments", rightsOf(Head), standing{role: Accountant}, standing{role: Accountant, grants: []Permission{FinanceWrite}}, false},
		{"payments that stay are no grant", rightsOf(Head), standing{role: Accountant, grants: []Permission{FinanceWrite}}, standing{role: Operator, grants: []Permission{FinanceWrite}}, true},
		{"lifting a denial is granting", rightsOf(Observer, MembersWrite), standing{role: Head, denials: []Permission{FilingsSign}}, standing{role: Head}, false},
		{"taking away needs no more", rightsOf(Observer, MembersWrite), standing{role: Head}, standing{role: Observer}, true},
		{"a role beyond one's own", rightsOf(Observer, MembersWrite), none, standing{role: Operator}, false},
		{"denied on arrival is not granted", rightsOf(Observer, MembersWrite), none, standing{role: Controller, denials: []Permission{JournalRead, ClientsRead}}, true},
	} {
		if err := test.held.mayMove(test.from, test.to); (err == nil) != test.may {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func join(list []Permission) string {
	return strings.Trim(fmt.Sprint(list), "[]")
}
