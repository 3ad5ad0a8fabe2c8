package organisation_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage/storagetest"
)

// Rows 113, 118–120, 122–125, 288: a head registers his organisation, step by step.
func TestHeadWhomTheRegisterNamesOpensTheCabinet(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		w.register.put(company(p))
		token := w.personal(p)
		path := w.started(token, map[string]any{"requisites": map[string]any{"inn": "7801234564"}})
		draft := w.call(http.StatusOK, "PATCH", path, token, companyDraft(p))
		if got := encoded(draft["missing"]); got != `["email","check","authority"]` {
			t.Fatalf("missing %s", got)
		}
		w.refuse(http.StatusConflict, "registration_state", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
		checked := w.call(http.StatusOK, "POST", path+"/check", token, nil)
		if text(checked, "state") != "ready" || text(checked, "check", "result") != "match" ||
			text(checked, "check", "message") != "Данные совпали с реестром. Всё готово к созданию кабинета." || text(checked, "authority", "kind") != "head" {
			t.Fatalf("checked: %s", encoded(checked))
		}
		if got := text(checked, "draft", "requisites", "kpp"); got != "780101001" { // row 114: the register fills it in
			t.Errorf("КПП %q", got)
		}
		// Row 120: without a confirmed mailbox it cannot be finished.
		w.refuse(http.StatusConflict, "registration_incomplete", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
		w.contact(path, token, "email", "office@mayak.example")
		made := w.created(path, token)

		m, err := w.Directory.Membership(context.Background(), p.ID, made.ID)
		w.must(err)
		if m.Role != directory.Administrator || m.Position != "Генеральный директор" {
			t.Errorf("first member %s, %s", m.Role, m.Position)
		}
		profile, err := w.Directory.Profile(context.Background(), made.ID)
		w.must(err)
		if r := profile.Requisites(); r.Head.LastName != "Лебедева" || r.LegalForm != "12300" || made.Phone != "+78120001101" {
			t.Errorf("profile %+v, phone %s", r, made.Phone)
		}
		if e := w.entry(made.ID, "organisation.registered"); e.Actor != p.ID || e.Details["by"] != "head" {
			t.Errorf("journal %+v", e)
		}
		w.entry(made.ID, "organisation.activated")
		for _, to := range []string{"office@mayak.example", p.Email} {
			if got := w.subjects(to); !strings.Contains(got, "Личный кабинет организации "+made.Name+" создан") {
				t.Errorf("%s got %s", to, got)
			}
		}
		// It is done: no second cabinet from it.
		w.refuse(http.StatusConflict, "registration_state", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
		if list := w.call(http.StatusOK, "GET", "/v1/registrations", token, nil); !strings.Contains(encoded(list), `"state":"done"`) {
			t.Errorf("list %s", encoded(list))
		}
	})
}

// Whoever was head when he began is not so for ever.
func TestHeadWhoIsNoMoreDoesNotOpenTheCabinet(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, next := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Новикова", "Нина", "")
		w.register.put(company(p))
		path := w.started(w.personal(p), companyDraft(p))
		w.contact(path, w.personal(p), "email", "office@mayak.example")
		w.call(http.StatusOK, "POST", path+"/check", w.personal(p), nil)
		w.register.put(company(next))
		w.Clock.Advance(25 * time.Hour)
		token := w.personal(p)
		w.refuse(http.StatusConflict, "registration_incomplete", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
		if v := w.call(http.StatusOK, "GET", path, token, nil); encoded(v["missing"]) != `["check"]` {
			t.Errorf("missing %s", encoded(v["missing"]))
		}
		if v := w.call(http.StatusOK, "POST", path+"/check", token, nil); text(v, "state") != "draft" || v["authority"] != nil {
			t.Errorf("checked anew %s", encoded(v))
		}
	})
}

// Row 128: a sole proprietor, with consent and SMS.
func TestSoleProprietorRegistersHimself(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Морозова", "Елена", "Сергеевна")
		w.register.put(authority.Record{
			Kind: authority.Sole, INN: innOf[0], OGRN: "317784700123454", ExtractDate: "2026-10-19",
			FullName: "Морозова Елена Сергеевна", Person: &authority.Person{LastName: "Морозова", FirstName: "Елена", MiddleName: "Сергеевна"},
		})
		token := w.personal(p)
		path := w.started(token, map[string]any{
			"kind": "sole",
			"requisites": map[string]any{
				"inn": innOf[0], "ogrn": "317784700123454", "full_name": "Морозова Елена Сергеевна", "address": "Санкт-Петербург",
				"head": map[string]any{"last_name": "Морозова", "first_name": "Елена", "middle_name": "Сергеевна", "position": "Индивидуальный предприниматель"},
			},
			"contacts": map[string]any{"phone": "+79210001101", "email": "elena@ip.example"},
			"bank":     map[string]any{"accounts": []any{map[string]any{"account": "40802810700000012347", "bic": "044525225", "main": true}}},
		})
		checked := w.call(http.StatusOK, "POST", path+"/check", token, nil)
		if got := encoded(checked["missing"]); got != `["consent","email","phone"]` {
			t.Fatalf("missing %s: %s", got, encoded(checked))
		}
		w.call(http.StatusOK, "PATCH", path, token, map[string]any{"consent": true})
		w.contact(path, token, "email", "elena@ip.example")
		w.contact(path, token, "sms", "+79210001101")
		made := w.created(path, token)
		accounts, err := w.Directory.BankAccounts(context.Background(), made.ID)
		w.must(err)
		if made.Kind != directory.KindSole || len(accounts) != 1 || accounts[0].Account != "40802810700000012347" {
			t.Errorf("made %+v with %+v", made, accounts)
		}
		if e := w.entry(made.ID, "organisation.created"); e.Details["inn"] != "•••2238" {
			t.Errorf("the journal shows a personal number: %v", e.Details)
		}
	})
}

// Row 124: every field that differs is named with both values.
func TestMismatchNamesEveryFieldWithBothValues(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		w.register.put(company(p))
		token := w.personal(p)
		path := w.started(token, companyDraft(p))
		w.call(http.StatusOK, "PATCH", path, token, map[string]any{"requisites": map[string]any{
			"full_name": "Общество с ограниченной ответственностью «Южный маяк»", "address": "Москва, ул. Новая, д. 7",
			"kpp": "780101002", "ogrn": "1027700132195", "head": map[string]any{"first_name": "Ольга", "position": "Директор"},
		}})
		checked := w.call(http.StatusOK, "POST", path+"/check", token, nil)
		if text(checked, "state") != "draft" || text(checked, "check", "result") != "mismatch" {
			t.Fatalf("checked: %s", encoded(checked))
		}
		var got []string
		for _, one := range checked["check"].(map[string]any)["differences"].([]any) {
			d := one.(map[string]any)
			got = append(got, d["field"].(string)+": "+d["entered"].(string)+" / "+d["registered"].(string))
		}
		want := []string{
			"ogrn: 1027700132195 / 1027800123450",
			"kpp: 780101002 / 780101001",
			"full_name: Общество с ограниченной ответственностью «Южный маяк» / ОБЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ \"СЕВЕРНЫЙ МАЯК\"",
			"address: Москва, ул. Новая, д. 7 / 199034, ГОРОД САНКТ-ПЕТЕРБУРГ, НАБЕРЕЖНАЯ ЛЕЙТЕНАНТА ШМИДТА, ДОМ 7",
			"head/first_name: Ольга / Ирина",
			"head/position: Директор / ГЕНЕРАЛЬНЫЙ ДИРЕКТОР",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("differences:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if e := w.entry("", "registration.checked"); e.Details["fields"] != "ogrn kpp full_name address head/first_name head/position" || strings.Contains(encoded(e.Details), "Ольга") {
			t.Errorf("journal %v", e.Details)
		}
		w.refuse(http.StatusConflict, "registration_state", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
	})
}

// Row 123, and decision 10 of what a stranger may learn: the reasons, each.
func TestUnknownInactiveAndTakenOrganisationsAreRefused(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		token := w.personal(p)
		path := w.started(token, companyDraft(p))
		w.refuse(http.StatusConflict, "organization_unknown", "POST", path+"/check", token, nil)
		if e := w.entry("", "registration.checked"); e.Outcome != "refused" || e.Details["reason"] != "organization_unknown" {
			t.Errorf("journal %+v", e)
		}
		dead := company(p)
		dead.Termination = &authority.Termination{Date: "2025-02-01", Method: "Прекращение деятельности в связи с ликвидацией"}
		w.register.put(dead)
		reply := w.refuse(http.StatusConflict, "organization_inactive", "POST", path+"/check", token, nil)
		if !strings.Contains(reply.Problem(t).Detail, "в связи с ликвидацией") {
			t.Errorf("the reason is not said: %s", reply.Text)
		}
		w.register.put(company(p))
		w.register.fail(errors.New("no route to host"))
		w.refuse(http.StatusServiceUnavailable, "organization_registry_unavailable", "POST", path+"/check", token, nil)
		w.register.fail(nil)
		w.call(http.StatusOK, "POST", path+"/check", token, nil)
		w.contact(path, token, "email", "office@mayak.example")
		w.created(path, token)
		// The head is told that it is taken …
		again := w.started(token, companyDraft(p))
		w.refuse(http.StatusConflict, "organization_taken", "POST", again+"/check", token, nil)
		// … a stranger learns no more than before there was a cabinet.
		stranger := w.confirmed(1, "Чужой", "Пётр", "")
		theirs := w.personal(stranger)
		path = w.started(theirs, companyDraft(p))
		if checked := w.call(http.StatusOK, "POST", path+"/check", theirs, nil); checked["authority"] != nil {
			t.Errorf("a stranger has authority: %s", encoded(checked))
		}
	})
}

// A ready registration of one of two heads does not open a second cabinet.
func TestOfTwoRegistrationsOfOneOrganisationOneBecomesTheCabinet(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		w.register.put(company(p))
		token := w.personal(p)
		var paths []string
		for range 2 {
			path := w.started(token, companyDraft(p))
			w.call(http.StatusOK, "POST", path+"/check", token, nil)
			w.contact(path, token, "email", "office@mayak.example")
			paths = append(paths, path)
		}
		w.created(paths[0], token)
		w.refuse(http.StatusConflict, "organization_taken", "POST", "/v1/organizations", token, map[string]string{"registration_id": paths[1][18:]})
	})
}

// Decision: a name is anybody's of that name. Without the register's number to
// match, it leads to operators, not into the cabinet.
func TestNamesakeOfTheHeadDoesNotOpenTheCabinet(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		namesake := w.confirmed(1, "Лебедева", "Ирина", "Павловна")
		nameless := company(head)
		nameless.Heads[0].Person.INN = ""
		for name, record := range map[string]authority.Record{"another ИНН": company(head), "no ИНН in the register": nameless} {
			w.register.put(record)
			token := w.personal(namesake)
			path := w.started(token, companyDraft(head))
			w.contact(path, token, "email", "office@mayak.example")
			w.call(http.StatusOK, "POST", path+"/check", token, nil)
			w.refuse(http.StatusForbidden, "authority_missing", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
			if e := w.entry("", "registration.created"); e.Outcome != "refused" || e.Actor != namesake.ID {
				t.Errorf("%s: journal %+v", name, e)
			}
			w.call(http.StatusNoContent, "DELETE", path, token, nil)
		}
	})
}

func TestDisqualifiedHeadDoesNotOpenTheCabinet(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		record := company(p)
		record.Heads[0].DisqualifiedUntil = authority.Date(w.Clock.Now().AddDate(1, 0, 0).Format("2006-01-02"))
		w.register.put(record)
		token := w.personal(p)
		path := w.started(token, companyDraft(p))
		if checked := w.call(http.StatusOK, "POST", path+"/check", token, nil); checked["authority"] != nil {
			t.Errorf("authority %s", encoded(checked["authority"]))
		}
	})
}

// Rows 115, 297: the organisation's qualified certificate, in its owner's hands.
func TestOrganisationsCertificateOpensTheCabinetForItsOwnerOnly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, clerk := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Соколов", "Андрей", "Викторович")
		w.register.put(company(head))
		token := w.personal(clerk)
		path := w.started(token, companyDraft(head))
		w.contact(path, token, "email", "office@mayak.example")
		what := text(w.call(http.StatusOK, "POST", path+"/check", token, nil), "text_to_sign")
		if !strings.Contains(what, "7801234564") || !strings.Contains(what, "Соколов Андрей Викторович") {
			t.Fatalf("text %q", what)
		}
		of := func(s signature.Subject) map[string]string { return map[string]string{"signature": w.sign(s, what)} }
		organisation := signature.Subject{Kind: signature.KindOrganisation, CommonName: "ООО «Северный маяк»", INNLE: "7801234564", OGRN: "1027800123450",
			Organisation: "ООО «Северный маяк»", LastName: "Соколов", GivenNames: "Андрей Викторович"}
		his := organisation
		his.SNILS, his.INN = clerk.SNILS, clerk.INN
		heads := organisation
		heads.SNILS, heads.INN = head.SNILS, head.INN
		elsewhere := his
		elsewhere.INNLE, elsewhere.OGRN = "7707083893", "1027700132195"
		employee := signature.Subject{Kind: signature.KindPerson, CommonName: "Соколов", SNILS: clerk.SNILS, INN: clerk.INN}
		w.refuse(http.StatusUnprocessableEntity, "organization_signature_person", "POST", path+"/signature", token, of(heads))
		w.refuse(http.StatusUnprocessableEntity, "organization_signature_other", "POST", path+"/signature", token, of(elsewhere))
		w.refuse(http.StatusUnprocessableEntity, "organization_signature_other", "POST", path+"/signature", token, of(employee))
		refused := w.refuse(http.StatusUnprocessableEntity, "organization_signature_refused", "POST", path+"/signature", token,
			map[string]string{"signature": w.sign(his, what+" and more")})
		if refused.Problem(t).Detail == "" {
			t.Error("the failed checks are not said")
		}
		signed := w.call(http.StatusOK, "POST", path+"/signature", token, of(his))
		if text(signed, "authority", "kind") != "signature" {
			t.Fatalf("signed: %s", encoded(signed))
		}
		// A change of what was signed voids the signature.
		changed := w.call(http.StatusOK, "PATCH", path, token, map[string]any{"requisites": map[string]any{"name": "Маяк"}})
		if changed["authority"] != nil || text(changed, "state") != "draft" {
			t.Fatalf("changed: %s", encoded(changed))
		}
		w.call(http.StatusOK, "PATCH", path, token, map[string]any{"requisites": map[string]any{"name": nil}})
		w.call(http.StatusOK, "POST", path+"/signature", token, of(his))
		w.call(http.StatusOK, "POST", path+"/check", token, nil)
		// Neither the signature nor the register's word opens a cabinet for ever: the
		// certificate may be revoked meanwhile, the organisation may end.
		w.Clock.Advance(25 * time.Hour)
		token = w.personal(clerk)
		w.refuse(http.StatusConflict, "registration_incomplete", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
		if v := w.call(http.StatusOK, "POST", path+"/check", token, nil); encoded(v["missing"]) != `["authority"]` {
			t.Errorf("missing %s", encoded(v["missing"]))
		}
		w.refuse(http.StatusForbidden, "authority_missing", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
		w.call(http.StatusOK, "POST", path+"/signature", token, of(his))
		if made := w.created(path, token); w.entry(made.ID, "organisation.registered").Details["by"] != "signature" {
			t.Error("the journal does not say by what")
		}
	})
}

// Row 112, A3: registering takes a confirmed identity.
func TestUnconfirmedPersonRegistersNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		token := w.personal(w.Person("Somebody"))
		for _, kind := range []string{"legal", "sole"} {
			w.refuse(http.StatusForbidden, "identity_unconfirmed", "POST", "/v1/registrations", token, map[string]string{"kind": kind})
		}
	})
}

// Rows 118, 119, 121: the exact checks, in the words of the row, at once.
func TestFieldsAreCheckedAsTheyAreTyped(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		token := w.personal(w.confirmed(0, "Лебедева", "Ирина", "Павловна"))
		path := w.started(token, map[string]any{})
		for _, test := range []struct{ part, field, value, code, words string }{
			{"requisites", "inn", "7801 234564", "number_digits", "ИНН состоит только из цифр, без пробелов."},
			{"requisites", "inn", "780123456", "number_length", "В ИНН организации 10 цифр, предпринимателя — 12."},
			{"requisites", "inn", "7801234565", "number_checksum", "Контрольная цифра ИНН не сходится: проверьте номер."},
			{"requisites", "ogrn", "1027800123451", "number_checksum", "Контрольная цифра ОГРН не сходится: проверьте номер."},
			{"requisites", "kpp", "78010100", "number_length", "В КПП 9 знаков."},
			{"requisites", "legal_form", "50102", "not_allowed", "Эта форма не подходит к виду организации."},
			{"contacts", "phone", "000-11-01", "phone_region", "Укажите номер с кодом города или оператора: +7 812 000-11-01."},
			{"contacts", "phone", "+7812000110a", "phone_characters", "В номере телефона лишние знаки."},
			{"contacts", "email", "office", "invalid", "Недопустимое значение."},
			{"activities", "main", "62", "okved_incomplete", "Укажите код ОКВЭД-2 полностью, не меньше четырёх цифр: 62.01."},
			{"activities", "main", "04.11", "invalid", "Недопустимое значение."},
		} {
			reply := w.refuse(http.StatusUnprocessableEntity, "validation_failed", "PATCH", path, token,
				map[string]any{test.part: map[string]any{test.field: test.value}})
			errs := reply.Problem(t).Errors
			if len(errs) != 1 || errs[0].Pointer != "/"+test.part+"/"+test.field || errs[0].Code != test.code || errs[0].Detail != test.words {
				t.Errorf("%s %s: %+v", test.field, test.value, errs)
			}
		}
		account := func(number, bic string) map[string]any {
			return map[string]any{"bank": map[string]any{"accounts": []any{map[string]any{"account": number, "bic": bic, "main": true}}}}
		}
		reply := w.refuse(http.StatusUnprocessableEntity, "validation_failed", "PATCH", path, token, account("40702810138250123018", "044525225"))
		if got := w.faults(reply); got != "/bank/accounts/0/account account_bic" {
			t.Errorf("account: %s", got)
		}
		w.call(http.StatusOK, "PATCH", path, token, account("40702810138250123017", "044525225"))
		reply = w.refuse(http.StatusUnprocessableEntity, "validation_failed", "PATCH", path, token,
			`{"requisites":{"INN":"7801234564","head":{"nickname":"x"}},"contacts":{"phone":7},"bank":{"accounts":{}},"consent":"yes"}`)
		for _, want := range []string{"/requisites/INN unknown", "/requisites/head/nickname unknown", "/contacts/phone type", "/bank/accounts type", "/consent type"} {
			if got := w.faults(reply); !strings.Contains(got, want) {
				t.Errorf("%s is not in %s", want, got)
			}
		}
	})
}

// A draft survives: what was saved is there later, and two editors do not
// overwrite each other unseen.
func TestDraftIsKeptStepByStep(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		token := w.personal(p)
		path := w.started(token, map[string]any{"requisites": map[string]any{"inn": "7801234564"}})
		first := w.Do("GET", path, token, nil)
		w.call(http.StatusOK, "PATCH", path, token, map[string]any{"contacts": map[string]any{"email": "office@mayak.example"}}, "If-Match", first.Header.Get("ETag"))
		w.refuse(http.StatusPreconditionFailed, "version_changed", "PATCH", path, token,
			map[string]any{"contacts": map[string]any{"email": "late@mayak.example"}}, "If-Match", first.Header.Get("ETag"))
		w.Clock.Advance(170 * 24 * 3600 * 1e9)
		w.must(w.room.Sweep(context.Background()))
		token = w.personal(p)
		kept := w.call(http.StatusOK, "GET", path, token, nil)
		if text(kept, "draft", "requisites", "inn") != "7801234564" || text(kept, "draft", "contacts", "email") != "office@mayak.example" {
			t.Errorf("kept %s", encoded(kept))
		}
		w.Clock.Advance(11 * 24 * 3600 * 1e9) // nobody has touched it for half a year
		w.must(w.room.Sweep(context.Background()))
		if state := text(w.call(http.StatusOK, "GET", path, w.personal(p), nil), "state"); state != "withdrawn" {
			t.Errorf("state %s", state)
		}
	})
}

// A ready draft is forgotten as any other.
func TestAReadyDraftAges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
	w.register.put(company(p))
	path := w.started(w.personal(p), companyDraft(p))
	if v := w.call(http.StatusOK, "POST", path+"/check", w.personal(p), nil); text(v, "state") != "ready" {
		t.Fatalf("checked: %s", encoded(v))
	}
	w.Clock.Advance(181 * 24 * time.Hour)
	w.must(w.room.Sweep(context.Background()))
	if state := text(w.call(http.StatusOK, "GET", path, w.personal(p), nil), "state"); state != "withdrawn" {
		t.Errorf("state %s", state)
	}
}

// A registration is its applicant's alone.
func TestAnothersRegistrationIsNotFound(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		mine, theirs := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Чужой", "Пётр", "")
		path := w.started(w.personal(mine), companyDraft(mine))
		token := w.personal(theirs)
		for _, request := range [][2]string{
			{"GET", path}, {"PATCH", path}, {"DELETE", path}, {"POST", path + "/check"}, {"POST", path + "/moderation"},
			{"POST", path + "/codes"}, {"POST", path + "/confirm"}, {"POST", path + "/signature"},
		} {
			w.refuse(http.StatusNotFound, "not_found", request[0], request[1], token, map[string]any{})
		}
		w.refuse(http.StatusNotFound, "not_found", "POST", "/v1/organizations", token, map[string]string{"registration_id": path[18:]})
	})
}

// The proof of a mailbox is of that very mailbox.
func TestChangedMailboxIsConfirmedAnew(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		token := w.personal(p)
		path := w.started(token, companyDraft(p))
		w.call(http.StatusAccepted, "POST", path+"/codes", token, map[string]string{"channel": "email"})
		code := w.code("office@mayak.example")
		w.call(http.StatusOK, "PATCH", path, token, map[string]any{"contacts": map[string]any{"email": "new@mayak.example"}})
		w.refuse(http.StatusForbidden, "confirmation_over", "POST", path+"/confirm", token, map[string]string{"channel": "email", "code": code})
		w.contact(path, token, "email", "new@mayak.example")
		changed := w.call(http.StatusOK, "PATCH", path, token, map[string]any{"contacts": map[string]any{"email": "third@mayak.example"}})
		if changed["email_confirmed"] != false {
			t.Error("the new mailbox counts as confirmed")
		}
	})
}

func TestDraftsOfOnePersonAreBounded(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		token := w.personal(w.confirmed(0, "Лебедева", "Ирина", "Павловна"))
		for range 10 {
			w.started(token, map[string]any{})
		}
		w.refuse(http.StatusConflict, "registrations_too_many", "POST", "/v1/registrations", token, map[string]string{"kind": "legal"})
		first := w.call(http.StatusOK, "GET", "/v1/registrations?limit=7", token, nil)
		rest := w.call(http.StatusOK, "GET", "/v1/registrations?limit=7&after="+text(first, "next"), token, nil)
		if a, b := len(first["registrations"].([]any)), len(rest["registrations"].([]any)); a != 7 || b != 3 || text(rest, "next") != "" {
			t.Errorf("pages of %d and %d", a, b)
		}
	})
}
