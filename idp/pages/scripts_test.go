package pages

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"propusk/signature"
	"propusk/signature/signaturetest"
)

// node runs a program of testdata with the page's own scripts, and gives what it
// prints. CI promises Node.
func node(t *testing.T, input []byte, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI must have node")
		}
		t.Skip("no node here; `make test` installs it")
	}
	cmd := exec.Command(program, args...)
	cmd.Stdin = bytes.NewReader(input)
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node %v: %v\n%s%s", args, err, told.Bytes(), out)
	}
	return out
}

func TestScriptsByThemselves(t *testing.T) {
	t.Parallel()
	t.Logf("%s", node(t, nil, "--test", "testdata/scripts.mjs"))
}

// today is when the key files of these tests are used.
var today = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// person is whose certificates these are; the numbers are invented.
var person = signature.Subject{CommonName: "Морозова Елена Сергеевна", SNILS: "11223344595", INN: "500100732259"}

// opening is one key file and what opening it must come to.
type opening struct {
	name     string
	file     []byte
	password string
	code     string // why it is refused; "" = it signs
	unfit    string // why its certificate will not do; "" = it will
}

// opened is what testdata/keyfiles.mjs says of one.
type opened struct {
	Code, Name, SNILS, Unfit string
	Exportable               bool
	Signature                []byte
}

const keyword = "Кашалот-2026"

func openings(t *testing.T, a *signaturetest.Authority) []opening {
	t.Helper()
	rsa, ec := a.IssueRSA(t, person), a.Issue(t, person)
	file := func(encoder *pkcs12.Encoder, h signaturetest.Holder, password string) []byte {
		body, err := encoder.Encode(h.Key, h.Certificate, []*x509.Certificate{a.Certificate}, password)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	good := file(pkcs12.Modern2023, ec, keyword)
	expired := a.Issue(t, person, func(c *x509.Certificate) { c.NotAfter = today.Add(-time.Hour) })
	encipherment := a.Issue(t, person, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	return []opening{
		{name: "RSA", file: file(pkcs12.Modern2023, rsa, keyword), password: keyword},
		{name: "P-256", file: good, password: keyword},
		{name: "P-384", file: file(pkcs12.Modern2023, reissue(t, a, elliptic.P384()), keyword), password: keyword},
		{name: "MAC of RFC 9579", file: file(pkcs12.Modern2026, ec, keyword), password: keyword},
		{name: "MAC of RFC 9579, wrong password", file: file(pkcs12.Modern2026, ec, keyword), password: "x", code: "password_wrong"},
		{name: "wrong password", file: good, password: "кашалот-2026", code: "password_wrong"},
		{name: "no password given", file: good, code: "password_missing"},
		{name: "protected by an empty password", file: file(pkcs12.Modern2023, ec, ""), code: "file_open"},
		{name: "not protected", file: file(pkcs12.Passwordless, ec, ""), code: "file_open"},
		{name: "not protected, password given", file: file(pkcs12.Passwordless, ec, ""), password: keyword, code: "file_open"},
		{name: "3DES", file: file(pkcs12.LegacyDES, ec, keyword), password: keyword, code: "file_legacy"},
		{name: "RC2", file: file(pkcs12.LegacyRC2, ec, keyword), password: keyword, code: "file_legacy"},
		{name: "another's key", file: file(pkcs12.Modern2023, signaturetest.Holder{Certificate: rsa.Certificate, Key: ec.Key}, keyword), password: keyword, code: "no_key"},
		{name: "cut off", file: good[:len(good)/2], password: keyword, code: "file_wrong"},
		{name: "empty", file: []byte{}, password: keyword, code: "file_wrong"},
		{name: "a certificate alone", file: ec.Certificate.Raw, password: keyword, code: "file_wrong"},
		{name: "too large", file: make([]byte, 1<<20+1), password: keyword, code: "file_large"},
		{name: "expired", file: file(pkcs12.Modern2023, expired, keyword), password: keyword, unfit: "why_expired"},
		{name: "not for signing", file: file(pkcs12.Modern2023, encipherment, keyword), password: keyword, unfit: "why_usage"},
		{name: "without numbers", file: file(pkcs12.Modern2023, a.Issue(t, signature.Subject{CommonName: "Без номеров"}), keyword), password: keyword, unfit: "why_numbers"},
	}
}

// reissue is a certificate of a key on another curve than the authority's own.
func reissue(t *testing.T, a *signaturetest.Authority, curve elliptic.Curve) signaturetest.Holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a.Reissue(t, signaturetest.Holder{Key: crypto.Signer(key)}, person)
}

// open lets the page's scripts open the files and sign content with each.
func open(t *testing.T, content []byte, list []opening) []opened {
	t.Helper()
	type file struct {
		File     []byte `json:"file"`
		Password string `json:"password"`
	}
	files := make([]file, len(list))
	for i, o := range list {
		files[i] = file{o.file, o.password}
	}
	input, err := json.Marshal(map[string]any{"content": content, "at": today, "files": files})
	if err != nil {
		t.Fatal(err)
	}
	var out []opened
	if err := json.Unmarshal(node(t, input, "testdata/keyfiles.mjs"), &out); err != nil || len(out) != len(list) {
		t.Fatalf("%d answers: %v", len(out), err)
	}
	return out
}

func TestKeyFilesOpenInThePageAndSignWhatTheVerifierAccepts(t *testing.T) {
	t.Parallel()
	authority := signaturetest.New(t, func() time.Time { return today })
	content := []byte("Вход в Пропуск\nСайт: https://id.example\n")
	list := openings(t, authority)
	for i, got := range open(t, content, list) {
		want := list[i]
		if got.Code != want.code || got.Unfit != want.unfit {
			t.Errorf("%s: code %q, unfit %q, want %q, %q", want.name, got.Code, got.Unfit, want.code, want.unfit)
		}
		if want.code != "" || want.unfit != "" {
			continue
		}
		if got.Name != person.CommonName || got.SNILS != person.SNILS || got.Exportable {
			t.Errorf("%s: name %q, SNILS %q, exportable %v", want.name, got.Name, got.SNILS, got.Exportable)
		}
		for sample, accepted := range map[string]bool{string(content): true, "something else": false} {
			verdict, err := authority.Verifier.Verify(context.Background(), signature.Request{Signature: got.Signature, Content: []byte(sample), At: today})
			if err != nil || verdict.Accepted != accepted {
				t.Errorf("%s over %q: accepted %v (%s), %v", want.name, sample, verdict.Accepted, verdict.Code, err)
			}
		}
	}
}

// A damaged or hostile file is refused in words that the page has; it neither
// breaks the script nor passes.
func TestDamagedKeyFilesAreRefusedInWords(t *testing.T) {
	t.Parallel()
	authority := signaturetest.New(t, func() time.Time { return today })
	holder := authority.Issue(t, person)
	good, err := pkcs12.Modern2023.Encode(holder.Key, holder.Certificate, nil, keyword)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]opening, 0, len(good)/16+1)
	for at := 0; at < len(good); at += 16 {
		damaged := bytes.Clone(good)
		damaged[at] ^= 0xff
		list = append(list, opening{file: damaged, password: keyword})
	}
	words := messages(t, "ru")
	for i, got := range open(t, []byte("x"), list) {
		if words["signing.say."+got.Code] == nil {
			t.Errorf("byte %d flipped: %q, signature of %d bytes", i*16, got.Code, len(got.Signature))
		}
	}
}
