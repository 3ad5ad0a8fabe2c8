package storage_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"propusk/storage"
)

func TestTimeInJSON(t *testing.T) {
	t.Parallel()
	at := storage.Of(time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("x", 3*3600)))
	text, err := json.Marshal(map[string]storage.Time{"at": at, "never": 0})
	if must(t, err); string(text) != `{"at":"2026-01-02T00:04:05.000006Z","never":null}` {
		t.Fatalf("%s", text)
	}
	var back map[string]storage.Time
	must(t, json.Unmarshal([]byte(`{"at":"2026-01-02T05:04:05.000006+05:00","never":null}`), &back))
	if back["at"] != at || back["never"] != 0 {
		t.Fatalf("%v", back)
	}
	if json.Unmarshal([]byte(`"yesterday"`), new(storage.Time)) == nil {
		t.Fatal("yesterday is a time")
	}
}

func TestTimeArithmetic(t *testing.T) {
	t.Parallel()
	a := storage.Of(time.Unix(100, 0))
	b := a.Add(90 * time.Second)
	if b.Sub(a) != 90*time.Second || !a.Before(b) || !b.After(a) || b.Time().Location() != time.UTC || b.Time().Unix() != 190 {
		t.Fatal("wrong")
	}
	never := storage.Of(time.Time{})
	if !never.IsZero() || !never.Time().IsZero() || never.Add(time.Hour) != 0 || a.IsZero() {
		t.Fatal("never is some time")
	}
}

func TestJSONColumn(t *testing.T) {
	t.Parallel()
	j := storage.JSON[[]string]{V: []string{"kept"}}
	for _, src := range []any{nil, "", []byte{}} {
		if must(t, j.Scan(src)); j.V != nil {
			t.Fatalf("%v left %v", src, j.V)
		}
	}
	must(t, j.Scan([]byte(`["a"]`)))
	if must(t, j.Scan(`["a","b"]`)); !slices.Equal(j.V, []string{"a", "b"}) {
		t.Fatal(j.V)
	}
	for _, src := range []any{"[", 5} {
		if j.Scan(src) == nil {
			t.Errorf("%v was scanned", src)
		}
	}
	if _, err := (storage.JSON[func()]{}).Value(); err == nil {
		t.Error("a function has JSON")
	}
	text, err := json.Marshal(struct{ A storage.JSON[[]int] }{storage.JSON[[]int]{V: []int{1}}})
	if must(t, err); string(text) != `{"A":[1]}` {
		t.Errorf("%s", text)
	}
	var back struct{ A storage.JSON[[]int] }
	if must(t, json.Unmarshal(text, &back)); !slices.Equal(back.A.V, []int{1}) {
		t.Errorf("%v", back)
	}
}

func TestIDsSortByTheirTime(t *testing.T) {
	t.Parallel()
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = storage.NewID()
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != 1000 || len(ids[0]) != 36 || ids[0][14] != '7' {
		t.Fatalf("%v", ids[:3])
	}
}
