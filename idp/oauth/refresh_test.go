package oauth

import (
	"encoding/base64"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage"
)

func TestRefreshTokensRotate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		first := h.signedIn(c, nil)
		second := h.post(h.Token, c, refreshing(first.text("refresh_token"), nil))
		if second.status != http.StatusOK || second.text("refresh_token") == first.text("refresh_token") ||
			second.text("access_token") == first.text("access_token") || second.body["expires_in"] != float64(600) ||
			second.text("scope") != "openid members:read" {
			t.Fatalf("answer: %d %v", second.status, second.body)
		}
		one, two := h.claims(first), h.claims(second)
		if two.ID == one.ID || two.GrantID != one.GrantID || two.AuthTime != one.AuthTime || two.SessionID != one.SessionID {
			t.Errorf("claims: %+v after %+v", two, one)
		}
		id, err := h.verifyIDTokenHint(second.text("id_token"))
		if err != nil || id.Nonce != "" || id.Subject != h.maria.ID || id.AccessTokenHash != hashOf("ES256", second.text("access_token")) {
			t.Errorf("ID token %+v, %v (OpenID Connect Core section 12.2)", id, err)
		}
	})
}

func TestFortyRefreshesOfOneTokenGiveOneSuccessor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		token := h.signedIn(c, nil).text("refresh_token")
		successors := make([]string, 40)
		var start, done sync.WaitGroup
		start.Add(1)
		for i := range successors {
			done.Go(func() {
				r := h.request(c, refreshing(token, nil))
				start.Wait()
				a := h.send(h.Token, r)
				if a.status != http.StatusOK {
					t.Errorf("answered %d %v", a.status, a.body)
				}
				successors[i] = a.text("refresh_token")
			})
		}
		start.Done()
		done.Wait()
		if got := slices.Compact(slices.Sorted(slices.Values(successors))); len(got) != 1 || got[0] == token {
			t.Errorf("%d successors", len(got))
		}
		if a := h.post(h.Token, c, refreshing(successors[0], nil)); a.status != http.StatusOK {
			t.Errorf("the successor: %d %v", a.status, a.body)
		}
	})
}

// RFC 9700 §4.14.2. The order is the generations', not the clock's.
func TestAReplayEndsTheFamily(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		for name, between := range map[string]struct {
			uses  int // of the successors, before the replay
			pause func()
		}{
			"after the grace window":         {1, func() { h.clock.Advance(30*time.Second + time.Microsecond) }},
			"after a restart":                {1, func() { h.clock.Advance(time.Minute); h.restart() }},
			"two generations old, at once":   {2, func() {}},
			"three generations, and restart": {3, h.restart},
		} {
			first := h.signedIn(c, nil)
			latest := first
			for range between.uses {
				latest = h.post(h.Token, c, refreshing(latest.text("refresh_token"), nil))
			}
			between.pause()
			h.refused(name, h.post(h.Token, c, refreshing(first.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
			h.refused(name+", the latest", h.post(h.Token, c, refreshing(latest.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
			if h.active(c, latest.text("access_token")) {
				t.Errorf("%s: the family's access token is still active", name)
			}
			got := h.journalled(h.romashka.ID)
			if got[len(got)-1] != "grant.ended refresh_replay" {
				t.Errorf("%s: the journal has %q", name, got)
			}
		}
	})
}

func TestWithinTheGraceWindowTheSuccessorIsTheSame(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		first := h.signedIn(c, nil).text("refresh_token")
		successor := h.post(h.Token, c, refreshing(first, nil)).text("refresh_token")
		h.clock.Advance(30 * time.Second)
		h.restart()
		if again := h.post(h.Token, c, refreshing(first, nil)); again.text("refresh_token") != successor {
			t.Errorf("answered %d %v", again.status, again.body)
		}
		if a := h.post(h.Token, c, refreshing(successor, nil)); a.status != http.StatusOK {
			t.Errorf("the successor: %d %v", a.status, a.body)
		}
	})
}

func TestAGenerationThatWasNeverGivenEndsTheFamily(t *testing.T) {
	h := alone(t)
	c := h.web()
	first := h.signedIn(c, nil)
	ahead, err := h.refresh.derive(h.claims(first).GrantID, 7)
	if err != nil {
		t.Fatal(err)
	}
	h.refused("a generation ahead", h.post(h.Token, c, refreshing(ahead, nil)), http.StatusBadRequest, "invalid_grant")
	h.refused("the first one", h.post(h.Token, c, refreshing(first.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
}

func TestForgedRefreshTokensTouchNothing(t *testing.T) {
	h := alone(t)
	c := h.web()
	token := h.signedIn(c, nil).text("refresh_token")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 56 {
		t.Fatalf("a token of %d bytes, %v", len(raw), err)
	}
	flipped := func(i int) string {
		forged := slices.Clone(raw)
		forged[i] ^= 1
		return base64.RawURLEncoding.EncodeToString(forged)
	}
	for name, forged := range map[string]string{
		"another family": flipped(3), "another generation": flipped(23), "another MAC": flipped(55),
		"cut": token[:len(token)-1], "longer": token + "A", "padded": token + "=", "not base64": "!!!",
		// The last character of 75 carries unused bits; a lax decoder takes both.
		"another spelling": token[:len(token)-1] + string(token[len(token)-1]^1),
	} {
		h.refused(name, h.post(h.Token, c, refreshing(forged, nil)), http.StatusBadRequest, "invalid_grant")
	}
	if a := h.post(h.Token, c, refreshing(token, nil)); a.status != http.StatusOK {
		t.Errorf("afterwards the real one: %d %v", a.status, a.body)
	}
}

func TestARefreshTokenIsBoundToItsClient(t *testing.T) {
	h := alone(t)
	c, other := h.web(), h.web()
	token := h.signedIn(c, nil).text("refresh_token")
	h.refused("another client", h.post(h.Token, other, refreshing(token, nil)), http.StatusBadRequest, "invalid_grant")
	if a := h.post(h.Token, c, refreshing(token, nil)); a.status != http.StatusOK {
		t.Errorf("afterwards its own: %d %v", a.status, a.body)
	}
}

func TestARefreshNeverWidensTheScope(t *testing.T) {
	h := alone(t)
	c := h.web()
	token := h.signedIn(c, nil).text("refresh_token")
	for _, wider := range []string{"openid members:read filings:read", "members:write", "profile", "nonsense"} {
		h.refused(wider, h.post(h.Token, c, refreshing(token, with{"scope": wider})), http.StatusBadRequest, "invalid_scope")
	}
	narrow := h.post(h.Token, c, refreshing(token, with{"scope": "openid"}))
	if got := h.claims(narrow); got.Scope != "openid" || got.Organisation != nil || narrow.text("scope") != "openid" {
		t.Errorf("narrowed: %+v", got)
	}
	again := h.post(h.Token, c, refreshing(narrow.text("refresh_token"), nil))
	if got := h.claims(again); got.Scope != "openid members:read" || got.Organisation == nil {
		t.Errorf("a narrower refresh narrowed the grant: %+v", got)
	}
}

func TestAScopeTakenFromTheClientIsNotRefreshed(t *testing.T) {
	h := alone(t)
	c := h.web()
	token := h.signedIn(c, nil).text("refresh_token")
	c.Scope = "openid"
	if _, err := h.Clients().Update(t.Context(), c.Client); err != nil {
		t.Fatal(err)
	}
	h.refused("a refresh", h.post(h.Token, c, refreshing(token, nil)), http.StatusBadRequest, "invalid_scope")
}

func TestARefreshMovesToAnotherOrganisation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		first := h.signedIn(c, nil)
		moved := h.post(h.Token, c, refreshing(first.text("refresh_token"), with{"organization": h.vasilek.ID}))
		got := h.claims(moved)
		if got.Organisation.ID != h.vasilek.ID || !slices.Equal(got.Roles, []string{"observer"}) || slices.Contains(got.Permissions, "filings:sign") {
			t.Errorf("claims: %+v", got)
		}
		stayed := h.claims(h.post(h.Token, c, refreshing(moved.text("refresh_token"), nil)))
		if stayed.Organisation.ID != h.vasilek.ID {
			t.Errorf("the next refresh is for %s", stayed.Organisation.ID)
		}
	})
}

func TestARefreshMovesOnlyWhereThePersonBelongs(t *testing.T) {
	h := alone(t)
	c := h.web()
	token := h.signedIn(c, nil).text("refresh_token")
	stranger := h.company("ООО «Чужая»", "")
	strict := h.company("ООО «Строгая»", "urn:propusk:qualified")
	h.join(strict, h.maria, directory.Observer)
	h.refused("no member", h.post(h.Token, c, refreshing(token, with{"organization": stranger.ID})), http.StatusBadRequest, "invalid_target")
	h.refused("no such organisation", h.post(h.Token, c, refreshing(token, with{"organization": storage.NewID()})), http.StatusBadRequest, "invalid_target")
	h.refused("a stricter policy", h.post(h.Token, c, refreshing(token, with{"organization": strict.ID})), http.StatusBadRequest, "interaction_required")
	for demand, policy := range map[string]string{
		"a PIN": `"pin":true,"trusted_devices":true`, "passkeys": `"factors":["passkey"],"trusted_devices":true`,
		"a network": `"networks":["10.0.0.0/8"],"trusted_devices":true`, "no devices": `"trusted_devices":false`,
	} {
		guarded := h.company("ООО «За дверью»", "")
		h.join(guarded, h.maria, directory.Observer)
		if _, err := h.db.Exec(t.Context(), `INSERT INTO organisation_policies (organisation_id, policy, updated_at) VALUES ($1, $2, 1)`,
			guarded.ID, `{"password_max_age":7776000,`+policy+`}`); err != nil {
			t.Fatal(err)
		}
		h.refused(demand, h.post(h.Token, c, refreshing(token, with{"organization": guarded.ID})), http.StatusBadRequest, "interaction_required")
	}
	// None of this cost the family anything.
	if a := h.post(h.Token, c, refreshing(token, nil)); a.status != http.StatusOK || h.claims(a).Organisation.ID != h.romashka.ID {
		t.Errorf("afterwards: %d %v", a.status, a.body)
	}
	personal := h.signedIn(c, with{"scope": "openid"}).text("refresh_token")
	h.refused("a grant without organisation", h.post(h.Token, c, refreshing(personal, with{"organization": h.vasilek.ID})), http.StatusBadRequest, "invalid_target")
}

// What a policy demands is seen at the sign-in: a grant of before it has not shown it.
func TestAStricterPolicyWantsANewSignIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		head := h.person("head@example.org")
		h.join(h.romashka, head, directory.Administrator)
		if err := h.deps.Directory.SetPasswordHash(t.Context(), head.ID, "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"); err != nil {
			t.Fatal(err) // without one that could enter no policy is taken
		}
		before := h.signedIn(c, nil).text("refresh_token")
		h.clock.Advance(time.Minute)
		set := func(change func(p *directory.Policy)) {
			t.Helper()
			policy, err := h.deps.Directory.Policy(t.Context(), h.romashka.ID)
			if err == nil {
				change(&policy)
				err = h.deps.Directory.SetPolicy(t.Context(), directory.System(), h.romashka.ID, policy)
			}
			if err != nil {
				t.Fatal(err)
			}
			h.clock.Advance(time.Minute)
		}
		set(func(p *directory.Policy) { p.PIN = true })
		h.refused("a grant of before", h.post(h.Token, c, refreshing(before, nil)), http.StatusBadRequest, "interaction_required")
		after := h.signedIn(c, nil).text("refresh_token")
		set(func(p *directory.Policy) { p.PasswordMaxAge *= 2 })
		if a := h.post(h.Token, c, refreshing(after, nil)); a.status != http.StatusOK {
			t.Errorf("a grant of afterwards: %d %v", a.status, a.body["error"])
		}
		set(func(p *directory.Policy) { *p = directory.DefaultPolicy() })
		if a := h.post(h.Token, c, refreshing(before, nil)); a.status != http.StatusOK {
			t.Errorf("with the demand gone: %d %v", a.status, a.body["error"])
		}
	})
}

func TestARefreshReadsRightsAnew(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		first := h.signedIn(c, nil)
		role := directory.Observer
		if _, err := h.deps.Directory.ChangeMember(t.Context(), directory.System(), h.romashka.ID, h.membership.ID, directory.MemberChange{Role: &role}); err != nil {
			t.Fatal(err)
		}
		if h.active(c, first.text("access_token")) {
			t.Error("a token of the former rights is still active")
		}
		second := h.post(h.Token, c, refreshing(first.text("refresh_token"), nil))
		if got := h.claims(second); !slices.Equal(got.Roles, []string{"observer"}) || got.MemberVersion != h.membership.Version+1 {
			t.Errorf("claims: %+v", got)
		}
		if err := h.deps.Directory.RemoveMember(t.Context(), directory.System(), h.romashka.ID, h.membership.ID, nil); err != nil {
			t.Fatal(err)
		}
		h.refused("a removed member", h.post(h.Token, c, refreshing(second.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
		if h.active(c, second.text("access_token")) || h.active(c, second.text("refresh_token")) {
			t.Error("a removed member's tokens are active")
		}
		if got := h.journalled(h.romashka.ID); got[len(got)-1] != "grant.ended membership_ended" {
			t.Errorf("the journal has %q", got)
		}
	})
}

// A refresh that asks for no organisation scope must not move the grant to an
// organisation that nobody checked: the next refresh would find no membership
// there, end the grant, and say so in the journal of that organisation.
func TestANarrowedRefreshDoesNotMoveTheGrantAway(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		first := h.signedIn(c, with{"scope": "openid organization"})
		stranger := h.company("ООО «Чужая»", "")
		before := h.journalled(stranger.ID)
		for _, foreign := range []string{stranger.ID, "nowhere"} {
			h.refused(foreign, h.post(h.Token, c, refreshing(first.text("refresh_token"), with{"scope": "openid", "organization": foreign})),
				http.StatusBadRequest, "invalid_target")
		}
		second := h.post(h.Token, c, refreshing(first.text("refresh_token"), nil))
		if got := h.claims(second); got.Organisation == nil || got.Organisation.ID != h.romashka.ID {
			t.Errorf("claims: %+v", got)
		}
		if after := h.journalled(stranger.ID); len(after) != len(before) {
			t.Errorf("another organisation's journal has %q", after)
		}
	})
}

func TestABlockedPersonsGrantEnds(t *testing.T) {
	h := alone(t)
	c := h.web()
	first := h.signedIn(c, with{"scope": "openid offline_access"})
	if err := h.deps.Directory.SetPersonStatus(t.Context(), directory.System(), h.maria.ID, directory.StatusBlocked); err != nil {
		t.Fatal(err)
	}
	h.refused("a blocked person", h.post(h.Token, c, refreshing(first.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
	if h.active(c, first.text("access_token")) {
		t.Error("a blocked person's token is active")
	}
	if err := h.deps.Directory.SetPersonStatus(t.Context(), directory.System(), h.maria.ID, directory.StatusActive); err != nil {
		t.Fatal(err)
	}
	h.refused("unblocked again", h.post(h.Token, c, refreshing(first.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
}

// A new password shuts out whoever signed in with the old one, as it does with
// sessions: a stolen refresh token must not outlive it.
func TestAChangedPasswordEndsGrantsOfBefore(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		set := func(hash string) {
			t.Helper()
			h.clock.Advance(time.Second)
			if err := h.deps.Directory.SetPasswordHash(t.Context(), h.maria.ID, hash); err != nil {
				t.Fatal(err)
			}
			h.clock.Advance(time.Second)
		}
		set("first")
		stolen := h.signedIn(c, with{"scope": "openid offline_access"})
		stolen = h.post(h.Token, c, refreshing(stolen.text("refresh_token"), nil))
		set("second")
		if h.active(c, stolen.text("refresh_token")) {
			t.Error("a refresh token of the old password is active")
		}
		h.refused("a grant of the old password", h.post(h.Token, c, refreshing(stolen.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
		if h.active(c, stolen.text("access_token")) {
			t.Error("its access token is active")
		}
		if got := h.journalled(""); got[len(got)-1] != "grant.ended password_changed" {
			t.Errorf("the journal has %q", got)
		}
		anew := h.signedIn(c, with{"scope": "openid offline_access"})
		if got := h.post(h.Token, c, refreshing(anew.text("refresh_token"), nil)); got.status != http.StatusOK {
			t.Errorf("a grant of the new password: %v", got.body)
		}
	})
}

// A grant that has moved on ends in the journal of the organisation it is for,
// also when the code that it came from gives the reason.
func TestACodeReplayedAfterAMoveIsToldToTheGrantsOrganisation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		code := h.code(c, nil)
		first := h.post(h.Token, c, redeeming(code, nil))
		if got := h.post(h.Token, c, refreshing(first.text("refresh_token"), with{"organization": h.vasilek.ID})); got.status != http.StatusOK {
			t.Fatalf("no move: %v", got.body)
		}
		h.clock.Advance(time.Second)
		h.refused("the code again", h.post(h.Token, c, redeeming(code, nil)), http.StatusBadRequest, "invalid_grant")
		if got := h.journalled(h.vasilek.ID); got[len(got)-1] != "grant.ended code_replay" {
			t.Errorf("the journal has %q", got)
		}
		if got := h.journalled(h.romashka.ID); got[len(got)-1] == "grant.ended code_replay" {
			t.Errorf("the journal of the organisation left has %q", got)
		}
	})
}

func TestARaisedPolicyIsMetByANewSignIn(t *testing.T) {
	h := alone(t)
	c := h.web()
	token := h.signedIn(c, nil).text("refresh_token")
	c.RequiredACR = "urn:propusk:qualified"
	if _, err := h.Clients().Update(t.Context(), c.Client); err != nil {
		t.Fatal(err)
	}
	h.refused("a refresh", h.post(h.Token, c, refreshing(token, nil)), http.StatusBadRequest, "interaction_required")
}

func TestARaisedDemandOfTheOrganisationStopsWeakTokens(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		weak := h.signedIn(c, nil, func(a *Approval) { a.ACR = directory.ACROneFactor })
		strong := h.signedIn(c, nil)
		demand := directory.ACRTwoFactors
		if _, err := h.deps.Directory.UpdateOrganisation(t.Context(), directory.System(), h.romashka.ID,
			directory.OrganisationPatch{RequiredACR: &demand}); err != nil {
			t.Fatal(err)
		}
		if h.active(c, weak.text("access_token")) {
			t.Error("a token of a weaker sign-in is active")
		}
		h.refused("a weaker grant", h.post(h.Token, c, refreshing(weak.text("refresh_token"), nil)), http.StatusBadRequest, "interaction_required")
		if got := h.post(h.Token, c, refreshing(strong.text("refresh_token"), nil)); !h.active(c, got.text("access_token")) {
			t.Errorf("a grant that suffices gives no token: %v", got.body)
		}
	})
}

func TestAnUnusedRefreshTokenExpires(t *testing.T) {
	h := alone(t)
	c := h.web()
	token := h.signedIn(c, nil).text("refresh_token")
	h.clock.Advance(30*24*time.Hour - time.Second)
	token = h.post(h.Token, c, refreshing(token, nil)).text("refresh_token")
	if token == "" {
		t.Fatal("expired too early")
	}
	h.clock.Advance(30 * 24 * time.Hour)
	h.refused("a month later", h.post(h.Token, c, refreshing(token, nil)), http.StatusBadRequest, "invalid_grant")
}

func TestADisabledClientGetsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		first := h.signedIn(c, nil)
		observer := h.register(Client{Kind: Service, FirstParty: true, Scope: ""})
		c.Status = client.StatusDisabled
		if _, err := h.Clients().Update(t.Context(), c.Client); err != nil {
			t.Fatal(err)
		}
		h.refused("a refresh", h.post(h.Token, c, refreshing(first.text("refresh_token"), nil)), http.StatusUnauthorized, "invalid_client")
		if h.active(observer, first.text("access_token")) {
			t.Error("its live token is still active")
		}
		c.Status = client.StatusActive
		if _, err := h.Clients().Update(t.Context(), c.Client); err != nil {
			t.Fatal(err)
		}
		if a := h.post(h.Token, c, refreshing(first.text("refresh_token"), nil)); a.status != http.StatusOK {
			t.Errorf("enabled again: %d %v", a.status, a.body)
		}
	})
}
