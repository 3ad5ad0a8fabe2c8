package tender

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type listView struct {
	Tabs        []pages.NavItem
	Form        map[string]string
	States      []pages.Option
	Saved       []saved
	Rows        []announcement
	Search      string // the saved search that is shown
	Filtered    bool
	Folded      bool
	May         bool // keep a search
	First, Next string
	Keep        []pages.Hidden // the filter, to be kept
}

type saved struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Told bool   `json:"told"`
}

// URL is where the search's announcements are.
func (s saved) URL() string { return all + "?" + url.Values{"search": {s.ID}}.Encode() }

var filters = []string{"q", "sector", "region", "customer", "price_from", "price_to", "state"}

// list is the register with its filters and the saved searches.
func list(v *desk.Visit) error {
	view := listView{Tabs: tabs(all), Form: map[string]string{}, Search: v.Query("search"), May: v.May("tenders:write"), Folded: true}
	query, faults := view.read(v)
	if err := view.searches(v); err != nil {
		return err
	}
	view.States = []pages.Option{{Label: v.T("tender.any")}}
	for _, name := range []string{"open", "review", "completed", "cancelled"} {
		view.States = append(view.States, pages.Option{Value: name, Label: v.T("tender.phase." + name)})
	}
	if len(faults) > 0 {
		return v.Page(http.StatusUnprocessableEntity, "tenders.html", "place.tenders", view, faults...)
	}
	var found struct {
		Items []announcement `json:"items"`
		Next  string         `json:"next"`
	}
	here := all + "?" + query.Encode()
	if after := v.Query("after"); after != "" {
		view.First = here
		query.Set("after", after)
	}
	query.Set("limit", "20")
	if err := v.Get("/tenders", query, &found); err != nil {
		status, errs, err := v.Mendable(err, filters...)
		if err != nil {
			return err
		}
		return v.Page(status, "tenders.html", "place.tenders", view, errs...)
	}
	view.Rows = found.Items
	if found.Next != "" {
		view.Next = here + "&" + url.Values{"after": {found.Next}}.Encode()
	}
	return v.Page(http.StatusOK, "tenders.html", "place.tenders", view)
}

// read takes the filter of the address into the view and, as the API wants it, into a
// query.
func (view *listView) read(v *desk.Visit) (url.Values, []pages.FieldError) {
	query := url.Values{}
	if view.Search != "" {
		query.Set("search", view.Search)
		view.Filtered = true
		return query, nil
	}
	var faults []pages.FieldError
	for _, name := range filters {
		value := v.Query(name)
		if view.Form[name] = value; value == "" {
			continue
		}
		view.Filtered, view.Folded = true, view.Folded && (name == "q" || name == "state")
		if strings.HasPrefix(name, "price") {
			sum, ok := kopecks(value)
			if !ok {
				faults = append(faults, pages.FieldError{Field: name, Key: "tender.fault.sum"})
				continue
			}
			value = strconv.FormatInt(sum, 10)
		}
		query.Set(name, value)
		view.Keep = append(view.Keep, pages.Hidden{Name: name, Value: value})
	}
	return query, faults
}

func (view *listView) searches(v *desk.Visit) error {
	var found struct {
		Items []saved `json:"items"`
	}
	if err := v.Get("/tender-searches", nil, &found); err != nil {
		return err
	}
	view.Saved = found.Items
	return nil
}

type noticeView struct {
	Tender announcement
	Facts  []pages.Pair
	Offers []pages.Offer
	From   []pages.Option // what an application can be begun with
	May    bool
}

// notice is one announcement.
func notice(v *desk.Visit) error { return noticePage(v, http.StatusOK) }

func noticePage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	view := noticeView{}
	if err := v.Get("/tenders/"+desk.Escape(v.PathValue("id")), nil, &view.Tender); err != nil {
		return err
	}
	a := view.Tender
	view.facts(v)
	view.May = a.Actions.Allowed("apply") || a.Actions.Find("apply") != nil && a.Actions.Find("apply").Reason == "assurance_insufficient"
	if !view.May {
		view.Offers = v.Offers(a.Actions, desk.Offer{Action: "apply", Act: pages.Act{Title: "tender.apply", URL: a.path() + "/apply", Post: true}, Hide: a.Applied != ""})
	} else if err := view.sources(v); err != nil {
		return err
	}
	return v.Page(status, "tender.html", v.T("tender.number", "Number", a.Number), view, errs...)
}

// sources are the templates and the latest applications.
func (view *noticeView) sources(v *desk.Visit) error {
	var templates struct {
		Items []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"items"`
	}
	var earlier struct {
		Items []participation `json:"items"`
	}
	if err := v.Get("/tender-templates", nil, &templates); err != nil {
		return err
	}
	if err := v.Get("/tender-applications", url.Values{"limit": {"20"}}, &earlier); err != nil {
		return err
	}
	view.From = []pages.Option{{Label: v.T("tender.from.profile")}}
	for _, t := range templates.Items {
		view.From = append(view.From, pages.Option{Value: "template/" + t.ID, Label: v.T("tender.from.template", "Name", t.Name)})
	}
	for _, p := range earlier.Items {
		if p.Origin == "cabinet" {
			view.From = append(view.From, pages.Option{Value: "application/" + p.ID, Label: v.T("tender.from.earlier", "Name", short(p.Object))})
		}
	}
	return nil
}

func short(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return strings.TrimSpace(string(runes[:60])) + "…"
	}
	return text
}

func (view *noticeView) facts(v *desk.Visit) {
	a := view.Tender
	text := func(label, value, under string) {
		if value != "" {
			view.Facts = append(view.Facts, pages.Pair{Label: label, Text: value, Under: under})
		}
	}
	text("tender.fact.price", a.Sum(), "")
	if a.DeadlineAt != nil {
		view.Facts = append(view.Facts, pages.Pair{Label: "tender.fact.deadline", At: *a.DeadlineAt})
	}
	text("tender.fact.customer", a.Customer.Name, v.T("tender.inn", "Number", a.Customer.INN))
	for _, s := range a.Sectors {
		text("tender.fact.sector", s.Code, s.Name)
	}
	text("tender.fact.region", a.Region, "")
	text("tender.fact.method", a.Method.Name, "")
	text("tender.fact.security", money(a.ApplicationSecurity), "")
	text("tender.fact.contract", money(a.ContractSecurity), "")
	text("tender.fact.term", a.Term, "")
	text("tender.fact.place", a.Place, "")
	if day, err := desk.Day(a.ReviewOn); err == nil && a.ReviewOn != "" {
		text("tender.fact.review", day.Format("02.01.2006"), "")
	}
	if a.PublishedAt != nil {
		view.Facts = append(view.Facts, pages.Pair{Label: "tender.fact.published", At: *a.PublishedAt})
	}
}

// document hands a file of an announcement over.
func document(v *desk.Visit) error {
	return v.Download("/tenders/"+desk.Escape(v.PathValue("id"))+"/documents/"+desk.Escape(v.PathValue("document")), nil)
}

// apply begins an application and leads to its form.
func apply(v *desk.Visit) error {
	body := map[string]string{}
	kind, id, _ := strings.Cut(v.Value("from"), "/")
	if id != "" {
		body[kind+"_id"] = id
	}
	var made whole
	if err := v.Post("/tenders/"+desk.Escape(v.PathValue("id"))+"/applications", body, &made, desk.IdempotencyKey(v.FormKey())); err != nil {
		status, errs, err := v.Mendable(err, "from")
		if err != nil {
			return err
		}
		return noticePage(v, status, errs...)
	}
	return v.Redirect(made.path() + "/edit")
}
