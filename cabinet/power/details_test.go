package power_test

import (
	"net/http"
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

// detailed is the head's token within a detail of powers (RFC 9396).
func (w *world) detailed(actions []string, limits map[string]any) string {
	w.T.Helper()
	detail := cabinettest.But(map[string]any{"type": "urn:propusk:power", "actions": actions}, limits)
	claims := cabinettest.But(w.Claims(w.alpha, w.alpha.Members[directory.Head]), map[string]any{
		"acr": cabinettest.Qualified, "authorization_details": []any{detail},
	})
	return cabinettest.Sign(w.T, claims)
}

// RFC 9396 §9.1: what a token may give and take back is what its details say, however
// much its holder may.
func TestATokenGivesAndTakesBackPowersWithinItsDetailsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	grant := []string{"view", "grant"}
	limits := map[string]any{"powers": []string{"2_FNS02", "CAB_EXTRACTS"}, "max_sum": 500_000, "max_days": 40}
	draft := func(changes map[string]any) map[string]any {
		return cabinettest.But(map[string]any{
			"representative": map[string]any{"last_name": "Счетова", "first_name": "Анна", "snils": "153-768-472 00"},
			"powers":         []string{"2_FNS02"}, "until": w.day(30), "limits": map[string]any{"max_sum": 500_000, "may_sign": true},
		}, changes)
	}
	for name, test := range map[string]struct {
		actions []string
		limits  map[string]any
		power   map[string]any
		code    string
	}{
		"view alone":              {[]string{"view"}, nil, draft(nil), "act_forbidden"},
		"revoke alone":            {[]string{"revoke"}, nil, draft(nil), "details_exceeded"},
		"a power not on the list": {grant, limits, draft(map[string]any{"powers": []string{"2_FNS02", "2_FNS03"}}), "details_exceeded"},
		"a larger sum":            {grant, limits, draft(map[string]any{"limits": map[string]any{"max_sum": 500_001}}), "details_exceeded"},
		"no sum":                  {grant, limits, draft(map[string]any{"limits": map[string]any{"may_sign": true}}), "details_exceeded"},
		"a longer term":           {grant, limits, draft(map[string]any{"until": w.day(60)}), "details_exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Expect(w.Do("POST", powers, w.detailed(test.actions, test.limits), test.power), http.StatusForbidden, test.code)
		})
	}
	granter := w.detailed(grant, limits)
	made := w.read(w.Expect(w.Do("POST", powers, granter, draft(nil)), http.StatusCreated, ""))
	xml := []byte(w.Do("GET", powers+"/"+made.ID+"/file", granter, nil).Text)
	signature := map[string]any{"signature": w.company.Sign(t, xml)}
	narrower := w.detailed(grant, cabinettest.But(limits, map[string]any{"max_days": 5}))
	w.Expect(w.Do("POST", powers+"/"+made.ID+"/signature", narrower, signature), http.StatusForbidden, "details_exceeded")
	w.Expect(w.Do("POST", powers+"/"+made.ID+"/signature", granter, signature), http.StatusOK, "")
	w.Expect(w.Do("POST", powers+"/"+made.ID+"/revoke", granter, map[string]any{}), http.StatusForbidden, "details_exceeded")
	w.Expect(w.Do("POST", powers+"/"+made.ID+"/revoke", w.detailed([]string{"revoke"}, nil), map[string]any{}), http.StatusOK, "")
}
