package cabinet

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

func TestPolicyIsReadAndReplaced(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		o := w.office("Alpha", directory.Accountant)
		token := w.token(o, o.members[directory.Administrator])
		got := w.expect(w.do("GET", "/v1/organization/policy", token, ""), http.StatusOK, "")
		const unset = `{"required_acr":"","factors":[],"pin":false,"idle":0,"absolute":0,"password_max_age":7776000,"password_age_enforced":false,"trusted_devices":true,"networks":[]}`
		if got.body != unset {
			t.Errorf("nothing was set: %s", got.body)
		}
		body := `{"required_acr":"urn:propusk:2","factors":["totp","password"],"pin":true,"idle":900,"absolute":28800,"trusted_devices":false,"networks":["203.0.113.9/24"]}`
		got = w.expect(w.do("PUT", "/v1/organization/policy", token, body), http.StatusOK, "")
		const now = `{"required_acr":"urn:propusk:2","factors":["password","totp"],"pin":true,"idle":900,"absolute":28800,"password_max_age":7776000,"password_age_enforced":false,"trusted_devices":false,"networks":["203.0.113.0/24"]}`
		if got.body != now {
			t.Errorf("it is now: %s", got.body)
		}
		// Stricter is in force at once: the token of before is void.
		w.expect(w.do("GET", "/v1/organization/policy", token, ""), http.StatusUnauthorized, "token_revoked")
		fresh := w.token(o, w.fresh(o, o.members[directory.Administrator]))
		if again := w.do("GET", "/v1/organization/policy", fresh, ""); again.body != now {
			t.Errorf("read again: %s", again.body)
		}
		w.expect(w.do("PUT", "/v1/organization/policy", fresh, `{}`), http.StatusOK, "")
		if again := w.do("GET", "/v1/organization/policy", fresh, ""); again.body != unset {
			t.Errorf("what is left out is not the default: %s", again.body)
		}
	})
}

func TestPolicyCannotLockTheOrganisationOut(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		o := w.office("Alpha", directory.Accountant)
		token := w.token(o, o.members[directory.Administrator])
		body := `{"factors":["passkey","certificate"]}`
		got := w.expect(w.do("POST", "/v1/organization/policy/check", token, body), http.StatusOK, "")
		var impact impactView
		got.into(t, &impact)
		if impact.Members != 2 || impact.Administrators != 0 || len(impact.LockedOut) != 2 ||
			strings.Join(impact.LockedOut[0].Missing, " ") != "certificate passkey" {
			t.Errorf("the dry run: %s", got.body)
		}
		w.expect(w.do("PUT", "/v1/organization/policy", token, body), http.StatusConflict, "policy_locks_out")
		w.expect(w.do("GET", "/v1/organization/policy", token, ""), http.StatusOK, "")
		got = w.expect(w.do("PUT", "/v1/organization/policy", token, `{"networks":["198.51.100.0/24"]}`), http.StatusUnprocessableEntity, "validation_failed")
		if p := got.problem(t); p.Errors[0].Pointer != "/networks" || p.Errors[0].Code != "excludes_you" {
			t.Errorf("one's own address: %s", got.body)
		}
	})
}

// TestPolicyDemandsNoMoreThanOneHasReached: whoever signed in with two factors
// cannot demand the certificate that he may not have.
func TestPolicyDemandsNoMoreThanOneHasReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.office("Alpha", directory.Head)
	token := w.token(o, o.members[directory.Administrator])
	w.expect(w.do("PUT", "/v1/organization/policy", token, `{"required_acr":"urn:propusk:qualified"}`), http.StatusUnauthorized, "assurance_insufficient")
	weak := sign(t, but(w.claims(o, o.members[directory.Administrator]), map[string]any{"acr": "urn:propusk:1"}))
	w.expect(w.do("PUT", "/v1/organization/policy", weak, `{}`), http.StatusUnauthorized, "assurance_insufficient")
	head := w.token(o, o.members[directory.Head])
	if got := w.do("PUT", "/v1/organization/policy", head, `{}`); got.StatusCode != http.StatusForbidden {
		t.Errorf("a head who is no administrator: %d", got.StatusCode)
	}
}

func TestPolicyFaultsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.office("Alpha")
	token := w.token(o, o.members[directory.Administrator])
	for body, fault := range map[string]string{
		`{"factors":["pigeon"]}`:           "/factors invalid",
		`{"factors":["sms"]}`:              "/factors unreachable",
		`{"idle":30}`:                      "/idle out_of_range",
		`{"idle":-1}`:                      "/idle out_of_range",
		`{"absolute":9223372036854775}`:    "/absolute out_of_range",
		`{"password_max_age":60}`:          "/password_max_age out_of_range",
		`{"networks":["everywhere"]}`:      "/networks invalid",
		`{"required_acr":"urn:propusk:9"}`: "/required_acr invalid",
		`{"pin":"yes"}`:                    "/pin type",
		`{"secret":1}`:                     "/secret unknown",
	} {
		for _, path := range []string{"PUT /v1/organization/policy", "POST /v1/organization/policy/check"} {
			method, path, _ := strings.Cut(path, " ")
			got := w.expect(w.do(method, path, token, body), http.StatusUnprocessableEntity, "validation_failed")
			if p := got.problem(t); p.Errors[0].Pointer+" "+p.Errors[0].Code != fault {
				t.Errorf("%s: %s", body, got.body)
			}
		}
	}
}

// TestOperatorsApproveWhatAnotherProposed: four eyes by the API.
func TestOperatorsApproveWhatAnotherProposed(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		first, second, lost, nobody := w.person("First"), w.person("Second"), w.person("Lost"), w.person("Nobody")
		for _, operator := range []directory.Person{first, second} {
			must(t, w.directory.AppointOperator(context.Background(), directory.System(), operator.ID))
		}
		keyed := func(p directory.Person) map[string]any {
			return but(w.claims(nil, directory.MemberView{Person: p}), map[string]any{"amr": []string{"pop", "user", "mfa"}})
		}
		token := func(p directory.Person) string { return sign(t, keyed(p)) }
		body := fmt.Sprintf(`{"person":%q,"reason":"Паспорт показан, акт 17","reset_factors":true}`, lost.Phone)

		w.expect(w.do("POST", "/v1/recoveries", token(nobody), body), http.StatusForbidden, "act_forbidden")
		// An application that an operator merely signs in to is no operator.
		signIn := sign(t, but(w.claims(nil, directory.MemberView{Person: first}), map[string]any{"scope": "openid profile"}))
		w.expect(w.do("POST", "/v1/recoveries", signIn, body), http.StatusForbidden, "scope_missing")
		// What does not open the operators' console does not do its work here: a password with
		// a code, a sign-in of a while ago.
		for name, sent := range map[string]string{
			"a password and a code": sign(t, w.claims(nil, directory.MemberView{Person: first})),
			"an old sign-in":        sign(t, but(keyed(first), map[string]any{"auth_time": w.clock.Now().Add(-15*time.Minute - time.Second).Unix()})),
		} {
			for _, path := range []string{"POST /v1/recoveries", "POST /v1/recoveries/" + lost.ID + "/approve", "DELETE /v1/recoveries/" + lost.ID} {
				method, path, _ := strings.Cut(path, " ")
				got := w.expect(w.do(method, path, sent, body), http.StatusUnauthorized, "assurance_insufficient")
				if challenge := got.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, "max_age") {
					t.Errorf("%s, %s %s: %s", name, method, path, challenge)
				}
			}
		}
		w.expect(w.do("GET", "/v1/recoveries", sign(t, w.claims(nil, directory.MemberView{Person: first})), ""), http.StatusUnauthorized, "assurance_insufficient")
		w.expect(w.do("POST", "/v1/recoveries", token(nobody), `{"person":"nobody@nowhere.example","reason":"x"}`), http.StatusForbidden, "act_forbidden")
		w.expect(w.do("GET", "/v1/recoveries", token(nobody), ""), http.StatusForbidden, "act_forbidden")
		for fault, wrong := range map[string]string{
			"/person invalid":  `{"person":"nobody@nowhere.example","reason":"x"}`,
			"/person required": `{"reason":"x"}`,
			"/reason required": fmt.Sprintf(`{"person":%q}`, lost.ID),
			"/email invalid":   fmt.Sprintf(`{"person":%q,"reason":"x","email":"y"}`, lost.ID),
			"/email taken":     fmt.Sprintf(`{"person":%q,"reason":"x","email":%q}`, lost.ID, nobody.Email),
		} {
			got := w.expect(w.do("POST", "/v1/recoveries", token(first), wrong), http.StatusUnprocessableEntity, "validation_failed")
			if p := got.problem(t); p.Errors[0].Pointer+" "+p.Errors[0].Code != fault {
				t.Errorf("%s: %s", wrong, got.body)
			}
		}
		w.expect(w.do("POST", "/v1/recoveries", token(first), fmt.Sprintf(`{"person":%q,"reason":"x"}`, first.ID)), http.StatusForbidden, "another_operator_needed")

		var made recoveryView
		w.expect(w.do("POST", "/v1/recoveries", token(first), body), http.StatusCreated, "").into(t, &made)
		if made.PersonID != lost.ID || made.State != "proposed" || made.ProposedBy != first.ID || made.DueAt != 0 {
			t.Errorf("the proposal: %+v", made)
		}
		w.expect(w.do("POST", "/v1/recoveries/"+made.ID+"/approve", token(first), ""), http.StatusForbidden, "another_operator_needed")
		w.expect(w.do("POST", "/v1/recoveries/"+made.ID+"/approve", token(nobody), ""), http.StatusForbidden, "act_forbidden")
		w.expect(w.do("POST", "/v1/recoveries/"+lost.ID+"/approve", token(second), ""), http.StatusNotFound, "not_found")
		var approved recoveryView
		w.expect(w.do("POST", "/v1/recoveries/"+made.ID+"/approve", token(second), ""), http.StatusOK, "").into(t, &approved)
		if approved.State != "waiting" || approved.ApprovedBy != second.ID || approved.DueAt == 0 {
			t.Errorf("the approval: %+v", approved)
		}
		w.expect(w.do("POST", "/v1/recoveries/"+made.ID+"/approve", token(second), ""), http.StatusConflict, "recovery_over")
		got := w.expect(w.do("GET", "/v1/recoveries", token(second), ""), http.StatusOK, "")
		if !strings.Contains(got.body, made.ID) || strings.Contains(got.body, lost.Email) {
			t.Errorf("the list: %s", got.body)
		}
		w.expect(w.do("DELETE", "/v1/recoveries/"+made.ID, token(first), ""), http.StatusNoContent, "")
		w.expect(w.do("DELETE", "/v1/recoveries/"+made.ID, token(first), ""), http.StatusConflict, "recovery_over")
		if got := w.do("GET", "/v1/recoveries", token(second), ""); got.body != `{"recoveries":[]}` {
			t.Errorf("the list at last: %s", got.body)
		}
	})
}
