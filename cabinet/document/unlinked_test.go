package document

import "testing"

// Attack: an organisation has the house mail its own link to a stranger, under the
// house's name.
func TestWhatASenderWritesLeadsNowhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Оплатите: https://evil.example/pay?x=1":  "Оплатите: https[://]evil[.]example/pay?x=1",
		"www.evil.ru, EVIL.com":                   "www[.]evil[.]ru, EVIL[.]com",
		"a.b-c.evil.xyz":                          "a[.]b-c[.]evil[.]xyz",
		"HTTP://evil.ru":                          "HTTP[://]evil[.]ru",
		"зайдите на госуслуги-вход.рф":            "зайдите на госуслуги-вход[.]рф",
		"user@evil.ru":                            "user@evil[.]ru",
		"javascript://x":                          "javascript[://]x",
		"Договор № 5 от 01.02.2026, п. 1.2, т.е.": "Договор № 5 от 01.02.2026, п. 1.2, т.е.",
		"Для оплаты\nдо пятницы":                  "Для оплаты\nдо пятницы",
	} {
		if got := unlinked(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	for name, want := range map[string]string{"Договор Alpha.pdf": "Договор Alpha.pdf", "evil.com.pdf": "evil[.]com.pdf", "file": "file"} {
		if got := unlinkedFile(name); got != want {
			t.Errorf("the file %q becomes %q", name, got)
		}
	}
}
