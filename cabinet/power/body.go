package power

import (
	"context"
	"errors"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
)

// newPower is what is typed to give a power of attorney.
type newPower struct {
	Form           directory.PowerForm   `json:"form"` // "" is machine in JSON; simple or notarial beside a document
	Number         string                `json:"number"`
	InternalNumber string                `json:"internal_number"`
	Representative newRepresentative     `json:"representative"`
	Head           *newRepresentative    `json:"head"` // who will sign; nil: the organisation's head
	Powers         []string              `json:"powers"`
	Limits         directory.PowerLimits `json:"limits"`
	Delegation     int                   `json:"delegation"`
	Irrevocable    bool                  `json:"irrevocable"`
	IssuedOn       string                `json:"issued_on"` // "" is today in Moscow
	Until          string                `json:"until"`
	ReplacesID     string                `json:"replaces_id"`

	PrincipalIdentity      *identity `json:"principal_identity"`
	RepresentativeIdentity *identity `json:"representative_identity"`
	Notary                 *notary   `json:"notary"`
	DocumentNumber         string    `json:"document_number"`
}

type newRepresentative struct {
	Kind       string `json:"kind"` // person, organisation; "" is person
	LastName   string `json:"last_name"`
	FirstName  string `json:"first_name"`
	MiddleName string `json:"middle_name"`
	SNILS      string `json:"snils"`
	BirthDate  string `json:"birth_date"`
	Position   string `json:"position"`
	Name       string `json:"name"`
	INN        string `json:"inn"`
	KPP        string `json:"kpp"`
	OGRN       string `json:"ogrn"`
}

func (r newRepresentative) representative() directory.Representative {
	kind := r.Kind
	if kind == "" {
		kind = directory.RepresentsPerson
	}
	return directory.Representative{
		Kind: kind, LastName: r.LastName, FirstName: r.FirstName, MiddleName: r.MiddleName,
		SNILS: r.SNILS, Name: r.Name, INN: r.INN, OGRN: r.OGRN,
	}
}

// party is the representative as a form has him.
func (r newRepresentative) party() emchd.Party {
	snils, _ := directory.NormaliseSNILS(r.SNILS)
	p := emchd.Party{
		Kind: emchd.KindPerson, LastName: r.LastName, FirstName: r.FirstName, MiddleName: r.MiddleName,
		SNILS: snils, INN: r.INN, BirthDate: r.BirthDate, Position: r.Position,
	}
	if r.Kind != directory.RepresentsOrganisation {
		return p
	}
	if len(r.INN) == len("000000000000") {
		p.Kind, p.Name, p.OGRN = emchd.KindSole, r.Name, r.OGRN
		return p
	}
	return emchd.Party{Kind: emchd.KindOrganisation, Name: r.Name, INN: r.INN, KPP: r.KPP, OGRN: r.OGRN}
}

// moscow is the zone of the days that powers count by.
var moscow = time.FixedZone("MSK", 3*60*60)

// of is the power as the directory takes it.
func (n *newPower) of(now time.Time, parentID string, status directory.PowerStatus) directory.NewPower {
	if n.IssuedOn == "" {
		n.IssuedOn = now.In(moscow).Format(time.DateOnly)
	}
	return directory.NewPower{
		Number: strings.ToLower(n.Number), Form: n.Form, Representative: n.Representative.representative(), Powers: n.Powers,
		Limits: n.Limits, Delegation: n.Delegation, Irrevocable: n.Irrevocable, IssuedOn: n.IssuedOn, Until: n.Until,
		ParentID: parentID, ReplacesID: n.ReplacesID, Status: status,
	}
}

// complete fills in what the directory knows of a representative organisation, and
// names what a form cannot do without.
func (p *Powers) complete(ctx context.Context, r *newRepresentative) error {
	if r.Kind != directory.RepresentsOrganisation {
		return nil
	}
	known, err := p.Directory.OrganisationByINN(ctx, r.INN)
	if err == nil {
		r.Name, r.KPP, r.OGRN = known.Name, known.KPP, known.OGRN
	} else if !errors.Is(err, errNotFound) {
		return err
	}
	var faults []api.FieldFault
	need := func(name, value string, valid bool) {
		if code := missing(value, valid); code != "" {
			faults = append(faults, api.FieldFault{Pointer: "/representative/" + name, Code: code})
		}
	}
	if len(r.INN) == len("000000000000") {
		need("last_name", r.LastName, true)
		need("first_name", r.FirstName, true)
		need("ogrn", r.OGRN, directory.ValidOGRNIP(r.OGRN))
	} else {
		need("kpp", r.KPP, directory.ValidKPP(r.KPP))
		need("ogrn", r.OGRN, directory.ValidOGRN(r.OGRN))
	}
	return api.Invalid(faults...)
}

func missing(value string, valid bool) string {
	switch {
	case value == "":
		return "required"
	case !valid:
		return "invalid"
	default:
		return ""
	}
}

// requisites checks what a paper must say beside its document (A7 159): who signed
// for the principal, who the representative is, and a notary's entry.
func (n *newPower) requisites() (requisites, error) {
	r := requisites{Principal: n.PrincipalIdentity, Representative: n.RepresentativeIdentity, Notary: n.Notary, DocumentNumber: n.DocumentNumber}
	var faults []api.FieldFault
	at := func(pointer, value string, valid bool) {
		if code := missing(strings.TrimSpace(value), valid); code != "" {
			faults = append(faults, api.FieldFault{Pointer: pointer, Code: code})
		} else if len(value) > 500 {
			faults = append(faults, api.FieldFault{Pointer: pointer, Code: "too_long"})
		}
	}
	person := func(pointer string, i *identity) {
		if i == nil {
			i = new(identity)
		}
		at(pointer+"/full_name", i.FullName, true)
		at(pointer+"/document", i.Document, true)
		at(pointer+"/issued_on", i.IssuedOn, isDate(i.IssuedOn))
		at(pointer+"/issued_by", i.IssuedBy, true)
	}
	person("/principal_identity", n.PrincipalIdentity)
	if n.Representative.Kind != directory.RepresentsOrganisation {
		person("/representative_identity", n.RepresentativeIdentity)
	}
	if n.Form == directory.PowerNotarial {
		if n.Notary == nil {
			n.Notary = new(notary)
		}
		at("/notary/name", n.Notary.Name, true)
		at("/notary/registry_number", n.Notary.RegistryNumber, true)
		at("/notary/date", n.Notary.Date, isDate(n.Notary.Date))
	}
	return r, api.Invalid(faults...)
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// readNewPower reads the part of a multipart request that says what the paper does.
func readNewPower(text []byte) (newPower, error) {
	var n newPower
	err := api.ReadText(text, &n)
	if refused, ok := errors.AsType[*api.Refusal](err); ok && refused.Code() == "body_malformed" {
		return newPower{}, api.InvalidField("/power", "invalid").Wrap(err) // it is the part that is no JSON, not the body
	}
	return n, err
}
