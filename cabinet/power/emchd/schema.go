package emchd

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"propusk/idp/directory"
)

// element is the structure of one element: its attributes, and its children in
// their order.
type element struct {
	attributes []attribute
	children   []part
	choice     bool  // exactly one of the children
	text       *kind // the content; nil = none
	open       bool  // what is inside is not looked at
}

type attribute struct {
	name     string
	required bool
	kind     kind
}

// part is a child with how often it may come; most 0 is without bound.
type part struct {
	name        string
	least, most int
	of          *element
}

// kind is what a value may be; code is the fault of any other.
type kind struct {
	code  string
	valid func(string) bool
}

func pattern(code, expression string) kind {
	return kind{code, regexp.MustCompile(`^(?:` + expression + `)$`).MatchString}
}

func text(limit int) kind {
	return kind{"value_text", func(s string) bool { return strings.TrimSpace(s) != "" && utf8.RuneCountInString(s) <= limit }}
}

func oneOf(values ...string) kind {
	return kind{"value_code", func(s string) bool { return slices.Contains(values, s) }}
}

var (
	anyText = text(1000)
	longest = text(4000)
	date    = kind{"value_date", validDate}
	guid    = kind{"value_guid", func(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }}
	innOrg  = kind{"value_inn_organisation", directory.ValidLegalINN}
	innMan  = kind{"value_inn_person", directory.ValidPersonalINN}
	ogrn    = kind{"value_ogrn", directory.ValidOGRN}
	ogrnip  = kind{"value_ogrnip", directory.ValidOGRNIP}
	kpp     = kind{"value_kpp", directory.ValidKPP}
	snils   = kind{"value_snils", func(s string) bool { _, ok := directory.NormaliseSNILS(s); return ok }}
	office  = pattern("value_tax_office", `\d{4}`)
	form    = pattern("value_knd", `\d{7}`)
	flags   = pattern("value_flags", `[01]{8}`)
	flag    = oneOf("0", "1")
	code    = pattern("value_power_code", `[0-9A-Za-z_.-]{1,40}`)
)

func validDate(s string) bool {
	at, err := time.Parse(time.DateOnly, s)
	return err == nil && at.Year() > 1900 && at.Year() < 2200
}

func must(name string, k kind) attribute { return attribute{name, true, k} }
func may(name string, k kind) attribute  { return attribute{name, false, k} }

var (
	opened = &element{open: true}

	fullName = &element{attributes: []attribute{must("Фамилия", text(60)), must("Имя", text(60)), may("Отчество", text(60))}}
	identity = &element{attributes: []attribute{
		must("КодВидДок", pattern("value_document_kind", `\d{2}`)), must("СерНомДок", text(25)),
		may("ДатаДок", date), may("ВыдДок", anyText), may("КодВыдДок", text(7)),
	}}
	personal = &element{
		attributes: []attribute{may("ДатаРожд", date), may("МестоРожд", anyText), may("ПрГражд", oneOf("1", "2", "3")), may("Гражданство", text(3)), may("Пол", oneOf("1", "2"))},
		children:   []part{{"ФИО", 1, 1, fullName}, {"АдрМЖ", 0, 1, opened}, {"УдЛичнФЛ", 0, 1, identity}},
	}
	natural = &element{
		attributes: []attribute{may("ИННФЛ", innMan), may("СНИЛС", snils), may("Должность", anyText)},
		children:   []part{{"СведФЛ", 1, 1, personal}},
	}
	sole = &element{
		attributes: []attribute{may("НаимИП", anyText), must("ИННФЛ", innMan), must("ОГРНИП", ogrnip), may("СНИЛС", snils)},
		children:   []part{{"СведФЛ", 1, 1, personal}},
	}
	russian = &element{
		attributes: []attribute{must("НаимОрг", anyText), must("ИННЮЛ", innOrg), must("КПП", kpp), must("ОГРН", ogrn)},
		children:   []part{{"АдрРег", 0, 1, opened}},
	}

	head         = &element{attributes: []attribute{may("ПолнЮЛ", oneOf("1", "2"))}, children: []part{{"СвФЛ", 1, 1, natural}}}
	organisation = &element{
		attributes: []attribute{may("ЕИОУК", flag), may("ЕИОФЛ", flag), may("ЕИОИП", flag)},
		children:   []part{{"СвРосОрг", 1, 1, russian}, {"ЛицоБезДов", 1, 0, head}},
	}
	principal = &element{
		attributes: []attribute{must("ТипДоверит", oneOf("1", "2", "3", "4"))},
		children: []part{{"Доверит", 1, 1, &element{choice: true, children: []part{
			{"РосОргДовер", 0, 1, organisation}, {"ИнОргДовер", 0, 1, opened}, {"ИПДовер", 0, 1, sole}, {"ФЛДовер", 0, 1, natural},
		}}}},
	}
	someone = &element{choice: true, children: []part{
		{"СведФизЛ", 0, 1, natural}, {"СведОрг", 0, 1, russian}, {"СведИП", 0, 1, sole}, {"СведИнОрг", 0, 1, opened},
	}}
	representative = &element{
		attributes: []attribute{must("ТипПред", oneOf("1", "2", "3", "4", "5"))},
		children:   []part{{"Пред", 1, 1, someone}},
	}
	giver    = &element{attributes: []attribute{must("ТипПерПолн", oneOf("1", "2", "3", "4", "5"))}, children: []part{{"ПередПолн", 1, 1, someone}}}
	receiver = &element{attributes: []attribute{must("ТипПред", oneOf("1", "2", "3", "4", "5"))}, children: []part{{"Пред", 1, 1, someone}}}

	limit = &element{
		attributes: []attribute{must("ИдОгр", anyText), must("КодОгр", code), must("НаимОгр", anyText)},
		children:   []part{{"КодЗначОгр", 0, 0, &element{text: &anyText}}, {"ТексЗначОгр", 0, 0, &element{text: &anyText}}},
	}
	power = &element{
		attributes: []attribute{must("КодПолн", code), must("НаимПолн", anyText), may("МнПолн", anyText)},
		children:   []part{{"ОгрСвПолн", 0, 0, limit}},
	}
	powers = &element{
		attributes: []attribute{must("ТипПолн", flag), must("ПрСовмПолн", oneOf("1", "2")), may("ПрУтрПолн", oneOf("1", "2"))},
		children:   []part{{"ТекстПолн", 0, 1, &element{text: &longest}}, {"МашПолн", 0, 0, power}, {"ОгрСвПолн", 0, 0, limit}},
	}

	about = []attribute{
		must("ВидДовер", oneOf("1", "2")), must("ПрПередов", oneOf("1", "2", "3")), may("ВнНомДовер", text(100)),
		must("НомДовер", guid), may("ДопИдДовер", text(100)), must("ДатаВыдДовер", date), must("СрокДейст", date), may("КодНО", office),
	}
	details  = []part{{"КодНОДейст", 0, 0, &element{text: &office}}, {"СведСист", 0, 1, &element{open: true}}, {"Безотзыв", 0, 1, opened}}
	original = &element{
		attributes: []attribute{must("НомДовер", guid), may("ДатаВыдДовер", date), may("СрокДейст", date)},
		children:   []part{{"СвДоверит", 1, 0, principal}},
	}
	between = &element{attributes: []attribute{must("НомДовер", guid)}}

	given = &element{children: []part{
		{"СвДов", 1, 1, &element{attributes: about, children: details}},
		{"СвДоверит", 1, 0, principal}, {"СвУпПред", 1, 0, representative}, {"СвПолн", 1, 1, powers}, {"СвНотУд", 0, 1, opened},
	}}
	handedOn = &element{children: []part{
		{"СвПервДовер", 1, 1, original}, {"СвПередов", 0, 1, between}, {"СвПереДовер", 1, 1, &element{attributes: about, children: details}},
		{"СвПередПолн", 1, 0, giver}, {"СвПолучПолн", 1, 0, receiver}, {"СвПолн", 1, 1, powers}, {"СвНотУд", 0, 1, opened},
	}}
	root = &element{
		attributes: []attribute{must("ВерсФорм", oneOf("EMCHD_1")), must("ПрЭлФорм", flags), must("ИдФайл", text(255)), may("ИдФайлНО", text(255)), may("OID", text(100))},
		children: []part{{"Документ", 1, 1, &element{
			attributes: []attribute{may("КНД", form)}, choice: true,
			children: []part{{"Довер", 0, 1, given}, {"Передов", 0, 1, handedOn}},
		}}},
	}
)

// maxFaults is how many faults one file is told of.
const maxFaults = 50

// structure collects what is wrong with a tree.
type structure struct{ faults []Fault }

func (s *structure) add(n *node, code, attribute string, args ...string) {
	if len(s.faults) < maxFaults {
		s.faults = append(s.faults, Fault{Code: code, Line: n.line, Column: n.column, Element: n.name, Attribute: attribute, Value: strings.Join(args, " ")})
	}
}

// check holds a node against its element.
func (s *structure) check(n *node, e *element) {
	if e.open {
		return
	}
	s.attributes(n, e)
	s.content(n, e)
	counts := make([]int, len(e.children))
	last := 0
	for _, c := range n.children {
		i := slices.IndexFunc(e.children, func(p part) bool { return p.name == c.name })
		if i < 0 {
			s.add(c, "element_unknown", "")
			continue
		}
		if i < last {
			s.add(c, "element_order", "")
		}
		last = max(last, i)
		if counts[i]++; e.children[i].most > 0 && counts[i] > e.children[i].most {
			s.add(c, "element_repeated", "")
		}
		s.check(c, e.children[i].of)
	}
	s.missing(n, e, counts)
}

func (s *structure) missing(n *node, e *element, counts []int) {
	total := 0
	for i, p := range e.children {
		total += counts[i]
		if counts[i] < p.least {
			s.add(n, "element_missing", "", p.name)
		}
	}
	if e.choice && total != 1 {
		names := make([]string, len(e.children))
		for i, p := range e.children {
			names[i] = p.name
		}
		s.add(n, "element_choice", "", strings.Join(names, ", "))
	}
}

func (s *structure) content(n *node, e *element) {
	content := strings.TrimSpace(n.text)
	switch {
	case e.text == nil && content != "":
		s.add(n, "text_unexpected", "")
	case e.text != nil && !e.text.valid(content):
		s.add(n, e.text.code, "", shortened(content))
	}
}

func (s *structure) attributes(n *node, e *element) {
	for _, a := range e.attributes {
		value, there := n.attributes[a.name]
		switch {
		case !there && a.required:
			s.add(n, "attribute_missing", a.name)
		case there && !a.kind.valid(value):
			s.add(n, a.kind.code, a.name, shortened(value))
		}
	}
	for _, name := range sorted(n.attributes) {
		if !slices.ContainsFunc(e.attributes, func(a attribute) bool { return a.name == name }) {
			s.add(n, "attribute_unknown", name)
		}
	}
}

func sorted(attributes map[string]string) []string {
	names := make([]string, 0, len(attributes))
	for name := range attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// shortened is a value as a message repeats it.
func shortened(value string) string {
	const most = 40
	if utf8.RuneCountInString(value) <= most {
		return value
	}
	return string([]rune(value)[:most]) + "…"
}
