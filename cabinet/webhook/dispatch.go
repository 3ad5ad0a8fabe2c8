package webhook

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// workers bounds the webhooks that one node works for at a time. Each takes a
// goroutine, and a failing one is let go after one request.
const workers = 256

// share is how many of its workers a node gives to the webhooks of one organisation,
// so that one with many slow addresses leaves room for the others'.
const share = 4

// rounds is how many times a worker takes more deliveries before it lets go of its
// webhook, so that one with a long queue does not hold its place for ever.
const rounds = 50

const bell = "webhooks"

// ring wakes this node's dispatcher after the commit.
func (w *Webhooks) ring(ctx context.Context) {
	w.DB.AfterCommit(ctx, func() { w.DB.Ring(bell) })
}

// Run works for webhooks until ctx ends, and returns when what began is noted.
func (w *Webhooks) Run(ctx context.Context) {
	rung, hangUp := w.DB.Listen(bell)
	defer hangUp()
	var working sync.WaitGroup
	defer working.Wait()
	freed := make(chan struct{}, 1)
	at := desks{busy: map[string]int{}}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rung:
		case <-freed:
		case <-timer.C:
		}
		for _, e := range w.due(ctx, &at) {
			working.Go(func() {
				w.work(ctx, e)
				at.leave(e.OrganisationID)
				select {
				case freed <- struct{}{}:
				default:
				}
			})
		}
		timer.Reset(w.pace.poll)
	}
}

// desks are the places of a node's workers, by the organisation that each works for.
type desks struct {
	mutex sync.Mutex
	taken int
	busy  map[string]int // never zero
}

// take takes a place for an organisation; false when there is none for it.
func (d *desks) take(organisationID string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.taken >= workers || d.busy[organisationID] >= share {
		return false
	}
	d.taken++
	d.busy[organisationID]++
	return true
}

func (d *desks) leave(organisationID string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.taken--
	if d.busy[organisationID]--; d.busy[organisationID] == 0 {
		delete(d.busy, organisationID)
	}
}

// due takes the webhooks whose time has come and for which there is a place, on a
// lease: of every organisation one before the second of any. It looks before it
// takes: looking does not write. No more than share of each is looked at, so that
// those of organisations without a place left never fill the list.
func (w *Webhooks) due(ctx context.Context, at *desks) (taken []endpoint) {
	now := storage.Of(w.Now())
	var waiting []struct {
		ID             string `db:"id"`
		OrganisationID string `db:"organisation_id"`
	}
	err := w.DB.Select(ctx, &waiting, `SELECT id, organisation_id FROM (SELECT id, organisation_id, due_at,
			ROW_NUMBER() OVER (PARTITION BY organisation_id ORDER BY due_at, id) AS turn
			FROM webhooks WHERE due_at > 0 AND due_at <= $1 AND state = 'active') AS w
		WHERE turn <= $2 ORDER BY turn, due_at, id LIMIT $3`, now, share, 2*workers)
	for _, one := range waiting {
		if !at.take(one.OrganisationID) {
			continue
		}
		var leased []endpoint
		err = w.DB.Select(ctx, &leased, `UPDATE webhooks SET lease = $1, due_at = $2
			WHERE id = $3 AND due_at > 0 AND due_at <= $4 AND state = 'active' RETURNING `+endpointColumns,
			storage.NewID(), now.Add(w.pace.lease), one.ID, now)
		if len(leased) == 0 { // another node was first, or it failed
			at.leave(one.OrganisationID)
		}
		if err != nil {
			break
		}
		taken = append(taken, leased...)
	}
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "webhooks cannot be taken", "error", err)
	}
	return taken
}

// work sends what is due to one webhook, a few at a time, until nothing is, it
// fails, or the lease is lost. What began is finished and noted when ctx ends.
func (w *Webhooks) work(ctx context.Context, e endpoint) {
	lasting := context.WithoutCancel(ctx)
	err := w.workRounds(ctx, &e)
	if err == nil {
		err = w.release(lasting, e)
	}
	if err != nil {
		err = errors.Join(err, w.giveBack(lasting, e))
	}
	if err != nil && ctx.Err() == nil {
		w.Log.WarnContext(ctx, "a webhook could not be worked for; it is taken again", "webhook", e.ID, "error", err)
	}
}

func (w *Webhooks) workRounds(ctx context.Context, e *endpoint) error {
	for range rounds {
		if ctx.Err() != nil {
			return nil
		}
		kept, err := w.unseal(*e) // anew each round: the secret may have been rotated
		if err != nil {
			return err
		}
		live := kept.live(storage.Of(w.Now()))
		var list []delivery
		err = w.DB.Select(ctx, &list, `SELECT `+deliveryColumns+` FROM webhook_deliveries
			WHERE webhook_id = $1 AND state = 'waiting' AND due_at <= $2 ORDER BY due_at, id LIMIT $3`,
			e.ID, storage.Of(w.Now()), concurrency(e.Failures))
		if err != nil || len(list) == 0 {
			return err
		}
		if err := w.round(ctx, e, list, live); err != nil {
			return err
		}
		held, err := w.renew(ctx, e)
		if err != nil || !held || e.Failures > 0 || e.State != active {
			return err
		}
	}
	return nil
}

// round sends deliveries side by side and notes what came of each.
func (w *Webhooks) round(ctx context.Context, e *endpoint, list []delivery, live []string) error {
	attempts := make([]attempt, len(list))
	lasting := context.WithoutCancel(ctx) // each is bounded by the client's time
	var asking sync.WaitGroup
	for i, d := range list {
		asking.Go(func() { attempts[i] = w.ask(lasting, *e, d, live) })
	}
	asking.Wait()
	for i, d := range list {
		if err := w.settle(lasting, e, d, attempts[i]); err != nil {
			return err
		}
	}
	return nil
}

// renew prolongs the lease and reads the secrets as they are now; held is false when
// the webhook was changed or taken meanwhile.
func (w *Webhooks) renew(ctx context.Context, e *endpoint) (held bool, err error) {
	err = w.DB.Get(ctx, &e.Sealed, `UPDATE webhooks SET due_at = $1 WHERE id = $2 AND lease = $3 RETURNING sealed`,
		storage.Of(w.Now()).Add(w.pace.lease), e.ID, e.Lease)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// giveBack lets go of a webhook that something of ours kept from being worked for. It
// is taken again when the lease would have ended, or when it has something new.
func (w *Webhooks) giveBack(ctx context.Context, e endpoint) error {
	_, err := w.DB.Exec(ctx, `UPDATE webhooks SET lease = '' WHERE id = $1 AND lease = $2`, e.ID, e.Lease)
	return err
}

// release lets go of a webhook until its next delivery is due, or its rest is over.
// It locks the row first and looks after that: a delivery that another transaction
// is adding is seen, or its call finds the webhook free.
func (w *Webhooks) release(ctx context.Context, e endpoint) error {
	return w.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := w.DB.Exec(ctx, `UPDATE webhooks SET lease = '' WHERE id = $1 AND lease = $2`, e.ID, e.Lease)
		if err != nil || n == 0 {
			return err
		}
		var next storage.Time
		err = w.DB.Get(ctx, &next, `SELECT COALESCE(MIN(due_at), 0) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'waiting'`, e.ID)
		if err != nil {
			return err
		}
		if e.Failures > 0 && next != 0 {
			next = max(next, storage.Of(w.Now()).Add(rest(e.Failures)))
		}
		_, err = w.DB.Exec(ctx, `UPDATE webhooks SET due_at = $1 WHERE id = $2 AND state = 'active'`, next, e.ID)
		return err
	})
}

// settle notes an attempt and what becomes of its delivery and its webhook, all in
// one transaction.
func (w *Webhooks) settle(ctx context.Context, e *endpoint, d delivery, a attempt) error {
	now := storage.Of(w.Now())
	next := *e
	err := w.DB.Tx(ctx, func(ctx context.Context) error {
		next = *e
		_, err := w.DB.Exec(ctx, `INSERT INTO webhook_attempts (`+attemptColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			a.ID, a.OrganisationID, a.DeliveryID, a.At, a.Took, a.Status, a.Error, a.RequestHeaders, a.Answer)
		if err != nil {
			return fmt.Errorf("webhook: note the attempt: %w", err)
		}
		d := d.after(a, now)
		_, err = w.DB.Exec(ctx, `UPDATE webhook_deliveries SET state = $1, attempts = attempts + 1, first_at = $2, due_at = $3, settled_at = $4
			WHERE id = $5 AND state = 'waiting'`, d.State, d.FirstAt, d.DueAt, d.SettledAt, d.ID)
		if err != nil {
			return fmt.Errorf("webhook: settle: %w", err)
		}
		next.learn(a, d, now)
		_, err = w.DB.Exec(ctx, `UPDATE webhooks SET failures = $1, failing_since = $2, succeeded_at = $3 WHERE id = $4`,
			next.Failures, next.FailingSince, next.SucceededAt, e.ID)
		if err != nil {
			return fmt.Errorf("webhook: note the outcome: %w", err)
		}
		if next.State == disabled {
			return w.disable(ctx, next)
		}
		return nil
	})
	if err != nil {
		return err
	}
	*e = next
	w.metrics.attempt(a)
	return nil
}

// after is the delivery after an attempt.
func (d delivery) after(a attempt, now storage.Time) delivery {
	d.Attempts++
	if d.FirstAt == 0 {
		d.FirstAt = a.At
	}
	wait := max(backoff(d.Attempts), a.retryAfter)
	switch {
	case a.Error == "":
		d.State, d.SettledAt = delivered, now
	case a.Error == "gone", now.Sub(d.FirstAt)+wait > giveUp:
		d.State, d.SettledAt = failed, now
	default:
		d.DueAt = now.Add(wait)
	}
	return d
}

// learn is what an attempt tells of the webhook: whether it answers, and, when its
// delivery is given up and nothing at all arrived since that was first tried, that
// it is not worth trying any more.
func (e *endpoint) learn(a attempt, d delivery, now storage.Time) {
	if a.Error == "" {
		e.Failures, e.FailingSince, e.SucceededAt = 0, 0, now
		return
	}
	if e.Failures++; e.FailingSince == 0 {
		e.FailingSince = now
	}
	if a.Error == "gone" || d.State == failed && e.SucceededAt < d.FirstAt {
		e.State, e.Reason = disabled, a.Error
	}
}

// disable stops a webhook that has failed for too long, and tells people. What
// waits for it is given up; it can be replayed.
func (w *Webhooks) disable(ctx context.Context, e endpoint) error {
	n, err := w.DB.Exec(ctx, `UPDATE webhooks SET state = 'disabled', reason = $1, due_at = 0, lease = '', version = version + 1, updated_at = $2
		WHERE id = $3 AND state = 'active'`, e.Reason, storage.Of(w.Now()), e.ID)
	if err != nil || n == 0 {
		return err
	}
	_, err = w.DB.Exec(ctx, `UPDATE webhook_deliveries SET state = 'failed', settled_at = $1 WHERE webhook_id = $2 AND state = 'waiting'`,
		storage.Of(w.Now()), e.ID)
	if err != nil {
		return fmt.Errorf("webhook: give up: %w", err)
	}
	if err := w.record(ctx, directory.Actor{}, e.OrganisationID, "webhook.disabled", e.ID, map[string]string{"reason": e.Reason}); err != nil {
		return err
	}
	return w.Notices.Tell(ctx, notice.Event{
		ID: fmt.Sprintf("webhook/%s/disabled/%d", e.ID, storage.Of(w.Now())), Type: "webhook.disabled", OrganisationID: e.OrganisationID,
		Category: notice.Organisation, Importance: notice.High, Permission: directory.ClientsRead, Path: "/cabinet/webhooks/" + e.ID,
		Texts: notice.Texts{
			RU: notice.Message{Subject: "Вебхук отключён", Body: "Адрес " + shownURL(e.URL) + " долго не отвечал, и сообщения на него больше не отправляются. Исправьте адрес, включите вебхук и отправьте пропущенное заново."},
			EN: notice.Message{Subject: "A webhook was disabled", Body: "The address " + shownURL(e.URL) + " did not answer for too long, and nothing is sent to it any more. Mend it, switch the webhook on and replay what it missed."},
		},
		Data: map[string]string{"webhook_id": e.ID, "reason": e.Reason},
	})
}

// attempts are a delivery's requests, newest first.
func (w *Webhooks) attempts(ctx context.Context, d delivery) (list []attempt, err error) {
	err = w.DB.Select(ctx, &list, `SELECT `+attemptColumns+` FROM webhook_attempts WHERE delivery_id = $1 ORDER BY at DESC, id DESC LIMIT 100`, d.ID)
	if err != nil {
		return nil, fmt.Errorf("webhook: attempts: %w", err)
	}
	return list, nil
}
