package directory

import "propusk/storage"

// The kinds of organisations.
const (
	KindLegal = "legal" // юридическое лицо: ИНН of ten digits, КПП, ОГРН
	KindSole  = "sole"  // индивидуальный предприниматель: ИНН of twelve digits, ОГРНИП
)

// The Authentication Context Class References that an organisation may demand.
const (
	ACROneFactor  = "urn:propusk:1"
	ACRTwoFactors = "urn:propusk:2"
	ACRQualified  = "urn:propusk:qualified"
)

// Organisation is a legal entity or a sole proprietor that has a cabinet here.
type Organisation struct {
	ID            string       `db:"id"`
	Kind          string       `db:"kind"` // KindLegal or KindSole
	INN           string       `db:"inn"`
	KPP           string       `db:"kpp"`  // "" for a sole proprietor
	OGRN          string       `db:"ogrn"` // ОГРНИП for a sole proprietor
	Name          string       `db:"name"` // short: ООО «Ромашка»
	FullName      string       `db:"full_name"`
	Address       string       `db:"address"`        // the registered one
	ActualAddress string       `db:"actual_address"` // "" when it is the registered one
	Phone         string       `db:"phone"`          // E.164 or ""
	Email         string       `db:"email"`          // where notices of changes go; "" = to every administrator
	Status        string       `db:"status"`         // StatusActive or StatusClosed
	RequiredACR   string       `db:"required_acr"`   // one of the ACR constants, or "" for the server's own floor
	Version       int64        `db:"version"`        // counts the changes of this record
	CreatedAt     storage.Time `db:"created_at"`
	UpdatedAt     storage.Time `db:"updated_at"`
	ClosedAt      storage.Time `db:"closed_at"`
}

// NewOrganisation is what an organisation begins with. Numbers are taken
// exactly (no spaces) and checked.
type NewOrganisation struct {
	Kind, INN, KPP, OGRN   string
	Name, FullName         string // FullName "" is Name
	Address, ActualAddress string
	Phone, Email           string
	RequiredACR            string
}

// OrganisationPatch changes what is not nil. ИНН, КПП, ОГРН and the names come
// from the register and are not among it.
type OrganisationPatch struct {
	Address, ActualAddress, Phone, Email *string
	// RequiredACR takes an administrator: it decides who can still sign in.
	RequiredACR *string
	// Version, when not nil, must be the record's present one: ErrStale
	// otherwise (RFC 9110 §13.1.1, If-Match).
	Version *int64
}
