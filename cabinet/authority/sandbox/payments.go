package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/payment/provider"
	"propusk/storage"
)

// paid is an order of payment as the sandbox keeps it: it plays the provider that
// moves the money, with a page of its own for the payer.
type paid struct {
	Order provider.Order `json:"order"` // without the document's content
	State provider.State `json:"state"`
	At    time.Time      `json:"at"` // when it came, by the sandbox's clock
	Told  bool           `json:"told,omitempty"`

	tryAt time.Time // by the real clock
}

// bankTakes is how long the sandbox's bank takes for signed payment orders.
const bankTakes = 2 * time.Second

// takeOrder takes an order of payment, known by its id.
func (s *Sandbox) takeOrder(r *http.Request, body []byte) (reply, error) {
	var o provider.Order
	if err := json.Unmarshal(body, &o); err != nil || o.ID == "" || o.Amount <= 0 || o.Currency != provider.Currency || len(o.Items) == 0 {
		return problem(http.StatusUnprocessableEntity, "not_an_order", "id, amount, currency RUB and items are needed"), nil
	}
	var sum int64
	for _, item := range o.Items {
		sum += item.Amount
	}
	if sum != o.Amount {
		return problem(http.StatusUnprocessableEntity, "not_an_order", "the amount is not the items' sum"), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.state.payments[o.ID]; old != nil {
		if old.Order.Amount != o.Amount || old.Order.Method != o.Method {
			return problem(http.StatusConflict, "changed", "another order was taken under this id"), nil
		}
		return s.stateOf(old)
	}
	if !s.now().Before(o.ExpiresAt.Time()) {
		return problem(http.StatusUnprocessableEntity, "expired", "its term is over"), nil
	}
	if o.Document != nil {
		o.Document = &provider.Document{Name: o.Document.Name, Signature: o.Document.Signature}
	}
	p := &paid{Order: o, At: s.now(), State: provider.State{ID: o.ID, Status: provider.Pending, Amount: o.Amount, Currency: o.Currency}}
	if o.Method != "account" {
		p.State.PayURL = "http://" + r.Host + "/pay/" + url.PathEscape(o.ID)
		if o.Method == "sbp" {
			p.State.QR = p.State.PayURL
		}
	}
	s.console.say("received", o.ID, fmt.Sprintf("платёж %s на %d коп.", o.Method, o.Amount))
	if err := s.change(change{Payment: p}); err != nil {
		return reply{}, err
	}
	return reply{http.StatusCreated, p.State}, nil
}

func (s *Sandbox) findOrder(r *http.Request, _ []byte) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.state.payments[r.PathValue("id")]
	if p == nil {
		return problem(http.StatusNotFound, "not_found", "no order has this id"), nil
	}
	return s.stateOf(p)
}

func (s *Sandbox) stateOf(p *paid) (reply, error) {
	p, err := s.expire(p)
	return reply{http.StatusOK, p.State}, err
}

// expire ends an order whose term is over. The caller holds the lock.
func (s *Sandbox) expire(p *paid) (*paid, error) {
	if p.State.Status != provider.Pending || s.now().Before(p.Order.ExpiresAt.Time()) {
		return p, nil
	}
	return s.decide(p, provider.Expired, "")
}

// decide ends an order, once. The caller holds the lock.
func (s *Sandbox) decide(p *paid, status provider.Status, reason string) (*paid, error) {
	if p.State.Status != provider.Pending {
		return p, nil
	}
	ended := *p
	ended.State.Status, ended.State.Reason, ended.State.PayURL, ended.State.QR = status, reason, "", ""
	if status == provider.Paid {
		ended.State.PaidAt = storage.Of(s.now())
		ended.State.Reference = "SB-" + strings.ToUpper(p.Order.ID[max(0, len(p.Order.ID)-12):])
		for _, item := range p.Order.Items {
			if err := s.settleCharge(item.Requisites.Budget.UIN, item.Amount); err != nil {
				return p, err
			}
		}
	}
	return &ended, s.change(change{Payment: &ended})
}

// payPage is the provider's page: it works without script and asks for no card.
func (s *Sandbox) payPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p := s.state.payments[r.PathValue("id")]
	var err error
	if p != nil {
		p, err = s.expire(p)
	}
	s.mu.Unlock()
	if p == nil || err != nil {
		http.NotFound(w, r)
		return
	}
	drawPay(w, p)
}

// payDecision takes the payer's decision and shows the page again: a redirect to the
// cabinet from a form would be for the browser's policy to judge.
func (s *Sandbox) payDecision(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	s.mu.Lock()
	p := s.state.payments[r.PathValue("id")]
	var err error
	if p != nil {
		p, err = s.expire(p)
	}
	if p != nil && err == nil {
		switch r.FormValue("decision") {
		case "pay":
			_, err = s.decide(p, provider.Paid, "")
		case "refuse":
			_, err = s.decide(p, provider.Refused, "Плательщик отказался от оплаты")
		}
	}
	s.mu.Unlock()
	if p == nil || err != nil {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, "/pay/"+url.PathEscape(p.Order.ID), http.StatusSeeOther)
}

var payTemplate = template.Must(template.New("pay").Parse(`<!doctype html><html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Тестовый платёжный сервис</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}h1{font-size:1.5rem}dt{color:#555}dd{margin:0 0 .5rem}button,a.b{font:inherit;padding:.6rem 1.2rem;margin:.25rem .5rem .25rem 0;border:1px solid #1b4d8f;border-radius:.4rem;background:#fff;color:#1b4d8f;cursor:pointer;display:inline-block;text-decoration:none}button.m{background:#1b4d8f;color:#fff}</style>
<main><h1>Тестовый платёжный сервис</h1><p>Деньги не списываются, данные карты не нужны. <span lang="en">A test payment page: no money moves, no card is asked for.</span></p>
<dl><dt>Назначение</dt><dd>{{.Order.Description}}</dd><dt>Плательщик</dt><dd>{{.Order.Payer.Name}}</dd><dt>Сумма</dt><dd>{{.Sum}}</dd></dl>
{{if .Open}}<form method="post"><button class="m" name="decision" value="pay">Оплатить</button><button name="decision" value="refuse">Отказаться</button></form>
{{else}}<p role="status"><b>{{.Outcome}}</b></p>{{end}}<p><a class="b" href="{{.Order.ReturnURL}}">Вернуться в кабинет</a></p></main></html>`))

var payOutcomes = map[provider.Status]string{provider.Paid: "Оплачено", provider.Refused: "Оплата отклонена", provider.Expired: "Срок оплаты истёк"}

func drawPay(w http.ResponseWriter, p *paid) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_ = payTemplate.Execute(w, struct {
		*paid
		Sum, Outcome string
		Open         bool
	}{p, fmt.Sprintf("%d,%02d ₽", p.Order.Amount/100, p.Order.Amount%100), payOutcomes[p.State.Status], p.State.Status == provider.Pending})
}

// tellPayments sends what became of orders to where they came from, and says when to
// look again. Orders signed for a bank are carried out in a moment.
func (s *Sandbox) tellPayments(ctx context.Context) (time.Duration, error) {
	wait := quiet
	if err := s.bank(&wait); err != nil {
		return wait, err
	}
	for _, p := range s.untold(&wait) {
		if err := s.tellPayment(ctx, p); err != nil {
			return wait, err
		}
	}
	return wait, nil
}

// bank carries out the orders of accounts whose time has come.
func (s *Sandbox) bank(wait *time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.state.payments {
		if p.State.Status != provider.Pending || p.Order.Method != "account" {
			continue
		}
		if left := p.At.Add(bankTakes).Sub(s.now()); left > 0 {
			*wait = min(*wait, left)
			continue
		}
		if _, err := s.decide(p, provider.Paid, ""); err != nil {
			return err
		}
	}
	return nil
}

// untold are the orders whose outcome is to be sent now, oldest first.
func (s *Sandbox) untold(wait *time.Duration) []*paid {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*paid
	for _, p := range s.state.payments {
		switch left := p.tryAt.Sub(s.Now()); {
		case p.State.Status == provider.Pending || p.Told || !s.callsBack(p.Order.CallbackURL):
		case left > 0:
			*wait = min(*wait, left)
		default:
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *paid) int { return cmp.Or(a.At.Compare(b.At), compareText(a.Order.ID, b.Order.ID)) })
	return out
}

// callsBack tells that an address is on the server that answers go to: nobody else is
// called for an order's sake.
func (s *Sandbox) callsBack(address string) bool {
	ours, err := url.Parse(s.Callback)
	theirs, wrong := url.Parse(address)
	return s.Callback != "" && err == nil && wrong == nil && ours.Scheme == theirs.Scheme && ours.Host == theirs.Host
}

// tellPayment sends one outcome; what is not taken is sent again in a second.
func (s *Sandbox) tellPayment(ctx context.Context, p *paid) error {
	status, failure := s.send(ctx, p.Order.CallbackURL, p.State)
	s.mu.Lock()
	defer s.mu.Unlock()
	if failure == nil && status < 500 && status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
		told := *p
		told.Told = true
		s.console.say("sent", p.Order.ID, fmt.Sprintf("платёж %s: %d", p.State.Status, status))
		return s.change(change{Payment: &told})
	}
	p.tryAt = s.Now().Add(time.Second)
	s.ring()
	s.console.say("failed", p.Order.ID, fmt.Sprintf("платёж: %d %v", status, failure))
	return nil
}

// listPayments and decidePayment are the admin API's: {"status":"refused","reason":"…"}.
func (s *Sandbox) listPayments(*http.Request, []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []*paid{}
	for _, p := range s.state.payments {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *paid) int { return cmp.Or(a.At.Compare(b.At), compareText(a.Order.ID, b.Order.ID)) })
	return map[string]any{"payments": out}, nil
}

func (s *Sandbox) decidePayment(r *http.Request, body []byte) (any, error) {
	var d struct {
		Status provider.Status `json:"status"`
		Reason string          `json:"reason"`
	}
	if err := read(body, &d); err != nil {
		return nil, err
	}
	if d.Status != provider.Paid && d.Status != provider.Refused && d.Status != provider.Expired {
		return nil, badRequest("status must be paid, refused or expired")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.state.payments[r.PathValue("id")]
	if p == nil {
		return nil, storage.ErrNotFound
	}
	p, err := s.decide(p, d.Status, d.Reason)
	return p, err
}
