package filing

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
)

// deadlineView is one line of the calendar (row 181: контроль сроков).
type deadlineView struct {
	Type      string     `json:"type"`
	TypeName  string     `json:"type_name"`
	Period    periodView `json:"period"`
	Year      int        `json:"year"`
	Due       string     `json:"due"`     // the working day
	Nominal   string     `json:"nominal"` // the day of the law
	Days      int        `json:"days"`    // left; negative when it has passed
	Status    string     `json:"status"`  // upcoming, overdue, in_progress, sent, done
	FilingID  string     `json:"filing_id,omitempty"`
	Operation string     `json:"operation,omitempty"`
}

// The statuses of a deadline.
const (
	upcoming   = "upcoming"
	overdue    = "overdue"
	inProgress = "in_progress" // there is a draft
	waiting    = "sent"
	done       = "done"
)

// calendarSpan is how many days one request may ask for.
const calendarSpan = 800

// calendar answers GET /v1/calendar?from=&to=: what the organisation must file, from
// today to ninety days on when nothing else is asked.
func (r *Filings) calendar(c api.Call) error {
	q := c.Query("from", "to")
	today := report.Today(r.Now())
	from, to := today, today.Add(90)
	if d, ok := report.ParseDate(q.Date("from")); ok {
		from, to = d, d.Add(90)
	}
	if d, ok := report.ParseDate(q.Date("to")); ok {
		to = d
	}
	if to.Before(from) || from.Until(to) > calendarSpan {
		q.Fault("to", "out_of_range")
	}
	if err := q.Err(); err != nil {
		return err
	}
	o, duties, err := r.duties(c.Ctx(), c.Organisation(), from, to, today)
	if err != nil {
		return refusal(err)
	}
	visible, err := r.visible(c)
	if err != nil {
		return err
	}
	list := make([]deadlineView, 0, len(duties))
	for _, d := range duties {
		if seen(visible, d.Type.ID) {
			list = append(list, d.view(c.Lang(), today))
		}
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{
		"from": from.String(), "to": to.String(), "kind": o.Kind, "deadlines": list,
	})
}

// duty is a deadline with what has been filed for it.
type duty struct {
	report.Deadline
	filing *stand
}

// stand is as much of a filing as the calendar needs.
type stand struct {
	ID     string `db:"id"`
	Number string `db:"number"`
	Type   string `db:"type"`
	Period string `db:"period"`
	Year   int    `db:"year"`
	State  State  `db:"state"`
}

func (d duty) view(lang string, today report.Date) deadlineView {
	v := deadlineView{
		Type: d.Type.ID, TypeName: d.Type.Name.In(lang), Period: periodView{d.Period.Code, d.Period.Name.In(lang), d.Period.Ending},
		Year: d.Year, Due: d.Day.String(), Nominal: d.Nominal.String(), Days: today.Until(d.Day), Status: d.status(today),
	}
	if d.filing != nil {
		v.FilingID, v.Operation = d.filing.ID, d.filing.Number
	}
	return v
}

func (d duty) status(today report.Date) string {
	late := d.Day.Before(today)
	switch {
	case d.filing != nil && d.filing.State.Done():
		return done
	case d.filing != nil && (d.filing.State == Sent || d.filing.State == Delivered):
		return waiting
	case late:
		return overdue
	case d.filing != nil && d.filing.State != Refused:
		return inProgress
	}
	return upcoming
}

// duties are an organisation's deadlines between two days with what it has filed.
func (r *Filings) duties(ctx context.Context, organisationID string, from, to, today report.Date) (directory.Organisation, []duty, error) {
	p, err := r.Directory.Profile(ctx, organisationID)
	o := p.Organisation
	if err != nil {
		return o, nil, err
	}
	taxes := p.Taxes()
	deadlines := report.Deadlines(o.Kind, regimes(o.Kind, taxes, today), taxes.Reports, from, to)
	if len(deadlines) == 0 {
		return o, nil, nil
	}
	filed, err := r.filed(ctx, organisationID, from.Year()-1, to.Year())
	if err != nil {
		return o, nil, err
	}
	list := make([]duty, len(deadlines))
	for i, d := range deadlines {
		list[i] = duty{d, filed[fmt.Sprintf("%s/%s/%d", d.Type.ID, d.Period.Code, d.Year)]}
	}
	return o, list, nil
}

// regimes are those in force today by the profile, in the catalogue's words.
func regimes(kind string, taxes directory.Taxes, today report.Date) []report.Regime {
	var list []report.Regime
	for _, one := range taxes.Regimes {
		if !one.Holds(today.Start()) {
			continue
		}
		switch {
		case one.Code == "OSNO":
			list = append(list, report.General)
		case strings.HasPrefix(one.Code, "USN_"):
			list = append(list, report.Simplified)
		default:
			list = append(list, report.Regime(one.Code))
		}
	}
	if len(list) == 0 {
		return report.DefaultRegimes(kind)
	}
	if kind == report.Legal {
		list = append(list, report.Employer)
	}
	return list
}

// filed is what stands for each type, period and year: of several the one that has
// come furthest.
func (r *Filings) filed(ctx context.Context, organisationID string, first, last int) (map[string]*stand, error) {
	var rows []stand
	err := r.DB.Select(ctx, &rows, `SELECT id, number, type, period, year, state FROM filings
		WHERE organisation_id = $1 AND year >= $2 AND year <= $3 ORDER BY created_at, id`, organisationID, first, last)
	if err != nil {
		return nil, fmt.Errorf("filing: what is filed: %w", err)
	}
	best := map[string]*stand{}
	for _, row := range rows {
		key := fmt.Sprintf("%s/%s/%d", row.Type, row.Period, row.Year)
		if have := best[key]; have == nil || progress(row.State) >= progress(have.State) {
			best[key] = &row
		}
	}
	return best, nil
}

// progress orders states by how near they are to the report being taken.
func progress(s State) int {
	if s.Done() {
		return len(States())
	}
	if s == Refused {
		return -1
	}
	return slices.Index(States(), s)
}
