package request

import (
	"context"
	"encoding/json"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/export"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
)

// asks is what an export of the list is made of.
type asks struct {
	Filter  Filter
	History bool // with the columns of the history (row 214), not of the list (row 208)
}

// Exported is the list of requests, as it can be exported (row 215).
func (b *Inbox) Exported() export.Kind {
	return export.Kind{
		Name: "requests", Title: api.FieldText{RU: "Обращения", EN: "Requests"}, Scope: "requests:read", Permission: directory.RequestsRead, Parameters: append(filterNames[:len(filterNames):len(filterNames)], "view"),
		Ask: func(_ api.Call, q *api.Query) (any, error) {
			return asks{filter(q), q.OneOf("view", "list", "history") == "history"}, nil
		},
		Open: b.listing,
	}
}

func (b *Inbox) listing(ctx context.Context, o export.Order) (export.Listing, error) {
	var a asks
	if err := json.Unmarshal(o.Ask, &a); err != nil {
		return export.Listing{}, fmt.Errorf("request: export: %w", err)
	}
	l := export.Listing{Name: "requests", Table: listTable(o.Lang)}
	draw := func(rows []Request) ([][]any, error) { return b.listRows(ctx, rows, o.Lang) }
	if a.History {
		l.Name, l.Table = "history", historyTable(o.Lang)
		draw = func(rows []Request) ([][]any, error) { return historyRows(rows, o.Lang), nil }
	}
	l.Count = func(ctx context.Context, most int) (int, error) {
		text, args, some := a.Filter.query(o.OrganisationID, api.Page{Limit: most - 1})
		if !some {
			return 0, nil
		}
		return export.Counted(ctx, b.DB, text, args)
	}
	read := func(page api.Page) ([]Request, error) { return b.List(ctx, o.OrganisationID, a.Filter, page) }
	l.Rows = export.Pages(read, a.Filter.key, draw)
	return l, nil
}

func historyTable(lang string) paper.Table {
	say := func(ru, en string) string { return label{ru, en}.in(lang) }
	return paper.Table{Title: say("История обращений", "History of requests"), Columns: []paper.Column{
		{Title: say("Дата и время", "Date and time"), Kind: paper.Moment, Width: 18}, {Title: say("Номер", "Number"), Width: 20},
		{Title: say("Вид", "Type"), Width: 20}, {Title: say("Статус", "Status"), Width: 16}, {Title: say("Описание", "Description"), Width: 60},
	}}
}

func historyRows(rows []Request, lang string) (drawn [][]any) {
	for _, r := range rows {
		drawn = append(drawn, []any{r.CreatedAt, r.Number, r.Type.Label(lang), r.Phase.Label(lang), r.Subject})
	}
	return drawn
}

func listTable(lang string) paper.Table {
	say := func(ru, en string) string { return label{ru, en}.in(lang) }
	return paper.Table{Title: say("Обращения", "Requests"), Columns: []paper.Column{
		{Title: say("Номер", "Number"), Width: 20}, {Title: say("Создано", "Created"), Kind: paper.Moment, Width: 18},
		{Title: say("Вид", "Type"), Width: 20}, {Title: say("Тема", "Subject"), Width: 50}, {Title: say("Статус", "Status"), Width: 20},
		{Title: say("Ответственный", "Responsible"), Width: 28}, {Title: say("Срок исполнения", "Due"), Kind: paper.Moment, Width: 18},
	}}
}

func (b *Inbox) listRows(ctx context.Context, rows []Request, lang string) (drawn [][]any, err error) {
	names, err := b.responsible(ctx, rows)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		var due any
		if r.DueAt > 0 {
			due = r.DueAt
		}
		drawn = append(drawn, []any{
			r.Number, r.CreatedAt, r.Type.Label(lang), r.Subject, r.Shown(b.now()).Label(lang), names[r.ResponsibleID], due,
		})
	}
	return drawn, nil
}
