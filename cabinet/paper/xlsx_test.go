package paper_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"propusk/cabinet/paper"
	"propusk/storage"
)

func openXLSX(t *testing.T, table paper.Table) (*excelize.File, string) {
	t.Helper()
	book, err := newPaper(t).XLSX(table)
	if err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file, file.GetSheetName(0)
}

func TestXLSXHoldsDatesMoneyAndNumbersAsSuch(t *testing.T) {
	t.Parallel()
	file, sheet := openXLSX(t, paper.Table{
		Title: "Заявления: [все]/2026?", Columns: []paper.Column{
			{Title: "Название", Width: 33}, {Title: "Дата", Kind: paper.Date}, {Title: "Время", Kind: paper.Moment},
			{Title: "Сумма", Kind: paper.Money}, {Title: "Число", Kind: paper.Number}, {Title: "Доля", Kind: paper.Number},
		},
		Rows: [][]any{{"Отчёт", noon, storage.Of(noon), int64(-123456), 42, 0.5}, {nil, nil, storage.Time(0)}},
	})
	if sheet != "Заявления все 2026" {
		t.Errorf("the sheet is %q", sheet)
	}
	value := func(cell string, raw bool) string {
		v, err := file.GetCellValue(sheet, cell, excelize.Options{RawCellValue: raw})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for cell, want := range map[string]string{
		"A1": "Заявления: [все]/2026?", "A2": "Название", "F2": "Доля", "A3": "Отчёт", "B3": "22.11.2026", "C3": "22.11.2026 12:05", "A4": "", "B4": "", "C4": "",
	} {
		if got := value(cell, false); got != want {
			t.Errorf("%s is %q, want %q", cell, got, want)
		}
	}
	for cell, want := range map[string]string{"B3": "46348", "D3": "-1234.56", "E3": "42", "F3": "0.5"} {
		if got := value(cell, true); got != want {
			t.Errorf("%s holds %q, want %q", cell, got, want)
		}
	}
	panes, err := file.GetPanes(sheet)
	if err != nil || !panes.Freeze || panes.YSplit != 2 {
		t.Errorf("%+v %v", panes, err)
	}
	if width, err := file.GetColWidth(sheet, "A"); err != nil || width != 33 {
		t.Errorf("%v %v", width, err)
	}
	if width, err := file.GetColWidth(sheet, "B"); err != nil || width < 10 || width > 20 {
		t.Errorf("%v %v", width, err)
	}
}

// CWE-1236: whatever a cell begins with, it is never a formula.
func TestTextNeverBecomesAFormula(t *testing.T) {
	t.Parallel()
	evil := []string{
		"=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", `=HYPERLINK("http://evil","x")`, "＝1+1", "0", "01", "1e5", "TRUE", "<v>1</v>", "]]>",
	}
	var rows [][]any
	for _, text := range evil {
		rows = append(rows, []any{text, text, text, text})
	}
	file, sheet := openXLSX(t, paper.Table{
		Title: "=1+1", Rows: rows,
		Columns: []paper.Column{{Title: "=A1"}, {Title: "n", Kind: paper.Number}, {Title: "m", Kind: paper.Money}, {Title: "d", Kind: paper.Date}},
	})
	for i, text := range evil {
		for _, column := range []string{"A", "B", "C", "D"} {
			cell := column + string(rune('0'+(i+3)/10)) + string(rune('0'+(i+3)%10))
			cell = strings.Replace(cell, column+"0", column, 1)
			formula, err := file.GetCellFormula(sheet, cell)
			if err != nil || formula != "" {
				t.Errorf("%s: %q became the formula %q, %v", cell, text, formula, err)
			}
			kind, err := file.GetCellType(sheet, cell)
			got, _ := file.GetCellValue(sheet, cell)
			if err != nil || kind != excelize.CellTypeInlineString || got != strings.ReplaceAll(text, "\r", "") {
				t.Errorf("%s: %q is %q of type %v, %v", cell, text, got, kind, err)
			}
		}
	}
	for _, cell := range []string{"A1", "A2"} {
		if formula, _ := file.GetCellFormula(sheet, cell); formula != "" {
			t.Errorf("a title became the formula %q", formula)
		}
	}
}

func TestXLSXBoundsWhatACellAndASheetMayHold(t *testing.T) {
	t.Parallel()
	file, sheet := openXLSX(t, paper.Table{Title: strings.Repeat("'Ж", 40), Columns: []paper.Column{{Title: "А"}}, Rows: [][]any{{strings.Repeat("я", 40_000)}, {"a\x00b\x0bc"}, {"лишний", "столбец"}}})
	if n := len([]rune(sheet)); n > 31 || strings.HasPrefix(sheet, "'") || strings.HasSuffix(sheet, "'") {
		t.Errorf("the sheet is %q", sheet)
	}
	long, _ := file.GetCellValue(sheet, "A3")
	if n := len([]rune(long)); n != 32_767 || !strings.HasSuffix(long, "…") {
		t.Errorf("%d letters", n)
	}
	if got, _ := file.GetCellValue(sheet, "A4"); got != "abc" {
		t.Errorf("%q", got)
	}
	if got, _ := file.GetCellValue(sheet, "B5"); got != "" {
		t.Errorf("%q", got)
	}
	if _, err := newPaper(t).XLSX(paper.Table{Rows: make([][]any, 1_048_576)}); !errors.Is(err, paper.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, sheet := openXLSX(t, paper.Table{}); sheet != "Таблица" {
		t.Errorf("%q", sheet)
	}
}
