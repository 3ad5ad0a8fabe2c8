package egrul

import (
	"cmp"
	"strconv"
	"strings"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
)

// people reads who acts for the organisation.
func (r *reading) people(n *node, out *authority.Record) {
	for _, at := range n.all("СведДолжнФЛ") {
		person, ok := r.person(at.one("СвФЛ"), at)
		if !ok {
			continue
		}
		office := at.one("СвДолжн")
		head := authority.Head{
			Person:       person,
			PositionKind: authority.Code{Code: office.attr("ВидДолжн"), Name: office.attr("НаимВидДолжн")},
			Position:     cmp.Or(office.attr("НаимДолжн"), office.attr("НаимВидДолжн")),
		}
		if head.Position == "" {
			r.fault(at, "/СвДолжн/@НаимДолжн", "is missing")
		}
		if ban := at.one("СвДискв"); ban != nil {
			head.DisqualifiedUntil = r.date(ban, "ДатаОкончДискв")
			r.restrict(out, authority.RestrictionDisqualified, "Руководитель дисквалифицирован до "+head.DisqualifiedUntil.Russian(), r.stamp(ban))
		}
		if doubt := at.one("СвНедДанДолжнФЛ"); doubt != nil {
			r.restrict(out, authority.RestrictionHead, cmp.Or(doubt.attr("ТекстНедДанДолжнФЛ"), "Сведения о руководителе недостоверны"), r.stamp(doubt))
		}
		out.Heads = append(out.Heads, head)
	}
	for _, at := range n.all("СвУпрОрг") {
		out.Managing = append(out.Managing, r.entity(cmp.Or(at.one("НаимИННЮЛ"), at)))
	}
	if doubt := n.one("СвАдресЮЛ", "СвНедАдресЮЛ"); doubt != nil {
		r.restrict(out, authority.RestrictionAddress, cmp.Or(doubt.attr("ТекстНедАдресЮЛ"), "Сведения об адресе недостоверны"), r.stamp(doubt))
	}
}

// person reads СвФЛ; around is where it should stand.
func (r *reading) person(n, around *node) (authority.Person, bool) {
	if n == nil {
		r.fault(around, "/СвФЛ", "is missing")
		return authority.Person{}, false
	}
	p := authority.Person{
		LastName: n.attr("Фамилия"), FirstName: n.attr("Имя"), MiddleName: n.attr("Отчество"),
		INN: r.number(n, "ИННФЛ", "the ИНН of a person (12 digits, the last two check digits)", directory.ValidPersonalINN), Stamp: r.stamp(n),
	}
	if p.LastName == "" && p.FirstName == "" {
		r.fault(n, "/@Фамилия", "is missing")
		return authority.Person{}, false
	}
	return p, true
}

// entity reads another organisation: НаимИННЮЛ and its like.
func (r *reading) entity(n *node) authority.Entity {
	return authority.Entity{
		Name: n.attr("НаимЮЛПолн"),
		INN:  r.number(n, "ИНН", "an ИНН", directory.ValidINN),
		OGRN: r.number(n, "ОГРН", "an ОГРН", validOGRN), Stamp: r.stamp(n),
	}
}

// founders reads СвУчредит.
func (r *reading) founders(n *node, out *authority.Record) {
	if n == nil {
		return
	}
	for _, at := range n.kids {
		f, ok := r.founder(at)
		if !ok {
			continue
		}
		if share := at.one("ДоляУстКап"); share != nil {
			f.Share = r.share(share)
		}
		r.encumbered(at, out)
		if doubt := at.one("СвНедДанУчр"); doubt != nil {
			r.restrict(out, authority.RestrictionFounder, cmp.Or(doubt.attr("ТекстНедДанУчр"), "Сведения об учредителе недостоверны"), r.stamp(doubt))
		}
		out.Founders = append(out.Founders, f)
	}
}

// founder reads one, false for an element that is none.
func (r *reading) founder(n *node) (f authority.Founder, ok bool) {
	named := func(kind string, e authority.Entity) (authority.Founder, bool) {
		if e.Name == "" {
			r.fault(n, "", "has no name")
			return authority.Founder{}, false
		}
		return authority.Founder{Kind: kind, Entity: &e}, true
	}
	switch n.name {
	case "УчрЮЛРос":
		return named(authority.FounderLegal, r.entity(cmp.Or(n.one("НаимИННЮЛ"), n)))
	case "УчрЮЛИн":
		e := r.entity(cmp.Or(n.one("НаимИННЮЛ"), n))
		e.Country = cmp.Or(n.one("СвРегИн").attr("НаимСтран"), n.attr("НаимСтран"))
		return named(authority.FounderForeign, e)
	case "УчрФЛ":
		person, ok := r.person(n.one("СвФЛ"), n)
		return authority.Founder{Kind: authority.FounderPerson, Person: &person}, ok
	case "УчрРФСубМО":
		return named(authority.FounderState, authority.Entity{Name: cmp.Or(n.one("ВидНаимУчр").attr("НаимМО"), n.one("ВидНаимУчр").attr("НаимРегион"), "Российская Федерация"), Stamp: r.stamp(n)})
	case "УчрПИФ":
		return named(authority.FounderFund, authority.Entity{Name: n.one("СвНаимПИФ").attr("НаимПИФ"), Stamp: r.stamp(n)})
	}
	return authority.Founder{}, false
}

// share reads a part of the capital: its nominal value, and its size as a per cent,
// a decimal or a plain fraction.
func (r *reading) share(n *node) authority.Share {
	s := authority.Share{Kopecks: r.kopecks(n, "НоминСтоим"), Stamp: r.stamp(n)}
	size := n.one("РазмерДоли")
	if size == nil {
		return s
	}
	if percent := size.one("Процент"); percent != nil {
		s.Part = r.percent(percent)
	} else if decimal := size.one("ДробДесят"); decimal != nil {
		if !shareForm.MatchString(decimal.text) || !strings.HasPrefix(decimal.text, "0") && strings.Trim(decimal.text, "1.,0") != "" {
			r.fault(decimal, "", "%s is not a share from 0 to 1", quote(decimal.text))
			return s
		}
		s.Part = decimal.text
	} else if plain := size.one("ДробПрост"); plain != nil {
		s.Part = r.fraction(plain)
	}
	return s
}

func (r *reading) percent(n *node) string {
	value, err := strconv.ParseFloat(strings.ReplaceAll(n.text, ",", "."), 64)
	if !shareForm.MatchString(n.text) || err != nil || value > 100 {
		r.fault(n, "", "%s is not a share from 0 to 100 %%", quote(n.text))
		return ""
	}
	return n.text + " %"
}

func (r *reading) fraction(n *node) string {
	above, below := n.attr("Числит"), n.attr("Знаменат")
	if !countForm.MatchString(above) || !countForm.MatchString(below) || len(above) > len(below) || (len(above) == len(below) && above > below) {
		r.fault(n, "", "%s is not a share from 0 to 1", quote(above+"/"+below))
		return ""
	}
	return above + "/" + below
}

// encumbered reads a pledge on a share.
func (r *reading) encumbered(n *node, out *authority.Record) {
	for _, at := range append(n.all("СвОбрем"), n.one("ДоляУстКап").all("СвОбрем")...) {
		r.restrict(out, authority.RestrictionEncumbrance, "Доля обременена: "+cmp.Or(strings.ToLower(at.attr("ВидОбрем")), "вид не указан"), r.stamp(at))
	}
}
