package browsertest

import (
	"embed"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"testing"
)

// WholeTexts checks a room's catalogues, and returns the Russian one: every key
// is in both languages, and every key of the room that one of its pages asks
// for is there. The room's keys begin with its name and a dot.
func WholeTexts(t *testing.T, files embed.FS, room string) map[string]any {
	t.Helper()
	ru, en := catalogue(t, files, "ru"), catalogue(t, files, "en")
	if inRU, inEN := slices.Sorted(maps.Keys(ru)), slices.Sorted(maps.Keys(en)); !slices.Equal(inRU, inEN) {
		t.Errorf("the languages differ: %v", difference(inRU, inEN))
	}
	asked := regexp.MustCompile(`t "(` + room + `\.[a-z_.]+)"`)
	templates, err := files.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range templates {
		for _, found := range asked.FindAllStringSubmatch(string(read(t, files, "templates/"+file.Name())), -1) {
			if ru[found[1]] == nil {
				t.Errorf("%s asks for %s", file.Name(), found[1])
			}
		}
	}
	return ru
}

func catalogue(t *testing.T, files embed.FS, lang string) (texts map[string]any) {
	t.Helper()
	if err := json.Unmarshal(read(t, files, "translations/"+lang+".json"), &texts); err != nil {
		t.Fatalf("read the texts in %s: %v", lang, err)
	}
	return texts
}

func read(t *testing.T, files embed.FS, name string) []byte {
	t.Helper()
	body, err := files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// difference is what only one of the two lists holds.
func difference(a, b []string) []string {
	return slices.DeleteFunc(slices.Concat(a, b), func(one string) bool {
		return slices.Contains(a, one) && slices.Contains(b, one)
	})
}
