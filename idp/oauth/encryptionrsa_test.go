package oauth

import (
	"crypto/rsa"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// Many nodes that are asked for the key of a new period publish one; the one before
// opens objects for another period, and none for longer.
func TestTheRSAKeyOfAPeriodIsOneOnEveryNode(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		deps := h.deps
		deps.Metrics = nil
		nodes := []*Provider{h.Provider, h.start(deps), h.start(deps)}
		kids := make([]string, len(nodes))
		var asking sync.WaitGroup
		for i, node := range nodes {
			asking.Go(func() {
				if key, ok := node.encryptionRSA.current(t.Context()); ok {
					kids[i] = key.KeyID
				}
			})
		}
		asking.Wait()
		if kids[0] == "" || kids[1] != kids[0] || kids[2] != kids[0] {
			t.Fatalf("three nodes publish %q", kids)
		}
		m, first := h.objectMaker(), h.oursFor("RSA-OAEP-256")
		if public, ok := first.Key.(*rsa.PublicKey); !ok || public.N.BitLen() != rsaBits || first.Algorithm != "RSA-OAEP-256" || first.Use != "enc" {
			t.Fatalf("%+v", first)
		}
		object := func() string { return nested(m.signed(), first, nesting{alg: jose.RSA_OAEP_256}) }
		h.clock.Advance(encryptionPeriod)
		if next := h.oursFor("RSA-OAEP-256"); next.KeyID == first.KeyID {
			t.Error("a month later it is the same key")
		}
		if _, err := m.ask(object()); err != nil {
			t.Errorf("the key of before does not open: %v", err)
		}
		h.clock.Advance(encryptionPeriod)
		h.oursFor("RSA-OAEP-256")
		if _, err := m.ask(object()); err == nil {
			t.Error("a key of two months ago opens")
		}
		var rows int64
		if err := h.db.Get(t.Context(), &rows, `SELECT COUNT(*) FROM encryption_keys`); err != nil || rows != 2 {
			t.Errorf("%d keys are kept, %v", rows, err)
		}
	})
}

// Key confusion, RSA1_5 (RFC 8725 §3.2), a changed ciphertext and a row that was
// swapped: each is the one refusal that tells nothing of the step that failed.
func TestHostileObjectsForTheRSAKeyAreRefusedAlike(t *testing.T) {
	h := alone(t)
	m, curved, ours := h.objectMaker(), h.ours(), h.oursFor("RSA-OAEP-256")
	good := nested(m.signed(), ours, nesting{alg: jose.RSA_OAEP_256})
	parts := strings.Split(good, ".")
	other := append([]byte{}, parts[1]...)
	other[10] ^= 1
	for name, object := range map[string]string{
		"the curve's kid with RSA":       nested(m.signed(), ours, nesting{alg: jose.RSA_OAEP_256, kid: curved.KeyID}),
		"the RSA key's kid on the curve": nested(m.signed(), curved, nesting{kid: ours.KeyID}),
		"RSA1_5":                         nested(m.signed(), ours, nesting{alg: jose.RSA1_5}),
		"RSA-OAEP with SHA-1":            nested(m.signed(), ours, nesting{alg: jose.RSA_OAEP}),
		"another encrypted key":          strings.Join([]string{parts[0], string(other), parts[2], parts[3], parts[4]}, "."),
		"no encrypted key":               strings.Join([]string{parts[0], "", parts[2], parts[3], parts[4]}, "."),
		"unsigned inside":                nested("eyJhbGciOiJub25lIn0.e30.", ours, nesting{alg: jose.RSA_OAEP_256}),
	} {
		if _, err := m.ask(object); err == nil || asError(err).Code != "invalid_request_object" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := m.ask(good); err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.Exec(t.Context(), `UPDATE encryption_keys SET kid = 'swapped'`); err != nil {
		t.Fatal(err)
	}
	h.restart()
	if _, err := m.ask(good); err == nil {
		t.Error("a row under another name opens objects")
	}
	body, _, err := h.JWKS(t.Context())
	if err != nil || strings.Contains(string(body), ours.KeyID) || !strings.Contains(string(body), curved.KeyID) {
		t.Errorf("without the RSA key there is no key set: %v", err)
	}
}

// The metadata says what is taken (RFC 9101 §10.5), and a client registers for it.
func TestTheMetadataSaysThatObjectsMayBeEncryptedByRSA(t *testing.T) {
	h := alone(t)
	var told metadata
	if text, err := json.Marshal(h.Discovery()); err != nil || json.Unmarshal(text, &told) != nil {
		t.Fatal(err)
	}
	if want := []string{"RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"}; !slices.Equal(told.RequestObjectKeyAlgs, want) {
		t.Errorf("%q", told.RequestObjectKeyAlgs)
	}
	m := h.objectMaker(func(c *Client) { c.RequestEncryptionAlg = "RSA-OAEP-256" })
	if _, err := m.ask(nested(m.signed(), h.ours(), nesting{})); err == nil {
		t.Error("an object on the curve is taken from a client of RSA")
	}
	if _, err := m.ask(nested(m.signed(), h.oursFor("RSA-OAEP-256"), nesting{alg: jose.RSA_OAEP_256, enc: jose.A128CBC_HS256})); err != nil {
		t.Error(err)
	}
}
