package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// ServerCertificate gives the files of a certificate and its key for the demo's
// listener that asks for client certificates, on 127.0.0.1. It signs itself: whoever
// wants to come there is told by --cacert. It is made anew when it has ended.
func ServerCertificate(dir string, now time.Time) (certificate, key string, err error) {
	certificate, key = filepath.Join(dir, "mutual-tls.pem"), filepath.Join(dir, "mutual-tls.key.pem")
	if pair, err := tls.LoadX509KeyPair(certificate, key); err == nil && pair.Leaf.NotAfter.After(now.AddDate(0, 1, 0)) {
		return certificate, key, nil
	}
	if err := makeServerCertificate(certificate, key, now); err != nil {
		return "", "", fmt.Errorf("make the demo's TLS certificate: %w", err)
	}
	return certificate, key, nil
}

func makeServerCertificate(certificate, key string, now time.Time) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixMicro()),
		Subject:      pkix.Name{CommonName: "Пропуск: демонстрация"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true, // it vouches for itself alone
	}
	template.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600)
}
