package organisation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// draft is what an applicant has entered so far.
type draft struct {
	Requisites directory.Requisites `json:"requisites"`
	Contacts   directory.Contacts   `json:"contacts"`
	Bank       directory.Bank       `json:"bank"`
	Activities directory.Activities `json:"activities"`
	Taxes      directory.Taxes      `json:"taxes"`
	// Consent to the processing of personal data and to the rules of the cabinet.
	Consent bool `json:"consent"`
}

func newDraft() draft {
	return draft{
		Bank:       directory.Bank{Accounts: []directory.BankAccount{}},
		Activities: directory.Activities{Additional: []string{}},
		Taxes:      directory.Taxes{Regimes: []directory.TaxRegime{}, Reports: []string{}},
	}
}

// comparison is what came of holding a draft against the register.
type comparison struct {
	At          storage.Time `json:"at"`
	Differences []difference `json:"differences"`
	// Accepted: operators have let the differences pass.
	Accepted bool `json:"accepted"`
	// AcceptedAt is when operators accepted the registration; 0 when none did.
	AcceptedAt storage.Time `json:"accepted_at"`
}

// basis is why the applicant may open the cabinet.
type basis struct {
	Kind   string       `json:"kind"`   // head, signature, power_of_attorney, moderation
	Detail string       `json:"detail"` // certificate's or power's number, operator's reason; no personal number
	At     storage.Time `json:"at"`
}

// proofs are what has been shown for a draft.
type proofs struct {
	Email      string      `json:"email"` // the mailbox that was confirmed
	Phone      string      `json:"phone"`
	Comparison *comparison `json:"comparison"`
	Authority  *basis      `json:"authority"`
	ListedAs   string      `json:"listed_as"` // in the register, by name at least
	Verdict    string      `json:"verdict"`   // of the organisation's signature, JSON
}

// registration is a draft on its way to a cabinet.
type registration struct {
	ID             string               `db:"id"`
	PersonID       string               `db:"person_id"`
	Kind           string               `db:"kind"`
	INN            string               `db:"inn"`
	State          string               `db:"state"`
	Draft          storage.JSON[draft]  `db:"draft"`
	Proofs         storage.JSON[proofs] `db:"proofs"`
	Reason         string               `db:"reason"`
	OrganisationID string               `db:"organisation_id"`
	Version        int64                `db:"version"`
	CreatedAt      storage.Time         `db:"created_at"`
	UpdatedAt      storage.Time         `db:"updated_at"`
}

const registrationNames = `id, person_id, kind, inn, state, draft, proofs, reason, organisation_id, version, created_at, updated_at`

// registrationsOpen bounds the drafts that one person has at a time.
const registrationsOpen = 10

// etag names this state of a registration.
func (r registration) etag() string { return api.EntityTag(r.Version, r.UpdatedAt) }

// open reports whether the applicant can still change it.
func (r registration) open() bool {
	return r.State == registrationDraft || r.State == registrationReady
}

func (o *Organisations) insertRegistration(ctx context.Context, r registration) error {
	_, err := o.DB.Exec(ctx, `INSERT INTO organisation_registrations (`+registrationNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		r.ID, r.PersonID, r.Kind, r.INN, r.State, r.Draft, r.Proofs, r.Reason, r.OrganisationID, r.Version, r.CreatedAt, r.UpdatedAt)
	if err != nil {
		return fmt.Errorf("organisation: insert registration: %w", err)
	}
	return nil
}

// registrationOf reads a person's registration; another's is not_found.
func (o *Organisations) registrationOf(ctx context.Context, personID, id string) (registration, error) {
	r, err := o.registrationByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && r.PersonID != personID {
		return registration{}, api.Refuse("not_found")
	}
	return r, err
}

func (o *Organisations) registrationByID(ctx context.Context, id string) (registration, error) {
	var r registration
	err := o.DB.Get(ctx, &r, `SELECT `+registrationNames+` FROM organisation_registrations WHERE id = $1`, id)
	if err != nil {
		return registration{}, fmt.Errorf("organisation: registration: %w", err)
	}
	return r, nil
}

// storeRegistration writes the next state of a registration, which must be the
// one that was read: version_changed otherwise. from is the state before.
func (o *Organisations) storeRegistration(ctx context.Context, r *registration, from string) error {
	if !registrationStates.may(from, r.State) {
		return notAtStep("registration_state", from)
	}
	now := o.time()
	n, err := o.DB.Exec(ctx, `UPDATE organisation_registrations SET inn = $1, state = $2, draft = $3, proofs = $4, reason = $5,
		organisation_id = $6, version = version + 1, updated_at = $7 WHERE id = $8 AND version = $9 AND state = $10`,
		r.Draft.V.Requisites.INN, r.State, r.Draft, r.Proofs, r.Reason, r.OrganisationID, now, r.ID, r.Version, from)
	if err != nil {
		return fmt.Errorf("organisation: store registration: %w", err)
	}
	if n == 0 {
		return api.Refuse("version_changed")
	}
	r.Version, r.UpdatedAt = r.Version+1, now
	return nil
}

// registrationsOf lists a person's, the latest first.
func (o *Organisations) registrationsOf(ctx context.Context, personID string, p api.Page) ([]registration, error) {
	list := []registration{}
	err := o.DB.Select(ctx, &list, `SELECT `+registrationNames+` FROM organisation_registrations
		WHERE person_id = $1 AND (created_at < $2 OR created_at = $2 AND id < $3)
		ORDER BY created_at DESC, id DESC LIMIT $4`, personID, before(p), p.ID, p.Limit+1)
	if err != nil {
		return nil, fmt.Errorf("organisation: registrations: %w", err)
	}
	return list, nil
}

// before is the time that a page goes on below.
func before(p api.Page) storage.Time {
	if p.At == 0 {
		return 1 << 62
	}
	return p.At
}

// check brings a draft to canonical form and returns what is wrong with what has
// been entered; what is still missing is no fault of a draft.
func (d *draft) check(kind string) []api.FieldFault {
	return without(d.faults(kind), "required")
}

// faults are all of a draft as if it were to be finished now. КПП and the short
// name may be missing: the register has them (rows 113, 114).
func (d *draft) faults(kind string) []api.FieldFault {
	faults := fieldFaults(directory.CheckBlock(kind, &d.Requisites), "/requisites")
	faults = excused(faults, "required", "/requisites/kpp", "/requisites/name")
	faults = append(faults, fieldFaults(directory.CheckBlock(kind, &d.Contacts), "/contacts")...)
	faults = append(faults, fieldFaults(directory.CheckBlock(kind, &d.Bank), "/bank")...)
	if d.Activities.Main != "" || len(d.Activities.Additional) > 0 {
		faults = append(faults, fieldFaults(directory.CheckBlock(kind, &d.Activities), "/activities")...)
	}
	return append(faults, fieldFaults(directory.CheckBlock(kind, &d.Taxes), "/taxes")...)
}

// excused leaves out the faults of one code at some places.
func excused(faults []api.FieldFault, code string, pointers ...string) (kept []api.FieldFault) {
	for _, fault := range faults {
		skip := false
		for _, pointer := range pointers {
			skip = skip || fault.Code == code && fault.Pointer == pointer
		}
		if !skip {
			kept = append(kept, fault)
		}
	}
	return kept
}

// changed puts a new draft in and voids the proofs that were about the old one.
func (r *registration) changed(next draft) {
	was := r.Draft.V
	r.Draft.V = next
	if !equalJSON(was.Requisites, next.Requisites) {
		r.State, r.Proofs.V.Comparison, r.Proofs.V.Authority, r.Proofs.V.Verdict, r.Proofs.V.ListedAs = registrationDraft, nil, nil, "", ""
	}
	if r.Proofs.V.Email != next.Contacts.Email {
		r.Proofs.V.Email = ""
	}
	if r.Proofs.V.Phone != next.Contacts.Phone {
		r.Proofs.V.Phone = ""
	}
}

// How long it holds what a cabinet is opened by: organisations end, heads change,
// certificates and powers are revoked, and a draft may lie for months. The operators'
// word stands on documents that they have read.
const (
	proofKept    = 24 * time.Hour
	acceptedKept = 30 * 24 * time.Hour
)

// current reports whether the register's word, or the operators' on it, still holds.
func (k *comparison) current(now storage.Time) bool {
	return k != nil && (k.At.Add(proofKept) > now || k.AcceptedAt.Add(acceptedKept) > now)
}

// current reports whether the basis still holds.
func (b *basis) current(now storage.Time) bool {
	if b == nil {
		return false
	}
	kept := proofKept
	if b.Kind == "moderation" {
		kept = acceptedKept
	}
	return b.At.Add(kept) > now
}

// checked reports whether another look into the register is not needed: it is what
// says, too, that the applicant is still the head.
func (p proofs) checked(now storage.Time) bool {
	return p.Comparison.current(now) && (p.Authority == nil || p.Authority.Kind != "head" || p.Authority.current(now))
}

// missing names the steps that are left before the cabinet can be created.
func (r registration) missing(now storage.Time) []string {
	steps := []string{}
	need := func(ok bool, step string) {
		if !ok {
			steps = append(steps, step)
		}
	}
	d, p := r.Draft.V, r.Proofs.V
	need(len(d.faults(r.Kind)) == 0, "data")
	need(d.Consent, "consent")
	need(p.Email != "", "email")
	need(p.Phone != "" || r.Kind == directory.KindLegal, "phone")
	need(r.State == registrationReady && p.checked(now), "check")
	need(p.Authority.current(now) || p.Authority != nil && p.Authority.Kind == "head", "authority")
	return steps
}

// draftKept is how long a draft that nobody touches is kept.
const draftKept = 180 * 24 * time.Hour

// abandonDrafts withdraws drafts that nobody has touched for half a year.
func (o *Organisations) abandonDrafts(ctx context.Context) error {
	var old []registration
	err := o.DB.Select(ctx, &old, `SELECT `+registrationNames+` FROM organisation_registrations
		WHERE state IN ('draft', 'ready') AND updated_at < $1 ORDER BY updated_at LIMIT 100`, o.time().Add(-draftKept))
	if err != nil {
		return fmt.Errorf("organisation: old drafts: %w", err)
	}
	for _, r := range old {
		from := r.State
		r.State = registrationWithdrawn
		err := o.DB.Tx(ctx, func(ctx context.Context) error {
			if err := o.storeRegistration(ctx, &r, from); err != nil {
				return err
			}
			return o.Files.Release(ctx, documentOwner(r.ID))
		})
		if err != nil && !refused(err, "version_changed") {
			return err
		}
	}
	return nil
}
