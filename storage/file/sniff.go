package file

import (
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // image.DecodeConfig reads the two formats that are taken
	_ "image/png"
	"io"
	"slices"
	"unicode/utf8"
)

// headSize is how much of the beginning decides, in bytes.
const headSize = 4 << 10

// strangers are formats that are never taken, told by how they begin, so that the
// refusal can name them.
var strangers = []struct{ prefix, found string }{
	{"MZ", "program"}, {"\x7fELF", "program"}, {"\xca\xfe\xba\xbe", "program"}, {"\xcf\xfa\xed\xfe", "program"},
	{"\xfe\xed\xfa\xce", "program"}, {"\xfe\xed\xfa\xcf", "program"}, {"\x00asm", "program"}, {"L\x00\x00\x00\x01\x14\x02\x00", "program"},
	{"#!", "script"}, {"<?php", "script"}, {"@echo off", "script"}, {"@ECHO OFF", "script"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole2"}, {"{\\rtf", "rtf"},
	{"Rar!\x1a\x07", "archive"}, {"7z\xbc\xaf\x27\x1c", "archive"}, {"\x1f\x8b", "archive"}, {"BZh", "archive"},
	{"\xfd7zXZ\x00", "archive"}, {"(\xb5/\xfd", "archive"}, {"MSCF", "archive"}, {"CD001", "archive"},
	{"GIF8", "gif"}, {"RIFF", "riff"}, {"II*\x00", "tiff"}, {"MM\x00*", "tiff"}, {"BM", "bmp"}, {"SQLite format 3\x00", "database"},
}

// sniff says what a file is by its content: the kind, or 0 and one word for what
// was found instead. Nothing is taken by its beginning alone: each format must
// also have what only a whole file of it has.
func sniff(r io.ReaderAt, size int64) (Kinds, string) {
	head := make([]byte, min(size, headSize))
	if n, err := r.ReadAt(head, 0); n < len(head) && err != nil {
		return 0, "unknown"
	}
	kind, fault := recognise(r, size, head)
	if fault != "" {
		return 0, fault
	}
	return kind, kind.String()
}

func recognise(r io.ReaderAt, size int64, head []byte) (Kinds, string) {
	switch {
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return PDF, pdfFault(r, size, head)
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPEG, imageFault(r, size, "jpeg")
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, imageFault(r, size, "png")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return sniffZIP(r, size)
	case isSignature(r, size, head):
		return Signature, ""
	}
	for _, s := range strangers {
		if bytes.HasPrefix(head, []byte(s.prefix)) && !(len(s.prefix) == 2 && isPrintable(head)) {
			return 0, s.found
		}
	}
	return sniffText(r, size, head)
}

// isPrintable keeps a text that begins with "MZ" or "BM" from being taken for a
// program or a picture; a script stays one.
func isPrintable(head []byte) bool { return head[0] != '#' && textual(head) }

// pdfFault: a PDF has a version and ends with the mark of its end (ISO 32000-1
// §7.5.2, §7.5.5), which stands in its last 1024 bytes unless something else was
// hung on.
func pdfFault(r io.ReaderAt, size int64, head []byte) string {
	if len(head) < 8 || head[5] != '1' && head[5] != '2' || head[6] != '.' {
		return "broken_pdf"
	}
	tail := make([]byte, min(size, 1024))
	if n, _ := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) || !bytes.Contains(tail, []byte("%%EOF")) {
		return "broken_pdf"
	}
	return ""
}

// maxPixels bounds a picture that somebody will have to draw.
const maxPixels = 200 << 20

func imageFault(r io.ReaderAt, size int64, format string) string {
	config, got, err := image.DecodeConfig(io.NewSectionReader(r, 0, size))
	switch {
	case err != nil || got != format || config.Width < 1 || config.Height < 1:
		return "broken_" + format
	case config.Width > maxPixels/config.Height:
		return "bomb"
	}
	return ""
}

// sniffText tells XML, plain text and what only looks like it.
func sniffText(r io.ReaderAt, size int64, head []byte) (Kinds, string) {
	if looksLikeXML(head) {
		return sniffXML(io.NewSectionReader(r, 0, size))
	}
	if looksLikeHTML(head) {
		return 0, "html"
	}
	if !allTextual(io.NewSectionReader(r, 0, size)) {
		return 0, "unknown"
	}
	return Text, ""
}

// allTextual reads the whole: plain text has no control characters anywhere.
func allTextual(r io.Reader) bool {
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		if !textual(buffer[:n]) {
			return false
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// textual: no byte that neither UTF-8 nor windows-1251 uses in text.
func textual(p []byte) bool {
	return !slices.ContainsFunc(p, func(b byte) bool {
		return b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f' || b == 0x7f || b == 0x98 && !utf8.Valid(p)
	})
}

func looksLikeHTML(head []byte) bool {
	head = bytes.ToLower(head)
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<script", "<iframe", "<svg", "<object", "<embed", "<form"} {
		if bytes.Contains(head, []byte(tag)) {
			return true
		}
	}
	return false
}
