package console_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/console"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// Every route is walked with every kind of caller who must not come in. Nobody of them
// learns more than the refusal's code, and what a refusal's challenge says the pages act
// on (RFC 9470).
func TestEveryRouteRefusesWhoMustNotComeIn(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		office := w.Office("Walk")
		dismissed := w.appoint("dismissed")
		cabinettest.Must(t, w.Directory.DismissOperator(context.Background(), directory.System(), dismissed.ID))
		blocked := w.appoint("blocked")
		token := cabinettest.Sign(t, w.claims(blocked))
		cabinettest.Must(t, w.Directory.SetPersonStatus(context.Background(), directory.System(), blocked.ID, directory.StatusBlocked))
		alone := map[directory.OperatorRole]directory.Person{}
		for _, role := range directory.OperatorRoles() {
			alone[role] = w.appoint(string(role), role)
		}
		but := func(changes map[string]any) string {
			return cabinettest.Sign(t, cabinettest.But(w.claims(w.operator), changes))
		}
		w.Clock.Advance(time.Second)
		long := w.Clock.Now().Add(-9 * time.Hour).Unix()
		recent := w.Clock.Now().Add(-16 * time.Minute).Unix()

		old, notFresh := but(map[string]any{"auth_time": long}), but(map[string]any{"auth_time": recent})
		looksOnly, actsOnly := but(map[string]any{"scope": "openid console:read"}), but(map[string]any{"scope": "openid console:write"})
		for _, route := range w.console.Routes() {
			if route.Public {
				continue
			}
			path := strings.NewReplacer("{id}", storage.NewID(), "{number}", "T26-483920175-4").Replace(route.Path)
			stale, narrow := old, actsOnly
			if route.Writes {
				stale, narrow = notFresh, looksOnly
			}
			other := slices.Collect(func(yield func(string) bool) {
				for _, role := range directory.OperatorRoles() {
					if route.Role != "" && role != route.Role && !yield(w.token(alone[role])) {
						return
					}
				}
			})
			cases := []struct {
				who, token string
				status     int
				code       string
			}{
				{"nobody", "", 401, "token_missing"},
				{"a member with a cabinet's token", w.Token(office, directory.Administrator), 401, "token_invalid"},
				{"an operator with a cabinet's token", but(map[string]any{"aud": []string{cabinettest.Audience}}), 401, "token_invalid"},
				{"a person of the cabinet", cabinettest.Sign(t, w.claims(office.Admin)), 403, "operator_required"},
				{"a dismissed operator", w.token(dismissed), 403, "operator_required"},
				{"a blocked operator", token, 401, "token_revoked"},
				{"by password", but(map[string]any{"amr": []string{"pwd"}, "acr": "urn:propusk:1"}), 401, "passkey_required"},
				{"by password and code", but(map[string]any{"amr": []string{"pwd", "otp", "mfa"}}), 401, "passkey_required"},
				{"by passkey and password", but(map[string]any{"amr": []string{"pop", "user", "pwd", "mfa"}}), 401, "passkey_required"},
				{"by a trusted device", but(map[string]any{"amr": []string{"pwd", "rba"}}), 401, "passkey_required"},
				{"by nothing that is said", but(map[string]any{"amr": []string{}}), 401, "passkey_required"},
				{"too long ago", stale, 401, "sign_in_stale"},
				{"without the scope", narrow, 403, "scope_missing"},
				{"with a token of an organisation", but(map[string]any{"org": map[string]any{"id": office.ID, "inn": office.INN, "ogrn": office.OGRN, "name": office.Name}, "mv": 1, "permissions": []string{}}), 403, "person_required"},
				{"with a token that anybody may use", but(map[string]any{"cnf": map[string]any{"jkt": "another-key-than-the-proof-is-made-by-000000"}}), 401, "token_invalid"},
			}
			for _, one := range other {
				cases = append(cases, struct {
					who, token string
					status     int
					code       string
				}{"with another role", one, 403, "operator_role_missing"})
			}
			for _, c := range cases {
				reply := w.do(route.Method, path, c.token, nil)
				if reply.StatusCode != c.status || reply.Problem(t).Code != c.code {
					t.Errorf("%s %s, %s: %d %s, want %d %s", route.Method, route.Path, c.who, reply.StatusCode, reply.Text, c.status, c.code)
				}
				challenge := reply.Header.Get("WWW-Authenticate")
				if c.code == "sign_in_stale" && !strings.Contains(challenge, `error="insufficient_user_authentication"`) {
					t.Errorf("%s %s: no challenge in %q", route.Method, route.Path, challenge)
				}
			}
		}
	})
}

// What is refused of weight enters the system's chain, once.
func TestRefusedAttemptsAreJournalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	member := w.Person("curious")
	for range 3 {
		w.Expect(w.do("GET", "/console/v1/keys", w.token(member), nil), http.StatusForbidden, "operator_required")
	}
	entries := w.entries("", "console.refused")
	if len(entries) != 1 || entries[0].Actor != member.ID || entries[0].Object != "GET /console/v1/keys" || entries[0].Details["reason"] != "operator_required" {
		t.Errorf("journal: %+v", entries)
	}
}

// The table itself: whatever changes something writes, and nothing that acts is read
// with the scope for looking.
func TestRouteTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	reads := []string{"/search", "/looks", "/reveal", "/journal/check"}
	for _, route := range w.console.Routes() {
		reading := route.Method == "GET" || slices.ContainsFunc(reads, func(end string) bool { return strings.HasSuffix(route.Path, end) })
		if route.Writes == reading {
			t.Errorf("%s %s: writes = %v", route.Method, route.Path, route.Writes)
		}
		if !strings.HasPrefix(route.Path, "/console/v1/") || route.Title == "" {
			t.Errorf("%s %s: path or title", route.Method, route.Path)
		}
	}
	if _, err := console.New(console.Deps{}); err == nil {
		t.Error("a console of nothing")
	}
}

// The cabinet takes no token of the console.
func TestCabinetRefusesTokensOfTheConsole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	for _, path := range []string{"/v1/me", "/v1/recoveries", "/v1/organization"} {
		token := cabinettest.Sign(t, cabinettest.But(w.claims(w.operator), map[string]any{"cnf": nil}))
		w.Expect(w.Send(cabinettest.Request(t, "GET", path, token, nil)), http.StatusUnauthorized, "token_invalid")
	}
}

// A token bound to no key is no token of the console.
func TestUnboundTokenIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	token := cabinettest.Sign(t, cabinettest.But(w.claims(w.operator), map[string]any{"cnf": nil}))
	w.Expect(w.send(cabinettest.Request(t, "GET", "/console/v1/me", token, nil)), http.StatusUnauthorized, "token_invalid")
	// A stolen one, without a proof.
	w.Expect(w.send(cabinettest.Request(t, "GET", "/console/v1/me", w.token(w.operator), nil)), http.StatusUnauthorized, "token_invalid")
}
