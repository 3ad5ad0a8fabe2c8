package extract

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// element is an XML element that is to be written; nil is none.
type element struct {
	name       string
	attributes []attribute
	children   []*element
}

type attribute struct{ name, value string }

func a(name, value string) attribute { return attribute{name, value} }

// el makes an element of attributes and children; those that say nothing are left
// out.
func el(name string, parts ...any) *element {
	e := &element{name: name}
	for _, part := range parts {
		switch part := part.(type) {
		case attribute:
			if part.value != "" {
				e.attributes = append(e.attributes, part)
			}
		case *element:
			if part != nil {
				e.children = append(e.children, part)
			}
		case []*element:
			for _, child := range part {
				if child != nil {
					e.children = append(e.children, child)
				}
			}
		}
	}
	return e
}

// some is the element unless it says nothing at all.
func (e *element) some() *element {
	if len(e.attributes) == 0 && len(e.children) == 0 {
		return nil
	}
	return e
}

// write appends the element. Every value is escaped: whatever a name contains, it
// stays a value.
func (e *element) write(out *bytes.Buffer) {
	out.WriteString("<" + e.name)
	for _, attribute := range e.attributes {
		out.WriteString(" " + attribute.name + `="`)
		_ = xml.EscapeText(out, []byte(attribute.value)) // a buffer takes everything
		out.WriteByte('"')
	}
	if len(e.children) == 0 {
		out.WriteString("/>")
		return
	}
	out.WriteByte('>')
	for _, child := range e.children {
		child.write(out)
	}
	out.WriteString("</" + e.name + ">")
}

// utf8XML is a whole document in UTF-8.
func utf8XML(root *element) []byte {
	out := bytes.NewBufferString(xml.Header)
	root.write(out)
	out.WriteByte('\n')
	return out.Bytes()
}

// joined is the parts that say something, with a separator.
func joined(separator string, parts ...string) string {
	kept := parts[:0:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, separator)
}
