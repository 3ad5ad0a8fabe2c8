package paper

import (
	"strings"
	"unicode"
)

// family is DejaVu Sans: it has Cyrillic with the letters of Kazakh, and ₽.
const family = "DejaVu"

// style is a way of setting text; leading is the distance of lines in millimetres.
type style struct {
	weight  string // "" or "B"
	size    float64
	leading float64
	grey    int
}

var (
	title  = style{"B", 14, 6.4, 20}
	chap   = style{"B", 11, 5.4, 20}
	strong = style{"B", 9, 4.4, 20}
	body   = style{"", 9, 4.4, 20}
	label  = style{"", 9, 4.4, 95}
	small  = style{"", 7.5, 3.6, 95}
	cell   = style{"", 8, 3.9, 20}
	head   = style{"B", 8, 3.9, 20}
)

func (s *sheet) style(st style) {
	if s.current == st && s.styled == s.pdf.PageNo() {
		return
	}
	s.current, s.styled = st, s.pdf.PageNo()
	s.pdf.SetFont(family, st.weight, st.size)
	s.pdf.SetTextColor(st.grey, st.grey, st.grey)
}

// width is that of a text in the style in force, in millimetres.
func (s *sheet) width(text string) float64 { return s.pdf.GetStringWidth(text) }

// say puts one line with its baseline at y. Every text of a paper passes here, so
// that what was printed is known.
func (s *sheet) say(page int, x, y float64, text string) {
	if text == "" {
		return
	}
	s.pdf.Text(x, y, text)
	s.pages[page] = append(s.pages[page], text)
	if s.size += len(text); s.size > maxText {
		s.err = ErrTooLarge
	}
}

// said is everything that the paper says. White space is left out: where lines
// break is no part of what a paper says.
func (s *sheet) said() string {
	var all strings.Builder
	for _, page := range s.pages {
		for _, text := range page {
			squeeze(&all, text)
		}
	}
	return all.String()
}

// squeeze appends text without its white space.
func squeeze(to *strings.Builder, text string) {
	for _, r := range text {
		if !unicode.IsSpace(r) {
			to.WriteRune(r)
		}
	}
}

// paragraph sets wrapped text at the left margin, page after page.
func (s *sheet) paragraph(text string, st style, width float64) {
	s.style(st)
	for _, part := range strings.Split(text, "\n") {
		for _, line := range s.wrap(clean(part), width) {
			if s.err != nil {
				return
			}
			s.room(st.leading)
			s.style(st)
			s.y += st.leading
			s.say(len(s.pages)-1, left, s.y-st.leading*0.25, line)
		}
	}
}

// wrap breaks text into lines of at most width, at spaces, and inside a word only
// where the word alone is too long. There is always one line.
func (s *sheet) wrap(text string, width float64) []string {
	var lines []string
	line, used := "", 0.0
	space := s.width(" ")
	for _, word := range strings.Fields(text) {
		w := s.width(word)
		if line != "" && used+space+w <= width {
			line, used = line+" "+word, used+space+w
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for w > width {
			fits := s.fitting(word, width)
			lines = append(lines, word[:fits])
			word = word[fits:]
			w = s.width(word)
		}
		line, used = word, w
	}
	return append(lines, line)
}

// fitting is how many bytes of the word fit; one letter always does.
func (s *sheet) fitting(word string, width float64) int {
	used := 0.0
	for i, r := range word {
		used += s.width(string(r))
		if used > width && i > 0 {
			return i
		}
	}
	return len(word)
}

// clean makes a text fit to be printed. A letter that the font lacks is shown as
// lacking, not left out; controls and marks that turn the direction of writing or
// hide in it are left out, for with them a name can look like another.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028' || r == '\u2029' || unicode.IsSpace(r) && r != '\u00a0' && r != '\u202f':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		case !unicode.Is(printable, r):
			return '\uFFFD'
		}
		return r
	}, text)
}

// printable is what both fonts have, held to them by a test.
var printable = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x20, Hi: 0x7e, Stride: 1},     // ASCII
	{Lo: 0xa0, Hi: 0x24f, Stride: 1},    // Latin
	{Lo: 0x386, Hi: 0x38a, Stride: 1},   // Greek
	{Lo: 0x38e, Hi: 0x3a1, Stride: 1},   //
	{Lo: 0x3a3, Hi: 0x3ce, Stride: 1},   //
	{Lo: 0x400, Hi: 0x482, Stride: 1},   // Cyrillic, with the letters of the peoples of Russia and Kazakh
	{Lo: 0x48a, Hi: 0x525, Stride: 1},   //
	{Lo: 0x2010, Hi: 0x2027, Stride: 1}, // dashes, quotation marks, bullets
	{Lo: 0x202f, Hi: 0x203a, Stride: 1}, //
	{Lo: 0x20a0, Hi: 0x20b5, Stride: 1}, // currencies
	{Lo: 0x20b8, Hi: 0x20ba, Stride: 1}, // ₸
	{Lo: 0x20bd, Hi: 0x20bd, Stride: 1}, // ₽
	{Lo: 0x2116, Hi: 0x2116, Stride: 1}, // №
	{Lo: 0x2122, Hi: 0x2122, Stride: 1}, //
	{Lo: 0x2190, Hi: 0x2195, Stride: 1}, // arrows
	{Lo: 0x2212, Hi: 0x2212, Stride: 1}, // minus
	{Lo: 0x2260, Hi: 0x2265, Stride: 1}, //
	{Lo: 0xfffd, Hi: 0xfffd, Stride: 1}, // what is lacking
}, LatinOffset: 1}
