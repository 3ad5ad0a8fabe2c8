package report

import (
	"strconv"
	"strings"
)

// reader goes through the text once, token by token, and keeps the open elements
// on a stack of its own: the depth of the file is not the depth of our calls.
type reader struct {
	tree       *Tree
	at         int
	open       []*Node
	elements   int
	attributes int
	// Elements and attributes are cut from these by the thousand: one at a time,
	// their allocation costs more than their reading.
	nodes []Node
	attrs []Attr
}

// node is a new element.
func (r *reader) node() *Node {
	if len(r.nodes) == cap(r.nodes) {
		r.nodes = make([]Node, 0, 512)
	}
	r.nodes = append(r.nodes, Node{at: r.at})
	return &r.nodes[len(r.nodes)-1]
}

func (r *reader) fault(code string, at int) *Fault { return r.tree.fault(code, at) }

// rest is what has not been read.
func (r *reader) rest() string { return r.tree.text[r.at:] }

func (r *reader) document() *Fault {
	for r.at < len(r.tree.text) {
		if fault := r.token(); fault != nil {
			return fault
		}
	}
	switch {
	case len(r.open) > 0:
		last := r.open[len(r.open)-1]
		return r.fault("xml_unclosed", last.at).in(last.Name)
	case r.tree.Root == nil:
		return whole("xml_empty")
	}
	return nil
}

// token reads text up to the next tag, or one tag.
func (r *reader) token() *Fault {
	rest := r.rest()
	switch {
	case rest[0] != '<':
		return r.text()
	case len(rest) > 1 && rest[1] != '!' && rest[1] != '?' && rest[1] != '/': // nearly always
		return r.start()
	case strings.HasPrefix(rest, "<!--"):
		return r.comment()
	case strings.HasPrefix(rest, "<!DOCTYPE"):
		return r.fault("xml_doctype", r.at)
	case strings.HasPrefix(rest, "<!"), strings.HasPrefix(rest, "<?"):
		return r.fault("xml_unsupported", r.at)
	case strings.HasPrefix(rest, "</"):
		return r.end()
	default:
		return r.start()
	}
}

func (r *reader) text() *Fault {
	if r.skip(); r.at == len(r.tree.text) || r.tree.text[r.at] == '<' {
		return nil
	}
	began := r.at
	length := strings.IndexByte(r.rest(), '<')
	if length < 0 {
		length = len(r.rest())
	}
	r.at += length
	raw := strings.TrimFunc(r.tree.text[began:r.at], space)
	if raw == "" {
		return nil
	}
	began += strings.Index(r.tree.text[began:], raw)
	if len(r.open) == 0 {
		return r.fault("xml_outside", began)
	}
	value, fault := r.unescape(raw, began)
	if fault != nil {
		return fault
	}
	inside := r.open[len(r.open)-1]
	if inside.Text += value; len(inside.Text) > maxValue {
		return r.fault("value_too_long", began).in(inside.Name)
	}
	return nil
}

func (r *reader) comment() *Fault {
	body, _, found := strings.Cut(r.rest()[len("<!--"):], "--")
	length := len("<!--") + len(body) + len("-->")
	if !found || length > len(r.rest()) || r.rest()[length-1] != '>' {
		return r.fault("xml_syntax", r.at)
	}
	r.at += length
	return nil
}

func (r *reader) end() *Fault {
	began := r.at
	r.at += len("</")
	name, fault := r.name()
	if fault != nil {
		return fault
	}
	r.skip()
	if !r.take('>') {
		return r.fault("xml_syntax", r.at)
	}
	if len(r.open) == 0 {
		return r.fault("xml_syntax", began)
	}
	last := r.open[len(r.open)-1]
	if last.Name != name {
		return r.fault("xml_mismatch", began).in(last.Name).with("found", cut(name))
	}
	r.open = r.open[:len(r.open)-1]
	return nil
}

func (r *reader) start() *Fault {
	node := r.node()
	r.at++
	var fault *Fault
	if node.Name, fault = r.name(); fault != nil {
		return fault
	}
	if fault := r.place(node); fault != nil {
		return fault
	}
	if cap(r.attrs)-len(r.attrs) < maxAttributes {
		r.attrs = make([]Attr, 0, 16*maxAttributes)
	}
	node.Attributes = r.attrs[len(r.attrs):len(r.attrs):cap(r.attrs)]
	for {
		spaced := r.skip()
		switch rest := r.rest(); {
		case strings.HasPrefix(rest, "/>"):
			r.at += len("/>")
			return nil
		case r.take('>'):
			r.open = append(r.open, node)
			return nil
		case !spaced:
			return r.fault("xml_syntax", r.at)
		}
		if fault := r.attribute(node); fault != nil {
			return fault
		}
	}
}

// place puts an element under the one that is open, within the bounds.
func (r *reader) place(node *Node) *Fault {
	if r.elements++; r.elements > maxElements {
		return r.fault("xml_too_many", node.at)
	}
	if len(r.open) == 0 {
		if r.tree.Root != nil {
			return r.fault("xml_outside", node.at)
		}
		r.tree.Root = node
		return nil
	}
	if len(r.open) >= maxDepth {
		return r.fault("xml_too_deep", node.at).with("limit", strconv.Itoa(maxDepth))
	}
	inside := r.open[len(r.open)-1]
	inside.Children = append(inside.Children, node)
	return nil
}

func (r *reader) attribute(node *Node) *Fault {
	a := Attr{at: r.at}
	var fault *Fault
	if a.Name, fault = r.name(); fault != nil {
		return fault
	}
	r.skip()
	if !r.take('=') {
		return r.fault("xml_syntax", r.at)
	}
	r.skip()
	if a.Value, fault = r.quoted(); fault != nil {
		return fault
	}
	// The instance namespace of XML Schema says where a schema lies; ours is here.
	if len(r.open) == 0 && (strings.HasPrefix(a.Name, "xmlns:") || strings.HasPrefix(a.Name, "xsi:")) {
		return nil
	}
	if strings.Contains(a.Name, ":") {
		return r.fault("xml_namespace", a.at)
	}
	if _, twice := node.Attribute(a.Name); twice {
		return r.fault("xml_attribute_repeated", a.at).with("attribute", a.Name)
	}
	r.attributes++
	if len(node.Attributes) >= maxAttributes || r.attributes > maxAll {
		return r.fault("xml_too_many", a.at)
	}
	node.Attributes = append(node.Attributes, a)
	r.attrs = r.attrs[:len(r.attrs)+1]
	return nil
}

// quoted reads an attribute's value.
func (r *reader) quoted() (string, *Fault) {
	if r.rest() == "" || r.rest()[0] != '"' && r.rest()[0] != '\'' {
		return "", r.fault("xml_syntax", r.at)
	}
	quote := r.rest()[0]
	r.at++
	began := r.at
	length, less, plain := quotedText(r.rest(), quote)
	if length < 0 {
		return "", r.fault("xml_syntax", began)
	}
	r.at += length + 1
	if length > maxValue {
		return "", r.fault("value_too_long", began)
	}
	raw := r.tree.text[began : began+length]
	switch {
	case less >= 0:
		return "", r.fault("xml_syntax", began+less)
	case plain:
		return raw, nil
	}
	return r.unescape(raw, began)
}

func (r *reader) take(c byte) bool {
	if r.at < len(r.tree.text) && r.tree.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

// skip passes over white space and reports whether there was any.
func (r *reader) skip() bool {
	began := r.at
	for r.at < len(r.tree.text) && space(rune(r.tree.text[r.at])) {
		r.at++
	}
	return r.at > began
}

func space(c rune) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
