package document_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/document"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// world is a cabinet with the archive in it.
type world struct {
	*cabinettest.World
	t         testing.TB
	documents *document.Documents
	files     *file.Store
	room      api.Room
}

func newWorld(t testing.TB, db *storage.DB, changes ...func(*document.Deps)) *world {
	t.Helper()
	w := &world{t: t}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		w.files = filetest.Store(t, db, b.Clock.Now)
		notices, err := notice.New(notice.Deps{
			DB: b.DB, Jobs: b.Jobs, Outbox: b.Outbox, Events: b.Memory, Revoked: b.Revoked, Sealer: b.Sealer, Directory: b.Directory,
			Journal: b.Journal, VAPID: &outbox.VAPID{DB: b.DB, Sealer: b.Sealer, Now: b.Clock.Now}, BaseURL: cabinettest.Issuer, Now: b.Clock.Now, Log: b.Log,
		})
		must(t, err)
		deps := document.Deps{
			DB: db, Files: w.files, Directory: b.Directory, Journal: b.Journal, Outbox: b.Outbox, Notices: notices, Verifier: b.Authority.Verifier,
			BaseURL: cabinettest.Issuer, Now: b.Clock.Now, Log: b.Log,
		}
		for _, change := range changes {
			change(&deps)
		}
		w.documents, err = document.New(deps)
		must(t, err)
		w.files.Alarm(w.documents.Damaged)
		w.room = w.documents.Room()
		return []api.Room{w.room}
	})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// upload is one file of a form.
type upload struct {
	name    string
	content []byte
}

// form writes a multipart body: fields in pairs, then files.
func form(fields []string, files ...upload) (body []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1]) // into memory
	}
	for _, f := range files {
		header := textproto.MIMEHeader{}
		header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="file"; filename="%s"`, f.name))
		part, _ := w.CreatePart(header) // into memory
		_, _ = part.Write(f.content)
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// post sends a form.
func (w *world) post(path, token string, fields []string, files ...upload) cabinettest.Reply {
	w.t.Helper()
	body, contentType := form(fields, files...)
	return w.Do("POST", path, token, body, "Content-Type", contentType)
}

// view is a document as the API shows it.
type view struct {
	ID, Type, Name, Description, Status string
	TypeLabel                           string `json:"type_label"`
	ValidUntil                          string `json:"valid_until"`
	Received                            bool
	Version, Signatures                 int64
	CreatedBy                           string `json:"created_by"`
	File                                struct {
		Name      string
		MediaType string `json:"media_type"`
		Size      int64
		SHA256    string `json:"sha256"`
	}
	Integrity     struct{ State string }
	SignatureList []signatureView `json:"signature_list"`
	Actions       []api.Action
}

type signatureView struct {
	ID, Signer, INN string
	Own             bool
	AddedBy         string `json:"added_by"`
	Verdict         struct {
		Accepted bool
		Code     string
		Checks   []struct{ Name, Text string }
	}
}

type bulk struct {
	Documents []view
	Refused   []struct {
		Index   int
		Name    string
		Problem api.Problem
	}
}

// add uploads one document as the role and returns it.
func (w *world) add(o *cabinettest.Office, role directory.Role, name string, content []byte, fields ...string) view {
	w.t.Helper()
	got := w.Expect(w.post("/v1/documents", w.Token(o, role), fields, upload{name, content}), http.StatusCreated, "")
	var b bulk
	got.Into(w.t, &b)
	if len(b.Documents) != 1 || len(b.Refused) != 0 {
		w.t.Fatalf("added %s", got.Text)
	}
	return b.Documents[0]
}

// pdf is a small one that carries the office's tag in its name.
func (w *world) pdf(o *cabinettest.Office) view {
	w.t.Helper()
	return w.add(o, directory.Administrator, "Договор "+o.Tag+".pdf", filetest.PDF("contract "+o.Tag), "type", "contract")
}

func (w *world) get(o *cabinettest.Office, role directory.Role, id string) view {
	w.t.Helper()
	var v view
	w.Expect(w.Do("GET", "/v1/documents/"+id, w.Token(o, role), nil), http.StatusOK, "").Into(w.t, &v)
	return v
}

// subject is an organisation's certificate.
func subject(o *cabinettest.Office) signature.Subject {
	return signature.Subject{
		Kind: signature.KindOrganisation, INNLE: o.INN, OGRN: o.OGRN, SNILS: "11223344595", INN: "500100732259", CommonName: o.Name,
		LastName: "Руководитель", GivenNames: "Пётр Петрович", Organisation: o.Name,
	}
}

// holder is a person with the organisation's certificate.
func (w *world) holder(o *cabinettest.Office) signaturetest.Holder {
	w.t.Helper()
	return w.Authority.Issue(w.t, subject(o))
}

// sign sends a signature.
func (w *world) sign(path, token string, cms []byte, more ...string) cabinettest.Reply {
	w.t.Helper()
	body := `{"signature":"` + base64.StdEncoding.EncodeToString(cms) + `"` + strings.Join(more, "") + `}`
	return w.Do("POST", path, token, body)
}

// actions are the journal's entries of an organisation whose action begins so, the
// oldest first, without those of the directory.
func (w *world) journal(o *cabinettest.Office) []journal.Entry {
	w.t.Helper()
	entries, err := w.Journal.List(context.Background(), journal.Filter{Organisation: o.ID, Action: "document.", Limit: 500})
	must(w.t, err)
	for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
		entries[i], entries[j] = entries[j], entries[i]
	}
	return entries
}

func (w *world) actions(o *cabinettest.Office) (names []string) {
	w.t.Helper()
	for _, e := range w.journal(o) {
		names = append(names, strings.TrimPrefix(e.Action, "document."))
	}
	return names
}

// allowed is the action of a view.
func (v view) action(name string) api.Action {
	for _, a := range v.Actions {
		if a.Action == name {
			return a
		}
	}
	return api.Action{Reason: "there is no such action"}
}
