package payment_test

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/payment"
	"propusk/cabinet/payment/paymenttest"
	"propusk/cabinet/payment/provider"
	"propusk/idp/directory"
)

func ask(account, bic string) map[string]string {
	return map[string]string{"account": account, "bic": bic}
}

// TestAnAccountIsLinkedByTheCodeOfWhoAsked and by nobody else's, five times at most.
func TestAnAccountIsLinkedByTheCodeOfWhoAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, other := w.Office("Alpha", directory.Accountant), w.Office("Beta")
		w.room.Bank(t, o)
		good := ask(paymenttest.AccountNumber, paymenttest.AccountBIC)
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(o), ask("40702810000000001234", "044030653")), 409, "payment_account_unusable")
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(other), good), 409, "payment_account_unusable")
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.Token(o, directory.Accountant), good), 403, "permission_missing")
		var asked struct{ ID, To string }
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(o), good), 202, "").Into(t, &asked)
		if strings.Contains(asked.To, o.Admin.Phone) || len(asked.To) < 3 {
			t.Errorf("%+v", asked)
		}
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(o), good), 429, "payment_code_too_soon")
		code, path := w.room.Code(t, o), "/v1/payment-accounts/"+asked.ID+"/confirm"
		confirm := func(token, code string) cabinettest.Reply {
			return w.Do("POST", path, token, map[string]string{"code": code})
		}
		w.Expect(confirm(w.admin(o), "12345"), 422, "validation_failed")
		w.Expect(confirm(w.admin(other), code), 404, "not_found")
		wrong := "000000"
		if code == wrong {
			wrong = "000001"
		}
		for range 5 {
			w.Expect(confirm(w.admin(o), wrong), 403, "payment_code_wrong")
		}
		w.Expect(confirm(w.admin(o), code), 403, "payment_code_over")
		w.Clock.Advance(time.Minute)
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(o), good), 202, "")
		w.Clock.Advance(5 * time.Minute)
		w.Expect(confirm(w.admin(o), w.room.Code(t, o)), 403, "payment_code_over")
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(o), good), 202, "")
		w.Expect(confirm(w.admin(o), w.room.Code(t, o)), 200, "")
		w.Expect(confirm(w.admin(o), w.room.Code(t, o)), 403, "payment_code_over")
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(o), good), 409, "payment_state")
		if got := w.Expect(w.Do("GET", "/v1/payment-accounts", w.Token(o, directory.Accountant), nil), 200, ""); !strings.Contains(got.Text, `"state":"linked"`) {
			t.Errorf("%s", got.Text)
		}
		w.Expect(w.Do("DELETE", "/v1/payment-accounts/"+asked.ID, w.admin(other), nil), 404, "not_found")
		w.Expect(w.Do("DELETE", "/v1/payment-accounts/"+asked.ID, w.admin(o), nil), 204, "")
		w.Expect(w.Do("DELETE", "/v1/payment-accounts/"+asked.ID, w.admin(o), nil), 404, "not_found")
	})
}

// TestOrdersAreSignedByWhoMayAndCarriedOut guards the way of a payment from an account.
func TestOrdersAreSignedByWhoMayAndCarriedOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, other := w.Office("Alpha", directory.Accountant), w.Office("Beta")
		account := w.room.Linked(t, o)
		accruals := w.room.Accruals(t, o, 2)
		var p shown
		w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Account, account, accruals...)), 201, "").Into(t, &p)
		w.Work()
		if _, posts := w.room.Provider.Orders(); posts != 0 {
			t.Error("sent without a signature")
		}
		path := "/v1/payments/" + p.ID
		orders := w.Expect(w.Do("GET", path+"/orders", w.Token(o, directory.Accountant), nil), 200, "")
		if !strings.HasPrefix(orders.Text, "1CClientBankExchange\r\n") || strings.Count(orders.Text, accruals[0].UIN) != 1 || strings.Count(orders.Text, "=1500.00\r\n") != 2 {
			t.Errorf("%q", orders.Text)
		}
		sign := func(token string, cms []byte) cabinettest.Reply {
			return w.Do("POST", path+"/sign", token, map[string]string{"signature": base64.StdEncoding.EncodeToString(cms)})
		}
		good := w.room.Holder(t, o).Sign(t, []byte(orders.Text))
		w.Expect(sign(w.admin(o), w.room.Holder(t, o).Sign(t, []byte(orders.Text+" "))), 422, "payment_signature_refused")
		w.Expect(sign(w.admin(o), []byte("no signature")), 422, "payment_signature_refused")
		w.Expect(sign(w.admin(o), nil), 422, "validation_failed")
		w.Expect(sign(w.admin(o), w.room.Holder(t, other).Sign(t, []byte(orders.Text))), 403, "payment_signer")
		w.Expect(sign(w.Token(o, directory.Accountant), good), 403, "permission_missing")
		w.Expect(sign(w.admin(other), good), 404, "not_found")
		stale := cabinettest.Sign(t, cabinettest.But(w.Claims(o, o.Members[directory.Administrator]), map[string]any{"auth_time": w.Clock.Now().Add(-time.Hour).Unix()}))
		w.Expect(sign(stale, good), 401, "payment_sign_in_stale")
		w.Expect(sign(w.admin(o), good), 200, "")
		w.Expect(sign(w.admin(o), good), 409, "payment_state")
		w.Expect(w.Do("POST", path+"/cancel", w.admin(o), nil), 409, "payment_state")
		w.Work()
		sent, _ := w.room.Provider.Orders()
		if d := sent[p.ID].Document; d == nil || string(d.Content) != orders.Text || len(d.Signature) == 0 {
			t.Fatalf("%+v", sent)
		}
		w.Expect(w.callback(w.room.Provider.Decide(p.ID, provider.Paid)), 204, "")
		w.Work()
		if got := w.show(o, p.ID); got.Status != "paid" || !got.HasReceipt {
			t.Errorf("%+v", got)
		}
	})
}

// TestOrdersThatNobodySigns can be cancelled, end by themselves, or are paid by hand.
func TestOrdersThatNobodySigns(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	account := w.room.Linked(t, o)
	begin := func(accruals ...payment.Accrual) (p shown) {
		w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Account, account, accruals...)), 201, "").Into(t, &p)
		return p
	}
	a := w.room.Accruals(t, o, 1)[0]
	p := begin(a)
	w.Expect(w.Do("POST", "/v1/payments/"+p.ID+"/cancel", w.admin(o), nil, "If-Match", `"zz"`), 412, "version_changed")
	w.Expect(w.Do("POST", "/v1/payments/"+p.ID+"/cancel", w.admin(o), nil), 200, "")
	if got := w.accrual(o, a.ID); got.Status != "due" {
		t.Errorf("%+v", got)
	}
	early := w.callback(provider.State{ID: p.ID, Status: provider.Paid, Amount: p.Amount, Currency: "RUB"})
	w.Expect(early, 409, "payment_callback_mismatch") // the provider was never given it

	p = begin(w.room.Accrual(t, o, a.UIN))
	w.Clock.Advance(11 * 24 * time.Hour)
	w.Work()
	if got := w.show(o, p.ID); got.Status != "expired" {
		t.Errorf("%+v", got)
	}

	c := w.room.Charge(o)
	w.room.Tell(t, o, c)
	p = begin(w.room.Accrual(t, o, c.SupplierBillID))
	c.AmountPaid = c.TotalAmount
	w.room.Tell(t, o, c) // the bank client has carried it
	w.Work()
	if got := w.show(o, p.ID); got.Status != "paid" || !got.HasReceipt || got.Reason == "" {
		t.Errorf("%+v", got)
	}

	// An account that has left the profile pays no more.
	cabinettest.Must(t, w.Directory.SetHistory(t.Context(), directory.System(), o.ID, o.Admin.ID, directory.HowSystem, &directory.Bank{Accounts: []directory.BankAccount{}}))
	last := w.room.Accruals(t, o, 1)[0]
	w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Account, account, last)), 409, "payment_account_unusable")
}

// TestCodesOfADayAreBounded: a phone is not to be flooded.
func TestCodesOfADayAreBounded(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	w.room.Bank(t, o)
	for range 10 {
		w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(o), ask(paymenttest.AccountNumber, paymenttest.AccountBIC)), 202, "")
		w.Clock.Advance(time.Minute)
	}
	w.Expect(w.Do("POST", "/v1/payment-accounts", w.admin(o), ask(paymenttest.AccountNumber, paymenttest.AccountBIC)), 429, "payment_code_too_soon")
}

// TestIsolation is the kit's: every route as every role, of one's own and of another.
func TestIsolation(t *testing.T) {
	w := one(t)
	linkedOf := map[string]string{}
	paidOf := map[string]string{}
	var seen []*cabinettest.Office
	aim := func(route api.Route, o *cabinettest.Office) (string, any, []string) {
		if !slices.Contains(seen, o) {
			seen = append(seen, o)
		}
		if linkedOf[o.ID] == "" {
			w.forget(seen...)
			clear(linkedOf)
			linkedOf[o.ID] = w.room.Linked(t, o)
		}
		_, err := w.DB.Exec(t.Context(), `UPDATE payments SET status = 'cancelled', look_at = 0 WHERE status IN ('created', 'sent')`)
		cabinettest.Must(t, err)
		fresh := func() payment.Accrual {
			c := w.room.Charge(o)
			c.Documents = []payment.AccrualDocument{{Name: "Постановление", File: "decision.pdf"}}
			w.room.Tell(t, o, c)
			return w.room.Accrual(t, o, c.SupplierBillID)
		}
		begun := func(method payment.Method) payment.Payment {
			a, account := fresh(), ""
			if method == payment.Account {
				account = linkedOf[o.ID]
			}
			p, err := w.room.Begin(t.Context(), directory.Actor{PersonID: o.Admin.ID}, o.ID, payment.Begin{Method: method, AccountID: account, Accruals: []payment.Wanted{{ID: a.ID, Amount: a.Left()}}})
			cabinettest.Must(t, err)
			return p
		}
		at := func(id string) string { return strings.Replace(route.Path, "{id}", id, 1) }
		switch route.Path {
		case "/v1/accruals/{id}":
			return at(fresh().ID), nil, nil
		case "/v1/accruals/{id}/documents/{file}":
			a := fresh()
			return strings.Replace(at(a.ID), "{file}", a.Documents.V[0].FileID, 1), nil, nil
		case "/v1/accruals/{id}/problems":
			return at(fresh().ID), map[string]any{"reason": "paid"}, nil
		case "/v1/payments":
			if route.Method == "POST" {
				return route.Path, body(payment.Card, "", fresh()), nil
			}
			return route.Path, nil, nil
		case "/v1/payments/{id}":
			return at(begun(payment.Card).ID), nil, nil
		case "/v1/payments/{id}/qr":
			p := begun(payment.SBP)
			w.Work()
			return at(p.ID), nil, nil
		case "/v1/payments/{id}/receipt":
			if paidOf[o.ID] == "" {
				p := begun(payment.Card)
				w.Work()
				w.Expect(w.callback(w.room.Provider.Decide(p.ID, provider.Paid)), 204, "")
				w.Work()
				paidOf[o.ID] = p.ID
			}
			return at(paidOf[o.ID]), nil, nil
		case "/v1/payments/{id}/orders", "/v1/payments/{id}/cancel":
			return at(begun(payment.Account).ID), nil, nil
		case "/v1/payments/{id}/sign":
			p := begun(payment.Account)
			orders := w.Expect(w.Do("GET", "/v1/payments/"+p.ID+"/orders", w.admin(o), nil), 200, "")
			return at(p.ID), map[string]any{"signature": w.room.Holder(t, o).Sign(t, []byte(orders.Text))}, nil
		case "/v1/payment-accounts":
			if route.Method == "POST" {
				w.forget(seen...)
				clear(linkedOf)
				return route.Path, ask(paymenttest.AccountNumber, paymenttest.AccountBIC), nil
			}
			return route.Path, nil, nil
		case "/v1/payment-accounts/{id}":
			id := linkedOf[o.ID]
			linkedOf[o.ID] = ""
			return at(id), nil, nil
		case "/v1/payment-accounts/{id}/confirm":
			w.forget(seen...)
			clear(linkedOf)
			l, _, err := w.room.AskLink(t.Context(), directory.Actor{PersonID: o.Admin.ID}, o.ID, paymenttest.AccountNumber, paymenttest.AccountBIC, "ru")
			cabinettest.Must(t, err)
			return at(l.ID), map[string]string{"code": w.room.Code(t, o)}, nil
		}
		return route.Path, nil, nil
	}
	room := w.room.Payments.Room()
	room.Routes = slices.DeleteFunc(room.Routes, func(r api.Route) bool { return r.Path == payment.CallbackPath }) // has tests of its own
	cabinettest.Isolation(t, w.World, room, aim, map[string]string{
		"POST /v1/accruals/{id}/problems": "it takes the right to see finances, too: manager and operator have none",
	})
}

// forget takes all linked accounts away, and how many codes were sent.
func (w *world) forget(offices ...*cabinettest.Office) {
	_, err := w.DB.Exec(context.Background(), `DELETE FROM payment_accounts`)
	cabinettest.Must(w.T, err)
	for _, o := range offices {
		cabinettest.Must(w.T, w.Memory.Delete(context.Background(), "payment/codes/"+o.Admin.ID))
	}
}

// TestAnAuthorityThatIsAwayIsTold: who asks is not left waiting.
func TestAnAuthorityThatIsAwayIsTold(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Accountant)
	q, err := w.room.Inquire(t.Context(), o.ID)
	cabinettest.Must(t, err)
	w.room.Agency.Fail(422)
	w.Work()
	var got struct{ State, Reason string }
	w.Expect(w.Do("GET", "/v1/accruals/inquiry", w.Token(o, directory.Accountant), nil), 200, "").Into(t, &got)
	if got.State != "refused" || got.Reason == "" || q.SubmissionID == "" {
		t.Errorf("%+v", got)
	}
}
