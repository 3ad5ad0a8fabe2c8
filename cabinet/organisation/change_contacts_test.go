package organisation_test

import (
	"context"
	"net/http"
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage/storagetest"
)

// byOfficial confirms a change by a code to the organisation's own mailbox.
func (w *world) byOfficial(path, token, mailbox string) map[string]any {
	w.t.Helper()
	w.call(http.StatusAccepted, "POST", path+"/codes", token, map[string]string{"channel": "email"})
	return w.call(http.StatusOK, "POST", path+"/confirm", token, map[string]string{"code": w.code(mailbox)})
}

// The codes of bindings go to the official contacts: who moved them by a code to his
// own phone could let anybody in.
func TestOfficialContactsAreMovedFromTheOnesLeftBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Head)
	head, token := o.Members[directory.Head].Person, w.token(o, directory.Head)
	moved := func(email string) string {
		return w.propose(token, "contacts", map[string]any{"phone": "+78120001101", "email": email})
	}
	state := func() string {
		now, err := w.Directory.OrganisationContacts(context.Background(), o.ID)
		w.must(err)
		return now.Email
	}

	t.Run("the code goes to the former contact and not to who asks", func(t *testing.T) {
		path := moved("first@alpha.example")
		sent := w.call(http.StatusAccepted, "POST", path+"/codes", token, map[string]string{"channel": "sms"})
		if len(w.Sent(head.Phone)) != 0 || text(sent, "to") != "+7•••67" {
			t.Fatalf("sent %s", encoded(sent))
		}
		code := w.code(o.Phone)
		w.refuse(http.StatusForbidden, "confirmation_over", "POST", path+"/confirm", token, map[string]any{"code": code, "lost": true})
		w.refuse(http.StatusForbidden, "confirmation_wrong", "POST", path+"/confirm", token, map[string]string{"code": other(code)})
		if v := w.call(http.StatusOK, "POST", path+"/confirm", token, map[string]string{"code": code}); text(v, "state") != "applied" {
			t.Errorf("applied %s", encoded(v))
		}
		if state() != "first@alpha.example" {
			t.Errorf("now %s", state())
		}
	})
	t.Run("contacts that are lost take operators, and the former mailbox hears of it", func(t *testing.T) {
		path := moved("second@alpha.example")
		w.call(http.StatusAccepted, "POST", path+"/codes", token, map[string]any{"channel": "sms", "lost": true})
		code := w.code(head.Phone)
		w.refuse(http.StatusForbidden, "confirmation_over", "POST", path+"/confirm", token, map[string]any{"code": code})
		if v := w.call(http.StatusOK, "POST", path+"/confirm", token, map[string]any{"code": code, "lost": true}); text(v, "state") != "moderation" {
			t.Fatalf("moderated %s", encoded(v))
		}
		if state() != "first@alpha.example" || w.subjects("first@alpha.example") == "" {
			t.Errorf("now %s, the former mailbox got %q", state(), w.subjects("first@alpha.example"))
		}
		w.call(http.StatusNoContent, "DELETE", path, token, nil)
	})
	t.Run("a change of the site alone is the person's own business", func(t *testing.T) {
		path := w.propose(token, "contacts", map[string]any{"phone": "+78120001101", "email": "first@alpha.example", "website": "https://alpha.example"})
		w.refuse(http.StatusUnprocessableEntity, "validation_failed", "POST", path+"/codes", token, map[string]any{"channel": "sms", "lost": true})
		if v := w.byCode(path, token, head); text(v, "state") != "applied" {
			t.Errorf("applied %s", encoded(v))
		}
	})
	t.Run("a person's own signature is the head's only if the register says so", func(t *testing.T) {
		w.must(w.Directory.VerifyNumbers(context.Background(), directory.System(), head.ID, snilsOf[2], innOf[2]))
		own := signature.Subject{Kind: signature.KindPerson, CommonName: "Head", SNILS: snilsOf[2]}
		signed := func(path string) string {
			what := text(w.call(http.StatusOK, "GET", path, token, nil), "text_to_sign")
			return text(w.call(http.StatusOK, "POST", path+"/confirm", token, map[string]string{"signature": w.sign(own, what)}), "state")
		}
		path := moved("third@alpha.example")
		if got := signed(path); got != "moderation" {
			t.Fatalf("anybody's signature: %s", got)
		}
		w.call(http.StatusNoContent, "DELETE", path, token, nil)
		fresh, err := w.Directory.Person(context.Background(), head.ID)
		w.must(err)
		w.registered(o, fresh)
		if got := signed(moved("third@alpha.example")); got != "applied" || state() != "third@alpha.example" {
			t.Errorf("the head's signature: %s, now %s", got, state())
		}
	})
	t.Run("a program confirms by the organisation's signature", func(t *testing.T) {
		service := cabinettest.Sign(t, w.ServiceClaims(o, directory.OrganizationRead, directory.OrganizationWrite))
		path := w.propose(service, "contacts", map[string]any{"phone": "+78120001101", "email": "fourth@alpha.example"})
		w.refuse(http.StatusForbidden, "person_required", "POST", path+"/codes", service, map[string]string{"channel": "sms"})
		what := text(w.call(http.StatusOK, "GET", path, service, nil), "text_to_sign")
		mine := signature.Subject{Kind: signature.KindOrganisation, CommonName: "ООО Alpha", INNLE: o.INN, OGRN: o.OGRN}
		if v := w.call(http.StatusOK, "POST", path+"/confirm", service, map[string]string{"signature": w.sign(mine, what)}); text(v, "state") != "applied" {
			t.Errorf("applied %s", encoded(v))
		}
	})
}
