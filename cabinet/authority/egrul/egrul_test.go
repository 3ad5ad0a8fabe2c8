package egrul_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/egrul"
)

// got is what was read of a file.
type got struct {
	records []authority.Record
	faults  []egrul.Fault
	refused int
	err     error
}

func read(t testing.TB, file io.Reader) (g got) {
	t.Helper()
	g.err = egrul.Read(t.Context(), file, func(r authority.Record, ok bool, faults []egrul.Fault, _ int) error {
		g.faults = append(g.faults, faults...)
		if ok {
			g.records = append(g.records, r)
		} else {
			g.refused++
		}
		return nil
	})
	return g
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{egrul.Windows1251, egrul.UTF8} {
		for name, record := range map[string]authority.Record{"legal": authoritytest.Legal(7), "sole": authoritytest.Sole(7)} {
			var file bytes.Buffer
			if err := egrul.Write(&file, encoding, record); err != nil {
				t.Fatal(err)
			}
			g := read(t, &file)
			if g.err != nil || len(g.faults) != 0 || len(g.records) != 1 {
				t.Fatalf("%s %s: %v, %v, %d records", encoding, name, g.err, g.faults, len(g.records))
			}
			if is, want := asJSON(t, g.records[0]), asJSON(t, record); is != want {
				t.Errorf("%s %s: got\n%s\nwant\n%s", encoding, name, is, want)
			}
		}
	}
}

func TestFaultyFilesGetTheirMessages(t *testing.T) {
	t.Parallel()
	faulty := authoritytest.FaultyFiles()
	if len(faulty) < 40 {
		t.Fatalf("only %d faulty files", len(faulty))
	}
	for _, f := range faulty {
		t.Run(f.Name, func(t *testing.T) {
			g := read(t, bytes.NewReader(f.Content))
			if f.Broken {
				if !errors.Is(g.err, egrul.ErrFile) || g.err.Error() != f.Want {
					t.Fatalf("%v, want %q", g.err, f.Want)
				}
				return
			}
			if g.err != nil {
				t.Fatal(g.err)
			}
			if len(g.faults) != 1 || g.faults[0].String() != f.Want || g.faults[0].Refused != f.Refused {
				t.Fatalf("faults %v, want %q (refused %v)", g.faults, f.Want, f.Refused)
			}
			if want := map[bool]int{true: f.Others, false: f.Others + 1}[f.Refused]; len(g.records) != want {
				t.Errorf("%d records were taken, want %d: a fault of one is none of the other", len(g.records), want)
			}
		})
	}
}

func TestWhatLimitsAnOrganisationIsNamed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ after, put, code string }{
		"address":        {"<АдресРФ", `<СвНедАдресЮЛ ТекстНедАдресЮЛ="Сведения недостоверны"/><АдресРФ`, authority.RestrictionAddress},
		"head":           {"<СвДолжн ", `<СвНедДанДолжнФЛ/><СвДолжн `, authority.RestrictionHead},
		"founder":        {"<УчрФЛ>", `<УчрФЛ><СвНедДанУчр/>`, authority.RestrictionFounder},
		"disqualified":   {"<СвДолжн ", `<СвДискв ДатаОкончДискв="2027-01-01"/><СвДолжн `, authority.RestrictionDisqualified},
		"pledge":         {"<УчрФЛ>", `<УчрФЛ><СвОбрем ВидОбрем="ЗАЛОГ"/>`, authority.RestrictionEncumbrance},
		"striking off":   {"<СвУчетНО ", `<СвСтатус><СвСтатус КодСтатусЮЛ="105" НаимСтатусЮЛ="Принято решение о предстоящем исключении"/><СвРешИсклЮЛ/></СвСтатус><СвУчетНО `, authority.RestrictionStriking},
		"liquidation":    {"<СвУчетНО ", `<СвСтатус><СвСтатус КодСтатусЮЛ="101" НаимСтатусЮЛ="Находится в стадии ликвидации"/></СвСтатус><СвУчетНО `, authority.RestrictionLiquidation},
		"bankruptcy":     {"<СвУчетНО ", `<СвСтатус><СвСтатус КодСтатусЮЛ="114" НаимСтатусЮЛ="Введено наблюдение"/></СвСтатус><СвУчетНО `, authority.RestrictionBankruptcy},
		"reorganisation": {"<СвПредш ", `<СвРеорг><СвСтатус КодСтатусЮЛ="121" НаимСтатусЮЛ="В процессе реорганизации"/></СвРеорг><СвПредш `, authority.RestrictionReorganisation},
		"capital":        {`СумКап="10000.50">`, `СумКап="10000.50"><СведУмУК/>`, authority.RestrictionCapital},
		"licence":        {"<НаимЛицВидДеят>", `<СвПриостЛиц ДатаПриостЛиц="2026-01-01"/><НаимЛицВидДеят>`, authority.RestrictionLicence},
	} {
		t.Run(name, func(t *testing.T) {
			file := strings.Replace(authoritytest.LegalFile(egrul.UTF8, 1), tt.after, tt.put, 1)
			g := read(t, strings.NewReader(file))
			if g.err != nil || len(g.faults) != 0 || len(g.records) != 1 {
				t.Fatalf("%v, %v", g.err, g.faults)
			}
			var codes []string
			for _, r := range g.records[0].Restrictions {
				codes = append(codes, r.Code)
				if r.Text == "" {
					t.Errorf("%s has no words", r.Code)
				}
			}
			if !strings.Contains(strings.Join(codes, " "), tt.code) {
				t.Errorf("restrictions %v, want %s", codes, tt.code)
			}
			if !g.records[0].Active() {
				t.Error("it is taken for ended")
			}
		})
	}
}

func TestEndedOrganisationsAreNotActive(t *testing.T) {
	t.Parallel()
	legal := strings.Replace(authoritytest.LegalFile(egrul.UTF8, 1), "<СвУчетНО ",
		`<СвПрекрЮЛ ДатаПрекрЮЛ="2020-05-06"><СпПрекрЮЛ КодСпПрекрЮЛ="202" НаимСпПрекрЮЛ="Ликвидация"/></СвПрекрЮЛ><СвУчетНО `, 1)
	sole := strings.Replace(authoritytest.SoleFile(egrul.UTF8, 1), "<СвУчетНО ",
		`<СвПрекращ><СвСтатус КодСтатус="201" НаимСтатус="Прекратил деятельность" ДатаПрекращ="2020-05-06"/></СвПрекращ><СвУчетНО `, 1)
	for _, file := range []string{legal, sole} {
		g := read(t, strings.NewReader(file))
		if g.err != nil || len(g.faults) != 0 || len(g.records) != 1 || g.records[0].Active() || g.records[0].Termination.Date != "2020-05-06" || g.records[0].Termination.Method == "" {
			t.Errorf("%v, %v, %+v", g.err, g.faults, g.records)
		}
	}
}

func TestAddressesOfTheStateAddressRegisterAreRead(t *testing.T) {
	t.Parallel()
	const fias = `<СвАдрЮЛФИАС Индекс="199034"><Регион>78</Регион><НаимРегион>Г.САНКТ-ПЕТЕРБУРГ</НаимРегион>` +
		`<ЭлУлДорСети Тип="ул." Наим="Учебная"/><Здание Тип="д." Номер="7"/><ПомещЗдания Тип="помещ." Номер="2-Н"/></СвАдрЮЛФИАС>`
	file := authoritytest.LegalFile(egrul.UTF8, 1)
	begin, end := strings.Index(file, "<АдресРФ"), strings.Index(file, "</АдресРФ>")+len("</АдресРФ>")
	g := read(t, strings.NewReader(file[:begin]+fias+file[end:]))
	if g.err != nil || len(g.records) != 1 {
		t.Fatalf("%v, %v", g.err, g.faults)
	}
	a := g.records[0].Address
	if a.Text != "199034, Г.САНКТ-ПЕТЕРБУРГ, ул. Учебная, д. 7, помещ. 2-Н" || a.RegionCode != "78" || a.PostalCode != "199034" {
		t.Errorf("%+v", a)
	}
}

func TestUnknownElementsArePassedOver(t *testing.T) {
	t.Parallel()
	file := strings.Replace(authoritytest.LegalFile(egrul.UTF8, 1), "<СвУчетНО ", `<СвНовое В="1"><Глубже><Ещё/></Глубже></СвНовое><СвУчетНО `, 1)
	if g := read(t, strings.NewReader(file)); g.err != nil || len(g.faults) != 0 || len(g.records) != 1 {
		t.Fatalf("%v, %v", g.err, g.faults)
	}
}

func TestARecordWithoutEndIsRefusedBeforeItFillsTheMemory(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader(`<EGRUL><СвЮЛ ОГРН="`), endlessReader('1'))
	err := egrul.ReadLimited(t.Context(), endless, 1<<20, 100, func(authority.Record, bool, []egrul.Fault, int) error { return nil })
	if !errors.Is(err, egrul.ErrFile) || !strings.Contains(err.Error(), "longer than 64 MiB") {
		t.Fatal(err)
	}
}

// A record of five bytes an element is small on the disk, a thousandth of that in an
// archive, and a hundred times as large in memory.
func TestARecordOfTooManyElementsIsRefusedBeforeItFillsTheMemory(t *testing.T) {
	t.Parallel()
	none := func(authority.Record, bool, []egrul.Fault, int) error { return nil }
	file := "<EGRUL>" + strings.Repeat("<СвЮЛ>"+strings.Repeat("<а/>", 99)+"</СвЮЛ>", 3) + "</EGRUL>"
	if err := egrul.ReadLimited(t.Context(), strings.NewReader(file), 1<<20, 100, none); err != nil {
		t.Errorf("three records of as many as may be: %v", err)
	}
	err := egrul.ReadLimited(t.Context(), strings.NewReader(file), 1<<20, 99, none)
	if !errors.Is(err, egrul.ErrFile) || !strings.Contains(err.Error(), "too many elements") {
		t.Error(err)
	}
}

// endlessReader gives one byte for ever.
type endlessReader byte

func (e endlessReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestReadingEndsWithItsContextAndWithItsReader(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never := func(authority.Record, bool, []egrul.Fault, int) error { t.Error("called"); return nil }
	if err := egrul.Read(ctx, strings.NewReader(authoritytest.LegalFile(egrul.UTF8, 1)), never); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	full := errors.New("the disk is full")
	err := egrul.Read(t.Context(), strings.NewReader(authoritytest.LegalFile(egrul.UTF8, 1, 2)), func(authority.Record, bool, []egrul.Fault, int) error { return full })
	if !errors.Is(err, full) || errors.Is(err, egrul.ErrFile) {
		t.Error(err)
	}
}

func TestFilesOfTwoKindsAreNotWritten(t *testing.T) {
	t.Parallel()
	if err := egrul.Write(io.Discard, egrul.UTF8, authoritytest.Legal(1), authoritytest.Sole(1)); err == nil {
		t.Fatal("written")
	}
}

// FuzzRead: whatever stands in a file, reading it neither panics nor gives a record
// without the numbers that name it.
func FuzzRead(f *testing.F) {
	f.Add([]byte(authoritytest.LegalFile(egrul.UTF8, 1)))
	f.Add([]byte(authoritytest.SoleFile(egrul.Windows1251, 1)))
	for _, faulty := range authoritytest.FaultyFiles() {
		f.Add(faulty.Content)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		_ = egrul.Read(t.Context(), bytes.NewReader(file), func(r authority.Record, ok bool, faults []egrul.Fault, line int) error {
			if ok && (r.INN == "" || r.OGRN == "" || r.FullName == "" || r.ExtractDate == "") {
				t.Errorf("a record without its numbers: %+v", r)
			}
			if !ok && len(faults) == 0 {
				t.Error("refused without a word")
			}
			if line < 1 {
				t.Errorf("line %d", line)
			}
			return nil
		})
	})
}
