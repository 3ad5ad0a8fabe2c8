package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
)

// Level is how far a person's identity has been established. It is about who
// somebody is; how strongly he signs in is another matter (the ACR constants).
type Level string

// The levels, from the weakest.
const (
	// LevelSimplified: a contact was proved, the rest is not known or only said.
	LevelSimplified Level = "simplified" // упрощённая
	// LevelStandard: names, birth date and СНИЛС are given, mailbox and phone
	// are proved.
	LevelStandard Level = "standard" // стандартная
	// LevelConfirmed: a qualified certificate or an operator who has seen the
	// documents has confirmed the names and the СНИЛС.
	LevelConfirmed Level = "confirmed" // подтверждённая
)

// Opening is something that a level opens.
type Opening string

// The openings, in the order in which levels open them.
const (
	OpensAccount      Opening = "account"      // the own account, and organisations one is invited to
	OpensApplications Opening = "applications" // to ask for a sole proprietor's cabinet
	OpensOrganisation Opening = "organisation" // to register an organisation and to be its head
)

// openings are what each level opens; a higher one opens all of the lower.
var openings = map[Level][]Opening{
	LevelSimplified: {OpensAccount},
	LevelStandard:   {OpensAccount, OpensApplications},
	LevelConfirmed:  {OpensAccount, OpensApplications, OpensOrganisation},
}

// Opens lists what the level opens.
func (l Level) Opens() []Opening { return openings[l] }

// ErrLevel: the person's identity is not established far enough for the act.
var ErrLevel = errors.New("directory: the person's level does not open this")

// How an identity can be confirmed.
const (
	ByCertificate = "certificate" // a qualified certificate with the same name and СНИЛС
	ByDocuments   = "documents"   // an operator who has seen them
)

// Identity is what is known of who a person is, beside the contacts.
type Identity struct {
	BirthDate string `db:"birth_date"` // 2006-01-02; "" when not known
	// ClaimedSNILS is what the person says. Dangerous: nobody may be matched by
	// it; whoever registers first with the number of another would be him.
	ClaimedSNILS string       `db:"claimed_snils"`
	Level        Level        `db:"level"`
	ConfirmedBy  string       `db:"confirmed_by"` // ByCertificate, ByDocuments, ""
	Evidence     string       `db:"evidence"`     // what was looked at
	ConfirmedAt  storage.Time `db:"confirmed_at"`
}

// Identity reads what is known of a person; who has no record is at
// LevelSimplified.
func (d *Directory) Identity(ctx context.Context, personID string) (Identity, error) {
	var i Identity
	err := d.db.Get(ctx, &i, `SELECT birth_date, claimed_snils, level, confirmed_by, evidence, confirmed_at
		FROM identities WHERE person_id = $1`, personID)
	if errors.Is(err, storage.ErrNotFound) {
		return Identity{Level: LevelSimplified}, nil
	}
	if err != nil {
		return Identity{}, fmt.Errorf("directory: identity: %w", err)
	}
	return i, nil
}

// RequireOpening returns ErrLevel unless the person's level opens what is asked.
func (d *Directory) RequireOpening(ctx context.Context, personID string, what Opening) error {
	i, err := d.Identity(ctx, personID)
	if err != nil {
		return err
	}
	for _, opened := range i.Level.Opens() {
		if opened == what {
			return nil
		}
	}
	return fmt.Errorf("%w: %s at %s", ErrLevel, what, i.Level)
}

func (d *Directory) insertIdentity(ctx context.Context, personID string, i Identity) error {
	_, err := d.db.Exec(ctx, `INSERT INTO identities (person_id, birth_date, claimed_snils, level, confirmed_by, evidence, confirmed_at)
		VALUES ($1, $2, $3, $4, '', '', 0)`, personID, i.BirthDate, i.ClaimedSNILS, i.Level)
	if err != nil {
		return fmt.Errorf("directory: insert identity: %w", err)
	}
	return nil
}

// Confirmation is an operator's, of an identity.
type Confirmation struct {
	SNILS    string // as the documents say
	INN      string // of the person, "" when they do not say
	Evidence string // kind and number of the operator's act; never of the passport
}

// ConfirmIdentity raises a person to LevelConfirmed, for an operator who has
// seen the documents (actor System; ErrForbidden otherwise), and stores the
// numbers as verified. FieldErrors: "mismatch" when the person claims another
// СНИЛС, and those of VerifyNumbers. A certificate confirms by BindCertificate.
func (d *Directory) ConfirmIdentity(ctx context.Context, actor Actor, personID string, c Confirmation) error {
	if !actor.system {
		return fmt.Errorf("%w: documents are looked at by an operator", ErrForbidden)
	}
	var f fields
	f.exactly("snils", c.SNILS, ValidSNILS)
	if c.INN != "" {
		f.exactly("inn", c.INN, ValidPersonalINN)
	}
	c.Evidence = f.text("evidence", c.Evidence, maxTitle, true)
	if err := f.err(); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.activePerson(ctx, personID)
		if err != nil {
			return err
		}
		i, err := d.Identity(ctx, p.ID)
		if err != nil {
			return err
		}
		if i.ClaimedSNILS != "" && i.ClaimedSNILS != c.SNILS {
			return FieldErrors{{Field: "snils", Code: "mismatch"}}
		}
		if err := d.VerifyNumbers(ctx, actor, p.ID, c.SNILS, c.INN); err != nil {
			return err
		}
		return d.confirmed(ctx, actor, p, ByDocuments, c.Evidence)
	})
}

// confirmed raises the person to LevelConfirmed, tells him and the journal. What
// is confirmed already stays as it was.
func (d *Directory) confirmed(ctx context.Context, actor Actor, p Person, by, evidence string) error {
	n, err := d.db.Exec(ctx, `INSERT INTO identities (person_id, birth_date, claimed_snils, level, confirmed_by, evidence, confirmed_at)
		VALUES ($1, '', '', 'confirmed', $2, $3, $4)
		ON CONFLICT (person_id) DO UPDATE SET claimed_snils = '', level = excluded.level,
			confirmed_by = excluded.confirmed_by, evidence = excluded.evidence, confirmed_at = excluded.confirmed_at
		WHERE identities.level <> 'confirmed'`,
		p.ID, by, evidence, d.time())
	if err != nil || n == 0 {
		return wrapped("store confirmation", err)
	}
	if err := d.record(ctx, actor, "", "person.confirmed", p.ID, map[string]string{"by": by, "evidence": evidence}); err != nil {
		return err
	}
	return d.notifyPerson(ctx, p, notice{action: "person.confirmed.you"})
}

// wrapped names the act that failed; nil stays nil.
func wrapped(act string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("directory: %s: %w", act, err)
}

// Agreement is a text that a person has agreed to.
type Agreement struct {
	Document string       `db:"document" json:"document"` // "terms", "personal_data"
	Version  string       `db:"version" json:"version"`
	AgreedAt storage.Time `db:"agreed_at" json:"agreed_at"`
}

// Agreements lists what a person has agreed to, the latest first.
func (d *Directory) Agreements(ctx context.Context, personID string) ([]Agreement, error) {
	list := []Agreement{}
	err := d.db.Select(ctx, &list, `SELECT document, version, agreed_at FROM agreements
		WHERE person_id = $1 ORDER BY agreed_at DESC, document`, personID)
	if err != nil {
		return nil, fmt.Errorf("directory: agreements: %w", err)
	}
	return list, nil
}

func (d *Directory) insertAgreement(ctx context.Context, personID string, a Agreement) error {
	_, err := d.db.Exec(ctx, `INSERT INTO agreements (person_id, document, version, agreed_at)
		VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, personID, a.Document, a.Version, a.AgreedAt)
	if err != nil {
		return fmt.Errorf("directory: insert agreement: %w", err)
	}
	return nil
}

// The bounds of a birth date.
const (
	oldestBirth = 1900
	leastAge    = 14 // the age of the first passport
)

// birthDate checks a date of birth as forms write it, 2006-01-02.
func (f *fields) birthDate(value string, now time.Time) string {
	if value == "" {
		f.faults.add("birth_date", "required")
		return ""
	}
	born, err := time.Parse(time.DateOnly, value)
	switch {
	case err != nil, born.Year() < oldestBirth, born.After(now):
		f.faults.add("birth_date", "invalid")
	case born.AddDate(leastAge, 0, 0).After(now):
		f.faults.add("birth_date", "too_young")
	}
	return value
}
