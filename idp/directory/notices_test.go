package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/storage/storagetest"
)

// Attack: somebody in another's mailbox changes the password and adds a passkey, and
// deletes the notices. The proved phone is told too; a phone that nobody proved is not,
// and nobody earns by being told without end.
func TestAChangedWayInIsToldByPhoneToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	owner, err := w.CreatePerson(w.ctx, NewPerson{
		LastName: "Орлова", FirstName: "Анна", Email: "orlova@example.ru", EmailVerified: true, Phone: "+79161112233", PhoneVerified: true,
	})
	w.must(err)
	texts := func(mark int, to string) (list []string) {
		for _, m := range w.since(mark) {
			if m.To == to {
				list = append(list, m.Text)
			}
		}
		return list
	}
	w.must(w.SetPasswordHash(w.ctx, owner.ID, "first"))
	mark := w.mark()
	w.must(w.SetPasswordHash(w.ctx, owner.ID, "second"))
	passkey := func(n int) Passkey {
		p, err := w.AddPasskey(w.ctx, Passkey{PersonID: owner.ID, CredentialID: fmt.Sprint("credential", n), Name: "Ноутбук", Record: []byte("r")})
		w.must(err)
		return p
	}
	passkey(0)
	if got := texts(mark, owner.Phone); len(got) != 2 || !slices.Contains(got, "Добавлен ключ доступа") || strings.Contains(got[0]+got[1], "Ноутбук") {
		t.Errorf("the phone is told %q", got)
	}
	if got := texts(mark, owner.Email); len(got) != 2 {
		t.Errorf("the mailbox is told %d times", len(got))
	}
	mark = w.mark()
	for n := range 10 {
		w.must(w.RemovePasskey(w.ctx, owner.ID, passkey(n+1).ID))
	}
	if got := texts(mark, owner.Phone); len(got) != 2 { // the fourth and the fifth of this hour
		t.Errorf("an hour of changes costs %d SMS more", len(got))
	}
	w.clock.Advance(time.Hour + time.Second)
	mark = w.mark()
	passkey(20)
	if got := texts(mark, owner.Phone); len(got) != 1 {
		t.Errorf("in the next hour the phone is told %d times", len(got))
	}
	unproved, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Седов", FirstName: "Пётр", Email: "sedov@example.ru", EmailVerified: true, Phone: "+79161112244"})
	w.must(err)
	w.must(w.SetPasswordHash(w.ctx, unproved.ID, "first"))
	w.must(w.SetPasswordHash(w.ctx, unproved.ID, "second"))
	if got := texts(0, unproved.Phone); len(got) != 0 {
		t.Errorf("a phone that nobody proved is told %q", got)
	}
}
