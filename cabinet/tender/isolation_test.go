package tender_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// TestNothingOfAnotherOrganisation calls every route as every role, with identifiers of
// its own and of another organisation and with none.
func TestNothingOfAnotherOrganisation(t *testing.T) {
	w := one(t)
	var list []authority.Tender
	for n := range 30 {
		list = append(list, w.announcement(n+1))
	}
	w.publish(list...)
	const public = "announcements are the same for everybody"
	const taken = "a thing is done once: the request after the first finds it done"
	room := w.room.Room()
	// An announcement is nobody's: its identifier stands in every answer about it.
	room.Routes = slices.DeleteFunc(room.Routes, func(r api.Route) bool { return r.Method+" "+r.Path == "GET /v1/tenders/{id}" })
	cabinettest.Isolation(t, w.World, room, w.aim, map[string]string{
		"GET /v1/tenders/{id}/documents/{document}": public, "POST /v1/tenders/{id}/applications": public,
		"POST /v1/tender-registration": taken,
	})
}

// TestNothingOfAnotherOrganisationOnPostgreSQLToo calls every route once with identifiers
// of another organisation: what each role may is no matter of the engine.
func TestNothingOfAnotherOrganisationOnPostgreSQLToo(t *testing.T) {
	t.Parallel()
	w := setup(t, storagetest.Postgres(t))
	var list []authority.Tender
	for n := range 12 {
		list = append(list, w.announcement(n+1))
	}
	w.publish(list...)
	a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
	for _, route := range w.room.Room().Routes {
		path, body, headers := w.aim(route, b)
		token := w.QualifiedToken(a, directory.Head)
		got := w.Do(route.Method, path, token, body, headers...)
		if strings.Contains(got.Text, "Beta") || strings.Contains(got.Text, b.ID) {
			t.Errorf("%s %s tells of another organisation: %s", route.Method, path, got.Text)
		}
		ours := strings.Contains(route.Path, "/v1/tenders/{id}") || !strings.Contains(route.Path, "{id}")
		if !ours && got.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s answers %d: %s", route.Method, path, got.StatusCode, got.Text)
		}
	}
}

// aim makes a request that succeeds on the office.
func (w *world) aim(route api.Route, o *cabinettest.Office) (path string, body any, headers []string) {
	name := route.Method + " " + route.Path
	path = route.Path
	if w.offices[o.ID] == nil {
		w.offices[o.ID] = o
		if name != "POST /v1/tender-registration" {
			w.enter(o)
		}
	}
	switch {
	case strings.HasPrefix(path, "/v1/tenders/{id}"):
		path = strings.NewReplacer("{id}", w.tenders(o, "")[0].ID, "{document}", "1").Replace(path)
		if name == "POST /v1/tenders/{id}/applications" {
			path = strings.Replace(route.Path, "{id}", w.unanswered(o), 1)
			body = map[string]any{}
		}
	case strings.HasPrefix(path, "/v1/tender-applications/{id}"):
		return w.aimAtApplication(name, path, o)
	case name == "POST /v1/tender-searches":
		body = map[string]any{"name": "Поиск", "filter": map[string]any{"region": "77"}}
	case name == "POST /v1/tender-templates":
		body = map[string]any{"name": "Шаблон", "application_id": w.draftOf(o)}
	case name == "DELETE /v1/tender-searches/{id}":
		path = strings.Replace(path, "{id}", w.search(o).ID, 1)
	case name == "DELETE /v1/tender-templates/{id}":
		path = strings.Replace(path, "{id}", w.template(o), 1)
	case name == "POST /v1/tender-registration":
		body = w.signing(o, "/v1/tender-registration/document")
	}
	return path, body, nil
}

// unanswered is an announcement for which the office has no application.
func (w *world) unanswered(o *cabinettest.Office) string {
	for _, a := range w.tenders(o, "limit=100") {
		if a.ApplicationID == "" {
			return a.ID
		}
	}
	w.T.Fatal("every announcement has an application")
	return ""
}

func (w *world) draftOf(o *cabinettest.Office) string {
	key := "draft" + o.ID
	if w.aimed[key] == "" {
		w.aimed[key] = w.applyFor(o, w.unanswered(o), map[string]any{}).ID
	}
	return w.aimed[key]
}

func (w *world) search(o *cabinettest.Office) (s struct{ ID string }) {
	w.T.Helper()
	w.Expect(w.Do("POST", "/v1/tender-searches", w.head(o), map[string]any{"name": o.Tag, "filter": map[string]any{"sector": "62"}}), 201, "").Into(w.T, &s)
	return s
}

func (w *world) template(o *cabinettest.Office) string {
	w.T.Helper()
	var s struct{ ID string }
	w.Expect(w.Do("POST", "/v1/tender-templates", w.head(o), map[string]any{"name": o.Tag, "application_id": w.draftOf(o)}), 201, "").Into(w.T, &s)
	return s.ID
}

// drop makes room among the announcements again.
func (w *world) drop(o *cabinettest.Office, id string) {
	if reply := w.Do("GET", "/v1/tender-applications/"+id, w.head(o), nil); reply.StatusCode == 200 {
		var at shown
		reply.Into(w.T, &at)
		if at.Next != "" {
			w.Expect(w.Do("DELETE", "/v1/tender-applications/"+at.Next, w.head(o), nil), 204, "")
		}
	}
	w.Do("DELETE", "/v1/tender-applications/"+id, w.head(o), nil)
	w.Do("POST", "/v1/tender-applications/"+id+"/withdraw", w.head(o), nil)
	if w.gateway.count() > 0 && w.gateway.last(w.T.(*testing.T)).Kind == "tender_withdrawal" {
		w.gateway.answer(w.T.(*testing.T), authority.Answer{Event: authority.Accepted})
	}
}

// aimAtApplication makes an application that the route can do its work with. What is
// only read is made once; what an earlier request left is put out of the way.
func (w *world) aimAtApplication(name, path string, o *cabinettest.Office) (string, any, []string) {
	key := name + o.ID
	id := w.aimed[key]
	if id == "" || !strings.HasPrefix(name, "GET ") {
		if id != "" {
			w.drop(o, id)
		}
		id = w.applyFor(o, w.unanswered(o), map[string]any{}).ID
		w.aimed[key] = id
	}
	var body any
	at := w.show(o, id)
	if strings.Contains(name, "/files/") || strings.Contains(name, "/signature") || strings.HasSuffix(name, "/submit") || strings.HasSuffix(name, "/withdraw") || strings.HasSuffix(name, "/revision") {
		if at.State == "draft" && len(at.Files) == 0 {
			at = w.filled(o, id)
		}
	}
	signed := strings.HasSuffix(name, "/submit") || strings.HasSuffix(name, "/withdraw") || strings.HasSuffix(name, "/revision") || name == "GET /v1/tender-applications/{id}/signature"
	if signed && at.State == "draft" {
		w.sign(o, id)
	}
	if strings.HasSuffix(name, "/withdraw") || strings.HasSuffix(name, "/revision") {
		w.submit(o, id)
		w.gateway.answer(w.T.(*testing.T), authority.Answer{Event: authority.Accepted, Number: "Z-" + id[24:]})
	}
	switch name {
	case "PATCH /v1/tender-applications/{id}":
		body = map[string]any{"proposal": o.Tag}
	case "POST /v1/tender-applications/{id}/signature":
		body = w.signing(o, "/v1/tender-applications/"+id+"/document")
	}
	path = strings.Replace(path, "{id}", id, 1)
	if len(at.Files) > 0 {
		path = strings.Replace(path, "{file}", at.Files[0].Href[strings.LastIndex(at.Files[0].Href, "/")+1:], 1)
	}
	return path, body, nil
}

// TestAnothersApplicationIsNotThere: whatever is tried with it.
func TestAnothersApplicationIsNotThere(t *testing.T) {
	w := one(t)
	a, b := w.office("Alpha"), w.office("Beta")
	w.publish(w.announcement(1), w.announcement(2))
	theirs := w.registered(b)
	mine := w.apply(a)
	for path, body := range map[string]any{"submit": nil, "withdraw": nil, "revision": nil, "signature": map[string]any{"signature": []byte("x")}} {
		w.Expect(w.Do("POST", "/v1/tender-applications/"+theirs.ID+"/"+path, w.head(a), body), 404, "not_found")
	}
	w.Expect(w.Do("PATCH", "/v1/tender-applications/"+mine.ID, w.head(a), map[string]any{"documents": []string{w.paperOf(b, "secret")}}), 422, "validation_failed")
	w.Expect(w.Do("PATCH", "/v1/tender-applications/"+mine.ID, w.head(a), map[string]any{"documents": []string{storage.NewID()}}), 422, "validation_failed")
	w.Expect(w.Do("POST", "/v1/tenders/"+w.tenders(a, "")[0].ID+"/applications", w.head(a), map[string]any{"application_id": theirs.ID}), 422, "validation_failed")
	w.Expect(w.Do("POST", "/v1/tender-templates", w.head(a), map[string]any{"name": "x", "application_id": theirs.ID}), 422, "validation_failed")
	w.Expect(w.Do("GET", "/v1/tenders?search="+w.search(b).ID, w.head(a), nil), 404, "not_found")
	if got := w.Expect(w.Do("GET", "/v1/tenders/"+w.tenders(a, "")[0].ID, w.head(a), nil), 200, "").Text; strings.Contains(got, theirs.ID) || strings.Contains(got, "Beta") {
		t.Errorf("an announcement tells of another's application: %s", got)
	}
	w.Expect(w.Do("GET", "/v1/tenders/"+w.tenders(a, "")[0].ID, w.Service(a, directory.FilingsRead), nil), 403, "scope_missing")
}
