package jws

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// ErrClaims is returned for what is no JSON object, or has a member twice.
var ErrClaims = errors.New("jws: not a JSON object, each member of which comes once")

const (
	// maxDepth is how deep objects and lists may stand in each other.
	maxDepth = 32
	// fewNames are looked through one by one; more of them get a map.
	fewNames = 16
)

// Members reads a JSON object (RFC 8259) in one pass and gives its members to member,
// in order; one that member refuses is ErrClaims. Names count as they are written,
// letter by letter, no object in it may have a member twice (RFC 7519 §4), text is
// UTF-8 without halves of surrogate pairs (RFC 7493 §2.1), and there is nothing behind
// it. The values are as they stand there; see Value.
func Members(object string, member func(name string, value Value) bool) error {
	s := scanner{text: object}
	s.space()
	if !utf8.ValidString(object) || !s.object(0, member) {
		return ErrClaims
	}
	if s.space(); s.at != len(object) {
		return ErrClaims
	}
	return nil
}

// Value is a JSON value as it is written, known to be one.
type Value string

// IsNull reports whether it is null, which counts as absent.
func (v Value) IsNull() bool { return v == "null" }

// IsText reports whether it is text.
func (v Value) IsText() bool { return v != "" && v[0] == '"' }

// Text sets text; null leaves it as it is, and anything else is refused.
func (v Value) Text(text *string) bool {
	switch {
	case v.IsNull():
	case !v.IsText():
		return false
	case !strings.Contains(string(v), `\`):
		*text = string(v[1 : len(v)-1])
	default:
		return json.Unmarshal([]byte(v), text) == nil
	}
	return true
}

// Number sets number; null leaves it as it is, and anything else is refused, as is what
// is larger than a float64.
func (v Value) Number(number *float64) bool {
	if v.IsNull() {
		return true
	}
	if v == "" || v[0] != '-' && (v[0] < '0' || v[0] > '9') {
		return false
	}
	n, err := strconv.ParseFloat(string(v), 64)
	*number = n
	return err == nil
}

// Read reads anything else, as go-jose's encoding/json does: names by their case.
func (v Value) Read(into any) bool { return json.Unmarshal([]byte(v), into) == nil }

// scanner stands at a place in a text. Its methods move it over what they are called
// after, and report whether that was there.
type scanner struct {
	text string
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// byte moves over one, and over the space behind it.
func (s *scanner) byte(b byte) bool {
	if s.at >= len(s.text) || s.text[s.at] != b {
		return false
	}
	s.at++
	s.space()
	return true
}

// value leaves the space behind the value to the caller.
func (s *scanner) value(depth int) bool {
	if s.at >= len(s.text) {
		return false
	}
	switch c := s.text[s.at]; {
	case c == '{':
		return s.object(depth, nil)
	case c == '[':
		return s.list(depth)
	case c == '"':
		return s.quoted()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"null", "true", "false"} {
		if strings.HasPrefix(s.text[s.at:], word) {
			s.at += len(word)
			return true
		}
	}
	return false
}

func (s *scanner) object(depth int, member func(string, Value) bool) bool {
	if depth > maxDepth || !s.byte('{') {
		return false
	}
	var names names
	for more := s.at < len(s.text) && s.text[s.at] != '}'; more; more = s.byte(',') {
		name, ok := s.name()
		if !ok || !names.add(name) || !s.byte(':') {
			return false
		}
		began := s.at
		if !s.value(depth + 1) {
			return false
		}
		if value := Value(s.text[began:s.at]); member != nil && !member(name, value) {
			return false
		}
		s.space()
	}
	return s.end('}')
}

func (s *scanner) list(depth int) bool {
	if depth > maxDepth || !s.byte('[') {
		return false
	}
	for more := s.at < len(s.text) && s.text[s.at] != ']'; more; more = s.byte(',') {
		if !s.value(depth + 1) {
			return false
		}
		s.space()
	}
	return s.end(']')
}

// end moves over the last byte of an object or a list.
func (s *scanner) end(b byte) bool {
	if s.at >= len(s.text) || s.text[s.at] != b {
		return false
	}
	s.at++
	return true
}

// name reads the name of a member, its escapes undone, so that no spelling of it is
// another name.
func (s *scanner) name() (name string, ok bool) {
	began := s.at
	if s.at >= len(s.text) || s.text[s.at] != '"' || !s.quoted() {
		return "", false
	}
	written := s.text[began:s.at]
	s.space()
	if strings.IndexByte(written, '\\') < 0 { // as a rule
		return written[1 : len(written)-1], true
	}
	unescaped := ""
	ok = Value(written).Text(&unescaped)
	return unescaped, ok
}

// quoted moves over text in quotes.
func (s *scanner) quoted() bool {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return true
		case c < ' ':
			return false
		case c == '\\' && !s.escape():
			return false
		}
	}
	return false
}

// escape moves to the last byte of an escape.
func (s *scanner) escape() bool {
	if s.at++; s.at >= len(s.text) {
		return false
	}
	if s.text[s.at] != 'u' {
		return strings.IndexByte(`"\/bfnrt`, s.text[s.at]) >= 0
	}
	first, ok := s.hexadecimal()
	if !ok || !utf16.IsSurrogate(first) {
		return ok
	}
	if !strings.HasPrefix(s.text[s.at+1:], `\u`) {
		return false
	}
	s.at += 2
	second, ok := s.hexadecimal()
	return ok && utf16.DecodeRune(first, second) != utf8.RuneError
}

// hexadecimal moves from the u of an escape to its last digit.
func (s *scanner) hexadecimal() (rune, bool) {
	if len(s.text)-s.at < 5 {
		return 0, false
	}
	n, err := strconv.ParseUint(s.text[s.at+1:s.at+5], 16, 16)
	s.at += 4
	return rune(n), err == nil
}

// number moves over a number as RFC 8259 §6 writes it.
func (s *scanner) number() bool {
	s.one("-")
	switch {
	case s.one("0"):
	case !s.digits():
		return false
	}
	if s.one(".") && !s.digits() {
		return false
	}
	if s.one("eE") {
		s.one("+-")
		return s.digits()
	}
	return true
}

// one moves over a byte that is one of those.
func (s *scanner) one(of string) bool {
	if s.at >= len(s.text) || strings.IndexByte(of, s.text[s.at]) < 0 {
		return false
	}
	s.at++
	return true
}

func (s *scanner) digits() bool {
	began := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > began
}

// names are those of the members of an object so far.
type names struct {
	few  [fewNames]string
	n    int
	many map[string]bool
}

// add reports whether the name is a new one.
func (m *names) add(name string) bool {
	if slices.Contains(m.few[:m.n], name) || m.many[name] {
		return false
	}
	if m.n < fewNames {
		m.few[m.n] = name
		m.n++
		return true
	}
	if m.many == nil {
		m.many = make(map[string]bool)
	}
	m.many[name] = true
	return true
}
