package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet/payment/provider"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

const (
	// lookAgain is how long after a look at a payment the next one follows, where no
	// callback comes; of an account's orders, which banks take hours for, ordersAgain.
	lookAgain   = 20 * time.Second
	ordersAgain = 2 * time.Minute
	tendBatch   = 100
)

// lookJob is a look that was asked for.
func (p *Payments) lookJob(ctx context.Context, job jobs.Job) error {
	var id string
	if err := job.Decode(&id); err != nil {
		return err
	}
	return p.look(ctx, id)
}

// tend looks at every payment whose time has come: what a killed process had begun is
// gone on with here.
func (p *Payments) tend(ctx context.Context) error {
	var due []string
	err := p.DB.Select(ctx, &due, `SELECT id FROM payments WHERE look_at > 0 AND look_at <= $1 ORDER BY look_at LIMIT $2`, p.now(), tendBatch)
	if err != nil {
		return fmt.Errorf("payment: what to look at: %w", err)
	}
	var failed []error
	for _, id := range due {
		if err := p.look(ctx, id); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// look goes on with a payment: it is sent, asked for, or its term is over. The look
// after this one is set before, so that of many nodes one asks, and none does when
// the process is killed meanwhile.
func (p *Payments) look(ctx context.Context, id string) error {
	pay, err := p.byID(ctx, id)
	if err != nil {
		return err
	}
	if !pay.Status.Open() {
		return nil
	}
	over := !p.now().Before(pay.ExpiresAt)
	if pay.unsigned() {
		if !over {
			return nil
		}
		return p.end(ctx, pay, Expired, "")
	}
	if err := p.lookLater(ctx, &pay); err != nil {
		return err
	}
	if p.Provider == nil {
		return nil
	}
	if pay.Status == Sent || over {
		return p.find(ctx, pay, over)
	}
	return p.send(ctx, pay)
}

// lookLater sets the next look; it is no change of the payment.
func (p *Payments) lookLater(ctx context.Context, pay *Payment) error {
	wait := lookAgain
	if pay.Method == Account {
		wait = ordersAgain
	}
	_, err := p.DB.Exec(ctx, `UPDATE payments SET look_at = $1 WHERE id = $2 AND look_at > 0`, p.now().Add(wait), pay.ID)
	if err != nil {
		return fmt.Errorf("payment: set the next look: %w", err)
	}
	pay.LookAt = p.now().Add(wait)
	return nil
}

// send gives the provider the order. A provider that does not answer is asked again at
// the next look; one that refuses ends the payment.
func (p *Payments) send(ctx context.Context, pay Payment) error {
	s, err := p.Provider.Create(ctx, p.order(pay))
	switch {
	case errors.Is(err, provider.ErrRefused):
		p.Log.WarnContext(ctx, "the payment provider does not take a payment", "payment", pay.ID, "error", err)
		return p.end(ctx, pay, Refused, "Платёжный сервис не принял платёж")
	case err != nil:
		return p.awayOr(ctx, pay, err)
	}
	_, err = p.settle(ctx, pay.ID, s)
	return err
}

// find asks how the order stands. Only the provider's own word that it has none, after
// the term in which it may take one, ends a payment as expired.
func (p *Payments) find(ctx context.Context, pay Payment, over bool) error {
	s, err := p.Provider.Find(ctx, pay.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound) && over:
		return p.end(ctx, pay, Expired, "")
	case errors.Is(err, storage.ErrNotFound):
		p.Log.ErrorContext(ctx, "the payment provider does not know a payment that it has taken", "payment", pay.ID)
		return nil
	case err != nil:
		return p.awayOr(ctx, pay, err)
	}
	_, err = p.settle(ctx, pay.ID, s)
	return err
}

// awayOr passes over a provider that does not answer now.
func (p *Payments) awayOr(ctx context.Context, pay Payment, err error) error {
	if errors.Is(err, provider.ErrUnavailable) {
		p.Log.WarnContext(ctx, "the payment provider does not answer", "payment", pay.ID, "error", err)
		return nil
	}
	return err
}

// end is an outcome that we know of ourselves.
func (p *Payments) end(ctx context.Context, pay Payment, status Status, reason string) error {
	err := p.DB.Tx(ctx, func(ctx context.Context) error {
		now, err := p.byID(ctx, pay.ID)
		if err != nil || !now.Status.May(status) || now.Version != pay.Version {
			return err
		}
		now.Status, now.Reason = status, reason
		return p.finish(ctx, directory.Actor{}, &now)
	})
	if err != nil {
		return fmt.Errorf("payment: end: %w", err)
	}
	return nil
}

// order is what the provider is told: the same at any time.
func (p *Payments) order(pay Payment) provider.Order {
	o := provider.Order{
		ID: pay.ID, Method: string(pay.Method), Amount: pay.Amount, Currency: provider.Currency, Payer: pay.Payer.V.Party,
		Description: description(pay), ReturnURL: p.BaseURL + "/cabinet/finance/payments/" + pay.ID,
		CallbackURL: p.BaseURL + CallbackPath, ExpiresAt: pay.ExpiresAt,
	}
	for _, item := range pay.Items.V {
		o.Items = append(o.Items, provider.Item{Amount: item.Amount, Purpose: item.Purpose, Requisites: item.Requisites})
	}
	if pay.Method == Account {
		o.Document = &provider.Document{Name: pay.ordersName(), Content: pay.orders(), Signature: pay.Signature}
	}
	return o
}

func description(pay Payment) string {
	if len(pay.Items.V) == 1 {
		return pay.Items.V[0].Purpose
	}
	return fmt.Sprintf("Начисления: %d", len(pay.Items.V))
}
