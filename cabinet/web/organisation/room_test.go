package organisation_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/cabinet/notice/noticetest"
	rooms "propusk/cabinet/organisation"
	"propusk/cabinet/paper/papertest"
	"propusk/cabinet/web/organisation"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// register knows no organisation but those that it was given.
type register map[string]authority.Record

func (r register) Find(_ context.Context, number string) (authority.Record, error) {
	if found, known := r[number]; known {
		return found, nil
	}
	return authority.Record{}, fmt.Errorf("register: %s: %w", number, storage.ErrNotFound)
}

func newWorld(t *testing.T) *webtest.World {
	t.Helper()
	return webtest.New(t, func(b cabinettest.Base) []api.Room {
		blob, err := storage.OpenBlob("file://" + t.TempDir())
		cabinettest.Must(t, err)
		files, err := file.New(file.Deps{DB: b.DB, Blob: blob, Sealer: b.Sealer, Journal: b.Journal, Now: b.Clock.Now, Log: b.Log})
		cabinettest.Must(t, err)
		room, err := rooms.New(rooms.Deps{
			DB: b.DB, Directory: b.Directory, Journal: b.Journal, Outbox: b.Outbox, Jobs: b.Jobs, Ephemeral: b.Memory, Sealer: b.Sealer,
			Files: files, Registry: register{}, Verifier: b.Authority.Verifier, Tell: func(context.Context, notice.Event) error { return nil },
			BaseURL: cabinettest.Issuer, Paper: papertest.New(t, b.DB, b.Clock.Now),
			Power:      func(context.Context, rooms.PowerClaim) (string, error) { return "", api.Refuse("authority_missing") },
			InExchange: func(context.Context, string) (int, error) { return 0, nil },
			Now:        b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		return []api.Room{room.Room(), noticetest.New(t, b).Room()}
	}, organisation.Room())
}

var digits = regexp.MustCompile(`\b\d{6}\b`)

// code is the newest code that was sent.
func code(t *testing.T, w *webtest.World) string {
	t.Helper()
	sent, err := w.Outbox.List(t.Context(), 1)
	cabinettest.Must(t, err)
	if len(sent) == 0 {
		t.Fatal("no code was sent")
	}
	if sent[0].Code != "" {
		return sent[0].Code
	}
	return digits.FindString(sent[0].Text)
}

func TestPagesOfTheOrganisation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.Office("mayak", directory.Head, directory.Observer)
	head, observer := w.SignIn(office, directory.Head), w.SignIn(office, directory.Observer)

	t.Run("a change is in force once its code is given", func(t *testing.T) {
		page := head.Open("/cabinet/organization/blocks/contacts").Is(http.StatusOK)
		page = page.Fill("Электронная почта", "no mailbox").Fill("Фактический адрес", "Москва, Новая улица, 5").Submit("Сохранить и подтвердить").Is(http.StatusUnprocessableEntity)
		if got := page.Value("Фактический адрес"); got != "Москва, Новая улица, 5" {
			t.Errorf("the form comes back with %q", got)
		}
		page = page.Fill("Электронная почта", "office@mayak.example").Submit("Сохранить и подтвердить").Is(http.StatusOK)
		page.Says("Ждёт подтверждения", "office@mayak.example", "Москва, Новая улица, 5", "Было")
		sent := page.Submit("Код на почту").Is(http.StatusOK).Says("Отправлен:")
		sent.Fill("Код", "000000").Submit("Подтвердить").Is(http.StatusForbidden).Says("Осталось попыток").
			Fill("Код", code(t, w)).Submit("Подтвердить").At("/cabinet/organization").Says("подтверждено", "Москва, Новая улица, 5", "Действует")
	})
	t.Run("a change is cancelled", func(t *testing.T) {
		head.Open("/cabinet/organization/blocks/contacts").Fill("Сайт", "https://mayak.example").Submit("Сохранить и подтвердить").
			Submit("Отменить изменение").At("/cabinet/organization").Says("Изменение отменено")
	})
	t.Run("entries of a list are added and dropped", func(t *testing.T) {
		page := head.Open("/cabinet/organization/blocks/activities").Fill("Основной", "62.01").Fill("Дополнительные", "62.02\n63.11")
		page.Submit("Сохранить и подтвердить").Is(http.StatusOK).Says("62.02, 63.11")
		head.Open("/cabinet/organization/blocks/bank").Fill("Расчётный счёт", "123").Submit("Сохранить и подтвердить").Is(http.StatusUnprocessableEntity)
		head.Open("/cabinet/organization/blocks/nonsense").Is(http.StatusNotFound)
	})
	t.Run("who may only look is told whom to ask, and asks", func(t *testing.T) {
		page := observer.Open("/cabinet/organization").Is(http.StatusOK).Says("Нужно право", "Попросить доступ")
		page.Submit("Попросить доступ").At("/cabinet/organization").Says("Просьба отправлена")
		observer.Open("/cabinet/organization/blocks/contacts").Fill("Сайт", "https://x.example").Submit("Сохранить и подтвердить").Is(http.StatusForbidden).Says("нужно право")
	})
	t.Run("what the register does not know is said", func(t *testing.T) {
		head.Open("/cabinet/organization/legal-status").Is(http.StatusOK)
		head.In("en").Open("/cabinet/organization").Is(http.StatusOK).Says("Changes", "Contacts")
		head.In("ru")
	})
	t.Run("the closing is asked for and its code refused when wrong", func(t *testing.T) {
		page := w.SignIn(office, directory.Administrator).Open("/cabinet/organization/deactivation").Fill("Почему", "Организация ликвидируется")
		page.Submit("Код на почту").Is(http.StatusOK).Fill("Код", "000000").Submit("Закрыть кабинет").Is(http.StatusForbidden).Says("Осталось попыток")
	})
}

func TestWaysInForAnotherCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.Office("mayak", directory.Head)
	head := w.SignIn(office, directory.Head)

	head.Open("/cabinet/registrations").Fill("ИНН", "7707083893").Submit("Начать").Is(http.StatusForbidden).Says("Подтвердите личность")
	cabinettest.Must(t, w.Directory.ConfirmIdentity(t.Context(), directory.System(), office.Members[directory.Head].Person.ID, directory.Confirmation{SNILS: "11244556627", INN: "780400112238", Evidence: "акт 17"}))
	page := head.Open("/cabinet/registrations").Is(http.StatusOK).Fill("ИНН", "123").Submit("Начать").Is(http.StatusUnprocessableEntity)
	if page.Value("ИНН") != "123" {
		t.Errorf("the form comes back with %q", page.Value("ИНН"))
	}
	page = page.Fill("ИНН", "7707083893").Submit("Начать").Is(http.StatusOK).Says("Новая организация", "Сверка с реестром")
	page = page.Fill("Согласен", "yes").Submit("Сохранить")
	if page.Status != http.StatusOK && page.Status != http.StatusUnprocessableEntity {
		t.Errorf("saving answers %d", page.Status)
	}
	head.Open("/cabinet/registrations").Says("7707083893", "Черновик")

	bound := head.Open("/cabinet/registrations").Fill("ИНН организации", "7707083893").Submit("Запросить код").Is(http.StatusOK)
	bound.Says("код отправлен на её официальный контакт").Fill("Код", "123456").Submit("Подтвердить").Is(http.StatusForbidden).Says("Осталось попыток")
	stranger := w.Office("other", directory.Head)
	if at := strings.TrimPrefix(bound.Path, "/cabinet"); at != "" {
		w.SignIn(stranger, directory.Head).Open(bound.Path).Is(http.StatusNotFound)
	}
	head.Post("/cabinet/bindings", url.Values{"binding_inn": {"7707083893"}}).Is(http.StatusConflict).Says("Форма не отправлена")
}
