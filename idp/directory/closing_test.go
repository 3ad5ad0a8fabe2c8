package directory

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/outbox"
)

func nothing(context.Context, string) error { return nil }

func TestAccountIsClosedWhenItsTimeHasCome(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m := w.members[Accountant]
		before, err := w.Person(w.ctx, m.PersonID)
		w.must(err)
		w.must(w.SetPasswordHash(w.ctx, m.PersonID, "hash"))
		due := storage.Of(w.clock.Now().Add(time.Hour))
		asked, err := w.AskClosing(w.ctx, m.PersonID, due)
		w.must(err)
		if asked != (Closing{PersonID: m.PersonID, AskedAt: storage.Of(w.clock.Now()), DueAt: due}) {
			t.Errorf("asked %+v", asked)
		}
		if again, err := w.AskClosing(w.ctx, m.PersonID, due+1); err != nil || again != asked {
			t.Errorf("asked again: %+v, %v", again, err)
		}
		if n, err := w.CloseDue(w.ctx, nothing); n != 0 || err != nil {
			t.Fatalf("closed before its time: %d, %v", n, err)
		}
		w.clock.Advance(time.Hour)
		mark := w.mark()
		var ended []string
		n, err := w.CloseDue(w.ctx, func(_ context.Context, id string) error { ended = append(ended, id); return nil })
		w.must(err)
		if n != 1 || !slices.Equal(ended, []string{m.PersonID}) {
			t.Errorf("%d closed, ended %v", n, ended)
		}
		after, err := w.Person(w.ctx, m.PersonID)
		w.must(err)
		want := Person{
			ID: before.ID, Number: before.Number, LastName: before.LastName, FirstName: before.FirstName, MiddleName: before.MiddleName,
			Locale: "ru", Status: StatusBlocked, CreatedAt: before.CreatedAt, UpdatedAt: storage.Of(w.clock.Now()),
		}
		if after != want {
			t.Errorf("left %+v\nwant %+v", after, want)
		}
		for _, table := range erased {
			var rows int
			w.must(w.db.Get(w.ctx, &rows, `SELECT COUNT(*) FROM `+table+` WHERE person_id = $1`, m.PersonID))
			if rows != 0 {
				t.Errorf("%d rows stay in %s", rows, table)
			}
		}
		if !w.revoked("person", m.PersonID) || w.below(m.PersonID, w.org.ID) != 2 {
			t.Error("live tokens go on")
		}
		if _, err := w.MemberByID(w.ctx, w.org.ID, m.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("still a member: %v", err)
		}
		told := w.since(mark)
		if !slices.ContainsFunc(told, func(m outbox.Message) bool {
			return m.To == before.Email && m.Subject == "Ваша учётная запись закрыта"
		}) {
			t.Errorf("told %+v", told)
		}
		if err := w.SetPersonStatus(w.ctx, System(), m.PersonID, StatusActive); !errors.Is(err, ErrClosed) {
			t.Errorf("opened again: %v", err)
		}
		if err := w.UndoClosing(w.ctx, m.PersonID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("undone afterwards: %v", err)
		}
	})
}

func TestClosingIsUndone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.members[Observer].PersonID
		_, err := w.AskClosing(w.ctx, id, storage.Of(w.clock.Now()))
		w.must(err)
		w.must(w.UndoClosing(w.ctx, id))
		if n, err := w.CloseDue(w.ctx, nothing); n != 0 || err != nil {
			t.Errorf("closed all the same: %d, %v", n, err)
		}
		if _, err := w.Closing(w.ctx, id); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if got := w.actions(""); !slices.Equal(got[len(got)-2:], []string{"person.closing_asked", "person.closing_undone"}) {
			t.Errorf("journal %q", got)
		}
	})
}

func TestLastAdministratorDoesNotClose(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		admin := w.members[Administrator].PersonID
		sole, err := w.SoleAdministratorOf(w.ctx, admin)
		w.must(err)
		if len(sole) != 1 || sole[0].ID != w.org.ID {
			t.Errorf("sole administrator of %+v", sole)
		}
		if _, err := w.AskClosing(w.ctx, admin, storage.Of(w.clock.Now())); !errors.Is(err, ErrLastAdministrator) {
			t.Errorf("asked: %v", err)
		}
		if _, err := w.Closing(w.ctx, admin); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a wish stands: %v", err)
		}
	})
}

// Of two administrators who both ask, the second would leave the organisation
// without one: his wish is dropped when its time has come.
func TestLastAdministratorAtTheEndStays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		first := w.members[Administrator].PersonID
		second := w.person("second")
		w.add(w.org.ID, second.ID, Administrator)
		for i, id := range []string{first, second.ID} {
			_, err := w.AskClosing(w.ctx, id, storage.Of(w.clock.Now().Add(time.Duration(i)*time.Second)))
			w.must(err)
		}
		w.clock.Advance(time.Minute)
		mark := w.mark()
		n, err := w.CloseDue(w.ctx, nothing)
		w.must(err)
		if n != 1 || w.administrators(w.org.ID) != 1 {
			t.Errorf("%d closed, %d administrators", n, w.administrators(w.org.ID))
		}
		if p, _ := w.Person(w.ctx, second.ID); p != second {
			t.Errorf("the second one lost something: %+v", p)
		}
		if !slices.ContainsFunc(w.since(mark), func(m outbox.Message) bool {
			return m.To == second.Email && m.Subject == "Учётная запись не закрыта"
		}) {
			t.Error("the second one was not told")
		}
	})
}

func TestClosingThatFailsLeavesEverything(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.members[Head].PersonID
		before, _ := w.Person(w.ctx, id)
		_, err := w.AskClosing(w.ctx, id, storage.Of(w.clock.Now()))
		w.must(err)
		broken := errors.New("broken")
		n, err := w.CloseDue(w.ctx, func(context.Context, string) error { return broken })
		if n != 0 || !errors.Is(err, broken) {
			t.Errorf("%d, %v", n, err)
		}
		if after, _ := w.Person(w.ctx, id); after != before {
			t.Errorf("left %+v", after)
		}
		if n, err := w.CloseDue(w.ctx, nothing); n != 1 || err != nil {
			t.Errorf("the next time: %d, %v", n, err)
		}
	})
}

func TestBlockedPersonAsksForNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.members[Head].PersonID
		w.must(w.SetPersonStatus(w.ctx, System(), id, StatusBlocked))
		if _, err := w.AskClosing(w.ctx, id, storage.Of(w.clock.Now())); !errors.Is(err, ErrBlocked) {
			t.Errorf("%v", err)
		}
		w.must(w.SetPersonStatus(w.ctx, System(), id, StatusActive))
	})
}

func TestPersonalDataIsTheOwnersAndHoldsNoSecret(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m := w.members[Accountant]
		w.must(w.SetPasswordHash(w.ctx, m.PersonID, "argon-hash"))
		w.must(w.SetTOTP(w.ctx, m.PersonID, []byte("seed-seed")))
		_, err := w.AskClosing(w.ctx, m.PersonID, storage.Of(w.clock.Now().Add(time.Hour)))
		w.must(err)
		w.must(w.RemoveMember(w.ctx, System(), w.org.ID, m.ID, nil))
		data, err := w.PersonalData(w.ctx, m.PersonID)
		w.must(err)
		if len(data.Memberships) != 1 || data.Memberships[0].OrganisationID != w.org.ID || data.Memberships[0].RemovedAt == 0 || data.Memberships[0].Role != Accountant {
			t.Errorf("memberships %+v", data.Memberships)
		}
		if data.ID != m.PersonID || data.PasswordSetAt == 0 || data.ClosingDueAt == 0 || data.Authenticator {
			t.Errorf("%+v", data)
		}
		text, err := json.Marshal(data)
		w.must(err)
		for _, secret := range []string{"argon-hash", "seed"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s is told: %s", secret, text)
			}
		}
		if _, err := w.PersonalData(w.ctx, "nobody"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// Who is blocked while the closing waits leaves his organisations all the same:
// a member who is no more must not count as their administrator.
func TestBlockedPersonWhoClosesLeavesHisOrganisations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		second := w.person("second")
		w.add(w.org.ID, second.ID, Administrator)
		_, err := w.AskClosing(w.ctx, second.ID, storage.Of(w.clock.Now()))
		w.must(err)
		w.must(w.SetPersonStatus(w.ctx, System(), second.ID, StatusBlocked))
		n, err := w.CloseDue(w.ctx, nothing)
		w.must(err)
		if n != 1 || w.administrators(w.org.ID) != 1 {
			t.Errorf("%d closed, %d administrators", n, w.administrators(w.org.ID))
		}
		list, _, err := w.Members(w.ctx, w.org.ID, Page{})
		w.must(err)
		if slices.ContainsFunc(list, func(m MemberView) bool { return m.Person.ID == second.ID }) {
			t.Error("the closed person is a member")
		}
	})
}
