package factor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"propusk/idp/directory"
	"propusk/storage"
)

// maxPassword bounds what is hashed, in bytes.
const maxPassword = 512

// PasswordStore keeps the hashes; *directory.Directory.
type PasswordStore interface {
	PasswordHash(ctx context.Context, personID string) (hash string, changedAt storage.Time, err error)
	SetPasswordHash(ctx context.Context, personID, hash string) error
	UpgradePasswordHash(ctx context.Context, personID, old, upgraded string) error
}

// PasswordDeps is what Passwords stands on. Directory and Ephemeral are
// required, the rest has defaults.
type PasswordDeps struct {
	Directory   PasswordStore
	Ephemeral   storage.Ephemeral
	Params      Params // zero: 19 MiB, t=2, p=1
	Concurrency int    // hashes at a time; 0: one for each processor
	Lock        Policy
}

// Passwords verifies and sets passwords.
type Passwords struct {
	directory PasswordStore
	lock      *lock
	params    Params
	gate      *gate
	derive    derive
	nobody    passwordHash // what an unknown login is compared with
}

// NewPasswords returns the verifier, or an error that names what is missing.
func NewPasswords(deps PasswordDeps) (*Passwords, error) {
	if deps.Directory == nil || deps.Ephemeral == nil {
		return nil, errors.New("factor: passwords: Directory and Ephemeral are required")
	}
	params := deps.Params.withDefaults()
	return &Passwords{
		directory: deps.Directory,
		lock:      &lock{deps.Ephemeral, deps.Lock.withDefaults(), "password"},
		params:    params,
		gate:      newGate(deps.Concurrency),
		derive:    argon2id,
		nobody:    passwordHash{params: params, salt: make([]byte, saltLength), hash: make([]byte, hashLength)},
	}, nil
}

// Verify checks the password of the person, "" when the login is unknown. It
// returns nil, ErrWrong, ErrLocked, or a *Busy when too many are being checked.
//
// Whether the login is unknown, the password wrong, missing or too long, or the
// factor locked, exactly one hash is computed, and failures are counted alike:
// by person, and for unknown logins by the login's hash. Passwords are compared
// in Unicode NFC and otherwise exactly, case and spaces included.
func (p *Passwords) Verify(ctx context.Context, personID, login, password string) error {
	if err := p.gate.enter(ctx); err != nil {
		return err
	}
	defer p.gate.leave()
	a, err := p.lock.begin(ctx, subject(personID, login))
	if err != nil {
		return err
	}
	text, stored, err := p.stored(ctx, personID)
	if err != nil {
		return err
	}
	password, usable := prepare(password)
	fits := p.derive.fits(password, stored) && usable && text != ""
	switch {
	case a.refused:
		return ErrLocked
	case !fits:
		return a.failed(ctx)
	}
	if err := a.succeeded(ctx); err != nil {
		return err
	}
	return p.upgrade(ctx, personID, text, stored, password)
}

// subject is whose failures are counted. Logins are folded like the directory
// folds them, so that spelling one differently is not a new start.
func subject(personID, login string) string {
	if personID != "" {
		return "person/" + personID
	}
	folded := strings.ToLower(strings.TrimSpace(norm.NFKC.String(login)))
	sum := sha256.Sum256([]byte(folded))
	return "login/" + hex.EncodeToString(sum[:])
}

// stored reads the person's hash; text is "" for who has none, and the hash
// then that of nobody. The unknown login is looked up as well.
func (p *Passwords) stored(ctx context.Context, personID string) (text string, h passwordHash, err error) {
	text, _, err = p.directory.PasswordHash(ctx, personID)
	if errors.Is(err, storage.ErrNotFound) {
		return "", p.nobody, nil
	}
	if err != nil {
		return "", h, err
	}
	h, err = parseHash(text)
	if err != nil {
		return "", h, fmt.Errorf("%w: of person %s", err, personID)
	}
	return text, h, nil
}

// prepare brings a password to NFC, as keyboards differ in how they compose й.
// An oversized one is cut, and not usable.
func prepare(password string) (prepared string, usable bool) {
	if len(password) > maxPassword {
		return password[:maxPassword], false
	}
	return norm.NFC.String(password), password != ""
}

// upgrade hashes a password anew that was hashed with other parameters.
func (p *Passwords) upgrade(ctx context.Context, personID, text string, stored passwordHash, password string) error {
	if stored.params == p.params {
		return nil
	}
	return p.directory.UpgradePasswordHash(ctx, personID, text, p.derive.make(password, p.params).String())
}

// Set gives the person a new password. It returns directory.FieldErrors, field
// "password", for all that policy has against it, or a *Busy.
func (p *Passwords) Set(ctx context.Context, person directory.Person, password string, policy PasswordPolicy) error {
	if err := policy.Check(person, password); err != nil {
		return err
	}
	if err := p.gate.enter(ctx); err != nil {
		return err
	}
	defer p.gate.leave()
	text, old, err := p.stored(ctx, person.ID)
	if err != nil {
		return err
	}
	prepared, _ := prepare(password)
	if text != "" && p.derive.fits(prepared, old) {
		return directory.FieldErrors{{Field: "password", Code: "password_same"}}
	}
	return p.directory.SetPasswordHash(ctx, person.ID, p.derive.make(prepared, p.params).String())
}
