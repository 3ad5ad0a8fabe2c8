package paper

import (
	"time"
)

// Document is what one paper says. Everything in it is plain text: nothing is
// markup, whatever characters it has.
type Document struct {
	Title    string    // "Справка о состоянии расчётов"
	Subtitle string    // under the title; may be empty
	Number   string    // the paper's own number; printed on every page
	At       time.Time // of the paper; printed as date and time of Moscow
	Blocks   []Block   // from top to bottom
	Code     string    // what the QR says, usually Paper.Code's; empty prints none
}

// Block is one part of a paper: Heading, Paragraph, Fields or Table.
type Block interface{ draw(*sheet) }

// Heading begins a section.
type Heading struct{ Text string }

// Paragraph is running text; line feeds in it are kept.
type Paragraph struct{ Text string }

// Field is one labelled value.
type Field struct{ Label, Value string }

// Fields are labelled values one below the other.
type Fields []Field

// Kind says how a column's values are written.
type Kind int

// The kinds of columns, with the Go types of their cells; nil is an empty cell of
// any kind. What does not fit its kind is written as text.
const (
	Text   Kind = iota // string
	Number             // int, int64 or float64
	Money              // int64, kopecks
	Date               // time.Time or storage.Time: a day of Moscow
	Moment             // time.Time or storage.Time: day and minute of Moscow
)

// Column is one column of a Table.
type Column struct {
	Title string
	Kind  Kind
	Width float64 // relative to the other columns' in PDF, characters in XLSX; 0 chooses
}

// Table is a block of a paper, or the whole of a workbook.
type Table struct {
	Title   string // above it; the sheet's name in XLSX
	Columns []Column
	Rows    [][]any // a row may be shorter than Columns
}
