package notice

import "testing"

// TestEveryCategoryHasItsName, in both languages: without one its settings are nameless
// boxes.
func TestEveryCategoryHasItsName(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"ru", "en"} {
		names := map[string]Category{}
		for _, c := range settingsOfHeld(held{}, lang).Categories {
			if other, twice := names[c.Label]; twice || c.Label == "" {
				t.Errorf("%s in %s is called %q, as %q", c.Category, lang, c.Label, other)
			}
			names[c.Label] = c.Category
		}
	}
}
