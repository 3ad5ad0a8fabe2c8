package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
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
	length := strings.IndexByte(r.rest(), quote)
	if length < 0 {
		return "", r.fault("xml_syntax", began)
	}
	r.at += length + 1
	if length > maxValue {
		return "", r.fault("value_too_long", began)
	}
	raw := r.tree.text[began : began+length]
	if at := strings.IndexByte(raw, '<'); at >= 0 {
		return "", r.fault("xml_syntax", began+at)
	}
	return r.unescape(raw, began)
}

// unescape resolves the five entities of XML and character references, and turns
// line breaks and tabs into spaces (XML 1.0 §3.3.3). at is where raw begins.
func (r *reader) unescape(raw string, at int) (string, *Fault) {
	if plainText(raw) {
		return raw, nil
	}
	var b strings.Builder
	for i := 0; i < len(raw); {
		c, size := utf8.DecodeRuneInString(raw[i:])
		switch {
		case c == '&':
			replaced, length := entity(raw[i:])
			if length == 0 {
				return "", r.fault("xml_entity", at+i)
			}
			b.WriteRune(replaced)
			size = length
		case space(c):
			b.WriteByte(' ')
		case unicode.IsControl(c):
			return "", r.fault("xml_character", at+i)
		default:
			b.WriteRune(c)
		}
		i += size
	}
	return b.String(), nil
}

// plainText reports whether there is nothing to resolve: no reference and no
// control character, of which U+0080 to U+009F begin with the byte 0xC2.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == '&' || c < ' ' || c == 0x7F || c == 0xC2 {
			return false
		}
	}
	return true
}

var entities = map[string]rune{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// entity reads the reference with which s begins; length 0 when it is none.
func entity(s string) (r rune, length int) {
	name, _, found := strings.Cut(s[1:min(len(s), 12)], ";")
	if !found {
		return 0, 0
	}
	if r, known := entities[name]; known {
		return r, len(name) + 2
	}
	digits, numeric := strings.CutPrefix(name, "#")
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if !numeric || err != nil || n > unicode.MaxRune || unicode.IsControl(rune(n)) || !utf8.ValidRune(rune(n)) {
		return 0, 0
	}
	return rune(n), len(name) + 2
}

// name reads the name of an element or attribute.
func (r *reader) name() (string, *Fault) {
	rest := r.rest()
	length := nameLength(rest)
	name := rest[:length]
	if first, _ := utf8.DecodeRuneInString(name); length == 0 || length > 128 || !letter(first) && first != '_' {
		return "", r.fault("xml_syntax", r.at)
	}
	r.at += length
	return name, nil
}

// nameLength is how many bytes at the beginning of s a name can have. Names are half of
// a report, and nearly all of them ASCII and the letters А to я, which are told by their
// bytes: 0xD0 0x90 to 0xD1 0x8F.
func nameLength(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case nameBytes[c]:
			i++
		case c < utf8.RuneSelf:
			return i
		case c == 0xD0 && i+1 < len(s) && s[i+1] >= 0x90, c == 0xD1 && i+1 < len(s) && s[i+1] <= 0x8F:
			i += 2
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !letter(r) {
				return i
			}
			i += size
		}
	}
	return len(s)
}

// nameBytes are the bytes of ASCII that a name may have.
var nameBytes = func() (allowed [256]bool) {
	for c := range utf8.RuneSelf {
		allowed[c] = letter(rune(c)) || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':'
	}
	return allowed
}()

// letter is unicode.IsLetter with a short way for the letters that reports have.
func letter(c rune) bool {
	switch {
	case c >= 'а' && c <= 'я' || c >= 'А' && c <= 'Я' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return true
	case c < utf8.RuneSelf:
		return false
	}
	return unicode.IsLetter(c)
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
