package signature

import (
	"slices"
	"time"

	"propusk/signature/pki"
)

// Class is the class of signing means that a certificate names, from КС1 up
// (Приказ ФСБ № 796). The zero value is no class.
type Class int

// The classes in ascending order.
const (
	KS1 Class = iota + 1
	KS2
	KS3
	KV1
	KV2
	KA1
)

var classNames = []string{"", "КС1", "КС2", "КС3", "КВ1", "КВ2", "КА1"}

// String returns the Russian name, empty for no class.
func (c Class) String() string { return classNames[c] }

// ParseClass returns the class of a Russian name, zero when it is none.
func ParseClass(name string) Class { return Class(max(0, slices.Index(classNames, name))) }

var classes = map[string]Class{
	"1.2.643.100.113.1": KS1, "1.2.643.100.113.2": KS2, "1.2.643.100.113.3": KS3,
	"1.2.643.100.113.4": KV1, "1.2.643.100.113.5": KV2, "1.2.643.100.113.6": KA1,
}

// classOf returns the highest class that a certificate names.
func classOf(c *pki.Certificate) Class {
	highest := Class(0)
	for _, policy := range c.Policies {
		highest = max(highest, classes[policy])
	}
	return highest
}

// Policy is what a certificate must be good for. The zero value is the strict
// default for signing in and signing documents.
type Policy struct {
	// MinimumClass is the lowest class accepted; zero means КС1. A certificate that
	// names no class is not a qualified one and is always refused.
	MinimumClass Class
	// ExtendedKeyUsages are the purposes of which a certificate with that extension
	// must have one; empty means client authentication or e-mail protection.
	ExtendedKeyUsages []string
	// RequireContentCommitment asks for the key usage nonRepudiation beside
	// digitalSignature, as for documents that bind their signer.
	RequireContentCommitment bool
	// Skew is how far a clock may be wrong in lists and answers; zero means 5 minutes.
	Skew time.Duration
}

func (p Policy) withDefaults() Policy {
	p.MinimumClass = max(p.MinimumClass, KS1)
	if len(p.ExtendedKeyUsages) == 0 {
		p.ExtendedKeyUsages = []string{pki.ClientAuth, pki.EmailProtection}
	}
	if p.Skew == 0 {
		p.Skew = 5 * time.Minute
	}
	return p
}

// checkUsage sees that the path may be used for signatures of this policy.
func (p Policy) checkUsage(path pki.Path) *Fault {
	leaf := path.Leaf()
	wanted := pki.DigitalSignature
	if p.RequireContentCommitment {
		wanted |= pki.ContentCommitment
	}
	if !leaf.Has(wanted) {
		return faultf(KeyUsage, "key usage %#x", uint16(leaf.KeyUsage))
	}
	if leaf.IsCA {
		return faultf(KeyUsage, "the certificate is an authority's")
	}
	if c := p.withoutPurpose(path); c != nil {
		return faultf(ExtendedKeyUsage, "extended key usage of %s: %v", c.Subject, c.ExtendedKeyUsages)
	}
	return p.checkClass(path)
}

// withoutPurpose returns nil when the whole path is for one of our purposes, and
// else the first certificate, from the leaf up, that leaves none of them over: an
// authority for e-mail alone does not vouch for another use, though both are ours.
func (p Policy) withoutPurpose(path pki.Path) *pki.Certificate {
	left := p.ExtendedKeyUsages
	for _, c := range path {
		left = slices.DeleteFunc(slices.Clone(left), func(usage string) bool { return !allows(c, usage) })
		if len(left) == 0 {
			return c
		}
	}
	return nil
}

// allows: a certificate without the extension is for every purpose; one with it
// must name the purpose. anyExtendedKeyUsage counts for authorities alone.
func allows(c *pki.Certificate, usage string) bool {
	return len(c.ExtendedKeyUsages) == 0 || slices.Contains(c.ExtendedKeyUsages, usage) ||
		c.IsCA && slices.Contains(c.ExtendedKeyUsages, pki.AnyExtendedKeyUsage)
}

// checkClass compares the class of the leaf, as far as the authorities above let
// it count: one that names policies vouches for those alone (RFC 5280 §6.1.3 (d)).
func (p Policy) checkClass(path pki.Path) *Fault {
	best := Class(0)
	for _, policy := range path.Leaf().Policies {
		if class := classes[policy]; class > best && vouched(path[1:], policy) {
			best = class
		}
	}
	switch {
	case best == 0:
		return faultf(PolicyClassMissing, "no policy of 1.2.643.100.113 that the authorities vouch for")
	case best < p.MinimumClass:
		return faultf(PolicyClassLow, "class %s, required %s", best, p.MinimumClass)
	}
	return nil
}

func vouched(authorities pki.Path, policy string) bool {
	for _, c := range authorities {
		if len(c.Policies) > 0 && !slices.Contains(c.Policies, policy) && !slices.Contains(c.Policies, pki.AnyPolicy) {
			return false
		}
	}
	return true
}
