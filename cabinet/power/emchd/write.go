package emchd

import (
	"encoding/xml"
	"strconv"
	"strings"

	"propusk/idp/directory"
)

// FileID is how the file of a power is named, without extension.
func FileID(number, issuedOn string) string {
	return "ON_EMCHD_" + strings.ReplaceAll(issuedOn, "-", "") + "_" + number
}

// writer makes XML; every value passes through its escaping.
type writer struct {
	b    strings.Builder
	open []string
}

// begin opens an element; attributes are name, value pairs, empty values left out.
func (w *writer) begin(name string, attributes ...string) {
	w.tag(name, attributes)
	w.b.WriteString(">\n")
	w.open = append(w.open, name)
}

func (w *writer) tag(name string, attributes []string) {
	w.b.WriteString(strings.Repeat("  ", len(w.open)) + "<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] == "" {
			continue
		}
		w.b.WriteString(" " + attributes[i] + `="`)
		_ = xml.EscapeText(&w.b, []byte(attributes[i+1])) // a Builder never fails
		w.b.WriteString(`"`)
	}
}

// leaf is an element without content, or with a text.
func (w *writer) leaf(name, text string, attributes ...string) {
	w.tag(name, attributes)
	if text == "" {
		w.b.WriteString("/>\n")
		return
	}
	w.b.WriteString(">")
	_ = xml.EscapeText(&w.b, []byte(text)) // a Builder never fails
	w.b.WriteString("</" + name + ">\n")
}

func (w *writer) end() {
	last := len(w.open) - 1
	name := w.open[last]
	w.open = w.open[:last]
	w.b.WriteString(strings.Repeat("  ", len(w.open)) + "</" + name + ">\n")
}

// Write makes the file of a form, in UTF-8. What it makes, Parse reads back.
func Write(f Form) []byte {
	if f.FileID == "" {
		f.FileID = FileID(f.Number, f.IssuedOn)
	}
	w := new(writer)
	w.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.begin("Доверенность", "xmlns", Namespace, "ВерсФорм", "EMCHD_1", "ПрЭлФорм", "00010000", "ИдФайл", f.FileID)
	w.begin("Документ", "КНД", "1110310")
	if f.First == "" {
		w.given(f)
	} else {
		w.handedOn(f)
	}
	w.end()
	w.end()
	return []byte(w.b.String())
}

func (w *writer) given(f Form) {
	w.begin("Довер")
	w.about("СвДов", f)
	for _, p := range f.Principals {
		w.principal(p)
	}
	for _, r := range f.Representatives {
		w.someone("СвУпПред", "ТипПред", "Пред", r)
	}
	w.powers(f)
	w.end()
}

func (w *writer) handedOn(f Form) {
	w.begin("Передов")
	w.begin("СвПервДовер", "НомДовер", f.First)
	for _, p := range f.Principals {
		w.principal(p)
	}
	w.end()
	if f.Parent != f.First {
		w.leaf("СвПередов", "", "НомДовер", f.Parent)
	}
	w.about("СвПереДовер", f)
	if f.Giver != nil {
		w.someone("СвПередПолн", "ТипПерПолн", "ПередПолн", *f.Giver)
	}
	for _, r := range f.Representatives {
		w.someone("СвПолучПолн", "ТипПред", "Пред", r)
	}
	w.powers(f)
	w.end()
}

func (w *writer) about(name string, f Form) {
	kind, delegation := "1", "1"
	if f.Irrevocable {
		kind = "2"
	}
	switch {
	case f.Delegation == 1:
		delegation = "2"
	case f.Delegation > 1:
		delegation = "3"
	}
	w.leaf(name, "", "ВидДовер", kind, "ПрПередов", delegation, "ВнНомДовер", f.InternalNumber,
		"НомДовер", f.Number, "ДатаВыдДовер", f.IssuedOn, "СрокДейст", f.Until)
}

func (w *writer) principal(p Party) {
	if p.Kind == KindSole {
		w.begin("СвДоверит", "ТипДоверит", "3")
		w.begin("Доверит")
		w.natural("ИПДовер", p, "НаимИП", p.Name, "ОГРНИП", p.OGRN)
		w.end()
		w.end()
		return
	}
	w.begin("СвДоверит", "ТипДоверит", "1")
	w.begin("Доверит")
	w.begin("РосОргДовер", "ЕИОУК", "0", "ЕИОФЛ", "1", "ЕИОИП", "0")
	w.organisation("СвРосОрг", p)
	for _, head := range p.Heads {
		w.begin("ЛицоБезДов", "ПолнЮЛ", "1")
		w.natural("СвФЛ", head)
		w.end()
	}
	w.end()
	w.end()
	w.end()
}

func (w *writer) organisation(name string, p Party) {
	w.leaf(name, "", "НаимОрг", p.Name, "ИННЮЛ", p.INN, "КПП", p.KPP, "ОГРН", p.OGRN)
}

func (w *writer) natural(name string, p Party, more ...string) {
	w.begin(name, append([]string{"ИННФЛ", p.INN, "СНИЛС", directory.FormatSNILS(p.SNILS), "Должность", p.Position}, more...)...)
	w.begin("СведФЛ", "ДатаРожд", p.BirthDate)
	w.leaf("ФИО", "", "Фамилия", p.LastName, "Имя", p.FirstName, "Отчество", p.MiddleName)
	w.end()
	w.end()
}

// someone is a giver or a representative: organisation 1, sole proprietor 2,
// person 3.
func (w *writer) someone(name, kind, within string, p Party) {
	types := map[string]string{KindOrganisation: "1", KindSole: "2", KindPerson: "3"}
	w.begin(name, kind, types[p.Kind])
	w.begin(within)
	switch p.Kind {
	case KindOrganisation:
		w.organisation("СведОрг", p)
	case KindSole:
		w.natural("СведИП", p, "НаимИП", p.Name, "ОГРНИП", p.OGRN)
	default:
		p.Position = ""
		w.natural("СведФизЛ", p)
	}
	w.end()
	w.end()
}

func (w *writer) powers(f Form) {
	joint, kind := "1", "1"
	if f.Joint {
		joint = "2"
	}
	if len(f.Powers) == 0 {
		kind = "0"
	}
	w.begin("СвПолн", "ТипПолн", kind, "ПрСовмПолн", joint)
	if f.Text != "" {
		w.leaf("ТекстПолн", f.Text)
	}
	for _, p := range f.Powers {
		w.leaf("МашПолн", "", "КодПолн", p.Code, "НаимПолн", p.Name)
	}
	for i, l := range f.Limits {
		w.begin("ОгрСвПолн", "ИдОгр", strconv.Itoa(i+1), "КодОгр", l.Code, "НаимОгр", limitName(l.Code))
		for _, value := range l.Values {
			w.leaf("КодЗначОгр", value)
		}
		w.end()
	}
	w.end()
}

var limitNames = map[string]string{
	LimitReports: "Виды отчётности", LimitExtracts: "Виды выписок", LimitServices: "Услуги",
	LimitSum: "Наибольшая сумма, коп.", LimitNoSign: "Без права подписи",
}

func limitName(code string) string {
	if name, known := limitNames[code]; known {
		return name
	}
	return code
}

// FormLimits writes the cabinet's limits as the form has them.
func FormLimits(l directory.PowerLimits) (limits []Limit) {
	for _, list := range []Limit{{LimitReports, l.Reports}, {LimitExtracts, l.Extracts}, {LimitServices, l.Services}} {
		if len(list.Values) > 0 {
			limits = append(limits, list)
		}
	}
	if l.MaxSum > 0 {
		limits = append(limits, Limit{LimitSum, []string{strconv.FormatInt(l.MaxSum, 10)}})
	}
	if !l.MaySign {
		limits = append(limits, Limit{Code: LimitNoSign})
	}
	return limits
}
