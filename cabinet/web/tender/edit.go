package tender

import (
	"net/http"
	"net/url"
	"slices"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type editView struct {
	One        whole
	Price      string
	Form       answered
	Securities []pages.Option
	Papers     []paper
	NoArchive  bool // the visitor may not see the archive
	Version    string
}

// paper is a document of the archive that can be attached.
type paper struct {
	ID, Name string
	Size     int64
	Checked  bool
}

// edit is the form of a draft.
func edit(v *desk.Visit) error {
	one, tag, err := draft(v)
	if err != nil {
		return err
	}
	filled, price, chosen := one.Form, typed(one.Form.Price), attached(one)
	if back := v.Draft(); back != nil {
		filled, price, chosen = read(back), back.Get("price"), back["documents"]
	}
	return editPage(v, http.StatusOK, one, tag, filled, price, chosen)
}

func draft(v *desk.Visit) (one whole, tag string, err error) {
	err = v.Get(apiMine(v), nil, &one, desk.ETag(&tag))
	return one, tag, err
}

func attached(one whole) (ids []string) {
	for _, f := range one.Files {
		ids = append(ids, f.DocumentID)
	}
	return ids
}

func editPage(v *desk.Visit, status int, one whole, tag string, filled answered, price string, chosen []string, errs ...pages.FieldError) error {
	view := editView{One: one, Form: filled, Price: price, Version: tag}
	for _, name := range []string{"", "account", "guarantee"} {
		view.Securities = append(view.Securities, pages.Option{Value: name, Label: v.T("tender.security." + name)})
	}
	view.papers(v, one, chosen)
	return v.Page(status, "tender_edit.html", "tender.edit", view, errs...)
}

// papers are the latest documents of the archive and those attached already.
func (view *editView) papers(v *desk.Visit, one whole, chosen []string) {
	for _, f := range one.Files {
		view.Papers = append(view.Papers, paper{f.DocumentID, f.Name, f.Size, slices.Contains(chosen, f.DocumentID)})
	}
	var found struct {
		Documents []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
			File struct {
				Size int64 `json:"size"`
			} `json:"file"`
		} `json:"documents"`
	}
	if view.NoArchive = v.Get("/documents", url.Values{"limit": {"50"}}, &found) != nil; view.NoArchive {
		return
	}
	known := attached(one)
	for _, d := range found.Documents {
		if !slices.Contains(known, d.ID) {
			view.Papers = append(view.Papers, paper{d.ID, d.Name, d.File.Size, slices.Contains(chosen, d.ID)})
		}
	}
}

// read makes a form's values of what was sent; the price is read apart.
func read(sent url.Values) answered {
	return answered{
		form: form{
			Consent: sent.Get("consent") != "", Country: sent.Get("country"), Security: sent.Get("security"), SecurityNumber: sent.Get("security_number"),
			Small: sent.Get("small") != "", Contact: contact{sent.Get("contact/name"), sent.Get("contact/phone"), sent.Get("contact/email")},
			Account: account{sent.Get("account/number"), sent.Get("account/bik"), sent.Get("account/bank")},
		},
		Proposal: sent.Get("proposal"),
	}
}

var editFields = []string{
	"price", "consent", "country", "security", "security_number", "small", "contact/name", "contact/phone", "contact/email",
	"account/number", "account/bik", "account/bank", "proposal", "documents",
}

// edited stores the form and leads back to the application with its check.
func edited(v *desk.Visit) error {
	sent := v.Form()
	filled, chosen := read(sent), sent["documents"]
	price, ok := kopecks(v.Value("price"))
	again := func(status int, errs ...pages.FieldError) error {
		one, tag, err := draft(v)
		if err != nil {
			return err
		}
		return editPage(v, status, one, tag, filled, v.Value("price"), chosen, errs...)
	}
	if !ok {
		return again(http.StatusUnprocessableEntity, pages.FieldError{Field: "price", Key: "tender.fault.sum"})
	}
	filled.Price = price
	if chosen == nil {
		chosen = []string{}
	}
	body := map[string]any{"form": filled.form, "proposal": plainLines(filled.Proposal), "documents": chosen}
	if err := v.Patch(apiMine(v), body, nil, desk.IfMatch(v.Value("version"))); err != nil {
		status, errs, err := v.Mendable(err, editFields...)
		if err != nil {
			return err
		}
		return again(status, errs...)
	}
	return v.Done(here(v), "tender.done.edit")
}
