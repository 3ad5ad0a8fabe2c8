package revocation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"propusk/storage"
)

// List is what is in force, in memory. It is safe for use by many goroutines.
type List struct {
	deps    Deps
	mu      sync.RWMutex
	simple  map[Kind]map[string]storage.Time // until
	members map[member]memberEntry
	read    atomic.Int64 // when SQL was last read, in the clock's microseconds
}

// member is the key of a membership, as a struct so that looking it up
// allocates nothing.
type member struct{ person, organisation string }

type memberEntry struct {
	below int64
	until storage.Time
}

const (
	defaultPoll = 2 * time.Second
	// overlap is how far back a poll looks behind the one before: a change gets
	// its time before its transaction commits, and other nodes' clocks differ.
	overlap = time.Minute
	// reloadEvery is how often everything is read again, whatever its time.
	reloadEvery = 5 * time.Minute
	// purgeEvery is how often expired rows are deleted.
	purgeEvery = 10 * time.Minute
	// keep is how long a row outlives its entry, for nodes whose clocks are late.
	keep = time.Hour
)

// NewList returns an empty list; Start fills it.
func NewList(deps Deps) *List {
	if deps.Poll <= 0 {
		deps.Poll = defaultPoll
	}
	return &List{deps: deps.withLog(), simple: map[Kind]map[string]storage.Time{}, members: map[member]memberEntry{}}
}

// Token is what a revocation may be about. Empty fields are about nothing.
type Token struct {
	ID, Grant, Session, Person, Client, Organisation string
	MemberVersion                                    int64 // of the person in the organisation, when the token was made
}

// Revoked reports whether the token counts no more. It does no I/O and
// allocates nothing.
func (l *List) Revoked(t Token) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.hit(KindToken, t.ID) || l.hit(KindGrant, t.Grant) || l.hit(KindSession, t.Session) ||
		l.hit(KindPerson, t.Person) || l.hit(KindClient, t.Client) || l.hit(KindOrganisation, t.Organisation) ||
		l.memberHit(t)
}

func (l *List) hit(kind Kind, key string) bool {
	if key == "" {
		return false
	}
	until, ok := l.simple[kind][key]
	return ok && until > storage.Of(l.deps.Now())
}

func (l *List) memberHit(t Token) bool {
	if t.Person == "" || t.Organisation == "" {
		return false
	}
	e, ok := l.members[member{t.Person, t.Organisation}]
	return ok && t.MemberVersion < e.below && e.until > storage.Of(l.deps.Now())
}

// Fresh is how long ago SQL was last read: what the list may have missed at the
// worst. Before Start it is very long.
func (l *List) Fresh() (age time.Duration) {
	return l.deps.Now().Sub(storage.Time(l.read.Load()).Time())
}

// Len is how many entries are held.
func (l *List) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n := len(l.members)
	for _, entries := range l.simple {
		n += len(entries)
	}
	return n
}

// Start loads the list and keeps it until ctx ends. When it returns nil
// everything committed before is in the list.
func (l *List) Start(ctx context.Context) error {
	events, err := l.deps.Events.Subscribe(ctx, topic)
	if err != nil {
		return fmt.Errorf("revocation: follow events: %w", err)
	}
	if err := l.load(ctx, 0); err != nil {
		return err
	}
	go l.follow(ctx, events)
	return nil
}

// follow takes events as they come and reads SQL every Poll.
func (l *List) follow(ctx context.Context, events <-chan []byte) {
	poll := time.NewTicker(l.deps.Poll)
	defer poll.Stop()
	for reloaded, purged := l.deps.Now(), l.deps.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case payload, ok := <-events:
			if !ok {
				events = nil // the polls go on
				continue
			}
			l.heard(payload)
		case <-poll.C:
			if l.deps.Now().Sub(reloaded) >= reloadEvery {
				reloaded = l.deps.Now()
				l.try(ctx, "reload", func() error { return l.load(ctx, 0) })
			} else {
				since := storage.Time(l.read.Load()).Add(-overlap)
				l.try(ctx, "poll", func() error { return l.load(ctx, since) })
			}
			l.expire()
			if l.deps.Now().Sub(purged) >= purgeEvery {
				purged = l.deps.Now()
				l.try(ctx, "purge", func() error { return l.purge(ctx) })
			}
		}
	}
}

func (l *List) try(ctx context.Context, what string, do func() error) {
	if err := do(); err != nil && !errors.Is(err, context.Canceled) {
		l.deps.Log.WarnContext(ctx, "the revocation list could not "+what, "error", err)
	}
}

func (l *List) heard(payload []byte) {
	var c change
	if err := json.Unmarshal(payload, &c); err != nil {
		l.deps.Log.Warn("a revocation event is not one", "error", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.apply(c)
}

// load reads what changed since, in force or cleared.
func (l *List) load(ctx context.Context, since storage.Time) error {
	now := storage.Of(l.deps.Now())
	var changes []change
	err := l.deps.DB.Select(ctx, &changes, `SELECT kind, subject, below, until, cleared, changed_at FROM revocations
		WHERE changed_at >= $1 AND until > $2`, since, now)
	if err != nil {
		return fmt.Errorf("revocation: load: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range changes {
		l.apply(c)
	}
	l.read.Store(int64(now))
	return nil
}

// apply takes one change in. The list is locked.
func (l *List) apply(c change) {
	if c.Kind == KindMember {
		person, organisation, _ := strings.Cut(c.Key, "/")
		key := member{person, organisation}
		if c.Cleared {
			delete(l.members, key)
			return
		}
		l.members[key] = memberEntry{below: c.Below, until: c.Until}
		return
	}
	if c.Cleared {
		delete(l.simple[c.Kind], c.Key)
		return
	}
	if l.simple[c.Kind] == nil {
		l.simple[c.Kind] = map[string]storage.Time{}
	}
	l.simple[c.Kind][c.Key] = c.Until
}

// expire forgets entries whose last token has expired.
func (l *List) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := storage.Of(l.deps.Now())
	for _, entries := range l.simple {
		for key, until := range entries {
			if until <= now {
				delete(entries, key)
			}
		}
	}
	for key, e := range l.members {
		if e.until <= now {
			delete(l.members, key)
		}
	}
}

// purge deletes the rows of entries that are long over.
func (l *List) purge(ctx context.Context) error {
	_, err := l.deps.DB.Exec(ctx, `DELETE FROM revocations WHERE until < $1`, storage.Of(l.deps.Now().Add(-keep)))
	return err
}
