package webhook

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"propusk/storage"
)

// block takes the last code block of a language out of docs/webhooks.md.
func block(t *testing.T, lang string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "webhooks.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```"+lang+"\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(found) == 0 {
		t.Fatalf("no %s in docs/webhooks.md", lang)
	}
	return found[len(found)-1][1]
}

// What docs/webhooks.md tells receivers to run, run on what this house signs.
func TestTheDocumentedCodeVerifies(t *testing.T) {
	t.Parallel()
	for lang, command := range map[string][]string{"sh": {"sh"}, "python": {"python3"}, "go": {"go", "run"}} {
		if _, err := exec.LookPath(command[0]); err != nil {
			if os.Getenv("CI") == "true" {
				t.Errorf("%s is not installed", command[0])
			}
			continue
		}
		dir := t.TempDir()
		script := filepath.Join(dir, "verify."+lang)
		write(t, script, block(t, lang))
		for name, tt := range map[string]struct {
			body string
			age  time.Duration
			want string
		}{
			"genuine": {`{"test":"Отчёт принят"}`, 0, "genuine"},
			"changed": {`{"test":"Отчёт не принят"}`, 0, "forged"},
			"old":     {`{"test":"Отчёт принят"}`, time.Hour, ""},
		} {
			if lang == "go" && name == "changed" {
				continue // each run is a compilation; Verify's own tests have the rest
			}
			body := filepath.Join(dir, "body")
			write(t, body, tt.body)
			timestamp := strconv.FormatInt(time.Now().Add(-tt.age).Unix(), 10)
			secrets := []string{newSecret(), newSecret()}
			signed, err := sign(secrets, "msg_1", timestamp, []byte(`{"test":"Отчёт принят"}`))
			if err != nil {
				t.Fatal(err)
			}
			args := append(command[1:], script, secrets[1], "msg_1", timestamp, signed, body)
			out, _ := exec.Command(command[0], args...).CombinedOutput()
			got := strings.TrimSpace(string(out))
			if tt.want != "" && got != tt.want || tt.want == "" && got == "genuine" {
				t.Errorf("%s, %s: %q", lang, name, got)
			}
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The states of a delivery after each attempt, to the end of three days.
func TestRetriesGoOnForThreeDays(t *testing.T) {
	t.Parallel()
	d, now := delivery{State: waiting}, time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC)
	began, attempts := now, 0
	for d.State == waiting && attempts < 100 {
		at := storage.Of(now)
		d = d.after(attempt{At: at, Error: "status"}, at)
		attempts++
		if d.State == waiting {
			now = d.DueAt.Time()
		}
	}
	if took := now.Sub(began); d.State != failed || took > giveUp || took < giveUp-waits[len(waits)-1] || attempts != 17 {
		t.Errorf("%s after %v and %d attempts", d.State, took, attempts)
	}
	if d := (delivery{State: waiting}).after(attempt{At: 1}, 2); d.State != delivered || d.SettledAt != 2 {
		t.Errorf("%+v", d)
	}
	if rest(0) != 0 || rest(1) != 2*time.Second || rest(50) != longestRest || concurrency(0) != 4 || concurrency(1) != 1 {
		t.Error("the rest of a failing webhook")
	}
}
