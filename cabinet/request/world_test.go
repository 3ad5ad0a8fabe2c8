package request_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
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
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// world is a cabinet with an inbox, and an authority in the test's hands.
type world struct {
	*cabinettest.World
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
		w.files = filetest.Store(t, db, b.Clock.Now)
		var err error
		w.inbox, err = request.New(request.Deps{
			DB: db, Directory: b.Directory, Journal: b.Journal, Files: w.files, Gateway: w.agency.Gateway, Notices: noticetest.New(t, b),
			Paper: papertest.New(t, db, b.Clock.Now), Jobs: b.Jobs, Log: b.Log, Now: b.Clock.Now,
			Support: request.Support{Phones: []string{"+7 800 555-00-00"}, Email: "help@example.ru"},
		})
		cabinettest.Must(t, err)
		w.room = w.inbox.Room()
		return []api.Room{w.room}
	})
	return w
}

// upload sends a file of the office and answers its id.
func (w *world) upload(o *cabinettest.Office, name string, content []byte) string {
	w.T.Helper()
	var saved struct{ ID string }
	w.Expect(w.form(o, name, content), http.StatusCreated, "").Into(w.T, &saved)
	return saved.ID
}

func (w *world) form(o *cabinettest.Office, name string, content []byte) cabinettest.Reply {
	w.T.Helper()
	body, kind := formBody(w.T, name, content)
	return w.Do("POST", "/v1/organization/requests/files", w.Token(o, directory.Manager), body, "Content-Type", kind)
}

func formBody(t testing.TB, name string, content []byte) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	cabinettest.Must(t, err)
	_, err = part.Write(content)
	cabinettest.Must(t, err)
	cabinettest.Must(t, form.Close())
	return b.Bytes(), form.FormDataContentType()
}

// one is what the tests read of a request.
type one struct {
	ID, Number, Type, Status, Phase, Subject, Party string
	StatusLabel                                     string `json:"status_label"`
	OuterNumber                                     string `json:"outer_number"`
	ReviewStatus                                    string `json:"review_status"`
	Overdue, Breached                               bool
	DueAt                                           *time.Time `json:"due_at"`
	ExecutionAt                                     *time.Time `json:"execution_at"`
	CreatedAt                                       time.Time  `json:"created_at"`
	Responsible                                     *struct {
		MemberID string `json:"member_id"`
		Name     string
	}
	Documents []doc
	Messages  []post
	Earlier   string
	Details   map[string]any
	Actions   []api.Action
}

type doc struct {
	ID, Name, Href, SHA256 string
	MediaType              string `json:"media_type"`
	SignatureOf            string `json:"signature_of"`
	Result                 bool
	Size                   int64
}

type post struct {
	ID, Kind, Direction, Author, Event, Text string
	Files                                    []doc
	Faults                                   []struct{ Code, Text string }
	Authority                                *directory.Authority
	Version                                  int64
	EditedAt                                 *time.Time `json:"edited_at"`
	DeliveredAt                              *time.Time `json:"delivered_at"`
}

const requests = "/v1/organization/requests"

// appeal opens an appeal of the office by its manager.
func (w *world) appeal(o *cabinettest.Office, files ...string) one {
	w.T.Helper()
	return w.opened(o, map[string]any{
		"type": "appeal", "subject": "Зачёт переплаты " + o.Tag, "text": "Просим зачесть переплату.\nРасчёт приложен.",
		"recipient": "7701", "recipient_name": "ИФНС России № 1", "files": api.List(files),
	})
}

func (w *world) ticket(o *cabinettest.Office, more map[string]any) one {
	w.T.Helper()
	body := map[string]any{"type": "ticket", "kind": "technical", "subject": "Не открывается отчёт", "text": "Пустая страница.", "reply_channel": "cabinet"}
	for name, value := range more {
		body[name] = value
	}
	return w.opened(o, body)
}

func (w *world) opened(o *cabinettest.Office, body any) (r one) {
	w.T.Helper()
	w.Expect(w.Do("POST", requests, w.Token(o, directory.Manager), body), http.StatusCreated, "").Into(w.T, &r)
	return r
}

// requirement has the authority demand something of the office.
func (w *world) requirement(o *cabinettest.Office, due time.Duration, files ...authority.File) one {
	w.T.Helper()
	number := fmt.Sprintf("14-08/%s", storage.NewID()[30:])
	w.agency.Answer(w.T, authority.Answer{
		Event: authority.Requirement, INN: o.INN, OGRN: o.OGRN, Number: number, Source: "ИФНС России № 1",
		Subject: "Пояснения по НДС " + o.Tag, Text: "Представьте пояснения.", Due: storage.Of(w.Clock.Now().Add(due)),
		Fields: map[string]string{"body": "7701", "document_type": "requirement"}, Files: files,
	})
	var list []one
	w.Expect(w.Do("GET", requests+"?type=requirement", w.Token(o, directory.Manager), nil), http.StatusOK, "").Into(w.T, &list)
	for _, r := range list {
		if r.OuterNumber == number {
			return r
		}
	}
	w.T.Fatalf("the requirement did not come in: %+v", list)
	return one{}
}

// get reads a request as the office's manager.
func (w *world) get(o *cabinettest.Office, id string) (r one) {
	w.T.Helper()
	w.Expect(w.Do("GET", requests+"/"+id, w.Token(o, directory.Manager), nil), http.StatusOK, "").Into(w.T, &r)
	return r
}

// reply answers a request as the office's manager.
func (w *world) reply(o *cabinettest.Office, id string, body map[string]any) (p post) {
	w.T.Helper()
	if body["kind"] == nil {
		body["kind"] = "reply"
	}
	w.Expect(w.Do("POST", requests+"/"+id+"/messages", w.Token(o, directory.Manager), body), http.StatusCreated, "").Into(w.T, &p)
	return p
}

// submission is the last that the authority has received.
func (w *world) submission() authority.Submission {
	w.T.Helper()
	w.agency.Deliver(w.T)
	sent := w.agency.Sent()
	if len(sent) == 0 {
		w.T.Fatal("nothing was sent")
	}
	return sent[len(sent)-1]
}

// told are the types of the notices about a request, in their order.
func (w *world) told(id string) []string {
	w.T.Helper()
	var types []string
	cabinettest.Must(w.T, w.DB.Select(context.Background(), &types,
		`SELECT type FROM notice_events WHERE path = $1 ORDER BY created_at, id`, "/cabinet/requests/"+id))
	return types
}

// journalled are the journal's actions about a request, in their order.
func (w *world) journalled(o *cabinettest.Office, id string) []string {
	w.T.Helper()
	var actions []string
	cabinettest.Must(w.T, w.DB.Select(context.Background(), &actions,
		`SELECT action FROM journal WHERE organisation = $1 AND object = $2 ORDER BY seq`, o.ID, id))
	return actions
}

func actions(r one) map[string]string {
	list := map[string]string{}
	for _, a := range r.Actions {
		list[a.Action] = a.Reason
	}
	return list
}
