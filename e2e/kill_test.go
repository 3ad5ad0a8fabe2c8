package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestKillDuringRefreshes kills the server (kill −9) while many clients refresh,
// starts it again, and lets every client retry what it got no answer to.
//
// Then: no client has lost its grant, and no token ever had two successors.
func TestKillDuringRefreshes(t *testing.T) {
	t.Parallel()
	t.Run("sqlite and process", func(t *testing.T) {
		t.Parallel()
		port := freePort(t)
		s := &site{Issuer: fmt.Sprintf("http://localhost:%d", port), API: fmt.Sprintf("http://localhost:%d", port)}
		s.env = []string{
			"PROPUSK_ISSUER=" + s.Issuer,
			"PROPUSK_DATABASE_URL=sqlite://" + t.TempDir() + "/propusk.db",
			"PROPUSK_MASTER_KEY=" + masterKey(),
			longGrace,
		}
		s.fill(t)
		s.process = serve(t, port, s.env...)
		killDuringRefreshes(t, s, port)
	})
	t.Run("postgres and redis", func(t *testing.T) {
		t.Parallel()
		s := cluster(t, longGrace)
		u, err := url.Parse(s.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		var port int
		if _, err := fmt.Sscan(u.Port(), &port); err != nil {
			t.Fatal(err)
		}
		killDuringRefreshes(t, s, port)
	})
}

const (
	killFamilies  = 40
	killRefreshes = 1000

	// longGrace is how long a client may ask again for the answer that it did not get:
	// longer than a restart takes where other things run, too.
	longGrace = "PROPUSK_TOKENS_REFRESH_GRACE=5m"
)

// family is one client's chain of refresh tokens.
type family struct {
	first, now string
	access     string
	successors map[string]string // of each token, as ever answered
}

func killDuringRefreshes(t *testing.T, s *site, port int) {
	t.Helper()
	c := s.webClient(t)
	families := s.families(t, c, killFamilies)

	var done, killed atomic.Int64
	restarted := make(chan struct{})
	go func() {
		for done.Load() < killRefreshes/2 {
			time.Sleep(time.Millisecond)
		}
		killed.Store(done.Load())
		s.process.kill()
		s.process = serve(t, port, s.env...)
		close(restarted)
	}()
	var working sync.WaitGroup
	for _, f := range families {
		working.Go(func() {
			for range killRefreshes / killFamilies {
				f.renew(t, s.Issuer, c)
				done.Add(1)
			}
		})
	}
	working.Wait()
	<-restarted
	t.Logf("killed after %d of %d refreshes", killed.Load(), killRefreshes)
	for _, f := range families {
		f.check(t, s, c)
	}
}

// families signs one person in and makes n grants for it.
func (s *site) families(t *testing.T, c client, n int) []*family {
	t.Helper()
	u, v := s.Users[0], newVisitor(t)
	families := make([]*family, n)
	for i := range families {
		got := s.grant(t, v, c, u, s.Organisations[0].ID)
		families[i] = &family{first: got.RefreshToken, now: got.RefreshToken, successors: map[string]string{}}
	}
	return families
}

// renew refreshes once, as a client does that gets no answer: with the same
// token, until there is one.
func (f *family) renew(t *testing.T, issuer string, c client) {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		got, err := refresh(issuer, c, f.now)
		if err == nil && got.status == http.StatusOK {
			f.took(t, got)
			return
		}
		if err == nil && got.status < 500 {
			t.Errorf("a client with a live token is refused: %d %s %s", got.status, got.Error, got.Description)
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("no answer within the grace time: %v %+v", err, got)
			return
		}
	}
}

func (f *family) took(t *testing.T, got tokens) {
	if known, ok := f.successors[f.now]; ok && known != got.RefreshToken {
		t.Error("a refresh token got two successors")
	}
	f.successors[f.now] = got.RefreshToken
	f.now, f.access = got.RefreshToken, got.AccessToken
}

// check: the last token of each client is live; the one before still gets the
// same successor; the first is a replay and ends the family.
func (f *family) check(t *testing.T, s *site, c client) {
	t.Helper()
	f.renew(t, s.Issuer, c)
	if status, _ := s.callRaw(t, f.access, http.MethodGet, "/v1/organization"); status != http.StatusOK {
		t.Errorf("the last access token is answered %d", status)
	}
	for token, successor := range f.successors {
		if successor != f.now {
			continue
		}
		again, err := refresh(s.Issuer, c, token)
		if err != nil || again.RefreshToken != f.now {
			t.Errorf("the token before the last one, within the grace time: %v %d %s", err, again.status, again.Error)
		}
	}
	for _, token := range []string{f.first, f.now} {
		if got, err := refresh(s.Issuer, c, token); err != nil || got.Error != "invalid_grant" {
			t.Errorf("after a replay: %v %d %q, want invalid_grant", err, got.status, got.Error)
		}
	}
}
