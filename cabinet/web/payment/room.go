package payment

import (
	"embed"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

const (
	all      = "/cabinet/finance"
	accruals = all + "/accruals"
	history  = all + "/payments"
	accounts = all + "/accounts"
	payAt    = all + "/pay"
)

// uploadLimit bounds a report with its proofs, in bytes.
const uploadLimit = 60 << 20

// Room is the finances.
func Room() desk.Room {
	const one, paid = accruals + "/{id}", history + "/{id}"
	report := desk.Post(one+"/problem", reported)
	report.Limit = uploadLimit
	sign := desk.Post(paid+"/sign", signed)
	sign.Limit = desk.SigningLimit
	return desk.Room{
		Name: "payment", Files: files,
		Scopes: []string{"finance:read", "finance:write", "requests:write", "documents:sign"},
		Nav:    []desk.NavItem{{Key: "payment.place", Path: all, Permission: "finance:read", Order: 145}},
		Routes: []desk.Route{
			desk.Get(all, list),
			desk.Get(all+"/export", export),
			desk.Post(all+"/ask", asked),
			desk.Get(payAt, payForm),
			desk.Post(payAt, pay),
			desk.Get(accounts, accountList),
			desk.Post(accounts+"/link", askLink),
			desk.Get(accounts+"/{id}/confirm", confirmForm),
			desk.Post(accounts+"/{id}/confirm", confirm),
			desk.Post(accounts+"/{id}/unlink", unlink),
			desk.Get(history, payments),
			desk.Get(history+"/export", exportPayments),
			desk.Get(paid, showPayment),
			desk.Get(paid+"/progress", progress),
			desk.Get(paid+"/qr", func(v *desk.Visit) error { return v.Inline(paymentAPI(v)+"/qr", nil) }),
			desk.Get(paid+"/orders", func(v *desk.Visit) error { return v.Download(paymentAPI(v)+"/orders", nil) }),
			desk.Get(paid+"/receipt", receipt),
			desk.Get(paid+"/sign", signForm),
			sign,
			desk.Post(paid+"/cancel", cancelled),
			desk.Get(one, show),
			desk.Get(one+"/documents/{file}", document),
			desk.Get(one+"/problem", reportForm),
			report,
		},
	}
}

// The API's answers, as far as the pages show them (docs/cabinet/payments.md).
type (
	payee struct {
		INN  string `json:"inn"`
		Name string `json:"name"`
	}
	accrual struct {
		ID          string       `json:"id"`
		UIN         string       `json:"uin"`
		KindLabel   string       `json:"kind_label"`
		Status      string       `json:"status"`
		StatusLabel string       `json:"status_label"`
		Amount      int64        `json:"amount"`
		Paid        int64        `json:"paid"`
		Left        int64        `json:"left"`
		BilledOn    string       `json:"billed_on"`
		DueOn       string       `json:"due_on"`
		Purpose     string       `json:"purpose"`
		Payee       payee        `json:"payee"`
		PaymentID   string       `json:"payment_id"`
		Calculation string       `json:"calculation"`
		Requisites  requisites   `json:"requisites"`
		Documents   []attachment `json:"documents"`
		Source      string       `json:"source"`
		Payments    []payment    `json:"payments"`
		Problems    []struct {
			RequestID string    `json:"request_id"`
			Number    string    `json:"number"`
			CreatedAt time.Time `json:"created_at"`
		} `json:"problems"`
		UpdatedAt time.Time    `json:"updated_at"`
		Actions   desk.Actions `json:"actions"`
	}
	attachment struct {
		Name   string `json:"name"`
		Number string `json:"number"`
		Date   string `json:"date"`
		Href   string `json:"href"`
		File   string `json:"file"`
	}
	account struct {
		Number        string `json:"number"`
		BIC           string `json:"bic"`
		Bank          string `json:"bank"`
		Correspondent string `json:"correspondent"`
	}
	requisites struct {
		Payee struct {
			payee
			KPP string `json:"kpp"`
		} `json:"payee"`
		Account account `json:"account"`
		Budget  struct {
			KBK            string `json:"kbk"`
			OKTMO          string `json:"oktmo"`
			PayerStatus    string `json:"payer_status"`
			Basis          string `json:"basis"`
			TaxPeriod      string `json:"tax_period"`
			DocumentNumber string `json:"document_number"`
			DocumentDate   string `json:"document_date"`
		} `json:"budget"`
	}
	item struct {
		AccrualID string `json:"accrual_id"`
		UIN       string `json:"uin"`
		Amount    int64  `json:"amount"`
		Purpose   string `json:"purpose"`
	}
	payment struct {
		ID          string     `json:"id"`
		Number      int64      `json:"number"`
		Method      string     `json:"method"`
		MethodLabel string     `json:"method_label"`
		Status      string     `json:"status"`
		StatusLabel string     `json:"status_label"`
		Amount      int64      `json:"amount"`
		Description string     `json:"description"`
		CreatedAt   time.Time  `json:"created_at"`
		PaidAt      *time.Time `json:"paid_at"`
		HasReceipt  bool       `json:"has_receipt"`
		Items       []item     `json:"items"`
		Payer       struct {
			Account *account `json:"account"`
		} `json:"payer"`
		Reason    string `json:"reason"`
		Reference string `json:"reference"`
		PayURL    string `json:"pay_url"`
		QR        string `json:"qr"`
		Signer    string `json:"signer"`
		Orders    *struct {
			Name   string `json:"name"`
			Size   int64  `json:"size"`
			SHA256 string `json:"sha256"`
		} `json:"orders"`
		ExpiresAt time.Time    `json:"expires_at"`
		SignedAt  *time.Time   `json:"signed_at"`
		Actions   desk.Actions `json:"actions"`
	}
	linkable struct {
		ID       string     `json:"id"`
		Account  string     `json:"account"`
		BIC      string     `json:"bic"`
		Bank     string     `json:"bank"`
		Main     bool       `json:"main"`
		State    string     `json:"state"`
		LinkedAt *time.Time `json:"linked_at"`
	}
)

var accrualKinds = map[string]string{"due": "wait", "overdue": "stop", "paying": "info", "paid": "go"}

func (a accrual) Tag() pages.Tag  { return pages.Tag{Kind: accrualKinds[a.Status], Text: a.StatusLabel} }
func (a accrual) Path() string    { return accruals + "/" + a.ID }
func (a accrual) Sum() string     { return desk.Rubles(a.Amount) }
func (a accrual) LeftSum() string { return desk.Rubles(a.Left) }
func (i item) Sum() string        { return desk.Rubles(i.Amount) }
func (a accrual) Billed() string  { return people(a.BilledOn) }
func (a accrual) Due() string     { return people(a.DueOn) }

// Payable is whether it can be chosen to be paid.
func (a accrual) Payable() bool { return a.Status == "due" || a.Status == "overdue" }

// Part is what is left of an accrual of which something is paid, "" else.
func (a accrual) Part() string {
	if a.Left == 0 || a.Left == a.Amount {
		return ""
	}
	return desk.Rubles(a.Left)
}

var paymentKinds = map[string]string{"created": "info", "sent": "wait", "paid": "go", "refused": "stop", "expired": "stop"}

func (p payment) Tag() pages.Tag { return pages.Tag{Kind: paymentKinds[p.Status], Text: p.StatusLabel} }
func (p payment) Path() string   { return history + "/" + p.ID }
func (p payment) Sum() string    { return desk.Rubles(p.Amount) }

// people writes a date of the API as people do: 22.11.2026.
func people(date string) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return at.Format("02.01.2006")
}

// tabs stand above the room's pages.
func tabs(v *desk.Visit) []pages.NavItem {
	item := func(key, path string) pages.NavItem {
		return pages.NavItem{Title: key, URL: path, Current: v.Path() == path}
	}
	return []pages.NavItem{item("payment.tab.accruals", all), item("payment.tab.payments", history), item("payment.tab.accounts", accounts)}
}
