package signature_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"propusk/signature"
	"propusk/signature/pki"
	"propusk/signature/signaturetest"
)

var signed = []byte("Выписка из ЕГРЮЛ\n")

// holders makes a signer of each kind of key that Sign takes.
func holders(t *testing.T) (*signaturetest.Authority, map[string]signaturetest.Holder) {
	a := signaturetest.New(t, time.Now)
	subject := signature.Subject{CommonName: "Пропуск", Organisation: "Пропуск", INNLE: "9900000017", OGRN: "1029900000019"}
	return a, map[string]signaturetest.Holder{"P-256": a.Issue(t, subject), "RSA": a.IssueRSA(t, subject)}
}

func TestSignIsAcceptedByTheVerifierAndByOpenSSL(t *testing.T) {
	t.Parallel()
	a, signers := holders(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	for name, h := range signers {
		for _, chain := range [][]*x509.Certificate{{h.Certificate}, {h.Certificate, a.Certificate}} {
			cms, err := signature.Sign(h.Key, chain, signed, at)
			if err != nil {
				t.Fatal(name, err)
			}
			verdict, err := a.Verifier.Verify(context.Background(), signature.Request{Signature: cms, Content: signed})
			if err != nil || !verdict.Accepted || !verdict.SigningTime.Equal(at) || verdict.Subject.OGRN != "1029900000019" {
				t.Errorf("%s: %v %+v", name, err, verdict)
			}
			if out, err := opensslVerify(t, a.Certificate, cms, signed); err != nil {
				t.Errorf("%s: openssl refuses: %v\n%s", name, err, out)
			}
		}
	}
}

func TestSignedContentMayNotChangeByOneByte(t *testing.T) {
	t.Parallel()
	a, signers := holders(t)
	for name, h := range signers {
		cms, err := signature.Sign(h.Key, []*x509.Certificate{h.Certificate}, signed, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for i := range signed {
			changed := append([]byte{}, signed...)
			changed[i] ^= 1
			if v := signature.VerifyKnown(signature.Request{Signature: cms, Content: changed}, h.Certificate); v.Accepted || v.Code != signature.DigestMismatch {
				t.Fatalf("%s: byte %d: %s", name, i, v.Code)
			}
		}
		for i := range cms {
			changed := append([]byte{}, cms...)
			changed[i] ^= 1
			if v := signature.VerifyKnown(signature.Request{Signature: changed, Content: signed}, h.Certificate); v.Accepted {
				t.Errorf("%s: byte %d of the signature may change", name, i)
			}
		}
		if out, err := opensslVerify(t, a.Certificate, cms, append(signed, '.')); err == nil {
			t.Errorf("%s: openssl accepts another document: %s", name, out)
		}
	}
}

func TestSignLeavesTheTimeOutWhenThereIsNone(t *testing.T) {
	t.Parallel()
	_, signers := holders(t)
	h := signers["P-256"]
	cms, err := signature.Sign(h.Key, []*x509.Certificate{h.Certificate}, signed, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if v := signature.VerifyKnown(signature.Request{Signature: cms, Content: signed}, h.Certificate); !v.Accepted || !v.SigningTime.IsZero() {
		t.Errorf("%+v", v)
	}
}

func TestSignWritesTheTimeAsTheYearDemands(t *testing.T) {
	t.Parallel()
	_, signers := holders(t)
	h := signers["P-256"]
	for _, at := range []string{"1949-12-31T23:59:59Z", "1950-01-01T00:00:00Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"} {
		when, _ := time.Parse(time.RFC3339, at)
		cms, err := signature.Sign(h.Key, []*x509.Certificate{h.Certificate}, signed, when)
		if err != nil {
			t.Fatal(at, err)
		}
		v := signature.VerifyKnown(signature.Request{Signature: cms, Content: signed}, h.Certificate)
		if !v.SigningTime.Equal(when) || v.Check(signature.CheckBinding).Status != signature.Passed {
			t.Errorf("%s came back as %s", at, v.SigningTime)
		}
		if v.Accepted || v.Code != signature.CertificateNotYetValid && v.Code != signature.CertificateExpired {
			t.Errorf("%s: a certificate of this year accepted then: %s", at, v.Code)
		}
	}
}

func TestSignRefusesKeysOutsideTheProfile(t *testing.T) {
	t.Parallel()
	_, signers := holders(t)
	good := signers["P-256"]
	short, _ := rsa.GenerateKey(rand.Reader, 1024)
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	otherRSA, _ := rsa.GenerateKey(rand.Reader, 2048)
	wide, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, edwards, _ := ed25519.GenerateKey(rand.Reader)
	for name, key := range map[string]crypto.Signer{
		"none": nil, "RSA 1024": short, "another's P-256": other, "another's RSA": otherRSA, "P-384": wide, "Ed25519": edwards,
	} {
		if _, err := signature.Sign(key, []*x509.Certificate{good.Certificate}, signed, time.Now()); !errors.Is(err, signature.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := signature.Sign(good.Key, nil, signed, time.Now()); !errors.Is(err, signature.ErrKey) {
		t.Errorf("no certificate: %v", err)
	}
	crowd := make([]*x509.Certificate, signature.MaxCertificates+1)
	for i := range crowd {
		crowd[i] = good.Certificate
	}
	if _, err := signature.Sign(good.Key, crowd, signed, time.Now()); err == nil {
		t.Error("more certificates than a reader takes")
	}
}

func TestVerifyKnownTrustsTheGivenCertificatesAlone(t *testing.T) {
	t.Parallel()
	_, signers := holders(t)
	h, stranger := signers["P-256"], signers["RSA"]
	cms, err := signature.Sign(h.Key, []*x509.Certificate{h.Certificate, stranger.Certificate}, signed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	request := signature.Request{Signature: cms, Content: signed}
	if v := signature.VerifyKnown(request, stranger.Certificate); v.Accepted || v.Code != pki.IssuerUnknown {
		t.Errorf("a stranger's: %+v", v)
	}
	if v := signature.VerifyKnown(request); v.Accepted {
		t.Error("accepted without any known signer")
	}
	if v := signature.VerifyKnown(request, stranger.Certificate, h.Certificate); !v.Accepted || v.Code != signature.OK || len(v.Checks) != 6 {
		t.Errorf("%+v", v)
	}
	request.At = time.Now().AddDate(5, 0, 0)
	if v := signature.VerifyKnown(request, h.Certificate); v.Code != signature.CertificateExpired {
		t.Errorf("in five years: %s", v.Code)
	}
	if v := signature.VerifyKnown(signature.Request{Signature: []byte("no DER"), Content: signed}, h.Certificate); v.Accepted || v.Check(signature.CheckFormat).Status != signature.Failed {
		t.Errorf("%+v", v)
	}
}

// opensslVerify asks openssl cms -verify, the commands of docs/cabinet/extract.md.
func opensslVerify(t *testing.T, root *x509.Certificate, cms, content []byte) (string, error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("openssl is promised where the tests run: ", err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	ca := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))
	out, err := exec.Command(path, "cms", "-verify", "-binary", "-inform", "DER", "-in", write("s.p7s", cms),
		"-content", write("content", content), "-CAfile", ca, "-purpose", "any", "-out", os.DevNull).CombinedOutput()
	return string(out), err
}
