package request

import (
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/paper"
)

// The most rows that one export has. Who wants more narrows the filter; a longer
// PDF nobody reads, and a longer workbook would keep a node busy for one person.
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

// collect reads a whole list, page by page, up to most rows.
func (b *Inbox) collect(ctx context.Context, organisationID string, f Filter, most int) (rows []Request, cut bool, err error) {
	page := api.Page{Limit: 500}
	for len(rows) < most {
		part, err := b.List(ctx, organisationID, f, page)
		if err != nil {
			return nil, false, err
		}
		more := len(part) > page.Limit
		part = part[:min(len(part), page.Limit)]
		rows = append(rows, part...)
		if !more {
			return rows, false, nil
		}
		page.At, page.ID = f.key(part[len(part)-1])
	}
	return rows[:most], true, nil
}

// Export writes the list that the filter chooses as XLSX or PDF, with the columns
// of row 208, or those of the history (row 214).
func (b *Inbox) Export(ctx context.Context, organisationID string, f Filter, format, lang string, history bool) (Export, error) {
	most := exportXLSX
	if format == "pdf" {
		most = exportPDF
	}
	rows, cut, err := b.collect(ctx, organisationID, f, most)
	if err != nil {
		return Export{}, err
	}
	table, err := b.table(ctx, rows, lang, history)
	if err != nil {
		return Export{}, err
	}
	e := Export{Name: "requests." + format, Cut: cut}
	if history {
		e.Name = "history." + format
	}
	if format == "xlsx" {
		e.MediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		e.Content, err = b.Paper.XLSX(table)
		return e, err
	}
	e.MediaType = "application/pdf"
	e.Content, err = b.pdf(ctx, organisationID, table, cut, lang)
	return e, err
}

func (b *Inbox) pdf(ctx context.Context, organisationID string, table paper.Table, cut bool, lang string) ([]byte, error) {
	o, err := b.Directory.Organisation(ctx, organisationID)
	if err != nil {
		return nil, err
	}
	document := paper.Document{Title: table.Title, Subtitle: o.Name + ", ИНН " + o.INN, At: b.Now()}
	table.Title = ""
	document.Blocks = []paper.Block{table}
	if cut {
		text := label{"Показаны первые %d строк. Сузьте отбор, чтобы увидеть остальные.", "The first %d rows. Narrow the filter to see the others."}
		document.Blocks = append(document.Blocks, paper.Paragraph{Text: fmt.Sprintf(text.in(lang), len(table.Rows))})
	}
	return b.Paper.PDF(document)
}

// table are the rows with the columns of the cabinet's own list.
func (b *Inbox) table(ctx context.Context, rows []Request, lang string, history bool) (paper.Table, error) {
	say := func(ru, en string) string { return label{ru, en}.in(lang) }
	if history {
		t := paper.Table{Title: say("История обращений", "History of requests"), Columns: []paper.Column{
			{Title: say("Дата и время", "Date and time"), Kind: paper.Moment, Width: 18}, {Title: say("Номер", "Number"), Width: 20},
			{Title: say("Вид", "Type"), Width: 20}, {Title: say("Статус", "Status"), Width: 16}, {Title: say("Описание", "Description"), Width: 60},
		}}
		for _, r := range rows {
			t.Rows = append(t.Rows, []any{r.CreatedAt, r.Number, r.Type.Label(lang), r.Phase.Label(lang), r.Subject})
		}
		return t, nil
	}
	t := paper.Table{Title: say("Обращения", "Requests"), Columns: []paper.Column{
		{Title: say("Номер", "Number"), Width: 20}, {Title: say("Создано", "Created"), Kind: paper.Moment, Width: 18},
		{Title: say("Вид", "Type"), Width: 20}, {Title: say("Тема", "Subject"), Width: 50}, {Title: say("Статус", "Status"), Width: 20},
		{Title: say("Ответственный", "Responsible"), Width: 28}, {Title: say("Срок исполнения", "Due"), Kind: paper.Moment, Width: 18},
	}}
	names, err := b.responsible(ctx, rows)
	if err != nil {
		return paper.Table{}, err
	}
	for _, r := range rows {
		var due any
		if r.DueAt > 0 {
			due = r.DueAt
		}
		t.Rows = append(t.Rows, []any{
			r.Number, r.CreatedAt, r.Type.Label(lang), r.Subject, r.Shown(b.now()).Label(lang), names[r.ResponsibleID], due,
		})
	}
	return t, nil
}
