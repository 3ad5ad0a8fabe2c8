package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

// link of a generated chain: what each certificate is made of.
type spec struct {
	Name        string
	CA          bool
	PathLen     int // -1 for none
	KeyUsage    x509.KeyUsage
	Expired     bool
	WrongIssuer bool // signed by a stranger with the issuer's name
	Critical    bool // has an unknown critical extension
	Permitted   []string
	Excluded    []string
	DNS         []string
	Curve       int // 0 P-256, 1 P-384, 2 RSA
}

// keys are made once: RSA is slow.
type keys struct {
	p256, p384, stranger *ecdsa.PrivateKey
	rsa                  *rsa.PrivateKey
}

var sharedRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newKeys(t testing.TB) keys {
	t.Helper()
	var k keys
	var err error
	for key, curve := range map[**ecdsa.PrivateKey]elliptic.Curve{&k.p256: elliptic.P256(), &k.p384: elliptic.P384(), &k.stranger: elliptic.P256()} {
		if *key, err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	if k.rsa, err = sharedRSA(); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k keys) of(s spec) crypto.Signer {
	return []crypto.Signer{k.p256, k.p384, k.rsa}[s.Curve]
}

// chain makes the certificates of the specs, the root first.
func (k keys) chain(t testing.TB, specs []spec) []*x509.Certificate {
	t.Helper()
	var made []*x509.Certificate
	for i, s := range specs {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: s.Name},
			NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(1, 0, 0),
			IsCA: s.CA, BasicConstraintsValid: true, KeyUsage: s.KeyUsage, MaxPathLen: s.PathLen,
			MaxPathLenZero: s.CA && s.PathLen == 0, DNSNames: s.DNS,
			PermittedDNSDomains: s.Permitted, ExcludedDNSDomains: s.Excluded,
			PermittedDNSDomainsCritical: len(s.Permitted)+len(s.Excluded) > 0,
		}
		if s.Expired {
			template.NotAfter = noon.Add(-time.Hour)
		}
		if s.Critical {
			template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}
		parent, signer := template, k.of(s)
		if i > 0 {
			parent, signer = made[i-1], k.of(specs[i-1])
			if s.WrongIssuer {
				clone := *parent
				clone.PublicKey = &k.stranger.PublicKey
				parent, signer = &clone, k.stranger
			}
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, k.of(s).Public(), signer)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, c)
	}
	return made
}

// ours is the verdict of this package: the root is trusted, the rest helps.
func ours(t testing.TB, chain []*x509.Certificate) (bool, *Fault) {
	t.Helper()
	parsed := make([]*Certificate, len(chain))
	for i, c := range chain {
		var fault *Fault
		if parsed[i], fault = ParseCertificate(c.Raw); fault != nil {
			t.Fatal(fault)
		}
	}
	last := len(parsed) - 1
	paths, fault := NewBuilder(NewPool(parsed[0]), NewPool(parsed[1:last]...)).Paths(parsed[last], nil)
	if fault != nil {
		return false, fault
	}
	for _, path := range paths {
		valid := true
		for _, c := range path {
			valid = valid && c.ValidAt(noon)
		}
		if valid {
			return true, nil
		}
	}
	return false, Faultf(Malformed, "not valid at the time")
}

func theirs(chain []*x509.Certificate) (bool, error) {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(chain[0])
	last := len(chain) - 1
	for _, c := range chain[1:last] {
		intermediates.AddCert(c)
	}
	_, err := chain[last].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: noon, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil, err
}

// stricter is the written list of rules in which we refuse what crypto/x509
// accepts. Each has the reason beside it; docs/signature.md repeats the list.
func stricter(specs []spec) string {
	for i, s := range specs {
		last := i == len(specs)-1
		switch {
		case !last && s.KeyUsage == 0:
			// RFC 5280 §4.2.1.3: an authority MUST state keyCertSign; crypto/x509 lets an
			// absent extension pass.
			return "authority without key usage"
		case last && len(s.Permitted)+len(s.Excluded) > 0:
			// RFC 5280 §4.2.1.10: only authorities may have them.
			return "name constraints of an end entity"
		}
	}
	return ""
}

// For chains of RSA and EC keys our path verdict is crypto/x509's, except where
// the list says that we are stricter; we are never more lenient.
func TestPathsAgreeWithCryptoX509(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	random := mathrand.New(mathrand.NewPCG(1, 2))
	accepted, refused, stricterOnes := 0, 0, 0
	for round := range 400 {
		specs := randomChain(random)
		chain := k.chain(t, specs)
		we, fault := ours(t, chain)
		they, err := theirs(chain)
		switch rule := stricter(specs); {
		case we && !they:
			t.Fatalf("round %d: we accept what crypto/x509 refuses (%v): %+v", round, err, specs)
		case they && !we && rule == "":
			t.Fatalf("round %d: we refuse (%v) what crypto/x509 accepts: %+v", round, fault, specs)
		case they && !we:
			stricterOnes++
		case we:
			accepted++
		default:
			refused++
		}
	}
	t.Logf("%d accepted by both, %d refused by both, %d refused by the stricter rules", accepted, refused, stricterOnes)
	if accepted < 80 || refused < 80 || stricterOnes < 3 {
		t.Error("the rounds are too much alike to prove anything")
	}
}

func randomChain(random *mathrand.Rand) []spec {
	length := 2 + random.IntN(3)
	specs := make([]spec, length)
	rarely := func(n int) bool { return random.IntN(n) == 0 }
	for i := range specs {
		s := spec{Name: fmt.Sprintf("c%d", i), CA: i < length-1, PathLen: -1, Curve: random.IntN(3)}
		s.KeyUsage = x509.KeyUsageDigitalSignature
		if s.CA {
			s.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
			if rarely(4) {
				s.PathLen = random.IntN(3)
			}
			if rarely(8) {
				s.Permitted = []string{"example.ru"}
			}
			if rarely(10) {
				s.Excluded = []string{"bad.example.ru"}
			}
		} else if !rarely(3) {
			s.DNS = []string{[]string{"example.ru", "www.example.ru", "x.bad.example.ru", "example.org"}[random.IntN(4)]}
		}
		if rarely(30) {
			s.KeyUsage = []x509.KeyUsage{0, x509.KeyUsageDigitalSignature, x509.KeyUsageCRLSign}[random.IntN(3)]
		}
		if i < length-1 && rarely(25) {
			s.CA, s.PathLen, s.Permitted, s.Excluded = false, -1, nil, nil
		}
		s.Expired = rarely(25)
		s.WrongIssuer = i > 0 && rarely(25)
		s.Critical = rarely(30)
		if i > 1 && i < length-1 && rarely(6) {
			s.Name = specs[i-1].Name // self-issued: does not count for path lengths
			s.Curve = (specs[i-1].Curve + 1) % 3
		}
		specs[i] = s
	}
	return specs
}

func TestPathFaults(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	ca := x509.KeyUsageCertSign
	root := spec{Name: "root", CA: true, PathLen: -1, KeyUsage: ca}
	middle := spec{Name: "middle", CA: true, PathLen: -1, KeyUsage: ca}
	leaf := spec{Name: "leaf", PathLen: -1, KeyUsage: x509.KeyUsageDigitalSignature, DNS: []string{"www.example.ru"}}
	with := func(s spec, change func(*spec)) spec { change(&s); return s }
	for name, c := range map[string]struct {
		specs []spec
		want  Code
	}{
		"a stranger signed the leaf":      {[]spec{root, middle, with(leaf, func(s *spec) { s.WrongIssuer = true })}, IssuerSignature},
		"a stranger signed the authority": {[]spec{root, with(middle, func(s *spec) { s.WrongIssuer = true }), leaf}, IssuerSignature},
		"no authority":                    {[]spec{root, with(middle, func(s *spec) { s.CA = false }), leaf}, IssuerNotCA},
		"no right to certify":             {[]spec{root, with(middle, func(s *spec) { s.KeyUsage = x509.KeyUsageCRLSign }), leaf}, IssuerKeyUsage},
		"too long":                        {[]spec{with(root, func(s *spec) { s.PathLen = 0 }), middle, leaf}, PathLength},
		"excluded name":                   {[]spec{with(root, func(s *spec) { s.Excluded = []string{"example.ru"} }), leaf}, NameConstraint},
		"not a permitted name":            {[]spec{with(root, func(s *spec) { s.Permitted = []string{"example.org"} }), leaf}, NameConstraint},
		"critical in the leaf":            {[]spec{root, with(leaf, func(s *spec) { s.Critical = true })}, CriticalExtensionUnknown},
		"critical in the authority":       {[]spec{root, with(middle, func(s *spec) { s.Critical = true }), leaf}, CriticalExtensionUnknown},
		"critical in the root":            {[]spec{with(root, func(s *spec) { s.Critical = true }), leaf}, CriticalExtensionUnknown},
		"constraints of a leaf":           {[]spec{root, with(leaf, func(s *spec) { s.Permitted = []string{"x"} })}, CriticalExtensionUnknown},
	} {
		if _, fault := ours(t, k.chain(t, c.specs)); fault == nil || fault.Code != c.want {
			t.Errorf("%s: got %v, want %s", name, fault, c.want)
		}
	}
}

// A tangle of authorities that certify each other must end soon, whatever it says.
func TestPathSearchIsBounded(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	var extra []*Certificate
	ca := spec{Name: "loop", CA: true, PathLen: -1, KeyUsage: x509.KeyUsageCertSign}
	for range 15 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		ring := keys{p256: key}
		c, fault := ParseCertificate(ring.chain(t, []spec{ca})[0].Raw)
		if fault != nil {
			t.Fatal(fault)
		}
		extra = append(extra, c)
	}
	leaf := k.chain(t, []spec{ca, {Name: "leaf", PathLen: -1, KeyUsage: x509.KeyUsageDigitalSignature}})[1]
	parsed, fault := ParseCertificate(leaf.Raw)
	if fault != nil {
		t.Fatal(fault)
	}
	start := time.Now()
	_, fault = NewBuilder(NewPool(), NewPool()).Paths(parsed, extra)
	if fault == nil {
		t.Fatal("accepted")
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %s", took)
	}
	// An authority that vouches for itself leads nowhere, whoever names it.
	own, bad := ParseCertificate(k.chain(t, []spec{ca})[0].Raw)
	if bad != nil {
		t.Fatal(bad)
	}
	if _, fault := NewBuilder(NewPool(), NewPool()).Paths(parsed, []*Certificate{own}); fault == nil || fault.Code != IssuerUnknown {
		t.Errorf("got %v", fault)
	}
	if _, fault := NewBuilder(NewPool(), NewPool()).Paths(own, nil); fault == nil || fault.Code != SelfSigned {
		t.Errorf("got %v", fault)
	}
}
