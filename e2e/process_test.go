package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds each wait for what must come, so that a failure tells what did not.
// It is no measure of anything: a machine with other things to do takes long, and is
// not wrong for that.
const patience = 90 * time.Second

// process is a running propusk.
type process struct {
	cmd    *exec.Cmd
	log    *logBuffer
	exited chan struct{}
}

// logBuffer keeps what a process wrote to standard error.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// start runs propusk with args and env beside a clean environment, and gives
// its standard output. It is killed when the test ends, and its log shown when
// the test failed.
func start(t *testing.T, env []string, args ...string) (*process, io.Reader) {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), log: &logBuffer{}, exited: make(chan struct{})}
	p.cmd.Env = append(cleanEnvironment(), env...)
	p.cmd.Stderr = p.log
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = p.cmd.Process.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of propusk %s:\n%s", strings.Join(args, " "), tail(notable(p.log.String()), 3000))
		}
		if report := p.log.String(); strings.Contains(report, "WARNING: DATA RACE") {
			t.Errorf("the race detector spoke in propusk %s:\n%s", args[0], report)
		}
	})
	return p, stdout
}

// cleanEnvironment is ours without any setting of propusk.
func cleanEnvironment() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "PROPUSK_") {
			env = append(env, e)
		}
	}
	return env
}

// notable is a log without the lines that these tests expect: no mail server is set.
func notable(log string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(log, "\n"), func(line string) bool {
		return strings.Contains(line, "mail.host is not set")
	}), "\n")
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// kill ends the process at once, as a power cut would (kill −9).
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// terminate asks the process to stop.
func (p *process) terminate() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// stop asks the process to stop and waits until it did.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.terminate()
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatalf("propusk did not stop within %v", patience)
	}
}

// given are the ports that freePort gave.
var given sync.Map

// freePort gives a port that nothing listens on and that no other test has. It lies below
// those that the system takes for the near end of a connection: one of these may be
// taken at any moment, also that of a server which was killed and is started again.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// serve starts `propusk serve` on port and waits until it is ready.
func serve(t *testing.T, port int, env ...string) *process {
	t.Helper()
	env = append([]string{
		fmt.Sprintf("PROPUSK_LISTEN=127.0.0.1:%d", port),
		"PROPUSK_LOG_LEVEL=warn",
		"PROPUSK_LOG_FORMAT=text",
	}, env...)
	p, stdout := start(t, env, "serve")
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	awaitReady(t, p, fmt.Sprintf("http://127.0.0.1:%d/readyz", port))
	return p
}

func awaitReady(t *testing.T, p *process, url string) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(25 * time.Millisecond) {
		select {
		case <-p.exited:
			t.Fatalf("propusk ended before it was ready:\n%s", p.log)
		default:
		}
		resp, err := http.Get(url)
		if err != nil {
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
		last = string(body)
	}
	t.Fatalf("propusk is not ready after %v: %s\n%s", patience, last, p.log)
}

// command runs a command of propusk with --json and decodes its output into
// dst (nil: not looked at).
func command(t *testing.T, env []string, dst any, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append(args, "--json")...)
	cmd.Env = append(cleanEnvironment(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("propusk %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	if dst == nil {
		return
	}
	if err := json.Unmarshal(out, dst); err != nil {
		t.Fatalf("propusk %s printed %q: %v", strings.Join(args, " "), out, err)
	}
}
