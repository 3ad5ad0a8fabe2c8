package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
)

// The states of a registration. One that is locked stays for a while so that
// the page can say why, without what was typed.
const (
	RegistrationOpen   = "open"
	RegistrationDone   = "done"
	RegistrationLocked = "locked"
)

// Why a registration is locked.
const (
	LockedByDeadline = "deadline" // the contacts were not proved in time
	LockedByCodes    = "codes"    // too many wrong codes
)

// ErrRegistrationLocked: the registration can only be begun anew.
var ErrRegistrationLocked = errors.New("directory: the registration is locked")

// Applicant is somebody who registers himself, as he says.
type Applicant struct {
	LastName   string `json:"last_name"`
	FirstName  string `json:"first_name"`
	MiddleName string `json:"middle_name"`
	BirthDate  string `json:"birth_date"` // 2006-01-02
	SNILS      string `json:"snils"`
	Phone      string `json:"phone"`
	Email      string `json:"email"`
	Locale     string `json:"locale"`
	// Invitation is the token of the invitation that he followed; "" = none.
	Invitation string `json:"invitation,omitempty"`
	// Agreements are the documents agreed to, each with its version.
	Agreements []Agreement `json:"agreements"`
}

// Registration is one attempt to register, bound to a browser.
type Registration struct {
	ID            string
	State         string
	Reason        string // why it is locked
	Applicant     Applicant
	EmailProvedAt storage.Time
	PhoneProvedAt storage.Time
	CreatedAt     storage.Time
	ExpiresAt     storage.Time // of the proving; the lock comes then
}

// Proved tells that both contacts are the applicant's.
func (r Registration) Proved() bool { return r.EmailProvedAt > 0 && r.PhoneProvedAt > 0 }

// registrationRow is how it is stored.
type registrationRow struct {
	ID            string       `db:"id"`
	State         string       `db:"state"`
	Reason        string       `db:"reason"`
	Sealed        []byte       `db:"sealed"`
	EmailProvedAt storage.Time `db:"email_proved_at"`
	PhoneProvedAt storage.Time `db:"phone_proved_at"`
	CreatedAt     storage.Time `db:"created_at"`
	ExpiresAt     storage.Time `db:"expires_at"`
}

const registrationNames = `id, state, reason, sealed, email_proved_at, phone_proved_at, created_at, expires_at`

func registrationContext(id string) string { return "registration/" + id }

// CheckApplicant brings what was typed to canonical form. FieldErrors say what
// is missing or malformed; whether a contact or number has an account already
// is deliberately not looked at.
func (d *Directory) CheckApplicant(a Applicant) (Applicant, error) {
	var f fields
	a.LastName = f.name("last_name", a.LastName, true)
	a.FirstName = f.name("first_name", a.FirstName, true)
	a.MiddleName = f.name("middle_name", a.MiddleName, false)
	a.BirthDate = f.birthDate(a.BirthDate, d.now())
	a.SNILS = f.needed("snils", a.SNILS, NormaliseSNILS)
	a.Phone = f.needed("phone", a.Phone, NormalisePhone)
	a.Email = f.needed("email", a.Email, NormaliseEmail)
	if a.Locale != "en" {
		a.Locale = "ru"
	}
	return a, f.err()
}

// needed is optional for a value that must be there.
func (f *fields) needed(field, value string, normalise func(string) (string, bool)) string {
	canonical := f.optional(field, value, normalise)
	if value == "" {
		f.faults.add(field, "required")
	}
	return canonical
}

// BeginRegistration keeps what a checked applicant said until expires, for the
// browser that holds secret.
func (d *Directory) BeginRegistration(ctx context.Context, a Applicant, secret string, expires storage.Time) (Registration, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return Registration{}, fmt.Errorf("directory: begin registration: %w", err)
	}
	r := Registration{ID: storage.NewID(), State: RegistrationOpen, Applicant: a, CreatedAt: d.time(), ExpiresAt: expires}
	_, err = d.db.Exec(ctx, `INSERT INTO registrations (`+registrationNames+`, secret_hash)
		VALUES ($1, 'open', '', $2, 0, 0, $3, $4, $5)`,
		r.ID, d.sealer.Seal(plain, registrationContext(r.ID)), r.CreatedAt, r.ExpiresAt, hashToken(secret))
	return r, wrapped("begin registration", err)
}

// Registration reads the one of the browser that holds secret;
// storage.ErrNotFound.
func (d *Directory) Registration(ctx context.Context, secret string) (Registration, error) {
	return d.registration(ctx, `SELECT `+registrationNames+` FROM registrations WHERE secret_hash = $1`, hashToken(secret))
}

// RegistrationByID reads one; storage.ErrNotFound.
func (d *Directory) RegistrationByID(ctx context.Context, id string) (Registration, error) {
	return d.registration(ctx, `SELECT `+registrationNames+` FROM registrations WHERE id = $1`, id)
}

func (d *Directory) registration(ctx context.Context, query, value string) (Registration, error) {
	var row registrationRow
	if err := d.db.Get(ctx, &row, query, value); err != nil {
		return Registration{}, fmt.Errorf("directory: registration: %w", err)
	}
	r := Registration{
		ID: row.ID, State: row.State, Reason: row.Reason, EmailProvedAt: row.EmailProvedAt,
		PhoneProvedAt: row.PhoneProvedAt, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
	}
	if r.State == RegistrationOpen && r.ExpiresAt <= d.time() {
		r.State, r.Reason = RegistrationLocked, LockedByDeadline // the sweep has not come yet
	}
	if len(row.Sealed) == 0 {
		return r, nil
	}
	plain, err := d.sealer.Open(row.Sealed, registrationContext(r.ID))
	if err != nil {
		return Registration{}, fmt.Errorf("directory: open registration: %w", err)
	}
	if err := json.Unmarshal(plain, &r.Applicant); err != nil {
		return Registration{}, fmt.Errorf("directory: read registration: %w", err)
	}
	return r, nil
}

// The statements that prove a contact of an open registration, by channel.
var proveRegistration = map[string]string{
	"email": `UPDATE registrations SET email_proved_at = $1 WHERE id = $2 AND state = 'open' AND expires_at > $1`,
	"sms":   `UPDATE registrations SET phone_proved_at = $1 WHERE id = $2 AND state = 'open' AND expires_at > $1`,
}

// ProveRegistration records that the code sent by channel, "email" or "sms",
// came back. ErrRegistrationLocked when the time is over.
func (d *Directory) ProveRegistration(ctx context.Context, id, channel string) error {
	statement, known := proveRegistration[channel]
	if !known {
		return fmt.Errorf("directory: prove registration: no channel %q", channel)
	}
	n, err := d.db.Exec(ctx, statement, d.time(), id)
	if err == nil && n == 0 {
		return ErrRegistrationLocked
	}
	return wrapped("prove registration", err)
}

// LockRegistration ends an open registration for a reason, and forgets what was
// typed.
func (d *Directory) LockRegistration(ctx context.Context, id, reason string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `UPDATE registrations SET state = 'locked', reason = $1, sealed = $2
			WHERE id = $3 AND state = 'open'`, reason, []byte{}, id)
		if err != nil || n == 0 {
			return wrapped("lock registration", err)
		}
		return d.record(ctx, Actor{}, "", "registration.locked", id, map[string]string{"reason": reason})
	})
}

// FinishRegistration makes the person of a registration whose contacts are both
// proved, with identity and agreements, and hands it to equip, which sets the
// password, in one transaction: of two that finish at once one wins, the other
// gets ErrRegistrationLocked. FieldErrors "taken" when a contact has become
// somebody's since.
func (d *Directory) FinishRegistration(ctx context.Context, id string, equip func(ctx context.Context, p Person) error) (Person, error) {
	var made Person
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		r, err := d.RegistrationByID(ctx, id)
		if err != nil {
			return err
		}
		if err := d.spendRegistration(ctx, r); err != nil {
			return err
		}
		if made, err = d.admit(ctx, r); err != nil {
			return err
		}
		return equip(ctx, made)
	})
	if err != nil {
		return Person{}, err
	}
	return made, nil
}

func (d *Directory) spendRegistration(ctx context.Context, r Registration) error {
	n, err := d.db.Exec(ctx, `UPDATE registrations SET state = 'done', sealed = $1 WHERE id = $2 AND state = 'open'
		AND expires_at > $3 AND email_proved_at > 0 AND phone_proved_at > 0`, []byte{}, r.ID, d.time())
	if err == nil && n == 0 {
		return ErrRegistrationLocked
	}
	return wrapped("finish registration", err)
}

// admit makes the person. The СНИЛС is claimed, not given: see Identity.
func (d *Directory) admit(ctx context.Context, r Registration) (Person, error) {
	a := r.Applicant
	p, err := d.CreatePerson(ctx, NewPerson{
		LastName: a.LastName, FirstName: a.FirstName, MiddleName: a.MiddleName,
		Email: a.Email, EmailVerified: true, Phone: a.Phone, PhoneVerified: true, Locale: a.Locale,
	})
	if err != nil {
		return Person{}, err
	}
	err = d.insertIdentity(ctx, p.ID, Identity{BirthDate: a.BirthDate, ClaimedSNILS: a.SNILS, Level: LevelStandard})
	if err != nil {
		return Person{}, err
	}
	for _, agreement := range a.Agreements {
		if err := d.insertAgreement(ctx, p.ID, agreement); err != nil {
			return Person{}, err
		}
	}
	details := map[string]string{"level": string(LevelStandard)}
	for _, agreement := range a.Agreements {
		details["agreed_"+agreement.Document] = agreement.Version
	}
	return p, d.record(ctx, Actor{PersonID: p.ID}, "", "person.registered", p.ID, details)
}

// keepRegistrations is how long one that is over can still say what became of it.
const keepRegistrations = 7 * 24 * time.Hour

// SweepRegistrations locks the open ones whose time is over, forgetting what
// was typed, and drops those that have been over for a week.
func (d *Directory) SweepRegistrations(ctx context.Context) (locked, gone int64, err error) {
	locked, err = d.db.Exec(ctx, `UPDATE registrations SET state = 'locked', reason = 'deadline', sealed = $1
		WHERE state = 'open' AND expires_at <= $2`, []byte{}, d.time())
	if err != nil {
		return 0, 0, fmt.Errorf("directory: lock registrations: %w", err)
	}
	gone, err = d.db.Exec(ctx, `DELETE FROM registrations WHERE expires_at <= $1`, d.time().Add(-keepRegistrations))
	return locked, gone, wrapped("drop registrations", err)
}
