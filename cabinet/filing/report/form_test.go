package report_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"propusk/cabinet/filing/report"
	"propusk/cabinet/filing/reporttest"
)

// good is a good report of a type with its claim.
func good(t testing.TB, id string) (reporttest.File, report.Claim) {
	t.Helper()
	kind, header, _, fault := report.Peek(reporttest.Good(id, reporttest.Head{}).Name, reporttest.Good(id, reporttest.Head{}).Content)
	if fault != nil || kind.ID != id {
		t.Fatalf("%s: %+v, %+v", id, kind, fault)
	}
	return reporttest.Good(id, reporttest.Head{}), report.Claim{Type: kind, Period: header.Period, Year: header.Year}
}

// TestReportAndFormAreOne: a report taken apart and made anew says the same, for
// every type, and has no fault.
func TestReportAndFormAreOne(t *testing.T) {
	t.Parallel()
	for _, id := range reporttest.Types() {
		source, claim := good(t, id)
		values, fault := claim.Type.ReadValues(source.Content)
		if fault != nil {
			t.Fatal(fault)
		}
		name, content, faults := report.Write(report.Draft{
			Profile: mayak, Claim: claim, Day: day, Unique: "2", Program: "Проба", Values: values,
		})
		if len(faults) > 0 {
			t.Fatalf("%s: %+v", id, faults)
		}
		header, faults := report.Check(report.Input{FileName: name.String(), Content: content, Profile: mayak, Claim: claim, Today: day})
		if len(faults) > 0 {
			t.Errorf("%s: %s\n%s", id, faults[0].Message("ru"), reporttest.Decode(content))
		}
		if header.FileID != id+"_7701_7701_7701234560770101001_20261020_2" || header.Office != "7701" {
			t.Errorf("%s: header is %+v", id, header)
		}
		again, fault := claim.Type.ReadValues(content)
		if fault != nil || !maps.Equal(values, again) {
			t.Errorf("%s: values changed on the way", id)
		}
	}
}

// TestFormTakesOnlyItsFields: what has no place, what the house fills in, and
// numbers of elements that cannot be.
func TestFormTakesOnlyItsFields(t *testing.T) {
	t.Parallel()
	_, claim := good(t, "NO_NDS")
	for path, code := range map[string]string{
		"@КНД": "field_house", "СвНП/НПЮЛ/@ИННЮЛ": "field_house", "НДС": "field_unknown", "": "field_unknown", "НДС/@Нет": "field_unknown",
		"НДС/СумУплНП[1]/@КБК": "field_unknown", "НДС/ОперНеОбл/СумОпер7/@КодОпер": "field_unknown",
		"НДС/ОперНеОбл/СумОпер7[0]/@КодОпер": "field_unknown", "НДС/ОперНеОбл/СумОпер7[01]/@КодОпер": "field_unknown",
		"НДС/ОперНеОбл/СумОпер7[20001]/@КодОпер": "field_unknown", "НДС/ОперНеОбл/СумОпер7[x]/@КодОпер": "field_unknown",
		"НДС/СумУплНП/@КБК/x": "field_unknown", "НДС/НалПодтв0/СумОпер4[999999999999]/@КодОпер": "field_unknown",
	} {
		_, content, faults := report.Write(report.Draft{Profile: mayak, Claim: claim, Day: day, Unique: "1", Values: report.Values{path: "1"}})
		if len(faults) != 1 || faults[0].Code != code || content != nil {
			t.Errorf("%q: %+v, want %s", path, faults, code)
		}
	}
}

// TestFormWritesAnyText: quotes, angle brackets, and letters that windows-1251 does
// not have come back as they were.
func TestFormWritesAnyText(t *testing.T) {
	t.Parallel()
	_, claim := good(t, "NO_NDS")
	const name = `О'Нил & "Сын" <ё> ☂`
	_, content, faults := report.Write(report.Draft{Profile: mayak, Claim: claim, Day: day, Unique: "1", Values: report.Values{"Подписант/ФИО/@Фамилия": name}})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	values, fault := claim.Type.ReadValues(content)
	if fault != nil || values["Подписант/ФИО/@Фамилия"] != name {
		t.Errorf("it comes back as %q, %+v", values["Подписант/ФИО/@Фамилия"], fault)
	}
}

// TestDefaultsFit the kind of filer: the place, and a proprietor's own name.
func TestDefaultsFit(t *testing.T) {
	t.Parallel()
	sole := report.Profile{Kind: report.Sole, INN: "500100732259", Name: "ИП Маякова А. И.", FullName: "Индивидуальный предприниматель Маякова Анна Игоревна"}
	for id, place := range map[string]string{"NO_NDS": "116", "NO_USN": "120", "NO_NDFL6": "120"} {
		kind := typeOf(t, id)
		v := kind.Defaults(sole, report.Signatory{LastName: "Маякова", FirstName: "Анна"})
		if v["@ПоМесту"] != place || v["СвНП/НПФЛ/ФИО/@Отчество"] != "Игоревна" || v["Подписант/@ПрПодп"] != "1" {
			t.Errorf("%s: %v", id, v)
		}
		if _, there := v["Подписант/ФИО/@Отчество"]; there {
			t.Error("an empty value is there")
		}
	}
	if v := typeOf(t, "NO_USN").Defaults(mayak, report.Signatory{}); v["@ПоМесту"] != "210" {
		t.Errorf("an organisation under УСН files by %q", v["@ПоМесту"])
	}
	if typeOf(t, "OTHER").Defaults(mayak, report.Signatory{}) != nil || typeOf(t, "OTHER").Fields() != nil || typeOf(t, "OTHER").Body() != "" {
		t.Error("a type without a form has fields")
	}
}

// TestSoleProprietorFiles: the other branch of the header.
func TestSoleProprietorFiles(t *testing.T) {
	t.Parallel()
	sole := report.Profile{Kind: report.Sole, INN: "500100732259", Name: "ИП Маякова А. И.", FullName: "Индивидуальный предприниматель Маякова Анна Игоревна"}
	kind := typeOf(t, "NO_USN")
	claim := report.Claim{Type: kind, Period: "34", Year: 2025}
	values := kind.Defaults(sole, report.Signatory{LastName: "Маякова", FirstName: "Анна", Patronym: "Игоревна"})
	maps.Copy(values, report.Values{
		"УСН/@ОбНал": "1", "УСН/СумНалПУ/@ОКТМО": "45375000", "УСН/СумНалПУ/@АвПУКв": "6000", "УСН/СумНалПУ/@АвПУПг": "6000",
		"УСН/СумНалПУ/@АвПУ9м": "6000", "УСН/СумНалПУ/@НалПУГод": "-3000", "УСН/РасчНал1/@Доход": "500000", "УСН/РасчНал1/@Ставка": "6",
		"УСН/РасчНал1/@Исчисл": "30000", "УСН/РасчНал1/@УменНал": "15000",
	})
	name, content, _ := report.Write(report.Draft{Profile: sole, Claim: claim, Day: day, Unique: "1", Program: "Проба", Values: values})
	_, faults := report.Check(report.Input{FileName: name.String(), Content: content, Profile: sole, Claim: claim, Today: day})
	if len(faults) > 0 || name.Sender != sole.INN || name.Office != "5001" {
		t.Errorf("%s: %+v", name, faults)
	}
}

// workbook fills the first sheet of a template beside its hidden paths.
func workbook(t testing.TB, kind *report.Type, values map[string]any) []byte {
	t.Helper()
	made, err := kind.Template("ru")
	if err != nil {
		t.Fatal(err)
	}
	return edited(t, made, func(book *excelize.File) {
		rows, _ := book.GetRows("Отчёт")
		for i, row := range rows {
			if len(row) < 4 {
				continue
			}
			if value, known := values[row[3]]; known {
				name, _ := excelize.CoordinatesToCellName(3, i+1)
				if err := book.SetCellValue("Отчёт", name, value); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func edited(t testing.TB, content []byte, change func(*excelize.File)) []byte {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	change(book)
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestTemplateTakesWhatSpreadsheetsMakeOfValues: numbers with the noise of binary
// fractions, dates as day numbers, commas, leading zeros that went.
func TestTemplateTakesWhatSpreadsheetsMakeOfValues(t *testing.T) {
	t.Parallel()
	kind := typeOf(t, "NO_NDFL6")
	made, err := kind.Template("en")
	if err != nil {
		t.Fatal(err)
	}
	content := edited(t, made, func(book *excelize.File) {
		rows, _ := book.GetRows("СправДох")
		set := map[string]any{
			"НДФЛ6/СправДох[]/ПолучДох/@ДатаРожд": 32187, "НДФЛ6/СправДох[]/СведДох[]/@НалБаза": 0.1 + 0.2, "НДФЛ6/СправДох[]/СведДох[]/@СумДохОбщ": "1 234,5",
			"НДФЛ6/СправДох[]/ПолучДох/@Статус": 1, "НДФЛ6/СправДох[]/СведДох[]/@НалИсчисл": 7.0,
		}
		for j, path := range rows[1] {
			if value, known := set[path]; known {
				name, _ := excelize.CoordinatesToCellName(j+1, 4) // row 3 stays empty
				_ = book.SetCellValue("СправДох", name, value)
			}
		}
	})
	claim, values, faults := report.ReadTemplate(content, kind)
	if len(faults) > 0 || claim.Type != kind {
		t.Fatalf("%+v", faults)
	}
	for path, want := range map[string]string{
		"НДФЛ6/СправДох[1]/ПолучДох/@ДатаРожд": "14.02.1988", "НДФЛ6/СправДох[1]/СведДох[1]/@НалБаза": "0.3",
		"НДФЛ6/СправДох[1]/СведДох[1]/@СумДохОбщ": "1234.5", "НДФЛ6/СправДох[1]/СведДох[1]/@НалИсчисл": "7", "НДФЛ6/СправДох[1]/ПолучДох/@Статус": "1",
	} {
		if values[path] != want {
			t.Errorf("%s is %q, want %q", path, values[path], want)
		}
	}
}

// TestFaultInATemplateNamesItsCell.
func TestFaultInATemplateNamesItsCell(t *testing.T) {
	t.Parallel()
	kind := typeOf(t, "NO_NDS")
	_, _, faults := report.ReadTemplate(workbook(t, kind, map[string]any{"НДС/СумУплНП/@КБК": "1821", "#year": "двадцатый"}), kind)
	var cells []string
	for _, f := range faults {
		cells = append(cells, f.Code+" "+f.Element)
	}
	if len(faults) != 2 || !strings.HasPrefix(cells[0], "value_invalid Отчёт!C") {
		t.Errorf("faults are %v", cells)
	}
	if message := faults[1].Message("en"); !strings.Contains(message, "1821") || !strings.Contains(message, "20 digits") {
		t.Errorf("the message is %s", message)
	}
}

// TestForeignWorkbookIsNoTemplate: another report's, an old one, none of ours, none
// at all.
func TestForeignWorkbookIsNoTemplate(t *testing.T) {
	t.Parallel()
	kind := typeOf(t, "NO_NDS")
	template, err := kind.Template("ru")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		content []byte
		code    string
	}{
		"another report's": {workbook(t, typeOf(t, "NO_USN"), nil), "template_foreign"},
		"an old one":       {edited(t, template, func(b *excelize.File) { _ = b.SetCellValue("propusk", "A2", "1.0") }), "template_old"},
		"without its mark": {edited(t, template, func(b *excelize.File) { _ = b.DeleteSheet("propusk") }), "template_foreign"},
		"no workbook":      {[]byte("PK\x03\x04"), "template_unreadable"},
		"too large":        {make([]byte, report.MaxFile+1), "file_too_large"},
		"sheets without end": {edited(t, template, func(b *excelize.File) {
			_, _ = b.NewSheet("Ещё")
			text := strings.Repeat("Ж", 1000)
			for column := 1; column <= 50; column++ {
				for row := range 100 {
					cell, _ := excelize.CoordinatesToCellName(column, row+1)
					_ = b.SetCellValue("Ещё", cell, text)
				}
				for _, row := range []int{1, 2, 3, 4} {
					cell, _ := excelize.CoordinatesToCellName(column, row)
					_ = b.SetCellValue("Ещё", cell, "Подписант/СвПред/@НаимОрг")
				}
			}
		}), "file_too_large"},
		"another path": {edited(t, template, func(b *excelize.File) {
			_ = b.SetCellValue("Отчёт", "C9", "1")
			_ = b.SetCellValue("Отчёт", "D9", "НДС/@Нет")
		}), "field_unknown"},
	} {
		if _, _, faults := report.ReadTemplate(tt.content, kind); len(faults) != 1 || faults[0].Code != tt.code {
			t.Errorf("%s: %+v, want %s", name, faults, tt.code)
		}
	}
}

// TestCheckStaysSmall: a file with a million faults is answered with a hundred.
func TestCheckStaysSmall(t *testing.T) {
	t.Parallel()
	body := strings.Repeat(`<Нет/>`, 100_000)
	source := reporttest.Good("NO_NDS", reporttest.Head{}).Replace("<НДС>", "<НДС>"+body)
	faults := check(t, "NO_NDS", source)
	if len(faults) != 101 || faults[100].Code != "too_many_faults" {
		t.Errorf("%d faults", len(faults))
	}
}
