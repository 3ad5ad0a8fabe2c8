package access_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/access"
	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

const list = "/v1/organization/accesses"

// book keeps accesses as the issuer would.
type book struct {
	mutex sync.Mutex
	open  map[string][]access.Access // by organisation, newest first
}

func (b *book) add(organisationID string, a access.Access) string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	a.ID = storage.NewID()
	b.open[organisationID] = append([]access.Access{a}, b.open[organisationID]...)
	return a.ID
}

func (b *book) List(_ context.Context, organisationID string, f access.Filter) (found []access.Access, err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, a := range b.open[organisationID] {
		older := f.Page.At == 0 || a.CreatedAt < f.Page.At || a.CreatedAt == f.Page.At && a.ID < f.Page.ID
		if older && (f.PersonID == "" || f.PersonID == a.PersonID) && len(found) <= f.Page.Limit {
			found = append(found, a)
		}
	}
	return found, nil
}

func (b *book) End(_ context.Context, organisationID, id string) (string, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, a := range b.open[organisationID] {
		if a.ID == id {
			return a.PersonID, nil
		}
	}
	return "", storage.ErrNotFound
}

func (b *book) EndOf(_ context.Context, organisationID, personID string) (n int, err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.open[organisationID] = slices.DeleteFunc(b.open[organisationID], func(a access.Access) bool {
		if a.PersonID == personID {
			n++
		}
		return a.PersonID == personID
	})
	return n, nil
}

type world struct {
	*cabinettest.World
	book *book
	room api.Room
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{book: &book{open: map[string][]access.Access{}}}
	w.World = cabinettest.New(t, storagetest.SQLite(t), func(b cabinettest.Base) []api.Room {
		desk, err := access.New(access.Deps{DB: b.DB, Directory: b.Directory, Book: w.book, Journal: b.Journal})
		cabinettest.Must(t, err)
		w.room = desk.Room()
		return []api.Room{w.room}
	})
	return w
}

// at is an access of a person, given some minutes ago.
func (w *world) at(o *cabinettest.Office, m directory.MemberView, minutes int) string {
	when := storage.Of(w.Clock.Now().Add(-time.Duration(minutes) * time.Minute))
	return w.book.add(o.ID, access.Access{
		PersonID: m.Person.ID, ClientID: "cabinet", ClientName: "Кабинет " + o.Tag, ClientNameEN: "Cabinet of " + o.Tag,
		UserAgent: "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0", IP: "203.0.113.9", Country: "RU", ACR: directory.ACRTwoFactors,
		SignedInAt: when, CreatedAt: when, UsedAt: when, ExpiresAt: storage.Of(w.Clock.Now().Add(time.Hour)),
	})
}

type accesses struct {
	Accesses []struct {
		ID     string
		Person struct {
			Name     string
			MemberID string `json:"member_id"`
		}
		Application struct{ Name string }
		Device, IP  string
		Current     bool
	}
	Next string
}

func TestAccessesAreIsolated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := map[string]string{}
	aim := func(route api.Route, o *cabinettest.Office) (string, any, []string) {
		switch route.Method + " " + route.Path {
		case "GET " + list:
			return route.Path, nil, nil
		case "DELETE " + list + "/{id}":
			if mine[o.ID] == "" {
				mine[o.ID] = w.at(o, o.Members[directory.Observer], 1)
			}
			return strings.Replace(route.Path, "{id}", mine[o.ID], 1), nil, nil
		case "DELETE /v1/organization/members/{id}/stop":
			m := w.Join(o, directory.Observer)
			cabinettest.Must(t, w.Directory.StopMember(context.Background(), directory.System(), o.ID, m.Member.ID, "",
				func(context.Context, directory.MemberView) error { return nil }))
			return strings.Replace(route.Path, "{id}", m.Member.ID, 1), nil, nil
		default:
			m := w.Join(o, directory.Observer)
			return strings.Replace(route.Path, "{id}", m.Member.ID, 1), map[string]any{}, nil
		}
	}
	cabinettest.Isolation(t, w.World, w.room, aim, nil)
}

func TestAnOrganisationSeesWhoIsAtWorkInItsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Office("Alpha", directory.Accountant)
	admin, accountant := o.Members[directory.Administrator], o.Members[directory.Accountant]
	w.at(o, accountant, 30)
	outside := w.Person("outside")
	w.at(o, directory.MemberView{Person: outside}, 20)
	newest := w.at(o, admin, 10)
	token := cabinettest.Sign(t, cabinettest.But(w.Claims(o, admin), map[string]any{"gid": newest}))

	var first, second accesses
	w.Expect(w.Do("GET", list+"?limit=2", token, nil), http.StatusOK, "").Into(t, &first)
	if len(first.Accesses) != 2 || first.Next == "" || first.Accesses[0].ID != newest || !first.Accesses[0].Current {
		t.Fatalf("the first page: %+v", first)
	}
	if a := first.Accesses[1]; a.Person.MemberID != "" || a.Person.Name != outside.FullName() || a.Current {
		t.Errorf("who acts by a power of attorney: %+v", a)
	}
	w.Expect(w.Do("GET", list+"?limit=2&after="+first.Next, token, nil, "Accept-Language", "en"), http.StatusOK, "").Into(t, &second)
	if len(second.Accesses) != 1 || second.Next != "" {
		t.Fatalf("the second page: %+v", second)
	}
	if a := second.Accesses[0]; a.Device != "Firefox, Windows" || a.Application.Name != "Cabinet of Alpha" || a.IP != "203.0.113.9" ||
		a.Person.MemberID != accountant.Member.ID {
		t.Errorf("an access: %+v", a)
	}
	var one accesses
	w.Expect(w.Do("GET", list+"?member="+accountant.Member.ID, token, nil), http.StatusOK, "").Into(t, &one)
	if len(one.Accesses) != 1 {
		t.Errorf("of one member: %+v", one)
	}
	w.Expect(w.Do("GET", list+"?member="+storage.NewID(), token, nil), http.StatusNotFound, "not_found")
	w.Expect(w.Do("GET", list+"?who=all", token, nil), http.StatusBadRequest, "parameter_invalid")
}

func TestOnlyAdministratorsEndAnAdministratorsAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Office("Alpha", directory.Head, directory.Accountant)
	id := w.at(o, o.Members[directory.Administrator], 1)
	head := w.Token(o, directory.Head)
	w.Expect(w.Do("DELETE", list+"/"+id, head, nil), http.StatusForbidden, "act_forbidden")
	other := w.at(o, o.Members[directory.Accountant], 1)
	w.Expect(w.Do("DELETE", list+"/"+other, head, nil), http.StatusNoContent, "")
	w.Expect(w.Do("DELETE", list+"/"+id, w.Token(o, directory.Administrator), nil), http.StatusNoContent, "")
	entry := w.Do("GET", "/v1/organization/journal?action=access.ended", w.Token(o, directory.Administrator), nil)
	if strings.Count(entry.Text, `"action":"access.ended"`) != 2 {
		t.Errorf("the journal: %s", entry.Text)
	}
}

type stopped struct {
	Accesses int
	Removed  bool
	Shut     bool `json:"shut_out"`
}

// TestAStopLastsUntilItIsLifted: he is shown as stopped, comes in neither by his
// membership nor by a power, and comes back with the rights that he had.
func TestAStopLastsUntilItIsLifted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Office("Alpha", directory.Manager, directory.Head)
	ctx, m := context.Background(), o.Members[directory.Manager]
	second := w.Join(o, directory.Administrator)
	admin, path := w.Token(o, directory.Administrator), "/v1/organization/members/"
	stop := func(m directory.MemberView, token string) (got stopped) {
		t.Helper()
		w.Expect(w.Do("POST", path+m.Member.ID+"/stop", token, map[string]any{}), http.StatusOK, "").Into(t, &got)
		return got
	}
	w.Expect(w.Do("DELETE", path+m.Member.ID+"/stop", admin, nil), http.StatusNotFound, "not_found")
	if got := stop(m, admin); !got.Shut {
		t.Errorf("stopped %+v", got)
	}
	if _, err := w.Directory.Membership(ctx, m.Person.ID, o.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("he comes in: %v", err)
	}
	if shown := w.Do("GET", path+m.Member.ID, admin, nil); strings.Contains(shown.Text, `"stopped_at":null`) {
		t.Errorf("shown as %s", shown.Text)
	}
	if _, err := w.Directory.Authorise(ctx, directory.Actor{PersonID: m.Person.ID}, o.ID, directory.Act{Permission: directory.FilingsRead}); !errors.Is(err, directory.ErrForbidden) {
		t.Errorf("he acts: %v", err)
	}
	w.Expect(w.Do("DELETE", path+m.Member.ID+"/stop", w.Token(o, directory.Manager), nil), http.StatusUnauthorized, "token_revoked")
	w.Expect(w.Do("DELETE", path+m.Member.ID+"/stop", admin, nil), http.StatusNoContent, "")
	if back, err := w.Directory.Membership(ctx, m.Person.ID, o.ID); err != nil || back.Role != directory.Manager {
		t.Errorf("he is back as %s: %v", back.Role, err)
	}
	// An administrator who is stopped is none: the other one is the last, and nobody else lifts it.
	stop(second, admin)
	w.Expect(w.Do("DELETE", path+second.Member.ID+"/stop", w.Token(o, directory.Head), nil), http.StatusForbidden, "act_forbidden")
	first := o.Members[directory.Administrator]
	w.Expect(w.Do("POST", path+first.Member.ID+"/stop", admin, map[string]any{"remove": true}), http.StatusConflict, "last_administrator")
	w.Expect(w.Do("DELETE", path+second.Member.ID+"/stop", admin, nil), http.StatusNoContent, "")
	if got := stop(first, admin); got.Shut {
		t.Errorf("who stops himself is shut out: %+v", got)
	}
	if _, err := w.Directory.Membership(ctx, first.Person.ID, o.ID); err != nil {
		t.Errorf("who stopped himself cannot come in: %v", err)
	}
}

func TestStoppingAMemberEndsTokensAndAccessesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Office("Alpha", directory.Manager, directory.Head)
	m := o.Members[directory.Manager]
	w.at(o, m, 5)
	w.at(o, m, 3)
	live, admin := w.Token(o, directory.Manager), w.Token(o, directory.Administrator)
	w.Expect(w.Do("GET", list, live, nil), http.StatusOK, "")

	var got stopped
	w.Expect(w.Do("POST", "/v1/organization/members/"+m.Member.ID+"/stop", admin, map[string]any{"reason": "Потерян ноутбук"}), http.StatusOK, "").Into(t, &got)
	if got.Accesses != 2 || got.Removed {
		t.Errorf("stopped: %+v", got)
	}
	w.Expect(w.Do("GET", list, live, nil), http.StatusUnauthorized, "token_revoked")
	entry := w.Do("GET", "/v1/organization/journal?action=member.stopped", admin, nil)
	if !strings.Contains(entry.Text, "Потерян ноутбук") {
		t.Errorf("the journal: %s", entry.Text)
	}
	w.Work()
	if mail := w.Sent(m.Person.Email); len(mail) == 0 || !strings.Contains(mail[0].Subject, "сеансы завершены") {
		t.Errorf("the member is not told: %+v", mail)
	}
}

func TestStoppingWithRemovalClosesTheDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Office("Alpha", directory.Manager, directory.Head)
	admin, path := w.Token(o, directory.Administrator), "/v1/organization/members/"
	m := o.Members[directory.Manager]
	w.at(o, m, 5)
	var got stopped
	w.Expect(w.Do("POST", path+m.Member.ID+"/stop", admin, map[string]any{"remove": true}), http.StatusOK, "").Into(t, &got)
	if got.Accesses != 1 || !got.Removed {
		t.Errorf("stopped: %+v", got)
	}
	w.Expect(w.Do("GET", path+m.Member.ID, admin, nil), http.StatusNotFound, "not_found")

	first := o.Members[directory.Administrator]
	w.at(o, first, 1)
	w.Expect(w.Do("POST", path+first.Member.ID+"/stop", admin, map[string]any{"remove": true}), http.StatusConflict, "last_administrator")
	var left accesses
	w.Expect(w.Do("GET", list, admin, nil), http.StatusOK, "").Into(t, &left)
	w.Expect(w.Do("POST", path+first.Member.ID+"/stop", w.Token(o, directory.Head), map[string]any{}), http.StatusForbidden, "act_forbidden")
	w.Expect(w.Do("POST", path+first.Member.ID+"/stop", admin, map[string]any{"reason": strings.Repeat("я", 301)}), http.StatusUnprocessableEntity, "validation_failed")
}

// TestAPowerIsNoWayAroundAStop: what the organisation gave the person by power of
// attorney ends with the removal, or is named when the caller may not revoke it.
func TestAPowerIsNoWayAroundAStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Office("Alpha", directory.Manager, directory.Operator)
	day := func(days int) string { return w.Clock.Now().AddDate(0, 0, days).Format(time.DateOnly) }
	empower := func(m directory.MemberView, snils string) {
		t.Helper()
		cabinettest.Must(t, w.Directory.VerifyNumbers(context.Background(), directory.System(), m.Person.ID, snils, ""))
		_, err := w.Directory.AddPower(context.Background(), directory.System(), o.ID, directory.NewPower{
			Form: directory.PowerMachine, Powers: []string{"2_FNS02"}, Status: directory.PowerActive, IssuedOn: day(-1), Until: day(30),
			Representative: directory.Representative{
				Kind: directory.RepresentsPerson, LastName: m.Person.LastName, FirstName: m.Person.FirstName, SNILS: snils,
			},
		})
		cabinettest.Must(t, err)
	}
	manager, operator := o.Members[directory.Manager], o.Members[directory.Operator]
	empower(manager, "15376847200")
	empower(operator, "08765430300")
	admin := w.Claims(o, o.Members[directory.Administrator])
	type told struct {
		Revoked []struct{ ID string } `json:"revoked_powers"`
		Left    []struct{ ID string } `json:"powers_left"`
	}
	stop := func(m directory.MemberView, claims map[string]any, body map[string]any) (got told) {
		t.Helper()
		w.Expect(w.Do("POST", "/v1/organization/members/"+m.Member.ID+"/stop", cabinettest.Sign(t, claims), body), http.StatusOK, "").Into(t, &got)
		return got
	}
	if got := stop(manager, admin, map[string]any{}); len(got.Left) != 1 || len(got.Revoked) != 0 {
		t.Errorf("without removal: %+v", got)
	}
	if r, err := w.Directory.Representation(context.Background(), manager.Person.ID, o.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("stopped, he comes in by %d powers: %v", len(r.Powers), err)
	}
	if got := stop(manager, admin, map[string]any{"remove": true}); len(got.Left) != 0 || len(got.Revoked) != 1 {
		t.Errorf("with removal: %+v", got)
	}
	less := slices.DeleteFunc(slices.Clone(o.Members[directory.Administrator].Permissions()), func(p directory.Permission) bool { return p == directory.PowersWrite })
	if got := stop(operator, cabinettest.But(admin, map[string]any{"permissions": less}), map[string]any{"remove": true}); len(got.Left) != 1 || len(got.Revoked) != 0 {
		t.Errorf("by who may not revoke: %+v", got)
	}
}

func TestARoomWithoutItsDependenciesIsNotOpened(t *testing.T) {
	t.Parallel()
	if _, err := access.New(access.Deps{}); err == nil {
		t.Error("it was")
	}
}
