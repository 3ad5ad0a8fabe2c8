package report

import "slices"

// Format is what a filing is made from.
type Format string

// The formats. A form and a spreadsheet become XML of ours before they are signed.
const (
	XML  Format = "xml"
	PDF  Format = "pdf"
	XLSX Format = "xlsx"
	Form Format = "form"
)

// Group puts types together in the catalogue (row 167).
type Group string

// The groups in the order in which they are shown.
const (
	Tax           Group = "tax"
	Contributions Group = "contributions"
	Bookkeeping   Group = "bookkeeping"
	Statistics    Group = "statistics"
	Refund        Group = "refund"
	Other         Group = "other"
)

// Kinds of filers, as the directory names organisations.
const (
	Legal = "legal"
	Sole  = "sole"
)

// Regime is a system of taxation, or a circumstance that makes a report due.
type Regime string

// The regimes by which somebody must file.
const (
	General    Regime = "OSNO"     // общая система
	Simplified Regime = "USN"      // упрощённая система
	Employer   Regime = "EMPLOYER" // pays people; every legal entity does
)

// Duty says who must file: a kind of filer under a regime, "" is any.
type Duty struct {
	Kind   string
	Regime Regime
}

// Due is when a report for a period must have come: a day of the month so many
// months after the period's last one, moved to the next working day.
type Due struct {
	Period      string
	Months, Day int
	Kind        string // Legal or Sole; "" is both
}

// Type is one kind of report.
type Type struct {
	// ID is the prefix of its files (R_T). It is also what a power of attorney
	// names when it is limited to a report.
	ID        string
	KND       string // код по КНД, or ОКУД where the form has no КНД
	Version   string // ВерсФорм; "" when it is not filed as XML
	Group     Group
	Name      Saying
	Recipient Saying
	Periods   []Period
	Formats   []Format
	Duties    []Duty
	Dues      []Due
	// Several may be alive for one period: letters and requests.
	Several bool
	// AmountPath is the sum that a power of attorney can bound, below Документ; ""
	// when the report asks for no money.
	AmountPath string

	schema *Element // the whole file; nil: it is filed as PDF only
	ratios []Ratio
	more   func(c *collector, body *Node, path string)
}

// Body is the name of the element that holds the report itself, "" without XML.
func (t *Type) Body() string {
	if t.schema == nil {
		return ""
	}
	children := t.schema.Children[0].Children
	return children[len(children)-1].Name
}

// Takes reports whether the type may be filed in the format.
func (t *Type) Takes(f Format) bool { return slices.Contains(t.Formats, f) }

// Period finds one of the type's periods.
func (t *Type) Period(code string) (Period, bool) {
	for _, p := range t.Periods {
		if p.Code == code {
			return p, true
		}
	}
	return Period{}, false
}

// Concerns reports whether such a filer must file it.
func (t *Type) Concerns(kind string, regimes []Regime) bool {
	for _, d := range t.Duties {
		if (d.Kind == "" || d.Kind == kind) && (d.Regime == "" || slices.Contains(regimes, d.Regime)) {
			return true
		}
	}
	return false
}

// DefaultRegimes is what a filer is taken to be under when nobody said: the
// general system; a legal entity pays people, if only its head.
func DefaultRegimes(kind string) []Regime {
	if kind == Legal {
		return []Regime{General, Employer}
	}
	return []Regime{General}
}

// Types is the catalogue, in the order in which it is shown.
func Types() []*Type { return slices.Clone(catalogue) }

// Find returns the type of a prefix.
func Find(id string) (*Type, bool) {
	for _, t := range catalogue {
		if t.ID == id {
			return t, true
		}
	}
	return nil, false
}

var (
	taxService = Saying{"Федеральная налоговая служба", "Federal Tax Service"}
	socialFund = Saying{"Социальный фонд России", "Social Fund of Russia"}
	rosstat    = Saying{"Росстат", "Rosstat"}
)

var (
	everyFormat = []Format{XML, XLSX, Form}
	attachment  = []Format{PDF}
)

// onDay is a deadline on that day of the month after each period.
func onDay(day int, periods ...string) []Due {
	dues := make([]Due, len(periods))
	for i, p := range periods {
		dues[i] = Due{Period: p, Months: 1, Day: day}
	}
	return dues
}

// catalogue is every report that can be filed. Deadlines: НК РФ, articles 174 (5),
// 289 (3, 4), 230 (2), 431 (7), 346.23 (1); 402-ФЗ, article 18 (5).
var catalogue = []*Type{
	vat(), profit(), simplified(), ndfl6(), contributions(),
	{
		ID: "EFS1", KND: "1114028", Group: Contributions, Recipient: socialFund, Periods: []Period{first, half, nine, year}, Formats: attachment,
		Name:   Saying{"ЕФС-1, раздел 2: взносы на травматизм", "ЕФС-1, section 2: contributions for accidents at work"},
		Duties: []Duty{{"", Employer}}, Dues: onDay(25, "21", "31", "33", "34"),
	},
	statement(),
	{
		ID: "STAT_P4", KND: "0606010", Group: Statistics, Recipient: rosstat, Periods: months, Formats: attachment,
		Name: Saying{"П-4: численность и заработная плата", "П-4: number and pay of employees"},
		// Who reports monthly is told by Rosstat, so the calendar does not guess.
	},
	refund(),
	{
		ID: "OTHER", KND: "", Group: Other, Recipient: taxService, Periods: append(slices.Clone(months), first, half, nine, year), Formats: attachment,
		Name: Saying{"Прочая отчётность и пояснения", "Other reports and explanations"}, Several: true,
	},
}
