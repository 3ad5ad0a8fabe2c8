package emchd

import (
	"fmt"
	"strconv"
	"strings"
)

// Fault is one thing that is wrong with a form, and where.
type Fault struct {
	Code      string `json:"code"` // stable
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"` // in characters
	Element   string `json:"element,omitempty"`
	Attribute string `json:"attribute,omitempty"`
	Value     string `json:"value,omitempty"`   // what was found, or what is wanted
	Warning   bool   `json:"warning,omitempty"` // nothing is refused for it
}

// Text says the fault in lang ("en", anything else is Russian), with its place.
func (f Fault) Text(lang string) string {
	words, known := faultTexts[f.Code]
	said := words.ru
	if lang == "en" {
		said = words.en
	}
	if !known {
		said = f.Code
	}
	where := f.Element
	if f.Attribute != "" {
		where += "@" + f.Attribute
	}
	said = strings.NewReplacer("{where}", where, "{value}", f.Value).Replace(said)
	if f.Line == 0 {
		return said
	}
	if lang == "en" {
		return fmt.Sprintf("Line %d, column %d: %s", f.Line, f.Column, said)
	}
	return fmt.Sprintf("Строка %d, позиция %d: %s", f.Line, f.Column, said)
}

// Path names the fault's place in one word, for programs.
func (f Fault) Path() string {
	path := f.Element
	if f.Attribute != "" {
		path += "@" + f.Attribute
	}
	if f.Line > 0 {
		path += ":" + strconv.Itoa(f.Line) + ":" + strconv.Itoa(f.Column)
	}
	return path
}

// Status is how a check of a form ended, by the names of the check protocol.
type Status string

// The statuses, from the best.
const (
	IsValid           Status = "IsValid"
	HasWarnings       Status = "HasWarnings"
	CanNotBeValidated Status = "CanNotBeValidated" // it may be right; nothing here can tell
	IsNotValid        Status = "IsNotValid"        // it is read, and does not hold
	ValidationError   Status = "ValidationError"   // it cannot be read as a form
)

// StatusOf is what faults come to.
func StatusOf(faults []Fault) Status {
	status := IsValid
	order := []Status{IsValid, HasWarnings, CanNotBeValidated, IsNotValid, ValidationError}
	rank := map[Status]int{}
	for i, s := range order {
		rank[s] = i
	}
	for _, f := range faults {
		if s := f.status(); rank[s] > rank[status] {
			status = s
		}
	}
	return status
}

func (f Fault) status() Status {
	switch {
	case f.Warning:
		return HasWarnings
	case undecided[f.Code]:
		return CanNotBeValidated
	case semantic[f.Code]:
		return IsNotValid
	default:
		return ValidationError
	}
}
