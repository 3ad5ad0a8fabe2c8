package oauth

import (
	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/keys"
	"propusk/idp/possession"
)

// metadata is the server's description of itself (OpenID Connect Discovery §3,
// RFC 8414 §2). It names what is on and nothing else; what defaults to on but is
// off stands there as false.
type metadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	UserInfoEndpoint      string `json:"userinfo_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	RegistrationEndpoint  string `json:"registration_endpoint,omitempty"`       // RFC 7591; absent = clients do not register themselves
	EndSessionEndpoint    string `json:"end_session_endpoint"`                  // RP-Initiated Logout §2.1
	PushedEndpoint        string `json:"pushed_authorization_request_endpoint"` // RFC 9126 §5

	DeviceEndpoint string `json:"device_authorization_endpoint"` // RFC 8628 §4

	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevokeAuthMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	// With private_key_jwt (RFC 8414 §2).
	TokenAuthAlgs      []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectAuthAlgs []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevokeAuthAlgs     []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	ChallengeMethods   []string `json:"code_challenge_methods_supported"` // RFC 7636
	ACRValues          []string `json:"acr_values_supported"`
	Prompts            []string `json:"prompt_values_supported"`
	Claims             []string `json:"claims_supported"`
	UILocales          []string `json:"ui_locales_supported"`

	IssInResponse     bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	ClaimsParameter   bool     `json:"claims_parameter_supported"`                     // OpenID Connect Core §5.5
	ClaimTypes        []string `json:"claim_types_supported"`
	RequestObjectAlgs []string `json:"request_object_signing_alg_values_supported"` // RFC 9101 §10.5
	ResponseAlgs      []string `json:"authorization_signing_alg_values_supported"`  // JARM §4
	IntrospectionAlgs []string `json:"introspection_signing_alg_values_supported"`  // RFC 9701 §7
	// Encryption (Discovery §3, RFC 9101 §10.5, RFC 9701 §7).
	IDTokenKeyAlgs       []string `json:"id_token_encryption_alg_values_supported"`
	IDTokenContentAlgs   []string `json:"id_token_encryption_enc_values_supported"`
	UserInfoAlgs         []string `json:"userinfo_signing_alg_values_supported"`
	UserInfoKeyAlgs      []string `json:"userinfo_encryption_alg_values_supported"`
	UserInfoContentAlgs  []string `json:"userinfo_encryption_enc_values_supported"`
	IntrospectKeyAlgs    []string `json:"introspection_encryption_alg_values_supported"`
	IntrospectContent    []string `json:"introspection_encryption_enc_values_supported"`
	RequestObjectKeyAlgs []string `json:"request_object_encryption_alg_values_supported"`
	RequestObjectContent []string `json:"request_object_encryption_enc_values_supported"`

	DetailTypes       []directory.DetailType `json:"authorization_details_types_supported"` // RFC 9396 §10
	RequestObject     bool                   `json:"request_parameter_supported"`
	RequestURI        bool                   `json:"request_uri_parameter_supported"`
	RequireRequestURI bool                   `json:"require_request_uri_registration"`

	CIBAEndpoint string   `json:"backchannel_authentication_endpoint"` // CIBA §4
	CIBAModes    []string `json:"backchannel_token_delivery_modes_supported"`
	CIBAAlgs     []string `json:"backchannel_authentication_request_signing_alg_values_supported"`
	CIBAUserCode bool     `json:"backchannel_user_code_parameter_supported"`

	StatusLists string `json:"status_list_aggregation_endpoint,omitempty"` // draft-ietf-oauth-status-list §9.1

	BackchannelLogout        bool `json:"backchannel_logout_supported"` // Back-Channel Logout §2.1
	BackchannelLogoutSession bool `json:"backchannel_logout_session_supported"`
	FrontchannelLogout       bool `json:"frontchannel_logout_supported"` // Front-Channel Logout §3
	FrontchannelSession      bool `json:"frontchannel_logout_session_supported"`

	CertificateBound bool     `json:"tls_client_certificate_bound_access_tokens"` // RFC 8705 §3.3
	Aliases          *aliases `json:"mtls_endpoint_aliases,omitempty"`            // RFC 8705 §5
	DPoPAlgs         []string `json:"dpop_signing_alg_values_supported"`          // RFC 9449 §5.1
}

// aliases are the endpoints on the host that asks for client certificates.
type aliases struct {
	TokenEndpoint         string `json:"token_endpoint"`
	UserInfoEndpoint      string `json:"userinfo_endpoint"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	PushedEndpoint        string `json:"pushed_authorization_request_endpoint"`
	DeviceEndpoint        string `json:"device_authorization_endpoint"`
	CIBAEndpoint          string `json:"backchannel_authentication_endpoint"`
}

// aliases is nil without a mutual-TLS host.
func (p *Provider) aliases() *aliases {
	host := p.deps.MutualTLS.URL
	if host == "" {
		return nil
	}
	return &aliases{
		TokenEndpoint: host + "/oauth2/token", UserInfoEndpoint: host + "/oauth2/userinfo",
		IntrospectionEndpoint: host + "/oauth2/introspect", RevocationEndpoint: host + "/oauth2/revoke",
		PushedEndpoint: host + "/oauth2/par", DeviceEndpoint: host + "/oauth2/device_authorization",
		CIBAEndpoint: host + "/oauth2/bc-authorize",
	}
}

// authMethods are the ways in which a confidential client can authenticate here.
func (p *Provider) authMethods() []string {
	methods := []string{AuthBasic, AuthPost, AuthPrivateKeyJWT}
	if p.deps.MutualTLS.URL != "" {
		methods = append(methods, AuthSelfSignedTLS)
		if p.deps.MutualTLS.Authorities != nil {
			methods = append(methods, AuthTLS)
		}
	}
	return methods
}

// Discovery describes the server for /.well-known/openid-configuration and
// /.well-known/oauth-authorization-server. It marshals to JSON and does not
// change while the process runs.
func (p *Provider) Discovery() any {
	methods := p.authMethods()
	everyone := append(methods[:len(methods):len(methods)], AuthNone)
	at := func(name string) string { return p.deps.Issuer + "/oauth2/" + name }
	registration := ""
	if p.deps.Registration {
		registration = at("register")
	}
	return metadata{
		Issuer:                p.deps.Issuer,
		RegistrationEndpoint:  registration,
		AuthorizationEndpoint: at("authorize"),
		TokenEndpoint:         at("token"),
		UserInfoEndpoint:      at("userinfo"),
		JWKSURI:               at("jwks"),
		IntrospectionEndpoint: at("introspect"),
		RevocationEndpoint:    at("revoke"),
		EndSessionEndpoint:    at("logout"),
		PushedEndpoint:        at("par"),
		DeviceEndpoint:        at("device_authorization"),
		Scopes:                client.Scopes(),
		ResponseTypes:         []string{"code"},
		ResponseModes:         responseModes,
		GrantTypes:            grantTypes,
		SubjectTypes:          []string{client.SubjectPublic, client.SubjectPairwise},
		IDTokenAlgs:           keys.Algorithms(),
		TokenAuthMethods:      everyone,
		IntrospectAuthMethods: methods,
		RevokeAuthMethods:     everyone,
		TokenAuthAlgs:         possession.AlgorithmNames(),
		IntrospectAuthAlgs:    possession.AlgorithmNames(),
		RevokeAuthAlgs:        possession.AlgorithmNames(),
		ChallengeMethods:      []string{"S256"},
		ACRValues:             client.ACRs(),
		Prompts:               prompts,
		Claims: []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "org", "roles", "poa",
			"name", "family_name", "given_name", "middle_name", "locale", "updated_at",
			"email", "email_verified", "phone_number", "phone_number_verified",
		},
		UILocales:     []string{"ru", "en"},
		IssInResponse: true,

		ClaimsParameter: true,
		ClaimTypes:      []string{"normal"},

		IDTokenKeyAlgs:       client.EncryptionAlgorithms(),
		IDTokenContentAlgs:   client.ContentEncryptions(),
		UserInfoAlgs:         keys.Algorithms(),
		UserInfoKeyAlgs:      client.EncryptionAlgorithms(),
		UserInfoContentAlgs:  client.ContentEncryptions(),
		IntrospectKeyAlgs:    client.EncryptionAlgorithms(),
		IntrospectContent:    client.ContentEncryptions(),
		RequestObjectKeyAlgs: client.RequestEncryptionAlgorithms(),
		RequestObjectContent: client.ContentEncryptions(),

		DetailTypes: directory.DetailTypes(),

		RequestObject:     true,
		RequestObjectAlgs: possession.AlgorithmNames(),
		ResponseAlgs:      keys.Algorithms(),
		IntrospectionAlgs: keys.Algorithms(),

		CIBAEndpoint: at("bc-authorize"),
		CIBAModes:    []string{client.DeliveryPoll, client.DeliveryPing},
		CIBAAlgs:     possession.AlgorithmNames(),

		BackchannelLogout:        true,
		BackchannelLogoutSession: true,
		FrontchannelLogout:       true,
		FrontchannelSession:      true,

		CertificateBound: p.deps.MutualTLS.URL != "",
		Aliases:          p.aliases(),
		StatusLists:      p.statusLists(),
		DPoPAlgs:         possession.ProofAlgorithmNames(),
	}
}
