package filing

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type fillView struct {
	Report  report
	Stages  []pages.Stage
	Steps   []stepLink
	Step    string
	Name    string
	Groups  []group
	Version string // the draft's entity tag
	Back    string // the step before; "" on the first
	Last    bool
}

type stepLink struct {
	Name, URL string
	Current   bool
	Filled    bool // something is entered there
	Faults    int  // that the last check found there
}

// sheet is a draft with its form.
type sheet struct {
	report  report
	version string
	steps   []step
}

// open reads a draft that is filled in here, and its form.
func open(v *desk.Visit) (*sheet, error) {
	s := new(sheet)
	if err := v.Get("/filings/"+desk.Escape(v.PathValue("id")), nil, &s.report, desk.ETag(&s.version)); err != nil {
		return nil, err
	}
	if !s.report.made() {
		return nil, desk.Missing()
	}
	var k kind
	if err := v.Get("/report-types/"+desk.Escape(s.report.Type), nil, &k); err != nil {
		return nil, err
	}
	s.steps = steps(asked(v, k.Fields), v.T("filing.step.applicant"))
	return s, nil
}

// asked leaves out what only a sole proprietor, whose ИНН has twelve digits, is
// asked for: the taxpayer's own name.
func asked(v *desk.Visit, fields []field) []field {
	if len(v.Organisation().INN) == len("000000000000") {
		return fields
	}
	return slices.DeleteFunc(fields, func(f field) bool { return strings.HasPrefix(f.Path, "СвНП/НПФЛ/") })
}

// at is the step of a key; the first one when there is no such.
func (s *sheet) at(key string) int {
	return max(0, slices.IndexFunc(s.steps, func(one step) bool { return one.Key == key }))
}

// fillForm is one step of the wizard.
func fillForm(v *desk.Visit) error {
	s, err := open(v)
	if err != nil {
		return err
	}
	if !s.report.Actions.Allowed("edit") {
		return v.Redirect(s.report.path())
	}
	if kept := v.Draft(); kept != nil {
		maps.Copy(s.report.Values, entered(kept))
	}
	return s.page(v, http.StatusOK, s.at(v.Query("step")))
}

func (s *sheet) page(v *desk.Visit, status, at int, errs ...pages.FieldError) error {
	current := s.steps[at]
	view := fillView{
		Report: s.report, Stages: stages(v, 1), Step: current.Key, Name: current.Name, Version: s.version, Last: at == len(s.steps)-1,
		Groups: current.groups(s.report.Values, v.Query("add"), func(n int) string { return v.T("filing.row", "Number", n) }),
	}
	for i, one := range s.steps {
		view.Steps = append(view.Steps, stepLink{
			Name: one.Name, URL: s.url(one.Key), Current: i == at, Filled: s.filled(one.Key), Faults: s.faults(one.Key),
		})
	}
	if at > 0 {
		view.Back = s.url(s.steps[at-1].Key)
	}
	if len(errs) == 0 && v.Request().Method == http.MethodGet {
		errs = s.known(current.Key)
	}
	errs = shown(errs, view.Groups)
	return v.Page(status, "filing_fill.html", s.report.TypeName, view, errs...)
}

// shown takes from faults the fields that are not on the page: an element that is
// missing as a whole has none.
func shown(errs []pages.FieldError, groups []group) []pages.FieldError {
	names := map[string]bool{}
	for _, g := range groups {
		for _, in := range g.Fields {
			names[in.Name] = true
		}
	}
	for i := range errs {
		if !names[errs[i].Field] {
			errs[i].Field = ""
		}
	}
	return errs
}

func (s *sheet) url(step string) string {
	return s.report.path() + "/fill?" + url.Values{"step": {step}}.Encode()
}

func (s *sheet) filled(key string) bool {
	for path := range s.report.Values {
		if stepOf(path) == key {
			return true
		}
	}
	return false
}

func (s *sheet) faults(key string) int { return len(s.known(key)) }

// known are the faults of the last check on a step.
func (s *sheet) known(key string) []pages.FieldError {
	if s.report.Check == nil {
		return nil
	}
	var errs []pages.FieldError
	for _, f := range s.report.Check.Faults {
		path := strings.TrimPrefix(f.Element, document)
		if f.Severity == "error" && path != f.Element && stepOf(path) == key {
			errs = append(errs, pages.FieldError{Field: prefix + path, Key: f.words()})
		}
	}
	return errs
}

// words are what a fault says where its field is in sight.
func (f fault) words() string {
	if f.Code == "attribute_missing" {
		return f.Advice
	}
	return f.plain()
}

// named finds a value's path in a message that also gives its name.
var named = regexp.MustCompile(`([«“])Файл/[^»”]*([»”])([^()]*?) \(([^)]*)\)`)

// plain is the message with the value's name in the place of its path.
func (f fault) plain() string { return named.ReplaceAllString(f.Message, "$1$4$2$3") }

// entered are the values of a form, by their paths.
func entered(form url.Values) map[string]string {
	values := map[string]string{}
	for name := range form {
		if path, ok := strings.CutPrefix(name, prefix); ok {
			values[path] = strings.TrimSpace(form.Get(name))
		}
	}
	return values
}

// store saves values one by one: an empty one takes away.
func store(v *desk.Visit, values map[string]string, version string, into *report, tag *string) error {
	body := struct {
		Values map[string]string `json:"values"`
	}{values}
	return v.Patch("/filings/"+desk.Escape(v.PathValue("id")), body, into, desk.IfMatch(version), desk.ETag(tag))
}

// filled saves a step and goes where its button says: on, back, to another row, or
// to the check.
func filled(v *desk.Visit) error {
	s, err := open(v)
	if err != nil {
		return err
	}
	values := entered(v.Form())
	at := s.at(v.Value("step"))
	todo, what, _ := strings.Cut(v.Value("go"), ":")
	if todo == "remove" {
		all := maps.Clone(s.report.Values)
		maps.Copy(all, values)
		maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
		maps.Copy(values, without(all, what))
	}
	if err := store(v, values, v.Value("version"), &s.report, &s.version); err != nil {
		return s.refused(v, err, values, at)
	}
	switch todo {
	case "check":
		return checked(v)
	case "add":
		return v.Redirect(s.url(s.steps[at].Key) + "&" + url.Values{"add": {what}}.Encode() + "#new")
	case "remove", "stay":
		return v.Redirect(s.url(s.steps[at].Key))
	}
	return v.Redirect(s.url(s.steps[min(at+1, len(s.steps)-1)].Key))
}

// refused draws the step again with what was entered, and what the API says of it.
func (s *sheet) refused(v *desk.Visit, err error, values map[string]string, at int) error {
	status, errs, err := v.Mendable(err)
	if err != nil {
		return err
	}
	maps.Copy(s.report.Values, values)
	return s.page(v, status, at, errs...)
}

// saved is the autosave of a step, for the page's script.
func saved(v *desk.Visit) error {
	var now report
	var version string
	if err := store(v, entered(v.Form()), v.Value("version"), &now, &version); err != nil {
		return v.Refusal(err)
	}
	return v.JSON(http.StatusOK, map[string]string{"version": version})
}

// tried tells the page's script what is wrong with the step as it is filled in.
// Nothing is kept by it.
func tried(v *desk.Visit) error {
	body := struct {
		Values map[string]string `json:"values"`
	}{entered(v.Form())}
	var found struct {
		Faults []fault `json:"faults"`
	}
	if err := v.Post("/filings/"+desk.Escape(v.PathValue("id"))+"/try", body, &found); err != nil {
		return v.Refusal(err)
	}
	told := map[string]string{}
	total := 0
	for _, f := range found.Faults {
		if f.Severity != "error" {
			continue
		}
		total++
		name := prefix + strings.TrimPrefix(f.Element, document)
		if told[name] == "" {
			told[name] = f.words()
		}
	}
	return v.JSON(http.StatusOK, map[string]any{"faults": told, "left": v.T("filing.faults.left", "Count", total)})
}
