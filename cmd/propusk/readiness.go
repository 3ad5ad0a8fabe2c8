package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// staleAfter is the age of the revocation list above which this node should get
// no requests: it may let a removed member in. It is read every two seconds.
const staleAfter = 10 * time.Second

func (h *house) checks() []check {
	return []check{
		{"database", h.telling("database", "does not answer", h.db.Ping)},
		{"short-lived state", h.telling("short-lived state", "does not answer", h.volatile.Ping)},
		{"revocations", func(context.Context) error {
			if age := h.revoked.Fresh(); age > staleAfter {
				return fmt.Errorf("last read %s ago", age.Round(time.Second))
			}
			return nil
		}},
		{"signing keys", func(context.Context) error {
			if _, err := h.keys.Signing(""); err != nil {
				return errors.New("no key signs")
			}
			return nil
		}},
		{"signature trust", func(context.Context) error { return h.trust.Ready() }},
	}
}

// telling logs the cause of a failed check, which may name hosts, and answers
// with what is fit for anybody.
func (h *house) telling(name, reason string, ask func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		h.log.WarnContext(ctx, "not ready", "check", name, "error", err)
		return errors.New(reason)
	}
}
