package service_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice/noticetest"
	"propusk/cabinet/paper/papertest"
	"propusk/cabinet/request"
	"propusk/cabinet/service"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

var must = cabinettest.Must

const applications = "/v1/organization/applications"

// world is a cabinet with an inbox and a catalogue, and an authority in the test's
// hands.
type world struct {
	*cabinettest.World
	desk   *service.Desk
	inbox  *request.Inbox
	agency *authoritytest.Office
	files  *file.Store
	room   api.Room
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *storage.DB) *world {
	t.Helper()
	w := &world{}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		w.agency = authoritytest.New(t, authoritytest.Base{
			DB: db, Now: b.Clock.Now, Ephemeral: b.Memory, Jobs: b.Jobs,
			Organisations: func(ctx context.Context, inn, _ string) (string, error) {
				o, err := b.Directory.OrganisationByINN(ctx, inn)
				return o.ID, err
			},
		})
		notices, papers := noticetest.New(t, b), papertest.New(t, db, b.Clock.Now)
		w.files = filetest.Store(t, db, b.Clock.Now)
		var err error
		w.inbox, err = request.New(request.Deps{
			DB: db, Directory: b.Directory, Journal: b.Journal, Files: w.files, Gateway: w.agency.Gateway, Notices: notices,
			Paper: papers, Jobs: b.Jobs, Log: b.Log, Now: b.Clock.Now,
		})
		must(t, err)
		w.desk, err = service.New(service.Deps{
			DB: db, Inbox: w.inbox, Directory: b.Directory, Journal: b.Journal, Files: w.files, Notices: notices, Paper: papers,
			Verifier: b.Authority.Verifier, Registry: register{}, Jobs: b.Jobs, Log: b.Log, Now: b.Clock.Now,
		})
		must(t, err)
		w.room = w.desk.Room()
		return []api.Room{w.inbox.Room(), w.room}
	})
	return w
}

// register knows one activity and one head of everybody.
type register struct{}

func (register) Find(_ context.Context, number string) (authority.Record, error) {
	return authority.Record{
		Kind: authority.Legal, INN: number, Activity: authority.Code{Code: "86.21"},
		Heads: []authority.Head{{Person: authority.Person{LastName: "Руководова", FirstName: "Раиса"}}},
	}, nil
}

// application is what the tests read of one.
type application struct {
	ID, Service, State, Number, Status, Renews, Request string
	StatusLabel                                         string `json:"status_label"`
	ReviewStatus                                        string `json:"review_status"`
	LicenceStatus                                       string `json:"licence_status"`
	Version                                             int64
	Fields                                              map[string]string
	Documents                                           []struct{ Document, File, Signature, Name string }
	Checklist                                           []service.Listed
	Signature                                           *signature.Verdict
	ValidUntil                                          *time.Time `json:"valid_until"`
	Actions                                             []api.Action
	etag                                                string
}

func (w *world) read(reply cabinettest.Reply, status int) (a application) {
	w.T.Helper()
	w.Expect(reply, status, "").Into(w.T, &a)
	a.etag = reply.Header.Get("ETag")
	return a
}

func (w *world) get(o *cabinettest.Office, id string) application {
	w.T.Helper()
	return w.read(w.Do("GET", applications+"/"+id, w.Token(o, directory.Manager), nil), http.StatusOK)
}

// file keeps a loose file of the office.
func (w *world) file(o *cabinettest.Office, name string, content []byte) string {
	w.T.Helper()
	f, err := w.files.Save(context.Background(), o.ID, name, ^file.Part, 10<<20, bytes.NewReader(content))
	must(w.T, err)
	return f.ID
}

// small is a filled-in application for a service that takes no signature and one
// document, and licence one that takes both.
func (w *world) small(o *cabinettest.Office) application {
	w.T.Helper()
	now := w.Clock.Now()
	return w.filled(o, "permit-invitation", map[string]string{
		"visitor": "Ivanov Ivan", "nationality": "UZ", "visit_from": now.AddDate(0, 1, 0).Format(time.DateOnly),
		"visit_to": now.AddDate(0, 2, 0).Format(time.DateOnly), "purpose": "work",
	}, map[string]string{"passport": "passport.pdf", "fee_receipt": "fee.pdf"})
}

func (w *world) licence(o *cabinettest.Office) application {
	w.T.Helper()
	return w.filled(o, "licence-medical", licenceFields(w.Clock.Now()), map[string]string{
		"charter": "charter.pdf", "premises": "lease.pdf", "qualifications": "diploma.pdf", "equipment": "list.pdf", "fee_receipt": "fee.pdf",
	})
}

func licenceFields(now time.Time) map[string]string {
	return map[string]string{
		"okved": "86.21", "activity_address": "Москва, улица Лесная, 5", "activity_from": now.AddDate(0, 2, 0).Format(time.DateOnly),
		"staff": "12", "works": "Терапия\nКардиология", "sanitary_number": "77.01/12-Э", "sanitary_date": now.AddDate(0, -1, 0).Format(time.DateOnly),
	}
}

// filled begins a draft and fills it in; documents name files by the document.
func (w *world) filled(o *cabinettest.Office, code string, fields, documents map[string]string) application {
	w.T.Helper()
	token := w.Token(o, directory.Manager)
	a := w.read(w.Do("POST", applications, token, map[string]any{"service": code, "fields": map[string]string{"full_name": "ООО «" + o.Tag + "»", "address": "Москва", "contact_name": "Иванова Анна"}}), http.StatusCreated)
	for name, value := range fields {
		a.Fields[name] = value
	}
	attached := []service.Attachment{}
	for document, name := range documents {
		attached = append(attached, service.Attachment{Document: document, File: w.file(o, name, filetest.PDF(name+" "+o.Tag))})
	}
	return w.read(w.Do("PUT", applications+"/"+a.ID, token, map[string]any{"fields": a.Fields, "documents": attached}, "If-Match", a.etag), http.StatusOK)
}

// holder is the organisation's own certificate.
func (w *world) holder(o *cabinettest.Office) signaturetest.Holder {
	w.T.Helper()
	return w.Authority.Issue(w.T, signature.Subject{
		Kind: signature.KindOrganisation, INNLE: o.INN, OGRN: o.OGRN, SNILS: "11223344595", CommonName: "ООО «" + o.Tag + "»", Organisation: "ООО «" + o.Tag + "»",
	})
}

// content is what is to be signed.
func (w *world) content(o *cabinettest.Office, id string) []byte {
	w.T.Helper()
	return []byte(w.Expect(w.Do("GET", applications+"/"+id+"/content", w.Token(o, directory.Manager), nil), http.StatusOK, "").Text)
}

// submit signs and submits, and answers the reply.
func (w *world) submit(o *cabinettest.Office, id string, by *signaturetest.Holder) cabinettest.Reply {
	w.T.Helper()
	body := map[string]any{}
	if by != nil {
		body["signature"] = base64.StdEncoding.EncodeToString(by.Sign(w.T, w.content(o, id)))
	}
	return w.Do("POST", applications+"/"+id+"/submit", w.Token(o, directory.Manager), body)
}

// sent is the last submission that the authority has received.
func (w *world) sent() authority.Submission {
	w.T.Helper()
	w.agency.Deliver(w.T)
	list := w.agency.Sent()
	if len(list) == 0 {
		w.T.Fatal("nothing was sent")
	}
	return list[len(list)-1]
}

func (w *world) told(id string) []string {
	w.T.Helper()
	var types []string
	must(w.T, w.DB.Select(context.Background(), &types, `SELECT type FROM notice_events WHERE path = $1 OR path = $2 ORDER BY created_at, id`,
		"/cabinet/requests/"+id, "/cabinet/applications/"+id))
	return types
}
