package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names, values and references: what the reader finds between the signs of XML. A report
// has a million bytes of it, so that the usual ones are told by a look into a table.

// quotedText is how long the text up to the quote is, -1 when there is no quote; where
// in it the first < stands, -1 for nowhere; and whether there is nothing to resolve in
// it, as plainText has it.
func quotedText(s string, quote byte) (length, less int, plain bool) {
	less, plain = -1, true
	for i := range len(s) {
		switch c := s[i]; {
		case c == quote:
			return i, less, plain
		case c == '<' && less < 0:
			less = i
		case needsLook[c]:
			plain = false
		}
	}
	return -1, less, plain
}

// needsLook are the bytes that may begin a reference or a control character, of which
// U+0080 to U+009F begin with the byte 0xC2.
var needsLook = func() (table [256]bool) {
	for c := range table {
		table[c] = c == '&' || c < ' ' || c == 0x7F || c == 0xC2
	}
	return table
}()

// unescape resolves the five entities of XML and character references, and turns
// line breaks and tabs into spaces (XML 1.0 §3.3.3). at is where raw begins.
func (r *reader) unescape(raw string, at int) (string, *Fault) {
	if plainText(raw) {
		return raw, nil
	}
	var b strings.Builder
	for i := 0; i < len(raw); {
		c, size := utf8.DecodeRuneInString(raw[i:])
		switch {
		case c == '&':
			replaced, length := entity(raw[i:])
			if length == 0 {
				return "", r.fault("xml_entity", at+i)
			}
			b.WriteRune(replaced)
			size = length
		case space(c):
			b.WriteByte(' ')
		case unicode.IsControl(c):
			return "", r.fault("xml_character", at+i)
		default:
			b.WriteRune(c)
		}
		i += size
	}
	return b.String(), nil
}

// plainText reports whether there is nothing to resolve: no reference and no
// control character.
func plainText(s string) bool {
	for i := range len(s) {
		if needsLook[s[i]] {
			return false
		}
	}
	return true
}

var entities = map[string]rune{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// entity reads the reference with which s begins; length 0 when it is none.
func entity(s string) (r rune, length int) {
	name, _, found := strings.Cut(s[1:min(len(s), 12)], ";")
	if !found {
		return 0, 0
	}
	if r, known := entities[name]; known {
		return r, len(name) + 2
	}
	digits, numeric := strings.CutPrefix(name, "#")
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if !numeric || err != nil || n > unicode.MaxRune || unicode.IsControl(rune(n)) || !utf8.ValidRune(rune(n)) {
		return 0, 0
	}
	return rune(n), len(name) + 2
}

// name reads the name of an element or attribute.
func (r *reader) name() (string, *Fault) {
	rest := r.rest()
	length := nameLength(rest)
	name := rest[:length]
	if first, _ := utf8.DecodeRuneInString(name); length == 0 || length > 128 || !letter(first) && first != '_' {
		return "", r.fault("xml_syntax", r.at)
	}
	r.at += length
	return name, nil
}

// nameLength is how many bytes at the beginning of s a name can have. Names are half of
// a report, and nearly all of them ASCII and the letters А to я, which are told by their
// bytes: 0xD0 0x90 to 0xD1 0x8F.
func nameLength(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case nameBytes[c]:
			i++
		case c < utf8.RuneSelf:
			return i
		case c == 0xD0 && i+1 < len(s) && s[i+1] >= 0x90, c == 0xD1 && i+1 < len(s) && s[i+1] <= 0x8F:
			i += 2
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !letter(r) {
				return i
			}
			i += size
		}
	}
	return len(s)
}

// nameBytes are the bytes of ASCII that a name may have.
var nameBytes = func() (allowed [256]bool) {
	for c := range utf8.RuneSelf {
		allowed[c] = letter(rune(c)) || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':'
	}
	return allowed
}()

// letter is unicode.IsLetter with a short way for the letters that reports have.
func letter(c rune) bool {
	switch {
	case c >= 'а' && c <= 'я' || c >= 'А' && c <= 'Я' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return true
	case c < utf8.RuneSelf:
		return false
	}
	return unicode.IsLetter(c)
}
