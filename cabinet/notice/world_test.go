package notice_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/cabinet/notice/noticetest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// house is a world whose only room is the notices.
type house struct {
	*cabinettest.World
	t       *testing.T
	notices *notice.Notices
	room    api.Room
}

func each(t *testing.T, test func(h house), changes ...func(*notice.Deps)) {
	t.Helper()
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(open(t, db, changes...)) })
}

func open(t *testing.T, db *storage.DB, changes ...func(*notice.Deps)) house {
	t.Helper()
	h := house{t: t}
	h.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		h.notices = noticetest.New(t, b, changes...)
		h.room = h.notices.Room()
		return []api.Room{h.room}
	})
	return h
}

func (h house) must(err error) { h.t.Helper(); cabinettest.Must(h.t, err) }

// filing is an event of an office that whoever reads filings learns of.
func (h house) filing(o *cabinettest.Office, changes ...func(*notice.Event)) notice.Event {
	id := storage.NewID()
	e := notice.Event{
		ID: "filing/" + id + "/accepted", Type: "filing.accepted", OrganisationID: o.ID, Category: notice.Filing,
		Permission: directory.FilingsRead, Path: "/cabinet/filings/" + id, Source: "ИФНС " + o.Tag,
		Texts: notice.Texts{
			RU: notice.Message{Subject: "Отчёт принят " + o.Tag, Body: "НДС за третий квартал."},
			EN: notice.Message{Subject: "Return accepted " + o.Tag, Body: "VAT, third quarter."},
		},
		Data: map[string]any{"filing_id": id, "status": "accepted"},
	}
	for _, change := range changes {
		change(&e)
	}
	return e
}

func (h house) tell(e notice.Event) {
	h.t.Helper()
	h.must(h.DB.Tx(context.Background(), func(ctx context.Context) error { return h.notices.Tell(ctx, e) }))
	h.Work()
}

// shown is a notice as the API shows it.
type shown struct {
	ID, Type, Category, Importance, Document, Source, Subject, Body, Path string
	DocumentLabel                                                         string `json:"document_label"`
	Number                                                                int64
	CreatedAt                                                             *time.Time `json:"created_at"`
	ReadAt                                                                *time.Time `json:"read_at"`
}

func (h house) list(token, query string, headers ...string) (list []shown, next string) {
	h.t.Helper()
	var page struct {
		Notices []shown
		Next    string
	}
	h.Expect(h.Do("GET", "/v1/notices"+query, token, nil, headers...), 200, "").Into(h.t, &page)
	return page.Notices, page.Next
}

type delivered struct {
	ID, Channel, Target, State, Reason string
	NoticeID                           string     `json:"notice_id"`
	DueAt                              *time.Time `json:"due_at"`
	Actions                            []api.Action
}

func (h house) history(token, query string) (list []delivered) {
	h.t.Helper()
	var page struct{ Deliveries []delivered }
	h.Expect(h.Do("GET", "/v1/notices/deliveries"+query, token, nil), 200, "").Into(h.t, &page)
	return page.Deliveries
}

func (h house) settings(token string, body map[string]any) {
	h.t.Helper()
	h.Expect(h.Do("PUT", "/v1/notices/settings", token, body), 200, "")
}

// ways are what a person is told by, newest first: "email sent".
func ways(list []delivered) string {
	var texts []string
	for _, d := range list {
		text := d.Channel + " " + d.State
		if d.Reason != "" {
			text += " " + d.Reason
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

func TestWhoeverHoldsThePermissionIsToldOnce(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Roles()...)
		blocked := h.Join(o, directory.Accountant)
		h.must(h.Directory.SetPersonStatus(context.Background(), directory.System(), blocked.Person.ID, directory.StatusBlocked))
		e := h.filing(o, func(e *notice.Event) { e.Permission = directory.FilingsSign })
		h.tell(e)
		h.tell(e) // told twice is told once
		for _, role := range directory.Roles() {
			list, _ := h.list(h.Token(o, role), "")
			holds := strings.Contains(fmt.Sprint(role.Permissions()), "filings:sign")
			want := map[bool]int{true: 1, false: 0}[holds]
			mails := h.mails(o.Members[role].Person.Email, "Отчёт принят")
			if len(list) != want || mails != want {
				t.Errorf("%s: %d notices, %d mails, want %d", role, len(list), mails, want)
			}
		}
		if h.mails(blocked.Person.Email, "Отчёт принят") != 0 {
			t.Error("a blocked person was told")
		}
		mail := h.Sent(o.Admin.Email)[0]
		for _, part := range []string{"НДС за третий квартал.", "ИФНС Alpha", "ООО «Alpha»", cabinettest.Issuer + e.Path, "/cabinet/notices/settings"} {
			if !strings.Contains(mail.Text, part) {
				t.Errorf("the mail lacks %q:\n%s", part, mail.Text)
			}
		}
		if mail.Subject != "Отчёт принят Alpha" {
			t.Error(mail.Subject)
		}
	})
}

func TestAnEventOfARolledBackChangeIsNeverTold(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		err := h.DB.Tx(context.Background(), func(ctx context.Context) error {
			h.must(h.notices.Tell(ctx, h.filing(o)))
			return fmt.Errorf("rolled back")
		})
		if h.Work(); err == nil || len(h.Sent(o.Admin.Email)) != 0 {
			t.Fatal("it was told")
		}
	})
}

func TestARemovedMemberGetsNothing(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Accountant, directory.Observer)
		ctx := context.Background()
		gone := o.Members[directory.Accountant]
		// Told, but not yet spread when he is removed.
		h.must(h.notices.Tell(ctx, h.filing(o)))
		h.must(h.notices.Tell(ctx, h.filing(o, func(e *notice.Event) { e.Persons = []string{gone.Person.ID, o.Admin.ID} })))
		h.must(h.Directory.RemoveMember(ctx, directory.System(), o.ID, gone.Member.ID, nil))
		h.Work()
		if mails := h.mails(gone.Person.Email, "Отчёт принят"); mails != 0 {
			t.Errorf("the removed member got %d mails", mails)
		}
		if h.mails(o.Admin.Email, "Отчёт принят") != 2 || h.mails(o.Members[directory.Observer].Person.Email, "Отчёт принят") != 1 {
			t.Error("the others were not told")
		}
	})
}

func (h house) mails(to, about string) (count int) {
	for _, m := range h.Sent(to) {
		if strings.Contains(m.Subject, about) {
			count++
		}
	}
	return count
}

// What waits is judged again when it is sent.
func TestWhatWaitedIsSentOnlyToWhomStillMayLearnOfIt(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Accountant, directory.Manager, directory.Observer, directory.Controller)
		quiet := map[string]any{"quiet_hours": map[string]string{"from": "00:00", "to": "23:59"}, "channels": map[string]any{"email": []string{"filing"}}, "time_zone": "UTC"}
		for _, role := range []directory.Role{directory.Accountant, directory.Manager, directory.Observer, directory.Controller} {
			h.settings(h.Token(o, role), quiet)
		}
		h.Clock.Advance(time.Until(nextNoon(h.Clock.Now()))) // in the quiet hours, whatever the time
		h.tell(h.filing(o))
		if got := ways(h.history(h.Token(o, directory.Accountant), "")); got != "email waiting" {
			t.Fatal(got)
		}
		ctx := context.Background()
		h.must(h.Directory.RemoveMember(ctx, directory.System(), o.ID, o.Members[directory.Accountant].Member.ID, nil))
		denied := []directory.Permission{directory.FilingsRead}
		_, err := h.Directory.ChangeMember(ctx, directory.System(), o.ID, o.Members[directory.Manager].Member.ID, directory.MemberChange{Denials: &denied})
		h.must(err)
		h.settings(h.Token(o, directory.Observer), map[string]any{"channels": map[string]any{"email": []string{}}})
		h.Clock.Advance(24 * time.Hour)
		h.must(h.notices.Release(ctx))
		h.Work()
		for role, want := range map[directory.Role]int{directory.Accountant: 0, directory.Manager: 0, directory.Observer: 0, directory.Controller: 1} {
			if got := h.mails(o.Members[role].Person.Email, "Отчёт принят"); got != want {
				t.Errorf("%s: %d mails, want %d", role, got, want)
			}
		}
		if got := ways(h.history(h.Token(o, directory.Observer), "")); got != "email dropped unsubscribed" {
			t.Error(got)
		}
		manager := cabinettest.Sign(t, h.Claims(o, h.Fresh(o, o.Members[directory.Manager])))
		if list, _ := h.list(manager, ""); len(list) != 0 {
			t.Error("what one may not learn of any more is shown")
		}
		if got := ways(h.history(manager, "")); got != "email dropped not_allowed" {
			t.Error(got)
		}
	})
}

// nextNoon is twelve o'clock UTC of the next day.
func nextNoon(now time.Time) time.Time {
	return now.Truncate(24 * time.Hour).Add(36 * time.Hour)
}

func TestTheListIsFilteredAndPaged(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		token := h.Token(o, directory.Administrator)
		for i := range 5 {
			h.tell(h.filing(o, func(e *notice.Event) {
				e.Texts.RU.Subject = fmt.Sprintf("Отчёт %d", i)
				if i%2 == 1 {
					e.Type, e.Category, e.Importance, e.Permission = "requirement.received", notice.Requirement, notice.High, directory.RequestsRead
				}
			}))
			h.Clock.Advance(time.Minute)
		}
		all, next := h.list(token, "")
		if len(all) != 5 || next != "" || all[0].Subject != "Отчёт 4" || all[4].Number != 1 || all[0].Number != 5 {
			t.Fatalf("%+v %q", all, next)
		}
		first := all[1]
		if first.Document != "requirement" || first.DocumentLabel != "Требование" || first.Source != "ИФНС Alpha" || first.CreatedAt == nil || first.ReadAt != nil {
			t.Errorf("%+v", first)
		}
		var paged []string
		for after := ""; ; {
			part, next := h.list(token, "?limit=2"+after)
			for _, s := range part {
				paged = append(paged, s.ID)
			}
			if next == "" {
				break
			}
			after = "&after=" + next
		}
		for i, s := range all {
			if len(paged) != 5 || paged[i] != s.ID {
				t.Fatalf("%v", paged)
			}
		}
		middle := all[2].CreatedAt.UTC().Format(time.RFC3339Nano)
		for query, want := range map[string]int{
			"?category=requirement": 2, "?type=filing.accepted": 3, "?document=requirement": 2, "?importance=high": 2, "?importance=low": 5,
			"?unread=true": 5, "?from=" + middle: 3, "?to=" + middle: 2, "?category=news": 0,
		} {
			if list, _ := h.list(token, query); len(list) != want {
				t.Errorf("%s: %d, want %d", query, len(list), want)
			}
		}
		for _, query := range []string{"?category=taxes", "?after=x", "?limit=0", "?unread=maybe", "?x=1", "?type=%27--", "?importance=huge"} {
			h.Expect(h.Do("GET", "/v1/notices"+query, token, nil), 400, "parameter_invalid")
		}
		english, _ := h.list(token, "?limit=1", "Accept-Language", "en")
		if english[0].Subject != "Return accepted Alpha" || english[0].DocumentLabel != "Receipt" {
			t.Errorf("%+v", english[0])
		}
	})
}

func TestReadAndUnread(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Observer)
		token, other := h.Token(o, directory.Administrator), h.Token(o, directory.Observer)
		for range 3 {
			h.tell(h.filing(o))
		}
		list, _ := h.list(token, "")
		path := "/v1/notices/" + list[2].ID
		var one shown
		h.Expect(h.Do("PATCH", path, token, map[string]bool{"read": true}), 200, "").Into(t, &one)
		at := h.Clock.Now()
		h.Clock.Advance(time.Second)
		h.Expect(h.Do("PATCH", path, token, map[string]bool{"read": true}), 200, "").Into(t, &one)
		if one.ReadAt == nil || !one.ReadAt.Equal(at) {
			t.Errorf("read again moves the time: %v", one.ReadAt)
		}
		counted := func(token string, want int) {
			t.Helper()
			var c struct {
				Unread     int
				More       bool
				ByCategory map[string]int `json:"by_category"`
			}
			h.Expect(h.Do("GET", "/v1/notices/count", token, nil), 200, "").Into(t, &c)
			if c.Unread != want || c.More || c.ByCategory["filing"] != want {
				t.Errorf("%+v, want %d", c, want)
			}
		}
		counted(token, 2)
		h.Expect(h.Do("PATCH", path, token, map[string]bool{"read": false}), 200, "")
		counted(token, 3)
		h.Expect(h.Do("PATCH", path, token, map[string]any{}), 422, "validation_failed")
		var read struct{ Read int }
		h.Expect(h.Do("POST", "/v1/notices/read", token, map[string]string{"up_to": list[1].ID}), 200, "").Into(t, &read)
		if read.Read != 2 {
			t.Errorf("%d were marked up to the second", read.Read)
		}
		counted(token, 1)
		h.Expect(h.Do("POST", "/v1/notices/read", token, map[string]string{}), 200, "").Into(t, &read)
		if counted(token, 0); read.Read != 1 {
			t.Error(read.Read)
		}
		counted(other, 3) // another's reading is not mine
	})
}

func TestNobodySeesAnothersNoticesInTheSameOrganisation(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Observer)
		mine, other := h.Token(o, directory.Administrator), h.Token(o, directory.Observer)
		h.tell(h.filing(o, func(e *notice.Event) { e.Persons = []string{o.Admin.ID} }))
		list, _ := h.list(mine, "")
		h.Clock.Advance(2 * time.Minute)
		deliveries := h.history(mine, "")
		if len(list) != 1 || len(deliveries) != 1 {
			t.Fatalf("%+v %+v", list, deliveries)
		}
		if theirs, _ := h.list(other, ""); len(theirs) != 0 || len(h.history(other, "")) != 0 {
			t.Error("another's notices are listed")
		}
		for _, request := range []struct {
			method, path string
			body         any
		}{
			{"GET", "/v1/notices/" + list[0].ID, nil},
			{"PATCH", "/v1/notices/" + list[0].ID, map[string]bool{"read": true}},
			{"POST", "/v1/notices/read", map[string]string{"up_to": list[0].ID}},
			{"POST", "/v1/notices/deliveries/" + deliveries[0].ID + "/resend", nil},
		} {
			h.Expect(h.Do(request.method, request.path, other, request.body), 404, "not_found")
			if request.method == "GET" {
				h.Expect(h.Do(request.method, request.path, mine, request.body), 200, "")
			}
		}
	})
}
