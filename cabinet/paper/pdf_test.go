package paper_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-pdf/fpdf"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"propusk/cabinet/paper"
	"propusk/cabinet/paper/papertest"
	"propusk/storage/storagetest"
)

var noon = time.Date(2026, 11, 22, 9, 5, 0, 0, time.UTC) // 12:05 of Moscow

func newPaper(t testing.TB) *paper.Paper {
	t.Helper()
	return papertest.New(t, storagetest.SQLite(t), func() time.Time { return noon })
}

// sample has every block, and as many rows as asked.
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
			paper.Fields{{Label: "Полное наименование", Value: "Общество с ограниченной ответственностью «Северный Маяк»"}, {Label: "Сумма", Value: paper.Rubles(-1234567)}},
			paper.Heading{Text: "Раздел"}, paper.Paragraph{Text: "Первая строка.\nВторая строка со знаком ₽ и ₸."}, table,
		},
	}
}

// printed prints a document, has another program judge the file, and reads its text
// back out of the bytes.
func printed(t *testing.T, p *paper.Paper, d paper.Document) (pdf []byte, read paper.Printed, pages int) {
	t.Helper()
	pdf, err := p.PDF(d)
	if err != nil {
		t.Fatal(err)
	}
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = model.ValidationStrict
	if err := api.Validate(bytes.NewReader(pdf), conf); err != nil {
		t.Fatalf("pdfcpu: %v", err)
	}
	if pages, err = api.PageCount(bytes.NewReader(pdf), conf); err != nil {
		t.Fatal(err)
	}
	if read, err = paper.ReadPDF(pdf); err != nil {
		t.Fatal(err)
	}
	return pdf, read, pages
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

func TestPDFSaysWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	_, read, pages := printed(t, newPaper(t), sample(3))
	want := "Пропуск Справка об открытых счетах Қазақ әріптері: ӘәҒғҚқҢңӨөҰұҮүҺһІі № С-2026-000001 от 22.11.2026 12:05 (МСК)" +
		"Полное наименование Общество с ограниченной ответственностью «Северный Маяк» Сумма −12 345,67 ₽ Раздел" +
		"Первая строка. Вторая строка со знаком ₽ и ₸. Открытые счета Банк Открыт Остаток Операций" +
		"Банк «Северный» № 1 22.11.2026 1 234 567,89 ₽ 0 Банк «Северный» № 2 22.11.2026 1 234 567,90 ₽ 1" +
		"Банк «Северный» № 3 22.11.2026 1 234 567,91 ₽ 2" +
		"Страница 1 из 1 Пропуск · № С-2026-000001 от 22.11.2026 12:05 (МСК)"
	if read.Text != squeezed(want) || pages != 1 || read.Code != "" {
		t.Errorf("%d pages say\n%s, want\n%s", pages, read.Text, squeezed(want))
	}
}

func TestTablesGoOnOverPagesWithTheirHeadRepeated(t *testing.T) {
	t.Parallel()
	_, read, pages := printed(t, newPaper(t), sample(200))
	if pages < 4 {
		t.Fatalf("%d pages", pages)
	}
	if n := strings.Count(read.Text, "БанкОткрытОстатокОпераций"); n != pages {
		t.Errorf("the head stands %d times on %d pages", n, pages)
	}
	for i := range 200 {
		if n := strings.Count(read.Text, fmt.Sprintf("№%d22.11.2026", i+1)); n != 1 {
			t.Fatalf("row %d stands %d times", i+1, n)
		}
	}
	for i := range pages {
		if !strings.Contains(read.Text, fmt.Sprintf("Страница%dиз%d", i+1, pages)) {
			t.Errorf("page %d does not say which it is", i+1)
		}
	}
}

func TestLongNamesAreWrappedAndNothingOfThemIsLost(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("Сверхдлинноесловобезпробелов", 40) + " " + strings.Repeat("обычное слово ", 60)
	d := sample(1)
	d.Title = name
	d.Blocks = append(d.Blocks, paper.Fields{{Label: name, Value: name}}, paper.Table{Columns: []paper.Column{{Title: name}, {Title: "б"}}, Rows: [][]any{{name, name}, {"короткая"}}})
	_, read, _ := printed(t, newPaper(t), d)
	// Six times it was said; a cell that goes on over a page stands in two pieces.
	if n := strings.Count(read.Text, "обычноеслово"); n < 6*60 {
		t.Errorf("%d words of %d are left", n, 6*60)
	}
	if !strings.Contains(read.Text, squeezed(name)) {
		t.Error("the title is not whole")
	}
}

// A row that no page takes is carried on; nothing runs off the page.
func TestRowsHigherThanAPageAreCarriedOn(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("строка записи реестра ", 1500)
	_, read, pages := printed(t, newPaper(t), paper.Document{Title: "Т", Blocks: []paper.Block{
		paper.Table{Columns: []paper.Column{{Title: "А"}, {Title: "Б"}}, Rows: [][]any{{long, "конец"}, {"после", nil}}},
	}})
	if pages < 3 || !strings.Contains(read.Text, "после") || strings.Count(read.Text, "реестра") != 1500 {
		t.Errorf("%d pages, %d words", pages, strings.Count(read.Text, "реестра"))
	}
}

func TestEqualDocumentsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	p, d := newPaper(t), sample(80)
	d.Code = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
	first, err := p.PDF(d)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if again, err := p.PDF(d); err != nil || !bytes.Equal(first, again) {
				t.Errorf("printed anew it is another file: %v", err)
			}
		})
	}
	all.Wait()
	d.At = d.At.Add(time.Minute)
	if other, _ := p.PDF(d); bytes.Equal(first, other) {
		t.Error("another time, the same file")
	}
}

// What looks like markup, an operator of PDF or our own alias is text.
func TestNamesCannotInjectIntoThePDF(t *testing.T) {
	t.Parallel()
	p := newPaper(t)
	for _, name := range []string{
		"ООО \\) Tj ET Q /JavaScript (app.alert(1)) BT (", "{nb} {nb}", "<script>alert(1)</script>", "%PDF-1.3\nendobj\nstartxref\n0\n%%EOF",
		"(((", ")))", "\\\\", "a\x00b\x01c\x7f", "\u202eфдп.экз\u202c", "\u200b\ufeff\u2066x\u2069", "𝕏 漢字 \U0001F600", "\xff\xfe", "a\u2028b\u2029c",
	} {
		d := sample(1)
		d.Title, d.Subtitle, d.Number = name, name, name
		d.Blocks = append(d.Blocks, paper.Fields{{Label: name, Value: name}})
		pdf, read, pages := printed(t, p, d)
		if pages != 1 || bytes.Contains(pdf, []byte("/JavaScript (app")) || bytes.Count(pdf, []byte("startxref\n")) != 1 {
			t.Errorf("%q: %d pages", name, pages)
		}
		if strings.ContainsAny(read.Text, "\u202e\u202c\u200b\ufeff\u2066\x00\x01\x7f") || !utf8.ValidString(read.Text) {
			t.Errorf("%q is printed with what hides or turns: %q", name, read.Text)
		}
		if name == "{nb} {nb}" && !strings.Contains(read.Text, "{nb}{nb}") {
			t.Errorf("an alias was replaced inside a name: %s", read.Text)
		}
		if strings.HasPrefix(name, "𝕏") && !strings.Contains(read.Text, "\uFFFD\uFFFD\uFFFD\uFFFD") {
			t.Errorf("letters that the font lacks were dropped: %q", read.Text)
		}
	}
}

func TestHugeDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	p := newPaper(t)
	long := paper.Document{Title: "Т", Blocks: []paper.Block{paper.Paragraph{Text: strings.Repeat("строка\n", 200_000)}}}
	if _, err := p.PDF(long); !errors.Is(err, paper.ErrTooLarge) {
		t.Errorf("200,000 lines: %v", err)
	}
	if _, _, err := p.Issue(long, nil); !errors.Is(err, paper.ErrTooLarge) {
		t.Errorf("200,000 lines: %v", err)
	}
	table := paper.Table{Columns: []paper.Column{{Title: "А"}}, Rows: make([][]any, 200_000)}
	if _, err := p.PDF(paper.Document{Blocks: []paper.Block{table}}); !errors.Is(err, paper.ErrTooLarge) {
		t.Errorf("200,000 rows: %v", err)
	}
}

// What the package says its fonts have, they have: both of them.
func TestFontsHaveEveryLetterThatIsPrinted(t *testing.T) {
	t.Parallel()
	for name, ttf := range map[string][]byte{"regular": dejavusans.TTF, "bold": dejavusansbold.TTF} {
		file := filepath.Join(t.TempDir(), name+".ttf")
		if err := os.WriteFile(file, ttf, 0o600); err != nil {
			t.Fatal(err)
		}
		font, err := fpdf.TtfParse(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range paper.Printable() {
			if font.Chars[uint16(r)] == 0 {
				t.Errorf("%s lacks %q (%U)", name, r, r)
			}
		}
	}
	for _, r := range "ӘәҒғҚқҢңӨөҰұҮүҺһІіЁёЪъ₽₸№«»—–…§" {
		if !bytes.ContainsRune([]byte(string(paper.Printable())), r) {
			t.Errorf("%q is not printed", r)
		}
	}
}

func TestMetadataNamesThePaper(t *testing.T) {
	t.Parallel()
	pdf, _, _ := printed(t, newPaper(t), sample(1))
	info, err := api.PDFInfo(bytes.NewReader(pdf), "sample.pdf", nil, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if info.Title != "Справка об открытых счетах" || info.Subject != "С-2026-000001" || info.Author != "Пропуск" ||
		info.Creator != "Propusk" || info.Producer != "Propusk" || !strings.Contains(info.CreationDate, "20261122090500") {
		t.Errorf("%+v", info)
	}
}

func TestRublesAreGroupedAndNegativeOnesHaveAMinus(t *testing.T) {
	t.Parallel()
	for kopecks, want := range map[int64]string{
		0: "0,00 ₽", 5: "0,05 ₽", 100: "1,00 ₽", 99999: "999,99 ₽", 100000: "1 000,00 ₽", 123456789012: "1 234 567 890,12 ₽",
		-1: "−0,01 ₽", -100000: "−1 000,00 ₽", -1 << 63: "−92 233 720 368 547 758,08 ₽",
	} {
		if got := strings.ReplaceAll(paper.Rubles(kopecks), "\u00a0", " "); got != want {
			t.Errorf("%d: %q, want %q", kopecks, got, want)
		}
	}
}
