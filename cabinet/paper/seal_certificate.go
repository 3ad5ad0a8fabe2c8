package paper

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

const (
	// certificateYears is how long a certificate of the service's own making lasts.
	certificateYears = 5
	// clockSkew is how much earlier it begins, for readers whose clock is slow.
	clockSkew = 5 * time.Minute
)

// makeStamp makes a P-256 key with a certificate signed by itself: an ordinary, not
// a qualified one, and it does not claim to be more.
func makeStamp(name string, now time.Time) (stamp, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return stamp{}, fmt.Errorf("paper: make the seal's key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return stamp{}, fmt.Errorf("paper: make the seal's serial number: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return stamp{}, fmt.Errorf("paper: encode the seal's public key: %w", err)
	}
	// RFC 7093 §2 (1). Both identifiers are there, because after a rotation only they
	// tell a reader which of two certificates of one name is the signer's.
	id := sha256.Sum256(public)
	template := &x509.Certificate{
		SubjectKeyId: id[:20], AuthorityKeyId: id[:20],
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{Country: []string{"RU"}, CommonName: name},
		NotBefore:    now.Add(-clockSkew).Truncate(time.Second), NotAfter: now.AddDate(certificateYears, 0, 0).Truncate(time.Second),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return stamp{}, fmt.Errorf("paper: make the seal's certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return stamp{}, fmt.Errorf("paper: read the seal's certificate: %w", err)
	}
	return stamp{certificateID(certificate), key, []*x509.Certificate{certificate}}, nil
}

// configured reads the operator's key and chain; nil when there are none.
func (d SealDeps) configured() (*stamp, error) {
	if len(d.Key) == 0 && len(d.Certificate) == 0 {
		return nil, nil
	}
	key, err := parseKey(d.Key)
	if err != nil {
		return nil, err
	}
	chain, err := parseChain(d.Certificate)
	if err != nil {
		return nil, fmt.Errorf("paper: the seal's certificate: %w", err)
	}
	s := &stamp{certificateID(chain[0]), key, chain}
	if err := s.try(); err != nil {
		return nil, fmt.Errorf("paper: the seal's key and certificate: %w", err)
	}
	now := d.Now()
	if now.Before(chain[0].NotBefore) || now.After(chain[0].NotAfter) {
		return nil, fmt.Errorf("paper: the seal's certificate is valid from %s to %s only",
			chain[0].NotBefore.Format(time.RFC3339), chain[0].NotAfter.Format(time.RFC3339))
	}
	return s, nil
}

// parseKey reads the first private key of a PEM text. Its errors never repeat it.
func parseKey(text []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var parsed any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			parsed, err = x509.ParseECPrivateKey(block.Bytes)
		default:
			continue // the parameters of an EC key, for one
		}
		signer, ok := parsed.(crypto.Signer)
		if err != nil || !ok {
			return nil, errors.New("paper: the seal's key cannot be read")
		}
		return signer, nil
	}
	return nil, errors.New("paper: the seal's key file holds no private key as PEM, or it is encrypted")
}

// maxChain is how many certificates a seal may have.
const maxChain = 8

// parseChain reads the certificates of a PEM text in their order.
func parseChain(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read a certificate: %w", err)
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 || len(chain) > maxChain {
		return nil, fmt.Errorf("%d certificates, 1 to %d are wanted", len(chain), maxChain)
	}
	return chain, nil
}

func encodeChain(chain []*x509.Certificate) []byte {
	var text bytes.Buffer
	for _, c := range chain {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return text.Bytes()
}
