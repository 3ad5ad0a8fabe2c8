package status_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/keys"
	"propusk/idp/signals/status"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// ring is one key ring for all tests, since RSA keys take long to make.
var ring *keys.Ring

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "propusk-status-")
	if err != nil {
		panic(err)
	}
	url, err := storagetest.MigratedSQLite(dir)
	if err != nil {
		panic(err)
	}
	db, err := storage.Open(context.Background(), url)
	master := sha256.Sum256([]byte("master"))
	sealer, sealerErr := storage.NewSealer(master[:])
	if err = errors.Join(err, sealerErr); err == nil {
		ring, err = keys.Open(context.Background(), keys.Deps{DB: db, Sealer: sealer, Journal: journal.New(journal.Deps{DB: db, Now: time.Now})})
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	ring.Close()
	db.Close()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// node is one process with its lists over a database.
type node struct {
	*status.Lists
	t       *testing.T
	db      *storage.DB
	now     func() time.Time
	log     *revocation.Log
	web     *httptest.Server
	issuer  string
	metrics *prometheus.Registry
	stop    context.CancelFunc
}

// nodeOn is a node with the issuer of another one, its own address when that is "".
// Its revocation list learns by polling alone: every event is lost.
func nodeOn(t *testing.T, db *storage.DB, now func() time.Time, issuer string) *node {
	t.Helper()
	n := &node{t: t, db: db, now: now, metrics: prometheus.NewRegistry()}
	var handler atomic.Pointer[http.Handler]
	n.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*handler.Load()).ServeHTTP(w, r) }))
	t.Cleanup(n.web.Close)
	if n.issuer = issuer; issuer == "" {
		n.issuer = n.web.URL
	}
	deps := revocation.Deps{DB: db, Events: storagetest.Memory(t, now), Now: now, Lifetime: 10 * time.Minute}
	n.log = revocation.New(deps)
	list := revocation.NewList(deps)
	var ctx context.Context
	ctx, n.stop = context.WithCancel(t.Context())
	if err := list.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var err error
	n.Lists, err = status.New(status.Deps{DB: db, Revoked: list, Keys: ring, Issuer: n.issuer, Now: now, Lifetime: 10 * time.Minute, Metrics: n.metrics})
	if err != nil {
		t.Fatal(err)
	}
	served := n.Handler()
	handler.Store(&served)
	return n
}

func (n *node) place(t revocation.Token) status.Place {
	n.t.Helper()
	place, err := n.Place(n.t.Context(), t)
	if err != nil {
		n.t.Fatal(err)
	}
	return place
}

func (n *node) revoke(e revocation.Entry) {
	n.t.Helper()
	if err := n.log.Revoke(n.t.Context(), e); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) get(path string, header ...string) (*http.Response, string) {
	n.t.Helper()
	request, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.web.URL+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		n.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return response, string(body)
}

func server(issuer string) *resourceServer {
	return &resourceServer{
		client: http.DefaultClient, issuer: issuer, lists: map[string]*fetched{},
		key: func(kid string) (any, bool) { public, _, ok := ring.Public(kid); return public, ok },
	}
}

var facts = revocation.Token{Client: "shop", Grant: "g", Session: "s", Person: "p", Organisation: "o", MemberVersion: 3}

// The bound of five seconds, with everything against it: the node that is asked is
// not the one that revokes, no event arrives, and the resource server has just
// fetched the list. Measured with the real clock.
func TestAnotherResourceServerRefusesWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	db := storagetest.SQLite(t)
	asked := nodeOn(t, db, time.Now, "")
	revoking := nodeOn(t, db, time.Now, asked.issuer)
	place := revoking.place(facts)
	rs := server(asked.issuer)
	if err := rs.check(t.Context(), place.List, place.Index, time.Now()); err != nil {
		t.Fatal(err)
	}
	revoking.revoke(revocation.Entry{Kind: revocation.KindMember, Key: revocation.Member("p", "o"), Below: 4})
	began := time.Now()
	for !errors.Is(rs.check(t.Context(), place.List, place.Index, time.Now()), errRevoked) {
		if time.Since(began) > time.Minute {
			t.Fatal("the token still counts")
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("refused after %s, %d requests, %d of them answered with a list", time.Since(began).Round(time.Millisecond), rs.asked, rs.fetches)
}

// Whatever a token can die of takes its place with it (storage/revocation).
func TestEveryKindOfRevocationIsInTheList(t *testing.T) {
	t.Parallel()
	clock := time.Now()
	powered := revocation.Token{Client: "shop", Grant: "gp", Session: "sp", Person: "pp", Organisation: "op", PowerVersion: 2}
	service := revocation.Token{Client: "robot", Organisation: "o2"}
	for name, test := range map[string]struct {
		token revocation.Token
		by    revocation.Entry
	}{
		"grant":        {facts, revocation.Entry{Kind: revocation.KindGrant, Key: "g"}},
		"session":      {facts, revocation.Entry{Kind: revocation.KindSession, Key: "s"}},
		"person":       {facts, revocation.Entry{Kind: revocation.KindPerson, Key: "p"}},
		"client":       {service, revocation.Entry{Kind: revocation.KindClient, Key: "robot"}},
		"organisation": {service, revocation.Entry{Kind: revocation.KindOrganisation, Key: "o2"}},
		"its origin":   {revocation.Token{Client: "robot", Organisation: "o3", From: "a~b"}, revocation.Entry{Kind: revocation.KindToken, Key: "a"}},
		"power":        {powered, revocation.Entry{Kind: revocation.KindPower, Key: revocation.Member("pp", "op"), Below: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			own := nodeOn(t, storagetest.SQLite(t), func() time.Time { return clock }, "")
			place, bystander := own.place(test.token), own.place(revocation.Token{Client: "bystander", Organisation: "elsewhere"})
			own.revoke(test.by)
			reader := nodeOn(t, own.db, func() time.Time { return clock }, own.issuer)
			rs := server(own.issuer)
			rs.client = through(reader.web.URL, own.web.URL)
			if err := rs.check(t.Context(), place.List, place.Index, clock); !errors.Is(err, errRevoked) {
				t.Errorf("%v", err)
			}
			if err := rs.check(t.Context(), bystander.List, bystander.Index, clock); err != nil {
				t.Errorf("a bystander: %v", err)
			}
		})
	}
}

// through sends what is for one address to another one: two nodes of one issuer.
func through(to, instead string) *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		url := strings.Replace(r.URL.String(), instead, to, 1)
		request, err := http.NewRequestWithContext(r.Context(), r.Method, url, nil)
		if err != nil {
			return nil, err
		}
		request.Header = r.Header
		return http.DefaultTransport.RoundTrip(request)
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTokensOfOneGrantShareAPlaceOnEveryNode(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		clock := storagetest.NewClock()
		first := nodeOn(t, db, clock.Now, "")
		second := nodeOn(t, db, clock.Now, first.issuer)
		var all sync.WaitGroup
		places := make([]status.Place, 16)
		for i := range places {
			on := []*node{first, second}[i%2]
			all.Go(func() {
				place, err := on.Place(context.Background(), facts)
				if err != nil {
					t.Error(err)
				}
				places[i] = place
			})
		}
		all.Wait()
		for _, place := range places {
			if place != places[0] {
				t.Fatalf("%v and %v", place, places[0])
			}
		}
		for name, other := range map[string]revocation.Token{
			"another version": {Client: "shop", Grant: "g", Session: "s", Person: "p", Organisation: "o", MemberVersion: 4},
			"another grant":   {Client: "shop", Grant: "h", Session: "s", Person: "p", Organisation: "o", MemberVersion: 3},
			"exchanged":       {Client: "shop", Grant: "g", Session: "s", Person: "p", Organisation: "o", MemberVersion: 3, Origin: "app"},
		} {
			if first.place(other) == places[0] {
				t.Errorf("%s has the same place", name)
			}
		}
		var rows int64
		if err := db.Get(t.Context(), &rows, `SELECT COUNT(*) FROM token_statuses`); err != nil || rows != 4 {
			t.Errorf("%d rows for 19 tokens, %v", rows, err)
		}
	})
}

func TestAPlaceThatWasRevokedIsNotGivenAgain(t *testing.T) {
	t.Parallel()
	n := nodeOn(t, storagetest.SQLite(t), time.Now, "")
	first := n.place(facts)
	n.revoke(revocation.Entry{Kind: revocation.KindToken, Key: first.Key()})
	fresh := nodeOn(t, n.db, time.Now, n.issuer)
	second := fresh.place(facts)
	if second == first {
		t.Fatal("the next token is born revoked")
	}
	rs := server(n.issuer)
	rs.client = through(fresh.web.URL, n.web.URL)
	if err := rs.check(t.Context(), first.List, first.Index, time.Now()); !errors.Is(err, errRevoked) {
		t.Errorf("the first place: %v", err)
	}
	if err := rs.check(t.Context(), second.List, second.Index, time.Now()); err != nil {
		t.Errorf("the second place: %v", err)
	}
}

func TestAPlaceOfATransactionThatRolledBackIsNotRemembered(t *testing.T) {
	t.Parallel()
	n := nodeOn(t, storagetest.SQLite(t), time.Now, "")
	failed := errors.New("failed")
	err := n.db.Tx(t.Context(), func(ctx context.Context) error {
		if _, err := n.Place(ctx, facts); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	place := n.place(facts)
	var rows int64
	if err := n.db.Get(t.Context(), &rows, `SELECT COUNT(*) FROM token_statuses WHERE idx = $1`, place.Index); err != nil || rows != 1 {
		t.Errorf("the place is in %d rows, %v", rows, err)
	}
}

func TestListsRollAndGo(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	n := nodeOn(t, storagetest.SQLite(t), clock.Now, "")
	first := n.place(facts)
	path := func(p status.Place) string { return strings.TrimPrefix(p.List, n.issuer) }
	clock.Advance(time.Hour)
	second := n.place(facts)
	if first.List == second.List {
		t.Fatal("the list does not roll")
	}
	if _, body := n.get(status.Path); !strings.Contains(body, second.List) {
		t.Errorf("the aggregation is %s", body)
	}
	clock.Advance(72 * time.Minute) // past the hour of the second, and ten minutes, and one
	if response, _ := n.get(path(first)); response.StatusCode != http.StatusNotFound {
		t.Errorf("the first list: %s", response.Status)
	}
	clock.Advance(time.Hour)
	if err := n.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	var rows int64
	if err := n.db.Get(t.Context(), &rows, `SELECT COUNT(*) FROM token_statuses`); err != nil || rows != 0 {
		t.Errorf("%d rows are left, %v", rows, err)
	}
	if response, body := n.get(status.Path); response.StatusCode != 200 || body != `{"status_lists":[]}` {
		t.Errorf("the aggregation is %s", body)
	}
}

func TestAskingForAListThatHasNotChangedIsCheap(t *testing.T) {
	t.Parallel()
	clock := time.Now()
	now := func() time.Time { return clock }
	n := nodeOn(t, storagetest.SQLite(t), now, "")
	path := strings.TrimPrefix(n.place(facts).List, n.issuer)
	response, body := n.get(path)
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/statuslist+jwt" ||
		response.Header.Get("Cache-Control") != "public, max-age=2, s-maxage=0" || response.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%s %v", response.Status, response.Header)
	}
	if len(body) > 700 {
		t.Errorf("an empty list of 131072 places has %d bytes", len(body))
	}
	etag := response.Header.Get("ETag")
	for range 3 {
		if again, rest := n.get(path, "If-None-Match", `"x", W/`+etag); again.StatusCode != http.StatusNotModified || rest != "" {
			t.Errorf("asked again: %s %q", again.Status, rest)
		}
	}
	if err := testutil.GatherAndCompare(n.metrics, strings.NewReader(`
# HELP propusk_status_list_requests_total Requests for status lists of tokens, by outcome.
# TYPE propusk_status_list_requests_total counter
propusk_status_list_requests_total{outcome="served"} 1
propusk_status_list_requests_total{outcome="unchanged"} 3
`)); err != nil {
		t.Error(err)
	}
}

// Strangers may ask, so what they ask for must cost nothing, and what cannot be
// answered truly is not answered.
func TestWhatCannotBeAnsweredIsRefused(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	n := nodeOn(t, storagetest.SQLite(t), clock.Now, "")
	path := strings.TrimPrefix(n.place(facts).List, n.issuer)
	hour := clock.Now().Unix() / 3600
	for _, name := range []string{
		"x", "1-0", fmt.Sprint(hour), fmt.Sprintf("%d-1", hour), fmt.Sprintf("%d-64", hour), fmt.Sprintf("%d--1", hour),
		fmt.Sprintf("%d-00", hour), fmt.Sprintf("+%d-0", hour), fmt.Sprintf("%d-0", hour+2), fmt.Sprintf("%d-0", hour-3), "..%2f..", strings.Repeat("9", 200) + "-0",
	} {
		if response, _ := n.get(status.Path + "/" + name); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	if response, _ := n.get(path + "?time=1686925000"); response.StatusCode != http.StatusNotImplemented {
		t.Errorf("of the past: %s", response.Status)
	}
	if response, _ := n.get(path, "Accept", "application/statuslist+cwt"); response.StatusCode != http.StatusNotAcceptable {
		t.Errorf("as CWT: %s", response.Status)
	}
	if response, _ := n.get(path, "Accept", "text/html, application/*;q=0.5"); response.StatusCode != http.StatusOK {
		t.Errorf("as anything: %s", response.Status)
	}
	n.stop() // the revocation list of this node stands still
	clock.Advance(5*time.Second - status.TTL - status.Fresh)
	if response, _ := n.get(path); response.StatusCode != http.StatusOK {
		t.Errorf("from a node that may have missed two and a half seconds: %s", response.Status)
	}
	clock.Advance(status.Fresh) // with the two seconds of the resource server it would be more than five
	response, _ := n.get(path)
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "1" {
		t.Errorf("from a node that does not know what was revoked: %s", response.Status)
	}
	if _, err := status.New(status.Deps{}); err == nil {
		t.Error("made of nothing")
	}
}

// A place is in its list even when the transaction that gave it took very long to
// commit: nobody would ever learn that its token was revoked.
func TestAPlaceThatWasCommittedLateGetsIntoItsList(t *testing.T) {
	t.Parallel()
	db, clock := storagetest.SQLite(t), storagetest.NewClock()
	n := nodeOn(t, db, clock.Now, "")
	early := n.place(facts)
	path := strings.TrimPrefix(early.List, n.issuer)
	late := facts
	late.Grant = "g2"
	written := clock.Now()
	clock.Advance(2 * time.Minute)
	serves := func(what string, wanted func(body string) bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			if response, body := n.get(path); response.StatusCode == http.StatusOK && wanted(body) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("in vain: %s", what)
			}
		}
	}
	serves("the list is read", func(string) bool { return true })
	place := n.place(late)
	if _, err := db.Exec(t.Context(), `UPDATE token_statuses SET created_at = $1 WHERE grant_id = 'g2'`, storage.Of(written)); err != nil {
		t.Fatal(err)
	}
	n.revoke(revocation.Entry{Kind: revocation.KindGrant, Key: "g2", Until: storage.Of(clock.Now().Add(time.Hour))})
	clock.Advance(5 * time.Minute)
	rs := server(n.issuer)
	serves("the place is revoked", func(string) bool {
		return errors.Is(rs.check(t.Context(), place.List, place.Index, clock.Now()), errRevoked)
	})
}

func BenchmarkPlace(b *testing.B) {
	n := nodeOn(&testing.T{}, storagetest.SQLite(b), time.Now, "http://localhost")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Place(b.Context(), facts); err != nil {
			b.Fatal(err)
		}
	}
}
