package tender

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// formBody is a form as it comes. What is offered comes beside it, for it alone has
// paragraphs.
type formBody struct {
	Price          int64   `json:"price"`
	Consent        bool    `json:"consent"`
	Country        string  `json:"country"`
	Security       string  `json:"security"`
	SecurityNumber string  `json:"security_number"`
	Small          bool    `json:"small"`
	Contact        Contact `json:"contact"`
	Account        Account `json:"account"`
}

func (b formBody) form() Form {
	return Form{
		Price: b.Price, Consent: b.Consent, Country: b.Country, Security: b.Security, SecurityNumber: b.SecurityNumber,
		Small: b.Small, Contact: b.Contact, Account: b.Account,
	}
}

var countryForm = regexp.MustCompile(`^[0-9]{3}$`)

// maxField bounds a line of the form, in letters.
const maxField = 300

// formFaults is what of a form cannot be kept. What is missing yet is for the check.
func formFaults(f Form) (faults []api.FieldFault) {
	add := func(wrong bool, field, code string) {
		if wrong {
			faults = append(faults, api.FieldFault{Pointer: "/" + field, Code: code})
		}
	}
	add(f.Price < 0 || f.Price > maxPrice, "price", "out_of_range")
	add(f.Country != "" && !countryForm.MatchString(f.Country), "country", "format")
	add(f.Security != "" && f.Security != "account" && f.Security != "guarantee", "security", "unknown")
	for field, text := range map[string]string{
		"security_number": f.SecurityNumber, "contact/name": f.Contact.Name, "contact/phone": f.Contact.Phone, "account/bank": f.Account.Bank,
	} {
		add(!plain(text, maxField), field, "too_long")
	}
	email, known := directory.NormaliseEmail(f.Contact.Email)
	add(f.Contact.Email != "" && (!known || email == ""), "contact/email", "format")
	add(f.Account.Number+f.Account.BIK != "" && !directory.ValidBIC(f.Account.BIK), "account/bik", "format")
	add(f.Account.Number != "" && directory.ValidBIC(f.Account.BIK) && !directory.ValidAccount(f.Account.BIK, f.Account.Number), "account/number", "checksum")
	return faults
}

// period is the span between two days of Moscow, both inclusive; a year to today where
// they are not said.
func (t *Tenders) period(from, to string) (first, after storage.Time, days [2]string) {
	today := t.Now().In(moscow)
	if to == "" {
		to = today.Format(time.DateOnly)
	}
	end, _ := time.ParseInLocation(time.DateOnly, to, moscow) // Query.Date has read it
	if from == "" {
		from = end.AddDate(-1, 0, 1).Format(time.DateOnly)
	}
	begin, _ := time.ParseInLocation(time.DateOnly, from, moscow)
	return storage.Of(begin), storage.Of(end.AddDate(0, 0, 1)), [2]string{from, to}
}

func digestText(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
