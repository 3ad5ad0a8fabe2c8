package directory

import (
	"errors"
	"testing"
	"time"
)

func TestSearchFindsByWholeNumbersAndBeginningsOfNames(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		mark := w.person("search")
		_, err := w.db.Exec(w.ctx, `UPDATE persons SET last_name = 'Ёлкина-Береза', first_name = 'Мария', middle_name = 'Ильинична', inn = '500100732259', phone = '+79161234567' WHERE id = $1`, mark.ID)
		w.must(err)
		other := w.person("other")
		w.must(w.IndexWords(w.ctx))
		for query, want := range map[string]string{
			mark.Email: "email", "8 916 123-45-67": "phone", mark.Number: "number", "5001 0073 2259": "inn",
			"елкин": "name", "ЁЛКИНА мар": "name", "берез ильин": "name", "Береза М": "name",
		} {
			found, kind, err := w.SearchPeople(w.ctx, query, 20)
			if err != nil || kind != want || len(found) != 1 || found[0].ID != mark.ID {
				t.Errorf("%q: %v as %q, %v", query, found, kind, err)
			}
		}
		for _, query := range []string{"елкин петр", "лкина", "nobody@example.ru", "%ел", "ел%"} {
			if found, _, err := w.SearchPeople(w.ctx, query, 20); len(found) != 0 {
				t.Errorf("%q found %v, %v", query, found, err)
			}
		}
		for _, query := range []string{"", "М", "ил", "%%%", "' OR 1=1 --"} {
			if _, _, err := w.SearchPeople(w.ctx, query, 20); !errors.Is(err, ErrVague) {
				t.Errorf("%q: %v", query, err)
			}
		}
		// A change is found by its new name and by its old one no more.
		w.clock.Advance(2 * time.Minute)
		_, err = w.db.Exec(w.ctx, `UPDATE persons SET last_name = 'Соснова', updated_at = $1 WHERE id = $2`, w.time(), mark.ID)
		w.must(err)
		w.must(w.IndexWords(w.ctx))
		if found, _, _ := w.SearchPeople(w.ctx, "сосно", 20); len(found) != 1 {
			t.Errorf("the new name: %v", found)
		}
		if found, _, _ := w.SearchPeople(w.ctx, "елкина", 20); len(found) != 0 {
			t.Errorf("the old name: %v", found)
		}
		if found, _, _ := w.SearchPeople(w.ctx, other.LastName, 20); len(found) == 0 {
			t.Error("the other one is lost")
		}
	})
}

func TestOperatorRoles(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, q := w.person("roles"), w.person("helped")
		as := Actor{PersonID: p.ID}
		w.must(w.AppointOperator(w.ctx, System(), p.ID, OperatorSecurity, OperatorModerator, OperatorSecurity))
		if roles, err := w.OperatorOf(w.ctx, p.ID); err != nil || len(roles) != 2 || roles[0] != OperatorModerator || roles[1] != OperatorSecurity {
			t.Errorf("roles: %v, %v", roles, err)
		}
		if err := w.CheckOperator(w.ctx, as, OperatorSupport); !errors.Is(err, ErrForbidden) {
			t.Errorf("another role: %v", err)
		}
		if err := w.SetPersonStatus(w.ctx, as, q.ID, StatusBlocked); !errors.Is(err, ErrForbidden) {
			t.Errorf("security blocks a person: %v", err)
		}
		if err := w.AppointOperator(w.ctx, System(), p.ID, "root"); err == nil {
			t.Error("a role that there is none of")
		}
		w.must(w.AppointOperator(w.ctx, System(), p.ID))
		w.must(w.SetPersonStatus(Because(w.ctx, "stolen telephone"), as, q.ID, StatusBlocked))
		if err := w.SetPersonStatus(w.ctx, as, p.ID, StatusBlocked); !errors.Is(err, ErrForbidden) {
			t.Errorf("blocks himself: %v", err)
		}
		if err := w.UnlockFactors(w.ctx, Actor{PersonID: q.ID}, p.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("no operator unlocks another: %v", err)
		}
		list, err := w.Operators(w.ctx)
		if err != nil || len(list) != 1 || len(list[0].Roles()) != 3 {
			t.Errorf("operators: %v, %v", list, err)
		}
		w.must(w.SetPersonStatus(w.ctx, System(), p.ID, StatusBlocked))
		if roles, err := w.OperatorOf(w.ctx, p.ID); err != nil || len(roles) != 0 {
			t.Errorf("a blocked operator: %v, %v", roles, err)
		}
	})
}
