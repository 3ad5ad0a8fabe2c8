package cabinet_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// thing is a room with one act that leaves a trace in the journal.
type thing struct {
	base   cabinettest.Base
	done   atomic.Int64
	before func()                    // the change
	after  func(ctx context.Context) // the change, before the answer
}

func (r *thing) room() api.Room {
	return api.Room{
		Name: "thing",
		Routes: []api.Route{{
			Method: "POST", Path: "/v1/things", Access: api.OrganisationToken, Scope: "organization:write",
			Permission: directory.OrganizationWrite, Idempotent: true, Handle: r.make,
		}},
		Document: []byte(`{"paths":{"/v1/things":{"post":{"operationId":"makeThing","summary":"Make","requestBody":{"content":{"application/json":
			{"schema":{"type":"object","properties":{"name":{"type":"string"}}}}}},"responses":{"201":{"description":"Made.","content":
			{"application/json":{"schema":{"type":"object","properties":{"id":{"type":"string"}}}}}}}}}}}`),
	}
}

func (r *thing) make(c api.Call) error {
	var body struct {
		Name string `json:"name"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if r.before != nil {
		r.before()
	}
	id := storage.NewID()
	err := r.base.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if body.Name == "refused" {
			return api.Refuse("act_forbidden")
		}
		return r.base.Journal.Append(ctx, journal.Entry{Organisation: c.Organisation(), Action: "thing.made", Object: id, Outcome: "success"})
	})
	if err != nil {
		return err
	}
	r.done.Add(1)
	if r.after != nil {
		r.after(c.Ctx())
	}
	if body.Name == "breaks" {
		return errors.New("broken after the change")
	}
	return api.Created(c, "/v1/things/"+id, `"1"`, map[string]string{"id": id})
}

func newThing(t *testing.T, db *storage.DB) (*cabinettest.World, *thing) {
	r := &thing{}
	w := cabinettest.New(t, db, func(b cabinettest.Base) []api.Room { r.base = b; return []api.Room{r.room()} })
	return w, r
}

func TestARepeatWithTheKeyIsAnsweredAndNotCarriedOut(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w, r := newThing(t, db)
		a := w.Office("Alpha")
		token := w.Token(a, directory.Administrator)
		post := func(token, key, body string) cabinettest.Reply {
			return w.Do("POST", "/v1/things", token, body, "Idempotency-Key", key)
		}
		first := w.Expect(post(token, "k-1", `{"name":"x"}`), http.StatusCreated, "")
		again := w.Expect(post(token, "k-1", `{"name":"x"}`), http.StatusCreated, "")
		if again.Text != first.Text || again.Header.Get("Location") != first.Header.Get("Location") || again.Header.Get("ETag") != `"1"` ||
			again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Idempotent-Replayed") != "" || r.done.Load() != 1 {
			t.Errorf("first %s, again %s, done %d times", first.Text, again.Text, r.done.Load())
		}
		w.Expect(post(token, "k-1", `{"name":"y"}`), http.StatusUnprocessableEntity, "idempotency_key_reused")
		w.Expect(post(token, strings.Repeat("k", 256), `{"name":"x"}`), http.StatusBadRequest, "idempotency_key_invalid")
		w.Expect(post(token, "k-2", `{"name":"x"}`), http.StatusCreated, "")
		w.Expect(w.Do("POST", "/v1/things", token, `{"name":"x"}`), http.StatusCreated, "")
		// The key is the asker's own: another organisation's request under it is its own.
		b := w.Office("Beta")
		other := w.Expect(post(w.Token(b, directory.Administrator), "k-1", `{"name":"x"}`), http.StatusCreated, "")
		if other.Text == first.Text || r.done.Load() != 4 {
			t.Errorf("another organisation got %s, done %d times", other.Text, r.done.Load())
		}
		w.Clock.Advance(73 * time.Hour)
		cabinettest.Must(t, w.Server.Sweep(context.Background()))
		w.Expect(post(w.Token(a, directory.Administrator), "k-1", `{"name":"y"}`), http.StatusCreated, "")
	})
}

// What was answered is not answered again to who may do less than he could then.
func TestARepeatIsNotAnsweredToWhoseRightsHaveNarrowed(t *testing.T) {
	t.Parallel()
	w, r := newThing(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	admin := a.Members[directory.Administrator]
	all := admin.Permissions()
	post := func(changes map[string]any) cabinettest.Reply {
		token := cabinettest.Sign(t, cabinettest.But(w.Claims(a, admin), changes))
		return w.Do("POST", "/v1/things", token, `{"name":"x"}`, "Idempotency-Key", "k")
	}
	w.Expect(post(nil), http.StatusCreated, "")
	less := []directory.Permission{directory.OrganizationRead, directory.OrganizationWrite}
	detail := []any{map[string]any{"type": "urn:propusk:filing", "actions": []string{"read"}}}
	for name, changes := range map[string]map[string]any{
		"fewer permissions": {"permissions": less},
		"fewer scopes":      {"scope": "openid organization organization:write"},
		"limits":            {"authorization_details": detail},
		"a power":           {"roles": []string{}, "permissions": all, "poa": map[string]any{"id": "0190a5b2-cc30-7d22-8e00-3b4c5d6e7f80", "number": "1", "until": w.Clock.Now().Add(time.Hour).Unix()}},
	} {
		if got := post(changes); got.StatusCode != http.StatusForbidden || got.Problem(t).Code != "idempotency_rights_narrowed" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.Text)
		}
	}
	if again := post(nil); again.StatusCode != http.StatusCreated || again.Header.Get("Idempotent-Replayed") != "true" || r.done.Load() != 1 {
		t.Errorf("with the rights of before: %d, done %d times", again.StatusCode, r.done.Load())
	}
}

func TestWhatChangedNothingCanBeSentAgainUnderTheKey(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w, r := newThing(t, db)
		a := w.Office("Alpha")
		token := w.Token(a, directory.Administrator)
		w.Expect(w.Do("POST", "/v1/things", token, `{"name":"refused"}`, "Idempotency-Key", "k"), http.StatusForbidden, "act_forbidden")
		w.Expect(w.Do("POST", "/v1/things", token, `{"nam":"x"}`, "Idempotency-Key", "k"), http.StatusUnprocessableEntity, "validation_failed")
		w.Expect(w.Do("POST", "/v1/things", token, `{"name":"x"}`, "Idempotency-Key", "k"), http.StatusCreated, "")
		if r.done.Load() != 1 {
			t.Errorf("done %d times", r.done.Load())
		}
	})
}

func TestOfFortyEqualRequestsAtATimeOneIsCarriedOut(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w, r := newThing(t, db)
		token := w.Token(w.Office("Alpha"), directory.Administrator)
		var group sync.WaitGroup
		answers := make([]cabinettest.Reply, 40)
		for i := range answers {
			group.Go(func() {
				answers[i] = w.Do("POST", "/v1/things", token, `{"name":"x"}`, "Idempotency-Key", "k")
			})
		}
		group.Wait()
		for _, answer := range answers {
			if answer.StatusCode != http.StatusCreated || answer.Text != answers[0].Text {
				t.Errorf("%d %s", answer.StatusCode, answer.Text)
			}
		}
		if r.done.Load() != 1 {
			t.Errorf("done %d times", r.done.Load())
		}
	})
}

// TestARequestThatBrokeOffAfterItsChangeIsNotCarriedOutAgain: its outcome is said to be
// unknown, and the fault is not all that anybody hears of it for three days.
func TestARequestThatBrokeOffAfterItsChangeIsNotCarriedOutAgain(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w, r := newThing(t, db)
		token := w.Token(w.Office("Alpha"), directory.Administrator)
		w.Expect(w.Do("POST", "/v1/things", token, `{"name":"breaks"}`, "Idempotency-Key", "k"), http.StatusInternalServerError, "internal")
		w.Expect(w.Do("POST", "/v1/things", token, `{"name":"breaks"}`, "Idempotency-Key", "k"), http.StatusConflict, "idempotency_outcome_unknown")
		if r.done.Load() != 1 {
			t.Errorf("done %d times", r.done.Load())
		}
		r.after = func(context.Context) { panic(http.ErrAbortHandler) } // as a process that ends here
		func() {
			defer func() { _ = recover() }()
			w.Do("POST", "/v1/things", token, `{"name":"x"}`, "Idempotency-Key", "k-2")
		}()
		r.after = nil
		w.Expect(w.Do("POST", "/v1/things", token, `{"name":"x"}`, "Idempotency-Key", "k-2"), http.StatusConflict, "idempotency_outcome_unknown")
		if r.done.Load() != 2 {
			t.Errorf("done %d times", r.done.Load())
		}
	})
}

func TestARoomIsDescribedByItsRoutes(t *testing.T) {
	t.Parallel()
	w, _ := newThing(t, storagetest.SQLite(t))
	text := w.Do("GET", "/v1/openapi.json", "", nil).Text
	for _, part := range []string{
		`"x-permission":"organization:write"`, `"#/components/parameters/Idempotency-Key"`, `"security":[{"oauth2":["organization:write"]}]`,
	} {
		i := strings.Index(text, `"/v1/things"`)
		if i < 0 || !strings.Contains(text[i:min(len(text), i+3000)], part) {
			t.Errorf("%s is not said of the route", part)
		}
	}
}
