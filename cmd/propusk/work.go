package main

import (
	"context"
	"fmt"
	"time"
)

// start loads what must be in memory before the first request and begins the
// work that runs by itself.
func (h *house) start(ctx context.Context) error {
	if err := h.revoked.Start(ctx); err != nil {
		return err
	}
	h.jobs.Every("sessions/sweep", 5*time.Minute, h.idp.Sweep)
	h.jobs.Every("keys/rotate", 10*time.Minute, h.keys.RotateDue)
	h.jobs.Every("grants/purge", time.Hour, h.provider.Purge)
	h.jobs.Every("trust/refresh", time.Minute, h.trust.Refresh)
	h.jobs.Every("certificates/watch", 24*time.Hour, h.certificates.Watch)
	h.jobs.Every("accounts/close", 30*time.Minute, h.account.Sweep)
	h.jobs.Every("cabinet/sweep", time.Hour, h.cabinet.Sweep)
	for _, begin := range h.starts {
		if err := begin(ctx); err != nil {
			return err
		}
	}
	return h.jobs.Start(ctx)
}

// stop finishes what the jobs began, within the patience of the configuration.
func (h *house) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.HTTP.ShutdownTimeout)
	defer cancel()
	for _, end := range h.stops {
		end()
	}
	if err := h.jobs.Stop(ctx); err != nil {
		return fmt.Errorf("jobs were cut: %w", err)
	}
	return nil
}
