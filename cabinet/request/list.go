package request

import (
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/storage"
)

// Filter chooses requests of one organisation. Empty fields choose all.
type Filter struct {
	Type        Type
	Status      Status
	Phase       Phase
	From, To    storage.Time // From <= created < To
	Due         storage.Time // due at or before; the list then goes by due date, the nearest first
	Overdue     bool         // only what is overdue
	Responsible string       // member id
	Words       string       // what somebody typed
}

// List is one page of the requests that the filter chooses, newest first (by due
// date with Filter.Due), and one row more when there are more. Every form of it
// walks one index inside the organisation and begins where the page says, so that
// its price does not depend on how many requests there are.
func (b *Inbox) List(ctx context.Context, organisationID string, f Filter, page api.Page) ([]Request, error) {
	text, args, some := f.query(organisationID, page)
	if !some {
		return nil, nil
	}
	var rows []Request
	if err := b.DB.Select(ctx, &rows, text, args...); err != nil {
		return nil, fmt.Errorf("request: list: %w", err)
	}
	return rows, nil
}

// key is the place of a request in the order of the list.
func (f Filter) key(r Request) (storage.Time, string) {
	if f.Due > 0 {
		return r.DueAt, r.ID
	}
	return r.CreatedAt, r.ID
}

// query writes the list's SQL. Its text depends only on which fields are set,
// never on their values; some is false when nothing can be found.
func (f Filter) query(organisationID string, page api.Page) (text string, args []any, some bool) {
	q := &storage.Where{}
	walked, order := "r", "r.created_at"
	var words []string
	if f.Words != "" {
		if words = asked(f.Words); len(words) == 0 {
			return "", nil, false
		}
		walked, order = "w", "w.created_at"
	}
	if f.Due > 0 {
		order = "r.due_at"
	}
	q.And(walked+".organisation_id = ?", organisationID)
	f.search(q, words)
	f.conditions(q, order)
	id := "r.id"
	if order == "w.created_at" {
		id = "w.request_id"
	}
	direction, beyond := "DESC", "<"
	if f.Due > 0 {
		direction, beyond = "ASC", ">"
	}
	if page.ID != "" {
		q.And("("+order+", "+id+") "+beyond+" (?, ?)", page.At, page.ID)
	}
	from := "requests r"
	if len(words) > 0 {
		from = "request_words w CROSS JOIN requests r"
	}
	limit := q.Arg(page.Limit + 1)
	return fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s %s, %s %s LIMIT %s",
		storage.Prefixed("r", columns), from, q, order, direction, id, direction, limit), q.Args(), true
}

// search adds the words: the walk goes along the first of them, the others are
// looked up by their whole key: in a scalar, since PostgreSQL makes a join of EXISTS and
// reads all of two common words. CROSS JOIN tells SQLite to keep that order.
func (f Filter) search(q *storage.Where, words []string) {
	if len(words) == 0 {
		return
	}
	q.And("w.word = ?", words[0])
	q.And("r.id = w.request_id")
	for _, word := range words[1:] {
		q.And(`(SELECT 1 FROM request_words x WHERE x.organisation_id = w.organisation_id AND x.word = ?
			AND x.created_at = w.created_at AND x.request_id = w.request_id) = 1`, word)
	}
}

// conditions adds the rest. The conditions that name a constant are those of the
// partial indexes.
func (f Filter) conditions(q *storage.Where, order string) {
	created := "r.created_at"
	if order == "w.created_at" {
		created = order
	}
	q.When(f.Type != "", "r.type = ?", f.Type)
	q.When(f.Status != "", "r.status = ?", f.Status)
	q.When(f.Phase != "", "r.phase = ?", f.Phase)
	q.When(f.Responsible != "", "r.responsible_id = ?", f.Responsible)
	q.When(f.From > 0, created+" >= ?", f.From)
	q.When(f.To > 0, created+" < ?", f.To)
	if f.Overdue {
		q.And("r.overdue = TRUE")
	}
	if f.Due > 0 {
		q.And("r.due_at > 0")
		q.And("r.due_at <= ?", f.Due)
	}
}
