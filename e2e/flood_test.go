package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// floodVariable makes this program a flood: the value is the flood in JSON.
const floodVariable = "PROPUSK_E2E_FLOOD"

// flood is a stream of wrong passwords, at a rate that does not heed the answers.
//
// It comes from a process of its own at the lowest priority, as a stranger's flood
// comes from other machines: what it costs to make is nothing that the server
// could be blamed for.
type flood struct {
	URL      string
	Request  string // the form's field
	Cookie   string
	N        int
	Interval time.Duration
}

// floodCount is what became of the requests.
type floodCount struct {
	Told, Looked int64 // to wait; at
	Faults       []string
	Took         time.Duration // to send them all
}

// flood sends n passwords, one each interval.
func (s *site) flood(t *testing.T, n int, interval time.Duration) floodCount {
	t.Helper()
	v := newVisitor(t)
	start := v.get(s.authorization(s.webClient(t), nil).url, "")
	form, ok := start.formWith("password")
	if !ok {
		t.Fatalf("no password is asked for: %s", text(start.body))
	}
	var cookies []string
	for _, cookie := range v.client.Jar.Cookies(start.url) {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	asked, err := json.Marshal(flood{
		URL: s.Issuer + form.action, Request: form.fields["request"].value, Cookie: strings.Join(cookies, "; "), N: n, Interval: interval,
	})
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command("nice", "-n", "19", os.Args[0])
	process.Env = append(os.Environ(), floodVariable+"="+string(asked))
	process.Stderr = t.Output()
	out, err := process.Output()
	var count floodCount
	if err == nil {
		err = json.Unmarshal(out, &count)
	}
	if err != nil {
		t.Fatalf("the flood: %v %s", err, out)
	}
	for _, fault := range count.Faults {
		t.Error(fault)
	}
	return count
}

// runFlood is the process.
func runFlood(asked string) int {
	var f flood
	if err := json.Unmarshal([]byte(asked), &f); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(f.run()); err != nil {
		return 1
	}
	return 0
}

func (f flood) run() (count floodCount) {
	client := &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var group sync.WaitGroup
	var told, looked atomic.Int64
	var faults sync.Map
	began := time.Now()
	for i := range f.N {
		group.Go(func() {
			switch fault := f.post(client, i); fault {
			case "told":
				told.Add(1)
			case "looked":
				looked.Add(1)
			default:
				faults.Store(fault, true)
			}
		})
		time.Sleep(time.Until(began.Add(time.Duration(i+1) * f.Interval))) // a rate, whatever comes back
	}
	count.Took = time.Since(began)
	group.Wait()
	count.Told, count.Looked = told.Load(), looked.Load()
	faults.Range(func(fault, _ any) bool { count.Faults = append(count.Faults, fault.(string)); return true })
	return count
}

// post tries one login from one address and says what came of it.
func (f flood) post(client *http.Client, i int) string {
	form := url.Values{"request": {f.Request}, "login": {fmt.Sprintf("nobody%d@severny-mayak.example", i)}, "password": {"Nepravda-22-Nepravda"}}
	r, err := http.NewRequest(http.MethodPost, f.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", i/250%250, i%250+1))
	r.Header.Set("Cookie", f.Cookie)
	answer, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") != "":
		return "told"
	case answer.StatusCode == http.StatusUnprocessableEntity:
		return "looked"
	}
	return fmt.Sprintf("answered %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
}
