package signature

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"propusk/signature/pki"
)

// verdictOf judges a signature over "challenge".
func verdictOf(t *testing.T, verifier Verifier, der []byte) Verdict {
	t.Helper()
	v, err := verifier.Verify(t.Context(), Request{Signature: der, Content: []byte("challenge")})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Each attack spoils one thing of a signature that is otherwise right, and must be
// refused for exactly that.
func TestAttacksOnTheMessage(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	verifier := a.verifier(t, nil)
	other := a.issue(t, &newKey(t, elliptic.P256()).PublicKey, nil)
	twin := a.issue(t, &a.leafKey.PublicKey, nil) // the same key, another certificate
	second := attribute("signingTime", wrap(casn1.UTCTime, []byte("260520120000Z")))

	for name, c := range map[string]struct {
		spoil func(*signing)
		want  Code
	}{
		"nothing": {func(*signing) {}, OK},
		"signed attributes shown as content": {func(s *signing) {
			// The signature of a message with attributes, presented as one without: the
			// attributes' encoding becomes the document.
			s.noAttributes = true
		}, SignedAttributesMissing},
		"content signed without attributes": {func(s *signing) { s.noAttributes, s.signed = true, s.content }, SignedAttributesMissing},
		"empty signed attributes":           {func(s *signing) { s.attributes = [][]byte{} }, SignedAttributesMissing},
		"no contentType":                    {func(s *signing) { s.attributes = s.without("contentType") }, ContentTypeMissing},
		"no messageDigest":                  {func(s *signing) { s.attributes = s.without("messageDigest") }, MessageDigestMissing},
		"no signingCertificateV2":           {func(s *signing) { s.attributes = s.without("signingCertificateV2") }, SigningCertificateMissing},
		"contentType twice": {func(s *signing) {
			s.attributes = append(s.without(""), attribute("contentType", encodedOID(oidOfSigned)))
		}, AttributeRepeated},
		"messageDigest twice": {func(s *signing) {
			s.attributes = append(s.without(""), attribute("messageDigest", wrap(casn1.OCTET_STRING, make([]byte, 32))))
		}, AttributeRepeated},
		"messageDigest with two values": {func(s *signing) {
			s.attributes = s.without("messageDigest", attribute("messageDigest",
				s.standard()["messageDigest"], wrap(casn1.OCTET_STRING, make([]byte, 32))))
		}, AttributeRepeated},
		"messageDigest of another document": {func(s *signing) {
			s.attributes = s.without("messageDigest", attribute("messageDigest", wrap(casn1.OCTET_STRING, make([]byte, 32))))
		}, DigestMismatch},
		"messageDigest cut to nothing": {func(s *signing) {
			s.attributes = s.without("messageDigest", attribute("messageDigest", wrap(casn1.OCTET_STRING)))
		}, DigestMismatch},
		"messageDigest of a wrong type": {func(s *signing) {
			s.attributes = s.without("messageDigest", attribute("messageDigest", []byte{2, 1, 1}))
		}, AttributeMalformed},
		"contentType of another kind inside": {func(s *signing) {
			s.attributes = s.without("contentType", attribute("contentType", encodedOID(oidOfSigned)))
		}, ContentTypeNotData},
		"contentType of another kind outside": {func(s *signing) { s.contentType = oidOfSigned }, ContentTypeNotData},
		"signingCertificateV2 twice": {func(s *signing) {
			s.attributes = s.without("signingCertificateV2", attribute("signingCertificateV2",
				s.standard()["signingCertificateV2"], wrap(casn1.SEQUENCE)))
		}, AttributeRepeated},
		"signingCertificateV2 empty": {func(s *signing) {
			s.attributes = s.without("signingCertificateV2", attribute("signingCertificateV2", wrap(casn1.SEQUENCE)))
		}, AttributeMalformed},
		"signingTime twice":       {func(s *signing) { s.attributes = append(s.without(""), second, second) }, AttributesUnsorted},
		"attributes out of order": {func(s *signing) { s.unsorted = true }, AttributesUnsorted},
		"certificate swapped for another": {func(s *signing) {
			s.certificates = [][]byte{other.Raw}
		}, SigningCertificateMismatch},
		"certificate swapped for a twin of the same key": {func(s *signing) {
			s.certificates = [][]byte{twin.Raw}
		}, SigningCertificateMismatch},
		"signer identifier of a twin": {func(s *signing) {
			named := *s
			named.certificate = twin
			s.certificates = [][]byte{s.certificate.Raw, twin.Raw}
			s.signerID = named.issuerAndSerial()
		}, SignerIdentifierMismatch},
		"signed with another key": {func(s *signing) { s.key = newKey(t, elliptic.P256()) }, pki.SignatureWrong},
		"no certificates":         {func(s *signing) { s.certificates = [][]byte{{}} }, SignerCertificateMissing},
		"one signer twice":        {func(s *signing) { s.signers = 2 }, SignersSeveral},
		"no signer":               {func(s *signing) { s.signers = 0 }, SignersNone},
		"version of a key identifier with issuer and serial": {func(s *signing) { s.signerVersion = 3 }, pki.Malformed},
		"key identifier of version 1": {func(s *signing) {
			s.signerID = wrap(0x80, s.certificate.SubjectKeyId)
		}, pki.Malformed},
		"key identifier": {func(s *signing) {
			s.signerVersion, s.signerID = 3, wrap(0x80, s.certificate.SubjectKeyId)
		}, OK},
		"key identifier of another": {func(s *signing) {
			s.signerVersion, s.signerID = 3, wrap(0x80, other.SubjectKeyId)
		}, SignerIdentifierMismatch},
		"other digest listed": {func(s *signing) {
			s.listedDigest = algorithmIdentifier(2, 16, 840, 1, 101, 3, 4, 2, 3)
		}, DigestAlgorithmsDiffer},
		"several digests listed": {func(s *signing) {
			s.listedDigest = append(slices.Clone(s.digest), algorithmIdentifier(2, 16, 840, 1, 101, 3, 4, 2, 3)...)
		}, DigestAlgorithmsDiffer},
		"SHA-512 with a P-256 key": {func(s *signing) {
			s.hash, s.digest = crypto.SHA512, algorithmIdentifier(2, 16, 840, 1, 101, 3, 4, 2, 3)
			s.algorithm = algorithmIdentifier(1, 2, 840, 10045, 4, 3, 4)
		}, DigestNotForKey},
		"algorithm of another digest": {func(s *signing) {
			s.algorithm = algorithmIdentifier(1, 2, 840, 10045, 4, 3, 4)
		}, pki.AlgorithmRefused},
		"SHA-1 digest":        {func(s *signing) { s.digest = algorithmIdentifier(1, 3, 14, 3, 2, 26) }, pki.SHA1Refused},
		"MD5 digest":          {func(s *signing) { s.digest = algorithmIdentifier(1, 2, 840, 113549, 2, 5) }, pki.MD5Refused},
		"GOST-94 digest":      {func(s *signing) { s.digest = algorithmIdentifier(1, 2, 643, 2, 2, 9) }, pki.GOST94Refused},
		"GOST-2001 algorithm": {func(s *signing) { s.algorithm = algorithmIdentifier(1, 2, 643, 2, 2, 19) }, pki.GOST2001Refused},
		"RSA algorithm with an EC key": {func(s *signing) {
			s.algorithm = algorithmIdentifier(1, 2, 840, 113549, 1, 1, 11)
		}, pki.AlgorithmFamily},
		"GOST algorithm with an EC key": {func(s *signing) {
			s.algorithm = algorithmIdentifier(1, 2, 643, 7, 1, 1, 1, 1)
		}, pki.AlgorithmFamily},
		"unknown algorithm": {func(s *signing) { s.algorithm = algorithmIdentifier(1, 3, 101, 112) }, pki.AlgorithmRefused},
		"hash of the certificate by SHA-1": {func(s *signing) {
			id := wrap(casn1.SEQUENCE, algorithmIdentifier(1, 3, 14, 3, 2, 26), wrap(casn1.OCTET_STRING, make([]byte, 20)))
			s.attributes = s.without("signingCertificateV2", attribute("signingCertificateV2",
				wrap(casn1.SEQUENCE, wrap(casn1.SEQUENCE, id))))
		}, pki.SHA1Refused},
		"issuer and serial beside the hash are of another": {func(s *signing) {
			hash := sha256.Sum256(s.certificate.Raw)
			id := wrap(casn1.SEQUENCE, wrap(casn1.OCTET_STRING, hash[:]), wrap(casn1.SEQUENCE,
				wrap(casn1.SEQUENCE, wrap(0xa4, s.certificate.RawIssuer)), []byte{2, 1, 9}))
			s.attributes = s.without("signingCertificateV2", attribute("signingCertificateV2",
				wrap(casn1.SEQUENCE, wrap(casn1.SEQUENCE, id))))
		}, SigningCertificateMismatch},
		"800 certificates": {func(s *signing) {
			s.certificates = slices.Repeat([][]byte{wrap(casn1.SEQUENCE)}, 800)
			s.certificates[0] = s.certificate.Raw
		}, CertificatesTooMany},
		"17 certificates": {func(s *signing) {
			s.certificates = slices.Repeat([][]byte{s.certificate.Raw}, 17)
		}, CertificatesTooMany},
		"attribute certificate": {func(s *signing) {
			s.certificates = [][]byte{s.certificate.Raw, wrap(0xa2, []byte{2, 1, 1})}
		}, pki.Malformed},
		"unsigned attributes": {func(s *signing) {
			s.afterSignature = wrap(0xa1, attribute("signingTime", []byte{5, 0}))
		}, OK},
		"revocation lists that came along": {func(s *signing) {
			s.beforeSigners = wrap(0xa1, a.list(t, 9, noon, s.certificate.SerialNumber))
		}, OK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := a.signing()
			c.spoil(s)
			if v := verdictOf(t, verifier, s.make(t)); v.Code != c.want {
				t.Errorf("got %s, want %s: %+v", v.Code, c.want, v.Checks)
			}
		})
	}
}

// The forgery that most CMS libraries accept: a signature over attributes is shown
// as one over a document that consists of exactly those attributes.
func TestSignedAttributesAsContent(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s := a.signing()
	s.noAttributes = true
	der := s.make(t)
	v, err := a.verifier(t, nil).Verify(t.Context(), Request{Signature: der, Content: s.signed})
	if err != nil {
		t.Fatal(err)
	}
	if v.Accepted || v.Code != SignedAttributesMissing {
		t.Errorf("got %s", v.Code)
	}
}

func TestEncodingAttacks(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	verifier := a.verifier(t, nil)
	good := a.signing().make(t)
	padded := slices.Concat([]byte{0x30, 0x84, 0, 0}, good[2:4], good[4:])
	deep := []byte{5, 0}
	for range 60 {
		deep = wrap(casn1.SEQUENCE, deep)
	}
	wide := wrap(casn1.SEQUENCE, bytes.Repeat([]byte{5, 0}, 25_000))
	for name, c := range map[string]struct {
		der  []byte
		want Code
	}{
		"nothing":               {nil, Empty},
		"65537 bytes":           {make([]byte, MaxSignature+1), TooLarge},
		"one byte more":         {append(slices.Clone(good), 0), pki.TrailingBytes},
		"one byte less":         {good[:len(good)-1], pki.NotDER},
		"length not minimal":    {padded, pki.NotDER},
		"nested 60 deep":        {deep, pki.NotDER},
		"25000 elements":        {wide, pki.NotDER},
		"set instead":           {wrap(casn1.SET), pki.Malformed},
		"empty sequence":        {wrap(casn1.SEQUENCE), pki.Malformed},
		"PEM":                   {[]byte("-----BEGIN CMS-----\n"), pki.NotDER},
		"constructed string":    {wrap(casn1.SEQUENCE, wrap(0x24, []byte{4, 0})), pki.NotDER},
		"boolean of 1":          {wrap(casn1.SEQUENCE, []byte{1, 1, 1}), pki.NotDER},
		"integer with a zero":   {wrap(casn1.SEQUENCE, []byte{2, 2, 0, 1}), pki.NotDER},
		"null with content":     {wrap(casn1.SEQUENCE, []byte{5, 1, 0}), pki.NotDER},
		"dirty unused bits":     {wrap(casn1.SEQUENCE, []byte{3, 2, 1, 1}), pki.NotDER},
		"identifier with a pad": {wrap(casn1.SEQUENCE, []byte{6, 2, 0x80, 1}), pki.NotDER},
		"long tag":              {[]byte{0x3f, 0x81, 1, 0}, pki.NotDER},
		"length of 8 octets":    {[]byte{0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, pki.NotDER},
	} {
		if v := verdictOf(t, verifier, c.der); v.Code != c.want {
			t.Errorf("%s: got %s, want %s", name, v.Code, c.want)
		}
	}
	// No byte of a signature can be changed without a refusal.
	for i := range good {
		spoiled := slices.Clone(good)
		spoiled[i] ^= 0x10
		if v := verdictOf(t, verifier, spoiled); v.Accepted {
			t.Errorf("byte %d changed and accepted", i)
		}
	}
}

func TestKeysAndTheirDigests(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	verifier := a.verifier(t, nil)
	rsa3072, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key       crypto.Signer
		hash      crypto.Hash
		digest    int // last number of the digest's identifier
		algorithm []byte
		want      Code
	}{
		"P-384 with SHA-384":    {newKey(t, elliptic.P384()), crypto.SHA384, 2, algorithmIdentifier(1, 2, 840, 10045, 4, 3, 3), OK},
		"P-521 with SHA-512":    {newKey(t, elliptic.P521()), crypto.SHA512, 3, algorithmIdentifier(1, 2, 840, 10045, 4, 3, 4), OK},
		"P-384 with SHA-256":    {newKey(t, elliptic.P384()), crypto.SHA256, 1, algorithmIdentifier(1, 2, 840, 10045, 4, 3, 2), DigestNotForKey},
		"P-224":                 {newKey(t, elliptic.P224()), crypto.SHA256, 1, algorithmIdentifier(1, 2, 840, 10045, 4, 3, 2), pki.CurveRefused},
		"RSA-3072":              {rsa3072, crypto.SHA256, 1, algorithmIdentifier(1, 2, 840, 113549, 1, 1, 11), OK},
		"RSA-3072, key named":   {rsa3072, crypto.SHA256, 1, algorithmIdentifier(1, 2, 840, 113549, 1, 1, 1), OK},
		"RSA-3072 with SHA-512": {rsa3072, crypto.SHA512, 3, algorithmIdentifier(1, 2, 840, 113549, 1, 1, 13), DigestNotForKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := a.signing()
			s.key, s.hash, s.algorithm = c.key, c.hash, c.algorithm
			s.certificate = newCertificate(t, a, c.key)
			s.digest = algorithmIdentifier(2, 16, 840, 1, 101, 3, 4, 2, c.digest)
			if v := verdictOf(t, verifier, s.make(t)); v.Code != c.want {
				t.Errorf("got %s, want %s: %+v", v.Code, c.want, v.Checks)
			}
		})
	}
}

var numberLock = make(chan struct{}, 1)

// newCertificate issues for a key; the authority counts, so one at a time.
func newCertificate(t *testing.T, a *testAuthority, key crypto.Signer) *x509.Certificate {
	t.Helper()
	numberLock <- struct{}{}
	defer func() { <-numberLock }()
	return a.issue(t, key.Public(), nil)
}

// A certificate whose key is no point of its curve parses and is refused for it.
func TestPointOffTheCurve(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	c := parse(t, a.leaf.Raw)
	spki := slices.Clone(c.RawSPKI)
	spki[len(spki)-1] ^= 1
	if _, fault := pki.ParseKey(spki); fault == nil || fault.Code != pki.KeyOffCurve {
		t.Errorf("got %v", fault)
	}
	spki = slices.Clone(c.RawSPKI)
	copy(spki[len(spki)-64:], make([]byte, 64))
	if _, fault := pki.ParseKey(spki); fault == nil || fault.Code != pki.KeyOffCurve {
		t.Errorf("the point (0, 0): got %v", fault)
	}
}

func TestSubjectKeyThatIsNoKey(t *testing.T) {
	t.Parallel()
	bits := func(content ...byte) []byte { return wrap(casn1.BIT_STRING, append([]byte{0}, content...)) }
	number := func(n int64) []byte { return build(func(b *cryptobyte.Builder) { b.AddASN1Int64(n) }) }
	rsaKey := wrap(casn1.SEQUENCE, algorithmIdentifier(1, 2, 840, 113549, 1, 1, 1), bits(wrap(casn1.SEQUENCE, number(77), number(65537))...))
	for name, c := range map[string]struct {
		spki []byte
		want pki.Code
	}{
		"nothing":            {nil, pki.KeyMalformed},
		"no bits":            {wrap(casn1.SEQUENCE, algorithmIdentifier(1, 2, 840, 10045, 2, 1)), pki.KeyMalformed},
		"RSA of seven bits":  {rsaKey, pki.RSATooShort},
		"RSA of nothing":     {wrap(casn1.SEQUENCE, algorithmIdentifier(1, 2, 840, 113549, 1, 1, 1), bits()), pki.KeyMalformed},
		"EC without a curve": {wrap(casn1.SEQUENCE, algorithmIdentifier(1, 2, 840, 10045, 2, 1), bits(4)), pki.KeyMalformed},
		"GOST without curve": {wrap(casn1.SEQUENCE, algorithmIdentifier(1, 2, 643, 7, 1, 1, 1, 1), bits(4, 0)), pki.KeyMalformed},
		"Ed25519":            {wrap(casn1.SEQUENCE, algorithmIdentifier(1, 3, 101, 112), bits(1)), pki.AlgorithmRefused},
		"GOST R 34.10-2001":  {wrap(casn1.SEQUENCE, algorithmIdentifier(1, 2, 643, 2, 2, 19), bits(1)), pki.GOST2001Refused},
	} {
		if _, fault := pki.ParseKey(c.spki); fault == nil || fault.Code != c.want {
			t.Errorf("%s: got %v, want %s", name, fault, c.want)
		}
	}
}
