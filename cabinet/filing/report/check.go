package report

import (
	"strconv"
	"strings"
	"unicode"
)

// Profile is what the house knows of the filer, to hold the report's requisites
// against.
type Profile struct {
	Kind           string // Legal or Sole
	INN, KPP       string
	Name, FullName string
	TaxOffice      string // where the filer says it is registered; "" is by its numbers
}

// Sender is the part O of the names of the filer's files.
func (p Profile) Sender() string {
	if p.Kind == Legal {
		return p.INN + p.KPP
	}
	return p.INN
}

// Office is the tax office that the filer belongs to: the one it names, or the
// first four digits of the КПП, or of a person's ИНН.
func (p Profile) Office() string {
	if p.TaxOffice != "" {
		return p.TaxOffice
	}
	if p.Kind == Legal && len(p.KPP) >= 4 {
		return p.KPP[:4]
	}
	if len(p.INN) >= 4 {
		return p.INN[:4]
	}
	return ""
}

// Claim is what a filing says it is. Type is needed; Period "" and Year 0 are
// taken from the report itself.
type Claim struct {
	Type       *Type
	Period     string
	Year       int
	Correction int
}

// Input is one report to check.
type Input struct {
	FileName string
	Content  []byte
	Tree     *Tree // of Content, where Peek has read it; nil: Content is read
	Profile  Profile
	Claim    Claim
	Today    Date
}

// Header is what a report says of itself.
type Header struct {
	FileID, KND, Version, Office  string
	Period                        string
	Year, Correction              int
	Representative                bool   // ПрПодп = 2
	Document                      string // the representative's document
	LastName, FirstName, Patronym string // of the signatory
	Amount                        int64  // in kopecks, see Type.AmountPath
}

// Check reads a report and answers everything that is wrong with it, in the order
// of the file. The header is as far as it could be read.
func Check(in Input) (Header, Faults) {
	tree := in.Tree
	if tree == nil {
		var fault *Fault
		if tree, fault = Read(in.Content); fault != nil {
			return Header{}, Faults{*fault}
		}
	}
	c := &collector{tree: tree}
	h := readHeader(tree.Root, in.Claim.Type)
	c.name(in)
	c.structure(in.Claim.Type.schema)
	if document := tree.Root.Child("Документ"); document != nil {
		c.header(in, document, h)
		c.requisites(in.Profile, document)
		c.body(in.Claim.Type, document)
	}
	return h, c.faults.sorted()
}

// Peek reads what a report says of itself, and finds its type by the name and the
// КНД. The tree is there whenever the file could be read, so that a check need not
// read it again.
func Peek(name string, content []byte) (*Type, Header, *Tree, *Fault) {
	tree, fault := Read(content)
	if fault != nil {
		return nil, Header{}, nil, fault
	}
	if tree.Root.Name != pathFile {
		return nil, Header{}, tree, tree.fault("root_wrong", tree.Root.at).in(cut(tree.Root.Name)).with("expected", pathFile)
	}
	h := readHeader(tree.Root, nil)
	parsed, _ := ParseFileName(name)
	for _, t := range catalogue {
		if t.schema != nil && (t.ID == parsed.Prefix || parsed.Prefix == "" && t.KND == h.KND) {
			return t, readHeader(tree.Root, t), tree, nil
		}
	}
	return nil, h, tree, whole("type_unknown").with("knd", cut(h.KND)).with("prefix", cut(parsed.Prefix))
}

func readHeader(root *Node, t *Type) Header {
	one := func(path string) string {
		if values := find(root, path); len(values) > 0 {
			return values[0].value
		}
		return ""
	}
	count := func(path string) int { n, _ := strconv.Atoi(one(path)); return n }
	h := Header{
		FileID: one("Файл/@ИдФайл"), Version: one("Файл/@ВерсФорм"), KND: one(pathDocument + "/@КНД"), Office: one(pathDocument + "/@КодНО"),
		Period: one(pathDocument + "/@Период"), Year: count(pathDocument + "/@ОтчетГод"), Correction: count(pathDocument + "/@НомКорр"),
		Representative: one(pathSignatory) == "2", Document: one(pathDocument + "/Подписант/СвПред/@НаимДок"),
		LastName: one(pathDocument + "/Подписант/ФИО/@Фамилия"), FirstName: one(pathDocument + "/Подписант/ФИО/@Имя"),
		Patronym: one(pathDocument + "/Подписант/ФИО/@Отчество"),
	}
	if t != nil && t.AmountPath != "" {
		h.Amount, _ = kopecks(one(pathDocument + "/" + t.AmountPath))
	}
	return h
}

// name holds the file's name against the rule and against what is inside.
func (c *collector) name(in Input) {
	root := c.tree.Root
	id, _ := root.Attribute("ИдФайл")
	idAt := attributeAt(root, "ИдФайл")
	if base := strings.TrimSuffix(strings.TrimSuffix(in.FileName, ".xml"), ".XML"); id != "" && id != base {
		c.add("file_id_mismatch", idAt, "Файл/@ИдФайл", id).with("name", cut(base))
	}
	f, part := ParseFileName(in.FileName)
	if part != "" {
		c.addWhole("file_name_invalid", in.FileName).with("part", part)
		return
	}
	if f.Prefix != in.Claim.Type.ID {
		c.addWhole("file_prefix_mismatch", f.Prefix).with("expected", in.Claim.Type.ID)
	}
	if f.Sender != in.Profile.Sender() {
		c.addWhole("file_sender_mismatch", f.Sender).with("expected", in.Profile.Sender())
	}
	if f.Day.After(in.Today) {
		c.addWhole("file_day_future", f.Day.Dotted())
	}
	document := root.Child("Документ")
	if document == nil {
		return
	}
	if office, there := document.Attribute("КодНО"); there && office != f.Office {
		c.add("file_office_mismatch", attributeAt(document, "КодНО"), pathDocument+"/@КодНО", office).with("name", f.Office)
	}
}

// addWhole adds a fault of the file as such.
func (c *collector) addWhole(code, value string) *Fault {
	fault := c.add(code, 0, "", value)
	fault.Line, fault.Column = 0, 0
	return fault
}

func attributeAt(n *Node, name string) int {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return n.Attributes[i].at
		}
	}
	return n.at
}

// header holds КНД, period, year, correction, date and office against the claim.
func (c *collector) header(in Input, document *Node, h Header) {
	t := in.Claim.Type
	say := func(code, name, expected string) *Fault {
		value, _ := document.Attribute(name)
		return c.add(code, attributeAt(document, name), pathDocument+"/@"+name, value).with("expected", expected)
	}
	if h.KND != t.KND {
		say("knd_mismatch", "КНД", t.KND)
	}
	if in.Claim.Period != "" && h.Period != in.Claim.Period {
		say("period_mismatch", "Период", in.Claim.Period)
	}
	if in.Claim.Year != 0 && h.Year != in.Claim.Year {
		say("year_mismatch", "ОтчетГод", strconv.Itoa(in.Claim.Year))
	}
	if h.Correction != in.Claim.Correction {
		say("correction_mismatch", "НомКорр", strconv.Itoa(in.Claim.Correction))
	}
	c.period(in, document, h)
	if date, ok := document.Attribute("ДатаДок"); ok {
		if day, valid := dotted(date); valid && day.After(in.Today) {
			say("date_future", "ДатаДок", in.Today.Dotted())
		}
	}
	if place, _ := document.Attribute("ПоМесту"); h.Office != in.Profile.Office() && place != placeLarge.Value && place != placeSuccessor.Value {
		say("office_mismatch", "КодНО", in.Profile.Office())
	}
}

// period checks that the type knows the period, and that it is over.
func (c *collector) period(in Input, document *Node, h Header) {
	p, known := in.Claim.Type.Period(h.Period)
	at := attributeAt(document, "Период")
	if !known {
		codes := make([]string, len(in.Claim.Type.Periods))
		for i, one := range in.Claim.Type.Periods {
			codes[i] = one.Code
		}
		c.add("period_unknown", at, pathDocument+"/@Период", h.Period).with("expected", strings.Join(codes, ", "))
		return
	}
	if fault := Over(in.Claim.Type, p, h.Year, in.Today); fault != nil {
		c.add(fault.Code, at, pathDocument+"/@Период", h.Period).with("end", fault.Args["end"])
	}
}

// Over answers a fault when a report for the period cannot be filed yet: a return
// is for a period that has ended, but for one that ends with its filer; a request
// may be made at any time.
func Over(t *Type, p Period, year int, today Date) *Fault {
	end := p.End(year)
	if t.Several || !today.Before(end) {
		return nil
	}
	if p.Ending && !today.Before(DateOf(year, p.First, 1)) {
		return nil
	}
	return whole("period_not_over").with("end", end.Add(-1).Dotted())
}

// requisites holds the taxpayer's numbers and name against the profile.
func (c *collector) requisites(p Profile, document *Node) {
	taxpayer := document.Child("СвНП")
	if taxpayer == nil || len(taxpayer.Children) == 0 {
		return
	}
	path := pathDocument + "/СвНП/"
	compare := func(n *Node, code, name, expected string) {
		if value, there := n.Attribute(name); there && value != expected {
			c.add(code, attributeAt(n, name), path+n.Name+"/@"+name, value).with("expected", expected)
		}
	}
	switch n := taxpayer.Children[0]; {
	case n.Name == "НПЮЛ" && p.Kind == Legal:
		compare(n, "inn_mismatch", "ИННЮЛ", p.INN)
		compare(n, "kpp_mismatch", "КПП", p.KPP)
		if name, there := n.Attribute("НаимОрг"); there && !sameName(name, p.Name) && !sameName(name, p.FullName) {
			c.add("name_mismatch", attributeAt(n, "НаимОрг"), path+"НПЮЛ/@НаимОрг", name).with("expected", p.Name)
		}
	case n.Name == "НПФЛ" && p.Kind == Sole:
		compare(n, "inn_mismatch", "ИННФЛ", p.INN)
	default:
		c.add("filer_kind_mismatch", n.at, path+n.Name, "").with("expected", map[string]string{Legal: "НПЮЛ", Sole: "НПФЛ"}[p.Kind])
	}
}

// sameName compares names as people write them: case, kinds of quotes and of
// spaces do not tell two organisations apart.
func sameName(a, b string) bool { return plain(a) == plain(b) }

func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("«»„“”\"'", r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case r == 'ё' || r == 'Ё':
			return 'е'
		}
		return unicode.ToLower(r)
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// body checks the sums of the report itself.
func (c *collector) body(t *Type, document *Node) {
	body := document.Child(t.Body())
	if body == nil {
		return
	}
	path := pathDocument + "/" + body.Name
	c.ratios(t.ratios, body, path)
	if t.more != nil {
		t.more(c, body, path)
	}
}
