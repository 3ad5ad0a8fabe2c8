package factor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"github.com/skip2/go-qrcode"

	"propusk/storage"
)

const (
	totpPeriod    = 30 // seconds, RFC 6238 §4.1
	totpSecret    = 20 // bytes, RFC 4226 §4
	codeDigits    = 6
	enrolLifetime = time.Hour
	qrPixels      = 256
)

// totpSkew is how many steps before and after the present one are accepted
// (RFC 6238 §5.2), nearest first.
var totpSkew = []int64{0, -1, 1}

// TOTPStore keeps the secrets and the steps used; *directory.Directory.
type TOTPStore interface {
	TOTP(ctx context.Context, personID string) (secret []byte, confirmed bool, err error)
	SetTOTP(ctx context.Context, personID string, secret []byte) error
	ConfirmTOTP(ctx context.Context, personID string) error
	UseTOTPStep(ctx context.Context, personID string, step int64) error
}

// TOTPDeps is what TOTP stands on; all of it is required.
type TOTPDeps struct {
	Directory TOTPStore
	Ephemeral storage.Ephemeral
	Now       func() time.Time
	Locks     *Locks
	Issuer    string // the name that authenticators show beside the account
}

// TOTP is the authenticator app (RFC 6238: SHA-1, six digits, 30 seconds, which
// every app supports).
type TOTP struct {
	directory TOTPStore
	ephemeral storage.Ephemeral
	now       func() time.Time
	issuer    string
	lock      *lock
}

// NewTOTP returns the verifier, or an error that names what is missing.
func NewTOTP(deps TOTPDeps) (*TOTP, error) {
	if deps.Directory == nil || deps.Ephemeral == nil || deps.Locks == nil || deps.Now == nil || deps.Issuer == "" {
		return nil, errors.New("factor: totp: Directory, Ephemeral, Locks, Now and Issuer are required")
	}
	return &TOTP{
		directory: deps.Directory, ephemeral: deps.Ephemeral, now: deps.Now, issuer: deps.Issuer,
		lock: deps.Locks.of("totp"),
	}, nil
}

// Enrolment is what a person needs to connect an authenticator. It is shown
// once, to that person, and never logged.
type Enrolment struct {
	Secret string // base32, to be typed
	URI    string // otpauth://totp/…
	QR     []byte // URI as PNG
}

// Enrol makes a secret that Confirm will make a factor. Asked again within the
// same attempt to sign in, it shows the same secret, so that a page can be drawn
// again; another attempt gets another one, since whoever began the first may
// not be the person. storage.ErrExists when an authenticator is confirmed.
func (t *TOTP) Enrol(ctx context.Context, personID, accountName, attemptID string) (Enrolment, error) {
	secret, err := t.pending(ctx, personID, attemptID)
	if err != nil {
		return Enrolment{}, err
	}
	if secret == nil {
		if secret, err = t.begin(ctx, personID, attemptID); err != nil {
			return Enrolment{}, err
		}
	}
	return t.enrolment(secret, accountName)
}

func enrolKey(attemptID string) string { return "factor/enrol/" + attemptID }

// pending is the secret that this attempt has made, nil when it has made none
// or another attempt has replaced it.
func (t *TOTP) pending(ctx context.Context, personID, attemptID string) ([]byte, error) {
	secret, confirmed, err := t.directory.TOTP(ctx, personID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case confirmed:
		return nil, fmt.Errorf("factor: enrol: %w", storage.ErrExists)
	}
	mark, err := t.ephemeral.Get(ctx, enrolKey(attemptID))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("factor: enrol: %w", err)
	}
	if sum := sha256.Sum256(secret); subtle.ConstantTimeCompare(sum[:], mark) == 0 {
		return nil, nil
	}
	return secret, nil
}

func (t *TOTP) begin(ctx context.Context, personID, attemptID string) ([]byte, error) {
	secret := make([]byte, totpSecret)
	rand.Read(secret) // never fails (Go 1.24)
	if err := t.directory.SetTOTP(ctx, personID, secret); err != nil {
		return nil, err
	}
	mark := sha256.Sum256(secret)
	if err := t.ephemeral.Put(ctx, enrolKey(attemptID), mark[:], enrolLifetime); err != nil {
		return nil, fmt.Errorf("factor: enrol: %w", err)
	}
	return secret, nil
}

func (t *TOTP) enrolment(secret []byte, accountName string) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: t.issuer, AccountName: accountName, Secret: secret, Period: totpPeriod,
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("factor: enrolment: %w", err)
	}
	picture, err := qrcode.Encode(key.URL(), qrcode.Medium, qrPixels)
	if err != nil {
		return Enrolment{}, fmt.Errorf("factor: enrolment: %w", err)
	}
	return Enrolment{Secret: key.Secret(), URI: key.URL(), QR: picture}, nil
}

// Confirm makes the enrolled authenticator a factor, with its first code. It
// returns what Verify returns; ErrWrong, too, when nothing waits for
// confirmation.
func (t *TOTP) Confirm(ctx context.Context, g Guess, code string) error {
	return t.lock.try(ctx, g, func() error { return t.use(ctx, g.PersonID, code, false) })
}

// Verify checks a code of the person's authenticator and uses it up. It returns
// nil, ErrWrong (also for who has no authenticator, and for a code used
// before), or a *Locked.
func (t *TOTP) Verify(ctx context.Context, g Guess, code string) error {
	return t.lock.try(ctx, g, func() error { return t.use(ctx, g.PersonID, code, true) })
}

// use finds the step of the code and uses it up.
func (t *TOTP) use(ctx context.Context, personID, code string, confirmed bool) error {
	secret, is, err := t.directory.TOTP(ctx, personID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && is != confirmed {
		return ErrWrong
	}
	if err != nil {
		return err
	}
	step, ok := match(secret, code, t.now())
	if !ok {
		return ErrWrong
	}
	err = t.directory.UseTOTPStep(ctx, personID, step)
	switch {
	case errors.Is(err, storage.ErrUsed):
		return ErrWrong
	case err != nil || confirmed:
		return err
	}
	err = t.directory.ConfirmTOTP(ctx, personID)
	if errors.Is(err, storage.ErrNotFound) { // confirmed by somebody else meanwhile
		return ErrWrong
	}
	return err
}

// match compares the code with those of the steps around now, all of them every
// time.
func match(secret []byte, code string, now time.Time) (step int64, ok bool) {
	encoded := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	for _, skew := range totpSkew {
		candidate := now.Unix()/totpPeriod + skew
		want, err := hotp.GenerateCodeCustom(encoded, uint64(candidate), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && !ok {
			step, ok = candidate, true
		}
	}
	return step, ok
}
