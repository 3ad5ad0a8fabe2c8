package cabinet

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/prometheus/client_golang/prometheus/testutil"

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
	route   *Route
	o       *office
	m       directory.MemberView
}

func newProbe(t testing.TB, route Route, options ...worldOption) *probe {
	t.Helper()
	db, err := storage.Open(context.Background(), "sqlite://"+t.TempDir()+"/probe.db")
	must(t, err)
	closeDB := sync.OnceFunc(db.Close)
	t.Cleanup(closeDB)
	must(t, db.Migrate(context.Background()))
	w := newWorld(t, db, options...)
	route.Method, route.Path = "GET", "/v1/probe"
	route.handle = func(_ *Server, c call) error { return noContent(c) }
	w.server.routes = []Route{route}
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

var organisationRoute = Route{Access: OrganisationToken, Scope: "members:read", Permission: directory.MembersRead}

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

func TestGuardRefusesForgedTokens(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	good := p.good()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	header := map[jose.HeaderKey]any{"typ": "at+jwt", "kid": "k1"}
	with := func(name jose.HeaderKey, value any) map[jose.HeaderKey]any {
		changed := map[jose.HeaderKey]any{"typ": "at+jwt", "kid": "k1"}
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
		return changed
	}
	der, err := x509.MarshalPKIXPublicKey(issuerKey().Public())
	must(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	valid := signAs(t, jose.ES256, issuerKey(), header, good)
	parts := strings.Split(valid, ".")
	raw := func(header, payload, signature string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + payload + "." + signature
	}
	embedded := jose.JSONWebKey{Key: other.Public(), KeyID: "k1"}
	embeddedJSON, err := embedded.MarshalJSON()
	must(t, err)

	for name, attack := range map[string]struct{ token, reason string }{
		"alg none (RFC 8725 §2.1)":                  {raw(`{"alg":"none","typ":"at+jwt","kid":"k1"}`, parts[1], "AA"), "algorithm_refused"},
		"alg None, unsigned":                        {raw(`{"alg":"None","typ":"at+jwt","kid":"k1"}`, parts[1], ""), "token_malformed"},
		"HS256 with the public key (PEM)":           {signAs(t, jose.HS256, publicPEM, header, good), "algorithm_refused"},
		"HS256 with the public key (DER)":           {signAs(t, jose.HS256, der, header, good), "algorithm_refused"},
		"a key of the attacker under our kid":       {signAs(t, jose.ES256, other, header, good), "signature_wrong"},
		"kid of nobody":                             {signAs(t, jose.ES256, other, with("kid", "k2"), good), "key_unknown"},
		"kid as a path":                             {signAs(t, jose.ES256, other, with("kid", "../../../../dev/null"), good), "key_unknown"},
		"kid as SQL":                                {signAs(t, jose.ES256, other, with("kid", "' OR '1'='1"), good), "key_unknown"},
		"kid as an address":                         {signAs(t, jose.ES256, other, with("kid", "https://evil.example/jwks"), good), "key_unknown"},
		"kid too long":                              {signAs(t, jose.ES256, other, with("kid", strings.Repeat("k", 129)), good), "key_unknown"},
		"no kid":                                    {signAs(t, jose.ES256, issuerKey(), with("kid", nil), good), "key_unknown"},
		"jwk in the header (CVE-2018-0114)":         {resign(t, other, `{"alg":"ES256","typ":"at+jwt","kid":"k1","jwk":`+string(embeddedJSON)+`}`, parts[1]), "header_refused"},
		"jku in the header":                         {signAs(t, jose.ES256, issuerKey(), with("jku", "https://evil.example/jwks"), good), "header_refused"},
		"x5u in the header":                         {signAs(t, jose.ES256, issuerKey(), with("x5u", "https://evil.example/x5"), good), "header_refused"},
		"crit that nobody knows (RFC 7515 §4.1.11)": {resign(t, issuerKey(), `{"alg":"ES256","typ":"at+jwt","kid":"k1","crit":["exp"],"exp":1}`, parts[1]), "header_refused"},
		"crit b64 (RFC 7797)":                       {resign(t, issuerKey(), `{"alg":"ES256","typ":"at+jwt","kid":"k1","crit":["b64"],"b64":true}`, parts[1]), "header_refused"},
		"alg twice":                                 {resign(t, issuerKey(), `{"alg":"ES256","alg":"none","typ":"at+jwt","kid":"k1"}`, parts[1]), "algorithm_refused"},
		"an ID token (RFC 9068 §4)":                 {signAs(t, jose.ES256, issuerKey(), with("typ", "JWT"), good), "type_refused"},
		"no typ":                                    {signAs(t, jose.ES256, issuerKey(), with("typ", nil), good), "type_refused"},
		"a logout token":                            {signAs(t, jose.ES256, issuerKey(), with("typ", "logout+jwt"), good), "type_refused"},
		"typ that is no string":                     {signAs(t, jose.ES256, issuerKey(), with("typ", 7), good), "type_refused"},
		"tampered claims":                           {parts[0] + "." + tamper(t, parts[1]) + "." + parts[2], "signature_wrong"},
		"tampered signature":                        {parts[0] + "." + parts[1] + "." + flip(parts[2]), "signature_wrong"},
		"empty signature":                           {parts[0] + "." + parts[1] + ".", "token_malformed"},
		"cut signature":                             {parts[0] + "." + parts[1] + "." + parts[2][:40], "signature_wrong"},
		"all-zero ECDSA signature (CVE-2022-21449)": {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), "signature_wrong"},
		"signature of another token":                {parts[0] + "." + parts[1] + "." + strings.Split(signAs(t, jose.ES256, issuerKey(), header, but(good, map[string]any{"scope": ""})), ".")[2], "signature_wrong"},
		"padding":                                   {valid + "==", "token_malformed"},
		"left-over bits":                            {valid[:len(valid)-1] + string(leftover(valid[len(valid)-1])), "token_malformed"},
		"standard alphabet":                         {parts[0] + "." + parts[1] + "." + "+/" + parts[2][2:], "token_malformed"},
		"two parts":                                 {parts[0] + "." + parts[1], "token_malformed"},
		"five parts (JWE)":                          {valid + ".AA.AA", "token_malformed"},
		"JSON serialization":                        {`{"payload":"` + parts[1] + `"}`, "token_malformed"},
		"nonsense":                                  {"opaque", "token_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := p.refused(t, attack.token, 401, "token_invalid", attack.reason)
			if !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), `Bearer realm="propusk", error="invalid_token", error_description="`) {
				t.Errorf("challenge %q", got.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

// resign signs a header that a signer would not write.
func resign(t *testing.T, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + payload
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	must(t, err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func tamper(t *testing.T, payload string) string {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(payload)
	must(t, err)
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(decoded), "accountant", "operator", 1)))
}

func flip(signature string) string {
	first := byte('A')
	if signature[0] == 'A' {
		first = 'B'
	}
	return string(first) + signature[1:]
}

// leftover answers a digit that decodes alike when its last four bits are dropped.
func leftover(digit byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, digit)|1]
}

func TestGuardRefusesTokensThatAreNotForHere(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	now := p.clock.Now()
	for name, attack := range map[string]struct {
		changes      map[string]any
		code, reason string
	}{
		"another issuer":                   {map[string]any{"iss": "https://evil.example"}, "token_invalid", "issuer_wrong"},
		"our issuer with a slash":          {map[string]any{"iss": testIssuer + "/"}, "token_invalid", "issuer_wrong"},
		"no issuer":                        {map[string]any{"iss": nil}, "token_invalid", "issuer_wrong"},
		"issuer in other case":             {map[string]any{"iss": nil, "ISS": testIssuer}, "token_invalid", "issuer_wrong"},
		"another audience":                 {map[string]any{"aud": "https://other.example"}, "token_invalid", "audience_wrong"},
		"the client as audience":           {map[string]any{"aud": testClient}, "token_invalid", "audience_wrong"},
		"no audience":                      {map[string]any{"aud": nil}, "token_invalid", "audience_wrong"},
		"empty audience":                   {map[string]any{"aud": []string{}}, "token_invalid", "audience_wrong"},
		"audience of numbers":              {map[string]any{"aud": []int{1}}, "token_invalid", "claims_refused"},
		"expired this very second":         {map[string]any{"exp": now.Unix(), "iat": now.Unix() - 600}, "token_expired", "token_expired"},
		"expired long ago":                 {map[string]any{"exp": now.Unix() - 3600, "iat": now.Unix() - 7200}, "token_expired", "token_expired"},
		"not yet valid":                    {map[string]any{"nbf": now.Add(time.Minute).Unix()}, "token_invalid", "not_yet_valid"},
		"issued in the future":             {map[string]any{"iat": now.Add(time.Minute).Unix()}, "token_invalid", "not_yet_valid"},
		"exp as text":                      {map[string]any{"exp": "never"}, "token_invalid", "claims_refused"},
		"exp beyond all numbers":           {map[string]any{"exp": json.Number("1e300")}, "token_invalid", "claims_refused"},
		"no exp":                           {map[string]any{"exp": nil}, "token_invalid", "claims_refused"},
		"no jti":                           {map[string]any{"jti": nil}, "token_invalid", "claims_refused"},
		"no sub":                           {map[string]any{"sub": nil}, "token_invalid", "claims_refused"},
		"no client_id":                     {map[string]any{"client_id": nil}, "token_invalid", "claims_refused"},
		"no membership version":            {map[string]any{"mv": nil}, "token_invalid", "claims_refused"},
		"organisation without id":          {map[string]any{"org": map[string]any{"name": "x"}}, "token_invalid", "claims_refused"},
		"permissions without organisation": {map[string]any{"org": nil}, "token_invalid", "claims_refused"},
		"org as a list":                    {map[string]any{"org": []any{}}, "token_invalid", "claims_refused"},
		"bound to a key (RFC 9449 §7.2)":   {map[string]any{"cnf": map[string]any{"jkt": "x"}}, "token_invalid", "proof_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			p.refused(t, sign(t, but(p.good(), attack.changes)), 401, attack.code, attack.reason)
		})
	}
}

func TestGuardToleratesASmallSkewOfTheIssuersClock(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	ahead := p.clock.Now().Add(clockSkew).Unix()
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
	p.refused(t, token, 503, "keys_unavailable", "keys_unavailable")
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
		"DPoP":                         {"", []string{"Authorization", "DPoP " + token}, 401, "token_missing"},
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
	strong := Route{Access: OrganisationToken, Scope: "filings:sign", Permission: directory.FilingsSign, ACR: "urn:propusk:qualified"}
	for name, test := range map[string]struct {
		route     Route
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
		"a client where a person is due": {Route{Access: PersonToken, Scope: "openid"}, func(p *probe) map[string]any { return p.service(p.o, "openid") },
			403, "person_required", ""},
		"a sufficient level": {strong, func(p *probe) map[string]any { return but(p.good(), map[string]any{"acr": "urn:propusk:qualified"}) }, 204, "", ""},
		"a client is bound by its permissions, not by a level": {strong, func(p *probe) map[string]any { return p.service(p.o, "filings:sign") }, 204, "", ""},
		"any token, no organisation": {Route{Access: AnyToken}, func(p *probe) map[string]any {
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

// eventuallyRevoked waits for the event to reach the list, at most five seconds,
// the bound that the architecture promises.
func (w *world) eventuallyRevoked(token string) {
	w.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		recorder := httptest.NewRecorder()
		w.server.ServeHTTP(recorder, request("GET", w.server.routes[len(w.server.routes)-1].Path, token, ""))
		if strings.Contains(recorder.Body.String(), "token_revoked") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	w.t.Fatal("the token was still accepted after five seconds")
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
	p := newProbe(b, organisationRoute, func(d *Deps) { d.Limits = Limits{PerClient: 1 << 40, PerOrganisation: 1 << 40} })
	p.benchmark(b, func() string { return "" })
}

func BenchmarkGuardNewToken(b *testing.B) {
	p := newProbe(b, organisationRoute, func(d *Deps) { d.Limits = Limits{PerClient: 1 << 40, PerOrganisation: 1 << 40} })
	p.benchmark(b, func() string { return sign(b, p.good()) })
}

// benchmark runs admit as every request does; next "" repeats one token.
func (p *probe) benchmark(b *testing.B, next func() string) {
	token := sign(b, p.good())
	r := request("GET", "/v1/probe", token, "")
	header := http.Header{}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if another := next(); another != "" {
			b.StopTimer()
			r.Header.Set("Authorization", "Bearer "+another)
			b.StartTimer()
		}
		clear(header)
		_, err := p.server.admit(p.route, r, header)
		p.server.metrics.decision(err)
		if err != nil {
			b.Fatal(err)
		}
	}
}
