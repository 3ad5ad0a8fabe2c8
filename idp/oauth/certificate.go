package oauth

import (
	"context"
	"crypto/x509"
	"net/http"
	"slices"

	"propusk/idp/possession"
)

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
	return client.CertificateSubject.Names(certificate) && p.vouched(r.TLS.PeerCertificates), nil
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
	known := func(set keySet) bool { return slices.Contains(set.Certificates, presented) }
	set, err := p.keysOf(ctx, client, known)
	if err != nil {
		return false, err
	}
	return known(set), nil
}
