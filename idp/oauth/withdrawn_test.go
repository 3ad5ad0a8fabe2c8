package oauth

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"propusk/idp/keys"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// A signing key that was withdrawn at another node is in the revocation list before
// this node has read the keys again: what it signed is refused here, too, within the
// time of a revocation, and by every endpoint.
func TestWhatAWithdrawnKeySignedIsRefusedBeforeTheKeysAreReadAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	c := h.register(Client{Kind: Service, GrantTypes: []string{GrantClientCredentials}, Scope: "ssf.read"})
	token := h.own(c)
	hint := h.signedIn(h.web(), nil).text("id_token")
	if _, err := h.verifyIDTokenHint(hint); err != nil || !h.active(c, token) {
		t.Fatalf("refused before: %v", err)
	}
	key, err := ring.Signing(keys.Default)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.deps.Revocations.Revoke(t.Context(), revocation.Entry{Kind: revocation.KindSigningKey, Key: key.ID}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); !h.deps.Revoked.Revoked(revocation.Token{SigningKey: key.ID}); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the list does not learn of it")
		}
	}
	if _, _, published := ring.Public(key.ID); !published {
		t.Fatal("the key is gone from the set: this shows nothing")
	}
	if h.active(c, token) {
		t.Error("introspection calls it active")
	}
	r := httptest.NewRequest(http.MethodGet, issuer+"/ssf/streams", nil).WithContext(t.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	if _, _, ok := h.Receiver(httptest.NewRecorder(), r, "ssf.read"); ok {
		t.Error("it opens the streams of a receiver")
	}
	if _, err := h.verifyIDTokenHint(hint); err == nil {
		t.Error("an ID token of it is taken for a hint")
	}
}
