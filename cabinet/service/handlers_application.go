package service

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strconv"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/storage"
)

// list answers GET /v1/organization/applications.
func (d *Desk) list(c api.Call) error {
	q := c.Query("state", "after", "limit")
	state, page := q.OneOf("state", Draft, Submitted), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	rows, err := d.List(c.Ctx(), c.Organisation(), state, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, func(r Row) (storage.Time, string) { return r.CreatedAt, r.ID })
	items := make([]applicationItem, len(rows))
	for i, r := range rows {
		items[i] = newApplicationItem(r, c.Lang())
	}
	body := map[string]any{"applications": items}
	if next != "" {
		body["next"] = next
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", body)
}

// create answers POST /v1/organization/applications.
func (d *Desk) create(c api.Call) error {
	var body struct {
		Service  string               `json:"service"`
		Renews   string               `json:"renews"`
		Template string               `json:"template"`
		Fields   map[string]api.Prose `json:"fields"`
	}
	if err := api.ReadBodyUpTo(c, formLimit, []string{api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	a, err := d.Create(c.Ctx(), c.Actor(), c.Organisation(),
		Begin{Service: body.Service, Renews: body.Renews, Template: body.Template, Fields: plainFields(body.Fields)})
	if err != nil {
		return refusal(err)
	}
	c.Response().Header().Set("Location", "/v1/organization/applications/"+a.ID)
	return d.answer(c, http.StatusCreated, a)
}

// one answers GET /v1/organization/applications/{id}.
func (d *Desk) one(c api.Call) error {
	a, err := d.found(c)
	if err != nil {
		return err
	}
	return d.answer(c, http.StatusOK, a)
}

// found is the application of the path.
func (d *Desk) found(c api.Call) (Application, error) {
	id, err := c.ID()
	if err != nil {
		return Application{}, err
	}
	a, err := d.Find(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return Application{}, refusal(err)
	}
	return a, nil
}

// tag names the state of what an application shows: its own version, and when its
// request changed last.
func tag(a Application, r request.Request) string {
	if a.State == Draft {
		return api.EntityTag(a.Version)
	}
	return api.EntityTag(a.Version, r.UpdatedAt)
}

// answer shows an application as it stands.
func (d *Desk) answer(c api.Call, status int, a Application) error {
	row := Row{ID: a.ID, Service: a.Service, State: a.State, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, SubmittedAt: a.SubmittedAt, ValidUntil: a.ValidUntil}
	var r request.Request
	var err error
	if a.State == Submitted {
		if r, err = d.Inbox.Find(c.Ctx(), a.OrganisationID, a.ID); err != nil {
			return err
		}
		row.Number, row.Status = r.Number, r.Status
	}
	v := applicationView{
		applicationItem: newApplicationItem(row, c.Lang()), Renews: a.Renews, Version: a.Version, Fields: a.Fields.V, Signature: a.Verdict.V,
		Checklist: []Listed{},
	}
	if a.State == Submitted {
		v.Request = "/v1/organization/requests/" + a.ID
	}
	if v.Documents, err = d.attachments(c, &a); err != nil {
		return err
	}
	if card, err := a.card(); err == nil {
		v.Checklist = card.checklist(a.form(), a.Requested.V, c.Lang())
	}
	if v.Actions, err = c.Actions(acts(a, r)...); err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, status, tag(a, r), v)
}

func (d *Desk) attachments(c api.Call, a *Application) ([]attachmentView, error) {
	files, err := d.records(c.Ctx(), a)
	if err != nil {
		return nil, err
	}
	views := make([]attachmentView, len(a.Documents.V))
	for i, one := range a.Documents.V {
		f := files[one.File]
		views[i] = attachmentView{one, f.Name, f.MediaType, f.Size}
	}
	return views, nil
}

// acts are what can be done with an application, as it stands.
func acts(a Application, r request.Request) []api.Act {
	act := func(name string, possible bool, why string) api.Act {
		return api.Act{Name: name, Scope: "requests:write", Permission: directory.RequestsWrite, ACR: second}.Unless(possible, why)
	}
	draft := a.State == Draft
	_, open := request.Next(request.Application, r.Status, request.EventReply)
	return []api.Act{
		act("save", draft, "application_submitted"), act("submit", draft, "application_submitted"), act("drop", draft, "application_submitted"),
		act("supplement", open, "request_state"), act("withdraw", open, "request_state"),
		act("renew", r.Status == request.Approved, "application_not_granted"),
	}
}

// conditioned is the version that the client has made a condition of.
func conditioned(c api.Call, a Application) (*int64, error) {
	if !c.Conditional() {
		return nil, nil
	}
	if err := api.CheckIfMatch(c, tag(a, request.Request{})); err != nil {
		return nil, err
	}
	return &a.Version, nil
}

// save answers PUT /v1/organization/applications/{id}, which the form sends as it
// is filled in.
func (d *Desk) save(c api.Call) error {
	a, err := d.found(c)
	if err != nil {
		return err
	}
	var body struct {
		Fields    map[string]api.Prose `json:"fields"`
		Documents []Attachment         `json:"documents"`
	}
	if err := api.ReadBodyUpTo(c, formLimit, []string{api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	version, err := conditioned(c, a)
	if err != nil {
		return err
	}
	a, err = d.Save(c.Ctx(), c.Actor(), c.Organisation(), a.ID, version, plainFields(body.Fields), body.Documents)
	if err != nil {
		return refusal(err)
	}
	return d.answer(c, http.StatusOK, a)
}

// drop answers DELETE /v1/organization/applications/{id}.
func (d *Desk) drop(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := d.Drop(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}

// versions answers GET …/versions.
func (d *Desk) versions(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	list, err := d.Versions(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return refusal(err)
	}
	items := make([]versionItem, len(list))
	for i, v := range list {
		items[i] = versionItem{v.Version, v.Fields.V, api.List(v.Documents.V), v.Author, v.Note, v.CreatedAt}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"versions": items})
}

// restore answers POST …/versions/{version}/restore.
func (d *Desk) restore(c api.Call) error {
	a, err := d.found(c)
	if err != nil {
		return err
	}
	back, err := strconv.ParseInt(c.Param("version"), 10, 64)
	if err != nil {
		return api.Refuse("not_found")
	}
	version, err := conditioned(c, a)
	if err != nil {
		return err
	}
	if a, err = d.Restore(c.Ctx(), c.Actor(), c.Organisation(), a.ID, version, back); err != nil {
		return refusal(err)
	}
	return d.answer(c, http.StatusOK, a)
}

// check answers POST …/check: what is wrong, with advice, and what is missing.
// Nothing is changed and nothing is sent.
func (d *Desk) check(c api.Call) error {
	a, err := d.found(c)
	if err != nil {
		return err
	}
	card, err := a.card()
	if err != nil {
		return refusal(err)
	}
	faults, err := d.Check(c.Ctx(), &a)
	if err != nil {
		return refusal(err)
	}
	refused := api.Refuse("validation_failed").About(faults...)
	view := checkView{
		Ready: len(faults) == 0, Faults: api.List(c.Desk.Book.Problem(c.Ctx(), refused, c.Lang()).Errors),
		Checklist: card.checklist(a.form(), a.Requested.V, c.Lang()), Signature: card.Signature,
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

// contentOf answers GET …/content: the bytes to sign.
func (d *Desk) contentOf(c api.Call) error {
	a, err := d.found(c)
	if err != nil {
		return err
	}
	content, err := d.Content(c.Ctx(), &a)
	if err != nil {
		return refusal(err)
	}
	return api.File(c, api.FileAnswer{
		Name: "application-" + a.ID + ".xml", MediaType: "application/xml", SHA256: digest(content), Size: int64(len(content)),
	}, bytes.NewReader(content))
}

// submitOne answers POST …/submit.
func (d *Desk) submitOne(c api.Call) error {
	a, err := d.found(c)
	if err != nil {
		return err
	}
	var body struct {
		Signature string `json:"signature"`
		Version   int64  `json:"version"`
	}
	if err := api.ReadBodyUpTo(c, formLimit, []string{api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	s := Submission{}
	if body.Version > 0 {
		s.Version = &body.Version
	}
	if body.Signature != "" {
		if s.Signature, err = base64.StdEncoding.DecodeString(body.Signature); err != nil {
			return api.InvalidField("/signature", "format")
		}
	}
	if a, err = d.Submit(c.Ctx(), c.Actor(), c.Organisation(), a.ID, s); err != nil {
		return refusal(err)
	}
	return d.answer(c, http.StatusOK, a)
}

// submitted is the application of the path with its protocol.
func (d *Desk) submitted(c api.Call) (Application, error) {
	a, err := d.found(c)
	if err == nil && a.Protocol.V == nil {
		return a, api.Refuse("application_draft")
	}
	return a, err
}

// protocolOf answers GET …/protocol.
func (d *Desk) protocolOf(c api.Call) error {
	a, err := d.submitted(c)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", a.Protocol.V)
}

// protocolFile answers GET …/protocol/file.
func (d *Desk) protocolFile(c api.Call) error {
	a, err := d.submitted(c)
	if err != nil {
		return err
	}
	pdf, err := d.Print(a.Protocol.V)
	if err != nil {
		return err
	}
	return api.File(c, api.FileAnswer{Name: "protocol-" + a.Protocol.V.Number + ".pdf", MediaType: "application/pdf", Size: int64(len(pdf))}, bytes.NewReader(pdf))
}

// supplement answers POST …/documents.
func (d *Desk) supplement(c api.Call) error {
	a, err := d.found(c)
	if err != nil {
		return err
	}
	var body struct {
		Text      api.Prose    `json:"text"`
		Documents []Attachment `json:"documents"`
	}
	if err := api.ReadBodyUpTo(c, formLimit, []string{api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	switch {
	case a.State == Draft:
		return api.Refuse("application_draft")
	case len(body.Documents) == 0:
		return api.InvalidField("/documents", "required")
	}
	if a, err = d.Supplement(c.Ctx(), c.Actor(), c.Organisation(), a.ID, string(body.Text), body.Documents); err != nil {
		return refusal(err)
	}
	return d.answer(c, http.StatusCreated, a)
}
