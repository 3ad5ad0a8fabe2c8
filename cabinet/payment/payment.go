package payment

import (
	"slices"
	"strconv"
	"time"

	"propusk/cabinet/payment/requisite"
	"propusk/idp/directory"
	"propusk/storage"
)

// Method is how a payment is made.
type Method string

// The methods. All but Account lead to the provider's page.
const (
	Card    Method = "card"
	Wallet  Method = "wallet"
	SBP     Method = "sbp"
	Account Method = "account"
)

// Methods lists the methods in the order in which they are offered.
func Methods() []Method { return []Method{Card, SBP, Wallet, Account} }

var methodLabels = map[Method]words{
	Card: {"Банковская карта", "Bank card"}, Wallet: {"Электронный кошелёк", "Electronic wallet"},
	SBP: {"СБП по QR-коду", "Faster Payments System by QR code"}, Account: {"Счёт организации", "The organisation's account"},
}

// Status is where a payment stands.
type Status string

// The statuses.
const (
	Created   Status = "created" // of an account: until its orders are signed
	Sent      Status = "sent"    // the provider has it
	Paid      Status = "paid"
	Refused   Status = "refused"
	Expired   Status = "expired"
	Cancelled Status = "cancelled" // by the payer, before it was sent
)

// Statuses lists all, in the order of a payment's life.
func Statuses() []Status { return []Status{Created, Sent, Paid, Refused, Expired, Cancelled} }

// moves is the whole state machine. Created may be Paid: by the body's word, when the
// orders were carried to the bank by hand.
var moves = map[Status][]Status{
	Created: {Sent, Paid, Refused, Expired, Cancelled},
	Sent:    {Paid, Refused, Expired},
}

// May reports whether a payment may go from s to next.
func (s Status) May(next Status) bool { return slices.Contains(moves[s], next) }

// Open reports whether the payment's outcome is not known yet.
func (s Status) Open() bool { return s == Created || s == Sent }

var statusLabels = map[Status]words{
	Created: {"Создан", "Created"}, Sent: {"Ожидает оплаты", "Waits to be paid"}, Paid: {"Оплачен", "Paid"},
	Refused: {"Отклонён", "Refused"}, Expired: {"Срок истёк", "Expired"}, Cancelled: {"Отменён", "Cancelled"},
}

// Payment is one attempt to pay some accruals.
type Payment struct {
	ID             string                            `db:"id"`
	OrganisationID string                            `db:"organisation_id"`
	Number         int64                             `db:"number"`
	Method         Method                            `db:"method"`
	Status         Status                            `db:"status"`
	Amount         int64                             `db:"amount"` // kopecks
	Items          storage.JSON[[]Item]              `db:"items"`
	Payer          storage.JSON[Payer]               `db:"payer"`
	Reason         string                            `db:"reason"`
	Reference      string                            `db:"reference"`
	PayURL         string                            `db:"pay_url"`
	QR             string                            `db:"qr"`
	Signature      []byte                            `db:"signature"`
	Signer         string                            `db:"signer"`
	Authority      storage.JSON[directory.Authority] `db:"authority"`
	CreatedBy      string                            `db:"created_by"`
	ClientID       string                            `db:"client_id"`
	Receipt        storage.JSON[Receipt]             `db:"receipt"`
	Version        int64                             `db:"version"`
	CreatedAt      storage.Time                      `db:"created_at"`
	UpdatedAt      storage.Time                      `db:"updated_at"`
	ExpiresAt      storage.Time                      `db:"expires_at"`
	LookAt         storage.Time                      `db:"look_at"` // 0 = it is over
	SignedAt       storage.Time                      `db:"signed_at"`
	PaidAt         storage.Time                      `db:"paid_at"`
}

const paymentColumns = `id, organisation_id, number, method, status, amount, items, payer, reason, reference, pay_url, qr, signature, signer,
	authority, created_by, client_id, receipt, version, created_at, updated_at, expires_at, look_at, signed_at, paid_at`

// Item is an accrual as it was when its payment began.
type Item struct {
	AccrualID  string               `json:"accrual_id"`
	UIN        string               `json:"uin"`
	Kind       Kind                 `json:"kind"`
	Amount     int64                `json:"amount"` // kopecks that this payment pays
	Before     int64                `json:"before"` // kopecks that were paid before
	Purpose    string               `json:"purpose"`
	Requisites requisite.Requisites `json:"requisites"`
}

// Payer is who pays, and from which account when it is one of his own.
type Payer struct {
	requisite.Party
	Account *requisite.Account `json:"account,omitempty"`
}

// Receipt are the ids of the receipt's files; "" until it is made.
type Receipt struct {
	PDF       string `json:"pdf,omitempty"`
	Signature string `json:"signature,omitempty"`
}

// unsigned reports whether the payment waits for the signature of its orders.
func (p Payment) unsigned() bool { return p.Method == Account && p.SignedAt == 0 }

// ordersName is the name of the file of payment orders.
func (p Payment) ordersName() string { return "kl_to_1c_" + strconv.FormatInt(p.Number, 10) + ".txt" }

// orders are the payment orders, the same bytes at any time: one for each УИН, since
// the Treasury matches a payment with its accrual by that, with numbers from the
// payment's on.
func (p Payment) orders() []byte {
	at := p.CreatedAt.Time().In(moscow)
	orders := make([]requisite.Order, len(p.Items.V))
	for i, item := range p.Items.V {
		orders[i] = requisite.Order{
			Number: strconv.FormatInt(p.Number+int64(i), 10), Date: at, Amount: item.Amount, Payer: p.Payer.V.Party, From: *p.Payer.V.Account,
			To: item.Requisites, Purpose: item.Purpose,
		}
	}
	return requisite.Exchange("Propusk", at, orders)
}

// The terms of a payment.
const (
	pageTerm  = 30 * time.Minute    // at the provider's page
	orderTerm = 10 * 24 * time.Hour // of a payment order (762-П, п. 5.5)
)

func (m Method) term() time.Duration {
	if m == Account {
		return orderTerm
	}
	return pageTerm
}
