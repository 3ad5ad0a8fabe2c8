package directory

import (
	"math/big"
	"strings"
	"testing"
)

// The valid numbers are public ones of the registers: Sberbank, Gazprom, Yandex,
// RZD, Rosneft, Rostelecom, the Federal Tax Service and others.
func TestNumbersByTheirCheckDigits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		valid   func(string) bool
		good    []string
		refused []string
	}{
		{
			"ИНН of a legal entity", ValidLegalINN,
			[]string{"7707083893", "7736050003", "7736207543", "7708503727", "7706107510", "7707049388", "7710474375", "7714350892", "7707329152"},
			[]string{"", "7707083894", "7708083893", "0007083893", "0000000000", "770708389", "77070838930", " 7707083893", "770708389З", "７７０７０８３８９３", "٧٧٠٧٠٨٣٨٩٣", "500100732259"},
		},
		{
			"ИНН of a person", ValidPersonalINN,
			[]string{"500100732259", "772784575277"},
			// The second and third stand in public samples of powers of attorney, with wrong check digits.
			[]string{"500100732258", "590411005641", "402905659334", "000000000000", "7707083893", "50010073225O"},
		},
		{
			"ОГРН", ValidOGRN,
			[]string{"1027700132195", "1027700070518", "1027700229193", "1037739877295", "1027700043502", "1027700198767", "1047702026701", "1157746734837", "1047707030513"},
			[]string{"", "1027700132194", "2027700132195", "304500116000157", "0000000000000", "102770013219"},
		},
		{
			"ОГРНИП", ValidOGRNIP,
			[]string{"304500116000157"},
			[]string{"304500116000158", "1027700132195", "000000000000000", "104500116000157"},
		},
		{
			"СНИЛС", ValidSNILS,
			[]string{"11223344595", "04185549465", "00100199800", "00000000100", "08765430300"},
			[]string{"14537103353", "11223344594", "00000000000", "112-233-445 95", "1122334459", "00100199900"},
		},
		{
			"КПП", ValidKPP,
			[]string{"773601001", "997950001", "7736AZ001"},
			[]string{"", "77360100", "7736010011", "000001001", "7736az001", "7736010O1", "773б01001"},
		},
		{
			"user number", ValidUserNumber,
			[]string{"100000009", "123456782"},
			[]string{"100000008", "012345678", "12345678", "1234567820"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range test.good {
				if !test.valid(s) {
					t.Errorf("%q is refused", s)
				}
			}
			for _, s := range test.refused {
				if test.valid(s) {
					t.Errorf("%q is accepted", s)
				}
			}
		})
	}
}

func TestINNIsEitherKind(t *testing.T) {
	t.Parallel()
	if !ValidINN("7707083893") || !ValidINN("500100732259") || ValidINN("1027700132195") {
		t.Error("an ИНН has ten or twelve digits")
	}
}

// A sum of 100 or 101 gives the check digits 00.
func TestSNILSWhoseSumComesToAHundred(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for n := 200_000_000; n < 200_020_000 && len(seen) < 2; n++ {
		s := big.NewInt(int64(n)).String()
		sum := 0
		for i := range 9 {
			sum += digit(s, i) * (9 - i)
		}
		if sum%101 == 100 || sum%101 == 0 {
			seen[sum%101] = true
			if !ValidSNILS(s + "00") {
				t.Errorf("%s00 is refused", s)
			}
		}
	}
	if len(seen) != 2 {
		t.Fatalf("sums tried: %v", seen)
	}
}

func TestSNILSAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"112-233-445 95", "112-233-445-95", "112 233 445 95", " 11223344595 ", "112‑233‑445 95", "112–233–445 95", "１１２２３３４４５９５"} {
		if got, ok := NormaliseSNILS(s); !ok || got != "11223344595" {
			t.Errorf("%q: %q, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "112-233-445", "11-2233-445 95", "112-233-445_95", "112\u200b23344595", "112-233-445 94", "1 1 2 2 3 3 4 4 5 9 5"} {
		if got, ok := NormaliseSNILS(s); ok {
			t.Errorf("%q is accepted as %q", s, got)
		}
	}
	if got := FormatSNILS("11223344595"); got != "112-233-445 95" {
		t.Error(got)
	}
	if got := FormatSNILS("112"); got != "112" {
		t.Error(got)
	}
}

func TestUserNumbersAreValidAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		n := newUserNumber()
		if !ValidUserNumber(n) {
			t.Fatal(n)
		}
		seen[n] = true
	}
	if len(seen) < 990 {
		t.Errorf("%d different of 1000", len(seen))
	}
}

// FuzzNumbers compares the check digits with an oracle that reckons otherwise,
// and holds every validator to ASCII digits of its length.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"7707083893", "500100732259", "1027700132195", "304500116000157", "11223344595", "112-233-445 95", "773601001", "123456782", "+7 (916) 123-45-67", "\xff", "１２"} {
		f.Add(s)
	}
	lengths := map[int]func(string) bool{10: ValidLegalINN, 12: ValidPersonalINN, 13: ValidOGRN, 15: ValidOGRNIP, 11: ValidSNILS, userNumberLength: ValidUserNumber}
	f.Fuzz(func(t *testing.T, s string) {
		for length, valid := range lengths {
			if valid(s) && (len(s) != length || strings.Trim(s, "0123456789") != "") {
				t.Fatalf("%q accepted with %d digits", s, length)
			}
		}
		if ValidOGRN(s) != (oracle(s, 13, 11) && strings.ContainsAny(s[:1], "15")) {
			t.Fatalf("ОГРН %q", s)
		}
		if ValidOGRNIP(s) != (oracle(s, 15, 13) && s[0] == '3') {
			t.Fatalf("ОГРНИП %q", s)
		}
		if digits, ok := NormaliseSNILS(s); ok {
			if again, ok := NormaliseSNILS(FormatSNILS(digits)); !ok || again != digits || !ValidSNILS(digits) {
				t.Fatalf("СНИЛС %q → %q → %q", s, digits, again)
			}
		}
		if ValidKPP(s) && len(s) != 9 {
			t.Fatalf("КПП %q", s)
		}
	})
}

// oracle reckons a register's check digit with big integers.
func oracle(s string, length int, modulus int64) bool {
	if len(s) != length || strings.Trim(s, "0123456789") != "" {
		return false
	}
	n, _ := new(big.Int).SetString(s[:length-1], 10)
	rest := new(big.Int).Mod(n, big.NewInt(modulus)).Int64() % 10
	return s[length-1] == byte('0'+rest)
}
