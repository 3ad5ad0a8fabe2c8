package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
)

func TestEveryRouteKeepsOrganisationsApart(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		made := map[string]fixture{}
		aim := func(route api.Route, o *cabinettest.Office) (string, any, []string) {
			if !strings.Contains(route.Path, "{id}") {
				if route.Method != "POST" {
					return route.Path, nil, nil
				}
				h.clear(o, made[o.ID].webhook)
				return route.Path, map[string]any{"url": r.URL}, nil // what it names would be answered
			}
			f, ok := made[o.ID]
			if !ok || route.Method == "DELETE" {
				f = h.fixture(o, r.URL)
				made[o.ID] = f
			}
			h.deliveredAll(f)
			path := strings.NewReplacer("{id}", f.webhook, "{delivery}", f.delivery).Replace(route.Path)
			switch {
			case strings.HasSuffix(path, "/secret"):
				return path, `{}`, nil
			case strings.HasSuffix(route.Path, "{id}/replay"):
				return path, map[string]any{"from": "2020-01-01T00:00:00Z"}, nil
			case route.Method == "PATCH":
				return path, map[string]any{"description": o.Tag}, nil
			}
			return path, nil, nil
		}
		cabinettest.Isolation(t, h.World, h.room, aim, nil)
	})
}

// fixture is a webhook of an office, with a delivery.
type fixture struct{ webhook, delivery string }

func (h house) fixture(o *cabinettest.Office, url string) fixture {
	h.t.Helper()
	h.clear(o, "")
	made := h.register(o, url+"/"+o.Tag)
	h.tell(o)
	return fixture{made.ID, h.settled(o, made.ID, 1).ID}
}

// deliveredAll waits until nothing waits for the webhook.
func (h house) deliveredAll(f fixture) {
	h.t.Helper()
	h.until("all is delivered", func() bool {
		var left int
		h.must(h.DB.Get(h.t.Context(), &left, `SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'waiting'`, f.webhook))
		return left == 0
	})
}

// clear removes the office's webhooks but one: there may be twenty.
func (h house) clear(o *cabinettest.Office, but string) {
	h.t.Helper()
	_, err := h.DB.Exec(h.t.Context(), `DELETE FROM webhooks WHERE organisation_id = $1 AND id <> $2`, o.ID, but)
	h.must(err)
}

func TestNoWebhookHearsOfAnotherOrganisation(t *testing.T) {
	each(t, func(h house) {
		ra, rb := receive(t, nil), receive(t, nil)
		a, b := h.Office("Alpha"), h.Office("Beta")
		ha, hb := h.register(a, ra.URL), h.register(b, rb.URL)
		h.tell(a)
		h.settled(a, ha.ID, 1)
		h.tell(b)
		h.settled(b, hb.ID, 1)
		if got := ra.requests(); len(got) != 1 || strings.Contains(got[0].body, "Beta") || !strings.Contains(got[0].body, "Alpha") {
			t.Errorf("%+v", got)
		}
		if got := rb.requests(); len(got) != 1 || !strings.Contains(got[0].body, "Beta") {
			t.Errorf("%+v", got)
		}
	})
}

// Who may not read filings does not learn of them by a webhook either.
func TestAWebhookShowsNoMoreThanItsOwnerMayLearn(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		robot := h.Service(o, directory.ClientsRead, directory.ClientsWrite, directory.RequestsRead)
		reply := h.Do("POST", "/v1/webhooks", robot, map[string]any{"url": r.URL, "types": []string{"appeal.replied", "filing.accepted"}})
		h.Expect(reply, 422, "validation_failed")
		if p := reply.Problem(t); p.Errors[0].Pointer != "/types/1" || p.Errors[0].Code != "not_allowed" {
			t.Errorf("%+v", p)
		}
		// Nor does an application hear what its person may read and it may not.
		app := cabinettest.Sign(t, cabinettest.But(h.Claims(o, o.Members[directory.Administrator]), map[string]any{"scope": "clients:write requests:read"}))
		h.Expect(h.Do("POST", "/v1/webhooks", app, map[string]any{"url": r.URL, "types": []string{"filing.accepted"}}), 422, "validation_failed")
		var made hook
		h.Expect(h.Do("POST", "/v1/webhooks", robot, map[string]any{"url": r.URL}), 201, "").Into(t, &made) // all it may
		h.tell(o)
		h.tell(o, func(e *notice.Event) {
			e.Type, e.Category, e.Permission = "appeal.replied", notice.Appeal, directory.RequestsRead
		})
		h.settled(o, made.ID, 1)
		if list := h.deliveries(o, made.ID, ""); len(list) != 1 || list[0].Type != "appeal.replied" {
			t.Errorf("%+v", list)
		}
		// Nor by turning the administrator's webhook to an address of its own.
		all := h.register(o, r.URL+"/all?key=receiver")
		h.tell(o)
		d := h.settled(o, all.ID, 1)
		var seen deliveryView
		h.Expect(h.Do("GET", "/v1/webhooks/"+all.ID+"/deliveries/"+d.ID, robot, nil), 200, "").Into(t, &seen)
		if string(seen.Body) != "" || len(seen.Log) != 1 || len(d.Body) == 0 {
			t.Errorf("the log shows %s", seen.Body)
		}
		h.Expect(h.Do("PATCH", "/v1/webhooks/"+all.ID, robot, map[string]any{"url": r.URL + "/mine"}), 200, "")
		h.tell(o)
		if list := h.deliveries(o, all.ID, ""); len(list) != 1 {
			t.Errorf("a filing goes to whoever may not read filings: %+v", list)
		}
		var details []string
		h.must(h.DB.Select(t.Context(), &details, `SELECT details FROM journal WHERE organisation = $1`, o.ID))
		if strings.Contains(strings.Join(details, " "), "key=receiver") {
			t.Error("the journal has the receiver's key")
		}
	})
}

func TestEventsOfPersonsAreNotForPrograms(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		made := h.register(o, r.URL)
		h.tell(o, func(e *notice.Event) { e.Persons = []string{o.Admin.ID} })
		h.tell(o, func(e *notice.Event) {
			e.Type, e.Category, e.OrganisationID, e.Permission, e.Persons = "security.account_locked", notice.Security, "", "", []string{o.Admin.ID}
		})
		if list := h.deliveries(o, made.ID, ""); len(list) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

func TestAWebhookIsChangedAndRemoved(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		token := h.admin(o)
		made := h.register(o, r.URL, "filing.accepted")
		path := "/v1/webhooks/" + made.ID
		got := h.Expect(h.Do("GET", path, token, nil), 200, "")
		tag := got.Header.Get("ETag")
		h.Expect(h.Do("PATCH", path, token, map[string]any{"program": "1С:Бухгалтерия", "types": []string{"filing.refused"}}, "If-Match", tag), 200, "")
		h.Expect(h.Do("PATCH", path, token, map[string]any{"program": "SAP"}, "If-Match", tag), 412, "version_changed")
		now := h.read(o, made.ID)
		if now.Program != "1С:Бухгалтерия" || len(now.Types) != 1 || now.Types[0] != "filing.refused" || now.URL != r.URL {
			t.Errorf("%+v", now)
		}
		for pointer, body := range map[string]map[string]any{
			"/url": {"url": "ftp://x.example"}, "/state": {"state": "disabled"}, "/types/0": {"types": []string{"x.y"}},
			"/types/1": {"types": []string{"filing.accepted", "filing.accepted"}}, "/description": {"description": strings.Repeat("я", 201)},
			"/secret": {"secret": "whsec_x"},
		} {
			p := h.Expect(h.Do("PATCH", path, token, body), 422, "validation_failed").Problem(t)
			if p.Errors[0].Pointer != pointer {
				t.Errorf("%v: %+v", body, p.Errors)
			}
		}
		if list := now.Actions; len(list) != 5 || !list[0].Allowed {
			t.Errorf("%+v", list)
		}
		h.Expect(h.Do("DELETE", path, token, nil, "If-Match", tag), 412, "version_changed")
		h.Expect(h.Do("DELETE", path, token, nil), 204, "")
		h.Expect(h.Do("GET", path, token, nil), 404, "not_found")
		h.Expect(h.Do("POST", "/v1/webhooks", token, map[string]any{"description": "x"}), 422, "validation_failed")
		for range 20 {
			h.register(o, r.URL)
		}
		h.Expect(h.Do("POST", "/v1/webhooks", token, map[string]any{"url": r.URL}), 409, "webhooks_exhausted")
		var list struct{ Webhooks []hook }
		if h.Expect(h.Do("GET", "/v1/webhooks", token, nil), 200, "").Into(t, &list); len(list.Webhooks) != 20 {
			t.Errorf("%d webhooks", len(list.Webhooks))
		}
		var actions []string
		h.must(h.DB.Select(t.Context(), &actions, `SELECT action FROM journal WHERE organisation = $1 AND action LIKE 'webhook%' ORDER BY seq LIMIT 3`, o.ID))
		if strings.Join(actions, " ") != "webhook.created webhook.changed webhook.removed" {
			t.Error(actions)
		}
	})
}

// A request repeated with its key makes one webhook and answers one secret.
func TestARepeatedRegistrationIsOneWebhook(t *testing.T) {
	each(t, func(h house) {
		r := receive(t, nil)
		o := h.Office("Alpha")
		token := h.admin(o)
		var secrets []string
		for range 2 {
			var made hook
			h.Expect(h.Do("POST", "/v1/webhooks", token, map[string]any{"url": r.URL}, "Idempotency-Key", "k-1"), 201, "").Into(t, &made)
			secrets = append(secrets, made.Secret)
		}
		var list struct{ Webhooks []hook }
		if h.Expect(h.Do("GET", "/v1/webhooks", token, nil), 200, "").Into(t, &list); len(list.Webhooks) != 1 || secrets[0] != secrets[1] || secrets[0] == "" {
			t.Errorf("%d webhooks, secrets %v", len(list.Webhooks), secrets)
		}
	})
}

func TestTheCatalogueHasAnExampleOfEach(t *testing.T) {
	each(t, func(h house) {
		var page struct {
			Events []struct {
				Type, Description string
				Example           struct {
					ID, Type string
					Data     json.RawMessage
				}
			}
		}
		reply := h.Expect(h.Do("GET", "/v1/webhook-events", h.admin(h.Office("Alpha")), nil, "Accept-Language", "en"), 200, "")
		reply.Into(t, &page)
		if len(page.Events) < 40 {
			t.Fatalf("%d types", len(page.Events))
		}
		for _, e := range page.Events {
			if e.Example.Type != e.Type || e.Description == "" || !strings.HasPrefix(e.Example.ID, "msg_") || e.Example.Data[0] != '{' {
				t.Errorf("%+v", e)
			}
			if notice.Mask(string(e.Example.Data)) != string(e.Example.Data) {
				t.Errorf("%s: the example has a number of a person", e.Type)
			}
		}
	})
}

func TestAnAddressInsideIsRefusedWhenItIsRegistered(t *testing.T) {
	each(t, func(h house) {
		o := h.Office("Alpha")
		for url, code := range map[string]string{
			"http://169.254.169.254/latest/meta-data/": "address_refused", "https://169.254.169.254/": "address_refused",
			"https://10.0.0.7/": "address_refused", "https://[::ffff:192.168.1.1]/": "address_refused", "https://[fd00::1]/": "address_refused",
			"http://hooks.example.ru/": "invalid", "javascript:alert(1)": "invalid", "https://user:pass@hooks.example.ru/": "invalid",
		} {
			p := h.Expect(h.Do("POST", "/v1/webhooks", h.admin(o), map[string]any{"url": url}), 422, "validation_failed").Problem(t)
			if p.Errors[0].Pointer != "/url" || p.Errors[0].Code != code {
				t.Errorf("%s: %+v", url, p.Errors)
			}
		}
	})
}
