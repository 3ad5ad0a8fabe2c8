package paper_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"

	"propusk/cabinet/paper"
	"propusk/cabinet/paper/papertest"
	"propusk/storage/storagetest"
)

var noon = time.Date(2026, 11, 22, 9, 5, 0, 0, time.UTC) // 12:05 of Moscow

func newPaper(t *testing.T) *paper.Paper {
	t.Helper()
	return papertest.New(t, storagetest.SQLite(t), func() time.Time { return noon })
}

// sample has every block, and more rows than a page takes.
func sample(rows int) paper.Document {
	table := paper.Table{Title: "Открытые счета", Columns: []paper.Column{
		{Title: "Банк"}, {Title: "Открыт", Kind: paper.Date}, {Title: "Остаток", Kind: paper.Money}, {Title: "Операций", Kind: paper.Number},
	}}
	for i := range rows {
		table.Rows = append(table.Rows, []any{fmt.Sprintf("Банк «Северный» № %d", i+1), noon, int64(123456789 + i), i})
	}
	return paper.Document{
		Title: "Справка об открытых счетах", Subtitle: "Қазақ әріптері: ӘәҒғҚқҢңӨөҰұҮүҺһІі", Number: "С-2026-000001", At: noon,
		Blocks: []paper.Block{
			paper.Fields{{"Полное наименование", "Общество с ограниченной ответственностью «Северный Маяк»"}, {"Сумма", paper.Rubles(-1234567)}},
			paper.Heading{"Раздел"}, paper.Paragraph{"Первая строка.\nВторая строка со знаком ₽ и ₸."}, table,
		},
	}
}

func printed(t *testing.T, p *paper.Paper, d paper.Document) (pdf []byte, text string) {
	t.Helper()
	pdf, err := p.PDF(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Validate(bytes.NewReader(pdf), nil); err != nil {
		t.Fatalf("pdfcpu: %v", err)
	}
	read, err := paper.ReadPDF(pdf)
	if err != nil {
		t.Fatal(err)
	}
	return pdf, read.Text
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

func TestPDFSaysWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	p := newPaper(t)
	pdf, text := printed(t, p, sample(3))
	if dir := os.Getenv("PAPER_OUT"); dir != "" {
		os.WriteFile(dir+"/sample.pdf", pdf, 0o600)
	}
	for _, want := range []string{
		"Пропуск", "Справка об открытых счетах", "№ С-2026-000001 от 22.11.2026 12:05 (МСК)", "ӘәҒғҚқҢңӨөҰұҮүҺһІі",
		"Общество с ограниченной ответственностью «Северный Маяк»", "−12 345,67 ₽", "Первая строка.Вторая строка со знаком ₽ и ₸.",
		"Банк «Северный» № 3", "1 234 567,91 ₽", "22.11.2026", "Страница 1 из 1",
	} {
		if !strings.Contains(text, squeezed(want)) {
			t.Errorf("the paper does not say %q", want)
		}
	}
}
