package journal

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// exportMost bounds an export that is verified here, in bytes; the API takes 128 MiB.
const exportMost = 129 << 20

// verification is what the API says of an export.
type verification struct {
	OK       bool      `json:"ok"`
	Entries  int64     `json:"entries"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Head     string    `json:"head"`
	KeyID    string    `json:"key_id"`
	Current  int64     `json:"current"`
	Problems []struct {
		Seq  int64  `json:"seq"`
		Text string `json:"text"`
	} `json:"problems"`
}

type verifyView struct {
	Told  *verification // nil before a file came
	Name  string        // of the file
	Facts []pages.Pair
	Keys  string // where the key set is, for who verifies at home
}

// verifyForm asks for an export.
func verifyForm(v *desk.Visit) error { return verifyPage(v, http.StatusOK, verifyView{}) }

func verifyPage(v *desk.Visit, status int, view verifyView, errs ...pages.FieldError) error {
	view.Keys = strings.TrimRight(v.Issuer(), "/") + "/oauth2/jwks"
	return v.Page(status, "journal_verify.html", "journal.verify.title", view, errs...)
}

// verify sends the export to the API and says what it found, entry by entry.
func verify(v *desk.Visit) error {
	file, header, err := v.File("export")
	if errors.Is(err, desk.ErrNoFile) {
		return verifyPage(v, http.StatusUnprocessableEntity, verifyView{}, pages.FieldError{Field: "export", Key: "journal.verify.none"})
	}
	if err != nil {
		return err
	}
	defer file.Close()
	var told verification
	if err := v.UploadRaw(http.MethodPost, "/organization/journal/verify", "application/x-ndjson", file, &told); err != nil {
		status, errs, err := v.Mendable(err)
		if err != nil {
			return err
		}
		return verifyPage(v, status, verifyView{}, errs...)
	}
	view := verifyView{Told: &told, Name: header.Filename}
	view.describe(v)
	return verifyPage(v, http.StatusOK, view)
}

func (view *verifyView) describe(v *desk.Visit) {
	told := view.Told
	view.Facts = []pages.Pair{
		{Label: "journal.verify.file", Text: view.Name},
		{Label: "journal.verify.entries", Text: strconv.FormatInt(told.Entries, 10)},
	}
	if told.Entries > 0 {
		view.Facts = append(view.Facts,
			pages.Pair{Label: "journal.verify.from", At: told.From}, pages.Pair{Label: "journal.verify.to", At: told.To},
			pages.Pair{Label: "journal.verify.head", Text: told.Head})
	}
	if told.KeyID != "" {
		view.Facts = append(view.Facts, pages.Pair{Label: "journal.verify.key", Text: told.KeyID})
	}
	if later := told.Current - told.Entries; told.OK && later > 0 {
		view.Facts = append(view.Facts, pages.Pair{Label: "journal.verify.later", Text: strconv.FormatInt(later, 10)})
	}
}
