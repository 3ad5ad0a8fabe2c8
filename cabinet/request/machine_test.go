package request

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"propusk/cabinet/authority"
)

var update = flag.Bool("update", false, "write testdata anew")

// written is every step of every machine, one a line.
func written() string {
	var b strings.Builder
	for _, t := range Types() {
		for _, s := range statuses() {
			if machines[t][s] == nil {
				continue
			}
			for _, e := range Events() {
				to, ok := Next(t, s, e)
				if !ok {
					to = "-"
				}
				fmt.Fprintf(&b, "%s: %s --%s--> %s\n", t, s, e, to)
			}
		}
	}
	return b.String()
}

func statuses() []Status {
	list := make([]Status, 0, len(statusLabels))
	for s := range statusLabels {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

// TestEveryStepOfEveryMachine holds each combination of type, status and event
// against a table that people have read; a dash is a step that does not happen.
func TestEveryStepOfEveryMachine(t *testing.T) {
	t.Parallel()
	const file = "testdata/machines.txt"
	if *update {
		if err := os.WriteFile(file, []byte(written()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := written()
	if got != string(want) {
		a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d: %s, the table says %s", i+1, a[i], b[i])
			}
		}
		t.Fatal("the machines have more or fewer steps than the table")
	}
	if n := strings.Count(got, "\n"); n < 500 {
		t.Errorf("only %d steps", n)
	}
}

// TestMachinesLeadSomewhere: every status is known, is reached from the beginning,
// and is left by some event unless the request is over.
func TestMachinesLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, typ := range Types() {
		reached := map[Status]bool{Initial(typ, Out): true, Initial(typ, In): true}
		for range 10 {
			for s := range reached {
				for _, e := range Events() {
					if to, ok := Next(typ, s, e); ok {
						reached[to] = true
					}
				}
			}
		}
		for s := range machines[typ] {
			if !reached[s] {
				t.Errorf("%s: %s is never reached", typ, s)
			}
			left := false
			for _, e := range Events() {
				to, ok := Next(typ, s, e)
				left = left || ok && to != s
				if ok && s.Final() && to != s {
					t.Errorf("%s: %s is final, and %s leads to %s", typ, s, e, to)
				}
			}
			if !left && !s.Final() {
				t.Errorf("%s: %s is never left", typ, s)
			}
		}
		for s := range reached {
			if machines[typ][s] == nil {
				t.Errorf("%s: nothing is known of %s", typ, s)
			}
		}
	}
}

// TestOverdueComesByItself: only the clock leads to «Просрочено» from elsewhere
// (row 210), and never from a status in which the due date was kept.
func TestOverdueComesByItself(t *testing.T) {
	t.Parallel()
	for _, typ := range Types() {
		for s := range machines[typ] {
			for _, e := range Events() {
				to, ok := Next(typ, s, e)
				if ok && to == Overdue && s != Overdue && e != EventExpire {
					t.Errorf("%s: %s leads from %s to overdue", typ, e, s)
				}
				if ok && e == EventExpire && to != Overdue {
					t.Errorf("%s: the clock leads from %s to %s", typ, s, to)
				}
			}
			if Expires(typ, s) && (s.Final() || s == Answered || s == Overdue) {
				t.Errorf("%s: %s expires", typ, s)
			}
		}
	}
	for _, typ := range []Type{Application, Message} {
		for s := range machines[typ] {
			if Expires(typ, s) {
				t.Errorf("%s in %s expires", typ, s)
			}
		}
	}
}

// TestRowsOfTheRequirements: the words of the rows, with their order.
func TestRowsOfTheRequirements(t *testing.T) {
	t.Parallel()
	path := func(typ Type, from Status, events ...Event) string {
		words := []string{from.Label("ru")}
		for _, e := range events {
			to, ok := Next(typ, from, e)
			if !ok {
				to = "-"
			}
			from = to
			words = append(words, from.Label("ru"))
		}
		return strings.Join(words, " → ")
	}
	for want, got := range map[string]string{
		"В обработке → На рассмотрении → Решено":                         path(Appeal, Processing, EventAccepted, EventResolved),
		"В обработке → Просрочено → Решено":                              path(Appeal, Processing, EventExpire, EventResolved),
		"Открыто → Принято к исполнению → Ответ дан → Исполнено":         path(Requirement, Open, EventTake, EventReply, EventAccepted),
		"Открыто → Просрочено → Ответ дан":                               path(Requirement, Open, EventExpire, EventReply),
		"Отправлено → В работе → На экспертизе → Одобрено":               path(Application, Submitted, EventInWork, EventExpertise, EventApproved),
		"Отправлено → Требуется уточнение → На рассмотрении → Отклонено": path(Application, Submitted, EventClarification, EventReply, EventRefused),
		"Зарегистрировано → Просрочено → Ответ дан → В работе":           path(Ticket, Registered, EventExpire, EventResolved, EventReply),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for _, s := range []struct {
		status          Status
		review, licence string
	}{
		{Submitted, "На рассмотрении", "В работе"}, {InWork, "На рассмотрении", "В работе"}, {Expertise, "На рассмотрении", "На экспертизе"},
		{Clarification, "Требуется уточнение", "В работе"}, {Approved, "Одобрено", "Одобрено"}, {Rejected, "Отклонено", "Отклонено"},
	} {
		if r, l := ReviewStatus(s.status).Label("ru"), LicenceStatus(s.status).Label("ru"); r != s.review || l != s.licence {
			t.Errorf("%s is %s and %s", s.status, r, l)
		}
	}
}

// TestLabelsInBothLanguages: no word is missing.
func TestLabelsInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"ru", "en"} {
		for _, typ := range Types() {
			if typ.Label(lang) == "" || !typ.Valid() || letters[typ] == 0 {
				t.Errorf("%s in %s", typ, lang)
			}
			for s := range machines[typ] {
				if s.Label(lang) == "" {
					t.Errorf("%s in %s", s, lang)
				}
			}
		}
		for what := range subjects {
			if subjects[what].in(lang) == "" {
				t.Errorf("%s in %s", what, lang)
			}
		}
		for _, p := range []Phase{PhaseProcessing, PhaseCompleted, PhaseRejected} {
			if p.Label(lang) == "" {
				t.Errorf("%s in %s", p, lang)
			}
		}
	}
	if len(Types()) != len(machines) || len(Types()) != len(typeLabels) || len(Types()) != len(families) {
		t.Error("a type is missing somewhere")
	}
}

// TestEveryEventOfTheGatewayIsHeard: what an authority may say is an event here,
// but for a requirement, which begins a request of its own.
func TestEveryEventOfTheGatewayIsHeard(t *testing.T) {
	t.Parallel()
	for _, name := range authority.Events() {
		if name != authority.Requirement && !slices.Contains(Events(), Event(name)) {
			t.Errorf("%s is not heard", name)
		}
	}
}

// TestDueDateIsMovedByWhomItBinds: an authority cannot put its own term off by
// asking something, and a clarification that was given is due no more.
func TestDueDateIsMovedByWhomItBinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		of    Type
		event string
		to    Status
		want  int64 // of 100 before, and 200 in the answer
	}{
		{Appeal, authority.Clarification, InReview, 100}, {Appeal, authority.Question, InReview, 100}, {Appeal, authority.Message, InReview, 100},
		{Appeal, authority.InWork, InReview, 200}, {Appeal, authority.Resolved, Resolved, 100}, {Correction, authority.Question, InReview, 100},
		{Requirement, authority.Clarification, Accepted, 200}, {Requirement, authority.Resolved, Done, 100},
		{Application, authority.Clarification, Clarification, 200}, {Application, authority.InWork, InWork, 0}, {Ticket, authority.Question, Answered, 100},
	} {
		r := Request{Type: test.of, DueAt: 100}
		if r.redue(test.to, authority.Answer{Event: test.event, Due: 200}); int64(r.DueAt) != test.want {
			t.Errorf("%s, %s: due at %d, want %d", test.of, test.event, r.DueAt, test.want)
		}
	}
}
