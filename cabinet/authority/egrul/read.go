package egrul

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"propusk/cabinet/authority"
)

// bounds are those of one record. The longest published one has about ten million
// bytes and two hundred thousand elements; an element of five bytes takes hundreds
// in memory, and a million of them pack into a kilobyte.
type bounds struct {
	bytes    int64
	elements int
}

var published = bounds{bytes: 64 << 20, elements: 1_000_000}

// ErrFile: the file cannot be read any further. Its text ends with the reason.
var ErrFile = errors.New("egrul: not a file of the register")

// FileError is where and why.
type FileError struct {
	Line int
	Text string
}

func (e *FileError) Error() string { return fmt.Sprintf("%d: %s", e.Line, e.Text) }

// Unwrap makes errors.Is(err, ErrFile) hold.
func (e *FileError) Unwrap() error { return ErrFile }

// Each is called for each record of a file: with the record and the faults of its
// particulars, or with ok false when it is refused. line is where it begins. An
// error ends the reading.
type Each func(r authority.Record, ok bool, faults []Fault, line int) error

// Read reads a file of the register record by record, in the memory of one. A fault
// of a record does not end it; a fault of the file is a *FileError, and what was
// read before it has been given to each.
func Read(ctx context.Context, r io.Reader, each Each) error { return read(ctx, r, published, each) }

// read is Read with records of other bounds.
func read(ctx context.Context, r io.Reader, most bounds, each Each) error {
	limited := &limitedReader{r: bufio.NewReaderSize(r, 1<<16), limit: most.bytes, left: most.bytes}
	dec := xml.NewDecoder(limited)
	dec.CharsetReader = charset
	root, err := readRoot(dec)
	if err == nil {
		err = readRecords(ctx, &treeReader{Decoder: dec, most: most.elements}, limited, root, each)
	}
	return place(dec, err)
}

// place says where the file broke off. Errors of each, and the context's, pass.
func place(dec *xml.Decoder, err error) error {
	line, _ := dec.InputPos()
	syntax, isSyntax := errors.AsType[*xml.SyntaxError](err)
	var text string
	switch {
	case err == nil:
		return nil
	case isSyntax && strings.Contains(syntax.Msg, "unexpected EOF"), errors.Is(err, io.ErrUnexpectedEOF):
		text = "the file breaks off"
	case isSyntax:
		line, text = syntax.Line, "not XML: "+syntax.Msg
	case errors.Is(err, errCharset): // the decoder has put words of its own before
		text = err.Error()[strings.Index(err.Error(), errCharset.Error()):]
	case errors.Is(err, errTooLong), errors.Is(err, errDepth), errors.Is(err, errElements), errors.Is(err, errRoot):
		text = err.Error()
	default:
		return err
	}
	return &FileError{line, text}
}

var (
	errTooLong = errors.New("a record is longer than 64 MiB")
	errCharset = errors.New("the encoding must be windows-1251 or UTF-8")
	errRoot    = errors.New("the file must begin with EGRUL or EGRIP")
)

// limitedReader bounds what is read between two records, and finds what is no XML
// of anybody's.
type limitedReader struct {
	r           io.Reader
	limit, left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// ReadByte keeps the decoder from reading ahead through a buffer of its own.
func (l *limitedReader) ReadByte() (byte, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	l.left--
	return l.r.(io.ByteReader).ReadByte()
}

// charset reads the encodings that the register is published in.
func charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "windows-1251", "cp1251":
		return charmap.Windows1251.NewDecoder().Reader(input), nil
	case "utf-8", "utf8":
		return input, nil
	}
	return nil, fmt.Errorf("%w, not %q", errCharset, label)
}

// readRoot finds the root element. A DOCTYPE has no place in these files.
func readRoot(dec *xml.Decoder) (string, error) {
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("%w; it is empty", errRoot)
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.Directive:
			return "", fmt.Errorf("%w, not with a DOCTYPE", errRoot)
		case xml.StartElement:
			switch token.Name.Local {
			case "EGRUL", "EGRIP":
				return token.Name.Local, nil
			}
			return "", fmt.Errorf("%w, not %s", errRoot, token.Name.Local)
		}
	}
}

// readRecords gives each record under the root to each.
func readRecords(ctx context.Context, tree *treeReader, limited *limitedReader, root string, each Each) error {
	for {
		limited.left = limited.limit
		token, err := tree.Token()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := tree.record(token)
			if err != nil {
				return err
			}
			record, ok, faults := interpret(root, n)
			if err := each(record, ok, faults, n.line); err != nil {
				return err
			}
		}
	}
}

// interpret makes a record of an element under the root.
func interpret(root string, n *node) (authority.Record, bool, []Fault) {
	r := &reading{}
	var record authority.Record
	switch {
	case root == "EGRUL" && n.name == "СвЮЛ":
		record = r.legal(n)
	case root == "EGRIP" && n.name == "СвИП":
		record = r.sole(n)
	default:
		r.refuse(n, "", "such an element does not stand under %s", root)
	}
	return record, !r.refused, r.faults
}
