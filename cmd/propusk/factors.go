package main

import (
	"context"

	"propusk/idp/directory"
	"propusk/idp/factor"
)

// authenticatorName is what code generators show beside the account.
const authenticatorName = "Пропуск"

func (b *base) buildFactors() (err error) {
	policy := factor.Policy{Failures: b.cfg.Lock.Failures, First: b.cfg.Lock.First, Longest: b.cfg.Lock.Longest}
	locks, err := factor.NewLocks(factor.LockDeps{Directory: b.directory, Ephemeral: b.volatile, Now: b.now, Policy: policy})
	if err != nil {
		return err
	}
	b.passwords, err = factor.NewPasswords(factor.PasswordDeps{
		Directory: b.directory, Locks: locks, Now: b.now,
		Concurrency: b.cfg.Password.Concurrency,
		Params: factor.Params{
			Memory: uint32(b.cfg.Password.Memory), Time: uint32(b.cfg.Password.Time), Threads: uint8(b.cfg.Password.Parallelism),
		},
	})
	if err != nil {
		return err
	}
	b.totp, err = factor.NewTOTP(factor.TOTPDeps{
		Directory: b.directory, Ephemeral: b.volatile, Now: b.now, Issuer: authenticatorName, Locks: locks,
	})
	if err != nil {
		return err
	}
	b.codes, err = factor.NewCodes(factor.CodeDeps{
		Outbox: b.outbox, Ephemeral: b.volatile, Sealer: b.sealer, Now: b.now, Locks: locks,
	})
	return err
}

// setPassword sets a password by the rules for the person's roles: those who
// can change others' rights, and heads, need a longer one.
func (b *base) setPassword(ctx context.Context, p directory.Person, password string) error {
	memberships, err := b.directory.Memberships(ctx, p.ID)
	if err != nil {
		return err
	}
	policy := factor.PasswordPolicy{}
	for _, m := range memberships {
		policy.Forbidden = append(policy.Forbidden, m.INN)
		if m.Role == directory.Administrator || m.Role == directory.Head {
			policy.MinLength = factor.StrictPassword
		}
	}
	return b.passwords.Set(ctx, p, password, policy)
}
