package request

import (
	"net/http"
	"slices"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type editView struct {
	Back     string
	Subject  string
	Versions []versionView // the latest first
	Form     bool          // it may be edited
	Text     string
	Files    []boxedFile
	Etag     string
}

type versionView struct {
	version
	Title string
	Files []pages.Attached
}

// boxedFile is a file that stays in the new version when its box is checked.
type boxedFile struct {
	File
	Kept bool
}

func postAPI(v *desk.Visit) string {
	return apiOf(v) + "/messages/" + desk.Escape(v.PathValue("message"))
}

// showPost tells what was sent of a post, and lets it be edited (row 217).
func showPost(v *desk.Visit) error {
	return editPage(v, http.StatusOK, v.Form()["text"], v.Form()["keep"])
}

// editPage draws the versions; texts is what the form says when it has been sent.
func editPage(v *desk.Visit, status int, texts, keep []string, errs ...pages.FieldError) error {
	view := editView{Back: pathOf(v.PathValue("id"))}
	var found struct {
		Versions []version `json:"versions"`
	}
	var o one
	if err := v.Get(postAPI(v)+"/versions", nil, &found); err != nil {
		return err
	}
	if err := v.Get(apiOf(v), nil, &o); err != nil {
		return err
	}
	view.Subject = o.Subject
	for _, one := range found.Versions {
		view.Versions = append(view.Versions, versionView{
			version: one, Title: v.T("request.version", "Number", one.Version), Files: attached(view.Back, one.Files, v.T),
		})
	}
	latest := found.Versions[0]
	view.Form, view.Text = o.Actions.Allowed("reply") && ours(o, v.PathValue("message")), latest.Text
	if len(texts) > 0 {
		view.Text = texts[0]
	}
	for _, f := range latest.Files {
		view.Files = append(view.Files, boxedFile{f, len(texts) == 0 || slices.Contains(keep, f.ID)})
	}
	return v.Page(status, "request_edit.html", "request.edit.title", view, errs...)
}

// ours reports whether a post of the newest ones is a word of the organisation's own
// that may be edited; of an older one the API decides.
func ours(o one, id string) bool {
	for _, p := range o.Messages {
		if p.ID == id {
			return p.Direction == "out" && p.Kind != "opening"
		}
	}
	return true
}

// editPost sends a new version; the one before stays.
func editPost(v *desk.Visit) error {
	form := v.Form()
	added, faults, err := Upload(v, "files")
	if err != nil {
		return err
	}
	signed, unpaired := Pairs(added)
	if unpaired != "" {
		faults = append(faults, pages.FieldError{Field: "files", Key: v.T("request.file.unpaired", "Name", unpaired)})
	}
	if len(faults) > 0 {
		return editPage(v, http.StatusUnprocessableEntity, form["text"], form["keep"], faults...)
	}
	body, err := edited(v, form["keep"], added, signed)
	if err != nil {
		return err
	}
	body["text"] = form.Get("text")
	err = v.Patch(postAPI(v), body, nil)
	if err == nil {
		return v.Done(pathOf(v.PathValue("id")), "request.done.edit")
	}
	status, errs, err := v.Faults(err, "text", "files")
	if err != nil {
		return err
	}
	return editPage(v, status, form["text"], form["keep"], errs...)
}

// edited are the files of the new version: those that stay, with their signatures,
// and the new ones.
func edited(v *desk.Visit, keep []string, added []File, signed map[string]string) (map[string]any, error) {
	var found struct {
		Versions []version `json:"versions"`
	}
	if err := v.Get(postAPI(v)+"/versions", nil, &found); err != nil {
		return nil, err
	}
	ids := []string{}
	for _, f := range found.Versions[0].Files {
		if !slices.Contains(keep, f.ID) {
			continue
		}
		ids = append(ids, f.ID)
		if f.SignatureOf != "" && slices.Contains(keep, f.SignatureOf) {
			signed[f.SignatureOf] = f.ID
		}
	}
	for _, f := range added {
		ids = append(ids, f.ID)
	}
	return map[string]any{"files": ids, "signatures": signed}, nil
}
