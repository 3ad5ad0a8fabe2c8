package tender

import (
	"net/http"
	"slices"
	"unicode/utf8"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// filter reads the parameters of a search.
func filter(q *api.Query) Filter {
	f := Filter{
		Words: q.Search("q"), Sector: q.Text("sector", sectorStart), Region: q.Text("region", regionForm.MatchString),
		Customer: q.Text("customer", directory.ValidINN), PriceFrom: q.Number("price_from", 0, maxPrice, 0), PriceTo: q.Number("price_to", 0, maxPrice, 0),
		Phase: q.OneOf("state", Phases()...), Until: q.Time("deadline_before"),
	}
	if f.PriceTo > 0 && f.PriceTo < f.PriceFrom {
		q.Fault("price_to", "before_from")
	}
	return f
}

// sectorStart reports whether a text is the beginning of an ОКПД2, from two digits on.
func sectorStart(s string) bool {
	for code := s; len(code) <= len("62.01.11.000"); code += "0" {
		if sectorForm.MatchString(code) {
			return len(s) >= 2 && s[len(s)-1] != '.'
		}
	}
	return false
}

// getTenders answers GET /v1/tenders (row 240); search names a saved one.
func (t *Tenders) getTenders(c api.Call) error {
	q := c.Query("after", "limit", "q", "sector", "region", "customer", "price_from", "price_to", "state", "deadline_before", "search")
	page, f, saved := q.Page(), filter(q), q.Text("search", api.IsID)
	if err := q.Err(); err != nil {
		return err
	}
	if saved != "" {
		var one Saved
		err := t.DB.Get(c.Ctx(), &one, `SELECT `+savedColumns+` FROM tender_searches WHERE id = $1 AND organisation_id = $2`, saved, c.Organisation())
		if err != nil {
			return refusal(err)
		}
		f = one.Filter.V
	}
	rows, err := t.Search(c.Ctx(), f, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, func(a Tender) (storage.Time, string) { return a.PublishedAt, a.ID })
	items := make([]tenderView, len(rows))
	for i, a := range rows {
		items[i] = t.tenderView(a, c.Lang())
	}
	if err := t.markApplied(c, items); err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": items, "next": next})
}

// markApplied says for which of the announcements the organisation has an application.
func (t *Tenders) markApplied(c api.Call, items []tenderView) error {
	for i, item := range items {
		var ids []string
		err := t.DB.Select(c.Ctx(), &ids, `SELECT id FROM tender_applications WHERE organisation_id = $1 AND alive = $2 AND alive <> ''`, c.Organisation(), item.ID)
		if err != nil {
			return wrapped("tender: look for applications", err)
		}
		if len(ids) > 0 {
			items[i].Applied = ids[0]
		}
	}
	return nil
}

// getTender answers GET /v1/tenders/{id}.
func (t *Tenders) getTender(c api.Call) error {
	a, err := t.tenderOf(c)
	if err != nil {
		return err
	}
	view, err := t.wholeTender(c, a)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

func (t *Tenders) tenderOf(c api.Call) (Tender, error) {
	id, err := c.ID()
	if err != nil {
		return Tender{}, err
	}
	a, err := t.Announcement(c.Ctx(), id)
	return a, refusal(err)
}

// getDocument answers GET /v1/tenders/{id}/documents/{document} (row 241).
func (t *Tenders) getDocument(c api.Call) error {
	a, err := t.tenderOf(c)
	if err != nil {
		return err
	}
	f, err := t.Document(c.Ctx(), c.Actor(), c.Organisation(), a, c.Param("document"))
	if err != nil {
		return refusal(err)
	}
	return t.send(c, f.ID)
}

// send gives a file of the organisation out.
func (t *Tenders) send(c api.Call, id string) error {
	f, content, err := t.Files.Open(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return refusal(err)
	}
	defer func() { _ = content.Close() }() // it was only read
	return api.File(c, api.FileAnswer{Name: f.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size}, content)
}

// savedView is a saved search.
type savedView struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Filter    Filter       `json:"filter"`
	Told      bool         `json:"told"`
	CreatedAt storage.Time `json:"created_at"`
}

func viewSaved(s Saved) savedView {
	return savedView{s.ID, s.Name, s.Filter.V, s.Told, s.CreatedAt}
}

// getSearches answers GET /v1/tender-searches.
func (t *Tenders) getSearches(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	list, err := t.Searches(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	items := make([]savedView, len(list))
	for i, s := range list {
		items[i] = viewSaved(s)
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": items})
}

// postSearch answers POST /v1/tender-searches.
func (t *Tenders) postSearch(c api.Call) error {
	body := struct {
		Name   string `json:"name"`
		Filter Filter `json:"filter"`
		Told   *bool  `json:"told"`
	}{}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	faults := append(nameFaults(body.Name), filterFaults(body.Filter)...)
	if err := api.Invalid(faults...); err != nil {
		return err
	}
	s, err := t.SaveSearch(c.Ctx(), c.Actor(), c.Organisation(), line(body.Name), body.Filter, body.Told == nil || *body.Told)
	if err != nil {
		return refusal(err)
	}
	return api.Created(c, "/v1/tender-searches", "", viewSaved(s))
}

func nameFaults(name string) []api.FieldFault {
	switch {
	case blank(name):
		return []api.FieldFault{{Pointer: "/name", Code: "required"}}
	case utf8.RuneCountInString(name) > 100:
		return []api.FieldFault{{Pointer: "/name", Code: "too_long"}}
	}
	return nil
}

func filterFaults(f Filter) (faults []api.FieldFault) {
	add := func(wrong bool, field, code string) {
		if wrong {
			faults = append(faults, api.FieldFault{Pointer: "/filter" + field, Code: code})
		}
	}
	add(f == Filter{}, "", "required")
	add(f.Sector != "" && !sectorStart(f.Sector), "/sector", "format")
	add(f.Region != "" && !regionForm.MatchString(f.Region), "/region", "format")
	add(f.Customer != "" && !directory.ValidINN(f.Customer), "/customer", "format")
	add(f.Phase != "" && !slices.Contains(Phases(), f.Phase), "/state", "unknown")
	add(len(f.Words) > 200, "/q", "too_long")
	add(f.PriceFrom < 0 || f.PriceFrom > maxPrice, "/price_from", "out_of_range")
	add(f.PriceTo < 0 || f.PriceTo > maxPrice, "/price_to", "out_of_range")
	add(f.PriceTo > 0 && f.PriceTo < f.PriceFrom, "/price_to", "before_from")
	return faults
}

// deleteSearch answers DELETE /v1/tender-searches/{id}.
func (t *Tenders) deleteSearch(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := t.RemoveSearch(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}

type templateView struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Form      Form         `json:"form"`
	CreatedAt storage.Time `json:"created_at"`
}

// getTemplates answers GET /v1/tender-templates.
func (t *Tenders) getTemplates(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	list, err := t.Templates(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	items := make([]templateView, len(list))
	for i, tpl := range list {
		items[i] = templateView{tpl.ID, tpl.Name, tpl.Form.V, tpl.CreatedAt}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": items})
}

// postTemplate answers POST /v1/tender-templates: the text of an application.
func (t *Tenders) postTemplate(c api.Call) error {
	var body struct {
		Name        string `json:"name"`
		Application string `json:"application_id"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if err := api.Invalid(nameFaults(body.Name)...); err != nil {
		return err
	}
	tpl, err := t.SaveTemplate(c.Ctx(), c.Actor(), c.Organisation(), line(body.Name), body.Application)
	if err != nil {
		return refusal(err)
	}
	return api.Created(c, "/v1/tender-templates", "", templateView{tpl.ID, tpl.Name, tpl.Form.V, tpl.CreatedAt})
}

// deleteTemplate answers DELETE /v1/tender-templates/{id}.
func (t *Tenders) deleteTemplate(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := t.RemoveTemplate(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}
