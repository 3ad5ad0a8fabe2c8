package notice_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

func TestSettingsOfThePersonTheOrganisationAndTheHouse(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Accountant)
		admin, token := h.Token(o, directory.Administrator), h.Token(o, directory.Accountant)
		const mine, common = "/v1/notices/settings", "/v1/organization/notice-settings"
		origin := func(token, path, want string) cabinettest.Reply {
			t.Helper()
			var s struct{ Origin string }
			reply := h.Expect(h.Do("GET", path, token, nil), 200, "")
			if reply.Into(t, &s); s.Origin != want {
				t.Errorf("%s is %q, want %q", path, s.Origin, want)
			}
			return reply
		}
		origin(token, mine, "default")
		origin(admin, common, "default")
		h.Expect(h.Do("PUT", common, admin, map[string]any{"channels": map[string]any{"email": []string{"news"}}}), 200, "")
		origin(token, mine, "organization")
		origin(admin, common, "organization")
		h.tell(h.filing(o))
		if h.mails(o.Members[directory.Accountant].Person.Email, "Отчёт принят") != 0 {
			t.Error("the organisation's settings do not hold")
		}
		body := map[string]any{"channels": map[string]any{"email": []string{"filing"}}, "thresholds": map[string]string{"email": "low"}}
		h.Expect(h.Do("PUT", mine, token, body, "If-Match", `"old"`), 412, "version_changed")
		h.settings(token, body)
		tag := origin(token, mine, "own").Header.Get("ETag")
		h.Expect(h.Do("PUT", mine, token, body, "If-Match", tag), 200, "")
		h.Expect(h.Do("PUT", mine, token, body, "If-Match", tag), 412, "version_changed")
		h.tell(h.filing(o))
		if h.mails(o.Members[directory.Accountant].Person.Email, "Отчёт принят") != 1 {
			t.Error("his own settings do not win")
		}
		h.Expect(h.Do("DELETE", mine, token, nil), 204, "")
		origin(token, mine, "organization")
		h.Expect(h.Do("DELETE", common, admin, nil), 204, "")
		origin(token, mine, "default")
		h.Expect(h.Do("PUT", mine, token, map[string]any{"time_zone": "Moscow", "muted_types": []string{"x.y"}}), 422, "validation_failed")
		h.Expect(h.Do("PUT", mine, token, map[string]any{"thresholds": map[string]string{"sms": "huge"}}), 422, "validation_failed")
		entries := h.actions(o.ID)
		for _, want := range []string{"notice_settings.changed", "notice_settings.reset"} {
			if !strings.Contains(entries, want) {
				t.Errorf("the journal lacks %s: %s", want, entries)
			}
		}
	})
}

// actions are those in an organisation's journal.
func (h house) actions(organisation string) string {
	h.t.Helper()
	var actions []string
	h.must(h.DB.Select(context.Background(), &actions, `SELECT action FROM journal WHERE organisation = $1 ORDER BY seq`, organisation))
	return strings.Join(actions, " ")
}

func TestTheDigestGathersAndIsSentAtItsTime(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		h.settings(h.Token(o, directory.Administrator), map[string]any{
			"channels": map[string]any{"email": []string{"filing"}}, "time_zone": "UTC", "digest": map[string]any{"every": "day", "at": "09:00"},
		})
		h.Clock.Advance(nextNoon(h.Clock.Now()).Sub(h.Clock.Now()))
		for range 3 {
			h.tell(h.filing(o))
		}
		h.tell(h.filing(o, func(e *notice.Event) { e.Importance = notice.High }))
		token := h.Token(o, directory.Administrator)
		if got := ways(h.history(token, "")); got != "email sent, email digest, email digest, email digest" {
			t.Fatal(got)
		}
		h.Clock.Advance(20 * time.Hour) // 08:00
		h.must(h.notices.Release(context.Background()))
		if h.Work(); h.mails(o.Admin.Email, "Уведомления") != 0 {
			t.Fatal("it came too early")
		}
		h.Clock.Advance(time.Hour + time.Second)
		h.must(h.notices.Release(context.Background()))
		h.must(h.notices.Release(context.Background()))
		h.Work()
		mails := h.Sent(o.Admin.Email)
		if len(mails) != 2 || mails[0].Subject != "ООО «Alpha». Уведомления: 3" || strings.Count(mails[0].Text, "• Отчёт принят Alpha") != 3 {
			t.Fatalf("%+v", mails)
		}
		token = h.Token(o, directory.Administrator)
		if got := ways(h.history(token, "")); got != "email sent, email sent, email sent, email sent" {
			t.Error(got)
		}
	})
}

func TestPersonalNoticesAreSeenWithoutAnOrganisationOnly(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		e := h.filing(o, func(e *notice.Event) {
			e.OrganisationID, e.Permission, e.Persons = "", "", []string{o.Admin.ID, storage.NewID()}
			e.Type, e.Category, e.Importance = "security.account_locked", notice.Security, notice.Critical
		})
		h.tell(e)
		alone := cabinettest.Sign(t, h.Claims(nil, o.Members[directory.Administrator]))
		if list, _ := h.list(alone, ""); len(list) != 1 || list[0].Type != "security.account_locked" {
			t.Fatalf("%+v", list)
		}
		if list, _ := h.list(h.Token(o, directory.Administrator), ""); len(list) != 0 {
			t.Error("a personal notice is shown in the organisation")
		}
		if got := ways(h.history(alone, "")); got != "sms sent, email sent" && got != "email sent, sms sent" {
			t.Error(got)
		}
		if sms := h.Sent(o.Admin.Phone); len(sms) != 1 || sms[0].Text != "Отчёт принят Alpha "+cabinettest.Issuer {
			t.Errorf("%+v", sms)
		}
	})
}

func TestNewsReachEverybody(t *testing.T) {
	each(t, func(h house) {
		a, b := h.Office("Alpha"), h.Office("Beta")
		alone := cabinettest.Sign(t, h.Claims(nil, a.Members[directory.Administrator]))
		h.settings(alone, map[string]any{"channels": map[string]any{"email": []string{"news"}}})
		for i := range 3 {
			_, err := h.notices.Publish(context.Background(), notice.Story{Texts: notice.Texts{RU: notice.Message{Subject: fmt.Sprintf("Новость %d", i), Body: "Текст."}}})
			h.must(err)
			h.Work()
			h.Clock.Advance(time.Second)
		}
		for _, o := range []*cabinettest.Office{a, b} {
			token := cabinettest.Sign(t, h.Claims(nil, o.Members[directory.Administrator]))
			if list, _ := h.list(token, "?category=news"); len(list) != 3 || list[0].Source != "Пропуск" {
				t.Errorf("%+v", list)
			}
		}
		if h.mails(a.Admin.Email, "Новость") != 3 || h.mails(b.Admin.Email, "Новость") != 0 {
			t.Error("news go by mail to those who want them, and to nobody else")
		}
		var page struct {
			News []struct{ ID, Subject, Importance string }
			Next string
		}
		reply := h.Expect(h.Do("GET", "/v1/news?limit=2", h.Service(a, directory.FilingsRead), nil), 200, "")
		if reply.Into(t, &page); len(page.News) != 2 || page.News[0].Subject != "Новость 2" || page.Next == "" {
			t.Fatalf("%s", reply.Text)
		}
		after := page.Next
		page.News, page.Next = nil, ""
		h.Expect(h.Do("GET", "/v1/news?limit=2&after="+after, alone, nil), 200, "").Into(t, &page)
		if len(page.News) != 1 || page.News[0].Subject != "Новость 0" || page.Next != "" {
			t.Fatalf("%+v", page)
		}
		if !strings.Contains(h.actions(""), "news.published") {
			t.Error("the journal does not tell who published")
		}
	})
}

func TestADeliveryIsSentAgainButNotAtOnce(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		token := h.Token(o, directory.Administrator)
		h.tell(h.filing(o))
		first := h.history(token, "")[0]
		if first.Actions[0].Allowed || first.Actions[0].Reason != "delivery_not_resendable" || !strings.HasPrefix(first.Target, "p***@") {
			t.Errorf("%+v", first)
		}
		path := "/v1/notices/deliveries/" + first.ID + "/resend"
		h.Expect(h.Do("POST", path, token, nil), 409, "delivery_not_resendable")
		h.Clock.Advance(time.Minute)
		h.Expect(h.Do("POST", path, token, nil), 201, "")
		h.Expect(h.Do("POST", path, token, nil), 409, "delivery_not_resendable")
		h.Work()
		if h.mails(o.Admin.Email, "Отчёт принят") != 2 || ways(h.history(token, "?channel=email&state=sent")) != "email sent, email sent" {
			t.Error(ways(h.history(token, "")))
		}
		if len(h.history(token, "?notice="+first.NoticeID)) != 2 || len(h.history(token, "?channel=sms")) != 0 {
			t.Error("the history is not filtered")
		}
	})
}

func TestOldNoticesAreDeleted(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		h.tell(h.filing(o))
		h.Clock.Advance(366 * 24 * time.Hour)
		h.must(h.notices.Purge(context.Background()))
		token := h.Token(o, directory.Administrator)
		if list, _ := h.list(token, ""); len(list) != 1 || len(h.history(token, "")) != 0 {
			t.Error("after a year the history goes and the notices stay")
		}
		h.Clock.Advance(365 * 24 * time.Hour)
		h.must(h.notices.Purge(context.Background()))
		var events []string
		h.must(h.DB.Select(context.Background(), &events, `SELECT id FROM notice_events`))
		token = h.Token(o, directory.Administrator)
		if list, _ := h.list(token, ""); len(list) != 0 || len(events) != 0 {
			t.Error("after two years the notices go, with their events")
		}
	})
}

func TestTheCataloguesTypesAreListed(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		reply := h.Expect(h.Do("GET", "/v1/notices/types", h.Token(o, directory.Administrator), nil, "Accept-Language", "en"), 200, "")
		var page struct {
			Types []struct{ Type, Category, Label string }
		}
		if reply.Into(t, &page); len(page.Types) != len(notice.Catalogue()) || page.Types[0].Label != "A return was signed and sent" {
			t.Errorf("%+v", page.Types)
		}
	})
}
