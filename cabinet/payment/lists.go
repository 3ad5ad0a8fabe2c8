package payment

import (
	"context"
	"fmt"
	"strings"

	"propusk/cabinet/api"
	"propusk/storage"
)

// Accrual reads one of the organisation's; storage.ErrNotFound when it has none of
// that id.
func (p *Payments) Accrual(ctx context.Context, organisationID, id string) (a Accrual, err error) {
	err = p.DB.Get(ctx, &a, `SELECT `+accrualColumns+` FROM accruals WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return Accrual{}, fmt.Errorf("payment: read an accrual: %w", err)
	}
	return a, nil
}

// Payment reads one of the organisation's; storage.ErrNotFound.
func (p *Payments) Payment(ctx context.Context, organisationID, id string) (pay Payment, err error) {
	err = p.DB.Get(ctx, &pay, `SELECT `+paymentColumns+` FROM payments WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return Payment{}, fmt.Errorf("payment: read: %w", err)
	}
	return pay, nil
}

func (p *Payments) byID(ctx context.Context, id string) (pay Payment, err error) {
	if err = p.DB.Get(ctx, &pay, `SELECT `+paymentColumns+` FROM payments WHERE id = $1`, id); err != nil {
		return Payment{}, fmt.Errorf("payment: read: %w", err)
	}
	return pay, nil
}

// Order is what a list of accruals goes by.
type Order struct {
	By   string // billed, due, amount, purpose
	Down bool   // the greatest first
}

// orderColumns are the columns of orders; each has an index that begins with the
// organisation. What is looked for begins with the purpose, in lower case.
var orderColumns = map[string]string{"billed": "billed_at", "due": "due_at", "amount": "amount", "purpose": "search"}

// Filter narrows a list of accruals; zero fields do not.
type Filter struct {
	From, To storage.Time // billed on a day from and up to these, midnights UTC
	DueTo    storage.Time // due up to this day
	Kind     Kind
	Status   string // as shown, and "unpaid" for all that is to be paid
	Payee    string // ИНН
	Words    string // of the purpose or the payee, or an УИН
	Order    Order
}

// key is where a row stands in the list's order.
func (f Filter) key(a Accrual) (storage.Time, string) {
	switch f.Order.By {
	case "due":
		return a.DueAt, a.ID
	case "amount":
		return storage.Time(a.Amount), a.ID
	case "purpose":
		return 0, a.ID // the row itself says where it stands
	}
	return a.BilledAt, a.ID
}

// conditions are those of a filter, without the page.
func (p *Payments) conditions(organisationID string, f Filter) *storage.Where {
	q := &storage.Where{}
	q.And("organisation_id = ?", organisationID)
	q.When(f.From != 0, "billed_at >= ?", f.From)
	q.When(f.To != 0, "billed_at <= ?", f.To)
	q.When(f.DueTo != 0, "due_at <= ?", f.DueTo)
	q.When(f.Kind != "", "kind = ?", f.Kind)
	q.When(f.Payee != "", "payee_inn = ?", f.Payee)
	switch f.Status {
	case "":
	case "unpaid":
		q.And("status = 'due'")
	case string(Due):
		q.And("status = 'due' AND payment_id = '' AND due_at >= ?", p.today())
	case shownOverdue:
		q.And("status = 'due' AND payment_id = '' AND due_at < ?", p.today())
	case shownPaying:
		q.And("status = 'due' AND payment_id <> ''")
	default:
		q.And("status = ?", f.Status)
	}
	q.When(f.Words != "", `search LIKE ? ESCAPE '\'`, storage.MatchPart(strings.ToLower(f.Words)))
	return q
}

// Accruals reads a page of the organisation's accruals, and one row more when there
// are more.
func (p *Payments) Accruals(ctx context.Context, organisationID string, f Filter, page api.Page) ([]Accrual, error) {
	text, args := p.accrualsQuery(organisationID, f, page)
	var list []Accrual
	if err := p.DB.Select(ctx, &list, text, args...); err != nil {
		return nil, fmt.Errorf("payment: list accruals: %w", err)
	}
	return list, nil
}

func (p *Payments) accrualsQuery(organisationID string, f Filter, page api.Page) (text string, args []any) {
	q := p.conditions(organisationID, f)
	column, way, beyond := orderColumns[f.Order.By], "", ">"
	if column == "" {
		column = "billed_at"
	}
	if f.Order.Down {
		way, beyond = " DESC", "<"
	}
	switch {
	case page.ID == "":
	case f.Order.By == "purpose":
		q.And("(search, id) "+beyond+" ((SELECT b.search FROM accruals b WHERE b.id = ? AND b.organisation_id = ?), ?)", page.ID, organisationID, page.ID)
	default:
		q.And("("+column+", id) "+beyond+" (?, ?)", page.At, page.ID)
	}
	limit := q.Arg(page.Limit + 1)
	return fmt.Sprintf("SELECT %s FROM accruals%s ORDER BY %s%[4]s, id%[4]s LIMIT %[5]s", accrualColumns, q, column, way, limit), q.Args()
}

// Summary is what an organisation has to pay.
type Summary struct {
	Left    int64 `db:"amount"` // kopecks that are to be paid
	Count   int64 `db:"count"`
	Overdue int64 `db:"overdue"` // kopecks of them whose term is over
	Next    int64 `db:"next"`    // the nearest term that is not over; 0 = none
}

// Summarise adds up what is to be paid.
func (p *Payments) Summarise(ctx context.Context, organisationID string) (s Summary, err error) {
	err = p.DB.Get(ctx, &s, `SELECT CAST(COALESCE(SUM(amount - paid), 0) AS BIGINT) AS amount, COUNT(*) AS count,
			CAST(COALESCE(SUM(CASE WHEN due_at < $1 THEN amount - paid ELSE 0 END), 0) AS BIGINT) AS overdue,
			COALESCE(MIN(CASE WHEN due_at >= $1 AND due_at < $2 THEN due_at END), 0) AS next
		FROM accruals WHERE organisation_id = $3 AND status = 'due'`, p.today(), noTerm, organisationID)
	if err != nil {
		return Summary{}, fmt.Errorf("payment: add up: %w", err)
	}
	return s, nil
}

// Payee is somebody whom the organisation owes or owed.
type Payee struct {
	INN  string `db:"payee_inn" json:"inn"`
	Name string `db:"name" json:"name"`
}

// Payees lists the counterparties of the organisation's accruals, by name.
func (p *Payments) Payees(ctx context.Context, organisationID string) ([]Payee, error) {
	var list []Payee
	err := p.DB.Select(ctx, &list, `SELECT payee_inn, MAX(payee) AS name FROM accruals WHERE organisation_id = $1
		GROUP BY payee_inn ORDER BY name, payee_inn LIMIT 200`, organisationID)
	if err != nil {
		return nil, fmt.Errorf("payment: payees: %w", err)
	}
	return list, nil
}

// History narrows a list of payments; zero fields do not.
type History struct {
	Status         Status
	Method         Method
	Since          storage.Time // begun at or after
	Before         storage.Time // begun before
	SumFrom, SumTo int64        // kopecks
}

// List reads a page of the organisation's payments, newest first, and one row more
// when there are more.
func (p *Payments) List(ctx context.Context, organisationID string, h History, page api.Page) ([]Payment, error) {
	text, args := h.query(organisationID, page)
	var list []Payment
	if err := p.DB.Select(ctx, &list, text, args...); err != nil {
		return nil, fmt.Errorf("payment: list: %w", err)
	}
	return list, nil
}

// query walks the index of the list, or of a status; the rest is looked at on the way.
func (h History) query(organisationID string, page api.Page) (text string, args []any) {
	q := &storage.Where{}
	q.And("organisation_id = ?", organisationID)
	q.When(h.Status != "", "status = ?", h.Status)
	q.When(h.Method != "", "method = ?", h.Method)
	q.When(h.Since != 0, "created_at >= ?", h.Since)
	q.When(h.Before != 0, "created_at < ?", h.Before)
	q.When(h.SumFrom != 0, "amount >= ?", h.SumFrom)
	q.When(h.SumTo != 0, "amount <= ?", h.SumTo)
	q.When(page.ID != "", "(created_at, id) < (?, ?)", page.At, page.ID)
	limit := q.Arg(page.Limit + 1)
	return `SELECT ` + paymentColumns + ` FROM payments` + q.String() + ` ORDER BY created_at DESC, id DESC LIMIT ` + limit, q.Args()
}

// paymentsOf are the last payments of an accrual, newest first.
func (p *Payments) paymentsOf(ctx context.Context, a Accrual) ([]Payment, error) {
	var list []Payment
	err := p.DB.Select(ctx, &list, `SELECT `+paymentColumns+` FROM payments WHERE id IN
		(SELECT payment_id FROM payment_items WHERE accrual_id = $1 ORDER BY created_at DESC LIMIT 20) AND organisation_id = $2
		ORDER BY created_at DESC, id DESC`, a.ID, a.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("payment: of an accrual: %w", err)
	}
	return list, nil
}
