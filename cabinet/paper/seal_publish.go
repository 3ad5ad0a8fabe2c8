package paper

import (
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
)

// Published is what anybody needs to verify papers: GET /v1/seal.
type Published struct {
	Keys         jose.JSONWebKeySet     `json:"keys"` // RFC 7517; x5c holds the certificate with its chain
	Certificates []PublishedCertificate `json:"certificates"`
}

// PublishedCertificate is one certificate that papers were sealed with.
type PublishedCertificate struct {
	KeyID     string       `json:"kid"`
	Subject   string       `json:"subject"`
	Issuer    string       `json:"issuer"`
	Serial    string       `json:"serial"` // hexadecimal
	NotBefore storage.Time `json:"not_before"`
	NotAfter  storage.Time `json:"not_after"`
	Since     storage.Time `json:"since"`   // in use
	Current   bool         `json:"current"` // new papers are sealed with it
	PEM       string       `json:"pem"`     // with its chain
}

// Published returns the public halves, the current one first.
func (s *Seal) Published() Published {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var p Published
	for i := len(s.known) - 1; i >= 0; i-- {
		r := s.known[i]
		current := r.id == s.current.id
		p.Certificates = append(p.Certificates, r.describe(current))
		p.Keys.Keys = append(p.Keys.Keys, r.jwk())
		if last := len(p.Certificates) - 1; current && last > 0 {
			p.Certificates[0], p.Certificates[last] = p.Certificates[last], p.Certificates[0]
			p.Keys.Keys[0], p.Keys.Keys[last] = p.Keys.Keys[last], p.Keys.Keys[0]
		}
	}
	return p
}

// PEM are all certificates with their chains, the current one first: the file that
// `openssl cms -verify -CAfile` and `propusk paper verify --seal` take.
func (s *Seal) PEM() []byte {
	var text []byte
	for _, c := range s.Published().Certificates {
		text = append(text, c.PEM...)
	}
	return text
}

func (r record) describe(current bool) PublishedCertificate {
	c := r.chain[0]
	return PublishedCertificate{
		KeyID: r.id, Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: fmt.Sprintf("%x", c.SerialNumber),
		NotBefore: storage.Of(c.NotBefore), NotAfter: storage.Of(c.NotAfter), Since: r.createdAt,
		Current: current, PEM: string(encodeChain(r.chain)),
	}
}

func (r record) jwk() jose.JSONWebKey {
	c := r.chain[0]
	return jose.JSONWebKey{
		Key: c.PublicKey, KeyID: r.id, Algorithm: string(algorithmOf(c.PublicKey)), Use: "sig", Certificates: r.chain,
	}
}
