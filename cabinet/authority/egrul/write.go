package egrul

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"propusk/cabinet/authority"
)

// The encodings of files.
const (
	Windows1251 = "windows-1251"
	UTF8        = "UTF-8"
)

// Write writes records of one kind as a file of the register in the published form,
// an element a line. What the form has no place for is left out.
func Write(w io.Writer, encoding string, records ...authority.Record) error {
	root, day := "EGRUL", authority.Date("")
	for _, r := range records {
		if r.Kind == authority.Sole {
			root = "EGRIP"
		}
		day = max(day, r.ExtractDate)
	}
	tree := el(root, at("ДатаВыг", string(day)))
	for _, r := range records {
		if (r.Kind == authority.Sole) != (root == "EGRIP") {
			return fmt.Errorf("egrul: %s is of another kind than the file", r.OGRN)
		}
		if r.Kind == authority.Sole {
			tree.add(soleElement(r))
		} else {
			tree.add(legalElement(r))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="%s"?>`+"\n", encoding)
	tree.write(&b, 0)
	_, err := w.Write(encode(encoding, b.String()))
	return err
}

// encode writes text in the encoding; what windows-1251 lacks becomes a reference.
func encode(encoding, text string) []byte {
	if encoding != Windows1251 {
		return []byte(text)
	}
	var out bytes.Buffer
	for _, r := range text {
		if b, known := charmap.Windows1251.EncodeRune(r); known {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "&#%d;", r)
		}
	}
	return out.Bytes()
}

// element is one to be written. A nil one, and one with nothing in it, is left out.
type element struct {
	name  string
	attrs [][2]string
	kids  []*element
	text  string
}

// at is an attribute; one without a value is left out.
func at(name, value string) any { return [2]string{name, value} }

// el makes an element of attributes, elements and a text.
func el(name string, parts ...any) *element {
	e := &element{name: name}
	for _, part := range parts {
		switch part := part.(type) {
		case [2]string:
			if part[1] != "" {
				e.attrs = append(e.attrs, part)
			}
		case *element:
			e.add(part)
		case []*element:
			for _, kid := range part {
				e.add(kid)
			}
		case string:
			e.text = part
		}
	}
	return e
}

func (e *element) add(kid *element) {
	if kid != nil && (len(kid.attrs) > 0 || len(kid.kids) > 0 || kid.text != "") {
		e.kids = append(e.kids, kid)
	}
}

func (e *element) write(b *strings.Builder, depth int) {
	indent := strings.Repeat("  ", depth)
	b.WriteString(indent + "<" + e.name)
	for _, a := range e.attrs {
		b.WriteString(" " + a[0] + `="` + escape(a[1]) + `"`)
	}
	switch {
	case e.text != "":
		b.WriteString(">" + escape(e.text) + "</" + e.name + ">\n")
	case len(e.kids) == 0:
		b.WriteString("/>\n")
	default:
		b.WriteString(">\n")
		for _, kid := range e.kids {
			kid.write(b, depth+1)
		}
		b.WriteString(indent + "</" + e.name + ">\n")
	}
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
