package request

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// opened are the types that people open by themselves; applications begin in the
// catalogue of services, requirements come in.
var opened = []string{"appeal", "message", "correction", "ticket"}

type newView struct {
	Type       string
	Tabs       []pages.NavItem
	Form       newFields
	Kinds      []pages.Option // of a ticket
	Channels   []pages.Option
	Recipients []pages.Option // bodies that the organisation has written to or heard from
	Lack       *pages.Lack    // why nothing can be opened; nil = it can
	Support    support
}

// newFields are the fields of the form, named as in the API.
type newFields struct {
	Kind, Subject, Text, Recipient, RecipientName, Phone, Email, ReplyChannel, ErrorCode, ErrorAt, Related, Earlier string
}

var newNames = []string{
	"kind", "subject", "text", "recipient", "recipient_name", "files", "phone", "email", "reply_channel", "error_code", "error_at", "related", "earlier",
}

func readNew(form url.Values) newFields {
	return newFields{
		Kind: form.Get("kind"), Subject: form.Get("subject"), Text: form.Get("text"), Recipient: form.Get("recipient"),
		RecipientName: form.Get("recipient_name"), Phone: form.Get("phone"), Email: form.Get("email"), ReplyChannel: form.Get("reply_channel"),
		ErrorCode: form.Get("error_code"), ErrorAt: form.Get("error_at"), Related: form.Get("related"), Earlier: form.Get("earlier"),
	}
}

func typeOf(v *desk.Visit) string {
	if asked := v.Query("type"); slices.Contains(opened, asked) {
		return asked
	}
	return opened[0]
}

// newForm asks what is to be asked. The address may fill it in: a link of a refusal
// brings its code, one of a closed ticket its number.
func newForm(v *desk.Visit) error {
	fields := readNew(v.Request().URL.Query())
	if fields.Email == "" {
		fields.Email, fields.Phone = v.Person().Email, v.Person().Phone
	}
	if fields.ReplyChannel == "" {
		fields.ReplyChannel = "cabinet"
	}
	if kept := v.Draft(); kept != nil {
		fields = readNew(kept)
	}
	return newPage(v, http.StatusOK, fields)
}

func newPage(v *desk.Visit, status int, fields newFields, errs ...pages.FieldError) error {
	view := newView{Type: typeOf(v), Form: fields, Lack: desk.LackOf(v, "requests:write")}
	for _, name := range opened {
		view.Tabs = append(view.Tabs, pages.NavItem{
			Title: "request.new." + name, URL: "/cabinet/requests/new?type=" + name, Current: name == view.Type,
		})
	}
	fill := view.bodies
	if view.Type == "ticket" {
		fill = view.desk
	}
	if err := fill(v); err != nil {
		return err
	}
	return v.Page(status, "request_new.html", "request.new.title", view, errs...)
}

// desk reads how the support takes a ticket.
func (n *newView) desk(v *desk.Visit) error {
	if err := v.Get("/support", nil, &n.Support); err != nil {
		return err
	}
	for _, kind := range n.Support.Kinds {
		n.Kinds = append(n.Kinds, pages.Option{Value: kind.Value, Label: kind.Label})
	}
	for _, name := range n.Support.ReplyChannels {
		n.Channels = append(n.Channels, pages.Option{Value: name, Label: v.T("request.channel." + name)})
	}
	return nil
}

// bodies are those that the newest requests name, to be chosen by name rather than
// by code.
func (n *newView) bodies(v *desk.Visit) error {
	var found []item
	if err := v.Get("/organization/requests", url.Values{"limit": {"50"}}, &found); err != nil {
		if desk.AsProblem(err) == nil {
			return err
		}
		return nil // who may not read them types the code
	}
	for _, one := range found {
		known := slices.ContainsFunc(n.Recipients, func(o pages.Option) bool { return o.Value == one.PartyCode })
		if one.PartyCode != "" && !known {
			n.Recipients = append(n.Recipients, pages.Option{Value: one.PartyCode, Label: one.Party})
		}
	}
	return nil
}

// open sends a new request.
func open(v *desk.Visit) error {
	fields := readNew(v.Form())
	body, faults := fields.body(v)
	files, refused, err := Upload(v, "files")
	if err != nil {
		return err
	}
	if faults = append(faults, refused...); len(faults) > 0 {
		return newPage(v, http.StatusUnprocessableEntity, fields, faults...)
	}
	ids := make([]string, len(files))
	for i, file := range files {
		ids[i] = file.ID
	}
	body["files"] = ids
	var made item
	err = v.Post("/organization/requests", body, &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Done(pathOf(made.ID), "request.done.open", "Number", made.Number)
	}
	status, errs, err := v.Faults(err, newNames...)
	if err != nil {
		return err
	}
	return newPage(v, status, fields, errs...)
}

// body is the request in the API's terms: the fields of its type that are filled in.
func (f newFields) body(v *desk.Visit) (map[string]any, []pages.FieldError) {
	body := map[string]any{"type": typeOf(v), "subject": f.Subject, "text": f.Text}
	members := map[string]string{"recipient": f.Recipient, "recipient_name": f.RecipientName}
	if body["type"] == "ticket" {
		members = map[string]string{
			"kind": f.Kind, "phone": f.Phone, "email": f.Email, "reply_channel": f.ReplyChannel,
			"error_code": f.ErrorCode, "related": f.Related, "earlier": f.Earlier,
		}
	}
	for name, value := range members {
		if value != "" {
			body[name] = value
		}
	}
	if f.ErrorAt == "" || body["type"] != "ticket" {
		return body, nil
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", f.ErrorAt, desk.Moscow) // as a field of date and time sends it
	if err != nil {
		return body, []pages.FieldError{{Field: "error_at", Key: "request.error_at.wrong"}}
	}
	body["error_at"] = at
	return body, nil
}
