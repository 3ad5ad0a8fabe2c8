package signals_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"propusk/idp/signals"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// What is about people is told to those who have to do with them, by the names by
// which they know them, and to nobody else.
func TestAReceiverHearsOfNoStrangers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shop, siem, other := w.stream("shop").StreamID, w.stream("siem").StreamID, w.stream("other").StreamID
	w.memberRemoved()
	w.happens(journal.Entry{Actor: "anna", Action: "password.set", Object: "anna"})
	w.must(w.SessionEnded(t.Context(), "s-anna"))

	var kinds []string
	for _, s := range w.poll("shop", shop) {
		for kind := range s.Events {
			kinds = append(kinds, kind)
		}
		if text, _ := json.Marshal(s.Subject); !strings.Contains(string(text), "anna@shop") || strings.Contains(string(text), `"anna"`) {
			t.Errorf("the shop is told of %s", text)
		}
	}
	if want := []string{signals.TokenClaimsChange, signals.CredentialChange, signals.SessionRevoked}; strings.Join(kinds, " ") != strings.Join(want, " ") {
		t.Errorf("the shop heard %v", kinds)
	}
	owners := w.poll("siem", siem)
	if len(owners) != 1 || owners[0].Events[signals.TokenClaimsChange] == nil {
		t.Errorf("the owner heard %+v, which is more or less than what its journal tells it", owners)
	}
	if got := w.poll("other", other); len(got) != 0 {
		t.Errorf("a stranger heard %+v", got)
	}
}

// A PIN is a person's in one organisation: clients that know him in another hear
// nothing of it.
func TestAPINIsTheBusinessOfItsOrganisationAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clients.mu.Lock()
	w.clients.grants = append(w.clients.grants, grant{"other", "anna", "volna", "s-anna-2"})
	w.clients.mu.Unlock()
	shop, siem, other := w.stream("shop").StreamID, w.stream("siem").StreamID, w.stream("other").StreamID
	w.happens(journal.Entry{Organisation: "mayak", Actor: "boss", Action: "pin.reset", Object: "anna"})
	for client, stream := range map[string]string{"shop": shop, "siem": siem} {
		got := w.poll(client, stream)
		if len(got) != 1 || got[0].Events[signals.CredentialChange]["credential_type"] != "pin" {
			t.Fatalf("%s heard %+v", client, got)
		}
		if tenant, _ := got[0].Subject["tenant"].(map[string]any); tenant["id"] != "mayak" {
			t.Errorf("%s is not told in which organisation: %v", client, got[0].Subject)
		}
	}
	if got := w.poll("other", other); len(got) != 0 {
		t.Errorf("a client in another organisation heard %+v", got)
	}
}

// A client that has changed hands hears nothing more of the organisation it was of.
func TestAClientThatChangedHandsHearsNothingOfItsFormerOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("siem").StreamID
	w.clients.mu.Lock()
	w.clients.owners["siem"] = "volna"
	w.clients.mu.Unlock()
	w.memberRemoved()
	if got := w.poll("siem", id); len(got) != 0 {
		t.Errorf("it heard %+v", got)
	}
}

// Subject probing (SSF 1.0 §9.1) and subscribing to strangers: the answer is the
// same for who exists and who does not, and nothing is ever told of either.
func TestSubscribingToAStrangerTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stream := w.stream("other").StreamID
	subject := func(sub string) map[string]any {
		return map[string]any{"stream_id": stream, "subject": map[string]string{"format": "iss_sub", "iss": issuer, "sub": sub}}
	}
	for _, sub := range []string{"anna", "anna@shop", "anna@other", "nobody at all"} {
		answer := w.ask("other", "POST", "/ssf/subjects:add", subject(sub))
		if answer.StatusCode != http.StatusOK || len(answer.body) != 0 {
			t.Errorf("adding %s: %d %s", sub, answer.StatusCode, answer.body)
		}
	}
	w.want(w.ask("other", "POST", "/ssf/subjects:add", map[string]any{"stream_id": stream, "subject": map[string]string{"format": "opaque", "id": "mayak"}}), 200, nil)
	w.memberRemoved()
	w.happens(journal.Entry{Action: "person.blocked", Object: "anna"})
	w.happens(journal.Entry{Organisation: "mayak", Action: "organisation.closed", Object: "mayak"})
	if got := w.poll("other", stream); len(got) != 0 {
		t.Errorf("it heard %+v", got)
	}
}

func TestAStreamOfAnotherClientIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	w.memberRemoved()
	before := w.count(`SELECT COUNT(*) FROM signal_events`)
	body := func(more string) string { return `{"stream_id":"` + id + `"` + more + `}` }
	subject := `,"subject":{"format":"opaque","id":"mayak"}`
	for _, request := range [][3]string{
		{"GET", "/ssf/streams?stream_id=" + id, ""}, {"DELETE", "/ssf/streams?stream_id=" + id, ""},
		{"PATCH", "/ssf/streams", body(`,"description":"mine now"`)}, {"PUT", "/ssf/streams", body("")},
		{"GET", "/ssf/status?stream_id=" + id, ""}, {"POST", "/ssf/status", body(`,"status":"disabled"`)},
		{"POST", "/ssf/subjects:add", body(subject)}, {"POST", "/ssf/subjects:remove", body(subject)},
		{"POST", "/ssf/verify", body("")}, {"POST", "/ssf/poll/" + id, `{"ack":["x"]}`},
	} {
		foreign := w.ask("other", request[0], request[1], request[2])
		unknown := w.ask("other", request[0], strings.ReplaceAll(request[1], id, "none"), strings.ReplaceAll(request[2], id, "none"))
		if foreign.StatusCode != http.StatusNotFound || string(foreign.body) != string(unknown.body) {
			t.Errorf("%s %s: %d %s, and for a stream that there is not: %s", request[0], request[1], foreign.StatusCode, foreign.body, unknown.body)
		}
	}
	if after := w.count(`SELECT COUNT(*) FROM signal_events`); after != before {
		t.Errorf("%d events waited, now %d", before, after)
	}
}

// What no database takes is no stream, and no fault of the server's.
func TestIDsThatCannotBeAreUnknown(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := worldOn(t, db)
		for _, id := range []string{"a%00b", "%ff", "%ed%a0%80", strings.Repeat("x", 3000)} {
			w.want(w.ask("shop", "GET", "/ssf/streams?stream_id="+id, nil), http.StatusNotFound, nil)
			w.want(w.ask("shop", "DELETE", "/ssf/streams?stream_id="+id, nil), http.StatusNotFound, nil)
			w.want(w.ask("shop", "POST", "/ssf/poll/"+id, `{}`), http.StatusNotFound, nil)
		}
		id := w.stream("shop").StreamID
		w.want(w.ask("shop", "POST", "/ssf/poll/"+id, `{"returnImmediately":true,"ack":["\u0000"]}`), http.StatusBadRequest, nil)
		w.want(w.ask("shop", "POST", "/ssf/poll/"+id, "{\"returnImmediately\":true,\"ack\":[\"\xff\"],\"setErrs\":{\"y\":{}}}"), http.StatusOK, nil)
	})
}

func TestAReceiverNeedsATokenOfItsOwnWithTheScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	for _, token := range []string{"", "nobody"} {
		w.want(w.ask(token, "GET", "/ssf/streams", nil), http.StatusUnauthorized, nil)
	}
	for _, request := range [][3]string{
		{"POST", "/ssf/streams", `{}`}, {"PATCH", "/ssf/streams", `{}`}, {"PUT", "/ssf/streams", `{}`},
		{"DELETE", "/ssf/streams?stream_id=" + id, ""}, {"POST", "/ssf/status", `{}`},
		{"POST", "/ssf/subjects:add", `{}`}, {"POST", "/ssf/subjects:remove", `{}`}, {"POST", "/ssf/verify", `{}`},
	} {
		w.want(w.ask("shop:ssf.read", request[0], request[1], request[2]), http.StatusForbidden, nil)
	}
	w.want(w.ask("shop:ssf.read", "POST", "/ssf/poll/"+id, `{"returnImmediately":true}`), http.StatusOK, nil)
}

// RFC 8417 §4, SSF 1.0 §11.1: a SET is for one receiver, is no other token, and is
// known again when it comes twice.
func TestASETIsForItsReceiverAndCannotBeTakenForAToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clients.grants = append(w.clients.grants, grant{"other", "anna", "mayak", "s-2"})
	shop, other := w.stream("shop").StreamID, w.stream("other").StreamID
	w.memberRemoved()
	first, second := w.poll("shop", shop), w.poll("other", other)
	if len(first) != 1 || len(second) != 1 || first[0].ID == second[0].ID || first[0].Audience != "shop" || second[0].Audience != "other" {
		t.Fatalf("%+v, %+v", first, second)
	}
	for _, forbidden := range []string{"sub", "exp", "scope", "client_id", "nonce", "auth_time"} {
		if first[0].members[forbidden] != nil {
			t.Errorf("the SET has %s", forbidden)
		}
	}
	if first[0].Issuer != issuer || first[0].Txn == "" || first[0].IssuedAt != w.clock.Now().Unix() {
		t.Errorf("%+v", first[0])
	}
}

// A SET that was not acknowledged comes again, as the same one; one that was does
// not (RFC 8936 §2.4).
func TestAReplayedSETIsKnownByItsID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	w.memberRemoved()
	take := func() (p polled) {
		w.want(w.ask("shop", "POST", "/ssf/poll/"+id, `{"returnImmediately":true}`), http.StatusOK, &p)
		return p
	}
	once, twice := take(), take()
	if len(once.Sets) != 1 || len(twice.Sets) != 1 {
		t.Fatalf("%d and %d SETs", len(once.Sets), len(twice.Sets))
	}
	for jti, token := range once.Sets {
		if twice.Sets[jti] != token {
			t.Error("the event came again under another id")
		}
		for range 2 { // a lost answer to an acknowledgement: it is made again
			w.want(w.ask("shop", "POST", "/ssf/poll/"+id, map[string]any{"ack": []string{jti}, "returnImmediately": true}), http.StatusOK, nil)
		}
	}
	if len(take().Sets) != 0 || w.count(`SELECT waiting FROM signal_streams`) != 0 {
		t.Error("an acknowledged event came again")
	}
}

// SSRF: a receiver cannot have this server knock at its neighbours' doors, neither
// by an address, nor by a name, nor by a redirect.
func TestPushesGoNowhereInside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, url := range []string{
		"http://example.ru/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[::ffff:10.0.0.1]/",
		"https://192.168.1.1/", "ftp://example.ru/", "file:///etc/passwd", "https://u:p@example.ru/", "https://example.ru/#f", "//example.ru", "https://100.64.0.1/",
	} {
		body := map[string]any{"delivery": map[string]string{"method": "urn:ietf:rfc:8935", "endpoint_url": url}}
		w.want(w.ask("shop", "POST", "/ssf/streams", body), http.StatusBadRequest, nil)
	}
	var knocked atomic.Bool
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { knocked.Store(true) }))
	defer inside.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	w.push("shop", redirecting.URL)
	w.memberRemoved()
	w.work()
	w.eventually("the push failed", func() bool { return w.count(`SELECT COALESCE(MAX(failures), 0) FROM signal_streams`) > 0 })
	if knocked.Load() {
		t.Error("the redirect was followed")
	}
	if w.count(`SELECT COUNT(*) FROM signal_events`) != 1 {
		t.Error("the event is lost")
	}
}

// A receiver cannot keep this server busy by asking without end, or by waiting in
// great numbers, or by sending much.
func TestPollingIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	for range 600 {
		w.want(w.ask("shop", "POST", "/ssf/poll/"+id, `{"returnImmediately":true}`), http.StatusOK, nil)
	}
	over := w.ask("shop", "POST", "/ssf/poll/"+id, `{"returnImmediately":true}`)
	w.want(over, http.StatusTooManyRequests, nil)
	if over.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come again")
	}
	w.clock.Advance(time.Minute)
	for _, body := range []string{
		`{"maxEvents":-1}`, `{"maxEvents":"all"}`, `[`, `{"ack":[` + strings.TrimSuffix(strings.Repeat(`"a",`, 1001), ",") + `]}`,
		`{"ack":["` + strings.Repeat("x", 70_000) + `"]}`,
	} {
		w.want(w.ask("shop", "POST", "/ssf/poll/"+id, body), http.StatusBadRequest, nil)
	}
	for range 120 {
		w.want(w.ask("other", "GET", "/ssf/streams", nil), http.StatusOK, nil)
	}
	w.want(w.ask("other", "GET", "/ssf/streams", nil), http.StatusTooManyRequests, nil)
}

// Of polls that wait for one stream one waits; the others are answered at once.
func TestOnePollOfAStreamWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	first := make(chan polled, 1)
	go func() {
		request, _ := http.NewRequestWithContext(context.Background(), "POST", w.web.URL+"/ssf/poll/"+id, strings.NewReader(`{}`))
		request.Header.Set("Authorization", "Bearer shop")
		response, err := http.DefaultClient.Do(request)
		var p polled
		if err == nil {
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			_ = json.Unmarshal(body, &p)
		}
		first <- p
	}()
	w.eventually("the first one waits", func() bool { return w.Waits(id) })
	began := time.Now()
	w.want(w.ask("shop", "POST", "/ssf/poll/"+id, `{}`), http.StatusOK, nil)
	w.memberRemoved()
	select {
	case p := <-first:
		if len(p.Sets) != 1 {
			t.Errorf("the waiting poll got %+v", p)
		}
	case <-time.After(time.Minute):
		t.Error("the waiting poll does not wake")
	}
	if time.Since(began) > 20*time.Second { // pollFor is 25
		t.Error("a poll waited in vain")
	}
}

// A poll that waits outlives the token that it came with: whoever stops the client,
// or the stream, stops it too, and an event that comes afterwards is not given out.
func TestAWaitingPollEndsWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(w *world, id string){
		"the client is stopped": func(w *world, _ string) {
			w.clients.mu.Lock()
			defer w.clients.mu.Unlock()
			w.clients.disabled["shop"] = true
		},
		"the stream is paused": func(w *world, id string) {
			w.want(w.ask("shop", "POST", "/ssf/status", map[string]string{"stream_id": id, "status": "paused"}), http.StatusOK, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.stream("shop").StreamID
			answered := make(chan answer, 1)
			go func() { answered <- w.ask("shop", "POST", "/ssf/poll/"+id, `{}`) }()
			w.eventually("it waits", func() bool { return w.Waits(id) })
			stop(w, id)
			w.memberRemoved()
			select {
			case a := <-answered:
				if a.StatusCode != http.StatusOK || !strings.Contains(string(a.body), `"sets":{}`) {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
			case <-time.After(time.Minute):
				t.Error("it waits on")
			}
			if n := w.count(`SELECT COUNT(*) FROM signal_events`); n != 1 {
				t.Errorf("%d events wait; one should, for whoever may have it again", n)
			}
		})
	}
}

// An acknowledgement is for events of the stream alone; what is named twice, or was
// never there, moves no count.
func TestAcknowledgingWhatIsNotThereChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	w.memberRemoved()
	w.memberRemoved()
	var p polled
	w.want(w.ask("shop", "POST", "/ssf/poll/"+id, `{"returnImmediately":true,"maxEvents":1}`), http.StatusOK, &p)
	ack := []string{}
	for i := range 300 { // more than one change takes out
		ack = append(ack, "no-such-"+strconv.Itoa(i))
	}
	for jti := range p.Sets {
		ack = append(ack, jti, jti)
	}
	w.want(w.ask("shop", "POST", "/ssf/poll/"+id, map[string]any{"maxEvents": 0, "ack": ack}), http.StatusOK, nil)
	if w.count(`SELECT waiting FROM signal_streams`) != 1 || w.count(`SELECT COUNT(*) FROM signal_events`) != 1 {
		t.Error("the count of what waits is wrong")
	}
	w.want(w.ask("shop", "POST", "/ssf/poll/"+id, map[string]any{"maxEvents": 0, "ack": ack}), http.StatusOK, nil)
	if w.count(`SELECT waiting FROM signal_streams`) != 1 {
		t.Error("acknowledged twice, counted twice")
	}
}
