package cabinet

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

func TestOrganizationIsReadAndPatched(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.office("Alpha")
		token := w.token(a, a.members[directory.Administrator])
		var before, after organizationView
		read := w.expect(w.do("GET", "/v1/organization", token, ""), 200, "")
		read.into(t, &before)
		if before.INN != a.INN || before.KPP != "770701001" || before.Phone != "+74951234567" || before.Status != "active" {
			t.Errorf("read %+v", before)
		}
		tag := read.Header.Get("ETag")
		if got := w.do("GET", "/v1/organization", token, "", "If-None-Match", tag); got.StatusCode != 304 {
			t.Errorf("unchanged, but sent again: %d", got.StatusCode)
		}
		patched := w.expect(w.do("PATCH", "/v1/organization", token, `{"required_acr":"urn:propusk:2"}`,
			"Content-Type", api.MergePatch, "If-Match", tag), 200, "")
		patched.into(t, &after)
		if after.RequiredACR != "urn:propusk:2" || after.Phone != before.Phone || after.Email != before.Email || after.Address != before.Address {
			t.Errorf("patched to %+v", after)
		}
		token = w.token(a, w.fresh(a, a.members[directory.Administrator])) // the higher level ends earlier tokens
		w.expect(w.do("PATCH", "/v1/organization", token, `{"required_acr":null}`, "If-Match", tag), 412, "version_changed")
		again := w.do("GET", "/v1/organization", token, "")
		if again.body != patched.body || again.Header.Get("ETag") != patched.Header.Get("ETag") {
			t.Errorf("the answer to the patch was not the new state: %s and %s", patched.body, again.body)
		}
		empty := w.expect(w.do("PATCH", "/v1/organization", token, `{}`), 200, "")
		if empty.Header.Get("ETag") != patched.Header.Get("ETag") {
			t.Error("an empty patch changed something")
		}
		// RFC 7396: absent stays, null empties.
		w.expect(w.do("PATCH", "/v1/organization", token, `{"required_acr":null}`), 200, "").into(t, &after)
		if after.RequiredACR != "" {
			t.Errorf("emptied to %+v", after)
		}
	})
}

// TestContactsChangeInTheProfileOnly: the codes of bindings go to the official
// contact, so nobody moves it without a confirmation, whatever his rights are.
func TestContactsChangeInTheProfileOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha", directory.Head)
	for who, token := range map[string]string{
		"administrator": w.token(a, a.members[directory.Administrator]),
		"head":          w.token(a, a.members[directory.Head]),
		"client":        sign(t, w.service(a, "organization:write")),
	} {
		const contacts = "Контакты меняются в профиле организации, с подтверждением."
		for field, where := range map[string]string{
			"address": "Юридический адрес меняется в профиле организации, с подтверждением.", "actual_address": contacts, "phone": contacts, "email": contacts,
		} {
			for _, value := range []string{`"moved@example.ru"`, `"+74957654321"`, `"Казань"`, `null`} {
				got := w.expect(w.do("PATCH", "/v1/organization", token, `{"`+field+`":`+value+`}`), 422, "validation_failed").problem(t)
				if len(got.Errors) != 1 || got.Errors[0].Pointer != "/"+field || got.Errors[0].Code != "read_only" || got.Errors[0].Detail != where {
					t.Errorf("%s moves %s: %+v", who, field, got.Errors)
				}
			}
		}
	}
	now, err := w.directory.Organisation(context.Background(), a.ID)
	must(t, err)
	if now.Phone != a.Phone || now.Email != a.Email || now.Address != a.Address || now.ActualAddress != a.ActualAddress || now.Version != a.Version {
		t.Errorf("moved to %+v", now)
	}
}

func TestPatchNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha", directory.Observer)
	token := w.token(a, a.members[directory.Administrator])
	member := "/v1/organization/members/" + a.members[directory.Observer].Member.ID
	for name, test := range map[string]struct{ path, body, faults string }{
		"unknown fields":            {"/v1/organization", `{"colour":"red","Phone":"+74951234567","a/b~c":1}`, "/colour unknown, /Phone unknown, /a~1b~0c unknown"},
		"fields of the register":    {"/v1/organization", `{"inn":"7707083893","name":"x","id":"y"}`, "/inn read_only, /name read_only, /id read_only"},
		"fields of the profile":     {"/v1/organization", `{"phone":7,"email":["a"],"address":{}}`, "/phone read_only, /email read_only, /address read_only"},
		"wrong types":               {member, `{"position":7,"grants":{}}`, "/position type, /grants type"},
		"twice":                     {"/v1/organization", `{"required_acr":null,"required_acr":""}`, "/required_acr duplicate"},
		"twice, once escaped":       {"/v1/organization", `{"required_acr":null,"\u0072equired_acr":""}`, "/required_acr duplicate"},
		"control characters":        {"/v1/organization", `{"required_acr":"a\u0000b"}`, "/required_acr invalid"},
		"the directory's own":       {"/v1/organization", `{"required_acr":"urn:propusk:0"}`, "/required_acr invalid"},
		"member: unknown and wrong": {member, `{"rights":[],"grants":"all"}`, "/rights unknown, /grants type"},
		"member: who it is":         {member, `{"person":{"id":"x"}}`, "/person read_only"},
		"member: no role":           {member, `{"role":null}`, "/role required"},
		"member: no such role":      {member, `{"role":"king"}`, "/role invalid"},
		"member: no such right":     {member, `{"grants":["all:write"]}`, "/grants invalid"},
		"a long name is cut":        {"/v1/organization", `{"` + strings.Repeat("я", 500) + `":1}`, "/" + strings.Repeat("я", 32) + "… unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.expect(w.do("PATCH", test.path, token, test.body), 422, "validation_failed").problem(t)
			var faults []string
			for _, fault := range p.Errors {
				faults = append(faults, fault.Pointer+" "+fault.Code)
				if fault.Detail == "" || strings.Contains(fault.Detail, "{") {
					t.Errorf("%s says %q", fault.Code, fault.Detail)
				}
			}
			if got := strings.Join(faults, ", "); got != test.faults {
				t.Errorf("faults %s, want %s", got, test.faults)
			}
		})
	}
	if got := w.fresh(a, a.members[directory.Observer]); got.Member.Version != 1 {
		t.Errorf("a refused patch changed the member: %+v", got.Member)
	}
}

func TestBodiesThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha")
	token := w.token(a, a.members[directory.Administrator])
	for name, test := range map[string]struct {
		body    string
		headers []string
		status  int
		code    string
	}{
		"empty":              {"", []string{"Content-Type", api.MergePatch}, 400, "body_malformed"},
		"a list":             {`[]`, nil, 400, "body_malformed"},
		"null":               {`null`, nil, 400, "body_malformed"},
		"text":               {`"phone"`, nil, 400, "body_malformed"},
		"half an object":     {`{"phone":`, nil, 400, "body_malformed"},
		"an unclosed object": {`{"phone":null`, nil, 400, "body_malformed"},
		"a comma too many":   {`{"phone":null,}`, nil, 400, "body_malformed"},
		"two objects":        {`{}{}`, nil, 400, "body_malformed"},
		"something after":    {`{} x`, nil, 400, "body_malformed"},
		"not UTF-8":          {"{\"phone\":\"\xff\"}", nil, 400, "body_malformed"},
		"very deep":          {`{"phone":` + strings.Repeat("[", 20000), nil, 400, "body_malformed"},
		"many members":       {`{` + strings.TrimSuffix(strings.Repeat(`"a":1,`, 200), ",") + `}`, nil, 400, "body_malformed"},
		"a form":             {`phone=1`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "content_type_unsupported"},
		"no type":            {`{}`, []string{"Content-Type", ""}, 415, "content_type_unsupported"},
		"another charset":    {`{}`, []string{"Content-Type", "application/json; charset=windows-1251"}, 415, "content_type_unsupported"},
		"compressed":         {`{}`, []string{"Content-Encoding", "gzip"}, 415, "content_type_unsupported"},
		"too large":          {`{"address":"` + strings.Repeat("a", api.BodyLimit) + `"}`, nil, 413, "body_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.expect(w.do("PATCH", "/v1/organization", token, test.body, test.headers...), test.status, test.code)
			if test.status == 415 && got.Header.Get("Accept-Patch") != api.MergePatch+", "+api.PlainJSON {
				t.Errorf("Accept-Patch %q (RFC 5789 §2.2)", got.Header.Get("Accept-Patch"))
			}
		})
	}
	w.expect(w.do("PATCH", "/v1/organization", token, `{}`, "Content-Type", "application/json; charset=UTF-8"), 200, "")
	got := w.expect(w.do("POST", "/v1/organization/invitations", token, `{}`, "Content-Type", api.MergePatch), 415, "content_type_unsupported")
	if got.Header.Get("Accept") != api.PlainJSON {
		t.Errorf("Accept %q", got.Header.Get("Accept"))
	}
}

// TestDemandedLevelMustBeReachedFirst: an organisation cannot lock itself out by a
// level of sign-in that nobody there has shown to have (RFC 9470).
func TestDemandedLevelMustBeReachedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha", directory.Head)
	claims := w.claims(a, a.members[directory.Administrator])
	patch := `{"required_acr":"urn:propusk:qualified"}`
	got := w.expect(w.do("PATCH", "/v1/organization", sign(t, claims), patch), 401, "assurance_insufficient")
	if !strings.Contains(got.Header.Get("WWW-Authenticate"), `acr_values="urn:propusk:qualified"`) {
		t.Errorf("challenge %q", got.Header.Get("WWW-Authenticate"))
	}
	robot := sign(t, w.service(a, "organization:write"))
	w.expect(w.do("PATCH", "/v1/organization", robot, patch), 403, "person_required")
	w.expect(w.do("PATCH", "/v1/organization", robot, `{"required_acr":null}`), 200, "")
	w.expect(w.do("PATCH", "/v1/organization", w.token(a, a.members[directory.Head]), `{"required_acr":"urn:propusk:2"}`), 403, "act_forbidden")
	w.expect(w.do("PATCH", "/v1/organization", sign(t, but(claims, map[string]any{"acr": "urn:propusk:1"})), `{}`), 401, "assurance_insufficient")
	var view organizationView
	w.expect(w.do("PATCH", "/v1/organization", sign(t, but(claims, map[string]any{"acr": "urn:propusk:qualified"})), patch), 200, "").into(t, &view)
	if view.RequiredACR != "urn:propusk:qualified" {
		t.Errorf("demanded %q", view.RequiredACR)
	}
}

func TestMeTellsOfThePersonWhatTheScopesAllow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha")
	m := a.members[directory.Administrator]
	read := func(claims map[string]any) (view meView) {
		w.expect(w.do("GET", "/v1/me", sign(t, claims), ""), 200, "").into(t, &view)
		return view
	}
	all := read(w.claims(a, m))
	if all.Kind != "person" || all.Person.Name != m.FullName() || all.Person.Email != m.Person.Email || !*all.Person.PhoneVerified ||
		all.Organization.ID != a.ID || len(all.Organization.Permissions) != len(directory.Permissions()) || all.ACR != "urn:propusk:2" || all.AuthTime == nil {
		t.Errorf("everything: %+v", all)
	}
	little := read(but(w.claims(nil, m), map[string]any{"scope": "openid"}))
	if *little.Person != (personView{}) || little.Organization != nil {
		t.Errorf("openid alone tells %+v", little)
	}
	if mail := read(but(w.claims(nil, m), map[string]any{"scope": "openid email"})); mail.Person.Email == "" || mail.Person.Name != "" || mail.Person.Phone != "" {
		t.Errorf("email alone tells %+v", mail.Person)
	}
	robot := read(w.service(a, "members:read"))
	if robot.Kind != "client" || robot.Person != nil || robot.Subject != "robot" || fmt.Sprint(robot.Organization.Permissions) != "[members:read]" {
		t.Errorf("client: %+v", robot)
	}
	ghost := but(w.claims(nil, m), map[string]any{"sub": storage.NewID()})
	w.expect(w.do("GET", "/v1/me", sign(t, ghost), ""), 404, "not_found")
}

func TestRolesAndOrganizationsSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha")
	token := w.token(a, a.members[directory.Administrator])
	for lang, label := range map[string]string{"": "Администратор", "ru-RU": "Администратор", "en-GB, ru;q=0.5": "Administrator", "de": "Администратор", strings.Repeat("x", 999): "Администратор"} {
		for _, path := range []string{"/v1/organization/roles", "/v1/organizations"} {
			got := w.expect(w.do("GET", path, token, "", "Accept-Language", lang), 200, "")
			if !strings.Contains(got.body, `"`+label+`"`) {
				t.Errorf("%s in %.10q: %s", path, lang, got.body)
			}
		}
	}
	w.expect(w.do("GET", "/v1/organizations?organization="+a.ID, token, ""), 400, "parameter_invalid")
}

func TestRouterRefusesInProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha")
	token := w.token(a, a.members[directory.Administrator])
	nothing := w.expect(w.do("GET", "/v1/nothing", token, ""), 404, "not_found")
	if nothing.Header.Get("X-Content-Type-Options") != "nosniff" || nothing.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", nothing.Header)
	}
	w.expect(w.do("GET", "/v1/organization/members/", token, ""), 404, "not_found")
	got := w.expect(w.do("PUT", "/v1/organization", token, `{}`), 405, "method_not_allowed")
	if allow := got.Header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "PATCH") {
		t.Errorf("Allow %q", allow)
	}
	if p := got.problem(t); p.Type != "urn:propusk:problem:method_not_allowed" || p.Instance != "urn:propusk:request:req-1" || p.Status != 405 {
		t.Errorf("problem %+v", p)
	}
	if got.Header.Get("Content-Type") != "application/problem+json" || got.Header.Get("Content-Language") != "ru" {
		t.Errorf("headers %v", got.Header)
	}
	english := w.do("GET", "/v1/organization", "", "", "Accept-Language", "en").problem(t)
	if english.Title != "An access token is required" {
		t.Errorf("title %q", english.Title)
	}
	if head := w.do("HEAD", "/v1/organization", token, ""); head.StatusCode != http.StatusOK || head.Header.Get("ETag") == "" {
		t.Errorf("HEAD: %d", head.StatusCode)
	}
}

func TestPagesOfOtherOriginsMayCallWithATokenOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	preflight := w.do("OPTIONS", "/v1/organization", "", "", "Origin", "https://spa.example", "Access-Control-Request-Method", "PATCH",
		"Access-Control-Request-Headers", "authorization, if-match")
	if preflight.StatusCode != 204 || preflight.Header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(preflight.Header.Get("Access-Control-Allow-Headers"), "If-Match") ||
		preflight.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight %d %v", preflight.StatusCode, preflight.Header)
	}
	refused := w.expect(w.do("GET", "/v1/organization", "", "", "Origin", "https://spa.example"), 401, "token_missing")
	if !strings.Contains(refused.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
		t.Errorf("a page cannot see the challenge: %v", refused.Header)
	}
	// RFC 9110 §9.3.7: without a preflight's headers it only asks for the methods.
	if got := w.do("OPTIONS", "/v1/organization", "", ""); got.StatusCode != 204 || !strings.Contains(got.Header.Get("Allow"), "PATCH") {
		t.Errorf("OPTIONS: %d %v", got.StatusCode, got.Header)
	}
}

// TestBrokenDatabaseIsOurFault and tells nothing of itself.
func TestBrokenDatabaseIsOurFault(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute, func(d *Deps) { d.Log = discard })
	p.server.routes = p.server.table()
	p.server.echo = p.server.router()
	p.closeDB()
	token := sign(t, but(p.good(), map[string]any{"permissions": directory.Permissions(), "acr": "urn:propusk:2"}))
	for _, route := range p.server.Routes() {
		if route.Access == api.Public || route.Path == "/v1/organization/roles" {
			continue
		}
		path := strings.Replace(route.Path, "{id}", storage.NewID(), 1)
		ctx, cancel := context.WithCancel(context.Background())
		r := request(route.Method, path, token, map[string]string{"PATCH": `{"position":"x"}`, "PUT": `{}`, "POST": `{"token":"x"}`}[route.Method])
		if route.Path == "/v1/organization/journal/verify" {
			r.Header.Set("Content-Type", "application/x-ndjson")
		}
		cancelAfter := r.WithContext(ctx)
		if route.Method != "GET" {
			cancel() // a closed SQLite keeps its writers waiting
		}
		got := p.send(cancelAfter, "")
		cancel()
		if got.StatusCode < 422 || strings.Contains(got.body, "sql") || strings.Contains(got.body, "database") {
			t.Errorf("%s %s: %d: %s", route.Method, route.Path, got.StatusCode, got.body)
		}
	}
}
