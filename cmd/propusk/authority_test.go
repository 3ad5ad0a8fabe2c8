package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/egrul"
	"propusk/cabinet/authority/httpsig"
	"propusk/conf"
	"propusk/idp/directory"
	"propusk/storage"
)

func TestAuthorityKeyIsTheSameEachTimeAndTheOneOfTheFile(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	var first, second struct {
		KeyID     string `json:"key_id"`
		PublicKey string `json:"public_key"`
	}
	c.json(&first, "authority", "key")
	c.json(&second, "authority", "key")
	key, err := httpsig.ParsePublic(first.PublicKey)
	if err != nil || key.ID != first.KeyID || first != second {
		t.Fatalf("%+v, %+v, %v", first, second, err)
	}
	out, err := c.run("", "authority", "key", "--pem")
	if pem, bad := httpsig.ParsePublic(out); err != nil || bad != nil || pem.ID != first.KeyID {
		t.Fatalf("%q, %v, %v", out, err, bad)
	}
	dir := t.TempDir()
	if _, err := folderSigner(dir); err != nil {
		t.Fatal(err)
	}
	b := &base{cfg: conf.Config{Authority: conf.Authority{KeyFile: filepath.Join(dir, "key.pem")}}}
	signer, err := b.authoritySigner()
	if err != nil || signer.ID == first.KeyID {
		t.Fatalf("%v, %v", signer, err)
	}
	if key, err := readPublic(filepath.Join(dir, "public.pem")); err != nil || key.ID != signer.ID {
		t.Fatalf("%v, %v", key.ID, err)
	}
	b.cfg.Authority.KeyFile = filepath.Join(dir, "public.pem")
	if _, err := b.authoritySigner(); err == nil || !strings.Contains(err.Error(), "public.pem") {
		t.Error(err)
	}
}

func TestBodiesOfTheConfigurationAreReadWithTheirKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	signer, err := folderSigner(dir)
	if err != nil {
		t.Fatal(err)
	}
	inline := authoritytest.Signer(t, 5)
	bodies, err := authorityBodies(conf.Authority{Bodies: []conf.Body{{
		Name: "fns", URL: "https://fns.example", Recipients: []string{"*"}, Poll: true, Keys: []string{filepath.Join(dir, "public.pem"), inline.String()},
	}}})
	if err != nil || len(bodies) != 1 || len(bodies[0].Keys) != 2 || bodies[0].Keys[0].ID != signer.ID || bodies[0].Keys[1].ID != inline.ID || !bodies[0].Poll {
		t.Fatalf("%+v, %v", bodies, err)
	}
	for _, key := range []string{filepath.Join(dir, "absent.pem"), filepath.Join(dir, "key.pem")} {
		_, err := authorityBodies(conf.Authority{Bodies: []conf.Body{{Name: "fns", Keys: []string{key}}}})
		if err == nil || !strings.Contains(err.Error(), "fns") || !strings.Contains(err.Error(), filepath.Base(key)) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestLettersAreListedAndRetriedByCommand(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	var letters []authority.Letter
	c.json(&letters, "authority", "dead")
	if letters == nil || len(letters) != 0 {
		t.Fatalf("%+v", letters)
	}
	c.insert(`INSERT INTO authority_submissions (id, kind, organisation_id, recipient, body, state, number, receipt, attempts, fault, next_seq, created_at, next_at, sent_at)
		VALUES ('s1', 'filing', 'o', '7801', 'fns', 'dead', '', '', 3, 'fns answered 422', 1, 1, 2, 0)`)
	out, err := c.run("", "authority", "dead")
	if err != nil || !strings.Contains(out, "s1") || !strings.Contains(out, "fns answered 422") || !strings.Contains(out, "submission filing") {
		t.Fatalf("%s, %v", out, err)
	}
	if out, err := c.run("", "authority", "retry", "s1", "--by", "Соколов"); err != nil || !strings.Contains(out, "1 will be tried again") {
		t.Fatalf("%s, %v", out, err)
	}
	c.json(&letters, "authority", "waiting")
	if len(letters) != 1 || letters[0].ID != "s1" || letters[0].State != "queued" {
		t.Fatalf("%+v", letters)
	}
	if _, err := c.run("", "authority", "retry", "s1"); err == nil || !strings.Contains(err.Error(), "propusk authority dead") {
		t.Fatal(err)
	}
}

func TestReceiptThatNoKeyVerifiesIsShownAsInvalid(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	if _, err := c.run("", "authority", "receipt", "s1"); !errors.Is(err, storage.ErrNotFound) {
		t.Fatal(err)
	}
	c.insert(`INSERT INTO authority_submissions (id, kind, organisation_id, recipient, body, state, number, receipt, attempts, fault, next_seq, created_at, next_at, sent_at)
		VALUES ('s1', 'filing', 'o', '7801', 'fns', 'sent', '', '{"method":"POST","url":"https://fns.example/submissions","status":202,"body":"{}"}', 3, '', 1, 1, 2, 2)`)
	var status statusError
	out, err := c.run("", "authority", "receipt", "s1", "--json")
	if !errors.As(err, &status) || status != 1 || !strings.Contains(out, `"valid":false`) {
		t.Fatalf("%s, %v", out, err)
	}
}

// insert runs a statement on the command line's database.
func (c *cli) insert(statement string) {
	c.t.Helper()
	address := "sqlite://" + filepath.Join(filepath.Dir(c.config), "p.db")
	db, err := storage.Open(context.Background(), address)
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(context.Background(), statement); err != nil {
		c.t.Fatal(err)
	}
}

func TestRegisterIsImportedAndShownByCommand(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.xml"), filepath.Join(dir, "bad.xml")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(good, authoritytest.LegalFile(egrul.Windows1251, 1))
	write(bad, strings.Replace(authoritytest.LegalFile(egrul.UTF8, 2), ` ИНН="`+authoritytest.INN(2)+`"`, "", 1))
	if out, err := c.run("", "registry", "import", good); err != nil || !strings.Contains(out, "records") {
		t.Fatalf("%s, %v", out, err)
	}
	var status statusError
	if out, err := c.run("", "registry", "import", dir, "--json"); !errors.As(err, &status) || status != 1 || !strings.Contains(out, `"refused":1`) || !strings.Contains(out, `"known":1`) {
		t.Fatalf("%s, %v", out, err)
	}
	out, err := c.run("", "registry", "show", authoritytest.INN(1))
	for _, want := range []string{"ООО «Пристань-1»", "Действующее", "Полярная Вера Игоревна, Генеральный директор", "62.01"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("no %s in %s, %v", want, out, err)
		}
	}
	var record authority.Record
	c.json(&record, "registry", "show", authoritytest.OGRN(1))
	if record.INN != authoritytest.INN(1) || len(record.Founders) != 5 {
		t.Errorf("%+v", record)
	}
	if _, err := c.run("", "registry", "show", "7707083893"); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	if out, err := c.run("", "registry", "files"); err != nil || !strings.Contains(out, "good.xml") || !strings.Contains(out, "1 records in all") {
		t.Errorf("%s, %v", out, err)
	}
}

func TestOrganisationIsFoundByEitherNumberAndNotByTwoOfDifferentOnes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := testBase(t)
	p, err := b.directory.CreatePerson(ctx, directory.NewPerson{LastName: "Соколов", FirstName: "Андрей", Email: "a@example.ru", EmailVerified: true})
	if err != nil {
		t.Fatal(err)
	}
	o, _, err := b.directory.CreateOrganisation(ctx, directory.NewOrganisation{
		Kind: directory.KindLegal, INN: "7801234564", KPP: "780101001", OGRN: "1027800123450", Name: "ООО «Северный маяк»",
	}, p.ID, directory.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		inn, ogrn string
		found     bool
	}{
		{"7801234564", "", true}, {"", "1027800123450", true}, {"7801234564", "1027800123450", true},
		{"7801234564", "1024700332216", false}, {"", "1024700332216", false}, {"4706012340", "", false},
	} {
		id, err := b.organisationByNumbers(ctx, tt.inn, tt.ogrn)
		if tt.found && (err != nil || id != o.ID) || !tt.found && !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%+v: %q, %v", tt, id, err)
		}
	}
}

// testBase is what commands stand on, over a database of the test's own.
func testBase(t *testing.T) *base {
	t.Helper()
	cfg := conf.Default()
	cfg.Database.URL = conf.Secret("sqlite://" + filepath.Join(t.TempDir(), "p.db") + "?synchronous=off")
	b, err := openBase(t.Context(), cfg, newLog(conf.Log{Level: "error", Format: "text"}, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

func TestSandboxRunsAsACommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules, organizations := filepath.Join(dir, "rules.json"), filepath.Join(dir, "organizations.json")
	for path, text := range map[string]string{
		rules:         `{"rules":[{"name":"quiet","match":{"kind":"filing"},"answers":[]}]}`,
		organizations: `[{"inn":"7801234564","kpp":"780101001","ogrn":"1027800123450","full_name":"ООО «Северный маяк»"}]`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	published := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(authoritytest.Signer(t, 1).PEM()) })}
	l, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = published.Serve(l) }()
	defer published.Close()

	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	cmd := root()
	cmd.SetArgs([]string{"sandbox", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "office"), "--rules", rules, "--organizations", organizations,
		"--client-key", "http://" + l.Addr().String(), "--json"})
	cmd.SetOut(w)
	cmd.SetErr(io.Discard)
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	lines := bufio.NewScanner(r)
	var ready struct {
		Event     string `json:"event"`
		URL       string `json:"url"`
		PublicKey string `json:"public_key"`
	}
	for lines.Scan() {
		if err := json.Unmarshal(lines.Bytes(), &ready); err != nil {
			t.Fatal(err)
		}
		if ready.Event == "listening" {
			break
		}
	}
	go io.Copy(io.Discard, r)
	key, err := httpsig.ParsePublic(ready.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	remote, err := authority.NewRemote(authority.Body{Name: "sandbox", URL: ready.URL, Keys: []httpsig.Public{key}}, authoritytest.Signer(t, 1), time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	if record, err := remote.Find(t.Context(), "1027800123450"); err != nil || record.FullName != "ООО «Северный маяк»" {
		t.Fatalf("%+v, %v", record, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if again, err := readPublic(filepath.Join(dir, "office", "public.pem")); err != nil || again.ID != key.ID {
		t.Fatalf("%v, %v", again.ID, err)
	}
}

func TestSandboxRefusesWhatWouldBeDangerousOrWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "x.json")
	if err := os.WriteFile(file, []byte(`{"rulez":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	key := authoritytest.Signer(t, 1).String()
	for name, args := range map[string][]string{
		"--admin-token":   {"--listen", ":0", "--client-key", key},
		"host:port":       {"--listen", "here", "--client-key", key},
		"--client-key":    {"--listen", "127.0.0.1:0", "--client-key", "nobody"},
		"--rules":         {"--listen", "127.0.0.1:0", "--client-key", key, "--rules", file},
		"--organizations": {"--listen", "127.0.0.1:0", "--client-key", key, "--organizations", file},
		"x.json":          {"--listen", "127.0.0.1:0", "--client-key", key, "--key", file},
	} {
		cmd := root()
		cmd.SetArgs(append([]string{"sandbox"}, args...))
		cmd.SetOut(&bytes.Buffer{})
		cmd.SetErr(&bytes.Buffer{})
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
