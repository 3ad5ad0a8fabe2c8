package authority

import (
	"context"
	"time"
)

// Registry is the state register of organisations (ЕГРЮЛ and ЕГРИП). Bodies:
// registry.Store over imported files, Remote over HTTP.
type Registry interface {
	// Find returns the record of the organisation with this ИНН or ОГРН (ОГРНИП), or
	// an error that wraps storage.ErrNotFound. Anything else, such as a register that
	// does not answer, says nothing about the organisation.
	Find(ctx context.Context, number string) (Record, error)
}

// Date is a day as ISO 8601 writes it, "2026-02-28", or "" for none. A day has no
// zone, so it is no instant.
type Date string

// Time is the day's beginning in UTC, the zero time for none.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Russian is the day as documents print it, 28.02.2026.
func (d Date) Russian() string {
	if t := d.Time(); !t.IsZero() {
		return t.Format("02.01.2006")
	}
	return ""
}

// The kinds of records, the same words as directory's kinds of organisations.
const (
	Legal = "legal" // ЕГРЮЛ
	Sole  = "sole"  // ЕГРИП
)

// Record is what the register says about one organisation on ExtractDate
// (standards: ЕГРЮЛ/ЕГРИП in the published form, ДатаВып). Everything but Kind,
// INN, OGRN, FullName and ExtractDate may be missing.
type Record struct {
	Kind        string `json:"kind"`
	INN         string `json:"inn"`
	KPP         string `json:"kpp,omitempty"`
	OGRN        string `json:"ogrn"` // ОГРНИП of a sole proprietor
	OGRNDate    Date   `json:"ogrn_date,omitempty"`
	ExtractDate Date   `json:"extract_date"`

	FullName  string `json:"full_name"`
	ShortName string `json:"short_name,omitempty"`
	// Form is the legal form (ОПФ), of a sole proprietor the kind of entrepreneur.
	Form   Code   `json:"form"`
	Status Status `json:"status"`
	// Termination is set when the organisation is no more.
	Termination *Termination `json:"termination,omitempty"`

	Registration Registration  `json:"registration"` // how it came to be
	Registrar    Office        `json:"registrar"`    // who keeps its file now
	TaxOffice    Account       `json:"tax_office"`   // with the КПП in Account.Number
	Pension      Account       `json:"pension"`      // ПФР
	Social       Account       `json:"social"`       // ФСС
	Address      Address       `json:"address"`
	Email        string        `json:"email,omitempty"`
	Capital      Capital       `json:"capital"`
	Heads        []Head        `json:"heads,omitempty"`
	Managing     []Entity      `json:"managing,omitempty"` // организации, исполняющие функции ЕИО
	Founders     []Founder     `json:"founders,omitempty"`
	OwnShare     *Share        `json:"own_share,omitempty"` // of the company in its own capital
	Register     *Entity       `json:"register,omitempty"`  // держатель реестра акционеров
	Activity     Code          `json:"activity"`            // main ОКВЭД
	Activities   []Code        `json:"activities,omitempty"`
	Licences     []Licence     `json:"licences,omitempty"`
	Branches     []Branch      `json:"branches,omitempty"`
	Reorganising *Code         `json:"reorganising,omitempty"`
	Predecessors []Entity      `json:"predecessors,omitempty"`
	Successors   []Entity      `json:"successors,omitempty"`
	Restrictions []Restriction `json:"restrictions,omitempty"`
	Entries      []Entry       `json:"entries,omitempty"`

	// Person is the sole proprietor himself.
	Person *Person `json:"person,omitempty"`
}

// Active reports whether the organisation exists and is not being struck off.
func (r Record) Active() bool { return r.Termination == nil }

// Stamp is the entry by which a piece of the record came into the register.
type Stamp struct {
	GRN     string `json:"grn,omitempty"` // ГРН (ГРНИП), "" when the file does not say
	Entered Date   `json:"entered,omitempty"`
}

// Code is a word of a classifier.
type Code struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Stamp
}

// Status is the register's word on how the organisation stands: code "" or "001"
// is an active one without anything to remark.
type Status struct {
	Code string `json:"code,omitempty"`
	Name string `json:"name"` // Russian; «Действующее» when the file has none
	Stamp
}

// Termination is the end of an organisation (СвПрекрЮЛ, СвПрекращ).
type Termination struct {
	Date   Date   `json:"date"`
	Code   string `json:"code,omitempty"`
	Method string `json:"method,omitempty"`
	Office Office `json:"office"`
	Stamp
}

// Registration is the beginning of one (СвОбрЮЛ, СвРегИП).
type Registration struct {
	Method     Code   `json:"method"`
	Date       Date   `json:"date,omitempty"`
	Before2002 string `json:"before_2002,omitempty"` // number given before 1 July 2002
	Office     Office `json:"office"`
}

// Office is a body as the register names it.
type Office struct {
	Code    string `json:"code,omitempty"`
	Name    string `json:"name,omitempty"`
	Address string `json:"address,omitempty"`
}

// Account is how the organisation is known to a body.
type Account struct {
	Number string `json:"number,omitempty"`
	Since  Date   `json:"since,omitempty"`
	Office Office `json:"office"`
	Stamp
}

// Address is a place in Russia; Text is the whole of it in one line.
type Address struct {
	PostalCode string `json:"postal_code,omitempty"`
	RegionCode string `json:"region_code,omitempty"`
	Region     string `json:"region,omitempty"`
	District   string `json:"district,omitempty"`
	City       string `json:"city,omitempty"`
	Settlement string `json:"settlement,omitempty"`
	Street     string `json:"street,omitempty"`
	House      string `json:"house,omitempty"`
	Building   string `json:"building,omitempty"`
	Flat       string `json:"flat,omitempty"`
	Text       string `json:"text,omitempty"`
	Stamp
}

// Capital is the charter capital.
type Capital struct {
	Kind    string `json:"kind,omitempty"`    // уставный капитал, складочный капитал …
	Kopecks int64  `json:"kopecks,omitempty"` // 0 = none said
	Stamp
}

// Person is a natural person.
type Person struct {
	LastName    string `json:"last_name"`
	FirstName   string `json:"first_name"`
	MiddleName  string `json:"middle_name,omitempty"`
	INN         string `json:"inn,omitempty"`
	Citizenship string `json:"citizenship,omitempty"`
	Stamp
}

// Name is the person's full name as documents write it.
func (p Person) Name() string {
	name := p.LastName
	for _, part := range []string{p.FirstName, p.MiddleName} {
		if part != "" {
			name += " " + part
		}
	}
	return name
}

// Head is a person who acts for the organisation without power of attorney.
type Head struct {
	Person       Person `json:"person"`
	PositionKind Code   `json:"position_kind"`
	Position     string `json:"position"`
	// Disqualified until then; "" = not.
	DisqualifiedUntil Date `json:"disqualified_until,omitempty"`
}

// Entity is another organisation that the record names.
type Entity struct {
	Name    string `json:"name"`
	INN     string `json:"inn,omitempty"`
	OGRN    string `json:"ogrn,omitempty"`
	Country string `json:"country,omitempty"` // of a foreign one
	Stamp
}

// The kinds of founders.
const (
	FounderLegal   = "legal"
	FounderForeign = "foreign"
	FounderPerson  = "person"
	FounderState   = "state"
	FounderFund    = "fund" // паевой инвестиционный фонд
)

// Founder owns a share. Person is set for FounderPerson, Entity otherwise.
type Founder struct {
	Kind   string  `json:"kind"`
	Entity *Entity `json:"entity,omitempty"`
	Person *Person `json:"person,omitempty"`
	Share  Share   `json:"share"`
}

// Share is a part of the capital.
type Share struct {
	Kopecks int64  `json:"kopecks,omitempty"` // nominal
	Part    string `json:"part,omitempty"`    // "50 %" or "1/3"
	Stamp
}

// Licence is a permission to do business that needs one.
type Licence struct {
	Number      string   `json:"number"`
	Date        Date     `json:"date,omitempty"`
	From        Date     `json:"from,omitempty"`
	Until       Date     `json:"until,omitempty"`
	Activities  []string `json:"activities,omitempty"`
	Places      []string `json:"places,omitempty"`
	Issuer      string   `json:"issuer,omitempty"`
	SuspendedOn Date     `json:"suspended_on,omitempty"`
	Stamp
}

// Branch is a филиал or a представительство.
type Branch struct {
	Kind    string  `json:"kind"` // branch, office
	Name    string  `json:"name,omitempty"`
	KPP     string  `json:"kpp,omitempty"`
	Address Address `json:"address"`
	Stamp
}

// The codes of restrictions.
const (
	RestrictionAddress        = "address_unreliable"
	RestrictionHead           = "head_unreliable"
	RestrictionFounder        = "founder_unreliable"
	RestrictionDisqualified   = "head_disqualified"
	RestrictionEncumbrance    = "share_encumbered" // залог или иное обременение доли
	RestrictionStriking       = "striking_off"     // решение о предстоящем исключении
	RestrictionReorganisation = "reorganisation"
	RestrictionLiquidation    = "liquidation"
	RestrictionBankruptcy     = "bankruptcy"
	RestrictionCapital        = "capital_reduction"
	RestrictionLicence        = "licence_suspended"
	RestrictionOther          = "other"
)

// Restriction is what the register holds against the organisation or limits it by.
type Restriction struct {
	Code string `json:"code"`
	Text string `json:"text"` // Russian
	Stamp
}

// Entry is one entry made in the register about the organisation.
type Entry struct {
	ID        string     `json:"id,omitempty"`
	GRN       string     `json:"grn"`
	Date      Date       `json:"date"`
	Kind      Code       `json:"kind"`
	Office    Office     `json:"office"`
	Documents []Document `json:"documents,omitempty"`
	Cancelled bool       `json:"cancelled,omitempty"` // recognised invalid
}

// Document is one that was handed in for an entry.
type Document struct {
	Name   string `json:"name"`
	Number string `json:"number,omitempty"`
	Date   Date   `json:"date,omitempty"`
}
