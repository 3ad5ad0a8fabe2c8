package payment

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"propusk/cabinet/authority"
	"propusk/cabinet/payment/requisite"
)

// ChargesFile is the file of a body's answer that lists charges.
const ChargesFile = "charges.json"

// Charges is what the file says: charges with the fields of ГИС ГМП
// (ExportChargesResponse), in JSON.
type Charges struct {
	Charges []Charge `json:"charges"`
}

// Charge is one accrual as a body tells of it. Amounts are kopecks.
type Charge struct {
	SupplierBillID string            `json:"supplierBillID"` // УИН
	Kind           Kind              `json:"kind"`
	BillDate       string            `json:"billDate"`             // 2026-01-31
	ValidUntil     string            `json:"validUntil,omitempty"` // the last day to pay
	TotalAmount    int64             `json:"totalAmount"`
	AmountPaid     int64             `json:"amountPaid"`
	Cancelled      bool              `json:"cancelled,omitempty"`
	Purpose        string            `json:"purpose"`
	Calculation    string            `json:"calculation,omitempty"` // of the sum, in words
	KBK            string            `json:"kbk"`
	OKTMO          string            `json:"oktmo"`
	Payee          ChargePayee       `json:"payee"`
	Payer          ChargePayer       `json:"payer"`
	BudgetIndex    BudgetIndex       `json:"budgetIndex"`
	Documents      []AccrualDocument `json:"documents,omitempty"` // file names one of the answer's files
}

// ChargePayee is to whom it is paid.
type ChargePayee struct {
	Name       string `json:"name"`
	INN        string `json:"inn"`
	KPP        string `json:"kpp"`
	OrgAccount struct {
		AccountNumber string `json:"accountNumber"`
		Bank          struct {
			Name                     string `json:"name"`
			BIK                      string `json:"bik"`
			CorrespondentBankAccount string `json:"correspondentBankAccount,omitempty"`
		} `json:"bank"`
	} `json:"orgAccount"`
}

// ChargePayer is who owes it.
type ChargePayer struct {
	INN string `json:"inn"`
	KPP string `json:"kpp,omitempty"`
}

// BudgetIndex are the fields 101 and 106 to 109 of a payment order (107н).
type BudgetIndex struct {
	Status       string `json:"status"`
	PaytReason   string `json:"paytReason,omitempty"`
	TaxPeriod    string `json:"taxPeriod,omitempty"`
	TaxDocNumber string `json:"taxDocNumber,omitempty"`
	TaxDocDate   string `json:"taxDocDate,omitempty"`
}

// The bounds of an answer.
const (
	maxCharges     = 2000
	maxChargesFile = 8 << 20
	maxPurpose     = 210 // letters: поле 24 of a payment order
	maxCalculation = 4000
	maxDocuments   = 10
	maxSum         = int64(100_000_000_000_000) // kopecks: more than any budget
)

// errCharges: a body's answer that is no list of charges. Its text is shown to people.
var errCharges = errors.New("payment: the answer is no list of charges")

// ParseCharges reads the list out of an answer's files. It checks the form as a
// whole; the fields of each charge are for [Charge.Faults].
func ParseCharges(files []authority.File) ([]Charge, error) {
	for _, f := range files {
		if f.Name != ChargesFile {
			continue
		}
		if len(f.Content) > maxChargesFile {
			return nil, fmt.Errorf("%w: it is larger than 8 MiB", errCharges)
		}
		var list Charges
		if err := json.Unmarshal(f.Content, &list); err != nil {
			return nil, fmt.Errorf("%w: %w", errCharges, err)
		}
		if len(list.Charges) > maxCharges {
			return nil, fmt.Errorf("%w: it has more than %d charges", errCharges, maxCharges)
		}
		return list.Charges, nil
	}
	return nil, fmt.Errorf("%w: it has no file %s", errCharges, ChargesFile)
}

// requisites are what a payment of the charge must name.
func (c Charge) requisites() requisite.Requisites {
	account := c.Payee.OrgAccount
	return requisite.Requisites{
		Payee:   requisite.Party{Name: c.Payee.Name, INN: c.Payee.INN, KPP: c.Payee.KPP},
		Account: requisite.Account{Number: account.AccountNumber, BIC: account.Bank.BIK, Bank: account.Bank.Name, Correspondent: account.Bank.CorrespondentBankAccount},
		Budget: requisite.Budget{
			UIN: c.SupplierBillID, KBK: c.KBK, OKTMO: c.OKTMO, PayerStatus: c.BudgetIndex.Status, Basis: c.BudgetIndex.PaytReason,
			TaxPeriod: c.BudgetIndex.TaxPeriod, DocumentNumber: c.BudgetIndex.TaxDocNumber, DocumentDate: c.BudgetIndex.TaxDocDate,
		},
	}
}

// Faults names everything that is wrong with a charge to the payer with the ИНН.
func (c Charge) Faults(inn string) []requisite.Fault {
	faults := c.requisites().Faults()
	add := func(wrong bool, field, code string) {
		if wrong {
			faults = append(faults, requisite.Fault{Field: field, Code: code})
		}
	}
	add(c.Payer.INN != inn, "payer/inn", "other_payer")
	add(!knownKind(c.Kind), "kind", "unknown")
	billed, known := readDay(c.BillDate)
	add(!known, "bill_date", "format")
	if c.ValidUntil != "" {
		until, known := readDay(c.ValidUntil)
		add(!known, "valid_until", "format")
		add(known && until.Before(billed), "valid_until", "before_bill_date")
	}
	add(c.TotalAmount <= 0 || c.TotalAmount > maxSum, "total_amount", "out_of_range")
	add(c.AmountPaid < 0 || c.AmountPaid > maxSum, "amount_paid", "out_of_range")
	add(!requisite.Line(c.Purpose, maxPurpose), "purpose", "format")
	add(len([]rune(c.Calculation)) > maxCalculation || strings.ContainsRune(c.Calculation, 0), "calculation", "format")
	add(len(c.Documents) > maxDocuments, "documents", "too_many")
	for _, d := range c.Documents {
		_, dated := readDay(d.Date)
		add(!requisite.Line(d.Name, 300) || d.Number != "" && !requisite.Line(d.Number, 100) || d.Date != "" && !dated, "documents", "format")
	}
	return faults
}
