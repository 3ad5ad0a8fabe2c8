package gost

import (
	"crypto/rand"
	"encoding/asn1"
	"encoding/hex"
	"hash"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// engine is OpenSSL with its GOST engine, the other implementation that ours must
// agree with. The engine is a package of its own (Debian: libengine-gost-openssl);
// without it the test is skipped, unless PROPUSK_REQUIRE_GOST_ENGINE=1 promises it.
type engine struct{ dir string }

func newEngine(t *testing.T) engine {
	t.Helper()
	e := engine{t.TempDir()}
	config := "openssl_conf = i\n[i]\nengines = e\n[e]\ngost = g\n[g]\nengine_id = gost\ndefault_algorithms = ALL\n"
	if err := os.WriteFile(e.path("openssl.cnf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := e.try("dgst", "-md_gost12_256", os.DevNull); err != nil {
		if os.Getenv("PROPUSK_REQUIRE_GOST_ENGINE") == "1" {
			t.Fatalf("OpenSSL's GOST engine is required and missing: %v\n%s", err, out)
		}
		t.Skip("OpenSSL's GOST engine is not installed")
	}
	return e
}

func (e engine) path(name string) string { return filepath.Join(e.dir, name) }

func (e engine) try(args ...string) (string, error) {
	command := exec.Command("openssl", args...)
	command.Env = append(os.Environ(), "OPENSSL_CONF="+e.path("openssl.cnf"))
	out, err := command.CombinedOutput()
	return string(out), err
}

func (e engine) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := e.try(args...)
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (e engine) random(t *testing.T, name string, size int) []byte {
	t.Helper()
	message := make([]byte, size)
	rand.Read(message)
	if err := os.WriteFile(e.path(name), message, 0o600); err != nil {
		t.Fatal(err)
	}
	return message
}

func TestStreebogAgreesWithOpenSSL(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, size := range []int{0, 1, 31, 32, 63, 64, 65, 127, 128, 129, 4096, 100_003} {
		message := e.random(t, "message", size)
		for algorithm, h := range map[string]hash.Hash{"-md_gost12_256": New256(), "-md_gost12_512": New512()} {
			h.Write(message)
			want, _, _ := strings.Cut(e.run(t, "dgst", algorithm, "-r", e.path("message")), " ")
			if got := hex.EncodeToString(h.Sum(nil)); got != want {
				t.Errorf("%d bytes %s: got %s, OpenSSL says %s", size, algorithm, got, want)
			}
		}
	}
}

func TestVerifyAgreesWithOpenSSL(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for algorithm, sets := range map[string][]string{
		"gost2012_256": {"A", "B", "C", "XA", "XB", "TCA", "TCB", "TCC", "TCD"},
		"gost2012_512": {"A", "B", "C"},
	} {
		for _, set := range sets {
			name := algorithm + set
			e.run(t, "genpkey", "-algorithm", algorithm, "-pkeyopt", "paramset:"+set, "-out", e.path(name))
			e.run(t, "pkey", "-in", e.path(name), "-pubout", "-outform", "DER", "-out", e.path(name+".pub"))
			key := readKey(t, e.path(name+".pub"))
			for range 4 {
				message := e.random(t, name+".message", 1000)
				h, digest := New256(), "-md_gost12_256"
				if key.Bits() == 512 {
					h, digest = New512(), "-md_gost12_512"
				}
				e.run(t, "dgst", digest, "-sign", e.path(name), "-out", e.path(name+".signature"), e.path(name+".message"))
				signature, err := os.ReadFile(e.path(name + ".signature"))
				if err != nil {
					t.Fatal(err)
				}
				h.Write(message)
				if !key.Verify(h.Sum(nil), signature) {
					t.Errorf("%s: a signature by OpenSSL is refused", name)
				}
				signature[len(signature)/3] ^= 4
				if key.Verify(h.Sum(nil), signature) {
					t.Errorf("%s: a changed signature is accepted", name)
				}
			}
		}
	}
}

func readKey(t *testing.T, path string) *PublicKey {
	t.Helper()
	der, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var parsed spki
	if _, err := asn1.Unmarshal(der, &parsed); err != nil {
		t.Fatal(err)
	}
	set, ok := Parameters(parsed.Algorithm.Params.Set.String())
	if !ok {
		t.Fatalf("%s: unknown set %s", path, parsed.Algorithm.Params.Set)
	}
	key, err := NewPublicKey(set, parsed.octets(t))
	if err != nil {
		t.Fatal(path, err)
	}
	return key
}
