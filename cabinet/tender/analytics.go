package tender

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"propusk/cabinet/paper"
	"propusk/storage"
)

// maxAnalysed bounds the participations of one report. Who wants more narrows the
// period.
const maxAnalysed = 20_000

// Tally counts participations that are over.
type Tally struct {
	Key      string `json:"key"`  // "2026-11", an ОКПД2 of two digits, a customer's ИНН
	Name     string `json:"name"` // of the customer; else the key
	Applied  int    `json:"applied"`
	Won      int    `json:"won"`
	Lost     int    `json:"lost"`
	Rejected int    `json:"rejected"`
	Offered  int64  `json:"offered"` // kopecks, of all
	WonSum   int64  `json:"won_sum"` // kopecks
}

// Report is the won and lost of a period.
type Report struct {
	Total Tally
	Rows  []Tally
	Cut   bool // there were more participations than it counts
}

// participation is what a report needs of one.
type participation struct {
	State        State        `db:"state"`
	Sector       string       `db:"sector"`
	CustomerINN  string       `db:"customer_inn"`
	CustomerName string       `db:"customer_name"`
	Offer        int64        `db:"offer"`
	DecidedAt    storage.Time `db:"decided_at"`
}

// Groupings are what a report can be grouped by.
func Groupings() []string { return []string{"month", "sector", "customer"} }

// Analyse counts what was won and lost from one moment to another, grouped by month,
// sector or customer.
func (t *Tenders) Analyse(ctx context.Context, organisationID string, from, to storage.Time, by string) (r Report, err error) {
	var list []participation
	err = t.DB.Select(ctx, &list, `SELECT state, sector, customer_inn, customer_name, offer, decided_at FROM tender_applications
		WHERE organisation_id = $1 AND decided_at >= $2 AND decided_at < $3 AND decided_at > 0 ORDER BY decided_at DESC, id DESC LIMIT $4`,
		organisationID, from, to, maxAnalysed+1)
	if err != nil {
		return r, fmt.Errorf("tender: analyse: %w", err)
	}
	if r.Cut = len(list) > maxAnalysed; r.Cut {
		list = list[:maxAnalysed]
	}
	rows := map[string]*Tally{}
	for _, p := range list {
		key, name := p.group(by)
		if rows[key] == nil {
			rows[key] = &Tally{Key: key, Name: name}
		}
		for _, tally := range []*Tally{rows[key], &r.Total} {
			tally.count(p)
		}
	}
	for _, tally := range rows {
		r.Rows = append(r.Rows, *tally)
	}
	slices.SortFunc(r.Rows, func(a, b Tally) int {
		if by != "month" && a.WonSum != b.WonSum {
			return int(min(max(b.WonSum-a.WonSum, -1), 1))
		}
		return strings.Compare(a.Key, b.Key)
	})
	return r, nil
}

func (p participation) group(by string) (key, name string) {
	switch by {
	case "sector":
		return p.Sector[:2], p.Sector[:2]
	case "customer":
		return p.CustomerINN, p.CustomerName
	}
	month := p.DecidedAt.Time().In(moscow).Format("2006-01")
	return month, month
}

// count adds a participation. What never came before the commission counts for
// nothing: it was neither won nor lost.
func (t *Tally) count(p participation) {
	switch p.State {
	case Won:
		t.Won++
		t.WonSum += p.Offer
	case Lost:
		t.Lost++
	case Rejected:
		t.Rejected++
	default:
		return
	}
	t.Applied++
	t.Offered += p.Offer
}

// Share is how many of a hundred were won; 0 of none.
func (t Tally) Share() int {
	if t.Applied == 0 {
		return 0
	}
	return (t.Won*100 + t.Applied/2) / t.Applied
}

var groupTitles = map[string]words{"month": {"Месяц", "Month"}, "sector": {"Отрасль (ОКПД2)", "Sector (ОКПД2)"}, "customer": {"Заказчик", "Customer"}}

// workbook is a report as XLSX.
func (t *Tenders) workbook(r Report, by, lang string) ([]byte, error) {
	say := func(ru, en string) string { return words{ru, en}.in(lang) }
	table := paper.Table{Title: say("Участие в закупках", "Participation in tenders"), Columns: []paper.Column{
		{Title: groupTitles[by].in(lang), Width: 40}, {Title: say("Участий", "Participations"), Kind: paper.Number, Width: 12},
		{Title: say("Побед", "Won"), Kind: paper.Number, Width: 10}, {Title: say("Проигрышей", "Lost"), Kind: paper.Number, Width: 12},
		{Title: say("Отклонено", "Rejected"), Kind: paper.Number, Width: 12}, {Title: say("Побед, %", "Won, %"), Kind: paper.Number, Width: 10},
		{Title: say("Сумма предложений", "Offered"), Kind: paper.Money, Width: 20}, {Title: say("Сумма побед", "Won, sum"), Kind: paper.Money, Width: 20},
	}}
	total := r.Total
	total.Name = say("Всего", "Total")
	for _, row := range append(slices.Clone(r.Rows), total) {
		table.Rows = append(table.Rows, []any{row.Name, row.Applied, row.Won, row.Lost, row.Rejected, row.Share(), row.Offered, row.WonSum})
	}
	return t.Paper.XLSX(table)
}
