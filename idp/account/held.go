package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"propusk/idp/directory"
	"propusk/idp/factor/passkey"
	"propusk/storage"
)

// held is what a person can prove who he is by. What is locked, expired or
// revoked is not among it.
type held struct {
	passwordAt   storage.Time // 0 = no password
	totp         bool
	phone, email bool // verified
	passkeys     []passkey.Credential
	certificates []directory.Certificate
}

func (s *Server) held(ctx context.Context, p directory.Person) (h held, err error) {
	_, h.passwordAt, err = s.deps.Directory.PasswordHash(ctx, p.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return held{}, fmt.Errorf("look for password: %w", err)
	}
	_, h.totp, err = s.deps.Directory.TOTP(ctx, p.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return held{}, fmt.Errorf("look for authenticator: %w", err)
	}
	h.phone, h.email = p.Phone != "" && p.PhoneVerified, p.Email != "" && p.EmailVerified
	if h.passkeys, err = s.deps.Passkeys.List(ctx, p.ID); err != nil {
		return held{}, fmt.Errorf("look for passkeys: %w", err)
	}
	h.passkeys = slices.DeleteFunc(h.passkeys, func(key passkey.Credential) bool { return key.LockedAt != 0 })
	if h.certificates, err = s.deps.Directory.Certificates(ctx, p.ID); err != nil {
		return held{}, fmt.Errorf("look for certificates: %w", err)
	}
	h.certificates = slices.DeleteFunc(h.certificates, func(c directory.Certificate) bool { return c.RevokedAt != 0 || c.NotAfter <= s.now() })
	return h, nil
}

// without is what is left when the passkey or certificate with the id is gone.
func (h held) without(id string) held {
	h.passkeys = slices.DeleteFunc(slices.Clone(h.passkeys), func(key passkey.Credential) bool { return key.ID == id })
	h.certificates = slices.DeleteFunc(slices.Clone(h.certificates), func(c directory.Certificate) bool { return c.ID == id })
	return h
}

// opens reports whether something is left that alone says who somebody is.
func (h held) opens() bool {
	return h.passwordAt != 0 || len(h.passkeys) > 0 || len(h.certificates) > 0
}

// seconds reports whether the password has a second factor beside the
// authenticator.
func (h held) seconds() bool {
	return h.phone || h.email || len(h.passkeys) > 0 || len(h.certificates) > 0
}

// Why something is not taken away.
var (
	errLastWay    = errors.New("account: nothing else says who it is")
	errLastSecond = errors.New("account: the only second factor")
)

// leaving takes something away unless the person could not do without it; enough tells
// whether he can, and lacks is the refusal. Two tabs that take two things away at once do
// so one after the other: each is judged by what the other has left.
func (s *Server) leaving(ctx context.Context, v *visit, enough func(held) bool, lacks error, remove func(ctx context.Context) error) error {
	if err := s.deps.Directory.LockPerson(ctx, v.Person.ID); err != nil {
		return err
	}
	held, err := s.held(ctx, v.Person)
	if err != nil {
		return err
	}
	if !enough(held) {
		return lacks
	}
	return remove(ctx)
}
