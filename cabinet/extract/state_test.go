package extract

import (
	"strings"
	"testing"

	"propusk/cabinet/notice"
)

// TestStatesFollowTheTable tries every pair: what the table does not name does not
// happen.
func TestStatesFollowTheTable(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{
		"requested>making": true, "requested>failed": true, "requested>cancelled": true,
		"making>ready": true, "making>failed": true, "making>cancelled": true,
		"failed>requested": true, "failed>making": true,
	}
	for _, from := range Statuses() {
		for _, to := range Statuses() {
			if got := from.May(to); got != allowed[string(from)+">"+string(to)] {
				t.Errorf("%s > %s: %t", from, to, got)
			}
		}
		if words := statusLabels[from]; words.ru == "" || words.en == "" {
			t.Errorf("%s has no label", from)
		}
	}
	last := -1
	for _, stage := range []Stage{StageQueued, StageAsked, StageAccepted, StageReading, StagePrinting, StageSealing, StageKeeping, StageDone} {
		s := stages[stage]
		if s.percent <= last || s.ru == "" || s.en == "" {
			t.Errorf("%s: %+v", stage, s)
		}
		last = s.percent
	}
	if last != 100 {
		t.Errorf("done is %d percent", last)
	}
}

func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range catalogue {
		if seen[kind.id] || kind.name.ru == "" || kind.name.en == "" || kind.about.ru == "" || kind.about.en == "" || kind.body.ru == "" || len(kind.serving) == 0 || kind.usually.en == "" {
			t.Errorf("%q is not whole or stands there twice", kind.id)
		}
		if (kind.period != noPeriod) != (kind.years > 0) {
			t.Errorf("%s: a period of %d years", kind.id, kind.years)
		}
		if kind.source == fromAuthority && len(kind.fields) == 0 {
			t.Errorf("%s: no facts are expected", kind.id)
		}
		for _, p := range kind.params {
			if len(p.values) == 0 {
				t.Errorf("%s: nothing to choose for %s", kind.id, p.id)
			}
			for _, code := range []string{"required", "unknown"} {
				if _, ok := fieldTexts["parameters/"+p.id+"."+code]; !ok {
					t.Errorf("%s: no words for a wrong %s", kind.id, p.id)
				}
			}
		}
		seen[kind.id] = true
	}
	for _, id := range []string{"egrul", "egrip", "tax_status", "tax_debt"} {
		if !seen[id] {
			t.Errorf("%s cannot be ordered", id)
		}
	}
}

// TestFailuresSayWhatToDo: row 187, each with words and advice in both languages.
func TestFailuresSayWhatToDo(t *testing.T) {
	t.Parallel()
	for code, f := range failures {
		filled := Failure{code, map[string]string{"inn": "9900000017", "reason": "нет данных", "number": "1"}}
		for _, lang := range []string{"ru", "en"} {
			for _, text := range []string{filled.title(lang), filled.advice(lang)} {
				if len(text) < 10 || strings.Contains(text, "{") {
					t.Errorf("%s in %s: %q", code, lang, text)
				}
			}
		}
		if !f.retry && code != "too_large" {
			t.Errorf("%s cannot be tried again", code)
		}
	}
}

func TestEventsAreSuchAsNoticesTake(t *testing.T) {
	t.Parallel()
	for _, kind := range catalogue {
		e := Extract{ID: "0193513e-7a01-7cc2-b1a5-5c6f0b7f4b11", OrganisationID: "o", Kind: kind.id, Number: "1", Status: Failed, Version: 3}
		e.Failure.V = Failure{"authority_refused", map[string]string{"reason": strings.Repeat("ж", maxReason)}}
		for _, event := range []notice.Event{e.readyEvent(), e.failedEvent()} {
			for _, m := range []notice.Message{event.Texts.RU, event.Texts.EN} {
				if m.Subject == "" || len(m.Subject) > 300 || len(m.Body) > 4000 {
					t.Errorf("%s: %+v", kind.id, m)
				}
			}
		}
	}
}
