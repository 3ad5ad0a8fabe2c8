package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// algorithms are the four that sign-in by certificate takes, with what openssl
// calls their keys and digests.
var algorithms = []struct {
	name   string
	key    []string
	digest string
	engine bool // needs the GOST engine
}{
	{"rsa-2048", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}, "sha256", false},
	{"p-256", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"}, "sha256", false},
	{"gost-256", []string{"-algorithm", "gost2012_256", "-pkeyopt", "paramset:XA"}, "md_gost12_256", true},
	{"gost-512", []string{"-algorithm", "gost2012_512", "-pkeyopt", "paramset:A"}, "md_gost12_512", true},
}

// keyPassword opens the .p12 files.
const keyPassword = "test-1234"

// authority is a certification authority for each algorithm, made by openssl,
// and one person's certificates of them.
type authority struct {
	folder  string // roots/, crls/, and people/NAME.{key,pem,p12}
	openssl string
	digests map[string]string
}

// newAuthority certifies the person of a СНИЛС. The trust goes to folder in the
// layout of the demo's own.
func newAuthority(t *testing.T, folder, snils string) *authority {
	t.Helper()
	a := &authority{folder: folder, openssl: needProgram(t, "openssl"), digests: map[string]string{}}
	for _, name := range []string{"roots", "crls", "people"} {
		if err := os.MkdirAll(a.path(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(a.path("openssl.cnf"), []byte(opensslConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	gost := exec.Command(a.openssl, "dgst", "-md_gost12_256", os.DevNull)
	gost.Env = append(os.Environ(), "OPENSSL_CONF="+a.path("openssl.cnf"), "DB=.")
	need(t, gost.Run() == nil, "openssl's GOST engine (libengine-gost-openssl)")
	for _, alg := range algorithms {
		a.digests[alg.name] = alg.digest
		a.certify(t, alg.name, alg.key, snils)
	}
	return a
}

func (a *authority) path(parts ...string) string {
	return filepath.Join(append([]string{a.folder}, parts...)...)
}

// certify makes a root, the person's certificate and an empty revocation list.
func (a *authority) certify(t *testing.T, name string, key []string, snils string) {
	t.Helper()
	db, digest := t.TempDir(), "-"+a.digests[name]
	for file, text := range map[string]string{"index.txt": "", "crlnumber": "01\n"} {
		if err := os.WriteFile(filepath.Join(db, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, rootKey := a.path("roots", "e2e-"+name+".pem"), filepath.Join(db, "root.key")
	person, personKey, request := a.path("people", name+".pem"), a.path("people", name+".key"), filepath.Join(db, "person.csr")
	a.run(t, db, append(append([]string{"genpkey"}, key...), "-out", rootKey)...)
	a.run(t, db, "req", "-new", "-x509", "-utf8", "-key", rootKey, digest, "-subj", "/C=RU/O=Тестовый УЦ/CN=E2E "+name,
		"-days", "3650", "-set_serial", "1", "-extensions", "v3_root", "-out", root)
	a.run(t, db, append(append([]string{"genpkey"}, key...), "-out", personKey)...)
	a.run(t, db, "req", "-new", "-utf8", "-key", personKey, digest, "-subj", "/C=RU/CN=Владелец сертификата/SNILS="+snils, "-out", request)
	a.run(t, db, "x509", "-req", "-in", request, "-CA", root, "-CAkey", rootKey, "-set_serial", "1001", "-days", "365", digest,
		"-extfile", a.path("openssl.cnf"), "-extensions", "v3_leaf", "-out", person)
	a.run(t, db, "ca", "-gencrl", "-md", a.digests[name], "-cert", root, "-keyfile", rootKey, "-crldays", "365",
		"-out", a.path("crls", "e2e-"+name+".crl.pem"))
	if !strings.HasPrefix(name, "gost") {
		a.run(t, db, "pkcs12", "-export", "-inkey", personKey, "-in", person, "-certfile", root,
			"-passout", "pass:"+keyPassword, "-out", a.p12(name))
	}
}

func (a *authority) p12(name string) string { return a.path("people", name+".p12") }

// sign makes a detached CAdES-BES in DER over content.
func (a *authority) sign(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	folder := t.TempDir()
	in, out := filepath.Join(folder, "challenge.txt"), filepath.Join(folder, "challenge.txt.p7s")
	if err := os.WriteFile(in, content, 0o600); err != nil {
		t.Fatal(err)
	}
	a.run(t, folder, "cms", "-sign", "-binary", "-in", in, "-signer", a.path("people", name+".pem"),
		"-inkey", a.path("people", name+".key"), "-md", a.digests[name], "-cades", "-outform", "DER", "-out", out)
	cms, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return cms
}

func (a *authority) run(t *testing.T, db string, args ...string) {
	t.Helper()
	cmd := exec.Command(a.openssl, args...)
	cmd.Env = append(os.Environ(), "OPENSSL_CONF="+a.path("openssl.cnf"), "DB="+db, "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("openssl %s: %w\n%s", args[0], err, out))
	}
}

// opensslConfig has the GOST engine and the extensions of a qualified
// certificate; DB names the folder of `openssl ca`.
const opensslConfig = `openssl_conf = init
[init]
engines = engines
[engines]
gost = gost_engine
[gost_engine]
engine_id = gost
default_algorithms = ALL
[req]
distinguished_name = dn
string_mask = utf8only
utf8 = yes
prompt = no
[dn]
[ca]
default_ca = db
[db]
database = $ENV::DB/index.txt
crlnumber = $ENV::DB/crlnumber
[v3_root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[v3_leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation
extendedKeyUsage = clientAuth,emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 1.2.643.100.113.1
`
