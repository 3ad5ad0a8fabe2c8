package directory

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// BlockName names a part of an organisation's profile. Parts are read, changed
// and kept in versions each by itself.
type BlockName string

// The blocks, in the order in which they are shown.
const (
	BlockRequisites BlockName = "requisites" // реквизиты
	BlockContacts   BlockName = "contacts"   // контакты
	BlockBank       BlockName = "bank"       // банковские реквизиты
	BlockActivities BlockName = "activities" // виды деятельности (ОКВЭД)
	BlockTaxes      BlockName = "taxes"      // налоговые режимы
	BlockPayments   BlockName = "payments"   // карты и счета для платежей
)

// BlockNames lists the blocks in the order in which they are shown.
func BlockNames() []BlockName {
	return []BlockName{BlockRequisites, BlockContacts, BlockBank, BlockActivities, BlockTaxes, BlockPayments}
}

// Valid reports whether b is one of the blocks.
func (b BlockName) Valid() bool { return slices.Contains(BlockNames(), b) }

// Block is the content of one block: *Requisites, *Contacts, *Bank, *Activities,
// *Taxes or *Payments.
type Block interface {
	// BlockName says which block it is.
	BlockName() BlockName
	check(f *fields, kind string)
}

// Requisites are who the organisation is. Numbers, names, address and head are
// what the register says too.
type Requisites struct {
	INN           string           `json:"inn"`
	KPP           string           `json:"kpp"` // "" for a sole proprietor
	OGRN          string           `json:"ogrn"`
	Name          string           `json:"name"`
	FullName      string           `json:"full_name"`
	Address       string           `json:"address"`
	LegalForm     string           `json:"legal_form"`     // ОКОПФ, five digits; "" when not known
	OwnershipForm string           `json:"ownership_form"` // ОКФС, two digits; "" when not known
	Head          OrganisationHead `json:"head"`
}

// OrganisationHead is who acts for the organisation without a power of attorney;
// of a sole proprietor, the proprietor.
type OrganisationHead struct {
	LastName   string `json:"last_name"`
	FirstName  string `json:"first_name"`
	MiddleName string `json:"middle_name"`
	Position   string `json:"position"`
}

// FullName is the name as documents write it.
func (h OrganisationHead) FullName() string {
	return Person{LastName: h.LastName, FirstName: h.FirstName, MiddleName: h.MiddleName}.FullName()
}

// Contacts are where the organisation is reached. Phone and e-mail are the
// official ones, to which codes for binding go.
type Contacts struct {
	ActualAddress string `json:"actual_address"` // "" when it is the registered one
	Phone         string `json:"phone"`          // E.164
	Email         string `json:"email"`
	Website       string `json:"website"` // https://…, "" for none
}

// Bank are the settlement accounts.
type Bank struct {
	Accounts []BankAccount `json:"accounts"`
}

// BankAccount is a settlement account (расчётный счёт) at a bank.
type BankAccount struct {
	Account              string `json:"account"` // twenty digits, checked against BIC
	BIC                  string `json:"bic"`
	Bank                 string `json:"bank"`                  // the bank's name
	CorrespondentAccount string `json:"correspondent_account"` // "" when the bank has none
	Main                 bool   `json:"main"`                  // one of the accounts
}

// Activities are the kinds of economic activity, codes of ОКВЭД-2.
type Activities struct {
	Main       string   `json:"main"`
	Additional []string `json:"additional"`
}

// Taxes are what the organisation pays taxes by and what it reports.
type Taxes struct {
	TaxOffice string      `json:"tax_office"` // СОНО, four digits; "" when not given
	OKTMO     string      `json:"oktmo"`
	Regimes   []TaxRegime `json:"regimes"`
	Reports   []string    `json:"reports"` // prefixes of report types: NO_NDS, NO_PRIB
}

// TaxRegime is a regime with the days on which it holds.
type TaxRegime struct {
	Code  string `json:"code"`  // one of TaxRegimeCodes
	Since string `json:"since"` // 2006-01-02, the first day
	Until string `json:"until"` // the last day; "" while it goes on
}

// Holds reports whether the regime is in force on the day of t, as t's zone has it.
func (r TaxRegime) Holds(t time.Time) bool {
	day := t.Format(time.DateOnly)
	return r.Since <= day && (r.Until == "" || day <= r.Until)
}

// TaxRegimeCodes are the regimes of the Tax Code (НК РФ, parts VIII and VIII.1,
// 422-ФЗ, 17-ФЗ).
func TaxRegimeCodes() []string {
	return []string{"OSNO", "USN_INCOME", "USN_INCOME_EXPENSES", "AUSN", "PSN", "ESHN", "NPD"}
}

// Payments are what state services are paid with.
type Payments struct {
	Methods []PaymentMethod `json:"methods"`
}

// PaymentMethod is an account of the bank block, or a card. A card's number is
// kept masked: the full one never enters the house (PCI DSS, requirement 3.4).
type PaymentMethod struct {
	Kind    string `json:"kind"`    // account, card
	Account string `json:"account"` // of kind account
	BIC     string `json:"bic"`
	Card    string `json:"card"`    // of kind card: 220012******1234
	Expires string `json:"expires"` // of kind card: 2028-04
	Label   string `json:"label"`
	Default bool   `json:"default"` // one of the methods
}

// BlockName says which block it is.
func (*Requisites) BlockName() BlockName { return BlockRequisites }

// BlockName says which block it is.
func (*Contacts) BlockName() BlockName { return BlockContacts }

// BlockName says which block it is.
func (*Bank) BlockName() BlockName { return BlockBank }

// BlockName says which block it is.
func (*Activities) BlockName() BlockName { return BlockActivities }

// BlockName says which block it is.
func (*Taxes) BlockName() BlockName { return BlockTaxes }

// BlockName says which block it is.
func (*Payments) BlockName() BlockName { return BlockPayments }

// NewBlock is an empty block of that name, with empty lists rather than none.
// It panics for a name that is not Valid.
func NewBlock(name BlockName) Block {
	switch name {
	case BlockRequisites:
		return &Requisites{}
	case BlockContacts:
		return &Contacts{}
	case BlockBank:
		return &Bank{Accounts: []BankAccount{}}
	case BlockActivities:
		return &Activities{Additional: []string{}}
	case BlockTaxes:
		return &Taxes{Regimes: []TaxRegime{}, Reports: []string{}}
	case BlockPayments:
		return &Payments{Methods: []PaymentMethod{}}
	}
	panic("directory: no block " + string(name))
}

// DecodeBlock reads a block as EncodeBlock wrote it.
func DecodeBlock(name BlockName, body string) (Block, error) {
	b := NewBlock(name)
	if err := json.Unmarshal([]byte(body), b); err != nil {
		return nil, fmt.Errorf("directory: block %s: %w", name, err)
	}
	return b, nil
}

// EncodeBlock writes a block as JSON. Equal blocks are equal texts.
func EncodeBlock(b Block) string {
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // structs of texts and lists of them
	}
	return string(text)
}
