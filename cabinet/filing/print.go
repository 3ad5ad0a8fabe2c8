package filing

import (
	"bytes"
	"context"
	"strconv"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
)

// act answers GET /v1/filings/{id}/act: the electronic act of acceptance (row 175)
// once the body has taken the report, the confirmation of sending before (row 173).
// Its QR verifies offline: the seal signs number, control code and digest.
func (r *Filings) act(c api.Call) error {
	f, err := r.reading(c)
	if err != nil {
		return err
	}
	if f.Control == "" {
		return api.Refuse("filing_nothing_to_print")
	}
	o, err := r.Directory.Organisation(c.Ctx(), f.OrganisationID)
	if err != nil {
		return refusal(err)
	}
	document, err := r.sheet(c.Ctx(), f, o)
	if err != nil {
		return err
	}
	pdf, _, err := r.Paper.Issue(document, map[string]any{
		"typ": "filing", "num": f.Number, "ctl": f.Control, "sha": f.FileSHA256, "st": string(f.State), "org": o.INN,
	})
	if err != nil {
		return err
	}
	return api.File(c, api.FileAnswer{
		Name: "act-" + f.Number + ".pdf", MediaType: "application/pdf", Size: int64(len(pdf)), Inline: true,
	}, bytes.NewReader(pdf))
}

// sheet is what the act says. It is a document of the Russian state's exchange and
// therefore in Russian.
func (r *Filings) sheet(ctx context.Context, f Filing, o directory.Organisation) (paper.Document, error) {
	marks, err := r.marks(ctx, f.ID)
	if err != nil {
		return paper.Document{}, err
	}
	receipts, err := r.receipts(ctx, f.ID)
	if err != nil {
		return paper.Document{}, err
	}
	d := paper.Document{
		Title: "Подтверждение отправки отчёта", Subtitle: f.kind().Name.RU, Number: f.Number, At: f.SubmittedAt.Time(),
		Blocks: []paper.Block{aboutFiling(f, o), paper.Heading{Text: "Подписи"}, signaturesTable(marks)},
	}
	if len(receipts) > 0 {
		d.Blocks = append(d.Blocks, paper.Heading{Text: "Ответы органа"}, receiptsTable(receipts))
		d.At = receipts[len(receipts)-1].ReceivedAt.Time()
	}
	if f.State.Done() {
		d.Title = "Электронный акт приёмки отчёта"
	}
	return d, nil
}

func aboutFiling(f Filing, o directory.Organisation) paper.Fields {
	t := f.kind()
	p, _ := t.Period(f.Period)
	fields := paper.Fields{
		{Label: "Организация", Value: o.FullName}, {Label: "ИНН", Value: o.INN}, {Label: "КПП", Value: o.KPP},
		{Label: "Отчёт", Value: t.Name.RU}, {Label: "КНД", Value: t.KND},
		{Label: "Период", Value: p.Name.RU + " " + strconv.Itoa(f.Year)},
		{Label: "Номер корректировки", Value: strconv.Itoa(f.Correction)}, {Label: "Орган", Value: f.Office},
		{Label: "Файл", Value: f.FileName}, {Label: "SHA-256 файла", Value: f.FileSHA256},
		{Label: "Отправлен", Value: moscowTime(f.SubmittedAt)}, {Label: "Состояние", Value: f.State.Label("ru")},
		{Label: "Контрольный код", Value: f.Control}, {Label: "Регистрационный номер органа", Value: f.BodyNumber},
	}
	filled := fields[:0]
	for _, one := range fields {
		if one.Value != "" {
			filled = append(filled, one)
		}
	}
	return filled
}

func moscowTime(t storage.Time) string {
	return t.Time().In(report.Moscow).Format("02.01.2006 15:04:05") + " МСК"
}

func signaturesTable(marks []mark) paper.Table {
	table := paper.Table{Columns: []paper.Column{
		{Title: "Подписал", Width: 4}, {Title: "Сертификат", Width: 4}, {Title: "Проверка", Width: 3}, {Title: "Когда", Kind: paper.Moment, Width: 2},
	}}
	for _, m := range marks {
		table.Rows = append(table.Rows, []any{m.Signer, m.Fingerprint, m.Verdict.V.Text("ru"), m.CreatedAt})
	}
	return table
}

func receiptsTable(receipts []receipt) paper.Table {
	table := paper.Table{Columns: []paper.Column{
		{Title: "Документ", Width: 4}, {Title: "Номер", Width: 3}, {Title: "Орган", Width: 3}, {Title: "Когда", Kind: paper.Moment, Width: 2},
	}}
	for _, one := range receipts {
		table.Rows = append(table.Rows, []any{eventLabel(one.Event, "ru"), one.Number, one.Source, one.At})
	}
	return table
}
