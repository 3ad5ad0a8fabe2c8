package signature

import (
	"bufio"
	"context"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/signature/pki"
)

// fixtures is the set of files that the tests judge, and the time to judge for.
type fixtures struct {
	dir string
	at  time.Time
}

// openFixtures uses the kept set, or a fresh one from PROPUSK_SIGNATURE_FIXTURES.
// The time is an hour after the set was made, so that a test never expires.
func openFixtures(t testing.TB) fixtures {
	t.Helper()
	f := fixtures{dir: os.Getenv("PROPUSK_SIGNATURE_FIXTURES")}
	if f.dir == "" {
		f.dir = "testdata/fixtures"
	}
	f.at = f.certificate(t, "ecp256/staff.cer").NotBefore.Add(time.Hour)
	return f
}

func (f fixtures) read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode(data); block != nil {
		return block.Bytes
	}
	return data
}

func (f fixtures) certificate(t testing.TB, name string) *pki.Certificate {
	t.Helper()
	c, fault := pki.ParseCertificate(f.read(t, name))
	if fault != nil {
		t.Fatal(name, fault)
	}
	return c
}

func (f fixtures) crl(t testing.TB, name string) *pki.CRL {
	t.Helper()
	c, fault := pki.ParseCRL(f.read(t, name))
	if fault != nil {
		t.Fatal(name, fault)
	}
	return c
}

// algorithms are the folders with a whole set each.
var algorithms = []string{"rsa2048", "ecp256", "gost256", "gost512", "gost2001"}

// verifier trusts the roots, knows the issuing authorities, and holds the lists,
// stale and superseded ones among them.
func (f fixtures) verifier(t testing.TB) *Local {
	t.Helper()
	store := NewStore()
	revocations := NewRevocations(RevocationDeps{Trust: store, Now: f.now})
	for _, algorithm := range algorithms {
		if _, err := store.ImportPath(filepath.Join(f.dir, algorithm, "root/ca.cer")); err != nil {
			t.Fatal(err)
		}
		if _, err := store.ImportIntermediates(filepath.Join(f.dir, algorithm, "int/ca.cer")); err != nil {
			t.Fatal(err)
		}
		for _, list := range []string{"int-before.crl", "int-stale.crl", "int.crl", "root.crl"} {
			revocations.Add(f.crl(t, filepath.Join(algorithm, list)))
		}
	}
	lists, err := filepath.Glob(filepath.Join(f.dir, "bad/*/crl.crl"))
	if err != nil || len(lists) == 0 {
		t.Fatal("no lists of the faulty authorities", err)
	}
	for _, list := range lists {
		if err := revocations.AddPath(list); err != nil {
			t.Fatal(err)
		}
	}
	local, err := NewLocal(Deps{Trust: store, Revocations: revocations, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	return local
}

func (f fixtures) now() time.Time { return f.at }

// expectations reads the table: a file and its code on each line.
func expectations(t *testing.T) map[string]Code {
	t.Helper()
	file, err := os.Open("testdata/expectations.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	table := map[string]Code{}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 || table[fields[0]] != "" {
			t.Fatalf("line %q", scanner.Text())
		}
		table[fields[0]] = Code(fields[1])
	}
	return table
}

// judged reports whether a file of the set is one that has a verdict. In a fresh
// set there are keys, requests and PKCS#12 files too, which are the browser's.
func judged(name string) bool {
	switch filepath.Ext(name) {
	case ".p7s", ".crl", ".cer":
		return true
	case ".der":
		return !strings.HasSuffix(name, ".req.der")
	}
	return false
}

func TestEveryFixtureIsJudgedForItsReason(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	verifier := f.verifier(t)
	table := expectations(t)
	met := map[string]bool{}
	err := filepath.WalkDir(f.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(f.dir, path)
		if err != nil || !judged(name) {
			return err
		}
		want, expected := table[name]
		if !expected {
			t.Errorf("%s: a fixture without an expectation", name)
			return nil
		}
		met[name] = true
		if got := f.judge(t, verifier, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range table {
		if !met[name] {
			t.Errorf("%s: an expectation without a fixture", name)
		}
	}
	if len(met) < 200 {
		t.Errorf("only %d fixtures were judged", len(met))
	}
}

func (f fixtures) judge(t *testing.T, verifier *Local, name string) Code {
	t.Helper()
	data := f.read(t, name)
	switch filepath.Ext(name) {
	case ".p7s":
		return f.judgeSignature(t, verifier, data)
	case ".cer":
		verdict, err := verifier.VerifyCertificate(t.Context(), CertificateRequest{Certificate: data, At: f.at})
		if err != nil {
			t.Fatal(name, err)
		}
		return verdict.Code
	case ".crl":
		return f.judgeList(t, name, data)
	default:
		return f.judgeAnswer(t, name, data)
	}
}

func (f fixtures) judgeSignature(t *testing.T, verifier Verifier, data []byte) Code {
	t.Helper()
	verdict, err := verifier.Verify(t.Context(), Request{Signature: data, Content: f.read(t, "challenge.bin"), At: f.at})
	if err != nil {
		t.Fatal(err)
	}
	if verdict.Accepted != (verdict.Code == OK) || len(verdict.Checks) != len(CheckNames) {
		t.Fatalf("the verdict contradicts itself: %+v", verdict)
	}
	return verdict.Code
}

// judgeList holds a list against the authority beside it.
func (f fixtures) judgeList(t *testing.T, name string, data []byte) Code {
	t.Helper()
	issuer := filepath.Join(filepath.Dir(name), "ca.pem") // bad/…/crl.crl
	if base, _, _ := strings.Cut(filepath.Base(name), "-"); strings.TrimSuffix(base, ".crl") != "crl" {
		issuer = filepath.Join(filepath.Dir(name), strings.TrimSuffix(base, ".crl"), "ca.cer")
	}
	list, fault := pki.ParseCRL(data)
	if fault != nil {
		return fault.Code
	}
	if fault := list.Verify(f.certificate(t, issuer)); fault != nil {
		return fault.Code
	}
	if !list.NextUpdate.After(f.at) {
		return pki.CRLStale
	}
	return OK
}

// judgeAnswer holds an OCSP answer against the certificate that it is named for.
func (f fixtures) judgeAnswer(t *testing.T, name string, data []byte) Code {
	t.Helper()
	algorithm, file, _ := strings.Cut(name, "/ocsp/")
	subject, _, _ := strings.Cut(file, ".")
	if subject == "unknown" {
		subject = "person"
	}
	answer, fault := pki.ParseOCSP(data)
	if fault != nil {
		return fault.Code
	}
	single, fault := answer.Check(pki.OCSPCheck{
		Certificate: f.certificate(t, filepath.Join(algorithm, subject+".cer")),
		Issuer:      f.certificate(t, filepath.Join(algorithm, "int/ca.cer")), At: f.at, MaxAge: time.Hour * 2,
	})
	if fault != nil {
		return fault.Code
	}
	evidence, fault := judge(single, f.at)
	switch {
	case fault != nil:
		return fault.Code
	case evidence.Revoked:
		return CertificateRevoked
	}
	return OK
}

// What a good fixture says about its signer, and what a twin certificate of the
// same key says: only signingCertificateV2 tells them apart.
func TestVerdictNamesTheSigner(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	verifier := f.verifier(t)
	verdict := func(name string) Verdict {
		v, err := verifier.Verify(context.Background(), Request{
			Signature: f.read(t, name), Content: f.read(t, "challenge.bin"), At: f.at,
		})
		if err != nil || v.Subject == nil {
			t.Fatal(name, err, v)
		}
		return v
	}
	person := verdict("gost512/cms/person.p7s")
	if s := *person.Subject; s.Kind != KindPerson || s.SNILS != "99000000153" || s.INN != "990000000115" ||
		s.LastName != "Иванов" || s.GivenNames != "Иван Иванович" || s.Region != "77 г. Москва" {
		t.Errorf("person: %+v", s)
	}
	if c := person.Certificate; c.Algorithm != "ГОСТ Р 34.10-2012 (512)" || c.Class != "КС2" || c.Serial != "1000" ||
		c.Issuer != "Test Issuing gost512" || len(c.Fingerprint) != 64 {
		t.Errorf("certificate: %+v", c)
	}
	if person.SigningTime.IsZero() {
		t.Error("the claimed signing time is not reported")
	}
	head := verdict("rsa2048/cms/staff.p7s").Subject
	if head.Kind != KindOrganisation || head.INNLE != "9900000031" || head.OGRN != "1999900000010" || head.Title != "Генеральный директор" {
		t.Errorf("head: %+v", head)
	}
	old := verdict("bad/cms/inn-00-prefix.p7s").Subject
	if old.Kind != KindOrganisation || old.INNLE != "9900000031" || old.INN != "" {
		t.Errorf("form from before 2021: %+v", old)
	}
	if twin := verdict("bad/cms/twin-keyid.p7s").Subject; twin.SNILS != "99000000254" {
		t.Errorf("the signer is taken for the holder of a twin certificate: %+v", twin)
	}
	if multi := verdict("bad/cms/multivalue-rdn.p7s").Subject; multi.INN != "990000000115" {
		t.Errorf("multi-valued name: %+v", multi)
	}
}

// Every check that a refused signature did not reach is there and says so.
func TestVerdictListsAllChecksInOrder(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	verifier := f.verifier(t)
	v, err := verifier.Verify(t.Context(), Request{
		Signature: f.read(t, "ecp256/cms/other-content.p7s"), Content: f.read(t, "challenge.bin"), At: f.at,
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []CheckName
	var statuses []Status
	for _, c := range v.Checks {
		names, statuses = append(names, c.Name), append(statuses, c.Status)
		if c.Text(Russian) == "" || c.Text(English) == "" || c.Text(Russian) == c.Text(English) {
			t.Errorf("check %s has no texts", c.Name)
		}
	}
	if !slices.Equal(names, CheckNames) {
		t.Errorf("order %v", names)
	}
	if want := []Status{Passed, Failed, Skipped, Skipped, Skipped, Skipped, Skipped, Skipped, Skipped, Skipped}; !slices.Equal(statuses, want) {
		t.Errorf("statuses %v", statuses)
	}
	if v.Subject != nil || v.Certificate != nil {
		t.Error("the signer is named though the document is another")
	}
	if v.Text(English) != "The document was changed after signing, or another document was signed." {
		t.Errorf("text %q", v.Text(English))
	}
}

// A person learns of everything that is wrong with a certificate at once.
func TestVerdictGoesOnAfterAnIndependentFailure(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	v, err := f.verifier(t).Verify(t.Context(), Request{
		Signature: f.read(t, "bad/cms/inn-checksum.p7s"), Content: f.read(t, "challenge.bin"), At: f.at.AddDate(30, 0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[CheckName]Code{
		CheckChain: OK, CheckValidity: CertificateExpired, CheckRevocation: pki.CRLStale, CheckSubject: SubjectINN,
	} {
		if got := v.Check(name).Code; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if v.Code != CertificateExpired {
		t.Errorf("the first failure is %s", v.Code)
	}
}
