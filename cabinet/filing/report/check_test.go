package report_test

import (
	"strings"
	"testing"
	"time"

	"propusk/cabinet/filing/report"
	"propusk/cabinet/filing/reporttest"
)

// day is the day of every check here, unless a test says otherwise.
var day = report.DateOf(2026, time.October, 20)

var mayak = report.Profile{
	Kind: report.Legal, INN: reporttest.Mayak.INN, KPP: reporttest.Mayak.KPP,
	Name: "ООО «Северный Маяк»", FullName: "Общество с ограниченной ответственностью «Северный Маяк»",
}

func typeOf(t testing.TB, id string) *report.Type {
	t.Helper()
	found, ok := report.Find(id)
	if !ok {
		t.Fatalf("no type %s", id)
	}
	return found
}

func check(t testing.TB, id string, f reporttest.File) report.Faults {
	t.Helper()
	_, faults := report.Check(report.Input{FileName: f.Name, Content: f.Content, Profile: mayak, Claim: report.Claim{Type: typeOf(t, id)}, Today: day})
	return faults
}

func TestGoodReportHasNoFault(t *testing.T) {
	t.Parallel()
	for _, id := range reporttest.Types() {
		for _, signatory := range []string{reporttest.ByHead, reporttest.ByRepresentative} {
			if faults := check(t, id, reporttest.Good(id, reporttest.Head{Signatory: signatory})); len(faults) > 0 {
				t.Errorf("%s: %+v: %s", id, faults[0], faults[0].Message("ru"))
			}
		}
	}
}

// TestFaultyReportIsToldWhatAndWhere goes through every faulty report and compares
// the first fault with what its maker expects, position included.
func TestFaultyReportIsToldWhatAndWhere(t *testing.T) {
	t.Parallel()
	cases := reporttest.Faulty()
	if len(cases) < 40 {
		t.Fatalf("only %d faulty reports", len(cases))
	}
	for _, tt := range cases {
		t.Run(tt.Type+"/"+tt.Name, func(t *testing.T) {
			faults := check(t, tt.Type, tt.File)
			var got report.Fault
			for _, f := range faults {
				if f.Code == tt.Code && (tt.Element == "" || f.Element == tt.Element) {
					got = f
					break
				}
			}
			if got.Code == "" {
				t.Fatalf("faults are %+v, want %s at %s", faults, tt.Code, tt.Element)
			}
			if message := got.Message("ru"); message != tt.Message {
				t.Errorf("message is\n%s, want\n%s", message, tt.Message)
			}
			if tt.At != "" {
				if line, column := tt.File.Position(tt.At); got.Line != line || got.Column != column {
					t.Errorf("stands at %d:%d, want %d:%d", got.Line, got.Column, line, column)
				}
			}
			for _, lang := range []string{"ru", "en"} {
				text := got.Message(lang) + got.Advice(lang)
				if got.Message(lang) == "" || got.Advice(lang) == "" || strings.Contains(text, "{") {
					t.Errorf("texts in %s are %q, %q", lang, got.Message(lang), got.Advice(lang))
				}
			}
		})
	}
}
