package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/storage"
)

// renewBefore is how long before its end a licence is reminded of (row 200).
const renewBefore = 30 * 24 * time.Hour

// heard takes from an authority's answer what the inbox does not know: which
// documents it asks for, and until when what it granted is in force. It runs in
// the transaction of the answer.
func (d *Desk) heard(ctx context.Context, r request.Request, a authority.Answer) error {
	application, err := d.lock(ctx, r.OrganisationID, r.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil // an application of an earlier system, which the inbox alone knows
	}
	if err != nil {
		return err
	}
	switch a.Event {
	case authority.Clarification, authority.Question:
		application.Requested.V = requested(&application, a)
	case authority.Approved, authority.Result:
		application.Requested.V = nil
		d.grant(&application, a)
	case authority.Refused:
		application.Requested.V = nil
	default:
		return nil
	}
	_, err = d.DB.Exec(ctx, `UPDATE applications SET requested = $1, valid_until = $2, renew_at = $3 WHERE id = $4`,
		application.Requested, application.ValidUntil, application.RenewAt, application.ID)
	if err != nil {
		return fmt.Errorf("service: what was answered: %w", err)
	}
	return nil
}

// requested are the documents that an answer asks for, of those that the card has.
func requested(a *Application, answer authority.Answer) []string {
	card, err := a.card()
	if err != nil {
		return nil
	}
	var names []string
	for name := range strings.FieldsFuncSeq(answer.Fields["documents"], func(r rune) bool { return r == ',' || r == ' ' }) {
		if card.document(name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// grant notes until when the granted is in force: as the authority says, or by the
// card.
func (d *Desk) grant(a *Application, answer authority.Answer) {
	until, err := time.ParseInLocation(time.DateOnly, answer.Fields["valid_until"], moscow)
	if err != nil {
		card, err := a.card()
		if err != nil || card.ValidMonths == 0 || a.ValidUntil > 0 {
			return
		}
		until = d.Now().In(moscow).AddDate(0, card.ValidMonths, 0)
	}
	a.ValidUntil = storage.Of(until)
	a.RenewAt = max(a.ValidUntil.Add(-renewBefore), d.now())
}

// remindRenewals tells of what ends in thirty days, once, on whichever node.
func (d *Desk) remindRenewals(ctx context.Context) error {
	var found []struct {
		OrganisationID string `db:"organisation_id"`
		ID             string `db:"id"`
	}
	err := d.DB.Select(ctx, &found, `SELECT organisation_id, id FROM applications WHERE renew_at > 0 AND renew_at <= $1 ORDER BY renew_at LIMIT 500`, d.now())
	if err != nil {
		return fmt.Errorf("service: what ends soon: %w", err)
	}
	var failed error
	for _, one := range found {
		err := d.DB.Tx(ctx, func(ctx context.Context) error {
			a, err := d.lock(ctx, one.OrganisationID, one.ID)
			if err != nil || a.RenewAt == 0 || a.RenewAt > d.now() {
				return err
			}
			if _, err := d.DB.Exec(ctx, `UPDATE applications SET renew_at = 0 WHERE id = $1`, a.ID); err != nil {
				return err
			}
			return d.tellRenewal(ctx, &a)
		})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("service: remind of %s: %w", one.ID, err))
		}
	}
	return failed
}

// tellRenewal tells of one that ends, unless a renewal of it was submitted.
func (d *Desk) tellRenewal(ctx context.Context, a *Application) error {
	card, err := a.card()
	if err != nil {
		return nil // the service is no more
	}
	var renewed int
	err = d.DB.Get(ctx, &renewed, `SELECT COUNT(*) FROM applications WHERE organisation_id = $1 AND service = $2 AND state = 'submitted' AND renews = $3`,
		a.OrganisationID, a.Service, a.ID)
	if err != nil || renewed > 0 {
		return err
	}
	day := a.ValidUntil.Time().In(moscow).Format("02.01.2006")
	return d.Notices.Tell(ctx, notice.Event{
		ID: "application/" + a.ID + "/renewal", Type: "application.renewal_due", OrganisationID: a.OrganisationID,
		Category: notice.Deadline, Importance: notice.High, Permission: directory.RequestsRead,
		Texts: notice.Texts{
			RU: notice.Message{Subject: "Продлите: " + card.Title.RU, Body: "Действует до " + day + ". При продлении основная часть заявки заполнится сама."},
			EN: notice.Message{Subject: "Renew: " + card.Title.EN, Body: "In force until " + day + ". The main part of a renewal is filled in already."},
		},
		Path: "/cabinet/applications/" + a.ID, Source: card.Body.Name,
		Data: map[string]any{"application_id": a.ID, "service": a.Service, "valid_until": a.ValidUntil},
	})
}

// Supplement sends documents that the authority has asked for, or that the
// applicant adds, with some words (row 197). They are held against the card like
// those of a submission.
func (d *Desk) Supplement(ctx context.Context, actor directory.Actor, organisationID, id, words string, attachments []Attachment) (Application, error) {
	a, err := d.Find(ctx, organisationID, id)
	if err != nil {
		return Application{}, err
	}
	if a.State != Submitted {
		return Application{}, request.ErrState
	}
	if err := d.checkSupplement(ctx, actor, &a, attachments); err != nil {
		return Application{}, err
	}
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		post := request.Words{Kind: request.Reply, Body: words, Signatures: map[string]string{}}
		for _, one := range attachments {
			post.Files = append(post.Files, one.File)
			if one.Signature != "" {
				post.Files = append(post.Files, one.Signature)
				post.Signatures[one.File] = one.Signature
			}
		}
		// The request before the application, as an answer locks them.
		if _, _, err := d.Inbox.Post(ctx, actor, organisationID, id, post); err != nil {
			return err
		}
		if a, err = d.lock(ctx, organisationID, id); err != nil {
			return err
		}
		return d.supplemented(ctx, &a, attachments)
	})
	return a, err
}

// checkSupplement finds what is wrong with documents that are added.
func (d *Desk) checkSupplement(ctx context.Context, actor directory.Actor, a *Application, attachments []Attachment) error {
	card, err := a.card()
	if err != nil {
		return err
	}
	files, err := d.recordsOf(ctx, a.OrganisationID, attachments)
	if err != nil {
		return err
	}
	all := Form{Fields: a.Fields.V, Documents: append(append([]Attachment{}, a.Documents.V...), attachments...)}
	have, err := d.records(ctx, a)
	if err != nil {
		return err
	}
	for id, f := range have {
		files[id] = f
	}
	if faults := card.checkDocuments(all, files); len(faults) > 0 {
		return Faults(faults)
	}
	w, err := d.writer(ctx, actor, a.OrganisationID, a.Service)
	if err != nil {
		return err
	}
	_, err = d.verifyDocuments(ctx, w, a.OrganisationID, attachments)
	return err
}

// supplemented notes what was added; what was asked for is asked for no more.
func (d *Desk) supplemented(ctx context.Context, a *Application, attachments []Attachment) error {
	a.Documents.V = append(a.Documents.V, attachments...)
	var still []string
	for _, name := range a.Requested.V {
		given := false
		for _, one := range attachments {
			given = given || one.Document == name
		}
		if !given {
			still = append(still, name)
		}
	}
	a.Requested.V = still
	_, err := d.DB.Exec(ctx, `UPDATE applications SET documents = $1, requested = $2 WHERE id = $3`, a.Documents, a.Requested, a.ID)
	if err != nil {
		return fmt.Errorf("service: supplement: %w", err)
	}
	return nil
}
