package cabinet

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

func TestMembersAreListedPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha", directory.Roles()...)
	token := w.token(a, a.members[directory.Observer])
	seen, pages := map[string]bool{}, 0
	for after := ""; ; pages++ {
		var page membersView
		w.expect(w.do("GET", "/v1/organization/members?limit=3&after="+after, token, ""), 200, "").into(t, &page)
		for _, m := range page.Members {
			seen[m.ID] = true
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if len(seen) != 7 || pages != 2 {
		t.Errorf("%d members on %d pages", len(seen), pages+1)
	}
	var one memberView
	accountant := a.members[directory.Accountant]
	w.expect(w.do("GET", "/v1/organization/members/"+accountant.Member.ID, token, ""), 200, "").into(t, &one)
	if one.Person.Email != accountant.Person.Email || one.Role != directory.Accountant || len(one.Permissions) != 12 || one.ActivatedAt == 0 {
		t.Errorf("member %+v", one)
	}
}

// TestRoleChangeIsInForceAtOnce: the token of before the change dies with it, a
// new one has the new rights (rows 150 and 155).
func TestRoleChangeIsInForceAtOnce(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.office("Alpha", directory.Head, directory.Accountant)
		admin := w.token(a, a.members[directory.Administrator])
		head := a.members[directory.Head]
		old := w.token(a, head)
		w.expect(w.do("GET", "/v1/organization/journal", old, ""), 200, "")

		var changed memberView
		w.expect(w.do("PATCH", "/v1/organization/members/"+head.Member.ID, admin,
			`{"role":"operator","grants":["finance:read"],"denials":["filings:write"]}`), 200, "").into(t, &changed)
		if changed.Role != directory.Operator || fmt.Sprint(changed.Grants, changed.Denials) != "[finance:read] [filings:write]" {
			t.Errorf("changed to %+v", changed)
		}
		w.eventuallyRevoked(old)
		w.expect(w.do("GET", "/v1/organization", old, ""), 401, "token_revoked")
		now := w.token(a, w.fresh(a, head))
		w.expect(w.do("GET", "/v1/organization/journal", now, ""), 403, "permission_missing")
		w.expect(w.do("GET", "/v1/organization", now, ""), 200, "")
	})
}

func TestRemovedMemberIsRefusedAndStaysInTheJournal(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.office("Alpha", directory.Head)
		admin, head := w.token(a, a.members[directory.Administrator]), a.members[directory.Head]
		token := w.token(a, head)
		moved := "Тула"
		_, err := w.directory.UpdateOrganisation(context.Background(), directory.Actor{PersonID: head.Person.ID}, a.ID,
			directory.OrganisationPatch{ActualAddress: &moved})
		must(t, err)
		w.expect(w.do("DELETE", "/v1/organization/members/"+head.Member.ID, admin, ""), 204, "")
		w.eventuallyRevoked(token)
		w.expect(w.do("GET", "/v1/me", token, ""), 401, "token_revoked")
		w.expect(w.do("GET", "/v1/organization/members/"+head.Member.ID, admin, ""), 404, "not_found")
		w.expect(w.do("DELETE", "/v1/organization/members/"+head.Member.ID, admin, ""), 404, "not_found")

		var page journalView
		w.expect(w.do("GET", "/v1/organization/journal?action=organisation.updated&actor="+head.Person.ID, admin, ""), 200, "").into(t, &page)
		if len(page.Entries) != 1 || page.Entries[0].ActorName != head.FullName() {
			t.Errorf("the removed person's acts: %+v", page.Entries)
		}
	})
}

// TestTwoAdministratorsRemovingEachOtherLeaveOne, over HTTP, on both engines, many
// times: of two requests that each would leave one, the second would leave none.
func TestTwoAdministratorsRemovingEachOtherLeaveOne(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]struct{ method, body string }{
		"removed": {"DELETE", ""}, "demoted": {"PATCH", `{"role":"observer"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
				w := newWorld(t, db)
				a := w.office("Alpha")
				api := httptest.NewServer(w.server)
				t.Cleanup(api.Close)
				first := a.members[directory.Administrator]
				for range 5 {
					second := w.join(a, directory.Administrator)
					statuses := race(t, api, act.method, act.body, [2]string{w.token(a, w.fresh(a, first)), w.token(a, second)},
						[2]string{second.Member.ID, first.Member.ID})
					won := 0
					for _, status := range statuses {
						switch {
						case status < 300:
							won++
						case status != 401 && status != 403 && status != 404 && status != 409:
							t.Errorf("status %d", status)
						}
					}
					left := w.administrators(a)
					if won != 1 || len(left) != 1 {
						t.Fatalf("statuses %v, %d administrators left", statuses, len(left))
					}
					first = left[0]
				}
			})
		})
	}
}

// TestLastAdministratorStays: alone, one cannot go or step down (row 154).
func TestLastAdministratorStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha", directory.Head)
	admin := a.members[directory.Administrator]
	path, token := "/v1/organization/members/"+admin.Member.ID, w.token(a, admin)
	w.expect(w.do("DELETE", path, token, ""), 409, "last_administrator")
	w.expect(w.do("PATCH", path, token, `{"role":"head"}`), 409, "last_administrator")
	// A head manages people, but not administrators.
	w.expect(w.do("DELETE", path, w.token(a, a.members[directory.Head]), ""), 403, "act_forbidden")
	if left := w.administrators(a); len(left) != 1 {
		t.Errorf("%d administrators", len(left))
	}
}

func race(t *testing.T, api *httptest.Server, method, body string, tokens, targets [2]string) (statuses [2]int) {
	t.Helper()
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range tokens {
		all.Go(func() {
			r, err := http.NewRequest(method, api.URL+"/v1/organization/members/"+targets[i], strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+tokens[i])
			if body != "" {
				r.Header.Set("Content-Type", "application/merge-patch+json")
			}
			<-start
			response, err := api.Client().Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			statuses[i] = response.StatusCode
		})
	}
	close(start)
	all.Wait()
	return statuses
}

func (w *world) administrators(o *office) (found []directory.MemberView) {
	w.t.Helper()
	members, _, err := w.directory.Members(context.Background(), o.ID, directory.Page{Limit: 100})
	must(w.t, err)
	for _, m := range members {
		if m.Role == directory.Administrator {
			found = append(found, m)
		}
	}
	return found
}

// TestNobodyGrantsWhatHeDoesNotHold at the API, neither by change nor by invitation.
func TestNobodyGrantsWhatHeDoesNotHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha", directory.Head, directory.Observer)
	head := w.token(a, a.members[directory.Head])
	observer := "/v1/organization/members/" + a.members[directory.Observer].Member.ID
	invitation := `{"last_name":"Petrova","first_name":"Vera","email":"petrova@example.ru","role":"%s","grants":[%s]}`
	w.expect(w.do("PATCH", observer, head, `{"grants":["finance:write"]}`), 403, "act_forbidden")
	w.expect(w.do("PATCH", observer, head, `{"role":"administrator"}`), 403, "act_forbidden")
	w.expect(w.do("POST", "/v1/organization/invitations", head, fmt.Sprintf(invitation, "administrator", "")), 403, "act_forbidden")
	w.expect(w.do("POST", "/v1/organization/invitations", head, fmt.Sprintf(invitation, "observer", `"clients:write"`)), 403, "act_forbidden")
	w.expect(w.do("PATCH", observer, head, `{"grants":["journal:read"]}`), 200, "")
	// A client holds what its token says, and is no administrator.
	robot := sign(t, w.service(a, "members:write", "members:read"))
	w.expect(w.do("PATCH", observer, robot, `{"grants":["journal:read","filings:write"]}`), 403, "act_forbidden")
	w.expect(w.do("PATCH", observer, robot, `{"position":"Стажёр"}`), 200, "")
	// What the token lacks is missing, whatever the membership says.
	narrow := sign(t, but(w.claims(a, a.members[directory.Administrator]), map[string]any{"scope": "members:read"}))
	w.expect(w.do("PATCH", observer, narrow, `{"position":"x"}`), 403, "scope_missing")
}

func TestInvitationsFromLetterToMember(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.office("Alpha")
		admin := w.token(a, a.members[directory.Administrator])
		guest := w.person("guest")
		body := fmt.Sprintf(`{"last_name":"Orlova","first_name":"Vera","email":%q,"role":"accountant","position":"Бухгалтер"}`, guest.Email)

		created := w.expect(w.do("POST", "/v1/organization/invitations", admin, body), 201, "")
		var invitation invitationView
		created.into(t, &invitation)
		if created.Header.Get("Location") != "/v1/organization/invitations/"+invitation.ID || invitation.Expired {
			t.Errorf("created %+v at %s", invitation, created.Header.Get("Location"))
		}
		first := w.letter(guest.Email)
		if strings.Contains(created.body, first) {
			t.Error("the answer has the link's secret")
		}
		again := w.expect(w.do("POST", "/v1/organization/invitations", admin, body), 422, "validation_failed").problem(t)
		if len(again.Errors) != 1 || again.Errors[0].Pointer != "/email" || again.Errors[0].Code != "invited" {
			t.Errorf("invited twice: %+v", again.Errors)
		}

		w.clock.Advance(time.Minute)
		w.expect(w.do("POST", "/v1/organization/invitations/"+invitation.ID+"/resend", admin, ""), 200, "")
		second := w.letter(guest.Email)
		accept := func(p directory.Person, token string) reply {
			claims := but(w.claims(nil, directory.MemberView{Person: p}), map[string]any{"scope": "openid"})
			return w.do("POST", "/v1/invitations/accept", sign(t, claims), `{"token":"`+token+`"}`)
		}
		w.expect(accept(guest, first), 404, "not_found") // replaced
		w.expect(accept(w.person("thief"), second), 403, "invitation_other_person")
		var membership membershipView
		w.expect(accept(guest, second), 200, "").into(t, &membership)
		if membership.ID != a.ID || membership.Role != directory.Accountant || membership.Current {
			t.Errorf("membership %+v", membership)
		}
		w.expect(accept(guest, second), 409, "invitation_unusable")
		w.expect(w.do("DELETE", "/v1/organization/invitations/"+invitation.ID, admin, ""), 409, "invitation_unusable")
		w.expect(w.do("POST", "/v1/invitations/accept", sign(t, w.service(a, "openid")), `{"token":"x"}`), 403, "person_required")
	})
}

func TestInvitationsWithdrawnAndExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha")
	m := a.members[directory.Administrator]
	var ids []string
	for _, email := range []string{"one@example.ru", "two@example.ru", "three@example.ru"} {
		var i invitationView
		w.expect(w.do("POST", "/v1/organization/invitations", w.token(a, m),
			`{"last_name":"Orlova","first_name":"Vera","role":"observer","email":"`+email+`"}`), 201, "").into(t, &i)
		ids = append(ids, i.ID)
	}
	w.expect(w.do("DELETE", "/v1/organization/invitations/"+ids[0], w.token(a, m), ""), 204, "")
	w.expect(w.do("POST", "/v1/organization/invitations/"+ids[0]+"/resend", w.token(a, m), ""), 409, "invitation_unusable")
	w.clock.Advance(8 * 24 * time.Hour)
	var page invitationsView
	w.expect(w.do("GET", "/v1/organization/invitations?limit=1", w.token(a, m), ""), 200, "").into(t, &page)
	if len(page.Invitations) != 1 || page.Invitations[0].ID != ids[1] || !page.Invitations[0].Expired || page.Next == "" {
		t.Errorf("page %+v", page)
	}
	var resent invitationView
	w.expect(w.do("POST", "/v1/organization/invitations/"+ids[1]+"/resend", w.token(a, m), ""), 200, "").into(t, &resent)
	if resent.Expired || resent.SentAt == resent.CreatedAt {
		t.Errorf("resent %+v", resent)
	}
	w.expect(w.do("DELETE", "/v1/organization/invitations/nobody", w.token(a, m), ""), 404, "not_found")
	w.expect(w.do("POST", "/v1/organization/invitations/nobody/resend", w.token(a, m), ""), 404, "not_found")
}

// letter reads the secret out of the latest message to a mailbox.
func (w *world) letter(email string) string {
	w.t.Helper()
	messages, err := w.outbox.List(context.Background(), 20)
	must(w.t, err)
	for _, m := range messages {
		if _, rest, ok := strings.Cut(m.Text, testIssuer+"/invitations/"); ok && m.To == email {
			return strings.Fields(rest)[0]
		}
	}
	w.t.Fatalf("no invitation among %d messages", len(messages))
	return ""
}

func TestMemberChangesOfAStateNotSeenAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha", directory.Observer)
	path, token := "/v1/organization/members/"+a.members[directory.Observer].Member.ID, w.token(a, a.members[directory.Administrator])
	read := w.expect(w.do("GET", path, token, ""), 200, "")
	tag := read.Header.Get("ETag")
	if got := w.do("GET", path, token, "", "If-None-Match", `"other", `+tag); got.StatusCode != 304 || got.body != "" || got.Header.Get("ETag") != tag {
		t.Errorf("unchanged, but sent again: %d", got.StatusCode)
	}
	w.expect(w.do("PATCH", path, token, `{"position":"a"}`, "If-Match", `"1-zz"`), 412, "version_changed")
	w.expect(w.do("PATCH", path, token, `{"position":"a"}`, "If-Match", "W/"+tag), 412, "version_changed")
	next := w.expect(w.do("PATCH", path, token, `{"position":"a"}`, "If-Match", tag), 200, "")
	if next.Header.Get("ETag") == tag {
		t.Error("a changed state has the old tag")
	}
	w.expect(w.do("PATCH", path, token, `{"position":"b"}`, "If-Match", tag), 412, "version_changed")
	w.expect(w.do("DELETE", path, token, "", "If-Match", tag), 412, "version_changed")
	w.expect(w.do("PATCH", path, token, `{"position":"b"}`, "If-Match", "*"), 200, "")
	now := w.do("GET", path, token, "").Header.Get("ETag")
	w.expect(w.do("DELETE", path, token, "", "If-Match", `"x", `+now), 204, "")
}

// TestJournalIsForThoseWhoMayReadItAndFiltered (rows 271, 272).
func TestJournalIsForThoseWhoMayReadItAndFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a, b := w.office("Alpha", directory.Roles()...), w.office("Beta")
	for _, role := range directory.Roles() {
		want := 403
		if role == directory.Administrator || role == directory.Head || role == directory.Controller {
			want = 200
		}
		if got := w.do("GET", "/v1/organization/journal", w.token(a, a.members[role]), ""); got.StatusCode != want {
			t.Errorf("%s: %d", role, got.StatusCode)
		}
	}
	ctx := journal.With(context.Background(), journal.Circumstances{IP: "198.51.100.9", RequestID: "r-9", UserAgent: "ua"})
	start := w.clock.Now().Add(time.Hour)
	for i := range 5 {
		w.clock.Advance(time.Hour)
		must(t, w.journal.Append(ctx, journal.Entry{Organisation: a.ID, Actor: a.admin.ID, Client: "c", Action: "test.done",
			Object: fmt.Sprint(i), Outcome: "success", Details: map[string]string{"n": fmt.Sprint(i)}}))
		must(t, w.journal.Append(ctx, journal.Entry{Organisation: b.ID, Actor: b.admin.ID, Action: "test.done", Outcome: "success"}))
	}
	token := w.token(a, a.members[directory.Controller])
	get := func(query string) (page journalView) {
		w.expect(w.do("GET", "/v1/organization/journal?"+query, token, ""), 200, "").into(t, &page)
		return page
	}
	page := get("action=test.done&limit=2")
	if len(page.Entries) != 2 || page.Entries[0].Object != "4" || page.Next != page.Entries[1].Seq {
		t.Fatalf("page %+v", page)
	}
	first := page.Entries[0]
	if first.ActorName != a.admin.FullName() || first.IP != "198.51.100.9" || first.RequestID != "r-9" || first.Details["n"] != "4" ||
		len(first.Hash) != 64 || first.Prev != page.Entries[1].Hash {
		t.Errorf("entry %+v", first)
	}
	page = get(fmt.Sprintf("action=test.done&limit=3&before=%d", page.Next))
	if len(page.Entries) != 3 || page.Entries[0].Object != "2" || page.Next != 0 {
		t.Errorf("last page %+v", page)
	}
	between := fmt.Sprintf("action=test.done&from=%s&to=%s", start.Add(time.Hour).Format(time.RFC3339), start.Add(3*time.Hour).Format(time.RFC3339))
	if page = get(between); len(page.Entries) < 2 || len(page.Entries) > 3 {
		t.Errorf("between: %+v", page.Entries)
	}
	if page = get("actor=" + b.admin.ID); len(page.Entries) != 0 {
		t.Errorf("acts in another organisation: %+v", page.Entries)
	}
	for query, parameter := range map[string]string{
		"limit=0": "limit", "limit=201": "limit", "limit=x": "limit", "before=0": "before", "from=yesterday": "from", "to=2026": "to",
		"actor=me": "actor", "action=%27--": "action", "action=%00": "action", "organisation=" + b.ID: "organisation", "limit=1&limit=2": "limit",
	} {
		p := w.expect(w.do("GET", "/v1/organization/journal?"+query, token, ""), 400, "parameter_invalid").problem(t)
		if len(p.Errors) != 1 || p.Errors[0].Parameter != parameter {
			t.Errorf("%s: %+v", query, p.Errors)
		}
	}
}

// TestInvitationFaultsSayWhatToDo: people read them beside the form's fields.
func TestInvitationFaultsSayWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.office("Alpha")
	admin := w.token(a, a.members[directory.Administrator])
	for _, body := range []string{
		`{"last_name":"Orl0va","first_name":"V1","middle_name":"7","email":"vera","phone":"12","role":"queen"}`,
		`{"last_name":"","first_name":"","email":"","role":""}`,
		`{"last_name":"Orlova","first_name":"Vera","email":"  ","role":"observer"}`,
	} {
		p := w.expect(w.do("POST", "/v1/organization/invitations", admin, body), 422, "validation_failed").problem(t)
		for _, fault := range p.Errors {
			general := api.Refuse("validation_failed").About(api.FieldFault{Code: fault.Code})
			if fault.Detail == w.server.book.Problem(context.Background(), general, "ru").Errors[0].Detail {
				t.Errorf("%s %s: %s", fault.Pointer, fault.Code, fault.Detail)
			}
		}
	}
}

// TestAdministratorUnlocksAMember: decision A23.2, the lock after eight failures
// stays until a recovery or an administrator of the person's organisation.
func TestAdministratorUnlocksAMember(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w, ctx := newWorld(t, db), context.Background()
		a := w.office("Alpha", directory.Accountant)
		m := a.members[directory.Accountant]
		must(t, w.directory.RecordLock(ctx, directory.FactorLock{PersonID: m.Person.ID, Factor: "password", Reason: directory.LockedByFailures}))
		path := "/v1/organization/members/" + m.Member.ID + "/unlock"
		w.expect(w.do("POST", path, w.token(a, m), ""), 403, "permission_missing")
		for range 2 {
			w.expect(w.do("POST", path, w.token(a, a.members[directory.Administrator]), ""), 204, "")
		}
		locks, err := w.directory.FactorLocks(ctx, m.Person.ID)
		if err != nil || len(locks) != 0 {
			t.Errorf("%+v, %v", locks, err)
		}
	})
}
