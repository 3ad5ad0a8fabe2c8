package filing

import (
	"context"
	"fmt"
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/storage"
)

// filter says which filings of the history are asked for (row 175, «История
// отправок»). Zero fields do not narrow.
type filter struct {
	State, Kind, Period, Number string
	Year                        int
	From, To                    storage.Time // of creation; To is not included
	Group                       report.Group
	Visible                     []string // types that the caller may read; nil is all
}

// filters are the parameters that narrow the history.
var filters = []string{"state", "type", "group", "period", "year", "number", "from", "to"}

func readFilter(q *api.Query) filter {
	states := make([]string, 0, len(States()))
	for _, s := range States() {
		states = append(states, string(s))
	}
	f := filter{
		State:  q.OneOf("state", states...),
		Kind:   q.Text("type", func(s string) bool { _, known := report.Find(s); return known }),
		Period: q.Text("period", func(s string) bool { return len(s) == 2 }),
		Number: q.Text("number", ValidNumber), Year: int(q.Number("year", 1990, 2100, 0)),
		From: day(q, "from", 0), To: day(q, "to", 1),
		Group: report.Group(q.OneOf("group", string(report.Tax), string(report.Contributions), string(report.Bookkeeping),
			string(report.Statistics), string(report.Refund), string(report.Other))),
	}
	return f
}

// day reads a day of Moscow; the beginning of the day that is so many days later.
func day(q *api.Query, name string, later int) storage.Time {
	d, ok := report.ParseDate(q.Date(name))
	if !ok {
		return 0
	}
	return storage.Of(d.Add(later).Start())
}

// page reads one page of the history, newest first, and one row more. The text is
// put together of fixed parts, so there are few different statements; each walks an
// index that begins with the organisation.
func (r *Filings) page(ctx context.Context, organisationID string, f filter, p api.Page) (list []Filing, err error) {
	text, args := f.query(organisationID, p)
	if err = r.DB.Select(ctx, &list, text, args...); err != nil {
		return nil, fmt.Errorf("filing: list: %w", err)
	}
	return list, nil
}

func (f filter) query(organisationID string, p api.Page) (text string, args []any) {
	q := f.where(organisationID)
	q.When(p.At != 0, "(created_at, id) < (?, ?)", p.At, p.ID)
	limit := q.Arg(p.Limit + 1)
	return `SELECT ` + columns + ` FROM filings` + q.String() + ` ORDER BY created_at DESC, id DESC LIMIT ` + limit, q.Args()
}

func key(f Filing) (storage.Time, string) { return f.CreatedAt, f.ID }

// where are the filter's conditions.
func (f filter) where(organisationID string) *storage.Where {
	q := &storage.Where{}
	q.And("organisation_id = ?", organisationID)
	q.When(f.State != "", "state = ?", f.State)
	q.When(f.Kind != "", "type = ?", f.Kind)
	q.When(f.Period != "", "period = ?", f.Period)
	q.When(f.Number != "", "number = ?", f.Number)
	q.When(f.Year != 0, "year = ?", f.Year)
	if f.Group != "" || f.Visible != nil {
		q.In("type", f.types()...)
	}
	q.When(f.From != 0, "created_at >= ?", f.From)
	q.When(f.To != 0, "created_at < ?", f.To)
	return q
}

// types are those of the group that the caller may read.
func (f filter) types() (types []string) {
	for _, t := range report.Types() {
		if (f.Group == "" || t.Group == f.Group) && seen(f.Visible, t.ID) {
			types = append(types, t.ID)
		}
	}
	return types
}

// list answers GET /v1/filings.
func (r *Filings) list(c api.Call) error {
	q := c.Query(append([]string{"after", "limit"}, filters...)...)
	f, page := readFilter(q), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	var err error
	if f.Visible, err = r.visible(c); err != nil {
		return err
	}
	rows, err := r.page(c.Ctx(), c.Organisation(), f, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, key)
	items := make([]briefView, len(rows))
	for i, row := range rows {
		items[i] = brief(row, c.Lang())
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"filings": items, "next": next})
}

// eventView is a line of the journal of operations.
type eventView struct {
	ID         string       `json:"id"`
	FilingID   string       `json:"filing_id"`
	Event      string       `json:"event"`
	Label      string       `json:"label"`
	State      State        `json:"state"`
	StateLabel string       `json:"state_label"`
	PersonID   string       `json:"person_id,omitempty"`
	ClientID   string       `json:"client_id,omitempty"`
	Who        string       `json:"who,omitempty"`
	Text       string       `json:"text,omitempty"`
	At         storage.Time `json:"at"`
}

func eventViews(rows []event, lang string) []eventView {
	items := make([]eventView, len(rows))
	for i, e := range rows {
		items[i] = eventView{
			e.ID, e.FilingID, e.Event, eventLabel(e.Event, lang), e.State, e.State.Label(lang), e.PersonID, e.ClientID, e.Who, e.Text, e.At,
		}
	}
	return items
}

// operations answers GET /v1/filings/journal: date, time and processing status of
// every operation (row 177), newest first.
func (r *Filings) operations(c api.Call) error {
	q := c.Query("after", "limit", "from", "to")
	from, to, page := day(q, "from", 0), day(q, "to", 1), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	if to == 0 {
		to = 1 << 62
	}
	at, id := page.At, page.ID
	if at == 0 {
		at = 1 << 62
	}
	visible, err := r.visible(c)
	if err != nil {
		return err
	}
	if visible != nil {
		code := "power_exceeded"
		if c.Claims.Power == nil {
			code = "details_exceeded"
		}
		return api.Refuse(code).Because("the journal tells of every report")
	}
	var rows []event
	err = r.DB.Select(c.Ctx(), &rows, `SELECT `+eventColumns+` FROM filing_events
		WHERE organisation_id = $1 AND at >= $2 AND at < $3 AND (at, id) < ($4, $5) ORDER BY at DESC, id DESC LIMIT $6`,
		c.Organisation(), from, to, at, id, page.Limit+1)
	if err != nil {
		return fmt.Errorf("filing: operations: %w", err)
	}
	rows, next := api.Cut(page, rows, func(e event) (storage.Time, string) { return e.At, e.ID })
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"operations": eventViews(rows, c.Lang()), "next": next})
}

// history answers GET /v1/filings/{id}/events, oldest first: a filing has tens.
func (r *Filings) history(c api.Call) error {
	f, err := r.reading(c)
	if err != nil {
		return err
	}
	var rows []event
	err = r.DB.Select(c.Ctx(), &rows, `SELECT `+eventColumns+` FROM filing_events WHERE filing_id = $1 ORDER BY at, id LIMIT 1000`, f.ID)
	if err != nil {
		return fmt.Errorf("filing: history: %w", err)
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"operations": eventViews(rows, c.Lang())})
}

// receiptFile answers GET /v1/filings/{id}/receipts/{file}: a file that a body sent.
func (r *Filings) receiptFile(c api.Call) error {
	which, err := c.PathID("file")
	if err != nil {
		return err
	}
	f, err := r.reading(c)
	if err != nil {
		return err
	}
	receipts, err := r.receipts(c.Ctx(), f.ID)
	if err != nil {
		return err
	}
	for _, one := range receipts {
		for _, a := range one.Files.V {
			if a.ID == which {
				return r.give(c, a)
			}
		}
	}
	return api.Refuse("not_found")
}

func (r *Filings) give(c api.Call, a attached) error {
	stored, content, err := r.Files.Open(c.Ctx(), c.Organisation(), a.ID)
	if err != nil {
		return refusal(err)
	}
	defer func() { _ = content.Close() }()
	return api.File(c, api.FileAnswer{Name: a.Name, MediaType: stored.MediaType, SHA256: stored.SHA256, Size: stored.Size}, content)
}
