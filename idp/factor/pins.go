package factor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
)

// PINStore keeps the hashes and counts the tries; *directory.Directory.
type PINStore interface {
	PINSet(ctx context.Context, personID, organisationID string) (bool, error)
	AddPIN(ctx context.Context, personID, organisationID, hash string) error
	ReplacePIN(ctx context.Context, personID, organisationID, hash string) error
	ResetPIN(ctx context.Context, actor directory.Actor, personID, organisationID string) error
	TryPIN(ctx context.Context, personID, organisationID string) (hash string, left int, err error)
	PINFits(ctx context.Context, personID, organisationID string) error
	RecordLock(ctx context.Context, l directory.FactorLock) error
}

// PINDeps is what PINs stands on; all of it is required.
type PINDeps struct {
	Directory PINStore
	Passwords *Passwords      // whose places for hashing PINs share
	Sealer    *storage.Sealer // for the pepper
}

// PINs are four digits that open an organisation's cabinet to somebody who is
// signed in. They are no factor of the sign-in: they keep out who finds the
// screen unlocked.
//
// Ten thousand PINs are tried in no time by whoever has the hash; so what is
// hashed is not the PIN but its HMAC under a key of the master key.
type PINs struct {
	directory PINStore
	passwords *Passwords
	pepper    []byte
}

// NewPINs returns the verifier, or an error that names what is missing.
func NewPINs(deps PINDeps) (*PINs, error) {
	if deps.Directory == nil || deps.Passwords == nil || deps.Sealer == nil {
		return nil, errors.New("factor: pins: Directory, Passwords and Sealer are required")
	}
	return &PINs{deps.Directory, deps.Passwords, deps.Sealer.Key("pin pepper")}, nil
}

// WrongPIN is ErrWrong with how many tries are left.
type WrongPIN struct{ Left int }

func (w *WrongPIN) Error() string { return fmt.Sprintf("%v: %d tries left", ErrWrong, w.Left) }

// Unwrap shows ErrWrong.
func (w *WrongPIN) Unwrap() error { return ErrWrong }

// Isset reports whether the person has a PIN for the organisation.
func (p *PINs) Isset(ctx context.Context, personID, organisationID string) (bool, error) {
	return p.directory.PINSet(ctx, personID, organisationID)
}

// Set gives the person a first PIN for the organisation. It returns
// directory.FieldErrors, field "pin": pin_digits (not four digits), pin_trivial
// (one key, a run, a pair twice, a year), pin_personal (the end of the phone
// number); storage.ErrExists when there is a PIN; or a *Busy.
func (p *PINs) Set(ctx context.Context, person directory.Person, organisationID, pin string) error {
	return p.store(ctx, person, organisationID, pin, p.directory.AddPIN)
}

// Replace is Set for who has recovered: whatever PIN there was, and its lock,
// are gone.
func (p *PINs) Replace(ctx context.Context, person directory.Person, organisationID, pin string) error {
	return p.store(ctx, person, organisationID, pin, p.directory.ReplacePIN)
}

// Change is Replace for who gives the present PIN; also the errors of Verify.
func (p *PINs) Change(ctx context.Context, person directory.Person, organisationID, present, pin string) error {
	if err := checkPIN(person, pin); err != nil {
		return err
	}
	if err := p.Verify(ctx, person.ID, organisationID, present); err != nil {
		return err
	}
	return p.Replace(ctx, person, organisationID, pin)
}

// Reset removes the PIN; the next entry asks for a new one. The errors of
// directory.ResetPIN.
func (p *PINs) Reset(ctx context.Context, actor directory.Actor, personID, organisationID string) error {
	return p.directory.ResetPIN(ctx, actor, personID, organisationID)
}

func (p *PINs) store(ctx context.Context, person directory.Person, organisationID, pin string,
	keep func(ctx context.Context, personID, organisationID, hash string) error,
) error {
	hash, err := p.Prepare(ctx, person, organisationID, pin)
	if err != nil {
		return err
	}
	return keep(ctx, person.ID, organisationID, hash)
}

// Prepare is Replace without replacing: the hash is for directory.ReplacePIN, in
// a transaction that has no time for hashing.
func (p *PINs) Prepare(ctx context.Context, person directory.Person, organisationID, pin string) (hash string, err error) {
	if err := checkPIN(person, pin); err != nil {
		return "", err
	}
	if err := p.passwords.gate.enter(ctx); err != nil {
		return "", err
	}
	defer p.passwords.gate.exit()
	return p.passwords.derive.make(p.peppered(person.ID, organisationID, pin), p.passwords.params).String(), nil
}

// Verify checks a PIN. It returns nil, a *WrongPIN, ErrWrong when none is set, a
// *Locked from the third wrong one in a row until a recovery, or a *Busy. A try
// is counted before it is looked at.
func (p *PINs) Verify(ctx context.Context, personID, organisationID, pin string) error {
	if err := p.passwords.gate.enter(ctx); err != nil {
		return err
	}
	defer p.passwords.gate.exit()
	text, left, err := p.directory.TryPIN(ctx, personID, organisationID)
	switch {
	case errors.Is(err, storage.ErrUsed):
		return p.locked(ctx, personID, organisationID)
	case errors.Is(err, storage.ErrNotFound):
		return ErrWrong
	case err != nil:
		return err
	}
	stored, err := parseHash(text)
	if err != nil {
		return fmt.Errorf("%w: PIN of person %s", err, personID)
	}
	if p.passwords.derive.fits(p.peppered(personID, organisationID, pin), stored) {
		return p.directory.PINFits(ctx, personID, organisationID)
	}
	if left > 0 {
		return &WrongPIN{Left: left}
	}
	return p.locked(context.WithoutCancel(ctx), personID, organisationID)
}

// locked records the lock, once, and tells it.
func (p *PINs) locked(ctx context.Context, personID, organisationID string) error {
	l := directory.FactorLock{PersonID: personID, Factor: "pin", Scope: organisationID, Reason: directory.LockedByFailures}
	if err := p.directory.RecordLock(ctx, l); err != nil {
		return err
	}
	return &Locked{Reason: l.Reason}
}

func (p *PINs) peppered(personID, organisationID, pin string) string {
	h := hmac.New(sha256.New, p.pepper)
	fmt.Fprintf(h, "%d:%s,%d:%s,%d:%s", len(personID), personID, len(organisationID), organisationID, len(pin), pin)
	return hex.EncodeToString(h.Sum(nil))
}

const pinDigits = 4

// checkPIN objects to what anybody would try first.
func checkPIN(person directory.Person, pin string) error {
	code := ""
	switch {
	case len(pin) != pinDigits || strings.Trim(pin, "0123456789") != "":
		code = "pin_digits"
	case trivialPIN(pin):
		code = "pin_trivial"
	case person.Phone != "" && strings.HasSuffix(person.Phone, pin):
		code = "pin_personal"
	default:
		return nil
	}
	return directory.FieldErrors{{Field: "pin", Code: code}}
}

// trivialPIN finds runs of one step (1111, 1234, 8642), a pair twice (1212),
// halves of one key (1122), and years in which people are born.
func trivialPIN(pin string) bool {
	run := pin[1]-pin[0] == pin[2]-pin[1] && pin[2]-pin[1] == pin[3]-pin[2]
	pairs := pin[:2] == pin[2:] || pin[0] == pin[1] && pin[2] == pin[3]
	return run || pairs || pin >= "1930" && pin <= "2029"
}
