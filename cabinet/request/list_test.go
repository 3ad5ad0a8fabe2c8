package request_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/cabinet/request/requesttest"
	"propusk/idp/directory"
	"propusk/storage"
)

// TestListIsAnArrayInPages: row 249. The array has id, type, status, created date
// and links to documents; Link leads through all pages, each request once.
func TestListIsAnArrayInPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		token := w.Token(o, directory.Observer)
		if got := w.Expect(w.Do("GET", requests, token, nil), http.StatusOK, ""); got.Text != "[]" || got.Header.Get("Link") != "" {
			t.Errorf("an empty list is %s", got.Text)
		}
		var want []string
		for range 7 {
			want = append(want, w.appeal(o).ID)
			w.Clock.Advance(time.Second)
		}
		slices.Reverse(want)
		token = w.Token(o, directory.Observer)
		var seen []string
		next, pages := requests+"?limit=3&type=appeal", 0
		for ; next != ""; pages++ {
			got := w.Expect(w.Do("GET", next, token, nil, "Accept", "application/json"), http.StatusOK, "")
			var list []one
			got.Into(t, &list)
			for _, r := range list {
				seen = append(seen, r.ID)
			}
			next = ""
			if link := got.Header.Get("Link"); link != "" {
				next, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
				if !strings.HasSuffix(link, `; rel="next"`) || !strings.Contains(next, "type=appeal") {
					t.Errorf("Link: %s", link)
				}
			}
		}
		if pages != 3 || !slices.Equal(seen, want) {
			t.Errorf("%d pages: %v, want %v", pages, seen, want)
		}
	})
}

// TestListIsFiltered: rows 208, 211, 215.
func TestListIsFiltered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		began := w.Clock.Now()
		appeal := w.appeal(o)
		w.Clock.Advance(time.Hour)
		ticket := w.ticket(o, map[string]any{"subject": "Лицензирование не работает"})
		w.Clock.Advance(time.Hour)
		requirement := w.requirement(o, 3*24*time.Hour)
		w.reply(o, requirement.ID, map[string]any{"text": "Ответ."})
		head := o.Members[directory.Head].Member.ID
		w.Expect(w.Do("PATCH", requests+"/"+requirement.ID, w.Token(o, directory.Manager), map[string]any{"responsible_id": head}), http.StatusOK, "")
		w.Clock.Advance(23*time.Hour + time.Minute)
		must(t, w.inbox.ExpireDue(context.Background()))
		at := func(d time.Duration) string { return url.QueryEscape(began.Add(d).Format(time.RFC3339)) }
		for query, want := range map[string][]string{
			"":                             {requirement.ID, ticket.ID, appeal.ID},
			"type=appeal":                  {appeal.ID},
			"status=answered":              {requirement.ID},
			"type=ticket&status=overdue":   {ticket.ID},
			"overdue=true":                 {ticket.ID},
			"state=completed":              nil,
			"state=processing&type=ticket": {ticket.ID},
			"responsible=" + head:          {requirement.ID},
			"from=" + at(30*time.Minute):   {requirement.ID, ticket.ID},
			"to=" + at(30*time.Minute):     {appeal.ID},
			"from=" + at(30*time.Minute) + "&to=" + at(90*time.Minute):                      {ticket.ID},
			"due=" + at(100*24*time.Hour):                                                   {ticket.ID, requirement.ID, appeal.ID},
			"due=" + at(10*24*time.Hour):                                                    {ticket.ID, requirement.ID},
			"q=" + url.QueryEscape("ЛИЦЕНЗИИ"):                                              {ticket.ID},
			"q=" + url.QueryEscape("пояснение ндс"):                                         {requirement.ID},
			"q=" + url.QueryEscape("ифнс"):                                                  {requirement.ID, appeal.ID},
			"q=" + url.QueryEscape("ифнс переплата"):                                        {appeal.ID},
			"q=" + url.QueryEscape("ифнс") + "&type=requirement&due=" + at(10*24*time.Hour): {requirement.ID},
			"q=" + appeal.Number:                                                            {appeal.ID},
			"q=" + strings.ToLower(appeal.Number[4:13]):                                     {appeal.ID},
			"q=" + url.QueryEscape("%"):                                                     nil,
			"q=" + url.QueryEscape("нигде"):                                                 nil,
			"due=" + at(10*24*time.Hour) + "&limit=1":                                       {ticket.ID},
		} {
			var list []one
			w.Expect(w.Do("GET", requests+"?"+query, w.Token(o, directory.Observer), nil), http.StatusOK, "").Into(t, &list)
			var got []string
			for _, r := range list {
				got = append(got, r.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", query, got, want)
			}
		}
		for _, wrong := range []string{"type=x", "status=x", "state=x", "from=x", "due=2026", "overdue=1", "responsible=x", "limit=0", "after=x", "sort=due"} {
			w.Expect(w.Do("GET", requests+"?"+wrong, w.Token(o, directory.Observer), nil), http.StatusBadRequest, "parameter_invalid")
		}
		var past []struct{ Number, State, Description, Href string }
		w.Expect(w.Do("GET", requests+"/history?type=appeal", w.Token(o, directory.Observer), nil), http.StatusOK, "").Into(t, &past)
		if len(past) != 1 || past[0].Number != appeal.Number || past[0].State != "processing" || past[0].Href != requests+"/"+appeal.ID {
			t.Errorf("history: %+v", past)
		}
	})
}

// TestPageByDueDateGoesOn: the cursor of the other order.
func TestPageByDueDateGoesOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		var want []string
		for i := range 4 {
			want = append(want, w.requirement(o, time.Duration(i+1)*time.Hour).ID)
		}
		var seen []string
		page, f := api.Page{Limit: 3}, request.Filter{Due: storage.Of(w.Clock.Now().Add(5 * time.Hour))}
		for range 2 {
			rows, err := w.inbox.List(context.Background(), o.ID, f, page)
			must(t, err)
			rows, next := api.Cut(page, rows, func(r request.Request) (storage.Time, string) { return r.DueAt, r.ID })
			for _, r := range rows {
				seen = append(seen, r.ID)
			}
			if next != "" {
				page.At, page.ID = rows[len(rows)-1].DueAt, rows[len(rows)-1].ID
			}
		}
		if !slices.Equal(seen, want) {
			t.Errorf("%v, want %v", seen, want)
		}
	})
}

// filters are the lists whose plans are looked at.
func filters(member string, now time.Time) map[string]request.Filter {
	return map[string]request.Filter{
		"all":             {},
		"type":            {Type: request.Appeal},
		"status":          {Status: request.InReview},
		"type and status": {Type: request.Appeal, Status: request.InReview},
		"state":           {Phase: request.PhaseProcessing},
		"responsible":     {Responsible: member},
		"overdue":         {Overdue: true},
		"due":             {Due: storage.Of(now)},
		"created":         {From: storage.Of(now.AddDate(0, -2, 0)), To: storage.Of(now.AddDate(0, -1, 0))},
		"word":            {Words: "лицензия"},
		"two words":       {Words: "лицензия обращение"},
		"common word":     {Words: "обращение"},
	}
}

// TestListsWalkAnIndex looks at the plan of every list, with and without a cursor,
// on both engines: none reads a table from end to end, and none sorts.
func TestListsWalkAnIndex(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		member := o.Members[directory.Manager].Member.ID
		fill := requesttest.Fill{OrganisationID: o.ID, Requests: 3_000, Responsible: member, OtherRequests: 9_000}
		for i := range 8 {
			fill.Others = append(fill.Others, w.Office("Other"+string(rune('a'+i))).ID)
		}
		requesttest.Insert(t, w.DB, fill, w.Clock.Now())
		cursor := api.Page{Limit: 50, At: storage.Of(w.Clock.Now()), ID: "00000000-0000-7000-8000-000000002000"}
		for name, f := range filters(member, w.Clock.Now()) {
			for _, page := range []api.Page{{Limit: 50}, cursor} {
				text, args, some := f.Query(o.ID, page)
				if !some {
					t.Fatalf("%s asks nothing", name)
				}
				plan := explain(t, w.DB, text, args)
				for _, bad := range []string{"Seq Scan", "SCAN r", "SCAN w", "USE TEMP B-TREE", "Sort Key"} {
					if strings.Contains(plan, bad) {
						t.Errorf("%s: %s\n%s", name, bad, plan)
					}
				}
				rows, err := w.inbox.List(context.Background(), o.ID, f, page)
				must(t, err)
				if page.ID == "" && len(rows) == 0 {
					t.Errorf("%s finds nothing", name)
				}
			}
		}
		for name, query := range map[string]string{
			"clock":    `SELECT organisation_id, id FROM requests WHERE expires_at > 0 AND expires_at <= $1 ORDER BY expires_at LIMIT 500`,
			"reminder": `SELECT organisation_id, id FROM requests WHERE remind_at > 0 AND remind_at <= $1 ORDER BY remind_at LIMIT 500`,
			"support":  `SELECT id FROM requests WHERE type = 'ticket' AND status IN ('registered', 'in_work', 'overdue') AND due_at > $1 ORDER BY due_at, id LIMIT 50`,
		} {
			if plan := explain(t, w.DB, query, []any{storage.Of(w.Clock.Now())}); strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN requests\n") {
				t.Errorf("%s:\n%s", name, plan)
			}
		}
	})
}

// explain is the plan of a query in the engine's own words.
func explain(t testing.TB, db *storage.DB, text string, args []any) string {
	t.Helper()
	ctx := context.Background()
	if db.Engine() == "postgres" {
		var lines []string
		must(t, db.Select(ctx, &lines, "EXPLAIN (COSTS OFF) "+text, args...))
		return strings.Join(lines, "\n")
	}
	var steps []struct {
		ID, Parent, Notused int
		Detail              string
	}
	must(t, db.Select(ctx, &steps, "EXPLAIN QUERY PLAN "+text, args...))
	var plan strings.Builder
	for _, step := range steps {
		plan.WriteString(step.Detail + "\n")
	}
	return plan.String()
}
