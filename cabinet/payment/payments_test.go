package payment_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/payment"
	"propusk/cabinet/payment/paymenttest"
	"propusk/cabinet/payment/provider"
	"propusk/idp/directory"
	"propusk/storage/journal"
)

func TestAPaymentIsSentPaidAndReceipted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Accountant)
		accruals := w.room.Accruals(t, o, 2)
		p := w.pay(o, payment.SBP, accruals...)
		if p.Status != "created" || p.Amount != 300_000 || p.Number != 1 || p.PayURL != "" {
			t.Errorf("%+v", p)
		}
		if got := w.accrual(o, accruals[0].ID); got.Status != "paying" || got.PaymentID != p.ID {
			t.Errorf("%+v", got)
		}
		w.Work()
		if p = w.show(o, p.ID); p.Status != "sent" || p.PayURL != "https://pay.example/p/"+p.ID || p.QR == "" {
			t.Fatalf("%+v", p)
		}
		if got := w.Expect(w.Do("GET", "/v1/payments/"+p.ID+"/qr", w.admin(o), nil), 200, ""); !strings.HasPrefix(got.Text, "\x89PNG") {
			t.Error("no picture")
		}
		w.Expect(w.Do("GET", "/v1/payments/"+p.ID+"/receipt", w.admin(o), nil), 409, "payment_no_receipt")
		orders, _ := w.room.Provider.Orders()
		order := orders[p.ID]
		if order.Amount != 300_000 || len(order.Items) != 2 || order.Payer.INN != o.INN || order.ReturnURL != cabinettest.Issuer+"/cabinet/finance/payments/"+p.ID ||
			order.CallbackURL != cabinettest.Issuer+"/v1/payments/callback" || order.Items[0].Requisites.Budget.UIN == "" {
			t.Errorf("%+v", order)
		}
		said := w.room.Provider.Decide(p.ID, provider.Paid)
		for range 3 { // each signed anew: a provider that is not sure repeats itself
			w.Expect(w.callback(said), 204, "")
			w.Clock.Advance(time.Second)
		}
		w.Work()
		if p = w.show(o, p.ID); p.Status != "paid" || !p.HasReceipt || p.Reference != "REF-1" {
			t.Errorf("%+v", p)
		}
		for _, a := range accruals {
			if got := w.accrual(o, a.ID); got.Status != "paid" || got.Paid != 150_000 || got.PaymentID != "" {
				t.Errorf("%+v", got)
			}
		}
		pdf := w.Expect(w.Do("GET", "/v1/payments/"+p.ID+"/receipt", w.Token(o, directory.Accountant), nil), 200, "")
		cms := w.Expect(w.Do("GET", "/v1/payments/"+p.ID+"/receipt?part=p7s", w.Token(o, directory.Accountant), nil), 200, "")
		if v := w.room.Payments.Paper.Verify([]byte(cms.Text), []byte(pdf.Text)); !v.Accepted {
			t.Errorf("the seal: %+v", v)
		}
		if told := w.told(); strings.Join(told[len(told)-1:], " ") != "payment.paid" || slices.Index(told, "payment.paid") != len(told)-1 {
			t.Errorf("told: %v", told)
		}
	})
}

// TestWhoMayNotPayDoesNot: every refusal of POST /v1/payments.
func TestWhoMayNotPayDoesNot(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Roles()...)
	a := w.room.Accruals(t, o, 1)[0]
	good := body(payment.Card, "", a)
	for _, role := range []directory.Role{directory.Head, directory.Accountant, directory.Manager, directory.Observer, directory.Controller, directory.Operator} {
		w.Expect(w.Do("POST", "/v1/payments", w.Token(o, role), good), 403, "permission_missing")
	}
	claims := w.Claims(o, o.Members[directory.Administrator])
	weak := cabinettest.Sign(t, cabinettest.But(claims, map[string]any{"acr": "urn:propusk:1"}))
	w.Expect(w.Do("POST", "/v1/payments", weak, good), 401, "assurance_insufficient")
	stale := cabinettest.Sign(t, cabinettest.But(claims, map[string]any{"auth_time": w.Clock.Now().Add(-16 * time.Minute).Unix()}))
	got := w.Expect(w.Do("POST", "/v1/payments", stale, good), 401, "payment_sign_in_stale")
	if h := got.Header.Get("WWW-Authenticate"); !strings.Contains(h, "max_age=") || !strings.Contains(h, "900") {
		t.Errorf("%s", h)
	}
	w.Expect(w.Do("POST", "/v1/payments", w.Service(o, directory.FinanceRead, directory.FinanceWrite), good), 403, "person_required")
	for name, b := range map[string]map[string]any{
		"no method": {"accruals": good["accruals"]}, "nothing": {"method": "card", "accruals": []any{}}, "cash": {"method": "cash", "accruals": good["accruals"]},
		"twice": body(payment.Card, "", a, a), "no account": body(payment.Account, "", a), "an account for a card": body(payment.Card, a.ID, a),
		"no sum": {"method": "card", "accruals": []any{map[string]any{"id": a.ID, "amount": 0}}}, "no id": {"method": "card", "accruals": []any{map[string]any{"id": "x", "amount": 1}}},
	} {
		if got := w.Do("POST", "/v1/payments", w.admin(o), b); got.StatusCode != 422 {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.Text)
		}
	}
	w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Account, a.ID, a)), 409, "payment_account_unusable")
	if got := w.accrual(o, a.ID); got.Status != "due" {
		t.Errorf("a refusal has taken the accrual: %+v", got)
	}
}

// TestAnothersAccrualIsNotPaid, nor seen by its id.
func TestAnothersAccrualIsNotPaid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, other := w.Office("Alpha"), w.Office("Beta")
		mine, theirs := w.room.Accruals(t, o, 1)[0], w.room.Accruals(t, other, 1)[0]
		w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Card, "", mine, theirs)), 404, "not_found")
		if w.accrual(other, theirs.ID).Status != "due" || w.accrual(o, mine.ID).Status != "due" {
			t.Error("a refused payment holds accruals")
		}
	})
}

// TestASumThatChangedBetweenCardAndConfirmIsAskedAgain.
func TestASumThatChangedBetweenCardAndConfirmIsAskedAgain(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	c := w.room.Charge(o)
	w.room.Tell(t, o, c)
	seen := w.room.Accrual(t, o, c.SupplierBillID)
	c.TotalAmount = 1_500_000
	w.room.Tell(t, o, c)
	w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Card, "", seen)), 409, "accrual_changed")
	now := w.room.Accrual(t, o, c.SupplierBillID)
	p := w.pay(o, payment.Card, now)
	w.Work()
	// A change under way leaves the payment as it is, and what is more stays due.
	c.TotalAmount = 1_600_000
	w.room.Tell(t, o, c)
	w.Expect(w.callback(w.room.Provider.Decide(p.ID, provider.Paid)), 204, "")
	if got := w.accrual(o, now.ID); got.Status != "due" || got.Left != 100_000 {
		t.Errorf("%+v", got)
	}
}

// TestForkedPaymentsOfOneAccrualAreOne: forty at a time, one wins.
func TestForkedPaymentsOfOneAccrualAreOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		accruals := w.room.Accruals(t, o, 2)
		var mu sync.Mutex
		var racing sync.WaitGroup
		won := 0
		for i := range 20 {
			pair := accruals
			if i%2 == 1 {
				pair = []payment.Accrual{accruals[1], accruals[0]}
			}
			racing.Go(func() {
				_, err := w.room.Begin(context.Background(), directory.Actor{PersonID: o.Admin.ID}, o.ID, payment.Begin{Method: payment.Card, Accruals: []payment.Wanted{
					{ID: pair[0].ID, Amount: pair[0].Left()}, {ID: pair[1].ID, Amount: pair[1].Left()},
				}})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !errors.Is(err, payment.ErrTaken) {
					t.Error(err)
				}
			})
		}
		racing.Wait()
		if won != 1 {
			t.Errorf("%d payments of one accrual", won)
		}
		w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Card, "", accruals[0])), 409, "accrual_being_paid")
	})
}

// TestRepeatedRequestIsOnePayment by its Idempotency-Key.
func TestRepeatedRequestIsOnePayment(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	a := w.room.Accruals(t, o, 1)[0]
	var ids []string
	for range 2 {
		var p shown
		w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Card, "", a), "Idempotency-Key", "k1"), 201, "").Into(t, &p)
		ids = append(ids, p.ID)
	}
	if ids[0] != ids[1] {
		t.Errorf("%v", ids)
	}
}

// TestForgedCallbacksChangeNothing: another key, a changed body, a replay, another
// host, another sum or currency, an unknown payment, a contradiction.
func TestForgedCallbacksChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		a := w.room.Accruals(t, o, 1)[0]
		p := w.pay(o, payment.Card, a)
		w.Work()
		paid := provider.State{ID: p.ID, Status: provider.Paid, Amount: p.Amount, Currency: "RUB"}
		stranger := paymenttest.Signed(t, authoritytest.Signer(t, 99), w.Clock.Now(), paid)
		w.Expect(w.Send(stranger), 401, "payment_callback_signature")
		swapped := w.room.Provider.Callback(t, provider.State{ID: p.ID, Status: provider.Pending, Amount: p.Amount, Currency: "RUB"})
		swapped.Body = w.room.Provider.Callback(t, paid).Body
		w.Expect(w.Send(swapped), 401, "payment_callback_signature")
		elsewhere := w.room.Provider.Callback(t, paid)
		elsewhere.Host = "evil.example"
		w.Expect(w.Send(elsewhere), 401, "payment_callback_signature")
		old := w.room.Provider.Callback(t, paid)
		w.Clock.Advance(time.Hour)
		w.Expect(w.Send(old), 401, "payment_callback_signature")
		for name, change := range map[string]func(s *provider.State){
			"less": func(s *provider.State) { s.Amount = 1 }, "more": func(s *provider.State) { s.Amount++ }, "dollars": func(s *provider.State) { s.Currency = "USD" },
		} {
			s := paid
			change(&s)
			if got := w.callback(s); got.StatusCode != 409 {
				t.Errorf("%s: %d", name, got.StatusCode)
			}
		}
		s := paid
		s.ID = "01900000-0000-7000-8000-000000000000"
		w.Expect(w.callback(s), 404, "not_found")
		for name, said := range map[string]any{
			"no status": provider.State{ID: p.ID, Amount: 1, Currency: "RUB"}, "a list": []int{1}, "a long reason": provider.State{ID: p.ID, Status: "paid", Amount: 1, Reason: strings.Repeat("x", 501)},
			"a link elsewhere": provider.State{ID: p.ID, Status: "pending", Amount: p.Amount, Currency: "RUB", PayURL: "https://evil.example/"},
			"turned":           provider.State{ID: p.ID, Status: "paid", Amount: 1, Reference: "a\u202eb"},
		} {
			if got := w.Send(paymenttest.Signed(t, authoritytest.Signer(t, 7), w.Clock.Now(), said)); got.StatusCode != 422 {
				t.Errorf("%s: %d %s", name, got.StatusCode, got.Text)
			}
		}
		if got := w.show(o, p.ID); got.Status != "sent" {
			t.Fatalf("%+v", got)
		}
		once := w.room.Provider.Callback(t, paid)
		replay := once.Clone(context.Background())
		replay.Body = w.room.Provider.Callback(t, paid).Body
		w.Expect(w.Send(once), 204, "")
		w.Expect(w.Send(replay), 401, "payment_callback_signature")
		refused := paid
		refused.Status = provider.Refused
		w.Expect(w.callback(refused), 409, "payment_callback_mismatch")
		if got := w.show(o, p.ID); got.Status != "paid" {
			t.Fatalf("%+v", got)
		}
		actions := map[string]int{}
		entries, err := w.Journal.List(context.Background(), journal.Filter{Organisation: o.ID, Limit: 200})
		cabinettest.Must(t, err)
		for _, e := range entries {
			actions[e.Action]++
		}
		if actions["payment.mismatched"] != 3 || actions["payment.contradicted"] != 1 || actions["payment.paid"] != 1 || actions["payment.created"] != 1 || actions["payment.sent"] != 1 {
			t.Errorf("%v", actions)
		}
	})
}

// TestALostAnswerIsNoSecondPayment: the provider has the order and we do not know it.
func TestALostAnswerIsNoSecondPayment(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	a := w.room.Accruals(t, o, 1)[0]
	w.room.Provider.Lose()
	p := w.pay(o, payment.Card, a)
	w.Work()
	if got := w.show(o, p.ID); got.Status != "created" {
		t.Fatalf("%+v", got)
	}
	w.Clock.Advance(21 * time.Second)
	w.Work()
	orders, posts := w.room.Provider.Orders()
	if got := w.show(o, p.ID); got.Status != "sent" || len(orders) != 1 || posts != 2 {
		t.Errorf("%+v, %d orders in %d posts", got, len(orders), posts)
	}
}

// TestNoCallbackIsNeeded: the outcome is asked for.
func TestNoCallbackIsNeeded(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	for status, want := range map[provider.Status]string{provider.Paid: "paid", provider.Refused: "refused", provider.Expired: "expired"} {
		a := w.room.Accruals(t, o, 1)[0]
		p := w.pay(o, payment.Wallet, a)
		w.Work()
		w.room.Provider.Decide(p.ID, status)
		w.Clock.Advance(21 * time.Second)
		w.Work()
		got := w.show(o, p.ID)
		if got.Status != want || got.PayURL != "" {
			t.Errorf("%s: %+v", status, got)
		}
		if left := w.accrual(o, a.ID); (left.Status == "paid") != (want == "paid") || left.PaymentID != "" {
			t.Errorf("%s: %+v", status, left)
		}
	}
	if refused := w.told(); !slices.Contains(refused, "payment.refused") {
		t.Errorf("%v", refused)
	}
}

// TestOnlyTheProvidersWordEndsATerm: while it does not answer, the accrual is nobody
// else's to pay; that it has no such order must be signed.
func TestOnlyTheProvidersWordEndsATerm(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	accruals := w.room.Accruals(t, o, 2)
	unsent := w.pay(o, payment.Card, accruals[0])
	w.room.Provider.Fail(0)
	w.Work()
	sent := w.pay(o, payment.Card, accruals[1])
	w.Work()
	w.Clock.Advance(31 * time.Minute)
	w.room.Provider.Fail(0, 500)
	w.Work()
	if got := w.accrual(o, accruals[0].ID); got.Status != "paying" {
		t.Errorf("freed without the provider's word: %+v", got)
	}
	w.room.Provider.Forget(unsent.ID)
	w.room.Provider.Decide(sent.ID, provider.Paid) // in the last second
	for range 4 {
		w.Clock.Advance(21 * time.Second)
		w.Work()
	}
	if a, b := w.show(o, unsent.ID), w.show(o, sent.ID); a.Status != "expired" || b.Status != "paid" {
		t.Errorf("%s, %s", a.Status, b.Status)
	}
	again := w.room.Accrual(t, o, accruals[0].UIN)
	w.pay(o, payment.Card, again)
}

// TestLinksLeadToTheProvidersOwnPages: a state that sends people elsewhere is not taken.
func TestLinksLeadToTheProvidersOwnPages(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	a := w.room.Accruals(t, o, 1)[0]
	for _, link := range []string{"https://evil.example/p", "http://pay.example/p", "javascript:alert(1)", "https://pay.example@evil.example/", "//pay.example/p"} {
		w.room.Provider.Alter = func(s *provider.State) { s.PayURL = link }
		p := w.pay(o, payment.Card, a)
		w.Work()
		if got := w.show(o, p.ID); got.PayURL != "" || got.Status != "created" {
			t.Errorf("%s: %+v", link, got)
		}
		w.room.Provider.Alter = nil
		w.Clock.Advance(21 * time.Second)
		w.Work()
		w.room.Provider.Decide(p.ID, provider.Refused)
		w.Clock.Advance(21 * time.Second)
		w.Work()
		a = w.room.Accrual(t, o, a.UIN)
	}
}

// TestProviderThatRefusesEndsThePayment and frees its accruals.
func TestProviderThatRefusesEndsThePayment(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	a := w.room.Accruals(t, o, 1)[0]
	w.room.Provider.Fail(422)
	p := w.pay(o, payment.Card, a)
	w.Work()
	if got := w.show(o, p.ID); got.Status != "refused" || got.Reason == "" {
		t.Errorf("%+v", got)
	}
	if got := w.accrual(o, a.ID); got.Status != "due" {
		t.Errorf("%+v", got)
	}
	w.Expect(w.Do("POST", "/v1/payments/"+p.ID+"/cancel", w.admin(o), nil), 409, "payment_state")
	var page struct {
		Items []shown
		Next  string
	}
	w.Expect(w.Do("GET", "/v1/payments?status=refused&method=card&limit=1", w.admin(o), nil), 200, "").Into(t, &page)
	if len(page.Items) != 1 || page.Items[0].ID != p.ID {
		t.Errorf("%+v", page)
	}
	for _, query := range []string{"status=x", "method=x", "since=x", "x=1"} {
		w.Expect(w.Do("GET", "/v1/payments?"+query, w.admin(o), nil), 400, "parameter_invalid")
	}
}

// TestPaidAccrualIsNotPaidAgain, and open payments are bounded.
func TestPaidAccrualIsNotPaidAgain(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha")
	c := w.room.Charge(o)
	w.room.Tell(t, o, c)
	a := w.room.Accrual(t, o, c.SupplierBillID)
	c.AmountPaid = c.TotalAmount
	w.room.Tell(t, o, c)
	w.Expect(w.Do("POST", "/v1/payments", w.admin(o), body(payment.Card, "", a)), 409, "accrual_nothing_due")
	many := w.room.Accruals(t, o, 51)
	for i, a := range many {
		_, err := w.room.Begin(context.Background(), directory.Actor{PersonID: o.Admin.ID}, o.ID, payment.Begin{Method: payment.Card, Accruals: []payment.Wanted{{ID: a.ID, Amount: a.Left()}}})
		if (i == 50) != errors.Is(err, payment.ErrTooMany) {
			t.Fatal(fmt.Sprint(i, err))
		}
	}
}
