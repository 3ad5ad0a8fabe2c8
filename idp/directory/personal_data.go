package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// PersonalData is what the directory knows of a person, for the person (152-ФЗ,
// article 14). Secrets, hashes and what belongs to others are not in it.
type PersonalData struct {
	ID            string             `json:"id"`
	Number        string             `json:"number"`
	LastName      string             `json:"last_name"`
	FirstName     string             `json:"first_name"`
	MiddleName    string             `json:"middle_name,omitempty"`
	Email         string             `json:"email,omitempty"`
	EmailVerified bool               `json:"email_verified"`
	Phone         string             `json:"phone,omitempty"`
	PhoneVerified bool               `json:"phone_verified"`
	SNILS         string             `json:"snils,omitempty"`
	INN           string             `json:"inn,omitempty"`
	Locale        string             `json:"locale"`
	Status        string             `json:"status"`
	CreatedAt     storage.Time       `json:"created_at"`
	UpdatedAt     storage.Time       `json:"updated_at"`
	PasswordSetAt storage.Time       `json:"password_set_at"`
	Authenticator bool               `json:"authenticator"` // an authenticator app is connected
	ClosingDueAt  storage.Time       `json:"closing_due_at"`
	Memberships   []PersonMembership `json:"memberships"`
}

// PersonMembership is one membership of PersonalData, a past one too.
type PersonMembership struct {
	OrganisationID string         `json:"organisation_id" db:"organisation_id"`
	Organisation   string         `json:"organisation" db:"name"`
	INN            string         `json:"inn" db:"inn"`
	Role           Role           `json:"role" db:"role"`
	Grants         PermissionList `json:"grants,omitempty" db:"grants"`
	Denials        PermissionList `json:"denials,omitempty" db:"denials"`
	Position       string         `json:"position,omitempty" db:"position"`
	ActivatedAt    storage.Time   `json:"activated_at" db:"activated_at"`
	RemovedAt      storage.Time   `json:"removed_at" db:"removed_at"`
}

// PersonalData gathers what the directory knows of the person, as it stands at
// one moment; storage.ErrNotFound.
func (d *Directory) PersonalData(ctx context.Context, personID string) (PersonalData, error) {
	var data PersonalData
	err := d.db.Tx(ctx, func(ctx context.Context) (err error) {
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		data = personalData(p)
		if err := d.credentialsOf(ctx, personID, &data); err != nil {
			return err
		}
		data.Memberships = []PersonMembership{}
		err = d.db.Select(ctx, &data.Memberships, `SELECT m.organisation_id, o.name, o.inn, m.role, m.grants, m.denials,
			m.position, m.activated_at, m.removed_at FROM members m JOIN organisations o ON o.id = m.organisation_id
			WHERE m.person_id = $1 ORDER BY m.id`, personID)
		if err != nil {
			return fmt.Errorf("directory: memberships of person: %w", err)
		}
		return nil
	})
	return data, err
}

func personalData(p Person) PersonalData {
	return PersonalData{
		ID: p.ID, Number: p.Number, LastName: p.LastName, FirstName: p.FirstName, MiddleName: p.MiddleName,
		Email: p.Email, EmailVerified: p.EmailVerified, Phone: p.Phone, PhoneVerified: p.PhoneVerified,
		SNILS: p.SNILS, INN: p.INN, Locale: p.Locale, Status: p.Status, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

// credentialsOf adds what is told of credentials: that they are there, and
// since when.
func (d *Directory) credentialsOf(ctx context.Context, personID string, data *PersonalData) error {
	_, set, err := d.PasswordHash(ctx, personID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	data.PasswordSetAt = set
	_, data.Authenticator, err = d.TOTP(ctx, personID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	closing, err := d.Closing(ctx, personID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	data.ClosingDueAt = closing.DueAt
	return nil
}
