package factor

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"propusk/storage"
	"propusk/storage/outbox"
)

// Outbox takes messages; *outbox.Outbox.
type Outbox interface {
	Send(ctx context.Context, m outbox.Message) error
}

// CodeDeps is what Codes stands on. What has a default may be zero.
type CodeDeps struct {
	Outbox    Outbox
	Ephemeral storage.Ephemeral
	Sealer    *storage.Sealer // for the key of the stored codes' HMAC
	Now       func() time.Time
	Lock      Policy
	Lifetime  time.Duration // of a code; default 5 minutes
	Tries     int           // for one code; default 5
	Resend    time.Duration // before the second code of an attempt, doubling after; default 60 seconds
	PerHour   int           // codes to one person by one channel; default 20
}

// Codes are one-time codes that we send, by SMS or e-mail. A code is bound to
// one attempt to sign in: read out to somebody who began another one, it does
// not fit there.
type Codes struct {
	CodeDeps
	key   []byte
	locks map[string]*lock
}

// NewCodes returns the verifier, or an error that names what is missing.
func NewCodes(deps CodeDeps) (*Codes, error) {
	if deps.Outbox == nil || deps.Ephemeral == nil || deps.Sealer == nil || deps.Now == nil {
		return nil, errors.New("factor: codes: Outbox, Ephemeral, Sealer and Now are required")
	}
	if deps.Lifetime <= 0 {
		deps.Lifetime = 5 * time.Minute
	}
	if deps.Tries <= 0 {
		deps.Tries = 5
	}
	if deps.Resend <= 0 {
		deps.Resend = time.Minute
	}
	if deps.PerHour <= 0 {
		deps.PerHour = 20
	}
	c := &Codes{CodeDeps: deps, key: deps.Sealer.Key("one-time codes"), locks: map[string]*lock{}}
	for channel := range codeTexts[ForSignIn] {
		c.locks[channel] = &lock{deps.Ephemeral, deps.Lock.withDefaults(), channel}
	}
	return c, nil
}

// Sent says what may happen next.
type Sent struct {
	ResendAfter time.Duration // until the next code of this attempt may be sent
	ExpiresAt   time.Time     // of this code
}

// sentCode is what is kept of a code until it is verified.
type sentCode struct {
	ID, PersonID, Channel string
	MAC                   []byte
}

func codeKey(attemptID string) string { return "factor/code/" + attemptID }
func waitKey(attemptID string) string { return "factor/wait/" + attemptID }

// Purpose is what a code is for, which its message must say: whoever is tricked
// into reading one out should see to what.
type Purpose string

// The purposes.
const (
	ForSignIn  Purpose = ""        // to sign in
	ForContact Purpose = "contact" // to change a contact of an account
	// ForTaken is for nothing: the contact is another account's, whose owner is
	// told that it was asked for. The message holds no code, so none can be
	// entered; to who asked, it is all as with a code that was sent.
	ForTaken Purpose = "taken"
)

// Send is SendFor ForSignIn.
func (c *Codes) Send(ctx context.Context, channel, personID, to, application, attemptID, lang string) (Sent, error) {
	return c.SendFor(ctx, ForSignIn, channel, personID, to, application, attemptID, lang)
}

// SendFor sends a new code to a person by channel, "sms" or "email"; the code of
// before no longer fits. The message names the application and holds no link.
// lang is "ru" or "en". It returns a *Busy with ErrTooSoon when the last code of
// the attempt is too fresh or the person has had too many.
func (c *Codes) SendFor(ctx context.Context, purpose Purpose, channel, personID, to, application, attemptID, lang string) (Sent, error) {
	texts, ok := codeTexts[purpose][channel]
	if !ok {
		return Sent{}, fmt.Errorf("factor: no code %q by %q", purpose, channel)
	}
	next, err := c.mayBeSent(ctx, channel, personID, attemptID)
	if err != nil {
		return Sent{}, err
	}
	digits := newCode()
	if err := c.keep(ctx, channel, personID, attemptID, digits); err != nil {
		return Sent{}, err
	}
	expires := c.Now().Add(c.Lifetime)
	m := texts.message(lang, application, digits, c.Lifetime)
	m.Channel, m.To, m.Expires = channel, to, storage.Of(expires)
	if purpose != ForTaken {
		m.Code = digits
	}
	if err := c.Outbox.Send(ctx, m); err != nil {
		return Sent{}, fmt.Errorf("factor: send code: %w", err)
	}
	return Sent{ResendAfter: next, ExpiresAt: expires}, nil
}

// sendWindow is in which the codes of an attempt and of a person are counted.
const sendWindow = time.Hour

// mayBeSent claims the right to send, and says when the next code may follow.
func (c *Codes) mayBeSent(ctx context.Context, channel, personID, attemptID string) (next time.Duration, err error) {
	if err := c.waited(ctx, attemptID); err != nil {
		return 0, err
	}
	n, _, err := c.Ephemeral.Incr(ctx, "factor/sends/"+attemptID, sendWindow)
	if err != nil {
		return 0, fmt.Errorf("factor: count codes: %w", err)
	}
	next = min(c.Resend<<min(n-1, 10), sendWindow)
	until, _ := c.Now().Add(next).MarshalText()
	err = c.Ephemeral.Add(ctx, waitKey(attemptID), until, next)
	if errors.Is(err, storage.ErrExists) { // another one was quicker
		return 0, &Busy{RetryAfter: next, Why: ErrTooSoon}
	}
	if err != nil {
		return 0, fmt.Errorf("factor: claim code: %w", err)
	}
	total, left, err := c.Ephemeral.Incr(ctx, "factor/hour/"+channel+"/"+personID, sendWindow)
	if err != nil {
		return 0, fmt.Errorf("factor: count codes: %w", err)
	}
	if total > int64(c.PerHour) {
		return 0, &Busy{RetryAfter: left, Why: ErrTooSoon}
	}
	return next, nil
}

func (c *Codes) waited(ctx context.Context, attemptID string) error {
	text, err := c.Ephemeral.Get(ctx, waitKey(attemptID))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("factor: read wait: %w", err)
	}
	var until time.Time
	if err := until.UnmarshalText(text); err != nil {
		return fmt.Errorf("factor: read wait: %w", err)
	}
	return &Busy{RetryAfter: max(until.Sub(c.Now()), time.Second), Why: ErrTooSoon}
}

// keep stores the code as an HMAC under a key of the master key: a million codes
// are searched in no time, so that a plain hash would hide nothing.
func (c *Codes) keep(ctx context.Context, channel, personID, attemptID, digits string) error {
	kept := sentCode{ID: storage.NewID(), PersonID: personID, Channel: channel}
	kept.MAC = c.mac(attemptID, kept.ID, digits)
	value, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("factor: keep code: %w", err)
	}
	if err := c.Ephemeral.Put(ctx, codeKey(attemptID), value, c.Lifetime); err != nil {
		return fmt.Errorf("factor: keep code: %w", err)
	}
	return nil
}

func (c *Codes) mac(attemptID, id, digits string) []byte {
	h := hmac.New(sha256.New, c.key)
	fmt.Fprintf(h, "%d:%s,%d:%s,%d:%s", len(attemptID), attemptID, len(id), id, len(digits), digits)
	return h.Sum(nil)
}

// newCode draws six digits evenly.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail (Go 1.24)
	}
	return fmt.Sprintf("%0*d", codeDigits, n.Int64())
}

// Verify checks the code of an attempt and uses it up. It returns nil, ErrWrong
// (also when none was sent, it has expired, or was tried too often), or
// ErrLocked.
func (c *Codes) Verify(ctx context.Context, attemptID, code string) error {
	kept, err := c.kept(ctx, attemptID)
	if err != nil {
		return err
	}
	a, err := c.locks[kept.Channel].begin(ctx, "person/"+kept.PersonID)
	if err != nil {
		return err
	}
	if a.refused {
		return ErrLocked
	}
	err = c.use(ctx, attemptID, kept, code)
	switch {
	case errors.Is(err, ErrWrong):
		return a.failed(ctx)
	case err != nil:
		return err
	}
	return a.succeeded(ctx)
}

// kept reads what is kept of the attempt's code; ErrWrong when there is none.
func (c *Codes) kept(ctx context.Context, attemptID string) (sentCode, error) {
	var kept sentCode
	value, err := c.Ephemeral.Get(ctx, codeKey(attemptID))
	if errors.Is(err, storage.ErrNotFound) {
		return kept, ErrWrong
	}
	if err != nil {
		return kept, fmt.Errorf("factor: read code: %w", err)
	}
	if err := json.Unmarshal(value, &kept); err != nil {
		return kept, fmt.Errorf("factor: read code: %w", err)
	}
	if c.locks[kept.Channel] == nil {
		return kept, fmt.Errorf("factor: read code: sent by %q", kept.Channel)
	}
	return kept, nil
}

// use compares, and takes the record: of many with the right code one wins.
func (c *Codes) use(ctx context.Context, attemptID string, kept sentCode, code string) error {
	n, _, err := c.Ephemeral.Incr(ctx, "factor/codetries/"+kept.ID, c.Lifetime)
	if err != nil {
		return fmt.Errorf("factor: count tries: %w", err)
	}
	if n > int64(c.Tries) || subtle.ConstantTimeCompare(c.mac(attemptID, kept.ID, code), kept.MAC) == 0 {
		return ErrWrong
	}
	_, err = c.Ephemeral.Take(ctx, codeKey(attemptID))
	if errors.Is(err, storage.ErrNotFound) {
		return ErrWrong
	}
	if err != nil {
		return fmt.Errorf("factor: take code: %w", err)
	}
	return nil
}
