package web

import (
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// reasonMost is the longest reason that the API takes, in characters.
const reasonMost = 500

// deed is an act that an operator gives a reason for: a page with a form of its own,
// and what it does. Its words begin with "console." and its name: ".title", ".text",
// ".act" and, of one that goes on to another page, ".done".
type deed struct {
	name string
	path string                    // the pattern of the page: "/console/people/{id}/block"
	back func(*desk.Visit) string  // the page to go on to
	do   func(*desk.Visit) error   // asks the API
	more func(*desk.Visit) []field // further fields; nil = the reason alone
	// about says what the act is about; it may refuse.
	about  func(*desk.Visit) ([]pages.Pair, error)
	free   bool // needs no reason
	stop   bool // it ends or takes something away
	public bool // the reason is read by whoever it is about
}

// deedView is the form of a deed.
type deedView struct {
	Name, Action string
	About        []pages.Pair
	Fields       []field
	Stop         bool
	Back         string
	Answer       *pages.Pair // what the act brought to light; nil = nothing
}

// routes are the page of a deed and what its form does.
func (d deed) routes() []desk.Route {
	return []desk.Route{
		desk.Get(d.path, func(v *desk.Visit) error { return d.show(v, http.StatusOK) }),
		desk.Post(d.path, d.act),
	}
}

// routesOf are the routes of several.
func routesOf(deeds ...deed) (routes []desk.Route) {
	for _, d := range deeds {
		routes = append(routes, d.routes()...)
	}
	return routes
}

// fields are those of the form, with what was typed.
func (d deed) fields(v *desk.Visit) (fields []field) {
	if d.more != nil {
		fields = d.more(v)
	}
	if !d.free {
		hint := "console.reason.hint"
		if d.public {
			hint = "console.reason.public"
		}
		fields = append(fields, field{Kind: "prose", Name: "reason", Label: "console.reason", Hint: hint, Most: reasonMost})
	}
	typed := v.Form()
	for i := range fields {
		if value, given := typed[fields[i].Name]; given && len(value) > 0 {
			fields[i].Value, fields[i].Marked = value[0], true
		}
	}
	return fields
}

func (d deed) view(v *desk.Visit) (deedView, error) {
	view := deedView{Name: "console." + d.name, Action: v.Request().URL.EscapedPath(), Fields: d.fields(v), Stop: d.stop, Back: d.back(v)}
	if d.about == nil {
		return view, nil
	}
	var err error
	view.About, err = d.about(v)
	return view, err
}

func (d deed) show(v *desk.Visit, status int, errs ...pages.FieldError) error {
	view, err := d.view(v)
	if err != nil {
		return lookFirst(v, err, d.back(v))
	}
	return v.Page(status, "console-deed.html", view.Name+".title", view, errs...)
}

// act does it. What the API finds wrong with the form is told beside its fields.
func (d deed) act(v *desk.Visit) error {
	err := d.do(v)
	if err == nil {
		return v.Done(d.back(v), "console."+d.name+".done")
	}
	return d.wrong(v, err)
}

func (d deed) wrong(v *desk.Visit, err error) error {
	if lookRequired(err) {
		return lookFirst(v, err, d.back(v))
	}
	status, errs, err := v.Mendable(err, names(d.fields(v))...)
	if err != nil {
		return err
	}
	return d.show(v, status, errs...)
}

// names of fields, as the API calls them too.
func names(fields []field) []string {
	out := make([]string, len(fields))
	for i, one := range fields {
		out[i] = one.Name
	}
	return out
}

// reasoned is what most acts send.
func reasoned(v *desk.Visit) map[string]string { return map[string]string{"reason": v.Value("reason")} }

// once makes a repeat of the form get the first answer.
func once(v *desk.Visit) desk.Option { return desk.IdempotencyKey(v.FormKey()) }

// lookRequired reports whether the API wants the card to be opened with a reason
// first.
func lookRequired(err error) bool {
	problem := desk.AsProblem(err)
	return problem != nil && problem.Code == "look_required"
}

// lookFirst leads to the card, which asks for the reason, when a look is what is
// missing.
func lookFirst(v *desk.Visit, err error, card string) error {
	if !lookRequired(err) {
		return err
	}
	return v.Redirect(card)
}
