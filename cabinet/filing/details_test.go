package filing_test

import (
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/filing/reporttest"
	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

// detailed is an administrator's token within authorization details (RFC 9396).
func (w *world) detailed(o *office, details ...map[string]any) string {
	w.T.Helper()
	claims := w.Claims(o, o.Members[directory.Administrator])
	return cabinettest.Sign(w.T, cabinettest.But(claims, map[string]any{"authorization_details": details}))
}

// RFC 9396 §9.1, §12: a token with details of VAT returns files VAT returns and neither
// sees nor files anything else, whoever holds it: here the organisation's administrator,
// who may do everything himself.
func TestATokenForVATReturnsCannotFileAnythingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha")
	other := w.upload(o, reporttest.Good("NO_PRIB", w.profitHead(o)))
	vat := map[string]any{"type": "urn:propusk:filing", "actions": []string{"read", "write", "sign"}, "kinds": []string{"NO_NDS"}}
	token := w.detailed(o, vat)

	body, headers := form(t, w.vat(o))
	f := w.got(w.Do("POST", "/v1/filings/upload", token, body, headers...), 201)
	w.got(w.trySign(o, f.ID, token, w.seal(o)), 200)
	w.got(w.Do("POST", "/v1/filings/"+f.ID+"/submit", token, nil), 200)

	for _, path := range []string{"", "/file", "/events", "/act"} {
		w.Expect(w.Do("GET", "/v1/filings/"+other.ID+path, token, nil), 403, "details_exceeded")
	}
	w.Expect(w.Do("PATCH", "/v1/filings/"+other.ID, token, map[string]any{"subject": "x"}), 403, "details_exceeded")
	w.Expect(w.Do("POST", "/v1/filings/"+other.ID+"/check", token, nil), 403, "details_exceeded")
	w.Expect(w.trySign(o, other.ID, token, w.seal(o)), 403, "details_exceeded")
	w.Expect(w.Do("DELETE", "/v1/filings/"+other.ID, token, nil), 403, "details_exceeded")
	w.Expect(w.Do("POST", "/v1/filings", token, map[string]any{"type": "NO_PRIB", "period": "34", "year": w.year()}), 403, "details_exceeded")
	profit, headers := form(t, reporttest.Good("NO_PRIB", w.profitHead(o)))
	w.Expect(w.Do("POST", "/v1/filings/upload", token, profit, headers...), 403, "details_exceeded")
	w.Expect(w.Do("GET", "/v1/filings/journal", token, nil), 403, "details_exceeded")
	var list struct{ Filings []one }
	w.Expect(w.Do("GET", "/v1/filings", token, nil), 200, "").Into(t, &list)
	if len(list.Filings) != 1 || list.Filings[0].ID != f.ID {
		t.Errorf("the token lists %d filings", len(list.Filings))
	}

	w.limits(o, vat)
}

// limits tries tokens that are limited further than to a kind.
func (w *world) limits(o *office, vat map[string]any) {
	w.T.Helper()
	but := func(changes map[string]any) map[string]any { return cabinettest.But(vat, changes) }
	draft := map[string]any{"type": "NO_NDS", "period": "22", "year": w.year(), "office": "7708"}
	create := func(token string) cabinettest.Reply { return w.Do("POST", "/v1/filings", token, draft) }
	w.Expect(create(w.detailed(o, but(map[string]any{"actions": []string{"read"}}))), 403, "details_exceeded")
	w.Expect(create(w.detailed(o, but(map[string]any{"recipients": []string{"7707"}}))), 403, "details_exceeded")
	made := w.got(create(w.detailed(o, but(map[string]any{"recipients": []string{"7708"}}))), 201)
	w.Expect(w.Do("PATCH", "/v1/filings/"+made.ID, w.detailed(o, but(map[string]any{"recipients": []string{"7708"}})),
		map[string]any{"office": "7709"}), 403, "details_exceeded")
	// A detail of another domain limits no filings.
	w.got(w.Do("GET", "/v1/filings/"+made.ID, w.detailed(o, map[string]any{"type": "urn:propusk:extract", "kinds": []string{"egrul"}}), nil), 200)
}

// The sum that a report claims counts against the token's, whoever prepared it.
func TestASumBeyondTheTokensDetailsIsNotFiled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha")
	head := w.head(o)
	head.Period = "22"
	limited := func(sum int) string {
		return w.detailed(o, map[string]any{"type": "urn:propusk:filing", "actions": []string{"write", "sign"}, "max_sum": sum})
	}
	body, headers := form(t, reporttest.Good("NO_ZAYVOZVR", head)) // claims 25,000.50
	w.Expect(w.Do("POST", "/v1/filings/upload", limited(2_500_049), body, headers...), 403, "details_exceeded")
	f := w.got(w.Do("POST", "/v1/filings/upload", limited(2_500_050), body, headers...), 201)
	w.Expect(w.trySign(o, f.ID, limited(1), w.seal(o)), 403, "details_exceeded")
	w.got(w.trySign(o, f.ID, limited(2_500_050), w.seal(o)), 200)
}
