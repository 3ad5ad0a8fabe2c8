//go:build pkcs11

package pkcs11_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	cryptoki "github.com/miekg/pkcs11"
	"github.com/pquerna/otp/totp"

	"propusk/idp/keys"
)

// program is the binary as docs/operations.md has it built, with its configuration.
type program struct {
	t      *testing.T
	path   string
	issuer string
	env    []string
}

// built compiles the binary with the tag and gives it a token, a database and an address.
func built(t *testing.T) *program {
	t.Helper()
	if library == "" {
		t.Skip("no SoftHSM")
	}
	dir := t.TempDir()
	p := &program{t: t, path: filepath.Join(dir, "propusk")}
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s", "-tags", "pkcs11", "-o", p.path, "./cmd/propusk")
	build.Dir = "../../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	_ = free.Close()
	p.issuer = "http://localhost:" + port
	if err := os.WriteFile(filepath.Join(dir, "pin"), []byte(pin+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "PROPUSK_") {
			p.env = append(p.env, e)
		}
	}
	p.env = append(p.env, "PROPUSK_ISSUER="+p.issuer, "PROPUSK_LISTEN=127.0.0.1:"+port, "PROPUSK_LOG_LEVEL=warn",
		"PROPUSK_DATABASE_URL=sqlite://"+filepath.Join(dir, "propusk.db"), "PROPUSK_BLOB_URL=file://"+filepath.Join(dir, "files"),
		"PROPUSK_KEYS_PKCS11_MODULE="+library, "PROPUSK_KEYS_PKCS11_TOKEN="+label, "PROPUSK_KEYS_PKCS11_PIN_FILE="+filepath.Join(dir, "pin"))
	return p
}

// run runs a command with --json and reads what it says.
func (p *program) run(into any, args ...string) {
	p.t.Helper()
	cmd := exec.Command(p.path, append(args, "--json")...)
	cmd.Env = p.env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("propusk %s: %v\n%s", args[0], err, errs.Bytes())
	}
	if err := json.Unmarshal(out, into); err != nil {
		p.t.Fatalf("propusk %s said %q", args[0], out)
	}
}

// serve starts the server; stop ends it as an operator does.
func (p *program) serve() (stop func()) {
	p.t.Helper()
	cmd := exec.Command(p.path, "serve")
	cmd.Env = p.env
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	p.t.Cleanup(func() { _ = cmd.Process.Kill() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if response, err := http.Get(p.issuer + "/readyz"); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case err := <-ended:
			p.t.Fatalf("propusk serve: %v\n%s", err, said.Bytes())
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatal("propusk serve is not ready")
		}
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				p.t.Errorf("propusk serve: %v\n%s", err, said.Bytes())
			}
		case <-time.After(time.Minute):
			p.t.Fatal("propusk serve does not stop")
		}
	}
}

// browser keeps cookies and follows redirects to the server, as a person's does.
type browser struct {
	p       *program
	cookies map[string]string
}

// open asks for a page, or sends a form, and returns the page that comes of it, or the
// address elsewhere to which it leads.
func (b *browser) open(method, address string, form url.Values) (page string, away *url.URL) {
	b.p.t.Helper()
	for range 10 {
		r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
		if err != nil {
			b.p.t.Fatal(err)
		}
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for name, value := range b.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			b.p.t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			b.p.t.Fatal(err)
		}
		for _, cookie := range response.Cookies() {
			b.cookies[cookie.Name] = cookie.Value
		}
		to, err := response.Location()
		if err != nil {
			return string(body), nil
		}
		if to.Scheme+"://"+to.Host != b.p.issuer {
			return "", to
		}
		method, address, form = http.MethodGet, to.String(), nil
	}
	b.p.t.Fatal("redirected without end")
	return "", nil
}

var hidden = regexp.MustCompile(`name="request" value="([^"]*)"`)

// submit sends a form of the page with what a person types.
func (b *browser) submit(page, action string, fields ...string) (string, *url.URL) {
	b.p.t.Helper()
	_, form, found := strings.Cut(page, `action="`+action+`"`)
	request := hidden.FindStringSubmatch(form)
	if !found || request == nil {
		b.p.t.Fatalf("the page has no form %s:\n%s", action, page)
	}
	values := url.Values{"request": {html.UnescapeString(request[1])}}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return b.open(http.MethodPost, b.p.issuer+action, values)
}

// token asks the token endpoint as a client.
func (p *program) token(id, secret string, form url.Values) map[string]any {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	var answer map[string]any
	if status := p.read(r, &answer); status != http.StatusOK {
		p.t.Fatalf("%d %v", status, answer)
	}
	return answer
}

func (p *program) read(r *http.Request, into any) int {
	p.t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode
}

func (p *program) keySet() (set jose.JSONWebKeySet) {
	p.t.Helper()
	r, _ := http.NewRequest(http.MethodGet, p.issuer+"/oauth2/jwks", nil)
	if status := p.read(r, &set); status != http.StatusOK || len(set.Keys) == 0 {
		p.t.Fatalf("%d %+v", status, set)
	}
	return set
}

// verified reads a JWT by the published keys, and returns the kid of its key.
func (p *program) verified(set jose.JSONWebKeySet, text any, claims any) (kid string) {
	p.t.Helper()
	token, _ := text.(string)
	signed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
	if err != nil {
		p.t.Fatalf("%v: %v", text, err)
	}
	payload, err := signed.Verify(set)
	if err == nil {
		err = json.Unmarshal(payload, claims)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return signed.Signatures[0].Header.KeyID
}

type claims struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
	Nonce   string `json:"nonce"`
}

// docs/operations.md: the binary built with the tag, its keys in SoftHSM, from a person's
// sign-in to tokens that anybody verifies, and after a restart with the same keys.
func TestTheBinarySignsInTheToken(t *testing.T) {
	p := built(t)
	const password, callback = "Ледокол-уходит-в-7-утра", "http://127.0.0.1:9/callback"
	var person struct {
		ID         string `json:"id"`
		TOTPSecret string `json:"totp_secret"`
	}
	p.run(&person, "user", "create", "--last-name", "Соколов", "--first-name", "Андрей", "--email", "andrey@company.example", "--verified", "--totp", "--password", password)
	var web, service struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	p.run(&web, "client", "create", "--name", "Склад", "--kind", "web", "--redirect-uri", callback, "--grant-type", "authorization_code", "--scope", "openid", "--id-token-alg", keys.EdDSA)
	p.run(&service, "client", "create", "--name", "Обмен", "--kind", "service", "--scope", "ssf.manage")
	stop := p.serve()

	verifier := strings.Repeat("v", 43)
	challenge := sha256.Sum256([]byte(verifier))
	b := &browser{p: p, cookies: map[string]string{}}
	page, _ := b.open(http.MethodGet, p.issuer+"/oauth2/authorize?"+url.Values{
		"client_id": {web.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "nonce": {"n-1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode(), nil)
	page, _ = b.submit(page, "/signin/identify", "login", "andrey@company.example", "password", password)
	code, err := totp.GenerateCode(person.TOTPSecret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	page, _ = b.submit(page, "/signin/code", "code", code)
	page, away := b.submit(page, "/signin/consent", "decision", "accept")
	if away == nil || away.Query().Get("code") == "" {
		t.Fatalf("no code: %v\n%s", away, page)
	}
	answer := p.token(web.ID, web.Secret, url.Values{
		"grant_type": {"authorization_code"}, "code": {away.Query().Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
	})
	set := p.keySet()
	var id, access claims
	idKey := p.verified(set, answer["id_token"], &id)
	p.verified(set, answer["access_token"], &access)
	if id.Issuer != p.issuer || id.Subject != person.ID || id.Nonce != "n-1" || access.Subject != person.ID {
		t.Errorf("%+v %+v", id, access)
	}
	before := p.verified(set, p.token(service.ID, service.Secret, url.Values{"grant_type": {"client_credentials"}})["access_token"], &access)
	stop()

	signing := slices.DeleteFunc(slices.Clone(set.Keys), func(key jose.JSONWebKey) bool { return key.Use != "sig" })
	if held := privateKeys(t); held != len(signing) || held < 2 {
		t.Errorf("the token holds %d private keys, and %d that sign are published", held, len(signing))
	}
	stop = p.serve()
	defer stop()
	again := p.keySet()
	after := p.verified(again, p.token(service.ID, service.Secret, url.Values{"grant_type": {"client_credentials"}})["access_token"], &access)
	if before != after || len(again.Key(idKey)) != 1 || len(again.Keys) != len(set.Keys) {
		t.Errorf("another key after the restart: %s, then %s", before, after)
	}
}

// privateKeys is how many of them the token holds.
func privateKeys(t *testing.T) int {
	t.Helper()
	open(t) // raw shares its login
	lib, session := raw(t)
	err := lib.FindObjectsInit(session, []*cryptoki.Attribute{cryptoki.NewAttribute(cryptoki.CKA_CLASS, cryptoki.CKO_PRIVATE_KEY)})
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := lib.FindObjects(session, 100)
	if err == nil {
		err = lib.FindObjectsFinal(session)
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}
