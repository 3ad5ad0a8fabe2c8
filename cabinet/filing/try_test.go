package filing_test

import "testing"

// TestTryingKeepsNothing: faults are told for values that are still being typed, and
// the draft is as it was.
func TestTryingKeepsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.createForm(o, vatValues())
		var tried struct {
			Accepted bool
			Faults   []struct{ Code, Element, Message string }
		}
		try := func(values map[string]any, id string) {
			t.Helper()
			tried.Faults = nil
			w.Expect(w.Do("POST", "/v1/filings/"+id+"/try", w.admin(o), map[string]any{"values": values}), 200, "").Into(t, &tried)
		}
		if try(map[string]any{}, f.ID); !tried.Accepted || len(tried.Faults) != 0 {
			t.Fatalf("a good one: %+v", tried)
		}
		try(map[string]any{"НДС/СумУплНП/@КБК": "1"}, f.ID)
		if tried.Accepted || len(tried.Faults) != 1 || tried.Faults[0].Code != "value_invalid" || tried.Faults[0].Element != "Файл/Документ/НДС/СумУплНП/@КБК" {
			t.Errorf("a faulty value: %+v", tried)
		}
		if try(map[string]any{"НДС/СумУплНП/@КБК": nil}, f.ID); tried.Accepted || tried.Faults[0].Code != "attribute_missing" {
			t.Errorf("a value taken away: %+v", tried)
		}
		if try(map[string]any{"НДС/Выдумка/@А": "1"}, f.ID); tried.Accepted {
			t.Errorf("an unknown field: %+v", tried)
		}
		after := w.got(w.Do("GET", "/v1/filings/"+f.ID, w.admin(o), nil), 200)
		if after.Check != nil || after.Values["НДС/СумУплНП/@КБК"] != "18210301000011000110" || after.File != nil {
			t.Errorf("the draft has changed: %+v", after)
		}
		uploaded := w.upload(o, w.vat(o))
		w.Expect(w.Do("POST", "/v1/filings/"+uploaded.ID+"/try", w.admin(o), map[string]any{}), 422, "validation_failed")
	})
}
