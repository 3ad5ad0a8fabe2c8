package tender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

// remember is the payload of the job that asks for an organisation's history.
type remember struct {
	OrganisationID string `json:"organisation_id"`
	INN            string `json:"inn"`
}

// rememberPages bounds one turn of the job.
const rememberPages = 100

// Ask has the register asked, in the background and in the transaction of ctx, what it
// knows of an organisation: its registration and its earlier participations.
func (t *Tenders) Ask(ctx context.Context, of directory.Organisation) error {
	return jobs.Enqueue(ctx, t.DB, jobRemember, remember{of.ID, of.INN}, jobs.Options{Unique: of.ID})
}

// RememberAll asks about every organisation that is registered, once a day: what it
// does on other platforms belongs to its history, too.
func (t *Tenders) RememberAll(ctx context.Context) error {
	for after := ""; ; {
		var list []Registration
		err := t.DB.Select(ctx, &list, `SELECT `+registrationColumns+` FROM tender_registrations WHERE organisation_id > $1 ORDER BY organisation_id LIMIT $2`, after, matchBatch)
		if err != nil {
			return fmt.Errorf("tender: who is registered: %w", err)
		}
		for _, r := range list {
			if r.State != "registered" {
				continue
			}
			if err := jobs.Enqueue(ctx, t.DB, jobRemember, remember{r.OrganisationID, r.Applicant.V.INN}, jobs.Options{Unique: r.OrganisationID}); err != nil {
				return err
			}
		}
		if len(list) < matchBatch {
			return nil
		}
		after = list[len(list)-1].OrganisationID
	}
}

// known takes over the registration that the register has: who is registered signs
// nothing anew.
func (t *Tenders) known(ctx context.Context, organisationID, inn string) error {
	p, err := t.Register.Participant(ctx, inn)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tender: ask for a participant: %w", err)
	}
	profile, err := t.Directory.Profile(ctx, organisationID)
	if err != nil {
		return err
	}
	return t.DB.Tx(ctx, func(ctx context.Context) error {
		r, err := t.registration(ctx, organisationID)
		same := r.State == "sent" || r.State == "registered" && r.Number == p.Number && r.ValidUntil == p.ValidUntil
		if err != nil || same || !plain(p.Number, 100) || p.Number == "" || profile.Organisation.INN != inn {
			return err
		}
		if r.Submission == "" {
			r.Submission, r.SentAt = storage.NewID(), t.now()
		}
		r.State, r.Number, r.ValidUntil, r.Trouble = "registered", p.Number, p.ValidUntil, ""
		r.Applicant.V = applicantOf(profile)
		return t.registrationStands(ctx, r)
	})
}

// rememberJob brings what the register remembers of an organisation's earlier
// participations, page by page, each once.
func (t *Tenders) rememberJob(ctx context.Context, job jobs.Job) error {
	var of remember
	if err := job.Decode(&of); err != nil {
		return err
	}
	return t.Remember(ctx, of.OrganisationID, of.INN)
}

// Remember is the job's work.
func (t *Tenders) Remember(ctx context.Context, organisationID, inn string) error {
	if t.Register == nil {
		return nil
	}
	if err := t.known(ctx, organisationID, inn); err != nil {
		return err
	}
	for range rememberPages {
		after, err := t.cursor(ctx, organisationID)
		if err != nil {
			return err
		}
		page, err := t.Register.Participations(ctx, inn, after)
		if err != nil {
			return fmt.Errorf("tender: bring participations: %w", err)
		}
		if page.Next == "" || page.Next == after || len(page.Next) > 500 {
			return nil
		}
		err = t.DB.Tx(ctx, func(ctx context.Context) error {
			mine, err := t.moveCursor(ctx, organisationID, after, page.Next)
			if err != nil || !mine {
				return err
			}
			return t.rememberPage(ctx, organisationID, page)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenders) rememberPage(ctx context.Context, organisationID string, page authority.ParticipationPage) error {
	for _, raw := range page.Participations {
		p, err := parseParticipation(raw)
		if err != nil {
			t.Log.ErrorContext(ctx, "a participation was left behind", "organisation", organisationID, "error", err)
			continue
		}
		if err := t.rememberOne(ctx, organisationID, p); err != nil {
			return err
		}
	}
	return nil
}

// rememberOne adds a participation that is not known yet: an application of this
// cabinet is told by its own answers.
func (t *Tenders) rememberOne(ctx context.Context, organisationID string, p authority.Participation) error {
	var known string
	err := t.DB.Get(ctx, &known, `SELECT id FROM tender_applications WHERE organisation_id = $1 AND number = $2 AND number <> '' LIMIT 1`, organisationID, p.Number)
	if !errors.Is(err, storage.ErrNotFound) {
		return wrapped("tender: look for a participation", err)
	}
	a := Application{
		ID: storage.NewID(), OrganisationID: organisationID, TenderNumber: p.Tender, Object: p.Object, CustomerINN: p.Customer.INN, CustomerName: p.Customer.Name,
		Sector: p.Sector, Region: p.Region, StartPrice: p.Kopecks, Revision: 1, State: remembered[p.Outcome], Number: p.Number, Offer: p.Offer, Place: p.Place,
		Comment: line(p.Comment), Origin: fromRegister, Version: 1, CreatedAt: p.SubmittedAt, UpdatedAt: t.now(), SubmittedAt: p.SubmittedAt, DecidedAt: p.DecidedAt,
	}
	a.Form.V.Price = p.Offer
	if tender, err := t.byNumber(ctx, p.Tender); err == nil {
		a.TenderID = tender.ID
	} else if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err := t.insert(ctx, a); err != nil && !errors.Is(err, storage.ErrExists) {
		return err
	}
	return t.note(ctx, directory.Actor{}, a, "remembered", "", nil)
}

var remembered = map[string]State{"won": Won, "lost": Lost, "rejected": Rejected, "cancelled": Void, "withdrawn": Withdrawn}

// errParticipation: the register gave what is no participation.
var errParticipation = errors.New("tender: not a participation")

func parseParticipation(raw []byte) (p authority.Participation, err error) {
	if len(raw) > maxAnnouncement {
		return p, fmt.Errorf("%w: too large", errParticipation)
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, fmt.Errorf("%w: %w", errParticipation, err)
	}
	switch {
	case !plain(p.Number, 100) || p.Number == "" || !numberForm.MatchString(p.Tender):
		return p, fmt.Errorf("%w: a number is malformed", errParticipation)
	case !plain(p.Object, maxObject) || p.Object == "" || !plain(p.Customer.Name, maxText) || !directory.ValidINN(p.Customer.INN) || !plain(line(p.Comment), maxText):
		return p, fmt.Errorf("%w: a text is malformed", errParticipation)
	case !sectorForm.MatchString(p.Sector) || !regionForm.MatchString(p.Region) || remembered[p.Outcome] == "":
		return p, fmt.Errorf("%w: a code is unknown", errParticipation)
	case p.Kopecks <= 0 || p.Kopecks > maxPrice || p.Offer < 0 || p.Offer > maxPrice || p.Place < 0 || p.Place > 10_000:
		return p, fmt.Errorf("%w: a number is out of its bounds", errParticipation)
	case p.SubmittedAt <= 0 || p.DecidedAt < p.SubmittedAt:
		return p, fmt.Errorf("%w: it ends before it begins", errParticipation)
	}
	return p, nil
}
