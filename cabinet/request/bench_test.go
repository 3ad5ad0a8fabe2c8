package request_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/cabinet/request/requesttest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// benchOthers is how many requests of other organisations share the table with the
// 100,000 that are listed; PROPUSK_BENCH_REQUESTS says another number, such as
// 10000000.
func benchOthers(b *testing.B) int {
	n := 100_000
	if text := os.Getenv("PROPUSK_BENCH_REQUESTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// BenchmarkPageOfFifty lists 50 requests among 100,000 of one organisation, in
// every way in which the list can be filtered, at random places of it. p99-ms is
// the price of one in a hundred pages.
func BenchmarkPageOfFifty(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *storage.DB{"postgres": storagetest.Postgres, "sqlite": storagetest.SQLite} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			o := w.Office("Alpha", directory.Manager)
			member := o.Members[directory.Manager].Member.ID
			fill := requesttest.Fill{OrganisationID: o.ID, Requests: 100_000, Responsible: member, OtherRequests: benchOthers(b)}
			for i := range 10 {
				fill.Others = append(fill.Others, w.Office("Other"+string(rune('a'+i))).ID)
			}
			requesttest.Insert(b, w.DB, fill, w.Clock.Now())
			for name, f := range filters(member, w.Clock.Now()) {
				b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) { benchList(b, w, o.ID, f) })
			}
		})
	}
}

func benchList(b *testing.B, w *world, organisationID string, f request.Filter) {
	ctx, page := context.Background(), api.Page{Limit: 50}
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		rows, err := w.inbox.List(ctx, organisationID, f, page)
		took = append(took, time.Since(began))
		if err != nil {
			b.Fatal(err)
		}
		if len(rows) <= page.Limit {
			page = api.Page{Limit: 50}
			continue
		}
		last := rows[page.Limit-1]
		if page.At, page.ID = last.CreatedAt, last.ID; f.Due > 0 {
			page.At = last.DueAt
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
