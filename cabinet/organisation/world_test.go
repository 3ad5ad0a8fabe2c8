package organisation_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/cabinet/organisation"
	"propusk/cabinet/paper/papertest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// register is a state register in memory.
type register struct {
	mu      sync.Mutex
	records map[string]authority.Record // by ИНН and by ОГРН
	down    error
	asked   int
}

func (r *register) Find(_ context.Context, number string) (authority.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.down != nil {
		return authority.Record{}, r.down
	}
	record, ok := r.records[number]
	if !ok {
		return authority.Record{}, fmt.Errorf("register: %s: %w", number, storage.ErrNotFound)
	}
	return record, nil
}

func (r *register) put(records ...authority.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range records {
		r.records[one.INN], r.records[one.OGRN] = one, one
	}
}

func (r *register) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = err
}

// world is a cabinet with this room, over a register of the test's own.
type world struct {
	*cabinettest.World
	t        *testing.T
	register *register
	room     *organisation.Organisations
	api      api.Room
	serial   atomic.Int64
	exchange atomic.Int64      // what is in exchange with state bodies
	events   chan notice.Event // told, in the order of their telling
	power    organisation.PowerReader
}

func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, newWorld(t, db)) })
}

func newWorld(t *testing.T, db *storage.DB) *world {
	t.Helper()
	w := &world{t: t, events: make(chan notice.Event, 1000), register: &register{records: map[string]authority.Record{}}}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		blob, err := storage.OpenBlob("file://" + t.TempDir())
		cabinettest.Must(t, err)
		files, err := file.New(file.Deps{DB: b.DB, Blob: blob, Sealer: b.Sealer, Journal: b.Journal, Now: b.Clock.Now, Log: b.Log})
		cabinettest.Must(t, err)
		w.room, err = organisation.New(organisation.Deps{
			DB: b.DB, Directory: b.Directory, Journal: b.Journal, Outbox: b.Outbox, Jobs: b.Jobs, Ephemeral: b.Memory, Sealer: b.Sealer,
			Files: files, Registry: w.register, Verifier: b.Authority.Verifier, Tell: w.tell, BaseURL: cabinettest.Issuer,
			Paper: papertest.New(t, b.DB, b.Clock.Now),
			Power: func(ctx context.Context, c organisation.PowerClaim) (string, error) {
				if w.power == nil {
					return "", api.Refuse("authority_missing")
				}
				return w.power(ctx, c)
			},
			InExchange: func(context.Context, string) (int, error) { return int(w.exchange.Load()), nil },
			Now:        b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		w.api = w.room.Room()
		return []api.Room{w.api}
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Invented numbers with valid check digits.
var (
	snilsOf = []string{"11244556627", "13455667778", "14566778813", "15677889949", "16788990055"}
	innOf   = []string{"780400112238", "781234567090", "780198765455", "470611223327", "773644556685"}
)

// confirmed is somebody whose identity an operator has confirmed, with the n-th
// numbers; the register can name him.
func (w *world) confirmed(n int, last, first, middle string) directory.Person {
	w.t.Helper()
	p, err := w.Directory.CreatePerson(context.Background(), directory.NewPerson{
		LastName: last, FirstName: first, MiddleName: middle, Email: fmt.Sprintf("person%d@example.ru", n), EmailVerified: true,
		Phone: fmt.Sprintf("+7921555%04d", n), PhoneVerified: true,
	})
	w.must(err)
	w.must(w.Directory.ConfirmIdentity(context.Background(), directory.System(), p.ID,
		directory.Confirmation{SNILS: snilsOf[n], INN: innOf[n], Evidence: "акт 17"}))
	p, err = w.Directory.Person(context.Background(), p.ID)
	w.must(err)
	return p
}

// operator makes somebody an operator of the house, and answers his token.
func (w *world) operator(tag string) (directory.Person, string) {
	w.t.Helper()
	p := w.Person(tag)
	w.must(w.Directory.AppointOperator(context.Background(), directory.System(), p.ID))
	return p, w.personal(p)
}

// personal is a token of a person without an organisation.
func (w *world) personal(p directory.Person) string {
	return cabinettest.Sign(w.t, w.Claims(nil, directory.MemberView{Person: p}))
}

// token is a member's.
func (w *world) token(o *cabinettest.Office, role directory.Role) string {
	return cabinettest.Sign(w.t, w.Claims(o, w.Fresh(o, o.Members[role])))
}

// call sends a request and reads the answer; the status must be the one given.
func (w *world) call(status int, method, path, token string, body any, headers ...string) map[string]any {
	w.t.Helper()
	reply := w.Expect(w.Do(method, path, token, body, headers...), status, "")
	if reply.Text == "" {
		return nil
	}
	var v map[string]any
	reply.Into(w.t, &v)
	return v
}

// refuse sends a request that must be refused with the code.
func (w *world) refuse(status int, code, method, path, token string, body any, headers ...string) cabinettest.Reply {
	w.t.Helper()
	return w.Expect(w.Do(method, path, token, body, headers...), status, code)
}

// faults are pointer and code of every field that was refused.
func (w *world) faults(reply cabinettest.Reply) string {
	w.t.Helper()
	var list []string
	for _, e := range reply.Problem(w.t).Errors {
		list = append(list, e.Pointer+" "+e.Code)
	}
	return strings.Join(list, ", ")
}

// code is the last one sent to an address.
func (w *world) code(to string) string {
	w.t.Helper()
	for _, m := range w.Sent(to) {
		if m.Code != "" {
			return m.Code
		}
	}
	w.t.Fatalf("no code was sent to %s", to)
	return ""
}

// other is a code that is not the one given.
func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// subjects are those of the messages to an address, newest first.
func (w *world) subjects(to string) string {
	var list []string
	for _, m := range w.Sent(to) {
		list = append(list, m.Subject)
	}
	return strings.Join(list, " | ")
}

// actions are the newest entries of a chain, newest first.
func (w *world) actions(organisationID string) []journal.Entry {
	w.t.Helper()
	entries, err := w.Journal.List(context.Background(), journal.Filter{Organisation: organisationID, Limit: 100})
	w.must(err)
	return entries
}

func (w *world) entry(organisationID, action string) journal.Entry {
	w.t.Helper()
	for _, e := range w.actions(organisationID) {
		if e.Action == action {
			return e
		}
	}
	w.t.Fatalf("no entry %s in the journal of %q", action, organisationID)
	return journal.Entry{}
}

// form is a multipart body, with its Content-Type as a header pair.
func (w *world) form(kind, name string, content, signature []byte) (body string, headers []string) {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if kind != "" {
		w.must(m.WriteField("kind", kind))
	}
	part, err := m.CreateFormFile("file", name)
	w.must(err)
	_, err = part.Write(content)
	w.must(err)
	if signature != nil {
		part, err = m.CreateFormFile("signature", name+".sig")
		w.must(err)
		_, err = part.Write(signature)
		w.must(err)
	}
	w.must(m.Close())
	return b.String(), []string{"Content-Type", m.FormDataContentType()}
}

// goodPDF is a paper of one page that shows a word.
func goodPDF() []byte {
	content := "BT /F1 12 Tf 72 720 Td (Ustav) Tj ET"
	return []byte(fmt.Sprintf("%%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"+
		"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>\nendobj\n"+
		"4 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\ntrailer\n<< /Root 1 0 R /Size 5 >>\nstartxref\n0\n%%%%EOF\n", len(content), content))
}

// company is a record of the register, with p as its head.
func company(p directory.Person) authority.Record {
	return authority.Record{
		Kind: authority.Legal, INN: "7801234564", KPP: "780101001", OGRN: "1027800123450", OGRNDate: "2002-11-14", ExtractDate: "2026-10-19",
		FullName: "ОБЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ \"СЕВЕРНЫЙ МАЯК\"", ShortName: "ООО \"СЕВЕРНЫЙ МАЯК\"",
		Form: authority.Code{Code: "12300", Name: "Общества с ограниченной ответственностью"}, Status: authority.Status{Name: "Действующее"},
		Address: authority.Address{Text: "199034, ГОРОД САНКТ-ПЕТЕРБУРГ, НАБЕРЕЖНАЯ ЛЕЙТЕНАНТА ШМИДТА, ДОМ 7"},
		Heads:   []authority.Head{{Person: person(p), Position: "ГЕНЕРАЛЬНЫЙ ДИРЕКТОР"}},
	}
}

func person(p directory.Person) authority.Person {
	return authority.Person{LastName: p.LastName, FirstName: p.FirstName, MiddleName: p.MiddleName, INN: p.INN}
}

// form of a draft that agrees with company(p).
func companyDraft(p directory.Person) map[string]any {
	return map[string]any{
		"requisites": map[string]any{
			"inn": "7801234564", "ogrn": "1027800123450", "full_name": "Общество с ограниченной ответственностью «Северный маяк»",
			"address": "199034, г. Санкт-Петербург, наб. Лейтенанта Шмидта, д. 7",
			"head":    map[string]any{"last_name": p.LastName, "first_name": p.FirstName, "middle_name": p.MiddleName, "position": "Генеральный директор"},
		},
		"contacts": map[string]any{"phone": "+7 812 000-11-01", "email": "office@mayak.example"},
		"consent":  true,
	}
}

// registered is the record that agrees with an office of cabinettest.
func (w *world) registered(o *cabinettest.Office, head directory.Person) authority.Record {
	r := authority.Record{
		Kind: authority.Legal, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, OGRNDate: "2010-01-11", ExtractDate: "2026-10-19",
		FullName: o.FullName, ShortName: o.Name, Form: authority.Code{Code: "12300", Name: "ООО"}, Status: authority.Status{Name: "Действующее"},
		Address: authority.Address{Text: o.Address},
		Heads:   []authority.Head{{Person: person(head), Position: "Директор " + o.Tag}},
	}
	w.register.put(r)
	return r
}

// started begins a registration and answers its path.
func (w *world) started(token string, body map[string]any) string {
	w.t.Helper()
	body = maps.Clone(body)
	if body["kind"] == nil {
		body["kind"] = "legal"
	}
	return "/v1/registrations/" + w.call(http.StatusCreated, "POST", "/v1/registrations", token, body)["id"].(string)
}

// contact confirms a contact of a registration by its code.
func (w *world) contact(path, token, channel, to string) {
	w.t.Helper()
	w.call(http.StatusAccepted, "POST", path+"/codes", token, map[string]string{"channel": channel})
	w.call(http.StatusOK, "POST", path+"/confirm", token, map[string]string{"channel": channel, "code": w.code(to)})
}

// created answers the organisation that a registration became.
func (w *world) created(path, token string) directory.Organisation {
	w.t.Helper()
	made := w.call(http.StatusCreated, "POST", "/v1/organizations", token, map[string]string{"registration_id": strings.TrimPrefix(path, "/v1/registrations/")})
	o, err := w.Directory.Organisation(context.Background(), made["id"].(string))
	w.must(err)
	return o
}

// holder signs with a certificate of the subject.
func (w *world) sign(subject signature.Subject, text string) string {
	w.t.Helper()
	return base64.StdEncoding.EncodeToString(w.Authority.Issue(w.t, subject).Sign(w.t, []byte(text)))
}

func text(v map[string]any, path ...string) string {
	var at any = v
	for _, name := range path {
		m, ok := at.(map[string]any)
		if !ok {
			return ""
		}
		at = m[name]
	}
	s, _ := at.(string)
	return s
}

func encoded(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// tell stands in for the room of notices: it takes what has been told.
func (w *world) tell(_ context.Context, e notice.Event) error {
	if e.ID == "" || e.Texts.RU.Subject == "" || e.Texts.EN.Body == "" || e.OrganisationID == "" && len(e.Persons) == 0 {
		return fmt.Errorf("an event nobody can be told: %+v", e)
	}
	w.events <- e
	return nil
}

// told are the types of the events told since the last call.
func (w *world) told() (types []string) {
	for {
		select {
		case e := <-w.events:
			types = append(types, e.Type)
		default:
			return types
		}
	}
}
