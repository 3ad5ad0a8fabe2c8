package tender

import (
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

// Registration is an organisation's registration as a participant.
type Registration struct {
	OrganisationID string                  `db:"organisation_id"`
	State          string                  `db:"state"` // sent, registered, refused; "" = never asked
	Number         string                  `db:"number"`
	Applicant      storage.JSON[Applicant] `db:"applicant"`
	Document       string                  `db:"document"`
	Signature      storage.JSON[Mark]      `db:"signature"`
	Trouble        string                  `db:"trouble"`
	Submission     string                  `db:"submission_id"`
	Version        int64                   `db:"version"`
	SentAt         storage.Time            `db:"sent_at"`
	UpdatedAt      storage.Time            `db:"updated_at"`
	ValidUntil     storage.Time            `db:"valid_until"`
}

const registrationColumns = `organisation_id, state, number, applicant, document, signature, trouble, submission_id, version, sent_at, updated_at, valid_until`

// registeredYears is how long a registration holds (44-ФЗ ст. 24.2 ч. 6).
const registeredYears = 3

// holds reports whether the organisation may take part.
func (r Registration) holds(now storage.Time) bool {
	return r.State == "registered" && now.Before(r.ValidUntil)
}

// registration reads an organisation's; the zero one when it never asked.
func (t *Tenders) registration(ctx context.Context, organisationID string) (r Registration, err error) {
	err = t.DB.Get(ctx, &r, `SELECT `+registrationColumns+` FROM tender_registrations WHERE organisation_id = $1`, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return Registration{OrganisationID: organisationID}, nil
	}
	return r, wrapped("tender: read the registration", err)
}

// registrationDocument is what is signed to be registered, filled in from the profile
// alone: nothing is typed twice.
func (t *Tenders) registrationDocument(ctx context.Context, organisationID string) ([]byte, Applicant, Form, error) {
	p, err := t.Directory.Profile(ctx, organisationID)
	if err != nil {
		return nil, Applicant{}, Form{}, err
	}
	a, f := applicantOf(p), Form{}
	fill(&f, p)
	content, err := written(registrationXML{
		Form: "1.0", Kind: a.Kind, Applicant: applicantElement(a), ShortName: a.Name, Contact: contactXML(f.Contact), Account: accountXML(f.Account),
	})
	return content, a, f, err
}

// Registrate signs and sends the registration in one go.
func (t *Tenders) Registrate(ctx context.Context, actor directory.Actor, organisationID string, cms []byte) (r Registration, err error) {
	content, applicant, _, err := t.registrationDocument(ctx, organisationID)
	if err != nil {
		return r, err
	}
	mark, err := t.judge(ctx, cms, content)
	if err != nil {
		return r, err
	}
	err = t.DB.Tx(ctx, func(ctx context.Context) error {
		by, err := t.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.TendersSign, Kind: actKind})
		if err != nil {
			return err
		}
		if err := t.Directory.MaySign(ctx, actor, by, organisationID, *mark.Verdict.Subject); err != nil {
			return err
		}
		before, err := t.registration(ctx, organisationID)
		if err != nil {
			return err
		}
		if before.State == "sent" || before.holds(t.now()) {
			return errState
		}
		r = Registration{
			OrganisationID: organisationID, State: "sent", Document: string(content), Submission: storage.NewID(), Version: before.Version + 1,
			SentAt: t.now(), UpdatedAt: t.now(),
		}
		r.Applicant.V, r.Signature.V = applicant, mark
		if err := t.putRegistration(ctx, r, before.Version); err != nil {
			return err
		}
		details := byAuthority(by)
		details["certificate"] = mark.Fingerprint
		if err := t.journal(ctx, actor, organisationID, "tender.registration_sent", "tender_registration:"+r.Submission, details); err != nil {
			return err
		}
		return t.Gateway.Submit(ctx, authority.Load{Kind: kindRegistration, ID: r.Submission})
	})
	return r, err
}

// putRegistration writes the registration over the version that was read; errStale
// when somebody was faster.
func (t *Tenders) putRegistration(ctx context.Context, r Registration, read int64) error {
	n, err := t.DB.Exec(ctx, `INSERT INTO tender_registrations (`+registrationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (organisation_id) DO UPDATE SET state = excluded.state, number = excluded.number, applicant = excluded.applicant,
		document = excluded.document, signature = excluded.signature, trouble = excluded.trouble, submission_id = excluded.submission_id,
		version = excluded.version, sent_at = excluded.sent_at, updated_at = excluded.updated_at, valid_until = excluded.valid_until
		WHERE tender_registrations.version = $13`,
		r.OrganisationID, r.State, r.Number, r.Applicant, r.Document, r.Signature, r.Trouble, r.Submission, r.Version, r.SentAt, r.UpdatedAt, r.ValidUntil, read)
	if err == nil && n == 0 {
		return errStale
	}
	return wrapped("tender: store the registration", err)
}

func (t *Tenders) registrationBy(ctx context.Context, id string) (r Registration, err error) {
	err = t.DB.Get(ctx, &r, `SELECT `+registrationColumns+` FROM tender_registrations WHERE submission_id = $1`, id)
	return r, wrapped("tender: read the registration", err)
}

func (t *Tenders) loadRegistration(ctx context.Context, id string) (authority.Submission, error) {
	r, err := t.registrationBy(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && r.State != "sent" {
		return authority.Submission{}, authority.ErrWithdrawn
	}
	if err != nil {
		return authority.Submission{}, err
	}
	of := r.Applicant.V
	return authority.Submission{
		ID: id, Kind: kindRegistration, OrganisationID: r.OrganisationID, INN: of.INN, KPP: of.KPP, OGRN: of.OGRN, Name: of.Name, Recipient: RecipientCode,
		Subject: "Регистрация участника закупок",
		Files:   []authority.File{{Name: "registration.xml", MediaType: "application/xml", Content: []byte(r.Document), Signatures: [][]byte{r.Signature.V.CMS}}},
	}, nil
}

// registrationAnswered takes the register's word; the organisation's earlier
// participations are asked for when it is registered.
func (t *Tenders) registrationAnswered(ctx context.Context, a authority.Answer) error {
	r, err := t.registrationBy(ctx, a.SubmissionID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && r.State != "sent" {
		return nil
	}
	if err != nil {
		return err
	}
	switch a.Event {
	case authority.Accepted, authority.Approved, authority.Result:
		r.State, r.Number = "registered", clip(line(a.Number), 100)
		r.ValidUntil = storage.Of(t.Now().AddDate(registeredYears, 0, 0))
		if err := jobs.Enqueue(ctx, t.DB, jobRemember, remember{r.OrganisationID, r.Applicant.V.INN}, jobs.Options{Unique: r.OrganisationID}); err != nil {
			return err
		}
	case authority.Refused:
		r.State, r.Trouble = "refused", oneLine(a)
	default:
		return nil
	}
	return t.registrationStands(ctx, r)
}

// registrationDelivered refuses a registration that could not be sent.
func (t *Tenders) registrationDelivered(ctx context.Context, d authority.Delivery) error {
	if d.State != authority.Dead {
		return nil
	}
	r, err := t.registrationBy(ctx, d.ID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && r.State != "sent" {
		return nil
	}
	if err != nil {
		return err
	}
	r.State, r.Trouble = "refused", "undelivered"
	return t.registrationStands(ctx, r)
}

func (t *Tenders) registrationStands(ctx context.Context, r Registration) error {
	read := r.Version
	r.Version, r.UpdatedAt = read+1, t.now()
	if err := t.putRegistration(ctx, r, read); err != nil {
		return err
	}
	err := t.journal(ctx, directory.Actor{}, r.OrganisationID, "tender.registration_status", "tender_registration:"+r.Submission, map[string]string{"state": r.State, "number": r.Number})
	if err != nil {
		return err
	}
	ru, en := "Организация зарегистрирована участником закупок", "The organisation is registered as a participant of procurement"
	if r.State == "refused" {
		ru, en = "В регистрации участником закупок отказано", "The registration as a participant of procurement was refused"
	}
	return t.Notices.Tell(ctx, notice.Event{
		ID: fmt.Sprintf("tender-registration/%s/%s", r.Submission, r.State), Type: "tender_registration.status_changed", OrganisationID: r.OrganisationID,
		Category: notice.Tender, Importance: notice.High, Permission: directory.TendersRead, Path: "/cabinet/tenders/registration", Source: source, Document: "decision",
		Texts: notice.Texts{RU: notice.Message{Subject: ru, Body: clip(trouble(r.Trouble, "ru"), 1500)}, EN: notice.Message{Subject: en, Body: clip(trouble(r.Trouble, "en"), 1500)}},
		Data:  map[string]string{"state": r.State, "number": r.Number},
	})
}
