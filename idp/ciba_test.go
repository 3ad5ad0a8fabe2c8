package idp

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/idp/oauth"
	"propusk/storage/jobs"
	"propusk/storage/revocation"
)

// bank is a confidential application that asks people at their own machine, and
// its secret.
func (h *house) bank(change func(*oauth.Client)) (oauth.Client, string) {
	h.t.Helper()
	c := oauth.Client{
		Name: "Банк-клиент", NameEN: "Bank client", Kind: oauth.Web, GrantTypes: []string{oauth.GrantCIBA}, Scope: "openid organization members:read",
	}
	if change != nil {
		change(&c)
	}
	created, secret, err := h.provider.Clients().Create(h.ctx(), c)
	h.check(err)
	return created, secret
}

// working starts a node that does the provider's jobs.
func (h *house) working() {
	h.t.Helper()
	log := slog.New(slog.DiscardHandler)
	runner := jobs.New(jobs.Deps{DB: h.db, Now: h.clock.Now, Log: log, Poll: 20 * time.Millisecond})
	signing, err := ring()
	h.check(err)
	revocations := revocation.Deps{DB: h.db, Events: h.volatile, Now: h.clock.Now, Lifetime: 10 * time.Minute}
	node, err := oauth.New(oauth.Deps{
		DB: h.db, Clients: h.provider.Clients(), Ephemeral: h.volatile, Keys: signing, Sealer: sealer(), Directory: h.directory,
		Revocations: revocation.New(revocations), Revoked: revocation.NewList(revocations), Journal: h.journal, Now: h.clock.Now,
		Log: log, Issuer: issuer, Jobs: runner,
	})
	h.check(err)
	h.t.Cleanup(node.Close)
	h.check(runner.Start(h.ctx()))
	h.t.Cleanup(func() { _ = runner.Stop(context.Background()) })
}

// ask sends an authentication request for elena.
func (h *house) ask(c oauth.Client, secret string, fields ...string) said {
	h.t.Helper()
	got := h.program("/oauth2/bc-authorize", c.ID, secret, append([]string{
		"scope", "openid members:read", "login_hint", "elena@north.example", "binding_message", "W4SCT",
	}, fields...)...)
	if got.status != http.StatusOK {
		h.t.Fatalf("not accepted: %d %v", got.status, got.body)
	}
	return got
}

func (h *house) fetchAsked(c oauth.Client, secret, code string) said {
	h.t.Helper()
	return h.program("/oauth2/token", c.ID, secret, "grant_type", oauth.GrantCIBA, "auth_req_id", code)
}

// told waits for the message that asks, and returns the path that it leads to.
func (h *house) told(to string) string {
	h.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if h.sentCount(to) == 0 {
			continue
		}
		if _, path, found := strings.Cut(h.sent(to).Text, issuer+"/confirmations/"); found {
			path, _, _ = strings.Cut(path, "\n")
			return "/confirmations/" + path
		}
	}
	h.t.Fatalf("nothing was asked of %s", to)
	return ""
}

// CIBA §3: the person is told, signs in as strongly as is demanded, chooses the
// organisation and confirms; the application fetches.
func TestAPersonConfirmsWhatAnApplicationAsks(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		h.working()
		c, secret := h.bank(nil)
		asked := h.ask(c, secret)
		path := h.told(h.elena.Email)
		if text := h.sent(h.elena.Email).Text; !strings.Contains(text, "W4SCT") || !strings.Contains(text, "Банк-клиент") {
			t.Errorf("the message: %s", text)
		}
		v := h.visitor()
		on := v.signInElena(v.get(path))
		on = v.choose(on, h.north.ID).is("/signin/consent")
		for _, words := range []string{"Подтвердите запрос приложения", "Банк-клиент", "W4SCT", "Северный маяк", "Если вы ничего не запрашивали, отклоните"} {
			on.says(words)
		}
		if got := h.fetchAsked(c, secret, asked.text("auth_req_id")); got.text("error") != "authorization_pending" {
			t.Errorf("before the decision: %v", got.body)
		}
		v.submit(on, "/signin/consent", "decision", "accept").says("Готово")
		got := h.fetchAsked(c, secret, asked.text("auth_req_id"))
		if got.status != http.StatusOK {
			t.Fatalf("%d %v", got.status, got.body)
		}
		token, id := claims(t, got.text("access_token")), claims(t, got.text("id_token"))
		if token["sub"] != h.elena.ID || token["org"].(map[string]any)["id"] != h.north.ID || id["acr"] != "urn:propusk:2" || id["sid"] == "" {
			t.Errorf("%v, %v", token, id)
		}
		if got := h.fetchAsked(c, secret, asked.text("auth_req_id")); got.text("error") != "invalid_grant" {
			t.Errorf("a second time: %v", got.body)
		}
		if got := v.get(path); got.status != http.StatusGone {
			t.Errorf("the link, once decided: %d", got.status)
		}
	})
}

// A link in a message is no secret: somebody else who is signed in learns nothing of
// it and decides nothing.
func TestSomebodyElseCannotDecideAboutARequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.working()
	c, secret := h.bank(nil)
	asked := h.ask(c, secret, "scope", "openid")
	path := h.told(h.elena.Email)
	other := h.visitor()
	if got := other.signInPavel(other.get(path)); got.status != http.StatusGone || strings.Contains(got.text(), "Банк-клиент") {
		t.Errorf("another person: %d %s", got.status, got.text())
	}
	if got := other.get("/confirmations"); !strings.Contains(got.text(), "Запросов нет") {
		t.Errorf("another person's list: %s", got.text())
	}
	// Half way through elena's own sign-in another person takes her browser over.
	v := h.visitor()
	on := v.identify(v.get(path), h.elena.Email, password).is("/signin/consent")
	switched := v.submit(on, "/signin/switch")
	got := v.identify(switched, h.pavel.Email, password)
	if got.status != http.StatusForbidden || !strings.Contains(got.text(), "Этот запрос не для вас") {
		t.Errorf("another person is asked to decide: %d %s", got.status, got.text())
	}
	if got := h.fetchAsked(c, secret, asked.text("auth_req_id")); got.text("error") != "authorization_pending" {
		t.Errorf("%v", got.body)
	}
}

// The demanded level is proved before anything can be confirmed.
func TestARequestIsConfirmedAtTheDemandedAssurance(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.working()
	c, secret := h.bank(func(c *oauth.Client) { c.RequiredACR = "urn:propusk:2" })
	h.ask(c, secret, "scope", "openid", "login_hint", "oleg@nowhere.example")
	path := h.told(h.loner.Email)
	v := h.visitor()
	on := v.identify(v.get(path), "oleg@nowhere.example", password) // one factor opens a session …
	if strings.Contains(on.body, `value="accept"`) {
		t.Fatalf("one factor was enough: %s", on.text())
	}
	on.is("/signin/totp") // … and the decision takes two
}

func TestTheListShowsWhatWaitsAndARefusalIsFetched(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.working()
	c, secret := h.bank(nil)
	asked := h.ask(c, secret, "scope", "openid")
	path := h.told(h.elena.Email)
	v := h.visitor()
	list := v.identify(v.get("/confirmations"), h.elena.Email, password)
	list.says("Банк-клиент").says("W4SCT")
	if !strings.Contains(list.body, `href="`+path+`"`) {
		t.Errorf("no way to %s", path)
	}
	on := v.get(path).is("/signin/consent")
	v.submit(on, "/signin/consent", "decision", "refuse").says("Запрос отклонён")
	if got := h.fetchAsked(c, secret, asked.text("auth_req_id")); got.text("error") != "access_denied" {
		t.Errorf("%v", got.body)
	}
	v.header.Set("Accept-Language", "en")
	v.get("/confirmations").says("No requests")
	if got := v.get("/confirmations/nothing"); got.status != http.StatusGone {
		t.Errorf("a request that never was: %d", got.status)
	}
	if got := h.visitor().get("/confirmations/%2e%2e%2fevil"); got.status == http.StatusOK && strings.Contains(got.body, "evil") {
		t.Errorf("a path that is none: %d", got.status)
	}
}
