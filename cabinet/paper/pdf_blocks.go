package paper

import "strings"

// labelWidth is that of the labels' column of Fields.
const labelWidth = 62.0

func (h Heading) draw(s *sheet) {
	s.y += 3
	s.room(3 * chap.leading) // not alone at the end of a page
	s.paragraph(h.Text, chap, pageWidth-left-right)
	s.y += 1.5
}

func (p Paragraph) draw(s *sheet) {
	s.paragraph(p.Text, body, pageWidth-left-right)
	s.y += 2
}

func (f Fields) draw(s *sheet) {
	columns := []column{{0, labelWidth, label, false}, {labelWidth, pageWidth - left - right - labelWidth, body, false}}
	for _, field := range f {
		s.row(columns, []string{field.Label, field.Value}, nil)
		if s.err != nil {
			return
		}
	}
	s.y += 2
}

// column is one column of a row: where, how wide, how set.
type column struct {
	x, width float64 // millimetres, from the left margin
	style    style
	right    bool // numbers stand at the right
}

// padding stands around the text of a cell, in millimetres.
const padding = 1.0

// row draws cells side by side and a line below. One that does not fit on the rest
// of the page goes to the next, where again draws the head; one that fits no page
// is carried on.
func (s *sheet) row(columns []column, texts []string, again func()) {
	lines, most, leading := s.cells(columns, texts)
	for from := 0; from < most && s.err == nil; {
		fit := s.fit(leading)
		if fit < most-from && (from == 0 && s.fresh(leading) >= most || fit < 1) {
			s.newPage()
			if again != nil && s.err == nil {
				again()
			}
			if fit = s.fit(leading); fit < 1 {
				fit = 1
			}
		}
		to := min(most, from+fit)
		s.strip(columns, lines, from, to, leading)
		from = to
	}
}

// cells wraps the texts; most is the number of lines of the longest.
func (s *sheet) cells(columns []column, texts []string) (lines [][]string, most int, leading float64) {
	for i, c := range columns {
		s.style(c.style)
		var wrapped []string
		for _, part := range strings.Split(texts[i], "\n") {
			wrapped = append(wrapped, s.wrap(clean(part), c.width-2*padding)...)
		}
		lines = append(lines, wrapped)
		most, leading = max(most, len(wrapped)), max(leading, c.style.leading)
	}
	return lines, most, leading
}

// fit is how many lines the rest of the page takes, fresh how many a new one.
func (s *sheet) fit(leading float64) int {
	return int((pageHeight - bottom - s.y - 2*padding) / leading)
}

func (s *sheet) fresh(leading float64) int {
	const head = 30 // what a repeated head may take
	return int((pageHeight - bottom - top - head) / leading)
}

// strip draws the lines from…to of each cell.
func (s *sheet) strip(columns []column, lines [][]string, from, to int, leading float64) {
	page := len(s.pages) - 1
	for i, c := range columns {
		s.style(c.style)
		y := s.y + padding
		for n := from; n < min(to, len(lines[i])); n++ {
			y += leading
			x := left + c.x + padding
			if c.right {
				x = left + c.x + c.width - padding - s.width(lines[i][n])
			}
			s.say(page, x, y-leading*0.25, lines[i][n])
		}
	}
	s.y += float64(to-from)*leading + 2*padding
	s.line(s.y)
}

func (t Table) draw(s *sheet) {
	if t.Title != "" {
		Heading{t.Title}.draw(s)
	}
	if len(t.Columns) == 0 {
		return
	}
	columns, heads, titles := t.layout()
	again := func() { s.row(heads, titles, nil) }
	s.room(4 * cell.leading)
	again()
	for _, cells := range t.Rows {
		texts := make([]string, len(columns))
		for i := range min(len(cells), len(columns)) {
			texts[i] = t.Columns[i].Kind.text(cells[i])
		}
		s.row(columns, texts, again)
		if s.err != nil {
			return
		}
	}
	s.y += 2
}

// layout divides the width among the columns.
func (t Table) layout() (columns, heads []column, titles []string) {
	weights, sum := make([]float64, len(t.Columns)), 0.0
	for i, c := range t.Columns {
		weights[i] = c.Width
		if c.Width <= 0 {
			weights[i] = c.Kind.weight()
		}
		sum += weights[i]
	}
	x := 0.0
	for i, c := range t.Columns {
		width := (pageWidth - left - right) * weights[i] / sum
		right := c.Kind == Number || c.Kind == Money
		columns = append(columns, column{x, width, cell, right})
		heads = append(heads, column{x, width, head, right})
		titles = append(titles, c.Title)
		x += width
	}
	return columns, heads, titles
}
