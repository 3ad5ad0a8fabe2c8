package cabinet

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// probe is a cabinet of one route that does nothing, over a database that can be
// taken away: whatever it still answers, it answers without the database.
type probe struct {
	*world
	closeDB func()
	route   *api.Route
	o       *office
	m       directory.MemberView
}

func newProbe(t testing.TB, route api.Route, options ...worldOption) *probe {
	t.Helper()
	db, err := storage.Open(context.Background(), storagetest.SQLiteURL(t))
	must(t, err)
	closeDB := sync.OnceFunc(db.Close)
	t.Cleanup(closeDB)
	w := newWorld(t, db, options...)
	route.Method, route.Path = "GET", "/v1/probe"
	route.Handle = func(c api.Call) error { return api.NoContent(c) }
	w.server.routes = []api.Route{route}
	w.server.echo = w.server.router()
	o := &office{Organisation: directory.Organisation{ID: storage.NewID(), Name: "ООО «Проба»"}}
	m := directory.MemberView{
		Member: directory.Member{ID: storage.NewID(), Role: directory.Accountant, Version: 3},
		Person: directory.Person{ID: storage.NewID()},
	}
	return &probe{w, closeDB, &w.server.routes[0], o, m}
}

func (p *probe) get(headers ...string) reply {
	p.t.Helper()
	recorder := httptest.NewRecorder()
	p.server.ServeHTTP(recorder, request("GET", "/v1/probe", "", "", headers...))
	return reply{recorder.Result(), recorder.Body.String()}
}

func (p *probe) with(token string) reply {
	p.t.Helper()
	return p.get("Authorization", "Bearer "+token)
}

// claims are good ones for the probe.
func (p *probe) good() map[string]any { return p.claims(p.o, p.m) }

// decisions reads the guard's counter.
func (p *probe) decisions(reason string) float64 {
	return testutil.ToFloat64(p.server.metrics.decisions.WithLabelValues(reason))
}

var organisationRoute = api.Route{Access: api.OrganisationToken, Scope: "members:read", Permission: directory.MembersRead}

func TestGuardAdmitsAGenuineToken(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	token := sign(t, p.good())
	for range 2 { // verified, then remembered
		if got := p.with(token); got.StatusCode != http.StatusNoContent {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
	}
	if got := p.get("Authorization", "bEaReR "+token); got.StatusCode != http.StatusNoContent {
		t.Errorf("the scheme's case matters (RFC 9110 §11.1 says not): %d", got.StatusCode)
	}
	if got := p.with(sign(t, but(p.good(), map[string]any{"aud": testAudience}))); got.StatusCode != http.StatusNoContent {
		t.Errorf("aud as one string is refused: %s", got.body)
	}
	if got := p.decisions("admitted"); got != 4 {
		t.Errorf("%v admitted", got)
	}
}

// TestGuardAcceptsEachAlgorithmOfTheIssuer with keys of its key set.
func TestGuardAcceptsEachAlgorithmOfTheIssuer(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	keys := []struct {
		alg jose.SignatureAlgorithm
		key any
		pub any
	}{
		{jose.ES256, issuerKey(), issuerKey().Public()}, {jose.RS256, rsaKey, rsaKey.Public()},
		{jose.PS256, rsaKey, rsaKey.Public()}, {jose.EdDSA, edKey, edKey.Public()},
	}
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.pub, KeyID: string(k.alg), Algorithm: string(k.alg), Use: "sig"})
	}
	jwks := serveKeys(t, func() any { return set })
	p := newProbe(t, organisationRoute, func(d *Deps) { d.Keys = jwks.Key })
	for _, k := range keys {
		header := map[jose.HeaderKey]any{"typ": "at+jwt", "kid": string(k.alg)}
		token := signAs(t, k.alg, k.key, header, p.good())
		for range 2 {
			if got := p.with(token); got.StatusCode != http.StatusNoContent {
				t.Errorf("%s: %d: %s", k.alg, got.StatusCode, got.body)
			}
		}
	}
	// RFC 8725 §3.1: a key serves the one algorithm it is published for.
	for _, swapped := range [][2]jose.SignatureAlgorithm{{jose.PS256, jose.RS256}, {jose.RS256, jose.PS256}} {
		token := signAs(t, swapped[0], rsaKey, map[jose.HeaderKey]any{"typ": "at+jwt", "kid": string(swapped[1])}, p.good())
		p.refused(t, token, 401, "token_invalid", "algorithm_refused")
	}
}

// refused expects one refusal, and that the metrics name its reason.
func (p *probe) refused(t *testing.T, token string, status int, code, reason string) reply {
	t.Helper()
	before := p.decisions(reason)
	got := p.with(token)
	if got.StatusCode != status || got.problem(t).Code != code {
		t.Errorf("answered %d: %s, want %d %s", got.StatusCode, got.body, status, code)
	}
	if p.decisions(reason) != before+1 {
		t.Errorf("not counted as %s: %s", reason, got.Header.Get("WWW-Authenticate"))
	}
	if got.Header.Get("Cache-Control") != "no-store" {
		t.Error("a refusal may be stored")
	}
	return got
}

func TestGuardToleratesASmallSkewOfTheIssuersClock(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	ahead := p.clock.Now().Add(api.ClockSkew).Unix()
	if got := p.with(sign(t, but(p.good(), map[string]any{"iat": ahead, "nbf": ahead}))); got.StatusCode != http.StatusNoContent {
		t.Errorf("%d: %s", got.StatusCode, got.body)
	}
}

// TestGuardSeesARememberedTokenExpire: what was verified once still ends in time.
func TestGuardSeesARememberedTokenExpire(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	token := sign(t, p.good())
	if got := p.with(token); got.StatusCode != http.StatusNoContent {
		t.Fatal(got.body)
	}
	p.clock.Advance(10*time.Minute - time.Second)
	if got := p.with(token); got.StatusCode != http.StatusNoContent {
		t.Errorf("refused before its end: %s", got.body)
	}
	p.clock.Advance(time.Second)
	p.refused(t, token, 401, "token_expired", "token_expired")
}

// TestGuardForgetsTokensOfAWithdrawnKey: a compromised key is taken out of the key
// set, and with it every token it signed, also the remembered ones.
func TestGuardForgetsTokensOfAWithdrawnKey(t *testing.T) {
	t.Parallel()
	keys := map[string]crypto.PublicKey{"k1": issuerKey().Public()}
	failing := false
	p := newProbe(t, organisationRoute, func(d *Deps) {
		d.Keys = func(_ context.Context, kid string) (crypto.PublicKey, string, error) {
			if failing {
				return nil, "", errors.New("the issuer is away")
			}
			if key, ok := keys[kid]; ok {
				return key, "ES256", nil
			}
			return nil, "", ErrUnknownKey
		}
	})
	token := sign(t, p.good())
	if got := p.with(token); got.StatusCode != http.StatusNoContent {
		t.Fatal(got.body)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	keys["k1"] = other.Public()
	p.refused(t, token, 401, "token_invalid", "key_unknown")
	delete(keys, "k1")
	p.refused(t, token, 401, "token_invalid", "key_unknown")
	failing = true
	away := p.refused(t, token, 503, "keys_unavailable", "keys_unavailable")
	if away.Header.Get("Retry-After") != "5" || strings.Contains(away.body, "issuer is away") {
		t.Errorf("Retry-After %q: %s", away.Header.Get("Retry-After"), away.body)
	}
	p.refused(t, sign(t, p.good()), 503, "keys_unavailable", "keys_unavailable")
}

func TestGuardReadsTheTokenFromTheHeaderAlone(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	token := sign(t, p.good())

	missing := p.get()
	if missing.StatusCode != 401 || missing.problem(t).Code != "token_missing" {
		t.Errorf("%d: %s", missing.StatusCode, missing.body)
	}
	// RFC 6750 §3.1: no error code for a request without a token.
	if got := missing.Header.Get("WWW-Authenticate"); got != `Bearer realm="propusk"` {
		t.Errorf("challenge %q", got)
	}
	for name, test := range map[string]struct {
		query   string
		headers []string
		status  int
		code    string
	}{
		"in the query (RFC 6750 §2.3)": {"?access_token=" + token, nil, 400, "token_in_query"},
		"in both":                      {"?x=1&access_token=" + token, []string{"Authorization", "Bearer " + token}, 400, "token_in_query"},
		"in a query of another case":   {"?Access_Token=x", []string{"Authorization", "Bearer " + token}, 400, "token_in_query"},
		"in a query after a semicolon": {"?a;access_token=x", []string{"Authorization", "Bearer " + token}, 400, "token_in_query"},
		"in an escaped query name":     {"?access%5Ftoken=x", []string{"Authorization", "Bearer " + token}, 400, "token_in_query"},
		"Basic":                        {"", []string{"Authorization", "Basic " + token}, 401, "token_missing"},
		"DPoP":                         {"", []string{"Authorization", "DPoP " + token}, 401, "token_invalid"},
		"no scheme":                    {"", []string{"Authorization", token}, 401, "token_missing"},
		"empty":                        {"", []string{"Authorization", ""}, 401, "token_missing"},
		"no token":                     {"", []string{"Authorization", "Bearer "}, 401, "token_invalid"},
		"two tokens in one header":     {"", []string{"Authorization", "Bearer " + token + ", Bearer " + token}, 401, "token_invalid"},
		"a space inside":               {"", []string{"Authorization", "Bearer " + token[:20] + " " + token[20:]}, 401, "token_invalid"},
		"oversized":                    {"", []string{"Authorization", "Bearer " + strings.Repeat("A", 9000)}, 431, "authorization_too_long"},
		"in a cookie":                  {"", []string{"Cookie", "access_token=" + token}, 401, "token_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			p.server.ServeHTTP(recorder, request("GET", "/v1/probe"+test.query, "", "", test.headers...))
			got := reply{recorder.Result(), recorder.Body.String()}
			if got.StatusCode != test.status || got.problem(t).Code != test.code {
				t.Errorf("answered %d: %s", got.StatusCode, got.body)
			}
			if strings.Contains(got.body, token) || strings.Contains(got.Header.Get("WWW-Authenticate"), token) {
				t.Error("the answer repeats the token")
			}
		})
	}
	r := request("GET", "/v1/probe", token, "")
	r.Header.Add("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	p.server.ServeHTTP(recorder, r)
	if recorder.Code != 400 || !strings.Contains(recorder.Body.String(), "authorization_duplicate") {
		t.Errorf("two Authorization headers: %d: %s", recorder.Code, recorder.Body)
	}
	if got := recorder.Header().Get("WWW-Authenticate"); !strings.Contains(got, `error="invalid_request"`) {
		t.Errorf("challenge %q", got)
	}
}

func TestGuardHoldsToTheRoutesPolicy(t *testing.T) {
	t.Parallel()
	strong := api.Route{Access: api.OrganisationToken, Scope: "filings:sign", Permission: directory.FilingsSign, ACR: "urn:propusk:qualified"}
	for name, test := range map[string]struct {
		route     api.Route
		claims    func(p *probe) map[string]any
		status    int
		code      string
		challenge string
	}{
		"missing scope": {organisationRoute, func(p *probe) map[string]any { return but(p.good(), map[string]any{"scope": "openid members:write"}) },
			403, "scope_missing", `error="insufficient_scope", error_description="the token lacks a scope", scope="members:read"`},
		"a scope that only begins so": {organisationRoute, func(p *probe) map[string]any {
			return but(p.good(), map[string]any{"scope": "members:readonly xmembers:read"})
		},
			403, "scope_missing", `error="insufficient_scope"`},
		"missing permission": {organisationRoute, func(p *probe) map[string]any {
			return but(p.good(), map[string]any{"permissions": []string{"journal:read"}})
		},
			403, "permission_missing", ""},
		"no organisation": {organisationRoute, func(p *probe) map[string]any {
			return but(p.good(), map[string]any{"org": nil, "roles": nil, "permissions": nil, "mv": nil})
		}, 403, "organization_required", `error="insufficient_scope"`},
		"two factors where a certificate is due (RFC 9470 §3)": {strong, (*probe).good,
			401, "assurance_insufficient", `Bearer realm="propusk", error="insufficient_user_authentication", error_description="a stronger sign-in is required", acr_values="urn:propusk:qualified"`},
		"an unknown level": {strong, func(p *probe) map[string]any { return but(p.good(), map[string]any{"acr": "urn:propusk:9"}) },
			401, "assurance_insufficient", `acr_values="urn:propusk:qualified"`},
		"no level": {strong, func(p *probe) map[string]any { return but(p.good(), map[string]any{"acr": nil}) },
			401, "assurance_insufficient", `acr_values="urn:propusk:qualified"`},
		"a client where a person is due": {api.Route{Access: api.PersonToken, Scope: "openid"}, func(p *probe) map[string]any { return p.service(p.o, "openid") },
			403, "person_required", ""},
		"a sufficient level": {strong, func(p *probe) map[string]any { return but(p.good(), map[string]any{"acr": "urn:propusk:qualified"}) }, 204, "", ""},
		"a client is bound by its permissions, not by a level": {strong, func(p *probe) map[string]any { return p.service(p.o, "filings:sign") }, 204, "", ""},
		"any token, no organisation": {api.Route{Access: api.AnyToken}, func(p *probe) map[string]any {
			return but(p.good(), map[string]any{"org": nil, "roles": nil, "permissions": nil, "mv": nil, "scope": nil})
		}, 204, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProbe(t, test.route)
			got := p.with(sign(t, test.claims(p)))
			if got.StatusCode != test.status {
				t.Fatalf("answered %d: %s", got.StatusCode, got.body)
			}
			if test.code != "" && got.problem(t).Code != test.code {
				t.Errorf("code %s, want %s", got.problem(t).Code, test.code)
			}
			challenge := got.Header.Get("WWW-Authenticate")
			if test.challenge == "" && challenge != "" || !strings.Contains(challenge, test.challenge) {
				t.Errorf("challenge %q, want %q", challenge, test.challenge)
			}
		})
	}
}

// TestGuardRefusesRevokedTokensOfEachKind, with no database behind it: the list in
// memory is enough.
func TestGuardRefusesRevokedTokensOfEachKind(t *testing.T) {
	t.Parallel()
	for kind, key := range map[revocation.Kind]func(p *probe, claims map[string]any) revocation.Entry{
		revocation.KindToken:        func(_ *probe, c map[string]any) revocation.Entry { return revocation.Entry{Key: c["jti"].(string)} },
		revocation.KindGrant:        func(_ *probe, c map[string]any) revocation.Entry { return revocation.Entry{Key: c["gid"].(string)} },
		revocation.KindSession:      func(_ *probe, c map[string]any) revocation.Entry { return revocation.Entry{Key: c["sid"].(string)} },
		revocation.KindPerson:       func(p *probe, _ map[string]any) revocation.Entry { return revocation.Entry{Key: p.m.Person.ID} },
		revocation.KindClient:       func(*probe, map[string]any) revocation.Entry { return revocation.Entry{Key: testClient} },
		revocation.KindSigningKey:   func(*probe, map[string]any) revocation.Entry { return revocation.Entry{Key: "k1"} },
		revocation.KindOrganisation: func(p *probe, _ map[string]any) revocation.Entry { return revocation.Entry{Key: p.o.ID} },
		revocation.KindMember: func(p *probe, _ map[string]any) revocation.Entry {
			return revocation.Entry{Key: revocation.Member(p.m.Person.ID, p.o.ID), Below: p.m.Member.Version + 1}
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			p := newProbe(t, organisationRoute)
			claims := p.good()
			token := sign(t, claims)
			if got := p.with(token); got.StatusCode != http.StatusNoContent {
				t.Fatal(got.body)
			}
			entry := key(p, claims)
			entry.Kind = kind
			must(t, p.revoke.Revoke(context.Background(), entry))
			p.eventuallyRevoked(token)
			p.closeDB()
			got := p.refused(t, token, 401, "token_revoked", "token_revoked")
			if !strings.Contains(got.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("challenge %q", got.Header.Get("WWW-Authenticate"))
			}
			if kind != revocation.KindMember {
				return
			}
			newer := sign(t, but(claims, map[string]any{"mv": p.m.Member.Version + 1}))
			if got := p.with(newer); got.StatusCode != http.StatusNoContent {
				t.Errorf("the token of after the change is refused: %s", got.body)
			}
		})
	}
}

// eventuallyRevoked waits for the event to reach the list. How soon it does between
// nodes is measured in e2e.
func (w *world) eventuallyRevoked(token string) {
	w.t.Helper()
	asked := w.server.routes[0].Path
	for _, route := range w.server.routes {
		if route.Method == http.MethodGet && !strings.Contains(route.Path, "{") && route.Access != api.Public {
			asked = route.Path
		}
	}
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		recorder := httptest.NewRecorder()
		w.server.ServeHTTP(recorder, request("GET", asked, token, ""))
		if strings.Contains(recorder.Body.String(), "token_revoked") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	w.t.Fatal("the token is still accepted")
}

// TestGuardedRequestReadsNoDatabase: with the database closed a token seen before
// and one never seen are decided alike.
func TestGuardedRequestReadsNoDatabase(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	seen := sign(t, p.good())
	if got := p.with(seen); got.StatusCode != http.StatusNoContent {
		t.Fatal(got.body)
	}
	p.closeDB()
	if got := p.with(seen); got.StatusCode != http.StatusNoContent {
		t.Errorf("a seen token needs the database: %s", got.body)
	}
	if got := p.with(sign(t, p.good())); got.StatusCode != http.StatusNoContent {
		t.Errorf("a new token needs the database: %s", got.body)
	}
	p.refused(t, sign(t, but(p.good(), map[string]any{"scope": ""})), 403, "scope_missing", "scope_missing")
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := New(Deps{})
	if err == nil || !strings.HasPrefix(err.Error(), "cabinet: ") || !strings.HasSuffix(err.Error(), " is required") {
		t.Errorf("error %v", err)
	}
}

func TestMetricsCannotBeRegisteredTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	if _, err := New(w.server.Deps); err == nil {
		t.Error("a second server took the same names in the same registry")
	}
	deps := w.server.Deps
	deps.Metrics = nil
	_, err := New(deps)
	must(t, err)
}

func BenchmarkGuardSeenToken(b *testing.B) {
	p, _ := newBenchmark(b)
	p.benchmark(b, func() {})
}

// BenchmarkGuardNewToken forgets the token before each request: the cost of a
// signature's verification and of reading the claims.
func BenchmarkGuardNewToken(b *testing.B) {
	p, token := newBenchmark(b)
	digest := digestOf(token)
	p.benchmark(b, func() { p.server.guard.seen.Invalidate(digest) })
}

type benchmark struct {
	*probe
	request *http.Request
}

func newBenchmark(b *testing.B) (benchmark, string) {
	p := newProbe(b, organisationRoute, func(d *Deps) { d.Limits = Limits{PerClient: 1 << 40, PerOrganisation: 1 << 40} })
	token := sign(b, p.good())
	return benchmark{p, request("GET", "/v1/probe", token, "")}, token
}

// benchmark does what the guard does for every request, limits and metrics included.
func (p benchmark) benchmark(b *testing.B, before func()) {
	header := http.Header{}
	b.ReportAllocs()
	for b.Loop() {
		before()
		clear(header)
		_, err := p.server.admit(p.route, p.request, header)
		p.server.metrics.decision(err)
		if err != nil {
			b.Fatal(err)
		}
	}
}
