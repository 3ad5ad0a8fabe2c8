package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync/atomic"
	"time"
)

// authority certifies the clients of tls_client_auth.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      atomic.Int64
	now         time.Time
}

func newAuthority(now time.Time) *authority {
	a := &authority{key: newKey(), now: now}
	der := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Удостоверяющий центр"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, a.key)
	var err error
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		fatal(err)
	}
	return a
}

func (a *authority) sign(template, parent *x509.Certificate, of *ecdsa.PrivateKey) []byte {
	template.SerialNumber = big.NewInt(a.serial.Add(1))
	template.NotBefore, template.NotAfter = a.now.Add(-time.Hour), a.now.Add(10000*time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, of.Public(), a.key)
	if err != nil {
		fatal(err)
	}
	return der
}

// client makes a certificate for client authentication that names the host.
func (a *authority) client(host string) *tls.Certificate {
	key := newKey()
	der := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.certificate, key)
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fatal(err)
	}
	return key
}
