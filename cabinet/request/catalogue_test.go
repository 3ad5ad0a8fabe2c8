package request

import (
	"testing"

	"propusk/cabinet/notice"
)

// TestEveryNoticeIsInTheCatalogue: what people and webhooks are told of is
// documented, with the category that it is told under.
func TestEveryNoticeIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, e := range notice.Catalogue() {
		listed[e.Type] = true
	}
	for typ, family := range families {
		for what := range subjects {
			if possible(typ, what) && !listed[family.name+"."+what] {
				t.Errorf("%s.%s is not in the catalogue", family.name, what)
			}
		}
	}
}

// possible says what can happen to a type.
func possible(typ Type, what string) bool {
	switch what {
	case "submitted":
		return typ != Requirement
	case "received":
		return typ == Requirement || typ == Message
	case "due":
		return typ == Requirement || typ == Application
	case "overdue":
		return Expires(typ, Initial(typ, Out))
	case "not_sent":
		return typ != Ticket
	}
	return true
}
