package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"propusk/conf"
)

func TestEveryCommandHelpsByAnExample(t *testing.T) {
	t.Parallel()
	quiet := map[string]bool{ // print no result, or one that is JSON already
		"propusk serve": true, "propusk demo": true, "propusk audit export": true, "propusk hash-passwords": true,
	}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			visit(sub)
		}
		if c.Parent() == nil {
			return
		}
		if c.Short == "" || !strings.Contains(c.Example, "propusk "+c.Name()) && !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: no example of its own: %q", c.CommandPath(), c.Example)
		}
		if c.Runnable() && !quiet[c.CommandPath()] && c.Flags().Lookup("json") == nil {
			t.Errorf("%s prints something and has no --json", c.CommandPath())
		}
	}
	visit(root())
}

// cli is a command line over an SQLite file of its own.
type cli struct {
	t      *testing.T
	config string
}

func newCLI(t *testing.T) *cli {
	dir := t.TempDir()
	config := filepath.Join(dir, "propusk.yaml")
	text := "database: {url: 'sqlite://" + dir + "/p.db?synchronous=off'}\npassword: {memory: 8192, time: 1}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &cli{t, config}
}

// run gives what a command prints; its error goes to the caller.
func (c *cli) run(stdin string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(append(args, "--config", c.config))
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

// json runs a command that must succeed and decodes what it prints.
func (c *cli) json(dst any, args ...string) {
	c.t.Helper()
	out, err := c.run("", append(args, "--json")...)
	if err != nil {
		c.t.Fatalf("propusk %s: %v", strings.Join(args, " "), err)
	}
	if err := json.Unmarshal([]byte(out), dst); err != nil {
		c.t.Fatalf("propusk %s printed %q: %v", strings.Join(args, " "), out, err)
	}
}

// refused runs a command that must fail and say why.
func (c *cli) refused(why string, args ...string) {
	c.t.Helper()
	out, err := c.run("", args...)
	if err == nil || !strings.Contains(err.Error(), why) {
		c.t.Errorf("propusk %s: %v (%s), want an error with %q", strings.Join(args, " "), err, out, why)
	}
}

const (
	anna  = "anna@severny-mayak.example"
	boris = "boris@severny-mayak.example"
	inn   = "7801234564"
)

// populate adds two people and an organisation.
func (c *cli) populate() {
	c.t.Helper()
	var u userAnswer
	c.json(&u, "user", "create", "--last-name", "Орлова", "--first-name", "Анна", "--email", anna, "--verified", "--totp", "--password", "Yantar-41-Veter")
	if len(u.TOTPSecret) != 32 || !u.EmailVerified || u.Name != "Орлова Анна" {
		c.t.Fatalf("created %+v", u)
	}
	c.json(&u, "user", "create", "--last-name", "Белов", "--first-name", "Борис", "--email", boris)
	var o orgAnswer
	c.json(&o, "org", "create", "--inn", inn, "--kpp", "780101001", "--ogrn", "1027800123450", "--name", "ООО «Северный маяк»", "--administrator", anna)
	if o.INN != inn || o.Status != "active" {
		c.t.Fatalf("created %+v", o)
	}
}

func TestUserCommands(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.populate()
	var u userAnswer
	c.json(&u, "user", "show", anna)
	if len(u.Organisations) != 1 || u.Organisations[0].Role != "administrator" || u.TOTPSecret != "" {
		t.Errorf("shown %+v", u)
	}
	c.json(&u, "user", "block", u.ID)
	if c.json(&u, "user", "show", anna); u.Status != "blocked" {
		t.Errorf("after blocking %q", u.Status)
	}
	c.json(&u, "user", "unblock", anna)
	var unused []userAnswer
	if c.json(&unused, "user", "unused", "--days", "0", "--block"); len(unused) != 2 || unused[0].Status != "blocked" {
		t.Errorf("accounts that nobody uses: %+v", unused)
	}
	if c.json(&unused, "user", "unused", "--days", "0"); len(unused) != 0 {
		t.Errorf("blocked ones are listed: %+v", unused)
	}
	c.json(&u, "user", "unblock", anna)
	if c.json(&unused, "user", "unused"); len(unused) != 0 {
		t.Errorf("a new account is listed: %+v", unused)
	}
	c.json(&u, "user", "reset-totp", anna)
	c.refused("no code generator", "user", "reset-totp", anna)
	if _, err := c.run("Gavan-73-Lampa\n", "user", "set-password", anna, "--password-stdin"); err != nil {
		t.Error(err)
	}
	c.refused("password", "user", "set-password", anna)
	c.refused("password_short", "user", "set-password", anna, "--password", "Short-1") // an administrator needs twelve
	c.refused("password_short", "user", "create", "--last-name", "Л", "--first-name", "К", "--email", "k@l.example", "--password", "x")
	c.refused("no person", "user", "show", "k@l.example") // nothing of the failed creation stays
	c.refused("taken", "user", "create", "--last-name", "Л", "--first-name", "К", "--email", anna)
	c.refused("no person", "user", "show", "01a2017f-98ee-7619-9952-196316dd4cc8")
	var all []userAnswer
	if c.json(&all, "user", "list"); len(all) != 2 {
		t.Errorf("%d people are listed", len(all))
	}
	if out, err := c.run("", "user", "list"); err != nil || !strings.Contains(out, boris) {
		t.Errorf("the list for people: %v %s", err, out)
	}
}

func TestOrgCommands(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.populate()
	var m memberAnswer
	c.json(&m, "org", "add-member", inn, boris, "--role", "accountant", "--position", "Бухгалтер", "--grant", "journal:read", "--deny", "finance:read")
	if m.Role != "accountant" || !strings.Contains(strings.Join(words(m.Permissions), " "), "journal:read") || strings.Contains(strings.Join(words(m.Permissions), " "), "finance:read") {
		t.Errorf("added %+v", m)
	}
	c.json(&m, "org", "change-member", inn, boris, "--role", "observer")
	if m.Role != "observer" || m.Position != "Бухгалтер" {
		t.Errorf("changed %+v", m)
	}
	c.refused("last administrator", "org", "remove-member", inn, anna)
	c.refused("last administrator", "org", "change-member", inn, anna, "--role", "observer")
	c.refused("no organisation", "org", "show", "4706012340")
	c.refused("", "org", "add-member", inn, boris, "--role", "emperor")
	var members []memberAnswer
	if c.json(&members, "org", "members", inn); len(members) != 2 {
		t.Errorf("members %+v", members)
	}
	var done map[string]string
	c.json(&done, "org", "remove-member", inn, boris)
	c.refused("no member", "org", "remove-member", inn, boris)
	var all []orgAnswer
	if c.json(&all, "org", "list"); len(all) != 1 || all[0].INN != inn {
		t.Errorf("organisations %+v", all)
	}
	c.json(&done, "org", "close", inn)
	for _, args := range [][]string{{"org", "list"}, {"org", "show", all[0].ID}, {"org", "members", all[0].ID}} {
		if out, err := c.run("", args...); err != nil || out == "" {
			t.Errorf("%v: %v %q", args, err, out)
		}
	}
}

func TestClientKeyAndAuditCommands(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.populate()
	var made clientAnswer
	c.json(&made, "client", "create", "--id", "obmen", "--name", "Обмен", "--kind", "service", "--organisation", inn, "--scope", "organization:read")
	if made.Secret == "" || made.Organisation == "" || made.TokenEndpointAuthMethod != "client_secret_basic" {
		t.Fatalf("created %+v", made)
	}
	first := made.Secret
	made = clientAnswer{}
	c.json(&made, "client", "rotate-secret", "obmen")
	if made.Secret == "" || made.Secret == first {
		t.Error("the secret was not rotated")
	}
	made = clientAnswer{}
	c.json(&made, "client", "update", "obmen", "--scope", "organization:read members:read", "--name-en", "Exchange")
	if made.Scope != "organization:read members:read" || made.Name != "Обмен" || made.NameEN != "Exchange" || made.Secret != "" {
		t.Errorf("updated %+v", made)
	}
	c.aboutRoundTrip()
	c.json(&made, "client", "disable", "obmen")
	if made.Status != "disabled" {
		t.Errorf("status %s", made.Status)
	}
	c.json(&made, "client", "enable", "obmen")
	c.refused("redirect_uris", "client", "create", "--name", "Сайт", "--kind", "web")
	c.refused("no client", "client", "show", "nobody")
	var list []clientAnswer
	if c.json(&list, "client", "list", "--organisation", inn); len(list) != 1 {
		t.Errorf("clients %+v", list)
	}

	var keys []map[string]any
	if c.json(&keys, "key", "list"); len(keys) < 4 {
		t.Errorf("keys %v", keys)
	}
	var key map[string]string
	if c.json(&key, "key", "rotate", "EdDSA"); key["alg"] != "EdDSA" {
		t.Errorf("rotated %v", key)
	}
	c.refused("unknown", "key", "rotate", "HS256")
	c.json(&key, "key", "withdraw", key["kid"])

	for _, args := range [][]string{{"client", "list"}, {"client", "show", "obmen"}, {"key", "list"}, {"audit", "check"}, {"audit", "check", "--organisation", inn}, {"version"}, {"migrate"}} {
		if out, err := c.run("", args...); err != nil || out == "" {
			t.Errorf("%v: %v %q", args, err, out)
		}
	}
	c.auditRoundTrip()
	var done map[string]string
	c.json(&done, "client", "delete", "obmen")
}

// aboutRoundTrip: what people are shown of an application, and how it is answered, is
// given, read, changed one by one and taken away by flags; what is wrong is named.
func (c *cli) aboutRoundTrip() {
	c.t.Helper()
	var made, now clientAnswer
	c.json(&made, "client", "create", "--name", "Склад", "--redirect-uri", "https://sklad.example.ru/callback", "--scope", "openid",
		"--client-uri", "https://sklad.example.ru/", "--logo-uri", "https://sklad.example.ru/logo.png",
		"--policy-uri", "https://sklad.example.ru/privacy", "--tos-uri", "https://sklad.example.ru/terms", "--response-mode", "form_post", "--response-mode", "jwt")
	if made.ClientURI != "https://sklad.example.ru/" || made.LogoURI != "https://sklad.example.ru/logo.png" || made.PolicyURI != "https://sklad.example.ru/privacy" ||
		made.TosURI != "https://sklad.example.ru/terms" || !slices.Equal(made.ResponseModes, []string{"form_post", "jwt"}) {
		c.t.Errorf("created %+v", made)
	}
	c.json(&now, "client", "update", made.ID, "--logo-uri", "", "--tos-uri", "https://sklad.example.ru/new")
	if now.LogoURI != "" || now.TosURI != "https://sklad.example.ru/new" || now.PolicyURI != made.PolicyURI || len(now.ResponseModes) != 2 {
		c.t.Errorf("updated %+v", now)
	}
	said, err := c.run("", "client", "show", made.ID)
	for _, line := range []string{"page", "https://sklad.example.ru/privacy", "terms of use", "form_post jwt"} {
		if err != nil || !strings.Contains(said, line) {
			c.t.Errorf("show lacks %q: %v\n%s", line, err, said)
		}
	}
	c.refused("logo_uri", "client", "update", made.ID, "--logo-uri", "javascript:alert(1)")
	c.refused("policy_uri", "client", "update", made.ID, "--policy-uri", "http://sklad.example.ru/")
	c.refused("response_modes", "client", "update", made.ID, "--response-mode", "web_message")
}

// auditRoundTrip: an export whose checkpoint is signed by a key that the key set
// does not hold is not in order.
func (c *cli) auditRoundTrip() {
	c.t.Helper()
	out, err := c.run("", "audit", "export", "--organisation", inn)
	if err != nil || !strings.Contains(out, "checkpoint") {
		c.t.Fatalf("export: %v %s", err, out)
	}
	none := filepath.Join(c.t.TempDir(), "none.json")
	if err := os.WriteFile(none, []byte(`{"keys":[]}`), 0o600); err != nil {
		c.t.Fatal(err)
	}
	said, err := c.run(out, "audit", "verify", "-", "--jwks", none, "--json")
	var status statusError
	if !errors.As(err, &status) || int(status) != 1 || !strings.Contains(said, `"ok":false`) {
		c.t.Errorf("verify without the key: %v %s", err, said)
	}
	if _, err := c.run(out, "audit", "verify", "-", "--jwks", none+"absent"); exitStatus(err) != 2 {
		c.t.Errorf("verify without a key set: %v, want status 2", err)
	}
}

func TestMasterKeyIsMadeOnceBesideSQLite(t *testing.T) {
	t.Parallel()
	database := "sqlite://" + filepath.Join(t.TempDir(), "p.db")
	first, err := masterKey(conf.Default(), database+"?synchronous=off")
	if err != nil || len(first) != 32 {
		t.Fatalf("%x, %v", first, err)
	}
	again, err := masterKey(conf.Default(), database)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the second start has another key: %v", err)
	}
	path := strings.TrimPrefix(database, "sqlite://") + ".key"
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := masterKey(conf.Default(), database); err == nil || strings.Contains(err.Error(), "not a key") {
		t.Errorf("a broken key file: %v; want an error that does not repeat it", err)
	}
}

func TestDatabaseURL(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"sqlite:p.db": "sqlite://" + here + "/p.db", "sqlite:///var/p.db": "sqlite:///var/p.db", "postgres://h/d": "postgres://h/d",
	} {
		if got, err := databaseURL(in); err != nil || got != want {
			t.Errorf("%s became %s, %v", in, got, err)
		}
	}
}

func TestConfigurationFaultsEndTheCommand(t *testing.T) {
	t.Parallel()
	c := &cli{t, filepath.Join(t.TempDir(), "bad.yaml")}
	if err := os.WriteFile(c.config, []byte("issuer: ftp://x\nlisten: nowhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := c.run("", "serve")
	if exitStatus(nil) != 0 || exitStatus(err) != 1 || !strings.Contains(err.Error(), "issuer") || !strings.Contains(err.Error(), "listen") {
		t.Errorf("%s, %v; want both faults", out, err)
	}
}

func TestLoopbackOnly(t *testing.T) {
	t.Parallel()
	for address, allowed := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:8080": true, "localhost:8080": true, "127.8.8.8:1": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:1": false, "192.168.0.1:1": false, "127.0.0.1": false, "localhost.example.org:1": false,
	} {
		if err := loopbackOnly(address); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
	if l, err := listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Error(err)
	} else {
		defer l.Close()
		if _, err := listen(t.Context(), l.Addr().String()); err == nil {
			t.Error("one port was taken twice")
		}
		if cfg := demoConfig("/d", l.Addr()); cfg.Validate() != nil || !strings.HasPrefix(cfg.Issuer, "http://localhost:") {
			t.Errorf("the demo's configuration: %v", cfg.Validate())
		}
	}
}

// Two commands that start at once on a new database must find one whole key.
func TestMasterKeyIsNeverSeenHalfWritten(t *testing.T) {
	t.Parallel()
	for range 50 {
		database := "sqlite://" + filepath.Join(t.TempDir(), "p.db")
		keys := make(chan string, 8)
		for range cap(keys) {
			go func() {
				key, err := masterKey(conf.Default(), database)
				keys <- fmt.Sprint(key, err)
			}()
		}
		first := <-keys
		for range cap(keys) - 1 {
			if other := <-keys; other != first {
				t.Fatalf("%s\n%s", first, other)
			}
		}
		if left, _ := filepath.Glob(strings.TrimPrefix(database, "sqlite://") + ".key*"); len(left) != 1 {
			t.Fatalf("it leaves %v", left)
		}
	}
}
