package report_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"propusk/cabinet/filing/report"
	"propusk/cabinet/filing/reporttest"
)

const declaration = `<?xml version="1.0" encoding="UTF-8"?>`

// TestReaderTakesWhatXMLAllows in a report, and gives it as XML says.
func TestReaderTakesWhatXMLAllows(t *testing.T) {
	t.Parallel()
	source := "\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8' standalone=\"yes\"?>\r\n<!-- заметка - одна -->\n" +
		"<Файл xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation='x.xsd' А = 'a&amp;&#1071;&#x42F;\n\"' >\n" +
		"\t<Б.1-2_3>т&lt;екст<!-- внутри --> ещё</Б.1-2_3 >\n</Файл>\n<!-- конец -->"
	tree, fault := report.Read([]byte(source))
	if fault != nil {
		t.Fatalf("%+v", fault)
	}
	if got, _ := tree.Root.Attribute("А"); got != "a&ЯЯ \"" || len(tree.Root.Attributes) != 1 {
		t.Errorf("the attribute is %q of %d", got, len(tree.Root.Attributes))
	}
	if child := tree.Root.Child("Б.1-2_3"); child == nil || child.Text != "т<екстещё" {
		t.Errorf("the child is %+v", child)
	}
	if tree.Encoding != "utf-8" || tree.Root.Child("нет") != nil {
		t.Errorf("the encoding is %s", tree.Encoding)
	}
}

// TestReaderRefuses everything else, with the place.
func TestReaderRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		source, code string
		line, column int
	}{
		{`<a/>`, "xml_declaration", 0, 0},
		{`<?xml version="1.1" encoding="UTF-8"?><a/>`, "xml_declaration", 0, 0},
		{`<?xml version="1.0"?><a/>`, "xml_declaration", 0, 0},
		{`<?xml version="1.0" encoding="UTF-8" standalone="maybe"?><a/>`, "xml_declaration", 0, 0},
		{`<?xml version="1.0" encoding="UTF-16"?><a/>`, "encoding_unsupported", 0, 0},
		{declaration, "xml_empty", 0, 0},
		{declaration + "\n<ёж>\xff</ёж>", "encoding_invalid", 2, 5},
		{declaration + "\n<a><![CDATA[x]]></a>", "xml_unsupported", 2, 4},
		{declaration + "\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xml_doctype", 2, 1},
		{declaration + "\n<a>&b;</a>", "xml_entity", 2, 4},
		{declaration + "\n<a b='&#0;'/>", "xml_entity", 2, 7},
		{declaration + "\n<a b='&#xFFFFFFFF;'/>", "xml_entity", 2, 7},
		{declaration + "\n<a b='&#xD800;'/>", "xml_entity", 2, 7},
		{declaration + "\n<a b='&amp'/>", "xml_entity", 2, 7},
		{declaration + "\n<a b='\x01'/>", "xml_character", 2, 7},
		{declaration + "\n<a b='x' b='y'/>", "xml_attribute_repeated", 2, 10},
		{declaration + "\n<a b='x'c='y'/>", "xml_syntax", 2, 9},
		{declaration + "\n<a b=x/>", "xml_syntax", 2, 6},
		{declaration + "\n<a b/>", "xml_syntax", 2, 5},
		{declaration + "\n<a b='<'/>", "xml_syntax", 2, 7},
		{declaration + "\n<a b='x", "xml_syntax", 2, 7},
		{declaration + "\n<a", "xml_syntax", 2, 3},
		{declaration + "\n<1/>", "xml_syntax", 2, 2},
		{declaration + "\n</a>", "xml_syntax", 2, 1},
		{declaration + "\n<a></b>", "xml_mismatch", 2, 4},
		{declaration + "\n<a></a", "xml_syntax", 2, 7},
		{declaration + "\n<a><б>", "xml_unclosed", 2, 4},
		{declaration + "\n<a/>x", "xml_outside", 2, 5},
		{declaration + "\nx<a/>", "xml_outside", 2, 1},
		{declaration + "\n<a/><b/>", "xml_outside", 2, 5},
		{declaration + "\n<a/><!-- a -- b -->", "xml_syntax", 2, 5},
		{declaration + "\n<a/><!-- a", "xml_syntax", 2, 5},
		{declaration + "\n<x:a/>", "", 0, 0}, // a prefix in an element's name is a name that no format has
		{declaration + "\n<a><b x:c='d'/></a>", "xml_namespace", 2, 7},
		{declaration + "\n<a>" + strings.Repeat("<b>", 40), "xml_too_deep", 2, 97},
		{declaration + "\n<a b='" + strings.Repeat("x", 5000) + "'/>", "value_too_long", 2, 7},
		{declaration + "\n<a>" + strings.Repeat("x", 5000) + "</a>", "value_too_long", 2, 4},
		{declaration + "\n<a>" + strings.Repeat("<b/>", 250_001) + "</a>", "xml_too_many", 2, 4 + 4*249_999},
		{strings.Repeat("x", report.MaxFile+1), "file_too_large", 0, 0},
	} {
		_, fault := report.Read([]byte(tt.source))
		switch {
		case fault == nil && tt.code == "":
		case fault == nil:
			t.Errorf("%.80q is taken", tt.source)
		case fault.Code != tt.code || fault.Line != tt.line || fault.Column != tt.column:
			t.Errorf("%.80q: %s at %d:%d, want %s at %d:%d", tt.source, fault.Code, fault.Line, fault.Column, tt.code, tt.line, tt.column)
		}
	}
}

// TestManyAttributesAreRefused: of one element, and in all.
func TestManyAttributesAreRefused(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(declaration + "<a")
	for i := range 65 {
		b.WriteString(" a" + strings.Repeat("b", i) + "='1'")
	}
	b.WriteString("/>")
	if _, fault := report.Read([]byte(b.String())); fault == nil || fault.Code != "xml_too_many" {
		t.Errorf("%+v", fault)
	}
}

// FuzzRead: no input makes the reader panic; what it takes keeps its bounds, its
// positions lie in the file, and a check of it ends and speaks.
func FuzzRead(f *testing.F) {
	seeds := 0
	for _, id := range reporttest.Types() {
		f.Add(reporttest.Good(id, reporttest.Head{}).Content)
		seeds++
	}
	for _, fault := range reporttest.Faulty() {
		f.Add(fault.File.Content)
		seeds++
	}
	f.Add([]byte(declaration + "<a b='&#1;'>&lt;</a>"))
	if seeds < 50 {
		f.Fatalf("only %d seeds", seeds)
	}
	if entries, err := os.ReadDir("testdata/fuzz/FuzzRead"); err == nil && len(entries) == 0 {
		f.Fatal("the corpus is empty")
	}
	kinds := report.Types()
	f.Fuzz(func(t *testing.T, content []byte) {
		tree, fault := report.Read(content)
		if (tree == nil) == (fault == nil) {
			t.Fatal("neither a tree nor a fault, or both")
		}
		lines := bytes.Count(content, []byte("\n")) + 1
		if fault != nil {
			if fault.Line > lines || fault.Message("ru") == "" || fault.Advice("en") == "" {
				t.Fatalf("%+v in a file of %d lines", fault, lines)
			}
			return
		}
		for _, kind := range kinds {
			if kind.Body() == "" {
				continue
			}
			_, faults := report.Check(report.Input{FileName: "x.xml", Content: content, Profile: mayak, Claim: report.Claim{Type: kind}, Today: day})
			for _, one := range faults {
				if one.Line > lines || one.Message("ru") == "" || one.Message("en") == "" {
					t.Fatalf("%s: %+v", kind.ID, one)
				}
			}
			if values, fault := kind.ReadValues(content); fault == nil && len(values) > 0 {
				report.Write(report.Draft{Profile: mayak, Claim: report.Claim{Type: kind}, Day: day, Unique: "1", Values: values})
			}
		}
	})
}
