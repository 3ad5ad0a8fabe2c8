package filing_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/filing/reporttest"
	"propusk/idp/directory"
)

type line struct {
	Type, Due, Nominal, Status, Operation string
	Period                                struct{ Code string }
	Year, Days                            int
}

func (w *world) deadlines(o *office, query string) (lines []line) {
	w.T.Helper()
	var got struct{ Deadlines []line }
	w.Expect(w.Do("GET", "/v1/calendar?"+query, w.admin(o), nil), 200, "").Into(w.T, &got)
	return got.Deadlines
}

func kindsOf(lines []line) string {
	var names []string
	for _, l := range lines {
		names = append(names, l.Type+" "+l.Due)
	}
	return strings.Join(names, ", ")
}

// TestCalendarOfALegalEntity: April 2026, when 25 April is a Saturday.
func TestCalendarOfALegalEntity(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		w.at(2026, time.April, 20)
		got := w.deadlines(o, "from=2026-04-01&to=2026-04-30")
		want := "NO_NDS 2026-04-27, NO_PRIB 2026-04-27, NO_NDFL6 2026-04-27, NO_RASCHSV 2026-04-27, EFS1 2026-04-27"
		if kindsOf(got) != want {
			t.Errorf("calendar is %s", kindsOf(got))
		}
		if l := got[0]; l.Nominal != "2026-04-25" || l.Days != 7 || l.Status != "upcoming" || l.Year != 2026 || l.Period.Code != "21" {
			t.Errorf("the first line is %+v", l)
		}
		if year := w.deadlines(o, "from=2026-03-01&to=2026-03-31"); kindsOf(year) != "NO_PRIB 2026-03-25, NO_BUHOTCH 2026-03-31" {
			t.Errorf("March is %s", kindsOf(year))
		}
		for _, wrong := range []string{"from=2026-04-30&to=2026-04-01", "from=2020-01-01&to=2026-01-01", "from=x"} {
			w.Expect(w.Do("GET", "/v1/calendar?"+wrong, w.admin(o), nil), 400, "parameter_invalid")
		}
	})
}

// TestCalendarGoesByTheRegimes that the organisation's profile holds today, and by
// the reports it has chosen itself.
func TestCalendarGoesByTheRegimes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		w.at(2026, time.March, 2)
		w.taxes(o, directory.Taxes{
			Regimes: []directory.TaxRegime{{Code: "OSNO", Since: "2020-01-01", Until: "2024-12-31"}, {Code: "USN_INCOME", Since: "2025-01-01"}},
			Reports: []string{"NO_PRIB"},
		})
		got := kindsOf(w.deadlines(o, "from=2026-03-01&to=2026-04-30"))
		want := "NO_PRIB 2026-03-25, NO_USN 2026-03-25, NO_BUHOTCH 2026-03-31, NO_PRIB 2026-04-27, NO_NDFL6 2026-04-27, NO_RASCHSV 2026-04-27, EFS1 2026-04-27"
		if got != want {
			t.Errorf("calendar is %s", got)
		}
	})
}

// taxes sets the block of the organisation's profile.
func (w *world) taxes(o *office, taxes directory.Taxes) {
	w.T.Helper()
	_, err := w.Directory.ChangeBlock(context.Background(), directory.System(), o.ID, directory.BlockChange{Block: &taxes, How: "system"})
	must(w.T, err)
}

// TestCalendarKnowsWhatIsFiled: draft, sent, accepted; and what is late.
func TestCalendarKnowsWhatIsFiled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		year := w.Clock.Now().Year()
		from, to := itoa(year)+"-01-20", itoa(year)+"-01-31"
		status := func() string {
			for _, l := range w.deadlines(o, "from="+from+"&to="+to) {
				if l.Type == "NO_NDS" {
					return l.Status + " " + l.Operation
				}
			}
			return "missing"
		}
		if got := status(); got != "overdue " {
			t.Errorf("with nothing filed it is %q", got)
		}
		head := w.head(o)
		head.Correction = 0
		f := w.upload(o, reporttest.Good("NO_NDS", head))
		w.sign(o, f.ID)
		w.submit(o, f.ID)
		if got := status(); got != "sent "+f.Number {
			t.Errorf("sent it is %q", got)
		}
		w.body.Deliver(t)
		w.answer(f, authority.Accepted)
		if got := status(); got != "done "+f.Number {
			t.Errorf("accepted it is %q", got)
		}
	})
}

// TestRemindersComeAtTheirMarksOnce: ten, three and one days before and when it is
// late; not for what is done, and not twice however often the work is started.
func TestRemindersComeAtTheirMarksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.at(2026, time.April, 1)
		o := w.Office("Alpha")
		vat := func(kind string) (marks []string) {
			for _, id := range w.events(kind) {
				if strings.HasPrefix(id, "filing.deadline/"+o.ID+"/NO_NDS/2026-21/") {
					marks = append(marks, id[strings.LastIndex(id, "/")+1:])
				}
			}
			return marks
		}
		for _, step := range []struct {
			day  int
			want string
		}{{16, ""}, {17, "10"}, {20, "10"}, {24, "10 3"}, {26, "1 10 3"}, {27, "1 10 3"}} {
			w.at(2026, time.April, step.day)
			for range 2 {
				must(t, w.filings.Remind(context.Background()))
			}
			if got := strings.Join(vat("filing.deadline"), " "); got != step.want {
				t.Errorf("on the %dth the marks are %q, want %q", step.day, got, step.want)
			}
		}
		w.at(2026, time.April, 28)
		must(t, w.filings.Remind(context.Background()))
		if got := vat("filing.overdue"); len(got) != 1 || len(w.events("filing.overdue")) != 5 {
			t.Errorf("overdue: %v of %v", got, w.events("filing.overdue"))
		}
	})
}

// TestNobodyIsRemindedOfTheTimeBefore the cabinet, nor of what is on its way.
func TestNobodyIsRemindedOfTheTimeBefore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.at(2026, time.May, 5)
		w.Office("Alpha")
		must(t, w.filings.Remind(context.Background()))
		if ids := append(w.events("filing.overdue"), w.events("filing.deadline")...); len(ids) != 0 {
			t.Errorf("reminded of %v", ids)
		}
	})
}
