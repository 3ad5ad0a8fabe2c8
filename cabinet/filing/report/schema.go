package report

import (
	"strconv"
	"strings"
)

// Element declares one element of a report: what stands in it, how often, and
// when. A structure is a literal of these; schema_check.go walks it.
type Element struct {
	Name       string
	Label      Saying
	Attributes []Attribute
	Children   []Element // in this order; of a OneOf exactly one
	OneOf      bool
	Optional   bool
	Many       int   // at most so many; 0 is one
	When       *When // it must be there when this holds and must not when it does not
}

// Attribute declares one attribute.
type Attribute struct {
	Name     string
	Line     string // code of the line on the paper form (код строки), "" when it has none
	Label    Saying
	Kind     Kind
	Optional bool
	When     *When
	// House marks what the house fills in itself when it makes the file.
	House bool
}

// When is a condition on another value of the same report.
type When struct {
	Path string   // from the root: Файл/Документ/Подписант/@ПрПодп
	Is   []string // any of these
}

func (w *When) holds(root *Node) bool {
	for _, found := range find(root, w.Path) {
		for _, value := range w.Is {
			if found.value == value {
				return true
			}
		}
	}
	return false
}

func (w *When) text() string { return w.Path + " = " + strings.Join(w.Is, " / ") }

// most is how often the element may stand.
func (e *Element) most() int { return max(e.Many, 1) }

func (e *Element) attribute(name string) *Attribute {
	for i := range e.Attributes {
		if e.Attributes[i].Name == name {
			return &e.Attributes[i]
		}
	}
	return nil
}

func (e *Element) child(name string) (*Element, int) {
	for i := range e.Children {
		if e.Children[i].Name == name {
			return &e.Children[i], i
		}
	}
	return nil, -1
}

// found is a value at its place.
type found struct {
	value string
	at    int
	path  string
}

// find collects the values at a path: names of elements from node itself on,
// divided by slashes, the last one an attribute with @. Elements that repeat give
// a value each.
func find(node *Node, path string) []found {
	first, rest, _ := strings.Cut(path, "/")
	if node == nil || node.Name != first {
		return nil
	}
	return below(node, rest, first, nil)
}

// below is find from the children of node on.
func below(node *Node, path, walked string, into []found) []found {
	step, rest, deeper := strings.Cut(path, "/")
	if name, isAttribute := strings.CutPrefix(step, "@"); isAttribute {
		for i := range node.Attributes {
			if a := &node.Attributes[i]; a.Name == name {
				into = append(into, found{a.Value, a.at, walked + "/@" + name})
			}
		}
		return into
	}
	for _, child := range node.Children {
		if child.Name != step {
			continue
		}
		if !deeper {
			into = append(into, found{child.Text, child.at, walked + "/" + step})
			continue
		}
		into = below(child, rest, walked+"/"+step, into)
	}
	return into
}

// collector gathers faults up to their bound, so that a file of a million faults
// costs no more than one of a hundred.
type collector struct {
	tree   *Tree
	faults Faults
}

func (c *collector) full() bool { return len(c.faults) > maxFaults }

func (c *collector) add(code string, at int, element, value string) *Fault {
	if c.full() {
		return &Fault{}
	}
	fault := Fault{Code: code, Element: element, Value: cut(value), Args: map[string]string{}}
	fault.Line, fault.Column = c.tree.position(at)
	c.faults = append(c.faults, fault)
	return &c.faults[len(c.faults)-1]
}

// structure checks a whole tree against its declaration.
func (c *collector) structure(e *Element) {
	root := c.tree.Root
	if root.Name != e.Name {
		c.add("root_wrong", root.at, root.Name, "").with("expected", e.Name)
		return
	}
	c.element(e, root, e.Name)
}

func (c *collector) element(e *Element, n *Node, path string) {
	if c.full() {
		return
	}
	c.attributes(e, n, path)
	if n.Text != "" {
		c.add("text_unexpected", n.at, path, n.Text)
	}
	if e.OneOf {
		c.oneOf(e, n, path)
		return
	}
	c.children(e, n, path)
}

func (c *collector) attributes(e *Element, n *Node, path string) {
	for i := range n.Attributes {
		have := &n.Attributes[i]
		want := e.attribute(have.Name)
		place := path + "/@" + have.Name
		switch {
		case want == nil:
			c.add("attribute_unknown", have.at, place, have.Value)
		case want.When != nil && !want.When.holds(c.tree.Root):
			c.add("attribute_unexpected", have.at, place, have.Value).with("condition", want.When.text())
		case !want.Kind.Valid(have.Value):
			c.add("value_invalid", have.at, place, have.Value).with("expected", want.Kind.Says.RU).with("expected_en", want.Kind.Says.EN)
		}
	}
	for i := range e.Attributes {
		want := &e.Attributes[i]
		if _, there := n.Attribute(want.Name); there || want.Optional {
			continue
		}
		switch {
		case want.When == nil:
			c.add("attribute_missing", n.at, path+"/@"+want.Name, "").with("label", want.Label.RU).with("label_en", want.Label.EN)
		case want.When.holds(c.tree.Root):
			c.add("conditional_missing", n.at, path+"/@"+want.Name, "").with("condition", want.When.text())
		}
	}
}

// children holds the sequence of n's children against the declaration.
func (c *collector) children(e *Element, n *Node, path string) {
	counts := make([]int, len(e.Children))
	last := 0
	for _, child := range n.Children {
		place := path + "/" + child.Name
		want, at := e.child(child.Name)
		if want == nil {
			c.add("element_unknown", child.at, place, "")
			continue
		}
		if at < last {
			c.add("element_order", child.at, place, "").with("before", e.Children[last].Name)
		}
		last = max(last, at)
		if counts[at]++; want.Many > 0 {
			place += "[" + strconv.Itoa(counts[at]) + "]"
		}
		c.occurrence(want, child, place, counts[at])
	}
	for i := range e.Children {
		if counts[i] == 0 {
			c.absent(&e.Children[i], n, path)
		}
	}
}

// occurrence checks one child that may stand here.
func (c *collector) occurrence(want *Element, child *Node, place string, count int) {
	switch {
	case count == want.most()+1:
		c.add("element_repeated", child.at, place, "").with("limit", strconv.Itoa(want.most()))
	case count > want.most():
	case want.When != nil && !want.When.holds(c.tree.Root):
		c.add("element_unexpected", child.at, place, "").with("condition", want.When.text())
	default:
		c.element(want, child, place)
	}
}

func (c *collector) absent(want *Element, n *Node, path string) {
	switch {
	case want.Optional:
	case want.When == nil:
		c.add("element_missing", n.at, path+"/"+want.Name, "").with("label", want.Label.RU).with("label_en", want.Label.EN)
	case want.When.holds(c.tree.Root):
		c.add("conditional_missing", n.at, path+"/"+want.Name, "").with("condition", want.When.text())
	}
}

func (c *collector) oneOf(e *Element, n *Node, path string) {
	names := make([]string, len(e.Children))
	for i := range e.Children {
		names[i] = e.Children[i].Name
	}
	if len(n.Children) != 1 {
		c.add("choice_wrong", n.at, path, "").with("names", strings.Join(names, ", "))
		return
	}
	child := n.Children[0]
	want, _ := e.child(child.Name)
	if want == nil {
		c.add("choice_wrong", child.at, path+"/"+child.Name, "").with("names", strings.Join(names, ", "))
		return
	}
	c.element(want, child, path+"/"+child.Name)
}
