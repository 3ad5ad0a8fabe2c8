package desk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// assertionLife is how long a client assertion may be used; it is sent at once.
const assertionLife = time.Minute

// ClientKey is the key that the cabinet's client authenticates with
// (private_key_jwt, OpenID Connect Core §9). Its public half is registered.
type ClientKey struct{ private *ecdsa.PrivateKey }

// NewClientKey makes the key from 48 secret bytes, the same for the same bytes, so
// that every node of a house has it and none keeps it (FIPS 186-5 A.2.1: so many
// more bits than the curve's order that the remainder has no bias to speak of).
func NewClientKey(secret []byte) (*ClientKey, error) {
	private, err := keyOf(secret)
	if err != nil {
		return nil, fmt.Errorf("make the client's key: %w", err)
	}
	return &ClientKey{private}, nil
}

// JWKS is the public half as a key set (RFC 7517 §5).
func (k *ClientKey) JWKS() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &k.private.PublicKey, KeyID: k.id(), Algorithm: string(jose.ES256), Use: "sig"}}}
}

// Private is the key itself, for the demo, which shows what others must keep.
func (k *ClientKey) Private() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private, KeyID: k.id(), Algorithm: string(jose.ES256), Use: "sig"}
}

func (k *ClientKey) id() string { return thumbprint(&k.private.PublicKey) }

// authenticate adds the client's assertion to a form (RFC 7523 §2.2). audience is
// the issuer (draft-ietf-oauth-rfc7523bis §3.1: an endpoint's address could be
// another server's).
func (k *ClientKey) authenticate(form url.Values, client, audience string, now time.Time) error {
	assertion, err := signJWT(k.private, map[jose.HeaderKey]any{"typ": "JWT", "kid": k.id()}, map[string]any{
		"iss": client, "sub": client, "aud": audience, "jti": secret(),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return fmt.Errorf("make the client assertion: %w", err)
	}
	form.Set("client_id", client)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return nil
}

// proofKey is the key that the tokens of one session are bound to (RFC 9449).
type proofKey struct{ private *ecdsa.PrivateKey }

func newProofKey() ([]byte, error) {
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the session's key: %w", err)
	}
	return made.Bytes()
}

func readProofKey(raw []byte) (proofKey, error) {
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		return proofKey{}, fmt.Errorf("read the session's key: %w", err)
	}
	return proofKey{private}, nil
}

// prove adds a DPoP proof for the request (RFC 9449 §4.2) and, where access is
// given, the token with its hash (§4.3, §7.1). nonce is the server's, "" when it
// has given none.
func (k proofKey) prove(r *http.Request, access, nonce string, now time.Time) error {
	target := *r.URL
	target.RawQuery, target.Fragment = "", ""
	claims := map[string]any{"jti": secret(), "htm": r.Method, "htu": target.String(), "iat": now.Unix()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
		r.Header.Set("Authorization", "DPoP "+access)
	}
	public := jose.JSONWebKey{Key: &k.private.PublicKey}
	proof, err := signJWT(k.private, map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": public}, claims)
	if err != nil {
		return fmt.Errorf("make the proof of possession: %w", err)
	}
	r.Header.Set("DPoP", proof)
	return nil
}

func (k proofKey) thumbprint() string { return thumbprint(&k.private.PublicKey) }

// thumbprint is the key's name (RFC 7638).
func thumbprint(public *ecdsa.PublicKey) string {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		panic(fmt.Sprintf("desk: a key has no thumbprint: %v", err)) // P-256 always has one
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

func signJWT(key *ecdsa.PrivateKey, header map[jose.HeaderKey]any, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}
