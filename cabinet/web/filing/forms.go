package filing

import (
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type formsView struct {
	Tabs   []pages.NavItem
	Groups []formGroup
	New    bool // one is chosen to be filled in
	May    bool
}

type formGroup struct {
	Name  string
	Kinds []kindRow
}

type kindRow struct {
	kind
	URL     string
	Formats string // in words
}

// forms is the catalogue: what can be filed, with instructions and templates.
func forms(v *desk.Visit) error {
	view := formsView{Tabs: tabs(v), May: v.May("filings:write")}
	var err error
	if view.Groups, err = catalogue(v, "/cabinet/filings/form?type="); err != nil {
		return err
	}
	return v.Page(http.StatusOK, "filing_forms.html", "filing.forms.title", view)
}

// chooseForm is the first step of a new report: which one.
func chooseForm(v *desk.Visit) error {
	view := formsView{New: true, May: true}
	var err error
	if view.Groups, err = catalogue(v, "/cabinet/filings/new?type="); err != nil {
		return err
	}
	return v.Page(http.StatusOK, "filing_new.html", "filing.new.title", view)
}

// catalogue reads the kinds of reports, group by group.
func catalogue(v *desk.Visit, path string) ([]formGroup, error) {
	var found struct {
		Kinds []kind `json:"report_types"`
	}
	if err := v.Get("/report-types", nil, &found); err != nil {
		return nil, err
	}
	var list []formGroup
	for _, name := range groups {
		group := formGroup{Name: v.T("filing.group." + name)}
		for _, k := range found.Kinds {
			if k.Group == name {
				group.Kinds = append(group.Kinds, kindRow{kind: k, URL: path + url.QueryEscape(k.ID), Formats: formats(v, k)})
			}
		}
		if len(group.Kinds) > 0 {
			list = append(list, group)
		}
	}
	return list, nil
}

func formats(v *desk.Visit, k kind) string {
	text := ""
	for i, name := range k.Formats {
		if i > 0 {
			text += ", "
		}
		text += v.T("filing.format." + name)
	}
	return text
}

type formView struct {
	Kind     kind
	Formats  string
	Sections []formSection
	May      bool
}

type formSection struct {
	Name   string
	Fields []field
}

// form is one kind of report: its instruction, line by line, and its template.
func form(v *desk.Visit) error {
	var view formView
	if err := v.Get("/report-types/"+desk.Escape(v.Query("type")), nil, &view.Kind); err != nil {
		return err
	}
	view.Formats, view.May = formats(v, view.Kind), v.May("filings:write")
	for _, f := range view.Kind.Fields {
		if n := len(view.Sections); n == 0 || view.Sections[n-1].Name != f.Section {
			view.Sections = append(view.Sections, formSection{Name: f.Section})
		}
		last := &view.Sections[len(view.Sections)-1]
		last.Fields = append(last.Fields, f)
	}
	return v.Page(http.StatusOK, "filing_form.html", view.Kind.Name, view)
}

// template is the workbook of a kind of report.
func template(v *desk.Visit) error {
	return v.Download("/report-types/"+desk.Escape(v.Query("type"))+"/template", nil)
}
