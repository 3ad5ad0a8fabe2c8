package storage

import (
	"strconv"
	"strings"
)

// Where collects the conditions of one query together with what they compare with, so
// that the text depends only on which conditions there are, never on a value: there are
// few different statements, and nothing that anybody typed is part of one. The zero
// Where has no condition.
type Where struct {
	conditions []string
	args       []any
}

// And adds a condition; each ? of it becomes the placeholder of the next value. The
// condition is a text of the program's own.
func (w *Where) And(condition string, values ...any) {
	var text strings.Builder
	for _, value := range values {
		before, after, _ := strings.Cut(condition, "?")
		text.WriteString(before + w.Arg(value))
		condition = after
	}
	w.conditions = append(w.conditions, text.String()+condition)
}

// When is And for a condition that is set.
func (w *Where) When(set bool, condition string, values ...any) {
	if set {
		w.And(condition, values...)
	}
}

// In adds that a column has one of the values; with none of them nothing is found.
func (w *Where) In(column string, values ...string) {
	if len(values) == 0 {
		w.And("1 = 0")
		return
	}
	marks, args := strings.Repeat(", ?", len(values))[len(", "):], make([]any, len(values))
	for i, value := range values {
		args[i] = value
	}
	w.And(column+" IN ("+marks+")", args...)
}

// Arg adds a value that stands outside of the conditions and answers its placeholder:
// a LIMIT's, say. Placeholders are numbered in the order of the calls.
func (w *Where) Arg(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

// Args are the values, in the order of their placeholders.
func (w *Where) Args() []any { return w.args }

// String is " WHERE " and the conditions, "" without any.
func (w *Where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// Prefixed are the columns of a list ("id, name") under the alias of their table.
func Prefixed(alias, columns string) string {
	names := strings.Split(columns, ",")
	for i, name := range names {
		names[i] = alias + "." + strings.TrimSpace(name)
	}
	return strings.Join(names, ", ")
}

// MatchPart is a pattern of LIKE that finds a text anywhere, whatever characters it
// has; the condition says ESCAPE '\'.
func MatchPart(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}
