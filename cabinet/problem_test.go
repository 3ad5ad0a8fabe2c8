package cabinet

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

// TestEveryCodeInUseIsKnownAndDocumented reads the sources: a code without text
// would be an answer without status. The rooms' own codes are their own tests'.
func TestEveryCodeInUseIsKnownAndDocumented(t *testing.T) {
	t.Parallel()
	book, err := api.NewBook()
	must(t, err)
	sources, documents := map[string]string{}, ""
	must(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "web/") {
			return err
		}
		source, err := os.ReadFile(path)
		switch {
		case filepath.Base(path) == "openapi.json":
			documents += string(source)
		case strings.HasSuffix(path, ".go") && !strings.HasPrefix(filepath.Base(path), "texts"):
			sources[path] = string(source)
		}
		return err
	}))
	pattern := regexp.MustCompile(`(?:[rR]efuse\(|directory\.Err\w+, |storage\.Err\w+, )"([a-z_]+)"`)
	everything := ""
	for path, source := range sources {
		everything += source
		if dir := filepath.Dir(path); dir != "." && dir != "api" {
			continue
		}
		for _, match := range pattern.FindAllStringSubmatch(source, -1) {
			if _, known := book.Codes()[match[1]]; !known {
				t.Errorf("%s: %s has no text", path, match[1])
			}
		}
	}
	for code := range book.Codes() {
		if !strings.Contains(everything, `"`+code+`"`) {
			t.Errorf("%s has a text but is never used", code)
		}
		if !strings.Contains(documents, code) && code != "method_not_allowed" && code != "request_cancelled" {
			t.Errorf("%s is in no OpenAPI document", code)
		}
	}
}

func TestRequestsAreMeasured(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha")
	w.do("GET", "/v1/organization", w.token(a, a.members[directory.Administrator]), "")
	w.do("GET", "/v1/organization", "", "")
	w.do("GET", "/v1/organization", "x.y.z", "")
	if n, err := testutil.GatherAndCount(w.metrics, "propusk_cabinet_request_duration_seconds"); err != nil || n != 2 {
		t.Errorf("%d durations, %v", n, err)
	}
	want := `
# HELP propusk_guard_decisions_total Requests to the cabinet API by the guard's decision: admitted, or the reason of the refusal.
# TYPE propusk_guard_decisions_total counter
propusk_guard_decisions_total{reason="admitted"} 1
propusk_guard_decisions_total{reason="token_malformed"} 1
propusk_guard_decisions_total{reason="token_missing"} 1
`
	must(t, testutil.GatherAndCompare(w.metrics, strings.NewReader(want), "propusk_guard_decisions_total"))
}
