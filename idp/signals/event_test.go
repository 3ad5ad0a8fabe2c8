package signals_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"

	"propusk/idp/signals"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

type contextOf = context.Context

// What is told of each change, word by word (CAEP 1.0 §2, §3; RISC 1.0 §2).
func TestEachChangeIsToldInTheWordsOfItsSpecification(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	user := `{"format":"iss_sub","iss":"` + issuer + `","sub":"anna@shop"}`
	tenant := `{"format":"opaque","id":"mayak"}`
	timed := func(about string) string { return `{"event_timestamp":` + number(w.clock.Now().Unix()) + about + `}` }
	in := func(organisation string, e journal.Entry) func() {
		e.Organisation = organisation
		return func() { w.happens(e) }
	}
	for name, test := range map[string]struct {
		change               func()
		kind, subject, about string
	}{
		"a role": {in("mayak", journal.Entry{Actor: "boss", Action: "member.changed", Object: "m", Details: map[string]string{"person": "anna", "role": "administrator"}}),
			signals.TokenClaimsChange, `{"format":"complex","tenant":` + tenant + `,"user":` + user + `}`,
			`,"claims":{"org":{"id":"mayak"},"roles":["administrator"]},"initiating_entity":"admin","reason_admin":{"en":"member.changed"}`},
		"a removal": {in("mayak", journal.Entry{Actor: "anna", Action: "member.removed", Object: "m", Details: map[string]string{"person": "anna"}}),
			signals.TokenClaimsChange, `{"format":"complex","tenant":` + tenant + `,"user":` + user + `}`,
			`,"claims":{"org":{"id":"mayak"},"roles":[]},"initiating_entity":"user","reason_admin":{"en":"member.removed"}`},
		"a password": {in("", journal.Entry{Actor: "anna", Action: "password.set", Object: "anna"}), signals.CredentialChange, user,
			`,"change_type":"update","credential_type":"password","initiating_entity":"user","reason_admin":{"en":"password.set"}`},
		"a cloned passkey": {in("", journal.Entry{Action: "passkey.locked", Object: "anna"}), signals.CredentialChange, user,
			`,"change_type":"revoke","credential_type":"fido2-roaming","initiating_entity":"system","reason_admin":{"en":"passkey.locked"}`},
		"a certificate": {in("", journal.Entry{Actor: "anna", Action: "certificate.unbound", Object: "anna", Details: map[string]string{"issuer": "CN=CA"}}), signals.CredentialChange, user,
			`,"change_type":"delete","credential_type":"x509","initiating_entity":"user","reason_admin":{"en":"certificate.unbound"},"x509_issuer":"CN=CA"`},
		"a block":    {in("", journal.Entry{Action: "person.blocked", Object: "anna"}), signals.AccountDisabled, user, ``},
		"an unblock": {in("", journal.Entry{Action: "person.unblocked", Object: "anna"}), signals.AccountEnabled, user, ``},
		"an end":     {in("", journal.Entry{Action: "person.closed", Object: "anna"}), signals.AccountPurged, user, ``},
		"a recovery": {in("", journal.Entry{Action: "recovery.begun", Object: "anna"}), signals.RecoveryActivated, user, ``},
		"a contact":  {in("", journal.Entry{Action: "person.contact_changed", Object: "anna"}), signals.RecoveryInformation, user, ``},
		"a closing": {in("mayak", journal.Entry{Actor: "boss", Action: "organisation.closed", Object: "mayak"}), signals.SessionRevoked,
			`{"format":"complex","tenant":` + tenant + `}`, `,"initiating_entity":"admin","reason_admin":{"en":"organisation.closed"}`},
		"a sign-out": {func() { w.must(w.SessionEnded(t.Context(), "s-anna")) }, signals.SessionRevoked,
			`{"format":"complex","session":{"format":"opaque","id":"s-anna@shop"},"user":` + user + `}`, ``},
		"a step up": {func() { w.must(w.AssuranceChanged(t.Context(), "s-anna", "urn:propusk:1", "urn:propusk:2")) }, signals.AssuranceLevelChange,
			`{"format":"complex","session":{"format":"opaque","id":"s-anna@shop"},"user":` + user + `}`,
			`,"change_direction":"increase","current_level":"urn:propusk:2","initiating_entity":"user","namespace":"urn:propusk","previous_level":"urn:propusk:1"`},
		"a step down": {func() { w.must(w.AssuranceChanged(t.Context(), "s-anna", "urn:propusk:qualified", "")) }, signals.AssuranceLevelChange,
			`{"format":"complex","session":{"format":"opaque","id":"s-anna@shop"},"user":` + user + `}`,
			`,"change_direction":"decrease","current_level":"","initiating_entity":"user","namespace":"urn:propusk","previous_level":"urn:propusk:qualified"`},
		"a power": {func() {
			w.must(w.Revoked(t.Context(), revocation.Entry{Kind: revocation.KindPower, Key: revocation.Member("anna", "mayak")}))
		}, signals.SessionRevoked, `{"format":"complex","tenant":` + tenant + `,"user":` + user + `}`,
			`,"initiating_entity":"policy","reason_admin":{"en":"power_of_attorney.changed"}`},
	} {
		want := timed(test.about) // the clock moves with each change
		test.change()
		got := w.poll("shop", id)
		if len(got) != 1 || len(got[0].Events) != 1 {
			t.Errorf("%s: told %+v", name, got)
			continue
		}
		if kinds := slices.Collect(maps.Keys(got[0].Events)); kinds[0] != test.kind {
			t.Errorf("%s: told as %s", name, kinds[0])
		}
		if subject, _ := json.Marshal(got[0].Subject); string(subject) != test.subject {
			t.Errorf("%s: about %s, want %s", name, subject, test.subject)
		}
		if about := sorted(t, got[0].Events[test.kind]); about != sortedText(t, want) {
			t.Errorf("%s: %s, want %s", name, about, sortedText(t, want))
		}
	}
}

func number(n int64) string { b, _ := json.Marshal(n); return string(b) }

func sorted(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sortedText(t *testing.T, text string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return sorted(t, v)
}

func TestWhatIsNobodysBusinessIsNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	for _, e := range []journal.Entry{
		{Action: "signin.password", Actor: "anna", Object: "anna"}, {Action: "person.contact_confirmed", Object: "anna"},
		{Action: "password.set", Object: "nobody"}, {Organisation: "mayak", Action: "person.blocked", Object: "anna"},
	} {
		w.happens(e)
	}
	w.must(w.journal.Append(t.Context(), journal.Entry{Action: "password.set", Object: "anna", Outcome: "refused"}))
	w.must(w.SessionEnded(t.Context(), "s-nobody"))
	w.must(w.AssuranceChanged(t.Context(), "s-nobody", "", "urn:propusk:1"))
	w.must(w.Revoked(t.Context(), revocation.Entry{Kind: revocation.KindToken, Key: "x"}))
	if got := w.poll("shop", id); len(got) != 0 {
		t.Errorf("told %+v", got)
	}
}

func TestOnlyWhatWasAskedForIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var c configuration
	w.want(w.ask("shop", "POST", "/ssf/streams", map[string]any{"events_requested": []string{signals.AccountDisabled}}), 201, &c)
	w.memberRemoved()
	w.happens(journal.Entry{Action: "person.blocked", Object: "anna"})
	if got := w.poll("shop", c.StreamID); len(got) != 1 || got[0].Events[signals.AccountDisabled] == nil {
		t.Errorf("told %+v", got)
	}
}

// The organisation's own journal tells it of a blocked member, and so does its
// stream; of his credentials neither does.
func TestAnOrganisationHearsOfItsMembersWhatItsJournalTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("siem").StreamID
	w.happens(journal.Entry{Action: "person.blocked", Object: "boris"})
	w.happens(journal.Entry{Organisation: "mayak", Action: "person.blocked", Object: "boris"})
	w.happens(journal.Entry{Organisation: "volna", Action: "person.blocked", Object: "boris"})
	w.happens(journal.Entry{Actor: "anna", Action: "password.set", Object: "anna"})
	got := w.poll("siem", id)
	if len(got) != 1 || got[0].Events[signals.AccountDisabled] == nil || got[0].Subject["sub"] != "boris@siem" {
		t.Errorf("told %+v", got)
	}
}

func TestSubjectsAreTakenOutAndPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	person := map[string]any{"format": "iss_sub", "iss": issuer, "sub": "anna@shop"}
	mayak := map[string]any{"format": "opaque", "id": "mayak"}
	both := map[string]any{"format": "complex", "user": person, "tenant": mayak}
	heard := func(subject any) (membership, credential bool) {
		w.want(w.ask("shop", "POST", "/ssf/subjects:remove", map[string]any{"stream_id": id, "subject": subject}), http.StatusNoContent, nil)
		w.memberRemoved()
		w.happens(journal.Entry{Actor: "anna", Action: "password.set", Object: "anna"})
		for _, s := range w.poll("shop", id) {
			membership = membership || s.Events[signals.TokenClaimsChange] != nil
			credential = credential || s.Events[signals.CredentialChange] != nil
		}
		w.want(w.ask("shop", "POST", "/ssf/subjects:add", map[string]any{"stream_id": id, "subject": subject, "verified": true}), http.StatusOK, nil)
		return membership, credential
	}
	for name, test := range map[string]struct {
		subject                any
		membership, credential bool
	}{
		"the person":        {person, false, false},
		"the organisation":  {mayak, false, true},
		"one in the other":  {both, false, true},
		"somebody else":     {map[string]any{"format": "iss_sub", "iss": issuer, "sub": "boris@shop"}, true, true},
		"another client's":  {map[string]any{"format": "iss_sub", "iss": issuer, "sub": "anna@other"}, true, true},
		"the person, again": {map[string]any{"format": "complex", "user": person}, false, false},
	} {
		if membership, credential := heard(test.subject); membership != test.membership || credential != test.credential {
			t.Errorf("%s taken out: membership %t, credential %t", name, membership, credential)
		}
	}
	for _, bad := range []any{
		map[string]any{"format": "email", "email": "anna@example.ru"}, map[string]any{"format": "iss_sub", "iss": "https://evil.example", "sub": "x"},
		map[string]any{"format": "iss_sub", "iss": issuer}, map[string]any{"format": "opaque"}, map[string]any{"format": "complex"}, "anna",
		map[string]any{"format": "complex", "user": person, "session": map[string]any{"format": "opaque", "id": "s"}}, nil,
		map[string]any{"format": "complex", "tenant": person},
	} {
		w.want(w.ask("shop", "POST", "/ssf/subjects:remove", map[string]any{"stream_id": id, "subject": bad}), http.StatusBadRequest, nil)
	}
}
