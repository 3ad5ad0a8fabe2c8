package paper

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// codeType is the "typ" of codes: a signature made for another purpose is no code
// (RFC 8725 §3.11).
const codeType = "paper"

// maxCode is the longest code in characters, which a QR of level L still holds.
const maxCode = 2000

// The claims that this package writes itself.
const (
	claimIssuer = "iss" // RFC 7519 §4.1.1
	claimIssued = "iat" // RFC 7519 §4.1.6
	claimText   = "txt" // base64url of SHA-256 of the paper's text, the first 16 bytes
)

// The reasons for which a code is not believed.
var (
	// ErrCode: it is no code of this kind, or longer than one can be.
	ErrCode = errors.New("paper: not a code of a paper")
	// ErrForged: it is a code, and none of the seal's keys has signed it.
	ErrForged = errors.New("paper: the code is not signed by the seal")
)

// Code signs the claims as a compact JWS (RFC 7515 §7.1), small enough for a QR
// when the claims are short. iss and iat are added. It verifies offline against
// what Seal.Published shows.
func (p *Paper) Code(claims map[string]any) (string, error) {
	all := make(map[string]any, len(claims)+2)
	for name, value := range claims {
		all[name] = value
	}
	all[claimIssuer], all[claimIssued] = p.deps.Issuer, p.deps.Now().Unix()
	payload, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("paper: code: %w", err)
	}
	code, err := p.deps.Seal.stamp().sign(payload)
	if err != nil {
		return "", fmt.Errorf("paper: code: %w", err)
	}
	if len(code) > maxCode {
		return "", fmt.Errorf("paper: code: %d characters are too many for a QR", len(code))
	}
	return code, nil
}

// sign makes the JWS of a payload.
func (s stamp) sign(payload []byte) (string, error) {
	options := (&jose.SignerOptions{}).WithType(codeType).WithHeader("kid", s.id)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: s.algorithm(), Key: jose.JSONWebKey{Key: s.key}}, options)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// Statement is what a genuine code says.
type Statement struct {
	Claims      map[string]any
	Issuer      string
	At          time.Time         // of the signing
	Certificate *x509.Certificate // whose key signed
}

// VerifyCode is ReadCode with the seal's own certificates, and takes only codes of
// this service's issuer.
func (p *Paper) VerifyCode(code string) (Statement, error) {
	s, err := ReadCode(code, p.deps.Seal.Certificates()...)
	if err == nil && s.Issuer != p.deps.Issuer {
		return Statement{}, fmt.Errorf("%w: it is of another service", ErrForged)
	}
	return s, err
}

// ReadCode reads a code offline. Of the certificates the one that the code names
// must have signed it, within its period. A code does not expire: it says what was
// true at its time. The errors wrap ErrCode and ErrForged.
func ReadCode(code string, certificates ...*x509.Certificate) (Statement, error) {
	if len(code) > maxCode {
		return Statement{}, fmt.Errorf("%w: too long", ErrCode)
	}
	jws, err := jose.ParseSignedCompact(code, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrCode, err)
	}
	header := jws.Signatures[0].Protected
	if header.ExtraHeaders[jose.HeaderType] != codeType {
		return Statement{}, fmt.Errorf("%w: it was signed for another purpose", ErrCode)
	}
	for _, certificate := range certificates {
		if certificateID(certificate) == header.KeyID && header.Algorithm == string(algorithmOf(certificate.PublicKey)) {
			return statement(jws, certificate)
		}
	}
	return Statement{}, fmt.Errorf("%w: its key %q is unknown", ErrForged, header.KeyID)
}

// statement verifies the signature by the certificate and reads the claims.
func statement(jws *jose.JSONWebSignature, certificate *x509.Certificate) (Statement, error) {
	payload, err := jws.Verify(certificate.PublicKey)
	if err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrForged, err)
	}
	s := Statement{Certificate: certificate}
	if err := json.Unmarshal(payload, &s.Claims); err != nil || s.Claims == nil {
		return Statement{}, fmt.Errorf("%w: it holds no claims", ErrCode)
	}
	issued, ok := s.Claims[claimIssued].(float64)
	if s.Issuer, _ = s.Claims[claimIssuer].(string); !ok || s.Issuer == "" {
		return Statement{}, fmt.Errorf("%w: it does not say whose it is and of when", ErrCode)
	}
	s.At = time.Unix(int64(issued), 0).UTC()
	if s.At.Before(certificate.NotBefore) || s.At.After(certificate.NotAfter) {
		return Statement{}, fmt.Errorf("%w: outside the certificate's period", ErrForged)
	}
	return s, nil
}

// textDigest is the claim "txt" of a paper's text.
func textDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
