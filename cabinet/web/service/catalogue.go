package service

import (
	"net/http"
	"net/url"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type catalogueView struct {
	Tabs       []pages.NavItem
	Q          string
	Type       string
	Industry   string
	Document   string
	Industries []pages.Option
	Cards      []cardRow
	Filtered   bool
	Count      string
}

type cardRow struct {
	card
	URL string
}

// elsewhere are the parts of the cabinet that do what the catalogue only names, by
// the part of the API.
var elsewhere = map[string]string{"/v1/organization/filings": "/cabinet/filings", "/v1/organization/extracts": "/cabinet/extracts"}

func cardPath(c card) string {
	if to := elsewhere[c.Elsewhere]; to != "" {
		return to
	}
	return "/cabinet/services/" + desk.Escape(c.Code)
}

// catalogue lists the services (row 190).
func catalogue(v *desk.Visit) error {
	view := catalogueView{Q: v.Query("q"), Type: v.Query("type"), Industry: v.Query("industry"), Document: v.Query("document")}
	query := url.Values{}
	for name, value := range map[string]string{"q": view.Q, "type": view.Type, "industry": view.Industry, "document": view.Document} {
		if value != "" {
			query.Set(name, value)
			view.Filtered = view.Filtered || name != "type"
		}
	}
	var found struct {
		Services   []card     `json:"services"`
		Types      []labelled `json:"types"`
		Industries []labelled `json:"industries"`
	}
	if err := v.Get("/services", query, &found); err != nil {
		return err
	}
	for _, one := range found.Services {
		view.Cards = append(view.Cards, cardRow{one, cardPath(one)})
	}
	view.tabs(found.Types, query)
	view.Industries = options(v.T("service.any"), found.Industries)
	view.Count = v.T("service.shown", "Count", len(view.Cards))
	return v.Page(http.StatusOK, "service_catalogue.html", "service.title", view)
}

func options(any string, list []labelled) []pages.Option {
	out := []pages.Option{{Value: "", Label: any}}
	for _, one := range list {
		out = append(out, pages.Option{Value: one.Value, Label: one.Label})
	}
	return out
}

// tabs lead to each type, with the other filters kept.
func (c *catalogueView) tabs(types []labelled, query url.Values) {
	add := func(value, title string) {
		query.Set("type", value)
		if value == "" {
			query.Del("type")
		}
		to := "/cabinet/services"
		if len(query) > 0 {
			to += "?" + query.Encode()
		}
		c.Tabs = append(c.Tabs, pages.NavItem{Title: title, URL: to, Current: value == c.Type})
	}
	add("", "service.all")
	for _, one := range types {
		add(one.Value, one.Label)
	}
}

type cardView struct {
	Card      card
	URL       string
	Facts     []pages.Pair
	Steps     []pages.Moment
	Documents []documentRow
	Templates []template
	Removals  []pages.Act
	Drafts    []item // drafts of this service that wait
	May       bool
}

type documentRow struct {
	document
	Rule string // "PDF, DOCX до 10 МБ, до 5 файлов"
}

// showCard tells everything of one service before anything is filled in.
func showCard(v *desk.Visit) error {
	view, err := readCard(v)
	if err != nil {
		return err
	}
	return v.Page(http.StatusOK, "service_card.html", view.Card.Title, view)
}

func readCard(v *desk.Visit) (cardView, error) {
	view := cardView{May: v.May("requests:write")}
	code := v.PathValue("service")
	if err := v.Get("/services/"+desk.Escape(code), nil, &view.Card); err != nil {
		return view, err
	}
	view.URL = "/cabinet/services/" + desk.Escape(view.Card.Code)
	c := view.Card
	view.Facts = []pages.Pair{
		{Label: "service.body", Text: c.Body.Name}, {Label: "service.term", Text: c.Term}, {Label: "service.fee", Text: c.Fee},
		{Label: "service.signature", Text: "service.signature." + c.Signature},
	}
	if c.ValidMonths > 0 {
		view.Facts = append(view.Facts, pages.Pair{Label: "service.valid", Text: v.T("service.months", "Count", c.ValidMonths)})
	}
	for _, step := range c.Steps {
		view.Steps = append(view.Steps, pages.Moment{Title: step})
	}
	view.Documents = documentRows(v, c.Documents)
	return view, view.own(v)
}

// own reads what the organisation has of this service: forms it kept, and drafts.
func (c *cardView) own(v *desk.Visit) error {
	var kept struct {
		Templates []template `json:"templates"`
	}
	if err := v.Get("/organization/application-templates", url.Values{"service": {c.Card.Code}}, &kept); err != nil {
		return err
	}
	c.Templates = kept.Templates
	for _, t := range kept.Templates {
		c.Removals = append(c.Removals, pages.Act{
			Title: "service.template.remove", URL: c.URL + "/templates/" + desk.Escape(t.ID) + "/remove", Post: true, Stop: true,
			Ask: "service.template.ask", About: t.Title,
		})
	}
	var drafts struct {
		Applications []item `json:"applications"`
	}
	if err := v.Get("/organization/applications", url.Values{"state": {"draft"}, "limit": {"50"}}, &drafts); err != nil {
		return err
	}
	for _, one := range drafts.Applications {
		if one.Service == c.Card.Code {
			c.Drafts = append(c.Drafts, one)
		}
	}
	return nil
}

// documentRows say in words what each document must be (rows 201, 291).
func documentRows(v *desk.Visit, list []document) []documentRow {
	rows := make([]documentRow, len(list))
	for i, d := range list {
		rule := v.T("service.document.rule", "Formats", strings.ToUpper(strings.Join(d.Formats, ", ")), "Size", pages.Size(v.Lang(), d.MaxBytes))
		if d.Most > 1 {
			rule += ", " + v.T("service.document.most", "Count", d.Most)
		}
		if d.Signature == "required" {
			rule += ", " + v.T("service.document.signed")
		}
		rows[i] = documentRow{d, rule}
	}
	return rows
}

// begin makes a draft, filled in as far as the house knows, and opens it.
func begin(v *desk.Visit) error {
	body := map[string]any{"service": v.PathValue("service")}
	if chosen := v.Value("template"); chosen != "" {
		body["template"] = chosen
	}
	var known struct {
		Fields map[string]string `json:"fields"`
	}
	err := v.Get("/services/"+desk.Escape(v.PathValue("service"))+"/prefill", nil, &known)
	if err == nil && body["template"] == nil {
		body["fields"] = known.Fields
	}
	if err != nil && desk.AsProblem(err) == nil {
		return err
	}
	var made item
	if err := v.Post("/organization/applications", body, &made, desk.IdempotencyKey(v.FormKey())); err != nil {
		return err
	}
	return v.Done(pathOf(made.ID), "service.done.begin")
}

func removeTemplate(v *desk.Visit) error {
	if err := v.Delete("/organization/application-templates/"+desk.Escape(v.PathValue("template")), nil, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/services/"+desk.Escape(v.PathValue("service")), "service.done.template.removed")
}
