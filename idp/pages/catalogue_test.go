package pages

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// messages reads one catalogue as it stands in the file.
func messages(t *testing.T, lang string) map[string]any {
	t.Helper()
	body, err := translationFiles.ReadFile("translations/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBothCataloguesHaveTheSameKeysAndPlaceholders(t *testing.T) {
	t.Parallel()
	ru, en := messages(t, "ru"), messages(t, "en")
	if len(ru) == 0 {
		t.Fatal("the Russian catalogue is empty")
	}
	for key, text := range ru {
		if en[key] == nil {
			t.Errorf("%s is not said in English", key)
		} else if a, b := placeholders(text), placeholders(en[key]); !slices.Equal(a, b) {
			t.Errorf("%s has the placeholders %v in Russian and %v in English", key, a, b)
		}
	}
	for key := range en {
		if ru[key] == nil {
			t.Errorf("%s is not said in Russian", key)
		}
	}
}

// placeholders of a message, over all its plural forms, sorted.
func placeholders(message any) []string {
	var texts []string
	switch m := message.(type) {
	case string:
		texts = []string{m}
	case map[string]any:
		for _, text := range m {
			texts = append(texts, text.(string))
		}
	}
	var out []string
	for _, text := range texts {
		out = append(out, regexp.MustCompile(`{{\.\w+}}`).FindAllString(text, -1)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestMessagesWithANumberHaveEveryPlural(t *testing.T) {
	t.Parallel()
	for lang, forms := range map[string][]string{"ru": {"one", "few", "many", "other"}, "en": {"one", "other"}} {
		for key, message := range messages(t, lang) {
			plural, isPlural := message.(map[string]any)
			if strings.Contains(strings.Join(placeholders(message), ""), ".Count") != isPlural {
				t.Errorf("%s: %s: a message has plurals exactly when it has {{.Count}}", lang, key)
			}
			for _, form := range forms {
				if isPlural && plural[form] == nil {
					t.Errorf("%s: %s lacks the form %q", lang, key, form)
				}
			}
		}
	}
}

// composed are the keys that a template or the code puts together, by prefix;
// "failure." and "error." are for the callers of the kit.
var composed = []string{"code.title.", "code.lead.", "code.other.", "help.", "month.", "scope.", "failure.", "error.", "notice.", "how.", "way.",
	"check.", "newpassword.", "confirm.unusual.", "certificate.act", "consent.about."}

func TestEveryKeyOfTheTemplatesExistsAndEveryKeyIsUsed(t *testing.T) {
	t.Parallel()
	ru, used := messages(t, "ru"), map[string]bool{}
	call := regexp.MustCompile(`\b(?:t|say) "([a-z0-9_.]+)"`)
	err := fs.WalkDir(templateFiles, "templates", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := templateFiles.ReadFile(path)
		for _, match := range call.FindAllStringSubmatch(string(body), -1) {
			used[match[1]] = true
			if ru[match[1]] == nil {
				t.Errorf("%s says %q, which is in no catalogue", path, match[1])
			}
		}
		return err
	})
	if err != nil || len(used) == 0 {
		t.Fatalf("%d keys found: %v", len(used), err)
	}
	for key := range ru {
		isComposed := slices.ContainsFunc(composed, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		isComposed = isComposed || slices.ContainsFunc(spoken, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		if !used[key] && !isComposed {
			t.Errorf("%s is used nowhere", key)
		}
	}
}

// spoken are the prefixes of what scripts say (the function "words").
var spoken = []string{"bell.say.", "tabs.say.", "passkey.say.", "signing.say.", "idle.say.", "rules.say."}

func TestEveryTextOfTheScriptsIsSaidByOne(t *testing.T) {
	t.Parallel()
	var scripts strings.Builder
	for _, name := range assetNames {
		if strings.HasPrefix(name, "scripts/") {
			body, err := staticFiles.ReadFile("static/" + name)
			if err != nil {
				t.Fatal(err)
			}
			scripts.Write(body)
		}
	}
	for key := range messages(t, "ru") {
		for _, prefix := range spoken {
			rest, found := strings.CutPrefix(key, prefix)
			numbered := regexp.MustCompile(`^\d$`).MatchString(rest) // words[level]
			if found && !numbered && !regexp.MustCompile(`["'.]`+rest+`\b`).MatchString(scripts.String()) {
				t.Errorf("no script says %s", key)
			}
		}
	}
}

func TestComposedKeysExist(t *testing.T) {
	t.Parallel()
	ru := messages(t, "ru")
	var keys []string
	for _, kind := range []string{KindTOTP, KindSMS, KindEmail} {
		keys = append(keys, "code.title."+kind, "code.lead."+kind, "code.other."+kind, "code.other."+kind+".text", "how."+kind)
	}
	for _, kind := range []string{KindRecovery, KindPasskey} {
		keys = append(keys, "code.other."+kind, "code.other."+kind+".text")
	}
	keys = append(keys, "code.title."+KindRecovery, "code.lead."+KindRecovery)
	for _, status := range []string{CheckPassed, CheckWarned, CheckFailed, CheckSkipped} {
		keys = append(keys, "check."+status)
	}
	for _, reason := range []string{ReasonAged, ReasonRecovered, ReasonFirst, ReasonBreached} {
		keys = append(keys, "newpassword."+reason)
	}
	for _, what := range []string{UnusualDevice, UnusualCountry, UnusualTravel} {
		keys = append(keys, "confirm.unusual."+what)
	}
	for _, topic := range helpTopics {
		keys = append(keys, "help."+topic)
	}
	for _, name := range failures {
		f := Fail(name)
		keys = append(keys, f.Title, f.What, f.Why, f.Do)
	}
	for key := range ru {
		if strings.HasPrefix(key, "scope.") && !strings.HasSuffix(key, ".text") {
			keys = append(keys, key+".text")
		}
	}
	for _, key := range keys {
		if ru[key] == nil {
			t.Errorf("%s is in no catalogue", key)
		}
	}
}

// design.md, "Words": no blame, no exclamation marks.
func TestMessagesDoNotShout(t *testing.T) {
	t.Parallel()
	for _, lang := range languages {
		for key, message := range messages(t, lang) {
			text, _ := json.Marshal(message)
			bare := strings.ReplaceAll(strings.ReplaceAll(string(text), "such as !", ""), "вроде !", "")
			if strings.Contains(bare, "!") || strings.Contains(strings.ToLower(bare), "произошла ошибка") {
				t.Errorf("%s: %s: %s", lang, key, text)
			}
		}
	}
}
