package sandbox

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"propusk/cabinet/authority"
)

// document says which document of the tax exchange goes with an event: the prefix
// of its file, its КНД and its version.
type document struct{ prefix, knd, version string }

var documents = map[string]document{
	authority.Delivered:     {"PD_OTCH", "1166002", "5.01"},
	authority.Accepted:      {"KV_OTCH", "1166002", "5.04"},
	authority.Refused:       {"UO_OTCH", "1166006", "5.05"},
	authority.Entered:       {"IV_OTCH", "1166007", "5.04"},
	authority.Clarification: {"UU_OTCH", "1166009", "5.07"},
}

// receiptOf makes the document of an answer to a filing, in the published form's
// elements, windows-1251. false for what has none.
func receiptOf(sub authority.Submission, taken *received, a authority.Answer) (authority.File, bool) {
	d, known := documents[a.Event]
	if !known || sub.Kind != "filing" {
		return authority.File{}, false
	}
	sender := sub.INN + sub.KPP
	id := fmt.Sprintf("%s_%s_%s_%s_%s_%s", d.prefix, sender, sender, sub.Recipient, a.At.Time().Format("20060102"), a.ID)
	file := receiptXML{
		ID: id, Version: d.version, Program: "Propusk sandbox",
		Document: receiptDocument{
			KND: d.knd, Office: sub.Recipient, Number: taken.Number,
			Sender: receiptSender{Name: sub.Name, INN: sub.INN, KPP: sub.KPP},
			Report: receiptReport{
				File: mainFile(sub).Name, KND: attributeOf(sub, form, "knd"), Name: reportOf(sub), Correction: correctionOf(sub),
				Period: attributeOf(sub, period, "period"), Year: attributeOf(sub, year, "year"),
				Received: a.At.Time().Format("02.01.2006"), Time: a.At.Time().Format("15.04.05"),
			},
		},
	}
	for _, f := range a.Faults {
		file.Document.Faults = append(file.Document.Faults, receiptFault{f.Code, f.Text, f.Element, f.Value})
	}
	return authority.File{Name: id + ".xml", MediaType: "application/xml", Content: windows1251(file)}, true
}

// receiptXML is a service document as the published forms name its parts.
type receiptXML struct {
	XMLName  xml.Name        `xml:"Файл"`
	ID       string          `xml:"ИдФайл,attr"`
	Program  string          `xml:"ВерсПрог,attr"`
	Version  string          `xml:"ВерсФорм,attr"`
	Document receiptDocument `xml:"Документ"`
}

type receiptDocument struct {
	KND    string         `xml:"КНД,attr"`
	Office string         `xml:"КодНО,attr"`
	Number string         `xml:"РегНом,attr"`
	Sender receiptSender  `xml:"ОтпрДок>НПЮЛ"`
	Report receiptReport  `xml:"СвОбрДок"`
	Faults []receiptFault `xml:"ПеречВыявНар>СвПоОшибке"`
}

type receiptSender struct {
	Name string `xml:"НаимОрг,attr"`
	INN  string `xml:"ИННЮЛ,attr"`
	KPP  string `xml:"КПП,attr,omitempty"`
}

type receiptReport struct {
	File       string `xml:"ИмяОбрабФайла,attr"`
	KND        string `xml:"КНД,attr,omitempty"`
	Name       string `xml:"НаимОтч,attr,omitempty"`
	Correction string `xml:"НомКорр,attr,omitempty"`
	Period     string `xml:"Период,attr,omitempty"`
	Year       string `xml:"ОтчетГод,attr,omitempty"`
	Received   string `xml:"ДатаПост,attr"`
	Time       string `xml:"ВремПост,attr"`
}

type receiptFault struct {
	Code    string `xml:"КодОш"`
	Text    string `xml:"ТекстОш"`
	Element string `xml:"ПолОшЭл,omitempty"`
	Value   string `xml:"ЗнЭлем,omitempty"`
}

// receiptFields is the same as data.
func receiptFields(sub authority.Submission, taken *received, a authority.Answer) map[string]string {
	fields := map[string]string{
		"knd": documents[a.Event].knd, "registration_number": taken.Number, "office": sub.Recipient, "file": mainFile(sub).Name,
		"report": reportOf(sub), "correction": correctionOf(sub), "period": attributeOf(sub, period, "period"),
		"year": attributeOf(sub, year, "year"), "report_knd": attributeOf(sub, form, "knd"), "date": a.At.Time().Format("2006-01-02"),
	}
	for name, value := range fields {
		if value == "" {
			delete(fields, name)
		}
	}
	return fields
}

// windows1251 writes v as XML in that encoding. A character that it lacks becomes
// a reference.
func windows1251(v any) []byte {
	body, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // a struct of texts
	}
	var out bytes.Buffer
	out.WriteString(`<?xml version="1.0" encoding="windows-1251"?>` + "\n")
	for _, r := range string(body) {
		if b, known := charmap.Windows1251.EncodeRune(r); known {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "&#%d;", r)
		}
	}
	return out.Bytes()
}

func fromWindows1251(text []byte) string {
	var b strings.Builder
	for _, c := range text {
		b.WriteRune(charmap.Windows1251.DecodeByte(c))
	}
	return b.String()
}
