package client

import (
	"crypto/x509"
	"net"
	"net/url"
	"slices"
	"strings"
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
func (s CertificateSubject) validate(f *faults) {
	if len(s.parts()) != 1 {
		f.add("tls_client_auth_subject_dn", "tls_client_auth needs exactly one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip and _san_email (RFC 8705 §2.1.2)")
		return
	}
	switch {
	case s.SubjectDN != "":
		if _, err := parseName(s.SubjectDN); err != nil {
			f.add("tls_client_auth_subject_dn", "%w", err)
		}
	case s.SANIP != "" && net.ParseIP(s.SANIP) == nil:
		f.add("tls_client_auth_san_ip", "it is not an address")
	case strings.ContainsAny(s.SANDNS, "* /:"):
		f.add("tls_client_auth_san_dns", "it must be one host name")
	case s.SANURI != "":
		if u, err := url.Parse(s.SANURI); err != nil || u.Scheme == "" {
			f.add("tls_client_auth_san_uri", "it is not an absolute URI")
		}
	}
}

// Names reports whether the certificate is of this subject (RFC 8705 §2.1.2). A
// wildcard in the certificate names no host in particular and so no client.
func (s CertificateSubject) Names(certificate *x509.Certificate) bool {
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
