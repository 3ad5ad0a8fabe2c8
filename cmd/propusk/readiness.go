package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"propusk/storage"
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

// fillTimeout bounds what is asked of the short-lived state's server for a warning.
const fillTimeout = 300 * time.Millisecond

// warner is short-lived state that may be bounded wrongly; *storage.Redis is one.
type warner interface {
	Warning(ctx context.Context) string
}

// warning says what an operator should look at, "" when all is well.
func (h *house) warning() string {
	warnings := []string{h.trust.Warning(), stateWarning(context.Background(), h.volatile)}
	return strings.Join(slices.DeleteFunc(warnings, func(text string) bool { return text == "" }), "; ")
}

func stateWarning(ctx context.Context, state storage.Volatile) string {
	ctx, cancel := context.WithTimeout(ctx, fillTimeout)
	defer cancel()
	if bounded, ok := state.(warner); ok {
		return bounded.Warning(ctx)
	}
	return ""
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
