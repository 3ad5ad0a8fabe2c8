package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/idp/client"
	"propusk/storage"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// places gives every set of facts a place of its own, in the order asked.
type places struct {
	mu    sync.Mutex
	known []revocation.Token
}

func (p *places) Place(_ context.Context, t revocation.Token) (string, int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.ID = ""
	i := slices.Index(p.known, t)
	if i < 0 {
		i, p.known = len(p.known), append(p.known, t)
	}
	return issuer + "/oauth2/status-lists/1-0", int64(i), nil
}

func (p *places) Key(uri string, index int64) string { return fmt.Sprintf("%s#%d", uri, index) }

func (h *house) withPlaces() *places {
	p := &places{}
	deps := h.deps
	deps.Metrics, deps.Statuses = nil, p
	h.Provider = h.start(deps)
	return p
}

// draft-ietf-oauth-status-list §6.2, and nothing for a client that does not ask.
func TestATokenNamesItsPlaceWhereItsClientAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	p := h.withPlaces()
	asks := h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		Scope: "openid offline_access members:read", StatusList: true, TokenMetadata: client.TokenMetadata{SubjectType: client.SubjectPairwise},
	})
	first := h.signedIn(asks, with{"scope": "openid offline_access members:read"})
	claims := h.claims(first)
	if claims.Status == nil || claims.Status.List.URI != issuer+"/oauth2/status-lists/1-0" || claims.Status.List.Index != 0 {
		t.Fatalf("status is %+v", claims.Status)
	}
	if facts := p.known[0]; facts.Person != h.maria.ID || facts.Client != asks.ID || facts.Grant != claims.GrantID ||
		facts.Organisation != h.romashka.ID || facts.MemberVersion != h.membership.Version {
		t.Errorf("the place is for %+v", facts)
	}
	second := h.post(h.Token, asks, refreshing(first.text("refresh_token"), nil))
	if again := h.claims(second); again.Status == nil || *again.Status != *claims.Status || len(p.known) != 1 {
		t.Errorf("the next token of the grant has another place: %+v", again.Status)
	}
	opaque := h.register(Client{Kind: Service, GrantTypes: []string{GrantClientCredentials}, OrganisationID: h.romashka.ID,
		Scope: "members:read", StatusList: true, TokenMetadata: client.TokenMetadata{AccessTokenFormat: client.FormatOpaque}})
	for name, token := range map[string]string{"opaque": h.own(opaque), "a client that does not ask": h.own(h.service())} {
		if got := h.claims(answer{body: map[string]any{"access_token": token}}); got.Status != nil {
			t.Errorf("%s: %+v", name, got.Status)
		}
	}
	if len(p.known) != 1 {
		t.Errorf("%d places were given", len(p.known))
	}
}

func TestATokenThatIsRevokedAloneTakesItsPlaceAlong(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	p := h.withPlaces()
	c := h.register(Client{Kind: Service, GrantTypes: []string{GrantClientCredentials}, OrganisationID: h.romashka.ID, Scope: "members:read", StatusList: true})
	token := h.own(c)
	key := p.Key(issuer+"/oauth2/status-lists/1-0", 0)
	if h.deps.Revoked.Revoked(revocation.Token{ID: key}) {
		t.Fatal("revoked before")
	}
	if a := h.post(h.Revoke, c, map[string][]string{"token": {token}}); a.status != http.StatusOK {
		t.Fatal(a)
	}
	for end := time.Now().Add(time.Minute); !h.deps.Revoked.Revoked(revocation.Token{ID: key}); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a resource server elsewhere still takes the token")
		}
	}
	if h.active(c, token) {
		t.Error("it is active")
	}
}

// Who may take security events: a client with a live token of its own that has the
// scope (RFC 6750 §3, CAEP Interoperability Profile 1.0 §2.7.3).
func TestAReceiverIsAClientWithATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	register := func(scope, organisation string) caller {
		return h.register(Client{Kind: Service, GrantTypes: []string{GrantClientCredentials}, OrganisationID: organisation, Scope: scope})
	}
	reads, manages, other := register("ssf.read", ""), register("ssf.manage members:read", h.romashka.ID), h.service()
	ask := func(token string, scopes ...string) (*httptest.ResponseRecorder, string, string) {
		r := httptest.NewRequest(http.MethodPatch, issuer+"/ssf/streams", strings.NewReader("{}")).WithContext(t.Context())
		if token != "" {
			r.Header.Set("Authorization", token)
		}
		w := httptest.NewRecorder()
		client, organisation, ok := h.Receiver(w, r, scopes...)
		if ok != (w.Code == http.StatusOK && client != "") {
			t.Errorf("ok is %t with %d for %q", ok, w.Code, client)
		}
		return w, client, organisation
	}
	if w, client, organisation := ask("Bearer "+h.own(reads), "ssf.read", "ssf.manage"); client != reads.ID || organisation != "" {
		t.Errorf("%s of %s: %v", client, organisation, w.Header())
	}
	if _, client, organisation := ask("Bearer "+h.own(manages), "ssf.manage"); client != manages.ID || organisation != h.romashka.ID {
		t.Errorf("%s of %s", client, organisation)
	}
	revoked := h.own(reads)
	h.post(h.Revoke, reads, map[string][]string{"token": {revoked}})
	expired := h.own(reads)
	person := h.signedIn(h.web(), nil).text("access_token")
	for name, test := range map[string]struct {
		authorization string
		status        int
		challenge     string
	}{
		"nothing":        {"", 401, `Bearer realm="propusk"`},
		"Basic":          {"Basic eDp5", 401, `Bearer realm="propusk"`},
		"rubbish":        {"Bearer x.y.z", 401, `error="invalid_token"`},
		"revoked":        {"Bearer " + revoked, 401, `error="invalid_token"`},
		"too little":     {"Bearer " + h.own(reads), 403, `error="insufficient_scope"`},
		"another scope":  {"Bearer " + h.own(other), 403, `scope="ssf.manage"`},
		"a person's":     {"Bearer " + person, 403, `error="insufficient_scope"`},
		"without a key":  {"DPoP " + h.own(manages), 401, ``},
		"another scheme": {"Bearer", 401, ``},
	} {
		w, _, _ := ask(test.authorization, "ssf.manage")
		if w.Code != test.status || !strings.Contains(w.Header().Get("WWW-Authenticate"), test.challenge) {
			t.Errorf("%s: %d %q", name, w.Code, w.Header().Get("WWW-Authenticate"))
		}
	}
	h.clock.Advance(11 * time.Minute)
	if w, _, _ := ask("Bearer "+expired, "ssf.read"); w.Code != http.StatusUnauthorized {
		t.Errorf("expired: %d", w.Code)
	}
	if w := h.post(h.Token, other, map[string][]string{"grant_type": {GrantClientCredentials}, "scope": {"ssf.read"}}); w.text("error") != "invalid_scope" {
		t.Errorf("a client that may not: %v", w.body)
	}
}

// To whom a change is of concern: to those with a grant that lives or did a moment
// ago, and not to one that the person has sent away.
func TestWhomAChangeConcerns(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		h := newHouse(t, db)
		web, spa, away := h.web(), h.spa(), h.web()
		session := storage.NewID()
		in := func(a *Approval) { a.SessionID = session }
		first := h.claims(h.signedIn(web, nil, in))
		h.signedIn(spa, with{"scope": "openid members:read"}, in, func(a *Approval) { a.OrganisationID = h.vasilek.ID })
		gone := h.claims(h.signedIn(away, nil))
		ended := func(grantID, because string) {
			g, err := h.grant(t.Context(), grantID)
			if err == nil {
				err = h.end(t.Context(), g, because)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		ended(gone.GrantID, endedByWithdrawal)
		since := func() storage.Time { return h.now().Add(-10 * time.Minute) }
		hear := func(person, organisation string) string {
			clients, err := h.Grantees(t.Context(), person, organisation, since())
			if err != nil {
				t.Fatal(err)
			}
			return named(clients, map[string]string{web.ID: "web", spa.ID: "spa", away.ID: "away"})
		}
		if got := hear(h.maria.ID, ""); got != "spa web" {
			t.Errorf("of maria hear %s", got)
		}
		if got := hear(h.maria.ID, h.romashka.ID); got != "web" {
			t.Errorf("of maria in romashka hear %s", got)
		}
		if got := hear(h.admin.ID, ""); got != "" {
			t.Errorf("of the administrator hear %s", got)
		}
		if clients, err := h.OrganisationGrantees(t.Context(), h.vasilek.ID, since()); err != nil || !slices.Equal(clients, []string{spa.ID}) {
			t.Errorf("of vasilek hear %v, %v", clients, err)
		}
		ended(first.GrantID, endedBySignOut)
		person, clients, err := h.SessionGrantees(t.Context(), session)
		if err != nil || person != h.maria.ID || len(clients) != 2 {
			t.Errorf("of the session of %s hear %v, %v", person, clients, err)
		}
		if got := hear(h.maria.ID, ""); got != "spa web" {
			t.Errorf("a moment after its end hear %s", got)
		}
		h.clock.Advance(11 * time.Minute)
		if got := hear(h.maria.ID, ""); got != "spa" {
			t.Errorf("when its last token is dead hear %s", got)
		}
		owner, active, err := h.Owner(t.Context(), h.service().ID)
		_, unknown, err2 := h.Owner(t.Context(), "nobody")
		if owner != h.romashka.ID || !active || unknown || err != nil || err2 != nil {
			t.Errorf("owned by %s, active: %t and %t, %v, %v", owner, active, unknown, err, err2)
		}
		if subject, err := h.Subject(t.Context(), web.ID, h.maria.ID); err != nil || subject != h.maria.ID {
			t.Errorf("the subject is %s, %v", subject, err)
		}
	})
}

func named(ids []string, names map[string]string) string {
	var list []string
	for _, id := range ids {
		list = append(list, names[id])
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestTheClaimStatusIsEncodedAsTheSpecificationShowsIt(t *testing.T) {
	t.Parallel()
	status := &tokenStatus{statusReference{412, "https://example.com/statuslists/1"}}
	want, err := json.Marshal(status)
	if got := status.appendJSON(nil); err != nil || string(got) != string(want) || string(got) != `{"status_list":{"idx":412,"uri":"https://example.com/statuslists/1"}}` {
		t.Errorf("%s", got)
	}
}
