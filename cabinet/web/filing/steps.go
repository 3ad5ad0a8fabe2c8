package filing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"propusk/idp/pages"
)

// document is what the API's elements have before the paths of values.
const document = "Файл/Документ/"

// prefix of the form's fields that hold values.
const prefix = "v:"

// applicant is the step of everything that says who files and who signs.
const applicant = "applicant"

// step is one page of the wizard: a section of the report.
type step struct {
	Key    string
	Name   string
	fields []field
}

// steps cuts a form into its sections: what stands below one branch of the report,
// and all that is about the applicant, in one.
func steps(fields []field, about string) []step {
	var list []step
	for _, f := range fields {
		key := stepOf(f.Path)
		at := slices.IndexFunc(list, func(s step) bool { return s.Key == key })
		if at < 0 {
			name := f.Section
			if key == applicant {
				name = about
			}
			list = append(list, step{Key: key, Name: name})
			at = len(list) - 1
		}
		list[at].fields = append(list[at].fields, f)
	}
	return list
}

// stepOf is the key of the step that a path belongs to; indexes do not matter.
func stepOf(path string) string {
	parts := strings.Split(path, "/")
	switch {
	case strings.HasPrefix(path, "@"), parts[0] == "СвНП", parts[0] == "Подписант":
		return applicant
	case len(parts) < 2 || strings.HasPrefix(parts[1], "@"):
		return parts[0]
	}
	name, _, _ := strings.Cut(parts[1], "[")
	return parts[0] + "/" + name
}

// group is what stands together on a step: the fields of one element, once or, for
// an element that repeats, as one of its rows.
type group struct {
	Name   string
	Fields []input
	Row    int    // from 1; 0 for what does not repeat
	Remove string // value of the button that takes the row away; "" = it stays
	Add    string // value of the button below that adds one; "" = none
	Hidden bool   // it is filled in only when another value says so
	When   string // name of the field that says so
	Is     string // its values, separated by a blank
}

// input is one field of the form.
type input struct {
	Name, Label, Hint, Value string
	Options                  []pages.Option
	Optional                 bool
	Mode, Class              string // of what is typed: figures have a keyboard of their own
}

// groups draws a step's fields with the values of the report. added is the element,
// with its indexes, below which one more row is wanted.
func (s step) groups(values map[string]string, added string, row func(n int) string) []group {
	return expandFields(s.fields, "", values, added, row)
}

// expandFields walks fields that share the path before them; where an element
// repeats, its fields come once for each row there is, and for one that is added.
func expandFields(fields []field, base string, values map[string]string, added string, row func(n int) string) []group {
	var list []group
	for i := 0; i < len(fields); {
		f := fields[i]
		rest := strings.TrimPrefix(f.Path, base)
		head, _, repeats := strings.Cut(rest, "[]")
		if !repeats {
			list = place(list, f, values)
			i++
			continue
		}
		end := i
		for end < len(fields) && strings.HasPrefix(fields[end].Path, base+head+"[]") {
			end++
		}
		list = append(list, rows(fields[i:end], base+head, values, added, row)...)
		i = end
	}
	return list
}

// rows are the groups of an element that repeats.
func rows(fields []field, element string, values map[string]string, added string, row func(n int) string) []group {
	count := max(1, countRows(values, element))
	if added == element {
		count = countRows(values, element) + 1
	}
	var list []group
	for n := 1; n <= count; n++ {
		at := fmt.Sprintf("%s[%d]", element, n)
		numbered := make([]field, len(fields))
		for i, f := range fields {
			f.Path = at + strings.TrimPrefix(f.Path, element+"[]")
			numbered[i] = f
		}
		inner := expandFields(numbered, at+"/", values, added, row)
		for i := range inner {
			if inner[i].Row == 0 {
				inner[i].Row, inner[i].Name = n, inner[i].Name+row(n)
			}
		}
		if len(inner) > 0 && count > 1 {
			inner[0].Remove = at
		}
		list = append(list, inner...)
	}
	if len(list) > 0 {
		list[len(list)-1].Add = element
	}
	return list
}

// place adds a field to the group of its section.
func place(list []group, f field, values map[string]string) []group {
	n := len(list)
	if n == 0 || list[n-1].Name != f.Section || list[n-1].Row != 0 || list[n-1].When != whenName(f) {
		g := group{Name: f.Section, When: whenName(f)}
		if f.When != nil {
			g.Is = strings.Join(f.When.Is, " ")
			g.Hidden = !slices.Contains(f.When.Is, values[strings.TrimPrefix(f.When.Path, document)])
		}
		list = append(list, g)
		n++
	}
	list[n-1].Fields = append(list[n-1].Fields, newInput(f, values))
	return list
}

func whenName(f field) string {
	if f.When == nil {
		return ""
	}
	return prefix + strings.TrimPrefix(f.When.Path, document)
}

func newInput(f field, values map[string]string) input {
	in := input{Name: prefix + f.Path, Label: f.Label, Value: values[f.Path], Optional: !f.Required, Hint: f.Expected}
	if f.Line != "" {
		in.Label = f.Line + " · " + f.Label
	}
	if f.Kind == "rubles" || f.Kind == "text" || f.Kind == "choice" {
		in.Hint = "" // the label says enough
	}
	switch f.Kind {
	case "rubles", "money", "rate", "number":
		in.Class = "amount"
		in.Mode = "text" // a sum may have a minus, which keyboards of figures lack
	case "kbk", "oktmo", "code", "inn", "snils", "bik", "account":
		in.Mode = "numeric"
	}
	if len(f.Options) > 0 {
		in.Options = append(in.Options, pages.Option{})
		for _, o := range f.Options {
			in.Options = append(in.Options, pages.Option{Value: o.Value, Label: o.Label})
		}
	}
	return in
}

// countRows is the number of rows of a repeating element that have a value.
func countRows(values map[string]string, element string) int {
	most := 0
	for path := range values {
		rest, below := strings.CutPrefix(path, element+"[")
		if !below {
			continue
		}
		index, _, _ := strings.Cut(rest, "]")
		if n, err := strconv.Atoi(index); err == nil && n > most {
			most = n
		}
	}
	return most
}

// without takes a row away, with those behind it moving up: at is its element with
// its index. The answer is what changes, an empty value for what goes.
func without(values map[string]string, at string) map[string]string {
	open := strings.LastIndex(at, "[")
	if open < 0 || !strings.HasSuffix(at, "]") {
		return nil
	}
	element := at[:open]
	gone, err := strconv.Atoi(at[open+1 : len(at)-1])
	last := countRows(values, element)
	if err != nil || gone < 1 || gone > last {
		return nil
	}
	changes := map[string]string{}
	for n := gone; n <= last; n++ {
		here, next := fmt.Sprintf("%s[%d]", element, n), fmt.Sprintf("%s[%d]", element, n+1)
		for path := range values {
			if strings.HasPrefix(path, here+"/") && changes[path] == "" {
				changes[path] = ""
			}
		}
		for path, value := range values {
			if rest, below := strings.CutPrefix(path, next+"/"); below {
				changes[here+"/"+rest] = value
			}
		}
	}
	return changes
}
