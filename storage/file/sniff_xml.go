package file

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var (
	utf8Mark   = []byte("\xef\xbb\xbf")
	utf16Marks = [][]byte{[]byte("\xff\xfe"), []byte("\xfe\xff")}
)

// looksLikeXML: a declaration, or the beginning of an element; a mark of UTF-16.
// What follows must bear it out (sniffXML).
func looksLikeXML(head []byte) bool {
	for _, mark := range utf16Marks {
		if bytes.HasPrefix(head, mark) {
			return true
		}
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, utf8Mark), " \t\r\n")
	return len(head) > 1 && head[0] == '<' && !looksLikeHTML(head[:min(len(head), 16)])
}

// sniffXML reads the prolog and the root element's start. A DTD is refused: the
// formats of the authorities have none, and entities are how XML attacks who reads
// it. So are the roots that browsers run. Whoever parses the whole learns the rest.
func sniffXML(r io.Reader) (Kinds, string) {
	var mark [2]byte
	n, _ := io.ReadFull(r, mark[:])
	r = io.MultiReader(bytes.NewReader(mark[:n]), r)
	if bytes.Equal(mark[:n], utf16Marks[0]) || bytes.Equal(mark[:n], utf16Marks[1]) {
		r = transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	}
	decoder := xml.NewDecoder(io.LimitReader(r, 1<<20))
	decoder.CharsetReader = charset
	for {
		token, err := decoder.Token()
		if err != nil {
			return 0, "broken_xml"
		}
		switch token := token.(type) {
		case xml.Directive:
			return 0, "xml_dtd"
		case xml.CharData:
			if strings.Trim(string(token), " \t\r\n\ufeff") != "" {
				return 0, "broken_xml"
			}
		case xml.StartElement:
			return rootKind(token.Name)
		}
	}
}

func rootKind(root xml.Name) (Kinds, string) {
	switch strings.ToLower(root.Local) {
	case "html", "body", "head", "script":
		return 0, "html"
	case "svg":
		return 0, "svg"
	}
	switch root.Space {
	case "http://www.w3.org/1999/xhtml":
		return 0, "html"
	case "http://www.w3.org/2000/svg":
		return 0, "svg"
	case "http://www.w3.org/1999/XSL/Transform":
		return 0, "script"
	}
	return XML, ""
}

// charset reads the encodings that the authorities' formats use. One whose bytes
// were decoded already (UTF-16 by its mark) says so only in its declaration.
func charset(label string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "windows-1251", "cp1251":
		return charmap.Windows1251.NewDecoder().Reader(r), nil
	case "utf-8", "utf8", "us-ascii", "utf-16":
		return r, nil
	}
	return nil, errors.New("file: an encoding that is not taken")
}
