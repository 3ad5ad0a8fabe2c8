package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the program under test, built once.
var binary string

// artifacts is where pictures and measurements are kept.
var artifacts string

func TestMain(m *testing.M) {
	if asked := os.Getenv(floodVariable); asked != "" {
		os.Exit(runFlood(asked))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "propusk-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	root, err := filepath.Abs("..")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	artifacts = filepath.Join(root, "artifacts")
	binary = filepath.Join(dir, "propusk")
	if err := build(root, binary, "./cmd/propusk"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build compiles a command of the module, with the race detector when this
// test has it: what it finds in the server is then found here too.
func build(root, out, pkg string) error {
	args := []string{"build", "-trimpath", "-o", out}
	if raceDetector {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, output)
	}
	return nil
}

// need skips the test where something outside is missing, and fails it where
// CI promises it.
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI must have %s", what)
	}
	t.Skipf("no %s here; `make test` installs it", what)
}

func needProgram(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	need(t, false, names[0])
	return ""
}
