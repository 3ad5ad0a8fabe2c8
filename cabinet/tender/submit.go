package tender

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// Submit sends a signed application, in the transaction that says by which right, if
// it is not late by the server's clock and the announcement is the one that was
// answered. Asked twice, it is sent once.
func (t *Tenders) Submit(ctx context.Context, actor directory.Actor, organisationID, id string, seen int64) (Application, error) {
	return t.change(ctx, actor, organisationID, id, seen, directory.TendersSign, func(ctx context.Context, a *Application, by directory.Authority) error {
		if a.Submission != "" && a.State != Draft {
			return errUnchanged
		}
		if a.State != Signed {
			return errState
		}
		if err := t.sendable(ctx, *a); err != nil {
			return err
		}
		a.Submission, a.SubmittedAt, a.Offer, a.Authority.V = storage.NewID(), t.now(), a.Form.V.Price, by
		t.move(a, Sent)
		if err := t.Gateway.Submit(ctx, authority.Load{Kind: kindApplication, ID: a.Submission}); err != nil {
			return err
		}
		details := byAuthority(by)
		details["sha256"], details["files"] = a.FileSHA256, itoa(int64(len(a.Files.V)))
		return t.note(ctx, actor, *a, "submitted", "", details)
	})
}

// sendable refuses what a finding stops, and a next version of what no longer stands.
func (t *Tenders) sendable(ctx context.Context, a Application) error {
	found, err := t.Check(ctx, a)
	if err != nil {
		return err
	}
	if one := stop(found); one != nil {
		return &findingError{*one}
	}
	if a.Replaces == "" {
		return nil
	}
	earlier, err := t.Get(ctx, a.OrganisationID, a.Replaces)
	if err == nil && earlier.State != Registered {
		err = errState
	}
	return err
}

// nextPlace is what the place of a next version has behind that of the first.
const nextPlace = "/next"

// errNext: a next version is being prepared or sent.
var errNext = errors.New("tender: a next version is under way")

// living is the application that holds a place; storage.ErrNotFound.
func (t *Tenders) living(ctx context.Context, organisationID, place string) (a Application, err error) {
	err = t.DB.Get(ctx, &a, `SELECT `+columns+` FROM tender_applications WHERE organisation_id = $1 AND alive = $2 AND alive <> ''`, organisationID, place)
	return a, wrapped("tender: read an application", err)
}

// loadApplication makes the submission when the gateway sends it. What is late by
// then is not sent: nobody may believe that it was.
func (t *Tenders) loadApplication(ctx context.Context, id string) (authority.Submission, error) {
	a, err := t.bySubmission(ctx, "submission_id", id)
	if err != nil {
		return authority.Submission{}, err
	}
	if a.State != Sent {
		return authority.Submission{}, authority.ErrWithdrawn
	}
	tender, err := t.Announcement(ctx, a.TenderID)
	if err != nil {
		return authority.Submission{}, err
	}
	if !tender.takes(t.now()) {
		if err := t.end(ctx, a, Failed, "late", nil); err != nil {
			return authority.Submission{}, err
		}
		return authority.Submission{}, authority.ErrWithdrawn
	}
	files, err := t.contents(ctx, a)
	if err != nil {
		return authority.Submission{}, err
	}
	s := t.submission(a, kindApplication)
	s.ID, s.Subject, s.Files = id, tender.Object, files
	if a.Replaces != "" {
		earlier, err := t.Get(ctx, a.OrganisationID, a.Replaces)
		if err != nil {
			return authority.Submission{}, err
		}
		s.Fields["replaces"] = earlier.Number
	}
	return s, nil
}

func (t *Tenders) submission(a Application, kind string) authority.Submission {
	of := a.Applicant.V
	return authority.Submission{
		Kind: kind, OrganisationID: a.OrganisationID, INN: of.INN, KPP: of.KPP, OGRN: of.OGRN, Name: of.Name, Recipient: RecipientCode,
		Fields: map[string]string{"tender": a.TenderNumber, "revision": itoa(a.Revision), "price": itoa(a.Form.V.Price), "number": a.Number},
	}
}

// contents are the signed application and its files, each compared with the digest
// that was signed.
func (t *Tenders) contents(ctx context.Context, a Application) ([]authority.File, error) {
	f, content, err := t.Files.Read(ctx, a.OrganisationID, a.FileID, maxForm)
	if err != nil {
		return nil, fmt.Errorf("tender: read what was signed: %w", err)
	}
	list := []authority.File{{Name: a.documentName(), MediaType: f.MediaType, Content: content, Signatures: [][]byte{a.Signature.V.CMS}}}
	for _, one := range a.Files.V {
		f, content, err := t.Files.Read(ctx, a.OrganisationID, one.FileID, maxBytes)
		if err != nil {
			return nil, fmt.Errorf("tender: read a file of an application: %w", err)
		}
		if f.SHA256 != one.SHA256 {
			return nil, fmt.Errorf("tender: a file is not the one that was signed: %w", file.ErrDamaged)
		}
		list = append(list, authority.File{Name: one.Name, MediaType: one.MediaType, Content: content})
	}
	return list, nil
}

// Withdraw takes a registered application back, before the taking of applications
// ends (44-ФЗ ст. 43 ч. 8).
func (t *Tenders) Withdraw(ctx context.Context, actor directory.Actor, organisationID, id string, seen int64) (Application, error) {
	return t.change(ctx, actor, organisationID, id, seen, directory.TendersSign, func(ctx context.Context, a *Application, by directory.Authority) error {
		if a.State == Withdrawing {
			return errUnchanged
		}
		if a.State != Registered {
			return errState
		}
		if err := t.inTime(ctx, *a); err != nil {
			return err
		}
		if _, err := t.living(ctx, organisationID, a.TenderID+nextPlace); !errors.Is(err, storage.ErrNotFound) {
			return cmp.Or(err, errNext)
		}
		a.Withdrawal = storage.NewID()
		t.move(a, Withdrawing)
		if err := t.Gateway.Submit(ctx, authority.Load{Kind: kindWithdrawal, ID: a.Withdrawal}); err != nil {
			return err
		}
		return t.note(ctx, actor, *a, "withdrawn", "", byAuthority(by))
	})
}

func (t *Tenders) inTime(ctx context.Context, a Application) error {
	tender, err := t.Announcement(ctx, a.TenderID)
	if err == nil && !tender.takes(t.now()) {
		err = errOver
	}
	return err
}

// loadWithdrawal makes the message that takes an application back. One that is late
// by then is not sent: the application stands.
func (t *Tenders) loadWithdrawal(ctx context.Context, id string) (authority.Submission, error) {
	a, err := t.bySubmission(ctx, "withdrawal_id", id)
	if err != nil {
		return authority.Submission{}, err
	}
	if a.State != Withdrawing {
		return authority.Submission{}, authority.ErrWithdrawn
	}
	if err := t.inTime(ctx, a); errors.Is(err, errOver) {
		if err := t.end(ctx, a, Registered, "withdrawal_late", nil); err != nil {
			return authority.Submission{}, err
		}
		return authority.Submission{}, authority.ErrWithdrawn
	} else if err != nil {
		return authority.Submission{}, err
	}
	s := t.submission(a, kindWithdrawal)
	s.ID, s.Subject = id, "Отзыв заявки "+a.Number
	return s, nil
}

// Revise begins the next version of a registered application: a draft that takes its
// place when the register has it.
func (t *Tenders) Revise(ctx context.Context, actor directory.Actor, organisationID, id string) (next Application, err error) {
	err = t.DB.Tx(ctx, func(ctx context.Context) error {
		a, err := t.Get(ctx, organisationID, id)
		if err != nil {
			return err
		}
		if _, err := t.Directory.Authorise(ctx, actor, organisationID, a.under(directory.TendersWrite)); err != nil {
			return err
		}
		if a.State != Registered {
			return errState
		}
		tender, err := t.Announcement(ctx, a.TenderID)
		if err != nil {
			return err
		}
		if !tender.takes(t.now()) {
			return errOver
		}
		// Its version counts on, so that a withdrawal at the same moment is one or the other.
		if err := t.store(ctx, &a); err != nil {
			return err
		}
		next = a
		now := t.now()
		next.ID, next.Replaces, next.Alive, next.State, next.Version = storage.NewID(), a.ID, a.TenderID+nextPlace, Draft, 1
		next.Number, next.Submission, next.Withdrawal, next.Trouble, next.FileID, next.FileSHA256 = "", "", "", "", "", ""
		next.Signature.V, next.Offer, next.SubmittedAt, next.CreatedAt, next.UpdatedAt, next.CreatedBy = Mark{}, 0, 0, now, now, actor.PersonID
		next.Authority.V = directory.Authority{}
		next.answers(tender)
		return t.begun(ctx, actor, next)
	})
	return next, err
}
