package signature

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

// A responder that does not answer keeps the checks that wait for it, and no others:
// their turns are free meanwhile.
func TestASlowResponderHoldsNobodyElseUp(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	asked, answer := make(chan struct{}, 4), make(chan struct{})
	responder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-answer
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(responder.Close)
	store := NewStore()
	if _, err := store.ImportPath(filepath.Join(f.dir, "gost512/root/ca.cer"), filepath.Join(f.dir, "gost512/int/ca.cer")); err != nil {
		t.Fatal(err)
	}
	if err := store.Configure(f.certificate(t, "gost512/root/ca.cer").Fingerprint(), func(a *Authority) { a.OCSP = []string{responder.URL} }); err != nil {
		t.Fatal(err)
	}
	verifier, err := NewLocal(Deps{
		Trust: store, Revocations: NewRevocations(RevocationDeps{Trust: store, Client: Fetcher(), Now: f.now}),
		Concurrency: 1, MaxWait: 10 * time.Second, Now: f.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	judge := func(name string) Code {
		v, err := verifier.Verify(t.Context(), Request{Signature: f.read(t, name), Content: f.read(t, "challenge.bin")})
		if err != nil {
			t.Error(err)
		}
		return v.Code
	}
	waiting := make(chan Code)
	go func() { waiting <- judge("gost512/cms/person.p7s") }()
	<-asked
	if got := judge("gost512/cms/other-content.p7s"); got != DigestMismatch {
		t.Errorf("beside one that waits: %s", got)
	}
	close(answer)
	if got := <-waiting; got != OCSPUnavailable {
		t.Errorf("the one that waited: %s", got)
	}
	if len(verifier.turns) != 0 {
		t.Errorf("%d turns were not given back", len(verifier.turns))
	}
}
