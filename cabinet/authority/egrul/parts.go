package egrul

import (
	"cmp"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
)

// licences reads СвЛицензия.
func (r *reading) licences(n *node, out *authority.Record) {
	for _, at := range n.all("СвЛицензия") {
		l := authority.Licence{
			Number: at.attr("НомЛиц"), Date: r.date(at, "ДатаЛиц"), From: r.date(at, "ДатаНачЛиц"), Until: r.date(at, "ДатаОкончЛиц"),
			Stamp: r.stamp(at), SuspendedOn: r.date(at.one("СвПриостЛиц"), "ДатаПриостЛиц"),
		}
		for _, kid := range at.all("НаимЛицВидДеят") {
			l.Activities = append(l.Activities, kid.text)
		}
		for _, kid := range at.all("МестоДейстЛиц") {
			l.Places = append(l.Places, kid.text)
		}
		if issuer := at.one("ЛицОргВыдЛиц"); issuer != nil {
			l.Issuer = issuer.text
		}
		switch {
		case l.Number == "":
			r.fault(at, "/@НомЛиц", "is missing")
			continue
		case l.From != "" && l.Until != "" && l.Until < l.From:
			r.fault(at, "/@ДатаОкончЛиц", "the licence ends before it begins")
			continue
		}
		if at.one("СвПриостЛиц") != nil {
			r.restrict(out, authority.RestrictionLicence, "Действие лицензии "+l.Number+" приостановлено", l.Stamp)
		}
		out.Licences = append(out.Licences, l)
	}
}

// branches reads СвПодразд.
func (r *reading) branches(n *node, out *authority.Record) {
	for _, kind := range []struct{ element, kind, account string }{
		{"СвФилиал", "branch", "СвУчетНОФилиал"}, {"СвПредстав", "office", "СвУчетНОПредстав"},
	} {
		for _, at := range n.all(kind.element) {
			out.Branches = append(out.Branches, authority.Branch{
				Kind: kind.kind, Name: at.one("СвНаим").attr("НаимПолн"),
				KPP:     r.number(at.one(kind.account), "КПП", "a КПП (9 characters)", directory.ValidKPP),
				Address: r.place(at), Stamp: r.stamp(at),
			})
		}
	}
}

// relations reads who was before, who comes after, and what is being changed.
func (r *reading) relations(n *node, out *authority.Record) {
	if at := n.one("СвРеорг"); at != nil {
		word := at.one("СвСтатус")
		stamp := r.stamp(at)
		out.Reorganising = &authority.Code{Code: word.attr("КодСтатусЮЛ"), Name: word.attr("НаимСтатусЮЛ"), Stamp: stamp}
		r.restrict(out, authority.RestrictionReorganisation, cmp.Or(out.Reorganising.Name, "Находится в процессе реорганизации"), stamp)
	}
	for _, at := range n.all("СвПредш") {
		out.Predecessors = append(out.Predecessors, r.entity(at))
	}
	for _, at := range n.all("СвПреем") {
		out.Successors = append(out.Successors, r.entity(at))
	}
}

// entries reads what was entered, СвЗапЕГРЮЛ or СвЗапЕГРИП.
func (r *reading) entries(nodes []*node, out *authority.Record) {
	for _, at := range nodes {
		number := "ГРН"
		if at.attr(number) == "" && at.attr("ГРНИП") != "" {
			number = "ГРНИП"
		}
		e := authority.Entry{
			ID: at.attr("ИдЗап"), GRN: r.number(at, number, "a number of an entry (13 or 15 digits)", validGRN), Date: r.date(at, "ДатаЗап"),
			Kind:   authority.Code{Code: at.one("ВидЗап").attr("КодСПВЗ"), Name: at.one("ВидЗап").attr("НаимВидЗап")},
			Office: r.office(at.one("СвРегОрг")), Cancelled: at.one("ГРНДатаНед") != nil,
		}
		if e.GRN == "" || e.Date == "" {
			if at.attr(number) == "" || at.attr("ДатаЗап") == "" {
				r.fault(at, "", "an entry needs its ГРН and its day")
			}
			continue
		}
		for _, document := range at.all("СведПредДок") {
			e.Documents = append(e.Documents, r.document(document))
		}
		out.Entries = append(out.Entries, e)
	}
}

func (r *reading) document(n *node) authority.Document {
	text := func(name string) string {
		if kid := n.one(name); kid != nil {
			return kid.text
		}
		return ""
	}
	d := authority.Document{Name: text("НаимДок"), Number: text("НомДок")}
	if value := text("ДатаДок"); value != "" {
		date, ok := parseDate(value)
		if !ok {
			r.fault(n, "/ДатаДок", "%s is not a day such as 2026-02-28", quote(value))
		}
		d.Date = date
	}
	return d
}
