package export_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice/noticetest"
	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

// told is what was told of exports, in both outcomes.
func (w *world) told() []noticetest.Event {
	w.T.Helper()
	return append(noticetest.Told(w.T, w.Base, "export.ready"), noticetest.Told(w.T, w.Base, "export.failed")...)
}

// TestOnlyAnExportThatTookAWhileIsTold: once, to its orderer alone, with its page, in both
// languages; who has it at once hears nothing, nor does a client.
func TestOnlyAnExportThatTookAWhileIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Manager, directory.Accountant)
	token := w.Token(o, directory.Manager)
	w.rows.Store(3)
	w.Expect(w.Do("GET", "/v1/things/export", token, nil), http.StatusOK, "")
	w.order(token, things())
	w.Work()
	w.order(cabinettest.Sign(t, w.ServiceClaims(o, directory.RequestsRead)), things())
	w.Clock.Advance(time.Hour)
	w.Work()
	if told := w.told(); len(told) != 0 {
		t.Fatalf("told of what nobody waited for: %+v", told)
	}
	token = w.Token(o, directory.Manager)
	m := w.order(token, things())
	w.Clock.Advance(15 * time.Second)
	for range 2 {
		w.workAll()
	}
	told := w.told()
	if len(told) != 1 {
		t.Fatalf("told %d times", len(told))
	}
	e := told[0]
	if e.Type != "export.ready" || e.Path != "/cabinet/exports/"+m.ID || e.OrganisationID != o.ID || e.Permission != string(directory.RequestsRead) ||
		e.Persons != `["`+o.Members[directory.Manager].Person.ID+`"]` {
		t.Errorf("told: %+v", e)
	}
	for _, words := range []string{"Выгрузка готова: Вещи", "An export is ready: Things"} {
		if !strings.Contains(e.Texts, words) {
			t.Errorf("%q is not among %s", words, e.Texts)
		}
	}
	if n := w.noticesOf(o.Members[directory.Manager].Person.ID); n != 1 {
		t.Errorf("the orderer has %d notices", n)
	}
	if n := w.noticesOf(o.Members[directory.Accountant].Person.ID); n != 0 {
		t.Errorf("a colleague has %d notices", n)
	}
}

func (w *world) noticesOf(person string) (n int) {
	w.T.Helper()
	cabinettest.Must(w.T, w.DB.Get(w.T.Context(), &n, `SELECT COUNT(*) FROM notices WHERE person_id = $1`, person))
	return n
}

// TestAnExportThatCannotBeMadeIsTold: also one whose every worker died, and none that was
// dropped.
func TestAnExportThatCannotBeMadeIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Manager)
	token := w.Token(o, directory.Manager)
	w.rows.Store(1)
	w.fail.Store(1000)
	broken, dropped := w.order(token, things()), w.order(token, things())
	w.Expect(w.Do("DELETE", "/v1/exports/"+dropped.ID, token, nil), http.StatusNoContent, "")
	for range 12 {
		w.Work()
		w.Clock.Advance(10 * time.Minute)
	}
	token = w.Token(o, directory.Manager)
	if state := w.get(token, broken.ID).State; state != "failed" {
		t.Fatalf("it is %s", state)
	}
	left := w.order(token, things())
	_, err := w.DB.Exec(t.Context(), `DELETE FROM jobs WHERE kind = 'export/make'`)
	cabinettest.Must(t, err)
	w.Clock.Advance(3 * time.Hour)
	for range 2 {
		w.workAll()
	}
	token = w.Token(o, directory.Manager)
	if state := w.get(token, left.ID).State; state != "failed" {
		t.Fatalf("what was left is %s", state)
	}
	told := w.told()
	if len(told) != 2 || told[0].Path != "/cabinet/exports/"+broken.ID || told[1].Path != "/cabinet/exports/"+left.ID {
		t.Fatalf("told: %+v", told)
	}
	for _, words := range []string{"Выгрузка не сформирована: Вещи", "An export could not be made: Things", "Закажите выгрузку ещё раз"} {
		if !strings.Contains(told[1].Texts, words) {
			t.Errorf("%q is not among %s", words, told[1].Texts)
		}
	}
}
