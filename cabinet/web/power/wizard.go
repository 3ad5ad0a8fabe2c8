package power

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// The steps of giving a power: to whom, what it allows, and the whole in words.
const (
	stepWho = iota
	stepWhat
	stepReview
)

// fields of each step, named as in the API.
var stepFields = [][]string{
	{
		"representative/kind", "representative/last_name", "representative/first_name", "representative/middle_name", "representative/snils",
		"representative/inn", "representative/kpp", "representative/ogrn", "representative/name",
		"head/last_name", "head/first_name", "head/snils",
	},
	{"powers", "limits/reports", "limits/extracts", "limits/max_sum", "limits/may_sign", "delegation", "irrevocable", "until", "issued_on"},
	nil,
}

type wizardView struct {
	At       int
	Stages   []pages.Stage
	Form     url.Values
	Carried  []pages.Hidden // what the other steps have said
	Codes    []codeChoice
	Reports  []choice
	Extracts []choice
	Hands    []pages.Option // how often it may be handed on
	Words    []string
	Sole     bool
	Today    string
	Parent   *power // that is handed on; nil = a power of the organisation's own
	All      string // where the powers are
	Own      bool   // the visitor hands on what he was given himself
	Latest   string // the last day of what is handed on, as people read it
}

type codeChoice struct {
	code
	Chosen bool
}

// wizard begins a power; a replacement keeps the id of what it replaces.
func wizard(v *desk.Visit) error {
	form := v.Form()
	at := stepWho
	if n, err := strconv.Atoi(form.Get("at")); err == nil && n >= stepWho && n <= stepReview {
		at = n
	}
	if form.Get("representative/kind") == "" {
		form.Set("representative/kind", "person")
	}
	if id := v.Query("hands_on"); id != "" {
		form.Set("parent_id", id)
	}
	if form.Get("until") == "" && form.Get("parent_id") == "" {
		form.Set("until", v.Now().In(desk.Moscow).AddDate(1, 0, 0).Format(time.DateOnly))
	}
	if id := v.Query("replaces"); id != "" {
		form.Set("replaces_id", id)
	}
	return wizardPage(v, http.StatusOK, at, form)
}

// step goes from one step to another, and from the last one to the draft.
func step(v *desk.Visit) error {
	form := v.Form()
	at, err := strconv.Atoi(form.Get("at"))
	if err != nil || at < stepWho || at > stepReview {
		at = stepWho
	}
	switch v.Value("go") {
	case "back":
		return wizardPage(v, http.StatusOK, max(stepWho, at-1), form)
	case "give":
		return give(v, form)
	}
	if errs := wanting(at, form); len(errs) > 0 {
		return wizardPage(v, http.StatusUnprocessableEntity, at, form, errs...)
	}
	return wizardPage(v, http.StatusOK, min(stepReview, at+1), form)
}

// wanting is what a step cannot be left without; the API checks the rest.
func wanting(at int, form url.Values) (errs []pages.FieldError) {
	need := func(name, key string) {
		if strings.TrimSpace(form.Get(name)) == "" {
			errs = append(errs, pages.FieldError{Field: name, Key: key})
		}
	}
	switch {
	case at == stepWho && form.Get("representative/kind") == "organisation":
		need("representative/inn", "power.need.inn")
	case at == stepWho:
		need("representative/last_name", "power.need.last_name")
		need("representative/first_name", "power.need.first_name")
		need("representative/snils", "power.need.snils")
	case at == stepWhat:
		need("powers", "power.need.powers")
		need("until", "power.need.until")
	}
	return errs
}

func wizardPage(v *desk.Visit, status, at int, form url.Values, errs ...pages.FieldError) error {
	view := wizardView{At: at, Form: form, Today: v.Now().In(desk.Moscow).Format(time.DateOnly)}
	if err := view.handsOn(v); err != nil {
		return err
	}
	view.All, view.Own = here(v).all, here(v).own
	if view.Parent == nil && view.Own { // a person hands on what he was given, and gives nothing else
		return v.Redirect(view.All)
	}
	if view.Parent != nil && !view.Parent.handable() {
		return v.Redirect(here(v).of(*view.Parent))
	}
	for i, name := range []string{"who", "what", "review"} {
		view.Stages = append(view.Stages, pages.Stage{Title: v.T("power.stage." + name), Done: i < at, Current: i == at})
	}
	for i, names := range stepFields {
		if i == at {
			continue
		}
		for _, name := range names {
			for _, value := range form[name] {
				view.Carried = append(view.Carried, pages.Hidden{Name: name, Value: value})
			}
		}
	}
	for _, name := range []string{"replaces_id", "parent_id"} {
		if id := form.Get(name); id != "" {
			view.Carried = append(view.Carried, pages.Hidden{Name: name, Value: id})
		}
	}
	codes, err := classifier(v)
	if err != nil {
		return err
	}
	if view.Parent != nil {
		codes = view.Parent.Powers
	}
	view.Words = sentences(v, form, codes)
	if err := named(v, view.Words); err != nil {
		return err
	}
	if at == stepWhat {
		if err := view.choices(v, codes); err != nil {
			return err
		}
	}
	title := "power.new.title"
	if view.Parent != nil {
		title = "power.hand.title"
	}
	return v.Page(status, "power_new.html", title, view, errs...)
}

// handsOn reads the power that is handed on: nothing beyond it can be given, and not
// for longer.
func (view *wizardView) handsOn(v *desk.Visit) error {
	id := view.Form.Get("parent_id")
	if id == "" {
		return nil
	}
	view.Parent = new(power)
	if err := v.Get(here(v).api+"/"+desk.Escape(id), nil, view.Parent); err != nil {
		return err
	}
	view.Latest = day(view.Parent.Until).Format("02.01.2006")
	if view.Form.Get("until") == "" {
		view.Form.Set("until", view.Parent.Until)
	}
	return nil
}

// handable reports whether a power may be handed on, though a stronger sign-in may be
// needed for it.
func (p power) handable() bool { return p.Delegation > 0 && endable(p.Actions, "delegate") }

// choices are the powers, and the kinds that they can be limited to.
func (view *wizardView) choices(v *desk.Visit, codes []code) error {
	chosen := func(name, value string) bool { return slices.Contains(view.Form[name], value) }
	for _, c := range codes {
		view.Codes = append(view.Codes, codeChoice{code: c, Chosen: chosen("powers", c.Code)})
	}
	hands := []string{"none", "once", "twice"}
	if view.Parent != nil {
		hands = hands[:min(max(view.Parent.Delegation, 1), len(hands))]
	}
	for n, name := range hands {
		view.Hands = append(view.Hands, pages.Option{Value: strconv.Itoa(n), Label: v.T("power.hands." + name)})
	}
	reports, extracts, err := kinds(v)
	if err != nil {
		return err
	}
	for _, k := range reports {
		view.Reports = append(view.Reports, choice{ID: k.ID, Name: k.Name, Chosen: chosen("limits/reports", k.ID)})
	}
	for _, k := range extracts {
		view.Extracts = append(view.Extracts, choice{ID: k.ID, Name: k.Name, Chosen: chosen("limits/extracts", k.ID)})
	}
	return nil
}

func classifier(v *desk.Visit) ([]code, error) {
	var found struct {
		Powers []code `json:"powers"`
	}
	err := v.Get("/powers", nil, &found)
	return found.Powers, err
}

// sentences say in words what the power would allow, and where it would end.
func sentences(v *desk.Visit, form url.Values, codes []code) []string {
	var list []string
	for _, c := range codes {
		if slices.Contains(form["powers"], c.Code) {
			list = append(list, c.Label+".")
		}
	}
	if len(list) == 0 {
		return nil
	}
	for _, limit := range []string{"reports", "extracts"} {
		if chosen := form["limits/"+limit]; len(chosen) > 0 {
			list = append(list, v.T("power.say."+limit, "Kinds", strings.Join(chosen, ", ")))
		}
	}
	if sum := strings.TrimSpace(form.Get("limits/max_sum")); sum != "" {
		list = append(list, v.T("power.say.sum", "Sum", sum))
	}
	if form.Get("limits/may_sign") == "" {
		list = append(list, v.T("power.say.prepare"))
	}
	switch form.Get("delegation") {
	case "1":
		list = append(list, v.T("power.say.once"))
	case "2":
		list = append(list, v.T("power.say.twice"))
	default:
		list = append(list, v.T("power.say.nohands"))
	}
	if form.Get("irrevocable") != "" {
		list = append(list, v.T("power.say.irrevocable"))
	}
	if until := day(form.Get("until")); form.Get("until") != "" && !until.IsZero() {
		list = append(list, v.T("power.say.until", "Until", until.Format("02.01.2006")))
	}
	return list
}

// words answers the wizard's script as the choice is made.
func words(v *desk.Visit) error {
	codes, err := classifier(v)
	if err != nil {
		return v.Refusal(err)
	}
	list := sentences(v, v.Form(), codes)
	if err := named(v, list); err != nil {
		return v.Refusal(err)
	}
	if list == nil {
		list = []string{}
	}
	return v.JSON(http.StatusOK, map[string][]string{"words": list})
}
