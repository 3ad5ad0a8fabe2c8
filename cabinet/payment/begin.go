package payment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"propusk/cabinet/payment/requisite"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// Begin is what somebody wants paid.
type Begin struct {
	Method    Method
	AccountID string // of the method account
	Accruals  []Wanted
}

// Wanted is an accrual with the sum that the payer has seen: another one is not paid
// without asking again.
type Wanted struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"` // kopecks, all that is left of it
}

const (
	// maxItems bounds the accruals of one payment.
	maxItems = 20
	// openAtATime bounds the payments of one organisation that have no outcome.
	openAtATime = 50
)

// Begin begins a payment by whoever may make it (finance:write; a power of attorney
// must reach as far as the sum). The accruals are its own from then until it has an
// outcome. ErrTaken, ErrNothingDue, ErrChanged, ErrTooMany, ErrUnavailable,
// storage.ErrNotFound, the directory's refusals.
func (p *Payments) Begin(ctx context.Context, actor directory.Actor, organisationID string, b Begin) (pay Payment, err error) {
	if p.Provider == nil || b.Method == Account && p.Verifier == nil {
		return Payment{}, ErrUnavailable
	}
	o, err := p.Directory.Organisation(ctx, organisationID)
	if err != nil {
		return Payment{}, fmt.Errorf("payment: who pays: %w", err)
	}
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		pay, err = p.begin(ctx, actor, o, b)
		return err
	})
	if err != nil {
		return Payment{}, fmt.Errorf("payment: begin: %w", err)
	}
	return pay, nil
}

func (p *Payments) begin(ctx context.Context, actor directory.Actor, o directory.Organisation, b Begin) (Payment, error) {
	var total int64
	for _, w := range b.Accruals {
		total += w.Amount
	}
	by, err := p.Directory.Authorise(ctx, actor, o.ID, directory.Act{Permission: directory.FinanceWrite, Amount: total})
	if err != nil {
		return Payment{}, err
	}
	now := p.now()
	pay := Payment{
		ID: storage.NewID(), OrganisationID: o.ID, Method: b.Method, Status: Created, Amount: total, CreatedBy: actor.PersonID,
		ClientID: actor.ClientID, Version: 1, CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(b.Method.term()),
	}
	pay.LookAt, pay.Authority.V, pay.Payer.V.Party = now.Add(lookAgain), by, requisite.Party{Name: nameOf(o), INN: o.INN, KPP: o.KPP}
	if b.Method == Account {
		if pay.Payer.V.Account, err = p.payingAccount(ctx, o.ID, b.AccountID); err != nil {
			return Payment{}, err
		}
		pay.LookAt = pay.ExpiresAt
	}
	if pay.Number, err = p.nextNumber(ctx, o.ID, len(b.Accruals)); err != nil {
		return Payment{}, err
	}
	if err := p.room(ctx, o.ID); err != nil {
		return Payment{}, err
	}
	if pay.Items.V, err = p.hold(ctx, pay, b.Accruals); err != nil {
		return Payment{}, err
	}
	return pay, p.enter(ctx, actor, pay)
}

// nextNumber takes as many numbers of payment orders. It comes before everything that
// is counted: payments of one organisation are begun one after another.
func (p *Payments) nextNumber(ctx context.Context, organisationID string, orders int) (int64, error) {
	var last int64
	err := p.DB.Get(ctx, &last, `INSERT INTO payment_numbers (organisation_id, last) VALUES ($1, $2)
		ON CONFLICT (organisation_id) DO UPDATE SET last = payment_numbers.last + EXCLUDED.last RETURNING last`, organisationID, orders)
	if err != nil {
		return 0, fmt.Errorf("number: %w", err)
	}
	return last - int64(orders) + 1, nil
}

// room refuses more than a number of open payments.
func (p *Payments) room(ctx context.Context, organisationID string) error {
	var open int
	err := p.DB.Get(ctx, &open, `SELECT COUNT(*) FROM (SELECT id FROM payments
		WHERE organisation_id = $1 AND status IN ('created', 'sent') LIMIT $2) AS p`, organisationID, openAtATime)
	if err != nil {
		return fmt.Errorf("count: %w", err)
	}
	if open >= openAtATime {
		return ErrTooMany
	}
	return nil
}

// hold makes the accruals the payment's own, in the order of their ids, so that two
// payments of the same ones wait for each other and do not lock each other out.
func (p *Payments) hold(ctx context.Context, pay Payment, wanted []Wanted) ([]Item, error) {
	wanted = slices.Clone(wanted)
	slices.SortFunc(wanted, func(a, b Wanted) int { return cmp.Compare(a.ID, b.ID) })
	items := make([]Item, len(wanted))
	for i, w := range wanted {
		var a Accrual
		err := p.DB.Get(ctx, &a, `UPDATE accruals SET payment_id = $1, version = version + 1, updated_at = $2
			WHERE id = $3 AND organisation_id = $4 AND status = 'due' AND payment_id = '' AND amount - paid = $5
			RETURNING `+accrualColumns, pay.ID, pay.CreatedAt, w.ID, pay.OrganisationID, w.Amount)
		if errors.Is(err, storage.ErrNotFound) {
			return nil, p.whyNot(ctx, pay.OrganisationID, w)
		}
		if err != nil {
			return nil, fmt.Errorf("take an accrual: %w", err)
		}
		items[i] = Item{AccrualID: a.ID, UIN: a.UIN, Kind: a.Kind, Amount: w.Amount, Before: a.Paid, Purpose: a.Purpose, Requisites: a.Requisites.V}
	}
	return items, nil
}

// whyNot says why an accrual could not be taken.
func (p *Payments) whyNot(ctx context.Context, organisationID string, w Wanted) error {
	a, err := p.Accrual(ctx, organisationID, w.ID)
	switch {
	case err != nil:
		return err
	case a.Status != Due:
		return ErrNothingDue
	case a.PaymentID != "":
		return ErrTaken
	}
	return ErrChanged
}

// enter stores a new payment and has it worked on.
func (p *Payments) enter(ctx context.Context, actor directory.Actor, pay Payment) error {
	_, err := p.DB.Exec(ctx, `INSERT INTO payments (`+paymentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
		$15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
		pay.ID, pay.OrganisationID, pay.Number, pay.Method, pay.Status, pay.Amount, pay.Items, pay.Payer, pay.Reason, pay.Reference, pay.PayURL, pay.QR,
		pay.Signature, pay.Signer, pay.Authority, pay.CreatedBy, pay.ClientID, pay.Receipt, pay.Version, pay.CreatedAt, pay.UpdatedAt, pay.ExpiresAt,
		pay.LookAt, pay.SignedAt, pay.PaidAt)
	if err != nil {
		return fmt.Errorf("store a payment: %w", err)
	}
	for _, item := range pay.Items.V {
		_, err := p.DB.Exec(ctx, `INSERT INTO payment_items (payment_id, accrual_id, created_at) VALUES ($1, $2, $3)`, pay.ID, item.AccrualID, pay.CreatedAt)
		if err != nil {
			return fmt.Errorf("store a payment: %w", err)
		}
	}
	if err := p.note(ctx, actor, pay, "payment.created", nil); err != nil {
		return err
	}
	if pay.Method == Account {
		return nil
	}
	return p.enqueue(ctx, jobLook, pay.ID)
}

// note writes the journal of the organisation.
func (p *Payments) note(ctx context.Context, actor directory.Actor, pay Payment, action string, details map[string]string) error {
	if details == nil {
		details = map[string]string{}
	}
	details["method"], details["amount"], details["status"] = string(pay.Method), fmt.Sprint(pay.Amount), string(pay.Status)
	details["accruals"], details["by"] = fmt.Sprint(len(pay.Items.V)), pay.Authority.V.By
	if power := pay.Authority.V.PowerNumber; power != "" {
		details["power"] = power
	}
	err := p.Journal.Append(ctx, journal.Entry{
		Organisation: pay.OrganisationID, Actor: actor.PersonID, Client: actor.ClientID, Action: action, Object: "payment:" + pay.ID,
		Outcome: "ok", Details: details,
	})
	if err != nil {
		return fmt.Errorf("payment: note: %w", err)
	}
	return nil
}

// Cancel gives up a payment order that is not signed. What the provider may have is
// not given up here: only the provider can say that nobody pays it any more. version,
// when not 0, must be the present one.
func (p *Payments) Cancel(ctx context.Context, actor directory.Actor, organisationID, id string, version int64) (pay Payment, err error) {
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		if pay, err = p.Payment(ctx, organisationID, id); err != nil {
			return err
		}
		if _, err := p.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.FinanceWrite, Amount: pay.Amount}); err != nil {
			return err
		}
		switch {
		case version != 0 && version != pay.Version:
			return ErrStale
		case pay.Status != Created || !pay.unsigned():
			return ErrState
		}
		pay.Status = Cancelled
		return p.finish(ctx, actor, &pay)
	})
	return pay, err
}
