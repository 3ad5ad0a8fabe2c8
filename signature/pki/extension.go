package pki

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// KeyUsage is the bit set of RFC 5280 §4.2.1.3.
type KeyUsage uint16

// The key usages that decide something here.
const (
	DigitalSignature  KeyUsage = 1 << 0
	ContentCommitment KeyUsage = 1 << 1 // nonRepudiation
	KeyCertSign       KeyUsage = 1 << 5
	CRLSign           KeyUsage = 1 << 6
)

// Extended key usages.
const (
	AnyExtendedKeyUsage = "2.5.29.37.0"
	ClientAuth          = "1.3.6.1.5.5.7.3.2"
	EmailProtection     = "1.3.6.1.5.5.7.3.4"
	OCSPSigning         = "1.3.6.1.5.5.7.3.9"
)

// AnyPolicy is the policy that stands for every policy, RFC 5280 §4.2.1.4.
const AnyPolicy = "2.5.29.32.0"

// Extensions is what a certificate's extensions say. Absent ones are zero.
type Extensions struct {
	KeyUsage          KeyUsage
	HasKeyUsage       bool
	ExtendedKeyUsages []string
	IsCA              bool
	PathLength        int // of an authority; -1 when unlimited
	SubjectKeyID      []byte
	AuthorityKeyID    []byte
	Policies          []string
	// PrivateKeyNotBefore and PrivateKeyNotAfter are the period in which the key may
	// sign (2.5.29.16), which Russian authorities state; zero when not stated.
	PrivateKeyNotBefore, PrivateKeyNotAfter time.Time
	// IdentificationKind says how the authority saw the person (1.2.643.100.114):
	// 0 in person, 1 by certificate, 2 by passport, 3 by a state system; nil unstated.
	IdentificationKind *int
	// OCSPNoCheck says that an OCSP responder's certificate need not be checked.
	OCSPNoCheck bool
	// CRLNames are the names of the distribution points. They are compared with a
	// list's own scope, and never fetched.
	CRLNames []string

	names           generalNames // subjectAltName
	constraints     *constraints
	unknownCritical []string
}

// note keeps the first few: one is told, and a list may hold millions.
func note(unknown *[]string, oid string) {
	if len(*unknown) < 4 {
		*unknown = append(*unknown, oid)
	}
}

// Has reports whether all of the usages are granted. Without the extension none is.
func (e *Extensions) Has(usage KeyUsage) bool { return e.KeyUsage&usage == usage }

// maxExtensions bounds the extensions of one certificate, list, entry or answer;
// real ones have about a dozen. Each is compared with those before it, and a list's
// are read before anybody has looked who signed it.
const maxExtensions = 64

// maxPolicies bounds the policies of one certificate, for the same reason.
const maxPolicies = 64

// eachExtension walks the content of an Extensions sequence. Each identifier
// occurs at most once (RFC 5280 §4.2).
func eachExtension(list cryptobyte.String, code Code, visit func(oid string, critical bool, value cryptobyte.String) bool) *Fault {
	var seen []string
	for !list.Empty() {
		body, ok := readSequence(&list)
		if !ok {
			return Faultf(code, "extension")
		}
		oid, ok := readOID(&body)
		critical := false
		var value cryptobyte.String
		if !ok || !readOptionalBoolean(&body, &critical) ||
			!body.ReadASN1(&value, casn1.OCTET_STRING) || !body.Empty() {
			return Faultf(code, "extension")
		}
		if slices.Contains(seen, oid) {
			return Faultf(code, "extension %s twice", oid)
		}
		if len(seen) == maxExtensions {
			return Faultf(code, "more than %d extensions", maxExtensions)
		}
		seen = append(seen, oid)
		if !visit(oid, critical, value) {
			return Faultf(code, "extension %s", oid)
		}
	}
	return nil
}

func (e *Extensions) parse(oid string, critical bool, value cryptobyte.String) bool {
	switch oid {
	case "2.5.29.15":
		return e.parseKeyUsage(value)
	case "2.5.29.37":
		return e.parseExtendedKeyUsage(value)
	case "2.5.29.19":
		return e.parseBasicConstraints(value)
	case "2.5.29.30":
		var ok bool
		e.constraints, ok = parseConstraints(value)
		return ok
	case "2.5.29.17":
		var ok bool
		e.names, ok = parseGeneralNames(value)
		return ok
	case "2.5.29.14":
		return value.ReadASN1Bytes(&e.SubjectKeyID, casn1.OCTET_STRING) && value.Empty()
	case "2.5.29.35":
		return e.parseAuthorityKeyID(value)
	case "2.5.29.32":
		return e.parsePolicies(value)
	case "2.5.29.31":
		return e.parseDistributionPoints(value)
	case "2.5.29.16":
		return e.parsePrivateKeyPeriod(value)
	case "1.3.6.1.5.5.7.48.1.5":
		e.OCSPNoCheck = true
		return string(value) == "\x05\x00"
	case "1.2.643.100.114":
		e.IdentificationKind = new(int)
		return value.ReadASN1Integer(e.IdentificationKind) && value.Empty()
	}
	if critical {
		e.unknownCritical = append(e.unknownCritical, oid)
	}
	return true
}

func (e *Extensions) parseKeyUsage(value cryptobyte.String) bool {
	var bits []byte
	var unused uint8
	var content cryptobyte.String
	if !value.ReadASN1(&content, casn1.BIT_STRING) || !value.Empty() ||
		!content.ReadUint8(&unused) || len(content) == 0 || len(content) > 2 {
		return false
	}
	bits = content
	for i := range 9 {
		if i/8 < len(bits) && bits[i/8]>>(7-i%8)&1 == 1 {
			e.KeyUsage |= 1 << i
		}
	}
	e.HasKeyUsage = true
	return e.KeyUsage != 0
}

func (e *Extensions) parseExtendedKeyUsage(value cryptobyte.String) bool {
	list, ok := readSequence(&value)
	if !ok || !value.Empty() || list.Empty() {
		return false
	}
	for !list.Empty() {
		oid, ok := readOID(&list)
		if !ok {
			return false
		}
		e.ExtendedKeyUsages = append(e.ExtendedKeyUsages, oid)
	}
	return true
}

func (e *Extensions) parseBasicConstraints(value cryptobyte.String) bool {
	body, ok := readSequence(&value)
	if !ok || !value.Empty() || !readOptionalBoolean(&body, &e.IsCA) {
		return false
	}
	e.PathLength = -1
	if body.PeekASN1Tag(casn1.INTEGER) {
		if !e.IsCA || !body.ReadASN1Integer(&e.PathLength) || e.PathLength < 0 {
			return false
		}
	}
	return body.Empty()
}

func (e *Extensions) parseAuthorityKeyID(value cryptobyte.String) bool {
	body, ok := readSequence(&value)
	if !ok || !value.Empty() {
		return false
	}
	var id cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&id, &present, casn1.Tag(0).ContextSpecific()) {
		return false
	}
	e.AuthorityKeyID = id
	return true // an issuer and serial may follow; names and signatures decide, not hints
}

func (e *Extensions) parsePolicies(value cryptobyte.String) bool {
	list, ok := readSequence(&value)
	if !ok || !value.Empty() || list.Empty() {
		return false
	}
	for !list.Empty() {
		body, ok := readSequence(&list)
		if !ok {
			return false
		}
		oid, ok := readOID(&body)
		if !ok || slices.Contains(e.Policies, oid) || len(e.Policies) == maxPolicies {
			return false
		}
		e.Policies = append(e.Policies, oid)
	}
	return true
}

// parseDistributionPoints keeps the URIs of the full names.
func (e *Extensions) parseDistributionPoints(value cryptobyte.String) bool {
	list, ok := readSequence(&value)
	if !ok || !value.Empty() {
		return false
	}
	for !list.Empty() {
		point, ok := readSequence(&list)
		if !ok {
			return false
		}
		names, _, ok := readPointName(&point)
		if !ok {
			return false
		}
		e.CRLNames = append(e.CRLNames, names...)
	}
	return true
}

// readPointName reads an optional DistributionPointName in [0] and returns the
// URIs of its full name.
func readPointName(in *cryptobyte.String) (uris []string, present, ok bool) {
	zero := casn1.Tag(0).ContextSpecific().Constructed()
	var name, full cryptobyte.String
	if !in.ReadOptionalASN1(&name, &present, zero) {
		return nil, false, false
	}
	if !present || !name.PeekASN1Tag(zero) {
		return nil, present, true
	}
	if !name.ReadASN1(&full, zero) {
		return nil, true, false
	}
	for !full.Empty() {
		var value cryptobyte.String
		var tag casn1.Tag
		if !full.ReadAnyASN1(&value, &tag) {
			return nil, true, false
		}
		if tag == casn1.Tag(6).ContextSpecific() {
			uris = append(uris, strings.TrimSpace(string(value)))
		}
	}
	return uris, true, true
}

// parsePrivateKeyPeriod reads PrivateKeyUsagePeriod, RFC 3280 §4.2.1.4.
func (e *Extensions) parsePrivateKeyPeriod(value cryptobyte.String) bool {
	body, ok := readSequence(&value)
	if !ok || !value.Empty() {
		return false
	}
	for i, out := range []*time.Time{&e.PrivateKeyNotBefore, &e.PrivateKeyNotAfter} {
		var text cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&text, &present, casn1.Tag(i).ContextSpecific()) {
			return false
		}
		if !present {
			continue
		}
		t, err := time.Parse("20060102150405Z", string(text))
		if err != nil {
			return false
		}
		*out = t
	}
	return body.Empty()
}
