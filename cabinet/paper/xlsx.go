package paper

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// The bounds of a sheet: Excel's own for rows and cells.
const (
	maxRows = 1_048_576 - headRows
	maxCell = 32_767 // characters
)

// headRows are the title and the columns' titles; data begins below.
const headRows = 2

// Column widths of XLSX in characters.
const (
	narrowest = 8.0
	widest    = 60.0
)

// XLSX makes a workbook of one sheet: the title, the columns' titles frozen above
// the rows, dates and money as such. Every text stays a text, also one that begins
// like a formula. ErrTooLarge when it has more rows than a sheet may.
func (p *Paper) XLSX(t Table) ([]byte, error) {
	return p.XLSXOf(t, func(yield func([][]any, error) bool) { yield(t.Rows, nil) })
}

// XLSXOf is XLSX of rows that come part by part, t's own are not asked: what
// was written of them spills to disk, so that a long table costs little memory. The
// first error of rows ends it.
func (p *Paper) XLSXOf(t Table, rows iter.Seq2[[][]any, error]) ([]byte, error) {
	file := excelize.NewFile()
	defer func() { _ = file.Close() }() // removes what a large table spilled to disk
	w := &workbook{file: file, name: sheetName(t.Title), table: t, rows: rows}
	if err := w.write(p.deps.Name, p.deps.Now()); err != nil {
		return nil, fmt.Errorf("paper: workbook: %w", err)
	}
	var out bytes.Buffer
	if err := file.Write(&out); err != nil {
		return nil, fmt.Errorf("paper: workbook: %w", err)
	}
	return out.Bytes(), nil
}

type workbook struct {
	file   *excelize.File
	name   string
	table  Table
	rows   iter.Seq2[[][]any, error]
	styles map[Kind]int
	head   int
}

func (w *workbook) write(author string, now time.Time) error {
	if err := w.file.SetSheetName("Sheet1", w.name); err != nil {
		return err
	}
	at := now.UTC().Format(time.RFC3339)
	err := w.file.SetDocProps(&excelize.DocProperties{
		Creator: clean(author), LastModifiedBy: clean(author), Title: clean(w.table.Title), Created: at, Modified: at, Language: "ru-RU",
	})
	if err != nil {
		return err
	}
	if err := w.makeStyles(); err != nil {
		return err
	}
	return w.stream()
}

// makeStyles makes one for each kind. Numbers have the formats of Excel's own
// language; money is in rubles with kopecks.
func (w *workbook) makeStyles() (err error) {
	formats := map[Kind]string{Text: "@", Number: "#,##0.##", Money: `#,##0.00" ₽"`, Date: "dd.mm.yyyy", Moment: "dd.mm.yyyy hh:mm"}
	w.styles = make(map[Kind]int, len(formats))
	for kind, format := range formats {
		style := &excelize.Style{CustomNumFmt: &format, Alignment: &excelize.Alignment{Vertical: "top", WrapText: kind == Text}}
		if w.styles[kind], err = w.file.NewStyle(style); err != nil {
			return err
		}
	}
	w.head, err = w.file.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E9EEF2"}},
	})
	return err
}

// stream writes row after row, so that a large table costs no tree of cells.
func (w *workbook) stream() error {
	out, err := w.file.NewStreamWriter(w.name)
	if err != nil {
		return err
	}
	for i, column := range w.table.Columns {
		if err := out.SetColWidth(i+1, i+1, column.characters(w.table.Rows, i)); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{
		Freeze: true, YSplit: headRows, TopLeftCell: fmt.Sprintf("A%d", headRows+1), ActivePane: "bottomLeft",
	}); err != nil {
		return err
	}
	if err := w.heads(out); err != nil {
		return err
	}
	if err := w.body(out); err != nil {
		return err
	}
	return out.Flush()
}

func (w *workbook) body(out *excelize.StreamWriter) error {
	n := 0
	for part, err := range w.rows {
		if err != nil {
			return err
		}
		if n+len(part) > maxRows {
			return ErrTooLarge
		}
		for _, cells := range part {
			n++
			if err := out.SetRow(fmt.Sprintf("A%d", headRows+n), w.row(cells)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *workbook) heads(out *excelize.StreamWriter) error {
	if err := out.SetRow("A1", []any{excelize.Cell{StyleID: w.head, Value: plain(w.table.Title)}}); err != nil {
		return err
	}
	heads := make([]any, len(w.table.Columns))
	for i, column := range w.table.Columns {
		heads[i] = excelize.Cell{StyleID: w.head, Value: plain(column.Title)}
	}
	return out.SetRow("A2", heads)
}

func (w *workbook) row(cells []any) []any {
	row := make([]any, min(len(cells), len(w.table.Columns)))
	for i := range row {
		kind := w.table.Columns[i].Kind
		row[i] = excelize.Cell{StyleID: w.styles[kind], Value: kind.cell(cells[i])}
	}
	return row
}

// cell is the value as a workbook keeps it. Only numbers and times are more than
// text; a formula is never written.
func (k Kind) cell(value any) any {
	if at, ok := instant(value); ok && (k == Date || k == Moment) {
		if at.IsZero() {
			return nil
		}
		local := at.In(moscow)
		if k == Date {
			return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
		}
		return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	}
	whole, ok := integer(value)
	switch f, fraction := value.(float64); {
	case value == nil:
		return nil
	case k == Money && ok:
		return float64(whole) / 100
	case k == Number && ok:
		return whole
	case k == Number && fraction && !math.IsNaN(f) && !math.IsInf(f, 0):
		return f
	}
	return plain(k.text(value))
}

// plain makes a text that XML can hold and a cell may have.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r != '\n' && r != '\t' && unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) > maxCell {
		text = string([]rune(text)[:maxCell-1]) + "…"
	}
	return text
}

// characters is the column's width: as asked, or by its title and first rows.
func (c Column) characters(rows [][]any, n int) float64 {
	if c.Width > 0 {
		return min(c.Width, 255)
	}
	longest := utf8.RuneCountInString(c.Title)
	for _, row := range rows[:min(len(rows), 100)] {
		if n < len(row) {
			longest = max(longest, utf8.RuneCountInString(c.Kind.text(row[n])))
		}
	}
	return min(max(float64(longest)+2, narrowest), widest)
}

// sheetName is the title as a sheet may be named: 31 characters, none of []:*?/\,
// no apostrophe at an end.
func sheetName(title string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, plain(title))
	runes := []rune(strings.Trim(strings.Join(strings.Fields(name), " "), "'"))
	if len(runes) > 31 {
		runes = runes[:31]
	}
	if name = strings.Trim(strings.TrimSpace(string(runes)), "'"); name == "" {
		return "Таблица"
	}
	return name
}
