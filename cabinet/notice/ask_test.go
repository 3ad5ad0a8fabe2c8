package notice_test

import (
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

func TestWhoLacksARightAsksThoseWhoCanGiveIt(t *testing.T) {
	t.Parallel()
	w := open(t, storagetest.SQLite(t))
	office := w.Office("ask", directory.Head, directory.Observer)
	stranger := w.Office("other", directory.Observer)
	observer := w.Token(office, directory.Observer)

	var grantors struct {
		Colleagues []struct {
			Name string `json:"name"`
			Role string `json:"role"`
		} `json:"colleagues"`
	}
	w.Expect(w.Do("GET", "/v1/organization/grantors?permission=filings:sign", observer, nil), 200, "").Into(t, &grantors)
	if len(grantors.Colleagues) != 2 || grantors.Colleagues[0].Role != "administrator" || grantors.Colleagues[1].Role != "head" {
		t.Fatalf("grantors %+v", grantors)
	}
	w.Expect(w.Do("GET", "/v1/organization/grantors?permission=everything", observer, nil), 400, "")
	w.Expect(w.Do("GET", "/v1/organization/grantors", observer, nil), 400, "")

	for range 2 { // the second of a day tells nobody again
		w.Expect(w.Do("POST", "/v1/organization/access-requests", observer, `{"permission":"filings:sign"}`), 202, "")
	}
	for role, want := range map[directory.Role]int{directory.Administrator: 1, directory.Head: 1, directory.Observer: 0} {
		var list struct {
			Notices []struct {
				Subject string `json:"subject"`
				Path    string `json:"path"`
			} `json:"notices"`
		}
		w.Work()
		w.Expect(w.Do("GET", "/v1/notices?category=member", w.Token(office, role), nil), 200, "").Into(t, &list)
		if len(list.Notices) != want {
			t.Errorf("%s has %d notices, want %d", role, len(list.Notices), want)
		}
		if want == 1 && list.Notices[0].Path != "/cabinet/members/"+office.Members[directory.Observer].Member.ID {
			t.Errorf("the notice leads to %q", list.Notices[0].Path)
		}
	}
	w.Expect(w.Do("POST", "/v1/organization/access-requests", w.Token(office, directory.Head), `{"permission":"filings:sign"}`), 409, "permission_held")
	w.Expect(w.Do("POST", "/v1/organization/access-requests", observer, `{"permission":"everything"}`), 422, "validation_failed")
	w.Expect(w.Do("POST", "/v1/organization/access-requests", w.Service(office, directory.FilingsRead, directory.OrganizationRead), `{"permission":"filings:sign"}`), 403, "person_required")
	var others struct{ Notices []struct{} }
	w.Expect(w.Do("GET", "/v1/notices", w.Token(stranger, directory.Administrator), nil), 200, "").Into(t, &others)
	if len(others.Notices) != 0 {
		t.Error("another organisation is told")
	}
}

// Each right once a day, and no more than a few rights.
func TestAsksForRightsAreBoundedADay(t *testing.T) {
	t.Parallel()
	w := open(t, storagetest.SQLite(t))
	office := w.Office("ask", directory.Observer)
	observer := w.Token(office, directory.Observer)
	asked := 0
	var last string
	for _, p := range directory.Permissions() {
		if office.Members[directory.Observer].Can(p) {
			continue
		}
		reply := w.Do("POST", "/v1/organization/access-requests", observer, map[string]any{"permission": p})
		if reply.StatusCode == 202 {
			asked++
			last = string(p)
			continue
		}
		w.Expect(reply, 429, "access_asks_many")
	}
	if asked != 10 {
		t.Errorf("%d rights were asked for in a day", asked)
	}
	w.Expect(w.Do("POST", "/v1/organization/access-requests", observer, map[string]any{"permission": last}), 202, "")
	entries, err := w.Journal.List(t.Context(), journal.Filter{Organisation: office.ID, Action: "member.access_asked", Limit: 100})
	if err != nil || len(entries) != 10 {
		t.Errorf("%d entries in the journal: %v", len(entries), err)
	}
	w.Clock.Advance(25 * time.Hour)
	w.Expect(w.Do("POST", "/v1/organization/access-requests", w.Token(office, directory.Observer), map[string]any{"permission": last}), 202, "")
}
