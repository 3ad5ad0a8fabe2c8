package main

import (
	"context"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/passkey"
)

// authenticatorName is what code generators show beside the account.
const authenticatorName = "Пропуск"

func (b *base) buildFactors() error {
	policy := factor.Policy{Failures: b.cfg.Lock.Failures, Further: b.cfg.Lock.Further, First: b.cfg.Lock.First, Longest: b.cfg.Lock.Longest}
	var err error
	b.locks, err = factor.NewLocks(factor.LockDeps{Directory: b.directory, Ephemeral: b.volatile, Now: b.now, Policy: policy})
	if err != nil {
		return err
	}
	for _, build := range []func() error{b.buildKnowledge, b.buildCodes, b.buildDevices} {
		if err := build(); err != nil {
			return err
		}
	}
	return nil
}

// buildKnowledge makes what a person knows: password and PIN.
func (b *base) buildKnowledge() (err error) {
	var breached *factor.HashList
	if path := b.cfg.Password.Breached; path != "" {
		if breached, err = factor.OpenHashList(path); err != nil {
			return err
		}
	}
	b.passwords, err = factor.NewPasswords(factor.PasswordDeps{
		Directory: b.directory, Locks: b.locks, Now: b.now,
		Concurrency: b.cfg.Password.Concurrency, Breached: breached, Apart: b.apart,
		Params: factor.Params{
			Memory: uint32(b.cfg.Password.Memory), Time: uint32(b.cfg.Password.Time), Threads: uint8(b.cfg.Password.Parallelism),
		},
	})
	if err != nil {
		return err
	}
	b.pins, err = factor.NewPINs(factor.PINDeps{Directory: b.directory, Passwords: b.passwords, Sealer: b.sealer})
	return err
}

// buildCodes makes what a person is sent, reads off, or has on paper.
func (b *base) buildCodes() (err error) {
	b.totp, err = factor.NewTOTP(factor.TOTPDeps{
		Directory: b.directory, Ephemeral: b.volatile, Now: b.now, Issuer: authenticatorName, Locks: b.locks,
	})
	if err != nil {
		return err
	}
	b.codes, err = factor.NewCodes(factor.CodeDeps{
		Outbox: b.outbox, Ephemeral: b.volatile, Sealer: b.sealer, Now: b.now, Locks: b.locks,
	})
	if err != nil {
		return err
	}
	b.recoveryCodes, err = factor.NewRecoveryCodes(factor.RecoveryDeps{Directory: b.directory, Sealer: b.sealer, Locks: b.locks})
	return err
}

// buildDevices makes what a person holds: browsers that are known again, and
// passkeys.
func (b *base) buildDevices() (err error) {
	b.devices, err = factor.NewDevices(factor.DeviceDeps{Directory: b.directory, Now: b.now, TrustFor: b.cfg.SignIn.TrustedDevice})
	if err != nil {
		return err
	}
	b.passkeys, err = passkey.New(passkey.Deps{
		Store: b.directory, Ephemeral: b.volatile, Issuer: b.cfg.Issuer, Name: authenticatorName,
		Policy: passkey.Policy{
			Attestation: b.cfg.Passkeys.Attestation, DeviceBound: b.cfg.Passkeys.DeviceBound,
			Permitted: b.cfg.Passkeys.Permitted, Prohibited: b.cfg.Passkeys.Prohibited,
		},
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
