package service

import (
	"context"
	"fmt"

	"propusk/cabinet/paper"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/storage"
)

// Protocol says what was submitted, when, by whom and under which right (row 202).
type Protocol struct {
	Number       string              `json:"number"`
	SubmittedAt  storage.Time        `json:"submitted_at"`
	Service      string              `json:"service"`
	Title        string              `json:"title"`
	Body         Body                `json:"body"`
	Organisation string              `json:"organisation"`
	INN          string              `json:"inn"`
	OGRN         string              `json:"ogrn"`
	Version      int64               `json:"version"`
	SHA256       string              `json:"sha256"` // of the content
	SubmittedBy  string              `json:"submitted_by"`
	Authority    directory.Authority `json:"authority"`
	Signature    *ProtocolSignature  `json:"signature,omitempty"`
	Documents    []ProtocolDocument  `json:"documents"`
	Checklist    []Listed            `json:"checklist"` // formed at submission (row 195)
}

// ProtocolSignature is whose signature the application has.
type ProtocolSignature struct {
	Owner  string `json:"owner"`
	Serial string `json:"serial"`
	Issuer string `json:"issuer"`
}

// ProtocolDocument is one attached file.
type ProtocolDocument struct {
	Document string `json:"document"`
	Title    string `json:"title"`
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
	Signed   bool   `json:"signed"` // with a signature that was verified
}

// protocol writes down a submission.
func (d *Desk) protocol(ctx context.Context, a *Application, p *prepared, r request.Request, w writer) (*Protocol, error) {
	o, err := d.Directory.Organisation(ctx, a.OrganisationID)
	if err != nil {
		return nil, err
	}
	t := &Protocol{
		Number: r.Number, SubmittedAt: r.CreatedAt, Service: a.Service, Title: p.card.Title.RU, Body: p.card.Body,
		Organisation: o.Name, INN: o.INN, OGRN: o.OGRN, Version: a.Version, SHA256: digest(p.content),
		SubmittedBy: w.name, Authority: w.authority, Documents: []ProtocolDocument{}, Checklist: p.card.checklist(a.form(), nil, "ru"),
	}
	if p.verdict != nil && p.verdict.Certificate != nil {
		t.Signature = &ProtocolSignature{p.verdict.Subject.CommonName, p.verdict.Certificate.Serial, p.verdict.Certificate.Issuer}
	}
	for _, one := range a.Documents.V {
		f := p.documents[one.File]
		t.Documents = append(t.Documents, ProtocolDocument{
			one.Document, p.card.document(one.Document).Title.RU, f.Name, f.Size, f.SHA256, p.verdicts[one.File].Accepted,
		})
	}
	return t, nil
}

// Print makes the protocol a PDF whose code can be verified offline.
func (d *Desk) Print(t *Protocol) ([]byte, error) {
	document := paper.Document{
		Title: "Протокол подачи заявки", Subtitle: t.Title, Number: t.Number, At: t.SubmittedAt.Time(),
		Blocks: []paper.Block{
			paper.Fields{
				{Label: "Заявитель", Value: t.Organisation}, {Label: "ИНН", Value: t.INN}, {Label: "ОГРН", Value: t.OGRN},
				{Label: "Орган", Value: t.Body.Name}, {Label: "Подал", Value: t.SubmittedBy}, {Label: "Основание полномочий", Value: t.grounds()},
				{Label: "Редакция заявки", Value: fmt.Sprint(t.Version)}, {Label: "SHA-256 заявления", Value: t.SHA256},
				{Label: "Подпись", Value: t.signer()},
			},
			paper.Heading{Text: "Документы"}, t.table(),
		},
	}
	if missing := t.missing(); missing != "" {
		document.Blocks = append(document.Blocks, paper.Heading{Text: "Можно представить дополнительно"}, paper.Paragraph{Text: missing})
	}
	pdf, _, err := d.Paper.Issue(document, map[string]any{
		"typ": "application", "num": t.Number, "inn": t.INN, "sha": t.SHA256, "at": t.SubmittedAt.Time().Unix(),
	})
	return pdf, err
}

func (t *Protocol) grounds() string {
	switch t.Authority.By {
	case directory.ByPower:
		return "доверенность № " + t.Authority.PowerNumber
	case directory.ByClient:
		return "доступ информационной системы организации"
	}
	return "сотрудник организации, роль: " + t.Authority.Role.Label("ru")
}

func (t *Protocol) signer() string {
	if t.Signature == nil {
		return "без подписи"
	}
	return fmt.Sprintf("квалифицированная, проверена; %s, сертификат %s", t.Signature.Owner, t.Signature.Serial)
}

func (t *Protocol) table() paper.Table {
	table := paper.Table{Columns: []paper.Column{
		{Title: "Документ", Width: 40}, {Title: "Файл", Width: 30}, {Title: "Байт", Kind: paper.Number, Width: 12}, {Title: "SHA-256", Width: 50}, {Title: "Подпись", Width: 12},
	}}
	for _, one := range t.Documents {
		signed := "нет"
		if one.Signed {
			signed = "проверена"
		}
		table.Rows = append(table.Rows, []any{one.Title, one.Name, one.Size, one.SHA256, signed})
	}
	return table
}

// missing lists what was not attached and may be.
func (t *Protocol) missing() string {
	text := ""
	for _, line := range t.Checklist {
		if line.Attached == 0 {
			text += "– " + line.Title + "\n"
		}
	}
	return text
}
