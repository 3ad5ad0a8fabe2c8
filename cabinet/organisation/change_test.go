package organisation_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/signature"
)

const profilePath = "/v1/organization/profile/"

// propose asks for a change of a block and answers its path.
func (w *world) propose(token, block string, body any, headers ...string) string {
	w.t.Helper()
	return "/v1/organization/changes/" + text(w.call(http.StatusCreated, "PATCH", profilePath+block, token, body, headers...), "id")
}

// byCode confirms a change by a code to the person's phone.
func (w *world) byCode(path, token string, p directory.Person) map[string]any {
	w.t.Helper()
	w.call(http.StatusAccepted, "POST", path+"/codes", token, map[string]string{"channel": "sms"})
	return w.call(http.StatusOK, "POST", path+"/confirm", token, map[string]string{"code": w.code(p.Phone)})
}

var northern = map[string]any{"accounts": []any{
	map[string]any{"account": "40702810138250123017", "bic": "044525225", "bank": "ПАО Сбербанк", "correspondent_account": "30101810400000000225", "main": true},
}}

// Rows 131–133, 136: a block changes when its code is given, and not before; other
// rooms read it at once.
func TestChangeIsInForceOnceItsCodeIsGiven(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		token := w.token(o, directory.Head)
		head := o.Members[directory.Head].Person
		first := w.Do("GET", profilePath+"bank", token, nil)
		path := w.propose(token, "bank", northern, "If-Match", first.Header.Get("ETag"))
		if accounts, err := w.Directory.BankAccounts(context.Background(), o.ID); err != nil || len(accounts) != 0 {
			t.Fatalf("%v %v before the code", accounts, err)
		}
		applied := w.byCode(path, token, head)
		if text(applied, "state") != "applied" || text(applied, "confirmed_how") != "code" || text(applied, "authority", "by") != "membership" {
			t.Fatalf("applied %s", encoded(applied))
		}
		accounts, err := w.Directory.BankAccounts(context.Background(), o.ID)
		w.must(err)
		if len(accounts) != 1 || !accounts[0].Main || accounts[0].CorrespondentAccount != "30101810400000000225" {
			t.Errorf("accounts %+v", accounts)
		}
		e := w.entry(o.ID, "organisation.updated")
		if e.Actor != head.ID || e.Details["accounts/0/account"] != "— → •••3017" || e.Details["accounts/0/bic"] != "— → 044525225" {
			t.Errorf("journal %+v", e.Details)
		}
		if got := w.subjects(head.Email); !strings.Contains(got, "Данные организации изменены") { // row 135
			t.Errorf("%s got %s", head.Email, got)
		}
		if got := w.told(); len(got) == 0 || got[len(got)-1] != "organization.change_applied" {
			t.Errorf("told %v", got)
		}
		w.refuse(http.StatusConflict, "profile_change_state", "POST", path+"/confirm", token, map[string]string{"code": "123456"})
		w.refuse(http.StatusPreconditionFailed, "version_changed", "PATCH", profilePath+"bank", token, map[string]any{"accounts": []any{}}, "If-Match", first.Header.Get("ETag"))
		w.refuse(http.StatusConflict, "profile_change_empty", "PATCH", profilePath+"bank", token, northern)
	})
}

// A code is bound to the person, the change and what it would make of the block.
func TestChangeCodeFitsNoOtherChangeAndNobodyElse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		token, admin := w.token(o, directory.Head), w.token(o, directory.Administrator)
		head := o.Members[directory.Head].Person
		one, two := w.propose(token, "bank", northern), w.propose(token, "activities", map[string]any{"main": "62.01"})
		w.call(http.StatusAccepted, "POST", one+"/codes", token, map[string]string{"channel": "sms"})
		code := map[string]string{"code": w.code(head.Phone)}
		w.refuse(http.StatusForbidden, "confirmation_over", "POST", two+"/confirm", token, code)
		w.refuse(http.StatusForbidden, "confirmation_over", "POST", one+"/confirm", admin, code)
		w.Clock.Advance(5 * time.Minute)
		w.refuse(http.StatusForbidden, "confirmation_over", "POST", one+"/confirm", w.token(o, directory.Head), code)
		w.Clock.Advance(24 * time.Hour)
		w.must(w.room.Sweep(context.Background()))
		if got := text(w.call(http.StatusOK, "GET", one, w.token(o, directory.Head), nil), "state"); got != "expired" {
			t.Errorf("state %s", got)
		}
	})
}

// A23.10: a qualified signature over the change's own text.
func TestChangeIsConfirmedByAQualifiedSignatureOfTheOrganisationOrTheActor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head, directory.Accountant)
		token := w.token(o, directory.Head)
		show := func(path string) string { return text(w.call(http.StatusOK, "GET", path, token, nil), "text_to_sign") }
		confirm := func(path string, s signature.Subject, what string) cabinettest.Reply {
			return w.Do("POST", path+"/confirm", token, map[string]string{"signature": w.sign(s, what)})
		}
		mine := signature.Subject{Kind: signature.KindOrganisation, CommonName: "ООО Alpha", INNLE: o.INN, OGRN: o.OGRN}
		theirs := mine
		theirs.INNLE, theirs.OGRN = "7707083893", "1027700132195"
		one, two := w.propose(token, "bank", northern), w.propose(token, "activities", map[string]any{"main": "62.01"})
		w.Expect(confirm(one, theirs, show(one)), http.StatusUnprocessableEntity, "organization_signature_person")
		w.Expect(confirm(one, mine, show(two)), http.StatusUnprocessableEntity, "organization_signature_refused")
		applied := w.Expect(confirm(one, mine, show(one)), http.StatusOK, "")
		var v map[string]any
		applied.Into(t, &v)
		if text(v, "confirmed_how") != "signature" || text(v, "verdict", "code") != "ok" || text(v, "state") != "applied" {
			t.Fatalf("applied %s", applied.Text)
		}
		w.refuse(http.StatusUnprocessableEntity, "validation_failed", "POST", two+"/confirm", token, map[string]string{})
		// The acting person's own certificate does too, by a number that is vouched for.
		head := o.Members[directory.Head].Person
		w.must(w.Directory.VerifyNumbers(context.Background(), directory.System(), head.ID, snilsOf[2], ""))
		own := signature.Subject{Kind: signature.KindPerson, CommonName: "Head", SNILS: snilsOf[2]}
		w.Expect(confirm(two, own, show(two)), http.StatusOK, "")
	})
}

// A client of the organisation may change by its signature, never by a code.
func TestClientThatActsForItselfConfirmsBySignature(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		token := cabinettest.Sign(t, w.ServiceClaims(o, directory.OrganizationRead, directory.OrganizationWrite))
		path := w.propose(token, "bank", northern)
		w.refuse(http.StatusForbidden, "person_required", "POST", path+"/codes", token, map[string]string{"channel": "sms"})
		w.refuse(http.StatusForbidden, "person_required", "POST", path+"/confirm", token, map[string]string{"code": "123456"})
		what := text(w.call(http.StatusOK, "GET", path, token, nil), "text_to_sign")
		signed := map[string]string{"signature": w.sign(signature.Subject{Kind: signature.KindOrganisation, CommonName: "Alpha", INNLE: o.INN, OGRN: o.OGRN}, what)}
		if v := w.call(http.StatusOK, "POST", path+"/confirm", token, signed); text(v, "authority", "by") != "client" {
			t.Errorf("authority %s", encoded(v["authority"]))
		}
	})
}

// A23.10: numbers, names, address and head also go through the register.
func TestRequisitesThatTheRegisterBearsOutAreInForceAtOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		head := o.Members[directory.Head].Person
		record := w.registered(o, head)
		record.Address.Text = "117312, ГОРОД МОСКВА, УЛ. ВАВИЛОВА, Д. 19"
		w.register.put(record)
		token := w.token(o, directory.Head)
		path := w.propose(token, "requisites", map[string]any{
			"address": "117312, г. Москва, ул. Вавилова, дом 19",
			"head":    map[string]any{"last_name": head.LastName, "first_name": head.FirstName, "position": "Директор Alpha"},
		})
		if v := w.byCode(path, token, head); text(v, "state") != "applied" || len(v["differences"].([]any)) != 0 {
			t.Fatalf("applied %s", encoded(v))
		}
		now, err := w.Directory.Organisation(context.Background(), o.ID)
		w.must(err)
		if now.Address != "117312, г. Москва, ул. Вавилова, дом 19" {
			t.Errorf("address %s", now.Address)
		}
		if e := w.entry(o.ID, "organisation.updated"); strings.Contains(encoded(e.Details), head.LastName) {
			t.Errorf("the journal has a name: %v", e.Details)
		}
		// Row 126, 298: the mandatory blocks are complete now, and sections are open.
		w.entry(o.ID, "organisation.activated")
		if v := w.call(http.StatusOK, "GET", "/v1/organization/dashboard", token, nil); !strings.Contains(encoded(v["sections"]), `{"available":true,"section":"services"}`) {
			t.Errorf("dashboard %s", encoded(v))
		}
	})
}

// What the register says otherwise goes before two operators, neither of whom has
// asked for it.
func TestRequisitesThatTheRegisterContradictsTakeFourEyes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		head := o.Members[directory.Head].Person
		w.registered(o, head)
		token := w.token(o, directory.Head)
		path := w.propose(token, "requisites", map[string]any{
			"name": "ООО «Alpha Новая»", "head": map[string]any{"last_name": head.LastName, "first_name": head.FirstName, "position": "Директор Alpha"},
		})
		body, headers := w.form("", "prikaz.pdf", goodPDF(), nil)
		attached := w.call(http.StatusCreated, "POST", path+"/attachments", token, body, headers...)
		v := w.byCode(path, token, head)
		if text(v, "state") != "moderation" || encoded(v["differences"]) != `[{"entered":"ООО «Alpha Новая»","field":"name","registered":"ООО «Alpha»"}]` {
			t.Fatalf("moderated %s", encoded(v))
		}
		if now, err := w.Directory.Organisation(context.Background(), o.ID); err != nil || now.Name != o.Name {
			t.Fatalf("it is in force already: %v %v", now.Name, err)
		}
		_, one := w.operator("Opone")
		_, two := w.operator("Optwo")
		id := w.queued(one)
		piece := "/v1/moderation/" + id
		w.refuse(http.StatusConflict, "moderation_state", "POST", piece+"/accept", one, map[string]string{})
		w.call(http.StatusOK, "POST", piece+"/take", one, nil)
		w.refuse(http.StatusConflict, "moderation_taken", "POST", piece+"/accept", two, map[string]string{})
		if got := w.Do("GET", piece+"/files/"+text(attached, "id"), one, nil); got.Text != string(goodPDF()) {
			t.Errorf("file %d", got.StatusCode)
		}
		w.entry(o.ID, "moderation.file_read")
		shown := w.Expect(w.Do("GET", piece, one, nil), http.StatusOK, "")
		seconded := w.call(http.StatusOK, "POST", piece+"/accept", one, map[string]string{"reason": "Лист записи показан"}, "If-Match", shown.Header.Get("ETag"))
		if text(seconded, "state") != "seconded" {
			t.Fatalf("one pair of eyes was enough: %s", encoded(seconded))
		}
		w.refuse(http.StatusForbidden, "another_operator_needed", "POST", piece+"/accept", one, map[string]string{})
		w.refuse(http.StatusPreconditionFailed, "version_changed", "POST", piece+"/accept", two, map[string]string{}, "If-Match", shown.Header.Get("ETag"))
		w.call(http.StatusOK, "POST", piece+"/accept", two, map[string]string{"reason": "Согласен"})
		now, err := w.Directory.Organisation(context.Background(), o.ID)
		w.must(err)
		if now.Name != "ООО «Alpha Новая»" {
			t.Errorf("name %s", now.Name)
		}
		w.entry(o.ID, "moderation.seconded")
		w.hidesOperators(o.ID)
		if e := w.entry("", "moderation.accepted"); e.Actor == "" || e.Object == "" {
			t.Errorf("the house does not know who accepted: %+v", e)
		}
		versions := w.call(http.StatusOK, "GET", profilePath+"requisites/versions", token, nil)
		first := versions["versions"].([]any)[0].(map[string]any)
		if first["changed_how"] != "moderation" || first["changed_by"] != head.ID {
			t.Errorf("versions %s", encoded(versions))
		}
	})
}

// queued is the one thing in the operators' queue.
func (w *world) queued(token string) string {
	w.t.Helper()
	list := w.call(http.StatusOK, "GET", "/v1/moderation", token, nil)["moderation"].([]any)
	if len(list) != 1 {
		w.t.Fatalf("queue %s", encoded(list))
	}
	return list[0].(map[string]any)["id"].(string)
}

// A change that a client has proposed has no person who asked, and no colleague of
// the client's organisation decides about it either.
func TestOperatorsDoNotDecideAboutTheirOwnOrganisation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		w.registered(o, o.Admin)
		token := cabinettest.Sign(t, w.ServiceClaims(o, directory.OrganizationRead, directory.OrganizationWrite))
		path := w.propose(token, "requisites", map[string]any{
			"name": "ООО «Alpha Новая»", "head": map[string]any{"last_name": o.Admin.LastName, "first_name": o.Admin.FirstName, "position": "Директор Alpha"},
		})
		what := text(w.call(http.StatusOK, "GET", path, token, nil), "text_to_sign")
		signed := map[string]string{"signature": w.sign(signature.Subject{Kind: signature.KindOrganisation, CommonName: "Alpha", INNLE: o.INN, OGRN: o.OGRN}, what)}
		if v := w.call(http.StatusOK, "POST", path+"/confirm", token, signed); text(v, "state") != "moderation" {
			t.Fatalf("moderated %s", encoded(v))
		}
		w.must(w.Directory.AppointOperator(context.Background(), directory.System(), o.Admin.ID))
		own := w.personal(o.Admin)
		_, one := w.operator("Opone")
		piece := "/v1/moderation/" + w.queued(one)
		if v := w.call(http.StatusOK, "GET", piece, own, nil); !strings.Contains(encoded(v["actions"]), `"reason":"another_operator_needed"`) {
			t.Errorf("actions %s", encoded(v["actions"]))
		}
		w.refuse(http.StatusForbidden, "another_operator_needed", "POST", piece+"/take", own, nil)
		if v := w.call(http.StatusOK, "POST", piece+"/take", one, nil); text(v, "applicant") != "" {
			t.Errorf("applicant %s", encoded(v))
		}
		w.call(http.StatusOK, "POST", piece+"/accept", one, map[string]string{})
		w.refuse(http.StatusForbidden, "another_operator_needed", "POST", piece+"/accept", own, map[string]string{})
		_, two := w.operator("Optwo")
		w.call(http.StatusOK, "POST", piece+"/accept", two, map[string]string{})
	})
}

func TestRefusedChangeLeavesTheProfileAndSaysWhy(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		head := o.Members[directory.Head].Person
		w.registered(o, head)
		token := w.token(o, directory.Head)
		path := w.propose(token, "requisites", map[string]any{
			"name": "ООО «Alpha Новая»", "head": map[string]any{"last_name": head.LastName, "first_name": head.FirstName, "position": "Директор Alpha"},
		})
		w.byCode(path, token, head)
		_, one := w.operator("Opone")
		piece := "/v1/moderation/" + w.queued(one)
		w.call(http.StatusOK, "POST", piece+"/take", one, nil)
		reply := w.refuse(http.StatusUnprocessableEntity, "validation_failed", "POST", piece+"/refuse", one, map[string]string{})
		if got := w.faults(reply); got != "/reason required" {
			t.Errorf("faults %s", got)
		}
		w.call(http.StatusOK, "POST", piece+"/refuse", one, map[string]string{"reason": "В реестре прежнее наименование"})
		v := w.call(http.StatusOK, "GET", path, token, nil)
		if text(v, "state") != "refused" || text(v, "reason") != "В реестре прежнее наименование" {
			t.Errorf("change %s", encoded(v))
		}
		if got := w.subjects(head.Email); !strings.Contains(got, "Изменение данных отклонено") {
			t.Errorf("mail %s", got)
		}
	})
}

// The code is not lost when the register is silent.
func TestSilentRegisterLeavesTheChangeToBeConfirmedLater(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		head := o.Members[directory.Head].Person
		w.registered(o, head)
		token := w.token(o, directory.Head)
		path := w.propose(token, "requisites", map[string]any{"head": map[string]any{"last_name": head.LastName, "first_name": head.FirstName, "position": "Директор Alpha"}})
		w.call(http.StatusAccepted, "POST", path+"/codes", token, map[string]string{"channel": "email"})
		code := map[string]string{"code": w.code(head.Email)}
		w.register.fail(errors.New("timeout"))
		w.refuse(http.StatusServiceUnavailable, "organization_registry_unavailable", "POST", path+"/confirm", token, code)
		w.register.fail(nil)
		w.call(http.StatusOK, "POST", path+"/confirm", token, code)
	})
}

// However well the register bears another organisation's numbers out, a cabinet does
// not become that organisation's by them: two operators look, and an organisation
// that has a cabinet is not taken then either.
func TestNumbersOfAnotherOrganisationAreNotTaken(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o, b := w.Office("Alpha", directory.Head), w.Office("Beta")
		head := o.Members[directory.Head].Person
		w.registered(o, head)
		record := w.registered(b, b.Admin)
		record.Heads[0].Person = person(head)
		w.register.put(record)
		token := w.token(o, directory.Head)
		path := w.propose(token, "requisites", map[string]any{
			"inn": b.INN, "ogrn": b.OGRN, "name": b.Name, "full_name": b.FullName, "address": b.Address,
			"head": map[string]any{"last_name": head.LastName, "first_name": head.FirstName, "position": "Директор Beta"},
		})
		if v := w.byCode(path, token, head); text(v, "state") != "moderation" {
			t.Fatalf("moderated %s", encoded(v))
		}
		_, one := w.operator("Opone")
		_, two := w.operator("Optwo")
		piece := "/v1/moderation/" + w.queued(one)
		w.call(http.StatusOK, "POST", piece+"/take", one, nil)
		w.call(http.StatusOK, "POST", piece+"/accept", one, map[string]string{})
		reply := w.refuse(http.StatusUnprocessableEntity, "validation_failed", "POST", piece+"/accept", two, map[string]string{})
		if got := w.faults(reply); got != "/inn taken, /ogrn taken" {
			t.Errorf("faults %s", got)
		}
	})
}

func TestNumbersOfAnOrganisationWithoutACabinetTakeFourEyes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		head := o.Members[directory.Head].Person
		w.registered(o, head)
		other := company(w.confirmed(1, "Чужой", "Чеслав", ""))
		w.register.put(other)
		token := w.token(o, directory.Head)
		path := w.propose(token, "requisites", map[string]any{
			"inn": other.INN, "ogrn": other.OGRN, "kpp": other.KPP, "name": other.ShortName, "full_name": other.FullName, "address": other.Address.Text,
			"head": map[string]any{"last_name": "Чужой", "first_name": "Чеслав", "position": "Генеральный директор"},
		})
		if v := w.byCode(path, token, head); text(v, "state") != "moderation" || !strings.Contains(encoded(v["differences"]), `"field":"inn"`) {
			t.Errorf("confirmed %s", encoded(v))
		}
		if now, err := w.Directory.Organisation(context.Background(), o.ID); err != nil || now.INN != o.INN || now.OGRN != o.OGRN {
			t.Errorf("the cabinet is another organisation's: %v %s %s", err, now.INN, now.OGRN)
		}
	})
}

// Versions: who, when, what; an earlier one is brought back as any other change.
func TestEarlierVersionIsRestored(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		head := o.Members[directory.Head].Person
		token := w.token(o, directory.Head)
		contacts := map[string]any{"phone": "+78120001101", "email": "first@alpha.example"}
		w.byOfficial(w.propose(token, "contacts", contacts), token, o.Email)
		contacts["email"] = "second@alpha.example"
		w.byOfficial(w.propose(token, "contacts", contacts), token, "first@alpha.example")
		list := w.call(http.StatusOK, "GET", profilePath+"contacts/versions", token, nil)["versions"].([]any)
		if len(list) != 3 { // the state before the first change is one too
			t.Fatalf("versions %s", encoded(list))
		}
		if old := list[2].(map[string]any); text(old, "body", "email") != "office.alpha@example.ru" || old["changed_how"] != "direct" {
			t.Errorf("the first version %s", encoded(old))
		}
		one := w.call(http.StatusOK, "GET", profilePath+"contacts/versions/2", token, nil)
		if text(one, "body", "email") != "first@alpha.example" || one["changed_by"] != head.ID {
			t.Errorf("version 2 %s", encoded(one))
		}
		restored := w.call(http.StatusCreated, "POST", profilePath+"contacts/versions/1/restore", token, nil)
		w.byOfficial("/v1/organization/changes/"+text(restored, "id"), token, "second@alpha.example")
		now, err := w.Directory.OrganisationContacts(context.Background(), o.ID)
		w.must(err)
		if now.Email != "office.alpha@example.ru" {
			t.Errorf("now %+v", now)
		}
		// The notice of a moved mailbox went to the one before.
		if got := w.subjects("first@alpha.example"); got == "" {
			t.Error("the mailbox that was moved away from got nothing")
		}
		for _, path := range []string{"contacts/versions/9", "contacts/versions/x", "nothing/versions", "nothing"} {
			w.refuse(http.StatusNotFound, "not_found", "GET", profilePath+path, token, nil)
		}
		page := w.call(http.StatusOK, "GET", profilePath+"contacts/versions?limit=2", token, nil)
		rest := w.call(http.StatusOK, "GET", profilePath+"contacts/versions?limit=2&below="+text(page, "next"), token, nil)
		if len(page["versions"].([]any)) != 2 || len(rest["versions"].([]any)) != 2 {
			t.Errorf("pages %s %s", encoded(page), encoded(rest))
		}
	})
}

// Of two changes of one block the second no longer fits.
func TestChangeOfWhatHasChangedMeanwhileIsStale(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		head := o.Members[directory.Head].Person
		token := w.token(o, directory.Head)
		one, two := w.propose(token, "bank", northern), w.propose(token, "bank", map[string]any{"accounts": []any{
			map[string]any{"account": "40702810000000011692", "bic": "044525823", "main": true},
		}})
		w.byCode(one, token, head)
		w.call(http.StatusAccepted, "POST", two+"/codes", token, map[string]string{"channel": "sms"})
		w.refuse(http.StatusPreconditionFailed, "version_changed", "POST", two+"/confirm", token, map[string]string{"code": w.code(head.Phone)})
		w.call(http.StatusNoContent, "DELETE", two, token, nil)
		w.refuse(http.StatusConflict, "profile_change_state", "DELETE", two, token, nil)
	})
}

// Row 134: PDF, JPG, PNG of at most 5 MB.
func TestAttachmentsAreSmallAndOfThreeKinds(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o, b := w.Office("Alpha", directory.Head), w.Office("Beta")
		token := w.token(o, directory.Head)
		path := w.propose(token, "bank", northern)
		png := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"), "\x00\x00\x00\x00IEND\xaeB`\x82"...)
		for _, test := range []struct {
			content []byte
			fault   string
		}{
			{append([]byte("%PDF-1.4\n"), make([]byte, 5<<20)...), "/file too_long"},
			{[]byte("PK\x03\x04 something"), "/file upload_kind"},
		} {
			body, headers := w.form("", "a.pdf", test.content, nil)
			reply := w.Do("POST", path+"/attachments", token, body, headers...)
			if reply.StatusCode != http.StatusUnprocessableEntity || w.faults(reply) != test.fault {
				t.Errorf("%d %s, want %s", reply.StatusCode, reply.Text, test.fault)
			}
		}
		body, headers := w.form("", "a.png", png, nil)
		kept := w.call(http.StatusCreated, "POST", path+"/attachments", token, body, headers...)
		file := path + "/attachments/" + text(kept, "id")
		if got := w.Do("GET", file, token, nil); got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "image/png" {
			t.Errorf("download %d %s", got.StatusCode, got.Header.Get("Content-Type"))
		}
		w.refuse(http.StatusNotFound, "not_found", "GET", file, w.token(b, directory.Administrator), nil)
	})
}

// A full card number is refused and kept nowhere.
func TestFullCardNumberIsRefused(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		token := w.token(o, directory.Head)
		card := func(number string) map[string]any {
			return map[string]any{"methods": []any{map[string]any{"kind": "card", "card": number, "expires": "2028-04", "default": true}}}
		}
		reply := w.refuse(http.StatusUnprocessableEntity, "validation_failed", "PATCH", profilePath+"payments", token, card("2200123412341234"))
		if got := w.faults(reply); got != "/methods/0/card card_full" || strings.Contains(reply.Text, "2200123412341234") {
			t.Errorf("refused: %s", reply.Text)
		}
		w.byCode(w.propose(token, "payments", card("220012******1234")), token, o.Members[directory.Head].Person)
	})
}

// Row 138, and the seam to filing's calendar.
func TestTaxRegimesAreReadByOtherRooms(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		token := w.token(o, directory.Head)
		regimes := func(list ...[3]string) map[string]any {
			all := []any{}
			for _, r := range list {
				all = append(all, map[string]any{"code": r[0], "since": r[1], "until": r[2]})
			}
			return map[string]any{"regimes": all, "reports": []any{"NO_NDS", "NO_PRIB"}, "tax_office": "7801"}
		}
		reply := w.refuse(http.StatusUnprocessableEntity, "validation_failed", "PATCH", profilePath+"taxes", token,
			regimes([3]string{"OSNO", "2025-01-01", ""}, [3]string{"USN_INCOME", "2026-01-01", ""}))
		if got := w.faults(reply); got != "/regimes/1/since regimes_overlap" {
			t.Errorf("faults %s", got)
		}
		w.byCode(w.propose(token, "taxes", regimes([3]string{"USN_INCOME", "2026-01-01", ""}, [3]string{"OSNO", "2025-01-01", "2025-12-31"})),
			token, o.Members[directory.Head].Person)
		got, err := w.Directory.TaxRegimes(context.Background(), o.ID)
		w.must(err)
		if len(got) != 2 || got[0].Code != "OSNO" || !got[1].Holds(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)) || got[0].Holds(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("regimes %+v", got)
		}
	})
}

// Registrations that the register does not bear out, by operators.
func TestOperatorsLetARegistrationPass(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, clerk := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Соколов", "Андрей", "Викторович")
		w.register.put(company(head))
		token := w.personal(clerk)
		path := w.started(token, companyDraft(head))
		w.refuse(http.StatusConflict, "registration_incomplete", "POST", path+"/moderation", token, nil)
		w.contact(path, token, "email", "office@mayak.example")
		w.call(http.StatusOK, "POST", path+"/check", token, nil)
		w.refuse(http.StatusConflict, "registration_documents_missing", "POST", path+"/moderation", token, nil)
		body, headers := w.form("power_of_attorney", "doverennost.pdf", goodPDF(), nil)
		kept := w.call(http.StatusCreated, "POST", path+"/documents", token, body, headers...)
		w.call(http.StatusOK, "POST", path+"/moderation", token, nil)
		w.refuse(http.StatusConflict, "registration_state", "PATCH", path, token, map[string]any{"consent": true})

		_, one := w.operator("Opone")
		piece := "/v1/moderation/" + w.queued(one)
		shown := w.call(http.StatusOK, "GET", piece, one, nil)
		if text(shown, "applicant") != "Соколов Андрей Викторович" || shown["four_eyes"] != false || text(shown, "registration", "check", "result") != "match" {
			t.Errorf("shown %s", encoded(shown))
		}
		if got := w.Do("GET", piece+"/files/"+text(kept, "id"), one, nil); got.StatusCode != http.StatusOK {
			t.Errorf("file %d", got.StatusCode)
		}
		w.call(http.StatusOK, "POST", piece+"/take", one, nil)
		w.call(http.StatusOK, "POST", piece+"/accept", one, map[string]string{"reason": "Доверенность нотариальная, акт 3"})
		if got := w.subjects("office@mayak.example"); !strings.Contains(got, "Регистрация организации проверена") {
			t.Errorf("mail %s", got)
		}
		made := w.created(path, token)
		if e := w.entry(made.ID, "organisation.registered"); e.Details["by"] != "moderation" {
			t.Errorf("journal %+v", e.Details)
		}
	})
}

// Four eyes for differences; nobody decides about his own; a refusal is final.
func TestRegistrationAgainstTheRegisterTakesTwoOperatorsNeitherTheApplicant(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		w.register.put(company(head))
		w.must(w.Directory.AppointOperator(context.Background(), directory.System(), head.ID))
		token := w.personal(head)
		path := w.started(token, companyDraft(head))
		w.call(http.StatusOK, "PATCH", path, token, map[string]any{"requisites": map[string]any{"address": "Москва, ул. Новая, д. 1"}})
		w.contact(path, token, "email", "office@mayak.example")
		w.call(http.StatusOK, "POST", path+"/check", token, nil)
		body, headers := w.form("decision", "reshenie.pdf", goodPDF(), nil)
		w.call(http.StatusCreated, "POST", path+"/documents", token, body, headers...)
		w.call(http.StatusOK, "POST", path+"/moderation", token, nil)
		piece := "/v1/moderation/" + w.queued(token)
		w.refuse(http.StatusForbidden, "another_operator_needed", "POST", piece+"/take", token, nil)
		w.refuse(http.StatusForbidden, "another_operator_needed", "POST", piece+"/accept", token, map[string]string{})
		_, one := w.operator("Opone")
		_, two := w.operator("Optwo")
		w.call(http.StatusOK, "POST", piece+"/take", one, nil)
		if v := w.call(http.StatusOK, "POST", piece+"/accept", one, map[string]string{}); text(v, "state") != "seconded" {
			t.Fatalf("state %s", text(v, "state"))
		}
		w.call(http.StatusOK, "POST", piece+"/refuse", two, map[string]string{"reason": "Адрес массовый"})
		v := w.call(http.StatusOK, "GET", path, token, nil)
		if text(v, "state") != "refused" || text(v, "reason") != "Адрес массовый" {
			t.Errorf("registration %s", encoded(v))
		}
		w.refuse(http.StatusConflict, "moderation_state", "POST", piece+"/accept", one, map[string]string{})
		if list := w.call(http.StatusOK, "GET", "/v1/moderation?state=refused", one, nil); len(list["moderation"].([]any)) != 1 {
			t.Errorf("list %s", encoded(list))
		}
	})
}

// A withdrawn registration leaves the operators' queue.
func TestWithdrawnRegistrationIsNotDecided(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		w.register.put(company(head))
		token := w.personal(head)
		path := w.started(token, companyDraft(head))
		w.contact(path, token, "email", "office@mayak.example")
		w.call(http.StatusOK, "POST", path+"/check", token, nil)
		body, headers := w.form("decision", "reshenie.pdf", goodPDF(), nil)
		w.call(http.StatusCreated, "POST", path+"/documents", token, body, headers...)
		w.call(http.StatusOK, "POST", path+"/moderation", token, nil)
		_, one := w.operator("Opone")
		piece := "/v1/moderation/" + w.queued(one)
		w.call(http.StatusOK, "POST", piece+"/take", one, nil)
		w.call(http.StatusNoContent, "DELETE", path, token, nil)
		w.refuse(http.StatusConflict, "moderation_state", "POST", piece+"/accept", one, map[string]string{})
	})
}

// No role in an organisation makes anybody an operator of the house.
func TestModerationIsForOperatorsOfTheHouse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		token := w.token(o, directory.Administrator)
		for _, request := range [][2]string{
			{"GET", ""}, {"GET", "/" + o.ID}, {"POST", "/" + o.ID + "/take"}, {"POST", "/" + o.ID + "/accept"}, {"POST", "/" + o.ID + "/refuse"},
			{"GET", "/" + o.ID + "/files/" + o.ID}, {"GET", "/corrections"}, {"POST", "/corrections/" + o.ID + "/answer"},
		} {
			w.refuse(http.StatusForbidden, "act_forbidden", request[0], "/v1/moderation"+request[1], token, nil)
		}
		claims := w.Claims(nil, directory.MemberView{Person: o.Admin})
		claims["scope"] = "openid organization:write"
		w.refuse(http.StatusForbidden, "scope_missing", "GET", "/v1/moderation", cabinettest.Sign(t, claims), nil)
	})
}

// hidesOperators: the organisation's own chain says that operators acted, and neither who
// nor from where.
func (w *world) hidesOperators(organisationID string) {
	w.t.Helper()
	seen := 0
	for _, e := range w.actions(organisationID) {
		if !strings.HasPrefix(e.Action, "moderation.") {
			continue
		}
		seen++
		if e.Actor != "" || e.Client != "" || e.IP != "" || e.Details["by"] != "operator" {
			w.t.Errorf("%s names the operator: %+v", e.Action, e)
		}
	}
	if seen < 3 {
		w.t.Errorf("only %d entries of operators", seen)
	}
}
