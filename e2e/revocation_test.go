package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// trials of removing a member; p99 is the second slowest of two hundred.
const trials = 200

// TestRemovedMemberIsRefusedWithinFiveSeconds removes members at one node and
// asks with their live tokens at another, over PostgreSQL and Redis.
func TestRemovedMemberIsRefusedWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	const workers = 8
	mayak := s.Organisations[0]
	people := make([]*user, workers)
	for i := range people {
		people[i] = s.createUser(t, "Иванов", "Пётр", fmt.Sprintf("member%d@severny-mayak.example", i), "", "")
	}
	second := s.anotherNode(t)
	admin := s.grant(t, newVisitor(t), s.webClient(t), s.Users[0], mayak.ID).AccessToken

	took := make(chan time.Duration, trials)
	var working sync.WaitGroup
	for _, u := range people {
		working.Go(func() {
			v := newVisitor(t)
			for range trials / workers {
				took <- s.removal(t, v, u, mayak, admin, second)
			}
		})
	}
	working.Wait()
	close(took)
	report(t, took)
}

// removal makes u a member, gets a token, removes u at the first node, and
// measures how long the second one still takes the token.
func (s *site) removal(t *testing.T, v *visitor, u *user, o organisation, admin, second string) time.Duration {
	var m struct {
		ID string `json:"id"`
	}
	command(t, s.env, &m, "org", "add-member", o.INN, u.Login, "--role", "observer")
	token := s.grant(t, v, s.webClient(t), u, o.ID).AccessToken
	there := &site{API: second}
	if status, body := there.callRaw(t, token, http.MethodGet, "/v1/organization"); status != http.StatusOK {
		t.Errorf("a member is refused before the removal: %d %s", status, body)
	}
	if status, body := s.callRaw(t, admin, http.MethodDelete, "/v1/organization/members/"+m.ID); status/100 != 2 {
		t.Errorf("removing the member: %d %s", status, body)
		return time.Hour
	}
	for removed := time.Now(); ; time.Sleep(time.Millisecond) {
		status, body := there.callRaw(t, token, http.MethodGet, "/v1/organization")
		switch since := time.Since(removed); {
		case status == http.StatusUnauthorized:
			return since
		case status != http.StatusOK:
			t.Errorf("a removed member's token is answered %d %s, want 401", status, body)
			return since
		case since > 20*time.Second:
			return since
		}
	}
}

func report(t *testing.T, took <-chan time.Duration) {
	t.Helper()
	var all []time.Duration
	for d := range took {
		all = append(all, d)
	}
	slices.Sort(all)
	p50, p99, worst := all[len(all)/2], all[len(all)*99/100-1], all[len(all)-1]
	t.Logf("removed member refused at the other node after: p50 %s, p99 %s, worst %s, %d trials",
		p50.Round(time.Millisecond), p99.Round(time.Millisecond), worst.Round(time.Millisecond), len(all))
	if len(all) != trials || p99 > 5*time.Second {
		t.Errorf("p99 %s of %d trials, want at most 5 s of %d", p99, len(all), trials)
	}
}

// anotherNode starts a second process over the same state and gives where it
// answers.
func (s *site) anotherNode(t *testing.T) string {
	t.Helper()
	port := freePort(t)
	serve(t, port, s.env...)
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}
