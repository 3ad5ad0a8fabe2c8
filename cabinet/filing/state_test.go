package filing

import (
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/filing/report"
)

// TestStateMachine goes through every state and every event and compares with what
// the machine is meant to be, written down apart from its table.
func TestStateMachine(t *testing.T) {
	t.Parallel()
	want := map[string]State{
		"draft edited": Draft, "draft signed": Signed,
		"signed edited": Draft, "signed signed": Signed, "signed submitted": Sent,
		"sent delivered": Delivered, "sent accepted": Accepted, "sent refused": Refused,
		"delivered accepted": Accepted, "delivered refused": Refused,
		"accepted entered": Entered, "accepted clarification": Clarification, "accepted corrected": Corrected,
		"clarification entered": Entered, "clarification corrected": Corrected,
		"entered clarification": Clarification, "entered corrected": Corrected,
		"refused corrected": Corrected,
	}
	seen := 0
	for _, s := range States() {
		for _, e := range events() {
			next, ok := s.Next(e)
			expected, possible := want[string(s)+" "+string(e)]
			if ok != possible || next != expected {
				t.Errorf("%s after %s: %q, %v; want %q, %v", s, e, next, ok, expected, possible)
			}
			if s.Can(e) != possible {
				t.Errorf("%s can %s: %v", s, e, s.Can(e))
			}
			if possible {
				seen++
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d moves seen, %d wanted", seen, len(want))
	}
}

// TestStatesHaveTheirProperties: which live, which are done, which can be corrected,
// and that each has a label in both languages.
func TestStatesHaveTheirProperties(t *testing.T) {
	t.Parallel()
	for _, s := range States() {
		if want := s != Refused && s != Corrected; s.Alive() != want {
			t.Errorf("%s alive: %v", s, s.Alive())
		}
		if want := slices.Contains([]State{Accepted, Entered, Clarification, Corrected}, s); s.Done() != want {
			t.Errorf("%s done: %v", s, s.Done())
		}
		if want := slices.Contains([]State{Accepted, Entered, Clarification, Refused}, s); s.Correctable() != want {
			t.Errorf("%s correctable: %v", s, s.Correctable())
		}
		if s.Label("ru") == "" || s.Label("en") == "" || s.Label("ru") == s.Label("en") {
			t.Errorf("%s has labels %q and %q", s, s.Label("ru"), s.Label("en"))
		}
	}
	if Accepted.Label("ru") != "Принято" { // row 176
		t.Error("the final message is not «Принято»")
	}
}

// TestSentFilingIsNeverEditedAgain, by whatever way, and nothing follows the end.
func TestSentFilingIsNeverEditedAgain(t *testing.T) {
	t.Parallel()
	reachable := map[State]bool{Sent: true}
	for range States() {
		for s := range reachable {
			for _, next := range moves[s] {
				reachable[next] = true
			}
		}
	}
	if reachable[Draft] || reachable[Signed] {
		t.Error("a sent filing can become a draft")
	}
	if len(moves[Corrected]) != 0 {
		t.Error("something follows the end")
	}
}

// TestOperationNumberFindsSlips: every single wrong digit, and swapped neighbours.
func TestOperationNumberFindsSlips(t *testing.T) {
	t.Parallel()
	number := newNumber(report.DateOf(2026, time.October, 20))
	if !ValidNumber(number) || !strings.HasPrefix(number, "261020") || len(number) != 19 {
		t.Fatalf("the number is %s", number)
	}
	for i := range number {
		for d := byte('0'); d <= '9'; d++ {
			slip := number[:i] + string(d) + number[i+1:]
			if d != number[i] && ValidNumber(slip) {
				t.Fatalf("%s passes for %s", slip, number)
			}
		}
	}
	for _, wrong := range []string{"", "1", number + "0", "x" + number[1:]} {
		if ValidNumber(wrong) {
			t.Errorf("%q is valid", wrong)
		}
	}
	// ISO/IEC 7064:2003, the standard's own example of MOD 11,10.
	if checkDigit("0794") != 5 {
		t.Errorf("the check digit of 0794 is %d, not 5", checkDigit("0794"))
	}
	if a, b := newNumber(report.DateOf(2026, time.October, 20)), newNumber(report.DateOf(2026, time.October, 20)); a == b {
		t.Error("two numbers are the same")
	}
}

// TestControlCodeIsOfWhatWasSent: it changes with each of its parts, and anybody who
// has them calculates it anew.
func TestControlCodeIsOfWhatWasSent(t *testing.T) {
	t.Parallel()
	f := Filing{Number: "2610200123456789014", FileSHA256: strings.Repeat("ab", 32), SubmittedAt: 1_790_000_000_000_000}
	code := controlCode(f, "7701234560")
	if code != controlCode(f, "7701234560") || len(code) != 11 || code[5] != '-' || strings.ContainsAny(code, "ILOU") {
		t.Fatalf("the code is %q", code)
	}
	other := []Filing{f, f, f}
	other[0].Number, other[1].FileSHA256, other[2].SubmittedAt = "2610200123456789022", strings.Repeat("ac", 32), f.SubmittedAt+1
	for i, one := range other {
		if controlCode(one, "7701234560") == code {
			t.Errorf("change %d leaves the code", i)
		}
	}
	if controlCode(f, "7707083893") == code {
		t.Error("another company has the same code")
	}
}

// TestPeriodsHaveNames as events carry them.
func TestPeriodsHaveNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ id, code, want string }{
		{"NO_NDS", "23", "2026-Q3"}, {"NO_PRIB", "21", "2026-Q1"}, {"NO_PRIB", "31", "2026-H1"},
		{"NO_PRIB", "33", "2026-9M"}, {"NO_PRIB", "34", "2026"}, {"STAT_P4", "05", "2026-05"},
	} {
		kind, _ := report.Find(tt.id)
		p, ok := kind.Period(tt.code)
		if got := periodName(p, 2026); !ok || got != tt.want {
			t.Errorf("%s %s is %q, want %q", tt.id, tt.code, got, tt.want)
		}
	}
}
