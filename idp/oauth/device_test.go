package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage/journal"
)

// till is a public client on a machine without a browser.
func (h *house) till() caller {
	return h.register(Client{
		Kind: Native, GrantTypes: []string{GrantDeviceCode, GrantRefreshToken},
		Scope: "openid offline_access organization members:read",
	})
}

// begun asks for a device's codes.
func (h *house) begun(c caller, changes with) answer {
	h.t.Helper()
	a := h.post(h.DeviceAuthorization, c, parameters(with{"scope": "openid members:read"}, changes))
	if a.status != http.StatusOK {
		h.t.Fatalf("no codes: %d %v", a.status, a.body)
	}
	return a
}

func polling(code string, changes with) url.Values {
	return parameters(with{"grant_type": GrantDeviceCode, "device_code": code}, changes)
}

// entered finds the request as the page does that takes the code.
func (h *house) entered(a answer) *Waiting {
	h.t.Helper()
	code, ok := ReadUserCode(strings.ToLower(" " + a.text("user_code")))
	if !ok {
		h.t.Fatalf("user_code %q", a.text("user_code"))
	}
	w, err := h.WaitingDevice(h.t.Context(), code)
	if err != nil {
		h.t.Fatal(err)
	}
	return w
}

// approved has maria approve a request.
func (h *house) approved(w *Waiting, change ...func(*Approval)) {
	h.t.Helper()
	approval := h.approval(w.Request.Scopes)
	for _, change := range change {
		change(&approval)
	}
	if err := h.ApproveWaiting(h.t.Context(), w.ID, approval); err != nil {
		h.t.Fatal(err)
	}
}

// RFC 8628 §3: the whole way.
func TestADeviceGetsItsTokensOnceThePersonAgreed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.till()
		a := h.begun(c, nil)
		if a.body["expires_in"] != 600.0 || a.body["interval"] != 5.0 || a.text("verification_uri") != issuer+"/device" ||
			a.text("verification_uri_complete") != issuer+"/device?user_code="+a.text("user_code") {
			t.Errorf("answer %v", a.body)
		}
		code := a.text("device_code")
		h.refused("before the decision", h.post(h.Token, c, polling(code, nil)), http.StatusBadRequest, "authorization_pending")
		w := h.entered(a)
		if w.Request.ClientID != c.ID || !w.Request.NeedsOrganisation || w.Request.Prompt[0] != "consent" || !w.FromDevice() {
			t.Errorf("waiting %+v", w.Request)
		}
		h.approved(w)
		got := h.post(h.Token, c, polling(code, nil))
		if got.status != http.StatusOK || got.text("refresh_token") == "" || got.text("scope") != "openid members:read" || got.body["expires_in"] != 600.0 {
			t.Fatalf("tokens: %d %v", got.status, got.body)
		}
		token, id := h.claims(got), h.idClaims(got)
		if token.Subject != h.maria.ID || token.Organisation.ID != h.romashka.ID || token.ACR != "urn:propusk:2" || token.SessionID == "" ||
			id.Subject != h.maria.ID || id.AccessTokenHash != hashOf("", got.text("access_token")) {
			t.Errorf("access %+v, id %+v", token, id)
		}
		if a := h.post(h.Token, c, refreshing(got.text("refresh_token"), nil)); a.status != http.StatusOK {
			t.Errorf("refresh: %d %v", a.status, a.body)
		}
		h.refused("a second time", h.post(h.Token, c, polling(code, nil)), http.StatusBadRequest, "invalid_grant")
		entries, err := h.deps.Journal.List(t.Context(), journal.Filter{Actor: h.maria.ID, Action: "device.approved"})
		if err != nil || len(entries) != 1 || entries[0].Client != c.ID {
			t.Errorf("journal %+v, %v", entries, err)
		}
	})
}

// RFC 8628 §3.5: of any number of polls one gets the tokens.
func TestFortyPollsOfADeviceHaveOneWinner(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.till()
		a := h.begun(c, nil)
		h.approved(h.entered(a))
		var won atomic.Int64
		var start, done sync.WaitGroup
		start.Add(1)
		for range 40 {
			done.Go(func() {
				r := h.request(c, polling(a.text("device_code"), nil))
				start.Wait()
				got := h.send(h.Token, r)
				switch {
				case got.status == http.StatusOK:
					won.Add(1)
				case got.text("error") != "invalid_grant":
					t.Errorf("a loser is told %d %v", got.status, got.body)
				}
			})
		}
		start.Done()
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d winners", won.Load())
		}
	})
}

// RFC 8628 §3.5: slow_down makes the interval five seconds longer, each time.
func TestADeviceThatPollsTooOftenIsSlowedDown(t *testing.T) {
	h := alone(t)
	c := h.till()
	code := h.begun(c, nil).text("device_code")
	poll := func(what, want string) {
		t.Helper()
		h.refused(what, h.post(h.Token, c, polling(code, nil)), http.StatusBadRequest, want)
	}
	poll("the first", "authorization_pending")
	h.clock.Advance(5 * time.Second)
	poll("after the interval", "authorization_pending")
	poll("at once", "slow_down")
	h.clock.Advance(9 * time.Second)
	poll("within ten seconds", "slow_down")
	h.clock.Advance(15*time.Second + time.Millisecond)
	poll("after fifteen", "authorization_pending")
}

// A poll between the decision and its commit must not send the client away.
func TestAPollInTheMidstOfADecisionWaits(t *testing.T) {
	h := alone(t)
	c := h.till()
	a := h.begun(c, nil)
	w := h.entered(a)
	if err := h.deps.Ephemeral.Put(t.Context(), decidedKey(w.ID), []byte(deciding), time.Minute); err != nil {
		t.Fatal(err)
	}
	h.refused("not committed yet", h.post(h.Token, c, polling(a.text("device_code"), nil)), http.StatusBadRequest, "authorization_pending")
	if err := h.keepApproval(t.Context(), w, h.grantOf(c.ID, h.approval(w.Request.Scopes))); err != nil {
		t.Fatal(err)
	}
	if got := h.post(h.Token, c, polling(a.text("device_code"), nil)); got.status != http.StatusOK {
		t.Errorf("committed, and the process ended: %d %v", got.status, got.body)
	}
}

// When what follows from a decision cannot be kept, nothing was decided.
func TestADecisionThatCannotBeKeptIsNone(t *testing.T) {
	h := alone(t)
	a := h.begun(h.till(), nil)
	w := h.entered(a)
	failed := errors.New("no room")
	if err := h.decide(t.Context(), w, decidedApproved, h.maria.ID, func(context.Context) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	h.approved(w)
}

func TestADeviceCodeExpiresAndIsToldFromAGuess(t *testing.T) {
	h := alone(t)
	c := h.till()
	a := h.begun(c, nil)
	w := h.entered(a)
	h.clock.Advance(10 * time.Minute)
	h.refused("expired", h.post(h.Token, c, polling(a.text("device_code"), nil)), http.StatusBadRequest, "expired_token")
	if err := h.ApproveWaiting(t.Context(), w.ID, h.approval(w.Request.Scopes)); err != ErrWaitingOver {
		t.Errorf("decided after its time: %v", err)
	}
	h.refused("a guess", h.post(h.Token, c, polling(newCode(), nil)), http.StatusBadRequest, "invalid_grant")
}

func TestARefusedDeviceGetsNothing(t *testing.T) {
	h := alone(t)
	c := h.till()
	a := h.begun(c, nil)
	w := h.entered(a)
	if err := h.RefuseWaiting(t.Context(), w.ID, h.maria.ID); err != nil {
		t.Fatal(err)
	}
	h.refused("refused", h.post(h.Token, c, polling(a.text("device_code"), nil)), http.StatusBadRequest, "access_denied")
	if err := h.ApproveWaiting(t.Context(), w.ID, h.approval(w.Request.Scopes)); err != ErrWaitingOver {
		t.Errorf("approved after the refusal: %v", err)
	}
	code, _ := ReadUserCode(a.text("user_code"))
	if _, err := h.WaitingDevice(t.Context(), code); err != ErrWaitingOver {
		t.Errorf("the code still leads somewhere: %v", err)
	}
}

// Two people, or two tabs, decide at once.
func TestADeviceIsDecidedAboutOnce(t *testing.T) {
	h := alone(t)
	a := h.begun(h.till(), nil)
	w := h.entered(a)
	var won atomic.Int64
	var done sync.WaitGroup
	for i := range 20 {
		done.Go(func() {
			decide := func() error { return h.RefuseWaiting(t.Context(), w.ID, h.admin.ID) }
			if i%2 == 0 {
				decide = func() error { return h.ApproveWaiting(t.Context(), w.ID, h.approval(w.Request.Scopes)) }
			}
			switch err := decide(); err {
			case nil:
				won.Add(1)
			case ErrWaitingOver:
			default:
				t.Error(err)
			}
		})
	}
	done.Wait()
	if won.Load() != 1 {
		t.Errorf("%d decisions", won.Load())
	}
}

// RFC 8628 §5.1, §5.2: codes of others, and kinds of others.
func TestADeviceCodeIsGoodForItsClientAlone(t *testing.T) {
	h := alone(t)
	c, thief := h.till(), h.till()
	a := h.begun(c, nil)
	h.approved(h.entered(a))
	code := a.text("device_code")
	h.refused("another client", h.post(h.Token, thief, polling(code, nil)), http.StatusBadRequest, "invalid_grant")
	other := h.register(Client{
		Kind: Native, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode}, Scope: "openid members:read",
	})
	h.refused("as an authorization code", h.post(h.Token, other, redeeming(code, nil)), http.StatusBadRequest, "invalid_grant")
	h.refused("by the row's name", h.post(h.Token, other, redeeming(approvalRow(codeSignature(code)), nil)), http.StatusBadRequest, "invalid_grant")
	if got := h.post(h.Token, c, polling(code, nil)); got.status != http.StatusOK {
		t.Errorf("its own: %d %v", got.status, got.body)
	}
}

func TestAnApprovalDiesWithWhatItRestsOn(t *testing.T) {
	for name, end := range map[string]func(h *house, c caller, session string) error{
		"the session":      func(h *house, _ caller, session string) error { return h.EndSession(h.t.Context(), session) },
		"the consent":      func(h *house, c caller, _ string) error { return h.WithdrawConsent(h.t.Context(), h.maria.ID, c.ID) },
		"the old password": func(h *house, _ caller, _ string) error { _, err := h.EndGrants(h.t.Context(), h.maria.ID); return err },
	} {
		t.Run(name, func(t *testing.T) {
			h := alone(t)
			c := h.till()
			a := h.begun(c, nil)
			session := ""
			h.approved(h.entered(a), func(a *Approval) { session = a.SessionID })
			if err := end(h, c, session); err != nil {
				t.Fatal(err)
			}
			h.refused("after the end", h.post(h.Token, c, polling(a.text("device_code"), nil)), http.StatusBadRequest, "invalid_grant")
		})
	}
}

func TestARemovedMembersDeviceGetsNothing(t *testing.T) {
	h := alone(t)
	c := h.till()
	a := h.begun(c, nil)
	h.approved(h.entered(a))
	if err := h.deps.Directory.RemoveMember(t.Context(), directory.System(), h.romashka.ID, h.membership.ID, nil); err != nil {
		t.Fatal(err)
	}
	h.refused("removed meanwhile", h.post(h.Token, c, polling(a.text("device_code"), nil)), http.StatusBadRequest, "invalid_grant")
}

func TestADevicesRefreshTokensAreBoundToItsKey(t *testing.T) {
	h := alone(t)
	c := h.till()
	a := h.begun(c, nil)
	h.approved(h.entered(a))
	key := h.prover()
	got := key.proving(c, polling(a.text("device_code"), nil), nil)
	if got.status != http.StatusOK || got.text("token_type") != "DPoP" || h.claims(got).Confirmation == nil {
		t.Fatalf("%d %v", got.status, got.body)
	}
	form := refreshing(got.text("refresh_token"), nil)
	h.refused("without the key", h.post(h.Token, c, form), http.StatusBadRequest, "invalid_grant")
	h.refused("with another", h.prover().proving(c, form, nil), http.StatusBadRequest, "invalid_grant")
	if a := key.proving(c, form, nil); a.status != http.StatusOK {
		t.Errorf("with its key: %d %v", a.status, a.body)
	}
}

func TestDeviceRequestsThatAreRefused(t *testing.T) {
	h := alone(t)
	c, web := h.till(), h.web()
	for name, refused := range map[string]struct {
		c       caller
		changes with
		status  int
		code    string
	}{
		"another grant type":         {web, nil, 400, "unauthorized_client"},
		"no scope":                   {c, with{"scope": ""}, 400, "invalid_scope"},
		"a scope of others":          {c, with{"scope": "openid filings:write"}, 400, "invalid_scope"},
		"a text to fill the memory":  {c, with{"acr_values": strings.Repeat("x", maxWaitingText+1)}, 400, "invalid_request"},
		"another resource":           {c, with{"resource": "https://elsewhere.example"}, 400, "invalid_target"},
		"an organisation for nobody": {c, with{"scope": "openid", "organization": h.romashka.ID}, 400, "invalid_request"},
		"an unknown client":          {caller{Client: Client{ID: "nobody", TokenEndpointAuthMethod: AuthNone}}, nil, 401, "invalid_client"},
		"a wrong secret":             {caller{Client: web.Client, secret: "wrong"}, nil, 401, "invalid_client"},
	} {
		a := h.post(h.DeviceAuthorization, refused.c, parameters(with{"scope": "openid members:read"}, refused.changes))
		h.refused(name, a, refused.status, refused.code)
	}
	h.refused("no device_code", h.post(h.Token, c, polling("", with{"device_code": ""})), 400, "invalid_request")
}

func TestUserCodesAreReadAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"WDJB-MJHT": "WDJB-MJHT", " wdjb mjht ": "WDJB-MJHT", "wdjbmjht": "WDJB-MJHT", "w-d-j-b-m-j-h-t": "WDJB-MJHT", "WDJB–MJHT": "WDJB-MJHT",
		"": "", "WDJB-MJH": "", "WDJB-MJHTX": "", "ADJB-MJHT": "", "WDJB-MJH1": "", "ЦДЖБ-МЖХТ": "", "WDJB_MJHT": "", strings.Repeat(" ", 60) + "WDJBMJHT": "",
	} {
		if got, ok := ReadUserCode(typed); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %t", typed, got, ok)
		}
	}
	seen := map[string]bool{}
	for range 1000 {
		code := newUserCode()
		if got, ok := ReadUserCode(code); !ok || got != code || seen[code] {
			t.Fatalf("made %q", code)
		}
		seen[code] = true
	}
}

func FuzzReadUserCode(f *testing.F) {
	for _, seed := range []string{"WDJB-MJHT", "wdjb mjht", "", "ЦДЖБ", "\xff\x00", "ﬀﬀﬀﬀ", "ııııııı"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := ReadUserCode(typed)
		again, stable := ReadUserCode(code)
		if ok && (!stable || again != code || len(code) != userCodeLength+1 || strings.Trim(code, userCodeAlphabet+"-") != "") || !ok && code != "" {
			t.Errorf("%q gives %q", typed, code)
		}
	})
}
