package requisite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"propusk/cabinet/payment/requisite"
)

// TestUINsCheckDigit is worked out by hand after the Treasury's rule.
func TestUINsCheckDigit(t *testing.T) {
	t.Parallel()
	for uin, want := range map[string]bool{
		"00000000000000000000":       true, // a sum of 0
		"10000000000000000001":       true, // 1×1 = 1
		"00000000010000000003":       true, // 1×10 = 10: anew from 3, 1×2 → weights 3…10, 1, 2: tenth is 2
		"18810177261122000017":       true,
		"18810177261122000018":       false,
		"1881017726112200001":        false, // 19 digits
		"188101772611220000170":      false,
		"1881017726112200001Х":       true, // with a letter there is nothing to check it by
		"AB12345678901234567Z":       true,
		"AB12345678901234567":        false,
		"AB12345678901234567-":       false,
		"AB123456789012345678901234": false, // of 25 characters, digits alone
		"ＡB12345678901234567Z":       false, // a letter of another script
		"":                           false,
		"１８８１０１７７２６１１２２００００１７": false, // digits of another script
	} {
		if uin == "00000000010000000003" {
			uin = requisite.WithCheckDigit(uin[:19])
		}
		if got := requisite.ValidUIN(uin); got != want {
			t.Errorf("%s: %t", uin, got)
		}
	}
	if got := requisite.WithCheckDigit("0000000001000000000"); got[19] != '2' {
		t.Errorf("the second round of weights: %s", got)
	}
	if long := requisite.WithCheckDigit("188101772611220000170000"); len(long) != 25 || !requisite.ValidUIN(long) {
		t.Errorf("of 25 digits: %s", long)
	}
}

// FuzzUIN: one last digit of ten fits, and no single wrong digit of the first ten
// goes unseen for weights that tell it apart.
func FuzzUIN(f *testing.F) {
	f.Add("1881017726112200001")
	f.Add("0000000000000000000")
	f.Add("99999999999999999999999x")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Trim(s, "0123456789") != "" || len(s) != 19 && len(s) != 24 {
			if n := utf8.RuneCountInString(s); requisite.ValidUIN(s) && n != 20 && n != 25 {
				t.Errorf("%q is taken", s)
			}
			return
		}
		fits := 0
		for d := range 10 {
			if requisite.ValidUIN(s + string(rune('0'+d))) {
				fits++
			}
		}
		if fits != 1 || !requisite.ValidUIN(requisite.WithCheckDigit(s)) {
			t.Errorf("%s: %d digits fit", s, fits)
		}
	})
}

func order(n string) requisite.Order {
	o := requisite.Order{
		Number: n, Date: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Amount: 150_005, Purpose: "Штраф по постановлению № 17",
		Payer: requisite.Party{Name: "ООО «Маяк»", INN: "7801234564", KPP: "780101001"},
		From:  requisite.Account{Number: "40702810500000001234", BIC: "044525225", Bank: "Банк «Столичный»", Correspondent: "30101810400000000225"},
	}
	o.To.Payee = requisite.Party{Name: "УФК по Тульской области", INN: "7700000009", KPP: "770001001"}
	o.To.Account = requisite.Account{Number: "03100643000000018500", BIC: "017003983", Bank: "Отделение Тула", Correspondent: "40102810445370000059"}
	o.To.Budget = requisite.Budget{UIN: "18810177261122000017", KBK: "18811601123010001140", OKTMO: "45382000", PayerStatus: "01", DocumentDate: "22.11.2026"}
	return o
}

// TestExchangeHasTheFormatsFields compares the file, which was read against
// v8.1c.ru/edi/edi_stnd/100.
func TestExchangeHasTheFormatsFields(t *testing.T) {
	t.Parallel()
	made := requisite.Exchange("Propusk", time.Date(2026, 11, 22, 12, 30, 5, 0, time.UTC), []requisite.Order{order("17"), order("18")})
	text, err := charmap.Windows1251.NewDecoder().Bytes(made)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "kl_to_1c.txt")
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(string(text), "\r\n", "\n"); got != string(want) {
		t.Errorf("the file differs from %s:\n%s", golden, got)
	}
	if bytes.Count(made, []byte("\n")) != bytes.Count(made, []byte("\r\n")) {
		t.Error("a line ends without CR")
	}
}

// FuzzExchange: whatever stands in a text, it begins no line of its own, so that no
// field of a payment order can be forged by another one's value.
func FuzzExchange(f *testing.F) {
	f.Add("Штраф", "УФК")
	f.Add("a\r\nСумма=0.01", "b\nПолучательСчет=40702810000000000000")
	f.Add("a\u2028b\u0085c", "КонецФайла")
	clean := bytes.Count(requisite.Exchange("Propusk", time.Unix(0, 0).UTC(), []requisite.Order{order("1")}), []byte("\n"))
	f.Fuzz(func(t *testing.T, purpose, payee string) {
		o := order("1")
		o.Purpose, o.To.Payee.Name = purpose, payee
		made := requisite.Exchange("Propusk", time.Unix(0, 0).UTC(), []requisite.Order{o})
		if bytes.Count(made, []byte("\n")) != clean || bytes.Count(made, []byte("\r")) != clean {
			t.Errorf("%q and %q make other lines", purpose, payee)
		}
		if bytes.Count(made, []byte("\r\n"+"\xd1\xf3\xec\xec\xe0=")) != 1 { // Сумма=
			t.Errorf("%q and %q make another sum", purpose, payee)
		}
	})
}

func TestAccountsBelongToTheirBanks(t *testing.T) {
	t.Parallel()
	good := order("1")
	for name, a := range map[string]struct {
		account requisite.Account
		want    bool
	}{
		"settlement":               {good.From, true},
		"treasury":                 {good.To.Account, true},
		"another digit":            {requisite.Account{Number: "40702810500000001235", BIC: "044525225"}, false},
		"another bank":             {requisite.Account{Number: "40702810500000001234", BIC: "044030653"}, false},
		"a wrong correspondent":    {requisite.Account{Number: "40702810500000001234", BIC: "044525225", Correspondent: "30101810400000000226"}, false},
		"treasury without a ЕКС":   {requisite.Account{Number: "03100643000000018500", BIC: "017003983"}, false},
		"treasury with a bank's":   {requisite.Account{Number: "03100643000000018500", BIC: "017003983", Correspondent: "30101810400000000225"}, false},
		"letters":                  {requisite.Account{Number: "0310064300000001850О", BIC: "017003983", Correspondent: "40102810445370000059"}, false},
		"a treasury account short": {requisite.Account{Number: "0310064300000001850", BIC: "017003983", Correspondent: "40102810445370000059"}, false},
	} {
		if got := a.account.Valid(); got != a.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if faults := good.To.Faults(); len(faults) != 0 {
		t.Errorf("%v", faults)
	}
	if faults := (requisite.Requisites{}).Faults(); len(faults) != 9 {
		t.Errorf("%d faults of nothing: %v", len(faults), faults)
	}
}
