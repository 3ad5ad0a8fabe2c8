package cabinettest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// Aim makes a request to the route that would succeed on the office: its own
// identifiers in the path, and in query and body where there is room. It may make
// what it names (a fresh draft for each request). as is a token of the office's
// administrator. Headers are name, value pairs.
type Aim func(route api.Route, o *Office) (path string, body any, headers []string)

// whose says whose identifiers a request names, and whether its token opens an
// organisation at all.
type whose string

const (
	own   whose = "own"
	other whose = "other"
	none  whose = "none"
)

// Isolation calls every route of the room as every role, with the identifiers of
// its own and of another organisation and with a token of none, and compares the
// status with the declared policy. Whatever the answer, nothing of the other
// organisation may be in it: whatever a room makes for an office must carry the
// office's tag. Routes that answer otherwise than by their policy alone (whoever
// holds the role) are named in exceptions, as "METHOD /path", with the reason.
func Isolation(t *testing.T, w *World, room api.Room, aim Aim, exceptions map[string]string) {
	t.Helper()
	a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
	called := 0
	for _, route := range room.Routes {
		for _, role := range directory.Roles() {
			for _, of := range []whose{own, other, none} {
				name := fmt.Sprintf("%s %s as %s, %s", route.Method, route.Path, role, of)
				member, target := w.Fresh(a, a.Members[role]), a
				claims := w.Claims(a, member)
				switch of {
				case other:
					target = b
				case none:
					claims = w.Claims(nil, member)
				}
				claims["acr"] = Qualified
				path, body, headers := aim(route, target)
				got := w.Do(route.Method, path, Sign(t, claims), body, headers...)
				called++
				if of == other {
					b.absent(t, name, got)
					if id := idIn(path); id != "" && strings.Contains(got.Text, id) {
						t.Errorf("%s: the answer repeats the identifier %s: %s", name, id, got.Text)
					}
				}
				if exceptions[route.Method+" "+route.Path] != "" && permitted(route, role, of) {
					continue
				}
				if !expected(route, role, of, got.StatusCode) {
					t.Errorf("%s: status %d is not what the policy says: %s", name, got.StatusCode, got.Text)
				}
			}
		}
	}
	if want := len(room.Routes) * len(directory.Roles()) * 3; called != want || want == 0 {
		t.Errorf("%d requests, want %d", called, want)
	}
	assurances(t, w, room, a, aim)
}

// permitted reports whether the policy lets the request through to the handler.
func permitted(route api.Route, role directory.Role, of whose) bool {
	if route.Access != api.OrganisationToken {
		return true
	}
	return of != none && (route.Permission == "" || slices.Contains(role.Permissions(), route.Permission))
}

// expected is what the declared policy comes to, worked out from the route and the
// role alone.
func expected(route api.Route, role directory.Role, of whose, status int) bool {
	switch {
	case !permitted(route, role, of):
		return status == http.StatusForbidden
	case of == other && strings.Contains(route.Path, "{"):
		return status == http.StatusNotFound
	case of == none && route.Access != api.Public:
		return status < 300 || status == http.StatusForbidden || status == http.StatusNotFound
	case of == other:
		return status < 300 || status == http.StatusNotFound || status == http.StatusUnprocessableEntity ||
			status == http.StatusForbidden || status == http.StatusConflict
	}
	return status >= 200 && status < 300
}

// assurances sees that each level of sign-in that a route demands is demanded.
func assurances(t *testing.T, w *World, room api.Room, o *Office, aim Aim) {
	t.Helper()
	below := map[string]string{Second: "urn:propusk:1", Qualified: Second}
	for _, route := range room.Routes {
		if route.ACR == "" {
			continue
		}
		path, body, headers := aim(route, o)
		claims := But(w.Claims(o, w.Fresh(o, o.Members[directory.Administrator])), map[string]any{"acr": below[route.ACR]})
		got := w.Do(route.Method, path, Sign(t, claims), body, headers...)
		if got.StatusCode != http.StatusUnauthorized || !strings.Contains(got.Header.Get("WWW-Authenticate"), "insufficient_user_authentication") {
			t.Errorf("%s %s at %s: status %d", route.Method, route.Path, below[route.ACR], got.StatusCode)
		}
	}
}

// absent fails for an answer in which something tells of the office.
func (o *Office) absent(t *testing.T, name string, got Reply) {
	t.Helper()
	values := []string{o.ID, o.INN, o.OGRN, o.Tag, strings.ToLower(o.Tag)}
	for _, m := range o.Members {
		values = append(values, m.Member.ID, m.Person.ID, m.Person.Email, m.Person.Number, m.Person.Phone)
	}
	headers := fmt.Sprint(got.Header)
	for _, value := range values {
		if value != "" && (strings.Contains(got.Text, value) || strings.Contains(headers, value)) {
			t.Errorf("%s: the answer has %q of the other organisation: %s", name, value, got.Text)
		}
	}
}

// idIn is the first identifier in a path, "" when there is none.
func idIn(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for part := range strings.SplitSeq(path, "/") {
		if api.IsID(part) {
			return part
		}
	}
	return ""
}
