package cabinet

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/veil"
	"propusk/storage"
	"propusk/storage/revocation"
)

func testSealer(t testing.TB) *storage.Sealer {
	t.Helper()
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	return sealer
}

// sealed makes an opaque token as the issuer does.
func sealed(t testing.TB, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	must(t, err)
	return veil.NewTokens(testSealer(t)).Seal(payload)
}

func TestGuardAdmitsAnOpaqueTokenAsASignedOneAndCountsBoth(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	opaque, signed := sealed(t, p.good()), sign(t, p.good())
	p.closeDB() // neither needs it
	for _, token := range []string{opaque, opaque, signed} {
		if got := p.with(token); got.StatusCode != http.StatusNoContent {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
	}
	if o, s := testutil.ToFloat64(p.server.metrics.opaque), testutil.ToFloat64(p.server.metrics.signed); o != 2 || s != 1 {
		t.Errorf("counted %v opaque and %v signed", o, s)
	}
	families, err := p.world.metrics.Gather()
	must(t, err)
	found := false
	for _, family := range families {
		found = found || family.GetName() == "propusk_guard_tokens_total"
	}
	if !found {
		t.Error("the metric is not registered")
	}
}

// What is refused of a signed token is refused of an opaque one.
func TestGuardRefusesOpaqueTokensThatDoNotCount(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	good := sealed(t, p.good())
	for name, test := range map[string]struct {
		token, reason string
	}{
		"changed":          {good[:len(good)-3] + "AAA", "signature_wrong"},
		"cut":              {good[:40], "signature_wrong"},
		"empty":            {"po_", "signature_wrong"},
		"claims unsealed":  {"po_" + strings.Split(sign(t, p.good()), ".")[1], "signature_wrong"},
		"of another house": {veil.NewTokens(otherSealer(t)).Seal([]byte(`{}`)), "signature_wrong"},
		"another issuer":   {sealed(t, but(p.good(), map[string]any{"iss": "https://evil.example"})), "issuer_wrong"},
		"another audience": {sealed(t, but(p.good(), map[string]any{"aud": "https://evil.example"})), "audience_wrong"},
		"without sub":      {sealed(t, but(p.good(), map[string]any{"sub": nil})), "claims_refused"},
		"of the future":    {sealed(t, but(p.good(), map[string]any{"nbf": p.clock.Now().Unix() + 60})), "not_yet_valid"},
	} {
		t.Run(name, func(t *testing.T) { p.refused(t, test.token, 401, "token_invalid", test.reason) })
	}
	p.refused(t, sealed(t, but(p.good(), map[string]any{"exp": p.clock.Now().Unix(), "iat": p.clock.Now().Unix() - 60})), 401, "token_expired", "token_expired")
}

func otherSealer(t testing.TB) *storage.Sealer {
	t.Helper()
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{8}, 32))
	must(t, err)
	return sealer
}

func TestARevocationEndsAnOpaqueTokenLikeASignedOne(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	claims := p.good()
	token := sealed(t, claims)
	if got := p.with(token); got.StatusCode != http.StatusNoContent {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	must(t, p.revoke.Revoke(t.Context(), revocation.Entry{Kind: revocation.KindGrant, Key: claims["gid"].(string)}))
	p.refused(t, token, 401, "token_revoked", "token_revoked")
}

func TestACabinetWithoutTheKeyTakesNoOpaqueTokensAndNoNames(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute, func(d *Deps) { d.DB, d.Sealer = nil, nil })
	p.refused(t, sealed(t, p.good()), 401, "token_invalid", "token_malformed")
	p.refused(t, sign(t, but(p.good(), map[string]any{"sub": "pw_AAAA"})), 401, "token_invalid", "claims_refused")
}

// OpenID Connect Core §8.1: the application knows the person by another name, the API by
// his own, and his revocations count.
func TestTheAPIKnowsThePersonBehindAPairwiseName(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	name, err := veil.NewSubjects(testSealer(t)).Name("app.example", p.m.Person.ID)
	must(t, err)
	session, err := veil.NewSubjects(testSealer(t)).Name("app.example", p.m.Member.ID) // any id will do
	must(t, err)
	for format, make := range map[string]func(testing.TB, map[string]any) string{"signed": sign, "opaque": sealed} {
		token := make(t, but(p.good(), map[string]any{"sub": name, "sid": session}))
		claims, err := p.server.guard.authenticate(request("GET", "/v1/probe", token, ""))
		if err != nil || claims.Subject != p.m.Person.ID || claims.SessionID != p.m.Member.ID || claims.Service() {
			t.Errorf("%s: the API knows %+v, %v", format, claims, err)
		}
		p.refused(t, make(t, but(p.good(), map[string]any{"sub": "pw_made-up"})), 401, "token_invalid", "claims_refused")
		service := but(p.service(p.o, "members:read"), map[string]any{"sub": "pw_client", "client_id": "pw_client"})
		if claims, err := p.server.guard.authenticate(request("GET", "/v1/probe", make(t, service), "")); err != nil || claims.Subject != "pw_client" {
			t.Errorf("%s: a service called like a name: %+v, %v", format, claims, err)
		}
	}
	must(t, p.revoke.Revoke(t.Context(), revocation.Entry{Kind: revocation.KindPerson, Key: p.m.Person.ID}))
	p.refused(t, sign(t, but(p.good(), map[string]any{"sub": name})), 401, "token_revoked", "token_revoked")
}

// RFC 9396 §12: limits that this server does not understand are not passed over.
func TestGuardRefusesLimitsThatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	with := func(details any) string {
		return sign(t, but(p.good(), map[string]any{"authorization_details": details}))
	}
	for _, details := range []any{
		[]any{map[string]any{"type": "urn:propusk:payment"}}, []any{map[string]any{"type": "urn:propusk:filing"}}, "text", []any{"text"},
	} {
		p.refused(t, with(details), 401, "token_invalid", "claims_refused")
	}
	if got := p.with(with([]any{map[string]any{"type": "urn:propusk:extract"}})); got.StatusCode != http.StatusNoContent {
		t.Errorf("a known type: %d %s", got.StatusCode, got.body)
	}
	p.refused(t, sign(t, but(p.claims(nil, p.m), map[string]any{"authorization_details": []any{map[string]any{"type": "urn:propusk:extract"}}})),
		401, "token_invalid", "claims_refused")
}
