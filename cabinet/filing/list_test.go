package filing_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/filing/reporttest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

func pdfOf(tag string) reporttest.File {
	return reporttest.File{Name: "Письмо.pdf", Content: filetest.PDF(tag)}
}

type filingsPage struct {
	Filings []one
	Next    string
}

func (w *world) listed(o *office, query string) (p filingsPage) {
	w.T.Helper()
	w.Expect(w.Do("GET", "/v1/filings?"+query, w.admin(o), nil), 200, "").Into(w.T, &p)
	return p
}

// TestHistoryIsFilteredAndPaged: every filter, and pages that meet without gap or
// overlap while new filings come.
func TestHistoryIsFilteredAndPaged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		var ids []string
		for range 5 {
			ids = append([]string{w.createForm(o, map[string]string{}).ID}, ids...)
			w.Clock.Advance(time.Second)
		}
		sent := w.sent(o)
		letter := w.upload(o, pdfOf("Alpha"), "type", "OTHER", "period", "34", "year", itoa(w.year()))
		today := w.Clock.Now().Add(3 * time.Hour).Format(time.DateOnly)
		for query, want := range map[string]int{
			"": 7, "state=sent": 1, "state=draft": 6, "type=NO_NDS": 6, "type=OTHER": 1, "group=other": 1, "group=tax": 6, "group=refund": 0,
			"period=24": 6, "year=" + itoa(w.year()): 7, "year=1999": 0, "number=" + sent.Number: 1,
			"from=" + today + "&to=" + today: 7, "to=2020-01-01": 0, "state=draft&type=OTHER": 1,
		} {
			if got := w.listed(o, query); len(got.Filings) != want || got.Next != "" {
				t.Errorf("%q lists %d, want %d", query, len(got.Filings), want)
			}
		}
		all := append([]string{letter.ID, sent.ID}, ids...)
		var walked []string
		query := "limit=3"
		for {
			page := w.listed(o, query)
			for _, f := range page.Filings {
				walked = append(walked, f.ID)
			}
			if page.Next == "" {
				break
			}
			w.createForm(o, map[string]string{}) // comes before the first page
			query = "limit=3&after=" + page.Next
		}
		if strings.Join(walked, " ") != strings.Join(all, " ") {
			t.Errorf("walked %v, want %v", walked, all)
		}
		for _, wrong := range []string{"state=lost", "type=NO_SUCH", "year=x", "number=1", "after=x", "limit=0", "from=tomorrow", "secret=1"} {
			w.Expect(w.Do("GET", "/v1/filings?"+wrong, w.admin(o), nil), 400, "parameter_invalid")
		}
	})
}

// TestOperationsOfAllFilings: newest first, paged, by days.
func TestOperationsOfAllFilings(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		w.sent(o)
		w.createForm(o, map[string]string{})
		type page struct {
			Operations []struct{ Event, Label, Who string }
			Next       string
		}
		var first, second page
		w.Expect(w.Do("GET", "/v1/filings/journal?limit=2", w.admin(o), nil), 200, "").Into(t, &first)
		w.Expect(w.Do("GET", "/v1/filings/journal?limit=2&after="+first.Next, w.admin(o), nil), 200, "").Into(t, &second)
		var names []string
		for _, one := range append(first.Operations, second.Operations...) {
			names = append(names, one.Event)
			if one.Label == one.Event || !strings.HasPrefix(one.Who, "Surname") {
				t.Errorf("operation %+v", one)
			}
		}
		if got := strings.Join(names, " "); got != "created submitted signed created" || second.Next != "" {
			t.Errorf("operations are %s, next %q", got, second.Next)
		}
		var none page
		w.Expect(w.Do("GET", "/v1/filings/journal?to=2020-01-01", w.admin(o), nil), 200, "").Into(t, &none)
		if len(none.Operations) != 0 {
			t.Error("operations before there were any")
		}
	})
}

// TestHistoryIsExported as a workbook and as a PDF.
func TestHistoryIsExported(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		w.sent(o)
		for format, begins := range map[string]string{"xlsx": "PK", "pdf": "%PDF"} {
			reply := w.Expect(w.Do("GET", "/v1/filings/export?format="+format, w.admin(o), nil), 200, "")
			if !strings.HasPrefix(reply.Text, begins) || !strings.Contains(reply.Header.Get("Content-Disposition"), "."+format) {
				t.Errorf("%s: %q, %s", format, reply.Text[:8], reply.Header.Get("Content-Disposition"))
			}
		}
	})
}

// TestListsWalkAnIndex: no list of an organisation reads the whole table, whatever
// it is filtered by.
func TestListsWalkAnIndex(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	ctx := context.Background()
	fillFilings(t, db)
	const columns = `SELECT id FROM filings WHERE organisation_id = 'org7' AND `
	const tail = ` ORDER BY created_at DESC, id DESC LIMIT 51`
	for name, query := range map[string]string{
		"history":     columns + `(created_at, id) < (15000, 'z')` + tail,
		"by state":    columns + `state = 'sent' AND (created_at, id) < (15000, 'z')` + tail,
		"by type":     columns + `type = 'NO_NDS'` + tail,
		"by number":   columns + `number = 'n77'` + tail,
		"by types":    columns + `type IN ('', 'NO_NDS', 'NO_PRIB')` + tail,
		"calendar":    `SELECT id, number, type, period, year, state FROM filings WHERE organisation_id = 'org7' AND year >= 2025 AND year <= 2026 ORDER BY created_at, id`,
		"standing":    columns + `alive = 'a77' AND alive <> ''`,
		"operations":  `SELECT id FROM filing_events WHERE organisation_id = 'org7' AND at >= 0 AND at < 20000 AND (at, id) < (15000, 'z') ORDER BY at DESC, id DESC LIMIT 51`,
		"of a filing": `SELECT id FROM filing_events WHERE filing_id = 'f77' ORDER BY at, id LIMIT 1000`,
	} {
		var plan []string
		must(t, db.Select(ctx, &plan, "EXPLAIN "+query))
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") || !strings.Contains(text, "Index") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

// fillFilings adds 20 000 filings of 200 organisations, with an event each.
func fillFilings(t *testing.T, db *storage.DB) {
	t.Helper()
	ctx := context.Background()
	states := []string{"draft", "signed", "sent", "accepted", "entered"}
	for batch := range 20 {
		var rows, events []string
		for i := batch * 1000; i < (batch+1)*1000; i++ {
			rows = append(rows, fmt.Sprintf(`('f%d', 'org%d', 'n%d', '%s', '24', %d, 0, 'a%d', '%s', 'form', '', '', '{}', '', '', '', 0, '', '[]',
				0, '', FALSE, FALSE, 0, '', '{}', '', '', '', '', '', 1, %d, %d, 0)`,
				i, i%200, i, []string{"NO_NDS", "NO_PRIB", "OTHER"}[i%3], 2015+i%12, i, states[i%5], i, i))
			events = append(events, fmt.Sprintf(`('e%d', 'f%d', 'org%d', 'created', 'draft', '', '', '', '', %d)`, i, i, i%200, i))
		}
		_, err := db.Exec(ctx, `INSERT INTO filings VALUES `+strings.Join(rows, ", "))
		must(t, err)
		_, err = db.Exec(ctx, `INSERT INTO filing_events VALUES `+strings.Join(events, ", "))
		must(t, err)
	}
	for _, table := range []string{"filings", "filing_events"} {
		_, err := db.Exec(ctx, `ANALYZE `+table)
		must(t, err)
	}
}

// TestCatalogueIsShown: every type with its periods and formats, the form's fields,
// in the language asked for.
func TestCatalogueIsShown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Observer)
		token := w.Token(o, directory.Observer)
		var all struct {
			Types []struct {
				ID, Name string
				Formats  []string
				Template bool
			} `json:"report_types"`
		}
		w.Expect(w.Do("GET", "/v1/report-types", token, nil, "Accept-Language", "en"), 200, "").Into(t, &all)
		var ids []string
		for _, one := range all.Types {
			ids = append(ids, one.ID)
		}
		if got := strings.Join(ids, " "); got != "NO_NDS NO_PRIB NO_USN NO_NDFL6 NO_RASCHSV EFS1 NO_BUHOTCH STAT_P4 NO_ZAYVOZVR OTHER" {
			t.Errorf("types are %s", got)
		}
		if all.Types[0].Name != "Return of value added tax" || !all.Types[0].Template {
			t.Errorf("the first one is %+v", all.Types[0])
		}
		var single struct {
			Fields []struct{ Path, Label, Kind string }
		}
		w.Expect(w.Do("GET", "/v1/report-types/NO_USN", token, nil), 200, "").Into(t, &single)
		if len(single.Fields) < 20 || single.Fields[0].Path != "@ПоМесту" || single.Fields[0].Kind != "choice" {
			t.Errorf("fields are %+v", single.Fields)
		}
		w.Expect(w.Do("GET", "/v1/report-types/NO_SUCH", token, nil), 404, "not_found")
		w.Expect(w.Do("GET", "/v1/report-types/OTHER/template", token, nil), 404, "filing_no_template")
		w.Expect(w.Do("GET", "/v1/filings/"+storage.NewID()+"/file", token, nil), 404, "not_found")
	})
}
