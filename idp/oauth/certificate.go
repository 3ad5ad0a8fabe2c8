package oauth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/possession"
)

// CertificateSubject is what the certificate of a tls_client_auth client must
// name: exactly one of them (RFC 8705 §2.1.2).
type CertificateSubject struct {
	SubjectDN string `json:"tls_client_auth_subject_dn,omitempty"` // as RFC 4514 writes it
	SANDNS    string `json:"tls_client_auth_san_dns,omitempty"`
	SANURI    string `json:"tls_client_auth_san_uri,omitempty"`
	SANIP     string `json:"tls_client_auth_san_ip,omitempty"`
	SANEmail  string `json:"tls_client_auth_san_email,omitempty"`
}

// parts are the subject's fields, those that are set.
func (s CertificateSubject) parts() []string {
	return slices.DeleteFunc([]string{s.SubjectDN, s.SANDNS, s.SANURI, s.SANIP, s.SANEmail},
		func(part string) bool { return part == "" })
}

// validate reports what is wrong with the subject of a tls_client_auth client.
func (s CertificateSubject) validate() error {
	if len(s.parts()) != 1 {
		return errors.New("tls_client_auth needs exactly one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip and _san_email (RFC 8705 §2.1.2)")
	}
	switch {
	case s.SubjectDN != "":
		if _, err := parseName(s.SubjectDN); err != nil {
			return fmt.Errorf("tls_client_auth_subject_dn: %w", err)
		}
	case s.SANIP != "" && net.ParseIP(s.SANIP) == nil:
		return errors.New("tls_client_auth_san_ip is not an address")
	case strings.ContainsAny(s.SANDNS, "* /:"):
		return errors.New("tls_client_auth_san_dns must be one host name")
	case s.SANURI != "":
		if u, err := url.Parse(s.SANURI); err != nil || u.Scheme == "" {
			return errors.New("tls_client_auth_san_uri is not an absolute URI")
		}
	}
	return nil
}

// names reports whether the certificate is of this subject (RFC 8705 §2.1.2). A
// wildcard in the certificate names no host in particular and so no client.
func (s CertificateSubject) names(certificate *x509.Certificate) bool {
	switch {
	case s.SubjectDN != "":
		name, err := parseName(s.SubjectDN)
		return err == nil && name.names(certificate.RawSubject)
	case s.SANDNS != "":
		return slices.ContainsFunc(certificate.DNSNames, func(host string) bool { return strings.EqualFold(host, s.SANDNS) })
	case s.SANURI != "":
		return slices.ContainsFunc(certificate.URIs, func(u *url.URL) bool { return u.String() == s.SANURI })
	case s.SANIP != "":
		wanted := net.ParseIP(s.SANIP)
		return slices.ContainsFunc(certificate.IPAddresses, wanted.Equal)
	case s.SANEmail != "":
		return slices.Contains(certificate.EmailAddresses, s.SANEmail)
	}
	return false
}

// certified reports whether the connection's client certificate is the client's
// (RFC 8705 §2). That its key is in the client's hands the handshake has shown.
func (p *Provider) certified(ctx context.Context, r *http.Request, client *registration) (bool, error) {
	certificate := possession.Certificate(r)
	now := p.deps.Now()
	if certificate == nil || now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return false, nil
	}
	if client.TokenEndpointAuthMethod == AuthSelfSignedTLS {
		return p.registered(ctx, client, certificate)
	}
	return client.CertificateSubject.names(certificate) && p.vouched(r.TLS.PeerCertificates), nil
}

// maxChain bounds the certificates that a client sends along.
const maxChain = 8

// vouched reports whether an authority of ours stands behind the chain, for
// client authentication (RFC 8705 §2.1, RFC 5280 §6).
func (p *Provider) vouched(chain []*x509.Certificate) bool {
	if p.deps.MutualTLS.Authorities == nil || len(chain) > maxChain {
		return false
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: p.deps.MutualTLS.Authorities, Intermediates: between, CurrentTime: p.deps.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}

// registered reports whether the certificate is one of those in the client's key
// set (RFC 8705 §2.2): by x5c, or by x5t#S256.
func (p *Provider) registered(ctx context.Context, client *registration, certificate *x509.Certificate) (bool, error) {
	presented := possession.CertificateThumbprint(certificate)
	known := func(set keySet) bool { return slices.Contains(set.certificates, presented) }
	set, err := p.keysOf(ctx, client, known)
	if err != nil {
		return false, err
	}
	return known(set), nil
}
