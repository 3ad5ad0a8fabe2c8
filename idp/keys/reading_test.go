package keys_test

import (
	"sync"
	"testing"

	"propusk/idp/keys"
	"propusk/storage/storagetest"
)

// A reading of the keys that began before a withdrawal and ends after it does not put
// the key back.
func TestAWithdrawnKeyDoesNotComeBackByAnEarlierReading(t *testing.T) {
	t.Parallel()
	n := open(t, storagetest.SQLite(t))
	over := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					_, _ = n.List(t.Context())
				}
			}
		})
	}
	defer readers.Wait()
	defer close(over)
	for range 15 {
		stolen := active(t, n.Ring, keys.EdDSA)
		if err := n.Withdraw(t.Context(), stolen.ID); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if _, _, published := n.Public(stolen.ID); published {
				t.Fatal("it is published again")
			}
			_, _ = n.List(t.Context())
		}
	}
}
