package report_test

import (
	"strings"
	"testing"

	"propusk/cabinet/filing/report"
)

// TestCatalogueIsWhole: every type can be shown and filed, and every deadline is of
// one of its periods.
func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range report.Types() {
		if seen[kind.ID] || kind.Name.RU == "" || kind.Name.EN == "" || kind.Recipient.RU == "" || len(kind.Periods) == 0 || len(kind.Formats) == 0 {
			t.Errorf("%s is not whole", kind.ID)
		}
		seen[kind.ID] = true
		codes := map[string]bool{}
		for _, p := range kind.Periods {
			if codes[p.Code] || p.Name.RU == "" || p.Name.EN == "" || p.First > p.Last {
				t.Errorf("%s: period %+v", kind.ID, p)
			}
			codes[p.Code] = true
		}
		for _, due := range kind.Dues {
			if !codes[due.Period] || due.Day < 1 || due.Day > 31 {
				t.Errorf("%s: deadline %+v", kind.ID, due)
			}
		}
		if (kind.Body() != "") != kind.Takes(report.XML) {
			t.Errorf("%s: a structure without XML, or the other way", kind.ID)
		}
		fieldsAreWhole(t, kind)
	}
}

func fieldsAreWhole(t *testing.T, kind *report.Type) {
	t.Helper()
	paths := map[string]bool{}
	for _, f := range kind.Fields() {
		if paths[f.Path] || f.Label.RU == "" || f.Label.EN == "" || f.Section.RU == "" || f.Kind.Says.EN == "" || f.Kind.Name == "" {
			t.Errorf("%s: field %+v", kind.ID, f)
		}
		paths[f.Path] = true
		for _, o := range f.Kind.Values {
			if !f.Kind.Valid(o.Value) {
				t.Errorf("%s: %s does not take %s", kind.ID, f.Path, o.Value)
			}
		}
	}
}

// TestEveryFaultHasItsWords in both languages, and a severity.
func TestEveryFaultHasItsWords(t *testing.T) {
	t.Parallel()
	for _, code := range report.Codes() {
		f := report.Fault{Code: code}
		for _, lang := range []string{"ru", "en"} {
			if f.Message(lang) == "" || f.Advice(lang) == "" {
				t.Errorf("%s has no words in %s", code, lang)
			}
		}
		if f.Message("ru") == f.Message("en") {
			t.Errorf("%s is not translated", code)
		}
	}
	warned := report.Faults{{Code: "name_mismatch"}}
	if warned.Errors() || !append(warned, report.Fault{Code: "inn_mismatch"}).Errors() {
		t.Error("a warning is no error, a wrong ИНН is one")
	}
}

// TestTextsAreFilledOnce: a value that looks like a placeholder stays what it is.
func TestTextsAreFilledOnce(t *testing.T) {
	t.Parallel()
	f := report.Fault{Code: "inn_mismatch", Value: "{expected}", Args: map[string]string{"expected": "7701234560"}}
	if got := f.Message("ru"); !strings.Contains(got, "«{expected}»") {
		t.Errorf("the message is %s", got)
	}
}

// TestFileNames: the rule R_T_A_K_O_GGGGMMDD_N.
func TestFileNames(t *testing.T) {
	t.Parallel()
	const good = "NO_NDS_7701_7702_7701234560770101001_20261020_A-1.xml"
	f, part := report.ParseFileName(good)
	if part != "" || f.Prefix != "NO_NDS" || f.Receiver != "7701" || f.Office != "7702" || f.Day.String() != "2026-10-20" || f.Unique != "A-1" || f.String() != good {
		t.Fatalf("%+v, %q", f, part)
	}
	if _, part := report.ParseFileName("NO_USN_5001_5001_500100732259_20261020_1.XML"); part != "" {
		t.Errorf("a proprietor's name: %q", part)
	}
	for name, want := range map[string]string{
		"NO_NDS.xml": "R_T_A_K_O_GGGGMMDD_N", "NO_NDS_7701_7702_7701234560770101001_20261020_1": ".xml",
		"NO_NDS_77_7702_7701234560770101001_20261020_1.xml": "A", "NO_NDS_7701_77020_7701234560770101001_20261020_1.xml": "K",
		"NO_NDS_7701_7702_7701234561770101001_20261020_1.xml": "O", "NO_NDS_7701_7702_500100732250_20261020_1.xml": "O",
		"NO_NDS_7701_7702_7701234560770101001_20261320_1.xml": "GGGGMMDD", "NO_NDS_7701_7702_7701234560770101001_2026102_1.xml": "GGGGMMDD",
		"NO_NDS_7701_7702_7701234560770101001_20261020_.xml": "N", "NO_NDS_7701_7702_7701234560770101001_20261020_ж.xml": "N",
		"NO_NDS_7701_7702_7701234560770101001_20261020_" + strings.Repeat("1", 37) + ".xml": "N",
	} {
		if _, part := report.ParseFileName(name); part != want {
			t.Errorf("%s: part %q, want %q", name, part, want)
		}
	}
}

// TestAccountsBelongToTheirBanks: pairs of the Bank of Russia's own rule.
func TestAccountsBelongToTheirBanks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		bik, account string
		right        bool
	}{
		{"044525225", "40702810138250123017", true}, {"044525225", "30101810400000000225", true},
		{"044525823", "40702810000000011692", true}, {"044525700", "40702810800001400002", true}, {"044525700", "30101810200000000700", true},
		{"044525225", "40702810138250123018", false}, {"044525700", "40702810138250123017", false},
		{"144525225", "40702810138250123017", false}, {"044525225", "4070281013825012301", false}, {"", "", false},
	} {
		if got := report.ValidAccount(tt.bik, tt.account); got != tt.right {
			t.Errorf("%s at %s: %v", tt.account, tt.bik, got)
		}
	}
}

// TestPeekFindsTheType by the name, by the КНД where the name is another's, and says
// when it finds none.
func TestPeekFindsTheType(t *testing.T) {
	t.Parallel()
	source, _ := good(t, "NO_USN")
	if kind, header, _, fault := report.Peek("отчёт.xml", source.Content); fault != nil || kind.ID != "NO_USN" || header.Year != 2025 || header.Period != "34" {
		t.Errorf("%+v, %+v, %+v", kind, header, fault)
	}
	if _, _, _, fault := report.Peek("отчёт.xml", source.Replace(`КНД="1152017"`, `КНД="9999999"`).Content); fault == nil || fault.Code != "type_unknown" {
		t.Errorf("an unknown КНД: %+v", fault)
	}
	if _, _, _, fault := report.Peek("x.xml", []byte("x")); fault == nil || fault.Code != "xml_declaration" {
		t.Errorf("no XML: %+v", fault)
	}
	request, _ := good(t, "NO_ZAYVOZVR")
	if _, header, _, _ := report.Peek(request.Name, request.Content); header.Amount != 2_500_050 {
		t.Errorf("the amount is %d", header.Amount)
	}
}
