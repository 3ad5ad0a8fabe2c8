package emchd

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Namespace is that of every element.
const Namespace = "urn://x-artefacts/EMCHD_1"

// The bounds of a form.
const (
	MaxSize     = 1 << 20 // bytes
	maxDepth    = 24
	maxElements = 20_000
	maxValue    = 8_000 // bytes of one attribute or text
)

// node is an element with its place.
type node struct {
	name         string
	attributes   map[string]string
	children     []*node
	text         string
	line, column int
}

// child is the first child of the name; nil when there is none.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// all are the children of the name.
func (n *node) all(name string) (list []*node) {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name == name {
			list = append(list, c)
		}
	}
	return list
}

// get is an attribute; "" when it is absent.
func (n *node) get(name string) string {
	if n == nil {
		return ""
	}
	return n.attributes[name]
}

// declared finds the encoding that the XML declaration names.
var declared = regexp.MustCompile(`^<\?xml[^>]*encoding=["']([A-Za-z0-9_-]+)["'][^>]*\?>`)

// toUTF8 decodes the whole file, so that lines and columns can be counted in
// characters.
func toUTF8(raw []byte) ([]byte, *Fault) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	encoding := "utf-8"
	if found := declared.FindSubmatch(raw); found != nil {
		encoding = strings.ToLower(string(found[1]))
	}
	switch encoding {
	case "utf-8", "utf8":
	case "windows-1251":
		decoded, err := charmap.Windows1251.NewDecoder().Bytes(raw)
		if err != nil {
			return nil, &Fault{Code: "encoding"}
		}
		raw = decoded
	default:
		return nil, &Fault{Code: "encoding", Line: 1, Column: 1}
	}
	if at := firstInvalid(raw); at >= 0 {
		line, column := place(raw, at)
		return nil, &Fault{Code: "encoding", Line: line, Column: column}
	}
	return raw, nil
}

func firstInvalid(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// place counts the line and, in characters, the column of an offset, from 1.
func place(text []byte, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	begin := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[begin:]) + 1
}

// builder reads the tokens of a file into a tree.
type builder struct {
	text     []byte
	decoder  *xml.Decoder
	open     []*node
	root     *node
	elements int

	// Where the last element began: places are counted onwards from it, or a file of
	// one long line would cost its square.
	at, line, column int
}

// parseTree reads a well-formed file into a tree.
func parseTree(raw []byte) (*node, *Fault) {
	if len(raw) > MaxSize {
		return nil, &Fault{Code: "too_large"}
	}
	text, fault := toUTF8(raw)
	if fault != nil {
		return nil, fault
	}
	b := &builder{text: text, decoder: xml.NewDecoder(bytes.NewReader(text)), line: 1, column: 1}
	b.decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // decoded above
	for {
		at := int(b.decoder.InputOffset())
		token, err := b.decoder.Token()
		if errors.Is(err, io.EOF) && b.root != nil && len(b.open) == 0 {
			return b.root, nil
		}
		if err != nil {
			return nil, b.fault("xml_malformed", int(b.decoder.InputOffset()))
		}
		if fault := b.take(token, at); fault != nil {
			return nil, fault
		}
	}
}

func (b *builder) fault(code string, offset int) *Fault {
	line, column := place(b.text, offset)
	return &Fault{Code: code, Line: line, Column: column}
}

// advance counts on to an offset that is not before the last one.
func (b *builder) advance(to int) (line, column int) {
	between := b.text[b.at:to]
	if lines := bytes.Count(between, []byte("\n")); lines > 0 {
		b.line += lines
		b.column = 1
		between = between[bytes.LastIndexByte(between, '\n')+1:]
	}
	b.column += utf8.RuneCount(between)
	b.at = to
	return b.line, b.column
}

func (b *builder) take(token xml.Token, at int) *Fault {
	switch token := token.(type) {
	case xml.StartElement:
		return b.begin(token, at)
	case xml.EndElement:
		b.open = b.open[:len(b.open)-1]
	case xml.CharData:
		if len(b.open) > 0 {
			top := b.open[len(b.open)-1]
			if top.text += string(token); len(top.text) > maxValue {
				return b.fault("value_too_long", at)
			}
		} else if len(bytes.TrimSpace(token)) > 0 {
			return b.fault("xml_malformed", at)
		}
	case xml.Directive: // <!DOCTYPE: entities and outside files
		return b.fault("dtd", at)
	case xml.ProcInst:
		if token.Target != "xml" {
			return b.fault("processing_instruction", at)
		}
	}
	return nil
}

func (b *builder) begin(start xml.StartElement, at int) *Fault {
	b.elements++
	switch {
	case len(b.open) == 0 && b.root != nil:
		return b.fault("xml_malformed", at)
	case len(b.open) >= maxDepth, b.elements > maxElements:
		return b.fault("too_complex", at)
	}
	n := &node{name: start.Name.Local, attributes: map[string]string{}}
	n.line, n.column = b.advance(at)
	if start.Name.Space != Namespace {
		return &Fault{Code: "namespace", Line: n.line, Column: n.column, Element: n.name}
	}
	for _, a := range start.Attr {
		if fault := n.attribute(a); fault != nil {
			return fault
		}
	}
	if len(b.open) == 0 {
		b.root = n
	} else {
		parent := b.open[len(b.open)-1]
		parent.children = append(parent.children, n)
	}
	b.open = append(b.open, n)
	return nil
}

// attribute takes one; the decoder itself would let a repeated one pass.
func (n *node) attribute(a xml.Attr) *Fault {
	name := a.Name.Local
	fault := func(code string) *Fault {
		return &Fault{Code: code, Line: n.line, Column: n.column, Element: n.name, Attribute: name}
	}
	if a.Name.Space == "xmlns" || a.Name.Space == "" && name == "xmlns" ||
		a.Name.Space == "http://www.w3.org/2001/XMLSchema-instance" {
		return nil
	}
	_, twice := n.attributes[name]
	switch {
	case a.Name.Space != "": // to everybody else it is not the attribute of that name
		return fault("namespace")
	case twice:
		return fault("attribute_repeated")
	case len(a.Value) > maxValue:
		return fault("value_too_long")
	case strings.ContainsFunc(a.Value, unicode.IsControl):
		return fault("value_control")
	}
	n.attributes[name] = a.Value
	return nil
}
