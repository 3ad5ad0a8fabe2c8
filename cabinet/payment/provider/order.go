package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"propusk/cabinet/payment/requisite"
	"propusk/storage"
)

// Order is what the provider is to collect or to carry out.
type Order struct {
	ID          string          `json:"id"` // ours; a repeat is known by it
	Method      string          `json:"method"`
	Amount      int64           `json:"amount"`   // kopecks, the sum of the items'
	Currency    string          `json:"currency"` // RUB
	Description string          `json:"description"`
	Payer       requisite.Party `json:"payer"`
	Items       []Item          `json:"items"`
	ReturnURL   string          `json:"return_url"` // where the payer goes afterwards
	CallbackURL string          `json:"callback_url"`
	ExpiresAt   storage.Time    `json:"expires_at"` // it must not be paid later
	Document    *Document       `json:"document,omitempty"`
}

// Item is one accrual of an order.
type Item struct {
	Amount     int64                `json:"amount"`
	Purpose    string               `json:"purpose"`
	Requisites requisite.Requisites `json:"requisites"`
}

// Document is the file of signed payment orders, of the method account.
type Document struct {
	Name      string `json:"name"`
	Content   []byte `json:"content"`
	Signature []byte `json:"signature"` // detached CMS over Content, DER
}

// Status is how an order stands at the provider.
type Status string

// The statuses. Pending is the only one that changes.
const (
	Pending Status = "pending"
	Paid    Status = "paid"
	Refused Status = "refused"
	Expired Status = "expired"
)

// Currency is the only one.
const Currency = "RUB"

// State is what the provider says of an order.
type State struct {
	ID        string       `json:"id"`
	Status    Status       `json:"status"`
	Amount    int64        `json:"amount"`
	Currency  string       `json:"currency"`
	PayURL    string       `json:"pay_url,omitempty"`
	QR        string       `json:"qr,omitempty"` // what a code of СБП says: a link
	Reference string       `json:"reference,omitempty"`
	PaidAt    storage.Time `json:"paid_at"`
	Reason    string       `json:"reason,omitempty"`
}

// ErrState: what came is not what a provider says.
var ErrState = errors.New("provider: this is no state of a payment")

// The bounds of a state's texts, in bytes.
const (
	maxURL  = 2000
	maxText = 500
)

// parse reads a state and refuses what cannot be one.
func parse(raw []byte) (s State, err error) {
	if err := json.Unmarshal(raw, &s); err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrState, err)
	}
	switch {
	case s.ID == "" || len(s.ID) > 64:
		return State{}, fmt.Errorf("%w: id", ErrState)
	case !slices.Contains([]Status{Pending, Paid, Refused, Expired}, s.Status):
		return State{}, fmt.Errorf("%w: status", ErrState)
	case s.Amount <= 0:
		return State{}, fmt.Errorf("%w: amount", ErrState)
	case len(s.PayURL) > maxURL || len(s.QR) > maxURL || len(s.Reference) > maxText || len(s.Reason) > maxText:
		return State{}, fmt.Errorf("%w: too long", ErrState)
	case s.Reference != "" && !requisite.Line(s.Reference, maxText), s.Reason != "" && !requisite.Line(s.Reason, maxText):
		return State{}, fmt.Errorf("%w: control characters", ErrState)
	}
	return s, nil
}

// leadsTo refuses a link that leads elsewhere than to one of the pages, each an
// origin: a browser must never be sent to where the operators have not said.
func (s State) leadsTo(pages []string) error {
	for _, link := range []string{s.PayURL, s.QR} {
		if link == "" {
			continue
		}
		u, err := url.Parse(link)
		if err != nil || u.User != nil || !slices.Contains(pages, u.Scheme+"://"+u.Host) {
			return fmt.Errorf("%w: a link leads to another place than the provider's pages", ErrState)
		}
	}
	return nil
}
