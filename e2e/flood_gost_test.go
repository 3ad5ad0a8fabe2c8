package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/signature"
	"propusk/signature/gost"
	"propusk/signature/pki"
)

// Numbers of the flood.
const (
	hostile  = 200                    // sign-ins by a GOST signature at once, each from an address of its own
	measured = 10                     // sign-ins by password, before and during
	breath   = 100 * time.Millisecond // between two tries of one of the hostile

	// longestPassword bounds a password's page during the flood, clients and server on
	// one machine: whoever waits longer has given up. Where that machine does other
	// things, too, and pages take long without a flood, it is slowdown times as long.
	longestPassword = 25 * time.Second
	slowdown        = 20
)

// TestAFloodOfGOSTSignaturesLeavesPasswordsTheirTurn: a check of a GOST signature
// costs hundreds of times what an RSA one does, and anybody can ask for it. Two
// hundred who do so at once are told to come later; people with passwords sign in.
// It runs alone: what shares the processor would be in the measurement.
func TestAFloodOfGOSTSignaturesLeavesPasswordsTheirTurn(t *testing.T) {
	s := cluster(t, "PROPUSK_HTTP_TRUSTED_PROXIES=127.0.0.0/8")
	fixtures, err := filepath.Abs("../signature/testdata/fixtures/gost512")
	if err != nil {
		t.Fatal(err)
	}
	command(t, s.env, nil, "trust", "import", filepath.Join(fixtures, "root/ca.cer"), filepath.Join(fixtures, "int/ca.cer"))
	forge := forger(t, fixtures)
	before := s.passwords(t)

	flood := newForgers(t, s, forge)
	flood.await(t, hostile/4)
	during := s.passwords(t)
	answers := flood.stop()

	t.Logf("a password's page: median %v and at most %v without the flood, %v and %v during it", before[len(before)/2], before[len(before)-1], during[len(during)/2], during[len(during)-1])
	t.Logf("answers to %d hostile sign-ins at a time: %v", hostile, answers)
	most := max(longestPassword, slowdown*before[len(before)-1])
	if worst := during[len(during)-1]; worst > most {
		t.Errorf("a password waited %v, at most %v is borne", worst, most)
	}
	if answers["judged and refused"] == 0 {
		t.Error("no signature was judged: this was no flood")
	}
	for kind, n := range answers {
		if kind != "judged and refused" && kind != "told to come later" {
			t.Errorf("%d were answered with %s", n, kind)
		}
	}
}

// passwords signs in by password again and again and gives how long the page took,
// the shortest first.
func (s *site) passwords(t *testing.T) []time.Duration {
	t.Helper()
	var took []time.Duration
	for began := time.Now(); len(took) < measured && (len(took) < 3 || time.Since(began) < 10*time.Second); {
		v := newVisitor(t)
		p := v.get(s.authorization(s.webClient(t), nil).url, "")
		f, ok := p.formWith("password")
		if !ok {
			t.Fatalf("no password is asked for: %s", text(p.body))
		}
		began := time.Now()
		p = v.submit(p, f, url.Values{"login": {s.Users[0].Login}, "password": {s.Users[0].Password}}, "")
		took = append(took, time.Since(began))
		if _, ok := p.formWith("code"); !ok {
			t.Fatalf("the right password leads to %d %s", p.status, text(p.body))
		}
	}
	slices.Sort(took)
	return took
}

// forger gives signatures that are wrong only at the dearest check: the digest is
// the challenge's, so that the value must be computed on the curve.
func forger(t *testing.T, fixtures string) func(challenge string) string {
	t.Helper()
	original, err1 := os.ReadFile(filepath.Join(fixtures, "cms/person.p7s"))
	signed, err2 := os.ReadFile(filepath.Join(fixtures, "../challenge.bin"))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	was := streebog(signed)
	if bytes.Count(original, was) != 1 {
		t.Fatal("the signature has not the digest that it should have")
	}
	return func(challenge string) string {
		return base64.StdEncoding.EncodeToString(bytes.Replace(original, was, streebog([]byte(challenge)), 1))
	}
}

func streebog(data []byte) []byte {
	h := gost.New512()
	h.Write(data)
	return h.Sum(nil)
}

// forgers are people who send forged signatures without pause.
type forgers struct {
	mu      sync.Mutex
	answers map[string]int // by what was answered
	ending  chan struct{}
	all     sync.WaitGroup
}

func newForgers(t *testing.T, s *site, forge func(string) string) *forgers {
	f := &forgers{answers: map[string]int{}, ending: make(chan struct{})}
	authorization := s.authorization(s.webClient(t), nil).url
	for i := range hostile {
		a := &attacker{visitor: newVisitor(t), issuer: s.Issuer, authorization: authorization}
		a.header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i+1))
		f.all.Go(func() {
			for ; f.goesOn(); time.Sleep(breath) {
				answer := a.try(forge)
				f.mu.Lock()
				f.answers[answer]++
				f.mu.Unlock()
			}
		})
	}
	t.Cleanup(func() { f.stop() })
	return f
}

func (f *forgers) goesOn() bool {
	select {
	case <-f.ending:
		return false
	default:
		return true
	}
}

// await waits until so many answers have come: the flood is at its height.
func (f *forgers) await(t *testing.T, answers int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		f.mu.Lock()
		n := 0
		for _, count := range f.answers {
			n += count
		}
		f.mu.Unlock()
		if n >= answers {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("only %d answers", n)
		}
	}
}

func (f *forgers) stop() map[string]int {
	if f.goesOn() {
		close(f.ending)
	}
	f.all.Wait()
	return f.answers
}

// attacker is a browser that signs in by forged signatures.
type attacker struct {
	*visitor
	issuer, authorization string
	request               string // the attempt
}

// try answers a challenge by a forged signature and says how that was taken. An
// attempt that has had its share of challenges is left for a new one.
func (a *attacker) try(forge func(string) string) string {
	if a.request == "" {
		a.request = a.get(a.authorization, "").url.Query().Get("request")
	}
	asked := a.post("/signin/certificate/challenge", url.Values{"request": {a.request}})
	var challenge struct{ ID, Text string }
	if asked.status != http.StatusOK || json.Unmarshal([]byte(asked.body), &challenge) != nil {
		a.request = ""
		return answered(asked)
	}
	return answered(a.post("/signin/certificate", url.Values{
		"request": {a.request}, "challenge": {challenge.ID}, "signature": {forge(challenge.Text)},
	}))
}

func answered(p page) string {
	switch {
	case p.status == http.StatusServiceUnavailable:
		return "told to come later"
	case p.status == http.StatusUnprocessableEntity && strings.Contains(p.body, signatureWrong):
		return "judged and refused"
	}
	return fmt.Sprintf("%d %s", p.status, text(p.body))
}

// signatureWrong is what the page says of a value that was computed and is not it.
var signatureWrong = signature.Text(pki.SignatureWrong, signature.Russian)

func (a *attacker) post(path string, form url.Values) page {
	req, err := http.NewRequest(http.MethodPost, a.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return a.do(req, "")
}
