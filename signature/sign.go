package signature

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ErrKey is what Sign returns for a key it does not sign with: anything but RSA
// of 2048 bits and above and ECDSA on P-256, or one that is not the certificate's.
var ErrKey = errors.New("signature: the key does not sign")

// minimumRSABits is the shortest RSA key that signs, as the reader demands too.
const minimumRSABits = 2048

const (
	oidSHA256     = "2.16.840.1.101.3.4.2.1"
	oidRSA        = "1.2.840.113549.1.1.1" // RFC 5652 names the key; PKCS #1 v1.5 is meant (RFC 3370 §3.2)
	oidECDSA256   = "1.2.840.10045.4.3.2"
	cmsVersionOne = 1
)

// Sign makes a detached CAdES-BES signature (ETSI EN 319 122-1 §5.2, a CMS
// SignedData of RFC 5652 §5) over content, in DER: SHA-256 with RSA PKCS #1 v1.5 or
// ECDSA P-256. chain begins with the signer's certificate; all of it is enclosed.
// at is what the signer claims as the time of signing; zero leaves that attribute
// out. The certificate's period is not checked, for at proves nothing: the reader
// judges it.
func Sign(key crypto.Signer, chain []*x509.Certificate, content []byte, at time.Time) ([]byte, error) {
	if err := fits(key, chain); err != nil {
		return nil, err
	}
	attributes := signedAttributes(chain[0], content, at)
	digest := sha256.Sum256(asSet(bytes.Join(attributes, nil)))
	value, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signature: sign: %w", err)
	}
	der := signedData(chain, signerInfo(chain[0], key, attributes, value))
	if len(der) > MaxSignature || len(chain) > MaxCertificates {
		return nil, fmt.Errorf("signature: %d certificates make a signature that no reader of the profile takes", len(chain))
	}
	return der, nil
}

// fits refuses keys outside the profile, and one that is not the certificate's.
func fits(key crypto.Signer, chain []*x509.Certificate) error {
	if key == nil || len(chain) == 0 {
		return fmt.Errorf("%w: no key or no certificate", ErrKey)
	}
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < minimumRSABits {
			return fmt.Errorf("%w: RSA of %d bits", ErrKey, public.N.BitLen())
		}
		if public.Equal(chain[0].PublicKey) {
			return nil
		}
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return fmt.Errorf("%w: the curve is not P-256", ErrKey)
		}
		if public.Equal(chain[0].PublicKey) {
			return nil
		}
	default:
		return fmt.Errorf("%w: a %T", ErrKey, public)
	}
	return fmt.Errorf("%w: it is not the certificate's", ErrKey)
}

// signedAttributes are those of CAdES-BES and the claimed time, in the order that
// DER gives to a SET OF (X.690 §11.6): the bytes are what is signed.
func signedAttributes(signer *x509.Certificate, content []byte, at time.Time) [][]byte {
	digest, certificate := sha256.Sum256(content), sha256.Sum256(signer.Raw)
	list := [][]byte{
		signedAttribute(oidContentType, object(oidData)),
		signedAttribute(oidMessageDigest, element(casn1.OCTET_STRING, digest[:])),
		// SigningCertificateV2, RFC 5035 §3: SHA-256 is the default and is not written.
		signedAttribute(oidSigningCertificateV2, inSequence(inSequence(inSequence(element(casn1.OCTET_STRING, certificate[:]))))),
	}
	if !at.IsZero() {
		list = append(list, signedAttribute(oidSigningTime, signingTime(at)))
	}
	slices.SortFunc(list, bytes.Compare)
	return list
}

// signingTime is UTCTime until 2049 and GeneralizedTime after (RFC 5652 §11.3).
func signingTime(at time.Time) []byte {
	at = at.UTC().Truncate(time.Second)
	return encode(func(b *cryptobyte.Builder) {
		if at.Year() >= 1950 && at.Year() < 2050 {
			b.AddASN1UTCTime(at)
		} else {
			b.AddASN1GeneralizedTime(at)
		}
	})
}

// signerInfo is RFC 5652 §5.3, the signer by issuer and serial.
func signerInfo(signer *x509.Certificate, key crypto.Signer, attributes [][]byte, value []byte) []byte {
	serial := encode(func(b *cryptobyte.Builder) { b.AddASN1BigInt(signer.SerialNumber) })
	algorithm := inSequence(object(oidECDSA256)) // no parameters, RFC 5758 §3.2
	if _, ok := key.Public().(*rsa.PublicKey); ok {
		algorithm = inSequence(object(oidRSA), element(casn1.NULL))
	}
	return inSequence(integer(cmsVersionOne), inSequence(signer.RawIssuer, serial), inSequence(object(oidSHA256)),
		element(explicit0, attributes...), algorithm, element(casn1.OCTET_STRING, value))
}

// signedData is RFC 5652 §5.1 with its ContentInfo, the content left out.
func signedData(chain []*x509.Certificate, signer []byte) []byte {
	certificates := make([][]byte, len(chain))
	for i, c := range chain {
		certificates[i] = c.Raw
	}
	slices.SortFunc(certificates, bytes.Compare) // a SET OF too
	certificates = slices.CompactFunc(certificates, bytes.Equal)
	body := inSequence(integer(cmsVersionOne), element(casn1.SET, inSequence(object(oidSHA256))), inSequence(object(oidData)),
		element(explicit0, certificates...), element(casn1.SET, signer))
	return inSequence(object(oidSignedData), element(explicit0, body))
}

func signedAttribute(oid string, value []byte) []byte {
	return inSequence(object(oid), element(casn1.SET, value))
}

func inSequence(parts ...[]byte) []byte { return element(casn1.SEQUENCE, parts...) }

func element(tag casn1.Tag, parts ...[]byte) []byte {
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(parts, nil)) })
	})
}

// object encodes one of the identifiers above.
func object(dotted string) []byte {
	oid, err := x509.ParseOID(dotted)
	if err != nil {
		panic(err) // they are constants
	}
	content, err := oid.MarshalBinary()
	if err != nil {
		panic(err)
	}
	return element(casn1.OBJECT_IDENTIFIER, content)
}

func integer(n int64) []byte { return encode(func(b *cryptobyte.Builder) { b.AddASN1Int64(n) }) }

func encode(fill func(*cryptobyte.Builder)) []byte {
	b := cryptobyte.NewBuilder(nil)
	fill(b)
	return b.BytesOrPanic()
}
