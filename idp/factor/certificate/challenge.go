package certificate

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"propusk/storage"
)

// Purpose is what a signature is asked for. One given for one purpose is worth
// nothing for another.
type Purpose string

// The purposes.
const (
	PurposeSignIn Purpose = "signin" // to sign in
	PurposeBind   Purpose = "bind"   // to connect a certificate to the account of who is signed in
)

// Binding says for whom a challenge is: a signature over it counts in the same
// attempt of the same browser and for the same client only.
type Binding struct {
	Purpose Purpose // "" is PurposeSignIn
	Attempt string  // of the sign-in; the session's id on account pages
	Browser string  // secret of the browser that the attempt belongs to, or its hash
	Client  string  // client_id; "" where no application asks
}

// bound is the binding as it is kept: the hash of all of it, with the issuer, so
// that two issuers over one Redis do not take each other's.
func (c *Certificates) bound(b Binding) string {
	purpose := b.Purpose
	if purpose == "" {
		purpose = PurposeSignIn
	}
	hash := sha256.New()
	for _, part := range []string{c.Issuer, string(purpose), b.Attempt, b.Browser, b.Client} {
		hash.Write([]byte(strconv.Itoa(len(part)) + ":" + part + ","))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Asker is what the text tells the person about who asks.
type Asker struct {
	Application string // its name; "" where no application asks
	Person      string // whose account, when that is known; ""
	Language    string // "ru" or "en"
}

// Challenge is a text to be signed.
type Challenge struct {
	ID      string // names it to Redeem; 256 random bits
	Text    string // what is signed, byte for byte in UTF-8
	Expires time.Time
}

// kept is what is kept of a challenge until it is redeemed.
type kept struct {
	Bound   string       `json:"bound"`
	Text    string       `json:"text"`
	Expires storage.Time `json:"expires"`
}

// maxChallenges is how many challenges one binding may ask for while an attempt
// lasts: reloading is allowed, filling the store is not.
const (
	maxChallenges   = 60
	challengeWindow = time.Hour
)

// Challenge makes a text for the binding to sign. It returns a *factor.Busy when
// the binding has asked too often.
func (c *Certificates) Challenge(ctx context.Context, b Binding, who Asker) (Challenge, error) {
	bound := c.bound(b)
	if err := c.mayAsk(ctx, bound); err != nil {
		return Challenge{}, err
	}
	now := c.Now().UTC().Truncate(time.Second)
	made := Challenge{ID: random(), Expires: now.Add(c.Lifetime)}
	made.Text = text(b, who, c.Issuer, now, made.Expires)
	value, err := json.Marshal(kept{Bound: bound, Text: made.Text, Expires: storage.Of(made.Expires)})
	if err != nil {
		return Challenge{}, fmt.Errorf("certificate: keep challenge: %w", err)
	}
	if err := c.Ephemeral.Put(ctx, challengeKey(made.ID), value, c.Lifetime); err != nil {
		return Challenge{}, fmt.Errorf("certificate: keep challenge: %w", err)
	}
	return made, nil
}

// Read returns a challenge that has not been redeemed, to who may redeem it, as
// a file to be signed elsewhere. It stays as it is. ErrChallenge.
func (c *Certificates) Read(ctx context.Context, id string, b Binding) (Challenge, error) {
	value, err := c.Ephemeral.Get(ctx, challengeKey(id))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return Challenge{}, fmt.Errorf("certificate: read challenge: %w", err)
	}
	k, err := c.open(value, b)
	if err != nil {
		return Challenge{}, err
	}
	return Challenge{ID: id, Text: k.Text, Expires: k.Expires.Time()}, nil
}

// open reads what is kept of a challenge, for the binding it was made for.
func (c *Certificates) open(value []byte, b Binding) (kept, error) {
	if len(value) == 0 {
		return kept{}, ErrChallenge
	}
	var k kept
	if err := json.Unmarshal(value, &k); err != nil {
		return kept{}, fmt.Errorf("certificate: read challenge: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(k.Bound), []byte(c.bound(b))) != 1 || !c.Now().Before(k.Expires.Time()) {
		return kept{}, ErrChallenge
	}
	return k, nil
}

func (c *Certificates) mayAsk(ctx context.Context, bound string) error {
	n, left, err := c.Ephemeral.Incr(ctx, "certificate/asked/"+bound, challengeWindow)
	if err != nil {
		return fmt.Errorf("certificate: count challenges: %w", err)
	}
	if n > maxChallenges {
		return tooOften(left)
	}
	return nil
}

// challengeKey hides the id: who reads the store learns of no challenge that he
// could redeem.
func challengeKey(id string) string { return "certificate/challenge/" + hashed(id) }

// random is 256 bits as base64url.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashed is what is kept of a random secret.
func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
