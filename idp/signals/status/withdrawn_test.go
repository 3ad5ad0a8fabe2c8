package status_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"propusk/idp/signals/status"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// named signs nothing: its tokens say which key they would be of.
type named struct{ kid string }

func (n *named) Sign(_, typ string, payload []byte) (string, error) {
	text := base64.RawURLEncoding.EncodeToString
	return text([]byte(`{"alg":"ES256","typ":"`+typ+`","kid":"`+n.kid+`"}`)) + "." + text(payload) + ".c2ln", nil
}

// The attack: with a stolen signing key somebody makes a list that revokes nothing.
// The list of the withdrawn key is not served again, though no bit in it has changed
// and its minute is not over; where this node has no other key yet, none is.
func TestAListOfAWithdrawnKeyIsSignedAnewAtOnce(t *testing.T) {
	t.Parallel()
	db, clock := storagetest.SQLite(t), storagetest.NewClock()
	deps := revocation.Deps{DB: db, Events: storagetest.Memory(t, clock.Now), Now: clock.Now, Lifetime: 10 * time.Minute}
	log, list, signer := revocation.New(deps), revocation.NewList(deps), &named{"stolen"}
	log.Tell(list)
	if err := list.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	lists, err := status.New(status.Deps{DB: db, Revoked: list, Keys: signer, Issuer: "https://id.example", Now: clock.Now, Lifetime: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	place, err := lists.Place(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		lists.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, strings.TrimPrefix(place.List, "https://id.example"), nil))
		header, _, _ := strings.Cut(w.Body.String(), ".")
		raw, _ := base64.RawURLEncoding.DecodeString(header)
		return w.Code, string(raw)
	}
	if code, header := ask(); code != http.StatusOK || !strings.Contains(header, "stolen") {
		t.Fatalf("%d %s", code, header)
	}
	if err := log.Revoke(t.Context(), revocation.Entry{Kind: revocation.KindSigningKey, Key: "stolen"}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(status.Fresh)
	if code, _ := ask(); code != http.StatusServiceUnavailable {
		t.Errorf("without another key: %d, want 503", code)
	}
	signer.kid = "fresh"
	if code, header := ask(); code != http.StatusOK || !strings.Contains(header, "fresh") {
		t.Errorf("with another key: %d %s", code, header)
	}
}
