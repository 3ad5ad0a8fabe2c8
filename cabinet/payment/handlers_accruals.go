package payment

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/export"
	"propusk/storage"
)

// filterNames are the parameters of the list and of the export.
var filterNames = []string{"period", "from", "to", "due_to", "kind", "status", "payee", "q", "sort"}

// sorts are the orders, those that begin with the greatest with a minus.
var sorts = []string{"billed", "-billed", "due", "-due", "amount", "-amount", "purpose", "-purpose"}

// filter reads which accruals are asked for.
func (p *Payments) filter(q *api.Query) Filter {
	kinds := make([]string, 0, len(Kinds()))
	for _, k := range Kinds() {
		kinds = append(kinds, string(k))
	}
	f := Filter{
		From: queryDay(q, "from"), To: queryDay(q, "to"), DueTo: queryDay(q, "due_to"), Kind: Kind(q.OneOf("kind", kinds...)),
		Status: q.OneOf("status", string(Due), shownOverdue, shownPaying, string(Settled), string(Withdrawn), "unpaid"),
		Payee:  q.Text("payee", func(s string) bool { return len(s) <= 12 && strings.Trim(s, "0123456789") == "" }), Words: q.Search("q"),
	}
	if preset := q.OneOf("period", presets...); preset != "" {
		if f.From != 0 || f.To != 0 {
			q.Fault("period", "not_with_dates")
		}
		f.From, f.To = period(preset, p.Now())
	}
	if f.From != 0 && f.To != 0 && f.To.Before(f.From) {
		q.Fault("to", "before_from")
	}
	sort := q.OneOf("sort", sorts...)
	if sort == "" {
		sort = "-billed"
	}
	f.Order = Order{By: strings.TrimPrefix(sort, "-"), Down: sort[0] == '-'}
	return f
}

func queryDay(q *api.Query, name string) storage.Time {
	text := q.Text(name, func(s string) bool { _, ok := readDay(s); return ok })
	day, _ := readDay(text)
	return day
}

// listAccruals answers GET /v1/accruals.
func (p *Payments) listAccruals(c api.Call) error {
	q := c.Query(append(slices.Clone(filterNames), "after", "limit")...)
	f, page := p.filter(q), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	rows, err := p.Accruals(c.Ctx(), c.Organisation(), f, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, f.key)
	items := make([]accrualItem, len(rows))
	for i, a := range rows {
		items[i] = p.item(a, c.Lang())
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": items, "next": next})
}

// getSummary answers GET /v1/accruals/summary: what is to be paid, and by when (row 231).
func (p *Payments) getSummary(c api.Call) error {
	s, err := p.Summarise(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{
		"count": s.Count, "left": s.Left, "overdue": s.Overdue, "next_due_on": dayText(storage.Time(s.Next)),
	})
}

// getPayees answers GET /v1/accruals/payees: whom the list can be narrowed to.
func (p *Payments) getPayees(c api.Call) error {
	list, err := p.Payees(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": api.List(list)})
}

// export answers GET of the export of a list.
func (p *Payments) export(k export.Kind) func(api.Call) error {
	press := export.Press{Paper: p.Paper, Now: p.Now}
	return func(c api.Call) error { return press.AtOnce(c, k) }
}

type inquiryView struct {
	State      string         `json:"state"` // none, asked, answered, refused
	Reason     string         `json:"reason"`
	Faults     []ChargeFaults `json:"faults"`
	Received   int64          `json:"received"`
	AskedAt    storage.Time   `json:"asked_at"`
	AnsweredAt storage.Time   `json:"answered_at"`
}

func newInquiryView(q Inquiry) inquiryView {
	return inquiryView{q.State, q.Reason, api.List(q.Faults.V), q.Received, q.AskedAt, q.AnsweredAt}
}

// getInquiry answers GET /v1/accruals/inquiry.
func (p *Payments) getInquiry(c api.Call) error {
	q, err := p.Inquiry(c.Ctx(), c.Organisation())
	if errors.Is(err, storage.ErrNotFound) {
		q, err = Inquiry{State: "none"}, nil
	}
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", newInquiryView(q))
}

// postInquiry answers POST /v1/accruals/inquiry.
func (p *Payments) postInquiry(c api.Call) error {
	q, err := p.Inquire(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	return api.Answer(c, http.StatusAccepted, "", newInquiryView(q))
}

// one is the accrual of the path.
func (p *Payments) one(c api.Call) (Accrual, error) {
	id, err := c.ID()
	if err != nil {
		return Accrual{}, err
	}
	a, err := p.Accrual(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return Accrual{}, refusal(err)
	}
	return a, nil
}

// getAccrual answers GET /v1/accruals/{id}.
func (p *Payments) getAccrual(c api.Call) error {
	a, err := p.one(c)
	if err != nil {
		return err
	}
	v, err := p.card(c, a)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", v)
}

// getDocument answers GET /v1/accruals/{id}/documents/{file}.
func (p *Payments) getDocument(c api.Call) error {
	a, err := p.one(c)
	if err != nil {
		return err
	}
	id, err := c.PathID("file")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(a.Documents.V, func(d AccrualDocument) bool { return d.FileID == id }) {
		return api.Refuse("not_found")
	}
	return p.sendFile(c, id)
}

// sendFile gives a file of the organisation.
func (p *Payments) sendFile(c api.Call, id string) error {
	f, content, err := p.Files.Open(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return api.FileRefusal(err)
	}
	defer func() { _ = content.Close() }() // it was only read
	return api.File(c, api.FileAnswer{Name: f.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size}, content)
}

// postProblem answers POST /v1/accruals/{id}/problems.
func (p *Payments) postProblem(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body Problem
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	var faults []api.FieldFault
	if reasonLabel(body.Reason, "ru") == "" {
		faults = append(faults, api.FieldFault{Pointer: "/reason", Code: "unknown"})
	}
	if body.Reason == "other" && strings.TrimSpace(body.Text) == "" {
		faults = append(faults, api.FieldFault{Pointer: "/text", Code: "required"})
	}
	if len([]rune(body.Text)) > 4000 {
		faults = append(faults, api.FieldFault{Pointer: "/text", Code: "too_long"})
	}
	if err := api.Invalid(faults...); err != nil {
		return err
	}
	rep, err := p.Report(c.Ctx(), c.Actor(), c.Organisation(), id, body)
	if err != nil {
		return refusal(err)
	}
	return api.Created(c, "/v1/organization/requests/"+rep.RequestID, "", rep)
}
