package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"propusk/storage"
)

// The states of a person and of an organisation.
const (
	StatusActive  = "active"
	StatusBlocked = "blocked" // a person who may not sign in, until unblocked
	StatusClosed  = "closed"  // an organisation that is no more
)

// Person is somebody who can sign in.
type Person struct {
	ID            string       `db:"id"`
	Number        string       `db:"number"` // user number, see ValidUserNumber
	LastName      string       `db:"last_name"`
	FirstName     string       `db:"first_name"`
	MiddleName    string       `db:"middle_name"` // "" when there is none
	Email         string       `db:"email"`       // canonical, see NormaliseEmail; "" when there is none
	EmailVerified bool         `db:"email_verified"`
	Phone         string       `db:"phone"` // E.164; "" when there is none
	PhoneVerified bool         `db:"phone_verified"`
	SNILS         string       `db:"snils"` // eleven digits; "" when there is none
	INN           string       `db:"inn"`   // twelve digits; "" when there is none
	SNILSVerified bool         `db:"snils_verified"`
	INNVerified   bool         `db:"inn_verified"`
	Locale        string       `db:"locale"` // "ru" or "en": the language of messages
	Status        string       `db:"status"` // StatusActive or StatusBlocked
	CreatedAt     storage.Time `db:"created_at"`
	UpdatedAt     storage.Time `db:"updated_at"`
}

// FullName is the name as documents write it: Иванова Мария Петровна.
func (p Person) FullName() string {
	return strings.Join(strings.Fields(p.LastName+" "+p.FirstName+" "+p.MiddleName), " ")
}

// ShortName is the name as letters sign it: Иванова М. П.
func (p Person) ShortName() string {
	short := p.LastName
	for _, name := range []string{p.FirstName, p.MiddleName} {
		if initial, size := utf8.DecodeRuneInString(name); size > 0 {
			short += " " + string(initial) + "."
		}
	}
	return strings.TrimSpace(short)
}

// NewPerson is what is known of a person at first. Contacts and numbers are
// taken as typed and stored in canonical form. At least one of Email and Phone
// must be given.
type NewPerson struct {
	LastName, FirstName, MiddleName string
	Email, Phone, SNILS, INN        string
	// EmailVerified and PhoneVerified say that the person has proved to hold
	// them, by a code or an invitation's link. Dangerous: whoever holds a
	// verified e-mail accepts the invitations sent to it.
	EmailVerified, PhoneVerified bool
	// NumbersVerified says that an operator answers for SNILS and INN.
	// Dangerous: whoever holds a qualified certificate with a verified number
	// signs in as this person.
	NumbersVerified bool
	Locale          string // "" is "ru"
}

const personNames = `id, number, last_name, first_name, middle_name, email, email_verified,
	phone, phone_verified, snils, inn, snils_verified, inn_verified, locale, status, created_at, updated_at`

var (
	personByID  = "SELECT " + columns("p", "", personNames) + " FROM persons p WHERE p.id = $1"
	personsPage = "SELECT " + columns("p", "", personNames) + " FROM persons p WHERE p.id > $1 ORDER BY p.id LIMIT $2"
)

// Person reads one person; storage.ErrNotFound.
func (d *Directory) Person(ctx context.Context, id string) (Person, error) {
	var p Person
	if err := d.db.Get(ctx, &p, personByID, id); err != nil {
		return Person{}, fmt.Errorf("directory: person: %w", err)
	}
	return p, nil
}

// Persons lists people in the order in which they came.
func (d *Directory) Persons(ctx context.Context, p Page) (people []Person, next string, err error) {
	if err := d.db.Select(ctx, &people, personsPage, p.After, p.limit()+1); err != nil {
		return nil, "", fmt.Errorf("directory: persons: %w", err)
	}
	people, next = page(people, p.limit(), func(p Person) string { return p.ID })
	return people, next, nil
}

// CreatePerson adds somebody with a new user number. It returns FieldErrors
// for what is missing, malformed or, with the code "taken", somebody else's.
func (d *Directory) CreatePerson(ctx context.Context, n NewPerson) (Person, error) {
	var f fields
	n = f.person(n)
	if err := f.err(); err != nil {
		return Person{}, err
	}
	now := d.time()
	p := Person{
		ID: storage.NewID(), LastName: n.LastName, FirstName: n.FirstName, MiddleName: n.MiddleName,
		Email: n.Email, EmailVerified: n.EmailVerified, Phone: n.Phone, PhoneVerified: n.PhoneVerified,
		SNILS: n.SNILS, INN: n.INN, SNILSVerified: n.NumbersVerified && n.SNILS != "", INNVerified: n.NumbersVerified && n.INN != "",
		Locale: n.Locale, Status: StatusActive, CreatedAt: now, UpdatedAt: now,
	}
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		if err := d.insertPerson(ctx, &p); err != nil {
			return err
		}
		return d.record(ctx, Actor{}, "", "person.created", p.ID, map[string]string{"number": p.Number})
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}

// insertPerson gives p a free user number. A conflict must not be an error of
// the statement, which would end the transaction; so the row is left out and
// the reason asked for.
func (d *Directory) insertPerson(ctx context.Context, p *Person) error {
	const tries = 8 // of ninety million numbers few are taken
	for range tries {
		p.Number = newUserNumber()
		n, err := d.db.Exec(ctx, `INSERT INTO persons (`+personNames+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
			p.ID, p.Number, p.LastName, p.FirstName, p.MiddleName, p.Email, p.EmailVerified,
			p.Phone, p.PhoneVerified, p.SNILS, p.INN, p.SNILSVerified, p.INNVerified, p.Locale, p.Status, p.CreatedAt, p.UpdatedAt)
		if err != nil {
			return fmt.Errorf("directory: insert person: %w", err)
		}
		if n == 1 {
			return nil
		}
		if err := d.taken(ctx, *p); err != nil {
			return err
		}
	}
	return errors.New("directory: no free user number found")
}

// taken says which of p's contacts and numbers are somebody else's.
func (d *Directory) taken(ctx context.Context, p Person) error {
	var f fields
	for _, unique := range []struct{ field, value, query string }{
		{"email", p.Email, `SELECT COUNT(*) FROM persons WHERE email = $1`},
		{"phone", p.Phone, `SELECT COUNT(*) FROM persons WHERE phone = $1`},
		{"snils", p.SNILS, `SELECT COUNT(*) FROM persons WHERE snils = $1`},
		{"inn", p.INN, `SELECT COUNT(*) FROM persons WHERE inn = $1`},
	} {
		var count int
		if unique.value == "" {
			continue
		}
		if err := d.db.Get(ctx, &count, unique.query, unique.value); err != nil {
			return fmt.Errorf("directory: taken %s: %w", unique.field, err)
		}
		if count > 0 {
			f.faults.add(unique.field, "taken")
		}
	}
	return f.err()
}

// newUserNumber draws a number. It is random, since a running number tells how
// many there are and what the neighbours are called.
func newUserNumber() string {
	const first, count = 10_000_000, 90_000_000
	n, err := rand.Int(rand.Reader, big.NewInt(count))
	if err != nil {
		panic(err) // crypto/rand does not fail (Go 1.24)
	}
	body := strconv.FormatInt(first+n.Int64(), 10)
	return body + strconv.Itoa(luhn(body))
}

// ConfirmContact records that the person has proved, by a code sent there, to
// hold the contact: channel is "email" or "sms", value what the code was sent
// to. storage.ErrNotFound when the contact has changed meanwhile.
func (d *Directory) ConfirmContact(ctx context.Context, personID, channel, value string) error {
	var query string
	switch channel {
	case "email":
		query = `UPDATE persons SET email_verified = TRUE, updated_at = $1 WHERE id = $2 AND email = $3 AND email <> ''`
	case "sms":
		query = `UPDATE persons SET phone_verified = TRUE, updated_at = $1 WHERE id = $2 AND phone = $3 AND phone <> ''`
	default:
		return fmt.Errorf("directory: confirm contact: no channel %q", channel)
	}
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, query, d.time(), personID, value)
		if err != nil {
			return fmt.Errorf("directory: confirm contact: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("directory: confirm contact: %w", storage.ErrNotFound)
		}
		return d.record(ctx, Actor{PersonID: personID}, "", "person.contact_confirmed", personID, map[string]string{"channel": channel})
	})
}
