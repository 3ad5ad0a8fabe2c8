package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/idp/directory"
	"propusk/signature"
)

// RefusedError is a signature that was judged and refused.
type RefusedError struct{ Verdict signature.Verdict }

func (e *RefusedError) Error() string { return "payment: signature refused: " + string(e.Verdict.Code) }

// ErrNoVerifier: signatures cannot be judged now.
var ErrNoVerifier = errors.New("payment: signatures cannot be verified")

// verifyPatience bounds one verification, an outside service's too.
const verifyPatience = 25 * time.Second

// Sign takes the signature of a payment's orders by whoever may pay and may sign
// documents, and has them sent to the bank. A *RefusedError names what failed,
// directory.ErrSigner says that the certificate is neither the organisation's nor the
// person's own.
func (p *Payments) Sign(ctx context.Context, actor directory.Actor, organisationID, id string, cms []byte) (pay Payment, err error) {
	if pay, err = p.Payment(ctx, organisationID, id); err != nil {
		return pay, err
	}
	if !pay.signable(p) {
		return pay, ErrState
	}
	verdict, err := p.judge(ctx, pay, cms)
	if err != nil {
		return pay, err
	}
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		now, err := p.Payment(ctx, organisationID, id)
		if err != nil {
			return err
		}
		if !now.signable(p) {
			return ErrState
		}
		if err := p.maySign(ctx, actor, now, verdict); err != nil {
			return err
		}
		now.Signature, now.Signer, now.SignedAt, now.LookAt = cms, verdict.Subject.Owner(), p.now(), p.now().Add(lookAgain)
		if err := p.store(ctx, &now); err != nil {
			return err
		}
		details := map[string]string{"certificate": verdict.Certificate.Fingerprint, "signer": now.Signer}
		if err := p.note(ctx, actor, now, "payment.signed", details); err != nil {
			return err
		}
		pay = now
		return p.enqueue(ctx, jobLook, id)
	})
	if err != nil {
		return pay, fmt.Errorf("payment: sign: %w", err)
	}
	return pay, nil
}

// signable reports whether the payment's orders wait for a signature.
func (pay Payment) signable(p *Payments) bool {
	return pay.Status == Created && pay.unsigned() && p.now().Before(pay.ExpiresAt)
}

// maySign demands both rights: to pay as much, and to sign documents.
func (p *Payments) maySign(ctx context.Context, actor directory.Actor, pay Payment, verdict signature.Verdict) error {
	by, err := p.Directory.Authorise(ctx, actor, pay.OrganisationID, directory.Act{Permission: directory.FinanceWrite, Amount: pay.Amount})
	if err != nil {
		return err
	}
	_, err = p.Directory.Authorise(ctx, actor, pay.OrganisationID, directory.Act{Permission: directory.DocumentsSign, Amount: pay.Amount})
	if err != nil {
		return err
	}
	return p.Directory.MaySign(ctx, actor, by, pay.OrganisationID, *verdict.Subject)
}

// judge has the signature verified over the very bytes, before any transaction: it may
// take as long as a revocation list takes to come.
func (p *Payments) judge(ctx context.Context, pay Payment, cms []byte) (signature.Verdict, error) {
	if p.Verifier == nil {
		return signature.Verdict{}, ErrNoVerifier
	}
	ctx, cancel := context.WithTimeout(ctx, verifyPatience)
	defer cancel()
	verdict, err := p.Verifier.Verify(ctx, signature.Request{Signature: cms, Content: pay.orders()})
	switch {
	case errors.Is(err, signature.ErrBusy):
		return verdict, err
	case err != nil:
		return verdict, fmt.Errorf("%w: %w", ErrNoVerifier, err)
	case !verdict.Accepted || verdict.Subject == nil || verdict.Certificate == nil:
		return verdict, &RefusedError{verdict}
	}
	return verdict, nil
}
