package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ocsp"
)

// seed adds the fixtures that a pattern finds. A corpus that is empty proves
// nothing, and fails.
func seed(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("../testdata/fixtures", pattern))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds for %s", pattern)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if block, _ := pem.Decode(data); block != nil {
			data = block.Bytes
		}
		f.Add(data)
	}
}

// A certificate that we read has the parts that crypto/x509 sees, when it reads it
// too: nothing can mean one thing here and another thing there.
func FuzzCertificate(f *testing.F) {
	seed(f, "*/*.cer")
	seed(f, "*/*/ca.pem")
	f.Fuzz(func(t *testing.T, der []byte) {
		ours, fault := ParseCertificate(der)
		if fault != nil {
			return
		}
		if !bytes.Equal(ours.Raw, der) || ours.NotAfter.Before(ours.NotBefore) || ours.Serial.Sign() <= 0 {
			t.Fatal("a certificate that is none was read")
		}
		theirs, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		if !bytes.Equal(ours.RawTBS, theirs.RawTBSCertificate) || !bytes.Equal(ours.RawSPKI, theirs.RawSubjectPublicKeyInfo) ||
			!bytes.Equal(ours.RawSubject, theirs.RawSubject) || !bytes.Equal(ours.RawIssuer, theirs.RawIssuer) ||
			ours.Serial.Cmp(theirs.SerialNumber) != 0 || !ours.NotBefore.Equal(theirs.NotBefore) || !ours.NotAfter.Equal(theirs.NotAfter) ||
			ours.IsCA != theirs.IsCA || int(ours.KeyUsage) != int(theirs.KeyUsage) {
			t.Fatal("crypto/x509 reads the certificate otherwise")
		}
		_, _ = ours.Key()
		_ = ours.Subject.String()
	})
}

// A list that both readers take has the same entries for both.
func FuzzCRL(f *testing.F) {
	seed(f, "*/*.crl")
	f.Fuzz(func(t *testing.T, der []byte) {
		ours, fault := ParseCRL(der)
		if fault != nil {
			return
		}
		ours.Lookup(big.NewInt(1)) // what was read once is read again for the index
		theirs, err := x509.ParseRevocationList(der)
		if err != nil {
			return
		}
		if !ours.ThisUpdate.Equal(theirs.ThisUpdate) || !ours.NextUpdate.Equal(theirs.NextUpdate) {
			t.Fatal("crypto/x509 reads other times")
		}
		for _, entry := range theirs.RevokedCertificateEntries {
			if entry.SerialNumber.Sign() <= 0 {
				continue
			}
			if _, listed := ours.Lookup(entry.SerialNumber); !listed {
				t.Fatalf("entry %s is lost", entry.SerialNumber)
			}
		}
	})
}

// An answer can be read by us and by the library, and then says the same of the
// certificate; only the authority's own answers pass the check.
func FuzzOCSP(f *testing.F) {
	seed(f, "*/ocsp/*.der")
	read := func(name string) *Certificate {
		raw, err := os.ReadFile(filepath.Join("../testdata/fixtures/ecp256", name))
		if err != nil {
			f.Fatal(err)
		}
		c, fault := ParseCertificate(raw)
		if fault != nil {
			f.Fatal(fault)
		}
		return c
	}
	person, issuer := read("person.cer"), read("int/ca.cer")
	at := person.NotBefore.AddDate(0, 0, 1)
	f.Fuzz(func(t *testing.T, der []byte) {
		ours, fault := ParseOCSP(der)
		if fault != nil {
			return
		}
		single, fault := ours.Check(OCSPCheck{Certificate: person, Issuer: issuer, At: at})
		if fault != nil {
			return
		}
		theirs, err := ocsp.ParseResponse(der, nil)
		if err != nil {
			return
		}
		if want := map[OCSPStatusValue]int{OCSPGood: ocsp.Good, OCSPRevoked: ocsp.Revoked, OCSPUnknown: ocsp.Unknown}[single.Status]; theirs.Status != want {
			t.Fatalf("status %d, the library says %d", single.Status, theirs.Status)
		}
	})
}

// What CheckDER takes is one element, and re-reading it by its own rules ends
// where the input ends.
func FuzzDER(f *testing.F) {
	seed(f, "bad/cms/bomb-*.p7s")
	seed(f, "ecp256/cms/*.p7s")
	f.Fuzz(func(t *testing.T, der []byte) {
		if CheckDER(der) != nil {
			return
		}
		if CheckDER(append(bytes.Clone(der), 0)) == nil {
			t.Fatal("a trailing byte is taken")
		}
		if len(der) > 2 && CheckDER(der[:len(der)-1]) == nil {
			t.Fatal("a missing byte is not noticed")
		}
	})
}
