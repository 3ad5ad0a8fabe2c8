package payment

import (
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/payment/provider"
	"propusk/idp/directory"
	"propusk/storage"
)

// What became of a word of the provider's.
const (
	taken        = "taken"
	repeated     = "repeated"     // it was known
	mismatched   = "mismatched"   // another sum or currency than was ordered
	contradicted = "contradicted" // the payment has another outcome
)

// settle takes the provider's word on a payment, from a callback or an answer, and
// says what became of it. The first outcome stands; one that contradicts it, or tells
// of another sum, changes nothing and goes before the eyes of operators.
func (p *Payments) settle(ctx context.Context, id string, s provider.State) (became string, err error) {
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		pay, err := p.byID(ctx, id)
		if err != nil {
			return err
		}
		became = judge(pay, s)
		switch became {
		case taken:
			return p.outcome(ctx, pay, s)
		case mismatched, contradicted:
			p.Log.ErrorContext(ctx, "the payment provider's word does not fit the payment", "payment", id, "outcome", became,
				"status", pay.Status, "said", s.Status, "amount", pay.Amount, "said_amount", s.Amount)
			return p.note(ctx, directory.Actor{}, pay, "payment."+became, map[string]string{"said": string(s.Status), "said_amount": fmt.Sprint(s.Amount)})
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("payment: settle: %w", err)
	}
	return became, nil
}

// judge says what the word is worth, whatever it changes.
func judge(pay Payment, s provider.State) string {
	switch {
	case s.Amount != pay.Amount || s.Currency != provider.Currency:
		return mismatched
	case pay.unsigned():
		return contradicted // the provider was never given it
	case pay.Status.Open():
		return taken
	case s.Status == provider.Pending, string(s.Status) == string(pay.Status):
		return repeated
	}
	return contradicted
}

// outcome makes the provider's word the payment's.
func (p *Payments) outcome(ctx context.Context, pay Payment, s provider.State) error {
	pay.Reference = s.Reference
	if s.Status == provider.Pending {
		if pay.Status == Sent && (s.PayURL == "" || s.PayURL == pay.PayURL) {
			return nil
		}
		pay.Status, pay.PayURL, pay.QR = Sent, s.PayURL, s.QR
		if err := p.store(ctx, &pay); err != nil {
			return err
		}
		return p.note(ctx, directory.Actor{}, pay, "payment.sent", nil)
	}
	pay.Status, pay.Reason = Status(s.Status), s.Reason
	if pay.Status == Paid {
		if pay.PaidAt = s.PaidAt; pay.PaidAt == 0 || pay.PaidAt.After(p.now()) {
			pay.PaidAt = p.now()
		}
	}
	return p.finish(ctx, directory.Actor{}, &pay)
}

// finish stores a payment's outcome with all that follows from it: its accruals are
// free or paid, people are told, and a receipt is made.
func (p *Payments) finish(ctx context.Context, actor directory.Actor, pay *Payment) error {
	pay.LookAt, pay.PayURL, pay.QR = 0, "", ""
	if err := p.store(ctx, pay); err != nil {
		return err
	}
	for _, item := range pay.Items.V {
		if err := p.release(ctx, *pay, item); err != nil {
			return err
		}
	}
	if err := p.note(ctx, actor, *pay, "payment."+string(pay.Status), map[string]string{"reference": pay.Reference}); err != nil {
		return err
	}
	p.DB.AfterCommit(ctx, func() { p.metrics.ended.WithLabelValues(string(pay.Method), string(pay.Status)).Inc() })
	switch pay.Status {
	case Paid:
		if err := p.enqueue(ctx, jobReceipt, pay.ID); err != nil {
			return err
		}
		return p.Notices.Tell(ctx, paidEvent(*pay))
	case Refused, Expired:
		return p.Notices.Tell(ctx, failedEvent(*pay))
	}
	return nil
}

// release gives an accrual back, with what has been paid of it.
func (p *Payments) release(ctx context.Context, pay Payment, item Item) error {
	a, err := p.Accrual(ctx, pay.OrganisationID, item.AccrualID)
	if err != nil {
		return err
	}
	if a.PaymentID == pay.ID {
		a.PaymentID = ""
	}
	if pay.Status == Paid {
		a.Paid = max(a.Paid, item.Before+item.Amount)
	}
	a.settle()
	a.remind(p.now())
	return p.storeAccrual(ctx, &a)
}

// carried ends a payment order that nobody has signed here, when a body says that
// everything in it is paid: it was carried to the bank by hand.
func (p *Payments) carried(ctx context.Context, a Accrual) error {
	pay, err := p.byID(ctx, a.PaymentID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (pay.Status != Created || !pay.unsigned()) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, item := range pay.Items.V {
		other, err := p.Accrual(ctx, pay.OrganisationID, item.AccrualID)
		if err != nil {
			return err
		}
		if other.Status != Settled {
			return nil
		}
	}
	pay.Status, pay.PaidAt, pay.Reason = Paid, p.now(), "По сведениям органа"
	return p.finish(ctx, directory.Actor{}, &pay)
}

// store writes what can change of a payment, as the next version; ErrStale when
// somebody was faster.
func (p *Payments) store(ctx context.Context, pay *Payment) error {
	read := pay.Version
	pay.Version, pay.UpdatedAt = read+1, p.now()
	n, err := p.DB.Exec(ctx, `UPDATE payments SET status = $1, reason = $2, reference = $3, pay_url = $4, qr = $5, signature = $6, signer = $7,
		receipt = $8, version = $9, updated_at = $10, look_at = $11, signed_at = $12, paid_at = $13 WHERE id = $14 AND version = $15`,
		pay.Status, pay.Reason, pay.Reference, pay.PayURL, pay.QR, pay.Signature, pay.Signer, pay.Receipt, pay.Version, pay.UpdatedAt, pay.LookAt,
		pay.SignedAt, pay.PaidAt, pay.ID, read)
	if err != nil {
		return fmt.Errorf("payment: store: %w", err)
	}
	if n == 0 {
		return ErrStale
	}
	return nil
}
