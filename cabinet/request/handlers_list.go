package request

import (
	"errors"
	"net/http"
	"net/url"

	"propusk/cabinet/api"
	"propusk/cabinet/export"
	"propusk/storage"
)

// names of the parameters of every list of requests.
var filterNames = []string{"type", "status", "state", "from", "to", "due", "overdue", "responsible", "q"}

// filter reads which requests are asked for.
func filter(q *api.Query) Filter {
	types := make([]string, 0, len(typeLabels))
	for t := range typeLabels {
		types = append(types, string(t))
	}
	return Filter{
		Type:   Type(q.OneOf("type", types...)),
		Status: Status(q.Text("status", func(s string) bool { return Status(s).Valid() })),
		Phase:  Phase(q.OneOf("state", string(PhaseProcessing), string(PhaseCompleted), string(PhaseRejected))),
		From:   q.Time("from"), To: q.Time("to"), Due: q.Time("due"), Overdue: q.Flag("overdue"),
		Responsible: q.Text("responsible", api.IsID), Words: q.Search("q"),
	}
}

// list answers GET /v1/organization/requests: an array, as row 249 asks, with the
// next page in Link (RFC 8288).
func (b *Inbox) list(c api.Call) error {
	return b.page(c, func(rows []Request) (any, error) {
		names, err := b.responsible(c.Ctx(), rows)
		if err != nil {
			return nil, err
		}
		views := make([]itemView, len(rows))
		for i, r := range rows {
			views[i] = b.item(r, names, c.Lang())
		}
		return views, nil
	})
}

// past answers GET /v1/organization/requests/history (rows 214, 215).
func (b *Inbox) past(c api.Call) error {
	return b.page(c, func(rows []Request) (any, error) {
		views := make([]pastView, len(rows))
		for i, r := range rows {
			views[i] = newPastView(r, c.Lang())
		}
		return views, nil
	})
}

// page reads one page of the list and says in Link where the next one is.
func (b *Inbox) page(c api.Call, view func([]Request) (any, error)) error {
	q := c.Query(append(filterNames, "after", "limit")...)
	f, page := filter(q), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	rows, err := b.List(c.Ctx(), c.Organisation(), f, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, f.key)
	body, err := view(rows)
	if err != nil {
		return err
	}
	link(c, next)
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", body)
}

// link names the next page with the parameters of this one.
func link(c api.Call, next string) {
	if next == "" {
		return
	}
	values := url.Values{}
	for name, list := range c.QueryParams() {
		values[name] = list
	}
	values.Set("after", next)
	c.Response().Header().Set("Link", "<"+c.Request().URL.Path+"?"+values.Encode()+`>; rel="next"`)
}

// export answers GET /v1/organization/requests/export.
func (b *Inbox) export(c api.Call) error {
	return export.Press{Paper: b.Paper, Now: b.Now}.AtOnce(c, b.Exported())
}

// templates answers GET /v1/organization/request-templates; with request= the
// texts are filled with what that request says.
func (b *Inbox) templates(c api.Call) error {
	q := c.Query("request", "type", "recipient")
	id := q.Text("request", api.IsID)
	f := filter(q)
	party := q.Text("recipient", validBody)
	if err := q.Err(); err != nil {
		return err
	}
	var r Request
	var err error
	if id != "" {
		r, err = b.Find(c.Ctx(), c.Organisation(), id)
		if errors.Is(err, storage.ErrNotFound) {
			q.Fault("request", "invalid")
			return q.Err()
		}
		if err != nil {
			return err
		}
		f.Type, party = r.Type, r.PartyCode
	}
	found, err := b.Templates(c.Ctx(), c.Organisation(), f.Type, party)
	if err != nil {
		return err
	}
	o, err := b.Directory.Organisation(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	views := make([]templateView, len(found))
	for i, t := range found {
		if views[i] = newTemplateView(t); id != "" {
			views[i].Filled = t.Fill(r, o, b.now())
		}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"templates": views})
}
