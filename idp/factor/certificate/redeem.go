package certificate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"propusk/idp/factor"
	"propusk/signature"
	"propusk/storage"
)

// Signed is what was judged. It proves possession of the key only when it came
// without an error.
type Signed struct {
	Verdict signature.Verdict
	purpose Purpose
	proven  bool // set by Redeem and Claim alone, so that no caller can make one up
}

// Subject is the owner of the certificate; nil while it is not certain.
func (s Signed) Subject() *signature.Subject { return s.Verdict.Subject }

// Redeem judges a detached signature (DER) over the challenge id, once: whether
// the signature is right or wrong, the challenge is gone. Of two that redeem it
// at the same time one is judged.
//
// It returns ErrChallenge; ErrRefused, with what was found in Signed; or a
// *factor.Busy when nothing was judged, and then the challenge may be redeemed
// again as long as it lasts.
func (c *Certificates) Redeem(ctx context.Context, id string, b Binding, cms []byte) (Signed, error) {
	challenge, err := c.take(ctx, id, b)
	if err != nil {
		return Signed{}, err
	}
	verdict, err := c.Verifier.Verify(ctx, signature.Request{Signature: cms, Content: []byte(challenge.Text), At: c.Now()})
	if err != nil {
		return Signed{}, errors.Join(busy(err), c.giveBack(ctx, id, challenge))
	}
	return proven(verdict, b.Purpose)
}

// proven wraps a verdict: only an accepted one with an owner proves anything.
func proven(verdict signature.Verdict, purpose Purpose) (Signed, error) {
	if purpose == "" {
		purpose = PurposeSignIn
	}
	signed := Signed{Verdict: verdict, purpose: purpose}
	if !verdict.Accepted || verdict.Subject == nil || verdict.Certificate == nil {
		return signed, ErrRefused
	}
	signed.proven = true
	return signed, nil
}

// take uses the challenge up, whoever asks: it is looked at only afterwards.
func (c *Certificates) take(ctx context.Context, id string, b Binding) (kept, error) {
	value, err := c.Ephemeral.Take(ctx, challengeKey(id))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return kept{}, fmt.Errorf("certificate: take challenge: %w", err)
	}
	return c.open(value, b)
}

// giveBack puts a challenge back that nobody judged, for what is left of its
// life: the person has signed already and should not have to again.
func (c *Certificates) giveBack(ctx context.Context, id string, k kept) error {
	left := k.Expires.Time().Sub(c.Now())
	if left <= 0 {
		return nil
	}
	value, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("certificate: give challenge back: %w", err)
	}
	if err := c.Ephemeral.Put(context.WithoutCancel(ctx), challengeKey(id), value, left); err != nil {
		return fmt.Errorf("certificate: give challenge back: %w", err)
	}
	return nil
}

func tooOften(left time.Duration) error {
	return &factor.Busy{RetryAfter: max(left, time.Second), Why: factor.ErrTooSoon}
}
