package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// block is one of the page that is run: what to do with its last line, and its
// commands.
type block struct{ section, what, commands string }

var blockPattern = regexp.MustCompile("(?m)^## (.+)$|<!-- (run[^>]*?) -->\n```sh\n((?s:.*?))```\n")

// TestTheIntegratorsPageIsTrue runs the commands of docs/integrators.md as they stand
// there, against the demo: each kind of application comes to its first call of the API.
func TestTheIntegratorsPageIsTrue(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl", "jq", "openssl"} {
		needProgram(t, program)
	}
	blocks := integratorsPage(t)
	data := t.TempDir()
	s := demo(t, "--data", data)
	sh := openShell(t, s, data)
	u := s.memberOfTwo(t)
	o := u.Organisations[0].organisation
	ran := map[string]bool{}
	for _, b := range blocks {
		said := sh.run(b.commands)
		last := said[strings.LastIndex(said, "\n")+1:]
		switch b.what {
		case "run, then browser":
			answer := newVisitor(t).signIn(last, redirectOf(t, b.commands), u, o.ID)
			sh.run("ANSWER='" + answer.String() + "'")
		case "run, then device":
			newVisitor(t).allowDevice(last, u, o.ID)
		}
		if strings.Contains(b.commands, "$API/organization") {
			if ran[b.section] = strings.Contains(last, o.INN) || strings.Contains(last, "7801234564"); !ran[b.section] {
				t.Errorf("%s: the API says %s", b.section, said)
			}
		}
	}
	if len(ran) != 6 {
		t.Errorf("to the API came %v", ran)
	}
}

// integratorsPage reads the blocks that are run.
func integratorsPage(t *testing.T) (blocks []block) {
	t.Helper()
	page, err := os.ReadFile("../docs/integrators.md")
	if err != nil {
		t.Fatal(err)
	}
	section := ""
	for _, found := range blockPattern.FindAllStringSubmatch(string(page), -1) {
		if found[1] != "" {
			section = found[1]
			continue
		}
		blocks = append(blocks, block{section, found[2], found[3]})
	}
	if len(blocks) < 10 {
		t.Fatalf("%d blocks", len(blocks))
	}
	return blocks
}

var redirectPattern = regexp.MustCompile(`redirect_uri=(http://127[^ "&\\]+)`)

func redirectOf(t *testing.T, commands string) string {
	t.Helper()
	found := redirectPattern.FindStringSubmatch(commands)
	if found == nil {
		t.Fatalf("no redirect_uri in %s", commands)
	}
	return found[1]
}

// shell is a bash that keeps its variables between blocks, as a reader's window does.
type shell struct {
	t     *testing.T
	in    io.WriteCloser
	lines *bufio.Reader
	count int
}

func openShell(t *testing.T, s *site, data string) *shell {
	t.Helper()
	cmd := exec.Command("bash", "-u")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(),
		"PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "PROPUSK_ISSUER="+s.Issuer, "PROPUSK_DATABASE_URL=sqlite://"+filepath.Join(data, "propusk.db"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return &shell{t: t, in: in, lines: bufio.NewReader(out)}
}

// run has the shell run the commands and returns what they said.
func (s *shell) run(commands string) string {
	s.t.Helper()
	s.count++
	end := fmt.Sprintf("end of block %d", s.count)
	if _, err := fmt.Fprintf(s.in, "%s\necho\necho %s\n", commands, end); err != nil {
		s.t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() {
		var text strings.Builder
		for {
			line, err := s.lines.ReadString('\n')
			if err != nil || strings.TrimSpace(line) == end {
				said <- text.String()
				return
			}
			text.WriteString(line)
		}
	}()
	select {
	case text := <-said:
		return strings.TrimSpace(text)
	case <-time.After(patience):
		s.t.Fatalf("not done after %v: %s", patience, commands)
		return ""
	}
}

// allowDevice opens the address that a device shows, and agrees.
func (v *visitor) allowDevice(address string, u *user, organisation string) {
	v.t.Helper()
	p := v.get(address, "")
	for range 8 {
		if f, ok := p.formWith("user_code"); ok {
			p = v.submit(p, f, url.Values{"user_code": {f.fields["user_code"].value}}, "")
			continue
		}
		if !asksAnything(p) {
			return
		}
		p = v.step(p, "", u, organisation)
	}
	v.t.Fatalf("the device is not allowed: %s", text(p.body))
}

func asksAnything(p page) bool {
	for _, name := range []string{"password", "code", "organisation", "decision"} {
		if _, asks := p.formWith(name); asks {
			return true
		}
	}
	return false
}
