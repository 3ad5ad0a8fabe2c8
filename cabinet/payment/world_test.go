package payment_test

import (
	"context"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/payment"
	"propusk/cabinet/payment/paymenttest"
	"propusk/cabinet/payment/provider"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

type world struct {
	*cabinettest.World
	room *paymenttest.Room
}

func setup(t *testing.T, db *storage.DB) *world {
	t.Helper()
	w := &world{}
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		w.room = paymenttest.New(t, b)
		return w.room.Rooms()
	})
	return w
}

// each runs a test in a world over each engine.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, setup(t, db)) })
}

// one runs a test over the embedded engine.
func one(t *testing.T) *world {
	t.Parallel()
	return setup(t, storagetest.SQLite(t))
}

// admin is a token of the office's administrator, the one who may pay.
func (w *world) admin(o *cabinettest.Office) string { return w.Token(o, directory.Administrator) }

// shown is a payment as the API shows it.
type shown struct {
	ID, Status, Method, Reason, Reference, QR string
	PayURL                                    string `json:"pay_url"`
	Number, Amount                            int64
	HasReceipt                                bool `json:"has_receipt"`
	Orders                                    *struct{ Name, SHA256, Href string }
	Actions                                   []api.Action
}

// pay begins a payment of accruals as they stand.
func (w *world) pay(o *cabinettest.Office, method payment.Method, accruals ...payment.Accrual) shown {
	w.T.Helper()
	var p shown
	w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(method, "", accruals...)), 201, "").Into(w.T, &p)
	return p
}

func body(method payment.Method, account string, accruals ...payment.Accrual) map[string]any {
	wanted := []payment.Wanted{}
	for _, a := range accruals {
		wanted = append(wanted, payment.Wanted{ID: a.ID, Amount: a.Left()})
	}
	b := map[string]any{"method": method, "accruals": wanted}
	if account != "" {
		b["account_id"] = account
	}
	return b
}

// show reads a payment.
func (w *world) show(o *cabinettest.Office, id string) shown {
	w.T.Helper()
	var p shown
	w.Expect(w.Do("GET", "/v1/payments/"+id, w.admin(o), nil), 200, "").Into(w.T, &p)
	return p
}

// accrual reads an accrual as the API shows its status.
func (w *world) accrual(o *cabinettest.Office, id string) (a struct {
	Status     string
	Left, Paid int64
	PaymentID  string `json:"payment_id"`
}) {
	w.T.Helper()
	w.Expect(w.Do("GET", "/v1/accruals/"+id, w.admin(o), nil), 200, "").Into(w.T, &a)
	return a
}

// callback gives the cabinet a message of the provider.
func (w *world) callback(s provider.State) cabinettest.Reply {
	return w.Send(w.room.Provider.Callback(w.T, s))
}

// told are the types of events that were told, newest last.
func (w *world) told() (types []string) {
	w.T.Helper()
	cabinettest.Must(w.T, w.DB.Select(context.Background(), &types, `SELECT type FROM notice_events ORDER BY created_at, id`))
	return types
}
