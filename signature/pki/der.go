package pki

import (
	"bytes"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds of CheckDER. A certificate nests to about 10, a CMS around it to 20.
const (
	maxDepth    = 40
	maxElements = 20_000
)

// CheckDER walks the whole encoding of exactly one element and refuses whatever
// is BER but not DER (X.690 §10, §11): indefinite or padded lengths, constructed
// strings, padded integers, booleans other than 00 and FF, dirty unused bits, times
// without seconds or with a zone of their own.
// Two readers that agree on DER agree on the meaning; BER lets them differ.
//
// The order of SET OF is not looked at here: whoever hashes a set checks it with
// SortedSet. Contents of octet strings are opaque.
func CheckDER(der []byte) *Fault {
	walker := walker{budget: maxElements}
	rest, fault := walker.element(der, 0)
	if fault != nil {
		return fault
	}
	if len(rest) != 0 {
		return Faultf(TrailingBytes, "%d bytes after the end", len(rest))
	}
	return nil
}

type walker struct{ budget int }

func (w *walker) element(in []byte, depth int) (rest []byte, fault *Fault) {
	w.budget--
	if depth > maxDepth || w.budget < 0 {
		return nil, Faultf(NotDER, "nested or divided beyond measure")
	}
	tag, content, rest, fault := header(in)
	if fault != nil {
		return nil, fault
	}
	const constructed, universal = 0x20, 0xc0
	if tag&universal == 0 {
		if fault := universalForm(tag, content); fault != nil {
			return nil, fault
		}
	}
	if tag&constructed == 0 {
		return rest, nil
	}
	for len(content) > 0 {
		if content, fault = w.element(content, depth+1); fault != nil {
			return nil, fault
		}
	}
	return rest, nil
}

// header splits one element off. Tag numbers above 30 occur in nothing we read.
func header(in []byte) (tag byte, content, rest []byte, fault *Fault) {
	if len(in) < 2 {
		return 0, nil, nil, Faultf(NotDER, "cut short")
	}
	tag, length, in := in[0], uint64(in[1]), in[2:]
	if tag&0x1f == 0x1f {
		return 0, nil, nil, Faultf(NotDER, "long tag")
	}
	if length >= 0x80 {
		octets := int(length & 0x7f)
		if octets == 0 || octets > 4 {
			return 0, nil, nil, Faultf(NotDER, "indefinite or excessive length")
		}
		if len(in) < octets {
			return 0, nil, nil, Faultf(NotDER, "cut short")
		}
		length = 0
		for _, b := range in[:octets] {
			length = length<<8 | uint64(b)
		}
		if length < 0x80 || length>>(8*(octets-1)) == 0 {
			return 0, nil, nil, Faultf(NotDER, "length not minimal")
		}
		in = in[octets:]
	}
	if length > uint64(len(in)) {
		return 0, nil, nil, Faultf(NotDER, "cut short")
	}
	return tag, in[:length], in[length:], nil
}

// universalForm checks the form of a universal type, X.690 §8 and §11.
func universalForm(tag byte, content []byte) *Fault {
	switch tag {
	case 0x30, 0x31: // SEQUENCE, SET
		return nil
	case 0x01: // BOOLEAN
		if len(content) != 1 || content[0] != 0 && content[0] != 0xff {
			return Faultf(NotDER, "boolean")
		}
	case 0x02, 0x0a: // INTEGER, ENUMERATED
		if len(content) == 0 || len(content) > 1 &&
			(content[0] == 0 && content[1] < 0x80 || content[0] == 0xff && content[1] >= 0x80) {
			return Faultf(NotDER, "integer not minimal")
		}
	case 0x03: // BIT STRING
		if !bitString(content) {
			return Faultf(NotDER, "bit string")
		}
	case 0x05: // NULL
		if len(content) != 0 {
			return Faultf(NotDER, "null with content")
		}
	case 0x06: // OBJECT IDENTIFIER
		if !objectIdentifier(content) {
			return Faultf(NotDER, "object identifier")
		}
	case 0x17, 0x18: // UTCTime, GeneralizedTime
		if !inUTC(content) {
			return Faultf(NotDER, "time")
		}
	case 0x04, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e: // strings
	default:
		return Faultf(NotDER, "type %#02x has no place here", tag)
	}
	return nil
}

func bitString(content []byte) bool {
	if len(content) == 0 || content[0] > 7 || len(content) == 1 && content[0] != 0 {
		return false
	}
	return len(content) == 1 || content[len(content)-1]&(1<<content[0]-1) == 0
}

// inUTC reports whether a time has its seconds and ends in Z (X.690 §11.7, §11.8):
// twelve or fourteen digits before it. Fractions occur in nothing we read.
func inUTC(content []byte) bool {
	digits, zulu := bytes.CutSuffix(content, []byte("Z"))
	return zulu && (len(digits) == 12 || len(digits) == 14) &&
		!bytes.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
}

func objectIdentifier(content []byte) bool {
	if len(content) == 0 || content[len(content)-1] >= 0x80 {
		return false
	}
	start := true
	for _, b := range content {
		if start && b == 0x80 {
			return false
		}
		start = b < 0x80
	}
	return true
}

// SortedSet reports whether the elements of a SET OF stand in the order that
// DER asks for (X.690 §11.6), none twice. set is the content, without header.
func SortedSet(set []byte) bool {
	var previous []byte
	for len(set) > 0 {
		_, _, rest, fault := header(set)
		if fault != nil {
			return false
		}
		element := set[:len(set)-len(rest)]
		if previous != nil && string(previous) >= string(element) {
			return false
		}
		previous, set = element, rest
	}
	return true
}

// readSequence returns the content of a SEQUENCE and whether there was one.
func readSequence(in *cryptobyte.String) (content cryptobyte.String, ok bool) {
	ok = in.ReadASN1(&content, casn1.SEQUENCE)
	return content, ok
}

// maxOID bounds an object identifier in bytes; the longest in use have about
// fifteen. Each becomes an integer of eight when it is read.
const maxOID = 64

// readOID returns an object identifier in dotted form.
func readOID(in *cryptobyte.String) (string, bool) {
	ahead := *in
	var content cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !ahead.ReadASN1(&content, casn1.OBJECT_IDENTIFIER) || len(content) > maxOID || !in.ReadASN1ObjectIdentifier(&oid) {
		return "", false
	}
	return oid.String(), true
}

// readTime reads UTCTime or GeneralizedTime in UTC with seconds, RFC 5280 §4.1.2.5.
func readTime(in *cryptobyte.String) (t time.Time, ok bool) {
	ahead := *in
	var content cryptobyte.String
	if !ahead.ReadAnyASN1(&content, new(casn1.Tag)) || !inUTC(content) {
		return time.Time{}, false
	}
	if in.PeekASN1Tag(casn1.UTCTime) {
		ok = in.ReadASN1UTCTime(&t)
	} else {
		ok = in.ReadASN1GeneralizedTime(&t)
	}
	return t.UTC(), ok
}

// readOptionalBoolean reads a BOOLEAN DEFAULT FALSE.
func readOptionalBoolean(in *cryptobyte.String, out *bool) bool {
	*out = false
	return !in.PeekASN1Tag(casn1.BOOLEAN) || in.ReadASN1Boolean(out)
}
