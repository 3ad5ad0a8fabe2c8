package tender_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/tender"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

// TestTheRegisterIsSearchedBySectorSumRegionAndWords (row 240).
func TestTheRegisterIsSearchedBySectorSumRegionAndWords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.office("Alpha")
		w.publish(w.announcement(1),
			w.announcement(2, func(a *authority.Tender) {
				a.Object, a.Region, a.Kopecks, a.ApplicationSecurity, a.ContractSecurity = "Ремонт маяков Ладожского озера", "47", 5_000_000, 0, 0
				a.Sectors = []authority.Code{{Code: "33.14.19.000", Name: "Ремонт"}}
				a.Customer = authority.Customer{INN: "7728168971", Name: "Администрация бассейна"}
			}),
			w.announcement(3, func(a *authority.Tender) { a.State = tender.Cancelled }))
		for query, want := range map[string]string{
			"": "3 2 1", "sector=62": "3 1", "sector=62.01": "3 1", "sector=62.01.11.000": "3 1", "sector=33.1": "2", "sector=61": "", "region=47": "2",
			"customer=7728168971": "2", "price_from=50000000": "3 1", "price_to=5000000": "2", "state=open": "2 1", "state=cancelled": "3",
			"q=ремонт+маяка": "2", "q=ПРОГРАММНОЕ": "3 1", "q=" + number(2): "2", "q=%21": "", "q=ремонт&region=77": "",
			"deadline_before=" + w.Clock.Now().Add(24*time.Hour).Format(time.RFC3339): "",
		} {
			var got []string
			for _, a := range w.tenders(o, query) {
				got = append(got, strings.TrimLeft(a.Number[14:], "0"))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s finds %v, want %s", query, got, want)
			}
		}
		for _, query := range []string{"sector=6", "sector=62.", "sector=abc", "region=770", "customer=1", "price_from=-1", "price_from=2&price_to=1", "state=x", "search=x", "sort=x"} {
			w.Expect(w.Do("GET", "/v1/tenders?"+query, w.head(o), nil), 400, "parameter_invalid")
		}
		var first, second struct {
			Items []shownTender
			Next  string
		}
		w.Expect(w.Do("GET", "/v1/tenders?limit=2", w.head(o), nil), 200, "").Into(t, &first)
		w.Expect(w.Do("GET", "/v1/tenders?limit=2&after="+first.Next, w.head(o), nil), 200, "").Into(t, &second)
		if len(first.Items) != 2 || len(second.Items) != 1 || second.Next != "" || second.Items[0].Number != number(1) {
			t.Errorf("pages: %+v %+v", first, second)
		}
	})
}

// TestListsWalkTheirIndexes.
func TestListsWalkTheirIndexes(t *testing.T) {
	w := one(t)
	page, id := api.Page{Limit: 50, At: 1, ID: storage.NewID()}, storage.NewID()
	search := func(f tender.Filter) func() (string, []any) {
		return func() (string, []any) { return tender.SearchPlan(f, 1, page) }
	}
	mine := func(c tender.Chosen) func() (string, []any) {
		return func() (string, []any) { return tender.ListPlan(c, id, page) }
	}
	for name, c := range map[string]struct {
		query func() (string, []any)
		uses  string
	}{
		"register": {search(tender.Filter{}), "tenders_list"},
		"sector":   {search(tender.Filter{Sector: "62", Region: "77"}), "tender_terms"},
		"words":    {search(tender.Filter{Words: "ремонт маяка"}), "tender_terms"},
		"mine":     {mine(tender.Chosen{Living: true}), "tender_applications_open"},
		"state":    {mine(tender.Chosen{State: tender.Draft}), "tender_applications_state"},
		"archive":  {mine(tender.Chosen{Over: true}), "tender_applications_over"},
	} {
		text, args := c.query()
		if plan := w.plan(t, text, args); !strings.Contains(plan, c.uses) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") {
			t.Errorf("%s: %s", name, plan)
		}
	}
}

// plan is how SQLite walks a query.
func (w *world) plan(t *testing.T, text string, args []any) string {
	t.Helper()
	var steps []struct {
		ID, Parent, Notused int
		Detail              string
	}
	cabinettest.Must(t, w.DB.Select(t.Context(), &steps, "EXPLAIN QUERY PLAN "+text, args...))
	var plan strings.Builder
	for _, step := range steps {
		plan.WriteString(step.Detail + "\n")
	}
	return plan.String()
}

// TestNewTendersOfASavedSearchAreToldOnce (row 244).
func TestNewTendersOfASavedSearchAreToldOnce(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.search(o)
	w.Expect(w.Do("POST", "/v1/tender-searches", w.head(o), map[string]any{"name": "тихий", "filter": map[string]any{"sector": "62"}, "told": false}), 201, "")
	w.publish(w.announcement(1), w.announcement(2), w.announcement(3, func(a *authority.Tender) { a.Sectors[0].Code = "71.12" }))
	events := w.told.of("tender.found")
	if len(events) != 1 || events[0].Data.(map[string]any)["count"] != 2 || events[0].Persons[0] != o.Members[directory.Head].Person.ID {
		t.Fatalf("%+v", events)
	}
	w.publish(w.announcement(1)) // the same once more
	if n := len(w.told.of("tender.found")); n != 1 {
		t.Errorf("told %d times", n)
	}
	if got := w.tenders(o, "search="+w.searches(o)[0].ID); len(got) != 2 {
		t.Errorf("the saved search finds %d", len(got))
	}
	for body, at := range map[string]string{
		`{"name":"","filter":{"sector":"62"}}`: "/name", `{"name":"x","filter":{}}`: "/filter", `{"name":"x","filter":{"sector":"x"}}`: "/filter/sector",
		`{"name":"x","filter":{"price_from":2,"price_to":1}}`: "/filter/price_to",
	} {
		if p := w.Expect(w.Do("POST", "/v1/tender-searches", w.head(o), body), 422, "validation_failed").Problem(t); p.Errors[0].Pointer != at {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
}

func (w *world) searches(o *cabinettest.Office) []struct{ ID string } {
	var page struct{ Items []struct{ ID string } }
	w.Expect(w.Do("GET", "/v1/tender-searches", w.head(o), nil), 200, "").Into(w.T, &page)
	return page.Items
}

// TestProtocolsAndCancellationReachThoseWhoTakePart.
func TestProtocolsAndCancellationReachThoseWhoTakePart(t *testing.T) {
	w := one(t)
	o, other := w.office("Alpha"), w.office("Beta")
	first := w.announcement(1)
	w.publish(first)
	a, draft := w.registered(o), w.apply(other)
	decided := first
	decided.State = tender.Review
	decided.Protocols = []authority.Protocol{{Number: "ПРО1", Kind: "Протокол рассмотрения заявок", At: storage.Of(w.Clock.Now()), Text: "Допущены все."}}
	w.publish(decided)
	if got := w.told.of("tender.protocol"); len(got) != 2 || !strings.Contains(got[0].Texts.RU.Body, "Допущены все") {
		t.Errorf("%+v", got)
	}
	cancelled := decided
	cancelled.Revision, cancelled.State, cancelled.Change = 2, tender.Cancelled, "Решение заказчика"
	w.publish(cancelled)
	if got := w.show(o, a.ID); got.State != "cancelled" || len(w.told.of("tender.cancelled")) != 2 {
		t.Errorf("%+v", got)
	}
	if got := w.show(other, draft.ID); got.State != "draft" || !strings.Contains(got.codes(), "over") {
		t.Errorf("%+v", got)
	}
	w.Expect(w.Do("DELETE", "/v1/tender-applications/"+draft.ID, w.head(other), nil), 204, "")
	old := first
	w.publish(old) // a lower revision comes late
	if got := w.tenders(o, "")[0]; got.State != "cancelled" {
		t.Errorf("an old revision came back: %+v", got)
	}
}

// TestADocumentWithAnotherDigestIsNotGivenOut (row 241).
func TestADocumentWithAnotherDigestIsNotGivenOut(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	var whole shownTender
	w.Expect(w.Do("GET", "/v1/tenders/"+w.tenders(o, "")[0].ID, w.head(o), nil), 200, "").Into(t, &whole)
	path := whole.Documents[0].Href
	genuine := w.register.documents[number(1)+"/1"]
	w.register.documents[number(1)+"/1"] = append([]byte("%PDF-1.4 "), genuine...)
	w.Expect(w.Do("GET", path, w.head(o), nil), 503, "tender_document_differs")
	var noted int
	cabinettest.Must(t, w.DB.Get(t.Context(), &noted, `SELECT COUNT(*) FROM journal WHERE action = 'tender.document_differs' AND organisation = $1`, o.ID))
	if noted != 1 {
		t.Errorf("%d entries", noted)
	}
	delete(w.register.documents, number(1)+"/1")
	w.Expect(w.Do("GET", path, w.head(o), nil), 503, "tender_register_unavailable")
	w.register.documents[number(1)+"/1"] = genuine
	for range 2 {
		if got := w.content(o, path); string(got) != string(genuine) {
			t.Error("not the document")
		}
	}
	if w.register.asked != 3 {
		t.Errorf("the register was asked %d times: what is kept is not asked for again", w.register.asked)
	}
	w.Expect(w.Do("GET", "/v1/tenders/"+whole.ID+"/documents/2", w.head(o), nil), 404, "not_found")
}

// TestWhatIsNoAnnouncementIsLeftBehind and does not hold up the others.
func TestWhatIsNoAnnouncementIsLeftBehind(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	wrong := map[string]func(*authority.Tender){
		"number": func(a *authority.Tender) { a.Number = "1" }, "revision": func(a *authority.Tender) { a.Revision = 0 },
		"state": func(a *authority.Tender) { a.State = "x" }, "object": func(a *authority.Tender) { a.Object = "a\u202eb" },
		"customer": func(a *authority.Tender) { a.Customer.INN = "1" }, "sectors": func(a *authority.Tender) { a.Sectors = nil },
		"sector": func(a *authority.Tender) { a.Sectors = []authority.Code{{Code: "62-01"}} }, "region": func(a *authority.Tender) { a.Region = "x" },
		"sum": func(a *authority.Tender) { a.Kopecks = -1 }, "security": func(a *authority.Tender) { a.ApplicationSecurity = a.Kopecks + 1 },
		"deadline": func(a *authority.Tender) { a.DeadlineAt = a.PublishedAt }, "digest": func(a *authority.Tender) { a.Documents[0].SHA256 = "x" },
		"document": func(a *authority.Tender) { a.Documents[0].ID = "../x" }, "size": func(a *authority.Tender) { a.Documents[0].Size = tender.MaxDocument + 1 },
		"protocol": func(a *authority.Tender) { a.Protocols = []authority.Protocol{{Kind: ""}} }, "text": func(a *authority.Tender) { a.Term = "a\x07b" },
	}
	n := 10
	for name, change := range wrong {
		n++
		a := w.announcement(n, change)
		raw, err := json.Marshal(a)
		cabinettest.Must(t, err)
		if _, err := tender.ParseAnnouncement(raw); err == nil {
			t.Errorf("%s: taken", name)
		}
		w.publish(a)
	}
	w.publish(w.announcement(1))
	if got := w.tenders(o, ""); len(got) != 1 {
		t.Errorf("%d announcements", len(got))
	}
	if _, err := tender.ParseAnnouncement([]byte("{")); err == nil {
		t.Error("half an object is taken")
	}
}

// FuzzParseAnnouncement: whatever is taken keeps to the bounds that pages rely on.
func FuzzParseAnnouncement(f *testing.F) {
	f.Add([]byte(`{"number":"0173100004526000001","revision":1,"state":"open","object":"x","customer":{"inn":"7707083893","name":"y"},"sectors":[{"code":"62.01","name":""}],"region":"77","kopecks":1,"published_at":"2026-11-01T00:00:00Z","deadline_at":"2026-11-02T00:00:00Z"}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := tender.ParseAnnouncement(raw)
		if err == nil && (len(a.Number) != 19 || a.Kopecks <= 0 || a.DeadlineAt <= a.PublishedAt || len(a.Sectors) == 0) {
			t.Errorf("%+v", a)
		}
	})
}

// TestRegistrationIsFilledInAndSignedOnce (row 243).
func TestRegistrationIsFilledInAndSignedOnce(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Roles()...)
	w.publish(w.announcement(1))
	a := w.apply(o)
	if got := w.filled(o, a.ID).codes(); got != "unregistered" {
		t.Fatalf("findings %q", got)
	}
	body := w.signing(o, "/v1/tender-registration/document")
	stranger := w.Authority.Issue(t, signature.Subject{INNLE: "7707083893", OGRN: "1027700132195", CommonName: "Чужой"})
	forged := map[string]any{"signature": stranger.Sign(t, w.content(o, "/v1/tender-registration/document"))}
	w.Expect(w.Do("POST", "/v1/tender-registration", w.head(o), forged), 403, "tender_signer")
	w.Expect(w.Do("POST", "/v1/tender-registration", w.head(o), body), 200, "")
	w.Expect(w.Do("POST", "/v1/tender-registration", w.head(o), body), 409, "tender_state")
	if s, err := w.gateway.submission(t); err != nil || s.Kind != "tender_registration" || len(s.Files[0].Signatures) != 1 || !strings.Contains(string(s.Files[0].Content), o.INN) {
		t.Fatalf("%+v %v", s, err)
	}
	w.gateway.answer(t, authority.Answer{Event: authority.Refused, Text: "Нет сведений"})
	w.Expect(w.Do("POST", "/v1/tender-registration", w.head(o), body), 200, "")
	w.gateway.dead(t)
	w.Expect(w.Do("POST", "/v1/tender-registration", w.head(o), body), 200, "")
	w.gateway.answer(t, authority.Answer{Event: authority.Accepted, Number: "26000017"})
	var r struct{ State, Number string }
	w.Expect(w.Do("GET", "/v1/tender-registration", w.head(o), nil), 200, "").Into(t, &r)
	if r.State != "registered" || r.Number != "26000017" || len(w.told.of("tender_registration.status_changed")) != 3 {
		t.Errorf("%+v", r)
	}
	if got := w.show(o, a.ID).codes(); got != "" {
		t.Errorf("findings %q", got)
	}
	w.gate = []string{"bankruptcy"}
	if got := w.show(o, a.ID).codes(); got != "gate" {
		t.Errorf("findings %q", got)
	}
	w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/signature", w.head(o), w.signing(o, "/v1/tender-applications/"+a.ID+"/document")), 409, "tender_gate")
}

// TestTheRegistersWordOnARegistrationIsTaken: a new term counts, and is told once.
func TestTheRegistersWordOnARegistrationIsTaken(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.Clock.Advance(24 * time.Hour)
	w.enter(o) // with another term
	w.enter(o)
	var r struct {
		State      string
		ValidUntil storage.Time `json:"valid_until"`
	}
	w.Expect(w.Do("GET", "/v1/tender-registration", w.head(o), nil), 200, "").Into(t, &r)
	if r.State != "registered" || r.ValidUntil != w.register.participants[o.INN].ValidUntil || len(w.told.of("tender_registration.status_changed")) != 1 {
		t.Errorf("%+v", r)
	}
}

// TestASignatureOverSomethingElseIsRefused, as is one that the application outran.
func TestASignatureOverSomethingElseIsRefused(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	a := w.apply(o)
	w.filled(o, a.ID)
	path := "/v1/tender-applications/" + a.ID
	before := w.signing(o, path+"/document")
	w.Expect(w.Do("PATCH", path, w.head(o), map[string]any{"proposal": "Другое"}), 200, "")
	w.Expect(w.Do("POST", path+"/signature", w.head(o), before), 422, "tender_signature_refused")
	w.Expect(w.Do("POST", path+"/signature", w.head(o), map[string]any{"signature": []byte{}}), 422, "validation_failed")
	stranger := w.Authority.Issue(t, signature.Subject{INNLE: "7707083893", OGRN: "1027700132195", CommonName: "Чужой"})
	w.Expect(w.Do("POST", path+"/signature", w.head(o), map[string]any{"signature": stranger.Sign(t, w.content(o, path+"/document"))}), 403, "tender_signer")
	w.Expect(w.Do("POST", path+"/submit", w.head(o), nil), 409, "tender_state")
	w.Expect(w.Do("POST", path+"/signature", w.Token(o, directory.Manager), w.signing(o, path+"/document")), 403, "permission_missing")
	if got := w.show(o, a.ID); got.State != "draft" || got.Signature != nil {
		t.Errorf("%+v", got)
	}
	w.sign(o, a.ID)
	w.Expect(w.Do("PATCH", path, w.head(o), map[string]any{"proposal": "После подписи"}), 200, "")
	if got := w.show(o, a.ID); got.State != "draft" || got.Signature != nil {
		t.Errorf("a signature outlived what it was over: %+v", got)
	}
}

// TestHistoryComesFromTheRegisterAndIsAnalysed (rows 245, 246).
func TestHistoryComesFromTheRegisterAndIsAnalysed(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	now := w.Clock.Now()
	part := func(n int, outcome, sector string, offer int64, days int) {
		p := authority.Participation{
			Number: fmt.Sprint("ЕИС-", n), Tender: number(n), Object: "Объект " + fmt.Sprint(n), Customer: authority.Customer{INN: "7707083893", Name: "Министерство"},
			Sector: sector, Region: "77", Kopecks: 200, Offer: offer, Place: 1, Outcome: outcome, Comment: "Хорошо", SubmittedAt: storage.Of(now.AddDate(0, 0, -days-1)), DecidedAt: storage.Of(now.AddDate(0, 0, -days)),
		}
		raw, err := json.Marshal(p)
		cabinettest.Must(t, err)
		w.register.participations = append(w.register.participations, raw)
	}
	part(1, "won", "62.01", 150, 5)
	part(2, "lost", "62.02", 170, 6)
	part(3, "rejected", "33.14", 180, 7)
	part(4, "won", "33.14", 100, 500) // before the year
	part(5, "withdrawn", "33.14", 100, 8)
	part(6, "nonsense", "33.14", 100, 8)
	w.register.participations = append(w.register.participations, json.RawMessage(`{`), json.RawMessage(`{"number":"x"}`))
	cabinettest.Must(t, w.room.RememberAll(t.Context()))
	w.Work()
	cabinettest.Must(t, w.room.Remember(context.Background(), o.ID, o.INN)) // twice is once
	var page struct{ Items []shown }
	w.Expect(w.Do("GET", "/v1/tender-applications?archive=true", w.Token(o, directory.Observer), nil), 200, "").Into(t, &page)
	if len(page.Items) != 5 || page.Items[0].State != "won" || page.Items[0].Origin != "register" || page.Items[0].Comment != "Хорошо" {
		t.Fatalf("%+v", page.Items)
	}
	w.Expect(w.Do("GET", "/v1/tender-applications/"+page.Items[0].ID+"/document", w.head(o), nil), 404, "not_found")
	var report struct {
		Total struct{ Applied, Won, Lost, Rejected, Share int }
		Items []struct {
			Key    string
			Won    int
			WonSum int64 `json:"won_sum"`
		}
	}
	w.Expect(w.Do("GET", "/v1/tender-analytics?by=sector", w.head(o), nil), 200, "").Into(t, &report)
	if report.Total.Applied != 3 || report.Total.Won != 1 || report.Total.Lost != 1 || report.Total.Rejected != 1 || report.Total.Share != 33 || report.Items[0].Key != "62" || report.Items[0].WonSum != 150 {
		t.Errorf("%+v", report)
	}
	for _, by := range []string{"month", "customer"} {
		w.Expect(w.Do("GET", "/v1/tender-analytics?by="+by, w.head(o), nil), 200, "")
	}
	for _, path := range []string{"/v1/tender-analytics?format=xlsx", "/v1/tender-applications/export?archive=true"} {
		if got := w.content(o, path); !strings.HasPrefix(string(got), "PK") {
			t.Errorf("%s is no workbook", path)
		}
	}
	w.Expect(w.Do("GET", "/v1/tender-analytics?from=2026-02-01&to=2026-01-01", w.head(o), nil), 400, "parameter_invalid")
}

// TestATemplateAndAnEarlierApplicationFillTheNextOne (row 242).
func TestATemplateAndAnEarlierApplicationFillTheNextOne(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1), w.announcement(2), w.announcement(3))
	list := w.tenders(o, "")
	a := w.applyFor(o, list[0].ID, map[string]any{})
	w.filled(o, a.ID)
	var tpl struct{ ID string }
	w.Expect(w.Do("POST", "/v1/tender-templates", w.head(o), map[string]any{"name": "Обычная", "application_id": a.ID}), 201, "").Into(t, &tpl)
	byTemplate := w.applyFor(o, list[1].ID, map[string]any{"template_id": tpl.ID})
	byEarlier := w.applyFor(o, list[2].ID, map[string]any{"application_id": a.ID})
	for name, next := range map[string]shown{"template": byTemplate, "earlier": byEarlier} {
		if next.Form.Proposal == "" || next.Form.Price != 0 || next.Form.Consent || next.Form.Account.Number == "" {
			t.Errorf("%s: %+v", name, next.Form)
		}
	}
	if len(byEarlier.Files) != 1 || len(byTemplate.Files) != 0 {
		t.Errorf("files: %d, %d", len(byEarlier.Files), len(byTemplate.Files))
	}
	w.Expect(w.Do("DELETE", "/v1/tender-templates/"+tpl.ID, w.head(o), nil), 204, "")
	w.Expect(w.Do("PATCH", "/v1/tender-applications/"+a.ID, w.head(o), map[string]any{"proposal": "x"}, "If-Match", `"0"`), 412, "version_changed")
	for field, form := range map[string]map[string]any{
		"/price": {"price": -1}, "/country": {"country": "RU"}, "/security": {"security": "x"}, "/account/bik": {"account": map[string]any{"bik": "1"}},
		"/account/number": {"account": map[string]any{"bik": "044525225", "number": "40702810138250123018"}}, "/contact/email": {"contact": map[string]any{"email": "a,b@c"}},
	} {
		if p := w.Expect(w.Do("PATCH", "/v1/tender-applications/"+a.ID, w.head(o), map[string]any{"form": form}), 422, "validation_failed").Problem(t); p.Errors[0].Pointer != field {
			t.Errorf("%s: %+v", field, p.Errors)
		}
	}
}

// TestDraftsAreRemindedOfADayBeforeTheDeadlineOnce.
func TestDraftsAreRemindedOfADayBeforeTheDeadlineOnce(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	w.apply(o)
	cabinettest.Must(t, w.room.Remind(t.Context()))
	if n := len(w.told.of("tender_application.due")); n != 0 {
		t.Errorf("told %d times too early", n)
	}
	w.Clock.Advance(9*24*time.Hour + time.Hour)
	cabinettest.Must(t, w.room.Remind(t.Context()))
	cabinettest.Must(t, w.room.Remind(t.Context()))
	if n := len(w.told.of("tender_application.due")); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestEveryStateHasWordsAndOnlyEndsEnd.
func TestEveryStateHasWordsAndOnlyEndsEnd(t *testing.T) {
	t.Parallel()
	for _, s := range tender.States() {
		if s.Label("ru") == "" || s.Label("en") == "" {
			t.Errorf("%s has no words", s)
		}
	}
	for from, list := range tender.AllMoves() {
		for _, to := range list {
			if from == to || from.Over() {
				t.Errorf("%s goes to %s", from, to)
			}
		}
	}
}
