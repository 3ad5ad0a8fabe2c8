package oauth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"propusk/storage"
)

// ConfirmationsPath is the page where people find what waits for their decision;
// below it, by its ID, a single request.
const ConfirmationsPath = "/confirmations"

// waitingAtMost is how many backchannel requests wait for one person at a time.
// What comes beyond is kept from him: a flood of messages wears people down until
// they accept one.
const waitingAtMost = 5

// askedAtMost is how many he is told of in an hour.
const askedAtMost = 20

// personKey is one of the places for a person's waiting requests.
func personKey(personID string, slot int) string {
	return "oauth:waiting-person:" + personID + ":" + strconv.Itoa(slot)
}

// errNoSlot: too many requests wait for the person.
var errNoSlot = errors.New("oauth: too many requests wait for the person")

// takeSlot puts a request among the person's, by one atomic step for each place;
// errNoSlot when enough wait, or came within the hour.
func (p *Provider) takeSlot(ctx context.Context, w *Waiting, personID string) error {
	asked, _, err := p.deps.Ephemeral.Incr(ctx, "oauth:asked-person:"+personID, time.Hour)
	if err != nil {
		return fmt.Errorf("count a person's requests: %w", err)
	}
	if asked > askedAtMost {
		return errNoSlot
	}
	left := w.ExpiresAt.Time().Sub(p.deps.Now())
	for slot := range waitingAtMost {
		err := p.deps.Ephemeral.Add(ctx, personKey(personID, slot), []byte(w.ID), left)
		if err == nil {
			w.Slot = slot
			return nil
		}
		if !errors.Is(err, storage.ErrExists) {
			return fmt.Errorf("note a waiting request: %w", err)
		}
	}
	return errNoSlot
}

// WaitingFor lists the backchannel requests that wait for the person, in no order.
func (p *Provider) WaitingFor(ctx context.Context, personID string) ([]*Waiting, error) {
	var list []*Waiting
	for slot := range waitingAtMost {
		id, err := p.deps.Ephemeral.Get(ctx, personKey(personID, slot))
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list waiting requests: %w", err)
		}
		w, err := p.Waiting(ctx, string(id))
		if errors.Is(err, ErrWaitingOver) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}

// WaitingOf finds a backchannel request that waits for this person; ErrWaitingOver
// for every other.
func (p *Provider) WaitingOf(ctx context.Context, personID, id string) (*Waiting, error) {
	w, err := p.Waiting(ctx, id)
	if err == nil && (w.Kind != waitingCIBA || w.PersonID == "" || w.PersonID != personID) {
		return nil, ErrWaitingOver
	}
	return w, err
}
