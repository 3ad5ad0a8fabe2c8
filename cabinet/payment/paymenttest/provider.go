package paymenttest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/payment"
	"propusk/cabinet/payment/provider"
	"propusk/storage"
)

// Host is where callbacks come to.
const Host = "propusk.example"

// Provider is the far side of payments, in the test's hands.
type Provider struct {
	Client *provider.Provider
	now    func() time.Time
	signer *httpsig.Signer

	mu     sync.Mutex
	orders map[string]provider.Order
	states map[string]provider.State
	posts  int
	fails  []int // statuses of the next answers; 0 breaks the connection off
	lose   bool  // orders are taken and the answer to it is lost
	Alter  func(s *provider.State)
}

func newProvider(t testing.TB, b cabinettest.Base) *Provider {
	t.Helper()
	p := &Provider{now: b.Clock.Now, signer: authoritytest.Signer(t, 7), orders: map[string]provider.Order{}, states: map[string]provider.State{}}
	var err error
	p.Client, err = provider.New(provider.Deps{
		Name: "bank", URL: "https://pay.example/v1", Keys: []httpsig.Public{p.signer.Public}, Signer: authoritytest.Signer(t, 8),
		Ephemeral: b.Memory, Host: Host, Now: b.Clock.Now, Transport: p,
	})
	cabinettest.Must(t, err)
	return p
}

// Fail has the provider answer next with these statuses; 0 breaks off.
func (p *Provider) Fail(statuses ...int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = append(p.fails, statuses...)
}

// Lose has the next order taken and the answer to it lost.
func (p *Provider) Lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = true
}

// Orders are those that were taken, by their ids; posts says how often one was sent.
func (p *Provider) Orders() (orders map[string]provider.Order, posts int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	copied := map[string]provider.Order{}
	for id, o := range p.orders {
		copied[id] = o
	}
	return copied, p.posts
}

// Decide ends an order at the provider, without telling anybody.
func (p *Provider) Decide(id string, status provider.Status) provider.State {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.states[id]
	s.Status, s.Reference, s.PaidAt = status, "REF-1", storage.Of(p.now())
	if status == provider.Refused {
		s.Reason = "Недостаточно средств"
	}
	p.states[id] = s
	return s
}

// Forget has the provider know an order no more.
func (p *Provider) Forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.states, id)
}

// RoundTrip carries our requests to the provider.
func (p *Provider) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fails) > 0 {
		status := p.fails[0]
		if p.fails = p.fails[1:]; status == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return p.answer(r, status, nil)
	}
	id, find := strings.CutPrefix(r.URL.Path, "/v1/payments/")
	if find {
		s, known := p.states[id]
		if !known {
			return p.answer(r, http.StatusNotFound, nil)
		}
		return p.answer(r, http.StatusOK, p.said(s))
	}
	return p.take(r, body)
}

func (p *Provider) take(r *http.Request, body []byte) (*http.Response, error) {
	p.posts++
	var o provider.Order
	if err := json.Unmarshal(body, &o); err != nil {
		return p.answer(r, http.StatusBadRequest, nil)
	}
	if _, known := p.orders[o.ID]; !known {
		p.orders[o.ID] = o
		s := provider.State{ID: o.ID, Status: provider.Pending, Amount: o.Amount, Currency: o.Currency}
		if o.Method != string(payment.Account) {
			s.PayURL = "https://pay.example/p/" + o.ID
		}
		if o.Method == string(payment.SBP) {
			s.QR = s.PayURL
		}
		p.states[o.ID] = s
	}
	if p.lose {
		p.lose = false
		return nil, io.ErrUnexpectedEOF
	}
	return p.answer(r, http.StatusCreated, p.said(p.states[o.ID]))
}

func (p *Provider) said(s provider.State) []byte {
	if p.Alter != nil {
		p.Alter(&s)
	}
	text, _ := json.Marshal(s) // a struct of texts
	return text
}

func (p *Provider) answer(r *http.Request, status int, body []byte) (*http.Response, error) {
	resp := &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)),
	}
	return resp, p.signer.SignResponse(resp.Header, status, body, r, p.now())
}

// Callback is the provider's message on a state, signed by its key.
func (p *Provider) Callback(t testing.TB, s provider.State) *http.Request {
	t.Helper()
	return Signed(t, p.signer, p.now(), s)
}

// Signed is a callback that anybody's key has signed.
func Signed(t testing.TB, by *httpsig.Signer, now time.Time, said any) *http.Request {
	t.Helper()
	body, err := json.Marshal(said)
	cabinettest.Must(t, err)
	r := httptest.NewRequest(http.MethodPost, "https://"+Host+payment.CallbackPath, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	cabinettest.Must(t, by.SignRequest(r, body, now))
	return r
}
