package filing

import (
	"bytes"
	"context"
	"strconv"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// newFiling is the body of POST /v1/filings.
type newFiling struct {
	Type       string            `json:"type"`
	Period     string            `json:"period"`
	Year       int               `json:"year"`
	Correction int               `json:"correction"`
	Office     string            `json:"office"`
	Subject    string            `json:"subject"`
	Values     map[string]string `json:"values"`
}

// create answers POST /v1/filings: a draft that begins as a form. For a type that
// is filed as PDF the draft waits for its file.
func (r *Filings) create(c api.Call) error {
	var body newFiling
	if err := api.ReadObjectUpTo(c, formLimit, &body); err != nil {
		return err
	}
	t, err := body.check(r.Now().In(report.Moscow).Year())
	if err != nil {
		return err
	}
	_, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	f := r.draft(c.Organisation(), c.Person(), t, body)
	if f.Format = report.PDF; t.Takes(report.Form) {
		f.Format = report.Form
		if f.Form.V, err = r.defaults(c.Ctx(), c.Person(), representing(c), t, profile, body.Values); err != nil {
			return refusal(err)
		}
	} else if len(body.Values) > 0 {
		return api.InvalidField("/values", "filing_format")
	}
	return r.begin(c, &f, profile, "")
}

// check sees that the body names a type, a period of it and a possible year.
func (n newFiling) check(thisYear int) (*report.Type, error) {
	var faults []api.FieldFault
	fault := func(pointer, code string) { faults = append(faults, api.FieldFault{Pointer: pointer, Code: code}) }
	t, known := report.Find(n.Type)
	if !known {
		return nil, api.InvalidField("/type", "filing_type_unknown")
	}
	if _, ok := t.Period(n.Period); !ok {
		fault("/period", "filing_period_unknown")
	}
	if n.Year < 1990 || n.Year > thisYear+1 {
		fault("/year", "filing_year")
	}
	if n.Correction < 0 || n.Correction > 999 {
		fault("/correction", "filing_correction")
	}
	if !validOffice(n.Office) {
		fault("/office", "filing_office")
	}
	if len(n.Subject) > 300 {
		fault("/subject", "too_long")
	}
	return t, api.Invalid(faults...)
}

func validOffice(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return s == "" || len(s) == 4 && err == nil
}

// draft is a new filing that nobody has stored.
func (r *Filings) draft(organisationID, personID string, t *report.Type, n newFiling) Filing {
	now := storage.Of(r.Now())
	return Filing{
		ID: storage.NewID(), OrganisationID: organisationID, Type: t.ID, Period: n.Period, Year: n.Year, Correction: n.Correction,
		Alive: aliveKey(t, n.Period, n.Year, n.Correction), State: Draft, Office: n.Office, Subject: n.Subject,
		CreatedBy: personID, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}

// representing names the power of attorney that the caller acts under, as a report's
// signatory has it; "" for a member. Without it the report would be refused only when it
// is signed: it would say that the head signs.
func representing(c api.Call) string {
	if c.Claims.Power == nil {
		return ""
	}
	return "Доверенность № " + c.Claims.Power.Number
}

// defaults puts the given values over what a new form begins with. document is that of a
// representative.
func (r *Filings) defaults(ctx context.Context, personID, document string, t *report.Type, p report.Profile, given map[string]string) (report.Values, error) {
	var person directory.Person
	if personID != "" {
		var err error
		if person, err = r.Directory.Person(ctx, personID); err != nil {
			return nil, err
		}
	}
	values := t.Defaults(p, report.Signatory{LastName: person.LastName, FirstName: person.FirstName, Patronym: person.MiddleName, Document: document})
	for path, value := range given {
		values[path] = value
	}
	return values, nil
}

// begin stores a new draft with its files and answers it.
func (r *Filings) begin(c api.Call, f *Filing, p report.Profile, how string) error {
	f.Office = or(f.Office, p.Office())
	if err := r.add(c.Ctx(), c.Actor(), f, how); err != nil {
		return refusal(err)
	}
	view, err := r.view(c, *f)
	if err != nil {
		return err
	}
	return api.Created(c, "/v1/filings/"+f.ID, api.EntityTag(f.Version), view)
}

// add stores a new draft for the actor, if he may prepare reports of its type and
// none stands in its place.
func (r *Filings) add(ctx context.Context, actor directory.Actor, f *Filing, how string) error {
	return r.DB.Tx(ctx, func(ctx context.Context) error {
		by, err := r.Directory.Authorise(ctx, actor, f.OrganisationID, f.under(directory.FilingsWrite))
		if err != nil {
			return err
		}
		standing, added, err := r.insert(ctx, f)
		if err != nil {
			return err
		}
		if !added {
			return api.Refuse("filing_exists").With("number", standing.Number)
		}
		if err := r.keep(ctx, *f); err != nil {
			return err
		}
		return r.note(ctx, actor, *f, "created", how, byAuthority(by))
	})
}

// NewDraft is a form that is begun without a request, by a seed.
type NewDraft struct {
	Type, Period string
	Year         int
	Values       report.Values
}

// Begin makes a draft of a form for the actor and returns its operation number; the
// error of a place that is taken is an *api.Refusal.
func (r *Filings) Begin(ctx context.Context, actor directory.Actor, organisationID string, n NewDraft) (number string, err error) {
	body := newFiling{Type: n.Type, Period: n.Period, Year: n.Year}
	t, err := body.check(r.Now().In(report.Moscow).Year())
	if err != nil {
		return "", err
	}
	if !t.Takes(report.Form) {
		return "", api.InvalidField("/type", "filing_format")
	}
	_, profile, err := r.profile(ctx, organisationID)
	if err != nil {
		return "", err
	}
	f := r.draft(organisationID, actor.PersonID, t, body)
	f.Format, f.Office = report.Form, profile.Office()
	if f.Form.V, err = r.defaults(ctx, actor.PersonID, "", t, profile, n.Values); err != nil {
		return "", err
	}
	err = r.add(ctx, actor, &f, "")
	return f.Number, err
}

// keep holds on to the filing's files and lets go of those it had before.
func (r *Filings) keep(ctx context.Context, f Filing) error {
	if err := r.Files.Release(ctx, f.owner()); err != nil {
		return err
	}
	for _, id := range []string{f.FileID, f.SourceID} {
		if id == "" {
			continue
		}
		if err := r.Files.Keep(ctx, f.OrganisationID, f.owner(), id); err != nil {
			return err
		}
	}
	return nil
}

// upload answers POST /v1/filings/upload: a draft from a file. What an XML report
// or a filled template says of itself need not be said again.
func (r *Filings) upload(c api.Call) error {
	u, err := readUpload(c, uploadFields...)
	if err != nil {
		return err
	}
	body, err := u.body()
	if err != nil {
		return err
	}
	saved, err := r.Files.Save(c.Ctx(), c.Organisation(), u.name, file.XML|file.PDF|file.XLSX, report.MaxFile, bytes.NewReader(u.content))
	if err != nil {
		return refusal(err)
	}
	f, profile, err := r.fromFile(c, u, body, saved)
	if err != nil {
		return err
	}
	return r.begin(c, f, profile, u.name)
}

// body is what the parts beside the file say.
func (u uploaded) body() (n newFiling, err error) {
	number := func(name string) int {
		text, given := u.fields[name]
		if !given {
			return 0
		}
		value, failed := strconv.Atoi(text)
		if failed != nil {
			err = api.Invalid(api.FieldFault{Pointer: api.Pointer(name), Code: "type", Args: map[string]string{"expected": "integer"}})
		}
		return value
	}
	n = newFiling{
		Type: u.fields["type"], Period: u.fields["period"], Year: number("year"), Correction: number("correction"),
		Office: u.fields["office"], Subject: u.fields["subject"],
	}
	return n, err
}

// fromFile makes the draft that a file is.
func (r *Filings) fromFile(c api.Call, u uploaded, n newFiling, saved file.File) (*Filing, report.Profile, error) {
	_, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return nil, profile, refusal(err)
	}
	format := formatOf(saved)
	values, err := n.readFile(c, format, &u)
	if err != nil {
		return nil, profile, err
	}
	t, err := n.check(r.Now().In(report.Moscow).Year())
	if err != nil {
		return nil, profile, err
	}
	if !t.Takes(format) {
		return nil, profile, api.InvalidField("/file", "filing_format")
	}
	f := r.draft(c.Organisation(), c.Person(), t, n)
	f.Format = format
	if format == report.XLSX {
		f.SourceID = saved.ID
		f.Form.V, err = r.defaults(c.Ctx(), c.Person(), representing(c), t, profile, values)
		return &f, profile, refusal(err)
	}
	f.put(saved, u.name)
	r.inspect(&f, profile, u.content, u.tree)
	return &f, profile, nil
}

// put makes a stored file the one that is to be signed. name is the one it was sent
// under: the store may tidy names, and a report's name is a part of it.
func (f *Filing) put(saved file.File, name string) {
	f.FileID, f.FileName, f.FileSHA256, f.FileSize = saved.ID, name, saved.SHA256, saved.Size
}

// readFile fills in what the file says of itself where nothing else was said, and
// answers a template's values.
func (n *newFiling) readFile(c api.Call, format report.Format, u *uploaded) (report.Values, error) {
	switch format {
	case report.XML:
		t, header, tree, fault := report.Peek(u.name, u.content)
		u.tree = tree
		if fault != nil && (n.Type == "" || fault.Code != "type_unknown") {
			return nil, unreadableReport(c, *fault)
		}
		if t != nil {
			_, correction := u.fields["correction"]
			n.say(t, header.Period, header.Year, header.Correction, correction)
			n.Office = or(n.Office, header.Office)
		}
	case report.XLSX:
		expected, _ := report.Find(n.Type)
		claim, values, faults := report.ReadTemplate(u.content, expected)
		if len(faults) > 0 {
			return nil, unreadableReport(c, faults[0])
		}
		_, correction := u.fields["correction"]
		n.say(claim.Type, claim.Period, claim.Year, claim.Correction, correction)
		return values, nil
	}
	return nil, nil
}

// say fills in what was left open.
func (n *newFiling) say(t *report.Type, period string, year, correction int, corrected bool) {
	n.Type, n.Period = or(n.Type, t.ID), or(n.Period, period)
	if n.Year == 0 {
		n.Year = year
	}
	if !corrected {
		n.Correction = correction
	}
	if !validOffice(n.Office) {
		n.Office = ""
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
