package egrul

import (
	"cmp"
	"slices"
	"strings"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
)

// legal reads СвЮЛ.
func (r *reading) legal(n *node) authority.Record {
	out := authority.Record{Kind: authority.Legal}
	out.OGRN = r.identity(n, "ОГРН", "an ОГРН (13 digits, the last a check digit)", directory.ValidOGRN)
	out.INN = r.identity(n, "ИНН", "the ИНН of a legal entity (10 digits, the last a check digit)", directory.ValidLegalINN)
	out.KPP = r.number(n, "КПП", "a КПП (9 characters)", directory.ValidKPP)
	r.days(n, &out, "ДатаОГРН")
	out.Form = authority.Code{Code: n.attr("КодОПФ"), Name: n.attr("ПолнНаимОПФ")}
	r.name(n, &out)
	r.standing(n, &out)
	r.origin(n, &out)
	r.accounts(n, &out)
	out.Address = r.place(n.one("СвАдресЮЛ"))
	out.Email = r.number(n.one("СвАдрЭлПочты"), "E-mail", "an e-mail address", emailForm.MatchString)
	r.capital(n, &out)
	r.people(n, &out)
	r.founders(n.one("СвУчредит"), &out)
	r.activities(n.one("СвОКВЭД"), &out)
	r.licences(n, &out)
	r.branches(n.one("СвПодразд"), &out)
	r.relations(n, &out)
	r.entries(n.all("СвЗапЕГРЮЛ"), &out)
	return out
}

// identity reads a number without which there is no record.
func (r *reading) identity(n *node, name, is string, valid func(string) bool) string {
	value := n.attr(name)
	switch {
	case value == "":
		r.refuse(n, "/@"+name, "is missing")
	case !valid(value):
		r.refuse(n, "/@"+name, "%s is not %s", quote(value), is)
	}
	return value
}

// days reads the day of the extract, without which nobody knows which of two
// records is the newer one, and that of the registration.
func (r *reading) days(n *node, out *authority.Record, registered string) {
	value := n.attr("ДатаВып")
	date, ok := parseDate(value)
	switch {
	case value == "":
		r.refuse(n, "/@ДатаВып", "is missing")
	case !ok:
		r.refuse(n, "/@ДатаВып", "%s is not a day such as 2026-02-28", quote(value))
	}
	out.ExtractDate, out.OGRNDate = date, r.date(n, registered)
	if out.OGRNDate > out.ExtractDate && ok {
		r.fault(n, "/@"+registered, "%s is after the day of the extract", quote(string(out.OGRNDate)))
		out.OGRNDate = ""
	}
}

// name reads the names; the full one must be there, once.
func (r *reading) name(n *node, out *authority.Record) {
	names := n.all("СвНаимЮЛ")
	if len(names) != 1 {
		r.refuse(n, "/СвНаимЮЛ", "must stand there once, not %d times", len(names))
		return
	}
	out.FullName = names[0].attr("НаимЮЛПолн")
	out.ShortName = cmp.Or(names[0].attr("НаимЮЛСокр"), names[0].one("СвНаимЮЛСокр").attr("НаимСокр"))
	if out.FullName == "" {
		r.refuse(names[0], "/@НаимЮЛПолн", "is missing")
	}
}

// standing reads the status, the end, and what limits the organisation.
func (r *reading) standing(n *node, out *authority.Record) {
	out.Status = authority.Status{Name: "Действующее"}
	for i, s := range n.all("СвСтатус") {
		word := s.one("СвСтатус")
		status := authority.Status{
			Code: r.number(word, "КодСтатусЮЛ", "a status code of three digits", statusForm.MatchString), Name: word.attr("НаимСтатусЮЛ"), Stamp: r.stamp(s),
		}
		if word == nil || status.Name == "" {
			r.fault(s, "/СвСтатус/@НаимСтатусЮЛ", "is missing")
			continue
		}
		if i == 0 {
			out.Status = status
		}
		r.restrict(out, statusRestriction(status.Name), status.Name, status.Stamp)
		if s.one("СвРешИсклЮЛ") != nil {
			r.restrict(out, authority.RestrictionStriking, "Принято решение о предстоящем исключении из ЕГРЮЛ", status.Stamp)
		}
	}
	if end := n.one("СвПрекрЮЛ"); end != nil {
		way := end.one("СпПрекрЮЛ")
		out.Termination = &authority.Termination{
			Date: r.date(end, "ДатаПрекрЮЛ"), Code: way.attr("КодСпПрекрЮЛ"), Method: way.attr("НаимСпПрекрЮЛ"),
			Office: r.office(end.one("СвРегОрг")), Stamp: r.stamp(end),
		}
		if out.Termination.Date == "" {
			r.fault(end, "/@ДатаПрекрЮЛ", "is missing or wrong")
		}
	}
}

// statusRestriction tells by the words of a status whether it limits, "" when not.
func statusRestriction(status string) string {
	lower := strings.ToLower(status)
	for _, word := range []struct{ begin, code string }{
		{"ликвид", authority.RestrictionLiquidation}, {"исключени", authority.RestrictionStriking}, {"банкрот", authority.RestrictionBankruptcy},
		{"несостоятельн", authority.RestrictionBankruptcy}, {"наблюдени", authority.RestrictionBankruptcy}, {"конкурсн", authority.RestrictionBankruptcy},
		{"реорганиз", authority.RestrictionReorganisation}, {"уменьшени", authority.RestrictionCapital},
		{"недостоверн", authority.RestrictionAddress},
	} {
		if strings.Contains(lower, word.begin) {
			return word.code
		}
	}
	return ""
}

// restrict adds a restriction, each code with its text once.
func (r *reading) restrict(out *authority.Record, code, text string, stamp authority.Stamp) {
	there := func(x authority.Restriction) bool { return x.Code == code && x.Text == text }
	if code == "" || slices.ContainsFunc(out.Restrictions, there) {
		return
	}
	out.Restrictions = append(out.Restrictions, authority.Restriction{Code: code, Text: text, Stamp: stamp})
}

// origin reads how the organisation came to be and who keeps its file.
func (r *reading) origin(n *node, out *authority.Record) {
	begin := n.one("СвОбрЮЛ")
	out.Registrar = r.office(n.one("СвРегОрг"))
	if begin == nil {
		return
	}
	way := begin.one("СпОбрЮЛ")
	out.Registration = authority.Registration{
		Method: authority.Code{Code: way.attr("КодСпОбрЮЛ"), Name: way.attr("НаимСпОбрЮЛ"), Stamp: r.stamp(begin)},
		Date:   cmp.Or(r.date(begin, "ДатаРег"), r.date(begin, "ДатаОГРН")), Before2002: begin.attr("РегНом"),
		Office: authority.Office{Name: begin.attr("НаимРО")},
	}
}

// office reads a body: СвРегОрг, СвНО, СвОргПФ or СвОргФСС.
func (r *reading) office(n *node) authority.Office {
	if n == nil {
		return authority.Office{}
	}
	return authority.Office{
		Code:    cmp.Or(r.number(n, "КодНО", "the code of a tax office (4 digits)", officeForm.MatchString), n.attr("КодПФ"), n.attr("КодФСС")),
		Name:    cmp.Or(n.attr("НаимНО"), n.attr("НаимПФ"), n.attr("НаимФСС")),
		Address: n.attr("АдрРО"),
	}
}

// accounts reads how the tax office and the funds know the organisation.
func (r *reading) accounts(n *node, out *authority.Record) {
	if at := n.one("СвУчетНО"); at != nil {
		out.TaxOffice = authority.Account{
			Number: r.number(at, "КПП", "a КПП (9 characters)", directory.ValidKPP), Since: r.date(at, "ДатаПостУч"),
			Office: r.office(at.one("СвНО")), Stamp: r.stamp(at),
		}
	}
	for _, fund := range []struct {
		element, number, office string
		into                    *authority.Account
	}{{"СвРегПФ", "РегНомПФ", "СвОргПФ", &out.Pension}, {"СвРегФСС", "РегНомФСС", "СвОргФСС", &out.Social}} {
		if at := n.one(fund.element); at != nil {
			*fund.into = authority.Account{
				Number: r.number(at, fund.number, "a registration number of the fund", fundForm.MatchString), Since: r.date(at, "ДатаРег"),
				Office: r.office(at.one(fund.office)), Stamp: r.stamp(at),
			}
		}
	}
}

// capital reads the charter capital and the company's own share of it.
func (r *reading) capital(n *node, out *authority.Record) {
	if at := n.one("СвУстКап"); at != nil {
		out.Capital = authority.Capital{Kind: at.attr("НаимВидКап"), Kopecks: r.kopecks(at, "СумКап"), Stamp: r.stamp(at)}
		if at.one("СведУмУК") != nil {
			r.restrict(out, authority.RestrictionCapital, "Общество находится в процессе уменьшения уставного капитала", r.stamp(at.one("СведУмУК")))
		}
	}
	if at := n.one("СвДоляООО"); at != nil {
		share := r.share(at)
		out.OwnShare = &share
		r.encumbered(at, out)
	}
	if at := n.one("СвДержРеестрАО", "ДержРеестрАО"); at != nil {
		holder := r.entity(at)
		out.Register = &holder
	}
}

// activities reads ОКВЭД.
func (r *reading) activities(n *node, out *authority.Record) {
	if n == nil {
		return
	}
	if main := n.all("СвОКВЭДОсн"); len(main) > 1 {
		r.fault(main[1], "", "there is more than one main activity; the first counts")
	}
	if main := n.one("СвОКВЭДОсн"); main != nil {
		out.Activity, _ = r.activity(main)
	}
	for _, other := range n.all("СвОКВЭДДоп") {
		if code, ok := r.activity(other); ok {
			out.Activities = append(out.Activities, code)
		}
	}
}

func (r *reading) activity(n *node) (authority.Code, bool) {
	code := r.number(n, "КодОКВЭД", "an ОКВЭД code such as 62.01", okvedForm.MatchString)
	if n.attr("КодОКВЭД") == "" {
		r.fault(n, "/@КодОКВЭД", "is missing")
	}
	if code == "" {
		return authority.Code{}, false
	}
	return authority.Code{Code: code, Name: n.attr("НаимОКВЭД"), Stamp: r.stamp(n)}, true
}
