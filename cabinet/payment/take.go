package payment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"propusk/cabinet/authority"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/journal"
)

// maxAttachment bounds a document of a charge, in bytes.
const maxAttachment = 10 << 20

// take makes an accrual of a charge, or changes the one of its УИН: the same word
// twice changes nothing. What was paid is never unpaid by a body that does not know of
// it yet.
func (p *Payments) take(ctx context.Context, organisationID string, c Charge, a authority.Answer) error {
	old, err := p.byUIN(ctx, organisationID, c.SupplierBillID)
	if errors.Is(err, storage.ErrNotFound) {
		return p.insert(ctx, p.fresh(organisationID, c, a), c, a)
	}
	if err != nil {
		return err
	}
	changed := old
	p.describe(&changed, c)
	changed.Paid = max(old.Paid, min(c.AmountPaid, c.TotalAmount))
	changed.Status = Due
	if c.Cancelled {
		changed.Status = Withdrawn
	}
	changed.settle()
	if same(old, changed) {
		p.metrics.charges.WithLabelValues("same").Inc()
		return nil
	}
	p.metrics.charges.WithLabelValues("changed").Inc()
	changed.remind(p.now())
	if err := p.storeAccrual(ctx, &changed); err != nil {
		return err
	}
	return p.changedAccrual(ctx, old, changed)
}

// describe sets what only the body decides.
func (p *Payments) describe(a *Accrual, c Charge) {
	r := c.requisites()
	a.Kind, a.Amount, a.Purpose, a.Calculation = c.Kind, c.TotalAmount, c.Purpose, c.Calculation
	a.Payee, a.PayeeINN, a.Requisites.V = r.Payee.Name, r.Payee.INN, r
	a.Search = strings.ToLower(a.Purpose + " " + a.Payee + " " + a.UIN)
	a.BilledAt, _ = readDay(c.BillDate)
	if a.DueAt = noTerm; c.ValidUntil != "" {
		a.DueAt, _ = readDay(c.ValidUntil)
	}
}

// same reports whether a body's word changes nothing.
func same(a, b Accrual) bool {
	return a.Kind == b.Kind && a.Amount == b.Amount && a.Paid == b.Paid && a.Status == b.Status && a.Purpose == b.Purpose &&
		a.Calculation == b.Calculation && a.Requisites.V == b.Requisites.V && a.BilledAt == b.BilledAt && a.DueAt == b.DueAt
}

func (p *Payments) fresh(organisationID string, c Charge, from authority.Answer) Accrual {
	now := p.now()
	a := Accrual{
		ID: storage.NewID(), OrganisationID: organisationID, UIN: c.SupplierBillID, Status: Due, Paid: min(c.AmountPaid, c.TotalAmount),
		Source: clip(from.Source, 200), Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if c.Cancelled {
		a.Status = Withdrawn
	}
	p.describe(&a, c)
	a.settle()
	a.remind(now)
	return a
}

// insert stores a new accrual with its documents, and tells of it unless it is an old
// story.
func (p *Payments) insert(ctx context.Context, a Accrual, c Charge, from authority.Answer) error {
	p.metrics.charges.WithLabelValues("new").Inc()
	files, err := p.attach(ctx, &a, c.Documents, from.Files)
	if err != nil {
		return err
	}
	_, err = p.DB.Exec(ctx, `INSERT INTO accruals (`+accrualColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
		$15, $16, $17, $18, $19, $20, $21, $22)`,
		a.ID, a.OrganisationID, a.UIN, a.Kind, a.Status, a.Amount, a.Paid, a.BilledAt, a.DueAt, a.Purpose, a.Calculation, a.Payee, a.PayeeINN,
		a.Requisites, a.Documents, a.Source, a.PaymentID, a.Search, a.Version, a.CreatedAt, a.UpdatedAt, a.RemindAt)
	if err != nil {
		return fmt.Errorf("payment: store an accrual: %w", err)
	}
	if len(files) > 0 {
		if err := p.Files.Keep(ctx, a.OrganisationID, a.owner(), files...); err != nil {
			return fmt.Errorf("payment: keep an accrual's documents: %w", err)
		}
	}
	if err := p.noteAccrual(ctx, a, "accrual.received", map[string]string{"source": a.Source}); err != nil {
		return err
	}
	if a.Status != Due {
		return nil
	}
	return p.Notices.Tell(ctx, p.receivedEvent(a))
}

// owner is who keeps an accrual's files.
func (a Accrual) owner() string { return "accrual/" + a.ID }

// attach saves the documents that came with their files. One that is refused (its
// kind, a virus) is shown without a file.
func (p *Payments) attach(ctx context.Context, a *Accrual, documents []AccrualDocument, files []authority.File) (ids []string, err error) {
	a.Documents.V = []AccrualDocument{}
	for _, d := range documents {
		d.FileID = ""
		for _, f := range files {
			if d.File == "" || f.Name != d.File || f.Name == ChargesFile {
				continue
			}
			saved, err := p.Files.SaveOurs(ctx, a.OrganisationID, f.Name, file.PDF|file.XML|file.JPEG|file.PNG, maxAttachment, bytes.NewReader(f.Content))
			if _, bad := errors.AsType[*file.KindError](err); bad || errors.Is(err, file.ErrTooLarge) || errors.Is(err, file.ErrEmpty) || errors.Is(err, file.ErrInfected) {
				p.Log.WarnContext(ctx, "a document of a charge was refused", "body", a.Source, "error", err)
				break
			}
			if err != nil {
				return nil, fmt.Errorf("payment: save an accrual's document: %w", err)
			}
			d.FileID, d.File = saved.ID, saved.Name
			ids = append(ids, saved.ID)
			break
		}
		if d.FileID == "" {
			d.File = ""
		}
		a.Documents.V = append(a.Documents.V, d)
	}
	return ids, nil
}

// changedAccrual writes what a body has changed, and ends a payment order that was
// carried to the bank by hand when its accruals have become paid.
func (p *Payments) changedAccrual(ctx context.Context, old, a Accrual) error {
	details := map[string]string{"before": string(old.Status), "after": string(a.Status), "amount_before": fmt.Sprint(old.Amount), "source": a.Source}
	if err := p.noteAccrual(ctx, a, "accrual.changed", details); err != nil {
		return err
	}
	if a.Status == Due && a.Amount != old.Amount {
		return p.Notices.Tell(ctx, p.changedEvent(a))
	}
	if a.Status == Settled && a.PaymentID != "" {
		return p.carried(ctx, a)
	}
	return nil
}

// noteAccrual writes the journal of the organisation.
func (p *Payments) noteAccrual(ctx context.Context, a Accrual, action string, details map[string]string) error {
	details["uin"], details["amount"] = a.UIN, fmt.Sprint(a.Amount)
	err := p.Journal.Append(ctx, journal.Entry{
		Organisation: a.OrganisationID, Action: action, Object: "accrual:" + a.ID, Outcome: "ok", Details: details,
	})
	if err != nil {
		return fmt.Errorf("payment: note: %w", err)
	}
	return nil
}

func (p *Payments) byUIN(ctx context.Context, organisationID, uin string) (a Accrual, err error) {
	err = p.DB.Get(ctx, &a, `SELECT `+accrualColumns+` FROM accruals WHERE organisation_id = $1 AND uin = $2`, organisationID, uin)
	if err != nil {
		return Accrual{}, fmt.Errorf("payment: read an accrual: %w", err)
	}
	return a, nil
}

// storeAccrual writes what can change, as the next version; ErrStale when somebody was
// faster.
func (p *Payments) storeAccrual(ctx context.Context, a *Accrual) error {
	read := a.Version
	a.Version, a.UpdatedAt = read+1, p.now()
	n, err := p.DB.Exec(ctx, `UPDATE accruals SET kind = $1, status = $2, amount = $3, paid = $4, billed_at = $5, due_at = $6, purpose = $7,
		calculation = $8, payee = $9, payee_inn = $10, requisites = $11, payment_id = $12, version = $13, updated_at = $14, remind_at = $15,
		search = $16 WHERE id = $17 AND version = $18`,
		a.Kind, a.Status, a.Amount, a.Paid, a.BilledAt, a.DueAt, a.Purpose, a.Calculation, a.Payee, a.PayeeINN, a.Requisites, a.PaymentID,
		a.Version, a.UpdatedAt, a.RemindAt, a.Search, a.ID, read)
	if err != nil {
		return fmt.Errorf("payment: store an accrual: %w", err)
	}
	if n == 0 {
		return ErrStale
	}
	return nil
}
