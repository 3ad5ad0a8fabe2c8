package application

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/storage"
)

// keySet is a public set with a key to sign and one to encrypt.
func keySet(t *testing.T) jose.JSONWebKeySet {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, use := range []string{"sig", "enc"} {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: private.Public(), Use: use, KeyID: use})
	}
	return set
}

// The attack: whoever stole a registration access token has the client loosen itself,
// so that a secret, a token or a request that he steals next is of use (RFC 7592 §5).
func TestAClientDoesNotLoosenItself(t *testing.T) {
	h := alone(t)
	strict := good(map[string]any{
		"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256", "jwks": keySet(t),
		"dpop_bound_access_tokens": true, "require_pushed_authorization_requests": true, "require_signed_request_object": true,
		"request_object_signing_alg": "ES256", "request_object_encryption_alg": "ECDH-ES", "subject_type": "pairwise",
		"id_token_encrypted_response_alg": "ECDH-ES", "userinfo_encrypted_response_alg": "ECDH-ES", "userinfo_signed_response_alg": "ES256",
		"introspection_encrypted_response_alg": "ECDH-ES", "response_modes": []string{"jwt", "form_post.jwt"},
	})
	made := h.registered(strict)
	id, token := made.text("client_id"), made.text("registration_access_token")
	put := func(changes map[string]any) answer {
		document := good(strict)
		document["client_id"] = id
		for name, value := range changes {
			if document[name] = value; value == nil {
				delete(document, name)
			}
		}
		return h.send("PUT", Path+"/"+id, token, document)
	}
	refused := func(field string, changes map[string]any) {
		t.Helper()
		a := put(changes)
		h.refused(field, a, http.StatusBadRequest, "invalid_client_metadata")
		if !strings.Contains(a.raw, `"field":"`+field+`"`) || !strings.Contains(a.raw, "does not loosen itself") {
			t.Errorf("%s: %s", field, a.raw)
		}
	}
	refused("token_endpoint_auth_method", map[string]any{"token_endpoint_auth_method": nil, "token_endpoint_auth_signing_alg": nil})
	refused("token_endpoint_auth_method", map[string]any{"token_endpoint_auth_method": "client_secret_post", "token_endpoint_auth_signing_alg": nil})
	refused("token_endpoint_auth_method", map[string]any{"token_endpoint_auth_method": "none", "token_endpoint_auth_signing_alg": nil})
	for _, field := range []string{
		"dpop_bound_access_tokens", "require_pushed_authorization_requests", "require_signed_request_object",
		"request_object_signing_alg", "request_object_encryption_alg", "subject_type", "token_endpoint_auth_signing_alg",
		"id_token_encrypted_response_alg", "userinfo_encrypted_response_alg", "userinfo_signed_response_alg", "introspection_encrypted_response_alg",
	} {
		refused(field, map[string]any{field: nil})
	}
	refused("dpop_bound_access_tokens", map[string]any{"dpop_bound_access_tokens": false})
	refused("response_modes", map[string]any{"response_modes": nil})
	refused("response_modes", map[string]any{"response_modes": []string{"jwt", "query"}})
	if after, err := h.clients.Find(t.Context(), id); err != nil || !after.DPoPBound || !after.RequireSigned {
		t.Fatalf("%+v %v", after, err)
	}

	// What whoever keeps the clients has set since is the floor, too, and stays.
	end := storage.Of(h.clock.Now().Add(1))
	_, err := h.clients.Change(t.Context(), id, func(c *client.Client) error {
		c.Profile, c.StatusList, c.KeyEnds = client.ProfileFAPI2Security, true, map[string]storage.Time{"thumbprint": end}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	refused("profile", map[string]any{"profile": "oidc"})
	refused("profile", nil)

	// The same, a stricter one, and another algorithm do.
	a := put(map[string]any{"profile": "fapi2-message-signing", "client_name": "Другое имя", "userinfo_signed_response_alg": "PS256"})
	if a.status != http.StatusOK || a.text("profile") != "fapi2-message-signing" || a.text("client_name") != "Другое имя" {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	after, err := h.clients.Find(t.Context(), id)
	if err != nil || !after.StatusList || after.KeyEnds["thumbprint"] != end || !after.Registered {
		t.Errorf("%+v %v", after, err)
	}
	token = a.text("registration_access_token")
	refused("profile", map[string]any{"profile": "fapi2-security"})
}

// A profile fills in what it demands: a document that leaves that out loosens nothing.
func TestWhatAProfileDemandsNeedNotBeSaid(t *testing.T) {
	h := alone(t)
	document := good(map[string]any{"profile": "fapi2-security", "token_endpoint_auth_method": "private_key_jwt", "jwks": keySet(t)})
	made := h.registered(document)
	document["client_id"] = made.text("client_id")
	a := h.send("PUT", Path+"/"+made.text("client_id"), made.text("registration_access_token"), document)
	if a.status != http.StatusOK || a.body["dpop_bound_access_tokens"] != true || a.body["require_pushed_authorization_requests"] != true {
		t.Errorf("%d %s", a.status, a.raw)
	}
}
