package cabinet

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// TestEveryProblemIsSaidInBothLanguages, with the same blanks.
func TestEveryProblemIsSaidInBothLanguages(t *testing.T) {
	t.Parallel()
	cyrillic := regexp.MustCompile(`[а-яА-Я]`)
	for code, text := range texts {
		if text.status < 400 || text.status > 599 {
			t.Errorf("%s has status %d", code, text.status)
		}
		for _, pair := range [][2]string{{text.ru.title, text.en.title}, {text.ru.detail, text.en.detail}} {
			if !cyrillic.MatchString(pair[0]) || pair[1] == "" || cyrillic.MatchString(pair[1]) {
				t.Errorf("%s: %q, %q", code, pair[0], pair[1])
			}
			if strings.Join(placeholder.FindAllString(pair[0], -1), "") != strings.Join(placeholder.FindAllString(pair[1], -1), "") {
				t.Errorf("%s has other blanks: %q, %q", code, pair[0], pair[1])
			}
		}
	}
	for _, fields := range []map[string]map[string]string{fieldTexts, ownTexts} {
		for code, words := range fields {
			if !cyrillic.MatchString(words["ru"]) || words["en"] == "" || cyrillic.MatchString(words["en"]) {
				t.Errorf("%s: %v", code, words)
			}
		}
	}
}

// TestEveryCodeInUseIsKnownAndDocumented reads the sources: a code without text
// would be an answer without status.
func TestEveryCodeInUseIsKnownAndDocumented(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	pattern := regexp.MustCompile(`(?:refuse\(|refusal\{code: |directory\.Err\w+, |storage\.Err\w+, )"([a-z_]+)"`)
	files, err := fs.Glob(os.DirFS("."), "*.go")
	must(t, err)
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
		if _, known := texts[code]; !known {
			t.Errorf("%s has no text", code)
		}
		if !strings.Contains(document, code) && code != "method_not_allowed" && code != "request_cancelled" {
			t.Errorf("%s is not in the OpenAPI document", code)
		}
	}
	used["token_invalid"] = true
	for code := range texts {
		if !used[code] {
			t.Errorf("%s has a text but is never used", code)
		}
	}
}

func TestDirectoryRefusalsHaveCodes(t *testing.T) {
	t.Parallel()
	for err, code := range map[error]string{
		directory.ErrStale: "version_changed", directory.ErrLastAdministrator: "last_administrator",
		directory.ErrForbidden: "act_forbidden", directory.ErrOtherPerson: "invitation_other_person",
		directory.ErrInvitationExpired: "invitation_unusable", directory.ErrInvitationWithdrawn: "invitation_unusable",
		storage.ErrUsed: "invitation_unusable", storage.ErrNotFound: "not_found", storage.ErrExists: "already_exists",
		errors.New("disk full"): "internal", context.Canceled: "request_cancelled",
	} {
		refused := asRefusal(directoryRefusal(err))
		if refused.code != code || !errors.Is(refused, err) || !strings.Contains(refused.Error(), err.Error()) {
			t.Errorf("%v: %v", err, refused)
		}
	}
	one := asRefusal(directoryRefusal(&directory.FieldError{Field: "password", Code: "too_short", Args: map[string]any{"min": 12}}))
	problem := one.problem(context.Background(), "en")
	if problem.Status != 422 || problem.Errors[0].Code != "too_short" || problem.Errors[0].Detail != fieldTexts["invalid"]["en"] {
		t.Errorf("a field fault of an unknown kind: %+v", problem)
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
