package webhook_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/notice"
	"propusk/cabinet/webhook"
)

// nowhere takes back what the tests' operator allows: this very machine.
func nowhere(d *webhook.Deps) { d.Reach = nil }

// The address that a name leads to is looked at when the connection is made, so
// what it led to when it was registered means nothing (DNS rebinding).
func TestANameThatLeadsInsideIsNotAsked(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		_, port, _ := strings.Cut(strings.TrimPrefix(r.URL, "http://"), ":")
		made := h.register(o, "https://rebound.example.ru/")
		// The name is one of the machine's own now; it passed when it was registered.
		_, err := h.DB.Exec(context.Background(), `UPDATE webhooks SET url = $1 WHERE id = $2`, "http://localhost:"+port+"/", made.ID)
		h.must(err)
		h.tell(o)
		d := h.settled(o, made.ID, 1)
		if d.Log[0].Error != "address_refused" || d.Log[0].Status != 0 || len(r.requests()) != 0 {
			t.Errorf("%+v", d.Log[0])
		}
	}, nowhere)
}

func TestTheMetadataServiceIsNotAsked(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		made := h.register(o, "https://hooks.example.ru/")
		for i, address := range []string{"http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/", "http://0.0.0.0/"} {
			_, err := h.DB.Exec(context.Background(), `UPDATE webhooks SET url = $1, failures = 0 WHERE id = $2`, address, made.ID)
			h.must(err)
			h.Clock.Advance(time.Second)
			h.tell(o)
			if d := h.settled(o, made.ID, 1); d.Log[0].Error != "address_refused" {
				t.Errorf("%d %s: %+v", i, address, d.Log[0])
			}
			h.rests(made.ID)
		}
	}, nowhere)
}

func TestARedirectToTheInsideIsNotFollowed(t *testing.T) {
	each(t, func(h house) {
		inside := receive(t, nil)
		r := receive(t, http.RedirectHandler(inside.URL, http.StatusPermanentRedirect).ServeHTTP)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		if d := h.settled(o, made.ID, 1); d.Log[0].Error != "redirect_refused" || d.Log[0].Status != 308 || len(inside.requests()) != 0 {
			t.Errorf("%+v", d.Log[0])
		}
	})
}

// A port that is closed and one that speaks something else look alike in the log:
// one word, no address and no message of the network.
func TestTheLogIsNoScannerOfTheNetwork(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		r.Close()
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		reply := h.settled(o, made.ID, 1)
		if got := reply.Log[0]; got.Error != "connection_failed" || got.Answer != "" || strings.Contains(fmt.Sprint(got), "refused") {
			t.Errorf("%+v", got)
		}
	})
}

func TestASecretIsNeitherShownAgainNorLoggedNorStoredReadable(t *testing.T) {
	var log lockedWriter
	each(t, func(h house) {
		o := h.Office("Alpha")
		secret := ""
		r := receive(t, func(w http.ResponseWriter, req *http.Request) {
			fmt.Fprintf(w, `{"echo":"%s %s","password":"hunter2","access_token": "abc","snils":"112-233-445 95"} Bearer abcdefghijkl`, secret, req.Header.Get("Webhook-Signature"))
		})
		made := h.register(o, r.URL)
		secret = made.Secret
		h.tell(o)
		d := h.settled(o, made.ID, 1)
		if got := d.Log[0].RequestHeaders["webhook-signature"]; got != "v1,***" {
			t.Errorf("the log shows %q", got)
		}
		for _, leaked := range []string{secret, "hunter2", `"abc"`, "abcdefghijkl", "112-233"} {
			if strings.Contains(d.Log[0].Answer, leaked) {
				t.Errorf("the log has %q: %s", leaked, d.Log[0].Answer)
			}
		}
		raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		for _, query := range []string{
			`SELECT CAST(sealed AS TEXT) FROM webhooks`, `SELECT details FROM journal`, `SELECT body FROM webhook_deliveries`,
			`SELECT request_headers || answer FROM webhook_attempts`,
		} {
			var texts []string
			h.must(h.DB.Select(context.Background(), &texts, query))
			for _, text := range texts {
				if strings.Contains(text, secret) || strings.Contains(text, string(raw)) {
					t.Errorf("%s has the secret", query)
				}
			}
		}
		for _, path := range []string{"/v1/webhooks", "/v1/webhooks/" + made.ID} {
			if reply := h.Do("GET", path, h.admin(o), nil); strings.Contains(reply.Text, "whsec_") {
				t.Errorf("%s shows the secret", path)
			}
		}
		if strings.Contains(log.String(), "whsec_") {
			t.Error("the log of the house has the secret")
		}
	}, func(d *webhook.Deps) { d.Log = slog.New(slog.NewTextHandler(&log, nil)) })
}

// lockedWriter is a log that two engines' worlds write to.
type lockedWriter struct {
	mu sync.Mutex
	b  strings.Builder
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *lockedWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// What an event calls itself never becomes a header.
func TestAnEventsNameCannotAddAHeader(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o, func(e *notice.Event) { e.ID = "x\r\nX-Admin: yes\r\n\r\n" })
		h.settled(o, made.ID, 1)
		got := r.requests()[0]
		if got.Get("X-Admin") != "" || !strings.HasPrefix(got.Get("Webhook-Id"), "msg_") || len(got.Get("Webhook-Id")) != 36 {
			t.Errorf("%v", got.Header)
		}
	})
}

// An answer without an end takes neither memory nor time beyond its bounds.
func TestAnEndlessAnswerIsBounded(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := fmt.Fprint(w, strings.Repeat("x", 1024)); err != nil {
					return
				}
			}
		})
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		if d := h.settled(o, made.ID, 1); d.State != "delivered" || len(d.Log[0].Answer) != 4096 {
			t.Errorf("%s %d bytes", d.State, len(d.Log[0].Answer))
		}
	})
}

func TestAnAnswerThatIsNoTextIsKept(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a\x00b\xff\xfe")) })
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o)
		if d := h.settled(o, made.ID, 1); d.State != "delivered" || d.Log[0].Answer != "ab\uFFFD" {
			t.Errorf("%q", d.Log[0].Answer)
		}
	})
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	// The example of the specification (standard-webhooks, spec/standard-webhooks.md).
	header := func() http.Header {
		return http.Header{
			webhook.HeaderID: {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, webhook.HeaderTimestamp: {"1614265330"},
			webhook.HeaderSignature: {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		}
	}
	const body = `{"test": 2432232314}`
	now := time.Unix(1614265330, 0)
	if err := webhook.Verify(secret, header(), []byte(body), now); err != nil {
		t.Fatalf("the specification's own example: %v", err)
	}
	for name, tt := range map[string]struct {
		change func(http.Header)
		secret string
		body   string
		now    time.Time
		want   error
	}{
		"another body":       {nil, secret, body + " ", now, webhook.ErrSignature},
		"another id":         {func(h http.Header) { h.Set(webhook.HeaderID, "msg_x") }, secret, body, now, webhook.ErrSignature},
		"another time":       {func(h http.Header) { h.Set(webhook.HeaderTimestamp, "1614265331") }, secret, body, now, webhook.ErrSignature},
		"another secret":     {nil, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", body, now, webhook.ErrSignature},
		"no secret of ours":  {nil, "secret", body, now, webhook.ErrSecret},
		"a short secret":     {nil, "whsec_AAAA", body, now, webhook.ErrSecret},
		"no id":              {func(h http.Header) { h.Del(webhook.HeaderID) }, secret, body, now, webhook.ErrHeaders},
		"no time":            {func(h http.Header) { h.Set(webhook.HeaderTimestamp, "now") }, secret, body, now, webhook.ErrHeaders},
		"too old":            {nil, secret, body, now.Add(5*time.Minute + time.Second), webhook.ErrTimestamp},
		"from the future":    {nil, secret, body, now.Add(-5*time.Minute - time.Second), webhook.ErrTimestamp},
		"no signature":       {func(h http.Header) { h.Del(webhook.HeaderSignature) }, secret, body, now, webhook.ErrSignature},
		"of another version": {func(h http.Header) { h.Set(webhook.HeaderSignature, "v2"+h.Get(webhook.HeaderSignature)[2:]) }, secret, body, now, webhook.ErrSignature},
		"cut off":            {func(h http.Header) { h.Set(webhook.HeaderSignature, "v1,g0hM9SsE") }, secret, body, now, webhook.ErrSignature},
		"one of several":     {func(h http.Header) { h.Set(webhook.HeaderSignature, "v1,AAAA v1a,x "+h.Get(webhook.HeaderSignature)) }, secret, body, now, nil},
	} {
		h := header()
		if tt.change != nil {
			tt.change(h)
		}
		if err := webhook.Verify(tt.secret, h, []byte(tt.body), tt.now); err != tt.want {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// Whatever arrives at a receiver, Verify neither fails otherwise nor accepts what
// was not signed.
func FuzzVerify(f *testing.F) {
	f.Add("msg_1", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", []byte(`{}`))
	f.Add("", "-1", "v1, v1,, ,", []byte(nil))
	f.Add("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", []byte(`{"test": 2432232314}`))
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		header := http.Header{webhook.HeaderID: {id}, webhook.HeaderTimestamp: {timestamp}, webhook.HeaderSignature: {signature}}
		err := webhook.Verify("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", header, body, time.Unix(1614265330, 0))
		if err == nil && (id != "msg_p5jXN8AQM9LWM0D4loKWxJek" || string(body) != `{"test": 2432232314}`) {
			t.Errorf("accepted: %q %q %q %q", id, timestamp, signature, body)
		}
	})
}
