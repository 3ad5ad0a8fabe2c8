package factor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/text/unicode/norm"

	"propusk/storage"
)

// maxPassword bounds what is hashed, in bytes.
const maxPassword = 512

// PasswordStore keeps the hashes; *directory.Directory.
type PasswordStore interface {
	PasswordHash(ctx context.Context, personID string) (hash string, changedAt storage.Time, err error)
	SetPasswordHash(ctx context.Context, personID, hash string) error
	UpgradePasswordHash(ctx context.Context, personID, old, upgraded string) error
	PasswordHistory(ctx context.Context, personID string) (hashes []string, err error)
}

// PasswordDeps is what Passwords stands on. Directory, Locks and Now are
// required, the rest has defaults.
type PasswordDeps struct {
	Directory   PasswordStore
	Locks       *Locks
	Now         func() time.Time
	Params      Params    // zero: 19 MiB, t=2, p=1
	Concurrency int       // hashes at a time; 0: one for each processor
	Breached    *HashList // beside the list that is built in; nil: none
	Apart       *Apart    // where hashes are computed; nil: here
}

// Passwords verifies and sets passwords.
type Passwords struct {
	directory PasswordStore
	lock      *lock
	now       func() time.Time
	breached  *HashList
	params    Params
	gate      *gate
	derive    derive
	nobody    passwordHash // what an unknown login is compared with
}

// NewPasswords returns the verifier, or an error that names what is missing.
func NewPasswords(deps PasswordDeps) (*Passwords, error) {
	if deps.Directory == nil || deps.Locks == nil || deps.Now == nil {
		return nil, errors.New("factor: passwords: Directory, Locks and Now are required")
	}
	params := deps.Params.withDefaults()
	hash := derive(argon2id)
	if deps.Apart != nil {
		hash = deps.Apart.derive
	}
	return &Passwords{
		directory: deps.Directory,
		lock:      deps.Locks.of("password"),
		now:       deps.Now,
		breached:  deps.Breached,
		params:    params,
		gate:      newGate(deps.Concurrency),
		derive:    hash,
		nobody:    passwordHash{params: params, salt: make([]byte, saltLength), hash: make([]byte, hashLength)},
	}, nil
}

// Admission is leave to verify one password, given before anything was read for it.
type Admission struct{ passwords *Passwords }

// Admit returns *Busy when Verify would, without looking at anything: what must be
// read before a password can be verified may then stay unread. However many come at
// once, no more are admitted than can wait for their turn. Whoever was admitted must
// Leave.
func (p *Passwords) Admit() (Admission, error) { return Admission{p}, p.gate.admit() }

// Leave gives the admission back.
func (a Admission) Leave() { a.passwords.gate.leave() }

// Verify is Passwords.Verify for who was admitted.
func (a Admission) Verify(ctx context.Context, g Guess, password string) error {
	p := a.passwords
	if err := p.gate.place(ctx); err != nil {
		return err
	}
	defer p.gate.free()
	return p.verify(ctx, g, password)
}

// Verify checks a password. It returns nil, ErrWrong, a *Locked, or a *Busy when
// too many are being checked.
//
// Whether the login is unknown, the password wrong, missing or too long, or the
// factor locked, exactly one hash is computed, and failures are counted alike:
// by person and known device, and for unknown logins by the login's hash.
// Passwords are compared in Unicode NFC and otherwise exactly, case and spaces
// included.
func (p *Passwords) Verify(ctx context.Context, g Guess, password string) error {
	if err := p.gate.enter(ctx); err != nil {
		return err
	}
	defer p.gate.exit()
	return p.verify(ctx, g, password)
}

func (p *Passwords) verify(ctx context.Context, g Guess, password string) error {
	a, err := p.lock.begin(ctx, g)
	if err != nil {
		return err
	}
	text, stored, err := p.stored(ctx, g.PersonID)
	if err != nil {
		return err
	}
	prepared, usable := prepare(password)
	if !p.derive.fits(prepared, stored) || !usable || text == "" {
		return a.finish(ctx, ErrWrong)
	}
	if err := a.finish(ctx, nil); err != nil {
		return err
	}
	return p.upgrade(ctx, g.PersonID, text, stored, prepared)
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
