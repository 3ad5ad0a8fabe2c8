package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/authority/sandbox"
	"propusk/cabinet/payment/provider"
	"propusk/cabinet/payment/requisite"
	"propusk/storage"
)

// bank is a sandbox that is asked through the port, with a cabinet that takes its
// callbacks.
type bank struct {
	t      *testing.T
	box    *sandbox.Sandbox
	port   *provider.Provider
	cancel context.CancelFunc

	mu   sync.Mutex
	told []provider.State
	now  time.Time
}

func newBank(t *testing.T, dir string) *bank {
	t.Helper()
	b := &bank{t: t, now: time.Now()}
	memory := storage.NewMemory(time.Now)
	t.Cleanup(func() { memory.Close() })
	ours, theirs := authoritytest.Signer(t, 1), authoritytest.Signer(t, 2)
	var err error
	b.box, err = sandbox.New(sandbox.Deps{
		Dir: dir, Signer: theirs, Callback: "http://cabinet.example/authority/answers", Transport: b, Now: b.clock,
		Key: func(id string) (httpsig.Public, bool) { return ours.Public, id == ours.ID },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.port, err = provider.New(provider.Deps{
		Name: "sandbox", URL: "http://bank.example", Keys: []httpsig.Public{theirs.Public}, Signer: ours, Ephemeral: memory, Host: "cabinet.example",
		Now: b.clock, Transport: b,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = b.box.Run(ctx) })
	b.cancel = func() {
		cancel()
		running.Wait()
		_ = b.box.Close()
	}
	return b
}

func (b *bank) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now.Add(time.Since(b.now))
}

// RoundTrip is the network between both.
func (b *bank) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	inbound := r.Clone(r.Context())
	if inbound.Body == nil {
		inbound.Body = io.NopCloser(strings.NewReader(""))
	}
	inbound.Host, inbound.RequestURI = r.URL.Host, r.URL.RequestURI()
	if r.URL.Host == "bank.example" {
		b.box.ServeHTTP(w, inbound)
	} else if s, err := b.port.Read(inbound); err == nil {
		b.mu.Lock()
		b.told = append(b.told, s)
		b.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	} else {
		w.WriteHeader(http.StatusUnauthorized)
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (b *bank) admin(method, path, body string) (int, string) {
	b.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body)) // the admin API is asked on this machine
	b.box.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func (b *bank) page(method, id, decision string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, "http://bank.example/pay/"+id, strings.NewReader(url.Values{"decision": {decision}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	b.box.ServeHTTP(w, r)
	return w
}

// await waits until the cabinet was told so of an order.
func (b *bank) await(id string, status provider.Status) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		for _, s := range b.told {
			if s.ID == id && s.Status == status {
				b.mu.Unlock()
				return
			}
		}
		b.mu.Unlock()
	}
	b.t.Fatalf("nobody told that %s is %s", id, status)
}

const uin = "18810177261122000017"

func (b *bank) order(id, method string) provider.Order {
	return provider.Order{
		ID: id, Method: method, Amount: 1500, Currency: "RUB", Description: "<b>Штраф</b>", Payer: requisite.Party{Name: "ООО «Маяк»"},
		Items:     []provider.Item{{Amount: 1500, Requisites: requisite.Requisites{Budget: requisite.Budget{UIN: uin}}}},
		ReturnURL: "http://cabinet.example/back", CallbackURL: "http://cabinet.example/v1/payments/callback", ExpiresAt: storage.Of(b.clock().Add(time.Hour)),
	}
}

// TestThePayersDecisionIsToldAndSettlesTheCharge, and survives the end of the process.
func TestThePayersDecisionIsToldAndSettlesTheCharge(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), context.Background()
	b := newBank(t, dir)
	if status, text := b.admin("POST", "/admin/charges", `{"supplierBillID":"`+uin+`","payer":{"inn":"7801234564"},"totalAmount":1500}`); status != 200 {
		t.Fatal(text)
	}
	if status, _ := b.admin("POST", "/admin/charges", `{"supplierBillID":"1"}`); status != 400 {
		t.Error("a charge without payer is taken")
	}
	s, err := b.port.Create(ctx, b.order("p1", "sbp"))
	if err != nil || s.Status != provider.Pending || s.PayURL != "http://bank.example/pay/p1" || s.QR == "" {
		t.Fatalf("%+v, %v", s, err)
	}
	if again, err := b.port.Create(ctx, b.order("p1", "sbp")); err != nil || again.ID != "p1" {
		t.Errorf("%+v, %v", again, err)
	}
	other := b.order("p1", "card")
	if _, err := b.port.Create(ctx, other); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("another order under one id: %v", err)
	}
	page := b.page("GET", "p1", "")
	if page.Code != 200 || strings.Contains(page.Body.String(), "<b>Штраф") || !strings.Contains(page.Body.String(), "15,00 ₽") || !strings.Contains(page.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %s", page.Code, page.Body.String())
	}
	for range 2 { // pressed twice
		if got := b.page("POST", "p1", "pay"); got.Code != http.StatusSeeOther {
			t.Errorf("%d", got.Code)
		}
	}
	b.page("POST", "p1", "refuse") // too late
	b.await("p1", provider.Paid)
	b.cancel()

	b = newBank(t, dir)
	defer b.cancel()
	if s, err = b.port.Find(ctx, "p1"); err != nil || s.Status != provider.Paid || s.Reference == "" {
		t.Errorf("%+v, %v", s, err)
	}
	_, text := b.admin("GET", "/admin/charges?inn=7801234564", "")
	var listed struct{ Charges []struct{ AmountPaid int64 } }
	if err := json.Unmarshal([]byte(text), &listed); err != nil || len(listed.Charges) != 1 || listed.Charges[0].AmountPaid != 1500 {
		t.Errorf("%s", text)
	}
	if status, _ := b.admin("DELETE", "/admin/charges/"+uin, ""); status != 200 {
		t.Error("it cannot be withdrawn")
	}
	if status, _ := b.admin("DELETE", "/admin/charges/1", ""); status != 404 {
		t.Error("what is not there is withdrawn")
	}
	if got := b.page("GET", "nothing", ""); got.Code != 404 {
		t.Errorf("%d", got.Code)
	}
}

func TestOrdersEndOtherwiseToo(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), newBank(t, "")
	defer b.cancel()
	if _, err := b.port.Create(ctx, b.order("refused", "card")); err != nil {
		t.Fatal(err)
	}
	b.page("POST", "refused", "refuse")
	b.await("refused", provider.Refused)
	if _, err := b.port.Create(ctx, b.order("signed", "account")); err != nil {
		t.Fatal(err)
	}
	b.await("signed", provider.Paid) // the bank carries it out by itself
	if _, err := b.port.Create(ctx, b.order("byhand", "wallet")); err != nil {
		t.Fatal(err)
	}
	if status, text := b.admin("POST", "/admin/payments/byhand", `{"status":"expired"}`); status != 200 {
		t.Error(text)
	}
	b.await("byhand", provider.Expired)
	for path, body := range map[string]string{"/admin/payments/byhand": `{"status":"x"}`, "/admin/payments/none": `{"status":"paid"}`} {
		if status, _ := b.admin("POST", path, body); status != 400 && status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if _, text := b.admin("GET", "/admin/payments", ""); !strings.Contains(text, "byhand") {
		t.Errorf("%s", text)
	}
	if _, err := b.port.Find(ctx, "none"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("%v", err)
	}
	late := b.order("late", "card")
	late.ExpiresAt = storage.Of(b.clock().Add(-time.Second))
	sums := b.order("sums", "card")
	sums.Amount = 1
	nothing := b.order("nothing", "card")
	nothing.Items = nil
	for _, o := range []provider.Order{late, sums, nothing} {
		if _, err := b.port.Create(ctx, o); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("%s: %v", o.ID, err)
		}
	}
}
