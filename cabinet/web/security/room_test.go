package security_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	rooms "propusk/cabinet/access"
	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/web/security"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/storage"
)

// book keeps accesses as the issuer would.
type book struct {
	mutex sync.Mutex
	open  []rooms.Access
	of    map[string]string // organisation by access
}

func (b *book) List(_ context.Context, organisationID string, f rooms.Filter) (found []rooms.Access, err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, a := range b.open {
		if b.of[a.ID] == organisationID && (f.PersonID == "" || a.PersonID == f.PersonID) {
			found = append(found, a)
		}
	}
	return found, nil
}

func (b *book) End(_ context.Context, organisationID, id string) (string, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	at := slices.IndexFunc(b.open, func(a rooms.Access) bool { return a.ID == id && b.of[id] == organisationID })
	if at < 0 {
		return "", storage.ErrNotFound
	}
	whose := b.open[at].PersonID
	b.open = slices.Delete(b.open, at, at+1)
	return whose, nil
}

func (b *book) EndOf(_ context.Context, organisationID, personID string) (n int, err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.open = slices.DeleteFunc(b.open, func(a rooms.Access) bool {
		gone := a.PersonID == personID && b.of[a.ID] == organisationID
		if gone {
			n++
		}
		return gone
	})
	return n, nil
}

type world struct {
	*webtest.World
	book   *book
	office *cabinettest.Office
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{book: &book{of: map[string]string{}}}
	w.World = webtest.New(t, func(b cabinettest.Base) []api.Room {
		desk, err := rooms.New(rooms.Deps{DB: b.DB, Directory: b.Directory, Book: w.book, Journal: b.Journal})
		cabinettest.Must(t, err)
		return []api.Room{desk.Room()}
	}, security.Room())
	w.office = w.Office("Mayak", directory.Roles()...)
	return w
}

// at is something open for a member.
func (w *world) at(o *cabinettest.Office, m directory.MemberView, change func(*rooms.Access)) {
	now := storage.Of(w.Clock.Now())
	a := rooms.Access{
		ID: storage.NewID(), PersonID: m.Person.ID, ClientID: "cabinet", ClientName: "Кабинет", UserAgent: "Firefox/130.0 Windows",
		IP: "203.0.113.9", Country: "RU", ACR: directory.ACRTwoFactors, SignedInAt: now, CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if change != nil {
		change(&a)
	}
	w.book.open = append(w.book.open, a)
	w.book.of[a.ID] = o.ID
}

// TestAPolicyIsTriedOnItsPeopleBeforeItIsSet: whom it would keep out is told, with
// what he lacks, and only who says so sets it all the same.
func TestAPolicyIsTriedOnItsPeopleBeforeItIsSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Administrator)
	p := b.Open("/cabinet/security").Is(200).Says("Правила входа", "Уровень входа", "как принято в сервисе")
	p.Fill("Пароль", "").Fill("Код из приложения", "").Fill("Код из СМС", "").Fill("Код из письма", "").Fill("Ключ доступа", "").Fill("Резервный код", "")
	told := p.Submit("Проверить, кого это затронет").Is(200).Says("Что изменится", "не вошёл бы ни один администратор")
	told.Submit("Сохранить правила").Is(200).Says("не вошёл бы ни один администратор").Lacks("Правила сохранены")
	b.Open("/cabinet/security").Fill("Без действий", "10 минут").Fill("Спрашивать ПИН-код", "yes").Submit("Сохранить правила").
		At("/cabinet/security").Says("Правила сохранены")
	again := b.Open("/cabinet/security")
	if again.Value("Без действий") != "600" || again.Value("Спрашивать ПИН-код") != "yes" {
		t.Errorf("the policy is not kept: %q, %q", again.Value("Без действий"), again.Value("Спрашивать ПИН-код"))
	}
	again.Fill("Разрешённые сети", "everywhere").Submit("Сохранить правила").Is(http.StatusUnprocessableEntity).Says("Проверьте, что введено")
}

func TestWhoMayNotChangeTheRulesSeesThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SignIn(w.office, directory.Observer).Open("/cabinet/security").Is(200).Says("Вы видите правила").Lacks("Сохранить правила")
}

func TestSessionsOfMembersAreSeenAndEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accountant := w.office.Members[directory.Accountant]
	w.at(w.office, accountant, nil)
	w.at(w.office, accountant, func(a *rooms.Access) { a.UserAgent, a.Offline, a.ClientName = "", true, "Учёт" })
	w.at(w.office, directory.MemberView{Person: w.Person("outside")}, func(a *rooms.Access) { a.ACR, a.DeviceTrusted = directory.ACRQualified, true })
	b := w.SignIn(w.office, directory.Administrator)
	p := b.Open("/cabinet/security/accesses").Is(200).Says("Firefox, Windows", "RU, 203.0.113.9", "два фактора", "Учёт", "работает и без входа",
		"По доверенности", "по сертификату", "доверенное устройство", accountant.Person.FullName())
	p.Submit("Завершить").At("/cabinet/security/accesses").Says("Сеанс завершён")
	if len(w.book.open) != 2 {
		t.Errorf("%d are open", len(w.book.open))
	}
	b.Post("/cabinet/security/accesses/"+storage.NewID()+"/end", nil).Is(http.StatusConflict) // of no page of ours
	w.SignIn(w.office, directory.Observer).Open("/cabinet/security/accesses").Lacks("Завершить", "Остановить всё")
	b.In("en").Open("/cabinet/security/accesses?member="+accountant.Member.ID).Is(200).Says("Sessions and devices", "Show everybody")
}

// TestStoppingAPersonTellsItsEffectAndClosesTheDoor: what will happen stands on the
// page before it does.
func TestStoppingAPersonTellsItsEffectAndClosesTheDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.office.Members[directory.Manager]
	w.at(w.office, m, nil)
	w.at(w.office, m, nil)
	b := w.SignIn(w.office, directory.Administrator)
	p := b.Open("/cabinet/security/accesses").Follow("Остановить всё").Is(200).Says("Завершатся 2 открытых сеанса", "отзовутся", "В других организациях")
	p.Fill("Причина", "Потерян ноутбук").Submit("Остановить всё").At("/cabinet/security/accesses").Says("Остановлено: завершено 2 сеанса")
	p = b.Open("/cabinet/security/members/"+m.Member.ID+"/stop").Says("Открытых сеансов нет", "Вернуть доступ")
	p.Fill("Закрыть доступ совсем", "yes").Submit("Остановить всё").Says("Доступ закрыт")
	b.Open("/cabinet/security/members/" + m.Member.ID + "/stop").Is(http.StatusNotFound)
	self := w.office.Members[directory.Administrator]
	b.Open("/cabinet/security/members/"+self.Member.ID+"/stop").Says("Это вы").Fill("Закрыть доступ совсем", "yes").
		Submit("Остановить всё").Is(http.StatusConflict)
	w.SignIn(w.office, directory.Observer).Open("/cabinet/security/members/" + self.Member.ID + "/stop").Submit("Остановить всё").Is(http.StatusForbidden)
}
