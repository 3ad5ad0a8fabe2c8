package report

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// A template is a workbook that an accountant fills in: the first sheet has a
// value in each row, and each repeated section has a sheet of its own with a row
// for each occurrence. The paths of the values stand in a hidden column or row, so
// nothing depends on where the visible texts stand. A section repeated within
// another (the rates of one certificate of income) has its first occurrence in
// the row; who needs more files XML.

const (
	mainSheet = "Отчёт"
	metaSheet = "propusk"
	// The first sheet: line, label, value, hidden path.
	valueColumn, pathColumn = 3, 4
	firstRow                = 5
	// The sheets of repeated sections: labels, hidden paths, then rows.
	pathRow, firstRecord = 2, 3
	// What a workbook may become when it is unpacked, in bytes.
	maxUnpacked = 64 << 20
	// Rows of a sheet that are read.
	maxRecords = 20_000
	// maxValues bounds the values of all sheets together, in bytes: each sheet is bounded
	// by its rows, and their number by nothing.
	maxValues = 8 << 20
)

// claimFields are the rows above the form itself.
var claimFields = []struct {
	path  string
	label Saying
}{
	{"#period", Saying{"Код периода", "Period code"}},
	{"#year", Saying{"Отчётный год", "Year"}},
	{"#correction", Saying{"Номер корректировки (0: первичный)", "Correction number (0: the first)"}},
}

// Template makes the workbook of a type, with labels in lang. It is nil for a
// type that has no form.
func (t *Type) Template(lang string) ([]byte, error) {
	if t.schema == nil {
		return nil, nil
	}
	book := excelize.NewFile()
	defer func() { _ = book.Close() }()
	b := &bookWriter{book: book, lang: lang}
	b.start(t)
	for _, f := range t.Fields() {
		b.field(f)
	}
	b.meta(t)
	if b.err != nil {
		return nil, fmt.Errorf("report: make template %s: %w", t.ID, b.err)
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		return nil, fmt.Errorf("report: write template %s: %w", t.ID, err)
	}
	return out.Bytes(), nil
}

// bookWriter keeps the first error, so that cells can be written one after another.
type bookWriter struct {
	book    *excelize.File
	lang    string
	row     int            // next one of the first sheet
	section string         // that the last row belonged to
	columns map[string]int // used ones of each further sheet
	err     error
}

func (b *bookWriter) do(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *bookWriter) cell(sheet string, column, row int, value any) {
	name, err := excelize.CoordinatesToCellName(column, row)
	b.do(err)
	b.do(b.book.SetCellValue(sheet, name, value))
}

func (b *bookWriter) start(t *Type) {
	b.do(b.book.SetSheetName("Sheet1", mainSheet))
	b.columns = map[string]int{}
	b.cell(mainSheet, 1, 1, t.Name.In(b.lang)+", "+t.KND)
	heads := []Saying{{"Строка", "Line"}, {"Показатель", "Value of"}, {"Значение", "Value"}}
	for i, head := range heads {
		b.cell(mainSheet, i+1, firstRow-1, head.In(b.lang))
	}
	for column, width := range map[string]float64{"A": 10, "B": 70, "C": 28} {
		b.do(b.book.SetColWidth(mainSheet, column, column, width))
	}
	b.do(b.book.SetColVisible(mainSheet, "D", false))
	text, err := b.book.NewStyle(&excelize.Style{NumFmt: 49}) // @: digits stay as typed
	b.do(err)
	b.do(b.book.SetColStyle(mainSheet, "C", text))
	b.row = firstRow
	for _, f := range claimFields {
		b.line("", f.label.In(b.lang), f.path)
	}
}

func (b *bookWriter) line(code, label, path string) {
	b.cell(mainSheet, 1, b.row, code)
	b.cell(mainSheet, 2, b.row, label)
	b.cell(mainSheet, pathColumn, b.row, path)
	b.row++
}

func (b *bookWriter) field(f Field) {
	if strings.Contains(f.Path, "[]") {
		b.column(f)
		return
	}
	if section := f.Section.In(b.lang); section != b.section {
		b.section = section
		b.cell(mainSheet, 2, b.row, section)
		b.row++
	}
	label := f.Label.In(b.lang)
	if f.Required {
		label += " *"
	}
	b.choose(mainSheet, valueColumn, b.row, b.row, f.Kind)
	b.line(f.Line, label, f.Path)
}

// column adds a field to the sheet of its repeated section.
func (b *bookWriter) column(f Field) {
	sheet := sheetOf(f.Path)
	if b.columns[sheet] == 0 {
		_, err := b.book.NewSheet(sheet)
		b.do(err)
		b.do(b.book.SetRowVisible(sheet, pathRow, false))
	}
	b.columns[sheet]++
	at := b.columns[sheet]
	b.cell(sheet, at, 1, strings.TrimSpace(f.Line+" "+f.Label.In(b.lang)))
	b.cell(sheet, at, pathRow, f.Path)
	name, err := excelize.ColumnNumberToName(at)
	b.do(err)
	b.do(b.book.SetColWidth(sheet, name, name, 20))
	text, err := b.book.NewStyle(&excelize.Style{NumFmt: 49})
	b.do(err)
	b.do(b.book.SetColStyle(sheet, name, text))
	b.choose(sheet, at, firstRecord, maxRecords, f.Kind)
}

// choose offers the values of a choice in the cells of a column.
func (b *bookWriter) choose(sheet string, column, from, to int, k Kind) {
	if len(k.Values) == 0 {
		return
	}
	values := make([]string, len(k.Values))
	for i, o := range k.Values {
		values[i] = o.Value
	}
	name, err := excelize.ColumnNumberToName(column)
	b.do(err)
	rule := excelize.NewDataValidation(true)
	rule.Sqref = fmt.Sprintf("%s%d:%s%d", name, from, name, to)
	b.do(rule.SetDropList(values))
	b.do(b.book.AddDataValidation(sheet, rule))
}

func (b *bookWriter) meta(t *Type) {
	_, err := b.book.NewSheet(metaSheet)
	b.do(err)
	b.cell(metaSheet, 1, 1, t.ID)
	b.cell(metaSheet, 1, 2, t.Version)
	b.do(b.book.SetSheetVisible(metaSheet, false))
}

// sheetOf is the name of the first repeated element of a path.
func sheetOf(path string) string {
	before, _, _ := strings.Cut(path, "[]")
	return before[strings.LastIndex(before, "/")+1:]
}

// ReadTemplate reads a filled workbook: its type, what it says of period, year and
// correction, and the values. expected nil takes any type.
func ReadTemplate(content []byte, expected *Type) (Claim, Values, Faults) {
	if len(content) > MaxFile {
		return Claim{}, nil, Faults{*whole("file_too_large")}
	}
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked, RawCellValue: true,
	})
	if err != nil {
		return Claim{}, nil, Faults{*whole("template_unreadable")}
	}
	defer func() { _ = book.Close() }()
	r := bookReader{book: book, values: Values{}, claim: Claim{}}
	if fault := r.meta(expected); fault != nil {
		return Claim{}, nil, Faults{*fault}
	}
	r.kinds = map[string]Kind{}
	for _, f := range r.claim.Type.Fields() {
		r.kinds[f.Path] = f.Kind
	}
	r.main()
	for _, sheet := range book.GetSheetList() {
		if sheet != mainSheet && sheet != metaSheet && r.size <= maxValues {
			r.records(sheet)
		}
	}
	if r.size > maxValues {
		return Claim{}, nil, Faults{*whole("file_too_large")}
	}
	return r.claim, r.values, r.faults.sorted()
}

type bookReader struct {
	book   *excelize.File
	kinds  map[string]Kind
	claim  Claim
	values Values
	faults Faults
	size   int // of values, in bytes
}

func (r *bookReader) meta(expected *Type) *Fault {
	id, err := r.book.GetCellValue(metaSheet, "A1")
	version, err2 := r.book.GetCellValue(metaSheet, "A2")
	t, known := Find(id)
	switch {
	case err != nil, err2 != nil, !known, expected != nil && t != expected:
		return whole("template_foreign")
	case version != t.Version:
		fault := whole("template_old").with("expected", t.Version)
		fault.Value = cut(version)
		return fault
	}
	r.claim.Type = t
	return nil
}

// rows walks a sheet with a bound on its rows.
func (r *bookReader) rows(sheet string, each func(row int, cells []string)) {
	rows, err := r.book.Rows(sheet)
	if err != nil {
		r.faults = append(r.faults, *whole("template_unreadable"))
		return
	}
	defer func() { _ = rows.Close() }()
	for row := 1; rows.Next() && row < maxRecords+firstRow && r.size <= maxValues; row++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			r.faults = append(r.faults, *whole("template_unreadable"))
			return
		}
		each(row, cells)
	}
}

func (r *bookReader) main() {
	r.rows(mainSheet, func(row int, cells []string) {
		if row < firstRow || len(cells) < pathColumn {
			return
		}
		value, path := strings.TrimSpace(cells[valueColumn-1]), cells[pathColumn-1]
		if value == "" || path == "" {
			return
		}
		if strings.HasPrefix(path, "#") {
			r.claimed(path, value, row)
			return
		}
		r.put(path, path, value, cellName(mainSheet, valueColumn, row))
	})
}

// claimed reads period, year and correction.
func (r *bookReader) claimed(path, text string, row int) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, ".0"))
	switch path {
	case "#period":
		if len(text) == 1 {
			text = "0" + text // a number cell loses its leading zero
		}
		r.claim.Period = text
		return
	case "#year":
		r.claim.Year = n
	case "#correction":
		r.claim.Correction = n
	}
	if err != nil || n < 0 {
		r.bad(Kind{Says: Saying{"целое число", "a whole number"}}, text, cellName(mainSheet, valueColumn, row))
	}
}

func (r *bookReader) records(sheet string) {
	var paths []string
	count := 0
	r.rows(sheet, func(row int, cells []string) {
		switch {
		case row == pathRow:
			paths = slices.Clone(cells)
		case row >= firstRecord:
			if strings.Join(cells, "") == "" {
				return
			}
			count++
			r.record(sheet, row, count, paths, cells)
		}
	})
}

func (r *bookReader) record(sheet string, row, count int, paths, cells []string) {
	for i, path := range paths {
		if i >= len(cells) || strings.TrimSpace(cells[i]) == "" || path == "" {
			continue
		}
		numbered := strings.Replace(path, "[]", "["+strconv.Itoa(count)+"]", 1)
		numbered = strings.ReplaceAll(numbered, "[]", "[1]")
		r.put(path, numbered, strings.TrimSpace(cells[i]), cellName(sheet, i+1, row))
	}
}

// put takes a cell's value as the field's kind wants it: spreadsheets turn sums
// and dates into numbers of their own.
func (r *bookReader) put(path, numbered, value, cell string) {
	kind, known := r.kinds[path]
	switch {
	case !known:
		if len(r.faults) <= maxFaults {
			r.faults = append(r.faults, Fault{Code: "field_unknown", Element: cell, Value: cut(path)})
		}
		return
	case kind.Name == "date":
		value = dateCell(value)
	case kind.numeric():
		value = numberCell(value)
	}
	if !kind.Valid(value) {
		r.bad(kind, value, cell)
		return
	}
	r.values[numbered] = value
	r.size += len(numbered) + len(value)
}

func (r *bookReader) bad(kind Kind, value, cell string) {
	if len(r.faults) > maxFaults {
		return
	}
	fault := Fault{Code: "value_invalid", Element: cell, Value: cut(value)}
	fault.with("expected", kind.Says.RU).with("expected_en", kind.Says.EN)
	r.faults = append(r.faults, fault)
}

func cellName(sheet string, column, row int) string {
	name, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return sheet
	}
	return sheet + "!" + name
}

// dateCell turns the day number of a spreadsheet into DD.MM.YYYY.
func dateCell(value string) string {
	serial, err := strconv.ParseFloat(value, 64)
	if err != nil || serial < 1 || serial > 100_000 {
		return value
	}
	day := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(serial))
	return day.Format("02.01.2006")
}

// numberCell writes a number with at most two digits after a point, without the
// noise of binary fractions; a comma and spaces are taken as people type them.
func numberCell(value string) string {
	plain := strings.NewReplacer(",", ".", " ", "", " ", "").Replace(value)
	if _, ok := kopecks(plain); ok {
		return plain
	}
	n, err := strconv.ParseFloat(plain, 64)
	if err != nil || n > 1e15 || n < -1e15 {
		return value
	}
	rounded := strconv.FormatFloat(n, 'f', 2, 64)
	if exact, err := strconv.ParseFloat(rounded, 64); err != nil || exact-n > 1e-6 || n-exact > 1e-6 {
		return value
	}
	return strings.TrimSuffix(strings.TrimSuffix(rounded, "0"), ".0")
}
