package directory

import (
	"strings"
	"testing"
)

func TestEmailHasOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Maria@Example.RU":     "maria@example.ru",
		" maria@example.ru ":   "maria@example.ru",
		"ｍａｒｉａ＠example.ru":     "maria@example.ru",
		"maria+x@example.ru":   "maria+x@example.ru",
		"info@почта.рф":        "info@xn--80a1acny.xn--p1ai",
		"INFO@ПОЧТА.РФ":        "info@xn--80a1acny.xn--p1ai",
		"info@xn--80a1acny.рф": "info@xn--80a1acny.xn--p1ai",
		"o'neil@example.com":   "o'neil@example.com",
	} {
		if got, ok := NormaliseEmail(in); !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, ok, want)
		}
	}
}

func TestEmailThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"empty":                     "",
		"no domain":                 "maria",
		"no local part":             "@example.ru",
		"Cyrillic а for Latin a":    "mаria@example.ru",
		"zero-width space":          "maria\u200b@example.ru",
		"right-to-left override":    "maria\u202e@example.ru",
		"soft hyphen":               "mar\u00adia@example.ru",
		"inner space":               "ma ria@example.ru",
		"header injection":          "maria@example.ru\r\nBcc: x@example.com",
		"quoted local part":         `"maria"@example.ru`,
		"two at signs":              "maria@evil.com@example.ru",
		"source route":              "@a.com:maria@example.ru",
		"one label":                 "maria@localhost",
		"IPv4 address":              "maria@127.0.0.1",
		"IPv6 literal":              "maria@[::1]",
		"dot at the end":            "maria.@example.ru",
		"two dots":                  "ma..ria@example.ru",
		"empty label":               "maria@example..ru",
		"hyphen at a label's start": "maria@-example.ru",
		"underscore in the domain":  "maria@exa_mple.ru",
		"comma":                     "a@b.ru,c@d.ru",
		"local part of 65":          strings.Repeat("a", 65) + "@example.ru",
		"longer than 254":           "a@" + strings.Repeat("abcdefgh.", 30) + "ru",
		"not UTF-8":                 "maria\xff@example.ru",
		"NUL":                       "maria\x00@example.ru",
	} {
		if got, ok := NormaliseEmail(s); ok {
			t.Errorf("%s: accepted as %q", name, got)
		}
	}
}

func TestPhoneHasOneForm(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"+79161234567", "89161234567", "79161234567", "8 (916) 123-45-67", "+7 916 123 45 67", "8-916-123-45-67",
		"+7.916.123.45.67", " 8 916 123 45 67 ", "8‑916‑123‑45‑67", "＋７９１６１２３４５６７",
	} {
		if got, ok := NormalisePhone(s); !ok || got != "+79161234567" {
			t.Errorf("%q: %q, %v", s, got, ok)
		}
	}
	if got, ok := NormalisePhone("+375 29 123-45-67"); !ok || got != "+375291234567" {
		t.Errorf("Belarus: %q, %v", got, ok)
	}
	if got, ok := NormalisePhone("+86 139 1099 8888"); !ok || got != "+8613910998888" {
		t.Errorf("China: %q, %v", got, ok)
	}
}

// "Without region code or with extra characters" is refused.
func TestPhoneThatIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "+", "9161234567", "1234567", "+7916123456", "+791612345678", "8916123456", "+09161234567", "8 916 123 45 6а",
		"89161234567 доб. 12", "+7916123456789012", "8\u200b9161234567", "8/9161234567", "++79161234567", "8+9161234567",
		"٨٩١٦١٢٣٤٥٦٧", strings.Repeat(" ", 5) + strings.Repeat("-", 100) + "89161234567",
	} {
		if got, ok := NormalisePhone(s); ok {
			t.Errorf("%q: accepted as %q", s, got)
		}
	}
}

// Whatever a contact is typed as, its canonical form is a fixed point in ASCII.
func FuzzContacts(f *testing.F) {
	for _, s := range []string{"Maria@Example.RU", "info@почта.рф", "8 (916) 123-45-67", "+375 29 123-45-67", "a@b.c", "\u202e@x.ru", "ß@straße.de", "ﬀ@ﬀ.ru", "İ@İ.tr"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, normalise := range map[string]func(string) (string, bool){"e-mail": NormaliseEmail, "phone": NormalisePhone} {
			once, ok := normalise(s)
			if !ok {
				continue
			}
			if twice, ok := normalise(once); !ok || twice != once {
				t.Fatalf("%s %q → %q → %q, %v", name, s, once, twice, ok)
			}
			if strings.ContainsFunc(once, func(r rune) bool { return r <= ' ' || r > '~' || r >= 'A' && r <= 'Z' }) {
				t.Fatalf("%s %q → %q", name, s, once)
			}
		}
	})
}

// Any text is read without a panic, as at most what it is, and reading the
// canonical form again gives the same.
func FuzzParseLogin(f *testing.F) {
	for _, s := range []string{"maria@example.ru", "8 916 123-45-67", "112-233-445 95", "11223344595", "7707083893", "500100732259", "1027700132195", "304500116000157", "123456782", "\u200b123456782", "  ", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, ok := parseLogin(s)
		if !ok {
			return
		}
		for _, c := range l.candidates() {
			again, ok := parseLogin(c.value)
			if !ok {
				t.Fatalf("%q → %q, which is no login", s, c.value)
			}
			found := false
			for _, other := range again.candidates() {
				found = found || other == c
			}
			if !found {
				t.Fatalf("%q → %q → %+v", s, c.value, again)
			}
		}
		if len(l.candidates()) == 0 || len(l.candidates()) > 2 {
			t.Fatalf("%q is %d things: %+v", s, len(l.candidates()), l)
		}
	})
}
