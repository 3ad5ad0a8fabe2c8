package directory

import (
	"errors"
	"fmt"
	"testing"

	"propusk/storage/storagetest"
)

// Whoever repeats what he may not do does not fill the journal.
func TestRefusalsDoNotFloodTheJournal(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		refusals := func() (n int) {
			for _, action := range w.actions(w.org.ID) {
				if action == "organisation.updated refused forbidden" || action == "member.removed refused forbidden" {
					n++
				}
			}
			return n
		}
		try := func(actor Actor) {
			t.Helper()
			for range 20 {
				if _, err := w.UpdateOrganisation(w.ctx, actor, w.org.ID, OrganisationPatch{}); !errors.Is(err, ErrForbidden) {
					t.Fatal(err)
				}
			}
		}
		try(w.by(Observer))
		if n := refusals(); n != 1 {
			t.Errorf("20 equal refusals made %d entries", n)
		}
		try(w.by(Operator))
		if err := w.RemoveMember(w.ctx, w.by(Observer), w.org.ID, w.members[Head].ID, nil); !errors.Is(err, ErrForbidden) {
			t.Fatal(err)
		}
		if n := refusals(); n != 3 {
			t.Errorf("another actor and another act: %d entries, want 3", n)
		}
		w.clock.Advance(refusalWindow)
		try(w.by(Observer))
		if n := refusals(); n != 4 {
			t.Errorf("in the next window: %d entries, want 4", n)
		}
	})
}

// Many actors of one organisation are bounded together, and take no room from
// another one.
func TestRefusalsOfAnOrganisationAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	written := 0
	for i := range 3 * refusalMost {
		if w.refusals.due(refusal{organisation: "one", person: fmt.Sprint(i)}, w.time()) {
			written++
		}
	}
	if written != refusalMost {
		t.Errorf("%d were written, want %d", written, refusalMost)
	}
	if !w.refusals.due(refusal{organisation: "two", person: "1"}, w.time()) {
		t.Error("another organisation's refusal was lost")
	}
}
