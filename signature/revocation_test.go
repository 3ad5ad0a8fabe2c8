package signature

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"propusk/signature/pki"
)

// revocationServer serves one list and one responder, both changeable.
type revocationServer struct {
	*httptest.Server
	mu       sync.Mutex
	list     []byte
	status   int
	answer   func(*ocsp.Request) []byte
	requests []*http.Request
}

func newRevocationServer(t *testing.T) *revocationServer {
	t.Helper()
	s := &revocationServer{status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *revocationServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	switch {
	case s.status != http.StatusOK:
		w.WriteHeader(s.status)
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body)
		question, err := ocsp.ParseRequest(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Write(s.answer(question))
	case r.Header.Get("If-None-Match") == tag(s.list):
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", tag(s.list))
		w.Write(s.list)
	}
}

func tag(list []byte) string { return fmt.Sprintf("\"%x\"", sha256.Sum256(list)) }

func (s *revocationServer) set(list []byte, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.status = list, status
}

func (s *revocationServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// clock is a time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// online is an authority whose lists are fetched.
type online struct {
	*testAuthority
	server *revocationServer
	clock  *clock
	store  *Store
	*Revocations
	issuer, person *pki.Certificate
}

func newOnline(t *testing.T, folder string) *online {
	t.Helper()
	o := &online{testAuthority: newAuthority(t), server: newRevocationServer(t), clock: &clock{now: noon}, store: NewStore()}
	o.issuer, o.person = parse(t, o.root.Raw), parse(t, o.leaf.Raw)
	if err := o.store.trust([]found{{o.issuer, "test"}}, new(Report)); err != nil {
		t.Fatal(err)
	}
	o.configure(t, func(a *Authority) { a.CRLs = []string{o.server.URL + "/list.crl"} })
	o.Revocations = o.manager(folder)
	o.server.set(o.list(t, 5, noon), http.StatusOK)
	return o
}

func (o *online) configure(t *testing.T, change func(*Authority)) {
	t.Helper()
	if err := o.store.Configure(o.issuer.Fingerprint(), change); err != nil {
		t.Fatal(err)
	}
}

func (o *online) manager(folder string) *Revocations {
	deps := RevocationDeps{Trust: o.store, Client: Fetcher(), Now: o.clock.Now}
	if folder != "" {
		deps.Keeper = Folder(folder)
	}
	return NewRevocations(deps)
}

// code is the code of what is known about the person.
func (o *online) code() Code {
	evidence, fault := o.Status(context.Background(), o.person, o.issuer, o.clock.Now())
	switch {
	case fault != nil:
		return fault.Code
	case evidence.Revoked:
		return CertificateRevoked
	}
	return OK
}

func TestListsAreFetchedAndRefreshed(t *testing.T) {
	t.Parallel()
	o := newOnline(t, "")
	if got := o.code(); got != CRLMissing {
		t.Errorf("before the first fetch: %s", got)
	}
	o.Refresh(t.Context())
	if got := o.code(); got != OK {
		t.Errorf("after it: %s", got)
	}
	f := o.Freshness()
	if len(f) != 1 || f[0].Number != "5" || f[0].Fault != "" || f[0].Stale(noon) || !f[0].Stale(noon.Add(25*time.Hour)) || f[0].Authority != "Root" {
		t.Errorf("freshness %+v", f)
	}
	o.Refresh(t.Context())
	if o.server.count() != 1 {
		t.Error("a list that is not due was asked for")
	}
	o.clock.Advance(time.Hour)
	o.Refresh(t.Context())
	if o.server.count() != 2 || o.server.requests[1].Header.Get("If-None-Match") == "" || o.code() != OK {
		t.Error("the second fetch is not conditional, or lost the list")
	}
	o.server.set(o.list(t, 6, o.clock.Now(), o.person.Serial), http.StatusOK)
	o.clock.Advance(time.Hour)
	o.Refresh(t.Context())
	if got := o.code(); got != CertificateRevoked {
		t.Errorf("after the revocation: %s", got)
	}
}

func TestLastGoodListIsKeptUntilItIsStale(t *testing.T) {
	t.Parallel()
	o := newOnline(t, "")
	o.Refresh(t.Context())
	o.server.set(nil, http.StatusInternalServerError)
	o.clock.Advance(time.Hour)
	o.Refresh(t.Context())
	if f := o.Freshness()[0]; f.Fault == "" || o.code() != OK {
		t.Errorf("after a failure: %+v %s", f, o.code())
	}
	before := o.server.count()
	o.Refresh(t.Context())
	if o.server.count() != before {
		t.Error("tried again at once")
	}
	o.clock.Advance(time.Minute)
	o.Refresh(t.Context())
	if o.server.count() != before+1 {
		t.Error("not tried again after a minute")
	}
	o.clock.Advance(24 * time.Hour)
	if got := o.code(); got != pki.CRLStale {
		t.Errorf("after its end: %s", got)
	}
}

// What a server or somebody on the way sends instead of the next list changes
// nothing, and the reason is told.
func TestHostileLists(t *testing.T) {
	t.Parallel()
	stranger := newAuthority(t) // has the same names and other keys
	for name, c := range map[string]struct {
		list func(*online) []byte
		want string
	}{
		"of a stranger":  {func(*online) []byte { return stranger.list(t, 9, noon.Add(time.Hour)) }, string(pki.CRLForged)},
		"older number":   {func(o *online) []byte { return o.list(t, 4, noon.Add(time.Hour)) }, string(CRLRollback)},
		"older time":     {func(o *online) []byte { return o.list(t, 6, noon.Add(-time.Hour)) }, string(CRLRollback)},
		"already stale":  {func(o *online) []byte { return o.list(t, 6, noon.Add(-48*time.Hour)) }, string(pki.CRLStale)},
		"garbage":        {func(*online) []byte { return []byte("<html>") }, string(pki.CRLMalformed)},
		"a redirect":     {nil, "redirect"},
		"larger than is": {func(*online) []byte { return make([]byte, 1<<20) }, string(pki.CRLMalformed)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOnline(t, "")
			o.Refresh(t.Context())
			if c.list == nil {
				elsewhere := httptest.NewServer(http.NotFoundHandler())
				defer elsewhere.Close()
				o.server.Config.Handler = http.RedirectHandler(elsewhere.URL, http.StatusFound)
			} else {
				o.server.set(c.list(o), http.StatusOK)
			}
			o.clock.Advance(time.Hour)
			o.Refresh(t.Context())
			if f := o.Freshness()[0]; !strings.Contains(f.Fault, c.want) || f.Number != "5" {
				t.Errorf("freshness %+v", f)
			}
			if got := o.code(); got != OK {
				t.Errorf("the last good list is lost: %s", got)
			}
			// Nor does "not changed" turn a refused list into a good one.
			o.clock.Advance(time.Minute)
			o.Refresh(t.Context())
			if f := o.Freshness()[0]; f.Fault == "" {
				t.Error("the second time it is no fault any more")
			}
		})
	}
}

// Lists survive a restart, and the folder is trusted no more than the network.
func TestListsAreKeptInAFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	o := newOnline(t, folder)
	o.Refresh(t.Context())
	o.server.set(nil, http.StatusServiceUnavailable)
	again := o.manager(folder)
	ctx, cancel := context.WithCancel(t.Context())
	again.Start(ctx)
	cancel()
	o.Revocations = again
	if got := o.code(); got != OK {
		t.Errorf("after a restart: %s", got)
	}
	kept, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	forged := Kept{Address: o.server.URL + "/list.crl", List: newAuthority(t).list(t, 9, noon)}
	if err := Folder(folder).Keep(ctx, forged); err != nil {
		t.Fatal(err)
	}
	o.Revocations = o.manager(folder)
	o.Restore(t.Context())
	if got := o.code(); got != CRLMissing {
		t.Errorf("a stranger's list in the folder: %s", got)
	}
}

func TestWhichListCounts(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	issuer, person := parse(t, a.root.Raw), parse(t, a.leaf.Raw)
	stranger := newAuthority(t)
	type given struct {
		number int64
		made   time.Time
		serial *big.Int
		by     *testAuthority
	}
	for name, c := range map[string]struct {
		lists []given
		at    time.Time
		want  Code
	}{
		"none":                            {nil, noon, CRLMissing},
		"a stranger's alone":              {[]given{{1, noon, nil, stranger}}, noon, pki.CRLForged},
		"a stranger's beside the right":   {[]given{{9, noon, person.Serial, stranger}, {1, noon, nil, a}}, noon, OK},
		"stale":                           {[]given{{1, noon.Add(-48 * time.Hour), nil, a}}, noon, pki.CRLStale},
		"the newer number":                {[]given{{2, noon, person.Serial, a}, {1, noon, nil, a}}, noon.Add(time.Minute), CertificateRevoked},
		"the later one":                   {[]given{{9, noon.Add(-time.Hour), person.Serial, a}, {10, noon, nil, a}}, noon, OK},
		"a later one for an earlier time": {[]given{{2, noon, person.Serial, a}}, noon.Add(-time.Minute), CertificateRevoked},
		"revoked after that time":         {[]given{{2, noon, person.Serial, a}}, noon.Add(-2 * time.Hour), OK},
		"from the future":                 {[]given{{2, noon.Add(time.Hour), nil, a}}, noon, pki.CRLNotYetValid},
	} {
		revocations := NewRevocations(RevocationDeps{Now: atNoon})
		for _, g := range c.lists {
			var serials []*big.Int
			if g.serial != nil {
				serials = append(serials, g.serial)
			}
			list, fault := pki.ParseCRL(g.by.list(t, g.number, g.made, serials...))
			if fault != nil {
				t.Fatal(fault)
			}
			revocations.Add(list)
			revocations.Add(list)
		}
		evidence, fault := revocations.Status(t.Context(), person, issuer, c.at)
		got := OK
		if fault != nil {
			got = fault.Code
		} else if evidence.Revoked {
			got = CertificateRevoked
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// Without a fresh list the responders of the authority are asked, and only those.
func TestRespondersAreAskedWhenNoListIsFresh(t *testing.T) {
	t.Parallel()
	o := newOnline(t, "")
	o.configure(t, func(a *Authority) { a.CRLs, a.OCSP, a.OCSPNonceOptional = nil, []string{o.server.URL}, true })
	template := ocsp.Response{Status: ocsp.Good, ThisUpdate: noon.Add(-time.Minute), NextUpdate: noon.Add(time.Hour)}
	o.server.answer = func(question *ocsp.Request) []byte {
		response := template
		response.SerialNumber = question.SerialNumber
		der, err := ocsp.CreateResponse(o.root, o.root, response, o.rootKey)
		if err != nil {
			return nil
		}
		return der
	}
	if got := o.code(); got != OK {
		t.Errorf("good: %s", got)
	}
	template.Status, template.RevokedAt = ocsp.Revoked, noon.Add(-time.Hour)
	if got := o.code(); got != CertificateRevoked {
		t.Errorf("revoked: %s", got)
	}
	if evidence, fault := o.Status(t.Context(), o.person, o.issuer, noon.Add(-2*time.Hour)); fault != nil || evidence.Revoked {
		t.Errorf("revoked later than the time asked about: %+v %v", evidence, fault)
	}
	template.Status = ocsp.Unknown
	if got := o.code(); got != OCSPUnknown {
		t.Errorf("unknown: %s", got)
	}
	template.Status = ocsp.Good
	o.configure(t, func(a *Authority) { a.OCSPNonceOptional = false })
	if got := o.code(); got != pki.OCSPNonce {
		t.Errorf("no nonce: %s", got)
	}
	o.server.set(nil, http.StatusBadGateway)
	if got := o.code(); got != OCSPUnavailable {
		t.Errorf("down: %s", got)
	}
	o.configure(t, func(a *Authority) { a.OCSP = nil })
	asked := o.server.count()
	if got := o.code(); got != CRLMissing || o.server.count() != asked {
		t.Errorf("no responder configured: %s", got)
	}
}

// Failing open is a named decision for one authority, until a time, for missing
// data alone, and each use is written down first.
func TestFailOpenIsANamedDecision(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	var uses []FailOpenUse
	var refuse error
	empty := func(d *Deps) {
		d.Revocations = NewRevocations(RevocationDeps{Trust: d.Trust, Now: atNoon})
		d.OnFailOpen = func(_ context.Context, use FailOpenUse) error { uses = append(uses, use); return refuse }
	}
	verifier := a.verifier(t, empty)
	id := parse(t, a.root.Raw).Fingerprint()
	decide := func(decision *FailOpen) {
		if err := verifier.deps.Trust.Configure(id, func(a *Authority) { a.DangerouslyFailOpen = decision }); err != nil {
			t.Fatal(err)
		}
	}
	judge := func() Verdict { return certificateOf(t, verifier, a.leaf, noon) }
	if v := judge(); v.Code != CRLMissing {
		t.Errorf("without a decision: %s", v.Code)
	}
	decision := &FailOpen{By: "Петров", Reason: "авария у УЦ", Until: noon.Add(time.Hour)}
	decide(decision)
	v := judge()
	if check := v.Check(CheckRevocation); !v.Accepted || check.Status != Warned || check.Code != RevocationFailedOpen || !strings.Contains(check.Detail, "Петров") {
		t.Errorf("with a decision: %+v", v)
	}
	if len(uses) != 1 || uses[0].Authority != id || uses[0].Missing != CRLMissing || uses[0].Certificate != parse(t, a.leaf.Raw).Fingerprint() {
		t.Errorf("uses %+v", uses)
	}
	refuse = errors.New("the journal is down")
	if v := judge(); v.Code != CRLMissing {
		t.Errorf("when it cannot be written down: %s", v.Code)
	}
	refuse = nil
	decide(&FailOpen{By: "Петров", Until: noon})
	if v := judge(); v.Code != CRLMissing {
		t.Errorf("after its end: %s", v.Code)
	}
	decide(decision)
	forged, fault := pki.ParseCRL(newAuthority(t).list(t, 1, noon))
	if fault != nil {
		t.Fatal(fault)
	}
	verifier.deps.Revocations.Add(forged)
	if v := judge(); v.Code != pki.CRLForged {
		t.Errorf("a forged list is excused: %s", v.Code)
	}
	verifier.deps.OnFailOpen = nil
	verifier.deps.Revocations = NewRevocations(RevocationDeps{Now: atNoon})
	if v := judge(); v.Code != CRLMissing {
		t.Errorf("with nobody to write it down: %s", v.Code)
	}
}

// The record of an operator's own root stands for the authorities below it: their
// lists are fetched from its addresses and must be theirs.
func TestListsOfAHierarchy(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	lists := map[string]string{"/int.crl": "gost512/int.crl", "/root.crl": "gost512/root.crl", "/other.crl": "ecp256/int.crl"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(f.read(t, lists[r.URL.Path]))
	}))
	defer server.Close()
	store := NewStore()
	if _, err := store.ImportPath(filepath.Join(f.dir, "gost512")); err != nil {
		t.Fatal(err)
	}
	id := f.certificate(t, "gost512/root/ca.cer").Fingerprint()
	if err := store.Configure(id, func(a *Authority) {
		a.CRLs = []string{server.URL + "/int.crl", server.URL + "/root.crl", server.URL + "/other.crl"}
	}); err != nil {
		t.Fatal(err)
	}
	revocations := NewRevocations(RevocationDeps{Trust: store, Client: Fetcher(), Keeper: Folder(t.TempDir()), Now: f.now})
	revocations.Refresh(t.Context())
	for _, fresh := range revocations.Freshness() {
		if other := strings.HasSuffix(fresh.Address, "other.crl"); other != strings.Contains(fresh.Fault, string(pki.CRLForged)) {
			t.Errorf("%+v", fresh)
		}
	}
	verifier, err := NewLocal(Deps{Trust: store, Revocations: revocations, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Code{"gost512/cms/person.p7s": OK, "gost512/cms/revoked.p7s": CertificateRevoked} {
		if got := f.judgeSignature(t, verifier, f.read(t, name)); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
