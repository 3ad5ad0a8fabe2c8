package power_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
	"propusk/signature"
)

func TestARevokedPowerStopsItsTokenAtTheGuard(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := w.given(w.form(func(f *emchd.Form) { f.Powers = []emchd.Power{{Code: "CAB_POWERS_VIEW", Name: "Просмотр"}} }))
		token := w.representative(w.bookkeeper, nil)
		w.Expect(w.Do("GET", powers, token, nil), http.StatusOK, "")
		w.Expect(w.Do("GET", "/v1/organization", token, nil), http.StatusOK, "")

		path := powers + "/" + got.ID + "/revoke"
		w.Expect(w.Do("POST", path, w.Token(w.alpha, directory.Head), map[string]any{"reason": "всё"}), http.StatusUnauthorized, "assurance_insufficient")
		head := w.QualifiedToken(w.alpha, directory.Head)
		w.Expect(w.Do("POST", path, head, map[string]any{}, "If-Match", `"stale"`), http.StatusPreconditionFailed, "version_changed")
		etag := w.Do("GET", powers+"/"+got.ID, head, nil).Header.Get("ETag")
		ended := w.Expect(w.Do("POST", path, head, map[string]any{"reason": "Договор расторгнут"}, "If-Match", etag), http.StatusOK, "")
		if !strings.Contains(ended.Text, `"status":"revoked"`) || !strings.Contains(ended.Text, "Договор расторгнут") {
			t.Error(ended.Text)
		}
		w.Expect(w.Do("GET", powers, token, nil), http.StatusUnauthorized, "token_revoked")
		w.Expect(w.Do("POST", path, head, map[string]any{}), http.StatusConflict, "power_over")
		// Between the token and the act: what is asked in the transaction of an act.
		_, err := w.Directory.Authorise(context.Background(), directory.Actor{PersonID: w.bookkeeper.ID, PowerID: got.ID}, w.alpha.ID, directory.Act{Permission: directory.OrganizationRead})
		if !errors.Is(err, directory.ErrPowerExpired) {
			t.Errorf("authorised after the revocation: %v", err)
		}
	})
}

func TestAPowerTokenPermitsWhatThePowerListsAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.given(w.form())
		token := w.representative(w.bookkeeper, nil)
		w.Expect(w.Do("GET", "/v1/organization", token, nil), http.StatusOK, "")
		for _, path := range []string{"/v1/organization/members", "/v1/organization/journal", powers} {
			w.Expect(w.Do("GET", path, token, nil), http.StatusForbidden, "permission_missing")
		}
		// A token that says more than the power lists is stopped by the directory.
		wide := w.representative(w.bookkeeper, map[string]any{"permissions": []string{"organization:read", "organization:write", "powers:write"}})
		w.Expect(w.Do("PATCH", "/v1/organization", wide, map[string]any{"required_acr": "urn:propusk:2"}), http.StatusForbidden, "act_forbidden")
		body := map[string]any{"representative": map[string]any{"last_name": "А", "first_name": "Б", "snils": headSNILS}, "powers": []string{"2_FNS99"}, "until": w.day(5)}
		w.Expect(w.Do("POST", powers, wide, body), http.StatusForbidden, "act_forbidden")
		// A person's token that claims both a role and a power is none of ours.
		w.Expect(w.Do("GET", "/v1/organization", w.representative(w.bookkeeper, map[string]any{"roles": []string{"administrator"}}), nil), http.StatusUnauthorized, "token_invalid")
	})
}

func TestAPowerOfAnotherOrganisationIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		beta := w.Office("Beta", directory.Roles()...)
		got := w.given(w.form(func(f *emchd.Form) { f.Powers = []emchd.Power{{Code: "CAB_POWERS_VIEW", Name: "Просмотр"}} }))
		theirs := w.QualifiedToken(beta, directory.Head)
		for _, path := range []string{"", "/file", "/signature", "/archive"} {
			w.Expect(w.Do("GET", powers+"/"+got.ID+path, theirs, nil), http.StatusNotFound, "not_found")
		}
		w.Expect(w.Do("POST", powers+"/"+got.ID+"/revoke", theirs, map[string]any{}), http.StatusNotFound, "not_found")
		// The representative's token of Alpha opens nothing of Beta.
		second, err := w.Directory.AddPower(context.Background(), directory.System(), beta.ID, directory.NewPower{
			Form: directory.PowerMachine, Status: directory.PowerActive, Powers: []string{"CAB_EXTRACTS"}, IssuedOn: w.day(0), Until: w.day(9),
			Representative: directory.Representative{Kind: directory.RepresentsPerson, LastName: "Иной", FirstName: "Пётр", SNILS: "08765430300"},
		})
		cabinettest.Must(t, err)
		w.Expect(w.Do("GET", powers+"/"+second.ID, w.representative(w.bookkeeper, nil), nil), http.StatusNotFound, "not_found")
	})
}

func TestTheQuestionWhetherAPowerWouldAllow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := w.given(w.form())
		token := w.Token(w.alpha, directory.Observer)
		ask := func(body map[string]any) cabinettest.Reply {
			return w.Do("POST", powers+"/"+got.ID+"/check", token, body, "Accept-Language", "en")
		}
		for want, body := range map[string]map[string]any{
			`"allowed":true,"detail":"The power allows this: Sign and send filings."`:                                    {"permission": "filings:sign", "kind": "NO_NDS"},
			`"allowed":false,"reason":"power_exceeded","detail":"The power does not allow this: Sign and send filings."`: {"permission": "filings:sign", "kind": "NO_PRIB"},
			`"allowed":false,"reason":"power_exceeded","detail":"The power does not allow this: View members."`:          {"permission": "members:read"},
		} {
			if reply := w.Expect(ask(body), http.StatusOK, ""); !strings.Contains(reply.Text, want) {
				t.Errorf("%v: %s", body, reply.Text)
			}
		}
		for _, body := range []map[string]any{{"permission": "filings:burn"}, {"permission": "filings:sign", "amount": -1}, {"permission": "filings:sign", "kind": strings.Repeat("x", 101)}} {
			w.Expect(ask(body), http.StatusUnprocessableEntity, "validation_failed")
		}
		w.Clock.Advance(101 * 24 * time.Hour)
		token = w.Token(w.alpha, directory.Observer)
		if reply := ask(map[string]any{"permission": "filings:sign", "kind": "NO_NDS"}); !strings.Contains(reply.Text, `"reason":"power_expired","detail":"The power is not in force: Expired."`) {
			t.Error(reply.Text)
		}
	})
}

func TestTheRepresentativeSeesGivesUpAndHandsOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := w.given(w.form(func(f *emchd.Form) { f.Delegation = 1 }))
		me := w.outsider(w.bookkeeper)
		weak := func(person directory.Person) string {
			return cabinettest.Sign(t, w.Claims(nil, directory.MemberView{Person: person}))
		}
		if mine := w.Expect(w.Do("GET", "/v1/me/powers", me, nil), http.StatusOK, ""); !strings.Contains(mine.Text, got.ID) {
			t.Error(mine.Text)
		}
		w.actions(weak(w.bookkeeper), got.ID, "renounce assurance_insufficient, delegate allowed")
		w.actions(me, got.ID, "renounce allowed, delegate allowed")
		// Every application has the scope organization: it does not reach these.
		narrow := cabinettest.Sign(t, cabinettest.But(w.Claims(nil, directory.MemberView{Person: w.bookkeeper}), map[string]any{"scope": "openid organization powers:read powers:write"}))
		for _, path := range []string{"", "/" + got.ID, "/" + got.ID + "/file"} {
			w.Expect(w.Do("GET", "/v1/me/powers"+path, narrow, nil), http.StatusForbidden, "scope_missing")
		}
		for _, act := range []string{"renounce", "revoke", "delegate", "signature"} {
			w.Expect(w.Do("POST", "/v1/me/powers/"+got.ID+"/"+act, narrow, map[string]any{}), http.StatusForbidden, "scope_missing")
		}
		w.Expect(w.Do("GET", "/v1/me/powers/"+got.ID+"/file", me, nil), http.StatusOK, "")
		other := w.outsider(w.Person("Stranger"))
		for _, path := range []string{"", "/file"} {
			w.Expect(w.Do("GET", "/v1/me/powers/"+got.ID+path, other, nil), http.StatusNotFound, "not_found")
		}
		helper := w.Person("Helper")
		w.prove(helper.ID, "08765430300")
		body := map[string]any{
			"representative": map[string]any{"last_name": "Помощников", "first_name": "Пётр", "snils": "08765430300"},
			"powers":         []string{"2_FNS02"}, "limits": map[string]any{"reports": []string{"NO_NDS"}, "may_sign": false}, "until": w.day(10),
		}
		w.Expect(w.Do("POST", "/v1/me/powers/"+got.ID+"/delegate", other, body), http.StatusNotFound, "not_found")
		for want, change := range map[string]map[string]any{
			"/until longer":        {"until": w.day(101)},
			"/powers wider":        {"powers": []string{"2_FNS99"}},
			"/limits wider":        {"limits": map[string]any{"reports": []string{"NO_PRIB"}}},
			"/delegation wider":    {"delegation": 1},
			"/representative loop": {"representative": map[string]any{"last_name": "С", "first_name": "А", "snils": bookkeeperSNILS}},
		} {
			p := w.Expect(w.Do("POST", "/v1/me/powers/"+got.ID+"/delegate", me, cabinettest.But(body, change)), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
			if p.Errors[0].Pointer+" "+p.Errors[0].Code != want {
				t.Errorf("%+v, want %s", p.Errors, want)
			}
		}
		draft := w.read(w.Expect(w.Do("POST", "/v1/me/powers/"+got.ID+"/delegate", me, body), http.StatusCreated, ""))
		xml := []byte(w.Expect(w.Do("GET", "/v1/me/powers/"+draft.ID+"/file", me, nil), http.StatusOK, "").Text)
		if form, _ := emchd.Parse(xml); form == nil || form.Parent != got.Number || form.First != got.Number || form.Giver.SNILS != bookkeeperSNILS {
			t.Errorf("the form that hands on: %s", xml)
		}
		sign := "/v1/me/powers/" + draft.ID + "/signature"
		w.actions(weak(w.bookkeeper), draft.ID, "sign allowed, revoke assurance_insufficient")
		if handed := w.Expect(w.Do("GET", "/v1/me/powers?side=handed", me, nil), http.StatusOK, ""); !strings.Contains(handed.Text, draft.ID) || strings.Contains(handed.Text, `"id":"`+got.ID) {
			t.Errorf("what was handed on: %s", handed.Text)
		}
		if theirs := w.Expect(w.Do("GET", "/v1/me/powers?side=handed", other, nil), http.StatusOK, ""); strings.Contains(theirs.Text, draft.ID) {
			t.Errorf("a stranger's: %s", theirs.Text)
		}
		w.Expect(w.Do("GET", "/v1/me/powers?side=all", me, nil), http.StatusBadRequest, "parameter_invalid")
		w.Expect(w.Do("POST", sign, me, map[string]any{"signature": w.company.Sign(t, xml)}), http.StatusUnprocessableEntity, "power_signature_refused")
		own := w.Authority.Issue(t, signature.Subject{LastName: "Счетова", GivenNames: "Анна", SNILS: bookkeeperSNILS})
		if signed := w.read(w.Expect(w.Do("POST", sign, me, map[string]any{"signature": own.Sign(t, xml)}), http.StatusOK, "")); signed.Status != "active" || signed.ParentID != got.ID {
			t.Errorf("%+v", signed)
		}
		w.actions(me, draft.ID, "sign power_over, revoke allowed")
		w.actions(weak(helper), draft.ID, "renounce assurance_insufficient, delegate power_not_handed_on")
		if _, err := w.Directory.Representation(context.Background(), helper.ID, w.alpha.ID); err != nil {
			t.Errorf("the helper: %v", err)
		}
		w.Expect(w.Do("POST", "/v1/me/powers/"+got.ID+"/revoke", me, map[string]any{}), http.StatusForbidden, "act_forbidden")
		second := w.read(w.Expect(w.Do("POST", "/v1/me/powers/"+got.ID+"/delegate", me, cabinettest.But(body, map[string]any{"until": w.day(5)})), http.StatusCreated, ""))
		w.Expect(w.Do("POST", "/v1/me/powers/"+second.ID+"/revoke", me, map[string]any{"reason": "Передумала"}), http.StatusOK, "")
		ended := w.Expect(w.Do("POST", "/v1/me/powers/"+got.ID+"/renounce", me, map[string]any{"reason": "Ухожу"}), http.StatusOK, "")
		if strings.Count(ended.Text, `"status":"revoked"`) != 2 {
			t.Error(ended.Text)
		}
		w.Expect(w.Do("POST", "/v1/me/powers/"+got.ID+"/renounce", me, map[string]any{}), http.StatusConflict, "power_over")
	})
}

func TestAnImportedHandOnNeedsItsParentAndItsGiversSignature(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		parent := w.given(w.form(func(f *emchd.Form) { f.Delegation = 2 }))
		own := w.Authority.Issue(t, signature.Subject{LastName: "Счетова", GivenNames: "Анна", SNILS: bookkeeperSNILS})
		handed := func(change func(f *emchd.Form)) emchd.Form {
			return w.form(func(f *emchd.Form) {
				f.First, f.Parent, f.Until = parent.Number, parent.Number, w.day(50)
				f.Giver = &emchd.Party{Kind: emchd.KindPerson, SNILS: bookkeeperSNILS, LastName: "Счетова", FirstName: "Анна"}
				f.Representatives = []emchd.Party{{Kind: emchd.KindPerson, SNILS: "08765430300", LastName: "П", FirstName: "П"}}
			}, change)
		}
		nothing := func(*emchd.Form) {}
		w.Expect(w.bring(handed(nothing), w.company), http.StatusUnprocessableEntity, "power_invalid")
		unknown := w.Expect(w.bring(handed(func(f *emchd.Form) { f.First, f.Parent = f.Number, f.Number }), own), http.StatusUnprocessableEntity, "power_invalid")
		if !strings.Contains(unknown.Text, "form_parent_unknown") || !strings.Contains(unknown.Text, "CanNotBeValidated") {
			t.Error(unknown.Text)
		}
		wider := w.Expect(w.bring(handed(func(f *emchd.Form) { f.Limits = nil }), own), http.StatusUnprocessableEntity, "validation_failed")
		if !strings.Contains(wider.Text, "/limits") {
			t.Error(wider.Text)
		}
		for name, change := range map[string]func(f *emchd.Form){
			"another giver":       func(f *emchd.Form) { f.Giver.SNILS = headSNILS },
			"another first power": func(f *emchd.Form) { f.First = f.Number },
		} {
			if reply := w.Expect(w.bring(handed(change), own), http.StatusUnprocessableEntity, "power_invalid"); !strings.Contains(reply.Text, "form_parent_refused") {
				t.Errorf("%s: %s", name, reply.Text)
			}
		}
		got := w.read(w.Expect(w.bring(handed(nothing), own), http.StatusCreated, ""))
		if got.Status != "active" || got.ParentID != parent.ID {
			t.Errorf("%+v", got)
		}
	})
}

func TestAnOrganisationThatWasGivenAPowerNamesWhoActs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		beta := w.Office("Beta", directory.Head, directory.Accountant)
		got := w.given(w.form(func(f *emchd.Form) {
			f.Delegation = 1
			f.Representatives = []emchd.Party{{Kind: emchd.KindOrganisation, Name: beta.Name, INN: beta.INN, KPP: beta.KPP, OGRN: beta.OGRN}}
		}))
		boss := w.QualifiedToken(beta, directory.Head)
		if list := w.Expect(w.Do("GET", powers+"?side=given", boss, nil), http.StatusOK, ""); !strings.Contains(list.Text, got.ID) {
			t.Error(list.Text)
		}
		one := w.read(w.Do("GET", powers+"/"+got.ID, boss, nil))
		var names []string
		for _, a := range one.Actions {
			names = append(names, a.Action)
			if !a.Allowed {
				t.Errorf("%+v", a)
			}
		}
		if !slices.Equal(names, []string{"renounce", "delegate", "performers"}) {
			t.Errorf("actions %v", names)
		}
		path := powers + "/" + got.ID + "/performers"
		clerk := beta.Members[directory.Accountant]
		p := w.Expect(w.Do("PUT", path, boss, map[string]any{"members": []string{w.head.Member.ID}}), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
		if p.Errors[0].Pointer != "/members/0" || p.Errors[0].Code != "power_member_unknown" {
			t.Errorf("%+v", p.Errors)
		}
		w.Expect(w.Do("PUT", path, w.QualifiedToken(w.alpha, directory.Head), map[string]any{"members": []string{}}), http.StatusConflict, "power_not_representative")
		named := w.read(w.Expect(w.Do("PUT", path, boss, map[string]any{"members": []string{clerk.Member.ID}}), http.StatusOK, ""))
		if !slices.Equal(named.Performers, []string{clerk.Member.ID}) {
			t.Errorf("performers %v", named.Performers)
		}
		token := w.representative(clerk.Person, nil)
		w.Expect(w.Do("GET", "/v1/organization", token, nil), http.StatusOK, "")
		if r, err := w.Directory.ServiceRepresentation(context.Background(), beta.ID, w.alpha.ID); err != nil || r.Powers[0].ID != got.ID {
			t.Errorf("the organisation's programs: %v", err)
		}

		// Handed on by the organisation, signed by its head.
		body := map[string]any{"representative": map[string]any{"last_name": "П", "first_name": "П", "snils": "08765430300"}, "powers": []string{"2_FNS02"},
			"limits": map[string]any{"reports": []string{"NO_NDS"}}, "until": w.day(9)}
		draft := w.read(w.Expect(w.Do("POST", powers+"/"+got.ID+"/delegate", boss, body), http.StatusCreated, ""))
		xml := []byte(w.Expect(w.Do("GET", powers+"/"+draft.ID+"/file", boss, nil), http.StatusOK, "").Text)
		theirs := w.Authority.Issue(t, signature.Subject{LastName: "Б", GivenNames: "Б", Organisation: beta.Name, SNILS: "08765430300", INNLE: beta.INN, OGRN: beta.OGRN})
		w.Expect(w.Do("POST", powers+"/"+draft.ID+"/signature", boss, map[string]any{"signature": theirs.Sign(t, xml)}), http.StatusOK, "")

		w.Expect(w.Do("POST", powers+"/"+got.ID+"/renounce", boss, map[string]any{"reason": "нет"}), http.StatusOK, "")
		w.Expect(w.Do("GET", "/v1/organization", token, nil), http.StatusUnauthorized, "token_revoked")
	})
}

func TestPowersAreListedByPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var ids []string
		for range 3 {
			ids = append(ids, w.given(w.form()).ID)
			w.Clock.Advance(time.Second)
		}
		slices.Reverse(ids)
		var page struct {
			Powers []seen `json:"powers_of_attorney"`
			Next   string
		}
		token := w.Token(w.alpha, directory.Observer)
		w.Expect(w.Do("GET", powers+"?limit=2&status=active&form=machine&q=счетова", token, nil), http.StatusOK, "").Into(t, &page)
		if len(page.Powers) != 2 || page.Powers[0].ID != ids[0] || page.Powers[1].ID != ids[1] || page.Next == "" {
			t.Errorf("%+v", page)
		}
		next := page.Next
		page.Next = ""
		w.Expect(w.Do("GET", powers+"?limit=2&after="+next, token, nil), http.StatusOK, "").Into(t, &page)
		if len(page.Powers) != 1 || page.Powers[0].ID != ids[2] || page.Next != "" {
			t.Errorf("%+v", page)
		}
		w.Expect(w.Do("GET", powers+"?status=lost&side=left", token, nil), http.StatusBadRequest, "parameter_invalid")
		if list := w.Expect(w.Do("GET", "/v1/powers", token, nil, "Accept-Language", "en"), http.StatusOK, ""); !strings.Contains(list.Text, `"2_FNS02","label":"Sign and submit tax returns and other reports"`) {
			t.Error(list.Text)
		}
	})
}

func TestWhoeverMayNotRevokeLearnsWhoCan(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := w.given(w.form(func(f *emchd.Form) { f.Irrevocable = true }))
		one := w.read(w.Do("GET", powers+"/"+got.ID, w.Token(w.alpha, directory.Observer), nil))
		i := slices.IndexFunc(one.Actions, func(a api.Action) bool { return a.Action == "revoke" })
		if i < 0 || one.Actions[i].Reason != "permission_missing" || len(one.Actions[i].Ask) == 0 {
			t.Errorf("%+v", one.Actions)
		}
		head := w.QualifiedToken(w.alpha, directory.Head)
		one = w.read(w.Do("GET", powers+"/"+got.ID, head, nil))
		if one.Actions[i].Reason != "power_irrevocable" {
			t.Errorf("%+v", one.Actions[i])
		}
		w.Expect(w.Do("POST", powers+"/"+got.ID+"/revoke", head, map[string]any{}), http.StatusConflict, "power_irrevocable")
	})
}

func TestPeopleAreRemindedAndToldOfTheEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		w.given(w.form(func(f *emchd.Form) { f.Until = w.day(8) }))
		told := func() (subjects []string) {
			w.Work()
			for _, m := range w.Sent(w.bookkeeper.Email) {
				subjects = append(subjects, m.Subject)
			}
			return subjects
		}
		for range 2 {
			cabinettest.Must(t, w.room.Remind(ctx))
			cabinettest.Must(t, w.room.Expire(ctx))
		}
		if got := told(); len(got) != 2 || !slices.Contains(got, "Заканчивается срок доверенности, выданной вам") {
			t.Errorf("told %q", got)
		}
		w.Clock.Advance(9 * 24 * time.Hour)
		cabinettest.Must(t, w.room.Expire(ctx))
		cabinettest.Must(t, w.room.Expire(ctx))
		if got := told(); len(got) != 3 || !slices.Contains(got, "Срок доверенности, выданной вам, закончился") {
			t.Errorf("told %q", got)
		}
	})
}

func TestARepeatedRequestGivesOnePower(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.form()
		xml := emchd.Write(f)
		body, kind := multi(t, part{"file", emchd.FileID(f.Number, f.IssuedOn) + ".xml", xml}, part{"signature", "a.sig", w.company.Sign(t, xml)})
		send := func() cabinettest.Reply {
			return w.Expect(w.Do("POST", powers, w.Token(w.alpha, directory.Head), body, "Content-Type", kind, "Idempotency-Key", "once"), http.StatusCreated, "")
		}
		first, second := send(), send()
		if first.Text != second.Text || second.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s\n%s", first.Text, second.Text)
		}
	})
}
