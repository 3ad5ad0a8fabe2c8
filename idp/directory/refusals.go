package directory

import (
	"context"
	"errors"
	"sync"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

const (
	refusalWindow = 10 * time.Minute
	refusalMost   = 100 // an organisation in a window
	// refusalPatience bounds the writing for somebody who has hung up.
	refusalPatience = 5 * time.Second
)

// refusals keeps whoever repeats what he may not do from filling the journal,
// which is never emptied: in a window the first of equal refusals is written,
// and no more than refusalMost for one organisation. Each process counts for
// itself and forgets with its end, so N nodes write N times that at the most.
type refusals struct {
	mu    sync.Mutex
	ends  storage.Time
	seen  map[refusal]bool
	count map[string]int // by organisation
}

// refusal is what makes refusals equal.
type refusal struct{ organisation, person, client, action, reason string }

// due takes the refusal, and reports whether it is to be written.
func (r *refusals) due(what refusal, now storage.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now >= r.ends {
		r.ends, r.seen, r.count = now.Add(refusalWindow), map[refusal]bool{}, map[string]int{}
	}
	if r.seen[what] || r.count[what.organisation] == refusalMost {
		return false
	}
	r.seen[what] = true
	r.count[what.organisation]++
	return true
}

// refused writes that actor was refused, though he may have hung up since.
func (d *Directory) refused(ctx context.Context, actor Actor, organisation, action string, why error) error {
	reason := "forbidden"
	if errors.Is(why, ErrLastAdministrator) {
		reason = "last_administrator"
	}
	if !d.refusals.due(refusal{organisation, actor.PersonID, actor.ClientID, action, reason}, d.time()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalPatience)
	defer cancel()
	return d.journal.Append(ctx, journal.Entry{
		Organisation: organisation, Actor: actor.PersonID, Client: actor.ClientID,
		Action: action, Object: organisation, Outcome: "refused", Details: map[string]string{"reason": reason},
	})
}
