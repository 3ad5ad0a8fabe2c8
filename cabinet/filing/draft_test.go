package filing_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"propusk/cabinet/api"
	"propusk/cabinet/filing"
	"propusk/cabinet/filing/reporttest"
	"propusk/idp/directory"
	"propusk/storage/file/filetest"
)

// vatValues is a whole VAT return as a form.
func vatValues() map[string]string {
	return map[string]string{
		"СвНП/@ОКТМО": "45375000", "Подписант/ФИО/@Фамилия": "Маякова", "Подписант/ФИО/@Имя": "Анна",
		"НДС/СумУплНП/@ОКТМО": "45375000", "НДС/СумУплНП/@КБК": "18210301000011000110", "НДС/СумУплНП/@СумПУ_173.1": "200000",
		"НДС/СумУпл164/@НалПУ164": "200000", "НДС/СумУпл164/СумНалОб/@НалВосстОбщ": "200000",
		"НДС/СумУпл164/СумНалОб/РеалТов20/@НалБаза": "1000000", "НДС/СумУпл164/СумНалОб/РеалТов20/@СумНал": "200000",
		"НДС/ОперНеОбл/СумОпер7[1]/@КодОпер": "1010292", "НДС/ОперНеОбл/СумОпер7[1]/@СтРеалТов": "1",
		"НДС/ОперНеОбл/СумОпер7[1]/@СтПриобТов": "0", "НДС/ОперНеОбл/СумОпер7[1]/@НалНеВыч": "0",
	}
}

func (w *world) createForm(o *office, values map[string]string) one {
	w.T.Helper()
	return w.got(w.Do("POST", "/v1/filings", w.admin(o), map[string]any{
		"type": "NO_NDS", "period": "24", "year": w.year(), "correction": w.next.Add(1), "values": values,
	}), 201)
}

// TestFormBecomesTheFileThatIsSent: values, a fault told with its place, the
// correction field by field, our own XML, the same signature and sending.
func TestFormBecomesTheFileThatIsSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		values := vatValues()
		values["НДС/СумУпл164/СумНалОб/@НалВосстОбщ"] = "190000"
		f := w.createForm(o, values)
		if f.File != nil || f.Values["@ПоМесту"] != "214" || f.Values["Подписант/@ПрПодп"] != "1" {
			t.Fatalf("draft is %+v", f)
		}
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/signatures", w.admin(o), signBody([]byte{1})), 409, "filing_not_checked")
		checked := w.got(w.Do("POST", "/v1/filings/"+f.ID+"/check", w.admin(o), nil), 200)
		if checked.Check.Accepted || len(checked.Check.Faults) < 1 || checked.Check.Faults[0].Code != "sum_mismatch" || checked.Check.Faults[0].Line == 0 {
			t.Fatalf("check is %+v", checked.Check)
		}
		// Checking it again makes no second file of the same bytes.
		before := w.savedFiles(o)
		w.got(w.Do("POST", "/v1/filings/"+f.ID+"/check", w.admin(o), nil), 200)
		if now := w.savedFiles(o); now != before || before == 0 {
			t.Errorf("%d files after another check, %d before", now, before)
		}
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/signatures", w.admin(o), signBody([]byte{1})), 422, "filing_faulty")
		patched := w.got(w.Do("PATCH", "/v1/filings/"+f.ID, w.admin(o), map[string]any{
			"values": map[string]any{"НДС/СумУпл164/СумНалОб/@НалВосстОбщ": "200000"},
		}), 200)
		if patched.Check != nil || patched.File != nil || patched.Values["НДС/СумУплНП/@КБК"] == "" {
			t.Errorf("after the change it is %+v", patched)
		}
		for i, want := range []int{200, 422} { // patch by patch a form grows no further than one request may
			w.Expect(w.Do("PATCH", "/v1/filings/"+f.ID, w.admin(o), map[string]any{
				"values": map[string]any{"Нет" + string(rune('А'+i)): strings.Repeat("x", 5<<20)},
			}), want, map[int]string{200: "", 422: "validation_failed"}[want])
		}
		w.got(w.Do("PATCH", "/v1/filings/"+f.ID, w.admin(o), map[string]any{"values": map[string]any{"НетА": nil}}), 200)
		w.goThrough(t, o, f)
		text := reporttest.Decode(w.content(o, f.ID))
		for _, part := range []string{`КНД="1151001"`, `ИННЮЛ="` + o.INN + `"`, `СумПУ_173.1="200000"`, `НаимОрг="ООО «Alpha»"`} {
			if !strings.Contains(text, part) {
				t.Errorf("the file has no %s:\n%s", part, text)
			}
		}
	})
}

// TestUnknownFieldIsToldAndNothingIsMade.
func TestUnknownFieldIsToldAndNothingIsMade(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.createForm(o, map[string]string{"НДС/Нет/@Такого": "1", "@КНД": "7"})
		checked := w.got(w.Do("POST", "/v1/filings/"+f.ID+"/check", w.admin(o), nil), 200)
		var codes []string
		for _, fault := range checked.Check.Faults {
			codes = append(codes, fault.Code)
		}
		if checked.File != nil || strings.Join(codes, " ") != "field_house field_unknown" {
			t.Errorf("check says %v", codes)
		}
	})
}

// TestSecondLivingFilingIsRefusedWithTheNumberOfTheFirst.
func TestSecondLivingFilingIsRefusedWithTheNumberOfTheFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		first := w.upload(o, w.vat(o))
		body := map[string]any{"type": "NO_NDS", "period": "24", "year": w.year(), "correction": first.Correction}
		p := w.Expect(w.Do("POST", "/v1/filings", w.admin(o), body), 409, "filing_exists").Problem(t)
		if !strings.Contains(p.Detail, first.Number) {
			t.Errorf("the refusal does not name %s: %s", first.Number, p.Detail)
		}
		second := w.createForm(o, map[string]string{})
		p = w.Expect(w.Do("PATCH", "/v1/filings/"+second.ID, w.admin(o), map[string]any{"correction": first.Correction}), 409, "filing_exists").Problem(t)
		if !strings.Contains(p.Detail, first.Number) {
			t.Errorf("the refusal of a change does not name it: %s", p.Detail)
		}
		w.Expect(w.Do("DELETE", "/v1/filings/"+first.ID, w.admin(o), nil), 204, "")
		w.got(w.Do("POST", "/v1/filings", w.admin(o), body), 201)
	})
}

// TestTwoEditorsAreToldOfEachOther: If-Match, and nothing without it is lost.
func TestTwoEditorsAreToldOfEachOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.createForm(o, map[string]string{})
		read := w.Do("GET", "/v1/filings/"+f.ID, w.admin(o), nil)
		etag := read.Header.Get("ETag")
		change := map[string]any{"values": map[string]any{"СвНП/@Тлф": "+74950000001"}}
		changed := w.Expect(w.Do("PATCH", "/v1/filings/"+f.ID, w.admin(o), change, "If-Match", etag), 200, "")
		if changed.Header.Get("ETag") == etag {
			t.Error("the tag stayed")
		}
		w.Expect(w.Do("PATCH", "/v1/filings/"+f.ID, w.admin(o), change, "If-Match", etag), 412, "version_changed")
		w.Expect(w.Do("DELETE", "/v1/filings/"+f.ID, w.admin(o), nil, "If-Match", etag), 412, "version_changed")
		same := w.Expect(w.Do("PATCH", "/v1/filings/"+f.ID, w.admin(o), change), 200, "")
		if same.Header.Get("ETag") != changed.Header.Get("ETag") {
			t.Error("a change of nothing made a new state")
		}
	})
}

// TestEditDropsSignatures: what was signed is not what is there now.
func TestEditDropsSignatures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.upload(o, w.vat(o))
		w.sign(o, f.ID)
		w.Expect(w.Do("DELETE", "/v1/filings/"+f.ID, w.admin(o), nil), 409, "filing_signed")
		got := w.got(w.Do("PATCH", "/v1/filings/"+f.ID, w.admin(o), map[string]any{"subject": "Срочно"}), 200)
		if got.State != "draft" || len(got.Signatures) != 0 || got.Check != nil {
			t.Errorf("after the change it is %+v", got)
		}
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/submit", w.admin(o), nil), 409, "filing_unsigned")
		w.goThrough(t, o, f)
		for _, request := range [][2]string{{"PATCH", ""}, {"DELETE", ""}, {"PUT", "/file"}} {
			body, headers := form(t, w.vat(o))
			if request[0] != "PUT" {
				body, headers = []byte(`{"subject":"Поздно"}`), nil
			}
			w.Expect(w.Do(request[0], "/v1/filings/"+f.ID+request[1], w.admin(o), body, headers...), 409, "filing_locked")
		}
	})
}

// TestChangedRequisitesWantANewCheck: a report that was checked against other
// requisites is not signed.
func TestChangedRequisitesWantANewCheck(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.upload(o, w.vat(o))
		_, err := w.DB.Exec(t.Context(), `UPDATE organisations SET kpp = '770801001' WHERE id = $1`, o.ID)
		must(t, err)
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/signatures", w.admin(o), signBody([]byte{1})), 409, "filing_profile_changed")
		got := w.got(w.Do("POST", "/v1/filings/"+f.ID+"/check", w.admin(o), nil), 200)
		if got.Check.Accepted {
			t.Error("the new check finds nothing")
		}
	})
}

// TestFaultyFileIsADraftWithItsFaults: the faults of the contents come with line,
// column, message and advice in the caller's language, and forbid the signature.
func TestFaultyFileIsADraftWithItsFaults(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		source := w.vat(o).Replace(`НалИсчПрод="6000"`, `НалИсчПрод="5000"`)
		body, headers := form(t, source)
		f := w.got(w.Do("POST", "/v1/filings/upload", w.admin(o), body, append(headers, "Accept-Language", "en")...), 201)
		line, column := source.Position(`НалВычОбщ=`)
		got := f.Check.Faults[0]
		if f.Check.Accepted || got.Line != line || got.Column != column || !strings.Contains(got.Message, "control ratio NDS.190") || got.Advice == "" {
			t.Errorf("the fault is %+v, expected at %d:%d", got, line, column)
		}
		w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/signatures", w.admin(o), signBody([]byte{1})), 422, "filing_faulty")
		replaced, headers := form(t, reporttest.File{Name: source.Name, Content: source.Replace(`НалИсчПрод="5000"`, `НалИсчПрод="6000"`).Content})
		if f = w.got(w.Do("PUT", "/v1/filings/"+f.ID+"/file", w.admin(o), replaced, headers...), 200); !f.Check.Accepted {
			t.Errorf("the other file has %+v", f.Check.Faults)
		}
		w.sign(o, f.ID)
	})
}

// TestUnreadableFileMakesNoDraft: with the reason and the place.
func TestUnreadableFileMakesNoDraft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		broken := w.vat(o).Replace(`НомКорр=`, `НомКорр `)
		for name, tt := range map[string]struct {
			file   reporttest.File
			status int
			code   string
		}{
			"not well-formed":    {broken, 422, "filing_unreadable"},
			"a program":          {reporttest.File{Name: "a.xml", Content: []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff")}, 422, ""},
			"nothing":            {reporttest.File{Name: "a.xml"}, 422, "file_empty"},
			"too large":          {reporttest.File{Name: "a.xml", Content: bytes.Repeat([]byte(" "), 10<<20+1)}, 413, ""},
			"another form":       {w.vat(o).Replace(`<Файл `, `<Счет `).Replace(`</Файл>`, `</Счет>`), 422, "filing_unreadable"},
			"a workbook of ours": {reporttest.File{Name: "a.xlsx", Content: filetest.XLSX()}, 422, "filing_unreadable"},
		} {
			body, headers := form(t, tt.file)
			reply := w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...)
			if reply.StatusCode != tt.status || tt.code != "" && reply.Problem(t).Code != tt.code {
				t.Errorf("%s: %d %s", name, reply.StatusCode, reply.Text)
			}
		}
	})
}

// TestDryRunKeepsNothing.
func TestDryRunKeepsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		source := w.vat(o)
		var got struct {
			Accepted bool
			Faults   []fault
			Type     string
		}
		body, headers := form(t, source)
		w.Expect(w.Do("POST", "/v1/filings/check", w.admin(o), body, headers...), 200, "").Into(t, &got)
		if !got.Accepted || got.Type != "NO_NDS" {
			t.Errorf("a good file: %+v", got)
		}
		body, headers = form(t, source.Replace(`ПрПодп="1"`, `ПрПодп="2"`), "type", "NO_NDS")
		w.Expect(w.Do("POST", "/v1/filings/check", w.admin(o), body, headers...), 200, "").Into(t, &got)
		if got.Accepted || got.Faults[0].Code != "conditional_missing" || got.Faults[0].FNS != "0400300003" {
			t.Errorf("a faulty file: %+v", got.Faults)
		}
		var count int
		must(t, w.DB.Get(t.Context(), &count, `SELECT COUNT(*) FROM filings`))
		if count != 0 {
			t.Errorf("%d filings are left", count)
		}
	})
}

// TestTemplateIsFilledInAndFiled: the workbook that is downloaded, filled in as a
// person does, and uploaded, becomes the same XML.
func TestTemplateIsFilledInAndFiled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		template := w.Expect(w.Do("GET", "/v1/report-types/NO_NDS/template", w.admin(o), nil), 200, "").Text
		filled := fill(t, []byte(template), map[string]any{
			"#period": "24", "#year": w.year(), "#correction": 0, "НДС/СумУплНП/@ОКТМО": "45375000", "НДС/СумУплНП/@КБК": "18210301000011000110",
			"НДС/СумУплНП/@СумПУ_173.1": 0, "Подписант/ФИО/@Фамилия": "Маякова", "Подписант/ФИО/@Имя": "Анна", "Подписант/@ПрПодп": "1", "@ПоМесту": "214",
		}, map[string]any{"НДС/ОперНеОбл/СумОпер7[]/@КодОпер": "1010292", "НДС/ОперНеОбл/СумОпер7[]/@СтРеалТов": 50000, "НДС/ОперНеОбл/СумОпер7[]/@СтПриобТов": 0, "НДС/ОперНеОбл/СумОпер7[]/@НалНеВыч": 0})
		f := w.upload(o, reporttest.File{Name: "НДС за квартал.xlsx", Content: filled})
		if f.Format != "xlsx" || f.Period.Code != "24" || f.Year != w.year() || f.Values["НДС/ОперНеОбл/СумОпер7[1]/@СтРеалТов"] != "50000" {
			t.Fatalf("the draft is %+v", f)
		}
		w.goThrough(t, o, f)
	})
}

// fill writes values beside their hidden paths, as the visible labels tell a person.
func fill(t *testing.T, template []byte, values, records map[string]any) []byte {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(template))
	must(t, err)
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		must(t, err)
		for i, row := range rows {
			for j, cell := range row {
				if value, known := values[cell]; known && j == 3 {
					name, _ := excelize.CoordinatesToCellName(3, i+1)
					must(t, book.SetCellValue(sheet, name, value))
				}
				if value, known := records[cell]; known && i == 1 {
					name, _ := excelize.CoordinatesToCellName(j+1, 3)
					must(t, book.SetCellValue(sheet, name, value))
				}
			}
		}
	}
	var out bytes.Buffer
	must(t, book.Write(&out))
	return out.Bytes()
}

// TestPDFIsFiledWhereTheTypeAllows: as an attachment, signed and sent like the rest.
func TestPDFIsFiledWhereTheTypeAllows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		pdf := reporttest.File{Name: "Пояснения.pdf", Content: filetest.PDF("Alpha")}
		f := w.upload(o, pdf, "type", "OTHER", "period", "34", "year", itoa(w.year()), "subject", "Пояснения к декларации")
		if f.Format != "pdf" || f.FileName != "Пояснения.pdf" || !f.Check.Accepted {
			t.Fatalf("the draft is %+v", f)
		}
		w.sign(o, f.ID)
		w.submit(o, f.ID)
		w.body.Deliver(t)
		if sent := w.body.Sent(); len(sent) != 1 || sent[0].Subject != "Пояснения к декларации" {
			t.Errorf("sent is %+v", sent)
		}
		body, headers := form(t, pdf, "type", "NO_NDS", "period", "24", "year", itoa(w.year()))
		w.Expect(w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...), 422, "validation_failed")
		body, headers = form(t, pdf, "type", "OTHER", "period", "34", "year", itoa(w.year()+1))
		w.got(w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...), 201) // letters may be written before the year is over
		body, headers = form(t, pdf, "type", "EFS1", "period", "34", "year", itoa(w.year()+1))
		if early := w.got(w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...), 201); early.Check.Accepted || early.Check.Faults[0].Code != "period_not_over" {
			t.Errorf("a report before its time: %+v", early.Check)
		}
	})
}

// TestDraftInputIsChecked: every wrong field is told.
func TestDraftInputIsChecked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		for _, tt := range []struct {
			body   map[string]any
			fields []string
		}{
			{map[string]any{"type": "NO_SUCH", "period": "24", "year": 2025}, []string{"/type"}},
			{map[string]any{"type": "NO_NDS", "period": "31", "year": 1800, "correction": 1000, "office": "77"}, []string{"/period", "/year", "/correction", "/office"}},
			{map[string]any{"type": "EFS1", "period": "21", "year": w.year(), "values": map[string]string{"a": "b"}}, []string{"/values"}},
		} {
			p := w.Expect(w.Do("POST", "/v1/filings", w.admin(o), tt.body), 422, "validation_failed").Problem(t)
			var fields []string
			for _, e := range p.Errors {
				fields = append(fields, e.Pointer)
				if e.Detail == e.Code {
					t.Errorf("no words for %s", e.Code)
				}
			}
			if strings.Join(fields, " ") != strings.Join(tt.fields, " ") {
				t.Errorf("%v: faults at %v, want %v", tt.body, fields, tt.fields)
			}
		}
		w.refusedUploads(o)
	})
}

// refusedUploads sends forms that are not as they should be.
func (w *world) refusedUploads(o *office) {
	w.T.Helper()
	for name, tt := range map[string]struct {
		fields []string
		code   string
	}{
		"an unknown part":     {[]string{"secret", "1"}, "validation_failed"},
		"a part twice":        {[]string{"type", "NO_NDS", "type", "NO_NDS"}, "validation_failed"},
		"a year in letters":   {[]string{"year", "x"}, "validation_failed"},
		"a part out of bound": {[]string{"subject", strings.Repeat("я", 1000)}, "validation_failed"},
	} {
		body, headers := form(w.T, w.vat(o), tt.fields...)
		reply := w.Do("POST", "/v1/filings/upload", w.admin(o), body, headers...)
		if reply.StatusCode != http.StatusUnprocessableEntity || reply.Problem(w.T).Code != tt.code {
			w.T.Errorf("%s: %d %s", name, reply.StatusCode, reply.Text)
		}
	}
	w.Expect(w.Do("POST", "/v1/filings/upload", w.admin(o), `{"file":"x"}`), 415, "content_type_unsupported")
	w.Expect(w.Do("POST", "/v1/filings/upload", w.admin(o), "--x--", "Content-Type", "multipart/form-data; boundary=x"), 422, "validation_failed")
}

// TestActionsSayWhoCanHelp: an observer is told which permission is missing and whom
// to ask.
func TestActionsSayWhoCanHelp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Observer)
		f := w.upload(o, w.vat(o))
		seen := w.got(w.Do("GET", "/v1/filings/"+f.ID, w.Token(o, directory.Observer), nil), 200)
		if a := seen.action("sign"); a.Allowed || a.Reason == "" || a.Permission != directory.FilingsSign && a.Scope == "" {
			t.Errorf("sign is %+v", a)
		}
		if a := seen.action("sign"); len(a.Ask) != 1 || a.Ask[0].MemberID != o.Members[directory.Administrator].Member.ID {
			t.Errorf("to ask: %+v", a.Ask)
		}
		mine := w.read(o, f.ID)
		for _, name := range []string{"edit", "check", "sign", "delete"} {
			if !mine.action(name).Allowed {
				t.Errorf("%s is %+v", name, mine.action(name))
			}
		}
		if a := mine.action("print"); a.Allowed || a.Reason != "filing_nothing_to_print" {
			t.Errorf("print is %+v", a)
		}
	})
}

// TestSeedBeginsADraft without a request, once.
func TestSeedBeginsADraft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		n := filing.NewDraft{Type: "NO_NDS", Period: "24", Year: w.year(), Values: vatValues()}
		number, err := w.filings.Begin(t.Context(), directory.System(), o.ID, n)
		must(t, err)
		if got := w.listed(o, "number="+number); len(got.Filings) != 1 {
			t.Errorf("%s is not there", number)
		}
		_, err = w.filings.Begin(t.Context(), directory.System(), o.ID, n)
		if refused, ok := errors.AsType[*api.Refusal](err); !ok || refused.Code() != "filing_exists" {
			t.Errorf("the second time: %v", err)
		}
		for _, wrong := range []filing.NewDraft{{Type: "NO_SUCH"}, {Type: "OTHER", Period: "34", Year: w.year()}} {
			if _, err := w.filings.Begin(t.Context(), directory.System(), o.ID, wrong); err == nil {
				t.Errorf("%+v is begun", wrong)
			}
		}
	})
}
