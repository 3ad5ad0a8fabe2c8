package request

import (
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const (
	textsAPI  = "/organization/request-templates"
	textsPath = "/cabinet/request-templates"
)

type textsView struct {
	Own, BuiltIn []textRow
	May          bool
}

type textRow struct {
	text
	Type string // in words
	URL  string
	Acts []pages.Act
}

// textList shows the texts for answers, the organisation's own first.
func textList(v *desk.Visit) error {
	found, err := allTexts(v)
	if err != nil {
		return err
	}
	view := textsView{May: v.May("requests:write")}
	for _, t := range found {
		row := textRow{text: t, URL: textsPath + "/" + desk.Escape(t.ID), Type: v.T("request.texts.any")}
		if t.Type != "" {
			row.Type = v.T("request.tab." + t.Type)
		}
		if t.BuiltIn {
			view.BuiltIn = append(view.BuiltIn, row)
			continue
		}
		if view.May {
			row.Acts = []pages.Act{
				{Title: "request.texts.change", URL: row.URL, About: t.Title},
				{Title: "request.texts.remove", URL: row.URL + "/remove", Post: true, Stop: true, Ask: "request.texts.ask", About: t.Title},
			}
		}
		view.Own = append(view.Own, row)
	}
	return v.Page(http.StatusOK, "request_texts.html", "request.texts.title", view)
}

func allTexts(v *desk.Visit) ([]text, error) {
	var found struct {
		Templates []text `json:"templates"`
	}
	err := v.Get(textsAPI, nil, &found)
	return found.Templates, err
}

type textView struct {
	New    bool
	Action string
	Form   text
	Types  []pages.Option
	Words  []string // what may stand in braces
}

// textForm asks for a text: a new one, a copy of a built-in one, or one of the
// organisation's own that is changed.
func textForm(v *desk.Visit) error {
	if kept := v.Draft(); kept != nil {
		return textPage(v, http.StatusOK, text{Title: kept.Get("title"), Type: kept.Get("type"), Recipient: kept.Get("recipient"), Text: kept.Get("text")})
	}
	id := v.PathValue("id")
	if id == "" {
		id = v.Query("from")
	}
	if id == "" {
		return textPage(v, http.StatusOK, text{})
	}
	found, err := allTexts(v)
	if err != nil {
		return err
	}
	for _, t := range found {
		if t.ID == id && (v.PathValue("id") == "" || !t.BuiltIn) {
			return textPage(v, http.StatusOK, t)
		}
	}
	return desk.Missing()
}

func textPage(v *desk.Visit, status int, form text, errs ...pages.FieldError) error {
	view := textView{New: v.PathValue("id") == "", Action: v.Path(), Form: form}
	view.Types = []pages.Option{{Value: "", Label: v.T("request.texts.any")}}
	for _, name := range types {
		view.Types = append(view.Types, pages.Option{Value: name, Label: v.T("request.tab." + name)})
	}
	view.Words = []string{"{number}", "{outer_number}", "{subject}", "{party}", "{organisation}", "{inn}", "{due}", "{today}"}
	return v.Page(status, "request_text.html", "request.texts.new", view, errs...)
}

func readText(v *desk.Visit) (text, map[string]string) {
	form := v.Form()
	t := text{Title: v.Value("title"), Type: v.Value("type"), Recipient: v.Value("recipient"), Text: form.Get("text")}
	return t, map[string]string{"title": t.Title, "type": t.Type, "recipient": t.Recipient, "text": t.Text}
}

// addText keeps a new text.
func addText(v *desk.Visit) error {
	t, body := readText(v)
	return keptText(v, t, v.Post(textsAPI, body, nil, desk.IdempotencyKey(v.FormKey())))
}

// changeText replaces one.
func changeText(v *desk.Visit) error {
	t, body := readText(v)
	return keptText(v, t, v.Put(textsAPI+"/"+desk.Escape(v.PathValue("id")), body, nil))
}

func keptText(v *desk.Visit, t text, err error) error {
	if err == nil {
		return v.Done(textsPath, "request.texts.kept")
	}
	status, errs, err := v.Faults(err, "title", "type", "recipient", "text")
	if err != nil {
		return err
	}
	return textPage(v, status, t, errs...)
}

// removeText throws one away.
func removeText(v *desk.Visit) error {
	if err := v.Delete(textsAPI+"/"+desk.Escape(v.PathValue("id")), nil, nil); err != nil {
		return err
	}
	return v.Done(textsPath, "request.texts.removed")
}
