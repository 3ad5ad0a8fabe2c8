package recovery

import (
	"net/http"
	"strings"
	"testing"

	"propusk/storage"
	"propusk/storage/jobs"
)

// TestABrokenDatabaseIsOurFault and tells nothing of itself, whatever page is
// asked for; the jobs come back later.
func TestABrokenDatabaseIsOurFault(t *testing.T) {
	t.Parallel()
	w := small(t, func(d *Deps) { d.Log = nil })
	p := w.person(asIs)
	v := w.proved(p)
	v.Cookies[cookieLink], v.Cookies[cookieCancel] = v.Cookies[cookieHolder], v.Cookies[cookieHolder]
	w.db.Close()
	for _, route := range w.Routes() {
		still := strings.Contains(route.Path, ":token") || route.Path == "/recovery/sent" ||
			route.Method == http.MethodGet && (route.Path == "/recovery" || route.Path == "/recovery/pin")
		if still {
			continue // they ask the database nothing
		}
		got := v.Get(route.Path)
		if route.Method == http.MethodPost {
			got = v.Post(route.Path, "contact", p.Phone, "inn", orgINN, "code", "123456", "kind", "sms", "channel", "sms",
				"password", newPassword, "password_again", newPassword, "pin", "5829", "pin_again", "5829")
		}
		if got.Status != http.StatusInternalServerError || strings.Contains(got.Body, "sql") || strings.Contains(got.Body, "database") {
			t.Errorf("%s %s: %d %s", route.Method, route.Path, got.Status, got.Text())
		}
	}
	if err := w.send(w.ctx, jobs.Job{Payload: []byte(`{"id":"` + storage.NewID() + `"}`)}); err == nil {
		t.Error("the job is done without a database")
	}
	if err := w.send(w.ctx, jobs.Job{Payload: []byte(`no JSON`)}); !jobs.IsPermanent(err) {
		t.Errorf("a job that cannot be read: %v", err)
	}
	if err := w.Wake(w.ctx); err == nil {
		t.Error("waiting recoveries were looked through without a database")
	}
}

// TestTheBudgetClosesEveryStep, not the first page alone.
func TestTheBudgetClosesEveryStep(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	v := w.proved(p)
	late := w.opened(w.person(asIs))
	for range 30 {
		w.must(w.asks.Fail(w.ctx, "192.0.2.1"))
	}
	v.Post("/recovery", "contact", p.Email).Is(t, http.StatusTooManyRequests, "")
	v.Post("/recovery/pin", "contact", p.Phone, "inn", orgINN).Is(t, http.StatusTooManyRequests, "")
	v.Post("/recovery/code", "code", "123456").Is(t, http.StatusTooManyRequests, "")
	v.Post("/recovery/open").Is(t, http.StatusTooManyRequests, "")
	late.Post("/recovery/second", "kind", "sms", "code", "123456").Is(t, http.StatusTooManyRequests, "")
}

// TestFieldsAreTakenOnceAndBounded: what no form of ours sends is refused.
func TestFieldsAreTakenOnceAndBounded(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	v, long := w.proved(w.person(asIs)), strings.Repeat("1", 600)
	for path, field := range map[string]string{
		"/recovery": "contact", "/recovery/pin": "inn", "/recovery/password": "password_again",
	} {
		v.Post(path, field, long).Is(t, http.StatusBadRequest, "")
	}
	second := w.opened(w.person(asIs))
	for _, field := range []string{"kind", "code"} {
		second.Post("/recovery/second", "kind", "sms", field, long).Is(t, http.StatusBadRequest, "")
	}
	second.Post("/recovery/second/send", "channel", long).Is(t, http.StatusBadRequest, "")
	phone := w.visitor()
	phone.Post("/recovery", "contact", "+79990000000")
	phone.Post("/recovery/code", "code", long).Is(t, http.StatusBadRequest, "")
}
