package service

import (
	"net/http"
	"strconv"

	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/request"
	"propusk/idp/pages"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

type documentsView struct {
	Application application
	URL         string
	Stages      []pages.Stage
	Etag        string
	Documents   []documentBox
	May         bool
}

type documentBox struct {
	documentRow
	Files   []pages.Attached
	Missing bool
	Full    bool // no more files are taken
	Error   string
	Accept  string
}

// documentsPage is the wizard's second step.
func documentsPage(v *desk.Visit) error { return drawDocuments(v, http.StatusOK) }

func drawDocuments(v *desk.Visit, status int, errs ...pages.FieldError) error {
	a, tag, err := read(v)
	if err != nil {
		return err
	}
	if a.State != "draft" {
		return v.Redirect(pathOf(a.ID))
	}
	view := documentsView{Application: a, URL: pathOf(a.ID), Stages: stages(1), Etag: tag}
	view.May = a.Actions.Allowed("save") || stronger(a.Actions, "save")
	var c card
	if err := v.Get("/services/"+desk.Escape(a.Service), nil, &c); err != nil {
		return err
	}
	for _, row := range documentRows(v, c.Documents) {
		view.Documents = append(view.Documents, newDocumentBox(v, row, a, tag, errs))
	}
	return v.Page(status, "service_documents.html", a.Title, view, errs...)
}

// endings of files by the formats of a card, for the browser's dialog.
var endings = map[string]string{
	"pdf": ".pdf", "docx": ".docx", "jpeg": ".jpg,.jpeg", "png": ".png", "xml": ".xml", "xlsx": ".xlsx",
}

func newDocumentBox(v *desk.Visit, row documentRow, a application, tag string, errs []pages.FieldError) documentBox {
	box := documentBox{documentRow: row}
	for _, format := range row.Formats {
		box.Accept += endings[format] + ","
	}
	box.Accept += ".sig,.p7s"
	for _, one := range a.Documents {
		if one.Document != row.Name {
			continue
		}
		line := pages.Attached{Name: one.Name, Size: one.Size}
		if one.Signature != "" {
			line.Tags = []pages.Tag{{Kind: "go", Text: v.T("request.file.signed")}}
		}
		line.Acts = []pages.Act{{
			Title: "service.file.remove", URL: pathOf(a.ID) + "/documents/remove", Post: true, About: one.Name,
			Fields: []pages.Hidden{{Name: "file", Value: one.File}, {Name: "version", Value: tag}},
		}}
		box.Files = append(box.Files, line)
	}
	for _, listed := range a.Checklist {
		if listed.Document == row.Name {
			box.Missing = listed.Missing
		}
	}
	box.Full = len(box.Files) >= row.Most
	for _, e := range errs {
		if e.Field == "d-"+row.Name {
			box.Error = v.T(e.Key)
		}
	}
	return box
}

// attach uploads files for one document of the draft.
func attach(v *desk.Visit) error {
	name := v.Value("document")
	added, faults, err := uploaded(v, name)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return drawDocuments(v, http.StatusUnprocessableEntity, faults...)
	}
	return change(v, func(list []attachment) []attachment { return append(list, added...) }, "service.done.attach")
}

// uploaded are the files of one document's field with their signatures, in the API's
// terms; what is wrong with them stands at the field.
func uploaded(v *desk.Visit, name string) ([]attachment, []pages.FieldError, error) {
	field := "d-" + name
	files, faults, err := request.Upload(v, field)
	if err != nil || len(faults) > 0 {
		return nil, faults, err
	}
	signatures, unpaired := request.Pairs(files)
	if unpaired != "" {
		return nil, []pages.FieldError{{Field: field, Key: v.T("request.file.unpaired", "Name", unpaired)}}, nil
	}
	if len(files) == 0 {
		return nil, []pages.FieldError{{Field: field, Key: v.T("service.file.none")}}, nil
	}
	var list []attachment
	for _, f := range files {
		if f.MediaType != request.SignatureType {
			list = append(list, attachment{Document: name, File: f.ID, Signature: signatures[f.ID]})
		}
	}
	return list, nil, nil
}

// detach takes a file out of the draft.
func detach(v *desk.Visit) error {
	file := v.Value("file")
	return change(v, func(list []attachment) []attachment {
		var rest []attachment
		for _, one := range list {
			if one.File != file {
				rest = append(rest, one)
			}
		}
		return append([]attachment{}, rest...)
	}, "service.done.detach")
}

// change stores another list of documents over the version that was read.
func change(v *desk.Visit, fn func([]attachment) []attachment, done string) error {
	a, tag, err := read(v)
	if err != nil {
		return err
	}
	var list []attachment
	for _, one := range a.Documents {
		list = append(list, one.attachment)
	}
	err = v.Put(apiOf(v), map[string]any{"documents": fn(list)}, nil, desk.IfMatch(tag))
	if err == nil {
		return v.Done(pathOf(a.ID)+"/documents", done)
	}
	status, errs, err := v.Faults(err)
	if err != nil {
		return err
	}
	return drawDocuments(v, status, errs...)
}
