package directory

import (
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
	SNILS         string       `db:"snils"`  // eleven digits; "" when there is none
	INN           string       `db:"inn"`    // twelve digits; "" when there is none
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
	Locale                       string // "" is "ru"
}
