package client

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"propusk/idp/keys"
)

// ErrInvalid wraps what is wrong with a client's registration; the Faults inside
// say which field each concerns.
var ErrInvalid = errors.New("client: invalid client")

// Fault is what is wrong with one field of the metadata.
type Fault struct {
	Field string // its name in JSON
	err   error
}

// Error says what is wrong, the field's name included.
func (f *Fault) Error() string { return f.Field + ": " + f.err.Error() }

// Unwrap returns what is wrong without the field's name.
func (f *Fault) Unwrap() error { return f.err }

// faults collects every fault of a registration, so that all are told at once.
type faults []error

func (f *faults) add(field, format string, args ...any) {
	*f = append(*f, &Fault{field, fmt.Errorf(format, args...)})
}

// FaultsOf returns the faults inside an error, in the order of the checks.
func FaultsOf(err error) []*Fault {
	var found []*Fault
	switch err := err.(type) { //nolint:errorlint // the tree is walked whole, not searched for one
	case *Fault:
		return []*Fault{err}
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			found = append(found, FaultsOf(inner)...)
		}
	case interface{ Unwrap() error }:
		return FaultsOf(err.Unwrap())
	}
	return found
}

// clientID is what a client_id may look like; also what spares it any encoding
// in HTTP Basic (RFC 6749 §2.3.1).
var clientID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// ValidID reports whether the text can be a client_id.
func ValidID(text string) bool { return clientID.MatchString(text) }

// confidential reports whether a client of this kind can keep a secret (RFC 6749
// §2.1).
func (c *Client) confidential() bool { return c.Kind == Web || c.Kind == Service }

// validate returns every fault of the registration at once.
func (c *Client) validate() error {
	var f faults
	for _, check := range []func(*faults){
		c.validateIdentity, c.validateMethod, c.validateLogout, c.validateKeys, c.validateProfile,
		c.validateAbout, c.validateGrants, c.validateBackchannel, c.validateRedirects, c.validateScope, c.validateAlgorithms, c.validateTokens, c.validateResponseModes,
	} {
		check(&f)
	}
	return errors.Join(f...)
}

func (c *Client) validateIdentity(f *faults) {
	if !ValidID(c.ID) {
		f.add("client_id", "%q: 1 to 64 of A-Z a-z 0-9 . _ -", c.ID)
	}
	if strings.TrimSpace(c.Name) == "" {
		f.add("client_name", "it is missing")
	}
	if !c.confidential() && c.Kind != Native && c.Kind != SPA {
		f.add("kind", "%q: web, native, spa or service", c.Kind)
	}
	if c.Status != StatusActive && c.Status != StatusDisabled {
		f.add("status", "%q: active or disabled", c.Status)
	}
}

// validateMethod checks how the client authenticates (RFC 7591 §2, RFC 8705 §2).
func (c *Client) validateMethod(f *faults) {
	const field = "token_endpoint_auth_method"
	switch c.TokenEndpointAuthMethod {
	case AuthBasic, AuthPost, AuthPrivateKeyJWT, AuthTLS, AuthSelfSignedTLS:
		if !c.confidential() {
			f.add(field, "a %s client cannot keep a secret", c.Kind)
		}
	case AuthNone:
		if c.confidential() {
			f.add(field, "a %s client must authenticate", c.Kind)
		}
	default:
		f.add(field, "%q is not supported", c.TokenEndpointAuthMethod)
	}
	if c.TokenEndpointAuthMethod == AuthTLS {
		c.CertificateSubject.validate(f)
	} else if len(c.CertificateSubject.parts()) > 0 {
		f.add("tls_client_auth_subject_dn", "a certificate's subject goes with tls_client_auth")
	}
}

func (c *Client) validateLogout(f *faults) {
	if c.BackchannelLogoutURI == "" {
		return
	}
	if err := OutsideAddress(c.BackchannelLogoutURI); err != nil {
		f.add("backchannel_logout_uri", "%w", err)
	}
}

func (c *Client) validateScope(f *faults) {
	for _, scope := range c.Scopes() {
		if !KnownScope(scope) {
			f.add("scope", "%q is unknown", scope)
		} else if c.ScopeLimit != "" && !slices.Contains(strings.Fields(c.ScopeLimit), scope) {
			f.add("scope", "%q is more than the owner of the client lets it have", scope)
		}
	}
	if WantsConsole(c.Scopes()) && !c.operators() {
		f.add("scope", "the operators' console is for a web application of the house itself, held to FAPI 2.0, by authorization_code alone")
	}
	if c.RequiredACR != "" && Rank(c.RequiredACR) == 0 {
		f.add("required_acr", "%q is unknown", c.RequiredACR)
	}
}

// operators reports whether the client could be the operators' console: the house's
// own, which nobody else can be made to be, with tokens bound to a key.
func (c *Client) operators() bool {
	others := slices.ContainsFunc(c.GrantTypes, func(grant string) bool {
		return grant != GrantAuthorizationCode && grant != GrantRefreshToken
	})
	return c.FirstParty && c.OrganisationID == "" && c.Kind == Web && c.Profile != "" && !others
}

// validateAlgorithms checks what signs the client's tokens.
func (c *Client) validateAlgorithms(f *faults) {
	for _, named := range [][2]string{
		{"id_token_signed_response_alg", c.IDTokenSignedResponseAlg},
		{"access_token_signed_response_alg", c.AccessTokenAlg},
		{"authorization_signed_response_alg", c.ResponseAlg},
	} {
		if alg := named[1]; alg != "" && !slices.Contains(keys.Algorithms(), alg) {
			f.add(named[0], "the algorithm %q is not supported", alg)
		}
	}
}
