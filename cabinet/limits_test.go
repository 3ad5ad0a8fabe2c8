package cabinet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

var discard = slog.New(slog.DiscardHandler)

// TestLimitsOnEachCounter: the same count in process and in Redis.
func TestLimitsOnEachCounter(t *testing.T) {
	t.Parallel()
	storagetest.EachVolatile(t, func(t *testing.T, v storage.Volatile) {
		p := newProbe(t, organisationRoute, func(d *Deps) {
			d.Ephemeral, d.Limits = v, Limits{PerClient: 3, PerOrganisation: 5}
		})
		token := sign(t, p.good())
		for left := 2; left >= 0; left-- {
			got := p.with(token)
			if got.StatusCode != http.StatusNoContent {
				t.Fatalf("%d: %s", got.StatusCode, got.body)
			}
			want := fmt.Sprintf(`["client";r=%d;t=60 "organization";r=%d;t=60]`, left, left+2)
			if now := fmt.Sprint(got.Header["Ratelimit"]); now != want && !strings.Contains(now, ";t=59") {
				t.Errorf("RateLimit %s, want %s", now, want)
			}
			if now := fmt.Sprint(got.Header["Ratelimit-Policy"]); now != `["client";q=3;w=60 "organization";q=5;w=60]` {
				t.Errorf("RateLimit-Policy %s", now)
			}
		}
		over := p.refused(t, token, 429, "rate_limited", "rate_limited_client")
		if after := over.Header.Get("Retry-After"); after != "60" && after != "59" {
			t.Errorf("Retry-After %q", after)
		}
		if over.Header.Get("WWW-Authenticate") != "" {
			t.Error("a limit is no challenge")
		}
		// Another token of the same person does not help; another person has a budget
		// of its own, until the organisation's is used up.
		p.refused(t, sign(t, p.good()), 429, "rate_limited", "rate_limited_client")
		for range 2 {
			if got := p.with(sign(t, but(p.good(), map[string]any{"sub": "another"}))); got.StatusCode != http.StatusNoContent {
				t.Errorf("another person: %d: %s", got.StatusCode, got.body)
			}
		}
		p.refused(t, sign(t, but(p.good(), map[string]any{"sub": "third"})), 429, "rate_limited", "rate_limited_organization")
	})
}

func TestLimitsBeginAnewWithTheNextWindow(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute, func(d *Deps) { d.Limits = Limits{PerClient: 1, PerOrganisation: -1} })
	token := sign(t, p.good())
	p.with(token)
	p.clock.Advance(20 * time.Second)
	over := p.refused(t, token, 429, "rate_limited", "rate_limited_client")
	if after := over.Header.Get("Retry-After"); after != "40" {
		t.Errorf("Retry-After %q", after)
	}
	if !strings.Contains(over.body, "40") {
		t.Errorf("the detail does not say when: %s", over.body)
	}
	p.clock.Advance(40 * time.Second)
	if got := p.with(token); got.StatusCode != http.StatusNoContent {
		t.Errorf("refused after the window: %s", got.body)
	}
}

func TestLimitsHaveDefaults(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute, func(d *Deps) { d.Limits = Limits{} })
	got := p.with(sign(t, p.good()))
	if now := fmt.Sprint(got.Header["Ratelimit-Policy"]); now != `["client";q=600;w=60 "organization";q=6000;w=60]` {
		t.Errorf("RateLimit-Policy %s", now)
	}
}

// brokenEphemeral is a counter that cannot be reached.
type brokenEphemeral struct{ storage.Ephemeral }

var errAway = errors.New("away")

func (brokenEphemeral) Incr(context.Context, string, time.Duration) (int64, time.Duration, error) {
	return 0, 0, errAway
}
func (brokenEphemeral) Add(context.Context, string, []byte, time.Duration) error { return errAway }

// TestLimitsFailOpen: an API that stops with its counter would be the worse failure.
func TestLimitsFailOpen(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute, func(d *Deps) {
		d.Ephemeral, d.Limits, d.Log = brokenEphemeral{}, Limits{PerClient: 1, PerOrganisation: 1}, discard
	})
	for range 3 {
		if got := p.with(sign(t, p.good())); got.StatusCode != http.StatusNoContent {
			t.Errorf("%d: %s", got.StatusCode, got.body)
		}
	}
	if n := testutil.ToFloat64(p.server.metrics.unlimited); n != 6 {
		t.Errorf("%v uncounted", n)
	}
}

// TestRefusedAttemptsOfWeightAreJournalledWithoutFlooding.
func TestRefusedAttemptsOfWeightAreJournalledWithoutFlooding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha", directory.Observer, directory.Accountant)
	observer, accountant := a.members[directory.Observer], a.members[directory.Accountant]
	target := "/v1/organization/members/" + accountant.Member.ID
	refused := func() (found []string) {
		var page journalView
		w.expect(w.do("GET", "/v1/organization/journal?limit=200&action=access.refused", w.token(a, a.members[directory.Administrator]), ""), 200, "").into(t, &page)
		for _, e := range page.Entries {
			if e.Outcome != "refused" || e.IP != "203.0.113.7" || e.RequestID != "req-1" || e.Client == "" {
				t.Errorf("entry %+v", e)
			}
			found = append(found, e.Actor+" "+e.Object+" "+e.Details["reason"])
		}
		return found
	}
	for range 5 {
		w.expect(w.do("DELETE", target, w.token(a, observer), ""), 403, "permission_missing")
	}
	want := observer.Person.ID + " DELETE /v1/organization/members/{id} permission_missing"
	if got := refused(); len(got) != 1 || got[0] != want {
		t.Fatalf("five equal attempts: %q", got)
	}
	w.do("GET", "/v1/organization/journal", w.token(a, observer), "")                                                                 // weight: reading the journal
	w.do("DELETE", target, sign(t, but(w.claims(a, observer), map[string]any{"scope": "members:read"})), "")                          // no scope
	w.do("DELETE", target, sign(t, but(w.claims(a, a.members[directory.Administrator]), map[string]any{"acr": "urn:propusk:1"})), "") // no level
	w.do("DELETE", target, sign(t, w.service(a, "members:read")), "")                                                                 // a client
	w.do("DELETE", target, w.token(a, accountant), "")                                                                                // another person
	if got := refused(); len(got) != 6 {
		t.Errorf("six different attempts: %q", got)
	}
	// None of weight: no genuine token, no organisation, a mere read, a mistake.
	w.do("DELETE", target, "", "")
	w.do("DELETE", target, w.token(a, observer)+"x", "")
	w.do("DELETE", target, sign(t, w.claims(nil, observer)), "")
	w.do("GET", "/v1/organization/members", sign(t, but(w.claims(a, observer), map[string]any{"scope": "openid"})), "")
	w.do("PATCH", target, w.token(a, a.members[directory.Administrator]), `{"x":1}`)
	if got := refused(); len(got) != 6 {
		t.Errorf("attempts without weight are journalled: %q", got)
	}
	w.clock.Advance(refusalPause)
	w.do("DELETE", target, w.token(a, observer), "")
	if got := refused(); len(got) != 7 {
		t.Errorf("after the pause: %q", got)
	}
	// However many people try: the journal takes a bounded number.
	w.clock.Advance(refusalPause)
	for i := range refusalMost + 20 {
		w.do("DELETE", target, sign(t, but(w.claims(a, observer), map[string]any{"sub": fmt.Sprint("crowd-", i)})), "")
	}
	var all int64
	must(t, w.db.Get(context.Background(), &all, `SELECT COUNT(*) FROM journal WHERE action = 'access.refused'`))
	if all != 7+refusalMost {
		t.Errorf("%d entries in all, want %d", all, 7+refusalMost)
	}
}

// TestRefusalStandsWithoutItsJournal: a journal that cannot be written changes no
// answer.
func TestRefusalStandsWithoutItsJournal(t *testing.T) {
	t.Parallel()
	p := newProbe(t, api.Route{Access: api.OrganisationToken, Scope: "members:read", Permission: directory.MembersWrite, Weighty: true},
		func(d *Deps) { d.Ephemeral, d.Log = brokenEphemeral{}, discard })
	must(t, p.db.Tx(context.Background(), func(ctx context.Context) error {
		_, err := p.db.Exec(ctx, `DROP TABLE journal`)
		return err
	}))
	p.refused(t, sign(t, p.good()), 403, "permission_missing", "permission_missing")
}
