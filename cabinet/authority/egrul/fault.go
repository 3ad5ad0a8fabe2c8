package egrul

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/authority"
)

// Fault is what is wrong with a file, in words for the operator.
type Fault struct {
	Line    int    `json:"line"`
	Element string `json:"element"` // "СвЮЛ/@ОГРН"; "" of the file as such
	Text    string `json:"text"`
	// Refused: the whole record is left out. Otherwise only the element is.
	Refused bool `json:"refused"`
}

// String is the fault as compilers write theirs, without the file's name.
func (f Fault) String() string {
	if f.Element == "" {
		return fmt.Sprintf("%d: %s", f.Line, f.Text)
	}
	return fmt.Sprintf("%d: %s: %s", f.Line, f.Element, f.Text)
}

// maxFaults bounds the faults told of one record.
const maxFaults = 50

// reading collects what is wrong with one record.
type reading struct {
	faults  []Fault
	refused bool
}

// fault tells of an element that is left out; refuse of one without which there is
// no record.
func (r *reading) fault(n *node, what, format string, args ...any) {
	r.tell(n, what, false, fmt.Sprintf(format, args...))
}

func (r *reading) refuse(n *node, what, format string, args ...any) {
	r.tell(n, what, true, fmt.Sprintf(format, args...))
	r.refused = true
}

func (r *reading) tell(n *node, what string, refused bool, text string) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, Fault{n.line, n.name + what, text, refused})
	}
}

// quote bounds a value that is shown.
func quote(value string) string {
	if runes := []rune(value); len(runes) > 60 {
		value = string(runes[:60]) + "…"
	}
	return strconv.Quote(value)
}

// date reads a day, "" when there is none.
func (r *reading) date(n *node, name string) authority.Date {
	value := n.attr(name)
	if value == "" {
		return ""
	}
	d, ok := parseDate(value)
	if !ok {
		r.fault(n, "/@"+name, "%s is not a day such as 2026-02-28", quote(value))
	}
	return d
}

// parseDate takes the register's own writing and that of other tax documents.
func parseDate(value string) (authority.Date, bool) {
	for _, layout := range []string{time.DateOnly, "02.01.2006"} {
		if t, err := time.Parse(layout, value); err == nil && t.Year() > 1800 && t.Year() < 2200 {
			return authority.Date(t.Format(time.DateOnly)), true
		}
	}
	return "", false
}

// kopecks reads an amount of roubles, 0 when there is none.
func (r *reading) kopecks(n *node, name string) int64 {
	value := n.attr(name)
	if value == "" {
		return 0
	}
	amount, ok := parseKopecks(value)
	if !ok {
		r.fault(n, "/@"+name, "%s is not an amount of roubles such as 10000.50", quote(value))
	}
	return amount
}

var amountForm = regexp.MustCompile(`^[0-9]{1,15}([.,][0-9]{1,4})?$`)

func parseKopecks(value string) (int64, bool) {
	if !amountForm.MatchString(value) {
		return 0, false
	}
	whole, part, _ := strings.Cut(strings.ReplaceAll(value, ",", "."), ".")
	roubles, _ := strconv.ParseInt(whole, 10, 64)             // the form bounds it
	cents, _ := strconv.ParseInt((part + "0000")[:4], 10, 64) // hundredths of kopecks
	return roubles*100 + (cents+50)/100, true
}

// number reads an attribute that must pass a check; what it says otherwise is left
// out.
func (r *reading) number(n *node, name, is string, valid func(string) bool) string {
	value := n.attr(name)
	if value == "" || valid(value) {
		return value
	}
	r.fault(n, "/@"+name, "%s is not %s", quote(value), is)
	return ""
}

// stamp reads ГРНДата, or the first of the names that is there.
func (r *reading) stamp(n *node) authority.Stamp {
	for _, name := range []string{"ГРНДата", "ГРНИПДата", "ГРНДатаПерв"} {
		if at := n.one(name); at != nil {
			grn := r.number(at, "ГРН", "a number of an entry (13 or 15 digits)", validGRN)
			if grn == "" {
				grn = r.number(at, "ГРНИП", "a number of an entry (13 or 15 digits)", validGRN)
			}
			return authority.Stamp{GRN: grn, Entered: r.date(at, "ДатаЗаписи")}
		}
	}
	return authority.Stamp{}
}
