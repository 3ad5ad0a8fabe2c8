package application

import (
	"slices"
	"strings"

	"propusk/idp/client"
)

// A client that changes itself (RFC 7592 §2.2) must not loosen itself: whoever stole its
// registration access token would first take away what keeps a stolen secret, token or
// request from being of use. The floor is what the client is held to now, whether it
// registered so or an operator made it so since. To have less, one registers anew, or
// asks whoever keeps the clients.

// proofs rank how a client authenticates: not at all, by something that can be copied
// from a request, by a key that never leaves it (RFC 9700 §2.5).
var proofs = map[string]int{
	client.AuthNone: 0, client.AuthBasic: 1, client.AuthPost: 1,
	client.AuthPrivateKeyJWT: 2, client.AuthTLS: 2, client.AuthSelfSignedTLS: 2,
}

// profiles rank what a client is held to as a whole.
var profiles = map[client.Profile]int{client.ProfileFAPI2Security: 1, client.ProfileFAPI2MessageSigning: 2}

// loosens is what a replacement would take away from the client as it is; nil for one
// that keeps all of it. What proof keys are asked for is nobody's choice: PKCE with
// S256 is required of every client (RFC 7636, RFC 9700 §2.1.1).
func loosens(before, after *client.Client) *Refusal {
	switch {
	case profiles[after.Profile] < profiles[before.Profile]:
		return kept("profile", string(before.Profile))
	case proofs[after.TokenEndpointAuthMethod] < proofs[before.TokenEndpointAuthMethod]:
		return kept("token_endpoint_auth_method", before.TokenEndpointAuthMethod)
	}
	for _, promise := range []struct {
		name         string
		before, stay bool
	}{
		// Bound to either key, a stolen token is worth nothing (RFC 9700 §2.2.1).
		{"dpop_bound_access_tokens", before.DPoPBound && !before.CertificateBound, after.DPoPBound || after.CertificateBound},
		{"tls_client_certificate_bound_access_tokens", before.CertificateBound, after.DPoPBound || after.CertificateBound},
		{"require_pushed_authorization_requests", before.RequirePushed, after.RequirePushed},
		{"require_signed_request_object", before.RequireSigned, after.RequireSigned},
		{"subject_type", before.Pairwise(), after.Pairwise()},
		{"response_modes", signedAlone(before), signedAlone(after)},
	} {
		if promise.before && !promise.stay {
			return kept(promise.name, "it")
		}
	}
	return undone(before, after)
}

// signedAlone reports whether the client takes signed authorization responses alone.
func signedAlone(c *client.Client) bool {
	return !slices.ContainsFunc(c.Answerable(), func(mode string) bool { return !strings.HasSuffix(mode, "jwt") })
}

// undone is an encryption, signature or pinned algorithm that the replacement leaves
// out. One may be changed for another.
func undone(before, after *client.Client) *Refusal {
	for _, algorithm := range []struct{ name, before, after string }{
		{"id_token_encrypted_response_alg", before.IDTokenEncryptionAlg, after.IDTokenEncryptionAlg},
		{"userinfo_encrypted_response_alg", before.UserInfoEncryptionAlg, after.UserInfoEncryptionAlg},
		{"userinfo_signed_response_alg", before.UserInfoSignedAlg, after.UserInfoSignedAlg},
		{"introspection_encrypted_response_alg", before.IntrospectionEncryptionAlg, after.IntrospectionEncryptionAlg},
		{"request_object_encryption_alg", before.RequestEncryptionAlg, after.RequestEncryptionAlg},
		{"request_object_signing_alg", before.RequestObjectAlg, after.RequestObjectAlg},
		{"token_endpoint_auth_signing_alg", before.AuthSigningAlg, after.AuthSigningAlg},
		{"backchannel_authentication_request_signing_alg", before.CIBARequestAlg, after.CIBARequestAlg},
	} {
		if algorithm.before != "" && algorithm.after == "" {
			return kept(algorithm.name, algorithm.before)
		}
	}
	return nil
}

func kept(name, now string) *Refusal {
	return badMetadata(name, "the client has %s, and does not loosen itself: keep it, take a stricter one, or register anew", now)
}

// owned carries over what is not the client's to say: who made it, what whoever keeps
// the clients has set, and which of its keys have an end.
func owned(before, after *client.Client) {
	after.Registered, after.CreatedBy, after.Status = before.Registered, before.CreatedBy, before.Status
	after.RequiredACR, after.ScopeLimit, after.StatusList = before.RequiredACR, before.ScopeLimit, before.StatusList
	after.KeyEnds, after.SectorLeftAt = before.KeyEnds, before.SectorLeftAt
	if after.AllowedNetworks = before.AllowedNetworks; after.Public() {
		after.AllowedNetworks = nil
	}
}
