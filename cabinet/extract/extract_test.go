package extract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage/journal"
)

func TestExtractGoesFromOrderToSignedFiles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha := w.office("Alpha")
		e := w.order(alpha, map[string]any{"kind": "egrul", "format": "both", "purpose": "Для банка"})
		if e.Status != "making" || e.Progress != 0 || e.Number == "" || !e.action("cancel").Allowed || e.action("download").Reason != "extract_not_ready" {
			t.Errorf("%+v", e)
		}
		w.Work()
		e = w.show(alpha, e.ID)
		if e.Status != "ready" || e.Progress != 100 || !e.Valid || len(e.Files) != 4 || e.action("cancel").Allowed || !e.action("renew").Allowed {
			t.Fatalf("%+v", e)
		}
		for _, part := range []string{"pdf", "xml"} {
			content, cms := w.part(alpha, e, part), w.part(alpha, e, part+".p7s")
			if v := w.paper.Verify(cms, content); !v.Accepted {
				t.Errorf("%s: %+v", part, v)
			}
			content[len(content)/2] ^= 1
			if v := w.paper.Verify(cms, content); v.Accepted {
				t.Errorf("%s: a changed byte is accepted", part)
			}
		}
		printed, err := paper.ReadPDF(w.part(alpha, e, "pdf"))
		cabinettest.Must(t, err)
		for _, want := range []string{"ВыпискаизЕГРЮЛ", alpha.INN, alpha.OGRN, "«Alpha»", "ОрловаВераИльинична", "Длябанка", "10000,50₽", e.Number} {
			if !strings.Contains(printed.Text, want) {
				t.Errorf("the paper does not say %q: %s", want, printed.Text)
			}
		}
		if w.told.types() != "extract.ready" {
			t.Errorf("told: %s", w.told.types())
		}
	})
}

func TestIsolation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		made := map[string]string{} // office and state → id
		make := func(o *cabinettest.Office, state string) string {
			if _, known := w.register.records[o.OGRN]; !known {
				w.register.put(record(o.Organisation))
			}
			if state == "ready" && made[o.ID] != "" {
				return made[o.ID]
			}
			e, err := w.room.Place(context.Background(), directory.System(), o.ID, orderOf("egrul", "both"))
			cabinettest.Must(t, err)
			switch state {
			case "ready":
				w.Work()
				made[o.ID] = e.ID
			case "failed":
				_, err := w.DB.Exec(context.Background(), `UPDATE extracts SET status = 'failed', failure = '{"code":"not_made"}', version = 2 WHERE id = $1`, e.ID)
				cabinettest.Must(t, err)
			}
			return e.ID
		}
		aim := func(route api.Route, o *cabinettest.Office) (string, any, []string) {
			cleared := func() {
				_, err := w.DB.Exec(context.Background(), `UPDATE extracts SET status = 'cancelled' WHERE status IN ('making', 'requested')`)
				cabinettest.Must(t, err)
			}
			path := func(state string) string { return strings.Replace(route.Path, "{id}", make(o, state), 1) }
			switch route.Path {
			case "/v1/extracts":
				cleared()
				return route.Path, map[string]any{"kind": "egrul"}, nil
			case "/v1/extracts/{id}/files/{part}":
				return strings.Replace(path("ready"), "{part}", "pdf", 1), nil, nil
			case "/v1/extracts/{id}/cancel":
				cleared()
				return path("making"), nil, nil
			case "/v1/extracts/{id}/retry":
				return path("failed"), nil, nil
			case "/v1/extracts/{id}/send":
				return path("ready"), map[string]any{"email": "bank@example.ru"}, nil
			case "/v1/extracts/{id}/renew":
				cleared()
				return path("ready"), nil, nil
			case "/v1/papers/verify":
				w.Clock.Advance(time.Minute)
				return route.Path, map[string]any{"code": "a.b.c"}, nil
			}
			return path("ready"), nil, nil
		}
		cabinettest.Isolation(t, w.World, w.room.Room(), aim, nil)
	})
}

func TestJournalTellsWhoOrderedWhatByWhichRight(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.ready(alpha)
	entries, err := w.Journal.List(context.Background(), journal.Filter{Organisation: alpha.ID, Limit: 100})
	cabinettest.Must(t, err)
	var seen []string
	for _, entry := range entries {
		if entry.Object == "extract:"+e.ID {
			seen = append(seen, fmt.Sprintf("%s %s %t", entry.Action, entry.Details["by"], entry.Actor == alpha.Members[directory.Accountant].Person.ID))
		}
	}
	if got := strings.Join(seen, "; "); got != "extract.ready membership false; extract.ordered membership true" {
		t.Errorf("%s", got)
	}
}
