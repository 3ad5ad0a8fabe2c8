package extract

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type kindView struct {
	kind
	Path string
}

// catalogue is what the organisation can order.
func catalogue(v *desk.Visit) error {
	types, err := kinds(v)
	if err != nil {
		return err
	}
	list := make([]kindView, len(types))
	for i, k := range types {
		list[i] = kindView{k, "/cabinet/extracts/new/" + desk.Escape(k.ID)}
	}
	return v.Page(http.StatusOK, "extract_catalogue.html", "extract.catalogue.title", list)
}

type orderView struct {
	Kind       kind
	Form       order
	Formats    []pages.Option
	Parameters []parameter
}

type parameter struct {
	Name, Label, Value string
	Options            []pages.Option
	Optional           bool
}

// order is one as the API takes it.
type order struct {
	Kind       string            `json:"kind"`
	Period     *period           `json:"period,omitempty"`
	Format     string            `json:"format,omitempty"`
	Purpose    string            `json:"purpose,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Email      string            `json:"email,omitempty"`
}

// orderForm asks for the period, the form and where to send the paper.
func orderForm(v *desk.Visit) error {
	form := order{Parameters: map[string]string{}}
	if kept := v.Draft(); kept != nil {
		form = read(kept.Get, func() (names []string) {
			for name := range kept {
				names = append(names, name)
			}
			return names
		}())
	}
	return orderPage(v, http.StatusOK, form)
}

func orderPage(v *desk.Visit, status int, form order, errs ...pages.FieldError) error {
	types, err := kinds(v)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(types, func(k kind) bool { return k.ID == v.PathValue("kind") })
	if at < 0 {
		return desk.Missing()
	}
	view := orderView{Kind: types[at], Form: form}
	if view.Form.Period == nil {
		view.Form.Period = &period{}
		if view.Kind.Period == "required" {
			today := v.Now().In(desk.Moscow)
			view.Form.Period = &period{From: today.AddDate(0, -3, 0).Format(time.DateOnly), To: today.Format(time.DateOnly)}
		}
	}
	for _, name := range view.Kind.Formats {
		view.Formats = append(view.Formats, pages.Option{Value: name, Label: v.T("extract.format." + name)})
	}
	for _, p := range view.Kind.Parameters {
		one := parameter{Name: "parameters/" + p.ID, Label: p.Name, Value: form.Parameters[p.ID], Optional: !p.Required}
		for _, value := range p.Values {
			one.Options = append(one.Options, pages.Option{Value: value.ID, Label: value.Name})
		}
		view.Parameters = append(view.Parameters, one)
	}
	return v.Page(status, "extract_order.html", view.Kind.Name, view, errs...)
}

// read makes an order of a form's fields.
func read(get func(string) string, names []string) order {
	form := order{Format: get("format"), Purpose: strings.TrimSpace(get("purpose")), Email: strings.TrimSpace(get("email")), Parameters: map[string]string{}}
	if from, to := get("period/from"), get("period/to"); from+to != "" {
		form.Period = &period{From: from, To: to}
	}
	for _, name := range names {
		if id, ok := strings.CutPrefix(name, "parameters/"); ok && get(name) != "" {
			form.Parameters[id] = get(name)
		}
	}
	return form
}

// ordered orders the paper and leads to its progress.
func ordered(v *desk.Visit) error {
	var names []string
	for name := range v.Form() {
		names = append(names, name)
	}
	form := read(v.Value, names)
	form.Kind = v.PathValue("kind")
	var made extract
	err := v.Post("/extracts", form, &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Redirect(made.path())
	}
	fields := []string{"period", "period/from", "period/to", "format", "purpose", "email"}
	for _, name := range names {
		if strings.HasPrefix(name, "parameters/") {
			fields = append(fields, name)
		}
	}
	status, errs, err := v.Faults(err, fields...)
	if err != nil || status == http.StatusForbidden {
		return err
	}
	for i := range errs {
		if errs[i].Field == "period" {
			errs[i].Field = "period/from"
		}
	}
	return orderPage(v, status, form, errs...)
}
