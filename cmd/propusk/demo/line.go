package demo

import "encoding/json"

// Line is what `propusk demo --json` prints when it is ready: a contract with
// programs outside, so its names stay.
type Line struct {
	Issuer        string             `json:"issuer"`
	API           string             `json:"api"`     // paths of the API, /v1/…, follow it
	Cabinet       string             `json:"cabinet"` // the cabinet in the browser
	Outbox        string             `json:"outbox"`
	Users         []LineUser         `json:"users"`
	Organisations []LineOrganisation `json:"organisations"`
	Clients       []LineClient       `json:"clients"`
	// RegistrationAccessToken is an initial access token (RFC 7591 §3): with it any
	// client registers itself at /oauth2/register.
	RegistrationAccessToken string        `json:"registration_access_token"`
	Trust                   LineTrust     `json:"trust"`
	MutualTLS               LineMutualTLS `json:"mutual_tls"`
	Sandbox                 LineSandbox   `json:"sandbox"`
}

// LineUser is one person and what signs the person in.
type LineUser struct {
	ID            string           `json:"id"`
	Login         string           `json:"login"`
	Password      string           `json:"password"`
	TOTPSecret    string           `json:"totp_secret"` // base32; empty without a code generator
	Phone         string           `json:"phone"`
	Email         string           `json:"email"`
	SNILS         string           `json:"snils"`
	Organisations []LineMembership `json:"organisations"`
}

// LineOrganisation names an organisation.
type LineOrganisation struct {
	ID   string `json:"id"`
	INN  string `json:"inn"`
	OGRN string `json:"ogrn"`
	Name string `json:"name"`
}

// LineMembership is an organisation with the roles of one person in it.
type LineMembership struct {
	LineOrganisation
	Roles []string `json:"roles"`
}

// LineClient is one application and its secret.
type LineClient struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"`
	// JWK is the private key of a client that authenticates by one (RFC 7517).
	JWK                     json.RawMessage `json:"jwk,omitempty"`
	TokenEndpointAuthMethod string          `json:"token_endpoint_auth_method"`
	RedirectURIs            []string        `json:"redirect_uris"`
	PostLogoutRedirectURIs  []string        `json:"post_logout_redirect_uris"`
	GrantTypes              []string        `json:"grant_types"`
	Scope                   string          `json:"scope"`
	Organisation            string          `json:"organisation,omitempty"` // id of the owner
}

// LineTrust says where the test certification authority is.
type LineTrust struct {
	Dir string `json:"dir"`
}

// LineSandbox says where the state body of the demo is: the sandbox of
// docs/sandbox.md, with its admin API.
type LineSandbox struct {
	URL string `json:"url"`
}

// LineMutualTLS says where client certificates are asked for, and by which
// certificate that host is known.
type LineMutualTLS struct {
	URL         string `json:"url"`
	Certificate string `json:"certificate"` // PEM file
}
