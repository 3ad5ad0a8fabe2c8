package outbox

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage/jobs"
)

// State is how far a message has come.
type State string

// The states that watchers hear of.
const (
	Sent      State = "sent"      // the channel's far side has taken it
	Delivered State = "delivered" // and says that it reached the addressee
	Failed    State = "failed"    // nothing more will be tried
)

// Result is what came of a message.
type Result struct {
	MessageID, Channel string
	State              State
	// Reason is why it failed, a short stable word where there is one: expired,
	// gone, refused, unreachable.
	Reason string
}

// Confirming is a channel whose far side says at once whether the message
// reached the addressee.
type Confirming interface {
	Channel
	// DeliverConfirmed is Deliver with that word.
	DeliverConfirmed(ctx context.Context, m Message) (reached bool, err error)
}

// Fault is a failure of delivery with a stable word for it.
type Fault struct {
	Reason string
	Err    error
}

func (f *Fault) Error() string { return f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Watch has fn called when something has come of a message, in the transaction
// that settles it. After a crash it may hear of one message twice. Call it
// before the jobs start.
func (o *Outbox) Watch(fn func(ctx context.Context, r Result) error) {
	o.watchers = append(o.watchers, fn)
}

// hand gives a message to its channel; without one (Keep) it counts as sent.
func (o *Outbox) hand(ctx context.Context, m Message) (State, error) {
	channel := o.Channels[m.Channel]
	if channel == nil {
		return Sent, nil
	}
	if err := o.fetch(ctx, &m); err != nil {
		return Sent, err
	}
	if confirming, ok := channel.(Confirming); ok {
		reached, err := confirming.DeliverConfirmed(ctx, m)
		if reached {
			return Delivered, err
		}
		return Sent, err
	}
	return Sent, channel.Deliver(ctx, m)
}

// notDelivered tells the watchers of a failure that nothing more is tried after.
// The message stays for whoever retries the dead letter.
func (o *Outbox) notDelivered(ctx context.Context, job jobs.Job, m Message, failure error) error {
	failure = fmt.Errorf("outbox: deliver by %s: %w", m.Channel, failure)
	if !jobs.IsPermanent(failure) && job.Attempt < job.MaxAttempts || ctx.Err() != nil {
		return failure
	}
	reason := "unreachable"
	if jobs.IsPermanent(failure) {
		reason = "refused"
	}
	if known, ok := errors.AsType[*Fault](failure); ok {
		reason = known.Reason
	}
	err := o.settle(ctx, m, Result{State: Failed, Reason: reason}, func(context.Context, string) error { return nil })
	if err != nil {
		o.Log.ErrorContext(ctx, "a failed message could not be told of", "message", m.ID, "error", err)
	}
	return failure
}

// settle does what becomes of the message's row and tells the watchers, in one
// transaction.
func (o *Outbox) settle(ctx context.Context, m Message, r Result, row func(ctx context.Context, id string) error) error {
	r.MessageID, r.Channel = m.ID, m.Channel
	return o.DB.Tx(ctx, func(ctx context.Context) error {
		if err := row(ctx, m.ID); err != nil {
			return err
		}
		for _, watch := range o.watchers {
			if err := watch(ctx, r); err != nil {
				return fmt.Errorf("outbox: tell of message %s: %w", m.ID, err)
			}
		}
		return nil
	})
}
