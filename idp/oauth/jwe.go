package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/idp/keys"
)

// Encryption (RFC 7516): of what is given to clients, by their keys with use=enc, and
// of request objects, by ours (encryptionkeys.go). What is signed is signed first and
// encrypted then, as a nested JWT (RFC 7519 §11.2).

// maxJWE bounds an encrypted request object, in bytes: maxJWT encrypted and encoded.
const maxJWE = 24 << 10

// seal encrypts content for the client; contentType is "JWT" for a nested one, "" for
// plain claims.
func (p *Provider) seal(ctx context.Context, c *registration, alg, enc, contentType string, content []byte) (string, error) {
	set, err := p.keysOf(ctx, c, func(set keySet) bool { _, ok := set.Encrypter(alg); return ok })
	if err != nil {
		return "", err
	}
	key, ok := set.Encrypter(alg)
	if !ok {
		return "", unauthorizedClient("the client's key set has no key with use=enc for %s", alg)
	}
	options := new(jose.EncrypterOptions).WithType(keys.TypeJWT)
	if contentType != "" {
		options = options.WithContentType(jose.ContentType(contentType))
	}
	encrypter, err := jose.NewEncrypter(jose.ContentEncryption(enc), jose.Recipient{
		Algorithm: jose.KeyAlgorithm(alg), Key: key.Key, KeyID: key.KeyID,
	}, options)
	if err != nil {
		return "", err
	}
	sealed, err := encrypter.Encrypt(content)
	if err != nil {
		return "", err
	}
	return sealed.CompactSerialize()
}

// signFor signs claims for the client and, where it registered an algorithm for that,
// encrypts them.
func (p *Provider) signFor(ctx context.Context, c *registration, signature, typ string, e encryption, claims any) (string, error) {
	token, err := p.sign(signature, typ, claims)
	if err != nil || e.alg == "" {
		return token, err
	}
	return p.seal(ctx, c, e.alg, e.enc, "JWT", []byte(token))
}

// encryption is a registered pair of algorithms; alg "" = none.
type encryption struct{ alg, enc string }

// writeUserInfo answers userinfo as the client registered (OpenID Connect Core
// §5.3.2): as JSON, signed, encrypted, or both.
func (p *Provider) writeUserInfo(ctx context.Context, w http.ResponseWriter, answer *userInfo) error {
	c := answer.client
	if c.UserInfoSignedAlg == "" && c.UserInfoEncryptionAlg == "" {
		return p.writeJSON(w, http.StatusOK, answer)
	}
	token, err := p.sealedUserInfo(ctx, c, answer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/jwt")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, err = w.Write([]byte(token))
	return err
}

func (p *Provider) sealedUserInfo(ctx context.Context, c *registration, answer *userInfo) (string, error) {
	wanted := encryption{c.UserInfoEncryptionAlg, c.UserInfoEncryptionEnc}
	if c.UserInfoSignedAlg != "" {
		answer.Issuer, answer.Audience = p.deps.Issuer, c.ID
		return p.signFor(ctx, c, c.UserInfoSignedAlg, keys.TypeJWT, wanted, answer)
	}
	plain, err := json.Marshal(answer)
	if err != nil {
		return "", err
	}
	return p.seal(ctx, c, wanted.alg, wanted.enc, "", plain)
}

// errEncrypted tells a client no more than that its object could not be opened: which
// step failed would help whoever tries padding or points of other curves.
var errEncrypted = invalidObject("the encrypted request object could not be opened: encrypt it with a key of ours with use=enc, by ECDH-ES or RSA-OAEP-256, " +
	"and nest a signed one (RFC 9101 section 6.1)")

// encrypted tells a JWE in compact serialization, of five parts, from a JWS.
func encrypted(token string) bool { return strings.Count(token, ".") == 4 }

// openObject takes the signed request object out of an encrypted one. One that comes
// as it is does where the client did not register to encrypt.
func (p *Provider) openObject(ctx context.Context, c *registration, object string) (string, error) {
	switch {
	case !encrypted(object) && c.RequestEncryptionAlg != "":
		return "", invalidObject("the application must encrypt its request objects, by %s", c.RequestEncryptionAlg)
	case !encrypted(object):
		return object, nil
	case len(object) > maxJWE:
		return "", errEncrypted
	}
	jwe, err := jose.ParseEncryptedCompact(object, keyAlgorithms(c.RequestEncryptionAlg), contentEncryptions(c.RequestEncryptionEnc))
	if err != nil || !plainEncryption(jwe.Header) {
		return "", errEncrypted
	}
	key, ok := p.encryption.key(jwe.Header.KeyID)
	if jwe.Header.Algorithm == string(jose.RSA_OAEP_256) { // the key's kind is the algorithm's, whatever kid says
		key, ok = p.encryptionRSA.key(ctx, jwe.Header.KeyID)
	}
	if !ok {
		return "", errEncrypted
	}
	inner, err := jwe.Decrypt(key)
	if err != nil || encrypted(string(inner)) {
		return "", errEncrypted
	}
	return string(inner), nil
}

// plainEncryption refuses whatever else would say how to read the object: compression
// above all, by which few bytes become many (RFC 8725 §3.6), and anything but a JWT
// inside.
func plainEncryption(header jose.Header) bool {
	for _, name := range []jose.HeaderKey{"jku", "x5u", "crit", "zip"} {
		if _, there := header.ExtraHeaders[name]; there {
			return false
		}
	}
	content, _ := header.ExtraHeaders[jose.HeaderContentType].(string)
	return header.JSONWebKey == nil && strings.EqualFold(content, "JWT")
}

// keyAlgorithms are the algorithms that a request object may be encrypted by: the one
// registered, or all of ours.
func keyAlgorithms(registered string) []jose.KeyAlgorithm {
	var algorithms []jose.KeyAlgorithm
	for _, name := range client.RequestEncryptionAlgorithms() {
		if registered == "" || name == registered {
			algorithms = append(algorithms, jose.KeyAlgorithm(name))
		}
	}
	return algorithms
}

func contentEncryptions(registered string) []jose.ContentEncryption {
	var encryptions []jose.ContentEncryption
	for _, name := range client.ContentEncryptions() {
		if registered == "" || name == registered {
			encryptions = append(encryptions, jose.ContentEncryption(name))
		}
	}
	return encryptions
}

// errNoJWKS would mean that the ring publishes something that is no key set.
var errNoJWKS = errors.New("oauth: the published key set cannot be read")

// JWKS is the published key set (RFC 7517 §5), keys for encryption to us included, and
// its entity tag.
func (p *Provider) JWKS(ctx context.Context) (body []byte, etag string, err error) {
	signing, tag := p.deps.Keys.JWKS()
	ours := []jose.JSONWebKey{p.encryption.current()}
	if key, ok := p.encryptionRSA.current(ctx); ok {
		ours = append(ours, key)
	}
	named := ""
	for _, key := range ours {
		named += "-" + key.KeyID[:8]
	}
	if known := p.published.Load(); known != nil && known.signing == tag && known.named == named {
		return known.body, known.etag, nil
	}
	if body, err = joinedSet(signing, ours); err != nil {
		return nil, "", err
	}
	etag = strings.TrimSuffix(tag, `"`) + named + `"`
	p.published.Store(&publishedKeys{tag, named, body, etag})
	return body, etag, nil
}

// joinedSet is the key set with the public halves of more keys behind it.
func joinedSet(signing []byte, more []jose.JSONWebKey) ([]byte, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(signing, &set) != nil {
		return nil, errNoJWKS
	}
	set.Keys = slices.Clone(set.Keys)
	for _, key := range more {
		public, err := key.Public().MarshalJSON()
		if err != nil {
			return nil, errors.Join(errNoJWKS, err)
		}
		set.Keys = append(set.Keys, public)
	}
	return json.Marshal(set)
}

// publishedKeys is a key set that was put together, and of what.
type publishedKeys struct {
	signing, named string
	body           []byte
	etag           string
}
