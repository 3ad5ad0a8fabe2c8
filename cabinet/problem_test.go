package cabinet

import (
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
// would be an answer without status.
func TestEveryCodeInUseIsKnownAndDocumented(t *testing.T) {
	t.Parallel()
	book, err := api.NewBook()
	must(t, err)
	used := map[string]bool{}
	pattern := regexp.MustCompile(`(?:[rR]efuse\(|directory\.Err\w+, |storage\.Err\w+, )"([a-z_]+)"`)
	files, err := filepath.Glob("*.go")
	must(t, err)
	kernel, err := filepath.Glob("api/*.go")
	must(t, err)
	files = append(files, kernel...)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		must(t, err)
		for _, match := range pattern.FindAllStringSubmatch(string(source), -1) {
			used[match[1]] = true
		}
	}
	document := string(openapiSource)
	for code := range used {
		if _, known := book.Codes()[code]; !known {
			t.Errorf("%s has no text", code)
		}
		if !strings.Contains(document, code) && code != "method_not_allowed" && code != "request_cancelled" {
			t.Errorf("%s is not in the OpenAPI document", code)
		}
	}
	used["token_invalid"] = true
	for code := range book.Codes() {
		if !used[code] {
			t.Errorf("%s has a text but is never used", code)
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
