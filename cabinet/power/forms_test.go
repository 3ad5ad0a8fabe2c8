package power_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/power/emchd"
	"propusk/cabinet/power/powertest"
	"propusk/idp/directory"
	"propusk/signature"
)

func TestFormsAreMadeForEveryKindOfRepresentative(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.Token(w.alpha, directory.Head)
		beta := w.Office("Beta")
		for name, c := range map[string]struct {
			to   map[string]any
			kind string
		}{
			"a cabinet's organisation": {map[string]any{"kind": "organisation", "inn": beta.INN}, emchd.KindOrganisation},
			"another organisation":     {map[string]any{"kind": "organisation", "name": "АО «Учёт»", "inn": "7709876545", "kpp": "770901001", "ogrn": "1027700987654"}, emchd.KindOrganisation},
			"a sole proprietor": {map[string]any{"kind": "organisation", "name": "ИП Северный", "last_name": "Северный", "first_name": "Олег",
				"inn": powertest.Head.INN, "ogrn": "304770123456782"}, emchd.KindSole},
		} {
			body := map[string]any{"representative": c.to, "powers": []string{"CAB_EXTRACTS"}, "until": w.day(9), "delegation": 3}
			got := w.read(w.Expect(w.Do("POST", powers, head, body), http.StatusCreated, ""))
			form, _ := emchd.Parse([]byte(w.Do("GET", powers+"/"+got.ID+"/file", head, nil).Text))
			if form == nil || form.Representatives[0].Kind != c.kind || form.Representatives[0].INN != got.Representative.INN {
				t.Errorf("%s: %+v", name, form)
			}
		}
		body := map[string]any{"representative": map[string]any{"kind": "organisation", "name": "ИП", "inn": powertest.Head.INN}, "powers": []string{"CAB_EXTRACTS"}, "until": w.day(9)}
		p := w.Expect(w.Do("POST", powers, head, body), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
		if len(p.Errors) != 3 || p.Errors[2].Pointer != "/representative/ogrn" {
			t.Errorf("%+v", p.Errors)
		}
	})
}

// A sole proprietor signs with the certificate of one, and no other.
func TestASoleProprietorGivesAPower(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		owner := w.Person("Sole")
		w.prove(owner.ID, "08765430300")
		o, _, err := w.Directory.CreateOrganisation(ctx, directory.NewOrganisation{
			Kind: directory.KindSole, INN: powertest.Head.INN, OGRN: "304770123456782", Name: "ИП Северный",
		}, owner.ID, directory.Administrator)
		cabinettest.Must(t, err)
		office := &cabinettest.Office{Organisation: o, Tag: "Sole"}
		m, err := w.Directory.Membership(ctx, owner.ID, o.ID)
		cabinettest.Must(t, err)
		token := cabinettest.Sign(t, w.Claims(office, directory.MemberView{Member: m.Member, Person: owner}))
		body := map[string]any{
			"representative": map[string]any{"last_name": "Счетова", "first_name": "Анна", "snils": bookkeeperSNILS},
			"head":           map[string]any{"last_name": "Северный", "first_name": "Олег", "snils": "08765430300"},
			"powers":         []string{"2_FNS02"}, "until": w.day(9),
		}
		draft := w.read(w.Expect(w.Do("POST", powers, token, body), http.StatusCreated, ""))
		xml := []byte(w.Do("GET", powers+"/"+draft.ID+"/file", token, nil).Text)
		if !strings.Contains(string(xml), "ИПДовер") {
			t.Errorf("%s", xml)
		}
		person := w.Authority.Issue(t, signature.Subject{LastName: "С", GivenNames: "О", SNILS: "08765430300", INN: powertest.Head.INN})
		sole := w.Authority.Issue(t, signature.Subject{LastName: "С", GivenNames: "О", SNILS: "08765430300", INN: powertest.Head.INN, OGRNIP: "304770123456782"})
		at := powers + "/" + draft.ID + "/signature"
		w.Expect(w.Do("POST", at, token, map[string]any{"signature": person.Sign(t, xml)}), http.StatusUnprocessableEntity, "power_signature_refused")
		w.Expect(w.Do("POST", at, token, map[string]any{"signature": sole.Sign(t, xml)}), http.StatusOK, "")
	})
}
