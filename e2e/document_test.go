package e2e

import (
	"cmp"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// destructive are operations that would end what the rest of the test stands on.
const destructive = `deactivation|/stream$`

var operationsTested = regexp.MustCompile(`Tested: (\d+)`)

// TestTheAPIBearsWhateverItsDocumentAllows has schemathesis make requests from the
// OpenAPI document, good and bad ones, as an administrator and as a program: no
// answer is a fault of the server. It takes PROPUSK_E2E_HOSTILE_SECONDS for each.
func TestTheAPIBearsWhateverItsDocumentAllows(t *testing.T) {
	t.Parallel()
	home, err := filepath.Abs("python")
	tool := filepath.Join(home, ".venv", "bin", "schemathesis")
	if err == nil {
		_, err = os.Stat(tool)
	}
	need(t, err == nil, "schemathesis")
	s := cluster(t)
	admin, o := s.administrator(t)
	scope := s.everyScope(t)
	web := s.createClient(t, "--name", "Проверка", "--kind", "web", "--redirect-uri", s.Issuer+"/demo/callback",
		"--grant-type", "authorization_code", "--grant-type", "refresh_token", "--scope", scope)
	person := s.grant(t, newVisitor(t), web, admin, o.ID)
	// One worker: two threads that parse at a time end Python 3.11 in a SystemError
	// (python/cpython, issue 106905).
	for name, token := range map[string]string{"an administrator": person.AccessToken, "a program": s.programToken(t, o)} {
		t.Run(name, func(t *testing.T) {
			limit := cmp.Or(os.Getenv("PROPUSK_E2E_HOSTILE_SECONDS"), "30")
			run := exec.Command(tool, "run", s.Issuer+"/v1/openapi.json", "--url", s.Issuer, "--no-color",
				"-H", "Authorization: Bearer "+token, "-c", "not_a_server_error", "--phases", "examples,fuzzing",
				"--exclude-path-regex", destructive, "--max-examples", "40", "--workers", "1", "--no-shrink",
				"--generation-deterministic", "--suppress-health-check", "all", "--warnings", "off", "--max-time", limit)
			run.Dir = t.TempDir()
			run.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS=hooks", "PYTHONPATH="+home)
			began := time.Now()
			out, err := run.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, tail(string(out), 12000))
			}
			tested := operationsTested.FindStringSubmatch(string(out))
			if tested == nil {
				t.Fatalf("nothing was tested:\n%s", tail(string(out), 4000))
			}
			t.Logf("%s operations in %v: %s", tested[1], time.Since(began), strings.TrimSpace(tail(string(out), 200)))
		})
	}
}

// everyScope is what the issuer says can be asked for, but for what only operators
// of the house are given, and receivers of signals.
func (s *site) everyScope(t testing.TB) string {
	t.Helper()
	var metadata struct {
		Scopes []string `json:"scopes_supported"`
	}
	s.call(t, "", "GET", "/.well-known/openid-configuration", &metadata)
	return strings.Join(slices.DeleteFunc(metadata.Scopes, func(scope string) bool {
		return scope == "recoveries" || scope == "moderation" || strings.HasPrefix(scope, "ssf.")
	}), " ")
}

// programToken is a token of a program of the organisation with every permission.
func (s *site) programToken(t testing.TB, o organisation) string {
	t.Helper()
	var scopes []string
	for _, scope := range strings.Fields(s.everyScope(t)) {
		if strings.Contains(scope, ":") || scope == "organization" {
			scopes = append(scopes, scope)
		}
	}
	program := s.createClient(t.(*testing.T), "--name", "Программа", "--kind", "service", "--organisation", o.INN,
		"--grant-type", "client_credentials", "--scope", strings.Join(scopes, " "))
	got := s.tokens(t, program, url.Values{"grant_type": {"client_credentials"}})
	if got.AccessToken == "" {
		t.Fatalf("no token for a program: %d %s", got.status, got.Description)
	}
	return got.AccessToken
}
