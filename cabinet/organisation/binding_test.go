package organisation_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// variable are the parts of an answer that no two answers share.
var variable = regexp.MustCompile(`"(id|resend_after|expires_at|instance)":"[^"]*"`)

func (w *world) bind(token, inn, access, channel string) (path string, reply cabinettest.Reply) {
	w.t.Helper()
	reply = w.Expect(w.Do("POST", "/v1/bindings", token, map[string]string{"inn": inn, "access": access, "channel": channel}), http.StatusCreated, "")
	var v map[string]any
	reply.Into(w.t, &v)
	return "/v1/bindings/" + v["id"].(string), reply
}

// Row 127: who is not listed learns nothing, by no step and no number, about
// whether there is such an organisation.
func TestBindingTellsAStrangerNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, stranger := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Чужой", "Пётр", "")
		o := w.Office("Alpha")
		w.registered(o, head)
		token := w.personal(stranger)
		steps := func(inn string) (trace []string) {
			path, reply := w.bind(token, inn, "administrator", "sms")
			note := func(reply cabinettest.Reply) {
				seen := variable.ReplaceAllString(strings.ReplaceAll(reply.Text, inn, "ИНН"), `"$1":""`)
				trace = append(trace, reply.Status+" "+seen+" "+reply.Header.Get("Retry-After"))
			}
			note(reply)
			w.Work()
			note(w.Do("GET", path, token, nil))
			note(w.Do("POST", path+"/codes", token, nil))
			for range 6 {
				note(w.Do("POST", path+"/confirm", token, map[string]string{"code": "123456"}))
			}
			w.Clock.Advance(time.Minute)
			token = w.personal(stranger)
			note(w.Do("POST", path+"/codes", token, nil))
			w.Work()
			note(w.Do("POST", path+"/confirm", token, map[string]string{"code": "123456"}))
			w.Clock.Advance(time.Hour)
			token = w.personal(stranger)
			note(w.Do("GET", path, token, nil))
			note(w.Do("POST", path+"/confirm", token, map[string]string{"code": "123456"}))
			return trace
		}
		here, nowhere := steps(o.INN), steps("7707083893")
		for i := range here {
			if here[i] != nowhere[i] {
				t.Errorf("step %d tells them apart:\n%s\n%s", i, here[i], nowhere[i])
			}
		}
		if got := w.Sent(o.Phone); len(got) != 0 {
			t.Errorf("the organisation got %v", got)
		}
		entries, err := w.Journal.List(context.Background(), journal.Filter{Organisation: o.ID, Limit: 100})
		w.must(err)
		for _, e := range entries {
			if strings.HasPrefix(e.Action, "binding") {
				t.Errorf("the organisation's journal has %+v", e)
			}
		}
	})
}

// The head, a founder, an invited person: what each becomes.
func TestListedPersonBindsByTheOfficialContact(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, founder := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Соколов", "Андрей", "Викторович")
		invited := w.confirmed(2, "Белова", "Мария", "")
		o := w.Office("Alpha")
		record := w.registered(o, head)
		named := person(founder)
		record.Founders = []authority.Founder{{Kind: authority.FounderPerson, Person: &named}}
		w.register.put(record)
		_, err := w.Directory.Invite(context.Background(), directory.System(), o.ID, directory.Invitation{
			LastName: "Белова", FirstName: "Мария", Email: invited.Email, Role: directory.Accountant, Position: "Бухгалтер",
		})
		w.must(err)
		for _, test := range []struct {
			who             directory.Person
			access, channel string
			role            directory.Role
			position        string
			contact         string
		}{
			{head, "employee", "email", directory.Head, "", "office.alpha@example.ru"},
			{founder, "administrator", "sms", directory.Administrator, "", "+74951234567"},
			{invited, "employee", "email", directory.Accountant, "Бухгалтер", "office.alpha@example.ru"},
		} {
			token := w.personal(test.who)
			path, reply := w.bind(token, o.INN, test.access, test.channel)
			w.Work()
			message := w.Sent(test.contact)[0]
			if !strings.Contains(message.Text, test.who.FullName()) || message.Code == "" {
				t.Fatalf("message %+v", message)
			}
			if strings.Contains(reply.Text, "office") || strings.Contains(reply.Text, "4567") {
				t.Errorf("the contact is shown: %s", reply.Text)
			}
			w.refuse(http.StatusForbidden, "confirmation_wrong", "POST", path+"/confirm", token, map[string]string{"code": other(message.Code)})
			bound := w.call(http.StatusOK, "POST", path+"/confirm", token, map[string]string{"code": message.Code})
			m, err := w.Directory.Membership(context.Background(), test.who.ID, o.ID)
			w.must(err)
			if text(bound, "state") != "bound" || m.Role != test.role || m.Position != test.position {
				t.Errorf("%s became %s %q: %s", test.who.LastName, m.Role, m.Position, encoded(bound))
			}
			if e := w.entry(o.ID, "binding.bound"); e.Actor != test.who.ID || e.Details["role"] != string(test.role) {
				t.Errorf("journal %+v", e)
			}
			w.refuse(http.StatusConflict, "binding_over", "POST", path+"/confirm", token, map[string]string{"code": message.Code})
		}
		if _, err := w.Directory.PendingInvitation(context.Background(), o.ID, invited); err == nil {
			t.Error("the invitation is not spent")
		}
		if got := strings.Join(w.told(), " "); strings.Count(got, "organization.member_bound") != 3 {
			t.Errorf("told %s", got)
		}
	})
}

// A founder, or a head, whom the register gives by name alone is anybody of that name.
func TestNameAloneBindsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	head, founder := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Соколов", "Андрей", "Викторович")
	o := w.Office("Alpha")
	record := w.registered(o, head)
	nameless, named := person(head), person(founder)
	nameless.INN, named.INN = "", ""
	record.Heads[0].Person = nameless
	record.Founders = []authority.Founder{{Kind: authority.FounderPerson, Person: &named}}
	w.register.put(record)
	for _, p := range []directory.Person{head, founder} {
		for _, access := range []string{"administrator", "employee"} {
			path, _ := w.bind(w.personal(p), o.INN, access, "email")
			w.Work()
			w.refuse(http.StatusForbidden, "confirmation_wrong", "POST", path+"/confirm", w.personal(p), map[string]string{"code": "123456"})
		}
	}
	for _, m := range w.Sent(o.Email) {
		if m.Code != "" {
			t.Errorf("a code went out: %s", m.Text)
		}
	}
}

// An invitation as an accountant is no way to become an administrator.
func TestInvitedPersonBindsWithNoMoreThanTheInvitation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, invited := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Белова", "Мария", "")
		o := w.Office("Alpha")
		w.registered(o, head)
		_, err := w.Directory.Invite(context.Background(), directory.System(), o.ID, directory.Invitation{
			LastName: "Белова", FirstName: "Мария", Email: invited.Email, Role: directory.Accountant,
		})
		w.must(err)
		w.bind(w.personal(invited), o.INN, "administrator", "email")
		w.Work()
		for _, m := range w.Sent("office.alpha@example.ru") {
			if m.Code != "" {
				t.Errorf("a code went out: %s", m.Text)
			}
		}
	})
}

// A code is for one person and one binding.
func TestBindingCodeFitsNoOtherBinding(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, founder := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Соколов", "Андрей", "Викторович")
		o := w.Office("Alpha")
		record := w.registered(o, head)
		named := person(founder)
		record.Founders = []authority.Founder{{Kind: authority.FounderPerson, Person: &named}}
		w.register.put(record)
		path, _ := w.bind(w.personal(founder), o.INN, "administrator", "email")
		w.Work()
		code := w.code("office.alpha@example.ru")
		theirs, _ := w.bind(w.personal(head), o.INN, "administrator", "email")
		w.refuse(http.StatusForbidden, "confirmation_wrong", "POST", theirs+"/confirm", w.personal(head), map[string]string{"code": code})
		w.refuse(http.StatusNotFound, "not_found", "POST", path+"/confirm", w.personal(head), map[string]string{"code": code})
		w.refuse(http.StatusNotFound, "not_found", "GET", path, w.personal(head), nil)
	})
}

func TestBindingsAndTheirCodesAreBounded(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		o := w.Office("Alpha")
		w.registered(o, head)
		token := w.personal(head)
		path, _ := w.bind(token, o.INN, "employee", "email")
		w.Work()
		code := w.code("office.alpha@example.ru")
		for range 5 {
			w.refuse(http.StatusForbidden, "confirmation_wrong", "POST", path+"/confirm", token, map[string]string{"code": other(code)})
		}
		w.refuse(http.StatusForbidden, "confirmation_over", "POST", path+"/confirm", token, map[string]string{"code": code})
		reply := w.refuse(http.StatusTooManyRequests, "confirmation_too_soon", "POST", path+"/codes", token, nil)
		if reply.Header.Get("Retry-After") != "60" {
			t.Errorf("Retry-After %s", reply.Header.Get("Retry-After"))
		}
		for range 4 {
			w.Clock.Advance(time.Minute)
			w.call(http.StatusAccepted, "POST", path+"/codes", token, nil)
		}
		w.Clock.Advance(time.Minute)
		w.refuse(http.StatusTooManyRequests, "confirmation_limit", "POST", path+"/codes", token, nil)
		for range 4 {
			w.bind(token, "7707083893", "employee", "email")
		}
		w.refuse(http.StatusTooManyRequests, "bindings_too_many", "POST", "/v1/bindings", token,
			map[string]string{"inn": o.INN, "access": "employee", "channel": "email"})
	})
}

func TestBindingFieldsAreChecked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		reply := w.refuse(http.StatusUnprocessableEntity, "validation_failed", "POST", "/v1/bindings", w.personal(w.Person("Somebody")),
			map[string]string{"inn": "7801234565", "access": "owner", "channel": "pigeon"})
		if got := w.faults(reply); got != "/inn number_checksum, /access invalid, /channel invalid" {
			t.Errorf("faults %s", got)
		}
	})
}
