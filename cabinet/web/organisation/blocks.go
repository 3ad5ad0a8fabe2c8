package organisation

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// Kinds of fields.
const (
	line   = ""      // one line
	prose  = "prose" // several lines, one item each
	box    = "box"   // yes or no
	choice = "choice"
	day    = "date"
)

// field is one member of a block, by its path in the API's JSON.
type field struct {
	path, kind string
	options    []string // of a choice
}

// sheet is how a block is drawn: its fields, then its lists.
type sheet struct {
	fields []field
	list   string  // the path of its list; "" = none
	items  []field // of one entry of the list
}

// sheets are the blocks, by name.
var sheets = map[string]sheet{
	"requisites": {fields: lines("name", "full_name", "inn", "kpp", "ogrn", "address", "legal_form", "ownership_form",
		"head/last_name", "head/first_name", "head/middle_name", "head/position")},
	"contacts":   {fields: lines("actual_address", "phone", "email", "website")},
	"bank":       {list: "accounts", items: append(lines("account", "bic", "bank", "correspondent_account"), field{path: "main", kind: box})},
	"activities": {fields: []field{{path: "main"}, {path: "additional", kind: prose}}},
	"taxes": {
		fields: append(lines("tax_office", "oktmo"), field{path: "reports", kind: prose}), list: "regimes",
		items: []field{{path: "code", kind: choice}, {path: "since", kind: day}, {path: "until", kind: day}},
	},
	"payments": {list: "methods", items: []field{
		{path: "kind", kind: choice, options: []string{"account", "card"}}, {path: "label"}, {path: "account"}, {path: "bic"},
		{path: "card"}, {path: "expires"}, {path: "default", kind: box},
	}},
}

func lines(paths ...string) []field {
	out := make([]field, len(paths))
	for i, path := range paths {
		out[i] = field{path: path}
	}
	return out
}

// optional are the members that a form may leave empty; the API checks the rest.
var optional = []string{
	"kpp", "legal_form", "ownership_form", "middle_name", "actual_address", "website", "correspondent_account", "additional", "tax_office",
	"oktmo", "reports", "until", "label", "account", "bic", "card", "expires",
}

// leaf is the last part of a path: what the member is called.
func leaf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// value is a member of decoded JSON by its path, as a form shows it.
func value(body map[string]any, path string) string {
	name, rest, deeper := strings.Cut(path, "/")
	if deeper {
		inner, _ := body[name].(map[string]any)
		return value(inner, rest)
	}
	switch found := body[name].(type) {
	case string:
		return found
	case bool:
		if found {
			return "yes"
		}
	case []any:
		words := make([]string, len(found))
		for i, one := range found {
			words[i], _ = one.(string)
		}
		return strings.Join(words, "\n")
	}
	return ""
}

// entries are the entries of a list of decoded JSON.
func entries(body map[string]any, list string) []map[string]any {
	found, _ := body[list].([]any)
	out := make([]map[string]any, 0, len(found))
	for _, one := range found {
		if entry, ok := one.(map[string]any); ok {
			out = append(out, entry)
		}
	}
	return out
}

// input is a field as the form draws it.
type input struct {
	Name, Label, Value, Kind string
	Hint                     string
	Optional                 bool
	Options                  []pages.Option
}

// spare is how many empty entries a list offers.
const spare = 1

// inputs draws a block's form, from its body or from what was typed.
func (s sheet) inputs(v *desk.Visit, body map[string]any, regimes []string) (plain []input, groups [][]input) {
	for _, f := range s.fields {
		plain = append(plain, f.input(v, f.path, value(body, f.path), regimes))
	}
	if s.list == "" {
		return plain, nil
	}
	all := entries(body, s.list)
	for i := range len(all) + spare {
		var entry map[string]any
		if i < len(all) {
			entry = all[i]
		}
		var group []input
		for _, f := range s.items {
			group = append(group, f.input(v, s.list+"/"+strconv.Itoa(i)+"/"+f.path, value(entry, f.path), regimes))
		}
		groups = append(groups, group)
	}
	return plain, groups
}

func (f field) input(v *desk.Visit, name, shown string, regimes []string) input {
	in := input{
		Name: name, Label: v.T("company.field." + leaf(f.path)), Value: shown, Kind: f.kind,
		Optional: slices.Contains(optional, leaf(f.path)),
	}
	if f.kind == prose {
		in.Hint = v.T("company.each")
	}
	options := f.options
	if f.kind == choice && options == nil {
		options = regimes
	}
	if f.kind == choice {
		in.Options = append(in.Options, pages.Option{Value: "", Label: v.T("company.choose")})
	}
	for _, one := range options {
		in.Options = append(in.Options, pages.Option{Value: one, Label: v.T("company.option." + one)})
	}
	return in
}

// names are all names of a form, for the faults.
func names(plain []input, groups [][]input) []string {
	var out []string
	for _, in := range plain {
		out = append(out, in.Name)
	}
	for _, group := range groups {
		for _, in := range group {
			out = append(out, in.Name)
		}
	}
	return out
}

// mostEntries bounds a list of a form.
const mostEntries = 50

// read makes the block's JSON of a form. Entries of a list in which nothing is filled
// in are dropped.
func (s sheet) read(form url.Values) map[string]any {
	body := map[string]any{}
	for _, f := range s.fields {
		put(body, f.path, f.value(form.Get(f.path)))
	}
	if s.list == "" {
		return body
	}
	list := []any{}
	for i := range mostEntries {
		entry, filled := map[string]any{}, false
		for _, f := range s.items {
			typed := strings.TrimSpace(form.Get(s.list + "/" + strconv.Itoa(i) + "/" + f.path))
			filled = filled || typed != "" && f.kind != box
			put(entry, f.path, f.value(typed))
		}
		if filled {
			list = append(list, entry)
		}
	}
	body[s.list] = list
	return body
}

// value is a field in the API's JSON.
func (f field) value(typed string) any {
	typed = strings.TrimSpace(typed)
	switch f.kind {
	case box:
		return typed != ""
	case prose:
		return append([]string{}, strings.Fields(strings.ReplaceAll(typed, ",", " "))...)
	}
	return typed
}

func put(body map[string]any, path string, value any) {
	name, rest, deeper := strings.Cut(path, "/")
	if !deeper {
		body[name] = value
		return
	}
	inner, ok := body[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		body[name] = inner
	}
	put(inner, rest, value)
}

// shown is a value as people write it: reports by their names, days by their month.
func (f field) shown(v *desk.Visit, text string) string {
	switch {
	case f.path == "phone":
		return pages.Phone(text)
	case f.path == "reports":
		names := strings.Fields(text)
		for i, code := range names {
			if slices.Contains(reports, code) {
				names[i] = v.T("company.report." + code)
			}
		}
		return strings.Join(names, ", ")
	case f.kind == day:
		if at, err := desk.Day(text); err == nil {
			return strconv.Itoa(at.Day()) + " " + v.T("month."+strconv.Itoa(int(at.Month()))) + " " + strconv.Itoa(at.Year())
		}
	}
	return strings.ReplaceAll(text, "\n", ", ")
}

// reports are the formats of reports that have a name here.
var reports = []string{"NO_NDS", "NO_PRIB", "NO_NDFL6", "NO_RASCHSV", "NO_USN", "NO_BUHOTCH", "NO_ZAYVOZVR"}

// pairs are a block in lines, for reading.
func (s sheet) pairs(v *desk.Visit, body map[string]any) []pages.Pair {
	var out []pages.Pair
	add := func(label, text string) {
		if text != "" {
			out = append(out, pages.Pair{Label: label, Text: text})
		}
	}
	for _, f := range s.fields {
		add(v.T("company.field."+leaf(f.path)), f.shown(v, value(body, f.path)))
	}
	for i, entry := range entries(body, s.list) {
		var parts []string
		for _, f := range s.items {
			switch shown := value(entry, f.path); {
			case shown == "":
			case f.kind == box:
				parts = append(parts, v.T("company.is."+f.path))
			case f.kind == choice:
				parts = append(parts, v.T("company.option."+shown))
			default:
				parts = append(parts, v.T("company.field."+f.path)+": "+f.shown(v, shown))
			}
		}
		add(v.T("company.list."+s.list, "Number", i+1), strings.Join(parts, " · "))
	}
	return out
}
