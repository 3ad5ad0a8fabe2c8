package cabinet

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// whose says whose identifiers a request names, and whether its token opens an
// organisation at all.
type whose string

const (
	ownOrganisation   whose = "own"
	otherOrganisation whose = "other"
	noOrganisation    whose = "none"
)

// TestNothingOfAnotherOrganisationOnAnyRoute calls every route of the table as
// every role, with the identifiers of the own and of another organisation and with
// a token of none, and compares the status with the declared policy. Whatever the
// answer, nothing of the other organisation may be in it.
func TestNothingOfAnotherOrganisationOnAnyRoute(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a, b := w.office("Alpha", directory.Roles()...), w.office("Beta", directory.Accountant)
		secret := w.markers(b)
		called := 0
		for _, route := range w.server.Routes() {
			for _, role := range directory.Roles() {
				for _, of := range []whose{ownOrganisation, otherOrganisation, noOrganisation} {
					name := fmt.Sprintf("%s %s as %s, %s", route.Method, route.Path, role, of)
					claims := w.claims(a, w.fresh(a, a.members[role]))
					target := a
					switch of {
					case otherOrganisation:
						target = b
					case noOrganisation:
						claims = w.claims(nil, a.members[role])
					}
					path, body := w.aim(route, target)
					got := w.do(route.Method, path, sign(t, claims), body)
					if want := expected(route, role, of); got.StatusCode != want {
						t.Errorf("%s: status %d, the policy says %d: %s", name, got.StatusCode, want, got.body)
					}
					secret.absent(t, name, got)
					if id := idIn(path); of == otherOrganisation && id != "" && strings.Contains(got.body, id) {
						t.Errorf("%s: the answer repeats the identifier %s: %s", name, id, got.body)
					}
					called++
				}
			}
		}
		if want := len(w.server.Routes()) * len(directory.Roles()) * 3; called != want || want < 300 {
			t.Errorf("%d requests, want %d", called, want)
		}
	})
}

// TestNothingOfAnotherOrganisationForAClient is the same for client credentials.
func TestNothingOfAnotherOrganisationForAClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a, b := w.office("Alpha"), w.office("Beta", directory.Accountant)
	secret := w.markers(b)
	var all []string
	for _, p := range directory.Permissions() {
		all = append(all, string(p))
	}
	for _, route := range w.server.Routes() {
		for target, of := range map[*office]whose{a: ownOrganisation, b: otherOrganisation} {
			path, body := w.aim(route, target)
			got := w.do(route.Method, path, sign(t, w.service(a, all...)), body)
			want := expected(route, directory.Administrator, of)
			if route.Access == api.PersonToken || route.Method == "PUT" { // the policy takes an administrator
				want = http.StatusForbidden
			}
			if got.StatusCode != want {
				t.Errorf("%s %s, %s: status %d, want %d: %s", route.Method, route.Path, of, got.StatusCode, want, got.body)
			}
			secret.absent(t, route.Method+" "+route.Path, got)
		}
	}
}

// TestTokenOfOneOrganisationOfAMemberOfTwo: membership elsewhere opens nothing,
// and only the person's own list names the other organisation.
func TestTokenOfOneOrganisationOfAMemberOfTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a, b := w.office("Alpha"), w.office("Beta", directory.Accountant)
	both, err := w.directory.AddMember(context.Background(), directory.System(),
		directory.NewMember{OrganisationID: b.ID, PersonID: a.admin.ID, Role: directory.Administrator})
	must(t, err)
	secret := w.markers(b)
	secret.values = append(secret.values, both.ID)
	token := w.token(a, a.members[directory.Administrator])
	for _, route := range w.server.Routes() {
		path, body := w.aim(route, b)
		got := w.do(route.Method, path, token, body)
		if route.Path == "/v1/organizations" {
			var view struct{ Organizations []membershipView }
			got.into(t, &view)
			if len(view.Organizations) != 2 || view.Organizations[0].Current == view.Organizations[1].Current {
				t.Errorf("the person's organisations: %s", got.body)
			}
			continue
		}
		secret.absent(t, route.Method+" "+route.Path, got)
	}
	if now, err := w.directory.MemberByID(context.Background(), b.ID, both.ID); err != nil || now.Member.Version != both.Version {
		t.Errorf("the membership in the other organisation was touched: %v %v", now, err)
	}
}

// expected is what the declared policy comes to, worked out from the table and
// the role alone.
func expected(route api.Route, role directory.Role, of whose) int {
	permitted := route.Permission == "" || slices.Contains(role.Permissions(), route.Permission)
	success := map[string]int{"GET": 200, "PATCH": 200, "PUT": 200, "POST": 200, "DELETE": 204}[route.Method]
	switch {
	case slices.Contains([]string{"/v1/me", "/v1/organizations", "/v1/certificates", "/v1/signatures/verify"}, route.Path):
		return http.StatusOK
	case route.Access == api.Public:
		return http.StatusOK
	case route.Path == "/v1/invitations/accept":
		return http.StatusNotFound // the body's token is nobody's
	case strings.HasPrefix(route.Path, "/v1/recoveries"): // a role in an organisation makes nobody an operator of the house
		return http.StatusForbidden
	case of == noOrganisation:
		return http.StatusForbidden
	case route.Method == "PUT" && role != directory.Administrator:
		return http.StatusForbidden
	case !permitted:
		return http.StatusForbidden
	case of == otherOrganisation && strings.Contains(route.Path, "{id}"):
		return http.StatusNotFound
	case route.Path == "/v1/organization/invitations" && route.Method == "POST":
		return http.StatusCreated
	case strings.HasSuffix(route.Path, "/unlock"):
		return http.StatusNoContent
	case strings.HasSuffix(route.Path, "/journal/verify"):
		return http.StatusUnsupportedMediaType // it takes an export, and is sent JSON here
	}
	return success
}

// aim makes a request that would succeed on the office: its identifiers in every
// path parameter and, as far as there is room, in the query and the body.
func (w *world) aim(route api.Route, o *office) (path, body string) {
	ctx := context.Background()
	path = route.Path
	switch {
	case strings.Contains(path, "/recoveries/{id}"):
		path = strings.Replace(path, "{id}", o.ID, 1)
	case strings.Contains(path, "/members/{id}"):
		path = strings.Replace(path, "{id}", w.join(o, directory.Observer).Member.ID, 1)
	case strings.Contains(path, "/invitations/{id}"):
		i, err := w.directory.Invite(ctx, directory.System(), o.ID, directory.Invitation{
			LastName: "Called" + strings.ToLower(o.tag), FirstName: "Name", Role: directory.Observer,
			Email: fmt.Sprintf("invited%d.%s@example.ru", w.people.Add(1), strings.ToLower(o.tag)),
		})
		must(w.t, err)
		path = strings.Replace(path, "{id}", i.ID, 1)
	case path == "/v1/organization/members" || path == "/v1/organization/invitations" && route.Method == "GET":
		path += "?after=" + o.ID
	case path == "/v1/organization/journal":
		path += "?actor=" + o.admin.ID
	}
	switch route.Method + " " + route.Path {
	case "PUT /v1/organization/policy", "POST /v1/organization/policy/check":
		body = `{"required_acr":"urn:propusk:2","idle":900}`
	case "POST /v1/recoveries":
		body = `{"person":"` + o.admin.ID + `","reason":"Паспорт показан"}`
	case "PATCH /v1/organization":
		body = `{"required_acr":""}`
	case "PATCH /v1/organization/members/{id}":
		body = `{"position":"Архивариус"}`
	case "POST /v1/organization/invitations":
		body = fmt.Sprintf(`{"last_name":"Новая","first_name":"Нина","role":"observer","email":"new%d@example.ru"}`, w.people.Add(1))
	case "POST /v1/invitations/accept":
		body = `{"token":"` + o.ID + `"}`
	case "POST /v1/signatures/verify":
		body = `{"signature":"MAA=","content":"` + base64.StdEncoding.EncodeToString([]byte(o.tag)) + `"}`
	}
	return path, body
}

// idIn is the identifier in a path, "" when there is none.
func idIn(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if api.IsID(part) {
			return part
		}
	}
	return ""
}

// certificate binds a certificate to a person, named by a tag.
func (w *world) certificate(personID, tag string) directory.Certificate {
	w.t.Helper()
	n := w.people.Add(1)
	bound, err := w.directory.BindCertificate(context.Background(), directory.System(), directory.Binding{Certificate: directory.Certificate{
		PersonID: personID, Fingerprint: fmt.Sprintf("%064x", n), Raw: []byte{0x30, 0}, Serial: fmt.Sprintf("%X", 1<<20+n),
		Issuer: "CN=" + tag, Owner: tag, Kind: "person", Algorithm: "ECDSA P-256", Class: "КС1",
		NotBefore: storage.Of(w.clock.Now()), NotAfter: storage.Of(w.clock.Now().AddDate(1, 0, 0)),
	}})
	must(w.t, err)
	return bound
}

// markers is everything by which an office can be told in an answer. What aim adds
// later carries the office's tag and is found by it.
type markers struct{ values []string }

func (w *world) markers(o *office) *markers {
	m := &markers{[]string{o.ID, o.INN, o.OGRN, o.tag, strings.ToLower(o.tag)}}
	for _, member := range o.members {
		m.values = append(m.values, member.Member.ID, member.Person.ID, member.Person.Email, member.Person.Number, member.Person.Phone)
		bound := w.certificate(member.Person.ID, o.tag)
		m.values = append(m.values, bound.ID, bound.Fingerprint, bound.Serial)
	}
	return m
}

func (m *markers) absent(t *testing.T, name string, got reply) {
	t.Helper()
	headers := fmt.Sprint(got.Header)
	for _, value := range m.values {
		if strings.Contains(got.body, value) || strings.Contains(headers, value) {
			t.Errorf("%s: the answer has %q of the other organisation: %s", name, value, got.body)
		}
	}
}
