package egrul

import (
	"encoding/xml"
	"errors"
	"strings"
)

// node is an element of one record with its line in the file.
type node struct {
	name  string
	line  int
	attrs map[string]string
	kids  []*node
	text  string
}

// maxDepth bounds how deep elements stand in one another: the published form needs
// nine.
const maxDepth = 40

var (
	errDepth    = errors.New("elements stand too deep in one another")
	errElements = errors.New("a record has too many elements")
)

// treeReader reads records, each as a tree of at most so many elements.
type treeReader struct {
	*xml.Decoder
	most, left int
}

// record reads the element that start begins, to its end.
func (r *treeReader) record(start xml.StartElement) (*node, error) {
	r.left = r.most
	return r.node(start, 0)
}

func (r *treeReader) node(start xml.StartElement, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	if r.left--; r.left < 0 {
		return nil, errElements
	}
	line, _ := r.InputPos()
	n := &node{name: start.Name.Local, line: line, attrs: make(map[string]string, len(start.Attr))}
	for _, a := range start.Attr {
		n.attrs[a.Name.Local] = strings.TrimSpace(a.Value)
	}
	var text strings.Builder
	for {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			kid, err := r.node(token, depth+1)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, kid)
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			n.text = strings.TrimSpace(text.String())
			return n, nil
		}
	}
}

// one is the first child of that path, nil when there is none. It may be asked of
// nil.
func (n *node) one(path ...string) *node {
	for _, name := range path {
		if n == nil {
			return nil
		}
		var found *node
		for _, kid := range n.kids {
			if kid.name == name {
				found = kid
				break
			}
		}
		n = found
	}
	return n
}

// all are the children of that name.
func (n *node) all(name string) []*node {
	var out []*node
	if n == nil {
		return nil
	}
	for _, kid := range n.kids {
		if kid.name == name {
			out = append(out, kid)
		}
	}
	return out
}

// attr is an attribute's value, "" when there is none. It may be asked of nil.
func (n *node) attr(name string) string {
	if n == nil {
		return ""
	}
	return n.attrs[name]
}
