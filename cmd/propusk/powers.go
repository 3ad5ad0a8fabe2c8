package main

import (
	"context"
	"time"

	"propusk/cabinet/power"
)

// openPowers opens the room of powers of attorney, and has their ends noted, people
// reminded, and signatures that could not be judged looked at again. A power stops
// working at its last moment whether or not the clock has run.
func (h *house) openPowers(context.Context) (err error) {
	h.powers, err = power.New(power.Deps{
		DB: h.db, Directory: h.directory, Files: h.files, Verifier: h.trust.Verifier(), Sealer: h.sealer,
		Tell: h.notices.Tell, Now: h.now, Log: h.log,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, h.powers.Room())
	h.jobs.Every("powers/expire", time.Minute, h.powers.Expire)
	h.jobs.Every("powers/remind", time.Hour, h.powers.Remind)
	h.jobs.Every("powers/recheck", 15*time.Minute, h.powers.Recheck)
	return nil
}
