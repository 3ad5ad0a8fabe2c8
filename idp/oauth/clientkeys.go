package oauth

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/possession"
)

// The bounds of a client's JSON Web Key Set (RFC 7517 §5).
const (
	maxKeySet = 64 << 10 // bytes
	maxKeys   = 16
)

// keySet is what a client's key set comes to: the keys that verify its
// signatures, and the thumbprints (x5t#S256) of its certificates.
type keySet struct {
	keys         []jose.JSONWebKey
	certificates []string
}

// parseKeySet reads a key set. Strict, for one that is being registered, it
// refuses whatever is not a public key of ours to use, above all a private one;
// else, for one fetched from jwks_uri, it passes over such keys.
func parseKeySet(raw []byte, strict bool) (keySet, error) {
	var wire struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(raw) > maxKeySet {
		return keySet{}, fmt.Errorf("the key set is larger than %d bytes", maxKeySet)
	}
	if err := json.Unmarshal(raw, &wire); err != nil || len(wire.Keys) == 0 || len(wire.Keys) > maxKeys {
		return keySet{}, fmt.Errorf("a key set has 1 to %d keys (RFC 7517 §5)", maxKeys)
	}
	var set keySet
	for i, text := range wire.Keys {
		key, err := parseKey(text)
		if err != nil {
			if strict {
				return keySet{}, fmt.Errorf("key %d: %w", i+1, err)
			}
			continue
		}
		set.add(key)
	}
	return set, nil
}

// ReadKeySet reads what a client's operator has: a JSON Web Key Set, as it is, or
// certificates and public keys in PEM (RFC 7468), which become one. Whether its
// keys may be used is for CreateClient to say.
func ReadKeySet(text []byte) (json.RawMessage, error) {
	var set jose.JSONWebKeySet
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := keyOfBlock(block)
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, key)
	}
	if len(set.Keys) > 0 {
		return json.Marshal(set)
	}
	if !json.Valid(text) {
		return nil, errors.New("neither a JSON Web Key Set nor PEM")
	}
	return text, nil
}

// keyOfBlock makes a key of a certificate, with x5c, or of a public key.
func keyOfBlock(block *pem.Block) (jose.JSONWebKey, error) {
	switch block.Type {
	case "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return jose.JSONWebKey{}, fmt.Errorf("a certificate that does not parse: %w", err)
		}
		return jose.JSONWebKey{Key: certificate.PublicKey, Certificates: []*x509.Certificate{certificate}}, nil
	case "PUBLIC KEY":
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return jose.JSONWebKey{}, fmt.Errorf("a public key that does not parse: %w", err)
		}
		return jose.JSONWebKey{Key: key}, nil
	}
	return jose.JSONWebKey{}, fmt.Errorf("a PEM block of the type %q; only CERTIFICATE and PUBLIC KEY are to be shown to anybody", block.Type)
}

// parseKey reads one public key (RFC 7517 §4) that some algorithm of ours uses.
func parseKey(text []byte) (jose.JSONWebKey, error) {
	var key jose.JSONWebKey
	switch err := key.UnmarshalJSON(text); {
	case err != nil:
		return key, errors.New("it is not a JSON Web Key")
	case !key.IsPublic():
		return key, errors.New("it is a private or a shared key; register the public half and change this one, it has been shown")
	case !possession.Usable(key.Key):
		return key, errors.New("it must be EC P-256, RSA of 2048 to 4096 bits or Ed25519")
	}
	return key, nil
}

func (s *keySet) add(key jose.JSONWebKey) {
	if key.Use != "enc" {
		s.keys = append(s.keys, key)
	}
	switch {
	case len(key.Certificates) > 0:
		s.certificates = append(s.certificates, possession.CertificateThumbprint(key.Certificates[0]))
	case len(key.CertificateThumbprintSHA256) > 0:
		s.certificates = append(s.certificates, base64.RawURLEncoding.EncodeToString(key.CertificateThumbprintSHA256))
	}
}

// verifiers are the keys that may have made a signature with the header: of its
// kid when it names one and the key has one, for its algorithm (RFC 7515 §6).
func (s keySet) verifiers(header jose.Header) []jose.JSONWebKey {
	var fitting []jose.JSONWebKey
	for _, key := range s.keys {
		named := header.KeyID == "" || key.KeyID == "" || key.KeyID == header.KeyID
		meant := key.Algorithm == "" || key.Algorithm == header.Algorithm
		if named && meant && possession.CheckKey(jose.SignatureAlgorithm(header.Algorithm), key.Key) == nil {
			fitting = append(fitting, key)
		}
	}
	return fitting
}

// keysOf is the client's key set: the registered one, or what its jwks_uri
// serves. satisfied tells whether a set that may be some minutes old will do; if
// not, it is fetched again, unless that was done a moment ago.
func (p *Provider) keysOf(ctx context.Context, client *registration, satisfied func(keySet) bool) (keySet, error) {
	if client.JWKSURI == "" {
		return client.keys, nil
	}
	return p.remote.keys(ctx, client.JWKSURI, satisfied)
}

// validateKeys checks what a client says of its keys.
func (c *Client) validateKeys() (faults []error) {
	for name, alg := range map[string]string{"token_endpoint_auth_signing_alg": c.AuthSigningAlg, "request_object_signing_alg": c.RequestObjectAlg} {
		if alg != "" && !slices.Contains(possession.AlgorithmNames(), alg) {
			faults = append(faults, fmt.Errorf("%s %q is not supported", name, alg))
		}
	}
	switch {
	case len(c.JWKS) > 0 && c.JWKSURI != "":
		faults = append(faults, errors.New("jwks and jwks_uri exclude each other (RFC 7591 §2)"))
	case len(c.JWKS) > 0:
		set, err := parseKeySet(c.JWKS, true)
		if err != nil {
			faults = append(faults, fmt.Errorf("jwks: %w", err))
		} else if c.TokenEndpointAuthMethod == AuthSelfSignedTLS && len(set.certificates) == 0 {
			faults = append(faults, errors.New("jwks: self_signed_tls_client_auth needs a certificate there, as x5c or x5t#S256 (RFC 8705 §2.2.2)"))
		}
	case c.JWKSURI != "":
		if err := outsideAddress(c.JWKSURI); err != nil {
			faults = append(faults, fmt.Errorf("jwks_uri: %w", err))
		}
	case c.RequireSigned:
		faults = append(faults, errors.New("signed requests need jwks or jwks_uri"))
	case c.TokenEndpointAuthMethod == AuthSelfSignedTLS, c.TokenEndpointAuthMethod == AuthPrivateKeyJWT:
		faults = append(faults, fmt.Errorf("%s needs jwks or jwks_uri", c.TokenEndpointAuthMethod))
	}
	return faults
}
