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
	simple  map[Kind]map[string]held
	members map[member]held
	read    atomic.Int64 // when SQL was last read, in the clock's microseconds
}

// member is the key of a person's rights in an organisation, by membership or by
// power of attorney, as a struct so that looking it up allocates nothing.
type member struct {
	kind                 Kind
	person, organisation string
}

// held is a revocation, or the clearing of one, which is kept as long: without
// it an event of before would bring the revocation back.
type held struct {
	below          int64
	until, changed storage.Time
	cleared        bool
}

// after is the later of two states of one row. Revoke and Clear give each state
// a later time than the one before it, so that what comes late (an event that
// was overtaken, a poll's answer older than an event) changes nothing.
func (h held) after(c change) held {
	if c.ChangedAt < h.changed {
		return h
	}
	return held{below: c.Below, until: c.Until, changed: c.ChangedAt, cleared: c.Cleared}
}

func (h held) inForce(now storage.Time) bool { return !h.cleared && h.until > now }

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
	return &List{deps: deps.withLog(), simple: map[Kind]map[string]held{}, members: map[member]held{}}
}

// Exchanged stands in the ID of a token between the ID of the token that it was
// exchanged from and its own: what ends the one ends the other (RFC 7009 §2.1).
const Exchanged = "~"

// Token is what a revocation may be about. Empty fields are about nothing.
type Token struct {
	// From is the ID of the token that it was exchanged from, where ID does not say it.
	From string
	// ID is the token's; of an exchanged one, those of all that it came from before it.
	ID, Grant, Session, Client, Organisation string
	// Person is the id of the person or, for a program that acts by power of attorney
	// for another organisation, of the organisation that it belongs to.
	Person        string
	SigningKey    string // kid of the key that signed it
	MemberVersion int64  // of the person in the organisation, when the token was made
	// PowerVersion is of the person's rights by power of attorney, for a token
	// that rests on them and on no membership; 0 for any other.
	PowerVersion int64
	// Origin is the client that the token was issued to before another one exchanged
	// it; "" for a token that was never exchanged.
	Origin string
}

// Revoked reports whether the token counts no more. It does no I/O and
// allocates nothing.
func (l *List) Revoked(t Token) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.tokenHit(t.ID) || l.tokenHit(t.From) || l.hit(KindGrant, t.Grant) || l.hit(KindSession, t.Session) ||
		l.hit(KindPerson, t.Person) || l.hit(KindClient, t.Client) || l.hit(KindClient, t.Origin) ||
		l.hit(KindOrganisation, t.Organisation) || t.PowerVersion > 0 && l.hit(KindOrganisation, t.Person) ||
		l.hit(KindSigningKey, t.SigningKey) || l.memberHit(t)
}

func (l *List) hit(kind Kind, key string) bool {
	if key == "" {
		return false
	}
	h, ok := l.simple[kind][key]
	return ok && h.inForce(storage.Of(l.deps.Now()))
}

// tokenHit looks for a token and for all that it was exchanged from.
func (l *List) tokenHit(id string) bool {
	for {
		if l.hit(KindToken, id) {
			return true
		}
		last := strings.LastIndexByte(id, Exchanged[0])
		if last < 0 {
			return false
		}
		id = id[:last]
	}
}

func (l *List) memberHit(t Token) bool {
	if t.Person == "" || t.Organisation == "" {
		return false
	}
	key, version := member{KindMember, t.Person, t.Organisation}, t.MemberVersion
	if t.PowerVersion > 0 {
		key.kind, version = KindPower, t.PowerVersion
	}
	h, ok := l.members[key]
	return ok && version < h.below && h.inForce(storage.Of(l.deps.Now()))
}

// Fresh is how long ago SQL was last read: what the list may have missed at the
// worst. Before Start it is very long.
func (l *List) Fresh() (age time.Duration) {
	return l.deps.Now().Sub(storage.Time(l.read.Load()).Time())
}

// Len is how many entries are held, cleared ones left out.
func (l *List) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n := 0
	for _, h := range l.members {
		if !h.cleared {
			n++
		}
	}
	for _, entries := range l.simple {
		for _, h := range entries {
			if !h.cleared {
				n++
			}
		}
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
	l.learn(c)
}

func (l *List) learn(c change) {
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
	if c.Kind == KindMember || c.Kind == KindPower {
		person, organisation, _ := strings.Cut(c.Key, "/")
		key := member{c.Kind, person, organisation}
		l.members[key] = l.members[key].after(c)
		return
	}
	if l.simple[c.Kind] == nil {
		l.simple[c.Kind] = map[string]held{}
	}
	l.simple[c.Kind][c.Key] = l.simple[c.Kind][c.Key].after(c)
}

// expire forgets entries whose last token has expired.
func (l *List) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := storage.Of(l.deps.Now())
	for _, entries := range l.simple {
		for key, h := range entries {
			if h.until <= now {
				delete(entries, key)
			}
		}
	}
	for key, h := range l.members {
		if h.until <= now {
			delete(l.members, key)
		}
	}
}

// purge deletes the rows of entries that are long over.
func (l *List) purge(ctx context.Context) error {
	_, err := l.deps.DB.Exec(ctx, `DELETE FROM revocations WHERE until < $1`, storage.Of(l.deps.Now().Add(-keep)))
	return err
}
