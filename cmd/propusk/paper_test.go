package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/paper"
	"propusk/conf"
)

// issued is a paper with its signature and the seal, in files of a folder.
type issued struct {
	dir, code string
	pdf       []byte
}

// issue makes a paper by the seal of the command line's database.
func (c *cli) issue() issued {
	c.t.Helper()
	cfg, _, err := conf.Load(c.config, nil)
	c.must(err)
	b, err := openBase(c.t.Context(), cfg, newLog(cfg.Log, &bytes.Buffer{}))
	c.must(err)
	defer b.close()
	seal, err := openSeal(c.t.Context(), b)
	c.must(err)
	p, err := paper.New(paper.Deps{Seal: seal, Issuer: "https://id.example.ru", Name: "Пропуск", Now: time.Now})
	c.must(err)
	out := issued{dir: c.t.TempDir()}
	out.pdf, out.code, err = p.Issue(paper.Document{Title: "Выписка", Number: "17", At: time.Now()}, map[string]any{"num": "17"})
	c.must(err)
	cms, err := p.Sign(out.pdf)
	c.must(err)
	plain, err := p.PDF(paper.Document{Title: "Без кода"})
	c.must(err)
	plainCMS, err := p.Sign(plain)
	c.must(err)
	for name, content := range map[string][]byte{
		"paper.pdf": out.pdf, "paper.p7s": cms, "plain.pdf": plain, "plain.p7s": plainCMS, "note.txt": []byte("text"),
		"changed.pdf": bytes.Replace(out.pdf, []byte("stream\n"), []byte("strEam\n"), 1),
	} {
		c.must(os.WriteFile(filepath.Join(out.dir, name), content, 0o600))
	}
	return out
}

func (c *cli) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func TestPaperVerifySaysWhatAPaperSaysAndWhetherItIsGenuine(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	made, other := c.issue(), newCLI(t).issue()
	file := func(name string) string { return filepath.Join(made.dir, name) }
	out, err := c.run("", "seal", "show", "--pem")
	c.must(err)
	c.must(os.WriteFile(file("seal.pem"), []byte(out), 0o600))
	out, err = c.run("", "seal", "show", "--json")
	c.must(err)
	c.must(os.WriteFile(file("seal.json"), []byte(out), 0o600))
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   paperVerdict
	}{
		"a code":                    {[]string{made.code}, 0, paperVerdict{Genuine: true}},
		"a PDF":                     {[]string{file("paper.pdf")}, 0, paperVerdict{Genuine: true, Text: "same"}},
		"a PDF and its signature":   {[]string{file("paper.pdf"), "--signature", file("paper.p7s")}, 0, paperVerdict{Genuine: true, Text: "same", Signature: "accepted"}},
		"without a code, signed":    {[]string{file("plain.pdf"), "--signature", file("plain.p7s")}, 0, paperVerdict{Genuine: true, Signature: "accepted"}},
		"without a code":            {[]string{file("plain.pdf")}, 1, paperVerdict{}},
		"another's code":            {[]string{other.code}, 1, paperVerdict{}},
		"another's paper":           {[]string{filepath.Join(other.dir, "paper.pdf")}, 1, paperVerdict{}},
		"another paper's signature": {[]string{file("paper.pdf"), "--signature", file("plain.p7s")}, 1, paperVerdict{Text: "same", Signature: "digest_mismatch"}},
		"changed":                   {[]string{file("changed.pdf")}, 1, paperVerdict{}},
		"changed, with a signature": {[]string{file("changed.pdf"), "--signature", file("paper.p7s")}, 1, paperVerdict{Signature: "digest_mismatch"}},
	} {
		for _, seal := range []string{"seal.pem", "seal.json"} {
			out, err := c.run("", append([]string{"paper", "verify", "--json", "--seal", file(seal)}, tt.args...)...)
			var got paperVerdict
			if json.Unmarshal([]byte(out), &got) != nil || exitStatus(err) != tt.status {
				t.Errorf("%s: status %d, %v: %s", name, exitStatus(err), err, out)
			}
			if got.Genuine != tt.want.Genuine || got.Text != tt.want.Text || got.Signature != tt.want.Signature || got.Genuine == (got.Reason != "") {
				t.Errorf("%s by %s: %+v", name, seal, got)
			}
		}
	}
	out, err = c.run("", "paper", "verify", "--seal", file("seal.pem"), made.code)
	if err != nil || !strings.Contains(out, "genuine: yes") || !strings.Contains(out, "num:") || strings.Contains(out, "txt:") {
		t.Errorf("%v: %s", err, out)
	}
	for name, args := range map[string][]string{
		"no seal":               {made.code},
		"a seal that is none":   {"--seal", file("note.txt"), made.code},
		"nothing":               {"--seal", file("seal.pem")},
		"a file without a code": {"--seal", file("seal.pem"), file("note.txt")},
		"no such file":          {"--seal", file("seal.pem"), "nowhere.pdf"},
		"no such signature":     {"--seal", file("seal.pem"), "--signature", "nowhere.p7s", file("paper.pdf")},
		"an unknown flag":       {"--trust-everything", made.code},
	} {
		if _, err := c.run("", append([]string{"paper", "verify"}, args...)...); exitStatus(err) != 2 {
			t.Errorf("%s: status %d, %v", name, exitStatus(err), err)
		}
	}
}

func TestSealIsRotatedByACommandAndOldPapersStayGenuine(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	made := c.issue()
	var before, after paper.Published
	c.json(&before, "seal", "show")
	c.json(&after, "seal", "rotate")
	if len(before.Certificates) != 1 || len(after.Certificates) != 2 || !after.Certificates[0].Current || after.Certificates[1].KeyID != before.Certificates[0].KeyID {
		t.Fatalf("%+v, then %+v", before.Certificates, after.Certificates)
	}
	out, err := c.run("", "seal", "show", "--pem")
	c.must(err)
	seal := filepath.Join(made.dir, "seal.pem")
	c.must(os.WriteFile(seal, []byte(out), 0o600))
	if out, err := c.run("", "paper", "verify", "--seal", seal, made.code); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	text, err := c.run("", "seal", "show")
	if err != nil || strings.Count(text, "\n") != 3 || !strings.Contains(text, "KID") {
		t.Errorf("%v: %s", err, text)
	}
}
