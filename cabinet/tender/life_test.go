package tender_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/tender"
	"propusk/idp/directory"
	"propusk/signature"
)

// TestAnApplicationGoesFromTheProfileToTheContract is the whole life (rows 240-245).
func TestAnApplicationGoesFromTheProfileToTheContract(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.office("Alpha")
		w.publish(w.announcement(1))
		a := w.apply(o)
		if a.State != "draft" || a.Applicant.INN != o.INN || a.Applicant.FullName != o.FullName || a.Form.Contact.Phone == "" || a.Form.Country != "643" || a.Form.Security != "account" {
			t.Fatalf("not filled in: %+v", a)
		}
		if got := w.show(o, a.ID).codes(); got != "price_missing consent_missing account_missing no_files no_proposal" {
			t.Errorf("findings %q", got)
		}
		if got := w.filled(o, a.ID); got.codes() != "" || len(got.Files) != 1 || !action(got.Actions, "sign").Allowed {
			t.Fatalf("%+v", got)
		}
		document := w.content(o, "/v1/tender-applications/"+a.ID+"/document")
		var written struct {
			Notice struct {
				Number string `xml:"Номер,attr"`
			} `xml:"Извещение"`
			Offer struct {
				Price string `xml:"Цена,attr"`
			} `xml:"Предложение"`
			Files []struct {
				SHA256 string `xml:"SHA256,attr"`
			} `xml:"Файлы>Файл"`
		}
		cabinettest.Must(t, xml.Unmarshal(document, &written))
		if written.Notice.Number != number(1) || written.Offer.Price != "950000.00" || len(written.Files) != 1 || written.Files[0].SHA256 != w.show(o, a.ID).Files[0].SHA256 {
			t.Errorf("the document: %s", document)
		}
		if got := w.sign(o, a.ID); got.State != "signed" || got.Signature == nil || !action(got.Actions, "submit").Allowed {
			t.Fatalf("%+v", got)
		}
		if !bytes.Equal(document, w.content(o, "/v1/tender-applications/"+a.ID+"/document")) {
			t.Error("what was signed is not what is kept")
		}
		if got := w.submit(o, a.ID); got.State != "sent" || got.Offer != 95_000_000 {
			t.Errorf("%+v", got)
		}
		s, err := w.gateway.submission(t)
		cabinettest.Must(t, err)
		if s.Recipient != tender.RecipientCode || s.Fields["tender"] != number(1) || s.Fields["price"] != "95000000" || len(s.Files) != 2 || len(s.Files[0].Signatures) != 1 || !bytes.Equal(s.Files[0].Content, document) {
			t.Errorf("submission %+v", s.Fields)
		}
		verdict, err := w.Authority.Verifier.Verify(t.Context(), signature.Request{Signature: s.Files[0].Signatures[0], Content: s.Files[0].Content})
		if err != nil || !verdict.Accepted {
			t.Errorf("the signature that was sent: %v %v", verdict.Code, err)
		}
		again, err := w.gateway.submission(t)
		cabinettest.Must(t, err)
		if !bytes.Equal(again.Files[0].Content, s.Files[0].Content) || again.ID != s.ID {
			t.Error("a repeat of the sending is another thing")
		}
		w.decide(t, o, a.ID)
	})
}

// decide plays the commission.
func (w *world) decide(t *testing.T, o *cabinettest.Office, id string) {
	t.Helper()
	w.gateway.answer(t, authority.Answer{Event: authority.Accepted, Number: "Z-17", Text: "Принята"})
	w.gateway.answer(t, authority.Answer{Event: authority.Approved})
	if got := w.show(o, id); got.State != "admitted" || got.Number != "Z-17" {
		t.Fatalf("%+v", got)
	}
	won := authority.Answer{Event: authority.Result, Text: "Итоги", Fields: map[string]string{"outcome": "won", "place": "1", "price": "94000000", "comment": "Отличная\nработа"}}
	w.gateway.answer(t, won)
	w.gateway.answer(t, authority.Answer{Event: authority.Result, Fields: map[string]string{"outcome": "lost"}}) // what follows the end changes nothing
	got := w.show(o, id)
	if got.State != "won" || got.Place != 1 || got.Offer != 94_000_000 || got.Comment != "Отличная работа" {
		t.Fatalf("%+v", got)
	}
	var states []string
	for _, e := range w.told.of("tender_application.status_changed") {
		states = append(states, e.Data.(map[string]string)["status"])
	}
	if strings.Join(states, " ") != "registered admitted won" {
		t.Errorf("told: %v", states)
	}
	var actions []string
	cabinettest.Must(t, w.DB.Select(t.Context(), &actions, `SELECT action FROM journal WHERE organisation = $1 AND action LIKE 'tender.application%' ORDER BY seq`, o.ID))
	want := "tender.application_created tender.application_changed tender.application_signed tender.application_submitted tender.application_status tender.application_status tender.application_status"
	if strings.Join(actions, " ") != want {
		t.Errorf("journal: %v", actions)
	}
}

// TestLateIsLateByTheServersClock (row 242): neither a draft, nor what was signed in
// time, nor what waits in the queue leaves after the deadline.
func TestLateIsLateByTheServersClock(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	a := w.signed(o)
	queued := w.office("Beta")
	b := w.signed(queued)
	w.submit(queued, b.ID)
	w.Clock.Advance(10*24*time.Hour + time.Second)
	w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/submit", w.head(o), nil), 409, "tender_over")
	if _, err := w.gateway.submission(t); !errors.Is(err, authority.ErrWithdrawn) {
		t.Errorf("the queue sends what is late: %v", err)
	}
	if got := w.show(queued, b.ID); got.State != "failed" || !strings.Contains(got.Trouble, "не успела") {
		t.Errorf("%+v", got)
	}
	w.Expect(w.Do("POST", "/v1/tenders/"+w.tenders(o, "")[0].ID+"/applications", w.Token(w.office("Gamma"), directory.Head), map[string]any{}), 409, "tender_over")
	if w.tenders(o, "state=open") != nil && len(w.tenders(o, "state=open")) != 0 || len(w.tenders(o, "state=review")) != 1 {
		t.Error("the register's lists do not go by the clock")
	}
}

// TestAChangedNoticeStopsWhatWasSignedForTheOldOne between signing and sending.
func TestAChangedNoticeStopsWhatWasSignedForTheOldOne(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	first := w.announcement(1)
	w.publish(first)
	a := w.signed(o)
	second := first
	second.Revision, second.Kopecks, second.Change = 2, 90_000_000, "Снижена цена"
	w.publish(second)
	w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/submit", w.head(o), nil), 409, "tender_changed")
	if got := w.told.of("tender.changed"); len(got) != 1 || !strings.Contains(got[0].Texts.RU.Body, "Снижена цена") {
		t.Errorf("told: %+v", got)
	}
	var now shown
	w.Expect(w.Do("PATCH", "/v1/tender-applications/"+a.ID, w.head(o), map[string]any{"revision": 2}), 200, "").Into(t, &now)
	if now.State != "draft" || now.Revision != 2 || now.codes() != "price_high" {
		t.Errorf("%+v", now)
	}
	w.Expect(w.Do("PATCH", "/v1/tender-applications/"+a.ID, w.head(o), map[string]any{"revision": 1}), 200, "")
	if got := w.show(o, a.ID); got.Revision != 2 {
		t.Error("an old revision was acknowledged")
	}
}

// TestTwoSendingsAtOnceAreOne.
func TestTwoSendingsAtOnceAreOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.office("Alpha")
		w.publish(w.announcement(1))
		a := w.signed(o)
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				got := w.Do("POST", "/v1/tender-applications/"+a.ID+"/submit", w.head(o), nil)
				if got.StatusCode != 200 && got.StatusCode != 412 {
					t.Errorf("%d %s", got.StatusCode, got.Text)
				}
			})
		}
		all.Wait()
		if n := w.gateway.count(); n != 1 {
			t.Errorf("%d submissions", n)
		}
	})
}

// TestOneLivingApplicationForATender, however many begin one at once.
func TestOneLivingApplicationForATender(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.office("Alpha")
		w.publish(w.announcement(1))
		id := w.tenders(o, "")[0].ID
		made, refused := 0, 0
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 5 {
			all.Go(func() {
				got := w.Do("POST", "/v1/tenders/"+id+"/applications", w.head(o), map[string]any{})
				mu.Lock()
				defer mu.Unlock()
				if got.StatusCode == 201 {
					made++
				} else if got.StatusCode == 409 && got.Problem(t).Code == "tender_applied" {
					refused++
				}
			})
		}
		all.Wait()
		if made != 1 || refused != 4 {
			t.Errorf("%d made, %d refused", made, refused)
		}
	})
}

// TestWithdrawalAndItsRefusal (44-ФЗ ст. 43 ч. 8).
func TestWithdrawalAndItsRefusal(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	a := w.registered(o)
	withdraw := func(status int, code string) {
		t.Helper()
		w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/withdraw", w.head(o), nil), status, code)
	}
	withdraw(200, "")
	if s, err := w.gateway.submission(t); err != nil || s.Kind != "tender_withdrawal" || s.Fields["number"] != a.Number {
		t.Fatalf("%+v %v", s, err)
	}
	w.gateway.answer(t, authority.Answer{Event: authority.Refused, Faults: []authority.Fault{{Code: "17", Text: "нет такой заявки"}}})
	if got := w.show(o, a.ID); got.State != "registered" || got.Trouble != "17 нет такой заявки" {
		t.Fatalf("%+v", got)
	}
	withdraw(200, "")
	w.gateway.dead(t)
	if got := w.show(o, a.ID); got.State != "registered" {
		t.Fatalf("%+v", got)
	}
	withdraw(200, "")
	w.gateway.answer(t, authority.Answer{Event: authority.Accepted})
	if got := w.show(o, a.ID); got.State != "withdrawn" {
		t.Fatalf("%+v", got)
	}
	withdraw(409, "tender_state")
	b := w.registered(o) // the place is free again
	w.Clock.Advance(11 * 24 * time.Hour)
	w.Expect(w.Do("POST", "/v1/tender-applications/"+b.ID+"/withdraw", w.head(o), nil), 409, "tender_over")
	w.Expect(w.Do("POST", "/v1/tender-applications/"+b.ID+"/revision", w.head(o), nil), 409, "tender_over")
}

// TestAWithdrawalThatIsLateInTheQueueLeavesTheApplicationStanding.
func TestAWithdrawalThatIsLateInTheQueueLeavesTheApplicationStanding(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	a := w.registered(o)
	w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/withdraw", w.head(o), nil), 200, "")
	w.Clock.Advance(11 * 24 * time.Hour)
	if _, err := w.gateway.submission(t); !errors.Is(err, authority.ErrWithdrawn) {
		t.Errorf("%v", err)
	}
	if got := w.show(o, a.ID); got.State != "registered" || !strings.Contains(got.Trouble, "остаётся в силе") {
		t.Errorf("%+v", got)
	}
}

// TestANextVersionTakesThePlaceWhenTheRegisterHasIt.
func TestANextVersionTakesThePlaceWhenTheRegisterHasIt(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	a := w.registered(o)
	var next shown
	w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/revision", w.head(o), nil), 201, "").Into(t, &next)
	if next.State != "draft" || next.Replaces != a.ID || next.Form.Price != 95_000_000 || len(next.Files) != 1 || next.Number != "" {
		t.Fatalf("%+v", next)
	}
	w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/revision", w.head(o), nil), 409, "tender_applied")
	if got := w.show(o, a.ID); got.Next != next.ID || action(got.Actions, "revise").Allowed {
		t.Errorf("%+v", got.Actions)
	}
	w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/withdraw", w.head(o), nil), 409, "tender_next_version")
	w.sign(o, next.ID)
	w.submit(o, next.ID)
	if s, err := w.gateway.submission(t); err != nil || s.Fields["replaces"] != a.Number {
		t.Errorf("%+v %v", s.Fields, err)
	}
	w.gateway.answer(t, authority.Answer{Event: authority.Accepted, Number: "Z-2"})
	if old, now := w.show(o, a.ID), w.show(o, next.ID); old.State != "replaced" || now.State != "registered" {
		t.Errorf("%s, %s", old.State, now.State)
	}
	w.Expect(w.Do("POST", "/v1/tenders/"+w.tenders(o, "")[0].ID+"/applications", w.head(o), map[string]any{}), 409, "tender_applied")
}

// TestARegisterThatSkipsStepsStillReplacesTheEarlierVersion: a commission's word may
// be the first that is heard of a next version.
func TestARegisterThatSkipsStepsStillReplacesTheEarlierVersion(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	a := w.registered(o)
	var next shown
	w.Expect(w.Do("POST", "/v1/tender-applications/"+a.ID+"/revision", w.head(o), nil), 201, "").Into(t, &next)
	w.sign(o, next.ID)
	w.submit(o, next.ID)
	w.gateway.answer(t, authority.Answer{Event: authority.Result, Fields: map[string]string{"outcome": "won"}})
	if old, now := w.show(o, a.ID), w.show(o, next.ID); old.State != "replaced" || now.State != "won" {
		t.Errorf("%s, %s", old.State, now.State)
	}
}

// TestWhatTheRegisterRefusesOrCannotBeGivenIsTold.
func TestWhatTheRegisterRefusesOrCannotBeGivenIsTold(t *testing.T) {
	w := one(t)
	o := w.office("Alpha")
	w.publish(w.announcement(1))
	a := w.signed(o)
	w.submit(o, a.ID)
	w.gateway.answer(t, authority.Answer{Event: authority.Delivered, Text: "Получено"})
	w.gateway.answer(t, authority.Answer{Event: authority.Refused, Faults: []authority.Fault{{Code: "42", Text: "нет\r\nобеспечения"}}})
	if got := w.show(o, a.ID); got.State != "refused" || got.Trouble != "42 нет обеспечения" || got.Events[len(got.Events)-2].Text != "Получено" {
		t.Errorf("%+v", got)
	}
	b := w.signed(o)
	w.submit(o, b.ID)
	w.gateway.dead(t)
	if got := w.show(o, b.ID); got.State != "failed" || !strings.Contains(got.Trouble, "недоступен") {
		t.Errorf("%+v", got)
	}
	w.gateway.answer(t, authority.Answer{Event: authority.Accepted, Number: "late word"})
	if got := w.show(o, b.ID); got.State != "failed" {
		t.Errorf("a dead application came to life: %+v", got)
	}
}
