package pdf

import (
	"errors"
	"strconv"
)

// The kinds of values (ISO 32000-1 §7.3). A dictionary is a map from names without
// their slash; an array a slice; a string its bytes; a number a float64.
type (
	name      string
	text      string
	dict      map[name]any
	reference struct{ number, generation int }
	keyword   string // obj, stream, R, true, operators of content streams
)

// The bounds of what is read.
const (
	maxDepth  = 64
	maxTokens = 4_000_000 // of one file, all objects together
)

var (
	errEnd    = errors.New("pdf: end of data")
	errSyntax = errors.New("pdf: syntax error")
	errBounds = errors.New("pdf: too deep or too large")
)

// lexer reads values from bytes.
type lexer struct {
	data   []byte
	pos    int
	tokens *int // what is left for the whole file
}

// value reads the next value; keywords come as keyword. A reference is three
// values for the lexer: resolve joins them.
func (l *lexer) value(depth int) (any, error) {
	if depth > maxDepth || *l.tokens <= 0 {
		return nil, errBounds
	}
	*l.tokens--
	l.skipSpace()
	if l.pos >= len(l.data) {
		return nil, errEnd
	}
	switch c := l.data[l.pos]; {
	case c == '/':
		return l.name(), nil
	case c == '(':
		return l.literal()
	case c == '<' && l.peek(1) == '<':
		l.pos += 2
		return l.dict(depth)
	case c == '<':
		return l.hex()
	case c == '[':
		l.pos++
		return l.array(depth)
	case c == ']' || c == '{' || c == '}' || c == ')':
		l.pos++
		return keyword(string(c)), nil
	case c == '>':
		l.pos++
		if l.peek(0) == '>' {
			l.pos++
			return keyword(">>"), nil
		}
		return nil, errSyntax
	}
	return l.word(), nil
}

func (l *lexer) peek(ahead int) byte {
	if l.pos+ahead < len(l.data) {
		return l.data[l.pos+ahead]
	}
	return 0
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.data) {
		switch c := l.data[l.pos]; {
		case isSpace(c):
			l.pos++
		case c == '%':
			for l.pos < len(l.data) && l.data[l.pos] != '\n' && l.data[l.pos] != '\r' {
				l.pos++
			}
		default:
			return
		}
	}
}

// name reads a name with its #xx escapes undone (§7.3.5): /J#53 is /JS.
func (l *lexer) name() name {
	l.pos++
	var out []byte
	for l.pos < len(l.data) && isRegular(l.data[l.pos]) {
		c := l.data[l.pos]
		high, low := hexDigit(l.peek(1)), hexDigit(l.peek(2))
		if c == '#' && high >= 0 && low >= 0 {
			out = append(out, byte(high<<4|low))
			l.pos += 3
			continue
		}
		out = append(out, c)
		l.pos++
	}
	return name(out)
}

// literal reads a string in brackets (§7.3.4.2). Escapes are left as they are:
// nothing that is looked at depends on them.
func (l *lexer) literal() (any, error) {
	l.pos++
	from, depth := l.pos, 1
	for l.pos < len(l.data) {
		switch l.data[l.pos] {
		case '\\':
			l.pos++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.pos++
				return text(l.data[from : l.pos-1]), nil
			}
		}
		l.pos++
	}
	return nil, errEnd
}

func (l *lexer) hex() (any, error) {
	l.pos++
	var out []byte
	half := -1
	for l.pos < len(l.data) {
		c := l.data[l.pos]
		l.pos++
		digit := hexDigit(c)
		switch {
		case c == '>':
			if half >= 0 {
				out = append(out, byte(half<<4))
			}
			return text(out), nil
		case isSpace(c):
		case digit < 0:
			return nil, errSyntax
		case half < 0:
			half = digit
		default:
			out = append(out, byte(half<<4|digit))
			half = -1
		}
	}
	return nil, errEnd
}

func (l *lexer) array(depth int) (any, error) {
	list := []any{}
	for {
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if v == keyword("]") {
			return list, nil
		}
		list = joinReference(append(list, v))
	}
}

// dict reads a dictionary. A name given twice is kept with both values, as a list
// of the two: readers disagree on which counts.
func (l *lexer) dict(depth int) (any, error) {
	list := []any{}
	for {
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if v == keyword(">>") {
			break
		}
		list = joinReference(append(list, v))
	}
	if len(list)%2 != 0 {
		return nil, errSyntax
	}
	d := make(dict, len(list)/2)
	for i := 0; i < len(list); i += 2 {
		key, ok := list[i].(name)
		if !ok {
			return nil, errSyntax
		}
		if was, twice := d[key]; twice {
			d[key] = []any{was, list[i+1]}
			continue
		}
		d[key] = list[i+1]
	}
	return d, nil
}

// joinReference makes "12 0 R" at the end of a list one reference.
func joinReference(list []any) []any {
	n := len(list)
	if n < 3 || list[n-1] != keyword("R") {
		return list
	}
	number, ok1 := list[n-3].(float64)
	generation, ok2 := list[n-2].(float64)
	if !ok1 || !ok2 {
		return list
	}
	return append(list[:n-3], reference{int(number), int(generation)})
}

func (l *lexer) word() any {
	from := l.pos
	for l.pos < len(l.data) && isRegular(l.data[l.pos]) {
		l.pos++
	}
	if l.pos == from { // a byte that is nothing: step over it
		l.pos++
		return keyword("")
	}
	word := string(l.data[from:l.pos])
	if n, err := strconv.ParseFloat(word, 64); err == nil && word[0] != 'i' && word[0] != 'I' && word[0] != 'n' && word[0] != 'N' {
		return n
	}
	return keyword(word)
}

func isSpace(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}

func isRegular(c byte) bool {
	if isSpace(c) {
		return false
	}
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return false
	}
	return true
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
