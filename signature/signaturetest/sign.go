package signaturetest

import (
	"crypto/x509"
	"testing"
	"time"

	"propusk/signature"
)

// Sign makes a detached CAdES-BES signature over content, in DER: SHA-256, with
// the three signed attributes of the profile and the holder's certificate.
func (h Holder) Sign(t testing.TB, content []byte) []byte {
	t.Helper()
	cms, err := signature.Sign(h.Key, []*x509.Certificate{h.Certificate}, content, time.Time{})
	must(t, err)
	return cms
}
