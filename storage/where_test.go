package storage_test

import (
	"reflect"
	"testing"

	"propusk/storage"
)

func TestWhereNumbersItsPlaceholdersAsTheyCome(t *testing.T) {
	t.Parallel()
	var w storage.Where
	if w.String() != "" || w.Args() != nil {
		t.Errorf("without conditions: %q %v", w.String(), w.Args())
	}
	w.And("organisation_id = ?", "o")
	w.When(false, "state = ?", "none")
	w.When(true, "(created_at, id) < (?, ?)", 7, "x")
	w.In("type", "a", "b")
	limit := w.Arg(51)
	w.And("overdue = TRUE")
	const text = " WHERE organisation_id = $1 AND (created_at, id) < ($2, $3) AND type IN ($4, $5) AND overdue = TRUE"
	if got := w.String(); got != text || limit != "$6" {
		t.Errorf("%s, limit %s", got, limit)
	}
	if want := []any{"o", 7, "x", "a", "b", 51}; !reflect.DeepEqual(w.Args(), want) {
		t.Errorf("args %v", w.Args())
	}
}

// TestWhereKeepsValuesOutOfTheText: a value that looks like SQL, or like a mark, is
// still only a value.
func TestWhereKeepsValuesOutOfTheText(t *testing.T) {
	t.Parallel()
	var w storage.Where
	w.And("name = ? AND place = ?", "? OR 1 = 1 --", "$1")
	if w.String() != " WHERE name = $1 AND place = $2" {
		t.Error(w.String())
	}
	var none storage.Where
	none.In("type")
	if none.String() != " WHERE 1 = 0" {
		t.Errorf("one of nothing: %s", none.String())
	}
	if got := storage.MatchPart(`50%_\`); got != `%50\%\_\\%` {
		t.Error(got)
	}
	if got := storage.Prefixed("r", "id, name,\n\tstate"); got != "r.id, r.name, r.state" {
		t.Error(got)
	}
}
