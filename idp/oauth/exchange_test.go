package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage/journal"
)

// agent is a service client of romashka that may act for others.
func (h *house) agent() caller {
	return h.register(Client{
		Kind: Service, GrantTypes: []string{GrantClientCredentials, GrantTokenExchange}, OrganisationID: h.romashka.ID,
		Scope: "organization members:read filings:read filings:write",
	})
}

// backend is a service of the house itself.
func (h *house) backend() caller {
	return h.register(Client{
		Kind: Service, FirstParty: true, GrantTypes: []string{GrantClientCredentials, GrantTokenExchange}, OrganisationID: h.romashka.ID,
		Scope: "openid organization members:read",
	})
}

// entrusted is a power of vasilek for romashka's programs.
func (h *house) entrusted(change func(*directory.NewPower)) directory.PowerOfAttorney {
	h.t.Helper()
	return h.power(h.vasilek, func(n *directory.NewPower) {
		n.Powers = []string{"CAB_MEMBERS_VIEW"}
		n.Representative = directory.Representative{
			Kind: directory.RepresentsOrganisation, Name: h.romashka.Name, INN: h.romashka.INN, OGRN: h.romashka.OGRN,
		}
		if change != nil {
			change(n)
		}
	})
}

// own is the client's own access token.
func (h *house) own(c caller) string {
	h.t.Helper()
	a := h.post(h.Token, c, ownGrant)
	if a.status != http.StatusOK {
		h.t.Fatalf("no token of its own: %d %v", a.status, a.body)
	}
	return a.text("access_token")
}

func exchanging(subject string, changes with) url.Values {
	return parameters(with{
		"grant_type": GrantTokenExchange, "subject_token": subject, "subject_token_type": typeOfAccessToken,
	}, changes)
}

func acting(token string) with {
	return with{"actor_token": token, "actor_token_type": typeOfAccessToken}
}

func TestAServiceActsForAnotherOrganisationUnderItsPowerOfAttorney(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, p := h.agent(), h.entrusted(nil)
		for name, changes := range map[string]with{"without actor_token": {}, "with itself as actor": acting(h.own(c))} {
			changes["organization"] = h.vasilek.ID
			got := h.post(h.Token, c, exchanging(h.own(c), changes))
			if got.status != http.StatusOK || got.text("issued_token_type") != typeOfAccessToken || got.text("token_type") != "Bearer" ||
				got.text("refresh_token") != "" || got.text("scope") != "organization members:read" {
				t.Fatalf("%s: %d %v", name, got.status, got.body)
			}
			token := h.claims(got)
			if token.Organisation.ID != h.vasilek.ID || token.Power.ID != p.ID || token.Subject != c.ID || token.MemberVersion != 1 ||
				!same(token.Actor, &actor{Subject: c.ID, Organisation: h.romashka.ID}) || !slices.Equal(token.Permissions, []string{"members:read"}) {
				t.Errorf("%s: %+v by %+v", name, token, token.Actor)
			}
			told := h.post(h.Introspect, c, url.Values{"token": {got.text("access_token")}})
			if told.body["active"] != true || !same(told.body["act"], map[string]any{"org": h.romashka.ID, "sub": c.ID}) {
				t.Errorf("%s: introspection says %v", name, told.body)
			}
		}
		entries, err := h.deps.Journal.List(t.Context(), journal.Filter{Organisation: h.vasilek.ID, Action: "token.exchanged"})
		if err != nil || len(entries) != 2 || entries[0].Client != c.ID || entries[0].Details["by_power"] != p.ID {
			t.Errorf("the principal's journal: %+v, %v", entries, err)
		}
	})
}

func TestAServicesTokenDiesWithThePowerItRestsOn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, p := h.agent(), h.entrusted(nil)
		form := with{"organization": h.vasilek.ID}
		got := h.post(h.Token, c, exchanging(h.own(c), form))
		if !h.active(c, got.text("access_token")) {
			t.Fatal("not live to begin with")
		}
		if _, err := h.deps.Directory.RevokePower(t.Context(), directory.System(), h.vasilek.ID, p.ID, "", nil); err != nil {
			t.Fatal(err)
		}
		if h.active(c, got.text("access_token")) {
			t.Error("the token outlives its power")
		}
		h.refused("without a power", h.post(h.Token, c, exchanging(h.own(c), form)), http.StatusBadRequest, "invalid_target")
		h.entrusted(nil)
		again := h.post(h.Token, c, exchanging(h.own(c), form))
		if again.status != http.StatusOK || !h.active(c, again.text("access_token")) || h.active(c, got.text("access_token")) {
			t.Errorf("a new power: %d %v", again.status, again.body)
		}
	})
}

func TestAServicesTokenDoesNotOutliveThePower(t *testing.T) {
	h := alone(t)
	c := h.agent()
	p := h.entrusted(func(n *directory.NewPower) { n.Until = h.clock.Now().AddDate(0, 0, 1).Format(time.DateOnly) })
	h.clock.Advance(p.ValidUntil.Time().Sub(h.clock.Now()) - 90*time.Second)
	got := h.post(h.Token, c, exchanging(h.own(c), with{"organization": h.vasilek.ID}))
	if token := h.claims(got); token.ExpiresAt != p.ValidUntil.Time().Unix() || got.body["expires_in"] != 90.0 {
		t.Errorf("exp %d, expires_in %v", token.ExpiresAt, got.body["expires_in"])
	}
	h.clock.Advance(2 * time.Minute)
	h.refused("after its last day", h.post(h.Token, c, exchanging(h.own(c), with{"organization": h.vasilek.ID})), http.StatusBadRequest, "invalid_target")
}

func TestAServiceReachesAsFarAsOnePowerAndItsOwnScopes(t *testing.T) {
	h := alone(t)
	c := h.agent()
	h.entrusted(nil)
	h.entrusted(func(n *directory.NewPower) { n.Powers = []string{"CAB_FILINGS_VIEW"} })
	ask := func(scope string) answer {
		return h.post(h.Token, c, exchanging(h.own(c), with{"organization": h.vasilek.ID, "scope": scope}))
	}
	for scope, want := range map[string]string{"members:read": "members:read", "filings:read": "filings:read"} {
		got := ask(scope)
		if got.status != http.StatusOK || !slices.Equal(h.claims(got).Permissions, []string{want}) {
			t.Errorf("%s: %d %v", scope, got.status, got.body)
		}
	}
	h.refused("the sum of two powers", ask("members:read filings:read"), http.StatusBadRequest, "invalid_scope")
	h.refused("beyond every power", ask("filings:write"), http.StatusBadRequest, "invalid_scope")
	h.refused("beyond the client", ask("members:write"), http.StatusBadRequest, "invalid_scope")
	h.refused("of a person", ask("openid"), http.StatusBadRequest, "invalid_scope")
	narrow := h.post(h.Token, c, parameters(flat(ownGrant), with{"scope": "filings:read"})).text("access_token")
	got := h.post(h.Token, c, exchanging(narrow, with{"organization": h.vasilek.ID}))
	if got.text("scope") != "filings:read" {
		t.Errorf("a narrow token of its own gives %v", got.body)
	}
	h.refused("beyond the subject_token", h.post(h.Token, c, exchanging(narrow, with{"organization": h.vasilek.ID, "scope": "members:read"})), http.StatusBadRequest, "invalid_scope")
}

func TestAnExchangedTokenNeverOutlivesItsSubject(t *testing.T) {
	h := alone(t)
	c := h.agent()
	h.entrusted(nil)
	old := h.own(c)
	h.clock.Advance(9 * time.Minute)
	if got := h.post(h.Token, c, exchanging(old, with{"organization": h.vasilek.ID})); got.body["expires_in"] != 60.0 {
		t.Errorf("%d %v", got.status, got.body)
	}
	h.clock.Advance(time.Minute)
	h.refused("expired", h.post(h.Token, c, exchanging(old, with{"organization": h.vasilek.ID})), http.StatusBadRequest, "invalid_request")
}

func TestAnApplicationNarrowsItsOwnToken(t *testing.T) {
	h := alone(t)
	c := h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantTokenExchange},
		Scope: "openid profile organization members:read",
	})
	signed := h.signedIn(c, with{"scope": "openid organization members:read"})
	got := h.post(h.Token, c, exchanging(signed.text("access_token"), with{"scope": "openid"}))
	before, token := h.claims(signed), h.claims(got)
	if token.Scope != "openid" || token.Organisation != nil || token.Permissions != nil || token.Actor != nil || token.Origin != "" ||
		token.Subject != h.maria.ID || token.GrantID != before.GrantID || token.ID == before.ID || token.SessionID != before.SessionID {
		t.Errorf("narrowed: %+v", token)
	}
	h.refused("widened", h.post(h.Token, c, exchanging(signed.text("access_token"), with{"scope": "profile"})), http.StatusBadRequest, "invalid_scope")
	h.refused("widened again", h.post(h.Token, c, exchanging(got.text("access_token"), with{"scope": "members:read"})), http.StatusBadRequest, "invalid_scope")
	if err := h.EndSession(t.Context(), before.SessionID); err != nil {
		t.Fatal(err)
	}
	if h.active(c, got.text("access_token")) {
		t.Error("it outlives the session of the token it came of")
	}
}

func TestAServiceOfTheHouseActsForAPersonAndIsNamed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		web, c, other := h.web(), h.backend(), h.backend()
		signed := h.signedIn(web, with{"scope": "openid email members:read"})
		got := h.post(h.Token, c, exchanging(signed.text("access_token"), acting(h.own(c))))
		token := h.claims(got)
		if token.Subject != h.maria.ID || token.ClientID != c.ID || token.Origin != web.ID || token.Scope != "openid members:read" ||
			!same(token.Actor, &actor{Subject: c.ID}) || token.Organisation.ID != h.romashka.ID {
			t.Errorf("delegated: %+v by %+v", token, token.Actor)
		}
		chained := h.post(h.Token, other, exchanging(got.text("access_token"), acting(h.own(other))))
		if token := h.claims(chained); !same(token.Actor, &actor{Subject: other.ID, Before: &actor{Subject: c.ID}}) || token.Origin != web.ID {
			t.Errorf("chained: by %+v", token.Actor)
		}
		disabled := web.Client
		disabled.Status = client.StatusDisabled
		if _, err := h.Clients().Update(t.Context(), disabled); err != nil {
			t.Fatal(err)
		}
		if h.active(c, got.text("access_token")) || h.active(other, chained.text("access_token")) {
			t.Error("what was made of a disabled client's token is live")
		}
	})
}

// RFC 8693 §4.1 bounds nothing; a token that nobody can read anybody out of is none.
func TestAChainOfActorsIsBounded(t *testing.T) {
	h := alone(t)
	token := h.signedIn(h.web(), nil).text("access_token")
	for i := range maxActors {
		c := h.backend()
		got := h.post(h.Token, c, exchanging(token, acting(h.own(c))))
		if got.status != http.StatusOK || h.claims(got).Actor.depth() != i+1 {
			t.Fatalf("hand %d: %d %v", i+1, got.status, got.body)
		}
		token = got.text("access_token")
	}
	c := h.backend()
	h.refused("one hand more", h.post(h.Token, c, exchanging(token, acting(h.own(c)))), http.StatusBadRequest, "invalid_request")
}

// RFC 8693 §1.1, §5: what the table of exchange.go does not name.
func TestImpersonationAndEveryOtherExchangeAreRefused(t *testing.T) {
	h := alone(t)
	web, agent, backend := h.web(), h.agent(), h.backend()
	stranger := h.register(Client{
		Kind: Service, GrantTypes: []string{GrantClientCredentials, GrantTokenExchange}, OrganisationID: h.vasilek.ID, Scope: "members:read",
	})
	h.entrusted(nil)
	person := h.signedIn(web, nil)
	token, mine := person.text("access_token"), h.own(agent)
	byPower := h.post(h.Token, agent, exchanging(mine, with{"organization": h.vasilek.ID})).text("access_token")
	delegated := h.post(h.Token, backend, exchanging(token, acting(h.own(backend)))).text("access_token")
	for name, test := range map[string]struct {
		c       caller
		subject string
		changes with
		code    string
	}{
		"a person without an actor":                {backend, token, nil, "invalid_request"},
		"a person by a stranger's service":         {stranger, token, acting(h.own(stranger)), "unauthorized_client"},
		"a person by the service of his own":       {agent, token, acting(mine), "unauthorized_client"},
		"another client's own token":               {backend, mine, acting(h.own(backend)), "invalid_request"},
		"with somebody else as actor":              {backend, token, acting(mine), "invalid_request"},
		"with a person as actor":                   {backend, token, acting(token), "invalid_request"},
		"with a token by power as actor":           {agent, mine, with{"organization": h.vasilek.ID, "actor_token": byPower, "actor_token_type": typeOfAccessToken}, "invalid_request"},
		"its own for nothing":                      {agent, mine, nil, "invalid_request"},
		"for its own organisation":                 {agent, mine, with{"organization": h.romashka.ID}, "invalid_target"},
		"for one without a power":                  {agent, mine, with{"organization": h.company("ООО «Мак»", "").ID}, "invalid_target"},
		"for one that is none":                     {agent, mine, with{"organization": "nobody"}, "invalid_target"},
		"the power the wrong way round":            {stranger, h.own(stranger), with{"organization": h.romashka.ID}, "invalid_target"},
		"another client's token for a power":       {stranger, mine, with{"organization": h.romashka.ID}, "invalid_request"},
		"a token by power for another":             {agent, byPower, with{"organization": h.vasilek.ID}, "invalid_request"},
		"a person's for a power":                   {agent, token, with{"organization": h.vasilek.ID}, "invalid_request"},
		"a delegated one for a power":              {backend, delegated, with{"organization": h.vasilek.ID}, "invalid_request"},
		"a refresh token":                          {backend, person.text("refresh_token"), acting(h.own(backend)), "invalid_request"},
		"an ID token":                              {backend, person.text("id_token"), acting(h.own(backend)), "invalid_request"},
		"nonsense":                                 {agent, "nonsense", with{"organization": h.vasilek.ID}, "invalid_request"},
		"the type of a refresh token":              {agent, mine, with{"organization": h.vasilek.ID, "subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"},
		"an actor_token without its type":          {agent, mine, with{"organization": h.vasilek.ID, "actor_token": mine}, "invalid_request"},
		"an actor_token of another type":           {agent, mine, with{"organization": h.vasilek.ID, "actor_token": mine, "actor_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"},
		"a refresh token wanted":                   {agent, mine, with{"organization": h.vasilek.ID, "requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"},
		"another audience":                         {agent, mine, with{"organization": h.vasilek.ID, "audience": "https://elsewhere.example"}, "invalid_target"},
		"another resource":                         {agent, mine, with{"organization": h.vasilek.ID, "resource": "https://elsewhere.example"}, "invalid_target"},
		"no subject_token":                         {agent, "", with{"subject_token": ""}, "invalid_request"},
		"a client that may not exchange":           {web, token, with{"scope": "openid"}, "unauthorized_client"},
		"a delegated token without an actor_token": {h.backend(), delegated, nil, "invalid_request"},
	} {
		h.refused(name, h.post(h.Token, test.c, exchanging(test.subject, test.changes)), http.StatusBadRequest, test.code)
	}
	if err := h.EndSession(t.Context(), h.claims(person).SessionID); err != nil {
		t.Fatal(err)
	}
	h.refused("a revoked token", h.post(h.Token, backend, exchanging(token, acting(h.own(backend)))), http.StatusBadRequest, "invalid_request")
}

// A stolen bound token must not become one that anybody can use.
func TestAnExchangeNeverUnbindsAToken(t *testing.T) {
	h := alone(t)
	agent, backend, web := h.agent(), h.backend(), h.web()
	h.entrusted(nil)
	key := h.prover()
	mine := key.proving(agent, ownGrant, nil).text("access_token")
	form := exchanging(mine, with{"organization": h.vasilek.ID})
	h.refused("without the key", h.post(h.Token, agent, form), http.StatusBadRequest, "invalid_request")
	h.refused("with another", h.prover().proving(agent, form, nil), http.StatusBadRequest, "invalid_request")
	got := key.proving(agent, form, nil)
	if got.status != http.StatusOK || got.text("token_type") != "DPoP" || h.claims(got).Confirmation.Key != key.jkt() {
		t.Errorf("with its key: %d %v", got.status, got.body)
	}
	bound := key.proving(web, redeeming(h.code(web, nil), nil), nil).text("access_token")
	delegating := exchanging(bound, acting(h.own(backend)))
	h.refused("a person's bound token, by a bearer", h.post(h.Token, backend, delegating), http.StatusBadRequest, "invalid_request")
	hers := h.prover()
	if got := hers.proving(backend, delegating, nil); got.status != http.StatusOK || h.claims(got).Confirmation.Key != hers.jkt() {
		t.Errorf("by a service with a key: %d %v", got.status, got.body)
	}
}
