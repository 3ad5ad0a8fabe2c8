package oauth

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestASignOutEndsWhatTheSessionGave(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		const session = "0192f0c1-0000-7000-8000-000000000001"
		in := func(a *Approval) { a.SessionID = session }
		bound := h.signedIn(c, nil, in)
		offline := h.signedIn(c, with{"scope": "openid members:read offline_access"}, in)
		elsewhere := h.signedIn(c, nil)
		unspent := h.code(c, nil, in)
		if err := h.EndSession(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		h.refused("the session's", h.post(h.Token, c, refreshing(bound.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
		h.refused("the session's code", h.post(h.Token, c, redeeming(unspent, nil)), http.StatusBadRequest, "invalid_grant")
		if h.active(c, bound.text("access_token")) {
			t.Error("the session's access token is active")
		}
		for name, a := range map[string]answer{"offline_access": offline, "another session": elsewhere} {
			if !h.active(c, a.text("access_token")) {
				t.Errorf("%s: the access token died", name)
			}
			if a := h.post(h.Token, c, refreshing(a.text("refresh_token"), nil)); a.status != http.StatusOK {
				t.Errorf("%s: %d %v", name, a.status, a.body)
			}
		}
		if h.claims(offline).SessionID != "" {
			t.Error("a token that outlives its session names it")
		}
	})
}

func TestPurgeTakesWhatIsLongOver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		live := h.signedIn(c, nil)
		h.post(h.Revoke, c, parameters(with{"token": h.signedIn(c, nil).text("refresh_token")}))
		h.code(c, nil) // nobody spends it
		for _, step := range []struct {
			after time.Duration
			left  int64
		}{{23 * time.Hour, 3}, {2 * time.Hour, 1}} {
			h.clock.Advance(step.after)
			if err := h.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
			var left int64
			if err := h.db.Get(t.Context(), &left, `SELECT COUNT(*) FROM oauth_grants`); err != nil || left != step.left {
				t.Errorf("after %s more %d are left, %v", step.after, left, err)
			}
		}
		if a := h.post(h.Token, c, refreshing(live.text("refresh_token"), nil)); a.status != http.StatusOK {
			t.Errorf("the live one: %d %v", a.status, a.body)
		}
	})
}

func TestNothingThatCouldBeUsedIsKept(t *testing.T) {
	h := alone(t)
	c := h.web()
	code := h.code(c, nil)
	a := h.post(h.Token, c, redeeming(code, nil))
	var dump []string
	for _, query := range []string{
		`SELECT id || amr || scope || generation || code || code_form FROM oauth_grants`,
		`SELECT metadata || secret_hashes FROM oauth_clients`,
		`SELECT details || object FROM journal`,
	} {
		var rows []string
		if err := h.db.Select(t.Context(), &rows, query); err != nil {
			t.Fatal(err)
		}
		dump = append(dump, rows...)
	}
	for name, secret := range map[string]string{
		"code": code, "client secret": c.secret, "refresh token": a.text("refresh_token"), "access token": a.text("access_token"),
	} {
		if strings.Contains(strings.Join(dump, "\n"), secret) {
			t.Errorf("the database has the %s", name)
		}
	}
}

func FuzzRefreshToken(f *testing.F) {
	tokens := newRefreshTokens(testSealer())
	for _, generation := range []int64{1, 2, 1 << 40} {
		token, err := tokens.derive("0192f0c1-0000-7000-8000-000000000001", generation)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token)
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		family, generation, ok := tokens.parse(token)
		if !ok {
			return
		}
		again, err := tokens.derive(family, generation)
		if err != nil || again != token {
			t.Errorf("%q is taken for %q", token, again)
		}
	})
}
