package report

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// Values is a filled form: paths below Документ with their values, such as
// "НДС/СумУплНП/@КБК". An element that may repeat is numbered from 1:
// "НДС/ОперНеОбл/СумОпер7[2]/@КодОпер". An empty value is none.
type Values map[string]string

// Field is one value that a form asks for.
type Field struct {
	Path     string // repeated elements with [] behind them
	Line     string // code of the line
	Label    Saying
	Section  Saying // of the element it stands in
	Kind     Kind
	Required bool  // where its section is filled in at all
	When     *When // its section is filled in exactly when this holds
}

// Fields lists what a form of the type asks for, in the order of the file. What
// the house fills in itself is not among it.
func (t *Type) Fields() []Field {
	if t.schema == nil {
		return nil
	}
	var list []Field
	document := &t.schema.Children[0]
	fields(document, "", nil, &list)
	return list
}

func fields(e *Element, path string, when *When, into *[]Field) {
	if e.When != nil {
		when = e.When
	}
	for _, a := range e.Attributes {
		if !a.House {
			*into = append(*into, Field{path + "@" + a.Name, a.Line, a.Label, e.Label, a.Kind, !a.Optional, when})
		}
	}
	for i := range e.Children {
		child := &e.Children[i]
		step := path + child.Name
		if child.Many > 0 {
			step += "[]"
		}
		fields(child, step+"/", when, into)
	}
}

// Signatory is who is going to sign a report.
type Signatory struct {
	LastName, FirstName, Patronym string
	// Document by which he represents the taxpayer; "" when he heads it, or is it.
	Document string
}

// Defaults is what a new form begins with: the place of filing and the signatory.
// For a sole proprietor the name is that of the profile.
func (t *Type) Defaults(p Profile, s Signatory) Values {
	if t.schema == nil {
		return nil
	}
	v := Values{
		"@ПоМесту": t.place(p.Kind), "Подписант/@ПрПодп": "1",
		"Подписант/ФИО/@Фамилия": s.LastName, "Подписант/ФИО/@Имя": s.FirstName, "Подписант/ФИО/@Отчество": s.Patronym,
	}
	if s.Document != "" {
		v["Подписант/@ПрПодп"], v["Подписант/СвПред/@НаимДок"] = "2", s.Document
	}
	if p.Kind == Sole {
		name := strings.Fields(strings.TrimPrefix(p.FullName, "Индивидуальный предприниматель "))
		for i, part := range []string{"Фамилия", "Имя", "Отчество"} {
			if i < len(name) {
				v["СвНП/НПФЛ/ФИО/@"+part] = name[i]
			}
		}
	}
	for path, value := range v {
		if value == "" {
			delete(v, path)
		}
	}
	return v
}

// ReadValues takes a report apart into the values of a form, without what the house
// fills in, so that a correction can begin with them. What the format does not know
// is left out.
func (t *Type) ReadValues(content []byte) (Values, *Fault) {
	tree, fault := Read(content)
	if fault != nil {
		return nil, fault
	}
	v := Values{}
	if document := tree.Root.Child("Документ"); document != nil && t.schema != nil {
		v.take(&t.schema.Children[0], document, "")
	}
	return v, nil
}

func (v Values) take(e *Element, n *Node, path string) {
	for _, a := range n.Attributes {
		if want := e.attribute(a.Name); want != nil && !want.House {
			v[path+"@"+a.Name] = a.Value
		}
	}
	counts := map[string]int{}
	for _, child := range n.Children {
		want, _ := e.child(child.Name)
		if want == nil {
			continue
		}
		step := child.Name
		if counts[step]++; want.Many > 0 {
			step += "[" + strconv.Itoa(counts[child.Name]) + "]"
		}
		v.take(want, child, path+step+"/")
	}
}

// place is the usual place of filing of that kind of filer.
func (t *Type) place(kind string) string {
	options := t.schema.Children[0].attribute("ПоМесту").Kind.Values
	for _, o := range options {
		if (o == placeSole || o == placeSoleVAT) == (kind == Sole) {
			return o.Value
		}
	}
	return options[0].Value
}

// Draft is what a file is made of.
type Draft struct {
	Profile Profile
	Claim   Claim
	Office  string // "" is the profile's
	Day     Date
	Unique  string // N of the file's name
	Program string // ВерсПрог
	Values  Values
}

// Write makes the file of a filled form: its name and its bytes, in windows-1251.
// Faults are of values that have no place in the report; whether the report is
// right is for Check to say.
func Write(f Draft) (name FileName, content []byte, faults Faults) {
	t := f.Claim.Type
	if f.Office == "" {
		f.Office = f.Profile.Office()
	}
	name = FileName{Prefix: t.ID, Receiver: f.Office, Office: f.Office, Sender: f.Profile.Sender(), Day: f.Day, Unique: f.Unique}
	document, faults := f.fill()
	if len(faults) > 0 {
		return name, nil, faults.sorted()
	}
	root := &filled{values: map[string]string{"ИдФайл": name.ID(), "ВерсПрог": f.Program, "ВерсФорм": t.Version}}
	root.children = map[string][]*filled{"Документ": {document}}
	w := writer{}
	w.text.WriteString("<?xml version=\"1.0\" encoding=\"windows-1251\"?>\n")
	w.element(t.schema, root, 0)
	return name, encode1251(w.text.String()), nil
}

// filled is an element of a form: what its attributes and its children are.
type filled struct {
	values   map[string]string
	children map[string][]*filled
}

// fill puts the values where they belong, with what the house knows itself.
func (f Draft) fill() (*filled, Faults) {
	document := &filled{}
	schema := &f.Claim.Type.schema.Children[0]
	var faults Faults
	paths := make([]string, 0, len(f.Values))
	for path := range f.Values {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if f.Values[path] == "" {
			continue
		}
		if code := document.put(schema, path, f.Values[path], false); code != "" && len(faults) <= maxFaults {
			faults = append(faults, Fault{Code: code, Element: cut(path)})
		}
	}
	for path, value := range f.own() {
		document.put(schema, path, value, true)
	}
	return document, faults
}

// own is what the house fills in.
func (f Draft) own() Values {
	v := Values{
		"@КНД": f.Claim.Type.KND, "@ДатаДок": f.Day.Dotted(), "@Период": f.Claim.Period, "@ОтчетГод": strconv.Itoa(f.Claim.Year),
		"@КодНО": f.Office, "@НомКорр": strconv.Itoa(f.Claim.Correction),
	}
	if f.Profile.Kind == Legal {
		v["СвНП/НПЮЛ/@НаимОрг"], v["СвНП/НПЮЛ/@ИННЮЛ"], v["СвНП/НПЮЛ/@КПП"] = f.Profile.Name, f.Profile.INN, f.Profile.KPP
	} else {
		v["СвНП/НПФЛ/@ИННФЛ"] = f.Profile.INN
	}
	return v
}

// put walks to a path below e, making elements on the way. It answers the code of
// the fault when there is no such place.
func (n *filled) put(e *Element, path, value string, house bool) string {
	step, rest, deeper := strings.Cut(path, "/")
	if name, isAttribute := strings.CutPrefix(step, "@"); isAttribute && !deeper {
		a := e.attribute(name)
		switch {
		case a == nil:
			return "field_unknown"
		case a.House && !house:
			return "field_house"
		}
		if n.values == nil {
			n.values = map[string]string{}
		}
		n.values[name] = value
		return ""
	}
	name, number, ok := numbered(step)
	child, _ := e.child(name)
	if !ok || !deeper || child == nil || number > child.most() || strings.HasSuffix(step, "]") != (child.Many > 0) {
		return "field_unknown"
	}
	return n.child(name, number).put(child, rest, value, house)
}

// child is the number-th element of that name. Those before it that nothing was
// put into are nil, and are left out of the file.
func (n *filled) child(name string, number int) *filled {
	if n.children == nil {
		n.children = map[string][]*filled{}
	}
	for len(n.children[name]) < number {
		n.children[name] = append(n.children[name], nil)
	}
	if n.children[name][number-1] == nil {
		n.children[name][number-1] = &filled{}
	}
	return n.children[name][number-1]
}

// numbered takes СумОпер7[2] apart; without a number it is 1.
func numbered(step string) (name string, number int, ok bool) {
	name, rest, has := strings.Cut(step, "[")
	if !has {
		return name, 1, true
	}
	digits, closed := strings.CutSuffix(rest, "]")
	number, err := strconv.Atoi(digits)
	return name, number, closed && err == nil && number >= 1 && strconv.Itoa(number) == digits
}

// writer writes elements in the order of their declaration.
type writer struct{ text strings.Builder }

func (w *writer) element(e *Element, n *filled, depth int) {
	indent := strings.Repeat("  ", depth)
	w.text.WriteString(indent + "<" + e.Name)
	for _, a := range e.Attributes {
		if value := n.values[a.Name]; value != "" {
			w.text.WriteString(" " + a.Name + "=\"" + escaper.Replace(value) + "\"")
		}
	}
	if len(n.children) == 0 {
		w.text.WriteString("/>\n")
		return
	}
	w.text.WriteString(">\n")
	for i := range e.Children {
		for _, child := range n.children[e.Children[i].Name] {
			if child != nil {
				w.element(&e.Children[i], child, depth+1)
			}
		}
	}
	w.text.WriteString(indent + "</" + e.Name + ">\n")
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", " ", "\r", " ", "\t", " ")

// encode1251 writes what windows-1251 lacks as character references.
func encode1251(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if b, ok := charmap.Windows1251.EncodeRune(r); ok {
			out = append(out, b)
			continue
		}
		out = append(out, "&#"+strconv.Itoa(int(r))+";"...)
	}
	return out
}
