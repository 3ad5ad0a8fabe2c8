package payment

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"propusk/cabinet/api"
	"propusk/cabinet/export"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
)

// historyNames are the parameters of the history of payments and of its export.
var historyNames = []string{"status", "method", "since", "before", "sum_from", "sum_to"}

// history reads which payments are asked for (row 215).
func history(q *api.Query) History {
	h := History{
		Status: Status(q.Text("status", func(s string) bool { return slices.Contains(Statuses(), Status(s)) })),
		Method: Method(q.Text("method", func(s string) bool { return slices.Contains(Methods(), Method(s)) })),
		Since:  q.Time("since"), Before: q.Time("before"),
		SumFrom: q.Number("sum_from", 0, maxSum, 0), SumTo: q.Number("sum_to", 0, maxSum, 0),
	}
	if h.SumTo != 0 && h.SumTo < h.SumFrom {
		q.Fault("sum_to", "out_of_range")
	}
	return h
}

func (h History) key(pay Payment) (storage.Time, string) { return pay.CreatedAt, pay.ID }

func (p *Payments) paymentsKind() export.Kind {
	return export.Kind{
		Name: "payments", Title: api.FieldText{RU: "История платежей", EN: "History of payments"}, Scope: "finance:read", Permission: directory.FinanceRead, Parameters: historyNames,
		Ask: func(_ api.Call, q *api.Query) (any, error) { return history(q), nil },
		Open: func(ctx context.Context, o export.Order) (export.Listing, error) {
			var h History
			if err := json.Unmarshal(o.Ask, &h); err != nil {
				return export.Listing{}, fmt.Errorf("payment: export: %w", err)
			}
			read := func(page api.Page) ([]Payment, error) { return p.List(ctx, o.OrganisationID, h, page) }
			draw := func(rows []Payment) ([][]any, error) { return paymentRows(rows, o.Lang), nil }
			return export.Listing{
				Name: "payments", Table: paymentsTable(o.Lang), Rows: export.Pages(read, h.key, draw),
				Count: func(ctx context.Context, most int) (int, error) {
					text, args := h.query(o.OrganisationID, api.Page{Limit: most - 1})
					return export.Counted(ctx, p.DB, text, args)
				},
			}, nil
		},
	}
}

func paymentsTable(lang string) paper.Table {
	say := func(ru, en string) string { return words{ru, en}.in(lang) }
	return paper.Table{Title: say("История платежей", "History of payments"), Columns: []paper.Column{
		{Title: say("Дата и время", "Date and time"), Kind: paper.Moment, Width: 18}, {Title: say("Номер", "Number"), Width: 10},
		{Title: say("Способ", "Method"), Width: 24}, {Title: say("Статус", "Status"), Width: 18}, {Title: say("Сумма", "Sum"), Kind: paper.Money, Width: 16},
		{Title: say("Описание", "Description"), Width: 60}, {Title: say("Оплачен", "Paid"), Kind: paper.Moment, Width: 18},
	}}
}

func paymentRows(rows []Payment, lang string) (drawn [][]any) {
	for _, pay := range rows {
		i := newPaymentItem(pay, lang)
		var paid any
		if i.PaidAt != 0 {
			paid = i.PaidAt
		}
		drawn = append(drawn, []any{i.CreatedAt, fmt.Sprint(i.Number), i.MethodLabel, i.StatusLabel, i.Amount, i.Description, paid})
	}
	return drawn
}
