package webtest

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

func (p *Page) find(is func(*html.Node) bool) *html.Node { return find(p.root, is) }

func (p *Page) all(is func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && is(n) {
			found = append(found, n)
		}
	}
	return found
}

// find is the first element below a node that fits.
func find(root *html.Node, is func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && is(n) {
			return n
		}
	}
	return nil
}

func isField(n *html.Node) bool {
	return n.Data == "input" || n.Data == "select" || n.Data == "textarea"
}

// formOf is the form that a control belongs to.
func formOf(root, control *html.Node) *html.Node {
	if id := attribute(control, "form"); id != "" {
		return find(root, func(n *html.Node) bool { return n.Data == "form" && attribute(n, "id") == id })
	}
	for n := control.Parent; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && n.Data == "form" {
			return n
		}
	}
	return nil
}

// values are what a field sends: what was filled in, or what the page put there.
func (p *Page) values(field *html.Node) []string {
	if filled, ok := p.filled[field]; ok {
		return filled
	}
	switch {
	case field.Data == "textarea":
		return []string{strings.TrimPrefix(rawText(field), "\n")}
	case field.Data == "select":
		return selected(field)
	case attribute(field, "type") == "checkbox" || attribute(field, "type") == "radio":
		if !has(field, "checked") {
			return nil
		}
		return []string{valueOf(field)}
	}
	return []string{attribute(field, "value")}
}

// valueOf is what a ticked box sends.
func valueOf(box *html.Node) string {
	if value := attribute(box, "value"); value != "" {
		return value
	}
	return "on"
}

// selected is what a select sends: the marked options, or its first.
func selected(field *html.Node) []string {
	var marked []string
	var first *html.Node
	for n := range field.Descendants() {
		if n.Type != html.ElementNode || n.Data != "option" {
			continue
		}
		if first == nil {
			first = n
		}
		if has(n, "selected") {
			marked = append(marked, attribute(n, "value"))
		}
	}
	if len(marked) == 0 && first != nil && !has(field, "multiple") {
		return []string{attribute(first, "value")}
	}
	return marked
}

// option is the value of the option of a text.
func (p *Page) option(field *html.Node, text string) string {
	p.browser.T.Helper()
	found := find(field, func(n *html.Node) bool {
		return n.Data == "option" && (strings.HasPrefix(textOf(n), text) || attribute(n, "value") == text)
	})
	if found == nil {
		p.browser.T.Fatalf("%s: %s has no option %q", p.Path, attribute(field, "name"), text)
	}
	return attribute(found, "value")
}

func attribute(n *html.Node, name string) string {
	at := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if at < 0 {
		return ""
	}
	return n.Attr[at].Val
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// textOf is what can be read below a node, with single blanks.
func textOf(n *html.Node) string {
	if n == nil {
		return ""
	}
	var out strings.Builder
	for below := range n.Descendants() {
		if below.Type == html.TextNode && below.Parent.Data != "script" && below.Parent.Data != "style" {
			out.WriteString(below.Data)
			out.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func rawText(n *html.Node) string {
	var out strings.Builder
	for below := range n.Descendants() {
		if below.Type == html.TextNode {
			out.WriteString(below.Data)
		}
	}
	return out.String()
}
