package integration

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// keySet reads public keys as they are pasted: a key set (RFC 7517 §5), or one key
// alone. A private key is refused before it goes anywhere: it has no business here.
func keySet(pasted string) (json.RawMessage, string) {
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
		Type string                       `json:"kty"`
	}
	if err := json.Unmarshal([]byte(pasted), &set); err != nil {
		return nil, "integration.client.keys.json"
	}
	if set.Type != "" && set.Keys == nil { // one key alone
		return keySet(`{"keys":[` + pasted + `]}`)
	}
	if len(set.Keys) == 0 {
		return nil, "integration.client.keys.none"
	}
	for _, key := range set.Keys {
		if key["d"] != nil || bytes.Equal(key["kty"], []byte(`"oct"`)) || key["k"] != nil {
			return nil, "integration.client.keys.private"
		}
	}
	return json.RawMessage(pasted), ""
}

// withKeys puts pasted keys into the body of an application, or says what is wrong
// with them. What holds a private key is not drawn again.
func (f *clientForm) withKeys(body map[string]any) []pages.FieldError {
	if f.Set == "" {
		return nil
	}
	if f.Keys != "" {
		return []pages.FieldError{{Field: "jwks", Key: "integration.client.keys.both"}}
	}
	set, fault := keySet(f.Set)
	if fault != "" {
		if fault == "integration.client.keys.private" {
			f.Set = ""
		}
		return []pages.FieldError{{Field: "jwks", Key: fault}}
	}
	body["jwks"], body["token_endpoint_auth_method"] = set, "private_key_jwt"
	return nil
}

// rotateKeys registers new keys; those before stay good for as many days as the form
// says, none when one has leaked.
func rotateKeys(v *desk.Visit) error {
	form := clientForm{NewSet: strings.TrimSpace(v.Value("jwks"))}
	set, fault := keySet(form.NewSet)
	if fault != "" {
		if fault == "integration.client.keys.private" {
			form.NewSet = ""
		}
		return clientPage(v, http.StatusUnprocessableEntity, form, pages.FieldError{Field: "jwks", Key: fault})
	}
	overlap, err := strconv.Atoi(v.Value("overlap_days"))
	if err != nil || v.Value("leaked") != "" {
		overlap = 0
	}
	err = v.Post(clientAPI(v)+"/keys", map[string]any{"jwks": set, "overlap_days": overlap}, nil, desk.IdempotencyKey(v.FormKey()))
	return clientDone(v, err, "integration.client.done.keys", form)
}
