package keys_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/keys"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// device is a token in memory: keys that this process reaches through crypto.Signer
// alone.
type device struct {
	mu   sync.Mutex
	held map[string]crypto.Signer
	made int
	down bool
}

func newDevice() *device { return &device{held: map[string]crypto.Signer{}} }

// opaque hides what kind of key it is.
type opaque struct{ crypto.Signer }

var errDown = errors.New("the token is not in its slot")

func (d *device) Generate(_ context.Context, algorithm string) (crypto.Signer, []byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return nil, nil, errDown
	}
	var private crypto.Signer
	switch algorithm {
	case keys.ES256:
		private, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case keys.EdDSA:
		_, private, _ = ed25519.GenerateKey(rand.Reader)
	default:
		private, _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	d.made++
	name := fmt.Sprintf("key %d", d.made)
	d.held[name] = opaque{private}
	return d.held[name], []byte(name), nil
}

func (d *device) Find(_ context.Context, _ string, name []byte) (crypto.Signer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if private, ok := d.held[string(name)]; ok {
		return private, nil
	}
	return nil, errors.New("there is no such key")
}

func (d *device) Delete(_ context.Context, name []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.held, string(name))
	return nil
}

func (d *device) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.held)
}

func TestKeysRotateByThemselvesOnManyNodesAtOnce(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		n := open(t, db)
		n.deps.Rotate = 24 * time.Hour
		nodes := []*keys.Ring{n.restart(t), n.restart(t), n.restart(t)}
		rotate := func() {
			var all sync.WaitGroup
			for _, node := range nodes {
				all.Go(func() {
					if err := node.RotateDue(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		stations := func() (next, active, retired int) {
			infos, err := nodes[0].List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, info := range infos {
				switch info.Status {
				case keys.Next:
					next++
				case keys.Active:
					active++
				case keys.Retired:
					retired++
				}
			}
			return next, active, retired
		}
		rotate()
		if next, _, _ := stations(); next != 0 {
			t.Errorf("%d keys were rotated before their time", next)
		}
		n.clock.Advance(24*time.Hour - 10*time.Minute) // so that the next one signs when the day is over
		first := active(t, nodes[0], keys.ES256)
		rotate()
		rotate()
		if next, now, _ := stations(); next != 4 || now != 4 {
			t.Errorf("%d next keys and %d active ones, want one an algorithm", next, now)
		}
		n.clock.Advance(10 * time.Minute)
		for _, node := range nodes {
			if got := active(t, node, keys.ES256).ID; got == first.ID || got != active(t, nodes[0], keys.ES256).ID {
				t.Errorf("a node signs with %s", got)
			}
			if _, _, ok := node.Public(first.ID); !ok {
				t.Error("the key of before is not published while its tokens live")
			}
		}
		if _, _, retired := stations(); retired != 4 {
			t.Errorf("%d keys are retired", retired)
		}
	})
}

func TestWithoutAPeriodNothingRotatesByItself(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	n.clock.Advance(10 * 365 * 24 * time.Hour)
	if err := n.RotateDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if infos, err := n.List(t.Context()); err != nil || len(infos) != 4 {
		t.Errorf("%d keys, %v", len(infos), err)
	}
}

// A thief of the key gains nothing by the time for which verifiers keep the set.
func TestAWithdrawnKeyIsInTheRevocationList(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	deps := revocation.Deps{DB: n.db, Events: storagetest.Memory(t, n.clock.Now), Now: n.clock.Now, Lifetime: 10 * time.Minute}
	n.deps.Revocations = revocation.New(deps)
	list := revocation.NewList(deps)
	n.deps.Revocations.Tell(list)
	ring := n.restart(t)
	stolen := active(t, ring, keys.ES256)
	if err := ring.Withdraw(t.Context(), stolen.ID); err != nil {
		t.Fatal(err)
	}
	if !list.Revoked(revocation.Token{ID: "forged", SigningKey: stolen.ID}) {
		t.Error("a token that the thief makes now would count")
	}
	if list.Revoked(revocation.Token{ID: "good", SigningKey: active(t, ring, keys.ES256).ID}) {
		t.Error("the tokens of the key in its place are refused")
	}
	n.clock.Advance(23 * time.Hour)
	if !list.Revoked(revocation.Token{SigningKey: stolen.ID}) {
		t.Error("it is forgotten while a copy of the set may still be used")
	}
}

func TestKeysOfATokenSignAndDieThere(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	token := newDevice()
	n.deps.Token = token
	ring := n.restart(t) // the keys of before stay in the database until they are gone
	if token.count() != 0 || active(t, ring, keys.ES256).ID != active(t, n.Ring, keys.ES256).ID {
		t.Fatal("a restart with a token replaces the keys")
	}
	for _, algorithm := range keys.Algorithms() {
		if _, err := ring.Rotate(t.Context(), algorithm); err != nil {
			t.Fatal(err)
		}
	}
	n.clock.Advance(10 * time.Minute)
	again := n.restart(t)
	for _, algorithm := range keys.Algorithms() {
		key := active(t, again, algorithm)
		jws, err := key.Sign(keys.TypeAccessToken, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
		if err != nil {
			t.Fatal(err)
		}
		public, _, _ := ring.Public(key.ID)
		if _, err := parsed.Verify(public); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
	var rows []struct {
		KID    string `db:"kid"`
		Sealed []byte `db:"sealed"`
	}
	if err := n.db.Select(t.Context(), &rows, `SELECT kid, sealed FROM signing_keys WHERE store = 'token'`); err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if name, err := n.deps.Sealer.Open(rows[0].Sealed, "signing key "+rows[0].KID); err != nil || len(name) > 10 {
		t.Errorf("the database keeps more than a name: %d bytes, %v", len(name), err)
	}
	stolen := active(t, ring, keys.ES256).ID
	if err := ring.Withdraw(t.Context(), stolen); err != nil {
		t.Fatal(err)
	}
	if token.count() != 4 {
		t.Errorf("the token holds %d keys: the withdrawn one is still there, or nothing took its place", token.count())
	}
	token.mu.Lock()
	token.down = true
	token.mu.Unlock()
	if _, err := ring.Rotate(t.Context(), keys.ES256); !errors.Is(err, errDown) {
		t.Errorf("without the token: %v", err)
	}
	if err := ring.RotateDue(t.Context()); err != nil {
		t.Errorf("nothing is due: %v", err)
	}
}

func TestAKeyWhoseRowWasNotWrittenDoesNotStayInTheToken(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	token := newDevice()
	n.deps.Token = token
	ring := n.restart(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ring.Rotate(ctx, keys.ES256); err == nil || token.count() != 0 {
		t.Errorf("%v, and the token holds %d keys", err, token.count())
	}
}

func TestAKeyOfAnotherServerIsTakenOver(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	key, err := n.Import(t.Context(), keys.ES256, append(text, "\r\n \t"...))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, published := n.Public(key.ID); !published || active(t, n.Ring, keys.ES256).ID == key.ID {
		t.Error("it is not published first, or signs at once")
	}
	n.clock.Advance(10 * time.Minute)
	if active(t, n.Ring, keys.ES256).ID != key.ID {
		t.Error("it does not sign")
	}
	if _, err := n.Import(t.Context(), keys.ES256, text); !errors.Is(err, storage.ErrExists) {
		t.Errorf("a second time: %v", err)
	}
	entries, err := n.deps.Journal.List(t.Context(), journal.Filter{})
	if err != nil || len(entries) != 1 || entries[0].Action != "key.imported" {
		t.Errorf("the journal has %+v, %v", entries, err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := x509.MarshalPKCS8PrivateKey(small)
	if err != nil {
		t.Fatal(err)
	}
	junk, _ := hex.DecodeString("3003020100")
	for name, test := range map[string]struct {
		algorithm string
		text      []byte
	}{
		"for another algorithm": {keys.RS256, text},
		"too short":             {keys.RS256, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: weak})},
		"not a key":             {keys.ES256, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: junk})},
		"of another kind":       {keys.ES256, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})},
		"two of them":           {keys.ES256, append(append([]byte{}, text...), text...)},
		"nothing":               {keys.ES256, nil},
	} {
		if _, err := n.Import(t.Context(), test.algorithm, test.text); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}
