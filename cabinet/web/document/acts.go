package document

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// edit changes what is said of a document.
func edit(v *desk.Visit) error {
	form := editForm{Sent: true, Type: v.Value("type"), Name: v.Value("name"), Description: v.Form().Get("description"), ValidUntil: v.Value("valid_until")}
	day, err := desk.Day(form.ValidUntil)
	if err != nil {
		return draw(v, http.StatusUnprocessableEntity, showView{Edit: form}, pages.FieldError{Field: "valid_until", Key: "desk.day.wrong"})
	}
	body := map[string]string{"type": form.Type, "name": form.Name, "description": form.Description, "valid_until": ""}
	if !day.IsZero() {
		body["valid_until"] = day.Format("2006-01-02")
	}
	return done(v, v.Patch(apiOf(v), body, nil, desk.IfMatch(v.Value("etag"))), "document.done.edit", showView{Edit: form}, "type", "name", "description", "valid_until")
}

// done leads back to the document, or draws it with what was refused.
func done(v *desk.Visit, err error, notice string, view showView, fields ...string) error {
	if err == nil {
		return v.Done(pathOf(v.PathValue("id")), notice)
	}
	status, errs, err := v.Faults(err, fields...)
	if err != nil {
		return err
	}
	return draw(v, status, view, errs...)
}

// addVersion replaces the file; the one before stays.
func addVersion(v *desk.Visit) error {
	file, header, err := v.File("version")
	if errors.Is(err, desk.ErrNoFile) {
		return draw(v, http.StatusUnprocessableEntity, showView{}, pages.FieldError{Field: "version", Key: "document.upload.none"})
	}
	if err != nil {
		return err
	}
	defer file.Close()
	parts := []desk.Part{{Name: "note", Value: v.Value("note")}, desk.FilePart("file", file, header)}
	err = v.Upload(apiOf(v)+"/versions", parts, nil, desk.IdempotencyKey(v.FormKey()))
	return done(v, err, "document.done.version", showView{}, "note")
}

// restore makes an earlier version the present one (row 207).
func restore(v *desk.Visit) error {
	return done(v, v.Post(apiOf(v)+"/versions/"+desk.Escape(v.PathValue("version"))+"/restore", nil, nil), "document.done.restore", showView{})
}

func readShare(form url.Values) shareForm {
	return shareForm{
		Recipient: strings.TrimSpace(form.Get("recipient")), Message: form.Get("message"), Expires: strings.TrimSpace(form.Get("expires_at")),
		Signature: form.Get("signature_requested") != "",
	}
}

// hand gives the document to an organisation, or by a link to an e-mail.
func hand(v *desk.Visit) error {
	form := readShare(v.Form())
	day, err := desk.Day(form.Expires)
	if err != nil {
		return draw(v, http.StatusUnprocessableEntity, showView{Share: form}, pages.FieldError{Field: "expires_at", Key: "desk.day.wrong"})
	}
	body := map[string]any{"recipient": form.Recipient, "message": form.Message, "signature_requested": form.Signature}
	if !day.IsZero() {
		body["expires_at"] = desk.EndOfDay(day)
	}
	err = v.Post(apiOf(v)+"/shares", body, nil, desk.IdempotencyKey(v.FormKey()))
	return done(v, err, "document.done.share", showView{Share: form}, "recipient", "message", "expires_at", "signature_requested")
}

// revoke closes it for a recipient.
func revoke(v *desk.Visit) error {
	return done(v, v.Delete(apiOf(v)+"/shares/"+desk.Escape(v.PathValue("share")), nil, nil), "document.done.revoke", showView{})
}

// moving puts a document into the archive, or takes it out.
func moving(name string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		return done(v, v.Post(apiOf(v)+"/"+name, nil, nil), "document.done."+name, showView{})
	}
}

// remove deletes a document that nothing holds.
func remove(v *desk.Visit) error {
	err := v.Delete(apiOf(v), nil, nil)
	if err == nil {
		return v.Done("/cabinet/documents", "document.done.delete")
	}
	return done(v, err, "", showView{})
}
