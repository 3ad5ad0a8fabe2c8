package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/export"
	"propusk/cabinet/notice"
	"propusk/cabinet/notice/noticetest"
	"propusk/cabinet/paper"
	"propusk/cabinet/paper/papertest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// world is a cabinet with one list of a test's own: so many rows, which can fail.
type world struct {
	*cabinettest.World
	rows    atomic.Int64        // of the list
	fail    atomic.Int64        // so many more openings of the list fail
	stop    func(row int) error // asked at each page
	files   *file.Store
	notices *notice.Notices
}

type asked struct {
	Since string `json:"since"`
}

func newWorld(t *testing.T, db *storage.DB) *world {
	t.Helper()
	w := &world{stop: func(int) error { return nil }}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		w.files = filetest.Store(t, db, b.Clock.Now)
		w.notices = noticetest.New(t, b)
		papers := papertest.New(t, db, b.Clock.Now)
		x, err := export.New(export.Deps{
			DB: db, Jobs: b.Jobs, Journal: b.Journal, Files: w.files, Notices: w.notices, Paper: papers, Kinds: []export.Kind{w.things()}, Now: b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		return []api.Room{x.Room(), w.room(export.Press{Paper: papers, Now: b.Clock.Now})}
	})
	return w
}

// room has the list's own export, which is made at once.
func (w *world) room(p export.Press) api.Room {
	return api.Room{
		Name: "things", Document: []byte(`{"paths": {"/v1/things/export": {"get": {"operationId": "exportThings", "summary": "s",
			"parameters": [{"name": "since", "in": "query", "schema": {"type": "string"}}, {"name": "format", "in": "query", "schema": {"type": "string"}}],
			"responses": {"200": {"description": "d", "content": {"application/pdf": {}, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {}}},
				"409": {"$ref": "#/components/responses/Conflict"}}}}}}`),
		Routes: []api.Route{{Method: "GET", Path: "/v1/things/export", Access: api.OrganisationToken, Scope: "requests:read", Permission: directory.RequestsRead,
			Handle: func(c api.Call) error { return p.AtOnce(c, w.things()) }}},
	}
}

func (w *world) things() export.Kind {
	return export.Kind{
		Name: "things", Title: api.FieldText{RU: "Вещи", EN: "Things"}, Scope: "requests:read", Permission: directory.RequestsRead, Parameters: []string{"since"},
		Ask: func(_ api.Call, q *api.Query) (any, error) { return asked{q.Date("since")}, nil },
		Open: func(_ context.Context, o export.Order) (export.Listing, error) {
			if w.fail.Add(-1) >= 0 {
				return export.Listing{}, errors.New("the list cannot be opened")
			}
			var a asked
			if err := json.Unmarshal(o.Ask, &a); err != nil {
				return export.Listing{}, err
			}
			return w.listing(o, a), nil
		},
	}
}

func (w *world) listing(o export.Order, a asked) export.Listing {
	all := make([]int, w.rows.Load())
	for i := range all {
		all[i] = i
	}
	read := func(page api.Page) ([]int, error) {
		rest := all[min(int(page.At), len(all)):]
		return rest[:min(page.Limit+1, len(rest))], nil
	}
	draw := func(part []int) (rows [][]any, err error) {
		for _, n := range part {
			rows = append(rows, []any{n, "=1+1 " + a.Since})
		}
		if len(part) > 0 {
			err = w.stop(part[0])
		}
		return rows, err
	}
	return export.Listing{
		Name: "things", Table: paper.Table{Title: "Вещи " + o.Lang, Columns: []paper.Column{{Title: "№", Kind: paper.Number, Width: 8}, {Title: "Слова", Width: 30}}},
		Count: func(_ context.Context, most int) (int, error) { return min(len(all), most), nil },
		Rows:  export.Pages(read, func(n int) (storage.Time, string) { return storage.Time(n + 1), fmt.Sprint(n) }, draw),
	}
}

type made struct {
	ID, Kind, Format, State, Name, Href string
	Rows, Progress, Size                int64
	Total                               int64 `json:"rows_total"`
	Cut                                 bool
	EndsAt                              time.Time `json:"ends_at"`
}

func (w *world) order(token string, body map[string]any) (m made) {
	w.T.Helper()
	w.Expect(w.Do("POST", "/v1/exports", token, body), http.StatusAccepted, "").Into(w.T, &m)
	return m
}

func (w *world) get(token, id string) (m made) {
	w.T.Helper()
	w.Expect(w.Do("GET", "/v1/exports/"+id, token, nil), http.StatusOK, "").Into(w.T, &m)
	return m
}

func things(more ...string) map[string]any {
	body := map[string]any{"kind": "things"}
	if len(more) > 0 {
		body["format"] = more[0]
	}
	return body
}

// workAll works until exports that had no turn have had theirs.
func (w *world) workAll() {
	for range 3 {
		w.Work()
		w.Clock.Advance(time.Second)
	}
}

// sheet reads the rows of a workbook, without the title.
func sheet(t *testing.T, content string) [][]string {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader([]byte(content)))
	cabinettest.Must(t, err)
	defer book.Close()
	rows, err := book.GetRows(book.GetSheetName(0))
	cabinettest.Must(t, err)
	return rows[1:]
}

func (w *world) journalled(o *cabinettest.Office) (actions []string) {
	w.T.Helper()
	cabinettest.Must(w.T, w.DB.Select(w.T.Context(), &actions, `SELECT action FROM journal WHERE organisation = $1 AND action LIKE 'export.%' ORDER BY seq`, o.ID))
	return actions
}

func TestALongListIsMadeMeanwhileAndTakenWhenReady(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		o := w.Office("Alpha", directory.Manager)
		token := w.Token(o, directory.Manager)
		w.rows.Store(2)
		short := w.Expect(w.Do("GET", "/v1/things/export?since=2026-02-03", token, nil), http.StatusOK, "")
		if rows := sheet(t, short.Text); len(rows) != 3 || rows[2][1] != "=1+1 2026-02-03" || short.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("a short list at once: %v", rows)
		}
		w.Expect(w.Do("GET", "/v1/things/export?format=csv", token, nil), http.StatusBadRequest, "parameter_invalid")
		w.Expect(w.Do("GET", "/v1/things/export?since=x", token, nil), http.StatusBadRequest, "parameter_invalid")
		w.rows.Store(2_501)
		p := w.Expect(w.Do("GET", "/v1/things/export", token, nil), http.StatusConflict, "export_long").Problem(t)
		if !strings.Contains(p.Detail, "2501") || !strings.Contains(p.Detail, "things") {
			t.Errorf("the refusal does not say how long it is and what to do: %s", p.Detail)
		}
		m := w.order(token, map[string]any{"kind": "things", "filter": map[string]string{"since": "2026-01-01"}})
		if m.State != "waiting" || m.Progress != 0 || m.Format != "xlsx" {
			t.Errorf("ordered: %+v", m)
		}
		w.Expect(w.Do("GET", "/v1/exports/"+m.ID+"/file", token, nil), http.StatusConflict, "export_not_ready")
		var seen []int64
		w.stop = func(int) error { seen = append(seen, w.get(token, m.ID).Progress); return nil }
		w.Work()
		if fmt.Sprint(seen) != "[0 19 39 59 79 99]" {
			t.Errorf("the progress went by %v", seen)
		}
		m = w.get(token, m.ID)
		if m.State != "ready" || m.Rows != 2501 || m.Total != 2501 || m.Progress != 100 || m.Cut || m.Size == 0 {
			t.Errorf("ready: %+v", m)
		}
		got := w.Expect(w.Do("GET", m.Href, token, nil), http.StatusOK, "")
		rows := sheet(t, got.Text)
		if len(rows) != 2502 || rows[1][0] != "0" || rows[2501][0] != "2,500" && rows[2501][0] != "2500" || rows[1][1] != "=1+1 2026-01-01" {
			t.Errorf("%d rows: %v … %v", len(rows), rows[:2], rows[len(rows)-1])
		}
		if name := got.Header.Get("Content-Disposition"); !strings.Contains(name, "things.xlsx") {
			t.Errorf("the file is called %s", name)
		}
		if list := w.Expect(w.Do("GET", "/v1/exports", token, nil), http.StatusOK, ""); !strings.Contains(list.Text, m.ID) {
			t.Errorf("the list lacks it: %s", list.Text)
		}
		w.Expect(w.Do("DELETE", "/v1/exports/"+m.ID, token, nil), http.StatusNoContent, "")
		w.Expect(w.Do("GET", m.Href, token, nil), http.StatusNotFound, "not_found")
		if got := fmt.Sprint(w.journalled(o)); got != "[export.ordered export.taken export.dropped]" {
			t.Errorf("the journal has %s", got)
		}
	})
}

// TestAnExportIsItsOrderersAlone: neither a colleague, nor another organisation, nor the
// same person by a token that reaches less far sees it; and who may not read the list any
// more, does not get the file.
func TestAnExportIsItsOrderersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o, other := w.Office("Alpha", directory.Manager, directory.Accountant), w.Office("Beta", directory.Manager)
	manager := o.Members[directory.Manager]
	token := w.Token(o, directory.Manager)
	w.rows.Store(3)
	m := w.order(token, things("pdf"))
	w.Work()
	if got := w.Expect(w.Do("GET", m.fileAt(), token, nil), http.StatusOK, ""); !strings.HasPrefix(got.Text, "%PDF-") {
		t.Errorf("no PDF: %.20q", got.Text)
	}
	for name, stranger := range map[string]string{
		"colleague": w.Token(o, directory.Administrator), "another organisation": w.Token(other, directory.Manager),
		"a token of less reach": cabinettest.Sign(t, cabinettest.But(w.Claims(o, manager), map[string]any{
			"authorization_details": []any{map[string]any{"type": "urn:propusk:filing", "actions": []string{"read"}}},
		})),
	} {
		for _, path := range []string{"/v1/exports/" + m.ID, m.fileAt()} {
			if got := w.Do("GET", path, stranger, nil); got.StatusCode != http.StatusNotFound {
				t.Errorf("%s: GET %s answers %d %s", name, path, got.StatusCode, got.Text)
			}
		}
		if got := w.Do("DELETE", "/v1/exports/"+m.ID, stranger, nil); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s drops it: %d", name, got.StatusCode)
		}
		if got := w.Do("GET", "/v1/exports", stranger, nil); strings.Contains(got.Text, m.ID) {
			t.Errorf("%s lists it", name)
		}
	}
	narrow := cabinettest.Sign(t, cabinettest.But(w.Claims(o, manager), map[string]any{"scope": "organization"}))
	w.Expect(w.Do("GET", m.fileAt(), narrow, nil), http.StatusForbidden, "scope_missing")
	w.Expect(w.Do("POST", "/v1/exports", narrow, things()), http.StatusForbidden, "scope_missing")
	demoted := cabinettest.Sign(t, cabinettest.But(w.Claims(o, manager), map[string]any{"permissions": []string{"members:read"}}))
	w.Expect(w.Do("GET", m.fileAt(), demoted, nil), http.StatusForbidden, "permission_missing")
	if got := w.Do("GET", "/v1/exports", demoted, nil); strings.Contains(got.Text, m.ID) {
		t.Error("the list shows what cannot be read any more")
	}
}

// TestAClientThatActsForItselfHasItsOwnExports, which no person of the organisation sees.
func TestAClientThatActsForItselfHasItsOwnExports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Manager)
	robot := cabinettest.Sign(t, w.ServiceClaims(o, directory.RequestsRead))
	w.rows.Store(1)
	m := w.order(robot, things())
	w.Work()
	w.Expect(w.Do("GET", m.fileAt(), robot, nil), http.StatusOK, "")
	w.Expect(w.Do("GET", m.fileAt(), w.Token(o, directory.Manager), nil), http.StatusNotFound, "not_found")
	w.Expect(w.Do("GET", m.fileAt(), cabinettest.Sign(t, w.ServiceClaims(o, directory.FilingsRead)), nil), http.StatusForbidden, "scope_missing")
}

func (m made) fileAt() string { return "/v1/exports/" + m.ID + "/file" }

func TestOrdersAreBoundedAndFaultsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Manager)
	token := w.Token(o, directory.Manager)
	for pointer, body := range map[string]map[string]any{
		"/kind":          {"kind": "secrets"},
		"/format":        {"kind": "things", "format": "docx"},
		"/filter/since":  {"kind": "things", "filter": map[string]string{"since": "yesterday"}},
		"/filter/secret": {"kind": "things", "filter": map[string]string{"secret": "1"}},
		"/filter/format": {"kind": "things", "filter": map[string]string{"format": "pdf"}},
	} {
		p := w.Expect(w.Do("POST", "/v1/exports", token, body), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%v: %+v", body, p.Errors)
		}
	}
	for range 3 {
		w.order(token, things())
	}
	w.Expect(w.Do("POST", "/v1/exports", token, things()), http.StatusConflict, "export_too_many")
	w.order(w.Token(o, directory.Administrator), things()) // others are not kept from theirs
	for range 6 {
		w.workAll()
		for range 3 {
			w.Do("POST", "/v1/exports", token, things())
		}
	}
	w.workAll()
	w.Expect(w.Do("POST", "/v1/exports", token, things()), http.StatusConflict, "export_too_many")
	var list struct{ Items []made }
	w.Expect(w.Do("GET", "/v1/exports", token, nil), http.StatusOK, "").Into(t, &list)
	if len(list.Items) != 20 {
		t.Errorf("%d are kept", len(list.Items))
	}
}

// TestWhatIsTooLongIsCutAndSaysSo, in the file and in its record.
func TestWhatIsTooLongIsCutAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Manager)
	token := w.Token(o, directory.Manager)
	w.rows.Store(5_001)
	m := w.order(token, things("pdf"))
	w.Work()
	if m = w.get(token, m.ID); m.State != "ready" || !m.Cut || m.Rows != 5_000 {
		t.Errorf("%+v", m)
	}
	w.rows.Store(5_000)
	m = w.order(token, things("pdf"))
	w.Work()
	if m = w.get(token, m.ID); m.Cut {
		t.Errorf("just as many as fit: %+v", m)
	}
}

// TestAKilledProcessLosesNoExport: what was being made begins anew, and what fails to the
// end says so.
func TestAKilledProcessLosesNoExport(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		o := w.Office("Alpha", directory.Manager)
		token := w.Token(o, directory.Manager)
		w.rows.Store(1_200)
		m := w.order(token, things())
		w.stop = func(row int) error {
			if row >= 500 {
				return errors.New("killed")
			}
			return nil
		}
		w.Work()
		if half := w.get(token, m.ID); half.State != "making" || half.Rows != 500 {
			t.Errorf("half made: %+v", half)
		}
		w.stop = func(int) error { return nil }
		w.Clock.Advance(time.Minute)
		w.Work()
		if m = w.get(token, m.ID); m.State != "ready" || m.Rows != 1_200 {
			t.Errorf("after another try: %+v", m)
		}
		w.fail.Store(100)
		m = w.order(token, things())
		for range 6 {
			w.Work()
			w.Clock.Advance(10 * time.Minute)
		}
		token = w.Token(o, directory.Manager)
		if m = w.get(token, m.ID); m.State != "failed" {
			t.Errorf("after every try: %+v", m)
		}
		w.Expect(w.Do("GET", m.fileAt(), token, nil), http.StatusConflict, "export_not_ready")
	})
}

// TestADroppedExportStopsAndLeavesNoFile: and one that nobody takes is forgotten.
func TestADroppedExportStopsAndLeavesNoFile(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		o := w.Office("Alpha", directory.Manager)
		token := w.Token(o, directory.Manager)
		w.rows.Store(5_000)
		m := w.order(token, things())
		last := 0
		w.stop = func(row int) error {
			if last = row; row == 500 {
				w.Expect(w.Do("DELETE", "/v1/exports/"+m.ID, token, nil), http.StatusNoContent, "")
			}
			return nil
		}
		w.Work()
		if last != 500 {
			t.Errorf("it went on to row %d", last)
		}
		w.stop = func(int) error { return nil }
		w.rows.Store(1)
		m = w.order(token, things())
		w.Work()
		w.Clock.Advance(72*time.Hour - time.Minute)
		token = w.Token(o, directory.Manager)
		w.get(token, m.ID)
		w.Clock.Advance(2 * time.Minute)
		w.Expect(w.Do("GET", "/v1/exports/"+m.ID, token, nil), http.StatusNotFound, "not_found")
		w.Clock.Advance(15 * time.Minute)
		w.Work()
		var left struct {
			Exports int64 `db:"exports"`
			Kept    int64 `db:"kept"`
		}
		cabinettest.Must(t, w.DB.Get(t.Context(), &left, `SELECT (SELECT COUNT(*) FROM exports) AS exports, (SELECT COUNT(*) FROM files WHERE loose_at = 0) AS kept`))
		if left.Exports != 0 || left.Kept != 0 {
			t.Errorf("left: %+v", left)
		}
	})
}

// TestWhatEveryWorkerDiedOfFails: its orderer does not wait for ever, and may order anew.
func TestWhatEveryWorkerDiedOfFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Manager)
	m := w.order(w.Token(o, directory.Manager), things())
	_, err := w.DB.Exec(t.Context(), `DELETE FROM jobs WHERE kind = 'export/make'`)
	cabinettest.Must(t, err)
	w.Clock.Advance(time.Hour)
	w.Work()
	if now := w.get(w.Token(o, directory.Manager), m.ID); now.State != "waiting" {
		t.Errorf("after an hour: %+v", now)
	}
	w.Clock.Advance(2 * time.Hour)
	w.Work()
	if now := w.get(w.Token(o, directory.Manager), m.ID); now.State != "failed" {
		t.Errorf("after three: %+v", now)
	}
}

// TestADamagedFileIsToldSo, not given.
func TestADamagedFileIsToldSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Manager)
	token := w.Token(o, directory.Manager)
	m := w.order(token, things())
	w.Work()
	var id string
	cabinettest.Must(t, w.DB.Get(t.Context(), &id, `SELECT file_id FROM exports WHERE id = $1`, m.ID))
	cabinettest.Must(t, w.files.Blob.Delete(t.Context(), "files/"+id[len(id)-2:]+"/"+id))
	w.Expect(w.Do("GET", m.fileAt(), token, nil), http.StatusConflict, "export_damaged")
	w.Expect(w.Do("GET", "/v1/exports/"+storage.NewID()+"/file", token, nil), http.StatusNotFound, "not_found")
	w.Expect(w.Do("GET", "/v1/exports/x", token, nil), http.StatusNotFound, "not_found")
	w.Expect(w.Do("GET", "/v1/exports?limit=1", token, nil), http.StatusBadRequest, "parameter_invalid")
	w.Expect(w.Do("GET", "/v1/exports", cabinettest.Sign(t, w.Claims(nil, o.Members[directory.Manager])), nil), http.StatusForbidden, "organization_required")
	english := w.Do("GET", "/v1/exports/"+m.ID, token, nil, "Accept-Language", "en")
	if !strings.Contains(english.Text, `"state_label":"Ready"`) {
		t.Errorf("in English: %s", english.Text)
	}
}

// TestTheRoomNeedsAllThatItStandsOn, and no list twice.
func TestTheRoomNeedsAllThatItStandsOn(t *testing.T) {
	t.Parallel()
	if _, err := export.New(export.Deps{}); err == nil {
		t.Error("a room of nothing")
	}
	w := newWorld(t, storagetest.SQLite(t))
	deps := export.Deps{
		DB: w.DB, Jobs: w.Jobs, Journal: w.Journal, Files: w.files, Notices: w.notices, Paper: papertest.New(t, w.DB, w.Clock.Now), Now: w.Clock.Now, Log: w.Log,
		Kinds: []export.Kind{w.things(), w.things()},
	}
	if _, err := export.New(deps); err == nil || !strings.Contains(err.Error(), "things") {
		t.Errorf("two lists of one name: %v", err)
	}
}
