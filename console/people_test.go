package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/console"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

const why = "обращение T26-1, звонок"

type card struct {
	Look struct {
		Until time.Time `json:"until"`
	} `json:"look"`
	Name, Number, Status string
	Contacts             struct{ Email, Phone struct{ Value string } }
	Sessions             []struct{ IP, Device string }
	Actions              []struct {
		Action, Reason string
		Allowed        bool
	}
}

func TestSupportFindsAndLooksWithReasons(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		office := w.Office("Lamp")
		p, token := office.Admin, w.token(w.operator)
		w.sessions.held[p.ID] = []console.Session{{ID: "s", IP: "203.0.113.77"}}
		cabinettest.Must(t, w.Directory.IndexWords(context.Background()))
		path := "/console/v1/people/" + p.ID

		// The search shows nothing whole, and its query is in no address.
		reply := w.Expect(w.do("POST", "/console/v1/people/search", token, map[string]string{"query": p.Email}), http.StatusOK, "")
		for _, secret := range []string{p.Email, p.Phone, p.Number, p.FirstName} {
			if strings.Contains(reply.Text, secret) {
				t.Errorf("the search shows %q: %s", secret, reply.Text)
			}
		}
		if !strings.Contains(reply.Text, p.ID) {
			t.Errorf("not found: %s", reply.Text)
		}
		w.Expect(w.do("POST", "/console/v1/people/search", token, map[string]string{"query": p.LastName[:4]}), http.StatusOK, "")
		w.Expect(w.do("POST", "/console/v1/people/search", token, map[string]string{"query": "x"}), http.StatusUnprocessableEntity, "validation_failed")

		// No card without a reason, and no act without a card.
		w.Expect(w.do("GET", path, token, nil), http.StatusForbidden, "look_required")
		w.Expect(w.do("POST", path+"/block", token, map[string]string{"reason": why}), http.StatusForbidden, "look_required")
		w.Expect(w.do("POST", path+"/reveal", token, map[string]string{"field": "phone", "reason": why}), http.StatusForbidden, "look_required")
		for _, reason := range []string{"", "кратко", "  а   б  ", strings.Repeat("д", 501)} {
			w.Expect(w.do("POST", path+"/looks", token, map[string]string{"reason": reason}), http.StatusUnprocessableEntity, "validation_failed")
		}
		if got := w.entries("", "console.person_looked"); len(got) != 0 {
			t.Errorf("refused looks stand in the journal: %v", got)
		}

		reply = w.Expect(w.do("POST", path+"/looks", token, map[string]string{"reason": why}), http.StatusCreated, "")
		var seen card
		reply.Into(t, &seen)
		if seen.Number == p.Number || seen.Contacts.Email.Value == p.Email || seen.Sessions[0].IP != "203.0.0.0/16" || strings.Contains(reply.Text, p.Phone) {
			t.Errorf("the card is not masked: %s", reply.Text)
		}
		entries := w.entries("", "console.person_looked")
		if len(entries) != 1 || entries[0].Actor != w.operator.ID || entries[0].Object != p.ID || entries[0].Details["reason"] != why {
			t.Errorf("journal: %+v", entries)
		}
		// The person reads that somebody looked, and not who, nor from where.
		mine := w.entries("", "signin.looked_at")
		if len(mine) != 1 || mine[0].Actor != p.ID || mine[0].IP != "" || mine[0].Details["by"] != "operator" || len(mine[0].Details) != 1 {
			t.Errorf("the person's journal: %+v", mine)
		}
		w.Expect(w.do("GET", path, token, nil), http.StatusOK, "")
		// Another operator's look is his own.
		w.Expect(w.do("GET", path, w.token(w.appoint("second")), nil), http.StatusForbidden, "look_required")

		reply = w.Expect(w.do("POST", path+"/reveal", token, map[string]string{"field": "phone", "reason": why}), http.StatusOK, "")
		if !strings.Contains(reply.Text, p.Phone) {
			t.Errorf("revealed: %s", reply.Text)
		}
		w.Expect(w.do("POST", path+"/reveal", token, map[string]string{"field": "password", "reason": why}), http.StatusUnprocessableEntity, "validation_failed")
		if got := w.entries("", "console.field_revealed"); len(got) != 1 || got[0].Details["field"] != "phone" {
			t.Errorf("journal: %+v", got)
		}

		w.acts(t, path, token, p)
		w.Clock.Advance(31 * time.Minute)
		w.Expect(w.do("GET", path, w.token(w.operator), nil), http.StatusForbidden, "look_required")
		// Attack: the kept answer of an act, which has the card in it, is asked for when the
		// look is over.
		for _, act := range []string{"block", "unlock", "end-sessions"} {
			reply = w.Expect(w.do("POST", path+"/"+act, w.token(w.operator), map[string]string{"reason": why}, "Idempotency-Key", "key-"+act), http.StatusForbidden, "look_required")
			if reply.Header.Get("Idempotent-Replayed") != "" || strings.Contains(reply.Text, "memberships") {
				t.Errorf("%s: the kept card is shown: %s", act, reply.Text)
			}
		}
		w.Expect(w.do("POST", path+"/looks", w.token(w.operator), map[string]string{"reason": why}), http.StatusCreated, "")
		reply = w.Expect(w.do("POST", path+"/block", w.token(w.operator), map[string]string{"reason": why}, "Idempotency-Key", "key-block"), http.StatusOK, "")
		if reply.Header.Get("Idempotent-Replayed") != "true" {
			t.Error("with a look the repeat is carried out anew")
		}
	})
}

// acts blocks, unblocks, unlocks and signs out, and looks at what that leaves behind.
func (w *world) acts(t *testing.T, path, token string, p directory.Person) {
	t.Helper()
	act := func(name string) cabinettest.Reply {
		return w.do("POST", path+"/"+name, token, map[string]string{"reason": why}, "Idempotency-Key", "key-"+name)
	}
	w.Expect(act("unblock"), http.StatusConflict, "status_unchanged")
	w.Expect(act("block"), http.StatusOK, "")
	if again := w.Expect(act("block"), http.StatusOK, ""); again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a repeat is carried out twice: %v", again.Header)
	}
	if now, _ := w.Directory.Person(context.Background(), p.ID); now.Status != directory.StatusBlocked {
		t.Errorf("status %q", now.Status)
	}
	blocked := w.entries("", "person.blocked")
	if len(blocked) != 1 || blocked[0].Actor != w.operator.ID || blocked[0].Details["reason"] != why {
		t.Errorf("journal: %+v", blocked)
	}
	w.Expect(w.do("POST", path+"/unblock", token, map[string]string{"reason": why}), http.StatusOK, "")
	w.Expect(act("unlock"), http.StatusOK, "")
	w.Expect(act("end-sessions"), http.StatusOK, "")
	if len(w.sessions.held[p.ID]) != 0 {
		t.Error("the sessions live on")
	}
	if ended := w.entries("", "console.sessions_ended"); len(ended) != 1 || ended[0].Details["count"] != "1" || ended[0].Details["reason"] != why {
		t.Errorf("journal: %+v", ended)
	}
}

// An operator who looks through the house is stopped, and the house sees it.
func TestLooksAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token := w.token(w.operator)
	for range 5 {
		w.Expect(w.do("POST", "/console/v1/people/"+w.Person("many").ID+"/looks", token, map[string]string{"reason": why}), http.StatusCreated, "")
	}
	reply := w.Expect(w.do("POST", "/console/v1/people/"+w.Person("last").ID+"/looks", token, map[string]string{"reason": why}), http.StatusTooManyRequests, "looks_exhausted")
	if reply.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	office := w.Office("More")
	w.Expect(w.do("POST", "/console/v1/organizations/"+office.ID+"/looks", token, map[string]string{"reason": why}), http.StatusTooManyRequests, "looks_exhausted")
	var me struct{ Looks struct{ Limit, Used int } }
	w.Expect(w.do("GET", "/console/v1/me", token, nil), http.StatusOK, "").Into(t, &me)
	if me.Looks.Limit != 5 || me.Looks.Used != 5 {
		t.Errorf("looks: %+v", me.Looks)
	}
	if got := w.entries("", "console.refused"); len(got) == 0 || got[0].Details["reason"] != "looks_exhausted" {
		t.Errorf("journal: %+v", got)
	}
	w.Clock.Advance(61 * time.Minute)
	w.Expect(w.do("POST", "/console/v1/organizations/"+office.ID+"/looks", w.token(w.operator), map[string]string{"reason": why}), http.StatusCreated, "")
}

// Nobody acts on himself, whatever his roles.
func TestOperatorDoesNotActOnHimself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token, path := w.token(w.operator), "/console/v1/people/"+w.operator.ID
	w.Expect(w.do("POST", path+"/looks", token, map[string]string{"reason": why}), http.StatusCreated, "")
	for _, act := range []string{"block", "unblock", "unlock", "end-sessions"} {
		w.Expect(w.do("POST", path+"/"+act, token, map[string]string{"reason": why}), http.StatusForbidden, "own_record")
	}
	w.Expect(w.do("POST", "/console/v1/recoveries", token, map[string]any{"person_id": w.operator.ID, "reason": why}), http.StatusForbidden, "own_record")
}

func TestOrganisationIsFoundAndLookedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	office, token := w.Office("Quay", directory.Accountant), w.token(w.operator)
	cabinettest.Must(t, w.Directory.IndexWords(context.Background()))
	for _, query := range []string{office.INN, office.OGRN, "quay"} {
		reply := w.Expect(w.do("POST", "/console/v1/organizations/search", token, map[string]string{"query": query}), http.StatusOK, "")
		if !strings.Contains(reply.Text, office.ID) {
			t.Errorf("%q: %s", query, reply.Text)
		}
	}
	path := "/console/v1/organizations/" + office.ID
	w.Expect(w.do("GET", path, token, nil), http.StatusForbidden, "look_required")
	reply := w.Expect(w.do("POST", path+"/looks", token, map[string]string{"reason": why}), http.StatusCreated, "")
	var seen struct{ Members []struct{ Role string } }
	if reply.Into(t, &seen); len(seen.Members) != 2 {
		t.Errorf("members: %s", reply.Text)
	}
	w.Expect(w.do("GET", path, token, nil), http.StatusOK, "")
	own := w.entries(office.ID, "organisation.looked_at")
	if len(own) != 1 || own[0].Actor != "" || own[0].IP != "" || own[0].Details["reason"] != why {
		t.Errorf("the organisation's chain: %+v", own)
	}
	if got := w.entries("", "console.organisation_looked"); len(got) != 1 || got[0].Actor != w.operator.ID {
		t.Errorf("the system's chain: %+v", got)
	}
	w.Expect(w.do("POST", "/console/v1/organizations/"+storage.NewID()+"/looks", token, map[string]string{"reason": why}), http.StatusNotFound, "not_found")
}

// Four eyes: two people of the support, with an open card.
func TestRecoveryTakesTwoOperators(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	p, first, second := w.Person("lost"), w.token(w.operator), w.token(w.appoint("second", directory.OperatorSupport))
	proposal := map[string]any{"person_id": p.ID, "reason": why, "reset_factors": true}
	w.Expect(w.do("POST", "/console/v1/recoveries", first, proposal), http.StatusForbidden, "look_required")
	w.Expect(w.do("POST", "/console/v1/people/"+p.ID+"/looks", first, map[string]string{"reason": why}), http.StatusCreated, "")
	var r struct {
		ID, State string
		Mine      bool
	}
	w.Expect(w.do("POST", "/console/v1/recoveries", first, proposal), http.StatusCreated, "").Into(t, &r)
	if r.State != directory.RecoveryProposed || !r.Mine {
		t.Errorf("recovery: %+v", r)
	}
	w.Expect(w.do("POST", "/console/v1/recoveries/"+r.ID+"/approve", first, nil), http.StatusForbidden, "another_operator_needed")
	w.Expect(w.do("POST", "/console/v1/recoveries/"+r.ID+"/approve", second, nil), http.StatusOK, "")
	reply := w.Expect(w.do("GET", "/console/v1/recoveries", second, nil), http.StatusOK, "")
	if !strings.Contains(reply.Text, r.ID) || strings.Contains(reply.Text, p.Email) {
		t.Errorf("recoveries: %s", reply.Text)
	}
	w.Expect(w.do("POST", "/console/v1/recoveries/"+r.ID+"/refuse", first, map[string]string{"reason": why}), http.StatusNoContent, "")
}

// Attack: an operator proposes a mailbox of his own for a person's account. The second
// one, who agrees, sees that another mailbox comes and which, as far as it takes to
// compare it with the papers.
func TestWhoAgreesSeesWhereARecoveryGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	p, first, second := w.Person("lost"), w.token(w.operator), w.token(w.appoint("second", directory.OperatorSupport))
	w.Expect(w.do("POST", "/console/v1/people/"+p.ID+"/looks", first, map[string]string{"reason": why}), http.StatusCreated, "")
	proposal := map[string]any{"person_id": p.ID, "reason": why, "email": "Thief@evil.example"}
	w.Expect(w.do("POST", "/console/v1/recoveries", first, proposal), http.StatusCreated, "")
	var list struct {
		Recoveries []struct{ ID, Email string }
	}
	reply := w.Expect(w.do("GET", "/console/v1/recoveries", second, nil), http.StatusOK, "")
	reply.Into(t, &list)
	if len(list.Recoveries) != 1 || list.Recoveries[0].Email != "t•••@evil.example" || strings.Contains(reply.Text, "thief@") {
		t.Fatalf("the second operator sees %s", reply.Text)
	}
	var approved struct{ Email string }
	w.Expect(w.do("POST", "/console/v1/recoveries/"+list.Recoveries[0].ID+"/approve", second, nil), http.StatusOK, "").Into(t, &approved)
	if approved.Email != "t•••@evil.example" {
		t.Errorf("approved: %+v", approved)
	}
}
