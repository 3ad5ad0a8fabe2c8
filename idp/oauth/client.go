package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"propusk/idp/keys"
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

// ClientStatus says whether a client may be used.
type ClientStatus string

// The states of a client.
const (
	ClientActive   ClientStatus = "active"
	ClientDisabled ClientStatus = "disabled"
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
	// RedirectURIs are compared as strings (RFC 9700 §2.1); only the port of a
	// native client's loopback URI may differ (RFC 8252 §7.3).
	RedirectURIs           []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"`
	// BackchannelLogoutURI is told of the end of sessions that the client learnt
	// of (OpenID Connect Back-Channel Logout §2.2); the token has always a sid.
	BackchannelLogoutURI string   `json:"backchannel_logout_uri,omitempty"`
	GrantTypes           []string `json:"grant_types"`
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
	// RequestObjectAlg is the one algorithm of its request objects; "" = any of
	// ours. RequireSigned refuses requests without one (RFC 9101 §10.5).
	RequestObjectAlg string `json:"request_object_signing_alg,omitempty"`
	RequireSigned    bool   `json:"require_signed_request_object,omitempty"`
	// ResponseAlg signs its authorization responses, when it asks for signed ones
	// (JARM §3); "" means keys.Default.
	ResponseAlg string `json:"authorization_signed_response_alg,omitempty"`
	// OrganisationID owns the client: what its client-credentials tokens speak
	// for. Empty: they speak for no organisation.
	OrganisationID string `json:"organization,omitempty"`
	// RequiredACR is the least assurance its users must have proved.
	RequiredACR string `json:"required_acr,omitempty"`
	// FirstParty clients are the house's own: no consent page, and those of
	// kind Service may introspect other clients' tokens.
	FirstParty bool         `json:"first_party,omitempty"`
	Status     ClientStatus `json:"status"`
	CreatedAt  storage.Time `json:"created_at"`
	UpdatedAt  storage.Time `json:"updated_at"`
}

// Scopes returns the single scopes of Client.Scope.
func (c *Client) Scopes() []string { return strings.Fields(c.Scope) }

// Public reports whether the client cannot authenticate (RFC 6749 §2.1).
func (c *Client) Public() bool { return c.TokenEndpointAuthMethod == AuthNone }

// keepsSecret reports whether the client authenticates by a secret.
func (c *Client) keepsSecret() bool {
	return c.TokenEndpointAuthMethod == AuthBasic || c.TokenEndpointAuthMethod == AuthPost
}

// Active reports whether the client may be used.
func (c *Client) Active() bool { return c.Status == ClientActive }

// LocalName is the client's name in a language, "en" or any other.
func (c *Client) LocalName(lang string) string {
	if lang == "en" && c.NameEN != "" {
		return c.NameEN
	}
	return c.Name
}

// authentic reports whether secret is one of the live ones. Machine secrets
// have 256 random bits, so a plain SHA-256 is enough and a slow hash would only
// let strangers keep the processor busy; the comparison takes one time whatever
// the secret, how many hashes there are included.
func (c *Client) authentic(secret string) bool {
	presented := hashSecret(secret)
	match := 0
	for i := range maxSecrets {
		hash := noSecret
		if c != nil && i < len(c.SecretHashes) {
			hash = c.SecretHashes[i]
		}
		match |= subtle.ConstantTimeCompare([]byte(presented), []byte(hash))
	}
	return match == 1
}

// maxSecrets is how many secrets of a client are live at one time.
const maxSecrets = 2

// noSecret is the hash that no secret has: it is not hex.
var noSecret = strings.Repeat("-", 2*sha256.Size)

func hashSecret(secret string) string {
	digest := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(digest[:])
}

// complete fills in what a registration may leave out (RFC 7591 §2).
func (c *Client) complete() {
	if c.Status == "" {
		c.Status = ClientActive
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
	c.Scope = strings.Join(c.Scopes(), " ")
}

// clientID is what a client_id may look like; also what spares it any encoding
// in HTTP Basic (RFC 6749 §2.3.1).
var clientID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// validate returns every fault of the registration at once.
func (c *Client) validate() error {
	var faults []error
	refuse := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }

	if !clientID.MatchString(c.ID) {
		refuse("client_id %q: 1 to 64 of A-Z a-z 0-9 . _ -", c.ID)
	}
	if strings.TrimSpace(c.Name) == "" {
		refuse("client_name is missing")
	}
	confidential := c.Kind == Web || c.Kind == Service
	if !confidential && c.Kind != Native && c.Kind != SPA {
		refuse("kind %q: web, native, spa or service", c.Kind)
	}
	if c.Status != ClientActive && c.Status != ClientDisabled {
		refuse("status %q: active or disabled", c.Status)
	}
	switch c.TokenEndpointAuthMethod {
	case AuthBasic, AuthPost, AuthPrivateKeyJWT, AuthTLS, AuthSelfSignedTLS:
		if !confidential {
			refuse("token_endpoint_auth_method: a %s client cannot keep a secret", c.Kind)
		}
	case AuthNone:
		if confidential {
			refuse("token_endpoint_auth_method: a %s client must authenticate", c.Kind)
		}
	default:
		refuse("token_endpoint_auth_method %q is not supported", c.TokenEndpointAuthMethod)
	}
	if c.TokenEndpointAuthMethod == AuthTLS {
		if err := c.CertificateSubject.validate(); err != nil {
			faults = append(faults, err)
		}
	} else if len(c.CertificateSubject.parts()) > 0 {
		refuse("a certificate's subject goes with tls_client_auth")
	}
	if c.BackchannelLogoutURI != "" {
		if err := outsideAddress(c.BackchannelLogoutURI); err != nil {
			refuse("backchannel_logout_uri: %w", err)
		}
	}
	faults = append(faults, c.validateKeys()...)
	faults = append(faults, c.validateProfile()...)
	faults = append(faults, c.validateGrants(confidential)...)
	faults = append(faults, c.validateRedirects()...)
	for _, scope := range c.Scopes() {
		if !knownScope(scope) {
			refuse("scope %q is unknown", scope)
		}
	}
	for _, alg := range []string{c.IDTokenSignedResponseAlg, c.AccessTokenAlg, c.ResponseAlg} {
		if alg != "" && !slices.Contains(keys.Algorithms(), alg) {
			refuse("the algorithm %q is not supported", alg)
		}
	}
	if c.RequiredACR != "" && rank(c.RequiredACR) == 0 {
		refuse("required_acr %q is unknown", c.RequiredACR)
	}
	return errors.Join(faults...)
}

func (c *Client) validateGrants(confidential bool) (faults []error) {
	code := slices.Contains(c.GrantTypes, GrantAuthorizationCode)
	for _, grant := range c.GrantTypes {
		switch {
		case grant == GrantAuthorizationCode:
		case grant == GrantRefreshToken && !code:
			faults = append(faults, errors.New("grant_types: refresh_token goes with authorization_code"))
		case grant == GrantRefreshToken:
		case grant == GrantClientCredentials && !confidential:
			faults = append(faults, errors.New("grant_types: client_credentials needs a client that keeps a secret (RFC 6749 §4.4)"))
		case grant == GrantClientCredentials:
		default:
			faults = append(faults, fmt.Errorf("grant type %q is not supported", grant))
		}
	}
	for _, response := range c.ResponseTypes {
		if response != "code" || !code {
			faults = append(faults, fmt.Errorf("response type %q does not go with grant_types", response))
		}
	}
	if code && len(c.RedirectURIs) == 0 {
		faults = append(faults, errors.New("redirect_uris: authorization_code needs one"))
	}
	return faults
}

func (c *Client) validateRedirects() (faults []error) {
	for _, uri := range slices.Concat(c.RedirectURIs, c.PostLogoutRedirectURIs) {
		if err := c.validateRedirect(uri); err != nil {
			faults = append(faults, fmt.Errorf("redirect URI %q: %w", uri, err))
		}
	}
	return faults
}

// validateRedirect admits https, http on this very machine, and for native
// clients a private-use scheme that carries a domain (RFC 8252 §7.1, §7.3).
func (c *Client) validateRedirect(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return errors.New("it does not parse")
	case strings.Contains(uri, "#"):
		return errors.New("it must have no fragment (RFC 6749 §3.1.2)")
	case u.User != nil:
		return errors.New("it must carry no user name")
	case strings.ContainsAny(uri, "*\\ \t\r\n"):
		return errors.New("it must be literal")
	case u.Scheme == "https" && u.Hostname() != "":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("http is for this very machine only")
	case c.Kind == Native && strings.Contains(u.Scheme, ".") && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		return nil
	default:
		return errors.New("it must be https, a loopback address or, for a native client, reversed.domain:/path")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// redirects reports whether the URI is one of the client's. Strings are
// compared as they are (RFC 3986 §6.2.1, RFC 9700 §2.1); the port of a native
// client's http loopback address may be any (RFC 8252 §7.3).
func (c *Client) redirects(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	if c.Kind != Native {
		return false
	}
	asked, ok := withoutPort(uri)
	return ok && slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		plain, ok := withoutPort(registered)
		return ok && plain == asked
	})
}

// withoutPort takes the port out of an http URI with a loopback IP literal; not
// ok for any other URI, "localhost" included (RFC 8252 §8.3).
func withoutPort(uri string) (string, bool) {
	rest, ok := strings.CutPrefix(uri, "http://")
	if !ok || strings.Contains(uri, "#") {
		return "", false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, port, err := net.SplitHostPort(rest[:end])
	if err != nil {
		host, port = strings.Trim(rest[:end], "[]"), ""
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() || strings.Trim(port, "0123456789") != "" {
		return "", false
	}
	return "http://" + host + rest[end:], true
}
