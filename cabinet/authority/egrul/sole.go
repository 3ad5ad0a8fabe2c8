package egrul

import (
	"cmp"
	"strings"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
)

// sole reads СвИП.
func (r *reading) sole(n *node) authority.Record {
	out := authority.Record{Kind: authority.Sole}
	out.OGRN = r.identity(n, "ОГРНИП", "an ОГРНИП (15 digits, the last a check digit)", directory.ValidOGRNIP)
	out.INN = r.identity(n, "ИННФЛ", "the ИНН of a person (12 digits, the last two check digits)", directory.ValidPersonalINN)
	r.days(n, &out, "ДатаОГРНИП")
	out.Form = authority.Code{Code: n.attr("КодВидИП"), Name: n.attr("НаимВидИП")}
	r.proprietor(n, &out)
	r.soleStanding(n, &out)
	out.Registrar = r.office(n.one("СвРегОрг"))
	if begin := n.one("СвРегИП"); begin != nil {
		out.Registration = authority.Registration{
			Method: authority.Code{Name: "Государственная регистрация физического лица в качестве индивидуального предпринимателя", Stamp: r.stamp(begin)},
			Date:   cmp.Or(r.date(begin, "ДатаРег"), r.date(begin, "ДатаОГРНИП")), Before2002: begin.attr("РегНом"),
			Office: authority.Office{Name: begin.attr("НаимРО")},
		}
	}
	r.accounts(n, &out)
	out.Address = r.place(n.one("СвАдрМЖ"))
	out.Email = r.number(n.one("СвАдрЭлПочты"), "E-mail", "an e-mail address", emailForm.MatchString)
	r.activities(n.one("СвОКВЭД"), &out)
	r.licences(n, &out)
	r.entries(n.all("СвЗапЕГРИП"), &out)
	return out
}

// proprietor reads who it is; the name is the organisation's.
func (r *reading) proprietor(n *node, out *authority.Record) {
	name := n.one("СвФЛ", "ФИОРус")
	if name == nil {
		r.refuse(n, "/СвФЛ/ФИОРус", "is missing")
		return
	}
	p := authority.Person{
		LastName: name.attr("Фамилия"), FirstName: name.attr("Имя"), MiddleName: name.attr("Отчество"), INN: out.INN,
		Citizenship: cmp.Or(n.one("СвГражд").attr("НаимСтран"), citizenships[n.one("СвГражд").attr("ВидГражд")]), Stamp: r.stamp(n.one("СвФЛ")),
	}
	if p.LastName == "" && p.FirstName == "" {
		r.refuse(name, "/@Фамилия", "is missing")
		return
	}
	out.Person = &p
	out.FullName = "Индивидуальный предприниматель " + p.Name()
	out.ShortName = "ИП " + p.Name()
}

// citizenships are the kinds of ВидГражд.
var citizenships = map[string]string{"1": "Российская Федерация", "3": "Лицо без гражданства"}

// soleStanding reads the status of a sole proprietor and the end of the business.
func (r *reading) soleStanding(n *node, out *authority.Record) {
	out.Status = authority.Status{Name: "Действующий"}
	if word := n.one("СвСтатус", "СвСтатус"); word != nil {
		out.Status = authority.Status{
			Code: r.number(word, "КодСтатус", "a status code of three digits", statusForm.MatchString), Name: word.attr("НаимСтатус"), Stamp: r.stamp(n.one("СвСтатус")),
		}
		r.restrict(out, statusRestriction(strings.ToLower(out.Status.Name)), out.Status.Name, out.Status.Stamp)
	}
	end := n.one("СвПрекращ")
	if end == nil {
		return
	}
	word := cmp.Or(end.one("СвСтатус"), end)
	out.Termination = &authority.Termination{
		Date: r.date(word, "ДатаПрекращ"), Code: word.attr("КодСтатус"), Method: word.attr("НаимСтатус"), Office: r.office(end.one("СвРегОрг")), Stamp: r.stamp(end),
	}
	if out.Termination.Date == "" {
		r.fault(word, "/@ДатаПрекращ", "is missing or wrong")
	}
}
