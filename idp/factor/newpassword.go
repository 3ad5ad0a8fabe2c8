package factor

import (
	"context"
	"fmt"
	"time"

	"propusk/idp/directory"
)

// Set gives the person a new password. It returns directory.FieldErrors, field
// "password", for all that policy has against it (PasswordPolicy.Check), or with
// the code password_breached, password_same (it is the present one) or
// password_used (it is one of the last, directory.KeptPasswords of them); or a
// *Busy.
//
// That the person knows the present password, or has recovered, is for the
// caller to know; Change asks.
func (p *Passwords) Set(ctx context.Context, person directory.Person, password string, policy PasswordPolicy) error {
	hash, err := p.Prepare(ctx, person, password, policy)
	if err != nil {
		return err
	}
	return p.directory.SetPasswordHash(ctx, person.ID, hash)
}

// Prepare is Set without setting: the hash is for directory.SetPasswordHash, in
// a transaction that has no time for hashing. A person who is not made yet has
// no ID.
func (p *Passwords) Prepare(ctx context.Context, person directory.Person, password string, policy PasswordPolicy) (hash string, err error) {
	if err := policy.Check(person, password); err != nil {
		return "", err
	}
	prepared, _ := prepare(password)
	breached, err := p.breached.Contains(prepared)
	if err != nil {
		return "", err
	}
	if breached {
		return "", objection("password_breached")
	}
	if err := p.gate.enter(ctx); err != nil {
		return "", err
	}
	defer p.gate.exit()
	if err := p.fresh(ctx, person.ID, prepared); err != nil {
		return "", err
	}
	return p.derive.make(prepared, p.params).String(), nil
}

// Change is Set for a person who gives the present password too: it returns
// what Verify and Set return, and changes nothing unless both agree.
func (p *Passwords) Change(ctx context.Context, g Guess, person directory.Person, present, password string, policy PasswordPolicy) error {
	if err := policy.Check(person, password); err != nil {
		return err
	}
	g.PersonID = person.ID
	if err := p.Verify(ctx, g, present); err != nil {
		return err
	}
	return p.Set(ctx, person, password, policy)
}

// Compromised reports whether a password is on a list of breached ones, for
// those that were set before the list: whoever signs in with it should change
// it.
func (p *Passwords) Compromised(password string) (bool, error) {
	prepared, _ := prepare(password)
	if common(prepared) {
		return true, nil
	}
	return p.breached.Contains(prepared)
}

// fresh objects to a password that the person has, or has had.
func (p *Passwords) fresh(ctx context.Context, personID, prepared string) error {
	text, old, err := p.stored(ctx, personID)
	if err != nil {
		return err
	}
	if text != "" && p.derive.fits(prepared, old) {
		return objection("password_same")
	}
	history, err := p.directory.PasswordHistory(ctx, personID)
	if err != nil {
		return err
	}
	for _, text := range history {
		old, err := parseHash(text)
		if err != nil {
			return fmt.Errorf("%w: in the history of person %s", err, personID)
		}
		if p.derive.fits(prepared, old) {
			return objection("password_used")
		}
	}
	return nil
}

func objection(code string) error {
	return directory.FieldErrors{{Field: "password", Code: code}}
}

// Age is how long the person has had the present password;
// storage.ErrNotFound for who has none.
func (p *Passwords) Age(ctx context.Context, personID string) (time.Duration, error) {
	_, changed, err := p.directory.PasswordHash(ctx, personID)
	if err != nil {
		return 0, err
	}
	return p.now().Sub(changed.Time()), nil
}
