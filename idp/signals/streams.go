package signals

import (
	"context"
	"fmt"
	"net/url"

	"propusk/storage"
	"propusk/storage/journal"
)

// create makes a stream (SSF §8.1.1.1). errTooMany.
func (s *Signals) create(ctx context.Context, r Receiver, c configuration) (*stream, error) {
	st := &stream{ID: storage.NewID(), ClientID: r.ClientID, OrganisationID: r.OrganisationID, Status: enabled, CreatedAt: s.now()}
	c.complete()
	s.apply(st, c)
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.Clients.Hold(ctx, r.ClientID); err != nil { // of racers none counts what another is about to make
			return fmt.Errorf("signals: %w", err)
		}
		var have int64
		if err := s.DB.Get(ctx, &have, `SELECT COUNT(*) FROM signal_streams WHERE client_id = $1`, r.ClientID); err != nil {
			return fmt.Errorf("signals: count streams: %w", err)
		}
		if have >= maxStreams {
			return errTooMany
		}
		if err := s.insert(ctx, st); err != nil {
			return err
		}
		return s.record(ctx, st, "created", st.details())
	})
	if err != nil {
		return nil, err
	}
	return st, nil
}

func (st *stream) details() map[string]string {
	details := map[string]string{"delivery_method": st.Method, "events": fmt.Sprint(len(delivered(st.Events.V)))}
	if endpoint, err := url.Parse(st.Endpoint); err == nil && st.Endpoint != "" {
		details["host"] = endpoint.Host // the path and the query of an address may be a secret
	}
	return details
}

// apply puts what a configuration says into the stream. What is nil stays.
func (s *Signals) apply(st *stream, c configuration) {
	if c.Events != nil {
		st.Events.V = *c.Events
	}
	if c.Description != nil {
		st.Description = *c.Description
	}
	if c.Delivery == nil {
		return
	}
	// The header of before goes to no other address: it is that one's secret.
	same := st.Method == c.Delivery.Method && st.Endpoint == c.Delivery.Endpoint
	st.Method, st.Endpoint = c.Delivery.Method, c.Delivery.Endpoint
	switch header := c.Delivery.Authorization; {
	case header != nil && *header != "":
		st.Sealed = s.Sealer.Seal([]byte(*header), st.sealContext())
	case header != nil || !same:
		st.Sealed = nil
	}
}

// change updates (PATCH, SSF §8.1.1.3) or, with a complete configuration, replaces
// (PUT, §8.1.1.4) a stream.
func (s *Signals) change(ctx context.Context, r Receiver, id string, c configuration) (*stream, error) {
	var st *stream
	err := s.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if st, err = s.lock(ctx, r.ClientID, id); err != nil {
			return err
		}
		moved := c.Delivery != nil && (st.Method != c.Delivery.Method || st.Endpoint != c.Delivery.Endpoint)
		if moved {
			st.Failures, st.FailingSince = 0, 0 // the new address has not failed
		}
		st.OrganisationID = r.OrganisationID
		s.apply(st, c)
		if err := s.update(ctx, st); err != nil {
			return err
		}
		if moved {
			if err := s.wake(ctx, st); err != nil {
				return err
			}
		}
		return s.record(ctx, st, "updated", st.details())
	})
	return st, err
}

// remove deletes a stream with what waits in it (SSF §8.1.1.5).
func (s *Signals) remove(ctx context.Context, r Receiver, id string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		st, err := s.lock(ctx, r.ClientID, id)
		if err != nil {
			return err
		}
		if err := s.drop(ctx, st); err != nil {
			return err
		}
		return s.record(ctx, st, "deleted", nil)
	})
}

func (s *Signals) drop(ctx context.Context, st *stream) error {
	for _, query := range []string{
		`DELETE FROM signal_events WHERE stream_id = $1`,
		`DELETE FROM signal_subjects WHERE stream_id = $1`,
		`DELETE FROM signal_streams WHERE id = $1`,
	} {
		if _, err := s.DB.Exec(ctx, query, st.ID); err != nil {
			return fmt.Errorf("signals: delete a stream: %w", err)
		}
	}
	return nil
}

// forget deletes the streams of a client that is no more.
func (s *Signals) forget(ctx context.Context, clientID string) error {
	list, err := s.streams(ctx, clientID)
	for i := range list {
		if err == nil {
			err = s.drop(ctx, &list[i])
		}
	}
	return err
}

// setStatus is the receiver's wish (SSF §8.1.2.2). A stream that it enables again
// after we had stopped it is told so, as the first thing.
func (s *Signals) setStatus(ctx context.Context, r Receiver, id, status, reason string) (*stream, error) {
	var st *stream
	err := s.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if st, err = s.lock(ctx, r.ClientID, id); err != nil || st.Status == status {
			return err
		}
		if status == disabled {
			if err := s.discard(ctx, st); err != nil {
				return err
			}
		}
		if status == enabled {
			st.Failures, st.FailingSince = 0, 0
		}
		st.Status, st.Reason, st.OrganisationID = status, reason, r.OrganisationID
		if err := s.update(ctx, st); err != nil {
			return err
		}
		if err := s.wake(ctx, st); err != nil {
			return err
		}
		return s.record(ctx, st, "status_changed", map[string]string{"status": status, "reason": reason, "by": "receiver"})
	})
	return st, err
}

// stop pauses or disables a stream of our own accord: it fails, or nobody takes
// what is in it. The stream is told, where it still can be: when it goes on (SSF
// §8.1.5). The caller holds the stream's row.
func (s *Signals) stop(ctx context.Context, st *stream, status, reason string) error {
	if status == disabled {
		if err := s.discard(ctx, st); err != nil {
			return err
		}
	}
	st.Status, st.Reason = status, reason
	if err := s.update(ctx, st); err != nil {
		return err
	}
	s.metrics.stopped(status, reason)
	s.Log.WarnContext(ctx, "an event stream was stopped", "stream", st.ID, "client", st.ClientID, "status", status, "reason", reason)
	if status == paused {
		e := event{kind: StreamUpdated, about: map[string]any{"status": status, "reason": reason}}
		if err := s.queue(ctx, st.ID, s.ownSet(st, e)); err != nil {
			return err
		}
	}
	// Whose request it was that filled the stream is nothing to the receiver's journal.
	ctx = journal.With(ctx, journal.Circumstances{})
	return s.record(ctx, st, "status_changed", map[string]string{"status": status, "reason": reason, "by": "transmitter"})
}

// discard drops what waits in a stream: a disabled one holds nothing (SSF
// §8.1.2.1).
func (s *Signals) discard(ctx context.Context, st *stream) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM signal_events WHERE stream_id = $1`, st.ID)
	if err == nil {
		_, err = s.DB.Exec(ctx, `UPDATE signal_streams SET waiting = 0 WHERE id = $1`, st.ID)
	}
	if err != nil {
		return fmt.Errorf("signals: drop what waits: %w", err)
	}
	st.Waiting = 0
	return nil
}

// ownSet is an event about the stream itself.
func (s *Signals) ownSet(st *stream, e event) set {
	made := s.set(e, st.ClientID, "", "", s.now())
	made.Subject = opaque(st.ID)
	return made
}

// verify sends a verification event (SSF §8.1.4.2). errTooOften, errIsDisabled.
func (s *Signals) verify(ctx context.Context, r Receiver, id, state string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		st, err := s.lock(ctx, r.ClientID, id)
		switch {
		case err != nil:
			return err
		case st.Status == disabled:
			return errIsDisabled
		case st.VerifiedAt != 0 && s.now().Sub(st.VerifiedAt).Seconds() < verificationInterval:
			return errTooOften
		}
		if _, err := s.DB.Exec(ctx, `UPDATE signal_streams SET verified_at = $1 WHERE id = $2`, s.now(), st.ID); err != nil {
			return fmt.Errorf("signals: note the verification: %w", err)
		}
		about := map[string]any{}
		if state != "" {
			about["state"] = state
		}
		return s.queue(ctx, st.ID, s.ownSet(st, event{kind: Verification, about: about}))
	})
}
