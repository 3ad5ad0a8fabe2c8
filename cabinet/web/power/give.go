package power

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// newPower is a power as the API takes it.
type newPower struct {
	Form           string            `json:"form,omitempty"`
	Representative map[string]string `json:"representative"`
	Head           map[string]string `json:"head,omitempty"`
	Powers         []string          `json:"powers"`
	Limits         limits            `json:"limits"`
	Delegation     int               `json:"delegation,omitempty"`
	Irrevocable    bool              `json:"irrevocable,omitempty"`
	IssuedOn       string            `json:"issued_on,omitempty"`
	Until          string            `json:"until"`
	ReplacesID     string            `json:"replaces_id,omitempty"`

	PrincipalIdentity      map[string]string `json:"principal_identity,omitempty"`
	RepresentativeIdentity map[string]string `json:"representative_identity,omitempty"`
	Notary                 map[string]string `json:"notary,omitempty"`
	DocumentNumber         string            `json:"document_number,omitempty"`
}

type limits struct {
	Reports  []string `json:"reports,omitempty"`
	Extracts []string `json:"extracts,omitempty"`
	MaxSum   int64    `json:"max_sum,omitempty"` // kopecks
	MaySign  bool     `json:"may_sign"`
}

// read makes the API's request of a form; a sum that is none is a fault of its field.
func read(form url.Values) (newPower, []pages.FieldError) {
	p := newPower{
		Representative: members(form, "representative"), Head: members(form, "head"), Powers: form["powers"],
		Limits:      limits{Reports: form["limits/reports"], Extracts: form["limits/extracts"], MaySign: form.Get("limits/may_sign") != ""},
		Irrevocable: form.Get("irrevocable") != "", IssuedOn: form.Get("issued_on"), Until: form.Get("until"), ReplacesID: form.Get("replaces_id"),
	}
	p.Delegation, _ = strconv.Atoi(form.Get("delegation"))
	if p.Representative["kind"] == "organisation" && len(p.Representative["inn"]) != len("000000000000") {
		delete(p.Representative, "last_name")
		delete(p.Representative, "first_name")
		delete(p.Representative, "middle_name")
		delete(p.Representative, "snils")
	}
	if len(p.Head) == 0 {
		p.Head = nil
	}
	var err error
	if p.Limits.MaxSum, err = kopecks(form.Get("limits/max_sum")); err != nil {
		return p, []pages.FieldError{{Field: "limits/max_sum", Key: "power.sum.wrong"}}
	}
	return p, nil
}

// members are the fields of a form below a name, those that are filled in.
func members(form url.Values, name string) map[string]string {
	found := map[string]string{}
	for key := range form {
		if member, below := strings.CutPrefix(key, name+"/"); below {
			if value := strings.TrimSpace(form.Get(key)); value != "" {
				found[member] = value
			}
		}
	}
	return found
}

// mostRoubles bounds a sum that is typed.
const mostRoubles = 1_000_000_000_000

var errSum = errors.New("no sum of roubles")

// kopecks reads a sum of whole roubles, with blanks between its groups or without;
// 0 for none.
func kopecks(text string) (int64, error) {
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "₽", "").Replace(text)
	if text == "" {
		return 0, nil
	}
	roubles, err := strconv.ParseInt(text, 10, 64)
	if err != nil || roubles <= 0 || roubles > mostRoubles {
		return 0, fmt.Errorf("%q: %w", text, errSum)
	}
	return roubles * 100, nil
}

// give makes the draft, which waits for its signature.
func give(v *desk.Visit, form url.Values) error {
	p, errs := read(form)
	if len(errs) > 0 {
		return wizardPage(v, http.StatusUnprocessableEntity, stepWhat, form, errs...)
	}
	path, done := here(v).api, "power.made"
	if parent := form.Get("parent_id"); parent != "" {
		path, done = path+"/"+desk.Escape(parent)+"/delegate", here(v).say("power.hand.made")
	}
	var made power
	err := v.Post(path, p, &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Done(here(v).of(made), done)
	}
	return refusedForm(v, err, form)
}

// refusedForm leads back to the step that the API found a fault in.
func refusedForm(v *desk.Visit, err error, form url.Values) error {
	if problem := desk.AsProblem(err); problem != nil && problem.Code == "power_no_head" {
		return wizardPage(v, problem.Status, stepWho, form, pages.FieldError{Field: "head/snils", Key: "power.need.head"})
	}
	fields := slices.Concat(stepFields...)
	status, errs, err := v.Mendable(err, fields...)
	if err != nil {
		return err
	}
	at := stepReview
	for _, fault := range errs {
		for i, names := range stepFields {
			if slices.Contains(names, fault.Field) && i < at {
				at = i
			}
		}
	}
	return wizardPage(v, status, at, form, errs...)
}

// paperFields are those of a power on paper.
var paperFields = slices.Concat([]string{
	"form", "file", "signature", "document_number", "notary/name", "notary/registry_number", "notary/date",
	"principal_identity/full_name", "principal_identity/document", "principal_identity/issued_on", "principal_identity/issued_by",
	"representative_identity/full_name", "representative_identity/document", "representative_identity/issued_on", "representative_identity/issued_by",
}, stepFields[stepWho], stepFields[stepWhat])

type paperView struct {
	Form  url.Values
	Codes []codeChoice
	Kinds []pages.Option
}

// paperForm enters a power that stands on paper: a notary's, or one with the
// principal's qualified signature over its scan.
func paperForm(v *desk.Visit) error {
	form := v.Form()
	if form.Get("form") == "" {
		form.Set("form", "notarial")
	}
	return paperPage(v, http.StatusOK, form)
}

func paperPage(v *desk.Visit, status int, form url.Values, errs ...pages.FieldError) error {
	view := paperView{Form: form}
	codes, err := classifier(v)
	if err != nil {
		return err
	}
	for _, c := range codes {
		view.Codes = append(view.Codes, codeChoice{code: c, Chosen: slices.Contains(form["powers"], c.Code)})
	}
	for _, name := range []string{"notarial", "simple"} {
		view.Kinds = append(view.Kinds, pages.Option{Value: name, Label: v.T("power.form." + name)})
	}
	return v.Page(status, "power_paper.html", "power.paper.title", view, errs...)
}

// entered sends the scan with what it says.
func entered(v *desk.Visit) error {
	form := v.Form()
	parts, closeAll, err := documents(v, "file", "signature")
	defer closeAll()
	if errors.Is(err, desk.ErrNoFile) {
		return paperPage(v, http.StatusUnprocessableEntity, form, pages.FieldError{Field: "file", Key: "power.paper.none"})
	}
	if err != nil {
		return err
	}
	p, errs := read(form)
	if len(errs) > 0 {
		return paperPage(v, http.StatusUnprocessableEntity, form, errs...)
	}
	p.Form, p.DocumentNumber = form.Get("form"), strings.TrimSpace(form.Get("document_number"))
	p.PrincipalIdentity, p.RepresentativeIdentity = members(form, "principal_identity"), members(form, "representative_identity")
	if p.Form == "notarial" {
		p.Notary = members(form, "notary")
	}
	said, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode a power: %w", err)
	}
	var made power
	err = v.Upload("/powers-of-attorney", append(parts, desk.Part{Name: "power", Value: string(said)}), &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Done(organisations.of(made), "power.paper.done")
	}
	status, errs, err := v.Mendable(err, paperFields...)
	if err != nil {
		return err
	}
	return paperPage(v, status, form, errs...)
}
