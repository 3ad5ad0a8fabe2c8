package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/notice"
	"propusk/cabinet/webhook"
	"propusk/idp/directory"
)

func TestASignedDeliveryArrivesAndIsLogged(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "принято") })
		o := h.Office("Alpha")
		made := h.register(o, r.URL+"/in", "filing.accepted")
		if !strings.HasPrefix(made.Secret, "whsec_") || made.State != "active" || made.Connected {
			t.Fatalf("%+v", made)
		}
		e := h.tell(o)
		h.tell(o, func(e *notice.Event) { e.Type = "filing.delivered" }) // not chosen
		d := h.settled(o, made.ID, 1)
		got := r.requests()
		if len(got) != 1 || got[0].path != "/in" {
			t.Fatalf("%+v", got)
		}
		if err := webhook.Verify(made.Secret, got[0].Header, []byte(got[0].body), h.Clock.Now()); err != nil {
			t.Error(err)
		}
		var body struct {
			ID, Type, Path string
			OrganizationID string `json:"organization_id"`
			Data           map[string]string
		}
		h.must(json.Unmarshal([]byte(got[0].body), &body))
		if body.ID != got[0].Get("Webhook-Id") || body.ID != d.MessageID || body.Type != "filing.accepted" || body.Path != e.Path ||
			body.OrganizationID != o.ID || body.Data["tag"] != "Alpha" {
			t.Errorf("%+v", body)
		}
		if d.State != "delivered" || d.NextAt != nil || len(d.Log) != 1 || d.Log[0].Status != 200 || d.Log[0].Answer != "принято" ||
			d.Log[0].RequestHeaders["content-type"] != "application/json" || string(d.Body) == "" {
			t.Errorf("%+v", d)
		}
		if now := h.read(o, made.ID); !now.Connected || now.Secret != "" {
			t.Errorf("%+v", now)
		}
		if len(h.deliveries(o, made.ID, "")) != 1 || len(h.deliveries(o, made.ID, "?state=failed")) != 0 || len(h.deliveries(o, made.ID, "?type=filing.accepted")) != 1 {
			t.Error("the list is not filtered")
		}
	})
}

func TestAFailedDeliveryIsTriedAgainForThreeDaysThenTheWebhookIsDisabledAndPeopleTold(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, status(500))
		o := h.Office("Alpha", directory.Controller, directory.Accountant)
		made := h.register(o, r.URL)
		h.tell(o)
		began, attempts := h.Clock.Now(), 0
		for h.read(o, made.ID).State == "active" {
			attempts++
			d := h.settled(o, made.ID, attempts)
			if d.Log[0].Status != 500 || d.Log[0].Error != "status" {
				t.Fatalf("%+v", d.Log[0])
			}
			if d.State == "waiting" {
				h.rests(made.ID)
				h.Clock.Advance(d.NextAt.Sub(h.Clock.Now()))
			}
			if attempts > 30 {
				t.Fatal("it is never disabled")
			}
		}
		took := h.Clock.Now().Sub(began)
		if took < 60*time.Hour || took > 72*time.Hour || attempts < 12 {
			t.Errorf("disabled after %v and %d attempts", took, attempts)
		}
		if now := h.read(o, made.ID); now.State != "disabled" || now.Reason != "status" || len(h.deliveries(o, made.ID, "?state=failed")) != 1 {
			t.Errorf("%+v", now)
		}
		h.Work()
		for role, want := range map[directory.Role]bool{directory.Administrator: true, directory.Controller: true, directory.Accountant: false} {
			told := false
			for _, m := range h.Sent(o.Members[role].Person.Email) {
				told = told || m.Subject == "Вебхук отключён"
			}
			if told != want {
				t.Errorf("%s: told = %t", role, told)
			}
		}
		// Events pass it by, and it can be switched on and replayed.
		h.tell(o)
		path := "/v1/webhooks/" + made.ID
		if len(h.deliveries(o, made.ID, "")) != 1 {
			t.Error("an event was kept for a disabled webhook")
		}
		replay := map[string]any{"from": began.Add(-time.Hour).Format(time.RFC3339), "state": "failed"}
		h.Expect(h.Do("POST", path+"/replay", h.admin(o), replay), 409, "webhook_inactive")
		h.Expect(h.Do("POST", path+"/test", h.admin(o), nil), 409, "webhook_inactive")
		r.set(nil)
		h.Expect(h.Do("PATCH", path, h.admin(o), map[string]string{"state": "active"}), 200, "")
		h.Expect(h.Do("POST", path+"/replay", h.admin(o), replay), 202, "")
		h.settled(o, made.ID, attempts+1)
		if now := h.read(o, made.ID); !now.Connected || now.Reason != "" {
			t.Errorf("%+v", now)
		}
	})
}

func TestGoneEndsAWebhookAtOnce(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, status(410))
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		h.until("it is disabled", func() bool { return h.read(o, made.ID).State == "disabled" })
		if now := h.read(o, made.ID); now.Reason != "gone" || len(r.requests()) != 1 {
			t.Errorf("%+v", now)
		}
	})
}

// One that never answers holds up neither others nor the jobs of the house.
func TestASlowWebhookDelaysNobodyElse(t *testing.T) {
	each(t, func(h house) {
		release := make(chan struct{})
		slow := receive(t, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		})
		defer close(release)
		quick := receive(t, nil)
		a, b := h.Office("Alpha"), h.Office("Beta")
		held := h.register(a, slow.URL)
		other := h.register(b, quick.URL)
		for range 20 {
			h.tell(a)
		}
		h.until("the slow one is being asked", func() bool { return len(slow.requests()) > 0 })
		h.tell(b)
		h.settled(b, other.ID, 1)
		if d := h.deliveries(a, held.ID, "?state=waiting"); len(d) != 20 || d[0].Attempts != 0 {
			t.Errorf("the slow one was not being asked meanwhile: %d wait", len(d))
		}
		if n := len(slow.requests()); n > 4 {
			t.Errorf("%d requests at a time to one address", n)
		}
	}, func(d *webhook.Deps) { d.Timeout = time.Minute })
}

// After a failure one message at a time is tried, and only after a rest.
func TestAFailingWebhookIsGivenRest(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, status(503))
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		for range 3 {
			h.tell(o)
		}
		h.until("it was tried", func() bool { return len(r.requests()) >= 1 })
		h.rests(made.ID)
		before := len(r.requests())
		h.tell(o)
		time.Sleep(100 * time.Millisecond) // several looks of the dispatcher
		if now := len(r.requests()); now != before || before > 4 {
			t.Errorf("%d requests, then %d during its rest", before, now)
		}
		h.Clock.Advance(time.Minute)
		r.set(nil)
		h.until("all arrived", func() bool { return len(h.deliveries(o, made.ID, "?state=delivered")) == 4 })
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(429)
		})
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		d := h.settled(o, made.ID, 1)
		if wait := d.NextAt.Sub(h.Clock.Now()); wait != 10*time.Minute {
			t.Errorf("the next attempt is in %v", wait)
		}
	})
}

func TestTheSecretIsRotatedWithoutLosingADelivery(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		path := "/v1/webhooks/" + made.ID + "/secret"
		rotate := func(body string) (secret string) {
			t.Helper()
			var made struct{ Secret string }
			h.Expect(h.Do("POST", path, h.admin(o), body), 201, "").Into(t, &made)
			return made.Secret
		}
		verified := func(secret string) bool {
			t.Helper()
			got := r.requests()
			last := got[len(got)-1]
			return webhook.Verify(secret, last.Header, []byte(last.body), h.Clock.Now()) == nil
		}
		second := rotate(`{}`)
		h.tell(o)
		h.settled(o, made.ID, 1)
		if !verified(made.Secret) || !verified(second) || second == made.Secret {
			t.Error("both secrets are live for a day")
		}
		third := rotate(`{}`)
		h.Clock.Advance(time.Second)
		h.tell(o)
		h.settled(o, made.ID, 1)
		if verified(made.Secret) || !verified(second) || !verified(third) {
			t.Error("two secrets at most are live")
		}
		h.Clock.Advance(24 * time.Hour)
		h.tell(o)
		h.settled(o, made.ID, 1)
		if verified(second) || !verified(third) {
			t.Error("the one before ends after a day")
		}
		fourth := rotate(`{"leaked":true}`)
		h.Clock.Advance(time.Second)
		h.tell(o)
		h.settled(o, made.ID, 1)
		if verified(third) || !verified(fourth) {
			t.Error("a leaked one ends at once")
		}
	})
}

func TestAReplayIsRecognisedByTheMessagesID(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		d := h.settled(o, made.ID, 1)
		h.Clock.Advance(10 * time.Minute)
		path := "/v1/webhooks/" + made.ID + "/deliveries/" + d.ID
		token := h.admin(o)
		h.Expect(h.Do("POST", path+"/replay", token, nil), 202, "")
		h.settled(o, made.ID, 2)
		got := r.requests()
		if len(got) != 2 || got[0].Get("Webhook-Id") != got[1].Get("Webhook-Id") || got[0].body != got[1].body {
			t.Fatalf("%+v", got)
		}
		if got[0].Get("Webhook-Timestamp") == got[1].Get("Webhook-Timestamp") {
			t.Error("the replay has the old timestamp")
		}
		// Somebody else's replay of what he has recorded is refused by its age.
		if err := webhook.Verify(made.Secret, got[0].Header, []byte(got[0].body), h.Clock.Now()); err != webhook.ErrTimestamp {
			t.Error(err)
		}
		r.set(status(500))
		h.Expect(h.Do("POST", path+"/replay", token, nil), 202, "")
		h.settled(o, made.ID, 3)
		h.Expect(h.Do("POST", path+"/replay", token, nil), 409, "delivery_waiting")
	})
}

func TestASpanIsReplayed(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		began := h.Clock.Now()
		for range 3 {
			h.tell(o)
			h.settled(o, made.ID, 1)
			h.Clock.Advance(time.Minute)
		}
		path, token := "/v1/webhooks/"+made.ID+"/replay", h.admin(o)
		var answer struct {
			Replayed int
			More     bool
		}
		body := map[string]any{"from": began.Add(30 * time.Second).Format(time.RFC3339Nano), "to": began.Add(90 * time.Second).Format(time.RFC3339Nano)}
		h.Expect(h.Do("POST", path, token, body), 202, "").Into(t, &answer)
		if answer.Replayed != 1 || answer.More {
			t.Errorf("%+v", answer)
		}
		h.until("it came again", func() bool { return len(r.requests()) == 4 })
		if got := r.requests(); got[3].Get("Webhook-Id") != got[1].Get("Webhook-Id") {
			t.Error("another message was replayed")
		}
		body["type"] = "filing.refused"
		h.Expect(h.Do("POST", path, token, body), 202, "").Into(t, &answer)
		if answer.Replayed != 0 {
			t.Errorf("%+v", answer)
		}
		for _, wrong := range []map[string]any{{}, {"from": began, "to": began}, {"from": began, "state": "waiting"}, {"from": "yesterday"}} {
			h.Expect(h.Do("POST", path, token, wrong), 422, "validation_failed")
		}
	})
}

func TestAPausedWebhookGetsItsMessagesLater(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		path := "/v1/webhooks/" + made.ID
		h.Expect(h.Do("PATCH", path, h.admin(o), map[string]string{"state": "paused"}), 200, "")
		h.tell(o)
		time.Sleep(30 * time.Millisecond)
		if len(r.requests()) != 0 || len(h.deliveries(o, made.ID, "?state=waiting")) != 1 {
			t.Fatal("it is not paused")
		}
		h.Expect(h.Do("PATCH", path, h.admin(o), map[string]string{"state": "active"}), 200, "")
		h.settled(o, made.ID, 1)
	})
}

func TestATestDeliverySaysWhetherTheAddressAnswers(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL, "filing.accepted")
		reply := h.Expect(h.Do("POST", "/v1/webhooks/"+made.ID+"/test", h.admin(o), nil), 202, "")
		d := h.settled(o, made.ID, 1)
		if d.Type != "webhook.test" || d.State != "delivered" || !h.read(o, made.ID).Connected ||
			reply.Header.Get("Location") != "/v1/webhooks/"+made.ID+"/deliveries/"+d.ID {
			t.Errorf("%+v %v", d, reply.Header)
		}
		if got := r.requests(); len(got) != 1 || !strings.Contains(got[0].body, `"data":{"message":"ok"}`) {
			t.Errorf("%+v", got)
		}
	})
}

func TestTheJournalOfTheExchangeIsExported(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		h.settled(o, made.ID, 1)
		r.set(status(500))
		h.Clock.Advance(time.Second)
		h.tell(o)
		h.settled(o, made.ID, 1)
		path := "/v1/webhooks/" + made.ID + "/exchange"
		var file struct {
			Records    int
			Deliveries []struct {
				State, Error, Type string
				Attempts           int
			}
		}
		reply := h.Expect(h.Do("GET", path, h.admin(o), nil), 200, "")
		if reply.Into(t, &file); file.Records != 2 || file.Deliveries[0].State != "delivered" || file.Deliveries[1].Error != "status" {
			t.Errorf("%s", reply.Text)
		}
		if got := reply.Header.Get("Content-Disposition"); got != "attachment; filename=exchange.json" {
			t.Error(got)
		}
		reply = h.Expect(h.Do("GET", path+"?format=xml", h.admin(o), nil), 200, "")
		if !strings.Contains(reply.Text, "<error>status</error>") || !strings.HasPrefix(reply.Text, "<?xml") || !strings.Contains(reply.Text, `records="2"`) {
			t.Error(reply.Text)
		}
		h.Expect(h.Do("GET", path+"?format=csv", h.admin(o), nil), 400, "parameter_invalid")
	})
}

func TestWhatIsOldIsDeleted(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		h.settled(o, made.ID, 1)
		h.Clock.Advance(29 * 24 * time.Hour)
		h.must(h.hooks.Purge(context.Background()))
		if len(h.deliveries(o, made.ID, "")) != 1 {
			t.Error("it is kept for thirty days")
		}
		h.Clock.Advance(48 * time.Hour)
		h.must(h.hooks.Purge(context.Background()))
		var left int
		h.must(h.DB.Get(context.Background(), &left, `SELECT COUNT(*) FROM webhook_attempts`))
		if len(h.deliveries(o, made.ID, "")) != 0 || left != 0 {
			t.Error("and then goes, with its log")
		}
	})
}
