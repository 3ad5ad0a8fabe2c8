package filing_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"mime/multipart"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/filing"
	"propusk/cabinet/filing/report"
	"propusk/cabinet/filing/reporttest"
	"propusk/cabinet/notice/noticetest"
	"propusk/cabinet/paper/papertest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/storagetest"
)

var must = cabinettest.Must

type office = cabinettest.Office

func itoa(n int) string { return strconv.Itoa(n) }

// world is a cabinet with the room of filings, whose body the test plays.
type world struct {
	*cabinettest.World
	room    api.Room
	filings *filing.Filings
	body    *authoritytest.Office
	offices map[string]*office // by id
	aimed   map[string]string  // paths that the isolation test has made
	next    atomic.Int64       // correction number of the next filing, so that each stands alone
}

// each runs the test on both engines.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *storage.DB) *world {
	t.Helper()
	w := &world{aimed: map[string]string{}, offices: map[string]*office{}}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		w.body = authoritytest.New(t, authoritytest.Base{DB: b.DB, Now: b.Clock.Now, Ephemeral: b.Memory, Jobs: b.Jobs, Log: b.Log})
		w.filings, w.room = newRoom(t, b, w.body.Gateway)
		return []api.Room{w.room}
	})
	return w
}

func newRoom(t testing.TB, b cabinettest.Base, gateway *authority.Gateway) (*filing.Filings, api.Room) {
	t.Helper()
	blob, err := storage.OpenBlob("file://" + t.TempDir())
	must(t, err)
	files, err := file.New(file.Deps{DB: b.DB, Blob: blob, Sealer: b.Sealer, Journal: b.Journal, Now: b.Clock.Now, Log: b.Log})
	must(t, err)
	notices := noticetest.New(t, b)
	filings, err := filing.New(filing.Deps{
		DB: b.DB, Directory: b.Directory, Journal: b.Journal, Files: files, Gateway: gateway, Notices: notices,
		Paper: papertest.New(t, b.DB, b.Clock.Now), Verifier: b.Authority.Verifier, Jobs: b.Jobs, Now: b.Clock.Now, Log: b.Log,
	})
	must(t, err)
	return filings, filings.Room()
}

// year is one that is over, whenever the test runs.
func (w *world) year() int { return w.Clock.Now().Year() - 1 }

// head is the header of a report of the office for the last quarter of that year,
// with a correction number that no other report has.
func (w *world) head(o *cabinettest.Office) reporttest.Head {
	return reporttest.Head{
		Filer:  reporttest.Filer{INN: o.INN, KPP: o.KPP, Name: o.Name},
		Period: "24", Year: w.year(), Office: o.KPP[:4], Day: w.today().compact, Correction: int(w.next.Add(1)),
		Unique: storage.NewID(),
	}
}

type today struct{ compact string }

func (w *world) today() today {
	return today{strings.ReplaceAll(report.Today(w.Clock.Now()).String(), "-", "")}
}

// vat is a good VAT return of the office.
func (w *world) vat(o *cabinettest.Office) reporttest.File {
	return reporttest.Good("NO_NDS", w.head(o))
}

// one is as much of a filing's view as tests look at.
type one struct {
	ID, Number, Type, State, Format, Office string
	Correction, Year                        int
	Period                                  struct{ Code string }
	FileName                                string `json:"file_name"`
	ControlCode                             string `json:"control_code"`
	BodyNumber                              string `json:"body_number"`
	CorrectsID                              string `json:"corrects_id"`
	CorrectedBy                             string `json:"corrected_by"`
	Trouble                                 string
	Amount                                  int64
	Values                                  map[string]string
	File                                    *struct {
		Name, SHA256 string
		Size         int64
	}
	Check *struct {
		Accepted bool
		Faults   []fault
	}
	Signatures []struct {
		ID, Signer, Certificate, Algorithm string
		Accepted                           bool
		Authority                          directory.Authority
	}
	Receipts []struct {
		ID, Event, Label, Number, Source string
		Faults                           []authority.Fault
		Files                            []struct{ ID, Name string }
	}
	Authority directory.Authority
	Actions   []api.Action
}

type fault struct {
	Code, Severity, Element, Value, Message, Advice, FNS string
	Line, Column                                         int
}

func (o one) action(name string) api.Action {
	for _, a := range o.Actions {
		if a.Action == name {
			return a
		}
	}
	return api.Action{}
}

// form makes a multipart body of a file and fields.
func form(t testing.TB, f reporttest.File, fields ...string) (body []byte, headers []string) {
	t.Helper()
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	for i := 0; i < len(fields); i += 2 {
		must(t, writer.WriteField(fields[i], fields[i+1]))
	}
	part, err := writer.CreateFormFile("file", f.Name)
	must(t, err)
	_, err = part.Write(f.Content)
	must(t, err)
	must(t, writer.Close())
	return out.Bytes(), []string{"Content-Type", writer.FormDataContentType()}
}

// Office remembers its offices by their ids.
func (w *world) Office(tag string, roles ...directory.Role) *office {
	o := w.World.Office(tag, roles...)
	w.offices[o.ID] = o
	return o
}

func (w *world) tokenOf(organisationID string) string { return w.admin(w.offices[organisationID]) }

// certificates are those that acts are verified against.
func (w *world) certificates(t testing.TB) []*x509.Certificate {
	return papertest.Seal(t, w.DB, w.Clock.Now).Certificates()
}

func (w *world) admin(o *cabinettest.Office) string { return w.Token(o, directory.Administrator) }

// upload makes a draft of a file.
func (w *world) upload(o *cabinettest.Office, f reporttest.File, fields ...string) one {
	w.T.Helper()
	body, headers := form(w.T, f, fields...)
	return w.got(w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...), 201)
}

// got reads a filing out of an answer of that status.
func (w *world) got(reply cabinettest.Reply, status int) (f one) {
	w.T.Helper()
	w.Expect(reply, status, "").Into(w.T, &f)
	return f
}

func (w *world) read(o *cabinettest.Office, id string) one {
	w.T.Helper()
	return w.got(w.Do("GET", "/v1/filings/"+id, w.admin(o), nil), 200)
}

// seal is the certificate of the office.
func (w *world) seal(o *cabinettest.Office) signaturetest.Holder {
	return w.Authority.Issue(w.T, signature.Subject{
		INNLE: o.INN, OGRN: o.OGRN, Organisation: o.Name, CommonName: o.Name, LastName: "Маякова", GivenNames: "Анна Игоревна",
		SNILS: "11223344595",
	})
}

// content is the bytes that are to be signed.
func (w *world) content(o *cabinettest.Office, id string) []byte {
	w.T.Helper()
	return []byte(w.Expect(w.Do("GET", "/v1/filings/"+id+"/file", w.admin(o), nil), 200, "").Text)
}

func signBody(cms []byte) map[string]any {
	return map[string]any{"signature": base64.StdEncoding.EncodeToString(cms)}
}

// sign signs a filing by the office's certificate.
func (w *world) sign(o *cabinettest.Office, id string) one {
	w.T.Helper()
	cms := w.seal(o).Sign(w.T, w.content(o, id))
	return w.got(w.Do("POST", "/v1/filings/"+id+"/signatures", w.admin(o), signBody(cms)), 200)
}

// submit sends a signed filing.
func (w *world) submit(o *cabinettest.Office, id string) one {
	w.T.Helper()
	return w.got(w.Do("POST", "/v1/filings/"+id+"/submit", w.admin(o), nil), 200)
}

// sent is a filing that has reached the body.
func (w *world) sent(o *cabinettest.Office) one {
	w.T.Helper()
	f := w.upload(o, w.vat(o))
	w.sign(o, f.ID)
	f = w.submit(o, f.ID)
	w.body.Deliver(w.T)
	return f
}

// answer has the body say something of a filing.
func (w *world) answer(f one, event string, faults ...authority.Fault) {
	w.T.Helper()
	w.body.Answer(w.T, authority.Answer{
		SubmissionID: f.ID, Event: event, Number: "ФНС-" + f.Number[:6], Source: "ИФНС № 7707", Text: "Ответ: " + event, Faults: faults,
		Files: []authority.File{{Name: event + ".xml", Content: []byte(`<?xml version="1.0" encoding="UTF-8"?><Файл/>`)}},
	})
}

// accepted is a filing that the body has taken.
func (w *world) accepted(o *cabinettest.Office) one {
	w.T.Helper()
	f := w.sent(o)
	w.answer(f, authority.Delivered)
	w.answer(f, authority.Accepted)
	return w.read(o, f.ID)
}

// events counts the notices told of a type, by the event's id.
func (w *world) events(kind string) (ids []string) {
	w.T.Helper()
	must(w.T, w.DB.Select(context.Background(), &ids, `SELECT id FROM notice_events WHERE type = $1 ORDER BY id`, kind))
	return ids
}

// at moves the clock to a day, noon in Moscow.
func (w *world) at(year int, month time.Month, day int) {
	w.Clock.Advance(time.Date(year, month, day, 12, 0, 0, 0, report.Moscow).Sub(w.Clock.Now()))
}

func encoded(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// savedFiles is how many files the office has, kept or not.
func (w *world) savedFiles(o *office) (n int) {
	w.T.Helper()
	must(w.T, w.DB.Get(context.Background(), &n, `SELECT COUNT(*) FROM files WHERE organisation_id = $1`, o.ID))
	return n
}
