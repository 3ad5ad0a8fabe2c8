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
	Locks     *Locks
	Now       func() time.Time
	Lifetime  time.Duration // of a code; default 5 minutes
	Tries     int           // for one code; default 5
	Resend    time.Duration // before the second code of an attempt, doubling after; default 60 seconds
	PerHour   int           // codes to one person by one channel; default 20
	// PerHourUnproved is PerHour for what anybody may ask for who knows a
	// contact: registration and recovery. Default 5.
	PerHourUnproved int
}

// Codes are one-time codes that we send, by SMS or e-mail. A code is bound to
// one attempt to do something: read out to somebody who began another one, it
// does not fit there.
type Codes struct {
	CodeDeps
	key []byte
}

// NewCodes returns the verifier, or an error that names what is missing.
func NewCodes(deps CodeDeps) (*Codes, error) {
	if deps.Outbox == nil || deps.Ephemeral == nil || deps.Sealer == nil || deps.Locks == nil || deps.Now == nil {
		return nil, errors.New("factor: codes: Outbox, Ephemeral, Sealer, Locks and Now are required")
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
	if deps.PerHourUnproved <= 0 {
		deps.PerHourUnproved = 5
	}
	return &Codes{CodeDeps: deps, key: deps.Sealer.Key("one-time codes")}, nil
}

// Purpose says what a code is for: the message names it, and failures are
// counted for each purpose by itself.
type Purpose string

// The purposes. The zero value is ForSignIn.
const (
	ForSignIn       Purpose = ""
	ForRegistration Purpose = "registration"
	ForRecovery     Purpose = "recovery"
	ForContact      Purpose = "contact" // that a new contact is held
	ForPIN          Purpose = "pin"     // a new PIN
	ForAct          Purpose = "act"     // something that a person who is signed in does
)

// unproved tells that anybody may have such a code sent who knows a contact.
func (p Purpose) unproved() bool { return p == ForRegistration || p == ForRecovery }

// lock counts the failures of a channel's codes. Only those of the sign-in lock
// until a recovery: the others are what a recovery is made of, and pause.
func (c *Codes) lock(channel string, p Purpose) *lock {
	if p == ForSignIn {
		return c.Locks.of(channel)
	}
	l := c.Locks.of(channel + "." + string(p))
	l.Policy.Further = endless
	return l
}

// CodeRequest asks for a code.
type CodeRequest struct {
	Guess               // whose code it is; Login is the contact as typed when nobody is known
	Purpose     Purpose // the zero value is ForSignIn
	Channel     string  // sms, email
	To          string  // "": nothing goes out and nothing will fit, and nobody can tell
	Application string  // what the message names: who asks, as the person knows it
	AttemptID   string  // what the code is bound to
	Lang        string  // ru, en
	// Taken: To is another account's, whose owner is told that it was asked for,
	// in place of a code. To who asked, it is all as with a code that was sent.
	Taken bool
}

// whose is the code's owner, whatever device he uses.
func (g Guess) whose() string {
	g.Device = ""
	return g.name()
}

// Sent says what may happen next.
type Sent struct {
	ResendAfter time.Duration // until the next code of this attempt may be sent
	ExpiresAt   time.Time     // of this code
}

// sentCode is what is kept of a code until it is verified.
type sentCode struct {
	ID, Whose, Channel string
	Purpose            Purpose
	MAC                []byte
}

func codeKey(attemptID string) string { return "factor/code/" + attemptID }
func waitKey(attemptID string) string { return "factor/wait/" + attemptID }

// Send sends a new code; the code of the attempt before no longer fits. The
// message names application and purpose, and holds no link. It returns a *Busy
// with ErrTooSoon when the last code of the attempt is too fresh or the person
// has had too many, ErrUnavailable when the house has no such channel.
func (c *Codes) Send(ctx context.Context, r CodeRequest) (Sent, error) {
	_, channel := codeTexts[r.Channel]
	if _, purpose := purposeTexts[r.Purpose]; !channel || !purpose {
		return Sent{}, fmt.Errorf("factor: no code %q by %q", r.Purpose, r.Channel)
	}
	next, err := c.mayBeSent(ctx, r)
	if err != nil {
		return Sent{}, err
	}
	digits := newCode()
	if r.Taken || r.To == "" {
		digits = storage.NewID() // nobody has it, and nobody can guess it
	}
	if err := c.keep(ctx, r, digits); err != nil {
		return Sent{}, err
	}
	sent := Sent{ResendAfter: next, ExpiresAt: c.Now().Add(c.Lifetime)}
	if r.To == "" {
		return sent, nil
	}
	m := r.message(digits, c.Lifetime)
	m.Expires = storage.Of(sent.ExpiresAt)
	err = c.Outbox.Send(ctx, m)
	if errors.Is(err, outbox.ErrChannel) {
		return Sent{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err != nil {
		return Sent{}, fmt.Errorf("factor: send code: %w", err)
	}
	return sent, nil
}

// sendWindow is in which the codes of an attempt and of a person are counted.
const sendWindow = time.Hour

// mayBeSent claims the right to send, and says when the next code may follow.
func (c *Codes) mayBeSent(ctx context.Context, r CodeRequest) (next time.Duration, err error) {
	if err := c.waited(ctx, r.AttemptID); err != nil {
		return 0, err
	}
	n, _, err := c.Ephemeral.Incr(ctx, "factor/sends/"+r.AttemptID, sendWindow)
	if err != nil {
		return 0, fmt.Errorf("factor: count codes: %w", err)
	}
	next = min(c.Resend<<min(n-1, 10), sendWindow)
	until, _ := c.Now().Add(next).MarshalText()
	err = c.Ephemeral.Add(ctx, waitKey(r.AttemptID), until, next)
	if errors.Is(err, storage.ErrExists) { // another one was quicker
		return 0, &Busy{RetryAfter: next, Why: ErrTooSoon}
	}
	if err != nil {
		return 0, fmt.Errorf("factor: claim code: %w", err)
	}
	return next, c.countHour(ctx, r)
}

// countHour takes one of the codes that a person may be sent in an hour. Known
// devices have their own, so that a stranger cannot use up the owner's.
func (c *Codes) countHour(ctx context.Context, r CodeRequest) error {
	most := c.PerHour
	if r.Purpose.unproved() {
		most = c.PerHourUnproved
	}
	key := "factor/hour/" + r.Channel + "." + string(r.Purpose) + "/" + r.name()
	total, left, err := c.Ephemeral.Incr(ctx, key, sendWindow)
	if err != nil {
		return fmt.Errorf("factor: count codes: %w", err)
	}
	if total > int64(most) {
		return &Busy{RetryAfter: left, Why: ErrTooSoon}
	}
	return nil
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

// Wait is how long until another code of the attempt may be sent; 0 = at once.
func (c *Codes) Wait(ctx context.Context, attemptID string) (time.Duration, error) {
	err := c.waited(ctx, attemptID)
	if busy, ok := errors.AsType[*Busy](err); ok {
		return busy.RetryAfter, nil
	}
	return 0, err
}

// keep stores the code as an HMAC under a key of the master key: a million codes
// are searched in no time, so that a plain hash would hide nothing.
func (c *Codes) keep(ctx context.Context, r CodeRequest, digits string) error {
	kept := sentCode{ID: storage.NewID(), Whose: r.whose(), Channel: r.Channel, Purpose: r.Purpose}
	kept.MAC = c.mac(r.AttemptID, kept.ID, digits)
	value, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("factor: keep code: %w", err)
	}
	if err := c.Ephemeral.Put(ctx, codeKey(r.AttemptID), value, c.Lifetime); err != nil {
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
// (also when none was sent, it was sent to somebody else, has expired, or was
// tried too often), or a *Locked.
func (c *Codes) Verify(ctx context.Context, g Guess, attemptID, code string) error {
	kept, err := c.kept(ctx, attemptID)
	if err != nil {
		return err
	}
	if kept.Whose != g.whose() {
		return ErrWrong
	}
	return c.lock(kept.Channel, kept.Purpose).try(ctx, g, func() error { return c.use(ctx, attemptID, kept, code) })
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
	if _, ok := codeTexts[kept.Channel]; !ok {
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
