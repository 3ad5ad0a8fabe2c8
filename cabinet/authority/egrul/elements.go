package egrul

import (
	"fmt"
	"strings"

	"propusk/cabinet/authority"
)

// legalElement is СвЮЛ.
func legalElement(r authority.Record) *element {
	e := el("СвЮЛ", at("ДатаВып", string(r.ExtractDate)), at("ОГРН", r.OGRN), at("ДатаОГРН", string(r.OGRNDate)), at("ИНН", r.INN), at("КПП", r.KPP),
		at("СпрОПФ", "ОКОПФ"), at("КодОПФ", r.Form.Code), at("ПолнНаимОПФ", r.Form.Name),
		el("СвНаимЮЛ", at("НаимЮЛПолн", r.FullName), at("НаимЮЛСокр", r.ShortName)),
		addressElement(r), el("СвАдрЭлПочты", at("E-mail", r.Email)),
		originElement(r), officeElement("СвРегОрг", r.Registrar), statusElement(r.Status), endElement(r.Termination),
		accountElement(r), fundElement("СвРегПФ", "РегНомПФ", "СвОргПФ", "ПФ", r.Pension), fundElement("СвРегФСС", "РегНомФСС", "СвОргФСС", "ФСС", r.Social),
		el("СвУстКап", at("НаимВидКап", r.Capital.Kind), at("СумКап", roubles(r.Capital.Kopecks)), stampElement(r.Capital.Stamp)),
	)
	for _, m := range r.Managing {
		e.add(el("СвУпрОрг", entityElement("НаимИННЮЛ", m)))
	}
	for _, h := range r.Heads {
		e.add(headElement(h))
	}
	e.add(foundersElement(r.Founders))
	if r.OwnShare != nil {
		e.add(shareElement("СвДоляООО", *r.OwnShare))
	}
	if r.Register != nil {
		e.add(el("СвДержРеестрАО", entityElement("ДержРеестрАО", *r.Register)))
	}
	common(e, r)
	e.add(branchesElement(r.Branches))
	if r.Reorganising != nil {
		e.add(el("СвРеорг", el("СвСтатус", at("КодСтатусЮЛ", r.Reorganising.Code), at("НаимСтатусЮЛ", r.Reorganising.Name)), stampElement(r.Reorganising.Stamp)))
	}
	for _, p := range r.Predecessors {
		e.add(entityElement("СвПредш", p))
	}
	for _, s := range r.Successors {
		e.add(entityElement("СвПреем", s))
	}
	for _, x := range r.Entries {
		e.add(entryElement("СвЗапЕГРЮЛ", x))
	}
	return e
}

// soleElement is СвИП.
func soleElement(r authority.Record) *element {
	e := el("СвИП", at("ДатаВып", string(r.ExtractDate)), at("ОГРНИП", r.OGRN), at("ДатаОГРНИП", string(r.OGRNDate)), at("ИННФЛ", r.INN),
		at("КодВидИП", r.Form.Code), at("НаимВидИП", r.Form.Name))
	if p := r.Person; p != nil {
		e.add(el("СвФЛ", el("ФИОРус", at("Фамилия", p.LastName), at("Имя", p.FirstName), at("Отчество", p.MiddleName)), stampElement(p.Stamp)))
		e.add(el("СвГражд", at("НаимСтран", p.Citizenship)))
	}
	e.add(el("СвАдрЭлПочты", at("E-mail", r.Email)))
	e.add(el("СвРегИП", at("ДатаОГРНИП", string(r.Registration.Date)), at("РегНом", r.Registration.Before2002), at("НаимРО", r.Registration.Office.Name)))
	e.add(officeElement("СвРегОрг", r.Registrar))
	if r.Status.Code != "" {
		e.add(el("СвСтатус", el("СвСтатус", at("КодСтатус", r.Status.Code), at("НаимСтатус", r.Status.Name)), stampElement(r.Status.Stamp)))
	}
	if t := r.Termination; t != nil {
		e.add(el("СвПрекращ", el("СвСтатус", at("КодСтатус", t.Code), at("НаимСтатус", t.Method), at("ДатаПрекращ", string(t.Date))), officeElement("СвРегОрг", t.Office), stampElement(t.Stamp)))
	}
	e.add(accountElement(r))
	e.add(fundElement("СвРегПФ", "РегНомПФ", "СвОргПФ", "ПФ", r.Pension))
	e.add(fundElement("СвРегФСС", "РегНомФСС", "СвОргФСС", "ФСС", r.Social))
	common(e, r)
	for _, x := range r.Entries {
		e.add(entryElement("СвЗапЕГРИП", x))
	}
	return e
}

// common adds what both kinds have.
func common(e *element, r authority.Record) {
	activities := el("СвОКВЭД", activityElement("СвОКВЭДОсн", r.Activity))
	for _, a := range r.Activities {
		activities.add(activityElement("СвОКВЭДДоп", a))
	}
	e.add(activities)
	for _, l := range r.Licences {
		e.add(licenceElement(l))
	}
}

func stampElement(s authority.Stamp) *element {
	return el("ГРНДата", at("ГРН", s.GRN), at("ДатаЗаписи", string(s.Entered)))
}

// addressElement writes the address with what the register doubts about it.
func addressElement(r authority.Record) *element {
	e := el("СвАдресЮЛ", classifiedElement("АдресРФ", r.Address))
	for _, x := range r.Restrictions {
		if x.Code == authority.RestrictionAddress {
			e.add(el("СвНедАдресЮЛ", at("ТекстНедАдресЮЛ", x.Text), stampElement(x.Stamp)))
		}
	}
	return e
}

func classifiedElement(name string, a authority.Address) *element {
	part := func(name, value string) *element {
		kind, rest, found := strings.Cut(value, " ")
		if !found {
			kind, rest = "", value
		}
		return el(name, at("Тип"+name, kind), at("Наим"+name, rest))
	}
	return el(name, at("Индекс", a.PostalCode), at("КодРегион", a.RegionCode), at("Дом", a.House), at("Корпус", a.Building), at("Кварт", a.Flat),
		part("Регион", a.Region), part("Район", a.District), part("Город", a.City), part("НаселПункт", a.Settlement), part("Улица", a.Street), stampElement(a.Stamp))
}

func originElement(r authority.Record) *element {
	b := r.Registration
	return el("СвОбрЮЛ", at("ОГРН", r.OGRN), at("ДатаОГРН", string(r.OGRNDate)), at("РегНом", b.Before2002), at("ДатаРег", string(b.Date)), at("НаимРО", b.Office.Name),
		el("СпОбрЮЛ", at("КодСпОбрЮЛ", b.Method.Code), at("НаимСпОбрЮЛ", b.Method.Name)), stampElement(b.Method.Stamp))
}

func officeElement(name string, o authority.Office) *element {
	return el(name, at("КодНО", o.Code), at("НаимНО", o.Name), at("АдрРО", o.Address))
}

// statusElement is nothing for an organisation without anything to remark.
func statusElement(s authority.Status) *element {
	if s.Code == "" {
		return nil
	}
	return el("СвСтатус", el("СвСтатус", at("КодСтатусЮЛ", s.Code), at("НаимСтатусЮЛ", s.Name)), stampElement(s.Stamp))
}

func endElement(t *authority.Termination) *element {
	if t == nil {
		return nil
	}
	return el("СвПрекрЮЛ", at("ДатаПрекрЮЛ", string(t.Date)), el("СпПрекрЮЛ", at("КодСпПрекрЮЛ", t.Code), at("НаимСпПрекрЮЛ", t.Method)),
		officeElement("СвРегОрг", t.Office), stampElement(t.Stamp))
}

func accountElement(r authority.Record) *element {
	a := r.TaxOffice
	if a == (authority.Account{}) {
		return nil
	}
	return el("СвУчетНО", at("ИНН", r.INN), at("КПП", a.Number), at("ДатаПостУч", string(a.Since)), officeElement("СвНО", a.Office), stampElement(a.Stamp))
}

func fundElement(name, number, office, suffix string, a authority.Account) *element {
	return el(name, at(number, a.Number), at("ДатаРег", string(a.Since)), el(office, at("Код"+suffix, a.Office.Code), at("Наим"+suffix, a.Office.Name)), stampElement(a.Stamp))
}

func personElement(p authority.Person) *element {
	return el("СвФЛ", at("Фамилия", p.LastName), at("Имя", p.FirstName), at("Отчество", p.MiddleName), at("ИННФЛ", p.INN), stampElement(p.Stamp))
}

func headElement(h authority.Head) *element {
	return el("СведДолжнФЛ", personElement(h.Person),
		el("СвДолжн", at("ВидДолжн", h.PositionKind.Code), at("НаимВидДолжн", h.PositionKind.Name), at("НаимДолжн", h.Position)),
		el("СвДискв", at("ДатаОкончДискв", string(h.DisqualifiedUntil))))
}

func entityElement(name string, e authority.Entity) *element {
	return el(name, at("ОГРН", e.OGRN), at("ИНН", e.INN), at("НаимЮЛПолн", e.Name), stampElement(e.Stamp))
}

func foundersElement(founders []authority.Founder) *element {
	out := el("СвУчредит")
	for _, f := range founders {
		share := shareElement("ДоляУстКап", f.Share)
		switch f.Kind {
		case authority.FounderPerson:
			out.add(el("УчрФЛ", personElement(*f.Person), share))
		case authority.FounderForeign:
			out.add(el("УчрЮЛИн", entityElement("НаимИННЮЛ", *f.Entity), el("СвРегИн", at("НаимСтран", f.Entity.Country)), share))
		case authority.FounderState:
			out.add(el("УчрРФСубМО", el("ВидНаимУчр", at("НаимМО", f.Entity.Name)), stampElement(f.Entity.Stamp), share))
		case authority.FounderFund:
			out.add(el("УчрПИФ", el("СвНаимПИФ", at("НаимПИФ", f.Entity.Name)), stampElement(f.Entity.Stamp), share))
		default:
			out.add(el("УчрЮЛРос", entityElement("НаимИННЮЛ", *f.Entity), share))
		}
	}
	return out
}

func shareElement(name string, s authority.Share) *element {
	size := el("РазмерДоли")
	above, below, plain := strings.Cut(s.Part, "/")
	percent, is := strings.CutSuffix(s.Part, " %")
	switch {
	case plain:
		size.add(el("ДробПрост", at("Числит", above), at("Знаменат", below)))
	case is:
		size.add(el("Процент", percent))
	default:
		size.add(el("ДробДесят", s.Part))
	}
	return el(name, at("НоминСтоим", roubles(s.Kopecks)), size, stampElement(s.Stamp))
}

func roubles(kopecks int64) string {
	if kopecks == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%02d", kopecks/100, kopecks%100)
}

func activityElement(name string, c authority.Code) *element {
	if c.Code == "" {
		return nil
	}
	return el(name, at("КодОКВЭД", c.Code), at("НаимОКВЭД", c.Name), at("ПрВерсОКВЭД", "2014"), stampElement(c.Stamp))
}

func licenceElement(l authority.Licence) *element {
	e := el("СвЛицензия", at("НомЛиц", l.Number), at("ДатаЛиц", string(l.Date)), at("ДатаНачЛиц", string(l.From)), at("ДатаОкончЛиц", string(l.Until)))
	for _, a := range l.Activities {
		e.add(el("НаимЛицВидДеят", a))
	}
	for _, p := range l.Places {
		e.add(el("МестоДейстЛиц", p))
	}
	e.add(el("ЛицОргВыдЛиц", l.Issuer))
	e.add(el("СвПриостЛиц", at("ДатаПриостЛиц", string(l.SuspendedOn))))
	e.add(stampElement(l.Stamp))
	return e
}

func branchesElement(branches []authority.Branch) *element {
	out := el("СвПодразд")
	for _, b := range branches {
		name, account := "СвФилиал", "СвУчетНОФилиал"
		if b.Kind == "office" {
			name, account = "СвПредстав", "СвУчетНОПредстав"
		}
		out.add(el(name, stampElement(b.Stamp), el("СвНаим", at("НаимПолн", b.Name)), classifiedElement("АдрМНРФ", b.Address), el(account, at("КПП", b.KPP))))
	}
	return out
}

func entryElement(name string, x authority.Entry) *element {
	e := el(name, at("ИдЗап", x.ID), at("ГРН", x.GRN), at("ДатаЗап", string(x.Date)),
		el("ВидЗап", at("КодСПВЗ", x.Kind.Code), at("НаимВидЗап", x.Kind.Name)), officeElement("СвРегОрг", x.Office))
	for _, d := range x.Documents {
		day := ""
		if d.Date != "" {
			day = d.Date.Russian()
		}
		e.add(el("СведПредДок", el("НаимДок", d.Name), el("НомДок", d.Number), el("ДатаДок", day)))
	}
	if x.Cancelled {
		e.add(el("ГРНДатаНед", at("ГРН", x.GRN)))
	}
	return e
}
