package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// examplePatch has a field of each shape that the rooms' patches have.
type examplePatch struct {
	Role     Field[string]   `json:"role"`
	Grants   Field[[]string] `json:"grants"`
	Denials  Field[[]string] `json:"denials"`
	Position Field[string]   `json:"position"`
}

// FuzzPatchBody: a body becomes a patch of known fields or a refusal that names
// its cause; what is accepted is what encoding/json reads in the same text.
func FuzzPatchBody(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"phone":null}`, `{"role":"head","grants":["a"],"denials":null,"position":"x"}`, `{"grants":[1]}`, `{"role":{}}`,
		`{"role":"a","role":"b"}`, `{"":1}`, `{"position":"\u0000"}`, `{"position":"\ud800"}`, `[`, `{"a"`, "{\"\xff\":1}", `{}{}`, `{"x":[[[[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		members, err := splitObject(body)
		var patch examplePatch
		if err == nil {
			err = assign(members, &patch, []string{"id"})
		}
		if err != nil {
			refused := AsRefusal(err)
			if status := texts[refused.code].Status; status != 400 && status != 422 {
				t.Errorf("refused as %v", err)
			}
			return
		}
		var plain examplePatch
		if err := json.Unmarshal(body, &plain); err != nil || !reflect.DeepEqual(patch, plain) {
			t.Errorf("%q: read %+v, encoding/json reads %+v, %v", body, patch, plain, err)
		}
		if strings.ContainsRune(patch.Position.Value, 0) || patch.Role.Set && patch.Role.Null && patch.Role.Value != "" {
			t.Errorf("accepted %+v", patch)
		}
	})
}
