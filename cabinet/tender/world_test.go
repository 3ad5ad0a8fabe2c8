package tender_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/cabinet/tender"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// world is a cabinet with the room of tenders, whose register and gateway the test
// plays.
type world struct {
	*cabinettest.World
	room     *tender.Tenders
	files    *file.Store
	register *register
	gateway  *gateway
	told     *told
	gate     []string // what closes procurement
	mu       sync.Mutex
	papers   map[string]string // files of the archive by the document's id
	aimed    map[string]string
	offices  map[string]*cabinettest.Office
}

func setup(t *testing.T, db *storage.DB) *world {
	t.Helper()
	w := &world{register: &register{documents: map[string][]byte{}}, told: &told{}, papers: map[string]string{}, aimed: map[string]string{}, offices: map[string]*cabinettest.Office{}}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		seal, err := paper.OpenSeal(t.Context(), paper.SealDeps{DB: b.DB, Sealer: b.Sealer, Journal: b.Journal, Log: b.Log, Name: "Пропуск", Now: b.Clock.Now})
		cabinettest.Must(t, err)
		printer, err := paper.New(paper.Deps{Seal: seal, Issuer: cabinettest.Issuer, Name: "Пропуск", Now: b.Clock.Now})
		cabinettest.Must(t, err)
		w.files = filetest.Store(t, b.DB, b.Clock.Now)
		w.gateway = newGateway(b.DB)
		w.room, err = tender.New(tender.Deps{
			DB: b.DB, Directory: b.Directory, Journal: b.Journal, Files: w.files, Gateway: w.gateway, Notices: w.told, Paper: printer,
			Verifier: b.Authority.Verifier, Jobs: b.Jobs, Archive: w.archived, Gate: func(context.Context, string) ([]string, error) { return w.gate, nil },
			Register: w.register, Metrics: b.Metrics, Now: b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		return []api.Room{w.room.Room()}
	})
	return w
}

// one runs a test over the embedded engine, each over both.
func one(t *testing.T) *world {
	t.Parallel()
	return setup(t, storagetest.SQLite(t))
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, setup(t, db)) })
}

// archived plays the archive: a document is read by who may, in its organisation.
func (w *world) archived(ctx context.Context, actor directory.Actor, organisationID, id string) (string, string, error) {
	if _, err := w.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.DocumentsRead}); err != nil {
		return "", "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	fileID := w.papers[organisationID+"/"+id]
	if fileID == "" {
		return "", "", storage.ErrNotFound
	}
	return "", fileID, nil
}

// register is a register whose pages the test writes.
type register struct {
	mu             sync.Mutex
	changes        []json.RawMessage
	participations []json.RawMessage
	participants   map[string]authority.Participant
	documents      map[string][]byte // by number/id
	err            error
	asked          int
}

func (r *register) Since(_ context.Context, after string) (page authority.TenderPage, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := 0
	_, _ = fmt.Sscan(after, &from)
	if to := min(from+3, len(r.changes)); to > from {
		page.Tenders, page.Next = r.changes[from:to], fmt.Sprint(to)
	}
	return page, r.err
}

func (r *register) Participant(_ context.Context, inn string) (authority.Participant, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, ok := r.participants[inn]; ok {
		return p, nil
	}
	return authority.Participant{}, storage.ErrNotFound
}

func (r *register) Participations(_ context.Context, _, after string) (page authority.ParticipationPage, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if after == "" && len(r.participations) > 0 {
		page.Participations, page.Next = r.participations, "all"
	}
	return page, r.err
}

func (r *register) Document(_ context.Context, number, id string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	content, ok := r.documents[number+"/"+id]
	if !ok {
		return nil, errors.New("away")
	}
	return content, nil
}

// gateway is the exchange, of which the test plays the far side.
type gateway struct {
	db       *storage.DB
	loaders  map[string]func(context.Context, string) (authority.Submission, error)
	handlers map[string]func(context.Context, authority.Answer) error
	watchers map[string]func(context.Context, authority.Delivery) error
	mu       sync.Mutex
	sent     []authority.Load
}

func newGateway(db *storage.DB) *gateway {
	return &gateway{
		db: db, loaders: map[string]func(context.Context, string) (authority.Submission, error){},
		handlers: map[string]func(context.Context, authority.Answer) error{}, watchers: map[string]func(context.Context, authority.Delivery) error{},
	}
}

func (g *gateway) Submit(ctx context.Context, load authority.Load) error {
	g.db.AfterCommit(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.sent = append(g.sent, load)
	})
	return nil
}

func (g *gateway) Load(kind string, fn func(context.Context, string) (authority.Submission, error)) {
	g.loaders[kind] = fn
}
func (g *gateway) Handle(kind string, fn func(context.Context, authority.Answer) error) {
	g.handlers[kind] = fn
}
func (g *gateway) Watch(kind string, fn func(context.Context, authority.Delivery) error) {
	g.watchers[kind] = fn
}

func (g *gateway) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sent)
}

// last is what was submitted last.
func (g *gateway) last(t *testing.T) authority.Load {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.sent) == 0 {
		t.Fatal("nothing was submitted")
	}
	return g.sent[len(g.sent)-1]
}

func (g *gateway) submission(t *testing.T) (authority.Submission, error) {
	t.Helper()
	load := g.last(t)
	return g.loaders[load.Kind](t.Context(), load.ID)
}

// answer says something of the last submission.
func (g *gateway) answer(t *testing.T, a authority.Answer) {
	t.Helper()
	g.answerTo(t, g.last(t), a)
}

func (g *gateway) answerTo(t *testing.T, load authority.Load, a authority.Answer) {
	t.Helper()
	a.SubmissionID, a.Source = load.ID, "ЕИС"
	cabinettest.Must(t, g.db.Tx(t.Context(), func(ctx context.Context) error { return g.handlers[load.Kind](ctx, a) }))
}

// dead gives the last submission up.
func (g *gateway) dead(t *testing.T) {
	t.Helper()
	load := g.last(t)
	cabinettest.Must(t, g.db.Tx(t.Context(), func(ctx context.Context) error {
		return g.watchers[load.Kind](ctx, authority.Delivery{Load: load, State: authority.Dead})
	}))
}

// told remembers the events, each once by its id.
type told struct {
	mu     sync.Mutex
	events []notice.Event
}

func (n *told) Tell(_ context.Context, e notice.Event) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, known := range n.events {
		if known.ID == e.ID {
			return nil
		}
	}
	n.events = append(n.events, e)
	return nil
}

// of are the events of a type.
func (n *told) of(kind string) (list []notice.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.events {
		if e.Type == kind {
			list = append(list, e)
		}
	}
	return list
}

// number is an invented number of an announcement.
func number(n int) string { return fmt.Sprintf("01731000045260%05d", n) }

// announcement is one whose parts are all there.
func (w *world) announcement(n int, changes ...func(*authority.Tender)) authority.Tender {
	now := w.Clock.Now()
	content := filetest.PDF("terms of " + number(n))
	w.register.mu.Lock()
	w.register.documents[number(n)+"/1"] = content
	w.register.mu.Unlock()
	a := authority.Tender{
		Number: number(n), Revision: 1, State: tender.Open, Object: "Разработка программного обеспечения реестра лицензий",
		Method: authority.Code{Code: "ЭА20", Name: "Электронный аукцион"}, Customer: authority.Customer{INN: "7707083893", KPP: "773601001", Name: "Министерство примеров"},
		Sectors: []authority.Code{{Code: "62.01.11.000", Name: "Услуги по разработке программного обеспечения"}}, Region: "77", Kopecks: 100_000_000,
		PublishedAt: storage.Of(now.Add(time.Duration(n) * time.Second)), DeadlineAt: storage.Of(now.Add(10 * 24 * time.Hour)), ReviewOn: "2026-12-10",
		ApplicationSecurity: 1_000_000, ContractSecurity: 5_000_000, Term: "60 дней", Place: "Москва", Requirements: []string{"Единые требования ст. 31"},
		Documents: []authority.TenderDocument{{ID: "1", Name: "Техническое задание.pdf", Size: int64(len(content)), SHA256: tender.DigestOf(content)}},
	}
	for _, change := range changes {
		change(&a)
	}
	return a
}

// publish has the register publish announcements, and the room bring them.
func (w *world) publish(list ...authority.Tender) {
	w.T.Helper()
	for _, a := range list {
		raw, err := json.Marshal(a)
		cabinettest.Must(w.T, err)
		w.register.mu.Lock()
		w.register.changes = append(w.register.changes, raw)
		w.register.mu.Unlock()
	}
	cabinettest.Must(w.T, w.room.Bring(context.Background()))
	w.Work()
}

// shown types are the API's answers as far as tests look at them.
type (
	shownTender struct {
		ID, Number, Object, State, Change string
		ApplicationID                     string `json:"application_id"`
		Revision                          int64
		Documents                         []struct{ ID, Href, SHA256 string }
		Protocols                         []struct{ Number, Text string }
		Applications                      []struct{ ID, State string }
		Actions                           []api.Action
	}
	shown struct {
		ID, State, Number, Comment, Trouble, Origin string
		Replaces                                    string `json:"replaces_id"`
		Next                                        string `json:"next_id"`
		Offer, Place, Revision                      int64
		Form                                        tender.Form
		Applicant                                   tender.Applicant
		Files                                       []struct{ DocumentID, Name, Href, SHA256 string }
		Document                                    struct{ Name, SHA256 string }
		Signature                                   *struct{ Signer string }
		Findings                                    []struct{ Code, Severity, Title, Advice string }
		Events                                      []struct{ Event, State, Text string }
		Actions                                     []api.Action
	}
)

func (s shown) codes() string {
	var list []string
	for _, f := range s.Findings {
		list = append(list, f.Code)
	}
	return strings.Join(list, " ")
}

func action(list []api.Action, name string) api.Action {
	for _, a := range list {
		if a.Action == name {
			return a
		}
	}
	return api.Action{}
}

// office is a registered participant.
func (w *world) office(tag string) *cabinettest.Office {
	w.T.Helper()
	o := w.Office(tag, directory.Roles()...)
	w.offices[o.ID] = o
	w.enter(o)
	return o
}

// enter has the register know the office as a participant.
func (w *world) enter(o *cabinettest.Office) {
	w.T.Helper()
	w.register.mu.Lock()
	if w.register.participants == nil {
		w.register.participants = map[string]authority.Participant{}
	}
	w.register.participants[o.INN] = authority.Participant{INN: o.INN, Number: "26" + o.INN[4:], ValidUntil: storage.Of(w.Clock.Now().AddDate(3, 0, 0))}
	w.register.mu.Unlock()
	cabinettest.Must(w.T, w.room.Remember(context.Background(), o.ID, o.INN))
}

func (w *world) head(o *cabinettest.Office) string { return w.Token(o, directory.Head) }

// tenders are the register's as the office sees them.
func (w *world) tenders(o *cabinettest.Office, query string) (list []shownTender) {
	w.T.Helper()
	var page struct{ Items []shownTender }
	w.Expect(w.Do("GET", "/v1/tenders?"+query, w.Token(o, directory.Observer), nil), 200, "").Into(w.T, &page)
	return page.Items
}

// apply begins an application for the first announcement that the office sees.
func (w *world) apply(o *cabinettest.Office) shown {
	w.T.Helper()
	return w.applyFor(o, w.tenders(o, "")[0].ID, map[string]any{})
}

func (w *world) applyFor(o *cabinettest.Office, id string, from map[string]any) (a shown) {
	w.T.Helper()
	w.Expect(w.Do("POST", "/v1/tenders/"+id+"/applications", w.head(o), from), 201, "").Into(w.T, &a)
	w.Work()
	return a
}

func (w *world) show(o *cabinettest.Office, id string) (a shown) {
	w.T.Helper()
	w.Expect(w.Do("GET", "/v1/tender-applications/"+id, w.head(o), nil), 200, "").Into(w.T, &a)
	return a
}

// paperOf puts a document into the archive of the office.
func (w *world) paperOf(o *cabinettest.Office, text string) string {
	w.T.Helper()
	id := storage.NewID()
	f := filetest.Saved(w.T.(*testing.T), w.files, o.ID, "document/"+id, o.Tag+".pdf", filetest.PDF(text))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.papers[o.ID+"/"+id] = f.ID
	return id
}

// filled fills a draft in, with one document.
func (w *world) filled(o *cabinettest.Office, id string) (a shown) {
	w.T.Helper()
	form := w.show(o, id).Form
	body := map[string]any{
		"form": map[string]any{
			"price": 95_000_000, "consent": true, "country": "643", "security": "account", "contact": form.Contact,
			"account": map[string]any{"number": "40702810138250123017", "bik": "044525225", "bank": "Сбербанк"},
		},
		"proposal": "Разработка\nи внедрение за 60 дней.", "documents": []string{w.paperOf(o, "papers of "+o.Tag)},
	}
	w.Expect(w.Do("PATCH", "/v1/tender-applications/"+id, w.head(o), body), 200, "").Into(w.T, &a)
	return a
}

// certificate is the office's own.
func (w *world) certificate(o *cabinettest.Office) signaturetest.Holder {
	return w.Authority.Issue(w.T, signature.Subject{INNLE: o.INN, OGRN: o.OGRN, Organisation: o.Name, CommonName: o.Name, LastName: "Маякова", GivenNames: "Анна"})
}

func (w *world) content(o *cabinettest.Office, path string) []byte {
	w.T.Helper()
	return []byte(w.Expect(w.Do("GET", path, w.head(o), nil), 200, "").Text)
}

// signing is the request that signs what the path gives.
func (w *world) signing(o *cabinettest.Office, path string) map[string]any {
	w.T.Helper()
	return map[string]any{"signature": w.certificate(o).Sign(w.T, w.content(o, path))}
}

func (w *world) sign(o *cabinettest.Office, id string) (a shown) {
	w.T.Helper()
	body := w.signing(o, "/v1/tender-applications/"+id+"/document")
	w.Expect(w.Do("POST", "/v1/tender-applications/"+id+"/signature", w.head(o), body), 200, "").Into(w.T, &a)
	return a
}

func (w *world) submit(o *cabinettest.Office, id string) (a shown) {
	w.T.Helper()
	w.Expect(w.Do("POST", "/v1/tender-applications/"+id+"/submit", w.head(o), nil), 200, "").Into(w.T, &a)
	return a
}

// signed and registered are applications that came so far.
func (w *world) signed(o *cabinettest.Office) shown {
	w.T.Helper()
	a := w.apply(o)
	w.filled(o, a.ID)
	return w.sign(o, a.ID)
}

func (w *world) registered(o *cabinettest.Office) shown {
	w.T.Helper()
	a := w.signed(o)
	w.submit(o, a.ID)
	w.gateway.answer(w.T.(*testing.T), authority.Answer{Event: authority.Accepted, Number: "Z-" + a.ID[24:], Text: "Зарегистрирована"})
	return w.show(o, a.ID)
}
