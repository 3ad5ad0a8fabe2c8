package file

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// The generators of filetest stand on this package; here are the few bytes that the
// table needs.
func pdf(body string) string { return "%PDF-1.7\n" + body + "\n%%EOF\n" }

type entry struct{ name, content string }

func archive(t testing.TB, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err == nil {
			_, err = f.Write([]byte(e.content))
		}
		must(t, err)
	}
	must(t, w.Close())
	return b.String()
}

func office(t testing.TB, part, types string, more ...entry) string {
	t.Helper()
	return archive(t, append([]entry{
		{"[Content_Types].xml", `<Types><Override ContentType="` + types + `"/></Types>`}, {part, "<x/>"},
	}, more...)...)
}

const (
	sheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
	wordType  = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// onePixel is a 1×1 PNG with the dimensions rewritten; the checksum of IHDR is made
// right again.
func onePixel(width, height uint32) string {
	header := make([]byte, 17)
	copy(header, "IHDR")
	binary.BigEndian.PutUint32(header[4:], width)
	binary.BigEndian.PutUint32(header[8:], height)
	header[12] = 8
	out := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	out = append(out, header...)
	return string(binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(header)))
}

func windows1251(t testing.TB, s string) string {
	t.Helper()
	out, err := charmap.Windows1251.NewEncoder().String(s)
	must(t, err)
	return out
}

func utf16(t testing.TB, s string) string {
	t.Helper()
	out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(s)
	must(t, err)
	return out
}

// TestKindIsToldByTheContent holds the honest files, and those that pretend.
func TestKindIsToldByTheContent(t *testing.T) {
	t.Parallel()
	der := "\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x82" + strings.Repeat("x", 256)
	ber := "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80" + strings.Repeat("x", 64)
	jpegHead := "\xff\xd8\xff\xe0"
	for name, tt := range map[string]struct {
		content string
		want    string // kind's name, or what is found instead
	}{
		"PDF":                              {pdf("text"), "pdf"},
		"PDF with an archive hung on":      {pdf("text") + archive(t, entry{"evil.exe", strings.Repeat("MZ", 2000)}) + strings.Repeat("x", 1100), "broken_pdf"},
		"PDF cut off":                      {"%PDF-1.7\n" + strings.Repeat("x", 2000), "broken_pdf"},
		"PDF of no version":                {"%PDF-\n%%EOF", "broken_pdf"},
		"program named .pdf":               {"MZ\x90\x00\x03\x00\x00\x00", "program"},
		"ELF program":                      {"\x7fELF\x02\x01\x01\x00", "program"},
		"Windows shortcut":                 {"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00", "program"},
		"shell script":                     {"#!/bin/sh\nrm -rf /\n", "script"},
		"batch script":                     {"@echo off\r\ndel *.*\r\n", "script"},
		"text that begins with MZ":         {"MZ-25 is a station\n", "text"},
		"HTML":                             {"<!DOCTYPE html><script>alert(1)</script>", "html"},
		"HTML behind a comment":            {"<!-- report --><html><body onload=alert(1)>", "html"},
		"HTML behind a declaration":        {`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script/></html>`, "html"},
		"HTML under another root":          {`<?xml version="1.0"?><r xmlns="http://www.w3.org/1999/xhtml"/>`, "html"},
		"HTML in plain text":               {"hello\n<script>alert(1)</script>", "html"},
		"SVG":                              {`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "svg"},
		"SVG under a prefix":               {`<?xml version="1.0"?><s:x xmlns:s="http://www.w3.org/2000/svg"/>`, "svg"},
		"XSLT":                             {`<?xml version="1.0"?><x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform"/>`, "script"},
		"XML":                              {`<?xml version="1.0" encoding="UTF-8"?><Файл/>`, "xml"},
		"XML without a declaration":        {"\ufeff\n<Файл ИдФайл=\"1\"/>", "xml"},
		"XML in windows-1251":              {windows1251(t, `<?xml version="1.0" encoding="windows-1251"?><Файл/>`), "xml"},
		"XML in UTF-16":                    {utf16(t, `<?xml version="1.0" encoding="UTF-16"?><Файл/>`), "xml"},
		"XML in another encoding":          {`<?xml version="1.0" encoding="utf-7"?><a/>`, "broken_xml"},
		"XML in no encoding at all":        {windows1251(t, `<Файл/>`), "broken_xml"},
		"XML with entities":                {`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`, "xml_dtd"},
		"XML that is none":                 {"<?xml version=\"1.0\"?>text", "broken_xml"},
		"XML cut off":                      {"<?xml version=\"1.0\"?><Файл", "broken_xml"},
		"XLSX":                             {office(t, "xl/workbook.xml", sheetType), "xlsx"},
		"DOCX":                             {office(t, "word/document.xml", wordType), "docx"},
		"XLSX with macros":                 {office(t, "xl/workbook.xml", sheetType, entry{"xl/vbaProject.bin", "x"}), "macro"},
		"DOCM named .docx":                 {office(t, "word/document.xml", "application/vnd.ms-word.document.macroEnabled.main+xml"), "macro"},
		"XLSX with a macro sheet":          {office(t, "xl/workbook.xml", sheetType, entry{"xl/macrosheets/sheet1.xml", "x"}), "macro"},
		"DOCX that says to be a workbook":  {office(t, "word/document.xml", sheetType), "broken_zip"},
		"both at once":                     {office(t, "word/document.xml", wordType, entry{"xl/workbook.xml", "x"}), "broken_zip"},
		"presentation":                     {office(t, "ppt/presentation.xml", wordType), "unknown"},
		"Java program":                     {archive(t, entry{"META-INF/MANIFEST.MF", "x"}, entry{"Main.class", "x"}), "unknown"},
		"ZIP":                              {archive(t, entry{"отчёт.xml", "<a/>"}, entry{"folder/b.txt", "b"}), "zip"},
		"ZIP that climbs":                  {archive(t, entry{"../../etc/cron.d/x", "x"}), "broken_zip"},
		"ZIP with a path of Windows":       {archive(t, entry{`..\x`, "x"}), "broken_zip"},
		"ZIP with an absolute path":        {archive(t, entry{"/etc/passwd", "x"}), "broken_zip"},
		"ZIP with one name twice":          {archive(t, entry{"a.xml", "good"}, entry{"A.XML", "evil"}), "broken_zip"},
		"ZIP bomb":                         {archive(t, entry{"zeros", strings.Repeat("\x00", 17<<20)}), "bomb"},
		"ZIP with a password":              {encrypted(archive(t, entry{"a", "b"})), "encrypted"},
		"ZIP cut off":                      {archive(t, entry{"a", "b"})[:40], "broken_zip"},
		"empty ZIP":                        {archive(t), "broken_zip"},
		"PNG":                              {onePixel(1, 1), "png"},
		"PNG that is a bomb":               {onePixel(100_000, 100_000), "bomb"},
		"PNG without a header":             {"\x89PNG\r\n\x1a\nMZ", "broken_png"},
		"JPEG that is a script":            {jpegHead + "#!/bin/sh", "broken_jpeg"},
		"GIF":                              {"GIF89a\x01\x00\x01\x00", "gif"},
		"signature in DER":                 {der, "signature"},
		"signature in BER":                 {ber, "signature"},
		"signature in base64":              {base64.StdEncoding.EncodeToString([]byte(der)), "signature"},
		"signature in PEM":                 {string(pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: []byte(der)})), "signature"},
		"certificate in PEM":               {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(der)})), "text"},
		"DER of something else":            {"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", "unknown"},
		"old Word, or Office behind a key": {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 64), "ole2"},
		"RAR":                              {"Rar!\x1a\x07\x01\x00", "archive"},
		"gzip":                             {"\x1f\x8b\x08\x00\x00\x00", "archive"},
		"text":                             {"Привет, мир\n", "text"},
		"text in windows-1251":             {windows1251(t, "Привет, мир\r\n"), "text"},
		"bytes":                            {"\x00\x01\x02\x03", "unknown"},
		"text with a zero far away":        {strings.Repeat("text ", 20_000) + "\x00", "unknown"},
		"one byte":                         {"x", "text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, found := sniff(strings.NewReader(tt.content), int64(len(tt.content)))
			taken := slices.Contains((^Part).Names(), tt.want)
			if found != tt.want || taken != (kind != 0) || taken && KindOf(kind.MediaType()).String() != tt.want {
				t.Errorf("kind %q, found %q, want %q", kind, found, tt.want)
			}
		})
	}
}

// encrypted sets the flag in both headers of the one entry.
func encrypted(zipped string) string {
	b := []byte(zipped)
	b[6] |= 1
	b[bytes.Index(b, []byte("PK\x01\x02"))+8] |= 1
	return string(b)
}

func TestManyEntriesAreABomb(t *testing.T) {
	t.Parallel()
	entries := make([]entry, maxEntries+1)
	for i := range entries {
		entries[i] = entry{fmt.Sprint(i), ""}
	}
	content := archive(t, entries...)
	if kind, found := sniff(strings.NewReader(content), int64(len(content))); kind != 0 || found != "bomb" {
		t.Errorf("%s %s", kind, found)
	}
}

func TestNamesAreCleanedAndFitTheContent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		kind Kinds
		want string
	}{
		{"Отчёт за 2026.pdf", PDF, "Отчёт за 2026.pdf"},
		{"REPORT.PDF", PDF, "REPORT.PDF"},
		{"scan.jpeg", JPEG, "scan.jpeg"},
		{"scan.jpeg", PNG, "scan.jpeg.png"},
		{"invoice.pdf.exe", PDF, "invoice.pdf.exe.pdf"},
		{"../../etc/passwd", Text, "passwd.txt"},
		{`C:\Users\anna\scan.png`, PNG, "scan.png"},
		{"a\x00b\r\nc\u202efdp.exe", PDF, "abcfdp.exe.pdf"},
		{".pdf", PDF, "pdf.pdf"},
		{"", PDF, "file.pdf"},
		{" . ", XML, "file.xml"},
		{"..", Part, "file"},
		{"и\u0306.xml", XML, "й.xml"},
		{"a<b>:\"|?*.xml", XML, "ab.xml"},
		{"sign.sgn", Signature, "sign.sgn"},
		{strings.Repeat("я", 200) + ".xml", XML, strings.Repeat("я", 98) + ".xml"},
	} {
		if got := cleanName(tt.name, tt.kind); got != tt.want || len(got) > maxName {
			t.Errorf("%q as %s: %q, want %q", tt.name, tt.kind, got, tt.want)
		}
	}
}

func TestKindsAreASet(t *testing.T) {
	t.Parallel()
	both := PDF | XML
	if !both.Has(PDF) || !both.Has(both) || both.Has(PNG) || both.Has(PDF|PNG) || both.Has(0) {
		t.Error("membership")
	}
	if both.String() != "pdf, xml" || both.MediaType() != "application/octet-stream" || KindOf("image/gif") != 0 {
		t.Errorf("%s %s", both, both.MediaType())
	}
	err := error(&KindError{Found: "program", Wanted: both})
	if !errors.Is(err, ErrKind) || err.Error() != "file: not of a kind that is wanted: found program, wanted pdf, xml" {
		t.Error(err)
	}
	infected := error(&InfectedError{"Eicar"})
	if !errors.Is(infected, ErrInfected) || infected.Error() != "file: infected: Eicar" {
		t.Error(infected)
	}
}

// FuzzSniff: whatever the bytes are, telling them ends, in one kind or one word,
// and what is taken can be served under a media type of ours.
func FuzzSniff(f *testing.F) {
	for _, seed := range []string{
		pdf("x"), "<?xml version=\"1.0\"?><a/>", onePixel(1, 1), "\xff\xd8\xff\xe0", archive(f, entry{"a", "b"}),
		office(f, "xl/workbook.xml", sheetType), "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "MIIB", "-----BEGIN CMS-----\n",
		"\xff\xfe<\x00a\x00/\x00>\x00", "#!", "text",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) == 0 {
			return
		}
		kind, found := sniff(bytes.NewReader(content), int64(len(content)))
		if found == "" || kind != 0 && KindOf(kind.MediaType()) != kind {
			t.Fatalf("kind %q, found %q", kind, found)
		}
		if name := cleanName(string(content), kind); name == "" || len(name) > maxName || strings.ContainsAny(name, "/\\\x00\n") {
			t.Fatalf("name %q", name)
		}
	})
}
