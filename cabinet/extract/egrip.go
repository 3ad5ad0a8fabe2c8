package extract

import "propusk/cabinet/authority"

// soleElement is СвИП, with its children in the order of the schema.
func soleElement(r authority.Record) *element {
	var who *element
	if p := r.Person; p != nil {
		who = el("СвФЛ", el("ФИОРус", a("Фамилия", p.LastName), a("Имя", p.FirstName), a("Отчество", p.MiddleName)), grnip(p.Stamp))
	}
	return el("СвИП", a("ДатаВып", string(r.ExtractDate)), a("ОГРНИП", r.OGRN), a("ДатаОГРНИП", string(r.OGRNDate)),
		a("ИННФЛ", r.INN), a("КодВидИП", r.Form.Code), a("НаимВидИП", r.Form.Name),
		who, mailbox(r),
		registrar(r),
		each(r.Licences, licence),
		each(r.Entries, func(e authority.Entry) *element { return entry("СвЗапЕГРИП", "ГРНИП", e) }),
	)
}

// grnip is ГРНИПДата, the same for sole proprietors.
func grnip(s authority.Stamp) *element {
	return el("ГРНИПДата", a("ГРНИП", s.GRN), a("ДатаЗаписи", string(s.Entered))).some()
}
