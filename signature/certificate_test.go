package signature

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"propusk/signature/pki"
)

// certificateOf judges a certificate that the authority issues with a change.
func certificateOf(t *testing.T, verifier *Local, c *x509.Certificate, at time.Time) Verdict {
	t.Helper()
	v, err := verifier.VerifyCertificate(t.Context(), CertificateRequest{Certificate: c.Raw, At: at})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestUsageAndPolicyClass(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	strict := a.verifier(t, nil)
	binding := a.verifier(t, func(d *Deps) { d.Policy.RequireContentCommitment = true })
	high := a.verifier(t, func(d *Deps) { d.Policy.MinimumClass = KS3 })
	classes := func(last ...uint64) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.Policies = nil
			for _, n := range last {
				c.Policies = append(c.Policies, mustOID(t, 1, 2, 643, 100, 113, n))
			}
		}
	}
	for name, c := range map[string]struct {
		verifier *Local
		change   func(*x509.Certificate)
		want     Code
	}{
		"as it should be":                 {strict, nil, OK},
		"no key usage":                    {strict, func(c *x509.Certificate) { c.KeyUsage = 0 }, KeyUsage},
		"encipherment only":               {strict, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, KeyUsage},
		"no commitment":                   {strict, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }, OK},
		"no commitment where it is asked": {binding, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }, KeyUsage},
		"commitment where it is asked":    {binding, nil, OK},
		"an authority's certificate": {strict, func(c *x509.Certificate) {
			c.IsCA, c.KeyUsage = true, x509.KeyUsageDigitalSignature|x509.KeyUsageCertSign
		}, KeyUsage},
		"server only":            {strict, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, ExtendedKeyUsage},
		"any purpose":            {strict, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }, ExtendedKeyUsage},
		"e-mail":                 {strict, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }, OK},
		"no purpose stated":      {strict, func(c *x509.Certificate) { c.ExtKeyUsage = nil }, OK},
		"no class":               {strict, classes(), PolicyClassMissing},
		"a class of nobody":      {strict, func(c *x509.Certificate) { c.Policies = []x509.OID{mustOID(t, 1, 2, 3, 4)} }, PolicyClassMissing},
		"КС2 where КС3 is asked": {high, classes(1, 2), PolicyClassLow},
		"КС3 where КС3 is asked": {high, classes(1, 2, 3), OK},
	} {
		certificate := a.issue(t, &a.leafKey.PublicKey, c.change)
		if v := certificateOf(t, c.verifier, certificate, noon); v.Code != c.want {
			t.Errorf("%s: got %s, want %s", name, v.Code, c.want)
		}
	}
}

func TestClassNames(t *testing.T) {
	t.Parallel()
	if KS1.String() != "КС1" || KA1.String() != "КА1" || Class(0).String() != "" {
		t.Error("names of the classes")
	}
	if ParseClass("КВ2") != KV2 || ParseClass("KB2") != 0 || ParseClass("") != 0 {
		t.Error("classes of the names")
	}
}

// An authority that names policies vouches for those alone.
func TestAuthorityVouchesForItsClassesOnly(t *testing.T) {
	t.Parallel()
	leaf := &pki.Certificate{Extensions: pki.Extensions{Policies: []string{"1.2.643.100.113.1", "1.2.643.100.113.3"}}}
	for name, c := range map[string]struct {
		authority []string
		want      Class
	}{
		"names none": {nil, KS3},
		"any policy": {[]string{pki.AnyPolicy}, KS3},
		"КС1 only":   {[]string{"1.2.643.100.113.1"}, KS1},
		"КВ1 only":   {[]string{"1.2.643.100.113.4"}, 0},
	} {
		authority := &pki.Certificate{Extensions: pki.Extensions{Policies: c.authority}}
		fault := Policy{MinimumClass: c.want + 1}.checkClass(pki.Path{leaf, authority})
		if fault == nil {
			t.Errorf("%s: a class above %s is accepted", name, c.want)
		}
		if c.want > 0 {
			if fault := (Policy{MinimumClass: c.want}).checkClass(pki.Path{leaf, authority}); fault != nil {
				t.Errorf("%s: %v", name, fault)
			}
		}
	}
}

func TestValidityBoundsAreIncluded(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	verifier := a.verifier(t, nil)
	c := a.issue(t, &a.leafKey.PublicKey, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = noon.Add(-time.Minute), noon.Add(time.Minute)
	})
	for at, want := range map[time.Time]Code{
		noon.Add(-time.Minute): OK, noon.Add(time.Minute): OK,
		noon.Add(-time.Minute - time.Second): CertificateNotYetValid,
		noon.Add(time.Minute + time.Second):  CertificateExpired,
		noon.In(time.FixedZone("x", 7*3600)): OK,
	} {
		if v := certificateOf(t, verifier, c, at); v.Check(CheckValidity).Code != want {
			t.Errorf("%s: got %s, want %s", at, v.Check(CheckValidity).Code, want)
		}
	}
}

// The key may sign for a shorter time than the certificate is valid (2.5.29.16).
func TestPrivateKeyUsagePeriod(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	verifier := a.verifier(t, nil)
	period, err := asn1.Marshal(struct {
		From time.Time `asn1:"tag:0,generalized"`
		To   time.Time `asn1:"tag:1,generalized"`
	}{noon.Add(-time.Hour), noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	c := a.issue(t, &a.leafKey.PublicKey, func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 16}, Value: period}}
	})
	for at, want := range map[time.Time]Code{
		noon: OK, noon.Add(2 * time.Hour): PrivateKeyPeriod, noon.Add(-2 * time.Hour): PrivateKeyPeriod,
	} {
		if v := certificateOf(t, verifier, c, at); v.Check(CheckValidity).Code != want {
			t.Errorf("%s: got %s, want %s", at, v.Check(CheckValidity).Code, want)
		}
	}
}

func TestExpectedSigner(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	verifier := a.verifier(t, nil)
	der := a.signing().make(t)
	for name, c := range map[string]struct {
		expect Expectation
		want   Code
	}{
		"nobody in particular":      {Expectation{}, OK},
		"the same СНИЛС":            {Expectation{SNILS: "99000000153"}, OK},
		"the same ИНН":              {Expectation{INN: "990000000115"}, OK},
		"another СНИЛС":             {Expectation{SNILS: "99000000254"}, SubjectOtherPerson},
		"СНИЛС right and ИНН wrong": {Expectation{SNILS: "99000000153", INN: "990000000299"}, SubjectOtherPerson},
		"an organisation":           {Expectation{INNLE: "9900000031"}, SubjectOtherOrganisation},
	} {
		v, err := verifier.Verify(t.Context(), Request{Signature: der, Content: []byte("challenge"), Expect: c.expect})
		if err != nil || v.Code != c.want {
			t.Errorf("%s: got %s %v, want %s", name, v.Code, err, c.want)
		}
	}
}

func TestCertificateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	v, err := a.verifier(t, nil).VerifyCertificate(t.Context(), CertificateRequest{Certificate: []byte{0x30, 0}})
	if err != nil || v.Code != pki.CertificateMalformed || len(v.Checks) != 6 || v.Accepted {
		t.Errorf("got %+v %v", v, err)
	}
}

func TestNewLocalNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := NewLocal(Deps{}); err == nil {
		t.Error("a verifier without trust was made")
	}
}

// A flood of dear checks waits, gives up in time, and does not hold cheap ones up.
func TestGOSTChecksAreBounded(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	verifier := f.verifier(t)
	verifier.deps.MaxWait = time.Millisecond
	verifier.turns = make(chan struct{}, 1)
	verifier.turns <- struct{}{} // somebody is checking
	ask := func(ctx context.Context, name string) error {
		_, err := verifier.Verify(ctx, Request{Signature: f.read(t, name), Content: f.read(t, "challenge.bin"), At: f.at})
		return err
	}
	if err := ask(t.Context(), "gost256/cms/person.p7s"); !errors.Is(err, ErrBusy) {
		t.Errorf("GOST: got %v, want ErrBusy", err)
	}
	if err := ask(t.Context(), "bad/cms/gost-leaf-under-ec.p7s"); !errors.Is(err, ErrBusy) {
		t.Errorf("EC under GOST: got %v, want ErrBusy", err)
	}
	if err := ask(t.Context(), "ecp256/cms/person.p7s"); err != nil {
		t.Errorf("EC waits for GOST: %v", err)
	}
	verifier.deps.MaxWait = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ask(ctx, "gost256/cms/person.p7s"); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: got %v", err)
	}
	<-verifier.turns
	if err := ask(t.Context(), "gost256/cms/person.p7s"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}
