package cabinet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

// openapiCheck holds requests and answers against the served document.
type openapiCheck struct {
	doc    *openapi3.T
	router routers.Router
}

var loadedOpenAPI = sync.OnceValues(func() (*openapiCheck, error) {
	served, err := newDocument(testIssuer, nil)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(served.body)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // the tests' requests have no host
	router, err := legacy.NewRouter(doc, openapi3.IsOpenAPI31OrLater())
	return &openapiCheck{doc, router}, err
})

func loadOpenAPI(t testing.TB) *openapiCheck {
	t.Helper()
	check, err := loadedOpenAPI()
	must(t, err)
	return check
}

// check fails the test for an answer that is not as documented.
func (o *openapiCheck) check(t testing.TB, r *http.Request, body string, answer reply) {
	t.Helper()
	if err := o.judge(r, body, answer); err != nil {
		t.Errorf("%s %s, answer %d: %v\n%s", r.Method, r.URL.Path, answer.StatusCode, err, answer.body)
	}
}

// judge looks at every answer, and at every request that was accepted: a refused
// one may be wrong on purpose.
func (o *openapiCheck) judge(r *http.Request, body string, answer reply) error {
	if strings.HasSuffix(r.URL.Path, "/") || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil // the validator's router drops the slash; the methods are HTTP's own
	}
	route, parameters, err := o.router.FindRoute(r)
	if err != nil {
		if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusMethodNotAllowed {
			return nil
		}
		return fmt.Errorf("not in the document: %w", err)
	}
	r = r.Clone(context.Background())
	r.Body = io.NopCloser(strings.NewReader(body))
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	input.Options.ExcludeResponseBody = answer.Header.Get("Content-Type") == exportFormat // lines, not one document
	if answer.StatusCode < 400 {
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			return fmt.Errorf("the request was accepted but is not as documented: %w", err)
		}
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header,
		Body: io.NopCloser(strings.NewReader(answer.body)), Options: input.Options,
	})
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
	if check.doc.OpenAPI != "3.1.0" {
		t.Errorf("version %s", check.doc.OpenAPI)
	}
	must(t, check.doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()))
}

// TestDocumentAndRouteTableAgree compares them both ways, policy included.
func TestDocumentAndRouteTableAgree(t *testing.T) {
	t.Parallel()
	check := loadOpenAPI(t)
	access := map[api.Access]string{api.Public: "public", api.AnyToken: "any-token", api.PersonToken: "person", api.OrganisationToken: "organization"}
	described := map[string]bool{}
	for path, item := range check.doc.Paths.Map() {
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
		operation := check.doc.Paths.Value(route.Path).GetOperation(route.Method)
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
	schemas := loadOpenAPI(t).doc.Components.Schemas
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
