package extract_test

import (
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

// RFC 9396 §9.1: a token with details of some extracts orders and sees no others.
func TestATokenForSomeExtractsOrdersAndSeesNoOthers(t *testing.T) {
	t.Parallel()
	w := setup(t, storagetest.SQLite(t))
	o := w.office("Alpha")
	claims := w.Claims(o, o.Members[directory.Administrator])
	token := cabinettest.Sign(t, cabinettest.But(claims, map[string]any{
		"authorization_details": []any{map[string]any{"type": "urn:propusk:extract", "kinds": []string{"egrul"}}},
	}))
	other := w.order(o, map[string]any{"kind": "tax_status"})
	var ordered shown
	w.Expect(w.Do("POST", "/v1/extracts", token, map[string]any{"kind": "egrul"}), 201, "").Into(t, &ordered)
	w.Expect(w.Do("POST", "/v1/extracts", token, map[string]any{"kind": "tax_status"}), 403, "details_exceeded")
	w.Expect(w.Do("GET", "/v1/extracts/"+other.ID, token, nil), 403, "details_exceeded")
	w.Expect(w.Do("POST", "/v1/extracts/"+other.ID+"/cancel", token, nil), 403, "details_exceeded")
	var list struct{ Items []shown }
	w.Expect(w.Do("GET", "/v1/extracts", token, nil), 200, "").Into(t, &list)
	if len(list.Items) != 1 || list.Items[0].ID != ordered.ID {
		t.Errorf("the token lists %+v", list.Items)
	}
}
