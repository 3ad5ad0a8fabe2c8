package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// The states of a delivery.
const (
	waiting   = "waiting"
	delivered = "delivered"
	failed    = "failed" // nothing more is tried, unless somebody replays it
)

// delivery is one message to one webhook.
type delivery struct {
	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"`
	WebhookID      string       `db:"webhook_id"`
	MessageID      string       `db:"message_id"`
	Type           string       `db:"type"`
	Body           string       `db:"body"`
	State          string       `db:"state"`
	Attempts       int64        `db:"attempts"`
	FirstAt        storage.Time `db:"first_at"`
	DueAt          storage.Time `db:"due_at"`
	CreatedAt      storage.Time `db:"created_at"`
	SettledAt      storage.Time `db:"settled_at"`
}

const deliveryColumns = `id, organisation_id, webhook_id, message_id, type, body, state, attempts, first_at, due_at, created_at, settled_at`

// message is the body of a delivery.
type message struct {
	ID             string          `json:"id"` // of the message, as in Webhook-Id
	Type           string          `json:"type"`
	OrganizationID string          `json:"organization_id"`
	At             storage.Time    `json:"at"`
	Path           string          `json:"path,omitempty"` // in the cabinet
	Data           json.RawMessage `json:"data"`
}

// messageID is the message's name for receivers: the same for every webhook,
// attempt and replay, of characters that a header can hold whatever the event's.
func messageID(eventID string) string {
	sum := sha256.Sum256([]byte(eventID))
	return "msg_" + hex.EncodeToString(sum[:16])
}

// Receive makes a delivery of an event for each webhook of its organisation that
// wants it, in the transaction of ctx. An event received twice makes none twice.
func (w *Webhooks) Receive(ctx context.Context, e notice.Event) error {
	if _, carried := eventTypes()[e.Type]; !carried || e.OrganisationID == "" || len(e.Persons) > 0 {
		return nil // of a person, not of an organisation
	}
	list, err := w.list(ctx, e.OrganisationID)
	if err != nil {
		return err
	}
	data, err := json.Marshal(e.Data)
	if err != nil || e.Data == nil {
		data = []byte("{}")
	}
	m := message{messageID(e.ID), e.Type, e.OrganisationID, storage.Of(w.Now()), e.Path, data}
	for _, one := range list {
		if one.State != disabled && one.wants(e.Type, e.Permission) {
			if _, err := w.enqueue(ctx, one, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// enqueue writes a delivery and has the dispatcher look at its webhook. The zero
// delivery is answered for a message that the webhook has had.
func (w *Webhooks) enqueue(ctx context.Context, e endpoint, m message) (delivery, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return delivery{}, fmt.Errorf("webhook: body: %w", err)
	}
	now := storage.Of(w.Now())
	d := delivery{
		ID: storage.NewID(), OrganisationID: e.OrganisationID, WebhookID: e.ID, MessageID: m.ID, Type: m.Type, Body: string(body),
		State: waiting, DueAt: now, CreatedAt: now,
	}
	added, err := w.DB.Exec(ctx, `INSERT INTO webhook_deliveries (`+deliveryColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, 0, $7, $7, 0) ON CONFLICT (webhook_id, message_id) DO NOTHING`,
		d.ID, d.OrganisationID, d.WebhookID, d.MessageID, d.Type, d.Body, now)
	if err != nil {
		return delivery{}, fmt.Errorf("webhook: enqueue: %w", err)
	}
	if added == 0 {
		return delivery{}, nil
	}
	return d, w.call(ctx, e.ID)
}

// call has the dispatcher look at a webhook now, unless somebody works for it (who
// looks again before he leaves) or it is being given a rest after failures.
func (w *Webhooks) call(ctx context.Context, webhookID string) error {
	_, err := w.DB.Exec(ctx, `UPDATE webhooks SET due_at = CASE
			WHEN lease <> '' THEN due_at
			WHEN due_at = 0 OR failures = 0 AND due_at > $1 THEN $1
			ELSE due_at END
		WHERE id = $2 AND state = 'active'`, storage.Of(w.Now()), webhookID)
	if err != nil {
		return fmt.Errorf("webhook: call: %w", err)
	}
	w.ring(ctx)
	return nil
}

// test sends a message of no meaning, to see whether the address answers.
func (w *Webhooks) test(ctx context.Context, actor directory.Actor, e endpoint) (d delivery, err error) {
	m := message{
		ID: messageID("test/" + storage.NewID()), Type: "webhook.test", OrganizationID: e.OrganisationID,
		At: storage.Of(w.Now()), Data: json.RawMessage(`{"message":"ok"}`),
	}
	err = w.DB.Tx(ctx, func(ctx context.Context) error {
		if d, err = w.enqueue(ctx, e, m); err != nil {
			return err
		}
		return w.record(ctx, actor, e.OrganisationID, "webhook.tested", e.ID, nil)
	})
	return d, err
}

// deliveries lists a webhook's deliveries, newest first, after the row of at and id.
func (w *Webhooks) deliveries(ctx context.Context, e endpoint, state, kind string, at storage.Time, id string, limit int) (list []delivery, err error) {
	if at == 0 {
		at = storage.Time(1 << 62)
	}
	err = w.DB.Select(ctx, &list, `SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE organisation_id = $1 AND webhook_id = $2 AND ($3 = '' OR state = $3) AND ($4 = '' OR type = $4)
			AND created_at <= $5 AND (created_at < $5 OR id < $6)
		ORDER BY created_at DESC, id DESC LIMIT $7`, e.OrganisationID, e.ID, state, kind, at, id, limit)
	if err != nil {
		return nil, fmt.Errorf("webhook: deliveries: %w", err)
	}
	return list, nil
}

// delivery reads one; storage.ErrNotFound for another webhook's as for none.
func (w *Webhooks) delivery(ctx context.Context, e endpoint, id string) (d delivery, err error) {
	err = w.DB.Get(ctx, &d, `SELECT `+deliveryColumns+` FROM webhook_deliveries WHERE organisation_id = $1 AND webhook_id = $2 AND id = $3`,
		e.OrganisationID, e.ID, id)
	if err != nil {
		return d, fmt.Errorf("webhook: delivery: %w", err)
	}
	return d, nil
}

// errWaiting: the delivery is on its way.
var errWaiting = errors.New("webhook: the delivery waits to be sent")

// replay sends a settled delivery again, under the message's own id: a receiver
// that keeps the ids it has seen recognises it.
func (w *Webhooks) replay(ctx context.Context, actor directory.Actor, e endpoint, d delivery) error {
	return w.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := w.DB.Exec(ctx, `UPDATE webhook_deliveries SET state = 'waiting', first_at = 0, due_at = $1, settled_at = 0
			WHERE id = $2 AND state <> 'waiting'`, storage.Of(w.Now()), d.ID)
		if err != nil {
			return fmt.Errorf("webhook: replay: %w", err)
		}
		if n == 0 {
			return errWaiting
		}
		if err := w.call(ctx, e.ID); err != nil {
			return err
		}
		return w.record(ctx, actor, e.OrganisationID, "webhook.replayed", e.ID, map[string]string{"delivery": d.ID})
	})
}

// span is which deliveries a replay of many takes.
type span struct {
	from, to storage.Time // created in [from, to)
	state    string       // "" = failed and delivered ones
	kind     string       // "" = of every type
}

// replayMost is how many deliveries one replay takes.
const replayMost = 10_000

// replayMany sends the settled deliveries of a span again, oldest first, and
// counts them. With more than replayMost the caller asks again.
func (w *Webhooks) replayMany(ctx context.Context, actor directory.Actor, e endpoint, s span) (count int64, err error) {
	err = w.DB.Tx(ctx, func(ctx context.Context) error {
		count, err = w.DB.Exec(ctx, `UPDATE webhook_deliveries SET state = 'waiting', first_at = 0, due_at = $1, settled_at = 0
			WHERE id IN (SELECT id FROM webhook_deliveries WHERE organisation_id = $2 AND webhook_id = $3
				AND created_at >= $4 AND created_at < $5 AND state <> 'waiting' AND ($6 = '' OR state = $6) AND ($7 = '' OR type = $7)
				ORDER BY created_at, id LIMIT $8)`,
			storage.Of(w.Now()), e.OrganisationID, e.ID, s.from, s.to, s.state, s.kind, replayMost)
		if err != nil || count == 0 {
			return err
		}
		if err := w.call(ctx, e.ID); err != nil {
			return err
		}
		return w.record(ctx, actor, e.OrganisationID, "webhook.replayed", e.ID, map[string]string{
			"from": s.from.Time().String(), "to": s.to.Time().String(), "deliveries": fmt.Sprint(count),
		})
	})
	return count, err
}
