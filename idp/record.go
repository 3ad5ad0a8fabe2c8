package idp

import (
	"context"
	"errors"
	"fmt"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/factor"
	"propusk/idp/session"
	"propusk/storage/journal"
)

// How a proof or a decision came out, in the journal and in metrics.
const (
	outcomeAccepted = "accepted"
	outcomeWrong    = "wrong"
	outcomeUnknown  = "unknown" // a login that names nobody
	outcomeLocked   = "locked"
	outcomeBlocked  = "blocked" // the right password of a person who may not sign in
	outcomeBusy     = "busy"    // nothing was verified
	outcomeRefused  = "refused"
	outcomeFailed   = "failed" // the server could not tell
)

// outcomeOf names what a verifier of idp/factor returned.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return outcomeAccepted
	case errors.Is(err, factor.ErrLocked):
		return outcomeLocked
	case errors.Is(err, factor.ErrWrong):
		return outcomeWrong
	case errors.Is(err, factor.ErrBusy):
		return outcomeBusy
	default:
		return outcomeFailed
	}
}

// recordProof counts a proof that was offered, writes it to the system's
// chain, and charges a failed one to the address. A login as it was typed is
// not written: people type passwords there.
func (s *Server) recordProof(c echo.Context, t *turn, personID string, f session.Factor, outcome string) error {
	ctx := c.Request().Context()
	s.metrics.signIns.WithLabelValues(string(f), outcome).Inc()
	if outcome == outcomeBusy || outcome == outcomeFailed {
		return nil
	}
	if outcome != outcomeAccepted {
		if err := s.signIns.Fail(ctx, browser.Address(c.Request())); err != nil {
			return err
		}
	}
	return s.append(ctx, journal.Entry{
		Actor: personID, Client: t.Request.ClientID,
		Action: "signin." + string(f), Object: personID, Outcome: outcome,
	}, "")
}

// record writes a decision of the turn's person to the system's chain, and to
// that of the organisation he acts for.
func (s *Server) record(ctx context.Context, t *turn, action, outcome string) error {
	entry := journal.Entry{Actor: t.person.ID, Client: t.Request.ClientID, Action: action, Object: t.Request.ClientID, Outcome: outcome}
	return s.append(ctx, entry, t.organisationID())
}

// append writes entry to the system's chain and to the organisation's, "" = to
// the system's alone, both or neither.
func (s *Server) append(ctx context.Context, entry journal.Entry, organisationID string) error {
	return s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.deps.Journal.Append(ctx, entry); err != nil {
			return fmt.Errorf("record %s: %w", entry.Action, err)
		}
		if organisationID == "" {
			return nil
		}
		entry := entry
		entry.Organisation = organisationID
		if err := s.deps.Journal.Append(ctx, entry); err != nil {
			return fmt.Errorf("record %s for organisation: %w", entry.Action, err)
		}
		return nil
	})
}
