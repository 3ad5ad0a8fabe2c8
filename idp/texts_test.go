package idp

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"propusk/idp/session"
)

var keyText = regexp.MustCompile(`"((?:error|flow|notice|how|failure)\.[a-z_.]+[a-z_])"`)

// Every catalogue key that stands in this package's code is in both catalogues.
func TestEveryTextIsThere(t *testing.T) {
	t.Parallel()
	kit, err := kit()
	if err != nil {
		t.Fatal(err)
	}
	if kit, err = kit.ExtendRoom(translationFiles); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range keyText.FindAllSubmatch(code, -1) {
			keys[string(found[1])] = true
		}
	}
	for _, factor := range []session.Factor{session.Password, session.TOTP, session.SMS, session.Email} {
		keys["how."+string(factor)] = true
	}
	if len(keys) < 18 {
		t.Fatalf("only %d keys found: the pattern is wrong", len(keys))
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		for _, lang := range []string{"ru", "en"} {
			if kit.T(lang, key) == key {
				t.Errorf("%s has no text in %s", key, lang)
			}
		}
	}
}
