package report

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// The bounds of a report. The file itself is at most MaxFile bytes.
const (
	MaxFile       = 10 << 20 // row 169: ≤10 МБ
	maxDepth      = 32
	maxElements   = 250_000
	maxAttributes = 64        // of one element
	maxAll        = 1_000_000 // attributes in all
	maxValue      = 4_000     // bytes of one attribute's value or text
)

// Tree is a report that was read. It keeps where every element and attribute
// stands, so that a fault can be shown in the file.
type Tree struct {
	Root     *Node
	Encoding string // "windows-1251" or "utf-8"
	text     string // the whole file in UTF-8; everything else points into it
}

// Node is one element.
type Node struct {
	Name       string
	Attributes []Attr
	Children   []*Node
	Text       string // without the white space around it
	at         int    // where its tag begins in Tree.text
}

// Attr is one attribute of an element.
type Attr struct {
	Name, Value string
	at          int
}

// Attribute returns the value of an attribute and whether it is there.
func (n *Node) Attribute(name string) (string, bool) {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return n.Attributes[i].Value, true
		}
	}
	return "", false
}

// Child returns the first child of that name, nil when there is none.
func (n *Node) Child(name string) *Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// position is the line and column (in characters) of an offset, both from 1.
func (t *Tree) position(at int) (line, column int) {
	if t == nil || at < 0 || at > len(t.text) {
		return 0, 0
	}
	before := t.text[:at]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// Read reads a report: XML 1.0 in windows-1251 or UTF-8 with a declaration that
// says which, one root, elements, attributes, text and comments. Document types,
// entities of one's own, processing instructions and CDATA have no place in a
// report and are refused, as is everything beyond the bounds; so a file cannot
// make its reader open another one, or grow.
func Read(data []byte) (*Tree, *Fault) {
	text, encoding, fault := decode(data)
	if fault != nil {
		return nil, fault
	}
	r := reader{tree: &Tree{Encoding: encoding, text: text}, at: strings.Index(text, "?>") + 2}
	if fault := r.document(); fault != nil {
		return nil, fault
	}
	return r.tree, nil
}

// decode finds the declared encoding and returns the file in UTF-8.
func decode(data []byte) (text, encoding string, fault *Fault) {
	data, marked := bytes.CutPrefix(data, []byte("\xEF\xBB\xBF"))
	if len(data) == 0 {
		return "", "", whole("xml_empty")
	}
	if len(data) > MaxFile {
		return "", "", whole("file_too_large")
	}
	switch declared := declaredEncoding(data); {
	case declared == "":
		return "", "", whole("xml_declaration")
	case strings.EqualFold(declared, "windows-1251") && !marked:
		return decode1251(data)
	case strings.EqualFold(declared, "utf-8"):
		if at := invalidUTF8(data); at >= 0 {
			return "", "", (&Tree{text: string(data[:at])}).fault("encoding_invalid", at)
		}
		return string(data), "utf-8", nil
	default:
		return "", "", whole("encoding_unsupported").with("encoding", cut(declared))
	}
}

// declaredEncoding reads <?xml version="1.0" encoding="…"?>, "" when it is not so.
func declaredEncoding(data []byte) string {
	head, _, found := bytes.Cut(data[:min(len(data), 200)], []byte("?>"))
	if !found || !bytes.HasPrefix(head, []byte("<?xml ")) {
		return ""
	}
	pseudo := strings.Fields(strings.ReplaceAll(string(head[len("<?xml "):]), "'", `"`))
	if len(pseudo) < 2 || pseudo[0] != `version="1.0"` {
		return ""
	}
	if len(pseudo) > 3 || len(pseudo) == 3 && pseudo[2] != `standalone="yes"` && pseudo[2] != `standalone="no"` {
		return ""
	}
	name, ok := strings.CutPrefix(pseudo[1], `encoding="`)
	if !ok || !strings.HasSuffix(name, `"`) {
		return ""
	}
	return strings.TrimSuffix(name, `"`)
}

// letter1251 is a character of windows-1251 in UTF-8; length 0 is none.
type letter1251 struct {
	bytes  [3]byte
	length uint8
}

// letters1251 is windows-1251 in UTF-8; the one byte that is no character is 0x98.
// Reports have a million of them, so they are looked up, not calculated.
var letters1251 = func() (table [256]letter1251) {
	for c := range table {
		if r := charmap.Windows1251.DecodeByte(byte(c)); r != utf8.RuneError {
			table[c].length = uint8(copy(table[c].bytes[:], string(r)))
		}
	}
	return table
}()

// decode1251 writes the text by the piece, into memory that was measured before.
func decode1251(data []byte) (string, string, *Fault) {
	size := 0
	for _, c := range data {
		size += int(letters1251[c].length)
	}
	var text strings.Builder
	text.Grow(size)
	var piece [1 << 10]byte
	n := 0
	for _, c := range data {
		letter := &letters1251[c]
		if letter.length == 0 {
			text.Write(piece[:n])
			return "", "", (&Tree{text: text.String()}).fault("encoding_invalid", text.Len())
		}
		*(*[3]byte)(piece[n:]) = letter.bytes
		if n += int(letter.length); n > len(piece)-3 {
			text.Write(piece[:n])
			n = 0
		}
	}
	text.Write(piece[:n])
	return text.String(), "windows-1251", nil
}

func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}
