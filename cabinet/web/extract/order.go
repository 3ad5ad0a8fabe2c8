package extract

import (
	"net/http"
	"net/url"
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
		list[i] = kindView{k, "/cabinet/extracts/new?" + url.Values{"kind": {k.ID}}.Encode()}
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

// orderForm asks which paper it is to be, then for the period, the format and where
// to send it.
func orderForm(v *desk.Visit) error {
	form := order{Kind: v.Query("kind"), Parameters: map[string]string{}}
	if kept := v.Draft(); kept != nil {
		form = read(kept)
	}
	if form.Kind == "" {
		return catalogue(v)
	}
	return orderPage(v, http.StatusOK, form)
}

func orderPage(v *desk.Visit, status int, form order, errs ...pages.FieldError) error {
	types, err := kinds(v)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(types, func(k kind) bool { return k.ID == form.Kind })
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

// read makes an order of a form.
func read(fields url.Values) order {
	get := func(name string) string { return strings.TrimSpace(fields.Get(name)) }
	form := order{Kind: get("kind"), Format: get("format"), Purpose: get("purpose"), Email: get("email"), Parameters: map[string]string{}}
	if from, to := get("period/from"), get("period/to"); from+to != "" {
		form.Period = &period{From: from, To: to}
	}
	for name := range fields {
		if id, ok := strings.CutPrefix(name, "parameters/"); ok && get(name) != "" {
			form.Parameters[id] = get(name)
		}
	}
	return form
}

// ordered orders the paper and leads to its progress.
func ordered(v *desk.Visit) error {
	form := read(v.Form())
	var made extract
	err := v.Post("/extracts", form, &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Redirect(made.path())
	}
	fields := []string{"period", "period/from", "period/to", "format", "purpose", "email"}
	for id := range form.Parameters {
		fields = append(fields, "parameters/"+id)
	}
	status, errs, err := v.Mendable(err, fields...)
	if err != nil {
		return err
	}
	for i := range errs {
		if errs[i].Field == "period" {
			errs[i].Field = "period/from"
		}
	}
	return orderPage(v, status, form, errs...)
}
