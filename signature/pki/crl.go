package pki

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// CRL is a parsed certificate revocation list. It is immutable; its entries are
// indexed by serial number when the first is looked up, which is after Verify: an
// index is many times as large as the list, and a stranger's list must not cost it.
type CRL struct {
	Raw        []byte
	RawIssuer  []byte
	Issuer     Name
	Number     *big.Int // nil when the list has none
	ThisUpdate time.Time
	NextUpdate time.Time

	tbs       []byte
	algorithm AlgorithmIdentifier
	signature []byte
	revoked   cryptobyte.String // the entries, each of which is well-formed
	count     int
	index     func() map[string]Revoked
	scope     scope
	delta     bool
	unknown   []string // critical extensions of the list or an entry
}

// Revoked is one entry of a list.
type Revoked struct {
	// At is when the certificate stopped counting: the revocation date, or the
	// invalidity date when the authority states an earlier one (RFC 5280 §5.3.2).
	At time.Time
	// Reason is the CRLReason of RFC 5280 §5.3.1; 0 when not stated.
	Reason int
}

// scope is the issuing distribution point extension, RFC 5280 §5.2.5.
type scope struct {
	names     []string
	named     bool // a distribution point is named
	userOnly  bool
	caOnly    bool
	attribute bool
	indirect  bool
	reasons   bool
}

// ParseCRL reads exactly one list in DER. Nothing is verified yet.
func ParseCRL(der []byte) (*CRL, *Fault) {
	c := &CRL{Raw: bytes.Clone(der)}
	c.index = sync.OnceValue(c.indexed)
	in := cryptobyte.String(c.Raw)
	outer, ok := readSequence(&in)
	if !ok {
		return nil, Faultf(CRLMalformed, "outer structure")
	}
	if !in.Empty() {
		return nil, Faultf(TrailingBytes, "%d bytes after the list", len(in))
	}
	var tbs cryptobyte.String
	if !outer.ReadASN1Element(&tbs, casn1.SEQUENCE) {
		return nil, Faultf(CRLMalformed, "signed part")
	}
	c.tbs = tbs
	if c.algorithm, ok = ReadAlgorithmIdentifier(&outer); !ok ||
		!outer.ReadASN1BitStringAsBytes(&c.signature) || !outer.Empty() {
		return nil, Faultf(CRLMalformed, "signature")
	}
	body, _ := readSequence(&tbs)
	if fault := c.parseTBS(body); fault != nil {
		return nil, fault
	}
	return c, nil
}

func (c *CRL) parseTBS(in cryptobyte.String) *Fault {
	var version int
	if !in.ReadASN1Integer(&version) || version != 1 {
		return Faultf(CRLMalformed, "version is not 2")
	}
	inner, ok := ReadAlgorithmIdentifier(&in)
	if !ok || inner.OID != c.algorithm.OID || !bytes.Equal(inner.Parameters, c.algorithm.Parameters) {
		return Faultf(CRLMalformed, "signature algorithm differs inside and outside")
	}
	if !readElement(&in, &c.RawIssuer) {
		return Faultf(CRLMalformed, "issuer")
	}
	var fault *Fault
	if c.Issuer, fault = ParseName(c.RawIssuer); fault != nil {
		return Faultf(CRLMalformed, "issuer")
	}
	if c.ThisUpdate, ok = readTime(&in); !ok {
		return Faultf(CRLMalformed, "thisUpdate")
	}
	// nextUpdate is required: a list that never ends can be replayed for ever.
	if c.NextUpdate, ok = readTime(&in); !ok || c.NextUpdate.Before(c.ThisUpdate) {
		return Faultf(CRLMalformed, "nextUpdate")
	}
	if in.PeekASN1Tag(casn1.SEQUENCE) {
		list, ok := readSequence(&in)
		if !ok {
			return Faultf(CRLMalformed, "entries")
		}
		if fault := c.parseEntries(list); fault != nil {
			return fault
		}
	}
	return c.parseExtensions(in)
}

func (c *CRL) parseEntries(list cryptobyte.String) *Fault {
	c.revoked = list
	for !list.Empty() {
		entry, fault := readEntry(&list)
		if fault != nil {
			return fault
		}
		if entry.unknown != "" {
			note(&c.unknown, entry.unknown)
		}
		c.count++
	}
	return nil
}

// listed is an entry as it was read.
type listed struct {
	Revoked
	key     string // of the serial number
	unknown string // a critical extension, if there is one
}

func readEntry(list *cryptobyte.String) (entry listed, fault *Fault) {
	body, ok := readSequence(list)
	serial := new(big.Int)
	if !ok || !body.ReadASN1Integer(serial) {
		return entry, Faultf(CRLMalformed, "entry")
	}
	entry.key = serialKey(serial)
	if entry.At, ok = readTime(&body); !ok {
		return entry, Faultf(CRLMalformed, "revocation date")
	}
	if body.Empty() {
		return entry, nil
	}
	extensions, ok := readSequence(&body)
	if !ok || !body.Empty() {
		return entry, Faultf(CRLMalformed, "entry extensions")
	}
	fault = eachExtension(extensions, CRLMalformed, entry.extension)
	return entry, fault
}

// indexed is the map from serial numbers; of two entries of one number the earlier
// time counts.
func (c *CRL) indexed() map[string]Revoked {
	entries := make(map[string]Revoked, c.count)
	for list := c.revoked; !list.Empty(); {
		entry, fault := readEntry(&list)
		if fault != nil {
			panic("pki: an entry that was read once cannot be read again: " + fault.Error())
		}
		if earlier, twice := entries[entry.key]; twice && earlier.At.Before(entry.At) {
			entry.At = earlier.At
		}
		entries[entry.key] = entry.Revoked
	}
	return entries
}

func (entry *listed) extension(oid string, critical bool, value cryptobyte.String) bool {
	switch oid {
	case "2.5.29.21":
		return value.ReadASN1Enum(&entry.Reason) && value.Empty()
	case "2.5.29.24":
		var since time.Time
		if !value.ReadASN1GeneralizedTime(&since) || !value.Empty() {
			return false
		}
		if since.Before(entry.At) {
			entry.At = since.UTC()
		}
		return true
	}
	if critical {
		entry.unknown = oid
	}
	return true
}

func (c *CRL) parseExtensions(in cryptobyte.String) *Fault {
	if in.Empty() {
		return nil
	}
	var wrapped cryptobyte.String
	if !in.ReadASN1(&wrapped, casn1.Tag(0).ContextSpecific().Constructed()) || !in.Empty() {
		return Faultf(CRLMalformed, "unexpected field")
	}
	list, ok := readSequence(&wrapped)
	if !ok || !wrapped.Empty() {
		return Faultf(CRLMalformed, "extensions")
	}
	return eachExtension(list, CRLMalformed, func(oid string, critical bool, value cryptobyte.String) bool {
		switch oid {
		case "2.5.29.20":
			c.Number = new(big.Int)
			return value.ReadASN1Integer(c.Number) && value.Empty() && c.Number.Sign() >= 0
		case "2.5.29.27":
			c.delta = true
			return true
		case "2.5.29.28":
			return c.scope.parse(value)
		}
		if critical {
			note(&c.unknown, oid)
		}
		return true
	})
}

func (s *scope) parse(value cryptobyte.String) bool {
	body, ok := readSequence(&value)
	if !ok || !value.Empty() {
		return false
	}
	if s.names, s.named, ok = readPointName(&body); !ok {
		return false
	}
	for !body.Empty() {
		var content cryptobyte.String
		var tag casn1.Tag
		if !body.ReadAnyASN1(&content, &tag) {
			return false
		}
		set := string(content) == "\xff"
		if !set && string(content) != "\x00" && tag != casn1.Tag(3).ContextSpecific() {
			return false // a truth that is not DER's must not be read as "no"
		}
		switch tag {
		case casn1.Tag(1).ContextSpecific():
			s.userOnly = set
		case casn1.Tag(2).ContextSpecific():
			s.caOnly = set
		case casn1.Tag(3).ContextSpecific():
			s.reasons = true
		case casn1.Tag(4).ContextSpecific():
			s.indirect = set
		case casn1.Tag(5).ContextSpecific():
			s.attribute = set
		default:
			return false
		}
	}
	return true
}

// Line names the series that a list belongs to: the lists of one issuer with one
// scope take each other's place. It is a hexadecimal SHA-256.
func (c *CRL) Line() string {
	h := sha256.New()
	h.Write(c.RawIssuer)
	fmt.Fprintf(h, "%+v", c.scope)
	return hex.EncodeToString(h.Sum(nil))
}

// Len returns the number of entries in the list.
func (c *CRL) Len() int { return c.count }

// Lookup returns the entry of a serial number.
func (c *CRL) Lookup(serial *big.Int) (Revoked, bool) {
	entry, found := c.index()[serialKey(serial)]
	return entry, found
}

func serialKey(serial *big.Int) string { return string(serial.Bytes()) }

// Verify checks that the list is complete, understood and signed by issuer. It
// does not look at time. Delta lists are refused outright: their base would have
// to be kept in step, and every authority that issues them issues full lists too.
func (c *CRL) Verify(issuer *Certificate) *Fault {
	switch {
	case !bytes.Equal(c.RawIssuer, issuer.RawSubject):
		return Faultf(CRLForged, "the list is of %s", c.Issuer)
	case c.delta:
		return Faultf(CRLDelta, "a delta list")
	case len(c.unknown) > 0:
		return Faultf(CRLScope, "critical extension %s", c.unknown[0])
	case c.scope.indirect || c.scope.reasons || c.scope.attribute:
		return Faultf(CRLScope, "an indirect list, or one of some reasons or of attributes")
	case !issuer.Has(CRLSign):
		return Faultf(CRLForged, "%s may not sign lists", issuer.Subject)
	}
	key, fault := issuer.Key()
	if fault != nil {
		return fault
	}
	algorithm, fault := c.algorithm.Signature()
	if fault != nil {
		return fault
	}
	if fault := key.Verify(algorithm, c.tbs, c.signature); fault != nil {
		return Faultf(CRLForged, "the list is not signed by %s", issuer.Subject)
	}
	return nil
}

// Covers reports whether the list speaks of the certificate: of its kind, and of
// its distribution point when the list is bound to one.
func (c *CRL) Covers(certificate *Certificate) bool {
	if c.scope.userOnly && certificate.IsCA || c.scope.caOnly && !certificate.IsCA {
		return false
	}
	return !c.scope.named || slices.ContainsFunc(c.scope.names, func(name string) bool {
		return slices.Contains(certificate.CRLNames, name)
	})
}
