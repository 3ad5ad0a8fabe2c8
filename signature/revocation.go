package signature

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"propusk/signature/pki"
)

// RevocationDeps is what a Revocations needs. The zero value works offline.
type RevocationDeps struct {
	// Trust tells the addresses of lists and responders, and who must have signed.
	Trust *Store
	// Client fetches; nil makes Status use only what is already held. Fetcher()
	// returns one with the bounds that hostile or broken servers call for.
	Client *http.Client
	// Keeper keeps the last good lists over a restart; nil keeps them in memory only.
	Keeper Keeper
	// Skew is how far a clock may be wrong; zero means 5 minutes.
	Skew time.Duration
	Now  func() time.Time
	Log  *slog.Logger
}

// Revocations keeps revocation lists and asks responders. It is safe for
// concurrent use. What it cannot find out is a refusal: it fails closed, and the
// named exception to that is made by Local, not here.
type Revocations struct {
	deps RevocationDeps

	refreshing sync.Mutex // one round at a time

	mu      sync.RWMutex
	lists   map[string][]*heldList // by the issuer's raw name
	sources map[string]*source     // by address
}

// heldList is a list in memory.
type heldList struct {
	*pki.CRL
	address  string   // empty for a list that Add was given
	verified sync.Map // fingerprint of an issuer → *Fault
}

// verify checks the list against an issuer, once for each.
func (h *heldList) verify(issuer *pki.Certificate) *Fault {
	key := string(issuer.Raw)
	if known, ok := h.verified.Load(key); ok {
		return known.(*Fault)
	}
	fault := h.Verify(issuer)
	h.verified.Store(key, fault)
	return fault
}

// NewRevocations makes an empty one. Call Start, or Refresh, to fetch the lists.
func NewRevocations(deps RevocationDeps) *Revocations {
	deps.Skew = cmp.Or(deps.Skew, 5*time.Minute)
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Revocations{deps: deps, lists: map[string][]*heldList{}, sources: map[string]*source{}}
}

// Add takes in a list by hand. It counts once it is needed and verified.
func (r *Revocations) Add(list *pki.CRL) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold(&heldList{CRL: list})
}

// hold puts a list in; one from an address takes the place of the last from there.
func (r *Revocations) hold(list *heldList) {
	key := string(list.RawIssuer)
	kept := slices.DeleteFunc(withoutAddress(r.lists[key], list.address), func(old *heldList) bool {
		return string(old.Raw) == string(list.Raw)
	})
	r.lists[key] = append(kept, list)
}

// withoutAddress returns the lists that are not from an address, in a slice of
// their own: readers may hold the one given.
func withoutAddress(lists []*heldList, address string) []*heldList {
	kept := make([]*heldList, 0, len(lists)+1)
	for _, list := range lists {
		if address == "" || list.address != address {
			kept = append(kept, list)
		}
	}
	return kept
}

// Evidence is what is known of a certificate.
type Evidence struct {
	Revoked bool
	At      time.Time // since when
	Reason  int       // RFC 5280 §5.3.1
	Source  string    // "crl" or "ocsp"
	Until   time.Time // when this evidence grows stale
}

// Status finds out whether a certificate, issued by issuer, was revoked at a time.
// A fresh list is asked first, since it costs no journey; without one, the
// responders configured for the authority are. Where nothing fresh is to be had, a
// revocation that the last list told counts all the same: whoever keeps the next one
// away, or decides to do without it, does not make the certificate good again.
func (r *Revocations) Status(ctx context.Context, certificate, issuer *pki.Certificate, at time.Time) (Evidence, *Fault) {
	evidence, fault := r.fromLists(certificate, issuer, at)
	if fault == nil {
		return evidence, nil
	}
	if answered, asked, ocspFault := r.fromResponders(ctx, certificate, issuer, at); asked {
		if ocspFault == nil {
			return answered, nil
		}
		fault = ocspFault
	}
	if last, known := r.fromLastList(certificate, issuer, at); known && last.Revoked {
		return last, nil
	}
	return Evidence{}, fault
}

// fromLists judges by the newest list that speaks of the certificate and is fresh.
func (r *Revocations) fromLists(certificate, issuer *pki.Certificate, at time.Time) (Evidence, *Fault) {
	list, fault := r.newest(certificate, issuer, func(list *pki.CRL) *Fault { return r.fresh(list, certificate, at) })
	if fault != nil {
		return Evidence{}, fault
	}
	return list.says(certificate, at), nil
}

// fromLastList judges by the newest list there is, however old: what it says of a
// revocation holds, what it does not say proves nothing.
func (r *Revocations) fromLastList(certificate, issuer *pki.Certificate, at time.Time) (evidence Evidence, known bool) {
	list, fault := r.newest(certificate, issuer, r.made)
	if fault != nil {
		return Evidence{}, false
	}
	return list.says(certificate, at), true
}

// says is what a list knows of a certificate at a time.
func (h *heldList) says(certificate *pki.Certificate, at time.Time) Evidence {
	evidence := Evidence{Source: "crl", Until: h.NextUpdate}
	if entry, listed := h.Lookup(certificate.Serial); listed && !entry.At.After(at) {
		evidence.Revoked, evidence.At, evidence.Reason = true, entry.At, entry.Reason
	}
	return evidence
}

// newest finds the newest list that speaks of the certificate, is the issuer's, and
// is usable; without one the fault is the one that tells most.
func (r *Revocations) newest(certificate, issuer *pki.Certificate, usable func(*pki.CRL) *Fault) (*heldList, *Fault) {
	r.mu.RLock()
	candidates := r.lists[string(issuer.RawSubject)]
	r.mu.RUnlock()
	fault := faultf(CRLMissing, "no list of %s", issuer.Subject)
	var best *heldList
	for _, list := range candidates {
		if !list.Covers(certificate) {
			continue
		}
		if refusal := list.verify(issuer); refusal != nil {
			fault = worse(fault, refusal)
			continue
		}
		if refusal := usable(list.CRL); refusal != nil {
			fault = worse(fault, refusal)
			continue
		}
		if best == nil || newer(list.CRL, best.CRL) {
			best = list
		}
	}
	if best == nil {
		return nil, fault
	}
	return best, nil
}

// fresh reports whether a list can say something about a time. A list from after
// that time can, as long as the certificate had not expired when it was made:
// expired ones may leave a list (RFC 5280 §5).
func (r *Revocations) fresh(list *pki.CRL, certificate *pki.Certificate, at time.Time) *Fault {
	switch {
	case !list.NextUpdate.After(at):
		return faultf(pki.CRLStale, "the list of %s held until %s", list.Issuer, list.NextUpdate.Format(time.RFC3339))
	case list.ThisUpdate.After(at.Add(r.deps.Skew)) && certificate.NotAfter.Before(list.ThisUpdate):
		return faultf(pki.CRLNotYetValid, "the list of %s is from after the certificate's end", list.Issuer)
	}
	return r.made(list)
}

// made refuses a list from the future.
func (r *Revocations) made(list *pki.CRL) *Fault {
	if list.ThisUpdate.After(r.deps.Now().Add(r.deps.Skew)) {
		return faultf(pki.CRLNotYetValid, "the list of %s is from the future", list.Issuer)
	}
	return nil
}

// newer orders lists by when they were made, and by number among equals.
func newer(a, b *pki.CRL) bool {
	if !a.ThisUpdate.Equal(b.ThisUpdate) {
		return a.ThisUpdate.After(b.ThisUpdate)
	}
	return a.Number != nil && (b.Number == nil || a.Number.Cmp(b.Number) > 0)
}

// worse keeps the fault that tells most: a refused list more than none, the
// authority's own stale one more than a refused one, which anybody can make.
func worse(a, b *Fault) *Fault {
	rank := func(f *Fault) int {
		switch f.Code {
		case CRLMissing:
			return 0
		case pki.CRLStale, pki.CRLNotYetValid:
			return 2
		}
		return 1
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// Freshness is the state of one address of a revocation list.
type Freshness struct {
	Authority  string    `json:"authority"`
	Address    string    `json:"address"`
	Number     string    `json:"number,omitempty"`
	ThisUpdate time.Time `json:"this_update,omitzero"`
	NextUpdate time.Time `json:"next_update,omitzero"`
	Revoked    int       `json:"revoked"` // entries in the list
	Tried      time.Time `json:"tried,omitzero"`
	Fault      string    `json:"fault,omitempty"` // of the last try
}

// Stale reports whether the address has no list that counts at a time.
func (f Freshness) Stale(at time.Time) bool { return !f.NextUpdate.After(at) }

// Freshness returns the state of every address, for metrics and readiness.
func (r *Revocations) Freshness() []Freshness {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var all []Freshness
	for address, s := range r.sources {
		all = append(all, s.freshness(address))
	}
	slices.SortFunc(all, func(a, b Freshness) int { return cmp.Compare(a.Address, b.Address) })
	return all
}

func (s *source) freshness(address string) Freshness {
	f := Freshness{Authority: s.authority, Address: address, Tried: s.tried, Fault: s.fault}
	if s.held == nil {
		return f
	}
	f.ThisUpdate, f.NextUpdate, f.Revoked = s.held.ThisUpdate, s.held.NextUpdate, s.held.Len()
	if s.held.Number != nil {
		f.Number = s.held.Number.String()
	}
	return f
}
