package pki

import (
	"bytes"
	"slices"
	"sync"
)

// Bounds of one search. A signature check of a hostile GOST key is the dearest
// step, about seven milliseconds.
const (
	maxPath       = 6
	maxPaths      = 4
	maxSignatures = 24
)

// Path is a chain: the end entity first, a trusted certificate last.
type Path []*Certificate

// Leaf is the end entity.
func (p Path) Leaf() *Certificate { return p[0] }

// Issuer is who issued the leaf.
func (p Path) Issuer() *Certificate { return p[1] }

// Anchor is the trusted certificate at the end.
func (p Path) Anchor() *Certificate { return p[len(p)-1] }

// Builder finds paths from a certificate to an anchor. It is safe for concurrent
// use once made.
type Builder struct {
	anchors       *Pool
	intermediates *Pool
	checked       sync.Map // link → *Fault: signatures among pooled certificates
}

// link is one certificate and its supposed issuer, both out of the pools, whose
// pointers are therefore bounded in number and alive.
type link struct{ child, issuer *Certificate }

// NewBuilder makes a builder. Anchors are trusted; intermediates only help to
// find the way.
func NewBuilder(anchors, intermediates *Pool) *Builder {
	return &Builder{anchors: anchors, intermediates: intermediates}
}

// Paths returns every path that holds but for time and revocation: the names
// chain, each signature is by the next key, authorities are authorities, and what
// they constrain is kept. extra are certificates that came with the signature, as
// little trusted as the intermediates.
//
// Without a path the fault is that of the attempt that came nearest to an anchor.
func (b *Builder) Paths(leaf *Certificate, extra []*Certificate) ([]Path, *Fault) {
	s := &search{Builder: b, extra: NewPool()}
	for _, c := range extra {
		if s.pooled(c) == nil && !c.Equal(leaf) {
			s.extra.Add(c)
		}
	}
	s.extend(Path{leaf})
	if len(s.found) == 0 {
		return nil, s.fault
	}
	return s.found, nil
}

type search struct {
	*Builder
	extra      *Pool
	found      []Path
	signatures int
	fault      *Fault // of the attempt that came furthest
	reached    int    // how far it came
}

// note keeps the fault that came furthest; the first one wins among equals.
func (s *search) note(depth int, fault *Fault) {
	if s.fault == nil || depth > s.reached {
		s.fault, s.reached = fault, depth
	}
}

func (s *search) pooled(c *Certificate) *Certificate {
	if found := s.anchors.find(c); found != nil {
		return found
	}
	return s.intermediates.find(c)
}

// extend tries every issuer of the path's last certificate.
func (s *search) extend(path Path) {
	last := path[len(path)-1]
	candidates := s.candidates(last)
	if len(candidates) == 0 {
		s.note(2*len(path), s.unknownIssuer(path))
		return
	}
	for _, issuer := range candidates {
		if len(s.found) >= maxPaths {
			return
		}
		if slices.ContainsFunc(path, func(c *Certificate) bool { return sameHolder(c, issuer) }) {
			s.note(2*len(path), s.unknownIssuer(path))
			continue
		}
		s.try(path, issuer)
	}
}

// try adds one issuer to the path and goes on from there.
func (s *search) try(path Path, issuer *Certificate) {
	if fault := s.signature(path[len(path)-1], issuer); fault != nil {
		s.note(2*len(path), fault)
		return
	}
	if fault := authority(issuer); fault != nil {
		s.note(2*len(path)+1, fault)
		return
	}
	path = append(slices.Clone(path), issuer)
	switch {
	case s.anchors.Contains(issuer):
		if fault := path.check(); fault != nil {
			s.note(2*len(path)+1, fault)
			return
		}
		s.found = append(s.found, path)
	case len(path) >= maxPath:
		s.note(2*len(path), Faultf(PathTooComplex, "more than %d certificates", maxPath))
	default:
		s.extend(path)
	}
}

// unknownIssuer says what is wrong with a path that leads nowhere.
func (s *search) unknownIssuer(path Path) *Fault {
	last := path[len(path)-1]
	if len(path) == 1 && last.SelfIssued() {
		return Faultf(SelfSigned, "%s vouches for itself", last.Subject)
	}
	return Faultf(IssuerUnknown, "no trusted certificate of %s", last.Issuer)
}

// candidates are the certificates with the issuer's name: anchors first, and
// among the rest those whose key identifier is the one asked for.
func (s *search) candidates(c *Certificate) []*Certificate {
	var all []*Certificate
	for _, pool := range []*Pool{s.anchors, s.intermediates, s.extra} {
		for _, candidate := range pool.Named(c.RawIssuer) {
			if !slices.Contains(all, candidate) {
				all = append(all, candidate)
			}
		}
	}
	slices.SortStableFunc(all, func(x, y *Certificate) int { return s.order(c, x) - s.order(c, y) })
	return all
}

func (s *search) order(c, candidate *Certificate) int {
	order := 0
	if !s.anchors.Contains(candidate) {
		order++
	}
	if len(c.AuthorityKeyID) > 0 && !bytes.Equal(c.AuthorityKeyID, candidate.SubjectKeyID) {
		order += 2
	}
	return order
}

// signature checks that issuer signed c. What holds among pooled certificates is
// remembered; what strangers bring is checked each time and counted.
func (s *search) signature(c, issuer *Certificate) *Fault {
	if s.pooled(c) == c && s.pooled(issuer) == issuer {
		key := link{c, issuer}
		if known, ok := s.checked.Load(key); ok {
			return known.(*Fault)
		}
		fault := issuerSignature(c, issuer)
		s.checked.Store(key, fault)
		return fault
	}
	if s.signatures++; s.signatures > maxSignatures {
		return Faultf(PathTooComplex, "more than %d signatures to check", maxSignatures)
	}
	return issuerSignature(c, issuer)
}

func issuerSignature(c, issuer *Certificate) *Fault {
	fault := c.CheckSignature(issuer)
	if fault != nil && fault.Code == SignatureWrong {
		return Faultf(IssuerSignature, "%s did not sign %s: only the name is the same", issuer.Subject, c.Subject)
	}
	return fault
}

// authority reports whether a certificate may issue others, RFC 5280 §6.1.4 (k)
// and (n); unlike there, an authority without key usage is none.
func authority(c *Certificate) *Fault {
	switch {
	case !c.IsCA:
		return Faultf(IssuerNotCA, "%s is no authority", c.Subject)
	case !c.Has(KeyCertSign):
		return Faultf(IssuerKeyUsage, "%s may not sign certificates", c.Subject)
	}
	return nil
}

func sameHolder(a, b *Certificate) bool {
	return bytes.Equal(a.RawSubject, b.RawSubject) && bytes.Equal(a.RawSPKI, b.RawSPKI)
}
