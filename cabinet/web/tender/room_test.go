package tender_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	rooms "propusk/cabinet/tender"
	"propusk/cabinet/web/tender"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file/filetest"
)

// register publishes one announcement and remembers two participations.
type register struct{ now time.Time }

const number = "0173100004526000017"

func (r register) Since(_ context.Context, after string) (page authority.TenderPage, err error) {
	if after != "" {
		return page, nil
	}
	content := []byte("Техническое задание")
	raw, err := json.Marshal(authority.Tender{
		Number: number, Revision: 1, State: rooms.Open, Object: "Ремонт маяка Осиновецкий", Method: authority.Code{Code: "ЭА20", Name: "Электронный аукцион"},
		Customer: authority.Customer{INN: "7707083893", Name: "Администрация бассейна"}, Sectors: []authority.Code{{Code: "33.14.19.000", Name: "Ремонт"}}, Region: "47",
		Kopecks: 100_000_000, PublishedAt: storage.Of(r.now.Add(-time.Hour)), DeadlineAt: storage.Of(r.now.Add(240 * time.Hour)), SmallOnly: true,
		Documents: []authority.TenderDocument{{ID: "1", Name: "Задание.txt", Size: int64(len(content)), SHA256: digest(content)}},
	})
	return authority.TenderPage{Tenders: []json.RawMessage{raw}, Next: "1"}, err
}

func (register) Document(context.Context, string, string) ([]byte, error) {
	return []byte("Техническое задание"), nil
}

func (r register) Participant(_ context.Context, inn string) (authority.Participant, error) {
	return authority.Participant{INN: inn, Number: "26000017", ValidUntil: storage.Of(r.now.AddDate(2, 0, 0))}, nil
}

func (r register) Participations(_ context.Context, _, after string) (page authority.ParticipationPage, err error) {
	if after != "" {
		return page, nil
	}
	for i, outcome := range []string{"won", "lost"} {
		raw, err := json.Marshal(authority.Participation{
			Number: "ЕИС-" + outcome, Tender: "017310000452600009" + string(rune('0'+i)), Object: "Поверка приборов", Customer: authority.Customer{INN: "7707083893", Name: "Администрация бассейна"},
			Sector: "26.51", Region: "47", Kopecks: 200_000_00, Offer: 190_000_00, Place: int64(i + 1), Outcome: outcome, Comment: "Работой довольны.",
			SubmittedAt: storage.Of(r.now.AddDate(0, -2, 0)), DecidedAt: storage.Of(r.now.AddDate(0, -1, 0)),
		})
		if err != nil {
			return page, err
		}
		page.Participations = append(page.Participations, raw)
	}
	page.Next = "2"
	return page, nil
}

// gateway takes what is sent and never answers.
type gateway struct{}

func (gateway) Submit(context.Context, authority.Load) error                             { return nil }
func (gateway) Load(string, func(context.Context, string) (authority.Submission, error)) {}
func (gateway) Handle(string, func(context.Context, authority.Answer) error)             {}
func (gateway) Watch(string, func(context.Context, authority.Delivery) error)            {}

type silent struct{}

func (silent) Tell(context.Context, notice.Event) error { return nil }

type world struct {
	*webtest.World
	room   *rooms.Tenders
	office *cabinettest.Office
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.World = webtest.New(t, func(b cabinettest.Base) []api.Room {
		seal, err := paper.OpenSeal(t.Context(), paper.SealDeps{DB: b.DB, Sealer: b.Sealer, Journal: b.Journal, Log: b.Log, Name: "Пропуск", Now: b.Clock.Now})
		cabinettest.Must(t, err)
		printer, err := paper.New(paper.Deps{Seal: seal, Issuer: cabinettest.Issuer, Name: "Пропуск", Now: b.Clock.Now})
		cabinettest.Must(t, err)
		w.room, err = rooms.New(rooms.Deps{
			DB: b.DB, Directory: b.Directory, Journal: b.Journal, Files: filetest.Store(t, b.DB, b.Clock.Now), Gateway: gateway{}, Notices: silent{}, Paper: printer,
			Verifier: b.Authority.Verifier, Jobs: b.Jobs, Register: register{b.Clock.Now()}, Now: b.Clock.Now, Log: b.Log,
			Archive: func(context.Context, directory.Actor, string, string) (string, string, error) {
				return "", "", storage.ErrNotFound
			},
			Gate: func(context.Context, string) ([]string, error) { return nil, nil },
		})
		cabinettest.Must(t, err)
		return []api.Room{w.room.Room()}
	}, tender.Room())
	w.office = w.Office("Mayak", directory.Head, directory.Observer)
	cabinettest.Must(t, w.room.Bring(t.Context()))
	cabinettest.Must(t, w.room.Remember(t.Context(), w.office.ID, w.office.INN))
	w.Clock.Advance(time.Second)
	return w
}

// TestATenderIsFoundAppliedForAndChecked (rows 240–242).
func TestATenderIsFoundAppliedForAndChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Head)
	b.Open("/cabinet/tenders?q=прибор").Is(200).Says("Ничего не найдено")
	b.Open("/cabinet/tenders?price_from=x").Is(http.StatusUnprocessableEntity).Says("Введите сумму в рублях")
	b.Open("/cabinet/tenders?sector=x").Is(http.StatusBadRequest)
	p := b.Open("/cabinet/tenders?q=маяков&region=47&price_to=1+000+000").Is(200).Says("1 000 000 ₽", "Приём заявок").Follow("Ремонт маяка Осиновецкий")
	p.Is(200).Says("Только субъекты малого предпринимательства", "Задание.txt", "Администрация бассейна")
	if got := b.Open(p.Path + "/documents/1"); got.Body != "Техническое задание" {
		t.Errorf("the document: %s", got.Body)
	}
	p = p.Submit("Подать заявку").Is(200).Says("Заявка на закупку: заполнение", w.office.INN)
	p.Fill("Цена, ₽", "много").Submit("Сохранить и проверить").Is(http.StatusUnprocessableEntity).Says("Введите сумму в рублях")
	p.Fill("Страна происхождения", "RU").Submit("Сохранить и проверить").Is(http.StatusUnprocessableEntity)
	p = p.Fill("Цена, ₽", "1 200 000,50").Fill("Страна происхождения", "643").Submit("Сохранить и проверить").Is(200).Says("Что мешает подать заявку", "Цена выше начальной", "Нет согласия с условиями", "малого бизнеса")
	b.Open(p.Path+"/sign").Is(200).Says("Одна подпись заверяет заявку", "SHA-256")
	if told := b.Open(p.Path + "/progress?state=draft"); !strings.Contains(told.Body, `"over":false`) {
		t.Errorf("the progress: %s", told.Body)
	}
	p.Fill("Название шаблона", "Обычная").Submit("Сохранить шаблон").At("/cabinet/tenders/kept").Says("Шаблон сохранён", "Обычная").Submit("Удалить").Says("Шаблон удалён")
	b.Open("/cabinet/tenders/applications").Is(200).Says("Черновик")
	b.Open(p.Path).Submit("Удалить черновик").At("/cabinet/tenders/applications").Says("Черновик удалён")
	b.In("en").Open("/cabinet/tenders").Says("Applications are taken")
}

// TestHistoryResultsSearchesAndRegistrationHavePages (rows 243–246).
func TestHistoryResultsSearchesAndRegistrationHavePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Head)
	p := b.Open("/cabinet/tenders/applications?archive=true").Is(200).Says("Победа", "Проигрыш", "Работой довольны.")
	p.Follow("Поверка приборов").Is(200).Says("Отзыв заказчика", "Из истории реестра закупок")
	for _, by := range []string{"month", "sector", "customer"} {
		b.Open("/cabinet/tenders/analytics?by="+by).Is(200).Says("Побед 1 из 2, 50 %", "190 000 ₽")
	}
	b.Open("/cabinet/tenders/analytics?from=2026-02-01&to=2026-01-01").Is(http.StatusBadRequest)
	for _, path := range []string{"/cabinet/tenders/analytics/export?by=sector", "/cabinet/tenders/applications/export?archive=true"} {
		if got := b.Open(path); !strings.HasPrefix(got.Body, "PK") {
			t.Errorf("%s is no workbook", path)
		}
	}
	b.Open("/cabinet/tenders/registration").Is(200).Says("Зарегистрирована", "26000017", w.office.INN)
	kept := b.Open("/cabinet/tenders/kept")
	kept.Fill("Название поиска", "Маяки").Fill("Отрасль (ОКПД2)", "x").Submit("Сохранить поиск").Is(http.StatusUnprocessableEntity)
	kept.Fill("Название поиска", "Маяки").Fill("Отрасль (ОКПД2)", "33.14").Submit("Сохранить поиск").Says("Поиск сохранён").Follow("Маяки").Is(200).Says("Ремонт маяка Осиновецкий")
	observer := w.SignIn(w.office, directory.Observer)
	observer.Open("/cabinet/tenders").Is(200).Lacks("Сохранить поиск")
	other := w.Office("Other", directory.Head)
	w.SignIn(other, directory.Head).Open("/cabinet/tenders/applications?archive=true").Is(200).Says("Здесь будет история участия")
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
