package cabinet

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"propusk/cabinet/api"
	"propusk/cabinet/api/apitest"
	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

// openapiCheck holds requests and answers against the served document.
type openapiCheck struct{ *apitest.Document }

func loadOpenAPI(t testing.TB) *openapiCheck {
	t.Helper()
	served, err := newDocument(testIssuer, nil)
	must(t, err)
	read, err := apitest.Read(string(served.body))
	must(t, err)
	return &openapiCheck{read}
}

// check fails the test for an answer that is not as documented.
func (o *openapiCheck) check(t testing.TB, r *http.Request, body string, answer reply) {
	t.Helper()
	if err := o.judge(r, body, answer); err != nil {
		t.Errorf("%s %s, answer %d: %v\n%s", r.Method, r.URL.Path, answer.StatusCode, err, answer.body)
	}
}

func (o *openapiCheck) judge(r *http.Request, body string, answer reply) error {
	return o.Judge(r, body, apitest.Answer{Status: answer.StatusCode, Header: answer.Header, Body: answer.body})
}

// TestTheCheckSeesWhatIsNotDocumented: a validator that passes everything proves
// nothing.
func TestTheCheckSeesWhatIsNotDocumented(t *testing.T) {
	t.Parallel()
	check := loadOpenAPI(t)
	good := `{"organizations":[{"id":"01a20184-e5e9-7d52-831c-b214670d1b6b","kind":"legal","name":"x","inn":"1","ogrn":"1","role":"head","role_label":"x","current":true}]}`
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		answer             string
		fault              bool
	}{
		"as documented":      {"GET", "/v1/organizations", "", 200, good, false},
		"a field more":       {"GET", "/v1/organizations", "", 200, strings.Replace(good, `"kind"`, `"secret":1,"kind"`, 1), true},
		"a field less":       {"GET", "/v1/organizations", "", 200, strings.Replace(good, `"current":true`, `"position":""`, 1), true},
		"no such role":       {"GET", "/v1/organizations", "", 200, strings.Replace(good, `"head"`, `"king"`, 1), true},
		"another status":     {"GET", "/v1/organizations", "", 418, `{}`, true},
		"another route":      {"GET", "/v1/secrets", "", 200, `{}`, true},
		"a request too much": {"PATCH", "/v1/organization", `{"inn":"1"}`, 200, `{}`, true},
	} {
		r := request(test.method, test.path, "", test.body)
		answer := reply{&http.Response{StatusCode: test.status, Header: http.Header{"Content-Type": {api.PlainJSON}}}, test.answer}
		if err := check.judge(r, test.body, answer); (err != nil) != test.fault {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDocumentIsValidOpenAPI31(t *testing.T) {
	t.Parallel()
	check := loadOpenAPI(t)
	if check.Doc.OpenAPI != "3.1.0" {
		t.Errorf("version %s", check.Doc.OpenAPI)
	}
	must(t, check.Doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()))
}

// TestDocumentAndRouteTableAgree compares them both ways, policy included.
func TestDocumentAndRouteTableAgree(t *testing.T) {
	t.Parallel()
	check := loadOpenAPI(t)
	access := map[api.Access]string{api.Public: "public", api.AnyToken: "any-token", api.PersonToken: "person", api.OrganisationToken: "organization"}
	described := map[string]bool{}
	for path, item := range check.Doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	for _, route := range new(Server).table() {
		name := route.Method + " " + route.Path
		if !described[name] {
			t.Errorf("%s is served but not described", name)
			continue
		}
		delete(described, name)
		operation := check.Doc.Paths.Value(route.Path).GetOperation(route.Method)
		for what, pair := range map[string][2]any{
			"x-access":     {operation.Extensions["x-access"], access[route.Access]},
			"x-permission": {orEmpty(operation.Extensions["x-permission"]), string(route.Permission)},
			"x-acr":        {orEmpty(operation.Extensions["x-acr"]), route.ACR},
			"scope":        {documentedScope(operation), route.Scope},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: the document says %s %q, the table %q", name, what, pair[0], pair[1])
			}
		}
	}
	for name := range described {
		t.Errorf("%s is described but not served", name)
	}
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

func documentedScope(operation *openapi3.Operation) any {
	if operation.Security == nil || len(*operation.Security) == 0 {
		return ""
	}
	return strings.Join((*operation.Security)[0]["oauth2"], " ")
}

func TestDocumentListsRolesAndPermissionsAsTheDirectoryDoes(t *testing.T) {
	t.Parallel()
	schemas := loadOpenAPI(t).Doc.Components.Schemas
	var roles, permissions []any
	for _, role := range directory.Roles() {
		roles = append(roles, string(role))
	}
	for _, permission := range directory.Permissions() {
		permissions = append(permissions, string(permission))
	}
	if got := schemas["Role"].Value.Enum; !slices.Equal(got, roles) {
		t.Errorf("roles %v, want %v", got, roles)
	}
	if got := schemas["Permission"].Value.Enum; !slices.Equal(got, permissions) {
		t.Errorf("permissions %v, want %v", got, permissions)
	}
}

func TestDocumentIsServedWithoutATokenAndCached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	first := w.expect(w.do("GET", "/v1/openapi.json", "", ""), 200, "")
	if got := first.Header.Get("Cache-Control"); got != "public, max-age=300" {
		t.Errorf("Cache-Control %q", got)
	}
	if !strings.Contains(first.body, testIssuer+"/oauth2/token") || strings.Contains(first.body, "{issuer}") {
		t.Error("the document does not name this server")
	}
	again := w.do("GET", "/v1/openapi.json", "", "", "If-None-Match", first.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || again.body != "" {
		t.Errorf("the same document is sent again: %d", again.StatusCode)
	}
}
