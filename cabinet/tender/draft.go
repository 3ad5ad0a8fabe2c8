package tender

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// The bounds of an application.
const (
	maxFiles = 20
	// maxBytes bounds the sum of its files: they go in one message.
	maxBytes    = 32 << 20
	maxProposal = 20_000 // letters
)

var (
	errOver     = errors.New("tender: applications are not taken any more")
	errNoFile   = errors.New("tender: no such document in the archive")
	errTooMuch  = errors.New("tender: the files are too many or too large together")
	errState    = errors.New("tender: not in this state")
	errTemplate = errors.New("tender: no such template or earlier application")
)

// Begin is how an application is begun: by a template's text or an earlier
// application's text and files, where one is named.
type Begin struct{ Template, Earlier string }

// Apply begins an application for an announcement, filled in from the profile and
// from what Begin names.
func (t *Tenders) Apply(ctx context.Context, actor directory.Actor, organisationID, tenderID string, from Begin) (a Application, err error) {
	tender, err := t.Announcement(ctx, tenderID)
	if err != nil {
		return a, err
	}
	if !tender.takes(t.now()) {
		return a, errOver
	}
	err = t.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := t.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.TendersWrite, Kind: actKind}); err != nil {
			return err
		}
		if a, err = t.filled(ctx, actor, organisationID, tender, from); err != nil {
			return err
		}
		a.Alive = tender.ID
		if err := t.begun(ctx, actor, a); err != nil {
			return err
		}
		return t.Ask(ctx, directory.Organisation{ID: organisationID, INN: a.Applicant.V.INN})
	})
	return a, err
}

// begun stores a new application and what it attaches.
func (t *Tenders) begun(ctx context.Context, actor directory.Actor, a Application) error {
	if err := t.insert(ctx, a); err != nil {
		return err
	}
	if err := t.Files.Keep(ctx, a.OrganisationID, a.owner(), fileIDs(a.Files.V)...); err != nil {
		return err
	}
	return t.note(ctx, actor, a, "created", "", nil)
}

func fileIDs(list []Attachment) []string {
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = f.FileID
	}
	return ids
}

// filled is a new application with all that is known without asking.
func (t *Tenders) filled(ctx context.Context, actor directory.Actor, organisationID string, tender Tender, from Begin) (Application, error) {
	now := t.now()
	a := Application{
		ID: storage.NewID(), OrganisationID: organisationID, State: Draft, Origin: fromCabinet, CreatedBy: actor.PersonID, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	a.answers(tender)
	if err := t.refer(ctx, organisationID, &a, from); err != nil {
		return a, err
	}
	p, err := t.Directory.Profile(ctx, organisationID)
	if err != nil {
		return a, err
	}
	a.Applicant.V = applicantOf(p)
	fill(&a.Form.V, p)
	if a.Form.V.Contact.Name == "" && actor.PersonID != "" {
		person, err := t.Directory.Person(ctx, actor.PersonID)
		if err != nil {
			return a, err
		}
		a.Form.V.Contact.Name = person.FullName()
	}
	return a, nil
}

// answers makes the application one to the announcement as it stands.
func (a *Application) answers(tender Tender) {
	a.TenderID, a.TenderNumber, a.Object, a.CustomerINN, a.CustomerName = tender.ID, tender.Number, tender.Object, tender.CustomerINN, tender.CustomerName
	a.Sector, a.Region, a.StartPrice, a.Revision = tender.Sector, tender.Region, tender.Price, tender.Revision
	if tender.Content.V.ApplicationSecurity > 0 && a.Form.V.Security == "" {
		a.Form.V.Security = "account"
	}
}

// refer takes over a template's text, or an earlier application's text and files.
// What belongs to the other procurement alone, price and security, stays there.
func (t *Tenders) refer(ctx context.Context, organisationID string, a *Application, from Begin) error {
	security := a.Form.V.Security
	switch {
	case from.Template != "":
		tpl, err := t.template(ctx, organisationID, from.Template)
		if err != nil {
			return missing(err, errTemplate)
		}
		a.Form.V = tpl.Form.V
	case from.Earlier != "":
		earlier, err := t.Get(ctx, organisationID, from.Earlier)
		if err != nil {
			return missing(err, errTemplate)
		}
		a.Form.V, a.Files.V = earlier.Form.V, slices.Clone(earlier.Files.V)
	}
	a.Form.V.Price, a.Form.V.Consent, a.Form.V.SecurityNumber, a.Form.V.Security = 0, false, "", security
	return nil
}

func missing(err, as error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return as
	}
	return err
}

// applicantOf is the organisation as its profile says.
func applicantOf(p directory.Profile) Applicant {
	o := p.Organisation
	a := Applicant{Kind: o.Kind, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, Name: o.Name, FullName: o.FullName, Address: o.Address, Activity: p.Activities().Main}
	if a.FullName == "" {
		a.FullName = o.Name
	}
	return a
}

// fill writes what the profile knows into the fields that are empty.
func fill(f *Form, p directory.Profile) {
	contacts := p.Contacts()
	for into, value := range map[*string]string{&f.Contact.Phone: contacts.Phone, &f.Contact.Email: contacts.Email, &f.Country: "643"} {
		if *into == "" {
			*into = value
		}
	}
	if accounts := p.Bank().Accounts; f.Account.Number == "" && len(accounts) > 0 {
		f.Account = Account{accounts[0].Account, accounts[0].BIC, accounts[0].Bank}
	}
}

// Change is what an edit sets; nil leaves.
type Change struct {
	Form     *Form     // but its proposal
	Proposal *string   // what is offered, in words
	Files    *[]string // ids of documents of the archive, the whole list
	Revision *int64    // of the announcement: its change is acknowledged
}

// Edit changes a draft. One that was signed is a draft again: its signature is over
// what it was.
func (t *Tenders) Edit(ctx context.Context, actor directory.Actor, organisationID, id string, seen int64, c Change) (Application, error) {
	return t.change(ctx, actor, organisationID, id, seen, directory.TendersWrite, func(ctx context.Context, a *Application, _ directory.Authority) error {
		if !a.State.Editable() {
			return errState
		}
		tender, err := t.Announcement(ctx, a.TenderID)
		if err != nil {
			return err
		}
		if c.Revision != nil && *c.Revision == tender.Revision {
			a.answers(tender)
		}
		if c.Form != nil {
			proposal := a.Form.V.Proposal
			a.Form.V = *c.Form
			a.Form.V.Proposal = proposal
		}
		if c.Proposal != nil {
			a.Form.V.Proposal = *c.Proposal
		}
		if err := t.attach(ctx, actor, a, c.Files); err != nil {
			return err
		}
		p, err := t.Directory.Profile(ctx, organisationID)
		if err != nil {
			return err
		}
		a.Applicant.V = applicantOf(p)
		if err := t.unsign(ctx, a); err != nil {
			return err
		}
		return t.note(ctx, actor, *a, "changed", "", nil)
	})
}

// unsign throws an earlier signature away with what was signed.
func (t *Tenders) unsign(ctx context.Context, a *Application) error {
	if a.FileID != "" {
		if err := t.Files.Release(ctx, a.owner(), a.FileID); err != nil {
			return err
		}
	}
	a.State, a.FileID, a.FileSHA256, a.Signature.V = Draft, "", "", Mark{}
	return nil
}

// attach makes the list of files that of the documents.
func (t *Tenders) attach(ctx context.Context, actor directory.Actor, a *Application, documents *[]string) error {
	if documents == nil {
		return nil
	}
	if len(*documents) > maxFiles {
		return errTooMuch
	}
	var list []Attachment
	sum := int64(0)
	for _, id := range *documents {
		at := slices.IndexFunc(a.Files.V, func(f Attachment) bool { return f.DocumentID == id })
		if at >= 0 {
			list = append(list, a.Files.V[at])
		} else if f, err := t.attachment(ctx, actor, a.OrganisationID, id); err != nil {
			return err
		} else {
			list = append(list, f)
		}
		if sum += list[len(list)-1].Size; sum > maxBytes {
			return errTooMuch
		}
	}
	before := fileIDs(a.Files.V)
	a.Files.V = list
	now := fileIDs(list)
	if err := t.Files.Keep(ctx, a.OrganisationID, a.owner(), now...); err != nil {
		return err
	}
	gone := slices.DeleteFunc(before, func(id string) bool { return slices.Contains(now, id) })
	if len(gone) == 0 {
		return nil
	}
	return t.Files.Release(ctx, a.owner(), gone...)
}

func (t *Tenders) attachment(ctx context.Context, actor directory.Actor, organisationID, id string) (Attachment, error) {
	name, fileID, err := t.Archive(ctx, actor, organisationID, id)
	if err != nil {
		return Attachment{}, missing(err, errNoFile)
	}
	f, err := t.Files.Get(ctx, organisationID, fileID)
	if err != nil {
		return Attachment{}, missing(err, errNoFile)
	}
	if !f.Whole() {
		return Attachment{}, file.ErrDamaged
	}
	if name == "" {
		name = f.Name
	}
	return Attachment{DocumentID: id, FileID: f.ID, Name: name, MediaType: f.MediaType, Size: f.Size, SHA256: f.SHA256}, nil
}

// Remove throws a draft away.
func (t *Tenders) Remove(ctx context.Context, actor directory.Actor, organisationID, id string, seen int64) error {
	return t.DB.Tx(ctx, func(ctx context.Context) error {
		a, err := t.Get(ctx, organisationID, id)
		if err != nil {
			return err
		}
		if _, err := t.Directory.Authorise(ctx, actor, organisationID, a.under(directory.TendersWrite)); err != nil {
			return err
		}
		switch {
		case seen != 0 && seen != a.Version:
			return errStale
		case !a.State.Editable():
			return errState
		}
		if err := t.Files.Release(ctx, a.owner()); err != nil {
			return err
		}
		if _, err := t.DB.Exec(ctx, `DELETE FROM tender_events WHERE application_id = $1`, a.ID); err != nil {
			return fmt.Errorf("tender: remove: %w", err)
		}
		n, err := t.DB.Exec(ctx, `DELETE FROM tender_applications WHERE id = $1 AND version = $2`, a.ID, a.Version)
		if err == nil && n == 0 {
			err = errStale
		}
		if err != nil {
			return fmt.Errorf("tender: remove: %w", err)
		}
		return t.journal(ctx, actor, organisationID, "tender.application_removed", "tender_application:"+a.ID, map[string]string{"tender": a.TenderNumber})
	})
}

// change reads an application, sees that the actor may do this to it, lets alter
// change it and stores it, in one transaction. seen, when not 0, must be its version.
func (t *Tenders) change(ctx context.Context, actor directory.Actor, organisationID, id string, seen int64, permission directory.Permission,
	alter func(ctx context.Context, a *Application, by directory.Authority) error) (a Application, err error) {
	err = t.DB.Tx(ctx, func(ctx context.Context) error {
		if a, err = t.Get(ctx, organisationID, id); err != nil {
			return err
		}
		by, err := t.Directory.Authorise(ctx, actor, organisationID, a.under(permission))
		if err != nil {
			return err
		}
		if seen != 0 && seen != a.Version {
			return errStale
		}
		err = alter(ctx, &a, by)
		if errors.Is(err, errUnchanged) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := t.Directory.Authorise(ctx, actor, organisationID, a.under(permission)); err != nil { // of what it has become
			return err
		}
		return t.store(ctx, &a)
	})
	return a, err
}
