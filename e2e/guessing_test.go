package e2e

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// samples of each kind of failure, taken in turns.
const samples = 60

// TestAStrangerLearnsNothing compares what the sign-in answers to a wrong
// password, an unknown login and a locked account: the page and the time. It
// runs alone: what shares the processor would be in the measurement.
func TestAStrangerLearnsNothing(t *testing.T) {
	s := cluster(t, "PROPUSK_LOCK_FAILURES=100", "PROPUSK_HTTP_TRUSTED_PROXIES=127.0.0.0/8")
	wrong, locked := s.Users[0], s.Users[1]
	guess := s.guessing(t)
	for range 100 {
		guess(locked.Login, "Nepravda-11-Nepravda")
	}
	logins := map[string]string{"wrong": wrong.Login, "locked": locked.Login, "unknown": "nobody.at.all@severny-mayak.example"}
	took, pages := map[string][]float64{}, map[string]string{}
	for i := range samples {
		for kind, login := range logins {
			p, d := guess(login, "Nepravda-22-Nepravda")
			took[kind] = append(took[kind], d.Seconds())
			said := strings.ReplaceAll(fmt.Sprint(p.status, withoutNonces(p.body)), login, "LOGIN")
			if i == 0 {
				pages[kind] = said
			}
			if said != pages["wrong"] && pages["wrong"] != "" {
				t.Fatalf("%s is answered otherwise than wrong:\n%s\n%s", kind, text(said), text(pages["wrong"]))
			}
		}
	}
	for _, kind := range []string{"locked", "unknown"} {
		compare(t, kind, took["wrong"], took[kind])
	}
	if p, _ := guess(locked.Login, locked.Password); !strings.Contains(p.body, `name="password"`) {
		t.Error("a locked account was opened by the right password")
	}
}

// guessing gives a function that tries a password, each time from another
// address so that the budget of one address is not what answers.
func (s *site) guessing(t *testing.T) func(login, password string) (page, time.Duration) {
	v := newVisitor(t)
	n := 0
	start := v.get(s.authorization(s.webClient(t), nil).url, "")
	f, ok := start.formWith("password")
	if !ok {
		t.Fatalf("no password is asked for: %s", text(start.body))
	}
	return func(login, password string) (page, time.Duration) {
		n++
		v.header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", n/250, n%250+1))
		before := time.Now()
		p := v.submit(start, f, url.Values{"login": {login}, "password": {password}}, "")
		return p, time.Since(before)
	}
}

// changing is what differs between two drawings of the same page.
var changing = regexp.MustCompile(`(name="request" value|value|href|data-options)="[^"]*"`)

func withoutNonces(body string) string { return changing.ReplaceAllString(body, "") }

// compare holds two samples against each other by ranks (Mann–Whitney): the
// share of pairs in which the second took longer. Without a difference it is one
// half, with a standard error of sqrt((n+m+1)/(12·n·m)); four of these are
// allowed, so that chance alone fails one run in ten thousand.
func compare(t *testing.T, kind string, a, b []float64) {
	t.Helper()
	var longer float64
	for _, x := range a {
		for _, y := range b {
			switch {
			case y > x:
				longer++
			case y == x:
				longer += 0.5
			}
		}
	}
	n, m := float64(len(a)), float64(len(b))
	share := longer / (n * m)
	bound := 4 * math.Sqrt((n+m+1)/(12*n*m))
	slices.Sort(a)
	slices.Sort(b)
	t.Logf("%s takes longer than wrong in %.3f of pairs (0.5 ± %.3f); medians %.1f ms and %.1f ms", kind, share, bound, 1e3*b[len(b)/2], 1e3*a[len(a)/2])
	if math.Abs(share-0.5) > bound {
		t.Errorf("%s can be told from wrong by its time", kind)
	}
}

// TestWrongCodeTellsNothing: the page of a wrong code and of a locked generator
// are one.
func TestWrongCodeTellsNothing(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		u, v := s.memberOfTwo(t), newVisitor(t)
		p := v.step(v.get(s.authorization(s.webClient(t), nil).url, ""), "", u, "")
		var first string
		for try := range 6 {
			f, ok := p.formWith("code")
			if !ok {
				t.Fatalf("try %d leaves the code's page: %s", try, text(p.body))
			}
			p = v.submit(p, f, url.Values{"code": {"000000"}}, "")
			said := fmt.Sprint(p.status, withoutNonces(p.body))
			if first == "" {
				first = said
			}
			if said != first {
				t.Errorf("try %d is answered otherwise than the first:\n%s\n%s", try+1, text(said), text(first))
			}
		}
		f, _ := p.formWith("code")
		if p = v.submit(p, f, url.Values{"code": {u.code(t)}}, s.webClient(t).RedirectURIs[0]); p.status/100 == 3 || !strings.Contains(p.body, `name="code"`) {
			t.Error("a locked generator was opened by the right code")
		}
	})
}

// TestOddFormsGet4xx sends what no browser sends.
func TestOddFormsGet4xx(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		v := newVisitor(t)
		start := v.get(s.authorization(s.webClient(t), nil).url, "")
		f, ok := start.formWith("password")
		if !ok {
			t.Fatalf("no password is asked for: %s", text(start.body))
		}
		for name, fields := range map[string]url.Values{
			"oversized":       {"login": {"a@b.example"}, "password": {strings.Repeat("x", 1<<20)}},
			"nothing":         {},
			"bytes":           {"login": {"\x00\xff\xfe"}, "password": {"\x00"}},
			"other request":   {"request": {"../../etc/passwd"}, "login": {"a"}, "password": {"b"}},
			"long login":      {"login": {strings.Repeat("я", 20000)}, "password": {"b"}},
			"many of a field": {"login": slices.Repeat([]string{"a@b.example"}, 500), "password": {"b"}},
		} {
			p := v.submit(start, f, fields, "")
			if p.status >= 500 || p.status < 400 {
				t.Errorf("%s: %d %s, want 4xx", name, p.status, text(p.body))
			}
		}
		for _, body := range []string{"%zz=%%%", "grant_type=%00", strings.Repeat("a=b&", 50000), "{}"} {
			req, err := http.NewRequest(http.MethodPost, s.Issuer+"/oauth2/token", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if status, answer := send(t, req); status >= 500 || status < 400 {
				t.Errorf("token endpoint, %.20q: %d %s, want 4xx", body, status, answer)
			}
		}
	})
}
