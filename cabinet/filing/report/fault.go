package report

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Severity says what a fault means for the filing.
type Severity string

// The severities: with an error nothing is sent, a warning is for the person to
// weigh.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Fault is one thing that is wrong with a report. Its code never changes its
// meaning; the texts do not belong to the contract.
type Fault struct {
	Code string `json:"code"`
	// Line and Column are of the file as it was given, from 1; 0 where the fault
	// is of the file as a whole. Columns are counted in characters.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Element is the path to the element or attribute: Файл/Документ/@КНД. In a
	// spreadsheet it is the cell.
	Element string            `json:"element,omitempty"`
	Value   string            `json:"value,omitempty"` // what stands there, cut
	Args    map[string]string `json:"args,omitempty"`  // what the texts name
}

// Severity is the code's.
func (f Fault) Severity() Severity {
	if t, known := faultTexts[f.Code]; known && t.warning {
		return Warning
	}
	return Error
}

// FNS is the code of the error in the classifier of the Federal Tax Service,
// where it has one that we know.
func (f Fault) FNS() string { return faultTexts[f.Code].fns }

// Message says what is wrong, in lang.
func (f Fault) Message(lang string) string { return f.fill(faultTexts[f.Code].message.In(lang)) }

// Advice says what to do, in lang.
func (f Fault) Advice(lang string) string { return f.fill(faultTexts[f.Code].advice.In(lang)) }

// fill puts the arguments into a text. Values are put in once, so that one which
// looks like a placeholder stays as it is.
func (f Fault) fill(text string) string {
	pairs := []string{"{value}", f.Value, "{element}", f.Element}
	for name, value := range f.Args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func (f *Fault) with(name, value string) *Fault {
	if f.Args == nil {
		f.Args = map[string]string{}
	}
	f.Args[name] = value
	return f
}

// in names the element.
func (f *Fault) in(element string) *Fault {
	f.Element = element
	return f
}

// whole is a fault of the file as such.
func whole(code string) *Fault { return &Fault{Code: code} }

// fault is a fault at an offset of the tree's text.
func (t *Tree) fault(code string, at int) *Fault {
	line, column := t.position(at)
	return &Fault{Code: code, Line: line, Column: column}
}

// maxFaults bounds an answer: who sees a hundred corrects them first.
const maxFaults = 100

// Faults is the result of a check.
type Faults []Fault

// Errors reports whether any fault forbids sending.
func (f Faults) Errors() bool {
	for _, one := range f {
		if one.Severity() == Error {
			return true
		}
	}
	return false
}

// sorted puts faults in the order of the file and bounds them.
func (f Faults) sorted() Faults {
	sort.SliceStable(f, func(i, j int) bool {
		if f[i].Line != f[j].Line {
			return f[i].Line < f[j].Line
		}
		return f[i].Column < f[j].Column
	})
	if len(f) > maxFaults {
		f = append(f[:maxFaults:maxFaults], Fault{Code: "too_many_faults"})
	}
	return f
}

// cut shortens what a file says for a message.
func cut(s string) string {
	const longest = 100
	if utf8.RuneCountInString(s) <= longest {
		return s
	}
	return string([]rune(s)[:longest]) + "…"
}
