package security

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// policy is what the organisation demands, as the API has it; durations in seconds.
type policy struct {
	RequiredACR         string   `json:"required_acr"`
	Factors             []string `json:"factors"`
	PIN                 bool     `json:"pin"`
	Idle                int64    `json:"idle"`
	Absolute            int64    `json:"absolute"`
	PasswordMaxAge      int64    `json:"password_max_age"`
	PasswordAgeEnforced bool     `json:"password_age_enforced"`
	TrustedDevices      bool     `json:"trusted_devices"`
	Networks            []string `json:"networks"`
}

// impact is whom a policy would keep out.
type impact struct {
	Members        int `json:"members"`
	Administrators int `json:"administrators"`
	LockedOut      []struct {
		MemberID string   `json:"member_id"`
		Name     string   `json:"name"`
		Role     string   `json:"role"`
		Missing  []string `json:"missing"`
	} `json:"locked_out"`
}

// factors are those that a policy can name, in their order.
var factors = []string{"password", "totp", "sms", "email", "passkey", "certificate", "recovery"}

type policyView struct {
	Tabs     []pages.NavItem
	Form     url.Values
	Levels   []pages.Option
	Factors  []factor
	Idles    []pages.Option
	Lives    []pages.Option
	Ages     []pages.Option
	May      bool
	Impact   *impactView
	Networks string
}

type factor struct {
	Name, Label string
	Chosen      bool
}

type impactView struct {
	impact
	Out  []outRow
	Safe bool // nobody is kept out
	None bool // no administrator could enter
}

type outRow struct{ Name, Role, Missing, URL string }

// policyForm shows what is demanded now, and lets who may change it.
func policyForm(v *desk.Visit) error {
	if kept := v.Draft(); kept != nil {
		return policyPage(v, http.StatusOK, kept, nil)
	}
	var now policy
	if err := v.Get("/organization/policy", nil, &now); err != nil {
		return err
	}
	return policyPage(v, http.StatusOK, now.form(), nil)
}

// form is the policy as the fields of the page.
func (p policy) form() url.Values {
	form := url.Values{
		"required_acr": {p.RequiredACR}, "factors": p.Factors, "networks": {strings.Join(p.Networks, "\n")},
		"idle": {strconv.FormatInt(p.Idle, 10)}, "absolute": {strconv.FormatInt(p.Absolute, 10)},
		"password_max_age": {strconv.FormatInt(p.PasswordMaxAge, 10)},
	}
	for name, on := range map[string]bool{"pin": p.PIN, "password_age_enforced": p.PasswordAgeEnforced, "trusted_devices": p.TrustedDevices} {
		if on {
			form.Set(name, "yes")
		}
	}
	if len(p.Factors) == 0 {
		form["factors"] = factors
	}
	return form
}

// read makes a policy of the page's fields.
func read(form url.Values) policy {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(form.Get(name), 10, 64)
		return n
	}
	p := policy{
		RequiredACR: form.Get("required_acr"), Factors: []string{}, Networks: strings.Fields(strings.ReplaceAll(form.Get("networks"), ",", " ")),
		PIN: form.Get("pin") != "", PasswordAgeEnforced: form.Get("password_age_enforced") != "", TrustedDevices: form.Get("trusted_devices") != "",
		Idle: number("idle"), Absolute: number("absolute"), PasswordMaxAge: number("password_max_age"),
	}
	if chosen := form["factors"]; len(chosen) < len(factors) { // all of them are no demand
		p.Factors = append(p.Factors, chosen...)
	}
	if p.Networks == nil {
		p.Networks = []string{}
	}
	return p
}

// The times that are offered, in seconds; 0 is as the house says.
var (
	idles = []int64{0, 5 * 60, 10 * 60, 15 * 60, 30 * 60}
	lives = []int64{0, 3600, 4 * 3600, 8 * 3600, 12 * 3600}
	ages  = []int64{0, 30 * 86400, 60 * 86400, 90 * 86400, 180 * 86400}
)

func policyPage(v *desk.Visit, status int, form url.Values, found *impactView, errs ...pages.FieldError) error {
	view := policyView{Tabs: tabs(v), Form: form, May: v.May("organization:write"), Impact: found, Networks: form.Get("networks")}
	for _, acr := range []string{"", "urn:propusk:1", "urn:propusk:2", "urn:propusk:qualified"} {
		view.Levels = append(view.Levels, pages.Option{Value: acr, Label: v.T("security.acr." + strings.TrimPrefix(acr, "urn:propusk:"))})
	}
	for _, name := range factors {
		view.Factors = append(view.Factors, factor{Name: name, Label: v.T("security.factor." + name), Chosen: slices.Contains(form["factors"], name)})
	}
	view.Idles = times(v, idles, form.Get("idle"))
	view.Lives = times(v, lives, form.Get("absolute"))
	view.Ages = times(v, ages, form.Get("password_max_age"))
	return v.Page(status, "security.html", "place.security", view, errs...)
}

// times are the choices of a time, with the one that is set though nobody offers it.
func times(v *desk.Visit, offered []int64, now string) []pages.Option {
	if set, err := strconv.ParseInt(now, 10, 64); err == nil && !slices.Contains(offered, set) {
		offered = append(slices.Clone(offered), set)
		slices.Sort(offered)
	}
	list := make([]pages.Option, len(offered))
	for i, seconds := range offered {
		list[i] = pages.Option{Value: strconv.FormatInt(seconds, 10), Label: span(v, seconds)}
	}
	return list
}

func span(v *desk.Visit, seconds int64) string {
	switch {
	case seconds == 0:
		return v.T("security.time.house")
	case seconds%86400 == 0:
		return v.T("security.time.days", "Count", int(seconds/86400))
	case seconds%3600 == 0:
		return v.T("security.time.hours", "Count", int(seconds/3600))
	}
	return v.T("security.time.minutes", "Count", int(seconds/60))
}

// fields of the policy, named as in the API.
var fields = []string{
	"required_acr", "factors", "pin", "idle", "absolute", "password_max_age", "password_age_enforced", "trusted_devices", "networks",
}

// policySent tries the policy, or sets it. It is tried before it is set: whoever it
// would keep out is told to, and then presses once more.
func policySent(v *desk.Visit) error {
	form := v.Form()
	wanted := read(form)
	found, err := try(v, wanted)
	if err != nil {
		return refused(v, err, form)
	}
	if v.Value("go") != "set" || !found.Safe && v.Value("sure") == "" {
		return policyPage(v, http.StatusOK, form, found)
	}
	if err := v.Put("/organization/policy", wanted, nil); err != nil {
		return refused(v, err, form)
	}
	return v.Done("/cabinet/security", "security.set")
}

func refused(v *desk.Visit, err error, form url.Values) error {
	status, errs, err := v.Mendable(err, fields...)
	if err != nil {
		return err
	}
	return policyPage(v, status, form, nil, errs...)
}

// try is the dry run.
func try(v *desk.Visit, wanted policy) (*impactView, error) {
	var view impactView
	if err := v.Post("/organization/policy/check", wanted, &view.impact); err != nil {
		return nil, err
	}
	var now policy
	if err := v.Get("/organization/policy", nil, &now); err != nil {
		return nil, err
	}
	var already impact // who cannot enter as it is, and does not lose by the change
	if err := v.Post("/organization/policy/check", now, &already); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, one := range already.LockedOut {
		out[one.MemberID] = true
	}
	view.None = view.Administrators == 0
	for _, one := range view.LockedOut {
		if out[one.MemberID] {
			continue
		}
		row := outRow{Name: one.Name, Role: v.T("role." + one.Role), URL: "/cabinet/members/" + one.MemberID}
		for i, name := range one.Missing {
			if i > 0 {
				row.Missing += v.T("security.or")
			}
			row.Missing += v.T("security.factor." + name)
		}
		view.Out = append(view.Out, row)
	}
	view.Safe = len(view.Out) == 0 && !view.None
	return &view, nil
}
