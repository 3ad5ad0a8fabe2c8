package tender

import (
	"net/http"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type keptView struct {
	Tabs      []pages.NavItem
	Searches  []keptRow
	Templates []keptRow
	Name      string
	Filter    map[string]string
}

// keptRow is a saved search or a template.
type keptRow struct {
	Name, Text, URL string
	At              *time.Time
	Remove          *pages.Act
}

// keptPage is the saved searches and the templates.
func keptPage(v *desk.Visit) error {
	return drawKept(v, http.StatusOK, "", map[string]string{})
}

func drawKept(v *desk.Visit, status int, name string, filter map[string]string, errs ...pages.FieldError) error {
	view := keptView{Tabs: tabs(kept), Name: name, Filter: filter}
	var searches struct {
		Items []saved `json:"items"`
	}
	var templates struct {
		Items []struct {
			ID        string     `json:"id"`
			Name      string     `json:"name"`
			CreatedAt *time.Time `json:"created_at"`
		} `json:"items"`
	}
	if err := v.Get("/tender-searches", nil, &searches); err != nil {
		return err
	}
	if err := v.Get("/tender-templates", nil, &templates); err != nil {
		return err
	}
	remove := func(of, id, about string) *pages.Act {
		if !v.May("tenders:write") {
			return nil
		}
		return &pages.Act{Title: "tender.act.forget", URL: kept + "/" + of + "/" + desk.Escape(id) + "/remove", Post: true, About: about}
	}
	for _, s := range searches.Items {
		row := keptRow{Name: s.Name, URL: s.URL(), Remove: remove("searches", s.ID, s.Name), Text: v.T("tender.kept.quiet")}
		if s.Told {
			row.Text = v.T("tender.kept.told")
		}
		view.Searches = append(view.Searches, row)
	}
	for _, t := range templates.Items {
		view.Templates = append(view.Templates, keptRow{Name: t.Name, At: t.CreatedAt, Remove: remove("templates", t.ID, t.Name)})
	}
	return v.Page(status, "tender_kept.html", "tender.tab.kept", view, errs...)
}

// searchKept keeps a search.
func searchKept(v *desk.Visit) error {
	filter, shown := map[string]any{}, map[string]string{}
	for _, name := range filters {
		value := v.Value(name)
		if value == "" {
			continue
		}
		shown[name], filter[name] = value, value
		if name == "price_from" || name == "price_to" {
			sum, ok := kopecks(value)
			if !ok {
				return drawKept(v, http.StatusUnprocessableEntity, v.Value("name"), shown, pages.FieldError{Field: name, Key: "tender.fault.sum"})
			}
			filter[name] = sum
		}
	}
	body := map[string]any{"name": v.Value("name"), "filter": filter, "told": v.Value("quiet") == ""}
	if err := v.Post("/tender-searches", body, nil, desk.IdempotencyKey(v.FormKey())); err != nil {
		status, errs, err := v.Mendable(err, "name", "filter/sector", "filter/region", "filter/customer", "filter/price_to")
		if err != nil {
			return err
		}
		for i := range errs {
			if len(errs[i].Field) > 7 && errs[i].Field[:7] == "filter/" {
				errs[i].Field = errs[i].Field[7:]
			}
		}
		return drawKept(v, status, v.Value("name"), shown, errs...)
	}
	return v.Done(kept, "tender.done.search")
}

// unkept removes a saved search or a template.
func unkept(api, done string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		if err := v.Delete(api+desk.Escape(v.PathValue("id")), nil, nil); err != nil {
			return err
		}
		return v.Done(kept, done)
	}
}
