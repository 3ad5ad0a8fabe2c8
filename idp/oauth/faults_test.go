package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// The faults of fosite v0.49 that this package must not inherit, each with the
// place where fosite has it and the test that we do not.
//
//	request objects with alg=none are taken         authorize_request_handler.go     TestUnsignedRequestObjectsAreRefused
//	request is ignored when openid is not asked for authorize_request_handler.go     TestBadRequestObjectsAreRefused
//	typ of a JWT is not looked at                   token/jwt                        TestTheTypeOfATokenIsLookedAt
//	the loser of a race on a code gets 500          flow_authorize_code_token.go     TestTheLoserOfARaceOnACodeIsToldInvalidGrant
//	an unknown grant is invalid_request             access_request_handler.go        TestAnUnknownGrantIsUnsupported
//	a jti is read, then written                     client_authentication.go         TestOneAssertionServesOneOfManyAtOnce
//	a pushed request is gone with the first page    authorize_request_handler.go     TestAPushedRequestBringsOneCode
//	machine secrets cost a bcrypt                   hash_bcrypt.go                   TestAWrongSecretIsCheap
//	parameters may come twice, the first counts     url.Values.Get everywhere        TestARepeatedParameterIsRefused, TestTheTokenEndpointIsStrict
//	state must have eight characters                authorize_request_handler.go     TestStateIsOptional
//	an absent code_challenge_method passes to login handler/pkce/handler.go          TestBadRequestsAreToldToTheClient
//	any client's loopback redirect takes any port   authorize_helper.go              TestRedirectURIsAreExact
//	times are the wall clock's                      time.Now everywhere              TestFositesClockDecidesNothing
//	expires_in loses a second on the way            access_response.go               TestACodeBringsTokensForItsOrganisationAlone
//	at_hash of an EdDSA ID token is a SHA-256       handler/openid/helper.go         TestTokensAreSignedAsTheClientAsks
//	introspection is open to any client             introspection_request_handler.go TestIntrospectionTellsAClientOnlyOfItsOwn

func TestUnsignedRequestObjectsAreRefused(t *testing.T) {
	h := alone(t)
	c := h.web()
	const unsigned = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ."
	for _, scope := range []string{"openid members:read", "members:read"} {
		_, err := h.authorizing(asking(c, with{"scope": scope, "request": unsigned}))
		h.shown(scope, err, "invalid_request_object")
	}
}

func TestTheTypeOfATokenIsLookedAt(t *testing.T) {
	h := alone(t)
	c := h.web()
	a := h.signedIn(c, nil)
	if _, err := h.verifyAccessToken(a.text("id_token")); err == nil {
		t.Error("an ID token passed for an access token (RFC 9068 section 4)")
	}
	if _, err := h.verifyIDTokenHint(a.text("access_token")); err == nil {
		t.Error("an access token passed for an ID token")
	}
	if h.active(c, a.text("id_token")) {
		t.Error("introspection calls an ID token active")
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	h := alone(t)
	good := h.signedIn(h.web(), nil).text("access_token")
	parts := strings.Split(good, ".")
	resigned := func(claims accessToken) string {
		token, err := h.sign("ES256", "at+jwt", claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	claims, err := h.verifyAccessToken(good)
	if err != nil {
		t.Fatal(err)
	}
	foreign, elsewhere, expired := *claims, *claims, *claims
	foreign.Issuer, elsewhere.Audience, expired.ExpiresAt = "https://evil.example", []string{"https://evil.example"}, h.clock.Now().Unix()
	for name, forged := range map[string]string{
		"no signature":            parts[0] + "." + parts[1] + ".",
		"alg none":                "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + parts[1] + ".",
		"another payload":         parts[0] + ".eyJzdWIiOiJhZG1pbiJ9." + parts[2],
		"HS256 by the public key": "eyJhbGciOiJIUzI1NiIsImtpZCI6Ing" + "iLCJ0eXAiOiJhdCtqd3QifQ." + parts[1] + "." + parts[2],
		"another issuer":          resigned(foreign),
		"another audience":        resigned(elsewhere),
		"expired this second":     resigned(expired),
		"rubbish":                 "a.b.c",
		"nothing":                 "",
	} {
		if _, err := h.verifyAccessToken(forged); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestTheLoserOfARaceOnACodeIsToldInvalidGrant(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		code := h.code(c, nil)
		// Both have looked the code up; one spends it.
		lost := &exchange{began: h.now(), grantType: GrantAuthorizationCode, client: newRegistration(c.Client)}
		if err := h.findCode(t.Context(), lost, codeSignature(code)); err != nil {
			t.Fatal(err)
		}
		won := h.post(h.Token, c, redeeming(code, nil))
		_, err := h.beginGrant(t.Context(), lost, newSession(&lost.code.grant), lost.code.Asked.V)
		if e := asError(err); e.Code != "invalid_grant" || e.Status != http.StatusBadRequest {
			t.Errorf("the loser is told %v", e)
		}
		if a := h.post(h.Token, c, refreshing(won.text("refresh_token"), nil)); a.status != http.StatusOK {
			t.Errorf("what the winner got is no good: %d %v", a.status, a.body)
		}
	})
}

func TestAnUnknownGrantIsUnsupported(t *testing.T) {
	h := alone(t)
	h.refused("authenticated", h.post(h.Token, h.service(), parameters(with{"grant_type": "urn:x"})), http.StatusBadRequest, "unsupported_grant_type")
	h.refused("by nobody", h.post(h.Token, caller{}, parameters(with{"grant_type": "urn:x"})), http.StatusBadRequest, "unsupported_grant_type")
}

// Client assertions are checked by assertion.go, never by fosite.
func TestFositeTakesNoClientAssertion(t *testing.T) {
	t.Parallel()
	s := &store{}
	if !errors.Is(s.ClientAssertionJWTValid(t.Context(), "jti"), fosite.ErrJTIKnown) ||
		!errors.Is(s.SetClientAssertionJWT(t.Context(), "jti", time.Now()), fosite.ErrJTIKnown) {
		t.Error("fosite could take a client assertion")
	}
}

// Pushed requests are pushed.go's.
func TestFositeKeepsNoPushedRequest(t *testing.T) {
	t.Parallel()
	if _, ok := any(&store{}).(fosite.PARStorage); ok {
		t.Error("the store offers fosite its pushed requests")
	}
}

func TestAWrongSecretIsCheap(t *testing.T) {
	h := alone(t)
	c := h.service()
	c.secret = "wrong"
	start := time.Now()
	for range 20 {
		h.post(h.Token, c, ownGrant)
	}
	if took := time.Since(start); took > 2*time.Second { // twenty bcrypts of cost 12 take more than four
		t.Errorf("20 wrong secrets took %s", took)
	}
}

func TestStateIsOptional(t *testing.T) {
	h := alone(t)
	for _, state := range []string{"", "x"} {
		if _, err := h.authorizing(asking(h.web(), with{"state": state, "nonce": "n"})); err != nil {
			t.Errorf("state %q: %v", state, err)
		}
	}
}

// The injected clock stands years away from the wall clock's time.
func TestFositesClockDecidesNothing(t *testing.T) {
	t.Parallel()
	for _, years := range []int{-20, 20} {
		h := newHouse(t, storagetest.SQLite(t))
		h.clock.Advance(time.Duration(years) * 365 * 24 * time.Hour)
		c := h.web()
		a := h.signedIn(c, nil)
		if a.body["expires_in"] != float64(600) {
			t.Errorf("%d years away: expires_in = %v", years, a.body["expires_in"])
		}
		if got := h.claims(a); got.IssuedAt != h.clock.Now().Unix() {
			t.Errorf("%d years away: iat = %d", years, got.IssuedAt)
		}
		if a := h.post(h.Token, c, refreshing(a.text("refresh_token"), nil)); a.status != http.StatusOK || a.body["expires_in"] != float64(600) {
			t.Errorf("%d years away: refresh %d %v", years, a.status, a.body)
		}
	}
}

// The store is given a transaction in its context and must use it: what is
// rolled back was never there.
func TestARolledBackExchangeLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		code := h.code(c, nil)
		boom := errors.New("boom")
		err := h.db.Tx(t.Context(), func(ctx context.Context) error {
			w := httptest.NewRecorder()
			if err := h.Token(w, h.request(c, redeeming(code, nil)).WithContext(ctx)); err != nil {
				t.Errorf("inside: %v", err)
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		var grants int64
		if err := h.db.Get(t.Context(), &grants, `SELECT COUNT(*) FROM oauth_grants WHERE generation > 0`); err != nil || grants != 0 {
			t.Errorf("%d grants outlived the rollback, %v", grants, err)
		}
		if a := h.post(h.Token, c, redeeming(code, nil)); a.status != http.StatusOK {
			t.Errorf("the code did not come back: %d %v", a.status, a.body)
		}
	})
}

func TestUnusedPartsOfTheStoreGiveNothingAway(t *testing.T) {
	t.Parallel()
	s, k, ctx := &store{}, &tokens{}, t.Context()
	if _, err := s.GetAccessTokenSession(ctx, "", nil); !errors.Is(err, fosite.ErrNotFound) {
		t.Error("an access token session")
	}
	if _, err := s.GetRefreshTokenSession(ctx, "", nil); !errors.Is(err, fosite.ErrNotFound) {
		t.Error("a refresh token session")
	}
	if _, err := s.GetAuthorizeCodeSession(ctx, "", nil); !errors.Is(err, fosite.ErrNotFound) {
		t.Error("a code's session")
	}
	if _, err := s.GetPKCERequestSession(ctx, "", nil); !errors.Is(err, fosite.ErrNotFound) {
		t.Error("a proof key's session")
	}
	if _, err := s.GetOpenIDConnectSession(ctx, "", nil); !errors.Is(err, openid.ErrNoSessionFound) {
		t.Error("an OpenID Connect session")
	}
	if s.InvalidateAuthorizeCodeSession(ctx, "") == nil || s.RevokeAccessToken(ctx, "") == nil || s.RevokeRefreshToken(ctx, "") == nil {
		t.Error("fosite believes that it spent or revoked something")
	}
	if k.ValidateAccessToken(ctx, nil, "") == nil || k.ValidateRefreshToken(ctx, nil, "") == nil {
		t.Error("fosite's validation passes")
	}
}

func TestTheSessionClonesDeepEnough(t *testing.T) {
	t.Parallel()
	s := newSession(&grant{ID: storage.NewID(), PersonID: "p"})
	clone := s.Clone().(*session)
	clone.connect.Subject, clone.owner.roles = "q", slices.Clone([]string{"head"})
	if s.GetSubject() != "p" || s.owner.roles != nil {
		t.Error("the clone writes into its original")
	}
	if (*session)(nil).Clone() != nil {
		t.Error("a nil session has a clone")
	}
}
