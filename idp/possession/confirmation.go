package possession

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
)

// Confirmation is the claim cnf (RFC 7800 §3.1): what the bearer of a token must
// prove to hold. The zero value binds to nothing.
type Confirmation struct {
	// Certificate is the SHA-256 of the DER certificate, base64url (RFC 8705
	// §3.1).
	Certificate string `json:"x5t#S256,omitempty"`
	// Key is the thumbprint (RFC 7638) of the DPoP key (RFC 9449 §6.1).
	Key string `json:"jkt,omitempty"`
}

// IsZero reports whether nothing is to be proved.
func (c Confirmation) IsZero() bool { return c == Confirmation{} }

// errConfirmation: a binding of a kind that is not known cannot be checked, and
// what cannot be checked must not be taken for absent.
var errConfirmation = errors.New("possession: the claim cnf is not one of x5t#S256 and jkt")

// UnmarshalJSON implements json.Unmarshaler. It refuses members it does not know
// and an object without any.
func (c *Confirmation) UnmarshalJSON(data []byte) error {
	var members map[string]string
	if err := json.Unmarshal(data, &members); err != nil || len(members) == 0 {
		return errConfirmation
	}
	*c = Confirmation{Certificate: members["x5t#S256"], Key: members["jkt"]}
	known := 0
	for _, value := range []string{c.Certificate, c.Key} {
		if value != "" {
			known++
		}
	}
	if known != len(members) {
		return errConfirmation
	}
	return nil
}

// Certificate returns the certificate whose key the client proved to hold in the
// request's TLS handshake, or nil. Whether anybody vouches for it is not looked
// at. A listener must not take such certificates from a proxy's header.
func Certificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// CertificateThumbprint is x5t#S256 (RFC 8705 §3.1).
func CertificateThumbprint(certificate *x509.Certificate) string {
	digest := sha256.Sum256(certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(digest[:])
}
