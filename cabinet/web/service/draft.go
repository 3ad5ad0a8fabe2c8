package service

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type draftView struct {
	Application application
	URL         string
	Stages      []pages.Stage
	Sections    []section
	Etag        string
	Offers      []pages.Offer
	May         bool
	Renewal     bool
}

type section struct {
	Title  string
	Fields []fieldView
}

type fieldView struct {
	field
	Name    string // of the input
	Value   string
	Error   string
	Type    string // of the input
	Mode    string // inputmode
	Options []pages.Option
}

// stages of the wizard; step is the present one, from 0.
func stages(step int) []pages.Stage {
	titles := []string{"service.stage.fields", "service.stage.documents", "service.stage.check"}
	list := make([]pages.Stage, len(titles))
	for i, title := range titles {
		list[i] = pages.Stage{Title: title, Done: i < step, Current: i == step}
	}
	return list
}

// show is a draft's first step, or what became of an application.
func show(v *desk.Visit) error {
	a, tag, err := read(v)
	if err != nil {
		return err
	}
	if a.State != "draft" {
		return showSubmitted(v, http.StatusOK, a)
	}
	if kept := v.Draft(); kept != nil {
		a.Fields, tag = fieldsOf(kept), kept.Get("version")
	}
	var faults []pages.FieldError
	if v.Query("checked") != "" {
		found, err := judge(v)
		if err != nil {
			return err
		}
		faults = fieldFaults(found.Faults)
	}
	return draftPage(v, http.StatusOK, a, tag, faults...)
}

func read(v *desk.Visit) (a application, tag string, err error) {
	err = v.Get(apiOf(v), nil, &a, desk.ETag(&tag))
	return a, tag, err
}

func draftPage(v *desk.Visit, status int, a application, tag string, errs ...pages.FieldError) error {
	view := draftView{Application: a, URL: pathOf(a.ID), Stages: stages(0), Etag: tag, Renewal: a.Renews != ""}
	var c card
	if err := v.Get("/services/"+desk.Escape(a.Service), nil, &c); err != nil {
		return err
	}
	for _, f := range c.Fields {
		if len(view.Sections) == 0 || view.Sections[len(view.Sections)-1].Title != f.SectionTitle {
			view.Sections = append(view.Sections, section{Title: f.SectionTitle})
		}
		last := &view.Sections[len(view.Sections)-1]
		last.Fields = append(last.Fields, newFieldView(v, f, a.Fields[f.Name], errs))
	}
	view.May = a.Actions.Allowed("save") || stronger(a.Actions, "save")
	view.Offers = v.Offers(a.Actions, desk.Offer{Action: "drop", Act: pages.Act{
		Title: "service.act.drop", URL: view.URL + "/drop", Post: true, Stop: true, Ask: "service.ask.drop",
	}})
	return v.Page(status, "service_draft.html", a.Title, view, errs...)
}

// stronger reports whether only a stronger sign-in is missing for an act.
func stronger(actions desk.Actions, name string) bool {
	action := actions.Find(name)
	return action != nil && action.Reason == "assurance_insufficient"
}

// Prefix of the inputs: a card may name its fields as it likes.
const inputPrefix = "f-"

func newFieldView(v *desk.Visit, f field, value string, errs []pages.FieldError) fieldView {
	view := fieldView{field: f, Name: inputPrefix + f.Name, Value: value, Type: "text"}
	switch f.Kind {
	case "date":
		view.Type = "date"
	case "email":
		view.Type = "email"
	case "phone":
		view.Type = "tel"
	case "money":
		view.Mode = "decimal"
	case "number", "digits", "inn", "ogrn", "kpp", "snils", "bik", "account":
		view.Mode = "numeric"
	case "bool":
		view.Options = []pages.Option{{Value: "", Label: v.T("service.choose")}, {Value: "true", Label: v.T("service.yes")}, {Value: "false", Label: v.T("service.no")}}
	case "choice":
		view.Options = options(v.T("service.choose"), f.Choices)
	}
	for _, e := range errs {
		if e.Field == view.Name {
			view.Error = v.T(e.Key)
		}
	}
	return view
}

// fieldsOf are the card's fields among those of the form.
func fieldsOf(form url.Values) map[string]string {
	fields := map[string]string{}
	for name, values := range form {
		if field, found := strings.CutPrefix(name, inputPrefix); found {
			fields[field] = strings.TrimSpace(values[0])
		}
	}
	return fields
}

// fieldFaults are the faults of the check that stand at a field.
func fieldFaults(found []desk.FieldProblem) (faults []pages.FieldError) {
	for _, f := range found {
		if name, ok := strings.CutPrefix(f.Pointer, "/fields/"); ok {
			faults = append(faults, pages.FieldError{Field: inputPrefix + unpointed(name), Key: f.Detail})
		}
	}
	return faults
}

// unpointed undoes the escapes of a JSON pointer (RFC 6901 §4).
func unpointed(name string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}

// put stores the fields over the version that the form shows.
func put(v *desk.Visit, form url.Values) (tag string, err error) {
	err = v.Put(apiOf(v), map[string]any{"fields": fieldsOf(form)}, nil, desk.IfMatch(form.Get("version")), desk.ETag(&tag))
	return tag, err
}

// save keeps the fields and goes where the pressed button says.
func save(v *desk.Visit) error {
	form := v.Form()
	_, err := put(v, form)
	if err == nil {
		if form.Get("go") == "on" {
			return v.Redirect(pathOf(v.PathValue("id")) + "/documents")
		}
		return v.Done(pathOf(v.PathValue("id")), "service.done.save")
	}
	status, errs, err := v.Faults(err)
	if err != nil {
		return err
	}
	a, _, err := read(v)
	if err != nil {
		return err
	}
	a.Fields = fieldsOf(form)
	return draftPage(v, status, a, form.Get("version"), errs...)
}

// autosave keeps the fields for the form's script, and answers what is wrong with
// those that are filled in (row 205).
func autosave(v *desk.Visit) error {
	form := v.Form()
	tag, err := put(v, form)
	if err != nil {
		return v.Refusal(err)
	}
	found, err := judge(v)
	if err != nil {
		return v.Refusal(err)
	}
	faults := map[string]string{}
	for _, fault := range fieldFaults(found.Faults) {
		if _, twice := faults[fault.Field]; !twice && form.Get(fault.Field) != "" {
			faults[fault.Field] = fault.Key
		}
	}
	return v.JSON(http.StatusOK, map[string]any{"version": tag, "faults": faults})
}

func judge(v *desk.Visit) (checked, error) {
	var found checked
	err := v.Post(apiOf(v)+"/check", nil, &found)
	return found, err
}

type versionsView struct {
	Title, Back string
	Versions    []versionRow
}

type versionRow struct {
	version
	Title  string
	Note   string
	Filled int
	Act    pages.Act
	Latest bool
}

// versions lists how a draft was saved, each of which can be gone back to (row 207).
func versions(v *desk.Visit) error {
	a, _, err := read(v)
	if err != nil {
		return err
	}
	var found struct {
		Versions []version `json:"versions"`
	}
	if err := v.Get(apiOf(v)+"/versions", nil, &found); err != nil {
		return err
	}
	view := versionsView{Title: a.Title, Back: pathOf(a.ID)}
	for i, one := range found.Versions {
		row := versionRow{version: one, Title: v.T("service.version", "Number", one.Version), Note: noteOf(v, one.Note), Latest: i == 0}
		for _, value := range one.Fields {
			if value != "" {
				row.Filled++
			}
		}
		row.Act = pages.Act{
			Title: "service.act.restore", URL: view.Back + "/versions/" + desk.Escape(itoa(one.Version)) + "/restore", Post: true,
			Ask: "service.ask.restore", About: row.Title,
		}
		view.Versions = append(view.Versions, row)
	}
	return v.Page(http.StatusOK, "service_versions.html", "service.versions", view)
}

func noteOf(v *desk.Visit, note string) string {
	if number, found := strings.CutPrefix(note, "restored:"); found {
		return v.T("service.note.restored", "Number", number)
	}
	if slices.Contains([]string{"created", "saved"}, note) {
		return v.T("service.note." + note)
	}
	return note
}

func restore(v *desk.Visit) error {
	if err := v.Post(apiOf(v)+"/versions/"+desk.Escape(v.PathValue("version"))+"/restore", nil, nil); err != nil {
		return err
	}
	return v.Done(pathOf(v.PathValue("id")), "service.done.restore")
}

func drop(v *desk.Visit) error {
	if err := v.Delete(apiOf(v), nil, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/applications", "service.done.drop")
}

// keepTemplate keeps the form for the next application of the kind (row 204).
func keepTemplate(v *desk.Visit) error {
	a, _, err := read(v)
	if err != nil {
		return err
	}
	title := v.Value("title")
	if title == "" {
		title = a.Title
	}
	body := map[string]any{"service": a.Service, "title": title, "fields": a.Fields}
	if err := v.Post("/organization/application-templates", body, nil, desk.IdempotencyKey(v.FormKey())); err != nil {
		return err
	}
	return v.Done(pathOf(a.ID), "service.done.template")
}
