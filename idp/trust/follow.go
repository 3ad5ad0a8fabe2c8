package trust

import (
	"context"
	"fmt"
	"time"

	"propusk/signature"
	"propusk/storage"
)

// topic is where nodes tell each other that the trust or a list has changed.
const topic = "trust"

// state is what SQL holds of trust.
type state struct {
	version       int64
	authorities   []signature.Authority
	intermediates [][]byte
}

// readState reads the version first: should a change come between, the version is
// the one before it, so that a writer notices and a reader reads again. A record
// that cannot be used (a release may come to refuse what one before it took) is left
// out and told, so that it costs its own authority and not the whole house.
func (t *Trust) readState(ctx context.Context) (s state, err error) {
	if s.version, err = t.readVersion(ctx); err != nil {
		return s, err
	}
	var records []storage.JSON[signature.Authority]
	if err := t.deps.DB.Select(ctx, &records, `SELECT record FROM trust_authorities`); err != nil {
		return s, fmt.Errorf("trust: read the authorities: %w", err)
	}
	for _, record := range records {
		if t.usable(ctx, []signature.Authority{record.V}, nil) {
			s.authorities = append(s.authorities, record.V)
		}
	}
	var helping [][]byte
	if err := t.deps.DB.Select(ctx, &helping, `SELECT certificate FROM trust_intermediates`); err != nil {
		return s, fmt.Errorf("trust: read the intermediate certificates: %w", err)
	}
	for _, raw := range helping {
		if t.usable(ctx, nil, [][]byte{raw}) {
			s.intermediates = append(s.intermediates, raw)
		}
	}
	return s, nil
}

func (t *Trust) usable(ctx context.Context, authorities []signature.Authority, intermediates [][]byte) bool {
	err := signature.NewStore().Replace(authorities, intermediates)
	if err != nil {
		t.deps.Log.ErrorContext(ctx, "a record of trust cannot be used and is left out", "error", err)
	}
	return err == nil
}

func (t *Trust) readVersion(ctx context.Context) (version int64, err error) {
	if err := t.deps.DB.Get(ctx, &version, `SELECT version FROM trust_version WHERE id = 1`); err != nil {
		return 0, fmt.Errorf("trust: read the version: %w", err)
	}
	return version, nil
}

// sync brings this node's memory to what SQL holds.
func (t *Trust) sync(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := storage.Of(t.deps.Now())
	version, err := t.readVersion(ctx)
	if err != nil {
		return err
	}
	if version != t.version {
		if err := t.reload(ctx); err != nil {
			return err
		}
	}
	if err := t.syncLists(ctx); err != nil {
		return err
	}
	t.read.Store(int64(now))
	return nil
}

// reload reads the authorities. t is locked.
func (t *Trust) reload(ctx context.Context) error {
	s, err := t.readState(ctx)
	if err != nil {
		return err
	}
	if err := t.store.Replace(s.authorities, s.intermediates); err != nil {
		return fmt.Errorf("trust: what the database holds cannot be used: %w", err)
	}
	t.version = s.version
	return nil
}

// follow reads SQL on every event, and by the clock in case one was lost.
func (t *Trust) follow(ctx context.Context, events <-chan []byte) {
	tick := time.NewTicker(t.deps.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-events:
			if !ok {
				events = nil // a lost subscription leaves the poll
				continue
			}
		case <-tick.C:
		}
		if err := t.sync(ctx); err != nil && ctx.Err() == nil {
			t.deps.Log.ErrorContext(ctx, "trust in authorities not reloaded", "error", err)
		}
	}
}

func (t *Trust) subscribe(ctx context.Context) <-chan []byte {
	if t.deps.Events == nil {
		return nil
	}
	events, err := t.deps.Events.Subscribe(ctx, topic)
	if err != nil {
		t.deps.Log.WarnContext(ctx, "trust in authorities follows by polling only", "error", err)
		return nil
	}
	return events
}

// announceTimeout bounds what a dead Redis costs; the nodes will find the change
// in SQL.
const announceTimeout = time.Second

// announce tells the other nodes; a lost event costs them one poll.
func (t *Trust) announce(ctx context.Context) {
	if t.deps.Events == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), announceTimeout)
	defer cancel()
	if err := t.deps.Events.Publish(ctx, topic, nil); err != nil {
		t.deps.Log.WarnContext(ctx, "change of trust not announced", "error", err)
	}
}
