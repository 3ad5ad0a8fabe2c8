package signature

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"propusk/signature/pki"
)

// Times and bounds of fetching.
const (
	refreshTick  = time.Minute      // how often Start looks what is due
	refreshEvery = time.Hour        // a list is asked for again at the latest after
	retryFirst   = time.Minute      // after a failure, doubling
	retryLast    = 15 * time.Minute // up to

	refreshAtOnce = 8 // addresses asked at the same time
)

// source is one address and what it last gave.
type source struct {
	authority string
	held      *heldList
	etag      string
	modified  string
	tried     time.Time
	due       time.Time
	failures  int
	fault     string
}

// Fetcher returns an HTTP client for lists and answers: bounded in time, and with
// redirects only within the host that the operator configured.
func Fetcher() *http.Client {
	return &http.Client{
		Timeout: 30 * time.Second,
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if len(via) >= 3 || request.URL.Host != via[0].URL.Host {
				return errors.New("signature: redirect to another host or too many")
			}
			return nil
		},
	}
}

// Fetchable reports whether an address is one that lists are asked from.
func Fetchable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// Start reads the lists that were kept and goes on refreshing in the background
// until the context ends. The first round begins at once and is not waited for:
// Freshness tells what has come.
func (r *Revocations) Start(ctx context.Context) {
	r.Restore(ctx)
	go func() {
		ticker := time.NewTicker(refreshTick)
		defer ticker.Stop()
		for ctx.Err() == nil {
			r.Refresh(ctx)
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
		}
	}()
}

// Refresh fetches every list that is due, some at a time, and returns when all have
// answered or failed. A failure keeps the last good list and is told by Freshness;
// it never makes a list vanish.
func (r *Revocations) Refresh(ctx context.Context) {
	now := r.deps.Now()
	r.round(ctx, func(s source) bool { return !s.due.After(now) }, func(Freshness) {})
}

// RefreshAll fetches every list, due or not, as an operator asks for it, and tells
// done of each address that has answered or failed; done may be called at the same
// time from several goroutines.
func (r *Revocations) RefreshAll(ctx context.Context, done func(Freshness)) {
	r.round(ctx, func(source) bool { return true }, done)
}

// round fetches the lists whose addresses are wanted.
func (r *Revocations) round(ctx context.Context, wanted func(source) bool, done func(Freshness)) {
	if r.deps.Client == nil || r.deps.Trust == nil {
		return
	}
	r.refreshing.Lock()
	defer r.refreshing.Unlock()
	turns := make(chan struct{}, refreshAtOnce)
	var all sync.WaitGroup
	for _, authority := range r.deps.Trust.Authorities() {
		for _, address := range authority.CRLs {
			s := r.source(authority, address)
			if ctx.Err() != nil || !wanted(s) {
				continue
			}
			turns <- struct{}{}
			all.Go(func() {
				defer func() { <-turns }()
				r.refresh(ctx, authority, address, s)
				after := r.sourceAt(address)
				done(after.freshness(address))
			})
		}
	}
	all.Wait()
}

// source returns a copy of the state of an address, making it when it is new.
func (r *Revocations) source(authority Authority, address string) source {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sources[address] == nil {
		r.sources[address] = &source{}
	}
	r.sources[address].authority = authority.Name
	return *r.sources[address]
}

func (r *Revocations) refresh(ctx context.Context, authority Authority, address string, s source) {
	now := r.deps.Now()
	s.tried = now
	answer, err := r.fetch(ctx, address, s)
	if err == nil && answer != nil {
		err = r.accept(authority, address, *answer, &s)
	}
	if err != nil {
		s.failures++
		s.fault = err.Error()
		s.due = now.Add(min(retryFirst<<min(s.failures-1, 10), retryLast))
		r.deps.Log.WarnContext(ctx, "revocation list not refreshed", "authority", authority.Name, "address", address, "error", err)
	} else {
		s.failures, s.fault = 0, ""
		s.due = nextFetch(now, s.held)
	}
	r.put(address, s)
	if err := r.keep(ctx, address, s); err != nil {
		// The list counts all the same; only a restart, or another node, would miss it.
		r.deps.Log.WarnContext(ctx, "revocation list not kept", "address", address, "error", err)
	}
}

// put makes a state of an address the one that counts. A later list that came
// meanwhile, by Take, stays.
func (r *Revocations) put(address string, s source) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.sources[address]; now != nil && now.held != nil && (s.held == nil || newer(now.held.CRL, s.held.CRL)) {
		s.held, s.etag, s.modified = now.held, now.etag, now.modified
	}
	r.sources[address] = &s
	if s.held != nil {
		r.hold(s.held)
	}
}

// fetched is a list as it came, with what to ask by whether it has changed.
type fetched struct {
	list           *pki.CRL
	etag, modified string
}

// nextFetch is an hour from now, or earlier: when a tenth of the list's life is
// left, so that a failure can be mended before it grows stale.
func nextFetch(now time.Time, held *heldList) time.Time {
	next := now.Add(refreshEvery)
	if held == nil {
		return next
	}
	life := held.NextUpdate.Sub(held.ThisUpdate)
	if early := held.NextUpdate.Add(-life / 10); early.Before(next) {
		next = early
	}
	if soonest := now.Add(retryFirst); next.Before(soonest) {
		next = soonest
	}
	return next
}

// fetch asks an address for its list; nil means that it has not changed.
func (r *Revocations) fetch(ctx context.Context, address string, s source) (*fetched, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if s.held != nil && s.etag != "" {
		request.Header.Set("If-None-Match", s.etag)
	}
	if s.held != nil && s.modified != "" {
		request.Header.Set("If-Modified-Since", s.modified)
	}
	response, err := r.deps.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && s.held != nil:
		return nil, nil
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("HTTP status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxFile {
		return nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	list, fault := pki.ParseCRL(body)
	if fault != nil {
		return nil, fault
	}
	return &fetched{list, response.Header.Get("ETag"), response.Header.Get("Last-Modified")}, nil
}

// accept takes a fetched list when the authority signed it, it is fresh, and it is
// not older than the one held. Only then is its tag remembered: otherwise "not
// changed" would later stand for a list that was refused.
func (r *Revocations) accept(authority Authority, address string, answer fetched, s *source) error {
	list := answer.list
	if fault := r.signedBy(authority, list); fault != nil {
		return fault
	}
	if !list.NextUpdate.After(r.deps.Now()) {
		return faultf(pki.CRLStale, "held until %s", list.NextUpdate.Format(time.RFC3339))
	}
	if s.held != nil && older(list, s.held.CRL) {
		return rollback(list, s.held.CRL)
	}
	s.held, s.etag, s.modified = &heldList{CRL: list, address: address}, answer.etag, answer.modified
	return nil
}

func rollback(list, held *pki.CRL) *Fault {
	return faultf(CRLRollback, "number %v of %s after number %v of %s",
		list.Number, list.ThisUpdate.Format(time.RFC3339), held.Number, held.ThisUpdate.Format(time.RFC3339))
}

// signedBy verifies a list against the authority's own certificates, and against
// the intermediate ones below it when its record stands for a hierarchy.
func (r *Revocations) signedBy(authority Authority, list *pki.CRL) *Fault {
	state := r.deps.Trust.state.Load()
	fault := faultf(pki.CRLForged, "the list is of another authority than %s", authority.Name)
	for _, c := range append(state.anchors.Named(list.RawIssuer), state.intermediates.Named(list.RawIssuer)...) {
		if above := state.answersFor(c); above == nil || above.ID != authority.ID {
			continue
		}
		if fault = list.Verify(c); fault == nil {
			return nil
		}
	}
	return fault
}

// older reports whether a list goes back behind another: in time or in number.
func older(list, held *pki.CRL) bool {
	if list.ThisUpdate.Before(held.ThisUpdate) {
		return true
	}
	return held.Number != nil && (list.Number == nil || list.Number.Cmp(held.Number) < 0)
}
