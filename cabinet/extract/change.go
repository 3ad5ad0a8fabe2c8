package extract

import (
	"context"
	"fmt"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// Cancel gives up an order that is not ready. What is being made for it is thrown
// away; what an authority answers later is not looked at. version, when not 0, must
// be the order's present one.
func (x *Extracts) Cancel(ctx context.Context, actor directory.Actor, organisationID, id string, version int64) (Extract, error) {
	return x.change(ctx, actor, organisationID, id, version, "extract.cancelled", func(e *Extract) error {
		if !e.Status.May(Cancelled) {
			return ErrState
		}
		e.Status = Cancelled
		return nil
	})
}

// Retry has a failed order made anew, with the same data.
func (x *Extracts) Retry(ctx context.Context, actor directory.Actor, organisationID, id string, version int64) (Extract, error) {
	return x.change(ctx, actor, organisationID, id, version, "extract.retried", func(e *Extract) error {
		if e.Status != Failed || !failures[e.Failure.V.Code].retry {
			return ErrState
		}
		e.Failure.V = Failure{}
		e.Status, e.Stage = Making, StageQueued
		if e.kind().source == fromAuthority && len(e.Answer.V.Fields) == 0 {
			e.Status, e.Stage, e.Submission = Requested, StageAsked, storage.NewID()
		}
		return nil
	})
}

// change reads the order, lets alter change it, and stores it as the next version
// with an entry in the journal; an order that is open then is worked on.
func (x *Extracts) change(ctx context.Context, actor directory.Actor, organisationID, id string, version int64, action string,
	alter func(*Extract) error) (e Extract, err error) {
	err = x.DB.Tx(ctx, func(ctx context.Context) error {
		if e, err = x.Get(ctx, organisationID, id); err != nil {
			return err
		}
		if _, err := x.authorise(ctx, actor, organisationID, e.Kind); err != nil {
			return err
		}
		if version != 0 && version != e.Version {
			return ErrStale
		}
		before := e.Status
		if err := alter(&e); err != nil {
			return err
		}
		if err := x.store(ctx, &e); err != nil {
			return err
		}
		if err := x.note(ctx, actor, e, action, map[string]string{"before": string(before), "after": string(e.Status)}); err != nil {
			return err
		}
		if e.Status.Open() {
			return x.begin(ctx, e)
		}
		return nil
	})
	return e, err
}

// store writes what can change, as the next version; ErrStale when somebody was
// faster.
func (x *Extracts) store(ctx context.Context, e *Extract) error {
	read := e.Version
	e.Version, e.UpdatedAt = read+1, x.now()
	n, err := x.DB.Exec(ctx, `UPDATE extracts SET status = $1, stage = $2, answer = $3, failure = $4, submission_id = $5, files = $6,
		email = $7, ready_at = $8, valid_until = $9, updated_at = $10, version = $11 WHERE id = $12 AND version = $13`,
		e.Status, e.Stage, e.Answer, e.Failure, e.Submission, e.Files, e.Email, e.ReadyAt, e.ValidUntil, e.UpdatedAt, e.Version, e.ID, read)
	if err != nil {
		return fmt.Errorf("extract: store: %w", err)
	}
	if n == 0 {
		return ErrStale
	}
	return nil
}

// note writes the journal of the organisation.
func (x *Extracts) note(ctx context.Context, actor directory.Actor, e Extract, action string, details map[string]string) error {
	details["kind"], details["number"] = e.Kind, e.Number
	details["by"] = e.Authority.V.By
	if power := e.Authority.V.PowerNumber; power != "" {
		details["power"] = power
	}
	return x.Journal.Append(ctx, journal.Entry{
		Organisation: e.OrganisationID, Actor: actor.PersonID, Client: actor.ClientID, Action: action,
		Object: "extract:" + e.ID, Outcome: "ok", Details: details,
	})
}

// fail ends an order for a reason in words, in the transaction of ctx, and tells who
// is to know.
func (x *Extracts) fail(ctx context.Context, e Extract, code string, args map[string]string) error {
	if !e.Status.May(Failed) {
		return nil
	}
	e.Status, e.Failure.V = Failed, Failure{code, args}
	return x.DB.Tx(ctx, func(ctx context.Context) error {
		if err := x.store(ctx, &e); err != nil {
			return err
		}
		if err := x.note(ctx, directory.Actor{}, e, "extract.failed", map[string]string{"reason": code}); err != nil {
			return err
		}
		return x.Notices.Tell(ctx, e.failedEvent())
	})
}
