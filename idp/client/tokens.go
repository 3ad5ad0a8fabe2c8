package client

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/directory"
	"propusk/idp/keys"
)

// TokenMetadata is what a client says of the tokens and answers that it is given: by
// which name they call the person, how they are signed and for whom they are
// encrypted. The JSON names are those of the registries.
type TokenMetadata struct {
	// SubjectType is SubjectPublic or SubjectPairwise; "" = public (OpenID Connect
	// Core §8). SectorIdentifierURI lists the redirect URIs of all clients that call
	// the person by one name (§8.1).
	SubjectType         string `json:"subject_type,omitempty"`
	SectorIdentifierURI string `json:"sector_identifier_uri,omitempty"`

	// What its ID tokens are encrypted with; "" = they are not (Registration §2).
	IDTokenEncryptionAlg string `json:"id_token_encrypted_response_alg,omitempty"`
	IDTokenEncryptionEnc string `json:"id_token_encrypted_response_enc,omitempty"`
	// What userinfo is signed and encrypted with; neither: it is plain JSON.
	UserInfoSignedAlg     string `json:"userinfo_signed_response_alg,omitempty"`
	UserInfoEncryptionAlg string `json:"userinfo_encrypted_response_alg,omitempty"`
	UserInfoEncryptionEnc string `json:"userinfo_encrypted_response_enc,omitempty"`
	// What signed answers of introspection are signed and encrypted with (RFC 9701
	// §6); "" = as ID tokens are signed, and not encrypted.
	IntrospectionSignedAlg     string `json:"introspection_signed_response_alg,omitempty"`
	IntrospectionEncryptionAlg string `json:"introspection_encrypted_response_alg,omitempty"`
	IntrospectionEncryptionEnc string `json:"introspection_encrypted_response_enc,omitempty"`
	// What its request objects must be encrypted with; "" = they may be (RFC 9101 §10.3).
	RequestEncryptionAlg string `json:"request_object_encryption_alg,omitempty"`
	RequestEncryptionEnc string `json:"request_object_encryption_enc,omitempty"`

	// ResponseModes are those by which its authorization requests may be answered (FAPI 2.0
	// Message Signing §5.3.3); none = any of this server's.
	ResponseModes []string `json:"response_modes,omitempty"`

	// AccessTokenFormat is FormatJWT or FormatOpaque; "" = JWT.
	AccessTokenFormat string `json:"access_token_format,omitempty"`
	// DetailTypes are the types of authorization details that it may use (RFC 9396 §10).
	DetailTypes []directory.DetailType `json:"authorization_details_types,omitempty"`

	// FrontchannelLogoutURI is opened in the person's browser when a session ends
	// (OpenID Connect Front-Channel Logout §2), with iss and sid always.
	FrontchannelLogoutURI     string `json:"frontchannel_logout_uri,omitempty"`
	FrontchannelLogoutSession bool   `json:"frontchannel_logout_session_required,omitempty"`
}

// The subject types (OpenID Connect Core §8).
const (
	SubjectPublic   = "public"
	SubjectPairwise = "pairwise"
)

// The formats of access tokens.
const (
	FormatJWT    = "jwt"    // RFC 9068
	FormatOpaque = "opaque" // says nothing to its bearer
)

// EncryptionAlgorithms are the JWE algorithms (RFC 7518 §4.1) by which keys of
// content are wrapped here. RSA1_5 is absent for good (RFC 8725 §3.2).
func EncryptionAlgorithms() []string {
	return []string{"RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"}
}

// RequestEncryptionAlgorithms are those of request objects: we publish a key for RSA and
// one on the curve P-256.
func RequestEncryptionAlgorithms() []string { return EncryptionAlgorithms() }

// ContentEncryptions are the JWE encryptions of content (RFC 7518 §5.1); the last is
// what is meant where only alg is registered (OpenID Connect Registration §2).
func ContentEncryptions() []string { return []string{"A256GCM", "A128GCM", defaultEncryption} }

const defaultEncryption = "A128CBC-HS256"

// Pairwise reports whether people have names of their own at the client.
func (m *TokenMetadata) Pairwise() bool { return m.SubjectType == SubjectPairwise }

// Sector is the host by which pairwise names are made (OpenID Connect Core §8.1), ""
// when the client has none or more than one.
func (c *Client) Sector() string {
	if c.SectorIdentifierURI != "" {
		return hostOf(c.SectorIdentifierURI)
	}
	sector := ""
	for _, uri := range c.RedirectURIs {
		host := hostOf(uri)
		if host == "" || sector != "" && host != sector {
			return ""
		}
		sector = host
	}
	return sector
}

func hostOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// completeTokens fills in what an encryption leaves out.
func (m *TokenMetadata) completeTokens() {
	for _, pair := range m.encryptions() {
		if *pair.alg != "" && *pair.enc == "" {
			*pair.enc = defaultEncryption
		}
	}
}

// encryption is one pair of members; name is what stands before _alg and _enc.
type encryption struct {
	name     string
	alg, enc *string
	allowed  []string
}

func (m *TokenMetadata) encryptions() []encryption {
	all := EncryptionAlgorithms()
	return []encryption{
		{"id_token_encrypted_response", &m.IDTokenEncryptionAlg, &m.IDTokenEncryptionEnc, all},
		{"userinfo_encrypted_response", &m.UserInfoEncryptionAlg, &m.UserInfoEncryptionEnc, all},
		{"introspection_encrypted_response", &m.IntrospectionEncryptionAlg, &m.IntrospectionEncryptionEnc, all},
		{"request_object_encryption", &m.RequestEncryptionAlg, &m.RequestEncryptionEnc, RequestEncryptionAlgorithms()},
	}
}

// validateTokens checks TokenMetadata against the rest of the client.
func (c *Client) validateTokens(f *faults) {
	c.validateSubject(f)
	c.validateEncryption(f)
	for _, named := range [][2]string{
		{"userinfo_signed_response_alg", c.UserInfoSignedAlg}, {"introspection_signed_response_alg", c.IntrospectionSignedAlg},
	} {
		if named[1] != "" && !slices.Contains(keys.Algorithms(), named[1]) {
			f.add(named[0], "the algorithm %q is not supported", named[1])
		}
	}
	if c.AccessTokenFormat != "" && c.AccessTokenFormat != FormatJWT && c.AccessTokenFormat != FormatOpaque {
		f.add("access_token_format", "%q: jwt or opaque", c.AccessTokenFormat)
	}
	for i, t := range c.DetailTypes {
		if !t.Valid() || slices.Contains(c.DetailTypes[:i], t) {
			f.add("authorization_details_types", "%q is unknown, or there twice", string(t))
		}
	}
	c.validateFrontchannel(f)
}

func (c *Client) validateSubject(f *faults) {
	if c.SectorIdentifierURI != "" {
		if u, err := url.Parse(c.SectorIdentifierURI); err != nil || u.Scheme != "https" && !(u.Scheme == "http" && Loopback(u.Hostname())) {
			f.add("sector_identifier_uri", "it must be https (OpenID Connect Core §8.1)")
		} else if err := OutsideAddress(c.SectorIdentifierURI); err != nil {
			f.add("sector_identifier_uri", "%w", err)
		}
	}
	switch c.SubjectType {
	case "", SubjectPublic:
	case SubjectPairwise:
		if c.Sector() == "" {
			f.add("subject_type", "pairwise needs redirect_uris of one host, or sector_identifier_uri (OpenID Connect Core §8.1)")
		}
	default:
		f.add("subject_type", "%q: public or pairwise", c.SubjectType)
	}
}

func (c *Client) validateEncryption(f *faults) {
	answers := false
	for _, pair := range c.encryptions() {
		switch alg, enc := *pair.alg, *pair.enc; {
		case alg == "" && enc != "":
			f.add(pair.name+"_enc", "it goes with %s_alg", pair.name)
		case alg == "":
		case !slices.Contains(pair.allowed, alg):
			f.add(pair.name+"_alg", "the algorithm %q is not supported: %s", alg, strings.Join(pair.allowed, ", "))
		case !slices.Contains(ContentEncryptions(), enc):
			f.add(pair.name+"_enc", "the encryption %q is not supported: %s", enc, strings.Join(ContentEncryptions(), ", "))
		default:
			answers = answers || pair.alg != &c.RequestEncryptionAlg
		}
	}
	switch {
	case answers && len(c.JWKS) == 0 && c.JWKSURI == "":
		f.add("jwks", "encrypted answers need a key of the client's, with use=enc, in jwks or at jwks_uri")
	case answers && len(c.JWKS) > 0:
		c.validateEncryptionKeys(f)
	}
}

// validateEncryptionKeys sees that the registered set has a key for each answer.
func (c *Client) validateEncryptionKeys(f *faults) {
	set, err := ParseKeySet(c.JWKS, false)
	if err != nil {
		return // said elsewhere
	}
	for _, alg := range []string{c.IDTokenEncryptionAlg, c.UserInfoEncryptionAlg, c.IntrospectionEncryptionAlg} {
		if _, ok := set.Encrypter(alg); alg != "" && !ok {
			f.add("jwks", "there is no key with use=enc for %s", alg)
		}
	}
}

// validateFrontchannel wants the page at an origin that the client has a redirect
// URI of (Front-Channel Logout §2): it is framed with the name of the session.
func (c *Client) validateFrontchannel(f *faults) {
	const field = "frontchannel_logout_uri"
	if c.FrontchannelLogoutURI == "" {
		if c.FrontchannelLogoutSession {
			f.add("frontchannel_logout_session_required", "it goes with %s", field)
		}
		return
	}
	if err := OutsideAddress(c.FrontchannelLogoutURI); err != nil {
		f.add(field, "%w", err)
		return
	}
	origin := originOf(c.FrontchannelLogoutURI)
	if !slices.ContainsFunc(c.RedirectURIs, func(uri string) bool { return originOf(uri) == origin }) {
		f.add(field, "its scheme, host and port must be those of a redirect URI (Front-Channel Logout §2)")
	}
}

func originOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return fmt.Sprintf("%s://%s:%s", u.Scheme, strings.ToLower(u.Hostname()), port)
}
