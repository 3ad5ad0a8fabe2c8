package tender

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

// Exported is the list of applications, as it can be exported: those under way, or the
// archive of participations (row 245).
func (t *Tenders) Exported() export.Kind {
	return export.Kind{
		Name: "tender_applications", Title: api.FieldText{RU: "Заявки на закупки", EN: "Applications for tenders"}, Scope: string(directory.TendersRead), Permission: directory.TendersRead, Parameters: []string{"state", "archive"},
		Ask:  func(c api.Call, q *api.Query) (any, error) { return chosen(q), t.mayRead(c) },
		Open: t.listing,
	}
}

func (t *Tenders) listing(ctx context.Context, o export.Order) (export.Listing, error) {
	var c Chosen
	if err := json.Unmarshal(o.Ask, &c); err != nil {
		return export.Listing{}, fmt.Errorf("tender: export: %w", err)
	}
	read := func(page api.Page) ([]Application, error) { return t.Applications(ctx, o.OrganisationID, c, page) }
	draw := func(rows []Application) ([][]any, error) { return applicationRows(rows, o.Lang), nil }
	return export.Listing{
		Name: "tender-applications", Table: applicationsTable(o.Lang), Rows: export.Pages(read, c.key, draw),
		Count: func(ctx context.Context, most int) (int, error) {
			text, args := c.query(o.OrganisationID, api.Page{Limit: most - 1})
			return export.Counted(ctx, t.DB, text, args)
		},
	}, nil
}

// exportApplications answers GET /v1/tender-applications/export.
func (t *Tenders) exportApplications(c api.Call) error {
	return export.Press{Paper: t.Paper, Now: t.Now}.AtOnce(c, t.Exported())
}

func applicationsTable(lang string) paper.Table {
	say := func(ru, en string) string { return words{ru, en}.in(lang) }
	return paper.Table{Title: say("Заявки на закупки", "Tender applications"), Columns: []paper.Column{
		{Title: say("Закупка", "Tender"), Width: 22}, {Title: say("Объект", "Object"), Width: 60}, {Title: say("Заказчик", "Customer"), Width: 40},
		{Title: say("Номер заявки", "Application"), Width: 22}, {Title: say("Подана", "Submitted"), Kind: paper.Moment, Width: 18},
		{Title: say("Начальная цена", "Initial price"), Kind: paper.Money, Width: 18}, {Title: say("Предложение", "Offer"), Kind: paper.Money, Width: 18},
		{Title: say("Место", "Place"), Kind: paper.Number, Width: 8}, {Title: say("Состояние", "State"), Width: 18},
		{Title: say("Решение", "Decided"), Kind: paper.Moment, Width: 18}, {Title: say("Отзыв заказчика", "Customer's comment"), Width: 60},
	}}
}

func applicationRows(list []Application, lang string) (drawn [][]any) {
	for _, a := range list {
		drawn = append(drawn, []any{
			a.TenderNumber, a.Object, a.CustomerName, a.Number, moment(a.SubmittedAt), a.StartPrice, a.Offer, place(a.Place), a.State.Label(lang), moment(a.DecidedAt), a.Comment,
		})
	}
	return drawn
}

func moment(at storage.Time) any {
	if at == 0 {
		return nil
	}
	return at
}

func place(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}
