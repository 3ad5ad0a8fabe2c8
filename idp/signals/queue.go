package signals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
)

// audience is who may hear of an event: clients, and the clients that an
// organisation owns.
type audience struct {
	clients []string
	owner   string // "" = none
}

// tell queues an event for every stream that may hear of it and wants to. It joins
// the transaction of ctx.
func (s *Signals) tell(ctx context.Context, e event, to audience) error {
	seen := map[string]bool{}
	for _, clientID := range to.clients {
		list, err := s.streams(ctx, clientID)
		if err == nil {
			err = s.tellStreams(ctx, e, list, seen)
		}
		if err != nil {
			return err
		}
	}
	if to.owner == "" {
		return nil
	}
	var list []stream
	err := s.DB.Select(ctx, &list, `SELECT `+streamColumns+` FROM signal_streams WHERE organisation_id = $1 ORDER BY id`, to.owner)
	if err != nil {
		return fmt.Errorf("signals: streams of an organisation: %w", err)
	}
	owned := list[:0]
	for _, st := range list { // the client may have changed hands since
		owner, _, err := s.Clients.Owner(ctx, st.ClientID)
		if err != nil {
			return err
		}
		if owner == to.owner {
			owned = append(owned, st)
		}
	}
	return s.tellStreams(ctx, e, owned, seen)
}

func (s *Signals) tellStreams(ctx context.Context, e event, list []stream, seen map[string]bool) error {
	for i := range list {
		st := &list[i]
		if seen[st.ID] || st.Status == disabled || !st.wants(e.kind) {
			continue
		}
		seen[st.ID] = true
		if err := s.tellStream(ctx, e, st); err != nil {
			return err
		}
	}
	return nil
}

func (s *Signals) tellStream(ctx context.Context, e event, st *stream) (err error) {
	var person string
	if e.personID != "" {
		if person, err = s.Clients.Subject(ctx, st.ClientID, e.personID); err != nil {
			return fmt.Errorf("signals: what a client calls a person: %w", err)
		}
	}
	if e.sessionID != "" { // by the name that stands in the client's ID tokens
		if e.sessionID, err = s.Clients.Subject(ctx, st.ClientID, e.sessionID); err != nil {
			return fmt.Errorf("signals: what a client calls a session: %w", err)
		}
	}
	out, err := s.excluded(ctx, st.ID, person, e.organisationID)
	if err != nil || out {
		return err
	}
	made := s.set(e, st.ClientID, person, s.txn(ctx, st.ClientID), s.now())
	return s.DB.BeforeCommit(ctx, queueOrder+st.ID, func(ctx context.Context) error { return s.queue(ctx, st.ID, made) })
}

// queueOrder sorts the streams that a transaction writes to at its end: among
// themselves, so that two transactions that tell the same receivers do not lock each
// other out, and before the journal's chains, as whoever changes a stream has it.
const queueOrder = "event/"

// queue adds a SET to a stream, in the order of the stream's row. The statement
// that counts it locks the row, so two transactions cannot give one place twice,
// and whoever takes the last event out sees it. A stream that was disabled or
// deleted meanwhile takes nothing more; the change that was to be told is none the
// worse for it.
//
// A stream that is full is disabled: its receiver has not taken anything for very
// long, and to drop some events silently would be worse than to say that there are
// none any more.
func (s *Signals) queue(ctx context.Context, streamID string, made set) error {
	claims, err := json.Marshal(made)
	if err != nil {
		return fmt.Errorf("signals: encode a SET: %w", err)
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		st := new(stream)
		err := s.DB.Get(ctx, st, `UPDATE signal_streams SET sequence = sequence + 1, waiting = waiting + 1
			WHERE id = $1 AND status <> $2 RETURNING `+streamColumns, streamID, disabled)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("signals: queue: %w", err)
		}
		if st.Waiting > maxWaiting {
			return s.stop(ctx, st, disabled, "queue_full")
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO signal_events (stream_id, sequence, jti, claims, created_at) VALUES ($1, $2, $3, $4, $5)`,
			st.ID, st.Sequence, made.ID, string(claims), s.now())
		if err != nil {
			return fmt.Errorf("signals: queue: %w", err)
		}
		for kind := range made.Events {
			s.metrics.queued(kind)
		}
		s.DB.AfterCommit(ctx, func() { s.DB.Ring(bell(st.ID)) })
		if st.Waiting > 1 {
			return nil // a job is under way: it ends when it has taken the last one out
		}
		return s.wake(ctx, st)
	})
}

// bell wakes the polls of this node that wait for a stream.
func bell(streamID string) string { return "signals/" + streamID }

// wake asks for a push of what waits, by a job that takes over from any other of the
// stream. The caller holds the stream's row.
func (s *Signals) wake(ctx context.Context, st *stream) error {
	if st.Method != methodPush || st.Status != enabled || st.Waiting == 0 {
		return nil
	}
	err := s.DB.Get(ctx, &st.Turn, `UPDATE signal_streams SET turn = turn + 1 WHERE id = $1 RETURNING turn`, st.ID)
	if err != nil {
		return fmt.Errorf("signals: give a push its turn: %w", err)
	}
	return jobs.Enqueue(ctx, s.DB, pushJob, pushOrder{st.ID, st.Turn}, jobs.Options{MaxAttempts: pushAttempts})
}

// queued is one SET that waits.
type queued struct {
	Sequence int64  `db:"sequence"`
	JTI      string `db:"jti"`
	Claims   string `db:"claims"`
	Signed   string `db:"signed"` // as it was handed over before; "" = it was not
}

// first are the events that a stream must deliver next, in order.
func (s *Signals) first(ctx context.Context, streamID string, n int) (list []queued, err error) {
	err = s.DB.Select(ctx, &list, `SELECT sequence, jti, claims, signed FROM signal_events WHERE stream_id = $1 ORDER BY sequence LIMIT $2`, streamID, n)
	if err != nil {
		return nil, fmt.Errorf("signals: what waits: %w", err)
	}
	return list, nil
}

// took removes events that their receiver has; it is no error that one is gone, or
// was never there. Like whoever changes a stream it holds the stream's row before it
// touches the events.
func (s *Signals) took(ctx context.Context, st *stream, jtis ...string) (waiting int64, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		locked, err := s.lock(ctx, st.ClientID, st.ID)
		if err != nil {
			return err
		}
		removed := int64(0)
		for _, jti := range jtis {
			n, err := s.DB.Exec(ctx, `DELETE FROM signal_events WHERE stream_id = $1 AND jti = $2`, st.ID, jti)
			if err != nil {
				return err
			}
			removed += n
		}
		if waiting = locked.Waiting - removed; removed == 0 {
			return nil
		}
		_, err = s.DB.Exec(ctx, `UPDATE signal_streams SET waiting = $1 WHERE id = $2`, waiting, st.ID)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("signals: note what was taken: %w", err)
	}
	return waiting, nil
}

// keptFor is how long an event waits for its receiver.
const keptFor = 7 * 24 * time.Hour

// Expire disables the streams in which an event has waited for a week: nobody
// pushes to them, polls them or enables them again.
func (s *Signals) Expire(ctx context.Context) error {
	var late []struct {
		ID       string `db:"id"`
		ClientID string `db:"client_id"`
	}
	err := s.DB.Select(ctx, &late, `SELECT DISTINCT s.id, s.client_id FROM signal_events e JOIN signal_streams s ON s.id = e.stream_id
		WHERE e.created_at < $1`, s.now().Add(-keptFor))
	if err != nil {
		return fmt.Errorf("signals: streams that nobody empties: %w", err)
	}
	var failed error
	for _, one := range late {
		failed = errors.Join(failed, s.DB.Tx(ctx, func(ctx context.Context) error {
			st, err := s.lock(ctx, one.ClientID, one.ID)
			if errors.Is(err, errNoStream) {
				return nil // deleted meanwhile
			}
			if err != nil {
				return err
			}
			return s.stop(ctx, st, disabled, "not_taken")
		}))
	}
	return failed
}

// recent is since when a grant that has ended still counts.
func (s *Signals) recent() storage.Time { return s.now().Add(-s.TokenLife) }
