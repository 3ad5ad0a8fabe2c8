package possession

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/jws"
	"propusk/storage"
)

// Deps is what Proofs work with.
type Deps struct {
	// Ephemeral keeps the mark of each proof for as long as it could be used
	// again. Whoever shares it shares the marks.
	Ephemeral storage.Ephemeral
	// NonceKey is what nonces are made under, 32 bytes, the same on every node.
	// nil: this server hands out no nonces and takes none.
	NonceKey []byte
	Now      func() time.Time
}

// Proofs checks DPoP proofs (RFC 9449 §4.3). It is safe for concurrent use.
type Proofs struct {
	deps   Deps
	nonces *nonces
	reader *jws.Reader
}

// New makes Proofs. It fails when a dependency is missing.
func New(deps Deps) (*Proofs, error) {
	if deps.Ephemeral == nil || deps.Now == nil {
		return nil, errors.New("possession: Ephemeral and Now are needed")
	}
	p := &Proofs{deps: deps, reader: jws.NewReader(proofAlgorithms()...)}
	if deps.NonceKey != nil {
		p.nonces = &nonces{key: deps.NonceKey, now: deps.Now}
	}
	return p, nil
}

// Want is what a proof must be about.
type Want struct {
	Method string
	// URLs are those under which the endpoint is known, without query and
	// fragment; the proof must name one of them (RFC 9449 §4.3 check 9).
	URLs []string
	// AccessToken is the token that comes with the proof at a resource server,
	// "" at the token endpoint (check 11).
	AccessToken string
}

// Error says what is wrong with a proof, for the developer of the client. It
// tells nothing secret and holds no quotes.
type Error struct {
	Reason string
	// Expected is what would have done, and Received what came, where two values
	// differ; else "". Received is as the client wrote it, any bytes: whoever repeats it
	// makes it harmless.
	Expected, Received string
}

// Error implements error.
func (e *Error) Error() string { return "possession: " + e.Reason }

func wrong(format string, args ...any) error { return &Error{Reason: fmt.Sprintf(format, args...)} }

func differs(expected, received, reason string) error { return &Error{reason, expected, received} }

// ErrNonce asks for a proof with the nonce of Proofs.Nonce (RFC 9449 §8, §9).
var ErrNonce = errors.New("possession: the proof must carry a fresh nonce")

// Nonce makes a nonce for the header DPoP-Nonce, "" when this server has none.
func (p *Proofs) Nonce() string {
	if p.nonces == nil {
		return ""
	}
	return p.nonces.make()
}

// Header is the header field of a proof (RFC 9449 §4.1), as net/http keys it.
const Header = "Dpop"

// proofLimit bounds a proof, in bytes: a 4096-bit RSA key and signature fit.
const proofLimit = 8 << 10

// How far iat may be from our clock. Where the proof carries a nonce of ours,
// that tells its age, and the client's clock may be wrong (RFC 9449 §11.1).
const (
	proofAge    = 60 * time.Second
	proofAhead  = 10 * time.Second
	nonceWindow = 5 * time.Minute
)

// payload is what a proof says (RFC 9449 §4.2).
type payload struct {
	ID              string
	Method          string
	URL             string
	IssuedAt        float64 // NumericDate, which may have a fraction
	hasIssuedAt     bool
	AccessTokenHash string
	Nonce           string
}

// claim reads one claim; those that nobody asks for may be anything.
func (said *payload) claim(name string, value jws.Value) bool {
	switch name {
	case "jti":
		return value.Text(&said.ID)
	case "htm":
		return value.Text(&said.Method)
	case "htu":
		return value.Text(&said.URL)
	case "iat":
		said.hasIssuedAt = !value.IsNull()
		return value.Number(&said.IssuedAt)
	case "ath":
		return value.Text(&said.AccessTokenHash)
	case "nonce":
		return value.Text(&said.Nonce)
	}
	return true
}

// Check verifies the request's one proof and returns the thumbprint of its key
// (jkt). Each proof is good once. Errors: *Error for a proof that is none;
// ErrNonce where Deps.NonceKey is set and the proof has no fresh nonce; any other
// is the server's own trouble.
func (p *Proofs) Check(ctx context.Context, header http.Header, want Want) (string, error) {
	values := header[Header]
	if len(values) != 1 {
		return "", wrong("there must be exactly one DPoP header")
	}
	proof, jkt, err := p.open(values[0])
	if err != nil {
		return "", err
	}
	if err := proof.about(want); err != nil {
		return "", err
	}
	window, err := p.fresh(proof)
	if err != nil {
		return "", err
	}
	return jkt, p.once(ctx, jkt, proof.ID, window)
}

// open checks what the proof is by itself: form, type, algorithm, key, signature
// (checks 2 to 7). It returns what the proof says and the thumbprint of its key.
func (p *Proofs) open(proof string) (*payload, string, error) {
	if len(proof) > proofLimit {
		return nil, "", wrong("the proof is larger than %d bytes", proofLimit)
	}
	signed, err := p.reader.Parse(proof)
	if err != nil {
		return nil, "", wrong("the proof is not a JWS with an accepted algorithm")
	}
	if err := checkHeader(signed.Header); err != nil {
		return nil, "", err
	}
	text, err := signed.Verify(signed.JSONWebKey.Key)
	if err != nil {
		return nil, "", wrong("the signature of the proof is wrong")
	}
	said := new(payload)
	if err := jws.Members(text, said.claim); err != nil {
		return nil, "", wrong("the claims of the proof cannot be read")
	}
	return said, signed.Thumbprint, nil
}

// checkHeader wants the type of a proof and a public key for its algorithm, and
// no other way to say which key it is.
func checkHeader(header *jws.Header) error {
	if header.Type() != "dpop+jwt" {
		return differs("dpop+jwt", header.Type(), "typ must be dpop+jwt")
	}
	for _, name := range []jose.HeaderKey{"jku", "x5u", "x5c", "crit", "b64"} {
		if header.Has(name) {
			return wrong("the header %s is not accepted", name)
		}
	}
	switch key := header.JSONWebKey; {
	case key == nil:
		return wrong("the header jwk is missing")
	case !key.IsPublic():
		return wrong("the header jwk must be a public key and nothing more")
	case CheckKey(jose.SignatureAlgorithm(header.Algorithm), key.Key) != nil:
		return wrong("the header jwk is not a key for the algorithm")
	}
	return nil
}

// about checks htm, htu and ath (checks 8, 9, 11).
func (said *payload) about(want Want) error {
	switch {
	case said.Method != want.Method:
		return differs(want.Method, said.Method, "htm is not the method of the request")
	case !slices.ContainsFunc(want.URLs, func(u string) bool { return sameEndpoint(said.URL, u) }):
		return differs(strings.Join(want.URLs, " or "), said.URL, "htu is not the address of the request")
	case want.AccessToken != "" && said.AccessTokenHash != hashOf(want.AccessToken):
		return wrong("ath is not the hash of the access token")
	case said.ID == "" || len(said.ID) > 256:
		return wrong("jti must have 1 to 256 bytes")
	case !said.hasIssuedAt:
		return wrong("iat is missing")
	}
	return nil
}

func hashOf(accessToken string) string {
	digest := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// fresh checks nonce and iat (checks 10, 12) and returns for how long the proof
// could be used again.
func (p *Proofs) fresh(said *payload) (time.Duration, error) {
	oldest, newest := proofAge, proofAhead
	if p.nonces != nil {
		if !p.nonces.valid(said.Nonce) {
			return 0, ErrNonce
		}
		oldest, newest = nonceWindow, nonceWindow
	}
	// Seconds are compared as numbers: a huge one must not overflow into the past.
	age := float64(p.deps.Now().UnixMilli())/1000 - said.IssuedAt
	if !(age <= oldest.Seconds() && age >= -newest.Seconds()) {
		return 0, differs(fmt.Sprintf("iat at most %.0f s old and %.0f s ahead", oldest.Seconds(), newest.Seconds()), fmt.Sprintf("%.0f s old", math.Floor(age)),
			"iat is not within the time of this server")
	}
	return oldest - time.Duration(age*float64(time.Second)) + time.Second, nil
}

// once marks the proof as used. One atomic step: of two requests with the same
// proof one is refused (RFC 9449 §11.1).
func (p *Proofs) once(ctx context.Context, jkt, id string, window time.Duration) error {
	err := p.deps.Ephemeral.Add(ctx, markOf(jkt, id), []byte{1}, window)
	if errors.Is(err, storage.ErrExists) {
		return wrong("the proof was used before")
	}
	if err != nil {
		return fmt.Errorf("mark a proof as used: %w", err)
	}
	return nil
}

// proofAlgorithms are those of Algorithms without RS256. What signs proofs was
// written after 2023, so that nothing old needs RSASSA-PKCS1-v1_5, and a resource
// server, which does not know a client's profile, keeps to FAPI 2.0 Security Profile
// §5.4.1 for all.
func proofAlgorithms() []jose.SignatureAlgorithm {
	return slices.DeleteFunc(Algorithms(), func(a jose.SignatureAlgorithm) bool { return a == jose.RS256 })
}

// AlgorithmNames lists Algorithms for metadata (RFC 8414 §2).
func AlgorithmNames() []string { return named(Algorithms()) }

// ProofAlgorithmNames lists the algorithms of proofs for metadata and challenges
// (RFC 9449 §5.1, §7.1).
func ProofAlgorithmNames() []string { return named(proofAlgorithms()) }

func named(algorithms []jose.SignatureAlgorithm) []string {
	names := make([]string, len(algorithms))
	for i, algorithm := range algorithms {
		names[i] = string(algorithm)
	}
	return names
}

// challengeAlgorithms is the parameter algs of a challenge.
var challengeAlgorithms = strings.Join(ProofAlgorithmNames(), " ")
