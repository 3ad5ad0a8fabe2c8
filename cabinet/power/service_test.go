package power_test

import (
	"context"
	"net/http"
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
)

// program is a token of a program of the office that acts for Alpha by power, as the
// issuer makes it (RFC 8693).
func (w *world) program(o *cabinettest.Office, changes map[string]any) string {
	w.T.Helper()
	r, err := w.Directory.ServiceRepresentation(context.Background(), o.ID, w.alpha.ID)
	cabinettest.Must(w.T, err)
	first := r.Powers[0]
	claims := cabinettest.But(w.ServiceClaims(w.alpha, first.Permissions()...), map[string]any{
		"mv": r.Version, "act": map[string]any{"sub": cabinettest.Robot, "org": o.ID},
		"poa": map[string]any{"id": first.ID, "number": first.Number, "until": first.ValidUntil.Time().Unix()},
	})
	return cabinettest.Sign(w.T, cabinettest.But(claims, changes))
}

func TestAProgramActsForAnotherOrganisationWhileItsPowerLasts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		beta := w.Office("Beta", directory.Head)
		p := w.given(w.form(func(f *emchd.Form) {
			f.Representatives = []emchd.Party{{Kind: emchd.KindOrganisation, Name: beta.Name, INN: beta.INN, KPP: beta.KPP, OGRN: beta.OGRN}}
		}))
		token := w.program(beta, nil)
		var me struct {
			Kind         string `json:"kind"`
			Organization struct {
				ID    string `json:"id"`
				Power struct {
					ID string `json:"id"`
				} `json:"power"`
			} `json:"organization"`
		}
		w.Expect(w.Do("GET", "/v1/me", token, nil), http.StatusOK, "").Into(t, &me)
		if me.Kind != "client" || me.Organization.ID != w.alpha.ID || me.Organization.Power.ID != p.ID {
			t.Errorf("me: %+v", me)
		}
		w.Expect(w.Do("GET", "/v1/organization", token, nil), http.StatusOK, "")
		w.Expect(w.Do("GET", "/v1/organization/members", token, nil), http.StatusForbidden, "scope_missing")
		for name, changes := range map[string]map[string]any{
			"a power without an actor":          {"act": nil},
			"an actor without a power":          {"poa": nil},
			"an actor of no organisation":       {"act": map[string]any{"sub": cabinettest.Robot}},
			"an actor of the very same one":     {"act": map[string]any{"sub": cabinettest.Robot, "org": w.alpha.ID}},
			"without the version of its rights": {"mv": nil},
		} {
			if reply := w.Do("GET", "/v1/organization", w.program(beta, changes), nil); reply.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %d", name, reply.StatusCode)
			}
		}
		second := w.program(beta, map[string]any{"azp": "origin"})
		w.Expect(w.Do("GET", "/v1/organization", second, nil), http.StatusOK, "")
		_, err := w.Directory.RevokePower(context.Background(), directory.System(), w.alpha.ID, p.ID, "", nil)
		cabinettest.Must(t, err)
		w.Expect(w.Do("GET", "/v1/organization", token, nil), http.StatusUnauthorized, "token_revoked")
	})
}
