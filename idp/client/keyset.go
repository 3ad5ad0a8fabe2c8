package client

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/possession"
)

// MaxKeySet and maxKeys bound a client's JSON Web Key Set (RFC 7517 §5).
const (
	MaxKeySet = 64 << 10 // bytes
	maxKeys   = 16
)

// KeySet is what a client's key set comes to: the keys that verify its
// signatures, and the thumbprints (x5t#S256) of its certificates.
type KeySet struct {
	Keys         []jose.JSONWebKey
	Certificates []string
	encryption   []jose.JSONWebKey // those with use=enc
}

// ParseKeySet reads a key set. Strict, for one that is being registered, it
// refuses whatever is not a public key of ours to use, above all a private one;
// else, for one fetched from jwks_uri, it passes over such keys.
func ParseKeySet(raw []byte, strict bool) (KeySet, error) {
	var wire struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(raw) > MaxKeySet {
		return KeySet{}, fmt.Errorf("the key set is larger than %d bytes", MaxKeySet)
	}
	if err := json.Unmarshal(raw, &wire); err != nil || len(wire.Keys) == 0 || len(wire.Keys) > maxKeys {
		return KeySet{}, fmt.Errorf("a key set has 1 to %d keys (RFC 7517 §5)", maxKeys)
	}
	var set KeySet
	for i, text := range wire.Keys {
		key, err := parseKey(text)
		if err != nil {
			if strict {
				return KeySet{}, fmt.Errorf("key %d: %w", i+1, err)
			}
			continue
		}
		set.add(key)
	}
	return set, nil
}

// ReadKeySet reads what a client's operator has: a JSON Web Key Set, as it is, or
// certificates and public keys in PEM (RFC 7468), which become one. Whether its
// keys may be used is for Store.Create to say.
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

func (s *KeySet) add(key jose.JSONWebKey) {
	if key.Use != "enc" {
		s.Keys = append(s.Keys, key)
	} else {
		s.encryption = append(s.encryption, key)
	}
	switch {
	case len(key.Certificates) > 0:
		s.Certificates = append(s.Certificates, possession.CertificateThumbprint(key.Certificates[0]))
	case len(key.CertificateThumbprintSHA256) > 0:
		s.Certificates = append(s.Certificates, base64.RawURLEncoding.EncodeToString(key.CertificateThumbprintSHA256))
	}
}

// Verifiers are the keys that may have made a signature with the header: of its
// kid when it names one and the key has one, for its algorithm (RFC 7515 §6).
func (s KeySet) Verifiers(header jose.Header) []jose.JSONWebKey {
	var fitting []jose.JSONWebKey
	for _, key := range s.Keys {
		named := header.KeyID == "" || key.KeyID == "" || key.KeyID == header.KeyID
		meant := key.Algorithm == "" || key.Algorithm == header.Algorithm
		if named && meant && possession.CheckKey(jose.SignatureAlgorithm(header.Algorithm), key.Key) == nil {
			fitting = append(fitting, key)
		}
	}
	return fitting
}

// Encrypter is the first key with use=enc to which something can be encrypted by a JWE
// algorithm (RFC 7518 §4.1). A key that signs is never taken for it.
func (s KeySet) Encrypter(algorithm string) (jose.JSONWebKey, bool) {
	for _, key := range s.encryption {
		_, isRSA := key.Key.(*rsa.PublicKey)
		_, isEC := key.Key.(*ecdsa.PublicKey)
		fits := isRSA && strings.HasPrefix(algorithm, "RSA") || isEC && strings.HasPrefix(algorithm, "ECDH")
		if fits && (key.Algorithm == "" || key.Algorithm == algorithm) {
			return key, true
		}
	}
	return jose.JSONWebKey{}, false
}

// validateKeys checks what a client says of its keys.
func (c *Client) validateKeys(f *faults) {
	for _, named := range [][2]string{{"token_endpoint_auth_signing_alg", c.AuthSigningAlg}, {"request_object_signing_alg", c.RequestObjectAlg}} {
		if alg := named[1]; alg != "" && !slices.Contains(possession.AlgorithmNames(), alg) {
			f.add(named[0], "%q is not supported", alg)
		}
	}
	switch {
	case len(c.JWKS) > 0 && c.JWKSURI != "":
		f.add("jwks", "jwks and jwks_uri exclude each other (RFC 7591 §2)")
	case len(c.JWKS) > 0:
		c.validateKeySet(f)
	case c.JWKSURI != "":
		if err := OutsideAddress(c.JWKSURI); err != nil {
			f.add("jwks_uri", "%w", err)
		}
	case c.RequireSigned:
		f.add("jwks", "signed requests need jwks or jwks_uri")
	case c.TokenEndpointAuthMethod == AuthSelfSignedTLS, c.TokenEndpointAuthMethod == AuthPrivateKeyJWT:
		f.add("jwks", "%s needs jwks or jwks_uri", c.TokenEndpointAuthMethod)
	}
}

func (c *Client) validateKeySet(f *faults) {
	set, err := ParseKeySet(c.JWKS, true)
	switch {
	case err != nil:
		f.add("jwks", "%w", err)
	case c.TokenEndpointAuthMethod == AuthSelfSignedTLS && len(set.Certificates) == 0:
		f.add("jwks", "self_signed_tls_client_auth needs a certificate there, as x5c or x5t#S256 (RFC 8705 §2.2.2)")
	}
}
