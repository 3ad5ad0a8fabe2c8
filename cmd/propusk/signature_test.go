package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// The fixtures stand beside the verifier; expectations.txt there says what each
// must give. Here it is the contract of the command: lines and exit status.
func TestSignatureVerifyKeepsItsContract(t *testing.T) {
	t.Parallel()
	fixture := func(name string) string { return filepath.Join("../../signature/testdata/fixtures", name) }
	asked := func(extra ...string) []string {
		return append([]string{
			"signature", "verify", "--roots", fixture("rsa2048/root"), "--intermediates", fixture("rsa2048/int"),
			"--crls", fixture("rsa2048"), "--content", fixture("challenge.bin"), "--at", fixtureMoment,
		}, extra...)
	}
	good, bad := fixture("rsa2048/cms/person.p7s"), fixture("rsa2048/cms/other-content.p7s")
	for name, tt := range map[string]struct {
		args   []string
		status int
		codes  []string // one for each line that is printed
	}{
		"accepted":                  {asked("--json", good), 0, []string{"ok"}},
		"one of two refused":        {asked("--json", good, bad), 1, []string{"ok", "digest_mismatch"}},
		"no signature named":        {asked("--json"), 2, nil},
		"no such signature":         {asked("--json", "nowhere.p7s"), 2, nil},
		"one of two unreadable":     {asked("--json", "nowhere.p7s", good), 2, []string{"ok"}},
		"a moment that is none":     {asked("--json", "--at", "yesterday", good), 2, nil},
		"a language that is none":   {asked("--json", "--lang", "de", good), 2, nil},
		"a flag that is none":       {asked("--trust-everything", good), 2, nil},
		"neither roots nor content": {[]string{"signature", "verify", good}, 2, nil},
	} {
		out, status := signatureRun(t, tt.args...)
		if status != tt.status {
			t.Errorf("%s: exit status %d, want %d", name, status, tt.status)
		}
		var lines []string
		if text := strings.TrimSpace(out); text != "" {
			lines = strings.Split(text, "\n")
		}
		if len(lines) != len(tt.codes) {
			t.Fatalf("%s: %d lines, want %d: %s", name, len(lines), len(tt.codes), out)
		}
		for i, code := range tt.codes {
			var line struct {
				File     string
				Accepted bool
				Code     string
				Checks   []struct{ Name, Status, Code, Text string }
			}
			if err := json.Unmarshal([]byte(lines[i]), &line); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if line.Code != code || line.Accepted != (code == "ok") || line.File == "" || len(line.Checks) == 0 {
				t.Errorf("%s: line %d is %+v, want code %s", name, i, line, code)
			}
		}
	}
	if out, status := signatureRun(t, asked("--lang", "en", good)...); status != 0 || !strings.Contains(out, "The signature is accepted.") {
		t.Errorf("for a person: %d %q", status, out)
	}
}

// fixtureMoment is when the fixtures are valid.
const fixtureMoment = "2026-11-22T04:47:28Z"

func signatureRun(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	var stdout bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&stdout)
	cmd.SetErr(&bytes.Buffer{})
	err := cmd.ExecuteContext(t.Context())
	return stdout.String(), exitStatus(err)
}
