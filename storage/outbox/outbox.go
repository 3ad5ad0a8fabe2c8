package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
)

// Message is what is to be delivered.
type Message struct {
	ID      string       `json:"id"`      // filled by Send when empty
	Channel string       `json:"channel"` // sms, email, push
	To      string       `json:"to"`
	Subject string       `json:"subject,omitempty"`
	Text    string       `json:"text"`
	Code    string       `json:"code,omitempty"` // the one-time code in Text, for the demo's list; channels ignore it
	At      storage.Time `json:"at"`             // filled by Send when zero
	Expires storage.Time `json:"expires"`        // not worth delivering after; 0 is a week

	Attachments []Attachment `json:"attachments,omitempty"` // of an e-mail
}

// Channel delivers messages of one kind. It returns jobs.Permanent when no
// further attempt can help.
type Channel interface {
	Deliver(ctx context.Context, m Message) error
}

// Deps are what an Outbox works with.
type Deps struct {
	DB       *storage.DB
	Jobs     *jobs.Runner
	Sealer   *storage.Sealer
	Channels map[string]Channel // by Message.Channel
	// Keep keeps every message readable after delivery, for List, and accepts
	// messages for channels that do not exist. DANGER: for the demo only, it
	// leaves codes and links in the database.
	Keep bool
	Now  func() time.Time
	Log  *slog.Logger
}

// Outbox takes messages and has them delivered.
type Outbox struct {
	Deps
	watchers []func(context.Context, Result) error
	attached map[string]func(ctx context.Context, ref string) (io.ReadCloser, error)
}

// ErrChannel: there is no channel of that name.
var ErrChannel = errors.New("outbox: no such channel")

// demoChannels are those that Keep accepts though nothing delivers them.
var demoChannels = []string{"email", "push", "sms"}

// retention is how long an undelivered message is kept, and a dead one for Retry.
const retention = 7 * 24 * time.Hour

// New returns an outbox and registers its handlers with deps.Jobs, which must
// not have started.
func New(deps Deps) *Outbox {
	o := &Outbox{Deps: deps}
	for _, name := range o.names() {
		o.Jobs.Handle(kind(name), o.deliver)
	}
	o.Jobs.Every("outbox/purge", time.Hour, o.purge)
	return o
}

// names are the channels that messages may be sent by.
func (o *Outbox) names() []string {
	var names []string
	for name := range o.Channels {
		names = append(names, name)
	}
	if o.Keep {
		names = append(names, demoChannels...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func kind(channel string) string { return "deliver/" + channel }

// ticket is the job's payload.
type ticket struct {
	ID string `json:"id"`
}

// Send takes a message, in the transaction of ctx. ErrChannel when nothing
// delivers such messages.
func (o *Outbox) Send(ctx context.Context, m Message) error {
	if !slices.Contains(o.names(), m.Channel) {
		return fmt.Errorf("%w: %q", ErrChannel, m.Channel)
	}
	if m.To == "" {
		return errors.New("outbox: a message needs an addressee")
	}
	if err := o.attachable(m); err != nil {
		return err
	}
	if m.ID == "" {
		m.ID = storage.NewID()
	}
	if m.At == 0 {
		m.At = storage.Of(o.Now())
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return o.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := o.DB.Exec(ctx, `INSERT INTO outbox (id, channel, sealed, created_at, sent_at) VALUES ($1, $2, $3, $4, 0)`,
			m.ID, m.Channel, o.Sealer.Seal(plain, sealContext(m.ID)), m.At)
		if err != nil {
			return fmt.Errorf("outbox: store message: %w", err)
		}
		return jobs.Enqueue(ctx, o.DB, kind(m.Channel), ticket{m.ID})
	})
}

func sealContext(id string) string { return "outbox/" + id }

// deliver is the job.
func (o *Outbox) deliver(ctx context.Context, job jobs.Job) error {
	var t ticket
	if err := job.Decode(&t); err != nil {
		return err
	}
	m, sent, err := o.message(ctx, t.ID)
	if errors.Is(err, storage.ErrNotFound) || sent {
		return nil // delivered before, the job just did not get to say so
	}
	if err != nil {
		return err
	}
	if o.expired(m) {
		o.Log.WarnContext(ctx, "a message was dropped, it came too late", "channel", m.Channel, "message", m.ID)
		return o.settle(ctx, m, Result{State: Failed, Reason: "expired"}, o.wipe)
	}
	state, err := o.hand(ctx, m)
	if err != nil {
		return o.notDelivered(ctx, job, m, err)
	}
	return o.settle(ctx, m, Result{State: state}, o.delivered)
}

// delivered forgets a message, or with Keep notes that it went out.
func (o *Outbox) delivered(ctx context.Context, id string) error {
	if !o.Keep {
		return o.wipe(ctx, id)
	}
	_, err := o.DB.Exec(ctx, `UPDATE outbox SET sent_at = $1 WHERE id = $2`, storage.Of(o.Now()), id)
	return err
}

func (o *Outbox) expired(m Message) bool {
	return m.Expires != 0 && m.Expires <= storage.Of(o.Now())
}

func (o *Outbox) wipe(ctx context.Context, id string) error {
	_, err := o.DB.Exec(ctx, `DELETE FROM outbox WHERE id = $1`, id)
	return err
}

// stored is a message's row.
type stored struct {
	ID     string       `db:"id"`
	Sealed []byte       `db:"sealed"`
	SentAt storage.Time `db:"sent_at"`
}

func (o *Outbox) message(ctx context.Context, id string) (m Message, sent bool, err error) {
	var row stored
	if err := o.DB.Get(ctx, &row, `SELECT id, sealed, sent_at FROM outbox WHERE id = $1`, id); err != nil {
		return Message{}, false, err
	}
	m, err = o.open(row)
	return m, row.SentAt != 0, err
}

func (o *Outbox) open(row stored) (m Message, err error) {
	plain, err := o.Sealer.Open(row.Sealed, sealContext(row.ID))
	if err != nil {
		return m, jobs.Permanent(fmt.Errorf("outbox: message %s: %w", row.ID, err))
	}
	if err := json.Unmarshal(plain, &m); err != nil {
		return m, jobs.Permanent(fmt.Errorf("outbox: message %s: %w", row.ID, err))
	}
	return m, nil
}

// purge drops what nobody will deliver any more.
func (o *Outbox) purge(ctx context.Context) error {
	if o.Keep {
		return nil
	}
	_, err := o.DB.Exec(ctx, `DELETE FROM outbox WHERE created_at < $1`, storage.Of(o.Now().Add(-retention)))
	return err
}

// ErrNotKept: the messages are wiped after delivery, there is no list of them.
var ErrNotKept = errors.New("outbox: messages are not kept")

// List returns the latest messages, newest first, delivered or not. Only with
// Keep; ErrNotKept otherwise.
func (o *Outbox) List(ctx context.Context, limit int) ([]Message, error) {
	if !o.Keep {
		return nil, ErrNotKept
	}
	var rows []stored
	err := o.DB.Select(ctx, &rows, `SELECT id, sealed, sent_at FROM outbox ORDER BY created_at DESC, id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("outbox: list: %w", err)
	}
	messages := make([]Message, 0, len(rows))
	for _, row := range rows {
		m, err := o.open(row)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}
