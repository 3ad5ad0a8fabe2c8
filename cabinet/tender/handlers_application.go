package tender

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"unicode/utf8"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// postApplication answers POST /v1/tenders/{id}/applications (row 242): a draft that
// is filled in already.
func (t *Tenders) postApplication(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		Template string `json:"template_id"`
		Earlier  string `json:"application_id"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	a, err := t.Apply(c.Ctx(), c.Actor(), c.Organisation(), id, Begin{body.Template, body.Earlier})
	if err != nil {
		return refusal(err)
	}
	return t.made(c, a)
}

func (t *Tenders) made(c api.Call, a Application) error {
	view, err := t.whole(c, a)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Created(c, "/v1/tender-applications/"+a.ID, a.etag(), view)
}

// getApplications answers GET /v1/tender-applications; the archive with ?archive=true
// (row 245).
func (t *Tenders) getApplications(c api.Call) error {
	q := c.Query("after", "limit", "state", "archive")
	page, chosen := q.Page(), chosen(q)
	if err := q.Err(); err != nil {
		return err
	}
	if err := t.mayRead(c); err != nil {
		return err
	}
	rows, err := t.Applications(c.Ctx(), c.Organisation(), chosen, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, chosen.key)
	items := make([]applicationView, len(rows))
	for i, a := range rows {
		items[i] = t.view(a, c.Lang())
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": items, "next": next})
}

func chosen(q *api.Query) Chosen {
	state := q.Text("state", func(s string) bool { return slices.Contains(States(), State(s)) })
	archive := q.OneOf("archive", "true", "false")
	return Chosen{State: State(state), Over: archive == "true", Living: archive == "false"}
}

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// one is the application of the path.
func (t *Tenders) one(c api.Call) (Application, error) {
	id, err := c.ID()
	if err != nil {
		return Application{}, err
	}
	a, err := t.Get(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return a, refusal(err)
	}
	return a, t.mayRead(c)
}

// mayRead sees that a power of attorney under which the caller acts reaches as far as
// tenders: the route has seen the permission alone.
func (t *Tenders) mayRead(c api.Call) error {
	_, err := t.Directory.Authorise(c.Ctx(), c.Actor(), c.Organisation(), directory.Act{Permission: directory.TendersRead, Kind: actKind})
	return refusal(err)
}

// getApplication answers GET /v1/tender-applications/{id}.
func (t *Tenders) getApplication(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	return t.show(c, a)
}

func (t *Tenders) show(c api.Call, a Application) error {
	view, err := t.whole(c, a)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, a.etag(), view)
}

// seen is the version that a condition names, 0 without one.
func (t *Tenders) seen(c api.Call, a Application) (int64, error) {
	if !c.Conditional() {
		return 0, nil
	}
	return a.Version, api.CheckIfMatch(c, a.etag())
}

// patchApplication answers PATCH /v1/tender-applications/{id}: form, documents and
// revision, each whole.
func (t *Tenders) patchApplication(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	var body struct {
		Form      *formBody            `json:"form"`
		Proposal  api.Field[api.Prose] `json:"proposal"`
		Documents *[]string            `json:"documents"`
		Revision  *int64               `json:"revision"`
	}
	if err := api.ReadBodyUpTo(c, formLimit, []string{api.MergePatch, api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	change := Change{Files: body.Documents, Revision: body.Revision}
	if body.Form != nil {
		form := body.Form.form()
		if err := api.Invalid(formFaults(form)...); err != nil {
			return err
		}
		change.Form = &form
	}
	if proposal := body.Proposal.Change(); proposal != nil {
		if utf8.RuneCountInString(string(*proposal)) > maxProposal {
			return api.InvalidField("/proposal", "too_long")
		}
		change.Proposal = (*string)(proposal)
	}
	seen, err := t.seen(c, a)
	if err != nil {
		return err
	}
	changed, err := t.Edit(c.Ctx(), c.Actor(), c.Organisation(), a.ID, seen, change)
	if err != nil {
		return refusal(err)
	}
	return t.show(c, changed)
}

// deleteApplication answers DELETE /v1/tender-applications/{id}.
func (t *Tenders) deleteApplication(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	seen, err := t.seen(c, a)
	if err != nil {
		return err
	}
	if err := t.Remove(c.Ctx(), c.Actor(), c.Organisation(), a.ID, seen); err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}

// getCheck answers GET /v1/tender-applications/{id}/check.
func (t *Tenders) getCheck(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	found := []Finding{}
	if a.State.Editable() {
		if found, err = t.Check(c.Ctx(), a); err != nil {
			return err
		}
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"ready": stop(found) == nil, "findings": findingViews(found, c.Lang())})
}

// getSigned answers GET /v1/tender-applications/{id}/document: the very bytes that
// are signed.
func (t *Tenders) getSigned(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	if a.Origin != fromCabinet {
		return api.Refuse("not_found")
	}
	content, sha, err := t.content(c.Ctx(), a)
	if err != nil {
		return refusal(err)
	}
	return api.File(c, api.FileAnswer{Name: a.documentName(), MediaType: "application/xml", SHA256: sha, Size: int64(len(content))}, bytes.NewReader(content))
}

// getSignature answers GET /v1/tender-applications/{id}/signature with the CMS.
func (t *Tenders) getSignature(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	cms := a.Signature.V.CMS
	if len(cms) == 0 {
		return api.Refuse("not_found")
	}
	return api.File(c, api.FileAnswer{Name: a.documentName() + ".sig", MediaType: "application/pkcs7-signature", Size: int64(len(cms))}, bytes.NewReader(cms))
}

// getFile answers GET /v1/tender-applications/{id}/files/{file}.
func (t *Tenders) getFile(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	id, err := c.PathID("file")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(a.Files.V, func(f Attachment) bool { return f.FileID == id }) {
		return api.Refuse("not_found")
	}
	return t.send(c, id)
}

// signatureBody is the body of both routes that take a signature.
type signatureBody struct {
	Signature []byte `json:"signature"`
}

func readSignature(c api.Call) ([]byte, error) {
	var body signatureBody
	if err := api.ReadObjectUpTo(c, signatureLimit, &body); err != nil {
		return nil, err
	}
	if len(body.Signature) == 0 {
		return nil, api.InvalidField("/signature", "required")
	}
	return body.Signature, nil
}

// postSignature answers POST /v1/tender-applications/{id}/signature.
func (t *Tenders) postSignature(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	cms, err := readSignature(c)
	if err != nil {
		return err
	}
	signed, err := t.Sign(c.Ctx(), c.Actor(), c.Organisation(), a.ID, cms)
	if err != nil {
		return refusal(err)
	}
	return t.show(c, signed)
}

// acting is the handler of an act that needs nothing but its word.
func (t *Tenders) acting(act func(context.Context, directory.Actor, string, string, int64) (Application, error)) func(api.Call) error {
	return func(c api.Call) error {
		a, err := t.one(c)
		if err != nil {
			return err
		}
		seen, err := t.seen(c, a)
		if err != nil {
			return err
		}
		done, err := act(c.Ctx(), c.Actor(), c.Organisation(), a.ID, seen)
		if err != nil {
			return refusal(err)
		}
		return t.show(c, done)
	}
}

// postRevision answers POST /v1/tender-applications/{id}/revision: the next version.
func (t *Tenders) postRevision(c api.Call) error {
	a, err := t.one(c)
	if err != nil {
		return err
	}
	next, err := t.Revise(c.Ctx(), c.Actor(), c.Organisation(), a.ID)
	if err != nil {
		return refusal(err)
	}
	return t.made(c, next)
}

// registrationView is the registration with what would be sent.
type registrationView struct {
	State      string       `json:"state"` // none, sent, registered, refused
	Number     string       `json:"number"`
	Trouble    string       `json:"trouble"`
	SentAt     storage.Time `json:"sent_at"`
	UpdatedAt  storage.Time `json:"updated_at"`
	ValidUntil storage.Time `json:"valid_until"`
	Applicant  Applicant    `json:"applicant"`
	Contact    Contact      `json:"contact"`
	Account    Account      `json:"account"`
	Document   signedView   `json:"document"`
	Gate       []string     `json:"gate"` // what of the legal status stands against it
	Actions    []api.Action `json:"actions"`
}

// getRegistration answers GET /v1/tender-registration (row 243).
func (t *Tenders) getRegistration(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	r, err := t.registration(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	return t.showRegistration(c, r)
}

func (t *Tenders) showRegistration(c api.Call, r Registration) error {
	content, applicant, form, err := t.registrationDocument(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	v := registrationView{
		State: r.State, Number: r.Number, Trouble: trouble(r.Trouble, c.Lang()), SentAt: r.SentAt, UpdatedAt: r.UpdatedAt, ValidUntil: r.ValidUntil,
		Applicant: applicant, Contact: form.Contact, Account: form.Account, Document: signedView{"registration.xml", int64(len(content)), digestText(content)},
	}
	if v.State == "" {
		v.State = "none"
	}
	gate, err := t.Gate(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	v.Gate = api.List(gate)
	v.Actions, err = c.Actions(api.ActOf("register", sign("POST", "/v1/tender-registration", nil)).
		Unless(r.State != "sent" && !r.holds(t.now()), "tender_registered_already"))
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", v)
}

// getRegistrationDocument answers GET /v1/tender-registration/document: what is
// signed.
func (t *Tenders) getRegistrationDocument(c api.Call) error {
	content, _, _, err := t.registrationDocument(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	return api.File(c, api.FileAnswer{Name: "registration.xml", MediaType: "application/xml", SHA256: digestText(content), Size: int64(len(content))}, bytes.NewReader(content))
}

// postRegistration answers POST /v1/tender-registration.
func (t *Tenders) postRegistration(c api.Call) error {
	cms, err := readSignature(c)
	if err != nil {
		return err
	}
	r, err := t.Registrate(c.Ctx(), c.Actor(), c.Organisation(), cms)
	if err != nil {
		return refusal(err)
	}
	return t.showRegistration(c, r)
}

// analyticsView is the won and lost of a period.
type analyticsView struct {
	From  string      `json:"from"`
	To    string      `json:"to"`
	By    string      `json:"by"`
	Total tallyView   `json:"total"`
	Items []tallyView `json:"items"`
	Cut   bool        `json:"cut"`
}

type tallyView struct {
	Tally
	Share int `json:"share"` // of a hundred, won
}

// getAnalytics answers GET /v1/tender-analytics (row 246), as JSON or, with
// format=xlsx, as a workbook.
func (t *Tenders) getAnalytics(c api.Call) error {
	q := c.Query("from", "to", "by", "format")
	from, to, by, format := q.Date("from"), q.Date("to"), q.OneOf("by", Groupings()...), q.OneOf("format", "json", "xlsx")
	first, after, days := t.period(from, to)
	if !first.Before(after) {
		q.Fault("to", "before_from")
	}
	if err := q.Err(); err != nil {
		return err
	}
	if by == "" {
		by = "month"
	}
	if err := t.mayRead(c); err != nil {
		return err
	}
	r, err := t.Analyse(c.Ctx(), c.Organisation(), first, after, by)
	if err != nil {
		return err
	}
	if format == "xlsx" {
		content, err := t.workbook(r, by, c.Lang())
		if err != nil {
			return err
		}
		return api.File(c, api.FileAnswer{Name: "tender-analytics.xlsx", MediaType: xlsx, Size: int64(len(content))}, bytes.NewReader(content))
	}
	v := analyticsView{From: days[0], To: days[1], By: by, Total: tallyView{r.Total, r.Total.Share()}, Items: []tallyView{}, Cut: r.Cut}
	for _, row := range r.Rows {
		v.Items = append(v.Items, tallyView{row, row.Share()})
	}
	return api.Answer(c, http.StatusOK, "", v)
}
