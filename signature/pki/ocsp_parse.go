package pki

import (
	"bytes"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds of an answer.
const (
	maxOCSP             = 64 << 10
	maxOCSPCertificates = 8
	maxOCSPSingles      = 16
)

// ParseOCSP reads an OCSPResponse, RFC 6960 §4.2.1. A responder's refusal (try
// later, unauthorised ...) is the fault OCSPStatus.
func ParseOCSP(der []byte) (*OCSPResponse, *Fault) {
	if len(der) > maxOCSP {
		return nil, Faultf(OCSPMalformed, "%d bytes", len(der))
	}
	if fault := CheckDER(der); fault != nil {
		return nil, fault
	}
	in := cryptobyte.String(bytes.Clone(der))
	outer, ok := readSequence(&in)
	var status int
	if !ok || !outer.ReadASN1Enum(&status) {
		return nil, Faultf(OCSPMalformed, "status")
	}
	if status != 0 {
		return nil, Faultf(OCSPStatus, "the responder says %d", status)
	}
	var wrapped, basic cryptobyte.String
	if !outer.ReadASN1(&wrapped, casn1.Tag(0).ContextSpecific().Constructed()) || !outer.Empty() {
		return nil, Faultf(OCSPMalformed, "response bytes")
	}
	body, ok := readSequence(&wrapped)
	if !ok || !wrapped.Empty() {
		return nil, Faultf(OCSPMalformed, "response bytes")
	}
	if kind, ok := readOID(&body); !ok || kind != oidOCSPBasic ||
		!body.ReadASN1(&basic, casn1.OCTET_STRING) || !body.Empty() {
		return nil, Faultf(OCSPMalformed, "not a basic answer")
	}
	if fault := CheckDER(basic); fault != nil {
		return nil, fault
	}
	return parseBasic(basic)
}

func parseBasic(in cryptobyte.String) (*OCSPResponse, *Fault) {
	r := new(OCSPResponse)
	body, ok := readSequence(&in)
	var tbs cryptobyte.String
	if !ok || !body.ReadASN1Element(&tbs, casn1.SEQUENCE) {
		return nil, Faultf(OCSPMalformed, "signed part")
	}
	r.tbs = tbs
	if r.algorithm, ok = ReadAlgorithmIdentifier(&body); !ok || !body.ReadASN1BitStringAsBytes(&r.signature) {
		return nil, Faultf(OCSPMalformed, "signature")
	}
	if fault := r.parseCertificates(body); fault != nil {
		return nil, fault
	}
	content, _ := readSequence(&tbs)
	return r, r.parseTBS(content)
}

func (r *OCSPResponse) parseCertificates(in cryptobyte.String) *Fault {
	var wrapped cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&wrapped, &present, casn1.Tag(0).ContextSpecific().Constructed()) || !in.Empty() {
		return Faultf(OCSPMalformed, "certificates")
	}
	if !present {
		return nil
	}
	list, ok := readSequence(&wrapped)
	if !ok || !wrapped.Empty() {
		return Faultf(OCSPMalformed, "certificates")
	}
	for !list.Empty() {
		var raw []byte
		if !readElement(&list, &raw) || len(r.certificates) == maxOCSPCertificates {
			return Faultf(OCSPMalformed, "certificates")
		}
		c, fault := ParseCertificate(raw)
		if fault != nil {
			return fault
		}
		r.certificates = append(r.certificates, c)
	}
	return nil
}

func (r *OCSPResponse) parseTBS(in cryptobyte.String) *Fault {
	var version int
	if !in.ReadOptionalASN1Integer(&version, casn1.Tag(0).ContextSpecific().Constructed(), 0) || version != 0 {
		return Faultf(OCSPMalformed, "version")
	}
	if !r.readResponder(&in) || !in.ReadASN1GeneralizedTime(&r.ProducedAt) {
		return Faultf(OCSPMalformed, "responder")
	}
	list, ok := readSequence(&in)
	if !ok {
		return Faultf(OCSPMalformed, "answers")
	}
	for !list.Empty() {
		single, ok := readSingle(&list)
		if !ok || len(r.singles) == maxOCSPSingles {
			return Faultf(OCSPMalformed, "answers")
		}
		r.singles = append(r.singles, single)
	}
	return r.parseExtensions(in)
}

func (r *OCSPResponse) readResponder(in *cryptobyte.String) bool {
	var value cryptobyte.String
	byName, byKey := casn1.Tag(1).ContextSpecific().Constructed(), casn1.Tag(2).ContextSpecific().Constructed()
	switch {
	case in.PeekASN1Tag(byName):
		if !in.ReadASN1(&value, byName) {
			return false
		}
		r.responderName = value
		return true
	case in.PeekASN1Tag(byKey):
		return in.ReadASN1(&value, byKey) && value.ReadASN1Bytes(&r.responderKey, casn1.OCTET_STRING) && value.Empty()
	}
	return false
}

func (r *OCSPResponse) parseExtensions(in cryptobyte.String) *Fault {
	var wrapped cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&wrapped, &present, casn1.Tag(1).ContextSpecific().Constructed()) || !in.Empty() {
		return Faultf(OCSPMalformed, "unexpected field")
	}
	if !present {
		return nil
	}
	list, ok := readSequence(&wrapped)
	if !ok || !wrapped.Empty() {
		return Faultf(OCSPMalformed, "extensions")
	}
	return eachExtension(list, OCSPMalformed, func(oid string, critical bool, value cryptobyte.String) bool {
		if oid == oidOCSPNonce {
			return value.ReadASN1Bytes(&r.Nonce, casn1.OCTET_STRING) && value.Empty()
		}
		if critical {
			r.unknown = append(r.unknown, oid)
		}
		return true
	})
}

// readSingle reads a SingleResponse.
func readSingle(in *cryptobyte.String) (s OCSPSingle, ok bool) {
	body, ok := readSequence(in)
	if !ok {
		return s, false
	}
	id, ok := readSequence(&body)
	if !ok {
		return s, false
	}
	s.serial = new(big.Int)
	if s.hash, ok = ReadAlgorithmIdentifier(&id); !ok || !id.ReadASN1Bytes(&s.nameHash, casn1.OCTET_STRING) ||
		!id.ReadASN1Bytes(&s.keyHash, casn1.OCTET_STRING) || !id.ReadASN1Integer(s.serial) || !id.Empty() {
		return s, false
	}
	if !s.readStatus(&body) || !body.ReadASN1GeneralizedTime(&s.ThisUpdate) {
		return s, false
	}
	var next cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&next, &present, casn1.Tag(0).ContextSpecific().Constructed()) {
		return s, false
	}
	if present && (!next.ReadASN1GeneralizedTime(&s.NextUpdate) || !next.Empty()) {
		return s, false
	}
	return s, s.readExtensions(body)
}

// readExtensions reads singleExtensions, RFC 6960 §4.4. None of those that are known
// changes the answer; one that is critical could, and is kept for Check to refuse.
func (s *OCSPSingle) readExtensions(in cryptobyte.String) bool {
	var wrapped cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&wrapped, &present, casn1.Tag(1).ContextSpecific().Constructed()) || !in.Empty() {
		return false
	}
	if !present {
		return true
	}
	list, ok := readSequence(&wrapped)
	return ok && wrapped.Empty() && eachExtension(list, OCSPMalformed, func(oid string, critical bool, _ cryptobyte.String) bool {
		if critical {
			s.unknown = oid
		}
		return true
	}) == nil
}

func (s *OCSPSingle) readStatus(in *cryptobyte.String) bool {
	var value cryptobyte.String
	var tag casn1.Tag
	if !in.ReadAnyASN1(&value, &tag) {
		return false
	}
	switch tag {
	case casn1.Tag(0).ContextSpecific():
		s.Status = OCSPGood
		return value.Empty()
	case casn1.Tag(2).ContextSpecific():
		s.Status = OCSPUnknown
		return value.Empty()
	case casn1.Tag(1).ContextSpecific().Constructed():
		s.Status = OCSPRevoked
		return s.readRevoked(value)
	}
	return false
}

func (s *OCSPSingle) readRevoked(in cryptobyte.String) bool {
	var at time.Time
	if !in.ReadASN1GeneralizedTime(&at) {
		return false
	}
	s.RevokedAt = at.UTC()
	var reason cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&reason, &present, casn1.Tag(0).ContextSpecific().Constructed()) || !in.Empty() {
		return false
	}
	return !present || reason.ReadASN1Enum(&s.Reason) && reason.Empty()
}
