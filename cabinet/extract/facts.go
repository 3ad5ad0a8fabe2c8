package extract

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"propusk/cabinet/authority"
	"propusk/cabinet/paper"
)

// factsContent makes the certificate of what the authority answered.
func (x *Extracts) factsContent(e Extract) (content, error) {
	t, answer := e.kind(), e.Answer.V
	at := answer.At.Time()
	if at.IsZero() {
		at = x.Now()
	}
	values, tables := t.sort(answer.Fields)
	c := content{at: at, name: fileName(e), blocks: []paper.Block{e.Subject.V.fields()}}
	said := paper.Fields{}
	for _, v := range values {
		said = append(said, paper.Field{Label: v.name.ru, Value: v.text()})
	}
	if answer.Text != "" {
		said = append(said, paper.Field{Label: "Ответ ведомства", Value: answer.Text})
	}
	if answer.Number != "" {
		said = append(said, paper.Field{Label: "Номер в ведомстве", Value: answer.Number})
	}
	c.blocks = append(c.blocks, paper.Heading{Text: "Сведения"}, said)
	for _, table := range tables {
		c.blocks = append(c.blocks, table.block())
	}
	c.xml = func() ([]byte, error) { return utf8XML(factsXML(e, c, values, tables)), nil }
	return c, nil
}

func (s Subject) fields() paper.Fields {
	fields := paper.Fields{{Label: "Организация", Value: s.Name}, {Label: "ИНН", Value: s.INN}}
	if s.KPP != "" {
		fields = append(fields, paper.Field{Label: "КПП", Value: s.KPP})
	}
	label := "ОГРН"
	if len(s.OGRN) == 15 {
		label = "ОГРНИП"
	}
	return append(fields, paper.Field{Label: label, Value: s.OGRN})
}

// fileName is that of the files: letters that every system takes.
func fileName(e Extract) string { return e.Kind + "-" + e.Subject.V.INN + "-" + e.Number }

// value is one fact with what it means.
type value struct {
	fact
	raw string
}

// text is the value as people read it. One that is not of its kind is shown as it
// came: the authority said so.
func (v value) text() string {
	switch v.kind {
	case factMoney:
		if kopecks, err := strconv.ParseInt(v.raw, 10, 64); err == nil {
			return paper.Rubles(kopecks)
		}
	case factDate:
		if day := authority.Date(v.raw).Russian(); day != "" {
			return day
		}
	}
	return v.raw
}

// cell is the value as a table holds it.
func (v value) cell() any {
	if v.kind == factMoney || v.kind == factNumber {
		if n, err := strconv.ParseInt(v.raw, 10, 64); err == nil {
			return n
		}
	}
	return v.text()
}

// answered is a table with its rows.
type answeredTable struct {
	factTable
	rows [][]value
}

// sort puts an authority's fields in the order of the catalogue. What the catalogue
// does not know is kept, under its own name: an authority may say more than we
// expected, and nothing of it is lost.
func (t Type) sort(fields map[string]string) (values []value, tables []answeredTable) {
	rest := maps.Clone(fields)
	for _, known := range t.fields {
		if raw, ok := rest[known.id]; ok {
			values = append(values, value{known, raw})
			delete(rest, known.id)
		}
	}
	for _, table := range t.tables {
		if filled := table.fill(rest); len(filled.rows) > 0 {
			tables = append(tables, filled)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		values = append(values, value{fact{name, words{name, name}, factText}, rest[name]})
	}
	return values, tables
}

// fill takes the rows "<id>.<n>.<column>" out of the fields, from 1 on.
func (t factTable) fill(fields map[string]string) answeredTable {
	filled := answeredTable{factTable: t}
	for n := 1; ; n++ {
		row, any := make([]value, len(t.columns)), false
		for i, column := range t.columns {
			name := t.id + "." + strconv.Itoa(n) + "." + column.id
			raw, ok := fields[name]
			row[i], any = value{column, raw}, any || ok
			delete(fields, name)
		}
		if !any {
			return filled
		}
		filled.rows = append(filled.rows, row)
	}
}

func (t answeredTable) block() paper.Table {
	table := paper.Table{Title: t.name.ru}
	kinds := map[factKind]paper.Kind{factMoney: paper.Money, factNumber: paper.Number}
	for _, column := range t.columns {
		table.Columns = append(table.Columns, paper.Column{Title: column.name.ru, Kind: kinds[column.kind]})
	}
	for _, row := range t.rows {
		cells := make([]any, len(row))
		for i, v := range row {
			cells[i] = v.cell()
		}
		table.Rows = append(table.Rows, cells)
	}
	return table
}

// factsXML is our own form, described in docs/cabinet/extract.md: an authority's
// answer has no published one.
func factsXML(e Extract, c content, values []value, tables []answeredTable) *element {
	t, of, order := e.kind(), e.Subject.V, e.Order.V
	var said []*element
	for _, v := range values {
		said = append(said, el("Показатель", a("Код", v.id), a("Наим", v.name.ru), a("Значение", v.raw)))
	}
	for _, table := range tables {
		rows := make([]*element, len(table.rows))
		for i, row := range table.rows {
			var cells []*element
			for _, v := range row {
				cells = append(cells, el("Показатель", a("Код", v.id), a("Наим", v.name.ru), a("Значение", v.raw)))
			}
			rows[i] = el("Строка", cells)
		}
		said = append(said, el("Таблица", a("Код", table.id), a("Наим", table.name.ru), rows))
	}
	return el("Справка", a("ВерсФорм", "1.0"), a("Вид", t.id), a("Наим", t.name.ru), a("Номер", e.Number),
		a("Дата", c.at.In(moscow).Format("2006-01-02T15:04:05-07:00")), a("Ведомство", strings.TrimSpace(joined(", ", t.body.ru, e.Answer.V.Source))),
		a("НомерВедомства", e.Answer.V.Number),
		el("Организация", a("Наим", of.Name), a("ИНН", of.INN), a("КПП", of.KPP), a("ОГРН", of.OGRN)),
		el("Период", a("С", order.From), a("По", order.To)).some(),
		el("Сведения", a("Текст", e.Answer.V.Text), said))
}
