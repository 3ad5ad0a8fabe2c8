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

// expected is attribute of one that is most probably the nth.
func (e *Element) expected(name string, nth int) *Attribute {
	if nth < len(e.Attributes) && e.Attributes[nth].Name == name {
		return &e.Attributes[nth]
	}
	return e.attribute(name)
}

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
}

// find collects the values of an attribute: names of elements from node itself on,
// divided by slashes, then the attribute with @. Elements that repeat give a value
// each.
func find(node *Node, path string) []found {
	first, rest, _ := strings.Cut(path, "/")
	if node == nil || node.Name != first {
		return nil
	}
	return below(node, rest, nil)
}

// below is find from the children of node on.
func below(node *Node, path string, into []found) []found {
	step, rest, _ := strings.Cut(path, "/")
	if name, isAttribute := strings.CutPrefix(step, "@"); isAttribute {
		for i := range node.Attributes {
			if a := &node.Attributes[i]; a.Name == name {
				into = append(into, found{a.Value, a.at})
			}
		}
		return into
	}
	for _, child := range node.Children {
		if child.Name == step {
			into = below(child, rest, into)
		}
	}
	return into
}

// collector gathers faults up to their bound, so that a file of a million faults
// costs no more than one of a hundred.
type collector struct {
	tree   *Tree
	path   []step
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

// step is one element of the path that the check stands at.
type step struct {
	name   string
	number int // of an element that repeats, from 1; 0 for others
}

// place writes the path that the check stands at, with what follows. It is written
// only for a fault: a report has a hundred thousand values.
func (c *collector) place(after ...string) string {
	parts := make([]string, 0, len(c.path)+len(after))
	for _, s := range c.path {
		name := s.name
		if s.number > 0 {
			name += "[" + strconv.Itoa(s.number) + "]"
		}
		parts = append(parts, name)
	}
	return strings.Join(append(parts, after...), "/")
}

// structure checks a whole tree against its declaration.
func (c *collector) structure(e *Element) {
	root := c.tree.Root
	if root.Name != e.Name {
		c.add("root_wrong", root.at, root.Name, "").with("expected", e.Name)
		return
	}
	c.element(e, root, 0)
}

// element checks one element and what is in it; number is which of several it is.
func (c *collector) element(e *Element, n *Node, number int) {
	if c.full() {
		return
	}
	c.path = append(c.path, step{e.Name, number})
	c.attributes(e, n)
	if n.Text != "" {
		c.add("text_unexpected", n.at, c.place(), n.Text)
	}
	if e.OneOf {
		c.oneOf(e, n)
	} else {
		c.children(e, n)
	}
	c.path = c.path[:len(c.path)-1]
}

func (c *collector) attributes(e *Element, n *Node) {
	for i := range n.Attributes {
		have := &n.Attributes[i]
		want := e.expected(have.Name, i)
		switch {
		case want == nil:
			c.add("attribute_unknown", have.at, c.place("@"+have.Name), have.Value)
		case !want.Kind.Valid(have.Value):
			c.add("value_invalid", have.at, c.place("@"+have.Name), have.Value).with("expected", want.Kind.Says.RU).with("expected_en", want.Kind.Says.EN)
		}
	}
	for i := range e.Attributes {
		want := &e.Attributes[i]
		if want.Optional {
			continue
		}
		if i < len(n.Attributes) && n.Attributes[i].Name == want.Name {
			continue
		}
		if _, there := n.Attribute(want.Name); there {
			continue
		}
		c.add("attribute_missing", n.at, c.place("@"+want.Name), "").with("label", want.Label.RU).with("label_en", want.Label.EN)
	}
}

// children holds the sequence of n's children against the declaration.
func (c *collector) children(e *Element, n *Node) {
	var few [16]int // most declare no more, and a report has ten thousand elements
	counts := few[:]
	if len(e.Children) > len(few) {
		counts = make([]int, len(e.Children))
	}
	last := 0
	for _, child := range n.Children {
		if c.full() {
			return
		}
		want, at := e.child(child.Name)
		if want == nil {
			c.add("element_unknown", child.at, c.place(child.Name), "")
			continue
		}
		if at < last {
			c.add("element_order", child.at, c.place(child.Name), "").with("before", e.Children[last].Name)
		}
		last = max(last, at)
		counts[at]++
		c.occurrence(want, child, counts[at])
	}
	for i := range e.Children {
		if counts[i] == 0 {
			c.absent(&e.Children[i], n)
		}
	}
}

// occurrence checks one child that may stand here.
func (c *collector) occurrence(want *Element, child *Node, count int) {
	number := 0
	if want.Many > 0 {
		number = count
	}
	switch {
	case count == want.most()+1:
		c.add("element_repeated", child.at, c.place(child.Name), "").with("limit", strconv.Itoa(want.most()))
	case count > want.most():
	case want.When != nil && !want.When.holds(c.tree.Root):
		name := child.Name
		if number > 0 {
			name += "[" + strconv.Itoa(number) + "]"
		}
		c.add("element_unexpected", child.at, c.place(name), "").with("condition", want.When.text())
	default:
		c.element(want, child, number)
	}
}

func (c *collector) absent(want *Element, n *Node) {
	switch {
	case want.Optional:
	case want.When == nil:
		c.add("element_missing", n.at, c.place(want.Name), "").with("label", want.Label.RU).with("label_en", want.Label.EN)
	case want.When.holds(c.tree.Root):
		c.add("conditional_missing", n.at, c.place(want.Name), "").with("condition", want.When.text())
	}
}

func (c *collector) oneOf(e *Element, n *Node) {
	names := make([]string, len(e.Children))
	for i := range e.Children {
		names[i] = e.Children[i].Name
	}
	if len(n.Children) != 1 {
		c.add("choice_wrong", n.at, c.place(), "").with("names", strings.Join(names, ", "))
		return
	}
	child := n.Children[0]
	want, _ := e.child(child.Name)
	if want == nil {
		c.add("choice_wrong", child.at, c.place(child.Name), "").with("names", strings.Join(names, ", "))
		return
	}
	c.element(want, child, 0)
}
