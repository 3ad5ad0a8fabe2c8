package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/outbox"
	"propusk/storage/storagetest"
)

func because() map[string]string { return map[string]string{"reason": why} }

func TestClientsAreDisabledWithAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token := w.token(w.operator)
	for _, id := range []string{"alpha", "beta", "cabinet"} {
		_, _, err := w.clients.Create(context.Background(), client.Client{
			ID: id, Name: id, Kind: client.Service, GrantTypes: []string{client.GrantClientCredentials}, Scope: "ssf.read",
			TokenEndpointAuthMethod: client.AuthBasic,
		})
		cabinettest.Must(t, err)
	}
	var list struct {
		Clients []struct {
			ID string `json:"client_id"`
		}
		Next string
	}
	reply := w.Expect(w.do("GET", "/console/v1/clients?limit=2", token, nil), http.StatusOK, "")
	reply.Into(t, &list)
	if len(list.Clients) != 2 || list.Clients[0].ID != "alpha" || list.Next == "" || strings.Contains(reply.Text, "secret") && strings.Contains(reply.Text, "hash") {
		t.Errorf("clients: %s", reply.Text)
	}
	reply = w.Expect(w.do("GET", "/console/v1/clients?limit=2&after="+list.Next, token, nil), http.StatusOK, "")
	list.Next = ""
	if reply.Into(t, &list); len(list.Clients) != 1 || list.Clients[0].ID != "cabinet" || list.Next != "" {
		t.Errorf("second page: %s", reply.Text)
	}
	w.Expect(w.do("POST", "/console/v1/clients/alpha/disable", token, because()), http.StatusOK, "")
	w.Expect(w.do("POST", "/console/v1/clients/alpha/disable", token, because()), http.StatusConflict, "status_unchanged")
	w.Expect(w.do("POST", "/console/v1/clients/cabinet/disable", token, because()), http.StatusConflict, "own_client")
	w.Expect(w.do("POST", "/console/v1/clients/nobody/disable", token, because()), http.StatusNotFound, "not_found")
	w.Expect(w.do("POST", "/console/v1/clients/beta/disable", token, map[string]string{"reason": "no"}), http.StatusUnprocessableEntity, "validation_failed")
	reply = w.Expect(w.do("GET", "/console/v1/clients?status=disabled", token, nil), http.StatusOK, "")
	if reply.Into(t, &list); len(list.Clients) != 1 || list.Clients[0].ID != "alpha" {
		t.Errorf("disabled: %s", reply.Text)
	}
	w.Expect(w.do("GET", "/console/v1/clients?q=be&status=x", token, nil), http.StatusBadRequest, "parameter_invalid")
	w.Expect(w.do("POST", "/console/v1/clients/alpha/enable", token, because()), http.StatusOK, "")
	w.Expect(w.do("GET", "/console/v1/clients/alpha", token, nil), http.StatusOK, "")
	if got := w.entries("", "console.client_disabled"); len(got) != 1 || got[0].Object != "alpha" || got[0].Actor != w.operator.ID || got[0].Details["reason"] != why {
		t.Errorf("journal: %+v", got)
	}
}

func TestDeadLettersAreRetriedOrDropped(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		ctx, token := context.Background(), w.token(w.operator)
		runner := jobs.New(jobs.Deps{DB: db, Log: w.Log, Now: time.Now, Poll: 5 * time.Millisecond})
		runner.Handle("letter", func(context.Context, jobs.Job) error {
			return jobs.Permanent(errors.New(`Get "https://hooks.example/in?key=s3cret": 550 maria.ivanova@example.ru: no mailbox of +79161234567, +7 (916) 123-45-68, 112-445-566 27`))
		})
		for range 3 {
			cabinettest.Must(t, jobs.Enqueue(ctx, db, "letter", map[string]string{"to": "maria"}))
		}
		cabinettest.Must(t, runner.Start(ctx))
		for {
			if d, err := runner.Depth(ctx); err != nil || d.Dead == 3 {
				break
			}
			time.Sleep(5 * time.Millisecond) // another goroutine's work is waited for, no clock
		}
		cabinettest.Must(t, runner.Stop(ctx))

		reply := w.Expect(w.do("GET", "/console/v1/jobs", token, nil), http.StatusOK, "")
		if !strings.Contains(reply.Text, `"kind":"letter","ready":0,"dead":3`) {
			t.Errorf("jobs: %s", reply.Text)
		}
		var page struct {
			Jobs []struct {
				ID        string
				LastError string `json:"last_error"`
			}
			Next string
		}
		reply = w.Expect(w.do("GET", "/console/v1/jobs/dead?kind=letter&limit=2", token, nil), http.StatusOK, "")
		if reply.Into(t, &page); len(page.Jobs) != 2 || page.Next == "" || page.Jobs[0].LastError != `Get "https://hooks.example/in?•••": 550 m•••@example.ru: no mailbox of •••4567, •••4568, •••6627` {
			t.Errorf("dead: %s", reply.Text)
		}
		first, second := page.Jobs[0].ID, page.Jobs[1].ID
		reply = w.Expect(w.do("GET", "/console/v1/jobs/dead?kind=letter&limit=2&after="+page.Next, token, nil), http.StatusOK, "")
		page.Next = ""
		if reply.Into(t, &page); len(page.Jobs) != 1 || page.Next != "" || page.Jobs[0].ID == first || page.Jobs[0].ID == second {
			t.Errorf("second page: %s", reply.Text)
		}
		w.Expect(w.do("POST", "/console/v1/jobs/"+first+"/retry", token, because()), http.StatusNoContent, "")
		w.Expect(w.do("POST", "/console/v1/jobs/"+first+"/retry", token, because()), http.StatusNotFound, "not_found")
		w.Expect(w.do("POST", "/console/v1/jobs/"+second+"/drop", token, because()), http.StatusNoContent, "")
		w.Expect(w.do("POST", "/console/v1/jobs/"+second+"/drop", token, because()), http.StatusNotFound, "not_found")
		if got := w.entries("", "console.job_dropped"); len(got) != 1 || got[0].Object != second || got[0].Details["reason"] != why {
			t.Errorf("journal: %+v", got)
		}
	})
}

func TestOutboxShowsNoTextAndNoWholeAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	sent := outbox.New(outbox.Deps{
		DB: w.DB, Jobs: jobs.New(jobs.Deps{DB: w.DB, Log: w.Log, Now: w.Clock.Now}), Sealer: w.Sealer, Now: w.Clock.Now, Log: w.Log,
		Channels: map[string]outbox.Channel{"email": nowhere{}},
	})
	cabinettest.Must(t, sent.Send(context.Background(), outbox.Message{Channel: "email", To: "maria.ivanova@example.ru", Subject: "Код", Text: "Ваш код 123456"}))
	reply := w.Expect(w.do("GET", "/console/v1/outbox", w.token(w.operator), nil), http.StatusOK, "")
	if !strings.Contains(reply.Text, "m•••@example.ru") || !strings.Contains(reply.Text, `"state":"waiting"`) ||
		strings.Contains(reply.Text, "123456") || strings.Contains(reply.Text, "ivanova") {
		t.Errorf("outbox: %s", reply.Text)
	}
	reply = w.Expect(w.do("GET", "/console/v1/outbox?channel=sms", w.token(w.operator), nil), http.StatusOK, "")
	if reply.Text != `{"messages":[],"next":""}` {
		t.Errorf("another channel: %s", reply.Text)
	}
}

func TestTrustAndKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token := w.token(w.operator)
	reply := w.Expect(w.do("GET", "/console/v1/trust", token, nil), http.StatusOK, "")
	if reply.Text != `{"enabled":false,"warning":"","authorities":[],"lists":[]}` {
		t.Errorf("trust: %s", reply.Text)
	}
	w.Expect(w.do("POST", "/console/v1/trust/refresh", token, because()), http.StatusAccepted, "")
	var before, after struct {
		Keys []struct{ Kid, Alg, Status string }
	}
	reply = w.Expect(w.do("GET", "/console/v1/keys", token, nil), http.StatusOK, "")
	if reply.Into(t, &before); len(before.Keys) != 4 || strings.Contains(reply.Text, `"d"`) {
		t.Errorf("keys: %s", reply.Text)
	}
	w.Expect(w.do("POST", "/console/v1/keys/rotate", token, map[string]string{"alg": "none", "reason": why}), http.StatusUnprocessableEntity, "validation_failed")
	reply = w.Expect(w.do("POST", "/console/v1/keys/rotate", token, map[string]string{"alg": "ES256", "reason": why}), http.StatusCreated, "")
	if !strings.Contains(reply.Text, `"status":"next"`) {
		t.Errorf("rotated: %s", reply.Text)
	}
	w.Expect(w.do("GET", "/console/v1/keys", token, nil), http.StatusOK, "").Into(t, &after)
	if len(after.Keys) != 5 {
		t.Errorf("keys: %+v", after)
	}
	if got := w.entries("", "console.key_rotation"); len(got) != 1 || got[0].Details["reason"] != why {
		t.Errorf("journal: %+v", got)
	}
}

func TestJournalIsReadExportedAndChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	office, token := w.Office("Chain"), w.token(w.operator)
	var page struct {
		Entries []struct {
			Seq       int64
			Action    string
			ActorName string `json:"actor_name"`
		}
		Next int64
	}
	w.Expect(w.do("GET", "/console/v1/journal?limit=2", token, nil), http.StatusOK, "").Into(t, &page)
	if len(page.Entries) != 2 || page.Next != page.Entries[1].Seq {
		t.Errorf("journal: %+v", page)
	}
	w.Expect(w.do("GET", "/console/v1/journal?action=operator.&limit=5", token, nil), http.StatusOK, "").Into(t, &page)
	if len(page.Entries) != 1 || page.Entries[0].Action != "operator.appointed" {
		t.Errorf("filtered: %+v", page)
	}
	// To read an organisation's chain is a look at it.
	w.Expect(w.do("GET", "/console/v1/journal?organization="+office.ID, token, nil), http.StatusOK, "")
	if got := w.entries(office.ID, "organisation.looked_at"); len(got) != 1 {
		t.Errorf("the organisation's chain: %+v", got)
	}
	// Wherever the reading begins, and once while it is open.
	other := w.Office("Other")
	for range 2 {
		w.Expect(w.do("GET", "/console/v1/journal?before=1000000&organization="+other.ID, token, nil), http.StatusOK, "")
	}
	if got := w.entries(other.ID, "organisation.looked_at"); len(got) != 1 || got[0].Actor != "" {
		t.Errorf("read from its end: %+v", got)
	}
	// So is to ask what one person did.
	reader := w.Person("read")
	w.Expect(w.do("GET", "/console/v1/journal?actor="+reader.ID, token, nil), http.StatusOK, "")
	w.Expect(w.do("GET", "/console/v1/journal?actor="+storage.NewID(), token, nil), http.StatusOK, "")
	if got := w.entries("", "console.person_looked"); len(got) != 1 || got[0].Object != reader.ID {
		t.Errorf("what a person did: %+v", got)
	}
	nobody := storage.NewID()
	for _, reply := range []cabinettest.Reply{
		w.do("GET", "/console/v1/journal?organization="+nobody, token, nil),
		w.do("GET", "/console/v1/journal/export?organization="+nobody, token, nil),
		w.do("POST", "/console/v1/journal/check", token, map[string]string{"organization": nobody}),
	} {
		w.Expect(reply, http.StatusNotFound, "not_found")
	}
	w.Expect(w.do("GET", "/console/v1/journal?action=DROP", token, nil), http.StatusBadRequest, "parameter_invalid")

	reply := w.Expect(w.do("GET", "/console/v1/journal/export", token, nil), http.StatusOK, "")
	lines := strings.Split(strings.TrimSpace(reply.Text), "\n")
	if !strings.Contains(lines[len(lines)-2], "journal.exported") || reply.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("export: %q", lines[len(lines)-2:])
	}
	w.Expect(w.do("GET", "/console/v1/journal/export?organization="+office.ID, token, nil), http.StatusOK, "")
	var check struct {
		OK       bool
		Problems []struct{ Code string }
	}
	w.Expect(w.do("POST", "/console/v1/journal/check", token, map[string]string{"organization": ""}), http.StatusOK, "").Into(t, &check)
	if !check.OK {
		t.Errorf("check: %+v", check)
	}
	_, err := w.DB.Exec(context.Background(), `UPDATE journal SET outcome = 'forged' WHERE organisation = '' AND seq = 2`)
	cabinettest.Must(t, err)
	w.Expect(w.do("POST", "/console/v1/journal/check", token, map[string]string{"organization": ""}), http.StatusOK, "").Into(t, &check)
	if check.OK || len(check.Problems) == 0 || check.Problems[0].Code != "hash" {
		t.Errorf("a forged chain: %+v", check)
	}
}

func TestTicketsAreAnsweredInTheSupportsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token, path := w.token(w.appoint("support", directory.OperatorSupport)), "/console/v1/tickets/T26-483920175-4"
	reply := w.Expect(w.do("GET", "/console/v1/tickets", token, nil), http.StatusOK, "")
	if strings.Contains(reply.Text, "+79161234567") || !strings.Contains(reply.Text, "•••4567") {
		t.Errorf("tickets: %s", reply.Text)
	}
	reply = w.Expect(w.do("GET", path, token, nil), http.StatusOK, "")
	if !strings.Contains(reply.Text, `"side":"organization","author":"Мария","event":"","text":"Помогите"`) {
		t.Errorf("ticket: %s", reply.Text)
	}
	w.Expect(w.do("GET", "/console/v1/tickets/T26-000000000-0", token, nil), http.StatusNotFound, "not_found")
	w.Expect(w.do("POST", path+"/take", token, nil), http.StatusOK, "")
	w.Expect(w.do("POST", path+"/answer", token, map[string]any{"text": ""}), http.StatusUnprocessableEntity, "validation_failed")
	w.Expect(w.do("POST", path+"/answer", token, map[string]any{"text": strings.Repeat("a", 200)}), http.StatusUnprocessableEntity, "validation_failed")
	w.Expect(w.do("POST", path+"/answer", token, map[string]any{"text": "Обновите страницу.", "question": true}), http.StatusOK, "")
	if len(w.tickets.said) != 2 || !w.tickets.said[1].Question || w.tickets.said[1].Operator == "" {
		t.Errorf("said: %+v", w.tickets.said)
	}
	w.tickets.closed = true
	w.Expect(w.do("POST", path+"/answer", token, map[string]any{"text": "Поздно."}), http.StatusConflict, "ticket_closed")
	if got := w.entries("", "console.ticket_answered"); len(got) != 1 {
		t.Errorf("journal: %+v", got)
	}
}

// The document says of every route who may come, and its references lead somewhere.
func TestDocumentDescribesTheTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	reply := w.Expect(w.do("GET", "/console/v1/openapi.json", "", nil), http.StatusOK, "")
	var doc struct {
		Paths map[string]map[string]struct {
			Role   string `json:"x-role"`
			Writes bool   `json:"x-writes"`
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	reply.Into(t, &doc)
	for _, route := range w.console.Routes() {
		op, ok := doc.Paths[route.Path][strings.ToLower(route.Method)]
		if !ok || op.Role != string(route.Role) || op.Writes != route.Writes {
			t.Errorf("%s %s: %+v", route.Method, route.Path, op)
		}
	}
	for _, part := range strings.Split(reply.Text, `"#/components/schemas/`)[1:] {
		if name, _, _ := strings.Cut(part, `"`); doc.Components.Schemas[name] == nil {
			t.Errorf("no schema %s", name)
		}
	}
	w.Expect(w.do("GET", "/console/v1/nothing", "", nil), http.StatusNotFound, "not_found")
	w.Expect(w.do("PATCH", "/console/v1/me", "", nil), http.StatusMethodNotAllowed, "method_not_allowed")
	w.Expect(w.do("GET", "/console/v1/moderation", w.token(w.operator), nil), http.StatusOK, "")
	w.Expect(w.do("POST", "/console/v1/moderation/"+storage.NewID()+"/take", w.token(w.operator), nil), http.StatusOK, "")
}

// TestChainsAndTicketsAreLooks: who reads organisations by their journals or their tickets
// is stopped where who reads them by their cards is.
func TestChainsAndTicketsAreLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token := w.token(w.operator)
	w.Expect(w.do("GET", "/console/v1/tickets/T26-483920175-4", token, nil), http.StatusOK, "")
	w.Expect(w.do("GET", "/console/v1/tickets/T26-483920175-4", token, nil), http.StatusOK, "")
	if got := w.entries("", "console.ticket_read"); len(got) != 1 {
		t.Errorf("an open ticket was read anew: %d entries", len(got))
	}
	for i := range 4 {
		w.Expect(w.do("GET", "/console/v1/journal?organization="+w.Office("Chain"+string(rune('A'+i))).ID, token, nil), http.StatusOK, "")
	}
	last := w.Office("Last")
	w.Expect(w.do("GET", "/console/v1/journal?organization="+last.ID, token, nil), http.StatusTooManyRequests, "looks_exhausted")
	w.Expect(w.do("GET", "/console/v1/journal/export?organization="+last.ID, token, nil), http.StatusTooManyRequests, "looks_exhausted")
	if got := w.entries(last.ID, ""); len(got) > 0 && got[0].Action == "organisation.looked_at" {
		t.Errorf("what was refused was written as a look: %+v", got[0])
	}
	w.Expect(w.do("GET", "/console/v1/journal", token, nil), http.StatusOK, "")
}

// TestSearchesAreCounted: an operator does not read the house by asking for every name.
func TestSearchesAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token := w.token(w.operator)
	for range 25 {
		w.Expect(w.do("POST", "/console/v1/people/search", token, map[string]string{"query": "Иванова"}), http.StatusOK, "")
	}
	for _, what := range []string{"people", "organizations"} {
		w.Expect(w.do("POST", "/console/v1/"+what+"/search", token, map[string]string{"query": "Иванова"}), http.StatusTooManyRequests, "searches_exhausted")
	}
	if got := w.entries("", "console.searched"); len(got) != 25 {
		t.Errorf("%d searches in the journal", len(got))
	}
}

// TestOperatorsDoNotRecoverAnOperator: two of the support who give a colleague's access to
// whom they like would have the roles that they were not given.
func TestOperatorsDoNotRecoverAnOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token := w.token(w.appoint("support", directory.OperatorSupport))
	target := w.appoint("security", directory.OperatorSecurity)
	reply := w.Expect(w.do("POST", "/console/v1/people/"+target.ID+"/looks", token, because()), http.StatusCreated, "")
	if !strings.Contains(reply.Text, `{"action":"recover","allowed":false,"reason":"operator_record"`) {
		t.Errorf("the card offers it: %s", reply.Text)
	}
	proposal := map[string]any{"person_id": target.ID, "reason": why, "email": "mine@example.ru", "reset_factors": true}
	w.Expect(w.do("POST", "/console/v1/recoveries", token, proposal), http.StatusForbidden, "operator_record")

	// Nor is he who was appointed after the proposal.
	person, first, second := w.Person("later"), w.appoint("first", directory.OperatorSupport), w.appoint("second", directory.OperatorSupport)
	ctx := context.Background()
	r, err := w.Directory.ProposeRecovery(ctx, directory.Actor{PersonID: first.ID}, directory.RecoveryProposal{PersonID: person.ID, Reason: why, Mailbox: "later@example.ru"})
	cabinettest.Must(t, err)
	cabinettest.Must(t, w.Directory.AppointOperator(ctx, directory.System(), person.ID))
	if _, err := w.Directory.ApproveRecovery(ctx, directory.Actor{PersonID: second.ID}, r.ID); !errors.Is(err, directory.ErrOperatorAccount) {
		t.Errorf("approved: %v", err)
	}
	if _, err := w.Directory.ProposeRecovery(ctx, directory.Actor{PersonID: first.ID}, directory.RecoveryProposal{PersonID: target.ID, Reason: why, Mailbox: "x@example.ru"}); !errors.Is(err, directory.ErrOperatorAccount) {
		t.Errorf("proposed: %v", err)
	}
}

// TestABlockedOperatorIsNotLetInByColleagues: a block by whoever runs the server, or by a
// colleague who saw something wrong, stands until the command line lifts it; and it does not
// make a person of him whom two operators may help.
func TestABlockedOperatorIsNotLetInByColleagues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	ctx := context.Background()
	token := w.token(w.appoint("support", directory.OperatorSupport))
	target := w.appoint("security", directory.OperatorSecurity)
	cabinettest.Must(t, w.Directory.SetPersonStatus(ctx, directory.System(), target.ID, directory.StatusBlocked))
	reply := w.Expect(w.do("POST", "/console/v1/people/"+target.ID+"/looks", token, because()), http.StatusCreated, "")
	for _, action := range []string{"unblock", "recover"} {
		if !strings.Contains(reply.Text, `{"action":"`+action+`","allowed":false,"reason":"operator_record"`) {
			t.Errorf("the card offers to %s: %s", action, reply.Text)
		}
	}
	w.Expect(w.do("POST", "/console/v1/people/"+target.ID+"/unblock", token, because()), http.StatusForbidden, "operator_record")
	proposal := map[string]any{"person_id": target.ID, "reason": why, "email": "mine@example.ru", "reset_factors": true}
	w.Expect(w.do("POST", "/console/v1/recoveries", token, proposal), http.StatusForbidden, "operator_record")
	if p, err := w.Directory.Person(ctx, target.ID); err != nil || p.Status != directory.StatusBlocked {
		t.Errorf("he is %s, %v", p.Status, err)
	}
	cabinettest.Must(t, w.Directory.SetPersonStatus(ctx, directory.System(), target.ID, directory.StatusActive))
	w.Expect(w.do("POST", "/console/v1/people/"+target.ID+"/block", token, because()), http.StatusOK, "")
}

// TestWholeChainsAreCounted: a token in a loop has the house read its longest chain from
// end to end, as fast as it can.
func TestWholeChainsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token, office := w.token(w.operator), w.Office("Chain")
	whole := map[string]string{"organization": ""}
	for i := range 20 {
		if i%2 == 0 {
			w.Expect(w.do("GET", "/console/v1/journal/export", token, nil), http.StatusOK, "")
		} else {
			w.Expect(w.do("POST", "/console/v1/journal/check", token, whole), http.StatusOK, "")
		}
	}
	for _, reply := range []cabinettest.Reply{
		w.do("GET", "/console/v1/journal/export", token, nil), w.do("POST", "/console/v1/journal/check", token, whole),
		w.do("GET", "/console/v1/journal/export?organization="+office.ID, token, nil),
	} {
		w.Expect(reply, http.StatusTooManyRequests, "chains_exhausted")
		if reply.Header.Get("Retry-After") == "" {
			t.Error("nobody says when to come back")
		}
	}
	if got := w.entries("", "console.refused"); len(got) == 0 || got[0].Details["reason"] != "chains_exhausted" {
		t.Errorf("the journal: %+v", got)
	}
	w.Expect(w.do("GET", "/console/v1/journal", token, nil), http.StatusOK, "") // a page of it goes on
}
