package api

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"propusk/idp/directory"
	"propusk/storage"
)

// ID reads the path parameter {id}. What is not an identifier of ours names nothing.
func (c Call) ID() (string, error) { return c.PathID("id") }

// PathID reads a path parameter that is an identifier.
func (c Call) PathID(name string) (string, error) {
	id := c.Param(name)
	if !IsID(id) {
		return "", Refuse("not_found")
	}
	return id, nil
}

// IsID accepts the one spelling that storage.NewID makes.
func IsID(s string) bool {
	return len(s) == 36 && uuid.Validate(s) == nil && strings.ToLower(s) == s
}

// Query reads the parameters of a request strictly: unknown and repeated ones are
// faults, and all faults are told at once.
type Query struct {
	values map[string][]string
	below  string // the member of the body that holds them; "" for a query's own
	faults []FieldFault
}

// Query takes the names of the parameters that the route knows.
func (c Call) Query(known ...string) *Query { return readQuery(&Query{values: c.QueryParams()}, known) }

// BodyQuery reads as a query the parameters that stand in a member of a body
// ("/filter"): an object of texts.
func BodyQuery(pointer string, values map[string]string, known ...string) *Query {
	q := &Query{values: make(map[string][]string, len(values)), below: pointer}
	for name, value := range values {
		q.values[name] = []string{value}
	}
	return readQuery(q, known)
}

func readQuery(q *Query, known []string) *Query {
	for name, values := range q.values {
		switch {
		case !slices.Contains(known, name):
			q.Fault(strings.TrimPrefix(Pointer(name), "/"), "unknown")
		case len(values) > 1:
			q.Fault(name, "duplicate")
		}
	}
	slices.SortFunc(q.faults, func(a, b FieldFault) int {
		return strings.Compare(a.Parameter+a.Pointer, b.Parameter+b.Pointer)
	})
	return q
}

// Fault notes what is wrong with a parameter.
func (q *Query) Fault(name, code string) {
	if q.below != "" {
		q.faults = append(q.faults, FieldFault{Pointer: q.below + Pointer(name), Code: code})
		return
	}
	q.faults = append(q.faults, FieldFault{Parameter: name, Code: code})
}

// Err refuses the request for all faults found; nil without any.
func (q *Query) Err() error {
	if len(q.faults) == 0 {
		return nil
	}
	if q.below != "" {
		return Invalid(q.faults...)
	}
	return Refuse("parameter_invalid").About(q.faults...)
}

// Text reads a parameter that must satisfy a rule; empty and absent are one.
func (q *Query) Text(name string, valid func(string) bool) string {
	values := q.values[name]
	if len(values) == 0 || values[0] == "" {
		return ""
	}
	if !valid(values[0]) {
		q.Fault(name, "format")
		return ""
	}
	return values[0]
}

// OneOf reads a parameter that has one of the values; empty when it is absent.
func (q *Query) OneOf(name string, values ...string) string {
	return q.Text(name, func(s string) bool { return slices.Contains(values, s) })
}

// Flag reads true or false; false when it is absent.
func (q *Query) Flag(name string) bool { return q.OneOf(name, "true", "false") == "true" }

// Number reads a whole number between two bounds, standard when it is absent.
func (q *Query) Number(name string, least, most, standard int64) int64 {
	text := q.Text(name, func(s string) bool { _, err := strconv.ParseInt(s, 10, 64); return err == nil })
	if text == "" {
		return standard
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	if n < least || n > most {
		q.Fault(name, "out_of_range")
		return standard
	}
	return n
}

// Time reads a date-time of RFC 3339.
func (q *Query) Time(name string) storage.Time {
	text := q.Text(name, func(s string) bool { _, err := time.Parse(time.RFC3339, s); return err == nil })
	if text == "" {
		return 0
	}
	t, _ := time.Parse(time.RFC3339, text)
	return storage.Of(t)
}

// Date reads a day as YYYY-MM-DD, "" when it is absent.
func (q *Query) Date(name string) string {
	return q.Text(name, func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil })
}

// Search reads words to look for: at most 200 bytes, trimmed, without control
// characters.
func (q *Query) Search(name string) string {
	return strings.TrimSpace(q.Text(name, func(s string) bool { return len(s) <= 200 && clean(s) }))
}

// The sizes of a page of a list.
const (
	DefaultPage = 50
	MaxPage     = 200
)

// Page says which part of a list is asked for, newest first: at most Limit rows
// that come after the row of At and ID. The zero At begins at the newest.
type Page struct {
	At    storage.Time
	ID    string
	Limit int
}

// Page reads after and limit, the parameters of every list that goes by time.
func (q *Query) Page() Page {
	page := Page{Limit: int(q.Number("limit", 1, MaxPage, DefaultPage))}
	if cursor := q.Text("after", IsCursor); cursor != "" {
		var ok bool
		if page.At, page.ID, ok = decodeCursor(cursor); !ok {
			q.Fault("after", "format")
		}
	}
	return page
}

// Cut cuts rows, of which one more than the limit was asked for, to the page, and
// answers the cursor of the next one, "" at the end.
func Cut[T any](p Page, rows []T, key func(T) (storage.Time, string)) (part []T, next string) {
	if len(rows) <= p.Limit {
		return rows, ""
	}
	rows = rows[:p.Limit]
	return rows, EncodeCursor(key(rows[p.Limit-1]))
}

// EncodeCursor names a row of a list that is ordered by time and id.
func EncodeCursor(at storage.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(int64(at), 36) + "." + id))
}

func decodeCursor(cursor string) (storage.Time, string, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, "", false
	}
	at, id, found := strings.Cut(string(raw), ".")
	n, err := strconv.ParseInt(at, 36, 64)
	return storage.Time(n), id, found && err == nil && IsID(id)
}

// DirectoryPage reads the parameters of a list of the directory.
func (c Call) DirectoryPage() (directory.Page, error) {
	q := c.Query("after", "limit")
	page := directory.Page{
		After: q.Text("after", IsCursor),
		Limit: int(q.Number("limit", 1, directory.MaxPage, directory.DefaultPage)),
	}
	return page, q.Err()
}

// IsCursor bounds a cursor; only whoever made it knows what it means.
func IsCursor(s string) bool {
	for _, b := range []byte(s) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return len(s) <= 512
}
