package registration

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"propusk/idp/directory"
)

// Every key is in both languages, and every key that a page asks for is there.
func TestTextsAreWhole(t *testing.T) {
	t.Parallel()
	texts := map[string]map[string]any{}
	for _, lang := range []string{"ru", "en"} {
		body, err := files.ReadFile("translations/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(body, ptr(texts, lang)); err != nil {
			t.Fatal(err)
		}
	}
	if ru, en := slices.Sorted(maps.Keys(texts["ru"])), slices.Sorted(maps.Keys(texts["en"])); !slices.Equal(ru, en) {
		t.Errorf("the languages differ: %v", difference(ru, en))
	}
	templates, err := files.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range templates {
		body, err := files.ReadFile("templates/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range asked.FindAllStringSubmatch(string(body), -1) {
			if texts["ru"][found[1]] == nil {
				t.Errorf("%s asks for %s", file.Name(), found[1])
			}
		}
	}
	for _, level := range []directory.Level{directory.LevelSimplified, directory.LevelStandard, directory.LevelConfirmed} {
		for _, opening := range level.Opens() {
			if key := "registration.opens." + string(opening); texts["ru"][key] == nil {
				t.Errorf("%s has no words", key)
			}
		}
	}
}

var asked = regexp.MustCompile(`t "(registration\.[a-z_.]+)"`)

func ptr(texts map[string]map[string]any, lang string) *map[string]any {
	m := map[string]any{}
	texts[lang] = m
	return &m
}

func difference(a, b []string) (only []string) {
	for _, one := range append(slices.Clone(a), b...) {
		if !slices.Contains(a, one) || !slices.Contains(b, one) {
			only = append(only, strings.TrimSpace(one))
		}
	}
	return only
}
