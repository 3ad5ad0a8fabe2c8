package paper

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-pdf/fpdf"
)

// Bounds of a paper. What is larger is refused, not cut: a paper that leaves
// something out says something false.
const (
	maxPages = 2000
	maxText  = 16 << 20 // bytes of text
)

// ErrTooLarge: the document would have more pages or text than a paper may.
var ErrTooLarge = errors.New("paper: the document is too large to print")

// The sheet, in millimetres.
const (
	pageWidth, pageHeight = 210.0, 297.0
	left, right, top      = 20.0, 15.0, 15.0
	bottom                = 20.0 // below which only the footer stands
	codeSide              = 44.0 // of the QR with its quiet zone
)

// PDF prints the document: A4, wrapped, tables across pages with their head
// repeated, page x of y, the QR of d.Code on the first page. Equal documents give
// equal bytes. ErrTooLarge when it has more than fits a paper.
func (p *Paper) PDF(d Document) ([]byte, error) {
	s, err := p.lay(d, d.Code != "")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := s.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("paper: print: %w", err)
	}
	return out.Bytes(), nil
}

// text is what PDF will say when there is a code, page after page, as ReadPDF reads
// it back.
func (p *Paper) text(d Document) (string, error) {
	s, err := p.lay(d, true)
	if err != nil {
		return "", err
	}
	return s.said(), nil
}

// linesPerPage is more than any page takes.
const linesPerPage = 60

// hopeless tells at a glance that a document has more lines than all pages take,
// before work is spent on the first of them.
func (d Document) hopeless() bool {
	lines := 0
	for _, block := range d.Blocks {
		switch b := block.(type) {
		case Table:
			lines += len(b.Rows)
		case Fields:
			lines += len(b)
		case Paragraph:
			lines += 1 + strings.Count(b.Text, "\n")
		}
	}
	return lines > maxPages*linesPerPage
}

// lay puts the document on pages. reserve keeps the place of the QR free.
func (p *Paper) lay(d Document, reserve bool) (*sheet, error) {
	if d.hopeless() {
		return nil, ErrTooLarge
	}
	s := newSheet()
	s.describe(p.deps, d)
	s.newPage()
	s.masthead(p.deps.Name, d, reserve)
	if d.Code != "" {
		if err := s.qr(pageWidth-right-codeSide, top, d.Code); err != nil {
			return nil, err
		}
	}
	for _, block := range d.Blocks {
		if block != nil {
			block.draw(s)
		}
		if s.err != nil {
			return nil, s.err
		}
	}
	s.footers(p.deps.Name, d)
	if err := s.pdf.Error(); err != nil {
		return nil, fmt.Errorf("paper: print: %w", err)
	}
	return s, s.err
}

// sheet is a paper while it is laid out.
type sheet struct {
	pdf   *fpdf.Fpdf
	y     float64 // where the next line begins
	pages []pageText
	size  int // bytes of text so far
	err   error

	current style // in force on page styled
	styled  int
}

// pageText is what a page says, in the order of its content stream.
type pageText []string

func newSheet() *sheet {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(left, top, right)
	pdf.SetCatalogSort(true) // or the order of fonts would be chance
	pdf.AddUTF8FontFromBytes(family, "", bytes.Clone(dejavusans.TTF))
	pdf.AddUTF8FontFromBytes(family, "B", bytes.Clone(dejavusansbold.TTF))
	return &sheet{pdf: pdf}
}

// describe writes the metadata. Keywords hold the code, by which ReadPDF finds it. A
// document without a time gets that of its printing.
func (s *sheet) describe(deps Deps, d Document) {
	at := d.At.UTC()
	if at.IsZero() {
		at = deps.Now().UTC() // or the library would take the machine's
	}
	s.pdf.SetTitle(clean(d.Title), true)
	s.pdf.SetAuthor(clean(deps.Name), true)
	s.pdf.SetSubject(clean(d.Number), true)
	s.pdf.SetCreator("Propusk", false)
	s.pdf.SetProducer("Propusk", false)
	s.pdf.SetLang("ru-RU")
	if codeCharacters.MatchString(d.Code) {
		s.pdf.SetKeywords(d.Code, false)
	}
	s.pdf.SetCreationDate(at)
	s.pdf.SetModificationDate(at)
}

func (s *sheet) newPage() {
	if len(s.pages) == maxPages {
		s.err = ErrTooLarge
		return
	}
	s.pdf.AddPage()
	s.pages = append(s.pages, nil)
	s.y = top
}

// room goes to the next page unless height millimetres are left on this one.
func (s *sheet) room(height float64) {
	if s.y+height > pageHeight-bottom {
		s.newPage()
	}
}

// masthead is the head of the first page: who issues, what, its number and time.
func (s *sheet) masthead(name string, d Document, reserve bool) {
	width := pageWidth - left - right
	if reserve {
		width -= codeSide + 4
	}
	s.paragraph(name, small, width)
	s.y += 3
	s.paragraph(d.Title, title, width)
	if d.Subtitle != "" {
		s.paragraph(d.Subtitle, body, width)
	}
	s.y += 2
	if line := d.identity(); line != "" {
		s.paragraph(line, strong, width)
	}
	if reserve {
		s.y = max(s.y, top+codeSide)
	}
	s.y += 3
	s.line(s.y)
	s.y += 4
}

// identity is the number and the time of the paper.
func (d Document) identity() string {
	line := ""
	if d.Number != "" {
		line = "№ " + d.Number
	}
	if !d.At.IsZero() {
		line += " от " + moment(d.At)
	}
	return line
}

// footers are written when the number of pages is known. An alias that is replaced
// afterwards would also be replaced where a name contains it.
func (s *sheet) footers(name string, d Document) {
	for i := range s.pages {
		s.pdf.SetPage(i + 1)
		page := fmt.Sprintf("Страница %d из %d", i+1, len(s.pages))
		s.line(pageHeight - bottom + 4)
		y := pageHeight - bottom + 9
		s.style(small)
		s.say(i, pageWidth-right-s.width(page), y, page)
		rest := pageWidth - left - right - s.width(page) - 6
		lines := s.wrap(clean(name+" · "+d.identity()), rest)
		s.say(i, left, y, lines[0])
	}
}

func (s *sheet) line(y float64) {
	s.pdf.SetDrawColor(190, 195, 200)
	s.pdf.SetLineWidth(0.2)
	s.pdf.Line(left, y, pageWidth-right, y)
}

// moscow is the zone of papers: Moscow has kept it all year since 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

func moment(t time.Time) string { return t.In(moscow).Format("02.01.2006 15:04") + " (МСК)" }

func day(t time.Time) string { return t.In(moscow).Format("02.01.2006") }
