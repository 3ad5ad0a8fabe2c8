package service_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/request"
	"propusk/cabinet/service"
	"propusk/idp/directory"
	"propusk/storage/file/filetest"
)

// TestLicenceFromDraftToResult: rows 192 to 198, 202 and 291 from end to end.
func TestLicenceFromDraftToResult(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		a := w.licence(o)
		token := w.Token(o, directory.Manager)
		if a.Fields["inn"] != o.INN || a.Fields["ogrn"] != o.OGRN || a.Fields["contact_email"] == "" {
			t.Errorf("filled in: %v", a.Fields)
		}
		var check struct {
			Ready     bool
			Faults    []api.FieldProblem
			Signature string
		}
		w.Expect(w.Do("POST", applications+"/"+a.ID+"/check", token, nil), http.StatusOK, "").Into(t, &check)
		if !check.Ready || len(check.Faults) != 0 || check.Signature != "required" {
			t.Fatalf("checked: %+v", check)
		}
		holder := w.holder(o)
		submitted := w.read(w.submit(o, a.ID, &holder), http.StatusOK)
		if submitted.State != "submitted" || submitted.Status != "submitted" || !strings.HasPrefix(submitted.Number, "A") ||
			submitted.LicenceStatus != "in_work" || submitted.ReviewStatus != "in_review" || !submitted.Signature.Accepted {
			t.Fatalf("submitted: %+v", submitted)
		}
		s := w.sent()
		if s.Kind != "application" || s.Recipient != "RZN-77" || s.Fields["kind"] != "licence-medical" || len(s.Files) != 6 || len(s.Files[0].Signatures) != 1 {
			t.Fatalf("sent: %s %s %v, %d files", s.Kind, s.Recipient, s.Fields, len(s.Files))
		}
		if content := w.content(o, a.ID); string(s.Files[0].Content) != string(content) || !strings.Contains(string(content), o.INN) {
			t.Error("something else was sent than was signed")
		}
		w.protocol(o, submitted)
		steps := []struct{ event, status, licence, review string }{
			{authority.InWork, "in_work", "in_work", "in_review"}, {authority.Expertise, "expertise", "expertise", "in_review"},
			{authority.Clarification, "clarification", "in_work", "clarification"},
		}
		for _, step := range steps {
			w.agency.Answer(t, authority.Answer{SubmissionID: s.ID, Event: step.event, Text: "Комментарий органа.", Fields: map[string]string{"documents": "premises, passports"}})
			if got := w.get(o, a.ID); got.Status != step.status || got.LicenceStatus != step.licence || got.ReviewStatus != step.review {
				t.Errorf("%s: %+v", step.event, got)
			}
		}
		w.asked(o, a.ID)
		w.agency.Answer(t, authority.Answer{
			SubmissionID: s.ID, Event: authority.Approved, Text: "Лицензия предоставлена.", Fields: map[string]string{"valid_until": "2031-05-01"},
			Files: []authority.File{{Name: "Лицензия.pdf", Content: filetest.PDF("licence")}},
		})
		got := w.get(o, a.ID)
		if got.Status != "approved" || got.StatusLabel != "Одобрено" || got.ValidUntil.Format(time.DateOnly) != "2031-04-30" {
			t.Errorf("approved: %+v", got)
		}
		var r struct {
			Documents []struct {
				Name, Href string
				Result     bool
			}
		}
		w.Expect(w.Do("GET", got.Request, token, nil), http.StatusOK, "").Into(t, &r)
		last := r.Documents[len(r.Documents)-1]
		if !last.Result || last.Name != "Лицензия.pdf" {
			t.Errorf("the result: %+v", r.Documents)
		}
		w.Expect(w.Do("GET", last.Href, w.Token(o, directory.Observer), nil), http.StatusOK, "")
	})
}

// protocol looks at the protocol of a submission (row 202).
func (w *world) protocol(o *cabinettest.Office, a application) {
	w.T.Helper()
	token := w.Token(o, directory.Observer)
	var p service.Protocol
	w.Expect(w.Do("GET", applications+"/"+a.ID+"/protocol", token, nil), http.StatusOK, "").Into(w.T, &p)
	if p.Number != a.Number || p.INN != o.INN || p.Authority.By != directory.ByMembership || p.Authority.Role != directory.Manager ||
		p.Signature == nil || len(p.Documents) != 5 || len(p.SHA256) != 64 || len(p.Checklist) != 5 {
		w.T.Errorf("the protocol: %+v", p)
	}
	pdf := w.Expect(w.Do("GET", applications+"/"+a.ID+"/protocol/file", token, nil), http.StatusOK, "")
	if !strings.HasPrefix(pdf.Text, "%PDF-") || !strings.Contains(pdf.Header.Get("Content-Disposition"), a.Number) {
		w.T.Errorf("the protocol as a file: %v", pdf.Header)
	}
}

// asked uploads what the authority has asked for (rows 195, 197, 199).
func (w *world) asked(o *cabinettest.Office, id string) {
	w.T.Helper()
	a := w.get(o, id)
	i := slices.IndexFunc(a.Checklist, func(l service.Listed) bool { return l.Document == "premises" })
	if !a.Checklist[i].Requested || !a.Checklist[i].Missing {
		w.T.Errorf("the checklist: %+v", a.Checklist)
	}
	more := []service.Attachment{{Document: "premises", File: w.file(o, "more.pdf", filetest.PDF("more"))}}
	got := w.read(w.Do("POST", applications+"/"+id+"/documents", w.Token(o, directory.Manager), map[string]any{"text": "Прилагаем.", "documents": more}), http.StatusCreated)
	if got.Status != "in_review" || got.Checklist[i].Requested || got.Checklist[i].Attached != 2 {
		w.T.Errorf("after the supplement: %+v", got)
	}
	if s := w.sent(); s.Kind != "answer" || len(s.Files) != 1 || s.Fields["text"] != "Прилагаем." {
		w.T.Errorf("the supplement went as %+v", s.Fields)
	}
	wrong := []service.Attachment{{Document: "passports", File: more[0].File}}
	w.Expect(w.Do("POST", applications+"/"+id+"/documents", w.Token(o, directory.Manager), map[string]any{"documents": wrong}), http.StatusUnprocessableEntity, "validation_failed")
}

// TestDraftSurvives: rows 203 and 207. Every save is a version that can come back,
// an older window overwrites nothing, and what is thrown away is gone.
func TestDraftSurvives(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		token := w.Token(o, directory.Manager)
		a := w.read(w.Do("POST", applications, token, map[string]any{"service": "licence-alcohol"}), http.StatusCreated)
		path := applications + "/" + a.ID
		save := func(etag string, fields map[string]string, documents ...service.Attachment) cabinettest.Reply {
			body := map[string]any{"fields": fields}
			if documents != nil {
				body["documents"] = documents
			}
			return w.Do("PUT", path, token, body, "If-Match", etag)
		}
		charter := service.Attachment{Document: "charter", File: w.file(o, "charter.pdf", filetest.PDF("charter"))}
		second := w.read(save(a.etag, map[string]string{"staff": "не знаю", "works": "Торговля\nв розницу"}, charter), http.StatusOK)
		if second.Version != 2 || second.Fields["staff"] != "не знаю" {
			t.Fatalf("a draft is kept with its faults: %+v", second)
		}
		if same := w.read(save(second.etag, second.Fields), http.StatusOK); same.Version != 2 {
			t.Error("nothing changed and it is a new version")
		}
		w.Expect(save(a.etag, map[string]string{"staff": "1"}), http.StatusPreconditionFailed, "version_changed")
		third := w.read(save(second.etag, map[string]string{"staff": "3"}, []service.Attachment{}...), http.StatusOK)
		third = w.read(w.Do("PUT", path, token, map[string]any{"documents": []any{}}, "If-Match", third.etag), http.StatusOK)
		if len(third.Documents) != 0 {
			t.Errorf("documents: %+v", third.Documents)
		}
		w.Clock.Advance(48 * time.Hour)
		_, err := w.files.Sweep(context.Background())
		must(t, err)
		token = w.Token(o, directory.Manager)
		back := w.read(w.Do("POST", path+"/versions/2/restore", token, nil), http.StatusOK)
		if back.Version != third.Version+1 || back.Fields["works"] != "Торговля\nв розницу" || len(back.Documents) != 1 || back.Documents[0].Name != "charter.pdf" {
			t.Errorf("restored: %+v", back)
		}
		w.Expect(w.Do("POST", path+"/versions/99/restore", token, nil), http.StatusNotFound, "not_found")
		w.Expect(w.Do("POST", path+"/versions/x/restore", token, nil), http.StatusNotFound, "not_found")
		var versions struct {
			Versions []struct {
				Version      int64
				Note, Author string
			}
		}
		w.Expect(w.Do("GET", path+"/versions", token, nil), http.StatusOK, "").Into(t, &versions)
		if len(versions.Versions) != 4 || versions.Versions[0].Note != "restored:2" || versions.Versions[3].Note != "created" || versions.Versions[0].Author == "" {
			t.Errorf("versions: %+v", versions)
		}
		w.Expect(w.Do("DELETE", path, token, nil), http.StatusNoContent, "")
		w.Expect(w.Do("GET", path, token, nil), http.StatusNotFound, "not_found")
	})
}

// TestDraftKeepsItsLastHundredVersions: autosave does not fill the database.
func TestDraftKeepsItsLastHundredVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, ctx := w.Office("Alpha"), context.Background()
		a, err := w.desk.Create(ctx, directory.System(), o.ID, service.Begin{Service: "cash-register"})
		must(t, err)
		for i := range 110 {
			_, err := w.desk.Save(ctx, directory.System(), o.ID, a.ID, nil, map[string]string{"serial": fmt.Sprint(i)}, nil)
			must(t, err)
		}
		list, err := w.desk.Versions(ctx, o.ID, a.ID)
		must(t, err)
		if len(list) != 100 || list[0].Version != 111 || list[99].Version != 12 {
			t.Errorf("%d versions, %d to %d", len(list), list[0].Version, list[len(list)-1].Version)
		}
	})
}

// TestCheckNamesEveryFault: rows 193 and 205: each with its field and its advice, in
// the language that was asked for, and the missing documents.
func TestCheckNamesEveryFault(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		token := w.Token(o, directory.Manager)
		a := w.filled(o, "licence-transport", map[string]string{
			"inn": "7707083894", "okved": "49.31", "activity_address": "Москва", "activity_from": "скоро", "staff": "5", "works": "Перевозки",
			"buses": "10", "buses_owned": "4", "buses_leased": "5", "contact_name": "Ivanova",
		}, map[string]string{"charter": "charter.pdf", "fleet": "fleet.pdf"})
		var check struct {
			Ready     bool
			Faults    []api.FieldProblem
			Checklist []service.Listed
		}
		w.Expect(w.Do("POST", applications+"/"+a.ID+"/check", token, nil), http.StatusOK, "").Into(t, &check)
		var found []string
		for _, f := range check.Faults {
			found = append(found, f.Pointer+" "+f.Code)
			if f.Detail == "" || strings.Contains(f.Detail, "{") {
				t.Errorf("%s: %q", f.Pointer, f.Detail)
			}
		}
		want := []string{
			"/fields/inn form_inn", "/fields/contact_name form_characters_name", "/fields/activity_from form_date", "/fields/buses form_sum",
			"/documents/qualifications form_document_missing", "/documents/fee_receipt form_document_missing",
		}
		if check.Ready || !slices.Equal(found, want) {
			t.Errorf("found %v", found)
		}
		missing := 0
		for _, line := range check.Checklist {
			if line.Missing {
				missing++
			}
		}
		if missing != 2 || len(check.Checklist) != 4 {
			t.Errorf("checklist: %+v", check.Checklist)
		}
		holder := w.holder(o)
		got := w.Expect(w.submit(o, a.ID, &holder), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
		if len(got.Errors) != len(want) {
			t.Errorf("refused: %+v", got.Errors)
		}
		english := w.Do("POST", applications+"/"+a.ID+"/check", token, nil, "Accept-Language", "en")
		if !strings.Contains(english.Text, "It does not add up") {
			t.Errorf("in English: %s", english.Text)
		}
		if n := len(w.agency.Sent()); n != 0 {
			t.Errorf("%d were sent", n)
		}
	})
}

// TestRenewalFillsTheMainPartIn: row 200, with the reminder thirty days before, once.
func TestRenewalFillsTheMainPartIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		token := w.Token(o, directory.Manager)
		a := w.licence(o)
		w.Expect(w.Do("POST", applications, token, map[string]any{"renews": a.ID}), http.StatusConflict, "application_not_granted")
		holder := w.holder(o)
		w.read(w.submit(o, a.ID, &holder), http.StatusOK)
		w.Expect(w.Do("POST", applications, token, map[string]any{"renews": a.ID}), http.StatusConflict, "application_not_granted")
		until := w.Clock.Now().AddDate(0, 0, 40)
		w.agency.Answer(t, authority.Answer{SubmissionID: w.sent().ID, Event: authority.Approved, Fields: map[string]string{"valid_until": until.Format(time.DateOnly)}})
		ctx := context.Background()
		must(t, w.desk.RemindRenewals(ctx))
		if got := w.told(a.ID); slices.Contains(got, "application.renewal_due") {
			t.Errorf("too early: %v", got)
		}
		w.Clock.Advance(11 * 24 * time.Hour)
		for range 3 {
			must(t, w.desk.RemindRenewals(ctx))
		}
		if got := w.told(a.ID); strings.Count(strings.Join(got, " "), "application.renewal_due") != 1 {
			t.Errorf("told: %v", got)
		}
		b := w.read(w.Do("POST", applications, w.Token(o, directory.Manager), map[string]any{"renews": a.ID}), http.StatusCreated)
		if b.Renews != a.ID || b.Service != a.Service || b.Fields["works"] != a.Fields["works"] || b.Fields["activity_from"] != "" || len(b.Documents) != 5 {
			t.Errorf("the renewal begins as %+v", b)
		}
		b.Fields["activity_from"] = w.Clock.Now().AddDate(0, 1, 0).Format(time.DateOnly)
		w.read(w.Do("PUT", applications+"/"+b.ID, w.Token(o, directory.Manager), map[string]any{"fields": b.Fields}), http.StatusOK)
		again := w.read(w.submit(o, b.ID, &holder), http.StatusOK)
		if again.State != "submitted" || !strings.Contains(string(w.content(o, b.ID)), w.get(o, a.ID).Number) {
			t.Errorf("the renewal: %+v", again)
		}
	})
}

// TestFormIsFilledInFromWhatIsKnown: row 205: the organisation, the person, the
// register, earlier applications, and a template over them.
func TestFormIsFilledInFromWhatIsKnown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		token := w.Token(o, directory.Manager)
		var prefill struct{ Fields map[string]string }
		w.Expect(w.Do("GET", "/v1/services/licence-medical/prefill", token, nil), http.StatusOK, "").Into(t, &prefill)
		if f := prefill.Fields; f["inn"] != o.INN || f["okved"] != "86.21" || f["staff"] != "" || f["contact_phone"] == "" {
			t.Errorf("at first: %v", f)
		}
		holder, a := w.holder(o), w.licence(o)
		w.read(w.submit(o, a.ID, &holder), http.StatusOK)
		w.Expect(w.Do("GET", "/v1/services/licence-pharmacy/prefill", token, nil), http.StatusOK, "").Into(t, &prefill)
		if f := prefill.Fields; f["staff"] != "12" || f["activity_address"] != "Москва, улица Лесная, 5" {
			t.Errorf("after an application: %v", f)
		}
		var kept struct{ ID string }
		w.Expect(w.Do("POST", "/v1/organization/application-templates", token,
			map[string]any{"service": "licence-pharmacy", "title": "Аптека", "fields": map[string]string{"staff": "3"}}), http.StatusCreated, "").Into(t, &kept)
		b := w.read(w.Do("POST", applications, token, map[string]any{"service": "licence-pharmacy", "template": kept.ID, "fields": map[string]string{"works": "Розница"}}), http.StatusCreated)
		if b.Fields["staff"] != "3" || b.Fields["works"] != "Розница" || b.Fields["inn"] != o.INN {
			t.Errorf("by the template: %v", b.Fields)
		}
		w.Expect(w.Do("POST", "/v1/organization/application-templates", token, map[string]any{"service": "licence-pharmacy", "title": "x", "fields": map[string]string{"colour": "1"}}),
			http.StatusUnprocessableEntity, "validation_failed")
		w.Expect(w.Do("DELETE", "/v1/organization/application-templates/"+kept.ID, token, nil), http.StatusNoContent, "")
		w.Expect(w.Do("POST", applications, token, map[string]any{"service": "licence-pharmacy", "template": kept.ID}), http.StatusUnprocessableEntity, "validation_failed")
	})
}

// TestSubmittedTwiceIsSubmittedOnce, whoever asks at the same time.
func TestSubmittedTwiceIsSubmittedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		a, actor := w.small(o), directory.Actor{PersonID: o.Members[directory.Manager].Person.ID}
		done := make(chan error)
		for range 6 {
			go func() {
				_, err := w.desk.Submit(context.Background(), actor, o.ID, a.ID, service.Submission{})
				done <- err
			}()
		}
		for range 6 {
			if err := <-done; err != nil && !strings.Contains(err.Error(), "was submitted") {
				t.Error(err)
			}
		}
		w.sent()
		if n := len(w.agency.Sent()); n != 1 {
			t.Errorf("sent %d times", n)
		}
		again := w.read(w.Do("POST", applications+"/"+a.ID+"/submit", w.Token(o, directory.Manager), map[string]any{}), http.StatusOK)
		if again.Number == "" {
			t.Errorf("asked again: %+v", again)
		}
		w.Expect(w.Do("PUT", applications+"/"+a.ID, w.Token(o, directory.Manager), map[string]any{"fields": map[string]string{}}), http.StatusConflict, "application_submitted")
		w.Expect(w.Do("DELETE", applications+"/"+a.ID, w.Token(o, directory.Manager), nil), http.StatusConflict, "application_submitted")
		if got := w.told(a.ID); !slices.Equal(got, []string{"application.submitted"}) {
			t.Errorf("told: %v", got)
		}
	})
}

// TestListsOfApplicationsAndServices: «Мои заявки», in pages.
func TestListsOfApplicationsAndServices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, token := w.Office("Alpha", directory.Roles()...), ""
		for range 3 {
			_, err := w.desk.Create(context.Background(), directory.System(), o.ID, service.Begin{Service: "cash-register"})
			must(t, err)
			w.Clock.Advance(time.Second)
		}
		a := w.small(o)
		w.read(w.submit(o, a.ID, nil), http.StatusOK)
		token = w.Token(o, directory.Observer)
		type page struct {
			Applications []application
			Next         string
		}
		var seen []string
		for after := ""; ; {
			var p page
			w.Expect(w.Do("GET", applications+"?limit=2&after="+after, token, nil), http.StatusOK, "").Into(t, &p)
			for _, one := range p.Applications {
				seen = append(seen, one.ID)
			}
			if after = p.Next; after == "" {
				break
			}
		}
		if len(seen) != 4 || seen[0] != a.ID {
			t.Errorf("pages: %v", seen)
		}
		var p page
		w.Expect(w.Do("GET", applications+"?state=submitted", token, nil), http.StatusOK, "").Into(t, &p)
		if len(p.Applications) != 1 || p.Applications[0].Status != "submitted" || p.Applications[0].StatusLabel != "Отправлено" {
			t.Errorf("submitted: %+v", p)
		}
		var catalogue struct{ Services []json.RawMessage }
		w.Expect(w.Do("GET", "/v1/services?type=licence&q=лицензия", token, nil), http.StatusOK, "").Into(t, &catalogue)
		if len(catalogue.Services) != 6 {
			t.Errorf("%d licences", len(catalogue.Services))
		}
		w.Expect(w.Do("GET", "/v1/services?type=none", token, nil), http.StatusBadRequest, "parameter_invalid")
		w.Expect(w.Do("GET", "/v1/services/none", token, nil), http.StatusNotFound, "not_found")
		w.Expect(w.Do("GET", "/v1/services/licence-medical", token, nil, "Accept-Language", "en"), http.StatusOK, "")
		w.Expect(w.Do("POST", applications, w.Token(o, directory.Manager), map[string]any{"service": "tax-filing"}), http.StatusUnprocessableEntity, "validation_failed")
		w.Expect(w.Do("GET", applications+"/"+seen[3]+"/protocol", token, nil), http.StatusConflict, "application_draft")
		w.Expect(w.Do("POST", applications+"/"+seen[3]+"/documents", w.Token(o, directory.Manager), map[string]any{"documents": []any{}}), http.StatusConflict, "application_draft")
	})
}

// TestClientAppliesForItsOrganisation: an accounting system, with the authority of
// a client in the protocol.
func TestClientAppliesForItsOrganisation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		a := w.small(o)
		robot := w.Service(o, directory.RequestsRead, directory.RequestsWrite)
		w.Expect(w.Do("POST", applications+"/"+a.ID+"/submit", w.Service(o, directory.RequestsRead), map[string]any{}), http.StatusForbidden, "scope_missing")
		w.Expect(w.Do("POST", applications+"/"+a.ID+"/submit", robot, map[string]any{}), http.StatusOK, "")
		var p service.Protocol
		w.Expect(w.Do("GET", applications+"/"+a.ID+"/protocol", robot, nil), http.StatusOK, "").Into(t, &p)
		if p.Authority.By != directory.ByClient || p.Signature != nil {
			t.Errorf("%+v", p)
		}
		// withdrawn by the inbox
		w.Expect(w.Do("POST", "/v1/organization/requests/"+a.ID+"/withdraw", w.Token(o, directory.Manager), nil), http.StatusOK, "")
		if got := w.get(o, a.ID); got.Status != string(request.Withdrawn) {
			t.Errorf("%+v", got)
		}
	})
}
