package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// addressed sends each request from the address that its header names, over
// connections that are kept.
func addressed(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// crowd runs n tasks, so many at a time, and gives each its number.
func crowd(n, atATime int, task func(i int)) {
	var wait sync.WaitGroup
	var next atomic.Int64
	for range atATime {
		wait.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				task(i)
			}
		})
	}
	wait.Wait()
}

// TestCodesAreGuessedInVain: somebody who knows the password guesses one-time
// codes, from a thousand addresses so that no budget of one address stops him.
// No more are looked at than the lock allows; the owner signs in meanwhile.
func TestCodesAreGuessedInVain(t *testing.T) {
	t.Parallel()
	tries := 10_000
	if raceDetector {
		tries = 1_000
	}
	const addresses, allowed = 1000, 3
	metrics := freePort(t)
	s := cluster(t, "PROPUSK_HTTP_TRUSTED_PROXIES=127.0.0.0/8", fmt.Sprintf("PROPUSK_HTTP_METRICS_LISTEN=127.0.0.1:%d", metrics))
	u, c := s.Users[0], s.webClient(t)
	owner := newVisitor(t)
	authorization := s.authorization(c, nil)
	owner.signIn(authorization.url, c.RedirectURIs[0], u, u.Organisations[0].ID) // the device is known now

	thief := newVisitor(t)
	p := thief.step(thief.get(s.authorization(c, nil).url, ""), "", u, "")
	f, ok := p.formWith("code")
	if !ok {
		t.Fatalf("no code is asked for: %s", text(p.body))
	}
	form := url.Values{"request": {f.fields["request"].value}}
	cookies := thief.client.Jar.Cookies(p.url)
	client := addressed(t)
	var opened atomic.Int64
	guess := func(i int) {
		form := url.Values{"request": form["request"], "code": {fmt.Sprintf("%06d", i)}}
		r, err := http.NewRequest(http.MethodPost, s.Issuer+f.action, strings.NewReader(form.Encode()))
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", i%addresses/250, i%addresses%250+1))
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnprocessableEntity {
			opened.Add(1)
		}
	}
	began := time.Now()
	var tried atomic.Int64
	locked, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		crowd(tries, 16, func(i int) {
			guess(i)
			if tried.Add(1) == int64(tries/10) {
				close(locked)
			}
		})
	}()
	<-locked
	owner.signIn(s.authorization(c, url.Values{"prompt": {"login"}}).url, c.RedirectURIs[0], u, u.Organisations[0].ID)
	meanwhile := tried.Load()
	<-over
	t.Logf("%d codes tried in %.1f s; the owner had signed in after %d", tries, time.Since(began).Seconds(), meanwhile)
	if meanwhile >= int64(tries) {
		t.Error("the owner signed in only when the guessing was over")
	}
	if n := opened.Load(); n != 0 {
		t.Errorf("%d tries were answered otherwise than a wrong code", n)
	}
	counted := signIns(t, metrics)
	if counted["totp wrong"] != allowed || counted["totp locked"] != float64(tries-allowed) {
		t.Errorf("looked at %v, refused unseen %v; want %d and %d", counted["totp wrong"], counted["totp locked"], allowed, tries-allowed)
	}
	owner.signIn(s.authorization(c, url.Values{"prompt": {"login"}}).url, c.RedirectURIs[0], u, u.Organisations[0].ID)
}

// signIns reads the counters of offered proofs: "factor outcome" → how many.
func signIns(t *testing.T, port int) map[string]float64 {
	t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	counted := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		labels, found := strings.CutPrefix(lines.Text(), "propusk_signins_total{")
		if !found {
			continue
		}
		parts := strings.Split(labels, `"`) // factor= totp ,outcome= wrong } 3
		n, err := strconv.ParseFloat(strings.TrimSpace(parts[4][1:]), 64)
		if err != nil {
			t.Fatal(err)
		}
		counted[parts[1]+" "+parts[3]] = n
	}
	return counted
}

// TestOverloadIsTold sends five times as many passwords as the server can check:
// the rest is told 503 and when to come back, tokens go on being issued as fast
// as before (twice the time at most, or what a busy machine is good for), and the
// memory stays within bounds.
func TestOverloadIsTold(t *testing.T) {
	if raceDetector {
		t.Skip("a measurement means nothing under the race detector")
	}
	const bound = 384 << 20 // bytes; the collector's, beside which stand stacks and the program itself
	load := loadAverage()
	s := cluster(t, "PROPUSK_HTTP_TRUSTED_PROXIES=127.0.0.0/8", fmt.Sprintf("GOMEMLIMIT=%d", bound))
	guess := s.guessing(t)
	var took []time.Duration
	for range 10 {
		_, d := guess("nobody@severny-mayak.example", "Nepravda-22-Nepravda")
		took = append(took, d)
	}
	one := percentile(took, 50)
	before, memory := s.tokenTimes(t, 4000), resident(t, s.process)

	const seconds, factor = 5, 5
	stop := make(chan struct{})
	var during []time.Duration
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				during = append(during, s.tokenTimes(t, 20)...)
			}
		}
	}()
	capacity := one / time.Duration(runtime.NumCPU()) // between passwords, at the best
	count := s.flood(t, int(factor*seconds*time.Second/capacity), capacity/factor)
	close(stop)
	<-done
	after := resident(t, s.process)
	quiet, busy := percentile(before, 99), percentile(during, 99)
	t.Logf("one password %v; %d told to wait, %d looked at, sent in %v; tokens p99 %v, in the flood %v (%d); memory %d → %d MiB",
		one, count.Told, count.Looked, count.Took, quiet, busy, len(during), memory>>20, after>>20)
	if count.Told == 0 {
		t.Error("nobody was told to wait")
	}
	switch {
	case busy <= max(2*quiet, 30*time.Millisecond):
	case load > 2*float64(runtime.NumCPU()):
		t.Logf("the machine was busy with other things (load %.1f): how long tokens took says nothing of the server", load)
	default:
		t.Errorf("tokens took %v at the 99th percentile, %v before", busy, quiet)
	}
	if after > bound+256<<20 {
		t.Errorf("memory grew from %d to %d MiB, beyond its bound of %d", memory>>20, after>>20, bound>>20)
	}
}

// tokenTimes fetches n tokens by client credentials, one after another.
func (s *site) tokenTimes(t *testing.T, n int) []time.Duration {
	c := s.serviceClient(t)
	var took []time.Duration
	for range n {
		before := time.Now()
		got, err := requestTokens(s.Issuer, c, url.Values{"grant_type": {"client_credentials"}})
		if err != nil || got.status != http.StatusOK {
			t.Errorf("token: %d %v", got.status, err)
		}
		took = append(took, time.Since(before))
	}
	return took
}

func percentile(d []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}

// loadAverage is how many processes wanted a processor in the last minute; 0 where
// that cannot be read.
func loadAverage() (load float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, _ = fmt.Sscan(string(text), &load) // 0 says it all
	}
	return load
}

// resident is the memory of a process in bytes, as Linux counts it.
func resident(t *testing.T, p *process) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Skip("the memory of a process is read from /proc")
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
