package revocation

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"propusk/storage"
)

// Kind says what a revocation is about.
type Kind string

// The kinds, with what their Key is.
const (
	KindToken        Kind = "token"        // jti
	KindGrant        Kind = "grant"        // grant (family) id
	KindSession      Kind = "session"      // session id
	KindPerson       Kind = "person"       // person id
	KindClient       Kind = "client"       // client_id
	KindOrganisation Kind = "organisation" // organisation id
	KindMember       Kind = "member"       // Member(person, organisation)
	KindPower        Kind = "power"        // Member(person, organisation): rights by power of attorney
	KindSigningKey   Kind = "signing_key"  // kid of a signing key that got into wrong hands
)

// Member is the Key of KindMember and of KindPower.
func Member(personID, organisationID string) string { return personID + "/" + organisationID }

// Entry says that tokens do not count any more.
type Entry struct {
	Kind  Kind         `json:"kind" db:"kind"`
	Key   string       `json:"key" db:"subject"`
	Below int64        `json:"below,omitempty" db:"below"` // member, power: tokens with a lower version; others: all
	Until storage.Time `json:"until" db:"until"`           // when the last such token will have expired
}

// change is an entry as it travels: one made, prolonged or cleared.
type change struct {
	Entry
	Cleared   bool         `json:"cleared,omitempty" db:"cleared"`
	ChangedAt storage.Time `json:"changed_at" db:"changed_at"`
}

// topic is where changes are published.
const topic = "revocations"

// Deps are what a Log and a List work with.
type Deps struct {
	DB       *storage.DB
	Events   storage.Events
	Now      func() time.Time
	Lifetime time.Duration // Log: of the longest-lived access token
	Poll     time.Duration // List: how often to read what the events missed; 0 is two seconds
	Log      *slog.Logger  // nil logs nothing
}

func (d Deps) withLog() Deps {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d
}

// Log writes revocations.
type Log struct {
	deps   Deps
	here   *List // of this process, nil when there is none
	follow func(ctx context.Context, e Entry) error
}

// New returns the log kept in deps.DB.
func New(deps Deps) *Log { return &Log{deps: deps.withLog()} }

// Tell makes list, the one of this process, know what l writes with the commit:
// who has changed something and asks again at the same node finds it in force.
// It is called once, before l is used.
func (l *Log) Tell(list *List) { l.here = list }

// Follow has fn told of each revocation, in its transaction; fn's error is Revoke's.
// Call it before l is used; the last call counts.
func (l *Log) Follow(fn func(ctx context.Context, e Entry) error) { l.follow = fn }

// skew is how far the clocks of two nodes may differ: a token made by the one
// ahead outlives a Lifetime counted by the other.
const skew = time.Minute

// Revoke puts e in force: a row in the transaction of ctx, an event after its
// commit. Until defaults to now+Lifetime+skew. Of two revocations of the same
// the stricter stays: the higher Below, the later Until. A row's changed_at
// always grows, whatever the clocks say: it is the order of its changes.
func (l *Log) Revoke(ctx context.Context, e Entry) error {
	now := l.deps.Now()
	if e.Until == 0 {
		e.Until = storage.Of(now.Add(l.deps.Lifetime + skew))
	}
	var c change
	err := l.deps.DB.Get(ctx, &c, `
		INSERT INTO revocations (kind, subject, below, until, cleared, changed_at) VALUES ($1, $2, $3, $4, FALSE, $5)
		ON CONFLICT (kind, subject) DO UPDATE SET
			below = CASE WHEN excluded.below > revocations.below THEN excluded.below ELSE revocations.below END,
			until = CASE WHEN excluded.until > revocations.until THEN excluded.until ELSE revocations.until END,
			cleared = FALSE,
			changed_at = CASE WHEN excluded.changed_at > revocations.changed_at THEN excluded.changed_at ELSE revocations.changed_at + 1 END
		RETURNING kind, subject, below, until, cleared, changed_at`,
		e.Kind, e.Key, e.Below, e.Until, storage.Of(now))
	if err != nil {
		return fmt.Errorf("revocation: %w", err)
	}
	l.tell(ctx, c)
	if l.follow == nil {
		return nil
	}
	if err := l.follow(ctx, e); err != nil {
		return fmt.Errorf("revocation: tell of it: %w", err)
	}
	return nil
}

// Clear takes the revocation of key out of force, for a person unblocked or an
// organisation opened again. Tokens it had stopped and that still live count
// again. Nothing happens when there is none.
func (l *Log) Clear(ctx context.Context, kind Kind, key string) error {
	var changes []change
	err := l.deps.DB.Select(ctx, &changes, `UPDATE revocations SET cleared = TRUE,
			changed_at = CASE WHEN changed_at < $1 THEN $1 ELSE changed_at + 1 END
		WHERE kind = $2 AND subject = $3
		RETURNING kind, subject, below, until, cleared, changed_at`, storage.Of(l.deps.Now()), kind, key)
	if err != nil {
		return fmt.Errorf("revocation: clear: %w", err)
	}
	for _, c := range changes {
		l.tell(ctx, c)
	}
	return nil
}

// tellTimeout bounds what a dead Redis costs a request; the lists will find the
// change in SQL.
const tellTimeout = time.Second

func (l *Log) tell(ctx context.Context, c change) {
	l.deps.DB.AfterCommit(ctx, func() {
		if l.here != nil {
			l.here.learn(c)
		}
		payload, err := json.Marshal(c)
		if err == nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
			defer cancel()
			err = l.deps.Events.Publish(ctx, topic, payload)
		}
		if err != nil {
			l.deps.Log.WarnContext(ctx, "a revocation could not be announced; the nodes will read it", "kind", c.Kind, "error", err)
		}
	})
}
