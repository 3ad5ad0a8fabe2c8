package service

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/storage/file"
)

// Attachment is a file given for a document of the card.
type Attachment struct {
	Document  string `json:"document"`
	File      string `json:"file"`                // id in storage/file
	Signature string `json:"signature,omitempty"` // id of the file with its detached signature
}

// Form is what is filled in.
type Form struct {
	Fields    map[string]string
	Documents []Attachment
}

// Listed is one line of the checklist (rows 193, 195).
type Listed struct {
	Document  string `json:"document"`
	Title     string `json:"title"`
	Required  bool   `json:"required"`
	Attached  int    `json:"attached"` // files
	Missing   bool   `json:"missing"`
	Requested bool   `json:"requested"` // the authority has asked for it since
}

// moscow is the zone of days and terms.
var moscow = time.FixedZone("MSK", 3*60*60)

// today is the day in Moscow, as midnight UTC, to be compared with dates.
func today(now time.Time) time.Time {
	y, m, d := now.In(moscow).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// checkFields finds every fault of the fields, each alone and together (row 205).
func (c *Card) checkFields(fields map[string]string, now time.Time) []api.FieldFault {
	var faults []api.FieldFault
	add := func(name string, f *fault) {
		if f != nil {
			faults = append(faults, api.FieldFault{Pointer: "/fields" + api.Pointer(name), Code: f.code, Args: f.args})
		}
	}
	for name := range fields {
		if c.field(name) == nil {
			add(name, wrong("unknown"))
		}
	}
	slices.SortFunc(faults, func(a, b api.FieldFault) int { return strings.Compare(a.Pointer, b.Pointer) })
	broken := map[string]bool{}
	for i := range c.Fields {
		f := &c.Fields[i]
		one := f.check(fields[f.Name], today(now))
		broken[f.Name] = one != nil || fields[f.Name] == ""
		add(f.Name, one)
	}
	for _, r := range c.Rules {
		if slices.ContainsFunc((&Card{Rules: []Rule{r}}).ruled(), func(name string) bool { return broken[name] }) {
			continue // one thing at a time: a value that is wrong by itself is mended first
		}
		add(c.checkRule(r, fields))
	}
	return faults
}

// checkRule finds the fault of a rule, with the field that it is told at.
func (c *Card) checkRule(r Rule, fields map[string]string) (string, *fault) {
	label := func(name string) string { return c.field(name).Label.RU }
	switch r.Kind {
	case "before":
		if fields[r.A] > fields[r.B] { // dates of ISO 8601 compare as texts
			return r.B, wrong("form_before", "other", label(r.A))
		}
	case "at_most":
		if c.amount(r.A, fields) > c.amount(r.B, fields) {
			return r.A, wrong("form_at_most", "other", label(r.B))
		}
	case "sum":
		sum := int64(0)
		names := make([]string, len(r.Parts))
		for i, part := range r.Parts {
			sum, names[i] = sum+c.amount(part, fields), label(part)
		}
		if total := c.amount(r.Total, fields); total != sum {
			return r.Total, wrong("form_sum", "parts", strings.Join(names, " + "), "sum", c.shown(r.Total, sum))
		}
	case "account":
		if !validAccount(fields[r.A], fields[r.B]) {
			return r.A, wrong("form_account_bik")
		}
	}
	return "", nil
}

// amount is a number or a sum in kopecks.
func (c *Card) amount(name string, fields map[string]string) int64 {
	if c.field(name).Kind == "money" {
		n, _ := kopecksOf(fields[name])
		return n
	}
	var n int64
	_, _ = fmt.Sscan(fields[name], &n) // checked before
	return n
}

func (c *Card) shown(name string, n int64) string {
	if c.field(name).Kind == "money" {
		return rubles(n)
	}
	return fmt.Sprint(n)
}

// validAccount reports whether a settlement account belongs to the bank: the last
// three digits of the БИК before the account, weights 7, 1, 3, the last digits of
// the products sum up to a multiple of ten (Bank of Russia, 08.09.1997 № 515).
func validAccount(account, bik string) bool {
	if len(account) != 20 || len(bik) != 9 {
		return false
	}
	sum := 0
	for i, c := range bik[6:] + account {
		sum += int(c-'0') * [3]int{7, 1, 3}[i%3] % 10
	}
	return sum%10 == 0
}

// checkDocuments finds what is missing and what is of the wrong kind. files are
// the records of the attached files and of their signatures by id; what is not
// among them does not exist.
func (c *Card) checkDocuments(form Form, files map[string]file.File) []api.FieldFault {
	var faults []api.FieldFault
	add := func(at string, f *fault) {
		if f != nil {
			faults = append(faults, api.FieldFault{Pointer: "/documents" + api.Pointer(at), Code: f.code, Args: f.args})
		}
	}
	count := map[string]int{}
	for _, a := range form.Documents {
		d := c.document(a.Document)
		if d == nil {
			add(a.Document, wrong("form_document_unknown"))
			continue
		}
		count[a.Document]++
		add(a.Document, d.check(a, files))
	}
	for i := range c.Documents {
		d := &c.Documents[i]
		switch n := count[d.Name]; {
		case n == 0 && d.required(form.Fields):
			add(d.Name, wrong("form_document_missing", "title", d.Title.RU))
		case n > d.Most:
			add(d.Name, wrong("form_document_too_many", "most", fmt.Sprint(d.Most)))
		}
	}
	return faults
}

// check holds one file against what the card demands of the document (rows 201, 291).
func (d *Document) check(a Attachment, files map[string]file.File) *fault {
	f, ok := files[a.File]
	if !ok {
		return wrong("request_unknown_file")
	}
	kind := file.KindOf(f.MediaType)
	if !d.kinds().Has(kind) {
		return wrong("form_document_format", "found", strings.ToUpper(kind.String()), "wanted", strings.ToUpper(strings.Join(d.Formats, ", ")))
	}
	if f.Size > d.MaxBytes {
		return wrong("form_document_too_large", "most", fmt.Sprint(d.MaxBytes>>20))
	}
	if a.Signature == "" {
		if d.Signature == SignatureRequired {
			return wrong("form_document_signature_missing")
		}
		return nil
	}
	signature, ok := files[a.Signature]
	if !ok || file.KindOf(signature.MediaType) != file.Signature {
		return wrong("form_document_signature_wrong")
	}
	return nil
}

// checklist is what the card takes and what of it is there.
func (c *Card) checklist(form Form, requested []string, lang string) []Listed {
	list := make([]Listed, 0, len(c.Documents))
	for i := range c.Documents {
		d := &c.Documents[i]
		line := Listed{
			Document: d.Name, Title: d.Title.In(lang), Required: d.required(form.Fields), Requested: slices.Contains(requested, d.Name),
		}
		for _, a := range form.Documents {
			if a.Document == d.Name {
				line.Attached++
			}
		}
		line.Missing = (line.Required && line.Attached == 0) || line.Requested
		list = append(list, line)
	}
	return list
}
