package client

import "slices"

// Profile is one word for everything that a client is held to.
type Profile string

// The profiles. Each demands what the one before does, and more.
const (
	// ProfileOIDC is OAuth 2.0 and OpenID Connect as RFC 9700 wants them; the
	// zero value means it.
	ProfileOIDC Profile = "oidc"
	// ProfileFAPI2Security is the FAPI 2.0 Security Profile: pushed requests,
	// authentication by key or certificate, tokens bound to one of them, no RS256,
	// refresh tokens that do not rotate (§5.3.2.1).
	ProfileFAPI2Security Profile = "fapi2-security"
	// ProfileFAPI2MessageSigning is FAPI 2.0 Message Signing: signed requests and
	// signed responses besides (§5.3, §5.4).
	ProfileFAPI2MessageSigning Profile = "fapi2-message-signing"
)

// FAPI reports whether the client is held to FAPI 2.0.
func (c *Client) FAPI() bool {
	return c.Profile == ProfileFAPI2Security || c.Profile == ProfileFAPI2MessageSigning
}

// SignsMessages reports whether responses to the client must be signed.
func (c *Client) SignsMessages() bool { return c.Profile == ProfileFAPI2MessageSigning }

// completeProfile switches on what the profile demands and can be switched on.
func (c *Client) completeProfile() {
	if !c.FAPI() {
		return
	}
	c.RequirePushed = true
	c.DPoPBound = c.DPoPBound || !c.CertificateBound
	c.RequireSigned = c.RequireSigned || c.SignsMessages()
}

// validateProfile checks what the profile demands and only the client can give.
func (c *Client) validateProfile(f *faults) {
	switch {
	case c.Profile == "" || c.Profile == ProfileOIDC:
		return
	case !c.FAPI():
		f.add("profile", "%q: %s, %s or %s", c.Profile, ProfileOIDC, ProfileFAPI2Security, ProfileFAPI2MessageSigning)
		return
	}
	if c.Public() || c.KeepsSecret() {
		f.add("token_endpoint_auth_method", "the profile %s wants private_key_jwt, tls_client_auth or self_signed_tls_client_auth", c.Profile)
	}
	if slices.Contains([]string{c.AuthSigningAlg, c.RequestObjectAlg, c.IDTokenSignedResponseAlg, c.AccessTokenAlg, c.ResponseAlg, c.UserInfoSignedAlg, c.IntrospectionSignedAlg}, "RS256") {
		f.add("profile", "it does without RS256 (FAPI 2.0 Security Profile §5.4.1)")
	}
}
