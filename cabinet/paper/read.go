package paper

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Printed is what a PDF of this package says.
type Printed struct {
	Code string // of its QR; empty when it has none
	Text string // of all pages, without white space
}

// Bounds of a PDF that is read.
const (
	maxPDF      = 32 << 20
	maxUnpacked = 128 << 20
)

// ErrPDF: it is not a PDF as this package writes it. One that a program saved anew,
// or that something was added to, is none any more.
var ErrPDF = errors.New("paper: not a PDF of this service as it was issued")

// ErrOtherPaper: the code is genuine and belongs to a paper that says something else.
var ErrOtherPaper = errors.New("paper: the code is of another paper")

// Belongs reports, by ErrOtherPaper, a genuine code that was put on another paper. A
// code that was not made by Paper.Issue is bound to no text and is ErrOtherPaper too.
func (p Printed) Belongs(s Statement) error {
	if bound, _ := s.Claims[claimText].(string); bound == "" || bound != textDigest(p.Text) {
		return ErrOtherPaper
	}
	return nil
}

var (
	codeCharacters = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	contentsOf     = regexp.MustCompile(`(?m)^/Contents ([0-9]{1,6}) 0 R>>\r?$`)
	keywordsOf     = regexp.MustCompile(`(?m)^/Keywords \(([A-Za-z0-9_.-]+)\)\r?$`)
)

// ReadPDF reads the text and the code of a PDF that this package wrote. It takes no
// other: what stands in a file twice, is appended, or is not referred to could be
// shown by one program and not by another.
func ReadPDF(file []byte) (Printed, error) {
	objects, err := objectsOf(file)
	if err != nil {
		return Printed{}, err
	}
	var text strings.Builder
	var printed Printed
	left := int64(maxUnpacked)
	for n := 1; n <= len(objects); n++ {
		object, ok := objects[n]
		if !ok {
			return Printed{}, fmt.Errorf("%w: object %d is missing", ErrPDF, n)
		}
		if found := keywordsOf.FindSubmatch(object); found != nil && !bytes.Contains(object, []byte("stream")) {
			printed.Code = string(found[1])
		}
		if !bytes.HasPrefix(object, []byte("<</Type /Page\n")) {
			continue
		}
		found := contentsOf.FindSubmatch(object)
		if found == nil {
			return Printed{}, fmt.Errorf("%w: a page without content", ErrPDF)
		}
		number, _ := strconv.Atoi(string(found[1])) // digits by the expression
		if err := readContent(objects[number], &left, &text); err != nil {
			return Printed{}, err
		}
	}
	printed.Text = text.String()
	return printed, nil
}

// objectsOf splits the file by its cross-reference table, which must be the only
// one and lead to every object.
func objectsOf(file []byte) (map[int][]byte, error) {
	tail := bytes.LastIndex(file, []byte("\nxref\n"))
	switch {
	case len(file) > maxPDF, !bytes.HasPrefix(file, []byte("%PDF-1.")), !bytes.HasSuffix(file, []byte("%%EOF\n")), tail < 0,
		bytes.Count(file, []byte("startxref\n")) != 1, bytes.Count(file, []byte("\nxref\n")) != 1:
		return nil, ErrPDF
	}
	lines := strings.Split(string(file[tail+1:]), "\n")
	count, err := strconv.Atoi(strings.TrimPrefix(lines[min(1, len(lines)-1)], "0 "))
	if err != nil || count < 2 || len(lines) < count+2 {
		return nil, fmt.Errorf("%w: its table of objects", ErrPDF)
	}
	objects := make(map[int][]byte, count)
	left := tail // objects that overlap are longer than the file, and would be read again and again
	for n := 1; n < count; n++ {
		body, err := objectAt(file[:tail+1], lines[n+2], n)
		if err != nil {
			return nil, err
		}
		if left -= len(body); left < 0 {
			return nil, fmt.Errorf("%w: its objects overlap", ErrPDF)
		}
		objects[n] = body
	}
	return objects, nil
}

// objectAt is the object n, whose place a line of the table gives.
func objectAt(file []byte, entry string, n int) ([]byte, error) {
	place, _, _ := strings.Cut(entry, " ")
	at, err := strconv.Atoi(place)
	begin := []byte(strconv.Itoa(n) + " 0 obj\n")
	if err != nil || at < 0 || at > len(file) || !bytes.HasPrefix(file[at:], begin) {
		return nil, fmt.Errorf("%w: object %d is not in its place", ErrPDF, n)
	}
	body := file[at+len(begin):]
	end := bytes.Index(body, []byte("\nendobj\n"))
	if end < 0 {
		return nil, fmt.Errorf("%w: object %d does not end", ErrPDF, n)
	}
	return body[:end], nil
}

// readContent unpacks a page's content and appends what it says.
func readContent(object []byte, left *int64, text *strings.Builder) error {
	_, packed, found := bytes.Cut(object, []byte("stream\n"))
	packed, ends := bytes.CutSuffix(packed, []byte("\nendstream"))
	if !found || !ends {
		return fmt.Errorf("%w: a page's content", ErrPDF)
	}
	reader, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPDF, err)
	}
	content, err := io.ReadAll(io.LimitReader(reader, *left))
	if *left -= int64(len(content)); err != nil || *left <= 0 {
		return fmt.Errorf("%w: a page's content cannot be unpacked", ErrPDF)
	}
	return readText(content, text)
}

// readText appends the strings that the content shows (PDF 32000-1 §9.4.3), which
// are UTF-16 of what they mean.
func readText(content []byte, text *strings.Builder) error {
	for {
		start := bytes.Index(content, []byte(" Td ("))
		if start < 0 {
			return nil
		}
		shown, rest, ok := literal(content[start+len(" Td ("):])
		if !ok || !bytes.HasPrefix(rest, []byte(" Tj ET")) || len(shown)%2 != 0 {
			return fmt.Errorf("%w: a text", ErrPDF)
		}
		units := make([]uint16, len(shown)/2)
		for i := range units {
			units[i] = uint16(shown[2*i])<<8 | uint16(shown[2*i+1])
		}
		squeeze(text, string(utf16.Decode(units)))
		content = rest
	}
}

// literal reads a literal string up to its closing parenthesis.
func literal(in []byte) (value, rest []byte, ok bool) {
	for i := 0; i < len(in); i++ {
		switch in[i] {
		case ')':
			return value, in[i+1:], true
		case '(':
			return nil, nil, false
		case '\\':
			if i++; i == len(in) {
				return nil, nil, false
			}
			if in[i] == 'r' {
				value = append(value, '\r')
				continue
			}
			value = append(value, in[i])
		default:
			value = append(value, in[i])
		}
	}
	return nil, nil, false
}
