package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type uploadView struct {
	Form    uploadFields
	Kinds   []pages.Option
	Rules   []ruleRow
	Refused []refusal
	Taken   []document
	Lack    *pages.Lack // why nothing can be uploaded; nil = it can
}

type uploadFields struct{ Type, Name, Description, ValidUntil, Recipient, Message string }

type ruleRow struct{ Label, Files, Size, Large string }

type refusal struct{ Name, Why string }

var uploadNames = []string{"type", "name", "description", "valid_until", "recipient", "message", "file"}

func readUpload(form url.Values) uploadFields {
	return uploadFields{
		Type: form.Get("type"), Name: strings.TrimSpace(form.Get("name")), Description: form.Get("description"),
		ValidUntil: strings.TrimSpace(form.Get("valid_until")), Recipient: strings.TrimSpace(form.Get("recipient")), Message: form.Get("message"),
	}
}

// uploadForm asks for new documents.
func uploadForm(v *desk.Visit) error {
	view := uploadView{Form: uploadFields{Type: "other"}}
	if kept := v.Draft(); kept != nil {
		view.Form = readUpload(kept)
	}
	return uploadPage(v, http.StatusOK, view)
}

func uploadPage(v *desk.Visit, status int, view uploadView, errs ...pages.FieldError) error {
	view.Lack = desk.LackOf(v, "documents:write")
	known, err := kinds(v)
	if err != nil {
		return err
	}
	for _, k := range known {
		view.Kinds = append(view.Kinds, pages.Option{Value: k.Type, Label: k.Label})
		rule := ruleRow{Label: k.Label, Files: strings.ToUpper(strings.Join(k.Files, ", ")), Size: pages.Size(v.Lang(), k.MaxSize)}
		if k.MaxLarge > k.MaxSize {
			rule.Large = pages.Size(v.Lang(), k.MaxLarge)
		}
		view.Rules = append(view.Rules, rule)
	}
	return v.Page(status, "document_upload.html", "document.upload.title", view, errs...)
}

// members are the fields that are filled in, as the API names them; a day that is
// none is a fault.
func (f uploadFields) members() (map[string]string, []pages.FieldError) {
	day, err := desk.Day(f.ValidUntil)
	if err != nil {
		return nil, []pages.FieldError{{Field: "valid_until", Key: "desk.day.wrong"}}
	}
	members := map[string]string{"type": f.Type, "name": f.Name, "description": f.Description, "recipient": f.Recipient, "message": f.Message}
	if !day.IsZero() {
		members["valid_until"] = day.Format("2006-01-02")
	}
	for name, value := range members {
		if value == "" {
			delete(members, name)
		}
	}
	return members, nil
}

// uploadWhole takes the files at one stroke: the way without script, and the one to a
// recipient at once. Each file is judged by itself.
func uploadWhole(v *desk.Visit) error {
	view := uploadView{Form: readUpload(v.Form())}
	members, faults := view.Form.members()
	headers, err := v.Files("file")
	if errors.Is(err, desk.ErrNoFile) {
		faults = append(faults, pages.FieldError{Field: "file", Key: "document.upload.none"})
	} else if err != nil {
		return err
	}
	if len(faults) > 0 {
		return uploadPage(v, http.StatusUnprocessableEntity, view, faults...)
	}
	var parts []desk.Part
	for name, value := range members {
		parts = append(parts, desk.Part{Name: name, Value: value})
	}
	for _, header := range headers {
		file, err := header.Open()
		if err != nil {
			return fmt.Errorf("open an uploaded file: %w", err)
		}
		defer file.Close()
		parts = append(parts, desk.FilePart("file", file, header))
	}
	return view.take(v, parts)
}

// take hands the files over and tells what became of each.
func (u *uploadView) take(v *desk.Visit, parts []desk.Part) error {
	var found struct {
		Documents []document `json:"documents"`
		Refused   []struct {
			Name    string       `json:"name"`
			Problem desk.Problem `json:"problem"`
		} `json:"refused"`
	}
	err := v.Upload("/documents", parts, &found, desk.IdempotencyKey(v.FormKey()))
	if err == nil && len(found.Refused) == 0 && len(found.Documents) == 1 {
		return v.Done(pathOf(found.Documents[0].ID), "document.done.upload", "Count", 1)
	}
	if err == nil && len(found.Refused) == 0 {
		return v.Done("/cabinet/documents", "document.done.upload", "Count", len(found.Documents))
	}
	if err == nil {
		u.Taken = found.Documents
		for _, one := range found.Refused {
			u.Refused = append(u.Refused, refusal{one.Name, one.Problem.Title + ". " + one.Problem.Detail})
		}
		return uploadPage(v, http.StatusUnprocessableEntity, *u, pages.FieldError{Field: "file", Key: "document.upload.some"})
	}
	status, errs, err := v.Faults(err, uploadNames...)
	if err != nil {
		return err
	}
	return uploadPage(v, status, *u, errs...)
}

// beginUpload makes room for a file that comes in pieces.
func beginUpload(v *desk.Visit) error {
	form := v.Form()
	fields := readUpload(form)
	members, faults := fields.members()
	if len(faults) > 0 {
		return v.JSON(http.StatusUnprocessableEntity, map[string]string{"detail": v.T(faults[0].Key)})
	}
	delete(members, "recipient")
	delete(members, "message")
	body := map[string]any{}
	for name, value := range members {
		body[name] = value
	}
	size, err := strconv.ParseInt(form.Get("size"), 10, 64)
	if err != nil {
		return v.JSON(http.StatusUnprocessableEntity, map[string]string{"detail": v.T("document.upload.none")})
	}
	body["file_name"], body["size"] = form.Get("file_name"), size
	var made begun
	if err := v.Post("/documents/uploads", body, &made); err != nil {
		return v.Refusal(err)
	}
	return v.JSON(http.StatusCreated, map[string]any{"id": made.ID, "offset": made.Offset})
}

func uploadAPI(v *desk.Visit) string { return "/documents/uploads/" + desk.Escape(v.PathValue("id")) }

// askUpload tells where to go on.
func askUpload(v *desk.Visit) error {
	var known begun
	if err := v.Get(uploadAPI(v), nil, &known); err != nil {
		return v.Refusal(err)
	}
	return v.JSON(http.StatusOK, map[string]any{"id": known.ID, "offset": known.Offset})
}

// takePiece hands one piece on. A piece that does not fit is answered with where the
// next one begins.
func takePiece(v *desk.Visit) error {
	r := v.Request()
	piece, err := io.ReadAll(r.Body)
	if err != nil {
		return v.JSON(http.StatusRequestEntityTooLarge, map[string]string{"detail": v.T("document.upload.piece")})
	}
	header := http.Header{"Content-Type": {"application/octet-stream"}, "Upload-Offset": {v.Query("offset")}}
	if digest := r.Header.Get("Content-Digest"); digest != "" {
		header.Set("Content-Digest", digest)
	}
	answer, err := v.Raw(http.MethodPatch, uploadAPI(v), nil, header, bytes.NewReader(piece))
	if problem := desk.AsProblem(err); problem != nil {
		return misplaced(v, problem)
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	offset, err := strconv.ParseInt(answer.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return fmt.Errorf("read the offset of an upload: %w", err)
	}
	return v.JSON(http.StatusOK, map[string]int64{"offset": offset})
}

// misplaced tells a script why a piece was refused, and where the upload stands.
func misplaced(v *desk.Visit, problem *desk.Problem) error {
	told := map[string]any{"detail": v.Words(problem), "code": problem.Code}
	var known begun
	if problem.Status == http.StatusConflict && v.Get(uploadAPI(v), nil, &known) == nil {
		told["offset"] = known.Offset
	}
	return v.JSON(problem.Status, told)
}

// finishUpload makes a document of the pieces, and hands it over when the form says to
// whom.
func finishUpload(v *desk.Visit) error {
	var made document
	if err := v.Post(uploadAPI(v)+"/finish", nil, &made); err != nil {
		return v.Refusal(err)
	}
	fields := readUpload(v.Form())
	if fields.Recipient != "" {
		body := map[string]any{"recipient": fields.Recipient, "message": fields.Message}
		err := v.Post("/documents/"+desk.Escape(made.ID)+"/shares", body, nil)
		if desk.AsProblem(err) != nil {
			// The document is there, so the upload is over; its page tells what was refused.
			return v.JSON(http.StatusCreated, map[string]string{"path": pathOf(made.ID) + "#share", "detail": v.T("document.upload.unshared")})
		}
		if err != nil {
			return err
		}
	}
	return v.JSON(http.StatusCreated, map[string]string{"path": pathOf(made.ID)})
}
