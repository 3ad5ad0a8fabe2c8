package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
)

// Deps is what a Provider works with; all but Pages and Transport are required.
type Deps struct {
	Name string
	URL  string // without trailing slash; /payments stands under it
	Keys []httpsig.Public
	// Pages are the origins that payers may be sent to; none: that of URL.
	Pages     []string
	Signer    *httpsig.Signer
	Ephemeral storage.Ephemeral // nonces of callbacks
	Host      string            // our public host[:port], which callbacks are signed for
	Now       func() time.Time
	Transport http.RoundTripper // nil: http.DefaultTransport
}

// Provider speaks to one payment provider.
type Provider struct {
	Deps
	client *http.Client
}

const (
	timeout = 15 * time.Second
	// limit bounds what a provider says, in bytes.
	limit = 64 << 10
)

var (
	// ErrRefused: the provider has understood the order and does not take it.
	ErrRefused = errors.New("provider: the order was refused")
	// ErrUnavailable: the provider does not answer, or not as it must.
	ErrUnavailable = errors.New("provider: not available")
)

// New checks the dependencies.
func New(deps Deps) (*Provider, error) {
	u, err := url.Parse(deps.URL)
	switch {
	case deps.Name == "" || deps.Signer == nil || deps.Ephemeral == nil || deps.Host == "" || deps.Now == nil:
		return nil, errors.New("provider: Name, Signer, Ephemeral, Host and Now are required")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.HasSuffix(deps.URL, "/"):
		return nil, fmt.Errorf("provider %s: the address must be such as https://pay.example.ru/v1, without trailing slash", deps.Name)
	case len(deps.Keys) == 0:
		return nil, fmt.Errorf("provider %s: a key is needed to believe what it says", deps.Name)
	}
	if len(deps.Pages) == 0 {
		deps.Pages = []string{u.Scheme + "://" + u.Host}
	}
	return &Provider{deps, &http.Client{Timeout: timeout, Transport: deps.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // what was signed for one address is not for another
	}}}, nil
}

// Create gives the provider an order, or finds the one that it has by this id.
// ErrRefused is final; ErrUnavailable is to be tried again.
func (p *Provider) Create(ctx context.Context, o Order) (State, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return State{}, fmt.Errorf("provider: encode an order: %w", err)
	}
	return p.ask(ctx, http.MethodPost, "/payments", o.ID, body)
}

// Find asks how an order stands; storage.ErrNotFound when the provider has none of
// this id, ErrUnavailable when it does not answer.
func (p *Provider) Find(ctx context.Context, id string) (State, error) {
	return p.ask(ctx, http.MethodGet, "/payments/"+url.PathEscape(id), id, nil)
}

func (p *Provider) ask(ctx context.Context, method, path, id string, body []byte) (State, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.URL+path, bytes.NewReader(body))
	if err != nil {
		return State{}, fmt.Errorf("provider: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if err := p.Signer.SignRequest(req, body, p.Now()); err != nil {
		return State{}, fmt.Errorf("provider: sign: %w", err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil || len(answer) > limit {
		return State{}, fmt.Errorf("%w: the answer cannot be read", ErrUnavailable)
	}
	return p.judge(req, resp, answer, id)
}

// judge believes nothing that is not signed: also not that an order is unknown or
// refused, since a new one would be begun then.
func (p *Provider) judge(req *http.Request, resp *http.Response, answer []byte, id string) (State, error) {
	if _, err := (httpsig.Verifier{Key: p.key, Now: p.Now}).Response(resp, answer, req); err != nil {
		return State{}, fmt.Errorf("%w: status %d: %w", ErrUnavailable, resp.StatusCode, err)
	}
	switch {
	case resp.StatusCode == http.StatusNotFound && req.Method == http.MethodGet:
		return State{}, fmt.Errorf("provider: find: %w", storage.ErrNotFound)
	case resp.StatusCode == http.StatusBadRequest, resp.StatusCode == http.StatusConflict, resp.StatusCode == http.StatusUnprocessableEntity:
		return State{}, fmt.Errorf("%w: status %d", ErrRefused, resp.StatusCode)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return State{}, fmt.Errorf("%w: status %d", ErrUnavailable, resp.StatusCode)
	}
	s, err := parse(answer)
	if err == nil && s.ID != id {
		err = fmt.Errorf("%w: of another payment", ErrState)
	}
	if err == nil {
		err = s.leadsTo(p.Pages)
	}
	if err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return s, nil
}

func (p *Provider) key(id string) (httpsig.Public, bool) {
	for _, k := range p.Keys {
		if k.ID == id {
			return k, true
		}
	}
	return httpsig.Public{}, false
}

// Read takes a callback: httpsig.ErrRefused, storage.ErrExists for one that was sent
// a second time, httpsig.ErrTooLarge, ErrState.
func (p *Provider) Read(r *http.Request) (State, error) {
	v := httpsig.Verifier{Key: p.key, Now: p.Now, Authority: p.Host, Spend: func(ctx context.Context, nonce string, ttl time.Duration) error {
		return p.Ephemeral.Add(ctx, "payment/nonce/"+nonce, []byte{1}, ttl)
	}}
	_, raw, err := v.Request(r, limit)
	if err != nil {
		return State{}, fmt.Errorf("provider: a callback: %w", err)
	}
	s, err := parse(raw)
	if err == nil {
		err = s.leadsTo(p.Pages)
	}
	if err != nil {
		return State{}, err
	}
	return s, nil
}
