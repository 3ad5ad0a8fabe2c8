package pages

import (
	"bytes"
	"html/template"
	"strings"
)

// withHidden puts the hidden fields into every form of a drawn page that is sent
// by POST, right behind its opening tag, so that no template can forget them. A
// form that has the attribute data-bare is left as it is.
//
// It may go by the text: the page comes from html/template, which escapes ">" in
// every attribute that holds a value.
func withHidden(page []byte, fields []Hidden) []byte {
	if len(fields) == 0 {
		return page
	}
	inputs := hiddenInputs(fields)
	out := make([]byte, 0, len(page)+len(inputs))
	for {
		before, from, found := bytes.Cut(page, []byte("<form"))
		out = append(out, before...)
		if !found {
			return out
		}
		tag, rest, _ := bytes.Cut(from, []byte(">"))
		out = append(append(append(out, "<form"...), tag...), '>')
		if bytes.Contains(tag, []byte(`method="post"`)) && !bytes.Contains(tag, []byte("data-bare")) {
			out = append(out, inputs...)
		}
		page = rest
	}
}

func hiddenInputs(fields []Hidden) string {
	var out strings.Builder
	for _, field := range fields {
		out.WriteString(`<input type="hidden" name="` + template.HTMLEscapeString(field.Name) + `" value="` + template.HTMLEscapeString(field.Value) + `">`)
	}
	return out.String()
}
