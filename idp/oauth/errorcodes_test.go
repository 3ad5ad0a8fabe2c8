package oauth

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// RFC 6749 §5.2: every code that an endpoint answers is on the page that error_uri
// names, in both languages.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	made := regexp.MustCompile(`fault\([^,]+, "([a-z_]+)"`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range made.FindAllStringSubmatch(string(source), -1) {
			if _, said := errorWords[match[1]]; !said {
				t.Errorf("%s: %s is not explained", file, match[1])
			}
		}
	}
	cyrillic := func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }
	for _, lang := range []string{"ru", "en"} {
		answered, explained := ErrorCodes(lang)
		if len(answered) != len(errorWords) || len(explained) == 0 {
			t.Errorf("%s: %d and %d codes", lang, len(answered), len(explained))
		}
		for _, code := range append(answered, explained...) {
			if code.Do == "" || strings.ContainsFunc(code.What+code.Do, cyrillic) != (lang == "ru") {
				t.Errorf("%s: %+v", lang, code)
			}
		}
	}
}

func TestAnErrorNamesThePageThatExplainsIt(t *testing.T) {
	h := alone(t)
	c := h.web()
	for code, a := range map[string]answer{
		"unsupported_grant_type": h.post(h.Token, c, url.Values{"grant_type": {"password"}}),
		"invalid_grant":          h.post(h.Token, c, redeeming("nothing", nil)),
		"invalid_request":        h.post(h.Push, c, asking(c, with{"code_challenge": ""})),
	} {
		if a.status != http.StatusBadRequest || a.text("error_uri") != issuer+ErrorsPath+"#"+code {
			t.Errorf("%s: %d %v", code, a.status, a.body)
		}
	}
}
