package keys_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"propusk/idp/keys"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// The attack: whoever has a key that was withdrawn gets an operator to import "the key
// of the old server", even long after the revocation list has forgotten it.
func TestAWithdrawnKeyIsNeverImported(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		n := open(t, db)
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		key, err := n.Import(t.Context(), keys.ES256, text)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Withdraw(t.Context(), key.ID); err != nil {
			t.Fatal(err)
		}
		for _, later := range []time.Duration{0, 400 * 24 * time.Hour} {
			n.clock.Advance(later)
			if _, err := n.Import(t.Context(), keys.ES256, text); !errors.Is(err, keys.ErrWithdrawn) {
				t.Errorf("%s later: %v", later, err)
			}
			if _, _, published := n.Public(key.ID); published {
				t.Errorf("%s later it is published again", later)
			}
		}
		if active(t, n.Ring, keys.ES256).ID == key.ID {
			t.Error("it signs")
		}
	})
}
