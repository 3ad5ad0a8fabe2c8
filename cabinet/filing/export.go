package filing

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/export"
	"propusk/cabinet/filing/report"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
)

// Exported is the history of filings, as it can be exported.
func (r *Filings) Exported() export.Kind {
	return export.Kind{
		Name: "filings", Title: api.FieldText{RU: "История отправок", EN: "History of filings"}, Scope: string(directory.FilingsRead), Permission: directory.FilingsRead, Parameters: filters,
		Ask: func(c api.Call, q *api.Query) (any, error) {
			f := readFilter(q)
			var err error
			f.Visible, err = r.visible(c)
			return f, err
		},
		Open: func(ctx context.Context, o export.Order) (export.Listing, error) {
			var f filter
			if err := json.Unmarshal(o.Ask, &f); err != nil {
				return export.Listing{}, fmt.Errorf("filing: export: %w", err)
			}
			read := func(page api.Page) ([]Filing, error) { return r.page(ctx, o.OrganisationID, f, page) }
			draw := func(rows []Filing) ([][]any, error) { return historyRows(rows, o.Lang), nil }
			return export.Listing{
				Name: "filings-" + r.Now().In(report.Moscow).Format(time.DateOnly), Table: historyTable(o.Lang), Rows: export.Pages(read, key, draw),
				Count: func(ctx context.Context, most int) (int, error) {
					text, args := f.query(o.OrganisationID, api.Page{Limit: most - 1})
					return export.Counted(ctx, r.DB, text, args)
				},
			}, nil
		},
	}
}

// export answers GET /v1/filings/export: the history as a workbook or a PDF.
func (r *Filings) export(c api.Call) error {
	return export.Press{Paper: r.Paper, Now: r.Now}.AtOnce(c, r.Exported())
}

func historyTable(lang string) paper.Table {
	say := func(ru, en string) string { return report.Saying{RU: ru, EN: en}.In(lang) }
	return paper.Table{Title: say("История отправок", "History of filings"), Columns: []paper.Column{
		{Title: say("Номер операции", "Operation"), Width: 20}, {Title: say("Отчёт", "Report"), Width: 32},
		{Title: say("Период", "Period"), Width: 18}, {Title: say("Корр.", "Corr."), Kind: paper.Number, Width: 7},
		{Title: say("Состояние", "State"), Width: 18}, {Title: say("Контрольный код", "Control code"), Width: 14},
		{Title: say("Отправлен", "Sent"), Kind: paper.Moment, Width: 16},
	}}
}

func historyRows(rows []Filing, lang string) (drawn [][]any) {
	for _, f := range rows {
		v := brief(f, lang)
		var sent any
		if !f.SubmittedAt.IsZero() {
			sent = f.SubmittedAt
		}
		drawn = append(drawn, []any{
			f.Number, v.TypeName, v.Period.Name + " " + strconv.Itoa(f.Year), f.Correction, v.StateLabel, f.Control, sent,
		})
	}
	return drawn
}
