package request

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// replyForm is an answer as it is written.
type replyForm struct {
	Offered  bool // anything may be written
	Lack     *pages.Lack
	Kind     string
	Text     string
	Due      string // a day
	Version  string // of the draft that the form shows
	Kept     []string
	SavedAt  time.Time
	Kinds    []pages.Option
	Texts    []textLink
	Outgoing bool // a reply may be sent, so files and signatures make sense
	Ticket   bool
}

// textLink puts a prepared text into the form.
type textLink struct{ Title, URL string }

var replyFields = []string{"kind", "text", "files", "signatures", "due_at"}

func (f *replyForm) read(form url.Values) {
	f.Kind, f.Text, f.Due = form.Get("kind"), form.Get("text"), strings.TrimSpace(form.Get("due_at"))
	f.Version, f.Kept = form.Get("version"), form["kept"]
}

// prepare offers the kinds of words that the request takes, the draft and the
// prepared texts.
func (f *replyForm) prepare(v *desk.Visit, o one) error {
	can := func(name string) bool {
		action := o.Actions.Find(name)
		return action != nil && (action.Allowed || action.Reason == "assurance_insufficient")
	}
	f.Outgoing, f.Ticket = can("reply"), o.Type == "ticket"
	if f.Outgoing {
		f.Kinds = append(f.Kinds, option(v, "reply"), option(v, "question"))
		if replied(o.Messages) {
			f.Kinds = append(f.Kinds, option(v, "explanation"))
		}
	}
	if can("comment") {
		f.Kinds = append(f.Kinds, option(v, "comment"))
	}
	f.Offered = len(f.Kinds) > 0
	if !f.Offered {
		f.lack(v, o)
		return nil
	}
	if !f.Outgoing && f.Kind == "reply" {
		f.Kind = "comment"
	}
	return f.begin(v, o)
}

func option(v *desk.Visit, kind string) pages.Option {
	return pages.Option{Value: kind, Label: v.T("request.kind." + kind)}
}

// replied reports whether there is a reply to explain.
func replied(posts []post) bool {
	for _, p := range posts {
		if p.Direction == "out" {
			return true
		}
	}
	return false
}

// lack says why nothing can be written, when that is for want of a right.
func (f *replyForm) lack(v *desk.Visit, o one) {
	for _, offer := range v.Offers(o.Actions, desk.Offer{Action: "comment", Act: pages.Act{Title: "request.act.reply"}, Hide: true}) {
		f.Lack = offer.Lack
	}
}

// begin puts the draft and the chosen text into an empty form.
func (f *replyForm) begin(v *desk.Visit, o one) error {
	texts, err := templates(v, o)
	if err != nil {
		return err
	}
	if f.Text == "" && len(f.Kept) == 0 {
		if err := f.draft(v); err != nil {
			return err
		}
	}
	for _, t := range texts {
		f.Texts = append(f.Texts, textLink{t.Title, pathOf(o.ID) + "?" + url.Values{"text": {t.ID}}.Encode() + "#answer"})
		if v.Request().Method == http.MethodGet && t.ID == v.Query("text") {
			f.Text = strings.TrimSpace(f.Text + "\n\n" + t.Filled)
		}
	}
	return nil
}

// templates are the texts for a request. They are a help: without them one writes.
func templates(v *desk.Visit, o one) ([]text, error) {
	if o.Type == "ticket" {
		return nil, nil
	}
	var found struct {
		Templates []text `json:"templates"`
	}
	err := v.Get("/organization/request-templates", url.Values{"request": {o.ID}}, &found)
	return found.Templates, err
}

// draft reads one's own draft. It takes a sign-in with two factors, which nobody is
// asked for only to read.
func (f *replyForm) draft(v *desk.Visit) error {
	if v.ACR() == "urn:propusk:1" {
		return nil
	}
	var known draft
	err := v.Get(apiOf(v)+"/draft", nil, &known, desk.ETag(&f.Version))
	if problem := desk.AsProblem(err); problem != nil && problem.Status == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	f.Text, f.Kept, f.SavedAt = known.Text, known.Files, known.UpdatedAt
	if !known.DueAt.IsZero() {
		f.Due = known.DueAt.In(desk.Moscow).Format(time.DateOnly)
	}
	return nil
}

// saveDraft keeps what is written so far: for the form's script, and for its button.
func saveDraft(v *desk.Visit) error {
	var form replyForm
	form.read(v.Form())
	body := map[string]any{"text": form.Text, "files": append([]string{}, form.Kept...)}
	if day, err := desk.Day(form.Due); err == nil && !day.IsZero() {
		body["due_at"] = desk.EndOfDay(day)
	}
	err := v.Put(apiOf(v)+"/draft", body, nil, desk.IfMatch(form.Version), desk.ETag(&form.Version))
	if err == nil && v.Scripted() {
		return v.JSON(http.StatusOK, map[string]string{"version": form.Version})
	}
	if v.Scripted() {
		return v.Refusal(err)
	}
	if err == nil {
		return v.Done(pathOf(v.PathValue("id"))+"#answer", "request.done.draft")
	}
	status, errs, err := v.Faults(err, replyFields...)
	if err != nil {
		return err
	}
	return page(v, status, form, planForm{}, errs...)
}

// answer sends the words with their files («Ответить», rows 213, 216).
func answer(v *desk.Visit) error {
	var form replyForm
	form.read(v.Form())
	if v.Form().Has("save") {
		return saveDraft(v)
	}
	body, faults, err := form.body(v)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return page(v, http.StatusUnprocessableEntity, form, planForm{}, faults...)
	}
	return send(v, body, func(status int, errs []pages.FieldError) error {
		return page(v, status, form, planForm{}, errs...)
	})
}

// send posts the words; what is wrong with them is told by wrong.
func send(v *desk.Visit, body map[string]any, wrong func(int, []pages.FieldError) error) error {
	err := v.Post(apiOf(v)+"/messages", body, nil, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Done(pathOf(v.PathValue("id")), "request.done."+body["kind"].(string))
	}
	status, errs, err := v.Faults(err, replyFields...)
	if err != nil {
		return err
	}
	return wrong(status, errs)
}

// body is the post in the API's terms, with the files that come with the form.
func (f *replyForm) body(v *desk.Visit) (map[string]any, []pages.FieldError, error) {
	day, err := desk.Day(f.Due)
	if err != nil {
		return nil, []pages.FieldError{{Field: "due_at", Key: "desk.day.wrong"}}, nil
	}
	files, faults, err := Upload(v, "files")
	if err != nil || len(faults) > 0 {
		return nil, faults, err
	}
	signed, unpaired := Pairs(files)
	if unpaired != "" {
		return nil, []pages.FieldError{{Field: "files", Key: v.T("request.file.unpaired", "Name", unpaired)}}, nil
	}
	ids := append([]string{}, f.Kept...)
	for _, file := range files {
		ids = append(ids, file.ID)
	}
	body := map[string]any{"kind": f.Kind, "text": f.Text, "files": ids, "signatures": signed}
	if !day.IsZero() {
		body["due_at"] = desk.EndOfDay(day)
	}
	return body, nil, nil
}

// Upload gives the files of one field to the API, one after another. What it refuses
// is told at the field, by the file's name.
func Upload(v *desk.Visit, field string) ([]File, []pages.FieldError, error) {
	headers, err := v.Files(field)
	if errors.Is(err, desk.ErrNoFile) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var kept []File
	var faults []pages.FieldError
	for _, header := range headers {
		opened, err := header.Open()
		if err != nil {
			return nil, nil, err
		}
		var one File
		err = v.Upload("/organization/requests/files", []desk.Part{desk.FilePart("file", opened, header)}, &one)
		opened.Close()
		if problem := desk.AsProblem(err); problem != nil && problem.Status < http.StatusInternalServerError && problem.Status != http.StatusForbidden {
			faults = append(faults, pages.FieldError{Field: field, Key: header.Filename + ": " + problem.Detail})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		kept = append(kept, one)
	}
	return kept, faults, nil
}

// SignatureType is the media type of a detached signature.
const SignatureType = "application/pkcs7-signature"

// Pairs finds which file is the detached signature of which by their names: that of
// "contract.pdf" is "contract.pdf.sig" or "contract.sig", whatever its ending is; of
// one file and one signature no names are needed. unpaired is a signature of nothing.
func Pairs(files []File) (signatures map[string]string, unpaired string) {
	signatures = map[string]string{}
	var signed, by []File
	for _, f := range files {
		if f.MediaType == SignatureType {
			by = append(by, f)
		} else {
			signed = append(signed, f)
		}
	}
	for _, s := range by {
		found := signedBy(s, signed)
		if found == nil && len(signed) == 1 && len(by) == 1 {
			found = &signed[0]
		}
		if found == nil {
			return nil, s.Name
		}
		signatures[found.ID] = s.ID
	}
	return signatures, ""
}

// signedBy is the file that a signature names: by its whole name, or without its
// ending when that means one file alone.
func signedBy(signature File, files []File) *File {
	name := base(signature.Name)
	var alike *File
	for i, f := range files {
		switch {
		case f.Name == name:
			return &files[i]
		case base(f.Name) == name && alike != nil:
			return nil
		case base(f.Name) == name:
			alike = &files[i]
		}
	}
	return alike
}

// base is a name without its last ending.
func base(name string) string {
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		return name[:at]
	}
	return name
}
