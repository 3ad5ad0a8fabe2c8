package extract

import (
	"fmt"
	"strings"

	"propusk/cabinet/authority"
)

// recordXML writes a record in the form in which the tax service publishes the
// registers: ЕГРЮЛ (VO_RUGF, versions 4.04 and on) or ЕГРИП (VO_RIGF), windows-1251.
// authority/egrul reads it back to the same record.
func recordXML(r authority.Record) ([]byte, error) {
	if r.Kind == authority.Sole {
		return windowsXML(el("EGRIP", a("ДатаВыг", string(r.ExtractDate)), soleElement(r)))
	}
	return windowsXML(el("EGRUL", a("ДатаВыг", string(r.ExtractDate)), legalElement(r)))
}

// legalElement is СвЮЛ, with its children in the order of the schema.
func legalElement(r authority.Record) *element {
	return el("СвЮЛ", a("ДатаВып", string(r.ExtractDate)), a("ОГРН", r.OGRN), a("ДатаОГРН", string(r.OGRNDate)),
		a("ИНН", r.INN), a("КПП", r.KPP), a("КодОПФ", r.Form.Code), a("ПолнНаимОПФ", r.Form.Name),
		el("СвНаимЮЛ", a("НаимЮЛПолн", r.FullName), a("НаимЮЛСокр", r.ShortName), grn(r.Form.Stamp)),
		legalAddress(r),
		mailbox(r),
		legalOrigin(r),
		registrar(r),
		legalStatus(r),
		legalEnd(r),
		account(r.TaxOffice, "СвУчетНО", "СвНО", "НО", a("ИНН", r.INN), a("КПП", r.TaxOffice.Number), a("ДатаПостУч", string(r.TaxOffice.Since))),
		account(r.Pension, "СвРегПФ", "СвОргПФ", "ПФ", a("РегНомПФ", r.Pension.Number), a("ДатаРег", string(r.Pension.Since))),
		account(r.Social, "СвРегФСС", "СвОргФСС", "ФСС", a("РегНомФСС", r.Social.Number), a("ДатаРег", string(r.Social.Since))),
		capital(r),
		each(r.Managing, func(e authority.Entity) *element { return el("СвУпрОрг", entity("НаимИННЮЛ", e)) }),
		each(r.Heads, headElement),
		founders(r),
		ownShare(r),
		shareholders(r),
		activities(r),
		each(r.Licences, licence),
		branches(r),
		reorganising(r),
		each(r.Predecessors, func(e authority.Entity) *element { return predecessor("СвПредш", e) }),
		each(r.Successors, func(e authority.Entity) *element { return predecessor("СвПреем", e) }),
		each(r.Entries, func(e authority.Entry) *element { return entry("СвЗапЕГРЮЛ", "ГРН", e) }),
	)
}

// each makes an element of each of a list.
func each[T any](list []T, make func(T) *element) []*element {
	var elements []*element
	for _, one := range list {
		elements = append(elements, make(one))
	}
	return elements
}

// grn is ГРНДата, by which a piece came into the register.
func grn(s authority.Stamp) *element {
	return el("ГРНДата", a("ГРН", s.GRN), a("ДатаЗаписи", string(s.Entered))).some()
}

func legalAddress(r authority.Record) *element {
	if r.Address == (authority.Address{}) {
		return nil
	}
	return el("СвАдресЮЛ", addressElement("АдресРФ", r.Address))
}

// addressElement is an address in Russia. Where the record has the parts they are
// written as such; КодРегион tells the region that a name alone would not.
func addressElement(name string, p authority.Address) *element {
	place := func(element, kind, attribute, value string) *element_ {
		return &element_{element, kind, attribute, value}
	}
	var parts []*element
	for _, p := range []*element_{
		place("Регион", "ТипРегион", "НаимРегион", p.Region), place("Район", "ТипРайон", "НаимРайон", p.District),
		place("Город", "ТипГород", "НаимГород", p.City), place("НаселПункт", "ТипНаселПункт", "НаимНаселПункт", p.Settlement),
		place("Улица", "ТипУлица", "НаимУлица", p.Street),
	} {
		parts = append(parts, p.element())
	}
	return el(name, a("Индекс", p.PostalCode), a("КодРегион", p.RegionCode), a("Дом", p.House), a("Корпус", p.Building), a("Кварт", p.Flat),
		parts, grn(p.Stamp))
}

// element_ is one part of an address.
type element_ struct{ name, kind, attribute, value string }

func (p *element_) element() *element {
	if p.value == "" {
		return nil
	}
	return el(p.name, a(p.attribute, p.value))
}

func mailbox(r authority.Record) *element {
	return el("СвАдрЭлПочты", a("E-mail", r.Email)).some()
}

func legalOrigin(r authority.Record) *element {
	o := r.Registration
	return el("СвОбрЮЛ", a("ОГРН", r.OGRN), a("ДатаОГРН", string(r.OGRNDate)), a("РегНом", o.Before2002), a("ДатаРег", string(o.Date)), a("НаимРО", o.Office.Name),
		el("СпОбрЮЛ", a("КодСпОбрЮЛ", o.Method.Code), a("НаимСпОбрЮЛ", o.Method.Name)).some(), grn(o.Method.Stamp))
}

func registrar(r authority.Record) *element {
	return el("СвРегОрг", a("КодНО", r.Registrar.Code), a("НаимНО", r.Registrar.Name), a("АдрРО", r.Registrar.Address)).some()
}

func legalStatus(r authority.Record) *element {
	if r.Status.Code == "" {
		return nil
	}
	return el("СвСтатус", el("СвСтатус", a("КодСтатусЮЛ", r.Status.Code), a("НаимСтатусЮЛ", r.Status.Name)), grn(r.Status.Stamp))
}

func legalEnd(r authority.Record) *element {
	t := r.Termination
	if t == nil {
		return nil
	}
	return el("СвПрекрЮЛ", a("ДатаПрекрЮЛ", string(t.Date)),
		el("СпПрекрЮЛ", a("КодСпПрекрЮЛ", t.Code), a("НаимСпПрекрЮЛ", t.Method)).some(),
		el("СвРегОрг", a("КодНО", t.Office.Code), a("НаимНО", t.Office.Name)).some(), grn(t.Stamp))
}

// account is how the organisation is known to a body: СвУчетНО, СвРегПФ, СвРегФСС.
func account(of authority.Account, name, office, suffix string, attributes ...attribute) *element {
	if of == (authority.Account{}) {
		return nil
	}
	parts := make([]any, 0, len(attributes)+2)
	for _, attribute := range attributes {
		parts = append(parts, attribute)
	}
	return el(name, append(parts, el(office, a("Код"+suffix, of.Office.Code), a("Наим"+suffix, of.Office.Name)).some(), grn(of.Stamp))...)
}

func capital(r authority.Record) *element {
	if r.Capital == (authority.Capital{}) {
		return nil
	}
	return el("СвУстКап", a("НаимВидКап", r.Capital.Kind), a("СумКап", decimal(r.Capital.Kopecks)), grn(r.Capital.Stamp))
}

// decimal writes kopecks as rubles of the schema: 10000 or 10000.5.
func decimal(kopecks int64) string {
	if kopecks == 0 {
		return ""
	}
	text := fmt.Sprintf("%d.%02d", kopecks/100, kopecks%100)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func person(name string, p authority.Person) *element {
	return el(name, a("Фамилия", p.LastName), a("Имя", p.FirstName), a("Отчество", p.MiddleName), a("ИННФЛ", p.INN), grn(p.Stamp))
}

// entity is a legal entity that the record names.
func entity(name string, e authority.Entity) *element {
	return el(name, a("ОГРН", e.OGRN), a("ИНН", e.INN), a("НаимЮЛПолн", e.Name), grn(e.Stamp))
}

func predecessor(name string, e authority.Entity) *element {
	return el(name, a("ОГРН", e.OGRN), a("ИНН", e.INN), a("НаимЮЛПолн", e.Name), grn(e.Stamp))
}

func headElement(h authority.Head) *element {
	var banned *element
	if h.DisqualifiedUntil != "" {
		banned = el("СвДискв", a("ДатаОкончДискв", string(h.DisqualifiedUntil)))
	}
	return el("СведДолжнФЛ", person("СвФЛ", h.Person),
		el("СвДолжн", a("ВидДолжн", h.PositionKind.Code), a("НаимВидДолжн", h.PositionKind.Name), a("НаимДолжн", h.Position), grn(h.PositionKind.Stamp)), banned)
}

func founders(r authority.Record) *element {
	return el("СвУчредит", each(r.Founders, founderElement)).some()
}

func founderElement(f authority.Founder) *element {
	share := shareElement("ДоляУстКап", f.Share)
	switch {
	case f.Person != nil:
		return el("УчрФЛ", person("СвФЛ", *f.Person), share)
	case f.Entity == nil:
		return nil
	case f.Kind == authority.FounderForeign:
		return el("УчрЮЛИн", el("НаимИННЮЛ", a("ИНН", f.Entity.INN), a("НаимЮЛПолн", f.Entity.Name)),
			el("СвРегИн", a("НаимСтран", f.Entity.Country)).some(), share)
	case f.Kind == authority.FounderState:
		return el("УчрРФСубМО", el("ВидНаимУчр", a("НаимМО", f.Entity.Name)), share)
	case f.Kind == authority.FounderFund:
		return el("УчрПИФ", el("СвНаимПИФ", a("НаимПИФ", f.Entity.Name)), share)
	}
	return el("УчрЮЛРос", entity("НаимИННЮЛ", *f.Entity), share)
}

// shareElement writes a share with its size: percent, decimal or a vulgar fraction.
func shareElement(name string, s authority.Share) *element {
	var size *element
	part := strings.ReplaceAll(s.Part, " ", "")
	switch percent, isPercent := strings.CutSuffix(part, "%"); {
	case isPercent:
		size = el("РазмерДоли", textElement("Процент", strings.ReplaceAll(percent, ",", ".")))
	case strings.Contains(part, "/"):
		n, d, _ := strings.Cut(part, "/")
		size = el("РазмерДоли", el("ДробьПрост", a("Числит", n), a("Знаменат", d)))
	case part != "":
		size = el("РазмерДоли", textElement("ДробьДесят", part))
	}
	return el(name, a("НоминСтоим", decimal(s.Kopecks)), size, grn(s.Stamp)).some()
}

func ownShare(r authority.Record) *element {
	if r.OwnShare == nil {
		return nil
	}
	return shareElement("СвДоляООО", *r.OwnShare)
}

func shareholders(r authority.Record) *element {
	if r.Register == nil {
		return nil
	}
	return el("СвДержРеестрАО", entity("ДержРеестрАО", *r.Register))
}

func activities(r authority.Record) *element {
	one := func(name string, c authority.Code) *element {
		return el(name, a("КодОКВЭД", c.Code), a("НаимОКВЭД", c.Name), grn(c.Stamp))
	}
	var main *element
	if r.Activity.Code != "" {
		main = one("СвОКВЭДОсн", r.Activity)
	}
	return el("СвОКВЭД", main, each(r.Activities, func(c authority.Code) *element { return one("СвОКВЭДДоп", c) })).some()
}

func licence(l authority.Licence) *element {
	var suspended *element
	if l.SuspendedOn != "" {
		suspended = el("СвПриостЛиц", a("ДатаПриостЛиц", string(l.SuspendedOn)))
	}
	return el("СвЛицензия", a("НомЛиц", l.Number), a("ДатаЛиц", string(l.Date)), a("ДатаНачЛиц", string(l.From)), a("ДатаОкончЛиц", string(l.Until)),
		each(l.Activities, func(s string) *element { return textElement("НаимЛицВидДеят", s) }),
		each(l.Places, func(s string) *element { return textElement("МестоДейстЛиц", s) }),
		orNil(l.Issuer, "ЛицОргВыдЛиц"), grn(l.Stamp), suspended)
}

// textElement holds its value as text.
func textElement(name, text string) *element { return &element{name: name, text: text} }

func orNil(text, name string) *element {
	if text == "" {
		return nil
	}
	return textElement(name, text)
}

func branches(r authority.Record) *element {
	return el("СвПодразд", each(r.Branches, func(b authority.Branch) *element {
		name, address := "СвФилиал", "АдрМНРФ"
		if b.Kind != "branch" {
			name = "СвПредстав"
		}
		return el(name, a("НаимПолн", b.Name), addressElement(address, b.Address), el("СвУчетНОФилиал", a("КПП", b.KPP)).some(), grn(b.Stamp))
	})).some()
}

func reorganising(r authority.Record) *element {
	if r.Reorganising == nil {
		return nil
	}
	return el("СвРеорг", el("СвСтатус", a("КодСтатусЮЛ", r.Reorganising.Code), a("НаимСтатусЮЛ", r.Reorganising.Name)), grn(r.Reorganising.Stamp))
}

// entry is one entry made in the register.
func entry(name, number string, e authority.Entry) *element {
	var cancelled *element
	if e.Cancelled {
		cancelled = el("СвСтатусЗап")
	}
	return el(name, a("ИдЗап", e.ID), a(number, e.GRN), a("ДатаЗап", string(e.Date)),
		el("ВидЗап", a("КодСПВЗ", e.Kind.Code), a("НаимВидЗап", e.Kind.Name)).some(),
		el("СвРегОрг", a("КодНО", e.Office.Code), a("НаимНО", e.Office.Name)).some(),
		each(e.Documents, func(d authority.Document) *element {
			return el("СведПредДок", el("НаимДок", a("НаимДок", d.Name)), a("НомДок", d.Number), a("ДатаДок", string(d.Date)))
		}), cancelled)
}
