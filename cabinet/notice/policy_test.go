package notice_test

import (
	"context"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

func TestEveryRouteKeepsOrganisationsApart(t *testing.T) {
	each(t, func(h house) {
		h.notices.EndStreams() // a stream has no end; its isolation has a test of its own
		made := map[string]fixture{}
		aim := func(route api.Route, o *cabinettest.Office) (string, any, []string) {
			f, ok := made[o.ID]
			if !ok {
				f = h.fixture(o)
				made[o.ID] = f
			}
			switch path := route.Path; {
			case path == "/v1/organization/grantors":
				return path + "?permission=filings:sign", nil, nil
			case strings.HasPrefix(path, "/v1/notices/deliveries/"):
				return strings.Replace(path, "{id}", f.delivery, 1), nil, nil
			case strings.HasPrefix(path, "/v1/push-subscriptions/"):
				return strings.Replace(path, "{id}", f.device, 1), nil, nil
			case strings.Contains(path, "{id}"):
				return strings.Replace(path, "{id}", f.notice, 1), bodyOf(route), nil
			default:
				return path, bodyOf(route), nil
			}
		}
		// The notices of a fixture are its administrator's: to other members they are
		// as little there as another organisation's.
		others := map[string]string{}
		for _, route := range h.room.Routes {
			if strings.Contains(route.Path, "{id}") {
				others[route.Method+" "+route.Path] = "one person's own"
			}
		}
		others["POST /v1/organization/access-requests"] = "who holds the right need not ask for it"
		others["GET /v1/notices/stream"] = "ended for this test"
		cabinettest.Isolation(t, h.World, h.room, aim, others)
	})
}

// fixture is what an office's administrator has.
type fixture struct{ notice, delivery, device string }

func (h house) fixture(o *cabinettest.Office) (f fixture) {
	h.t.Helper()
	h.tell(h.filing(o, func(e *notice.Event) { e.Persons = []string{o.Admin.ID} }))
	token := h.Token(o, directory.Administrator)
	list, _ := h.list(token, "")
	var device subscription
	h.Expect(h.Do("POST", "/v1/push-subscriptions", token, newBrowser(h.t).subscription(o.Tag)), 201, "").Into(h.t, &device)
	return fixture{list[0].ID, h.history(token, "")[0].ID, device.ID}
}

func bodyOf(route api.Route) any {
	switch route.Method + " " + route.Path {
	case "POST /v1/organization/access-requests":
		return map[string]string{"permission": "filings:sign"}
	case "POST /v1/notices/read":
		return map[string]string{}
	case "PATCH /v1/notices/{id}":
		return map[string]bool{"read": true}
	case "PUT /v1/notices/settings", "PUT /v1/organization/notice-settings":
		return map[string]any{"time_zone": "Europe/Moscow"}
	case "POST /v1/push-subscriptions":
		return map[string]any{
			"endpoint": "https://push.example.ru/" + storage.NewID(),
			"keys": map[string]string{
				"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg",
			},
		}
	}
	return nil
}

func TestAClientThatActsForItselfHasNoNotices(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		robot := cabinettest.But(h.ServiceClaims(o, directory.OrganizationRead), map[string]any{"scope": "notices organization:read"})
		h.Expect(h.Do("GET", "/v1/notices", cabinettest.Sign(t, robot), nil), 403, "person_required")
		narrow := cabinettest.But(h.Claims(o, o.Members[directory.Administrator]), map[string]any{"scope": "openid"})
		h.Expect(h.Do("GET", "/v1/notices", cabinettest.Sign(t, narrow), nil), 403, "scope_missing")
	})
}

func TestMembersMayNotSettleForTheOrganisation(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha", directory.Accountant)
		var s struct{ Actions []api.Action }
		h.Expect(h.Do("GET", "/v1/organization/notice-settings", h.Token(o, directory.Accountant), nil), 200, "").Into(t, &s)
		if len(s.Actions) != 1 || s.Actions[0].Allowed || s.Actions[0].Reason != "permission_missing" || len(s.Actions[0].Ask) == 0 {
			t.Errorf("%+v", s.Actions)
		}
		h.Expect(h.Do("PUT", "/v1/organization/notice-settings", h.Token(o, directory.Accountant), map[string]any{}), 403, "permission_missing")
	})
}

// The plans of the lists that grow, on PostgreSQL with 20,000 rows: each walks an
// index of its own.
func TestListsWalkTheirIndexes(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	ctx := context.Background()
	for _, text := range []string{
		`INSERT INTO notice_events SELECT 'e' || n, 'filing.accepted', 'o' || n % 100, CASE WHEN n % 50 = 0 THEN 'news' ELSE 'filing' END, 0, '', 'null', '{}', '', '', '', '{}', n, n FROM generate_series(1, 20000) n`,
		`INSERT INTO notices SELECT 'n' || n, CASE WHEN n % 2 = 0 THEN 'o1' ELSE 'o' || n % 100 END, CASE WHEN n % 2 = 0 THEN 'p1' ELSE 'p' || n % 10 END, n, 'e' || n, 'filing', 'filing.accepted', 0, '', '', n, CASE WHEN n % 3 = 0 THEN 0 ELSE n END FROM generate_series(1, 20000) n`,
		`INSERT INTO notice_deliveries SELECT 'd' || n, CASE WHEN n % 2 = 0 THEN 'o1' ELSE 'o' || n % 100 END, CASE WHEN n % 2 = 0 THEN 'p1' ELSE 'p' || n % 10 END, 'n' || n, 'email', '', '', CASE WHEN n % 100 = 0 THEN 'waiting' ELSE 'sent' END, '', 'm' || n, n, n, n, 0 FROM generate_series(1, 20000) n`,
		`ANALYZE notice_events`, `ANALYZE notices`, `ANALYZE notice_deliveries`,
	} {
		_, err := db.Exec(ctx, text)
		cabinettest.Must(t, err)
	}
	for name, query := range map[string]string{
		"list":    `SELECT n.id, e.texts FROM notices n JOIN notice_events e ON e.id = n.event_id WHERE n.organisation_id = 'o1' AND n.person_id = 'p1' AND n.seq < 15000 ORDER BY n.seq DESC LIMIT 51`,
		"unread":  `SELECT n.category FROM notices n WHERE n.organisation_id = 'o1' AND n.person_id = 'p1' AND n.read_at = 0 ORDER BY n.seq DESC LIMIT 1000`,
		"stream":  `SELECT n.id FROM notices n JOIN notice_events e ON e.id = n.event_id WHERE n.organisation_id = 'o1' AND n.person_id = 'p1' AND n.seq > 19900 ORDER BY n.seq LIMIT 100`,
		"history": `SELECT id FROM notice_deliveries WHERE organisation_id = 'o1' AND person_id = 'p1' AND created_at <= 15000 AND (created_at < 15000 OR id < 'x') ORDER BY created_at DESC, id DESC LIMIT 51`,
		"due":     `SELECT id FROM notice_deliveries WHERE state IN ('waiting', 'digest') AND due_at <= 5000 ORDER BY due_at, id LIMIT 200`,
		"outcome": `UPDATE notice_deliveries SET state = 'sent' WHERE message_id = 'm77' AND state IN ('queued', 'sent')`,
		"news":    `SELECT id FROM notice_events WHERE category = 'news' AND created_at <= 15000 AND (created_at < 15000 OR id < 'x') ORDER BY created_at DESC, id DESC LIMIT 51`,
		"purge":   `SELECT id FROM notices WHERE created_at < 5 LIMIT 1000`,
	} {
		var plan []string
		cabinettest.Must(t, db.Select(ctx, &plan, `EXPLAIN `+query))
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

// An organisation of hundreds costs a room no more than one of two.
func TestTellCostsTheSameHoweverManyMembers(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		for range 60 { // more than one chunk
			h.Join(o, directory.Observer)
		}
		e := h.filing(o)
		h.must(h.notices.Tell(context.Background(), e))
		var rows int
		h.must(h.DB.Get(context.Background(), &rows, `SELECT COUNT(*) FROM notices`))
		if rows != 0 {
			t.Errorf("%d notices in the teller's transaction", rows)
		}
		h.Work()
		h.must(h.DB.Get(context.Background(), &rows, `SELECT COUNT(*) FROM notices WHERE event_id = $1`, e.ID))
		if rows != 61 {
			t.Errorf("%d were told", rows)
		}
	})
}
