package paper_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/paper"
	"propusk/cabinet/paper/papertest"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// node is one process over a database.
type node struct {
	deps paper.SealDeps
	now  time.Time
}

func newNode(t *testing.T, db *storage.DB) *node {
	t.Helper()
	n := &node{now: noon}
	master := sha256.Sum256([]byte("master"))
	sealer, err := storage.NewSealer(master[:])
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return n.now }
	n.deps = paper.SealDeps{
		DB: db, Sealer: sealer, Journal: journal.New(journal.Deps{DB: db, Now: clock}), Log: slog.New(slog.DiscardHandler), Name: "Пропуск", Now: clock,
	}
	return n
}

func (n *node) open(t *testing.T) *paper.Seal {
	t.Helper()
	seal, err := paper.OpenSeal(t.Context(), n.deps)
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

func (n *node) paper(t *testing.T, seal *paper.Seal) *paper.Paper {
	t.Helper()
	p, err := paper.New(paper.Deps{Seal: seal, Issuer: papertest.Issuer, Name: "Пропуск", Now: n.deps.Now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNodesThatStartTogetherShareOneSeal(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		n := newNode(t, db)
		seals := make([]*paper.Seal, 8)
		var all sync.WaitGroup
		for i := range seals {
			all.Go(func() {
				var err error
				if seals[i], err = paper.OpenSeal(t.Context(), n.deps); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if t.Failed() {
			return
		}
		for _, seal := range seals {
			if !bytes.Equal(seal.PEM(), seals[0].PEM()) || len(seal.Certificates()) != 1 {
				t.Fatalf("another seal:\n%s", seal.PEM())
			}
			cms, err := n.paper(t, seal).Sign([]byte("paper"))
			if err != nil || !n.paper(t, seals[0]).Verify(cms, []byte("paper")).Accepted {
				t.Fatalf("a node signs what another refuses: %v", err)
			}
		}
	})
}

func TestOldCertificatesVerifyAfterARotation(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		n := newNode(t, db)
		first, second := n.open(t), n.open(t)
		p := n.paper(t, first)
		code, err := p.Code(claims)
		if err != nil {
			t.Fatal(err)
		}
		cms, err := p.Sign([]byte("paper"))
		if err != nil {
			t.Fatal(err)
		}
		before := first.Published().Certificates[0].KeyID
		if err := first.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		now := first.Published()
		if len(now.Certificates) != 2 || !now.Certificates[0].Current || now.Certificates[0].KeyID == before || now.Certificates[1].KeyID != before || now.Keys.Keys[0].KeyID != now.Certificates[0].KeyID {
			t.Errorf("%+v", now)
		}
		if _, err := p.VerifyCode(code); err != nil || !p.Verify(cms, []byte("paper")).Accepted {
			t.Errorf("what was signed before is refused: %v", err)
		}
		newer, err := p.Code(claims)
		if err != nil {
			t.Fatal(err)
		}
		// The other node learns of it, and signs with the same key.
		if err := second.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := n.paper(t, second).VerifyCode(newer); err != nil || second.Published().Certificates[0].KeyID != now.Certificates[0].KeyID {
			t.Errorf("the other node does not follow: %v", err)
		}
	})
}

func TestSealIsRenewedBeforeItsCertificateEnds(t *testing.T) {
	t.Parallel()
	n := newNode(t, storagetest.SQLite(t))
	seal := n.open(t)
	n.now = noon.AddDate(4, 0, 0)
	if err := seal.Renew(t.Context()); err != nil || len(seal.Certificates()) != 1 {
		t.Errorf("a year before its end: %v, %d certificates", err, len(seal.Certificates()))
	}
	n.now = noon.AddDate(4, 10, 0)
	if err := seal.Renew(t.Context()); err != nil || len(seal.Certificates()) != 2 {
		t.Errorf("two months before its end: %v, %d certificates", err, len(seal.Certificates()))
	}
}

// keyPEM and certificatePEM write what an operator has in files.
func keyPEM(t *testing.T, h signaturetest.Holder) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(h.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func certificatePEM(certificates ...*x509.Certificate) (text []byte) {
	for _, c := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}

func TestSealOfTheOperatorsIsAQualifiedSignature(t *testing.T) {
	t.Parallel()
	clock := func() time.Time { return noon }
	a := signaturetest.New(t, clock)
	subject := signature.Subject{CommonName: "Пропуск", Organisation: "Пропуск", INNLE: "9900000017", OGRN: "1029900000019"}
	for name, h := range map[string]signaturetest.Holder{"P-256": a.Issue(t, subject), "RSA": a.IssueRSA(t, subject)} {
		n := newNode(t, storagetest.SQLite(t))
		made := n.open(t) // the service had a seal of its own making before
		old, err := n.paper(t, made).Code(claims)
		if err != nil {
			t.Fatal(err)
		}
		n.deps.Key, n.deps.Certificate = keyPEM(t, h), certificatePEM(h.Certificate, a.Certificate)
		seal := n.open(t)
		p := n.paper(t, seal)
		cms, err := p.Sign([]byte("paper"))
		if err != nil {
			t.Fatal(err)
		}
		verdict, err := a.Verifier.Verify(t.Context(), signature.Request{Signature: cms, Content: []byte("paper"), Expect: signature.Expectation{OGRN: "1029900000019"}})
		if err != nil || !verdict.Accepted {
			t.Errorf("%s: %v %+v", name, err, verdict)
		}
		code, err := p.Code(claims)
		if err != nil || len(code) > 900 {
			t.Errorf("%s: %d, %v", name, len(code), err)
		}
		for _, c := range []string{code, old} {
			if _, err := p.VerifyCode(c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := n.open(t).Published(); len(got.Certificates) != 2 || !got.Certificates[0].Current {
			t.Errorf("%s: a second start: %d certificates", name, len(got.Certificates))
		}
		if err := seal.Rotate(t.Context()); !errors.Is(err, paper.ErrConfigured) {
			t.Errorf("%s: rotated: %v", name, err)
		}
		n.now = h.Certificate.NotAfter.Add(-time.Hour)
		if err := seal.Renew(t.Context()); err != nil || len(seal.Certificates()) != 2 {
			t.Errorf("%s: a configured seal was renewed: %v", name, err)
		}
		// Without the configuration the service signs by its own again; the
		// operator's papers stay genuine.
		n.now, n.deps.Key, n.deps.Certificate = noon, nil, nil
		if _, err := n.paper(t, n.open(t)).VerifyCode(code); err != nil || n.open(t).Published().Certificates[0].KeyID != made.Published().Certificates[0].KeyID {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSealThatDoesNotFitIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	clock := func() time.Time { return noon }
	a := signaturetest.New(t, clock)
	subject := signature.Subject{CommonName: "Пропуск", OGRN: "1029900000019"}
	good, other := a.Issue(t, subject), a.Issue(t, subject)
	expired := a.Issue(t, subject, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Hour) })
	wide, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string][2][]byte{
		"another's key":        {keyPEM(t, other), certificatePEM(good.Certificate)},
		"an expired one":       {keyPEM(t, expired), certificatePEM(expired.Certificate)},
		"P-384":                {keyPEM(t, signaturetest.Holder{Key: wide}), certificatePEM(good.Certificate)},
		"no key":               {[]byte("-----"), certificatePEM(good.Certificate)},
		"a certificate as key": {certificatePEM(good.Certificate), certificatePEM(good.Certificate)},
		"a broken key":         {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), certificatePEM(good.Certificate)},
		"no certificate":       {keyPEM(t, good), nil},
		"a broken certificate": {keyPEM(t, good), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})},
	} {
		n := newNode(t, storagetest.SQLite(t))
		n.deps.Key, n.deps.Certificate = files[0], files[1]
		if _, err := paper.OpenSeal(t.Context(), n.deps); err == nil || strings.Contains(err.Error(), "PRIVATE KEY") {
			t.Errorf("%s: %v", name, err)
		}
	}
	n := newNode(t, storagetest.SQLite(t))
	n.open(t)
	stranger := sha256.Sum256([]byte("another master"))
	n.deps.Sealer, _ = storage.NewSealer(stranger[:])
	if _, err := paper.OpenSeal(t.Context(), n.deps); !errors.Is(err, storage.ErrSeal) || !strings.Contains(err.Error(), "master key") {
		t.Errorf("another master key: %v", err)
	}
	n.deps.Name = ""
	if _, err := paper.OpenSeal(t.Context(), n.deps); err == nil {
		t.Error("a seal without a name")
	}
	if _, err := paper.New(paper.Deps{}); err == nil {
		t.Error("a Paper of nothing")
	}
}

func TestPrivateKeysOfTheSealAreReadableNowhere(t *testing.T) {
	t.Parallel()
	n := newNode(t, storagetest.SQLite(t))
	n.open(t)
	var sealed [][]byte
	if err := n.deps.DB.Select(t.Context(), &sealed, `SELECT sealed FROM seals`); err != nil || len(sealed) != 1 {
		t.Fatal(err)
	}
	// A PKCS #8 structure of an EC key has the object identifier of ecPublicKey.
	if bytes.Contains(sealed[0], []byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d}) {
		t.Error("the private key is readable in the database")
	}
	entries, err := n.deps.Journal.List(t.Context(), journal.Filter{Limit: 10})
	if err != nil || len(entries) != 1 || entries[0].Action != "seal.introduced" || entries[0].Details["origin"] != "made" {
		t.Errorf("%+v %v", entries, err)
	}
}

// The commands are those of docs/cabinet/extract.md.
func TestOpenSSLVerifiesWhatTheSealSigns(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is promised where the tests run: ", err)
	}
	db, dir := storagetest.SQLite(t), t.TempDir()
	n := newNode(t, db)
	n.now = time.Now() // openssl judges by the machine's clock
	seal := n.open(t)
	p := n.paper(t, seal)
	pdf, _, err := p.Issue(sample(3), claims)
	if err != nil {
		t.Fatal(err)
	}
	cms, err := p.Sign(pdf)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(content []byte) (string, error) {
		for name, data := range map[string][]byte{"seal.pem": seal.PEM(), "paper.pdf": content, "paper.pdf.p7s": cms} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "paper.pdf.p7s",
			"-content", "paper.pdf", "-CAfile", "seal.pem", "-out", os.DevNull)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := verify(pdf); err != nil {
		t.Errorf("openssl refuses: %s", out)
	}
	changed := append([]byte{}, pdf...)
	changed[len(changed)/2] ^= 1
	if out, err := verify(changed); err == nil {
		t.Errorf("openssl accepts a changed byte: %s", out)
	}
	if err := seal.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(pdf); err != nil {
		t.Errorf("after a rotation openssl refuses: %s", out)
	}
}

func TestParseSealRefusesWhatHoldsNoCertificate(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "keys without certificates": `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`,
		"a private key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})),
		"a broken one":  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})),
	} {
		if _, err := paper.ParseSeal([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	n := newNode(t, storagetest.SQLite(t))
	seal := n.open(t)
	trust, err := paper.ParseSeal(seal.PEM())
	if err != nil {
		t.Fatal(err)
	}
	cms, err := n.paper(t, seal).Sign([]byte("paper"))
	if err != nil || !trust.Verify(cms, []byte("paper")).Accepted || trust.Verify(cms, []byte("other")).Accepted {
		t.Errorf("%v", err)
	}
}

func TestFollowTakesUpWhatAnotherNodeHasRotated(t *testing.T) {
	t.Parallel()
	n := newNode(t, storagetest.SQLite(t))
	first, second := n.open(t), n.open(t)
	go second.Follow(t.Context(), time.Millisecond)
	if err := first.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); len(second.Certificates()) != 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the other node never learnt of it")
		}
	}
}
