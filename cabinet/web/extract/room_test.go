package extract_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	rooms "propusk/cabinet/extract"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/cabinet/web/extract"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file/filetest"
)

// register knows the records that the test writes.
type register struct {
	mutex   sync.Mutex
	records map[string]authority.Record
}

func (r *register) Find(_ context.Context, number string) (authority.Record, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	record, ok := r.records[number]
	if !ok {
		return authority.Record{}, storage.ErrNotFound
	}
	return record, nil
}

// gateway takes what is sent to bodies and never answers.
type gateway struct{}

func (gateway) Submit(context.Context, authority.Load) error                             { return nil }
func (gateway) Load(string, func(context.Context, string) (authority.Submission, error)) {}
func (gateway) Handle(string, func(context.Context, authority.Answer) error)             {}
func (gateway) Watch(string, func(context.Context, authority.Delivery) error)            {}

type silent struct{}

func (silent) Tell(context.Context, notice.Event) error { return nil }

type world struct {
	*webtest.World
	register *register
	office   *cabinettest.Office
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{register: &register{records: map[string]authority.Record{}}}
	w.World = webtest.New(t, func(b cabinettest.Base) []api.Room {
		seal, err := paper.OpenSeal(t.Context(), paper.SealDeps{DB: b.DB, Sealer: b.Sealer, Journal: b.Journal, Log: b.Log, Name: "Пропуск", Now: b.Clock.Now})
		cabinettest.Must(t, err)
		printer, err := paper.New(paper.Deps{Seal: seal, Issuer: cabinettest.Issuer, Name: "Пропуск", Now: b.Clock.Now})
		cabinettest.Must(t, err)
		room, err := rooms.New(rooms.Deps{
			DB: b.DB, Ephemeral: b.Memory, Sealer: b.Sealer, Jobs: b.Jobs, Outbox: b.Outbox, Journal: b.Journal, Directory: b.Directory,
			Notices: silent{}, Registry: w.register, Gateway: gateway{}, Paper: printer, Seal: seal,
			Files: filetest.Store(t, b.DB, b.Clock.Now), Now: b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		return []api.Room{room.Room()}
	}, extract.Room())
	w.office = w.Office("Mayak", directory.Accountant, directory.Observer)
	w.Clock.Advance(time.Second)
	return w
}

// known puts the office into the register.
func (w *world) known() {
	o := w.office
	stamp := authority.Stamp{GRN: "2207700000017", Entered: "2020-03-04"}
	tax := authority.Office{Code: "7707", Name: "Инспекция ФНС России № 7 по г. Москве"}
	w.register.records[o.OGRN] = authority.Record{
		Kind: o.Kind, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, OGRNDate: "2002-09-10", ExtractDate: "2026-11-20",
		FullName: o.FullName, ShortName: o.Name, Form: authority.Code{Code: "12300", Name: "Общества с ограниченной ответственностью", Stamp: stamp},
		Status: authority.Status{Name: "Действующее"}, Registrar: tax,
		Registration: authority.Registration{Method: authority.Code{Code: "01", Name: "Создание", Stamp: stamp}, Date: "2002-09-10", Office: tax},
		TaxOffice:    authority.Account{Number: o.KPP, Since: "2002-09-11", Office: tax, Stamp: stamp},
		Address:      authority.Address{PostalCode: "127006", RegionCode: "77", Region: "Москва", Text: "127006, Москва, Тверская, 1", Stamp: stamp},
	}
}

// TestAPaperIsOrderedWatchedAndProved goes from the catalogue to the signed file.
func TestAPaperIsOrderedWatchedAndProved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.known()
	b := w.SignIn(w.office, directory.Accountant)
	b.Open("/cabinet/extracts").Is(200).Says("Здесь будут выписки и справки")
	p := b.Open("/cabinet/extracts/new").Is(200).Says("Что заказать").Follow("Выписка из ЕГРЮЛ")
	p = p.Fill("Куда предоставите", "В банк").Submit("Заказать").Is(200).Says("Готовим документ", "Отменить заказ")
	path := p.Path
	if told := b.Open(path + "/progress"); !strings.Contains(told.Body, `"over":false`) {
		t.Errorf("the progress: %s", told.Body)
	}
	w.Work()
	p = b.Open(path).Is(200).Says("Готов", "Документ PDF", "Подпись к PDF", "Как проверить", "openssl cms -verify", "В банк", "Всё одним архивом")
	if pdf := b.Open(path + "/files/pdf"); !strings.HasPrefix(pdf.Body, "%PDF") {
		t.Errorf("the PDF is %q", pdf.Header.Get("Content-Type"))
	}
	if pem := b.Open("/cabinet/extracts/seal.pem"); !strings.HasPrefix(pem.Body, "-----BEGIN CERTIFICATE") {
		t.Errorf("the seal: %.60s", pem.Body)
	}
	p.Fill("Адрес", "nobody").Submit("Отправить").Is(http.StatusUnprocessableEntity)
	b.Open(path).Fill("Адрес", "bank@example.ru").Submit("Отправить").At(path).Says("Отправляем на")
	again := b.Open(path).Submit("Заказать заново на сегодня").Is(200).Says("Новый документ заказан")
	again.Submit("Отменить заказ").Says("Заказ отменён")
	b.Open("/cabinet/extracts").Says("Готов", "Отменён")
	b.Open("/cabinet/extracts?status=failed").Says("Таких документов нет")
	b.In("en").Open(path).Says("How to verify it")
}

func TestWhatFailedSaysWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Accountant)
	p := b.Open("/cabinet/extracts/new?kind=egrul").Submit("Заказать")
	w.Work()
	p = b.Open(p.Path).Is(200).Lacks("Скачать")
	if !strings.Contains(p.Body, `class="notice stop"`) {
		t.Errorf("the failure is not told: %s", p.Text())
	}
	b.Open("/cabinet/extracts/new?kind=nothing").Is(http.StatusNotFound)
	b.Open("/cabinet/extracts/" + storage.NewID()).Is(http.StatusNotFound)
	other := w.Office("Other", directory.Accountant)
	w.SignIn(other, directory.Accountant).Open(p.Path).Is(http.StatusNotFound)
}

// TestACertificateAsksForItsPeriodAndFaultsStandAtTheirFields.
func TestACertificateAsksForItsPeriodAndFaultsStandAtTheirFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.known()
	b := w.SignIn(w.office, directory.Accountant)
	catalogue := b.Open("/cabinet/extracts/new")
	for _, path := range links(catalogue.Body, `/cabinet/extracts/new?kind=`) {
		p := b.Open(path).Is(http.StatusOK)
		if !strings.Contains(p.Body, `name="period/from"`) {
			continue
		}
		p.Fill("С даты", "2026-05-01").Fill("По дату", "2026-04-01").Fill("Прислать на почту", "nobody").Submit("Заказать").
			Is(http.StatusUnprocessableEntity).Says("Проверьте, что введено")
		made := b.Open(path).Fill("Прислать на почту", "bank@example.ru").Submit("Заказать")
		made.Is(http.StatusOK).Says("За период", "На почту")
		return
	}
	t.Error("no paper asks for a period")
}

// links are the addresses on a page that begin so.
func links(body, prefix string) (found []string) {
	for {
		_, rest, ok := strings.Cut(body, `href="`+prefix)
		if !ok {
			return found
		}
		value, after, _ := strings.Cut(rest, `"`)
		found, body = append(found, prefix+value), after
	}
}
