package extract

import (
	"bytes"
	"strconv"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/egrul"
	"propusk/cabinet/paper"
)

// registerContent makes an extract of the register's record.
func (x *Extracts) registerContent(e Extract, r authority.Record) content {
	c := content{at: x.Now(), name: fileName(e)}
	if e.Kind == "tax_registration" {
		c.blocks = registrationBlocks(r)
		c.xml = func() ([]byte, error) { return utf8XML(registrationXML(e, c, r)), nil }
		return c
	}
	c.blocks = recordBlocks(r)
	c.xml = func() ([]byte, error) {
		var file bytes.Buffer
		err := egrul.Write(&file, egrul.Windows1251, r)
		return file.Bytes(), err
	}
	return c
}

// registrationBlocks say how the organisation is known to the tax office.
func registrationBlocks(r authority.Record) []paper.Block {
	return []paper.Block{compact(
		"Полное наименование", recordName(r), "ИНН", r.INN, "КПП", r.KPP, ogrnLabel(r), r.OGRN,
		"Дата присвоения", r.OGRNDate.Russian(), "Поставлена на учёт", r.TaxOffice.Since.Russian(),
		"Налоговый орган", officeName(r.TaxOffice.Office), "Статус", r.Status.Name, "Адрес", r.Address.Text,
	), asOf(r)}
}

func registrationXML(e Extract, c content, r authority.Record) *element {
	return el("СправкаУчет", a("ВерсФорм", "1.0"), a("Номер", e.Number), a("Дата", c.at.In(moscow).Format("2006-01-02T15:04:05-07:00")),
		a("ДатаСвед", string(r.ExtractDate)),
		el("Организация", a("Наим", recordName(r)), a("ИНН", r.INN), a("КПП", r.KPP), a("ОГРН", r.OGRN), a("ДатаОГРН", string(r.OGRNDate))),
		el("Учет", a("ДатаПостУч", string(r.TaxOffice.Since)), a("КодНО", r.TaxOffice.Office.Code), a("НаимНО", r.TaxOffice.Office.Name)))
}

// asOf says of which day the register's record is.
func asOf(r authority.Record) paper.Block {
	return paper.Paragraph{Text: "Сведения реестра по состоянию на " + r.ExtractDate.Russian() + "."}
}

// compact pairs labels with values and leaves out what has none.
func compact(pairs ...string) paper.Fields {
	var fields paper.Fields
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fields = append(fields, paper.Field{Label: pairs[i], Value: pairs[i+1]})
		}
	}
	return fields
}

func recordName(r authority.Record) string {
	if r.FullName == "" && r.Person != nil {
		return r.Person.Name()
	}
	return r.FullName
}

func ogrnLabel(r authority.Record) string {
	if r.Kind == authority.Sole {
		return "ОГРНИП"
	}
	return "ОГРН"
}

func officeName(o authority.Office) string { return joined(" ", o.Code, o.Name) }

func codeName(c authority.Code) string { return joined(" ", c.Code, c.Name) }

func rubles(kopecks int64) string {
	if kopecks == 0 {
		return ""
	}
	return paper.Rubles(kopecks)
}

// section is a heading with what stands under it; nothing when that is nothing.
func section(title string, under ...paper.Block) []paper.Block {
	blocks := []paper.Block{paper.Heading{Text: title}}
	for _, block := range under {
		switch b := block.(type) {
		case paper.Fields:
			if len(b) == 0 {
				continue
			}
		case paper.Table:
			if len(b.Rows) == 0 {
				continue
			}
		}
		blocks = append(blocks, block)
	}
	if len(blocks) == 1 {
		return nil
	}
	return blocks
}

// recordBlocks print the whole record, in the order of the published form.
func recordBlocks(r authority.Record) []paper.Block {
	blocks := []paper.Block{asOf(r)}
	blocks = append(blocks, section("Наименование", compact(
		"Полное наименование", recordName(r), "Сокращённое наименование", r.ShortName, "Форма", codeName(r.Form),
		ogrnLabel(r), r.OGRN, "Дата присвоения", r.OGRNDate.Russian(), "ИНН", r.INN, "КПП", r.KPP))...)
	blocks = append(blocks, section("Статус", compact("Статус", codeName(authority.Code{Code: r.Status.Code, Name: r.Status.Name}), "ГРН и дата записи", stampText(r.Status.Stamp)))...)
	if t := r.Termination; t != nil {
		blocks = append(blocks, section("Прекращение", compact("Дата", t.Date.Russian(), "Способ", joined(" ", t.Code, t.Method), "Орган", officeName(t.Office), "ГРН и дата записи", stampText(t.Stamp)))...)
	}
	blocks = append(blocks, section("Адрес и связь", compact("Адрес", r.Address.Text, "Электронная почта", r.Email, "ГРН и дата записи", stampText(r.Address.Stamp)))...)
	blocks = append(blocks, section("Образование и учёт", compact(
		"Способ образования", codeName(r.Registration.Method), "Дата регистрации", r.Registration.Date.Russian(), "Номер до 01.07.2002", r.Registration.Before2002,
		"Зарегистрировавший орган", officeName(r.Registration.Office), "Регистрирующий орган", officeName(r.Registrar),
		"Налоговый орган", officeName(r.TaxOffice.Office), "На налоговом учёте с", r.TaxOffice.Since.Russian(),
		"Номер в ПФР", r.Pension.Number, "Отделение ПФР", officeName(r.Pension.Office), "Номер в ФСС", r.Social.Number, "Отделение ФСС", officeName(r.Social.Office)))...)
	blocks = append(blocks, section("Капитал", compact("Вид", r.Capital.Kind, "Размер", rubles(r.Capital.Kopecks), "ГРН и дата записи", stampText(r.Capital.Stamp)))...)
	blocks = append(blocks, peopleBlocks(r)...)
	blocks = append(blocks, activityBlocks(r)...)
	return append(blocks, historyBlocks(r)...)
}

func stampText(s authority.Stamp) string { return joined(" от ", s.GRN, s.Entered.Russian()) }

func peopleBlocks(r authority.Record) []paper.Block {
	heads := table("ФИО", "ИНН", "Должность", "ГРН и дата записи")
	for _, h := range r.Heads {
		position := joined("; ", h.Position, h.PositionKind.Name)
		if h.DisqualifiedUntil != "" {
			position += "; дисквалификация до " + h.DisqualifiedUntil.Russian()
		}
		heads.Rows = append(heads.Rows, []any{h.Person.Name(), h.Person.INN, position, stampText(h.Person.Stamp)})
	}
	founders := table("Участник", "ИНН", "Номинальная стоимость доли", "Размер доли", "ГРН и дата записи")
	for _, f := range r.Founders {
		name, inn, stamp := founder(f)
		founders.Rows = append(founders.Rows, []any{name, inn, rubles(f.Share.Kopecks), f.Share.Part, stampText(stamp)})
	}
	blocks := section("Лица, имеющие право действовать без доверенности", heads)
	blocks = append(blocks, section("Управляющие организации", entities(r.Managing))...)
	blocks = append(blocks, section("Учредители (участники)", founders)...)
	if s := r.OwnShare; s != nil {
		blocks = append(blocks, section("Доля, принадлежащая обществу", compact("Номинальная стоимость", rubles(s.Kopecks), "Размер", s.Part))...)
	}
	if r.Register != nil {
		blocks = append(blocks, section("Держатель реестра акционеров", entities([]authority.Entity{*r.Register}))...)
	}
	if p := r.Person; p != nil {
		blocks = append(blocks, section("Предприниматель", compact("ФИО", p.Name(), "ИНН", p.INN, "Гражданство", p.Citizenship))...)
	}
	return blocks
}

func founder(f authority.Founder) (name, inn string, stamp authority.Stamp) {
	switch {
	case f.Person != nil:
		return f.Person.Name(), f.Person.INN, f.Person.Stamp
	case f.Entity != nil:
		return joined(", ", f.Entity.Name, f.Entity.Country), f.Entity.INN, f.Entity.Stamp
	}
	return "", "", f.Share.Stamp
}

func entities(list []authority.Entity) paper.Table {
	t := table("Наименование", "ИНН", "ОГРН", "ГРН и дата записи")
	for _, e := range list {
		t.Rows = append(t.Rows, []any{joined(", ", e.Name, e.Country), e.INN, e.OGRN, stampText(e.Stamp)})
	}
	return t
}

func activityBlocks(r authority.Record) []paper.Block {
	activities := table("Код", "Вид деятельности", "ГРН и дата записи")
	activities.Columns[0].Width, activities.Columns[1].Width, activities.Columns[2].Width = 12, 50, 30
	if r.Activity.Code != "" {
		activities.Rows = append(activities.Rows, []any{r.Activity.Code, r.Activity.Name + " (основной)", stampText(r.Activity.Stamp)})
	}
	for _, c := range r.Activities {
		activities.Rows = append(activities.Rows, []any{c.Code, c.Name, stampText(c.Stamp)})
	}
	licences := table("Номер и дата", "Деятельность", "Действует", "Выдана")
	for _, l := range r.Licences {
		licences.Rows = append(licences.Rows, []any{joined(" от ", l.Number, l.Date.Russian()), joinAll(l.Activities),
			licenceTerm(l), l.Issuer})
	}
	branches := table("Вид", "Наименование", "КПП", "Адрес")
	for _, b := range r.Branches {
		kind := "Филиал"
		if b.Kind != "branch" {
			kind = "Представительство"
		}
		branches.Rows = append(branches.Rows, []any{kind, b.Name, b.KPP, b.Address.Text})
	}
	blocks := section("Виды деятельности (ОКВЭД)", activities)
	blocks = append(blocks, section("Лицензии", licences)...)
	return append(blocks, section("Обособленные подразделения", branches)...)
}

func licenceTerm(l authority.Licence) string {
	text := joined(" ", prefixed("с ", l.From.Russian()), prefixed("по ", l.Until.Russian()))
	return joined("; ", text, prefixed("приостановлена ", l.SuspendedOn.Russian()))
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func joinAll(list []string) string { return joined("; ", list...) }

func historyBlocks(r authority.Record) []paper.Block {
	var blocks []paper.Block
	if r.Reorganising != nil {
		blocks = append(blocks, section("Реорганизация", compact("Вид", codeName(*r.Reorganising)))...)
	}
	blocks = append(blocks, section("Правопредшественники", entities(r.Predecessors))...)
	blocks = append(blocks, section("Правопреемники", entities(r.Successors))...)
	restrictions := table("Ограничение", "ГРН и дата записи")
	for _, c := range r.Restrictions {
		restrictions.Rows = append(restrictions.Rows, []any{c.Text, stampText(c.Stamp)})
	}
	blocks = append(blocks, section("Ограничения и отметки о недостоверности", restrictions)...)
	entries := table("№", "ГРН", "Дата", "Запись", "Орган", "Документы")
	for i, width := range []float64{7, 22, 16, 40, 30, 30} {
		entries.Columns[i].Width = width
	}
	for i, e := range r.Entries {
		kind := e.Kind.Name
		if e.Cancelled {
			kind += " (признана недействительной)"
		}
		var documents []string
		for _, d := range e.Documents {
			documents = append(documents, joined(" ", d.Name, prefixed("№ ", d.Number), prefixed("от ", d.Date.Russian())))
		}
		entries.Rows = append(entries.Rows, []any{strconv.Itoa(i + 1), e.GRN, e.Date.Russian(), kind, e.Office.Name, joinAll(documents)})
	}
	return append(blocks, section("Записи реестра", entries)...)
}

// table makes one of text columns.
func table(titles ...string) paper.Table {
	t := paper.Table{}
	for _, title := range titles {
		t.Columns = append(t.Columns, paper.Column{Title: title})
	}
	return t
}
