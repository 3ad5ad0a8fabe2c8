package oauth

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// counter is a confidential client that asks people at their own machine.
func (h *house) counter(change func(*Client)) caller {
	c := Client{
		Kind: Web, GrantTypes: []string{GrantCIBA, GrantRefreshToken}, Scope: "openid offline_access organization members:read",
	}
	if change != nil {
		change(&c)
	}
	return h.register(c)
}

const notificationTokenOfTests = "8d67dc78-7faa-4d41-aabd-67707b374255"

func pinged(address string) func(*Client) {
	return func(c *Client) {
		c.Backchannel = client.Backchannel{CIBADeliveryMode: client.DeliveryPing, CIBANotificationEndpoint: address}
	}
}

// asked sends an authentication request for maria, changed, and has its jobs done.
func (h *house) asked(c caller, changes with) answer {
	h.t.Helper()
	a := h.asking(c, changes)
	if a.status != http.StatusOK {
		h.t.Fatalf("not accepted: %d %v", a.status, a.body)
	}
	h.work(addressJob, h.address)
	return a
}

func (h *house) asking(c caller, changes with) answer {
	return h.post(h.BackchannelAuthentication, c, parameters(with{
		"scope": "openid members:read", "login_hint": "maria@example.org", "binding_message": "W4SCT",
	}, changes))
}

// work does the jobs of a kind that wait, once each.
func (h *house) work(kind string, do func(context.Context, jobs.Job) error) (errs []error) {
	h.t.Helper()
	var waiting []struct {
		ID      string `db:"id"`
		Payload string `db:"payload"`
	}
	if err := h.db.Select(h.t.Context(), &waiting, `DELETE FROM jobs WHERE kind = $1 RETURNING id, payload`, kind); err != nil {
		h.t.Fatal(err)
	}
	for _, job := range waiting {
		errs = append(errs, do(h.t.Context(), jobs.Job{ID: job.ID, Kind: kind, Payload: json.RawMessage(job.Payload)}))
	}
	return errs
}

func fetching(code string, changes with) url.Values {
	return parameters(with{"grant_type": GrantCIBA, "auth_req_id": code}, changes)
}

// before are the requests that maria finds.
func (h *house) before() []*Waiting {
	h.t.Helper()
	list, err := h.WaitingFor(h.t.Context(), h.maria.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func TestAPersonIsAskedAndTheClientPolls(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.counter(nil)
		a := h.asked(c, nil)
		if a.body["expires_in"] != 300.0 || a.body["interval"] != 5.0 {
			t.Errorf("answer %v", a.body)
		}
		code := a.text("auth_req_id")
		h.refused("before the decision", h.post(h.Token, c, fetching(code, nil)), 400, "authorization_pending")
		waiting := h.before()
		if len(waiting) != 1 || waiting[0].BindingMessage != "W4SCT" || waiting[0].Request.HintSubject != h.maria.ID || waiting[0].FromDevice() {
			t.Fatalf("waiting %+v", waiting)
		}
		h.approved(waiting[0])
		got := h.post(h.Token, c, fetching(code, nil))
		token, id := h.claims(got), h.idClaims(got)
		if token.Subject != h.maria.ID || token.Organisation.ID != h.romashka.ID || id.Subject != h.maria.ID || got.text("refresh_token") == "" {
			t.Errorf("access %+v, id %+v", token, id)
		}
		h.refused("a second time", h.post(h.Token, c, fetching(code, nil)), 400, "invalid_grant")
		if left := h.before(); len(left) != 0 {
			t.Errorf("still waiting: %+v", left)
		}
		for _, action := range []string{"ciba.requested", "ciba.approved"} {
			entries, err := h.deps.Journal.List(t.Context(), journal.Filter{Actor: h.maria.ID, Action: action})
			if err != nil || len(entries) != 1 || entries[0].Client != c.ID {
				t.Errorf("%s: %+v, %v", action, entries, err)
			}
		}
		h.refused("another client", h.post(h.Token, h.counter(nil), fetching(h.asked(c, nil).text("auth_req_id"), nil)), 400, "invalid_grant")
		h.refused("as a device code", h.post(h.Token, h.till(), polling(code, nil)), 400, "invalid_grant")
	})
}

func TestARefusalIsFetchedAndEndsTheRequest(t *testing.T) {
	h := alone(t)
	c := h.counter(nil)
	code := h.asked(c, nil).text("auth_req_id")
	w := h.before()[0]
	if err := h.RefuseWaiting(t.Context(), w.ID, h.admin.ID); err != ErrWaitingOver {
		t.Errorf("refused by another person: %v", err)
	}
	if err := h.ApproveWaiting(t.Context(), w.ID, func() Approval { a := h.approval(w.Request.Scopes); a.PersonID = h.admin.ID; return a }()); err != ErrWaitingOver {
		t.Errorf("approved by another person: %v", err)
	}
	if err := h.RefuseWaiting(t.Context(), w.ID, h.maria.ID); err != nil {
		t.Fatal(err)
	}
	h.refused("refused", h.post(h.Token, c, fetching(code, nil)), 400, "access_denied")
	expiring := h.asked(c, with{"requested_expiry": "1"})
	if expiring.body["expires_in"] != 30.0 {
		t.Errorf("a second is too short: %v", expiring.body)
	}
	h.clock.Advance(30 * time.Second)
	h.refused("expired", h.post(h.Token, c, fetching(expiring.text("auth_req_id"), nil)), 400, "expired_token")
	if len(h.before()) != 0 {
		t.Error("an expired request is listed")
	}
}

// Whether somebody has an account is nobody's business, client or not.
func TestAHintForNobodyIsAnsweredLikeOneForSomebody(t *testing.T) {
	h := alone(t)
	c, known := h.counter(nil), h.counter(nil)
	names := func(a answer) (n []string) {
		for name := range a.body {
			n = append(n, name)
		}
		return n
	}
	good := h.asking(known, nil)
	for name, hint := range map[string]string{"nobody": "nobody@example.org", "no login at all": "?", "an organisation": h.vasilek.INN} {
		a := h.asking(c, with{"login_hint": hint})
		if a.status != http.StatusOK || len(names(a)) != len(names(good)) || a.body["expires_in"] != good.body["expires_in"] {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
		if errs := h.work(addressJob, h.address); len(errs) == 0 || errs[0] != nil {
			t.Errorf("%s: %v", name, errs)
		}
		h.refused(name, h.post(h.Token, c, fetching(a.text("auth_req_id"), nil)), 400, "authorization_pending")
	}
	if err := h.deps.Directory.SetPersonStatus(t.Context(), directory.System(), h.maria.ID, directory.StatusBlocked); err != nil {
		t.Fatal(err)
	}
	if a := h.asked(c, nil); len(h.before()) != 1 { // the one of before
		t.Errorf("a blocked person is asked: %v", a.body)
	}
}

func TestAnOrganisationsClientAsksItsOwnPeopleAlone(t *testing.T) {
	h := alone(t)
	c := h.counter(func(c *Client) { c.OrganisationID = h.romashka.ID })
	h.asked(c, nil)
	if len(h.before()) != 1 {
		t.Error("a member was not asked")
	}
	other := h.company("ООО «Лютик»", "")
	foreign := h.counter(func(c *Client) { c.OrganisationID = other.ID })
	h.asked(foreign, nil)
	if len(h.before()) != 1 {
		t.Error("somebody else's member was asked")
	}
}

// Somebody who is asked all night says yes in the end.
func TestOnePersonIsAskedFewTimesAtOnce(t *testing.T) {
	h := alone(t)
	for range waitingAtMost + 3 {
		h.asked(h.counter(nil), nil)
	}
	if got := len(h.before()); got != waitingAtMost {
		t.Errorf("%d requests wait", got)
	}
	entries, err := h.deps.Journal.List(t.Context(), journal.Filter{Actor: h.maria.ID, Action: "ciba.requested"})
	if err != nil || len(entries) != waitingAtMost {
		t.Errorf("told %d times, %v", len(entries), err)
	}
	h.clock.Advance(5 * time.Minute)
	h.asked(h.counter(nil), nil)
	if got := len(h.before()); got != 1 {
		t.Errorf("later %d requests wait", got)
	}
	for range askedAtMost {
		h.asked(h.counter(nil), nil)
	}
	h.clock.Advance(5 * time.Minute)
	if h.asked(h.counter(nil), nil); len(h.before()) != 0 {
		t.Error("asked more than twenty times within the hour")
	}
	h.clock.Advance(time.Hour)
	if h.asked(h.counter(nil), nil); len(h.before()) != 1 {
		t.Error("an hour later nobody is asked")
	}
}

func TestAnIDTokenNamesWhomToAsk(t *testing.T) {
	h := alone(t)
	c := h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantCIBA}, Scope: "openid members:read",
	})
	id := h.signedIn(c, nil).text("id_token")
	h.clock.Advance(time.Hour) // it may have expired
	h.asked(c, with{"login_hint": "", "id_token_hint": id})
	if len(h.before()) != 1 {
		t.Error("nobody was asked")
	}
	h.refused("another client's", h.asking(h.counter(nil), with{"login_hint": "", "id_token_hint": id}), 400, "invalid_request")
}

func TestAuthenticationRequestsThatAreRefused(t *testing.T) {
	h := alone(t)
	c := h.counter(nil)
	ping := h.counter(pinged(issuer + "/ping"))
	for name, test := range map[string]struct {
		c       caller
		changes with
		status  int
		code    string
	}{
		"another grant type":          {h.web(), nil, 400, "unauthorized_client"},
		"a public client":             {h.spa(), nil, 400, "unauthorized_client"},
		"a wrong secret":              {caller{c.Client, "wrong"}, nil, 401, "invalid_client"},
		"without openid":              {c, with{"scope": "members:read"}, 400, "invalid_scope"},
		"a scope of others":           {c, with{"scope": "openid filings:write"}, 400, "invalid_scope"},
		"no hint":                     {c, with{"login_hint": ""}, 400, "invalid_request"},
		"two hints":                   {c, with{"id_token_hint": "x"}, 400, "invalid_request"},
		"a hint by token":             {c, with{"login_hint": "", "login_hint_token": "x"}, 400, "invalid_request"},
		"a forged ID token":           {c, with{"login_hint": "", "id_token_hint": "x"}, 400, "invalid_request"},
		"a long hint":                 {c, with{"login_hint": strings.Repeat("a", 255)}, 400, "invalid_request"},
		"a user code":                 {c, with{"user_code": "1234"}, 400, "invalid_request"},
		"an address to go to":         {c, with{"binding_message": "evil.example"}, 400, "invalid_binding_message"},
		"markup":                      {c, with{"binding_message": "<b>W4SCT</b>"}, 400, "invalid_binding_message"},
		"a novel":                     {c, with{"binding_message": strings.Repeat("a", 49)}, 400, "invalid_binding_message"},
		"lines":                       {c, with{"binding_message": "one\ntwo"}, 400, "invalid_binding_message"},
		"no seconds":                  {c, with{"requested_expiry": "soon"}, 400, "invalid_request"},
		"no time":                     {c, with{"requested_expiry": "0"}, 400, "invalid_request"},
		"a token where none is due":   {c, with{"client_notification_token": notificationTokenOfTests}, 400, "invalid_request"},
		"no token where one is due":   {ping, nil, 400, "invalid_request"},
		"a token that can be guessed": {ping, with{"client_notification_token": "1234"}, 400, "invalid_request"},
		"a token that splits headers": {ping, with{"client_notification_token": notificationTokenOfTests + "\r\nX: y"}, 400, "invalid_request"},
		"a token too long":            {ping, with{"client_notification_token": strings.Repeat("a", 1025)}, 400, "invalid_request"},
		"a request of a stranger's":   {c, with{"request_uri": "https://elsewhere.example/r"}, 400, "invalid_request"},
		"another resource":            {c, with{"resource": "https://elsewhere.example"}, 400, "invalid_target"},
	} {
		h.refused(name, h.asking(test.c, test.changes), test.status, test.code)
	}
}

// CIBA §7.1.1, FAPI-CIBA §5.2.2.
func TestSignedAuthenticationRequests(t *testing.T) {
	h := alone(t)
	key := newKey(t)
	by := signing{jose.ES256, key, nil}
	c := h.register(Client{
		Kind: Web, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: keySetOf(t, jose.JSONWebKey{Key: key.Public()}),
		GrantTypes: []string{GrantCIBA}, Scope: "openid members:read", Profile: ProfileFAPI2Security,
	})
	now := h.clock.Now().Unix()
	claims := func(changes map[string]any) map[string]any {
		all := h.asserting(c, map[string]any{"sub": nil, "nbf": now, "scope": "openid members:read", "login_hint": "maria@example.org", "binding_message": "W4SCT"})
		for name, value := range changes {
			if all[name] = value; value == nil {
				delete(all, name)
			}
		}
		return all
	}
	send := func(object string, changes with) answer {
		return h.post(h.BackchannelAuthentication, c, parameters(with{
			"request": object, "client_assertion": by.jwt(t, h.asserting(c, nil)), "client_assertion_type": assertionType,
		}, changes))
	}
	good := by.jwt(t, claims(nil))
	if a := send(good, with{"login_hint": "admin@example.org"}); a.status != http.StatusOK {
		t.Fatalf("%d %v", a.status, a.body)
	}
	h.work(addressJob, h.address)
	if len(h.before()) != 1 {
		t.Error("what stands outside the object counts")
	}
	h.refused("replayed", send(good, nil), 400, "invalid_request")
	h.refused("unsigned", send("", with{"request": "", "scope": "openid", "login_hint": "x", "binding_message": "a"}), 400, "invalid_request")
	h.refused("an authorization request", send(signing{jose.ES256, key, map[jose.HeaderKey]any{"typ": "oauth-authz-req+jwt"}}.jwt(t, claims(nil)), nil), 400, "invalid_request")
	h.refused("another key", send(signing{jose.ES256, newKey(t), nil}.jwt(t, claims(nil)), nil), 400, "invalid_request")
	for name, changes := range map[string]map[string]any{
		"for another server": {"aud": "https://elsewhere.example"}, "of another client": {"iss": "other"}, "a client assertion": {"sub": c.ID},
		"without exp": {"exp": nil}, "without iat": {"iat": nil}, "without nbf": {"nbf": nil}, "without jti": {"jti": nil},
		"expired": {"exp": now}, "too long": {"exp": now + 3601}, "of the future": {"nbf": now + 60, "exp": now + 90}, "of long ago for long": {"nbf": now - 3600, "exp": now + 60},
		"with a response_type": {"response_type": "code"}, "with a redirect_uri": {"redirect_uri": callback}, "with a list": {"scope": []string{"openid"}},
		"without binding_message": {"binding_message": nil},
	} {
		h.refused(name, send(by.jwt(t, claims(changes)), nil), 400, "invalid_request")
	}
}

// CIBA §10.2: the ping says that there is something to fetch, and no more.
func TestTheClientIsPingedOnceDecided(t *testing.T) {
	h := alone(t)
	type got struct{ authorization, body string }
	pings := make(chan got, 8)
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		pings <- got{r.Header.Get("Authorization"), string(body)}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	c := h.counter(pinged(server.URL))
	ask := func() string {
		code := h.asked(c, with{"client_notification_token": notificationTokenOfTests}).text("auth_req_id")
		if errs := h.work(pingJob, h.sendPing); errs != nil {
			t.Error("pinged before the decision")
		}
		return code
	}
	code := ask()
	h.approved(h.before()[0])
	var payload string
	if err := h.db.Get(t.Context(), &payload, `SELECT payload FROM jobs WHERE kind = $1`, pingJob); err != nil || strings.Contains(payload, code) || strings.Contains(payload, notificationTokenOfTests) {
		t.Errorf("the job shows its secrets: %s, %v", payload, err)
	}
	if errs := h.work(pingJob, h.sendPing); len(errs) != 1 || errs[0] != nil {
		t.Fatalf("%v", errs)
	}
	if p := <-pings; p.authorization != "Bearer "+notificationTokenOfTests || p.body != `{"auth_req_id":"`+code+`"}` {
		t.Errorf("pinged with %+v", p)
	}
	if a := h.post(h.Token, c, fetching(code, nil)); a.status != http.StatusOK {
		t.Errorf("fetched: %d %v", a.status, a.body)
	}
	for answer, permanent := range map[int]bool{http.StatusOK: false, http.StatusUnauthorized: true, http.StatusFound: true, http.StatusBadGateway: false, http.StatusTooManyRequests: false} {
		status = answer
		ask()
		if err := h.RefuseWaiting(t.Context(), h.before()[0].ID, h.maria.ID); err != nil {
			t.Fatal(err)
		}
		errs := h.work(pingJob, h.sendPing)
		if len(errs) != 1 || jobs.IsPermanent(errs[0]) != permanent || (errs[0] == nil) != (answer == http.StatusOK) {
			t.Errorf("answered %d: %v", answer, errs)
		}
		<-pings
	}
	ask()
	h.approved(h.before()[0])
	disabled := c.Client
	disabled.Status = client.StatusDisabled
	if _, err := h.Clients().Update(t.Context(), disabled); err != nil {
		t.Fatal(err)
	}
	if errs := h.work(pingJob, h.sendPing); errs[0] != nil || len(pings) != 0 {
		t.Errorf("a disabled client: %v", errs)
	}
}

// RFC 9700 §4.13 of addresses that clients register: no way inside by a ping.
func TestAPingReachesNothingInside(t *testing.T) {
	h := alone(t)
	knocked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { knocked = true }))
	t.Cleanup(server.Close)
	h.outside = newOutside(nil, nil) // as a house on the internet reaches
	c := h.counter(pinged(server.URL))
	h.asked(c, with{"client_notification_token": notificationTokenOfTests})
	h.approved(h.before()[0])
	if errs := h.work(pingJob, h.sendPing); len(errs) != 1 || errs[0] == nil || knocked {
		t.Errorf("loopback was asked: %v", errs)
	}
}

func TestRegistrationsForTheBackchannel(t *testing.T) {
	h := alone(t)
	for name, change := range map[string]func(*Client){
		"push":                      func(c *Client) { c.CIBADeliveryMode = "push" },
		"ping without an endpoint":  func(c *Client) { c.CIBADeliveryMode = client.DeliveryPing },
		"an endpoint without ping":  func(c *Client) { c.CIBANotificationEndpoint = "https://app.example/ping" },
		"an endpoint without TLS":   func(c *Client) { pinged("http://app.example/ping")(c) },
		"a user code":               func(c *Client) { c.CIBAUserCode = true },
		"an algorithm without keys": func(c *Client) { c.CIBARequestAlg = "ES256" },
		"none":                      func(c *Client) { c.CIBARequestAlg = "none" },
		"a public client":           func(c *Client) { c.Kind = SPA },
		"a delivery without the grant": func(c *Client) {
			c.GrantTypes = []string{GrantClientCredentials}
			c.CIBADeliveryMode = client.DeliveryPoll
		},
		"a refresh of nothing":        func(c *Client) { c.GrantTypes = []string{GrantRefreshToken, GrantClientCredentials} },
		"an assertion without keys":   func(c *Client) { c.GrantTypes = []string{GrantJWTBearer} },
		"an exchange by a public one": func(c *Client) { c.Kind, c.GrantTypes = Native, []string{GrantTokenExchange} },
	} {
		c := Client{Name: "Учёт", Kind: Web, GrantTypes: []string{GrantCIBA}, Scope: "openid"}
		change(&c)
		if _, _, err := h.Clients().Create(t.Context(), c); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
}

func FuzzAuthenticationRequestObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"scope":"openid"}`, `{"scope":["openid"]}`, `{"a":{"b":[]},"n":1e400}`, `[]`, `{"response_type":"code"}`, `{"x":"\u0000"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		form, err := cibaParameters(payload)
		if (form == nil) == (err == nil) {
			t.Fatalf("%q: %v, %v", payload, form, err)
		}
		for name, values := range form {
			if len(values) != 1 || values[0] == "" || name == "response_type" || name == "request" || name == "iss" {
				t.Errorf("%q gives %s=%q", payload, name, values)
			}
		}
	})
}
