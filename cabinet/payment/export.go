package payment

import (
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/paper"
	"propusk/storage"
)

// The most rows that one export has: a longer PDF nobody reads, and a longer workbook
// would keep a node busy for one person.
const (
	exportXLSX = 10_000
	exportPDF  = 2_000
)

// Export is a list as a file.
type Export struct {
	Name, MediaType string
	Content         []byte
	Cut             bool // there were more rows than it holds
}

// Export writes the accruals that the filter chooses as XLSX or PDF, with the columns
// of the cabinet's list (row 224).
func (p *Payments) Export(ctx context.Context, organisationID string, f Filter, format, lang string) (e Export, err error) {
	most := exportXLSX
	if format == "pdf" {
		most = exportPDF
	}
	rows, cut, err := p.collect(ctx, organisationID, f, most)
	if err != nil {
		return Export{}, err
	}
	table := p.table(rows, lang)
	e = Export{Name: "accruals." + format, Cut: cut}
	if format == "xlsx" {
		e.MediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		e.Content, err = p.Paper.XLSX(table)
		return e, err
	}
	e.MediaType = "application/pdf"
	e.Content, err = p.pdf(ctx, organisationID, table, cut, lang)
	return e, err
}

// collect reads a whole list, page by page, up to most rows.
func (p *Payments) collect(ctx context.Context, organisationID string, f Filter, most int) (rows []Accrual, cut bool, err error) {
	page := api.Page{Limit: 500}
	for len(rows) < most {
		part, err := p.Accruals(ctx, organisationID, f, page)
		if err != nil {
			return nil, false, err
		}
		more := len(part) > page.Limit
		rows = append(rows, part[:min(len(part), page.Limit)]...)
		if !more {
			return rows, false, nil
		}
		page.At, page.ID = f.key(rows[len(rows)-1])
	}
	return rows[:most], true, nil
}

func (p *Payments) pdf(ctx context.Context, organisationID string, table paper.Table, cut bool, lang string) ([]byte, error) {
	o, err := p.Directory.Organisation(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("payment: export: %w", err)
	}
	d := paper.Document{Title: table.Title, Subtitle: o.Name + ", ИНН " + o.INN, At: p.Now()}
	table.Title = ""
	d.Blocks = []paper.Block{table}
	if cut {
		text := words{"Показаны первые %d строк. Сузьте отбор, чтобы увидеть остальные.", "The first %d rows. Narrow the filter to see the others."}
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: fmt.Sprintf(text.in(lang), len(table.Rows))})
	}
	return p.Paper.PDF(d)
}

func (p *Payments) table(rows []Accrual, lang string) paper.Table {
	say := func(ru, en string) string { return words{ru, en}.in(lang) }
	t := paper.Table{Title: say("Начисления", "Accruals"), Columns: []paper.Column{
		{Title: say("Начислено", "Billed"), Kind: paper.Date, Width: 12}, {Title: say("Описание", "Description"), Width: 50},
		{Title: say("Тип", "Type"), Width: 14}, {Title: say("Получатель", "Payee"), Width: 30}, {Title: say("УИН", "УИН"), Width: 26},
		{Title: say("Сумма", "Sum"), Kind: paper.Money, Width: 16}, {Title: say("К оплате", "To pay"), Kind: paper.Money, Width: 16},
		{Title: say("Оплатить до", "Due"), Kind: paper.Date, Width: 12}, {Title: say("Статус", "Status"), Width: 16},
	}}
	for _, a := range rows {
		var due any
		if a.DueAt != noTerm {
			due = noon(a.DueAt)
		}
		t.Rows = append(t.Rows, []any{
			noon(a.BilledAt), a.Purpose, kindLabels[a.Kind].in(lang), a.Payee, a.UIN, a.Amount, a.Left(), due, accrualLabels[a.shown(p.today())].in(lang),
		})
	}
	return t
}

// noon is a moment of the day that is the same day in Moscow.
func noon(day storage.Time) storage.Time { return day.Add(9 * 3600 * 1e9) }
