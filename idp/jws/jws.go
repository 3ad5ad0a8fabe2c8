package jws

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
)

// ErrForm is returned for what is no JWS of the Reader's algorithms.
var ErrForm = errors.New("jws: not a JWS in compact serialization with an accepted algorithm")

// ErrSignature is returned by Verify.
var ErrSignature = errors.New("jws: the signature is wrong")

const (
	// remembered is how many headers a Reader remembers; each takes about 1.5 KiB.
	remembered = 1024
	// maxRemembered is how long one may be, encoded: a key of RSA-4096 fits.
	maxRemembered = 1200
)

// Reader reads JWS. It is safe for concurrent use.
type Reader struct {
	algorithms []jose.SignatureAlgorithm
	seed       maphash.Seed
	// headers are those seen last, by the hash of their bytes: the newer takes the
	// place of the older. The hash is keyed, so that nobody can aim.
	headers [remembered]atomic.Pointer[Header]
}

// NewReader makes a Reader of JWS that are signed with one of the algorithms.
func NewReader(algorithms ...jose.SignatureAlgorithm) *Reader {
	return &Reader{algorithms: algorithms, seed: maphash.MakeSeed()}
}

// Header is a protected header (RFC 7515 §4), read. It is shared: nothing in it may be
// changed.
type Header struct {
	jose.Header
	// Thumbprint is that of the public key in jwk: SHA-256 (RFC 7638), base64url; ""
	// when there is none.
	Thumbprint string

	encoded string
}

// Has reports whether a parameter, other than those that jose.Header has fields for, is
// there.
func (h *Header) Has(name jose.HeaderKey) bool {
	_, there := h.ExtraHeaders[name]
	return there
}

// Type is the parameter typ; "" when it is absent or no text.
func (h *Header) Type() string {
	typ, _ := h.ExtraHeaders[jose.HeaderType].(string)
	return typ
}

// Signed is a JWS whose signature has not been looked at. It is not safe for concurrent
// use.
type Signed struct {
	*Header
	reader    *Reader
	input     string // the JWS Signing Input (RFC 7515 §5.1)
	payload   string // encoded
	signature []byte
	content   *string // payload, decoded; nil = it was not yet
}

// maxSignature is how long the signature of an RSA key of 4096 bits is, in bytes.
const maxSignature = 512

// Parse takes a JWS apart. crit and b64 are refused, for no extension is known here
// (RFC 7515 §4.1.11), and base64url must be the one way to write its bytes (RFC 4648
// §3.5, §3.3). The error is ErrForm.
func (r *Reader) Parse(token string) (*Signed, error) {
	header, rest, first := strings.Cut(token, ".")
	payload, signature, second := strings.Cut(rest, ".")
	if !first || !second || len(signature) > base64.RawURLEncoding.EncodedLen(maxSignature) {
		return nil, ErrForm
	}
	h, err := r.header(header)
	if err != nil {
		return nil, err
	}
	s := &Signed{Header: h, reader: r, input: token[:len(header)+1+len(payload)], payload: payload}
	s.signature, err = decoded(signature)
	return s, err
}

// header reads a header, or remembers it.
func (r *Reader) header(encoded string) (*Header, error) {
	if h := r.slot(encoded).Load(); h != nil && h.encoded == encoded {
		return h, nil
	}
	// What stands in the other parts is nothing to go-jose's reading of the header.
	parsed, err := jose.ParseSignedCompact(encoded+".e30.e30", r.algorithms)
	if err != nil {
		return nil, ErrForm
	}
	if _, err := decoded(encoded); err != nil {
		return nil, err
	}
	h := &Header{Header: parsed.Signatures[0].Protected, encoded: strings.Clone(encoded)}
	if h.Has("crit") || h.Has("b64") {
		return nil, ErrForm
	}
	if h.JSONWebKey != nil {
		thumbprint, err := h.JSONWebKey.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, ErrForm
		}
		h.Thumbprint = base64.RawURLEncoding.EncodeToString(thumbprint)
	}
	return h, nil
}

func (r *Reader) slot(encoded string) *atomic.Pointer[Header] {
	return &r.headers[maphash.String(r.seed, encoded)%remembered]
}

// Verify checks the signature with a public key, which must be one for the algorithm of
// the header, and returns the payload. The error is ErrSignature, or ErrForm when the
// payload is not base64url.
func (s *Signed) Verify(key crypto.PublicKey) (string, error) {
	if !verified(s.Algorithm, key, s.input, s.signature) {
		return "", ErrSignature
	}
	payload, err := s.decode()
	if err != nil {
		return "", err
	}
	if slot := s.reader.slot(s.encoded); len(s.encoded) <= maxRemembered && slot.Load() != s.Header {
		slot.Store(s.Header)
	}
	return payload, nil
}

// Payload is what the JWS says, while nobody knows whether it is true; "" when it is
// not base64url.
func (s *Signed) Payload() string {
	payload, _ := s.decode()
	return payload
}

// decode reads the payload, once.
func (s *Signed) decode() (string, error) {
	if s.content == nil {
		payload, err := decoded(s.payload)
		if err != nil {
			return "", err
		}
		content := string(payload)
		s.content = &content
	}
	return *s.content, nil
}

// decoded decodes base64url without padding, line breaks and bits that mean nothing.
// Go's decoder passes over line breaks, which shows in the length.
func decoded(encoded string) ([]byte, error) {
	raw := make([]byte, base64.RawURLEncoding.DecodedLen(len(encoded)))
	n, err := base64.RawURLEncoding.Strict().Decode(raw, []byte(encoded))
	if err != nil || len(encoded)%4 == 1 || n != len(raw) {
		return nil, fmt.Errorf("%w: it is not in base64url", ErrForm)
	}
	return raw, nil
}
