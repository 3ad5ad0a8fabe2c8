package payment

import (
	"context"
	"encoding/json"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/export"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
)

// Exported are the lists of the room that can be exported: of accruals (row 224) and of
// payments (row 215).
func (p *Payments) Exported() []export.Kind { return []export.Kind{p.accrualsKind(), p.paymentsKind()} }

func (p *Payments) accrualsKind() export.Kind {
	return export.Kind{
		Name: "accruals", Title: api.FieldText{RU: "Начисления", EN: "Accruals"}, Scope: "finance:read", Permission: directory.FinanceRead, Parameters: filterNames,
		Ask: func(_ api.Call, q *api.Query) (any, error) { return p.filter(q), nil },
		Open: func(ctx context.Context, o export.Order) (export.Listing, error) {
			var f Filter
			if err := json.Unmarshal(o.Ask, &f); err != nil {
				return export.Listing{}, fmt.Errorf("payment: export: %w", err)
			}
			read := func(page api.Page) ([]Accrual, error) { return p.Accruals(ctx, o.OrganisationID, f, page) }
			draw := func(rows []Accrual) ([][]any, error) { return p.accrualRows(rows, o.Lang), nil }
			return export.Listing{
				Name: "accruals", Table: accrualsTable(o.Lang), Rows: export.Pages(read, f.key, draw),
				Count: func(ctx context.Context, most int) (int, error) {
					text, args := p.accrualsQuery(o.OrganisationID, f, api.Page{Limit: most - 1})
					return export.Counted(ctx, p.DB, text, args)
				},
			}, nil
		},
	}
}

func accrualsTable(lang string) paper.Table {
	say := func(ru, en string) string { return words{ru, en}.in(lang) }
	return paper.Table{Title: say("Начисления", "Accruals"), Columns: []paper.Column{
		{Title: say("Начислено", "Billed"), Kind: paper.Date, Width: 12}, {Title: say("Описание", "Description"), Width: 50},
		{Title: say("Тип", "Type"), Width: 14}, {Title: say("Получатель", "Payee"), Width: 30}, {Title: "УИН", Width: 26},
		{Title: say("Сумма", "Sum"), Kind: paper.Money, Width: 16}, {Title: say("К оплате", "To pay"), Kind: paper.Money, Width: 16},
		{Title: say("Оплатить до", "Due"), Kind: paper.Date, Width: 12}, {Title: say("Статус", "Status"), Width: 16},
	}}
}

func (p *Payments) accrualRows(rows []Accrual, lang string) (drawn [][]any) {
	for _, a := range rows {
		var due any
		if a.DueAt != noTerm {
			due = noon(a.DueAt)
		}
		drawn = append(drawn, []any{
			noon(a.BilledAt), a.Purpose, kindLabels[a.Kind].in(lang), a.Payee, a.UIN, a.Amount, a.Left(), due, accrualLabels[a.shown(p.today())].in(lang),
		})
	}
	return drawn
}

// noon is a moment of the day that is the same day in Moscow.
func noon(day storage.Time) storage.Time { return day.Add(9 * 3600 * 1e9) }
