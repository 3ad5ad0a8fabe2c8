package signals_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// The attack: a receiver that takes and never acknowledges has every event signed
// again with each poll, as often as it may ask.
func TestAPollSignsEachEventOnce(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := worldOn(t, db)
		id := w.stream("shop").StreamID
		for range 3 {
			w.memberRemoved()
		}
		take := func() map[string]string {
			var p polled
			w.want(w.ask("shop", "POST", "/ssf/poll/"+id, `{"returnImmediately":true}`), http.StatusOK, &p)
			return p.Sets
		}
		first := take()
		for range 5 {
			for jti, token := range take() {
				if first[jti] != token {
					t.Fatalf("%s is another token", jti)
				}
			}
		}
		if w.signer.signed != 3 {
			t.Errorf("%d signatures for 3 events", w.signer.signed)
		}
		// What a withdrawn key signed no receiver can verify.
		w.signer.mu.Lock()
		w.signer.against["k1"], w.signer.kid = true, "k2"
		w.signer.mu.Unlock()
		again := take()
		if w.signer.signed != 6 || len(again) != 3 {
			t.Errorf("%d signatures, %d events, after the key was withdrawn", w.signer.signed, len(again))
		}
		for jti, token := range again {
			if first[jti] == token || w.read(token).ID != jti {
				t.Errorf("%s is still signed by the withdrawn key, or another event", jti)
			}
		}
	})
}

// The attack: two applications to which a person has different names lay their events
// side by side and find by txn who is whom.
func TestTheTransactionOfAChangeIsCalledDifferentlyToEachClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clients.grants = append(w.clients.grants, grant{"other", "anna", "mayak", "s-2"})
	shop, other := w.stream("shop").StreamID, w.stream("other").StreamID
	w.memberRemoved()
	w.happens(journal.Entry{Actor: "anna", Action: "password.set", Object: "anna"})
	first, second := w.poll("shop", shop), w.poll("other", other)
	if len(first) != 2 || len(second) != 2 {
		t.Fatalf("%d and %d events", len(first), len(second))
	}
	if first[0].Txn != first[1].Txn || first[0].Txn == "" {
		t.Errorf("one client does not see that it was one request: %q, %q", first[0].Txn, first[1].Txn)
	}
	if first[0].Txn == second[0].Txn || strings.Contains(first[0].Txn, "request-1") {
		t.Errorf("both clients are told %q", first[0].Txn)
	}
}

// The attack: many requests at one time make more streams than a client may have.
func TestRacersHaveNoMoreStreamsThanOne(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := worldOn(t, db)
		_, err := db.Exec(t.Context(), `INSERT INTO oauth_clients (id, organisation_id, metadata, secret_hashes, created_at, updated_at)
			VALUES ('shop', '', '{}', '[]', 0, 0)`)
		w.must(err)
		var racers sync.WaitGroup
		statuses := make([]int, 12)
		for i := range statuses {
			racers.Go(func() {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.web.URL+"/ssf/streams", strings.NewReader(`{}`))
				if err != nil {
					return
				}
				request.Header.Set("Authorization", "Bearer shop")
				if response, err := http.DefaultClient.Do(request); err == nil {
					statuses[i] = response.StatusCode
					_ = response.Body.Close()
				}
			})
		}
		racers.Wait()
		made := len(slices.DeleteFunc(slices.Clone(statuses), func(s int) bool { return s != http.StatusCreated }))
		if n := w.count(`SELECT COUNT(*) FROM signal_streams WHERE client_id = 'shop'`); n != 5 || made != 5 {
			t.Errorf("%d streams, answers %v", n, statuses)
		}
	})
}
