package desk

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"propusk/idp/pages"
)

// Limits of what is read, in bytes.
const (
	formLimit   = 64 << 10
	formMemory  = 1 << 20 // of a multipart form; the rest is kept on disk while it is handled
	strangerMay = 6 << 10 // of a form that a stranger may have kept
)

// Hidden fields that every form carries.
const (
	fieldOrganisation = "cabinet-organisation" // whose page the form stands on, see drawnFor
	fieldPage         = "cabinet-page"         // which page
	fieldKey          = "cabinet-key"          // by which a repeat is known
)

// form reads the form of a POST within its limit. One with files is read when it is
// known whose it is: see files.
func (q *request) form() error {
	if q.r.Method != http.MethodPost || q.multipart() {
		return nil
	}
	return readForm(q.r.ParseForm())
}

// most is how long a body may be, in bytes. A plain form is read into memory before it
// is known who sends it, so it never gets what a route allows for files.
func (q *request) most(route Route) int64 {
	most := max(route.Limit, formLimit)
	if kind, _, _ := mime.ParseMediaType(q.r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		return min(most, formMemory)
	}
	return most
}

func readForm(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return failed(http.StatusRequestEntityTooLarge, pages.FailureLarge)
	}
	if err != nil {
		return failed(http.StatusBadRequest, pages.FailureMethod)
	}
	return nil
}

func (q *request) multipart() bool {
	kind, _, _ := mime.ParseMediaType(q.r.Header.Get("Content-Type"))
	return kind == "multipart/form-data"
}

// files reads a form with files.
func (q *request) files() error {
	if q.r.Method != http.MethodPost || !q.multipart() {
		return nil
	}
	if err := readForm(q.r.ParseMultipartForm(formMemory)); err != nil {
		return err
	}
	q.r.PostForm = url.Values(q.r.MultipartForm.Value)
	return nil
}

// texts reads the fields of a form with files up to its first file: enough to keep
// what a stranger has typed, and nothing lands on disk.
func (q *request) texts() url.Values {
	reader, err := q.r.MultipartReader()
	if err != nil {
		return nil
	}
	found := url.Values{}
	for left := int64(formLimit); left > 0; {
		part, err := reader.NextPart()
		if err != nil || part.FileName() != "" {
			return found
		}
		value, err := io.ReadAll(io.LimitReader(part, left))
		if err != nil {
			return found
		}
		left -= int64(len(value)) + int64(len(part.FormName()))
		found.Add(part.FormName(), string(value))
	}
	return found
}

// unfinished is the form of a request that a sign-in interrupts, without the desk's
// own fields; nil when there is none, or it is longer than this browser may have
// kept.
func (q *request) unfinished() url.Values {
	if q.r.Method != http.MethodPost {
		return nil
	}
	if q.multipart() && q.r.PostForm == nil {
		q.r.PostForm = q.texts()
	}
	kept := maps.Clone(q.r.PostForm)
	for _, name := range []string{fieldOrganisation, fieldPage, fieldKey} {
		delete(kept, name)
	}
	limit := strangerMay
	if value := q.cookie(q.d.sessionCookie()); value != "" && q.d.get(q.ctx(), q.d.sessionKey(value), new(session)) == nil {
		limit = draftLimit // of ours, though it may have been unused for too long
	}
	if len(kept.Encode()) > limit {
		return nil
	}
	return kept
}

// ErrNoFile is what File returns when nothing was chosen.
var ErrNoFile = errors.New("desk: no file was chosen")

// Value is a field of the form, without blanks around it; "" on a page.
func (v *Visit) Value(name string) string { return strings.TrimSpace(v.r.PostForm.Get(name)) }

// Form is everything that was sent, without the desk's own fields; on a page that
// the person comes back to from a sign-in, the form that it interrupted; else empty.
func (v *Visit) Form() url.Values {
	if v.r.Method != http.MethodPost {
		if kept := v.Draft(); kept != nil {
			return kept
		}
		return url.Values{}
	}
	form := maps.Clone(v.r.PostForm)
	for _, name := range []string{fieldOrganisation, fieldPage, fieldKey} {
		delete(form, name)
	}
	return form
}

// FormKey is the key of the drawn form: the same when it is sent twice. Give it to
// IdempotencyKey. On a page it is "".
func (v *Visit) FormKey() string {
	key := v.r.PostForm.Get(fieldKey)
	if len(key) < 16 || len(key) > 64 {
		return ""
	}
	return key
}

// File is a file of the form; ErrNoFile when none was chosen. The caller closes it.
func (v *Visit) File(name string) (multipart.File, *multipart.FileHeader, error) {
	files, err := v.Files(name)
	if err != nil {
		return nil, nil, err
	}
	opened, err := files[0].Open()
	if err != nil {
		return nil, nil, fmt.Errorf("open an uploaded file: %w", err)
	}
	return opened, files[0], nil
}

// Files are all files of one field; ErrNoFile when none was chosen.
func (v *Visit) Files(name string) ([]*multipart.FileHeader, error) {
	if v.r.MultipartForm == nil || len(v.r.MultipartForm.File[name]) == 0 {
		return nil, ErrNoFile
	}
	return v.r.MultipartForm.File[name], nil
}

// Draft is the form that a sign-in interrupted on this page, once; nil when there is
// none. What a page does not take, the desk drops with a notice that says so.
func (v *Visit) Draft() url.Values {
	if v.draft == nil {
		return nil
	}
	v.drafted = true
	return v.draft.Form
}

// loadDraft reads the interrupted form when the person comes back to its page.
func (v *Visit) loadDraft() error {
	if v.r.Method != http.MethodGet {
		return nil
	}
	var kept draft
	if err := v.d.get(v.ctx(), draftKey(v.key), &kept); err != nil || kept.Page != v.r.URL.EscapedPath() {
		return ignoreMissing(err)
	}
	v.draft = &kept
	if err := v.d.deps.Ephemeral.Delete(v.ctx(), draftKey(v.key)); err != nil {
		return fmt.Errorf("drop the kept form: %w", err)
	}
	return nil
}

// drawnFor is whom the pages of this visit are drawn for: the organisation; in a house
// without them, the person.
func (v *Visit) drawnFor() string {
	if v.me.Organization != nil {
		return v.me.Organization.ID
	}
	return v.session.Subject
}

// sameDrawn refuses a form that was drawn for another organisation than the session's:
// a switch in another tab must not send it elsewhere. In a house without organisations
// it refuses what was drawn for somebody else, who has signed in meanwhile.
func (v *Visit) sameDrawn() error {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return nil
	}
	drawn := v.r.PostForm.Get(fieldOrganisation)
	if drawn == "" {
		drawn = v.r.Header.Get(headerOrganisation)
	}
	if drawn == v.drawnFor() {
		return nil
	}
	return &elsewhere{drawn: drawn}
}

// elsewhere is the error of a form that was drawn for another organisation, or
// another person.
type elsewhere struct{ drawn string } // the id as the form says; "" = a form without one

func (*elsewhere) Error() string { return "the form was drawn for another" }

type elsewhereView struct {
	Organisation string // whose cabinet it is now; "" in a house without organisations
	Drawn        string // id of the organisation that the form was for; "" when it is not the person's
	DrawnName    string
	Return       string
}

// toldElsewhere explains it. Nothing was sent; what was typed waits for the return
// to the organisation that it was typed for.
func (v *Visit) toldElsewhere(wrong *elsewhere) error {
	if v.me.Organization == nil {
		return v.Page(http.StatusConflict, "elsewhere.html", "desk.elsewhere.title", elsewhereView{Return: v.back()})
	}
	view := elsewhereView{Organisation: v.me.Organization.Name, Return: v.back()}
	list, err := v.d.organisations(v.request, v.session)
	if err != nil {
		return err
	}
	for _, one := range list {
		if one.ID == wrong.drawn {
			view.Drawn, view.DrawnName = one.ID, one.Name
		}
	}
	if form := v.unfinished(); view.Drawn != "" && len(form) > 0 {
		page, _, _ := strings.Cut(view.Return, "?")
		if err := v.d.put(v.ctx(), draftKey(v.key), draft{Page: page, Form: form}, draftLife); err != nil {
			return err
		}
	}
	return v.Page(http.StatusConflict, "elsewhere.html", "desk.elsewhere.title", view)
}

// headerOrganisation is the hidden field of the organisation for a script that
// posts by itself.
const headerOrganisation = "Cabinet-Organisation"
