package extract_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/extract"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/storagetest"
)

// world is a cabinet with the room of extracts, a register and a body of the test's
// own.
type world struct {
	*cabinettest.World
	room     *extract.Extracts
	seal     *paper.Seal
	paper    *paper.Paper
	files    *file.Store
	register *register
	gateway  *gateway
	told     *told
	folder   string // of the files' bytes
}

func setup(t *testing.T, db *storage.DB) *world {
	t.Helper()
	w := &world{register: &register{records: map[string]authority.Record{}}, told: &told{}}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		w.build(t, b)
		return []api.Room{w.room.Room()}
	})
	return w
}

func (w *world) build(t *testing.T, b cabinettest.Base) {
	t.Helper()
	var err error
	w.seal, err = paper.OpenSeal(context.Background(), paper.SealDeps{
		DB: b.DB, Sealer: b.Sealer, Journal: b.Journal, Log: b.Log, Name: "Пропуск", Now: b.Clock.Now,
	})
	cabinettest.Must(t, err)
	w.paper, err = paper.New(paper.Deps{Seal: w.seal, Issuer: cabinettest.Issuer, Name: "Пропуск", Now: b.Clock.Now})
	cabinettest.Must(t, err)
	w.folder = t.TempDir()
	blob, err := storage.OpenBlob("file://" + w.folder)
	cabinettest.Must(t, err)
	w.files, err = file.New(file.Deps{DB: b.DB, Blob: blob, Sealer: b.Sealer, Journal: b.Journal, Now: b.Clock.Now, Log: b.Log})
	cabinettest.Must(t, err)
	w.gateway = &gateway{db: b.DB}
	w.room, err = extract.New(extract.Deps{
		DB: b.DB, Ephemeral: b.Memory, Sealer: b.Sealer, Jobs: b.Jobs, Outbox: b.Outbox, Journal: b.Journal, Directory: b.Directory,
		Notices: w.told, Registry: w.register, Gateway: w.gateway, Paper: w.paper, Seal: w.seal, Files: w.files, Now: b.Clock.Now, Log: b.Log,
	})
	cabinettest.Must(t, err)
}

// register is a register whose records the test writes.
type register struct {
	mu      sync.Mutex
	records map[string]authority.Record
	err     error
	asked   func() // called when somebody asks
}

func (r *register) Find(_ context.Context, number string) (authority.Record, error) {
	r.mu.Lock()
	asked, err := r.asked, r.err
	record, ok := r.records[number]
	r.mu.Unlock()
	if asked != nil {
		asked()
	}
	if err != nil {
		return authority.Record{}, err
	}
	if !ok {
		return authority.Record{}, storage.ErrNotFound
	}
	return record, nil
}

func (r *register) put(record authority.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records[record.OGRN] = record
}

func (r *register) set(err error, asked func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err, r.asked = err, asked
}

// gateway is the exchange with bodies, of which the test plays the far side.
type gateway struct {
	db      *storage.DB
	load    func(context.Context, string) (authority.Submission, error)
	handle  func(context.Context, authority.Answer) error
	watch   func(context.Context, authority.Delivery) error
	mu      sync.Mutex
	pending []string
}

func (g *gateway) Submit(ctx context.Context, load authority.Load) error {
	g.db.AfterCommit(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.pending = append(g.pending, load.ID)
	})
	return nil
}

func (g *gateway) Load(_ string, fn func(context.Context, string) (authority.Submission, error)) {
	g.load = fn
}

func (g *gateway) Handle(_ string, fn func(context.Context, authority.Answer) error) { g.handle = fn }

func (g *gateway) Watch(_ string, fn func(context.Context, authority.Delivery) error) { g.watch = fn }

// last is the id of the last submission.
func (g *gateway) last(t *testing.T) string {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.pending) == 0 {
		t.Fatal("nothing was submitted")
	}
	return g.pending[len(g.pending)-1]
}

// answer gives the room an answer to the last submission, in a transaction.
func (g *gateway) answer(t *testing.T, a authority.Answer) {
	t.Helper()
	if a.SubmissionID == "" {
		a.SubmissionID = g.last(t)
	}
	cabinettest.Must(t, g.db.Tx(t.Context(), func(ctx context.Context) error { return g.handle(ctx, a) }))
}

// told remembers the events.
type told struct {
	mu     sync.Mutex
	events []notice.Event
}

func (n *told) Tell(_ context.Context, e notice.Event) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, e)
	return nil
}

func (n *told) types() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []string
	for _, e := range n.events {
		list = append(list, e.Type)
	}
	return strings.Join(list, " ")
}

// office is an organisation that the register knows.
func (w *world) office(tag string) *cabinettest.Office {
	w.T.Helper()
	o := w.Office(tag, directory.Roles()...)
	w.register.put(record(o.Organisation))
	return o
}

// record is what the register says about an organisation: every piece of it once.
func record(o directory.Organisation) authority.Record {
	stamp := authority.Stamp{GRN: "2207700000017", Entered: "2020-03-04"}
	tax := authority.Office{Code: "7707", Name: "Инспекция ФНС России № 7 по г. Москве", Address: "127006, Москва"}
	return authority.Record{
		Kind: o.Kind, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, OGRNDate: "2002-09-10", ExtractDate: "2026-11-20",
		FullName: o.FullName, ShortName: o.Name, Form: authority.Code{Code: "12300", Name: "Общества с ограниченной ответственностью", Stamp: stamp},
		Status: authority.Status{Name: "Действующее"}, Registrar: tax,
		Registration: authority.Registration{Method: authority.Code{Code: "01", Name: "Создание", Stamp: stamp}, Date: "2002-09-10", Office: tax},
		TaxOffice:    authority.Account{Number: o.KPP, Since: "2002-09-11", Office: authority.Office{Code: tax.Code, Name: tax.Name}, Stamp: stamp},
		Address:      authority.Address{PostalCode: "127006", RegionCode: "77", Region: "Москва", Street: "Тверская", House: "1", Text: "127006, Москва, Тверская, 1", Stamp: stamp},
		Email:        "office@example.ru", Capital: authority.Capital{Kind: "УСТАВНЫЙ КАПИТАЛ", Kopecks: 1_000_050, Stamp: stamp},
		Heads:      []authority.Head{{Person: authority.Person{LastName: "Орлова", FirstName: "Вера", MiddleName: "Ильинична", INN: "990000000115", Stamp: stamp}, PositionKind: authority.Code{Code: "02", Name: "Руководитель", Stamp: stamp}, Position: "Генеральный директор"}},
		Founders:   []authority.Founder{{Kind: authority.FounderPerson, Person: &authority.Person{LastName: "Орлова", FirstName: "Вера", INN: "990000000115", Stamp: stamp}, Share: authority.Share{Kopecks: 1_000_050, Part: "100 %", Stamp: stamp}}},
		Activity:   authority.Code{Code: "62.01", Name: "Разработка компьютерного программного обеспечения", Stamp: stamp},
		Activities: []authority.Code{{Code: "62.02", Name: "Деятельность консультативная", Stamp: stamp}},
		Entries:    []authority.Entry{{ID: "1", GRN: o.OGRN, Date: "2002-09-10", Kind: authority.Code{Code: "11201", Name: "Создание юридического лица"}, Office: authority.Office{Code: tax.Code, Name: tax.Name}, Documents: []authority.Document{{Name: "Заявление", Number: "17", Date: "2002-09-01"}}}},
	}
}

// answered is an order as the API shows it.
type shown struct {
	ID, Number, Kind, Status, Stage, Format, Email, Renews string
	Progress                                               int
	Valid                                                  bool
	ValidUntil                                             storage.Time `json:"valid_until"`
	Period                                                 *struct{ From, To string }
	Failure                                                *struct {
		Code, Title, Advice string
		Retry               bool
	}
	Source  *struct{ Name, Number string }
	Files   []struct{ Part, Name, Href, SHA256 string }
	Actions []api.Action
}

// order places one as the accountant.
func (w *world) order(o *cabinettest.Office, body any) shown {
	w.T.Helper()
	var e shown
	w.Expect(w.Do("POST", "/v1/extracts", w.Token(o, directory.Accountant), body), 201, "").Into(w.T, &e)
	return e
}

// show reads one.
func (w *world) show(o *cabinettest.Office, id string) shown {
	w.T.Helper()
	var e shown
	w.Expect(w.Do("GET", "/v1/extracts/"+id, w.Token(o, directory.Accountant), nil), 200, "").Into(w.T, &e)
	return e
}

// ready orders an extract of the register in both formats and has it made.
func (w *world) ready(o *cabinettest.Office) shown {
	w.T.Helper()
	e := w.order(o, map[string]any{"kind": "egrul", "format": "both"})
	w.Work()
	e = w.show(o, e.ID)
	if e.Status != "ready" {
		w.T.Fatalf("not ready: %+v", e)
	}
	return e
}

// part downloads a file of an extract.
func (w *world) part(o *cabinettest.Office, e shown, part string) []byte {
	w.T.Helper()
	got := w.Expect(w.Do("GET", "/v1/extracts/"+e.ID+"/files/"+part, w.Token(o, directory.Accountant), nil), 200, "")
	return []byte(got.Text)
}

func (e shown) action(name string) api.Action {
	for _, a := range e.Actions {
		if a.Action == name {
			return a
		}
	}
	return api.Action{}
}

// each runs a test in a world over each engine.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, setup(t, db)) })
}

// one runs a test over the embedded engine.
func one(t *testing.T) *world {
	t.Parallel()
	return setup(t, storagetest.SQLite(t))
}

var errAway = errors.New("the register is away")
