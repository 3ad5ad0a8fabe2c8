package pki

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Attribute is one type and value of a distinguished name.
type Attribute struct {
	OID   string
	Tag   byte   // the ASN.1 string type of the value
	Value string // decoded to UTF-8
}

// String types of attribute values.
const (
	TagUTF8String      byte = 0x0c
	TagNumericString   byte = 0x12
	TagPrintableString byte = 0x13
)

// Name is a distinguished name: relative names from the root down, each one or
// more attributes.
type Name [][]Attribute

// maxAttributes bounds a name; a qualified certificate has about fifteen.
const maxAttributes = 64

// Attributes returns all attributes in order, whichever relative name they are in.
func (n Name) Attributes() []Attribute {
	var all []Attribute
	for _, rdn := range n {
		all = append(all, rdn...)
	}
	return all
}

// ParseName reads a Name in DER, RFC 5280 §4.1.2.4. The fault's code is
// CertificateMalformed.
func ParseName(raw []byte) (Name, *Fault) {
	in := cryptobyte.String(raw)
	sequence, ok := readSequence(&in)
	if !ok || !in.Empty() {
		return nil, Faultf(CertificateMalformed, "name")
	}
	var name Name
	count := 0
	for !sequence.Empty() {
		var set cryptobyte.String
		if !sequence.ReadASN1(&set, casn1.SET) || set.Empty() {
			return nil, Faultf(CertificateMalformed, "relative name")
		}
		var rdn []Attribute
		for !set.Empty() {
			attribute, fault := parseAttribute(&set)
			if fault != nil {
				return nil, fault
			}
			if count++; count > maxAttributes {
				return nil, Faultf(CertificateMalformed, "name of more than %d attributes", maxAttributes)
			}
			rdn = append(rdn, attribute)
		}
		name = append(name, rdn)
	}
	return name, nil
}

func parseAttribute(in *cryptobyte.String) (a Attribute, fault *Fault) {
	body, ok := readSequence(in)
	if !ok {
		return a, Faultf(CertificateMalformed, "attribute")
	}
	if a.OID, ok = readOID(&body); !ok {
		return a, Faultf(CertificateMalformed, "attribute type")
	}
	var value cryptobyte.String
	var tag casn1.Tag
	if !body.ReadAnyASN1(&value, &tag) || !body.Empty() {
		return a, Faultf(CertificateMalformed, "attribute value")
	}
	a.Tag = byte(tag)
	if a.Value, ok = decodeString(a.Tag, value); !ok {
		return a, Faultf(CertificateMalformed, "value of attribute %s", a.OID)
	}
	return a, nil
}

// decodeString decodes the string types of DirectoryString and IA5String. T61
// is read as ASCII only: beyond it, its meaning depends on the reader.
func decodeString(tag byte, value []byte) (string, bool) {
	switch tag {
	case TagUTF8String:
		return string(value), utf8.Valid(value)
	case TagNumericString, TagPrintableString, 0x14, 0x16, 0x1a:
		for _, b := range value {
			if b >= 0x80 || b < 0x20 {
				return "", false
			}
		}
		return string(value), true
	case 0x1e: // BMPString
		if len(value)%2 != 0 {
			return "", false
		}
		units := make([]uint16, 0, len(value)/2)
		for i := 0; i < len(value); i += 2 {
			unit := uint16(value[i])<<8 | uint16(value[i+1])
			if utf16.IsSurrogate(rune(unit)) {
				return "", false
			}
			units = append(units, unit)
		}
		return string(utf16.Decode(units)), true
	}
	return "", false
}

// within reports whether n lies in the subtree of base: base is a prefix of n.
// Values compare without regard to case and spaces (RFC 5280 §7.1).
func (n Name) within(base Name) bool {
	if len(base) > len(n) {
		return false
	}
	for i, rdn := range base {
		if len(rdn) != len(n[i]) {
			return false
		}
		for _, attribute := range rdn {
			if !containsAttribute(n[i], attribute) {
				return false
			}
		}
	}
	return true
}

func containsAttribute(rdn []Attribute, want Attribute) bool {
	for _, a := range rdn {
		if a.OID == want.OID && fold(a.Value) == fold(want.Value) {
			return true
		}
	}
	return false
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// String writes the name for a person: the common name, or else the organisation,
// or else every attribute.
func (n Name) String() string {
	for _, oid := range []string{"2.5.4.3", "2.5.4.10"} {
		for _, a := range n.Attributes() {
			if a.OID == oid {
				return a.Value
			}
		}
	}
	var parts []string
	for _, a := range n.Attributes() {
		parts = append(parts, a.OID+"="+a.Value)
	}
	return strings.Join(parts, ", ")
}
