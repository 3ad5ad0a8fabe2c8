package pki

import "slices"

// Pool is a set of certificates found by subject. Fill it, then share it: adding
// is not safe beside reading.
type Pool struct {
	bySubject map[string][]*Certificate
	byRaw     map[string]*Certificate
}

// NewPool returns a pool of the certificates given.
func NewPool(certificates ...*Certificate) *Pool {
	p := &Pool{bySubject: map[string][]*Certificate{}, byRaw: map[string]*Certificate{}}
	for _, c := range certificates {
		p.Add(c)
	}
	return p
}

// Add puts a certificate in; one that is there already stays.
func (p *Pool) Add(c *Certificate) {
	if _, present := p.byRaw[string(c.Raw)]; present {
		return
	}
	p.byRaw[string(c.Raw)] = c
	p.bySubject[string(c.RawSubject)] = append(p.bySubject[string(c.RawSubject)], c)
}

// Contains reports whether the very certificate is in the pool.
func (p *Pool) Contains(c *Certificate) bool { return p.find(c) != nil }

// Len returns the number of certificates.
func (p *Pool) Len() int { return len(p.byRaw) }

// All returns the certificates in no order.
func (p *Pool) All() []*Certificate {
	all := make([]*Certificate, 0, len(p.byRaw))
	for _, c := range p.byRaw {
		all = append(all, c)
	}
	return all
}

// find returns the pool's own copy of a certificate, or nil.
func (p *Pool) find(c *Certificate) *Certificate { return p.byRaw[string(c.Raw)] }

// Named returns the certificates with a subject, given raw.
func (p *Pool) Named(subject []byte) []*Certificate {
	return slices.Clone(p.bySubject[string(subject)])
}
