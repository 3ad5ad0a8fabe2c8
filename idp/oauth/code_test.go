package oauth

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/keys"
)

func TestACodeBringsTokensForItsOrganisationAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		var session string
		a := h.signedIn(c, nil, func(a *Approval) { session = a.SessionID })
		if a.text("token_type") != "Bearer" || a.body["expires_in"] != float64(600) || a.text("scope") != "openid members:read" {
			t.Errorf("answer: %v", a.body)
		}
		got := h.claims(a)
		if _, _, ok := strings.Cut(got.ID, "-"); !ok || len(got.ID) != 36 {
			t.Errorf("jti = %q", got.ID)
		}
		now := h.clock.Now().Unix()
		want := accessToken{
			Issuer: issuer, Subject: h.maria.ID, Audience: []string{issuer + "/v1"}, ClientID: c.ID,
			IssuedAt: now, ExpiresAt: now + 600, ID: got.ID, Scope: "openid members:read",
			SessionID: session, GrantID: got.GrantID, AuthTime: now, ACR: "urn:propusk:2", AMR: []string{"pwd", "otp", "mfa"},
			Organisation: &organisation{ID: h.romashka.ID, INN: h.romashka.INN, OGRN: h.romashka.OGRN, KPP: h.romashka.KPP, Name: h.romashka.Name},
			Roles:        []string{"accountant"}, MemberVersion: h.membership.Version,
		}
		for _, permission := range directory.Accountant.Permissions() {
			want.Permissions = append(want.Permissions, string(permission))
		}
		if !same(got, want) {
			t.Errorf("claims:\n%+v\nwant\n%+v", got, want)
		}
	})
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func TestAnIDTokenIsBoundToItsRequestAndItsAccessToken(t *testing.T) {
	h := alone(t)
	c := h.web()
	a := h.signedIn(c, nil)
	id, err := h.verifyIDTokenHint(a.text("id_token"))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(a.text("access_token")))
	if id.Nonce != "n-0S6_WzA2Mj" || !slices.Equal(id.Audience, []string{c.ID}) || id.Subject != h.maria.ID ||
		id.AccessTokenHash != base64.RawURLEncoding.EncodeToString(digest[:16]) || id.ACR != "urn:propusk:2" ||
		id.SessionID != h.claims(a).SessionID || id.AuthTime != h.clock.Now().Unix() || id.ExpiresAt != id.IssuedAt+600 ||
		id.Organisation.ID != h.romashka.ID || !slices.Equal(id.Roles, []string{"accountant"}) {
		t.Errorf("ID token: %+v", id)
	}
}

func TestWithoutOpenIDThereIsNoIDToken(t *testing.T) {
	h := alone(t)
	if a := h.signedIn(h.web(), with{"scope": "members:read"}); a.text("id_token") != "" {
		t.Error("an ID token came though openid was not asked for")
	}
}

func TestWithoutOrganisationScopesTokensSpeakOfNoOrganisation(t *testing.T) {
	h := alone(t)
	a := h.signedIn(h.web(), with{"scope": "openid profile"})
	if got := h.claims(a); got.Organisation != nil || got.Roles != nil || got.Permissions != nil || got.MemberVersion != 0 {
		t.Errorf("claims: %+v", got)
	}
}

func TestTokensAreSignedAsTheClientAsks(t *testing.T) {
	h := alone(t)
	for _, alg := range keys.Algorithms() {
		c := h.register(Client{
			Kind: Web, RedirectURIs: []string{callback}, Scope: "openid members:read",
			IDTokenSignedResponseAlg: alg, AccessTokenAlg: alg,
		})
		a := h.signedIn(c, nil)
		for name, typ := range map[string]string{"id_token": "JWT", "access_token": "at+jwt"} {
			raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(a.text(name), ".")[0])
			var header map[string]string
			if err := json.Unmarshal(raw, &header); err != nil || header["alg"] != alg || header["typ"] != typ || header["kid"] == "" {
				t.Errorf("%s of %s: header %v", name, alg, header)
			}
		}
		var left []byte // of the hash, see OpenID Connect Core §3.1.3.6 and RFC 8032 §5.1
		if digest := sha512.Sum512([]byte(a.text("access_token"))); alg == keys.EdDSA {
			left = digest[:32]
		} else {
			digest := sha256.Sum256([]byte(a.text("access_token")))
			left = digest[:16]
		}
		if id, err := h.verifyIDTokenHint(a.text("id_token")); err != nil || id.AccessTokenHash != base64.RawURLEncoding.EncodeToString(left) {
			t.Errorf("at_hash of %s is %q, %v", alg, id.AccessTokenHash, err)
		}
	}
}

func TestFortyRedemptionsOfOneCodeGiveOneToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		code := h.code(c, nil)
		answers := make([]answer, 40)
		var start, done sync.WaitGroup
		start.Add(1)
		for i := range answers {
			done.Go(func() {
				r := h.request(c, redeeming(code, nil))
				start.Wait()
				answers[i] = h.send(h.Token, r)
			})
		}
		start.Done()
		done.Wait()
		var won []answer
		for _, a := range answers {
			if a.status == http.StatusOK {
				won = append(won, a)
				continue
			}
			h.refused("a loser", a, http.StatusBadRequest, "invalid_grant")
		}
		if len(won) != 1 {
			t.Fatalf("%d of 40 got tokens", len(won))
		}
		var grants int64
		if err := h.db.Get(t.Context(), &grants, `SELECT COUNT(*) FROM oauth_grants`); err != nil || grants != 1 {
			t.Errorf("%d grants were made, %v", grants, err)
		}
	})
}

// RFC 6749 §4.1.2.
func TestACodeReplayedEndsItsGrant(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		code := h.code(c, nil)
		first := h.post(h.Token, c, redeeming(code, nil))
		if !h.active(c, first.text("access_token")) || !h.active(c, first.text("refresh_token")) {
			t.Fatal("the tokens are not active at first")
		}
		h.clock.Advance(time.Second)
		h.refused("the replay", h.post(h.Token, c, redeeming(code, nil)), http.StatusBadRequest, "invalid_grant")
		if h.active(c, first.text("access_token")) || h.active(c, first.text("refresh_token")) {
			t.Error("the tokens outlive the replay")
		}
		h.refused("a refresh afterwards", h.post(h.Token, c, refreshing(first.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
		if got := h.journalled(h.romashka.ID); got[len(got)-1] != "grant.ended code_replay" {
			t.Errorf("the journal has %q", got)
		}
	})
}

func TestACodeReplayedAfterItsExpiryStillEndsItsGrant(t *testing.T) {
	h := alone(t)
	c := h.web()
	code := h.code(c, nil)
	first := h.post(h.Token, c, redeeming(code, nil))
	h.clock.Advance(2 * time.Minute)
	h.restart()
	h.refused("the replay", h.post(h.Token, c, redeeming(code, nil)), http.StatusBadRequest, "invalid_grant")
	if h.active(c, first.text("access_token")) {
		t.Error("the token outlives the replay")
	}
}

// A second try that had begun before the first one won is no replay.
func TestALostRaceEndsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		code := h.code(c, nil)
		late := &exchange{began: h.now(), grantType: GrantAuthorizationCode, client: newRegistration(c.Client)}
		h.clock.Advance(time.Millisecond)
		first := h.post(h.Token, c, redeeming(code, nil))
		_, err := h.redeem(t.Context(), late, redeeming(code, nil))
		if e := asError(err); e.Code != "invalid_grant" || e.Status != http.StatusBadRequest {
			t.Errorf("the loser was told %v", err)
		}
		if !h.active(c, first.text("access_token")) {
			t.Error("the winner's token died")
		}
	})
}

func TestACodeExpires(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		code := h.code(c, nil)
		h.clock.Advance(60*time.Second - time.Microsecond)
		last := h.code(c, nil)
		if a := h.post(h.Token, c, redeeming(code, nil)); a.status != http.StatusOK {
			t.Errorf("just before its end: %d %v", a.status, a.body)
		}
		h.clock.Advance(60 * time.Second)
		h.refused("at its end", h.post(h.Token, c, redeeming(last, nil)), http.StatusBadRequest, "invalid_grant")
	})
}

func TestACodeIsBoundToItsRequest(t *testing.T) {
	h := alone(t)
	c, other := h.web(), h.web()
	spa := h.spa()
	for name, attack := range map[string]struct {
		by      caller
		changes with
		code    string // the error
	}{
		"another confidential client": {other, nil, "invalid_grant"},
		"a public client":             {spa, nil, "invalid_grant"},
		"another redirect_uri":        {c, with{"redirect_uri": callback + "/x"}, "invalid_grant"},
		"no redirect_uri":             {c, with{"redirect_uri": ""}, "invalid_request"},
		"another verifier":            {c, with{"code_verifier": strings.Repeat("a", 43)}, "invalid_grant"},
		"no verifier":                 {c, with{"code_verifier": ""}, "invalid_request"},
		"the challenge as verifier":   {c, with{"code_verifier": challengeOf(verifier)}, "invalid_grant"},
		"a short verifier":            {c, with{"code_verifier": "short"}, "invalid_grant"},
		"an unknown code":             {c, with{"code": strings.Repeat("A", 43)}, "invalid_grant"},
		"no code":                     {c, with{"code": ""}, "invalid_request"},
	} {
		code := h.code(c, nil)
		h.refused(name, h.post(h.Token, attack.by, redeeming(code, attack.changes)), http.StatusBadRequest, attack.code)
		// A failed try spends nothing, or anyone could spend it for the client.
		if a := h.post(h.Token, c, redeeming(code, nil)); a.status != http.StatusOK {
			t.Errorf("after %s the client itself got %d %v", name, a.status, a.body)
		}
	}
}

func TestAPublicClientRedeemsByItsProofKey(t *testing.T) {
	h := alone(t)
	if a := h.signedIn(h.spa(), nil); a.text("access_token") == "" || a.text("refresh_token") == "" {
		t.Errorf("answer: %v", a.body)
	}
}

func TestAClientWithoutTheRefreshGrantGetsNoRefreshToken(t *testing.T) {
	h := alone(t)
	c := h.register(Client{Kind: Web, RedirectURIs: []string{callback}, Scope: "openid members:read"})
	if a := h.signedIn(c, nil); a.text("refresh_token") != "" {
		t.Error("got a refresh token")
	}
}

func TestBetweenIssueAndRedemptionRightsAreReadAnew(t *testing.T) {
	h := alone(t)
	c := h.web()
	h.join(h.vasilek, h.person("second@example.org"), directory.Administrator)

	code := h.code(c, nil)
	role := directory.Observer
	if _, err := h.deps.Directory.ChangeMember(t.Context(), directory.System(), h.romashka.ID, h.membership.ID, directory.MemberChange{Role: &role}); err != nil {
		t.Fatal(err)
	}
	if got := h.claims(h.post(h.Token, c, redeeming(code, nil))); !slices.Equal(got.Roles, []string{"observer"}) {
		t.Errorf("roles = %q, want the present ones", got.Roles)
	}

	code = h.code(c, nil)
	if err := h.deps.Directory.RemoveMember(t.Context(), directory.System(), h.romashka.ID, h.membership.ID, nil); err != nil {
		t.Fatal(err)
	}
	h.refused("a removed member", h.post(h.Token, c, redeeming(code, nil)), http.StatusBadRequest, "invalid_grant")

	code = h.code(c, with{"scope": "openid"})
	if err := h.deps.Directory.SetPersonStatus(t.Context(), directory.System(), h.maria.ID, directory.StatusBlocked); err != nil {
		t.Fatal(err)
	}
	h.refused("a blocked person", h.post(h.Token, c, redeeming(code, nil)), http.StatusBadRequest, "invalid_grant")
}
