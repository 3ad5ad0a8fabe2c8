package storage

import (
	"fmt"
	"strings"
)

// statement is a text of SQL that has been looked at once.
type statement struct {
	text   string
	reads  bool // a SELECT: SQLite's readers may run it outside a transaction
	params int
	cached bool // worth keeping prepared; false beyond maxStatements
}

// maxStatements bounds the texts remembered. The house has a few hundred; more
// would mean that somebody builds SQL from values.
const maxStatements = 1000

// statement looks query up, or looks at it for the first time.
func (db *DB) statement(query string, args int) (*statement, error) {
	known, ok := db.statements.Load(query)
	if !ok {
		s, err := parseStatement(query)
		if err != nil {
			return nil, err
		}
		if s.cached = db.known.Add(1) <= maxStatements; s.cached {
			known, _ = db.statements.LoadOrStore(query, s)
		} else {
			known = s
		}
	}
	s := known.(*statement)
	if s.params != args {
		return nil, fmt.Errorf("%w: %d parameters, %d arguments: %s", ErrStatement, s.params, args, s.text)
	}
	return s, nil
}

// parseStatement checks the numbering of placeholders. SQLite binds $name by
// order of first appearance and not by number, so any other order would give
// one engine the arguments of the other.
func parseStatement(query string) (*statement, error) {
	s := &statement{text: query}
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c == '\'' || c == '"':
			end := strings.IndexByte(query[i+1:], c)
			if end < 0 {
				return nil, fmt.Errorf("%w: unclosed quote: %s", ErrStatement, query)
			}
			i += end + 1
		case c == '-' && strings.HasPrefix(query[i:], "--"):
			end := strings.IndexByte(query[i:], '\n')
			if end < 0 {
				end = len(query) - i
			}
			i += end
		case c == '$':
			n, digits := 0, 0
			for ; i+1 < len(query) && query[i+1] >= '0' && query[i+1] <= '9' && digits < 5; i++ {
				n, digits = n*10+int(query[i+1]-'0'), digits+1
			}
			if n < 1 || n > s.params+1 {
				return nil, fmt.Errorf("%w: placeholders must be numbered in order of first appearance, $%d is not: %s", ErrStatement, n, query)
			}
			s.params = max(s.params, n)
		}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	s.reads = len(first) >= 6 && strings.EqualFold(first[:6], "select")
	return s, nil
}
