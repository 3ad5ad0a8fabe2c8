package home

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type view struct {
	Date    string // "22 ноября"
	Tasks   []task
	Later   int // tasks that the page leaves out
	Filings []filingRow
	Filed   *pages.Chart // by month, of this year
	Ahead   *pages.Chart // deadlines of the months to come
	Panel   panel
	Status  *pages.Tag  // of the organisation in the register
	Lack    *pages.Lack // why there is nothing about filings
	Missing []string    // blocks of the profile, in words

	Accruals *accruals // what is to be paid
}

// panel is the organisation's own part, as the API tells it.
type panel struct {
	Name        string    `json:"name"`
	ActivatedAt time.Time `json:"activated_at"`
	Profile     struct {
		Complete int      `json:"complete"`
		Of       int      `json:"of"`
		Missing  []string `json:"missing"`
	} `json:"profile"`
	LegalStatus *struct {
		Status       string `json:"status"`
		Restrictions int    `json:"restrictions"`
		Licences     int    `json:"licences"`
	} `json:"legal_status"`
	Changes struct {
		Proposed   int `json:"proposed"`
		Moderation int `json:"moderation"`
	} `json:"changes"`
	DeactivationDueAt time.Time `json:"deactivation_due_at"`
}

// today draws the first page. A room whose right the visitor lacks is left out and
// said so; one that does not answer fails the page.
func today(v *desk.Visit) error {
	shown := view{Date: dayAndMonth(v, v.Now())}
	if err := v.Get("/organization/dashboard", nil, &shown.Panel); err != nil {
		return err
	}
	for _, name := range shown.Panel.Profile.Missing {
		shown.Missing = append(shown.Missing, v.T("home.block."+name))
	}
	shown.Status = statusTag(v, shown.Panel)
	var all []task
	all = append(all, ownTasks(v, shown.Panel)...)
	if v.May("requests:read") {
		found, err := requestTasks(v)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	if shown.Lack = v.Lack("filings:read"); shown.Lack == nil {
		found, err := shown.filings(v)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	found, err := shown.finance(v)
	if err != nil {
		return err
	}
	shown.Tasks, shown.Later = first(append(all, found...))
	return v.Page(http.StatusOK, "home_today.html", "home.place", shown)
}

func statusTag(v *desk.Visit, p panel) *pages.Tag {
	switch {
	case p.LegalStatus == nil:
		return nil
	case p.LegalStatus.Restrictions > 0:
		return &pages.Tag{Kind: "wait", Text: p.LegalStatus.Status + " · " + v.T("home.restrictions", "Count", p.LegalStatus.Restrictions)}
	}
	return &pages.Tag{Kind: "go", Text: p.LegalStatus.Status}
}

// dayAndMonth is "22 ноября" or "22 November", in Moscow.
func dayAndMonth(v *desk.Visit, at time.Time) string {
	at = at.In(desk.Moscow)
	return strconv.Itoa(at.Day()) + " " + v.T("month."+strconv.Itoa(int(at.Month())))
}

type filing struct {
	ID          string     `json:"id"`
	Number      string     `json:"number"`
	TypeName    string     `json:"type_name"`
	Period      named      `json:"period"`
	Year        int        `json:"year"`
	Correction  int        `json:"correction"`
	State       string     `json:"state"`
	StateLabel  string     `json:"state_label"`
	CreatedAt   time.Time  `json:"created_at"`
	SubmittedAt *time.Time `json:"submitted_at"`
}

type named struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

type filingRow struct {
	filing
	URL string
	Tag pages.Tag
}

// stateKinds are the colours of filings' states.
var stateKinds = map[string]string{
	"accepted": "go", "refused": "stop", "clarification": "wait", "draft": "", "checked": "wait", "signed": "wait", "sent": "info", "delivered": "info", "entered": "go",
}

// The bounds of what the first page reads of filings.
const (
	filingPages = 3
	filingPage  = "100"
	latest      = 5
)

// filings reads the year's filings and the calendar, and gives the deadlines that
// come as tasks.
func (w *view) filings(v *desk.Visit) ([]task, error) {
	now := v.Now().In(desk.Moscow)
	list, err := yearOf(v, now.Year())
	if err != nil {
		return nil, err
	}
	for _, one := range list[:min(latest, len(list))] {
		w.Filings = append(w.Filings, filingRow{one, "/cabinet/filings/" + one.ID, pages.Tag{Kind: stateKinds[one.State], Text: one.StateLabel}})
	}
	w.Filed = filedChart(v, list, now)
	deadlines, err := calendar(v, now)
	if err != nil {
		return nil, err
	}
	w.Ahead = aheadChart(v, deadlines, now)
	return deadlineTasks(v, deadlines), nil
}

// yearOf are the filings of a year, the latest first.
func yearOf(v *desk.Visit, year int) (all []filing, err error) {
	query := url.Values{"limit": {filingPage}, "from": {strconv.Itoa(year) + "-01-01"}}
	for range filingPages {
		var found struct {
			Filings []filing `json:"filings"`
			Next    string   `json:"next"`
		}
		if err := v.Get("/filings", query, &found); err != nil {
			return nil, err
		}
		all = append(all, found.Filings...)
		if found.Next == "" {
			return all, nil
		}
		query.Set("after", found.Next)
	}
	return all, nil
}
