package webtest

import "golang.org/x/net/html"

// Type fills the field of a name, where a label stands in several parts of a form.
func (p *Page) Type(name, value string) *Page {
	p.browser.T.Helper()
	field := p.find(func(n *html.Node) bool { return isField(n) && attribute(n, "name") == name })
	if field == nil {
		p.browser.T.Fatalf("%s has no field named %q\n%s", p.Path, name, p.Text())
	}
	p.filled[field] = []string{value}
	return p
}
