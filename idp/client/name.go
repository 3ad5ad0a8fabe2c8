package client

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// distinguishedName is the subject that a client registered
// (tls_client_auth_subject_dn), in the order of a certificate: RFC 4514 writes
// names from the last element to the first.
type distinguishedName []relativeName

// relativeName is one element: a set, nearly always of one.
type relativeName []nameAttribute

type nameAttribute struct{ kind, value string } // kind is a dotted OID

// attributeKinds are the short names that may be written instead of an OID:
// RFC 4514 §3's, and those that OpenSSL prints beside them.
var attributeKinds = map[string]string{
	"CN": "2.5.4.3", "L": "2.5.4.7", "ST": "2.5.4.8", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "STREET": "2.5.4.9",
	"DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1",
	"SN": "2.5.4.4", "GN": "2.5.4.42", "TITLE": "2.5.4.12", "SERIALNUMBER": "2.5.4.5",
	"ORGANIZATIONIDENTIFIER": "2.5.4.97", "EMAILADDRESS": "1.2.840.113549.1.9.1",
}

// The longest name that is read, in bytes and in elements.
const maxName, maxNameElements = 2048, 32

// parseName reads the text of RFC 4514 §3. Spaces after a separator are let
// pass, as most people write them; values in BER (#hex) are not taken.
func parseName(text string) (distinguishedName, error) {
	if text == "" || len(text) > maxName || !utf8.ValidString(text) {
		return nil, errors.New("it must be a name as RFC 4514 writes it")
	}
	var name distinguishedName
	element := relativeName{}
	for rest := text; ; {
		attribute, separator, left, err := parseAttribute(rest)
		if err != nil {
			return nil, err
		}
		element = append(element, attribute)
		if separator != '+' {
			name = append(name, element.sorted())
			element = relativeName{}
		}
		if separator == 0 {
			slices.Reverse(name)
			return name, nil
		}
		if len(name)+len(element) > maxNameElements {
			return nil, errors.New("it has too many elements")
		}
		rest = left
	}
}

// parseAttribute reads one type=value and the separator after it, 0 at the end.
func parseAttribute(text string) (a nameAttribute, separator byte, rest string, err error) {
	kind, rest, ok := strings.Cut(strings.TrimLeft(text, " "), "=")
	if !ok {
		return a, 0, "", errors.New("an element has no =")
	}
	if a.kind, err = attributeKind(kind); err != nil {
		return a, 0, "", err
	}
	if strings.HasPrefix(rest, "#") || strings.HasPrefix(rest, " ") {
		return a, 0, "", errors.New("a value begins with # or a space; escape it")
	}
	a.value, separator, rest, err = parseValue(rest)
	return a, separator, rest, err
}

func attributeKind(kind string) (string, error) {
	if oid, ok := attributeKinds[strings.ToUpper(kind)]; ok {
		return oid, nil
	}
	oid := strings.TrimPrefix(strings.TrimPrefix(kind, "OID."), "oid.")
	for arc := range strings.SplitSeq(oid, ".") {
		if _, err := strconv.ParseUint(arc, 10, 31); err != nil {
			return "", fmt.Errorf("the attribute type %.40q is unknown; write its OID", kind)
		}
	}
	return oid, nil
}

// parseValue reads a string with its escapes up to the next bare separator.
func parseValue(text string) (value string, separator byte, rest string, err error) {
	var b strings.Builder
	trailing := 0 // bare spaces at the end
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\':
			escaped, size, err := unescape(text[i+1:])
			if err != nil {
				return "", 0, "", err
			}
			b.WriteString(escaped)
			i, trailing = i+size, 0
		case ',', '+':
			return finishValue(b.String(), trailing, c, text[i+1:])
		case '"', ';', '<', '>', 0:
			return "", 0, "", fmt.Errorf("the character %q must be escaped", c)
		default:
			trailing++
			if c != ' ' {
				trailing = 0
			}
			b.WriteByte(c)
		}
	}
	return finishValue(b.String(), trailing, 0, "")
}

func finishValue(value string, trailing int, separator byte, rest string) (string, byte, string, error) {
	if value == "" || trailing > 0 || !utf8.ValidString(value) {
		return "", 0, "", errors.New("a value is empty, ends with a bare space or is not UTF-8")
	}
	return value, separator, rest, nil
}

// unescape reads what follows a backslash: a special character or two hex digits.
func unescape(text string) (string, int, error) {
	if text != "" && strings.ContainsRune(`\"+,;<> #=`, rune(text[0])) {
		return text[:1], 1, nil
	}
	if len(text) >= 2 {
		if octet, err := hex.DecodeString(text[:2]); err == nil {
			return string(octet), 2, nil
		}
	}
	return "", 0, errors.New("a backslash is followed by nothing that it can escape")
}

func (n relativeName) sorted() relativeName {
	slices.SortFunc(n, func(a, b nameAttribute) int {
		return strings.Compare(a.kind+"="+a.value, b.kind+"="+b.value)
	})
	return n
}

// names reports whether the DER subject is this name: the same elements in the
// same order, with equal values. Case and inner spaces count, where the matching
// rules of RFC 4517 would let many of them differ.
func (n distinguishedName) names(rawSubject []byte) bool {
	var subject pkix.RDNSequence
	if rest, err := asn1.Unmarshal(rawSubject, &subject); err != nil || len(rest) > 0 {
		return false
	}
	return slices.EqualFunc(n, subject, func(wanted relativeName, element pkix.RelativeDistinguishedNameSET) bool {
		found := make(relativeName, len(element))
		for i, attribute := range element {
			value, ok := attribute.Value.(string)
			if !ok {
				return false
			}
			found[i] = nameAttribute{attribute.Type.String(), value}
		}
		return slices.Equal(wanted, found.sorted())
	})
}
