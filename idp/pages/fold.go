package pages

import (
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// Most of a page is the same whoever looks at it: the words of its language, the
// addresses of styles and scripts, the frame. A template calls a function for each, by
// reflection, and escapes what comes. Here that is done once, when the template is parsed
// for a language; what depends on the request is left to html/template as it stands.
//
// In two steps. Before html/template has looked at a template (settle), a call with
// nothing but constants becomes the constant that it returns, so that html/template
// chooses the escaping of its place as ever. After it has (flatten), a constant with one
// of the common escapings becomes the text that html/template itself makes of it, and
// templates that are nothing but text become part of those that call them.

// constant are the functions that return text and go by nothing but their arguments and
// the language.
var constant = []string{"t", "say", "asset", "words"}

// settle replaces constant calls in every template of the set.
func settle(set *template.Template, functions template.FuncMap) {
	s := settler{functions}
	for _, t := range set.Templates() {
		if t.Tree != nil {
			s.list(t.Tree.Root)
		}
	}
}

type settler struct{ functions template.FuncMap }

func (s settler) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.ActionNode:
			s.pipe(node.Pipe)
		case *parse.TemplateNode:
			s.pipe(node.Pipe)
		case *parse.IfNode:
			s.branch(&node.BranchNode)
		case *parse.RangeNode:
			s.branch(&node.BranchNode)
		case *parse.WithNode:
			s.branch(&node.BranchNode)
		}
	}
}

func (s settler) branch(branch *parse.BranchNode) {
	s.pipe(branch.Pipe)
	s.list(branch.List)
	s.list(branch.ElseList)
}

// pipe settles the calls in brackets first, which are arguments of those around them. A
// command behind a bar gets an argument that does not stand there.
func (s settler) pipe(pipe *parse.PipeNode) {
	if pipe == nil {
		return
	}
	for n, command := range pipe.Cmds {
		for i, argument := range command.Args {
			inner, brackets := argument.(*parse.PipeNode)
			if !brackets {
				continue
			}
			if s.pipe(inner); len(inner.Decl) == 0 && len(inner.Cmds) == 1 {
				if text, is := onlyText(inner.Cmds[0]); is {
					command.Args[i] = text
				}
			}
		}
		if n == 0 {
			s.call(command)
		}
	}
}

// call makes a constant of a call, when it is one and succeeds. One that fails is left to
// fail when the page is drawn.
func (s settler) call(command *parse.CommandNode) {
	name, isCall := command.Args[0].(*parse.IdentifierNode)
	if !isCall || len(command.Args) < 2 || !slices.Contains(constant, name.Ident) {
		return
	}
	var arguments []string
	for _, argument := range command.Args[1:] {
		text, is := argument.(*parse.StringNode)
		if !is {
			return
		}
		arguments = append(arguments, text.Text)
	}
	if result, err := s.result(name.Ident, arguments); err == nil {
		command.Args = []parse.Node{&parse.StringNode{NodeType: parse.NodeString, Pos: command.Pos, Quoted: strconv.Quote(result), Text: result}}
	}
}

func (s settler) result(name string, arguments []string) (string, error) {
	switch call := s.functions[name].(type) {
	case func(string, ...any) string:
		rest := make([]any, len(arguments)-1)
		for i, argument := range arguments[1:] {
			rest[i] = argument
		}
		return call(arguments[0], rest...), nil
	case func(string) (string, error):
		if len(arguments) == 1 {
			return call(arguments[0])
		}
	}
	return "", fmt.Errorf("%s is not called with text", name)
}

func onlyText(command *parse.CommandNode) (*parse.StringNode, bool) {
	if len(command.Args) != 1 {
		return nil, false
	}
	text, is := command.Args[0].(*parse.StringNode)
	return text, is
}

// errStop ends the drawing that makes html/template escape a page.
var errStop = errors.New("pages: nothing is to be drawn")

// stop takes nothing.
type stop struct{}

func (stop) Write([]byte) (int, error) { return 0, errStop }

// flatten has html/template escape the templates of a page and then writes out what is
// constant in them. The error is html/template's about the page.
func flatten(page *template.Template, name string) error {
	err := page.ExecuteTemplate(stop{}, name, nil) // escapes all of them before it draws
	if wrong := new(template.Error); errors.As(err, &wrong) {
		return err
	}
	f := flattener{page: page, trees: map[string]*parse.ListNode{}, done: map[string]bool{}}
	for _, t := range page.Templates() {
		if t.Tree != nil {
			f.trees[t.Name()] = t.Tree.Root
		}
	}
	for name := range f.trees {
		f.template(name)
	}
	return nil
}

type flattener struct {
	page  *template.Template
	trees map[string]*parse.ListNode
	done  map[string]bool // begun, so that templates that call each other end
}

// called is what a call of a template always writes: the template is nothing but text, or
// gets a constant, such as the name of an icon. Functions of templates go by nothing but
// their arguments, so that it can be drawn now.
func (f flattener) called(node *parse.TemplateNode) (string, bool) {
	if node.Pipe != nil && len(node.Pipe.Decl) > 0 {
		return "", false
	}
	if text, only := f.template(node.Name); only || node.Pipe == nil {
		return text, only
	}
	argument, is := constantOf(node.Pipe)
	if !is {
		return "", false
	}
	var out strings.Builder
	if err := f.page.ExecuteTemplate(&out, node.Name, argument); err != nil {
		return "", false // one that html/template made for another place has no name here
	}
	return out.String(), true
}

// constantOf is the value of a text or of a dict of texts.
func constantOf(pipe *parse.PipeNode) (any, bool) {
	if len(pipe.Cmds) != 1 {
		return nil, false
	}
	command := pipe.Cmds[0]
	if text, is := onlyText(command); is {
		return text.Text, true
	}
	if inner, brackets := command.Args[0].(*parse.PipeNode); brackets && len(command.Args) == 1 && len(inner.Decl) == 0 {
		return constantOf(inner)
	}
	if name, isCall := command.Args[0].(*parse.IdentifierNode); !isCall || name.Ident != "dict" {
		return nil, false
	}
	var pairs []any
	for _, argument := range command.Args[1:] {
		text, is := argument.(*parse.StringNode)
		if !is {
			return nil, false
		}
		pairs = append(pairs, text.Text)
	}
	made, err := dict(pairs...)
	return made, err == nil
}

// template flattens one, and returns its text when it is nothing else.
func (f flattener) template(name string) (text string, only bool) {
	root := f.trees[name]
	if root == nil {
		return "", false
	}
	if !f.done[name] {
		f.done[name] = true
		f.list(root)
	}
	return textOf(root)
}

func textOf(list *parse.ListNode) (text string, only bool) {
	for _, node := range list.Nodes {
		part, is := node.(*parse.TextNode)
		if !is {
			return "", false
		}
		text += string(part.Text)
	}
	return text, true
}

// list writes out what is constant, and puts text that stands together into one.
func (f flattener) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := list.Nodes[:0:0]
	for _, node := range list.Nodes {
		text, is := f.text(node)
		if !is {
			nodes = append(nodes, node)
			continue
		}
		if len(nodes) > 0 {
			if before, joins := nodes[len(nodes)-1].(*parse.TextNode); joins {
				nodes[len(nodes)-1] = textNode(before.Pos, string(before.Text)+text)
				continue
			}
		}
		nodes = append(nodes, textNode(node.Position(), text))
	}
	list.Nodes = nodes
}

// text is what a node always writes; not ok when it depends on anything.
func (f flattener) text(node parse.Node) (string, bool) {
	switch node := node.(type) {
	case *parse.TextNode:
		return string(node.Text), true
	case *parse.CommentNode:
		return "", true
	case *parse.ActionNode:
		return written(node.Pipe)
	case *parse.TemplateNode:
		return f.called(node)
	case *parse.IfNode:
		f.branch(&node.BranchNode)
	case *parse.RangeNode:
		f.branch(&node.BranchNode)
	case *parse.WithNode:
		f.branch(&node.BranchNode)
	}
	return "", false
}

func (f flattener) branch(branch *parse.BranchNode) {
	f.list(branch.List)
	f.list(branch.ElseList)
}

func textNode(at parse.Pos, text string) *parse.TextNode {
	return &parse.TextNode{NodeType: parse.NodeText, Pos: at, Text: []byte(text)}
}

// places are the escapings that html/template puts behind an action, and a place in a
// document where it does so: what it makes of a text there is asked of itself.
var places = map[string]place{
	"_html_template_htmlescaper":   newPlace(`<p>`, `</p>`),
	"_html_template_attrescaper":   newPlace(`<p title="`, `"></p>`),
	"_html_template_rcdataescaper": newPlace(`<title>`, `</title>`),
	"_html_template_urlfilter _html_template_urlnormalizer _html_template_attrescaper": newPlace(`<a href="`, `"></a>`),
}

// place is a template with one action.
type place struct {
	drawn         *template.Template
	before, after string
}

func newPlace(before, after string) place {
	return place{template.Must(template.New("place").Parse(before + "{{.}}" + after)), before, after}
}

// escaped is a text as it is written there.
func (p place) escaped(text string) (string, bool) {
	var out strings.Builder
	if err := p.drawn.Execute(&out, text); err != nil {
		return "", false
	}
	inside, begins := strings.CutPrefix(out.String(), p.before)
	inside, ends := strings.CutSuffix(inside, p.after)
	return inside, begins && ends
}

// written is what a constant with a known escaping comes to.
func written(pipe *parse.PipeNode) (string, bool) {
	if len(pipe.Decl) > 0 || len(pipe.Cmds) < 2 {
		return "", false
	}
	text, is := onlyText(pipe.Cmds[0])
	if !is {
		return "", false
	}
	escapers := make([]string, 0, 3)
	for _, command := range pipe.Cmds[1:] {
		escapers = append(escapers, command.String())
	}
	at, known := places[strings.Join(escapers, " ")]
	if !known {
		return "", false
	}
	return at.escaped(text.Text)
}
