package organisation

import (
	"bytes"
	"fmt"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/paper"
)

// legalStatusDocument answers GET /v1/organization/legal-status/document,
// «Скачать документ» (rows 279, 299): what the tab shows, as a PDF with a code that
// is verified offline. The register's own extract is ordered elsewhere.
func (o *Organisations) legalStatusDocument(c api.Call) error {
	s, _, err := o.status(c)
	if err != nil {
		return err
	}
	if o.Paper == nil || !s.Found {
		return api.Refuse("legal_status_unprinted")
	}
	v := s.statusView()
	content, _, err := o.Paper.Issue(v.document(), map[string]any{
		"type": "legal-status", "inn": v.INN, "ogrn": v.OGRN, "status": v.Status.Code, "checked_at": int64(v.CheckedAt) / 1_000_000,
	})
	if err != nil {
		return fmt.Errorf("organisation: print a legal status: %w", err)
	}
	return api.File(c, api.FileAnswer{Name: "legal-status-" + v.OGRN + ".pdf", MediaType: "application/pdf", Size: int64(len(content))}, bytes.NewReader(content))
}

func (v statusView) document() paper.Document {
	gates := make([]string, len(v.Gates))
	for i, g := range v.Gates {
		gates[i] = gateNames[g.Gate] + ": " + map[bool]string{true: "нет препятствий", false: "есть препятствия"}[g.Open]
	}
	blocks := []paper.Block{
		paper.Fields{
			{Label: "Полное наименование", Value: v.FullName},
			{Label: "ИНН", Value: v.INN},
			{Label: "ОГРН", Value: v.OGRN + ", " + v.Registered.Russian()},
			{Label: "Организационно-правовая форма", Value: v.Form.Name},
			{Label: "Статус", Value: v.Status.Name},
			{Label: "Адрес", Value: v.Address},
			{Label: "Руководитель", Value: v.Head},
			{Label: "Сведения реестра на дату", Value: v.ExtractDate.Russian()},
			{Label: "Участие", Value: strings.Join(gates, "; ")},
		},
		paper.Heading{Text: "Лицензии"}, paper.Paragraph{Text: v.licenceText()},
		paper.Heading{Text: "Ограничения и решения судов"}, paper.Paragraph{Text: v.restrictionText()},
	}
	return paper.Document{
		Title: "Правовой статус организации", Subtitle: v.Name, Number: v.OGRN, At: v.CheckedAt.Time(), Blocks: blocks,
	}
}

var gateNames = map[string]string{"procurement": "государственные закупки", "subsidies": "субсидии"}

func (v statusView) licenceText() string {
	lines := make([]string, len(v.Licences))
	for i, l := range v.Licences {
		lines[i] = "№ " + l.Number + ", с " + l.From.Russian() + ": " + strings.Join(l.Activities, ", ")
	}
	return orNone(lines)
}

func (v statusView) restrictionText() string {
	lines := make([]string, len(v.Restrictions))
	for i, r := range v.Restrictions {
		lines[i] = r.Text
	}
	return orNone(lines)
}

func orNone(lines []string) string {
	if len(lines) == 0 {
		return "Нет сведений."
	}
	return strings.Join(lines, ". ")
}
