package signature

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"propusk/signature/pki"
)

// Authority is one trusted authority: who it is, its certificates, since when and
// until when it was accredited, and where its revocation data is to be had.
type Authority struct {
	// ID is the ОГРН, or the fingerprint of the first certificate.
	ID   string `json:"id"`
	Name string `json:"name"`
	INN  string `json:"inn,omitempty"`
	OGRN string `json:"ogrn,omitempty"`
	// Source says where the record came from: a file's name, a list's address.
	Source string `json:"source"`
	// Listed is the date of the accredited list that named it last; zero for others.
	Listed time.Time `json:"listed,omitzero"`
	// Certificates are its certificates in DER. All of them are trusted.
	Certificates [][]byte `json:"certificates"`
	// Accreditation holds when it was accredited, in order. Empty means that the
	// operator trusts it by his own act, at all times: it is in no list.
	Accreditation []Interval `json:"accreditation,omitempty"`
	// Hierarchy lets the authorities that it certifies count as well. Records of the
	// accredited list do not: there each authority is accredited for itself.
	Hierarchy bool `json:"hierarchy,omitempty"`
	// CRLs and OCSP are the addresses that its lists and answers are asked from. They
	// come from the operator and the accredited list, never from a certificate that
	// somebody presents.
	CRLs []string `json:"crls,omitempty"`
	OCSP []string `json:"ocsp,omitempty"`
	// OCSPNonceOptional accepts answers without a nonce; some responders cannot.
	OCSPNonceOptional bool `json:"ocsp_nonce_optional,omitempty"`
	// DangerouslyFailOpen accepts signatures while revocation data is missing. It is
	// a decision that somebody signs for; nil, the default, refuses them.
	DangerouslyFailOpen *FailOpen `json:"dangerously_fail_open,omitempty"`
}

// FailOpen is the decision to do without revocation data of one authority.
type FailOpen struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until"` // it ends by itself
}

// Interval is a time in which an authority was accredited. A zero To is open.
type Interval struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
}

// AccreditedAt reports whether the authority's certificates count at t, and since when
// it has been accredited: zero when it is trusted by the operator's own act.
func (a Authority) AccreditedAt(t time.Time) (since time.Time, ok bool) {
	for _, i := range a.Accreditation {
		if i.contains(t) {
			return i.From, true
		}
	}
	return time.Time{}, len(a.Accreditation) == 0
}

func (i Interval) contains(t time.Time) bool {
	return !t.Before(i.From) && (i.To.IsZero() || t.Before(i.To))
}

// Store holds the trusted authorities and the intermediate certificates that help
// to find a way to them. It is safe for concurrent use: readers see one state,
// whole, and every import makes the next.
type Store struct {
	writing sync.Mutex
	state   atomic.Pointer[trustState]
}

// trustState is one state of the store; nothing in it changes.
type trustState struct {
	authorities   map[string]*Authority // by ID
	byCertificate map[string]*Authority // by the raw certificate
	anchors       *pki.Pool
	intermediates *pki.Pool
	builder       *pki.Builder
}

// NewStore returns a store that trusts nobody.
func NewStore() *Store {
	s := new(Store)
	state, err := newTrustState(nil, pki.NewPool())
	if err != nil {
		panic(err) // an empty state has nothing that could fail
	}
	s.state.Store(state)
	return s
}

// newTrustState makes a state of records and helpers. A certificate that two records
// have is judged by the one that says when its authority was accredited: otherwise an
// import from a file would outlive the end of an accreditation.
func newTrustState(authorities map[string]*Authority, intermediates *pki.Pool) (*trustState, error) {
	state := &trustState{
		authorities: authorities, byCertificate: map[string]*Authority{},
		anchors: pki.NewPool(), intermediates: intermediates,
	}
	for _, id := range slices.Sorted(maps.Keys(authorities)) {
		authority := authorities[id]
		for _, raw := range authority.Certificates {
			certificate, fault := pki.ParseCertificate(raw)
			if fault != nil {
				return nil, fmt.Errorf("signature: certificate of authority %s: %w", authority.ID, fault)
			}
			state.anchors.Add(certificate)
			if known := state.byCertificate[string(raw)]; known == nil || len(known.Accreditation) == 0 {
				state.byCertificate[string(raw)] = authority
			}
		}
	}
	state.builder = pki.NewBuilder(state.anchors, intermediates)
	return state, nil
}

// Authorities returns all records, by name.
func (s *Store) Authorities() []Authority {
	state := s.state.Load()
	all := make([]Authority, 0, len(state.authorities))
	for _, authority := range state.authorities {
		all = append(all, *authority)
	}
	slices.SortFunc(all, func(a, b Authority) int {
		return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID)
	})
	return all
}

// Len returns the number of records.
func (s *Store) Len() int { return len(s.state.Load().authorities) }

// ErrUnknownAuthority is what Configure and Remove return for an ID that is not in the store.
var ErrUnknownAuthority = errors.New("signature: no such authority")

// Configure changes the addresses and decisions of one record; the change function
// gets a copy. The certificates and their identity stay as they are.
func (s *Store) Configure(id string, change func(*Authority)) error {
	return s.update(func(authorities map[string]*Authority, _ *pki.Pool) error {
		known, ok := authorities[id]
		if !ok {
			return fmt.Errorf("%w: %s", ErrUnknownAuthority, id)
		}
		changed := *known
		change(&changed)
		changed.ID, changed.Certificates = known.ID, known.Certificates
		authorities[id] = &changed
		return nil
	})
}

// Remove ends the trust in an authority; what it issued is refused from then on,
// whenever it was signed. One that leaves the accredited list is not removed: its
// past is judged by its time.
func (s *Store) Remove(id string) error {
	return s.update(func(authorities map[string]*Authority, _ *pki.Pool) error {
		if authorities[id] == nil {
			return fmt.Errorf("%w: %s", ErrUnknownAuthority, id)
		}
		delete(authorities, id)
		return nil
	})
}

// AddIntermediate puts in a certificate that helps to find paths and is not
// trusted itself.
func (s *Store) AddIntermediate(certificates ...*pki.Certificate) error {
	return s.update(func(_ map[string]*Authority, intermediates *pki.Pool) error {
		for _, c := range certificates {
			intermediates.Add(c)
		}
		return nil
	})
}

// update makes the next state from copies of this one.
func (s *Store) update(change func(map[string]*Authority, *pki.Pool) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	state := s.state.Load()
	authorities := maps.Clone(state.authorities)
	if authorities == nil {
		authorities = map[string]*Authority{}
	}
	intermediates := pki.NewPool(state.intermediates.All()...)
	if err := change(authorities, intermediates); err != nil {
		return err
	}
	next, err := newTrustState(authorities, intermediates)
	if err != nil {
		return err
	}
	s.state.Store(next)
	return nil
}

// authority returns the record of a trusted certificate, or nil.
func (t *trustState) authority(c *pki.Certificate) *Authority { return t.byCertificate[string(c.Raw)] }

// asksAt returns the record that a list's address is configured for.
func (t *trustState) asksAt(address string) (*Authority, bool) {
	for _, authority := range t.authorities {
		if slices.Contains(authority.CRLs, address) {
			return authority, true
		}
	}
	return nil, false
}

// Signer returns the record of the authority that signed a list, itself or by an
// intermediate authority that it answers for.
func (s *Store) Signer(list *pki.CRL) (Authority, *Fault) {
	state := s.state.Load()
	fault := faultf(pki.CRLForged, "the list of %s is of no trusted authority", list.Issuer)
	for _, c := range append(state.anchors.Named(list.RawIssuer), state.intermediates.Named(list.RawIssuer)...) {
		if above := state.answersFor(c); above != nil {
			if fault = list.Verify(c); fault == nil {
				return *above, nil
			}
		}
	}
	return Authority{}, fault
}

// answersFor returns the record that answers for an issuing certificate: its own,
// or that of the root above a known intermediate when the root's record stands for
// its whole hierarchy. nil when there is none.
func (t *trustState) answersFor(issuer *pki.Certificate) *Authority {
	if own := t.authority(issuer); own != nil {
		return own
	}
	if !t.intermediates.Contains(issuer) {
		return nil
	}
	paths, fault := t.builder.Paths(issuer, nil)
	if fault != nil {
		return nil
	}
	for _, path := range paths {
		if above := t.authority(path.Anchor()); above != nil && above.Hierarchy {
			return above
		}
	}
	return nil
}

// responsible returns the nearest record above the leaf and how many certificates
// lie between; the path ends in a trusted one, so there is always a record.
func (t *trustState) responsible(path pki.Path) (authority *Authority, between int) {
	for i, c := range path[1:] {
		if found := t.authority(c); found != nil {
			return found, i
		}
	}
	return nil, 0
}

// checkAccreditation sees that the issuer was accredited on the day it issued the
// certificate (63-ФЗ, article 11 part 1). Only the certificate knows that day: it
// is the beginning of its validity.
func (t *trustState) checkAccreditation(path pki.Path) *Fault {
	authority, between := t.responsible(path)
	switch {
	case authority == nil:
		return faultf(AuthorityNotAccredited, "no record")
	case between > 0 && !authority.Hierarchy:
		return faultf(AuthorityNotAccredited, "%s is certified by %s and in no list itself", path.Issuer().Subject, authority.Name)
	case len(authority.Accreditation) == 0:
		return nil
	}
	issued := path.Leaf().NotBefore
	if !slices.ContainsFunc(authority.Accreditation, func(i Interval) bool { return i.contains(issued) }) {
		return faultf(AuthorityNotAccreditedThen, "%s was not accredited on %s", authority.Name, issued.Format(time.DateOnly))
	}
	return nil
}

// storedTrust is the form on disk.
type storedTrust struct {
	Authorities   []Authority `json:"authorities"`
	Intermediates [][]byte    `json:"intermediates,omitempty"`
}

// Save writes the store as JSON.
func (s *Store) Save(w io.Writer) error {
	stored := storedTrust{Authorities: s.Authorities(), Intermediates: s.Intermediates()}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(stored)
}

// Load replaces the store's content by what Save wrote.
func (s *Store) Load(r io.Reader) error {
	var stored storedTrust
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&stored); err != nil {
		return fmt.Errorf("signature: trust file: %w", err)
	}
	return s.Replace(stored.Authorities, stored.Intermediates)
}

// Intermediates returns the certificates, in DER, that help to find paths.
func (s *Store) Intermediates() [][]byte {
	var all [][]byte
	for _, c := range s.state.Load().intermediates.All() {
		all = append(all, c.Raw)
	}
	slices.SortFunc(all, bytes.Compare)
	return all
}

// Replace makes the store's content the one given: records as Authorities returns
// them, and intermediate certificates in DER.
func (s *Store) Replace(records []Authority, helpers [][]byte) error {
	intermediates := pki.NewPool()
	for _, raw := range helpers {
		certificate, fault := pki.ParseCertificate(raw)
		if fault != nil {
			return fmt.Errorf("signature: intermediate certificate: %w", fault)
		}
		intermediates.Add(certificate)
	}
	authorities := map[string]*Authority{}
	for _, authority := range records {
		authorities[authority.ID] = &authority
	}
	next, err := newTrustState(authorities, intermediates)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.state.Store(next)
	return nil
}
