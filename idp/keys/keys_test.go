package keys_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/keys"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// node is one process with its ring over a database.
type node struct {
	*keys.Ring
	db    *storage.DB
	clock *storagetest.Clock
	deps  keys.Deps
}

func sealer(t *testing.T, master string) *storage.Sealer {
	t.Helper()
	key := sha256.Sum256([]byte(master))
	s, err := storage.NewSealer(key[:])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, db *storage.DB) *node {
	t.Helper()
	n := &node{db: db, clock: storagetest.NewClock()}
	n.deps = keys.Deps{
		DB: db, Sealer: sealer(t, "master"), Events: storagetest.Memory(t, n.clock.Now),
		Journal: journal.New(journal.Deps{DB: db, Now: n.clock.Now}), Now: n.clock.Now, Poll: time.Hour,
		Publish: 10 * time.Minute, Overlap: time.Hour,
	}
	n.Ring = n.restart(t)
	return n
}

func (n *node) restart(t *testing.T) *keys.Ring {
	t.Helper()
	ring, err := keys.Open(t.Context(), n.deps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	return ring
}

func active(t *testing.T, r *keys.Ring, alg string) keys.Key {
	t.Helper()
	key, err := r.Signing(alg)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestEverySignatureSatisfiesAnotherImplementation(t *testing.T) {
	t.Parallel()
	ring := open(t, storagetest.SQLite(t))
	body, _ := ring.JWKS()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 4 {
		t.Fatalf("the set has %d keys, want one an algorithm", len(set.Keys))
	}
	for _, alg := range keys.Algorithms() {
		for _, typ := range []string{keys.TypeAccessToken, keys.TypeJWT, "logout+jwt"} {
			token, err := ring.Sign(alg, typ, []byte(`{"sub":"someone"}`))
			if err != nil {
				t.Fatal(err)
			}
			jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			if err != nil {
				t.Fatalf("%s: %v", alg, err)
			}
			header := jws.Signatures[0].Protected
			if header.ExtraHeaders[jose.HeaderType] != typ {
				t.Errorf("%s: typ = %v, want %s", alg, header.ExtraHeaders[jose.HeaderType], typ)
			}
			published := set.Key(header.KeyID)
			if len(published) != 1 || published[0].Algorithm != alg || published[0].Use != "sig" || !published[0].IsPublic() {
				t.Fatalf("%s: published as %+v", alg, published)
			}
			payload, err := jws.Verify(published[0])
			if err != nil || string(payload) != `{"sub":"someone"}` {
				t.Errorf("%s: verified %q, %v", alg, payload, err)
			}
		}
	}
}

func TestPrivateKeysArePublishedNowhere(t *testing.T) {
	t.Parallel()
	ring := open(t, storagetest.SQLite(t))
	body, _ := ring.JWKS()
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"k"`} {
		if bytes.Contains(body, []byte(private)) {
			t.Errorf("the published set has the member %s", private)
		}
	}
	var sealed [][]byte
	if err := ring.db.Select(t.Context(), &sealed, `SELECT sealed FROM signing_keys`); err != nil {
		t.Fatal(err)
	}
	for _, row := range sealed {
		// A PKCS #8 structure begins with a SEQUENCE and holds an algorithm's OID.
		if bytes.Contains(row, []byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d}) || bytes.Contains(row, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")) {
			t.Error("a private key lies in the database unsealed")
		}
	}
}

func TestRSAKeysOfTwoAlgorithmsDiffer(t *testing.T) {
	t.Parallel()
	ring := open(t, storagetest.SQLite(t))
	if active(t, ring.Ring, keys.RS256).ID == active(t, ring.Ring, keys.PS256).ID {
		t.Error("RS256 and PS256 share a key: an attack on one would serve the other (RFC 8017 section 10)")
	}
}

func TestAKeyIsPublishedBeforeItSignsAndAfterItHasSigned(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		n := open(t, db)
		first := active(t, n.Ring, keys.ES256)
		second, err := n.Rotate(t.Context(), keys.ES256)
		if err != nil {
			t.Fatal(err)
		}
		signsWith := func(when string, want keys.Key, firstPublished bool) {
			t.Helper()
			if got := active(t, n.Ring, keys.ES256).ID; got != want.ID {
				t.Errorf("%s: signs with %s, want %s", when, got, want.ID)
			}
			if _, _, ok := n.Public(first.ID); ok != firstPublished {
				t.Errorf("%s: the first key published: %t, want %t", when, ok, firstPublished)
			}
			if _, alg, ok := n.Public(second.ID); !ok || alg != keys.ES256 {
				t.Errorf("%s: the second key is not published", when)
			}
		}
		_, before := n.JWKS()
		signsWith("at once", first, true)
		n.clock.Advance(10*time.Minute - time.Microsecond)
		signsWith("before its time", first, true)
		n.clock.Advance(time.Microsecond)
		signsWith("at its time", second, true)
		n.clock.Advance(time.Hour - time.Microsecond)
		signsWith("while the first one's tokens live", second, true)
		if _, etag := n.JWKS(); etag != before {
			t.Error("the entity tag changed though the set did not")
		}
		n.clock.Advance(time.Microsecond)
		signsWith("when they are dead", second, false)
		if _, etag := n.JWKS(); etag == before {
			t.Error("the entity tag did not change with the set")
		}
	})
}

func TestListTellsTheStationsOfAKeysLife(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	if _, err := n.Rotate(t.Context(), keys.EdDSA); err != nil {
		t.Fatal(err)
	}
	stations := func() string {
		infos, err := n.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, info := range infos {
			if info.Algorithm == keys.EdDSA {
				got = append(got, string(info.Status))
			}
		}
		return strings.Join(got, " ")
	}
	for _, step := range []struct {
		advance time.Duration
		want    string
	}{{0, "active next"}, {10 * time.Minute, "retired active"}, {time.Hour, "gone active"}} {
		n.clock.Advance(step.advance)
		if got := stations(); got != step.want {
			t.Errorf("after %s: %q, want %q", step.advance, got, step.want)
		}
	}
}

func TestAWithdrawnKeyIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	stolen := active(t, n.Ring, keys.ES256)
	if err := n.Withdraw(t.Context(), stolen.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := n.Public(stolen.ID); ok {
		t.Error("the withdrawn key is still published")
	}
	if fresh := active(t, n.Ring, keys.ES256); fresh.ID == stolen.ID {
		t.Error("the withdrawn key still signs")
	}
	if err := n.Withdraw(t.Context(), stolen.ID); !errors.Is(err, keys.ErrUnknown) {
		t.Errorf("withdrawing it again: %v", err)
	}
	if _, _, ok := n.restart(t).Public(stolen.ID); ok {
		t.Error("a restart brings the withdrawn key back")
	}
}

func TestWithdrawingTheNextKeyLeavesTheActiveOne(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	first := active(t, n.Ring, keys.ES256)
	next, err := n.Rotate(t.Context(), keys.ES256)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Withdraw(t.Context(), next.ID); err != nil {
		t.Fatal(err)
	}
	n.clock.Advance(24 * time.Hour)
	if got := active(t, n.Ring, keys.ES256).ID; got != first.ID {
		t.Errorf("signs with %s, want the first key", got)
	}
}

func TestKeysOutliveARestart(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		n := open(t, db)
		again := n.restart(t)
		for _, alg := range keys.Algorithms() {
			if a, b := active(t, n.Ring, alg), active(t, again, alg); a.ID != b.ID {
				t.Errorf("%s: a restart made a new key", alg)
			}
		}
	})
}

func TestNodesThatStartTogetherMakeOneSet(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		clock := storagetest.NewClock()
		deps := keys.Deps{DB: db, Sealer: sealer(t, "master"), Now: clock.Now, Journal: journal.New(journal.Deps{DB: db, Now: clock.Now})}
		var nodes sync.WaitGroup
		ids := make([]string, 4)
		for i := range ids {
			nodes.Go(func() {
				ring, err := keys.Open(t.Context(), deps)
				if err != nil {
					t.Error(err)
					return
				}
				defer ring.Close()
				key, err := ring.Signing("")
				if err != nil {
					t.Error(err)
				}
				ids[i] = key.ID
			})
		}
		nodes.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Fatalf("the nodes sign with %q", ids)
			}
		}
	})
}

func TestAnotherMasterKeyIsRefusedInsteadOfMakingNewKeys(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	deps := n.deps
	deps.Sealer = sealer(t, "another")
	if _, err := keys.Open(t.Context(), deps); !errors.Is(err, storage.ErrSeal) {
		t.Errorf("opened with another master key: %v", err)
	}
}

func TestSwappedRowsAreRefused(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	stolen := active(t, n.Ring, keys.EdDSA).ID
	_, err := n.db.Exec(t.Context(), `UPDATE signing_keys SET sealed = (SELECT sealed FROM signing_keys WHERE kid = $1) WHERE kid = $2`,
		stolen, active(t, n.Ring, keys.ES256).ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Open(t.Context(), n.deps); !errors.Is(err, storage.ErrSeal) {
		t.Errorf("a row with another row's key was opened: %v", err)
	}
}

func TestOtherNodesLearnOfARotation(t *testing.T) {
	t.Parallel()
	for name, followers := range map[string]func(keys.Deps) keys.Deps{
		"by the event": func(d keys.Deps) keys.Deps { return d },
		"by polling":   func(d keys.Deps) keys.Deps { d.Events, d.Poll = nil, 5*time.Millisecond; return d },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := open(t, storagetest.SQLite(t))
			follower, err := keys.Open(t.Context(), followers(n.deps))
			if err != nil {
				t.Fatal(err)
			}
			defer follower.Close()
			key, err := n.Rotate(t.Context(), keys.ES256)
			if err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
				if _, _, ok := follower.Public(key.ID); ok {
					return
				}
				if time.Now().After(end) {
					t.Fatal("the other node does not know the new key")
				}
			}
		})
	}
}

func TestPrivateKeysOfGoneKeysAreDeleted(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	old := active(t, n.Ring, keys.ES256)
	if _, err := n.Rotate(t.Context(), keys.ES256); err != nil {
		t.Fatal(err)
	}
	n.clock.Advance(2 * time.Hour)
	n.deps.Poll = time.Millisecond
	n.restart(t)
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		var kept int64
		if err := n.db.Get(t.Context(), &kept, `SELECT COUNT(*) FROM signing_keys WHERE kid = $1`, old.ID); err != nil {
			t.Fatal(err)
		}
		if kept == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the row of a gone key is still there")
		}
	}
}

func TestUnknownAlgorithmsAreRefused(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	for _, alg := range []string{"none", "HS256", "ES384"} {
		if _, err := n.Signing(alg); !errors.Is(err, keys.ErrUnknown) {
			t.Errorf("Signing(%q): %v", alg, err)
		}
		if _, err := n.Sign(alg, "JWT", nil); !errors.Is(err, keys.ErrUnknown) {
			t.Errorf("Sign(%q): %v", alg, err)
		}
		if _, err := n.Rotate(t.Context(), alg); !errors.Is(err, keys.ErrUnknown) {
			t.Errorf("Rotate(%q): %v", alg, err)
		}
	}
	if key, err := n.Signing(""); err != nil || key.Algorithm != keys.ES256 {
		t.Errorf("the default algorithm is %q, %v", key.Algorithm, err)
	}
	if _, err := (keys.Key{}).Sign("JWT", nil); err == nil {
		t.Error("the zero key signs")
	}
}

func TestRotationsAreInTheJournal(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	key, err := n.Rotate(t.Context(), keys.ES256)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := n.deps.Journal.List(t.Context(), journal.Filter{})
	if err != nil || len(entries) != 1 || entries[0].Action != "key.rotated" || entries[0].Object != key.ID {
		t.Errorf("the journal has %+v, %v", entries, err)
	}
}

func TestMetricsCountKeys(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	registry := prometheus.NewRegistry()
	n.deps.Metrics = registry
	ring := n.restart(t)
	if _, err := ring.Rotate(context.Background(), keys.ES256); err != nil {
		t.Fatal(err)
	}
	want := "# HELP propusk_signing_keys Signing keys kept, by algorithm and station.\n# TYPE propusk_signing_keys gauge\n"
	for _, labels := range []string{`EdDSA",status="active`, `ES256",status="active`, `ES256",status="next`, `PS256",status="active`, `RS256",status="active`} {
		want += fmt.Sprintf("propusk_signing_keys{algorithm=\"%s\"} 1\n", labels)
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestDependenciesAreChecked(t *testing.T) {
	t.Parallel()
	if _, err := keys.Open(t.Context(), keys.Deps{}); err == nil {
		t.Error("opened without dependencies")
	}
}

func BenchmarkSign(b *testing.B) {
	t := &testing.T{}
	db := storagetest.SQLite(b)
	clock := storagetest.NewClock()
	ring, err := keys.Open(b.Context(), keys.Deps{DB: db, Sealer: sealer(t, "master"), Now: clock.Now, Journal: journal.New(journal.Deps{DB: db, Now: clock.Now})})
	if err != nil {
		b.Fatal(err)
	}
	defer ring.Close()
	payload := bytes.Repeat([]byte("x"), 400)
	for _, alg := range keys.Algorithms() {
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ring.Sign(alg, keys.TypeAccessToken, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
