package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
	guarded "propusk/storage/outside"
)

// listener is an application that is told of sign-outs.
type listener struct {
	*httptest.Server
	told   chan url.Values
	status int
}

func listen(t testing.TB) *listener {
	l := &listener{told: make(chan url.Values, 8), status: http.StatusOK}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		l.told <- r.PostForm
		if l.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(l.status)
	}))
	t.Cleanup(l.Close)
	return l
}

// listening is a web client whose logout URI is l.
func (h *house) listening(l *listener) caller {
	return h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		Scope: "openid offline_access organization members:read", BackchannelLogoutURI: l.URL + "/logout?x=1",
		IDTokenSignedResponseAlg: "EdDSA",
	})
}

// notices are the jobs that wait, and how often each was asked for.
func (h *house) notices() (notices []logoutNotice) {
	h.t.Helper()
	var payloads []storage.JSON[logoutNotice]
	if err := h.db.Select(h.t.Context(), &payloads, `SELECT payload FROM jobs WHERE kind = $1 ORDER BY payload`, logoutJob); err != nil {
		h.t.Fatal(err)
	}
	for _, payload := range payloads {
		notices = append(notices, payload.V)
	}
	return notices
}

func jobOf(notice logoutNotice) jobs.Job {
	payload, _ := json.Marshal(notice)
	return jobs.Job{Kind: logoutJob, Payload: payload}
}

// Back-Channel Logout §2.4, §2.5: the whole way, through the runner of a node.
func TestTheEndOfASessionIsToldToItsApplications(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		runner := jobs.New(jobs.Deps{DB: h.db, Log: h.deps.Log, Now: h.clock.Now, Poll: 20 * time.Millisecond})
		deps := h.deps
		deps.Metrics, deps.Jobs = nil, runner
		h.Provider = h.start(deps)
		if err := runner.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = runner.Stop(context.Background()) })
		l := listen(t)
		c := h.listening(l)
		id := h.idClaims(h.signedIn(c, nil))
		if err := h.EndSession(t.Context(), id.SessionID); err != nil {
			t.Fatal(err)
		}
		var form url.Values
		select {
		case form = <-l.told:
		case <-time.After(time.Minute):
			t.Fatal("nobody was told")
		}
		var got logoutToken
		if err := h.verify(form.Get("logout_token"), "logout+jwt", &got); err != nil {
			t.Fatalf("%v: %v", form, err)
		}
		now := h.clock.Now().Unix()
		want := logoutToken{
			Issuer: issuer, Subject: h.maria.ID, Audience: audience{c.ID}, IssuedAt: now, ExpiresAt: now + 120, ID: got.ID,
			SessionID: id.SessionID, Events: map[string]struct{}{"http://schemas.openid.net/event/backchannel-logout": {}},
		}
		if !same(got, want) || got.ID == "" || len(form) != 1 {
			t.Errorf("told %+v", got)
		}
		header, _ := base64.RawURLEncoding.DecodeString(strings.Split(form.Get("logout_token"), ".")[0])
		if !strings.Contains(string(header), `"alg":"EdDSA"`) {
			t.Errorf("signed by %s", header)
		}
		if _, err := h.verifyIDTokenHint(form.Get("logout_token")); err == nil {
			t.Error("it passes for an ID token (section 4)")
		}
	})
}

func (h *house) idClaims(a answer) idToken {
	h.t.Helper()
	claims, err := h.verifyIDTokenHint(a.text("id_token"))
	if err != nil {
		h.t.Fatal(err)
	}
	return *claims
}

// Whoever got an ID token is told, whatever became of his tokens since; whoever
// got none, or does not listen, is not.
func TestWhoIsToldOfASignOut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		l := listen(t)
		revoked, offline, plain, deaf := h.listening(l), h.listening(l), h.listening(l), h.web()
		session := storage.NewID()
		here := func(a *Approval) { a.SessionID = session }
		tokens := h.signedIn(revoked, nil, here)
		h.signedIn(revoked, nil, here) // twice in one session
		h.post(h.Revoke, revoked, url.Values{"token": {tokens.text("refresh_token")}})
		h.signedIn(offline, with{"scope": "openid offline_access members:read"}, here)
		h.signedIn(plain, with{"scope": "members:read"}, here)
		h.signedIn(deaf, nil, here)
		h.signedIn(revoked, nil) // in another session
		if err := h.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		failed := errors.New("rolled back")
		if err := h.db.Tx(t.Context(), func(ctx context.Context) error {
			return errors.Join(h.EndSession(ctx, session), failed)
		}); !errors.Is(err, failed) || len(h.notices()) > 0 {
			t.Errorf("an end that did not happen is told: %v, %v", h.notices(), err)
		}
		for range 2 {
			if err := h.EndSession(t.Context(), session); err != nil {
				t.Fatal(err)
			}
		}
		got := h.notices()
		want := []logoutNotice{{revoked.ID, session, h.maria.ID}, {offline.ID, session, h.maria.ID}}
		for _, notices := range [][]logoutNotice{got, want} {
			slices.SortFunc(notices, func(a, b logoutNotice) int { return strings.Compare(a.ClientID, b.ClientID) })
		}
		if !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
	})
}

// §2.8.
func TestTheAnswerDecidesWhetherASignOutIsToldAgain(t *testing.T) {
	h := alone(t)
	l := listen(t)
	c := h.listening(l)
	job := jobOf(logoutNotice{c.ID, storage.NewID(), h.maria.ID})
	for status, want := range map[int]string{
		200: "done", 204: "done", 400: "never", 500: "again", 503: "again", 404: "again", http.StatusFound: "again",
	} {
		l.status = status
		err := h.tellLogout(t.Context(), job)
		got := "again"
		switch {
		case err == nil:
			got = "done"
		case jobs.IsPermanent(err):
			got = "never"
		}
		if got != want {
			t.Errorf("%d: %s, want %s (%v)", status, got, want, err)
		}
		if <-l.told; len(l.told) > 0 {
			t.Errorf("%d: a redirect was followed", status)
		}
	}
	l.Close()
	if err := h.tellLogout(t.Context(), job); err == nil || jobs.IsPermanent(err) {
		t.Errorf("nobody listens: %v", err)
	}
	if err := h.Clients().Delete(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.tellLogout(t.Context(), job); err != nil {
		t.Errorf("a deleted application: %v", err)
	}
	if err := h.tellLogout(t.Context(), jobs.Job{Payload: []byte("[")}); !jobs.IsPermanent(err) {
		t.Errorf("rubbish: %v", err)
	}
}

// A name that leads inside is found out when it is asked (DNS rebinding).
func TestANameThatLeadsInsideIsNotAsked(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	for _, address := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)} {
		_, err := newOutside(nil, server.Client().Transport.(*http.Transport).TLSClientConfig).get(t.Context(), address, 100)
		if !errors.Is(err, guarded.ErrUnreachable) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if asked {
		t.Error("the request arrived")
	}
}

func TestAnAnswerFromOutsideIsBounded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 101))
	}))
	defer server.Close()
	outside := newOutside(guarded.Loopback, nil)
	if _, err := outside.get(t.Context(), server.URL, 100); err == nil || !strings.Contains(err.Error(), "more than 100 bytes") {
		t.Errorf("too much: %v", err)
	}
	if body, err := outside.get(t.Context(), server.URL, 101); err != nil || len(body) != 101 {
		t.Errorf("all of it: %v", err)
	}
	if _, err := outside.get(t.Context(), server.URL+"/missing", 1000); err == nil {
		t.Error("404 is an answer")
	}
}

func TestLogoutURIsAreChecked(t *testing.T) {
	h := alone(t)
	for _, uri := range []string{
		"http://app.example.org/logout", "https://app.example.org/#x", "https://u:p@app.example.org/", "/logout", "ftp://app.example.org/", "javascript:alert(1)", "https://%zz",
	} {
		_, _, err := h.Clients().Create(t.Context(), Client{Name: "Учёт", RedirectURIs: []string{callback}, Scope: "openid", BackchannelLogoutURI: uri})
		if err == nil || !strings.Contains(err.Error(), "backchannel_logout_uri") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
