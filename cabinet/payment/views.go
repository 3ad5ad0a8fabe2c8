package payment

import (
	"propusk/cabinet/api"
	"propusk/cabinet/payment/requisite"
	"propusk/idp/directory"
	"propusk/storage"
)

// accrualItem is an accrual in a list.
type accrualItem struct {
	ID          string `json:"id"`
	UIN         string `json:"uin"`
	Kind        Kind   `json:"kind"`
	KindLabel   string `json:"kind_label"`
	Status      string `json:"status"`
	StatusLabel string `json:"status_label"`
	Amount      int64  `json:"amount"`
	Paid        int64  `json:"paid"`
	Left        int64  `json:"left"`
	BilledOn    string `json:"billed_on"`
	DueOn       string `json:"due_on"` // "" = no term
	Purpose     string `json:"purpose"`
	Payee       Payee  `json:"payee"`
	PaymentID   string `json:"payment_id"` // that is under way
}

func (p *Payments) item(a Accrual, lang string) accrualItem {
	shown := a.shown(p.today())
	return accrualItem{
		ID: a.ID, UIN: a.UIN, Kind: a.Kind, KindLabel: kindLabels[a.Kind].in(lang), Status: shown, StatusLabel: accrualLabels[shown].in(lang),
		Amount: a.Amount, Paid: a.Paid, Left: a.Left(), BilledOn: dayText(a.BilledAt), DueOn: dayText(a.DueAt), Purpose: a.Purpose,
		Payee: Payee{a.PayeeINN, a.Payee}, PaymentID: a.PaymentID,
	}
}

// accrualView is the whole card (row 225).
type accrualView struct {
	accrualItem
	Calculation string               `json:"calculation"`
	Requisites  requisite.Requisites `json:"requisites"`
	Documents   []documentView       `json:"documents"`
	Source      string               `json:"source"`
	Payments    []paymentItem        `json:"payments"`
	Problems    []Reported           `json:"problems"`
	UpdatedAt   storage.Time         `json:"updated_at"`
	Actions     []api.Action         `json:"actions"`
}

type documentView struct {
	Name   string `json:"name"`
	Number string `json:"number"`
	Date   string `json:"date"`
	Href   string `json:"href"` // "" = it came without a file
	File   string `json:"file"`
}

func documentViews(a Accrual) []documentView {
	views := make([]documentView, len(a.Documents.V))
	for i, d := range a.Documents.V {
		views[i] = documentView{Name: d.Name, Number: d.Number, Date: d.Date}
		if d.FileID != "" {
			views[i].Href, views[i].File = "/v1/accruals/"+a.ID+"/documents/"+d.FileID, d.File
		}
	}
	return views
}

// card makes the view of one accrual with all that belongs to it.
func (p *Payments) card(c api.Call, a Accrual) (accrualView, error) {
	v := accrualView{
		accrualItem: p.item(a, c.Lang()), Calculation: a.Calculation, Requisites: a.Requisites.V, Documents: documentViews(a), Source: a.Source, UpdatedAt: a.UpdatedAt,
	}
	past, err := p.paymentsOf(c.Ctx(), a)
	if err != nil {
		return v, err
	}
	v.Payments = make([]paymentItem, len(past))
	for i, pay := range past {
		v.Payments[i] = newPaymentItem(pay, c.Lang())
	}
	reported, err := p.reports(c.Ctx(), a)
	if err != nil {
		return v, err
	}
	v.Problems = api.List(reported)
	why := ""
	switch {
	case a.Status != Due:
		why = "accrual_nothing_due"
	case a.PaymentID != "":
		why = "accrual_being_paid"
	case p.Provider == nil:
		why = "payment_unavailable"
	}
	v.Actions, err = c.Actions(
		api.ActOf("pay", act("POST", "/v1/payments", nil)).Unless(why == "", why),
		api.ActOf("report", reporting("/v1/accruals/{id}/problems", nil)),
	)
	return v, err
}

// paymentItem is a payment in the history.
type paymentItem struct {
	ID          string       `json:"id"`
	Number      int64        `json:"number"`
	Method      Method       `json:"method"`
	MethodLabel string       `json:"method_label"`
	Status      Status       `json:"status"`
	StatusLabel string       `json:"status_label"`
	Amount      int64        `json:"amount"`
	Description string       `json:"description"`
	CreatedAt   storage.Time `json:"created_at"`
	PaidAt      storage.Time `json:"paid_at"`
	HasReceipt  bool         `json:"has_receipt"`
}

func newPaymentItem(pay Payment, lang string) paymentItem {
	label := statusLabels[pay.Status]
	if pay.Status == Created && pay.unsigned() {
		label = words{"Ожидает подписи", "Waits for a signature"}
	}
	return paymentItem{
		ID: pay.ID, Number: pay.Number, Method: pay.Method, MethodLabel: methodLabels[pay.Method].in(lang), Status: pay.Status, StatusLabel: label.in(lang),
		Amount: pay.Amount, Description: description(pay), CreatedAt: pay.CreatedAt, PaidAt: pay.PaidAt, HasReceipt: pay.Receipt.V.PDF != "",
	}
}

// paymentView is the whole payment.
type paymentView struct {
	paymentItem
	Items     []Item       `json:"items"`
	Payer     payerView    `json:"payer"`
	Reason    string       `json:"reason"`
	Reference string       `json:"reference"`
	PayURL    string       `json:"pay_url"` // the provider's page; "" = there is nothing to go to
	QR        string       `json:"qr"`      // what a QR code for a bank's application says
	Signer    string       `json:"signer"`
	Orders    *ordersView  `json:"orders"` // of an account
	ExpiresAt storage.Time `json:"expires_at"`
	SignedAt  storage.Time `json:"signed_at"`
	Actions   []api.Action `json:"actions"`
}

type payerView struct {
	requisite.Party
	Account *requisite.Account `json:"account"`
}

type ordersView struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
	Href   string `json:"href"`
}

func (p *Payments) view(c api.Call, pay Payment) (paymentView, error) {
	v := paymentView{
		paymentItem: newPaymentItem(pay, c.Lang()), Items: pay.Items.V, Payer: payerView{pay.Payer.V.Party, pay.Payer.V.Account}, Reason: pay.Reason,
		Reference: pay.Reference, PayURL: pay.PayURL, QR: pay.QR, Signer: pay.Signer, ExpiresAt: pay.ExpiresAt, SignedAt: pay.SignedAt,
	}
	if pay.Method == Account {
		orders := pay.orders()
		v.Orders = &ordersView{pay.ordersName(), len(orders), digest(orders), "/v1/payments/" + pay.ID + "/orders"}
	}
	open := pay.Status == Created && pay.unsigned()
	var err error
	v.Actions, err = c.Actions(
		api.ActOf("sign", act("POST", "/v1/payments/{id}/sign", nil)).Unless(open, "payment_state"),
		api.ActOf("cancel", act("POST", "/v1/payments/{id}/cancel", nil)).Unless(open, "payment_state"),
	)
	return v, err
}

func (pay Payment) etag() string { return api.EntityTag(pay.Version) }

// accountView is an account of the profile, and whether it can be paid from.
type accountView struct {
	ID       string       `json:"id"` // "" = nobody has asked to link it
	Account  string       `json:"account"`
	BIC      string       `json:"bic"`
	Bank     string       `json:"bank"`
	Main     bool         `json:"main"`
	State    string       `json:"state"` // none, asked, linked
	LinkedAt storage.Time `json:"linked_at"`
}

// accountViews are the profile's accounts; one that the profile has no more is none.
func accountViews(profile []directory.BankAccount, links []LinkedAccount) []accountView {
	views := make([]accountView, len(profile))
	for i, a := range profile {
		views[i] = accountView{Account: a.Account, BIC: a.BIC, Bank: a.Bank, Main: a.Main, State: "none"}
		for _, l := range links {
			if l.Account == a.Account && l.BIC == a.BIC {
				views[i].ID, views[i].State, views[i].LinkedAt = l.ID, l.State, l.LinkedAt
			}
		}
	}
	return views
}
