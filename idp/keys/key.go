package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The JWS algorithms (RFC 7518 §3.1, RFC 8037 §3.1) a Ring keeps keys for.
const (
	ES256 = "ES256"
	RS256 = "RS256"
	PS256 = "PS256"
	EdDSA = "EdDSA"
)

// Default is the algorithm of tokens for which nothing else was asked.
const Default = ES256

// Algorithms returns every algorithm a Ring keeps a key for, the default first.
func Algorithms() []string { return []string{ES256, RS256, PS256, EdDSA} }

// The values of the JOSE header "typ" whose protected headers are kept encoded.
const (
	TypeAccessToken = "at+jwt" // RFC 9068 §2.1
	TypeJWT         = "JWT"    // RFC 7519 §5.1; ID tokens
)

// rsaBits is the modulus length of RSA keys; RFC 7518 §3.3 asks for 2048 or more.
const rsaBits = 2048

// Key is one signing key. The zero Key signs nothing.
type Key struct {
	// ID is the "kid": the key's SHA-256 thumbprint (RFC 7638).
	ID string
	// Algorithm is the one JWS algorithm the key is used with.
	Algorithm string
	// Private signs. One in memory never leaves the process unsealed; one in a
	// token (Deps.Token) never leaves the token.
	Private crypto.Signer

	headers map[string]string // typ → BASE64URL(JOSE header)
}

// generate makes a fresh key for the algorithm.
func generate(algorithm string) (Key, error) {
	var private crypto.Signer
	var err error
	switch algorithm {
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256, PS256:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		return Key{}, fmt.Errorf("keys: unknown algorithm %q", algorithm)
	}
	if err != nil {
		return Key{}, fmt.Errorf("generate an %s key: %w", algorithm, err)
	}
	return newKey(algorithm, private)
}

// newKey names the key by its thumbprint and prepares its headers.
func newKey(algorithm string, private crypto.Signer) (Key, error) {
	if err := fits(algorithm, private); err != nil {
		return Key{}, err
	}
	public := jose.JSONWebKey{Key: private.Public()}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, fmt.Errorf("thumbprint of an %s key: %w", algorithm, err)
	}
	key := Key{
		ID:        base64.RawURLEncoding.EncodeToString(thumbprint),
		Algorithm: algorithm,
		Private:   private,
		headers:   make(map[string]string),
	}
	for _, typ := range []string{TypeAccessToken, TypeJWT} {
		key.headers[typ] = key.header(typ)
	}
	return key, nil
}

// fits refuses a key of another kind than its algorithm needs. The public half
// decides: it is all that is known of a key in a token.
func fits(algorithm string, private crypto.Signer) error {
	ok := false
	switch k := private.Public().(type) {
	case *ecdsa.PublicKey:
		ok = algorithm == ES256 && k.Curve == elliptic.P256()
	case *rsa.PublicKey:
		ok = (algorithm == RS256 || algorithm == PS256) && k.N.BitLen() >= rsaBits
	case ed25519.PublicKey:
		ok = algorithm == EdDSA
	}
	if !ok {
		return fmt.Errorf("keys: a key with a %T does not sign %s", private.Public(), algorithm)
	}
	return nil
}

// header encodes the JOSE header for a type (RFC 7515 §4).
func (k Key) header(typ string) string {
	raw, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Type      string `json:"typ,omitempty"`
	}{k.Algorithm, k.ID, typ})
	if err != nil {
		panic(err) // three strings always marshal
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Sign returns the payload as a JWS in compact serialization (RFC 7515 §7.1)
// with the header parameters alg, kid and typ.
//
// Why not go-jose's Signer: it marshals the protected header anew for every
// token, which costs more than the rest of a token request but the signature.
// Tests hold every algorithm against go-jose's verifier.
func (k Key) Sign(typ string, payload []byte) (string, error) {
	header, ok := k.headers[typ]
	if !ok {
		header = k.header(typ)
	}
	encoding := base64.RawURLEncoding
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	jws := slices.Grow((*room)[:0], len(header)+encoding.EncodedLen(len(payload))+2+encoding.EncodedLen(k.signatureSize()))
	*room = jws
	jws = append(append(jws, header...), '.')
	jws = encoding.AppendEncode(jws, payload)
	signature, err := k.sign(jws)
	if err != nil {
		return "", fmt.Errorf("sign with the %s key %s: %w", k.Algorithm, k.ID, err)
	}
	jws = append(jws, '.')
	return string(encoding.AppendEncode(jws, signature)), nil
}

// rooms are where tokens are put together.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// signatureSize is how long a signature is, in bytes.
func (k Key) signatureSize() int {
	if k.Private == nil {
		return 0
	}
	if public, ok := k.Private.Public().(*rsa.PublicKey); ok {
		return public.Size()
	}
	return 64 // two integers of P-256, or Ed25519
}

// sign makes the raw JWS signature (RFC 7518 §3, RFC 8037 §3.1) of the input.
func (k Key) sign(input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	switch private := k.Private.(type) {
	case *ecdsa.PrivateKey:
		return signES256(private, digest[:])
	case *rsa.PrivateKey:
		if k.Algorithm == PS256 {
			return rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:],
				&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
	case ed25519.PrivateKey:
		return ed25519.Sign(private, input), nil
	case nil:
		return nil, errors.New("no key")
	default:
		return k.signElsewhere(input, digest[:])
	}
}

// signElsewhere signs by a key that is not in this process, as crypto.Signer has
// it: a digest for ECDSA and RSA, the message itself for Ed25519.
func (k Key) signElsewhere(input, digest []byte) ([]byte, error) {
	switch k.Algorithm {
	case ES256:
		der, err := k.Private.Sign(rand.Reader, digest, crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return joined(der)
	case PS256:
		return k.Private.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	case RS256:
		return k.Private.Sign(rand.Reader, digest, crypto.SHA256)
	default:
		return k.Private.Sign(rand.Reader, input, crypto.Hash(0))
	}
}

// signES256 signs a SHA-256 digest. The nonce is derived from key and digest (RFC 6979), as RFC
// 8725 §3.2 asks for: a bad random source then cannot give the key away. It
// costs a quarter less than crypto/ecdsa's mixture of both.
func signES256(private *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	der, err := private.Sign(nil, digest, crypto.SHA256) // no random source: RFC 6979
	if err != nil {
		return nil, err
	}
	return joined(der)
}

// joined makes of an ECDSA signature in ASN.1 the two 32-byte integers r and s of
// RFC 7518 §3.4.
func joined(der []byte) ([]byte, error) {
	var sequence cryptobyte.String
	var r, s []byte
	input := cryptobyte.String(der)
	if !input.ReadASN1(&sequence, asn1.SEQUENCE) || !sequence.ReadASN1Integer(&r) || !sequence.ReadASN1Integer(&s) {
		return nil, errors.New("the signature is not ASN.1")
	}
	if len(r) > 32 || len(s) > 32 {
		return nil, errors.New("the signature is not one of P-256")
	}
	signature := make([]byte, 64)
	copy(signature[32-len(r):], r)
	copy(signature[64-len(s):], s)
	return signature, nil
}

// public is the key's public half as it is published.
func (k Key) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"}
}
