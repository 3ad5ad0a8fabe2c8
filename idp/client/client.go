package client

import (
	"encoding/json"
	"slices"
	"strings"

	"propusk/storage"
)

// Kind is what sort of program a client is. It decides whether it can keep a
// secret (RFC 6749 §2.1) and which redirect URIs it may have (RFC 8252).
type Kind string

// The kinds of clients.
const (
	Web     Kind = "web"     // runs on a server, keeps a secret
	Native  Kind = "native"  // installed on a person's device, keeps none
	SPA     Kind = "spa"     // runs in a browser, keeps none
	Service Kind = "service" // acts for itself or its organisation, keeps a secret
)

// Status says whether a client may be used.
type Status string

// The states of a client.
const (
	StatusActive   Status = "active"
	StatusDisabled Status = "disabled"
)

// The client authentication methods (RFC 7591 §2, RFC 8705 §2) of this server.
const (
	AuthBasic         = "client_secret_basic"
	AuthPost          = "client_secret_post"
	AuthPrivateKeyJWT = "private_key_jwt"
	AuthTLS           = "tls_client_auth"
	AuthSelfSignedTLS = "self_signed_tls_client_auth"
	AuthNone          = "none"
)

// The grant types of this server (RFC 6749 §4.1, §4.4, §6).
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
)

// Client is an application known to the server. The JSON names are those of
// client metadata in RFC 7591 §2 where it has one.
type Client struct {
	// ID is the client_id: 1 to 64 letters, digits, dots, dashes, underscores.
	// Empty at creation: one is made.
	ID string `json:"client_id"`
	// Name is what people read on the sign-in and consent pages; NameEN in
	// English, Name when empty.
	Name   string `json:"client_name"`
	NameEN string `json:"client_name#en,omitempty"`
	Kind   Kind   `json:"kind"`
	// Profile is what it is held to; "" = ProfileOIDC.
	Profile Profile `json:"profile,omitempty"`
	// SecretHashes are hex SHA-256 of the live secrets, the newest first; two
	// at most, so that a secret can be changed without an outage.
	SecretHashes []string `json:"-"`
	// SecretTerms say how long they are good, by the hash; one that is not there has
	// no end.
	SecretTerms map[string]Term `json:"-"`
	// RedirectURIs are compared as strings (RFC 9700 §2.1); only the port of a
	// native client's loopback URI may differ (RFC 8252 §7.3).
	RedirectURIs           []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"`
	// BackchannelLogoutURI is told of the end of sessions that the client learnt
	// of (OpenID Connect Back-Channel Logout §2.2); the token has always a sid.
	BackchannelLogoutURI string   `json:"backchannel_logout_uri,omitempty"`
	GrantTypes           []string `json:"grant_types"`
	// How it asks people at their own machine, with GrantCIBA.
	Backchannel
	// RequirePushed refuses authorization requests that come with the browser
	// (RFC 9126 §6).
	RequirePushed bool     `json:"require_pushed_authorization_requests,omitempty"`
	ResponseTypes []string `json:"response_types,omitempty"`
	// Scope is every scope the client may ask for, separated by spaces.
	Scope                   string `json:"scope"`
	TokenEndpointAuthMethod string `json:"token_endpoint_auth_method"`
	// JWKS (RFC 7591 §2) are the client's public keys, or JWKSURI is where they
	// are fetched: private_key_jwt signs with them, and the certificates of
	// self_signed_tls_client_auth stand there.
	JWKS    json.RawMessage `json:"jwks,omitempty"`
	JWKSURI string          `json:"jwks_uri,omitempty"`
	// AuthSigningAlg is the one algorithm of its private_key_jwt; "" = any of ours.
	AuthSigningAlg string `json:"token_endpoint_auth_signing_alg,omitempty"`
	// Whom the certificate of a tls_client_auth client names.
	CertificateSubject
	// CertificateBound binds its access tokens, and the refresh tokens of a
	// public client, to the certificate of the connection (RFC 8705 §3.4).
	CertificateBound bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	// DPoPBound wants a DPoP proof with every token request (RFC 9449 §5.2).
	// Without it a proof is optional, and binds all the same.
	DPoPBound bool `json:"dpop_bound_access_tokens,omitempty"`
	// The JWS algorithms of its tokens; "" means keys.Default.
	IDTokenSignedResponseAlg string `json:"id_token_signed_response_alg,omitempty"`
	AccessTokenAlg           string `json:"access_token_signed_response_alg,omitempty"`
	// StatusList has its access tokens name their place in a status list, from which
	// resource servers elsewhere learn within seconds that they were revoked.
	StatusList bool `json:"access_token_status_list,omitempty"`
	// RequestObjectAlg is the one algorithm of its request objects; "" = any of
	// ours. RequireSigned refuses requests without one (RFC 9101 §10.5).
	RequestObjectAlg string `json:"request_object_signing_alg,omitempty"`
	RequireSigned    bool   `json:"require_signed_request_object,omitempty"`
	// ResponseAlg signs its authorization responses, when it asks for signed ones
	// (JARM §3); "" means keys.Default.
	ResponseAlg string `json:"authorization_signed_response_alg,omitempty"`
	// How its tokens and answers look besides.
	TokenMetadata
	About
	// OrganisationID owns the client: what its client-credentials tokens speak
	// for. Empty: they speak for no organisation.
	OrganisationID string `json:"organization,omitempty"`
	// RequiredACR is the least assurance its users must have proved.
	RequiredACR string `json:"required_acr,omitempty"`
	// FirstParty clients are the house's own: no consent page, and those of
	// kind Service may introspect other clients' tokens.
	FirstParty bool         `json:"first_party,omitempty"`
	Status     Status       `json:"status"`
	CreatedAt  storage.Time `json:"created_at"`
	UpdatedAt  storage.Time `json:"updated_at"`
}

// Scopes returns the single scopes of Client.Scope.
func (c *Client) Scopes() []string { return strings.Fields(c.Scope) }

// Public reports whether the client cannot authenticate (RFC 6749 §2.1).
func (c *Client) Public() bool { return c.TokenEndpointAuthMethod == AuthNone }

// KeepsSecret reports whether the client authenticates by a secret.
func (c *Client) KeepsSecret() bool {
	return c.TokenEndpointAuthMethod == AuthBasic || c.TokenEndpointAuthMethod == AuthPost
}

// Active reports whether the client may be used.
func (c *Client) Active() bool { return c.Status == StatusActive }

// LocalName is the client's name in a language, "en" or any other.
func (c *Client) LocalName(lang string) string {
	if lang == "en" && c.NameEN != "" {
		return c.NameEN
	}
	return c.Name
}

// Completed is the client with what its registration left out filled in (RFC 7591 §2),
// as it is stored; what is wrong with it is not looked at.
func (c Client) Completed() Client {
	c.complete()
	return c
}

// complete fills in what a registration may leave out (RFC 7591 §2).
func (c *Client) complete() {
	if c.Status == "" {
		c.Status = StatusActive
	}
	if c.Kind == "" {
		c.Kind = Web
	}
	if c.TokenEndpointAuthMethod == "" {
		c.TokenEndpointAuthMethod = AuthBasic
		if c.Kind == Native || c.Kind == SPA {
			c.TokenEndpointAuthMethod = AuthNone
		}
	}
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{GrantAuthorizationCode}
		if c.Kind == Service {
			c.GrantTypes = []string{GrantClientCredentials}
		}
	}
	if len(c.ResponseTypes) == 0 && slices.Contains(c.GrantTypes, GrantAuthorizationCode) {
		c.ResponseTypes = []string{"code"}
	}
	c.completeProfile()
	c.completeTokens()
	c.Scope = strings.Join(c.Scopes(), " ")
}
