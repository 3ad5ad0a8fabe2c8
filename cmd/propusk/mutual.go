package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"propusk/conf"
	"propusk/idp/oauth"
)

// mutualPaths are answered on the host that asks for client certificates; nothing
// else is, so that no page of the sign-in and none of its cookies is reached there.
var mutualPaths = []string{
	"/oauth2/token", "/oauth2/par", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/userinfo",
	"/v1/", "/signin/certificate/tls",
}

// mutualOnly leaves those paths to next.
func mutualOnly(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, path := range mutualPaths {
		mux.Handle(path, next)
	}
	return mux
}

// mutualTLSConfig asks every client for a certificate and verifies none: that the
// client holds the key is TLS's to see (RFC 8446 §4.4.3), whom to believe is decided
// by whoever reads the certificate (RFC 8705 §2). It names no authorities, since a
// client would then keep its self-signed certificate back.
//
// Sessions are not resumed: who resumes one is given the certificate of the first
// handshake without its key being asked for again, so that a browser would go on
// signing in after the token with the key was pulled out.
func mutualTLSConfig(c conf.MutualTLS) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of mutual_tls: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert,
		MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"}, SessionTicketsDisabled: true,
	}, nil
}

// mutualTLS is what the issuer knows of that host.
func (b *base) mutualTLS() (oauth.MutualTLS, error) {
	c := b.cfg.MutualTLS
	known := oauth.MutualTLS{URL: c.URL}
	if c.Authorities == "" {
		return known, nil
	}
	pem, err := os.ReadFile(c.Authorities)
	if err != nil {
		return known, fmt.Errorf("read mutual_tls.authorities: %w", err)
	}
	known.Authorities = x509.NewCertPool()
	if !known.Authorities.AppendCertsFromPEM(pem) {
		return known, fmt.Errorf("mutual_tls.authorities: %s holds no certificate in PEM", c.Authorities)
	}
	return known, nil
}
