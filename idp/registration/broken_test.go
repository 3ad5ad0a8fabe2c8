package registration

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
	a := w.somebody()
	v, ready := w.begun(a), w.proved(w.somebody())
	code := w.code(a.Email)
	w.db.Close()
	for _, route := range w.Routes() {
		if route.Path == "/registration/terms" || route.Path == "/registration/consent" {
			continue
		}
		got := v.Get(route.Path)
		if route.Method == http.MethodPost {
			got = v.Post(route.Path, fields(a, "email_code", code, "sms_code", code, "channel", "sms", "password", password, "password_again", password)...)
		}
		if got.Status != http.StatusInternalServerError || strings.Contains(got.Body, "sql") || strings.Contains(got.Body, "database") {
			t.Errorf("%s %s: %d %s", route.Method, route.Path, got.Status, got.Text())
		}
	}
	if got := finish(ready); got.Status != http.StatusInternalServerError {
		t.Errorf("the last step: %d", got.Status)
	}
	if err := w.send(w.ctx, jobs.Job{Payload: []byte(`{"id":"` + storage.NewID() + `"}`)}); err == nil {
		t.Error("the job is done without a database")
	}
	if err := w.send(w.ctx, jobs.Job{Payload: []byte(`no JSON`)}); !jobs.IsPermanent(err) {
		t.Errorf("a job that cannot be read: %v", err)
	}
	if err := w.Sweep(w.ctx); err == nil {
		t.Error("the sweep is done without a database")
	}
}
