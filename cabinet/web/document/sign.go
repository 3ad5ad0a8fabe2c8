package document

import (
	"net/http"
	"strconv"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// target is what is signed: a document of one's own, or one that was handed over.
type target struct {
	api, path string
	name      string
	file      fileOf
	version   int64 // 0 = of an incoming one, which has but one
}

func (t target) dialog(v *desk.Visit) desk.Signing {
	s := desk.Signing{
		Title: v.T("document.sign.title", "Name", t.name), Lead: "document.sign.lead",
		Facts:   []pages.Pair{{Label: "document.file", Text: t.file.Name}},
		FileURL: t.path + "/content", FileName: t.file.Name, Size: t.file.Size, SHA256: t.file.SHA256,
		Action: t.path + "/sign", Act: "document.act.sign", BackURL: t.path, Back: "document.sign.back",
	}
	if t.version > 0 {
		number := strconv.FormatInt(t.version, 10)
		s.FileURL += "?version=" + number
		s.Fields = []pages.Hidden{{Name: "version", Value: number}}
		s.Facts = append(s.Facts, pages.Pair{Label: "document.version", Text: number})
	}
	return s
}

func own(v *desk.Visit) (target, error) {
	var d whole
	err := v.Get(apiOf(v), nil, &d)
	return target{apiOf(v), pathOf(v.PathValue("id")), d.Name, d.File, d.Version}, err
}

func received(v *desk.Visit) (target, error) {
	var d incoming
	id := desk.Escape(v.PathValue("id"))
	err := v.Get("/documents/incoming/"+id, nil, &d)
	return target{"/documents/incoming/" + id, "/cabinet/documents/incoming/" + id, d.Name, d.File, 0}, err
}

// sign opens the signing dialog over a document's present version.
func sign(v *desk.Visit) error { return openDialog(v, own) }

func signIncoming(v *desk.Visit) error { return openDialog(v, received) }

func openDialog(v *desk.Visit, find func(*desk.Visit) (target, error)) error {
	t, err := find(v)
	if err != nil {
		return err
	}
	return v.Sign(http.StatusOK, t.dialog(v), nil)
}

// addSignature keeps a signature that the API accepts.
func addSignature(v *desk.Visit) error { return take(v, own) }

func addIncomingSignature(v *desk.Visit) error { return take(v, received) }

func take(v *desk.Visit, find func(*desk.Visit) (target, error)) error {
	t, err := find(v)
	if err != nil {
		return err
	}
	made, err := v.Signature()
	if err == nil {
		body := map[string]any{"signature": desk.SignatureText(made)}
		if number, wrong := strconv.ParseInt(v.Value("version"), 10, 64); wrong == nil {
			body["version"] = number // what the dialog showed, whatever has been added since
		}
		if err = v.Post(t.api+"/signatures", body, nil, desk.IdempotencyKey(v.FormKey())); err == nil {
			return v.Done(t.path, "document.done.sign")
		}
	}
	return v.Unsigned(err, t.dialog(v), t.api+"/content", made)
}

// signatureFile hands a signature over.
func signatureFile(v *desk.Visit) error {
	return v.Download(apiOf(v)+"/signatures/"+desk.Escape(v.PathValue("signature")), nil)
}
