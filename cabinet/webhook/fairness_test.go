package webhook_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"propusk/cabinet/webhook"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// slowly is a receiver that answers nobody before it is let go.
func slowly(t *testing.T) (r *receiver, letGo func()) {
	t.Helper()
	release := make(chan struct{})
	r = receive(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	return r, func() { close(release) }
}

// An organisation with many slow addresses has a few places of a node, and no more.
func TestOneOrganisationsSlowAddressesLeaveRoomForTheOthers(t *testing.T) {
	t.Parallel()
	h := open(t, storagetest.SQLite(t), func(d *webhook.Deps) { d.Timeout = time.Minute })
	slow, letGo := slowly(t)
	defer letGo()
	quick := receive(t, nil)
	a, b := h.Office("Alpha"), h.Office("Beta")
	for range 6 {
		h.register(a, slow.URL)
	}
	other := h.register(b, quick.URL)
	h.tell(a)
	h.until("the slow ones are being asked", func() bool { return len(slow.requests()) >= webhook.Share })
	h.tell(b)
	h.settled(b, other.ID, 1)
	if n := len(slow.requests()); n != webhook.Share {
		t.Errorf("%d slow addresses of one organisation are asked at a time", n)
	}
}

// A leaked secret signs nothing more, however long the queue that is being sent.
func TestASecretRotatedInTheMiddleOfAQueueSignsTheRestOfIt(t *testing.T) {
	t.Parallel()
	h := open(t, storagetest.SQLite(t), func(d *webhook.Deps) { d.Timeout = time.Minute })
	slow, letGo := slowly(t)
	o := h.Office("Alpha")
	made := h.register(o, slow.URL)
	const messages = 12
	for range messages {
		h.tell(o)
	}
	h.until("the first are being sent", func() bool { return len(slow.requests()) > 0 })
	var next struct{ Secret string }
	h.Expect(h.Do("POST", "/v1/webhooks/"+made.ID+"/secret", h.admin(o), `{"leaked":true}`), 201, "").Into(t, &next)
	begun := len(slow.requests())
	letGo()
	h.until("all have arrived", func() bool { return len(h.deliveries(o, made.ID, "?state=delivered")) == messages })
	all := slow.requests()
	if len(all) != messages {
		t.Errorf("%d requests for %d messages", len(all), messages)
	}
	signed := 0
	for _, r := range all {
		if webhook.Verify(next.Secret, r.Header, []byte(r.body), h.Clock.Now()) == nil {
			signed++
		}
	}
	if signed == 0 || signed < messages-max(begun, 4) {
		t.Errorf("%d of %d are signed by the new secret", signed, messages)
	}
}

// What keeps us from working for a webhook leaves it free: it is taken as soon as it
// has something new.
func TestALeaseIsGivenBackWhenTheWorkFails(t *testing.T) {
	t.Parallel()
	db := storagetest.SQLite(t)
	h := open(t, db)
	r := receive(t, nil)
	o := h.Office("Alpha")
	made := h.register(o, r.URL)
	ctx := context.Background()
	var sealed []byte
	h.must(db.Get(ctx, &sealed, `SELECT sealed FROM webhooks WHERE id = $1`, made.ID))
	exec := func(query string, args ...any) {
		t.Helper()
		_, err := db.Exec(ctx, query, args...)
		h.must(err)
	}
	exec(`UPDATE webhooks SET sealed = $1 WHERE id = $2`, []byte("unreadable"), made.ID)
	h.tell(o)
	h.until("it was tried in vain and let go", func() bool {
		var row struct {
			Lease string       `db:"lease"`
			DueAt storage.Time `db:"due_at"`
		}
		h.must(db.Get(ctx, &row, `SELECT lease, due_at FROM webhooks WHERE id = $1`, made.ID))
		return row.Lease == "" && row.DueAt > storage.Of(h.Clock.Now())
	})
	exec(`UPDATE webhooks SET sealed = $1 WHERE id = $2`, sealed, made.ID)
	h.tell(o)
	h.until("both have arrived", func() bool { return len(h.deliveries(o, made.ID, "?state=delivered")) == 2 })
}
