package main

import (
	"context"

	"propusk/idp/recovery"
	"propusk/idp/registration"
)

// openEntrance builds the rooms by which people come in, and come back in.
func (h *house) openEntrance(context.Context) (err error) {
	h.registration, err = registration.New(registration.Deps{
		DB: h.db, Ephemeral: h.volatile, Directory: h.directory, Passwords: h.passwords, Codes: h.codes,
		Jobs: h.jobs, Pages: h.pages, Issuer: h.cfg.Issuer, Now: h.now, Log: h.log, Metrics: h.metrics,
	})
	if err != nil {
		return err
	}
	h.recovery, err = recovery.New(recovery.Deps{
		DB: h.db, Ephemeral: h.volatile, Directory: h.directory, Sessions: h.sessions, Grants: h.provider,
		Passwords: h.passwords, TOTP: h.totp, Codes: h.codes, RecoveryCodes: h.recoveryCodes, PINs: h.pins, Locks: h.locks,
		Journal: h.journal, Jobs: h.jobs, Pages: h.pages, Issuer: h.cfg.Issuer, Now: h.now, Log: h.log, Metrics: h.metrics,
	})
	return err
}
