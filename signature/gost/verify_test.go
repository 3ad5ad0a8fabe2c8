package gost

import (
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"testing"
)

// curveVector is a signature example of the standard with its own curve.
type curveVector struct {
	Name                                  string
	Bits                                  int
	P, A, B, Q, X, Y, Qx, Qy, Alpha, R, S string
}

func (v curveVector) set() *ParameterSet {
	return &ParameterSet{Name: v.Name, Bits: v.Bits, cofactor: 1, p: number(v.P), a: number(v.A),
		b: number(v.B), q: number(v.Q), x: number(v.X), y: number(v.Y)}
}

func curveVectors(t testing.TB) []curveVector {
	t.Helper()
	var file struct{ Vectors []curveVector }
	fixture(t, "signature.json", &file)
	if len(file.Vectors) != 2 {
		t.Fatalf("%d vectors", len(file.Vectors))
	}
	return file.Vectors
}

func TestVerifyRFC7091Vectors(t *testing.T) {
	t.Parallel()
	for _, v := range curveVectors(t) {
		set := v.set()
		if !set.onCurve(set.x, set.y) || !set.onCurve(number(v.Qx), number(v.Qy)) {
			t.Fatalf("%s: the points are not on the curve", v.Name)
		}
		key := &PublicKey{set, set.arithmetic().affine(number(v.Qx), number(v.Qy))}
		alpha, r, s := number(v.Alpha), number(v.R), number(v.S)
		if !key.verify(alpha, r, s) {
			t.Errorf("%s: the signature of the standard is refused", v.Name)
		}
		one := big.NewInt(1)
		for name, wrong := range map[string][3]*big.Int{
			"other digest": {new(big.Int).Add(alpha, one), r, s},
			"other r":      {alpha, new(big.Int).Add(r, one), s},
			"other s":      {alpha, r, new(big.Int).Add(s, one)},
			"swapped":      {alpha, s, r},
			"r = 0":        {alpha, new(big.Int), s},
			"s = 0":        {alpha, r, new(big.Int)},
			"r + q":        {alpha, new(big.Int).Add(r, set.q), s},
			"s + q":        {alpha, r, new(big.Int).Add(s, set.q)},
			"q - s":        {alpha, r, new(big.Int).Sub(set.q, s)},
		} {
			if key.verify(wrong[0], wrong[1], wrong[2]) {
				t.Errorf("%s: %s is accepted", v.Name, name)
			}
		}
	}
}

// Every parameter set is checked against its own definition: a typing error in a
// constant cannot pass this.
func TestParameterSetsAreConsistent(t *testing.T) {
	t.Parallel()
	for _, oid := range []string{
		"1.2.643.2.2.35.1", "1.2.643.2.2.35.2", "1.2.643.2.2.35.3", "1.2.643.2.2.36.0", "1.2.643.2.2.36.1",
		"1.2.643.7.1.2.1.1.1", "1.2.643.7.1.2.1.1.2", "1.2.643.7.1.2.1.1.3", "1.2.643.7.1.2.1.1.4",
		"1.2.643.7.1.2.1.2.1", "1.2.643.7.1.2.1.2.2", "1.2.643.7.1.2.1.2.3",
	} {
		set, ok := Parameters(oid)
		if !ok {
			t.Fatalf("%s is unknown", oid)
		}
		if !set.p.ProbablyPrime(20) || !set.q.ProbablyPrime(20) || set.p.BitLen() != set.Bits {
			t.Errorf("%s: p or q is no prime of the right length", set.Name)
		}
		if !set.onCurve(set.x, set.y) {
			t.Errorf("%s: the base point is not on the curve", set.Name)
		}
		if _, finite := set.arithmetic().combine(set.q, new(big.Int), set.arithmetic().base); finite {
			t.Errorf("%s: q times the base point is not infinity", set.Name)
		}
		// Hasse: |cofactor·q - (p+1)| ≤ 2√p.
		distance := new(big.Int).Mul(set.q, big.NewInt(set.cofactor))
		distance.Sub(distance, set.p).Sub(distance, big.NewInt(1)).Abs(distance)
		if distance.BitLen() > set.Bits/2+2 {
			t.Errorf("%s: the order does not fit the field", set.Name)
		}
	}
	for _, oid := range []string{"1.2.643.2.2.35.0", "1.2.643.7.1.2.1.2.0", "1.2.840.10045.3.1.7", ""} {
		if _, ok := Parameters(oid); ok {
			t.Errorf("%q is accepted", oid)
		}
	}
}

func TestPointArithmetic(t *testing.T) {
	t.Parallel()
	set := tc26Set512C
	c := set.arithmetic()
	zero := new(big.Int)
	if s := c.join(c.base, c.affine(set.x, new(big.Int).Sub(set.p, set.y))); !s.atInfinity() {
		t.Error("P + (-P) is not infinity")
	}
	if s := c.join(c.infinity(), c.base); s != c.base {
		t.Error("0 + P is not P")
	}
	if s := c.join(c.base, c.infinity()); s != c.base {
		t.Error("P + 0 is not P")
	}
	if s := c.double(c.infinity()); !s.atInfinity() {
		t.Error("2·0 is not infinity")
	}
	// 5P by doubling and adding, by addition of equal points, and by combine.
	five := c.join(c.double(c.join(c.base, c.base)), c.base)
	inverse := c.invert(five.z)
	inverse = c.mul(&inverse, &inverse)
	want := c.to(c.mul(&five.x, &inverse))
	if got, ok := c.combine(big.NewInt(5), zero, c.base); !ok || got.Cmp(want) != 0 {
		t.Error("combine(5, 0) is not 5P")
	}
	if got, ok := c.combine(big.NewInt(2), big.NewInt(3), c.base); !ok || got.Cmp(want) != 0 {
		t.Error("combine(2, 3) over the base point is not 5P")
	}
}

// spki is a public key with its algorithm.
type spki struct {
	Algorithm struct {
		OID    asn1.ObjectIdentifier
		Params struct {
			Set    asn1.ObjectIdentifier
			Digest asn1.ObjectIdentifier `asn1:"optional"`
		}
	}
	Key asn1.BitString
}

func (s spki) octets(t testing.TB) []byte {
	t.Helper()
	var octets []byte
	if _, err := asn1.Unmarshal(s.Key.Bytes, &octets); err != nil {
		t.Fatal(err)
	}
	return octets
}

func TestVerifyCertificatesOfTheRecommendations(t *testing.T) {
	t.Parallel()
	var file struct {
		Certificates []struct{ Name, Set, DER, Request, List string }
	}
	fixture(t, "certificates.json", &file)
	if len(file.Certificates) != 5 {
		t.Fatalf("%d certificates", len(file.Certificates))
	}
	test := map[string]*ParameterSet{}
	for _, v := range curveVectors(t) {
		test[v.Name] = v.set()
	}
	for _, c := range file.Certificates {
		set := test[c.Set]
		if set == nil {
			set, _ = Parameters(c.Set)
		}
		certificate := readSigned(t, c.DER)
		key, err := NewPublicKey(set, certificate.key(t))
		if err != nil {
			t.Fatal(c.Name, err)
		}
		if key.Bits() != set.Bits || key.ParameterSet() != set || !key.Equal(key) {
			t.Errorf("%s: the key does not describe itself", c.Name)
		}
		for _, encoded := range []string{c.DER, c.Request, c.List} {
			if encoded != "" {
				readSigned(t, encoded).check(t, c.Name, key)
			}
		}
	}
}

// signed is the outer form that certificates, requests and lists share.
type signed struct {
	TBS       asn1.RawValue
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

func readSigned(t *testing.T, encoded string) (s signed) {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := asn1.Unmarshal(der, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// key returns the key octets of a certificate.
func (s signed) key(t *testing.T) []byte {
	t.Helper()
	var tbs struct {
		Version   int `asn1:"explicit,tag:0"`
		Serial    *big.Int
		Algorithm asn1.RawValue
		Issuer    asn1.RawValue
		Validity  asn1.RawValue
		Subject   asn1.RawValue
		Key       spki
		Rest      asn1.RawValue `asn1:"optional,tag:3"`
	}
	if _, err := asn1.Unmarshal(s.TBS.FullBytes, &tbs); err != nil {
		t.Fatal(err)
	}
	return tbs.Key.octets(t)
}

func (s signed) check(t *testing.T, name string, key *PublicKey) {
	t.Helper()
	h := New256()
	if key.Bits() == 512 {
		h = New512()
	}
	h.Write(s.TBS.FullBytes)
	digest := h.Sum(nil)
	if !key.Verify(digest, s.Signature.Bytes) {
		t.Errorf("%s: the signature is refused", name)
	}
	digest[0] ^= 1
	if key.Verify(digest, s.Signature.Bytes) {
		t.Errorf("%s: another digest is accepted", name)
	}
	if key.Verify(digest[1:], s.Signature.Bytes) || key.Verify(digest, s.Signature.Bytes[1:]) {
		t.Errorf("%s: a wrong length is accepted", name)
	}
}

func TestNewPublicKeyRefusesWhatIsNoKey(t *testing.T) {
	t.Parallel()
	for _, set := range []*ParameterSet{cryptoProA, tc26Set256A, tc26Set512C} {
		size := set.Bits / 8
		good := slices.Concat(reversed(set.x, size), reversed(set.y, size))
		if _, err := NewPublicKey(set, good); err != nil {
			t.Fatalf("%s: %v", set.Name, err)
		}
		if _, err := NewPublicKey(set, good[1:]); !errors.Is(err, ErrLength) {
			t.Errorf("%s: a short key gives %v", set.Name, err)
		}
		off := slices.Clone(good)
		off[0] ^= 1
		large := slices.Concat(reversed(set.x, size), slices.Repeat([]byte{0xff}, size))
		for name, raw := range map[string][]byte{"off the curve": off, "y ≥ p": large, "zero": make([]byte, 2*size)} {
			if _, err := NewPublicKey(set, raw); !errors.Is(err, ErrOffCurve) {
				t.Errorf("%s: %s gives %v", set.Name, name, err)
			}
		}
	}
}

// The sets with cofactor 4 hold points of order two and four. A key of such an
// order would make a few guesses enough for a forgery.
func TestNewPublicKeyRefusesSmallSubgroup(t *testing.T) {
	t.Parallel()
	for _, set := range []*ParameterSet{tc26Set256A, tc26Set512C} {
		// The one point of order two with a rational root: (x, 0), x³ + ax + b = 0.
		// In the Edwards form it is (0, -1); in the Weierstrass form of RFC 7836 its
		// x is (e+d)/6 with e = 1.
		d := map[*ParameterSet]*big.Int{
			tc26Set256A: number("0605F6B7C183FA81578BC39CFAD518132B9DF62897009AF7E522C32D6DC7BFFB"),
			tc26Set512C: number("9E4F5D8C017D8D9F13A5CF3CDF5BFE4DAB402D54198E31EBDE28A0621050439C" +
				"A6B39E0A515C06B304E2CE43E79E369E91A0CFC2BC2A22B4CA302DBB33EE7550"),
		}[set]
		x := new(big.Int).Add(d, big.NewInt(1))
		x.Mul(x, new(big.Int).ModInverse(big.NewInt(6), set.p)).Mod(x, set.p)
		if !set.onCurve(x, new(big.Int)) {
			t.Fatalf("%s: the point of order two is not where it should be", set.Name)
		}
		size := set.Bits / 8
		raw := slices.Concat(reversed(x, size), make([]byte, size))
		if _, err := NewPublicKey(set, raw); !errors.Is(err, ErrOffCurve) {
			t.Errorf("%s: a point of order two gives %v", set.Name, err)
		}
	}
}

func reversed(n *big.Int, size int) []byte {
	b := n.FillBytes(make([]byte, size))
	slices.Reverse(b)
	return b
}

func BenchmarkVerify(b *testing.B) {
	for _, v := range curveVectors(b) {
		set := v.set()
		key := &PublicKey{set, set.arithmetic().affine(number(v.Qx), number(v.Qy))}
		alpha, r, s := number(v.Alpha), number(v.R), number(v.S)
		b.Run(v.Name, func(b *testing.B) {
			for b.Loop() {
				if !key.verify(alpha, r, s) {
					b.Fatal("refused")
				}
			}
		})
	}
}
