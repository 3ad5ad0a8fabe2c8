package client

import (
	"encoding/json"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/client"
)

// wish is what a caller says of a new application.
type wish struct {
	Name                   string          `json:"client_name"`
	NameEN                 string          `json:"client_name_en"`
	Kind                   string          `json:"kind"`
	Profile                string          `json:"profile"`
	Method                 string          `json:"token_endpoint_auth_method"`
	GrantTypes             []string        `json:"grant_types"`
	Scope                  string          `json:"scope"`
	RedirectURIs           []string        `json:"redirect_uris"`
	PostLogoutRedirectURIs []string        `json:"post_logout_redirect_uris"`
	BackchannelLogoutURI   string          `json:"backchannel_logout_uri"`
	JWKS                   json.RawMessage `json:"jwks"`
	JWKSURI                string          `json:"jwks_uri"`
	ClientURI              string          `json:"client_uri"`
	LogoURI                string          `json:"logo_uri"`
	PolicyURI              string          `json:"policy_uri"`
	TosURI                 string          `json:"tos_uri"`
	Contacts               []string        `json:"contacts"`
	RequiredACR            string          `json:"required_acr"`
	AllowedNetworks        []string        `json:"allowed_networks"`
	DPoPBound              bool            `json:"dpop_bound_access_tokens"`
	CertificateBound       bool            `json:"tls_client_certificate_bound_access_tokens"`
	SubjectDN              string          `json:"tls_client_auth_subject_dn"`
	SANDNS                 string          `json:"tls_client_auth_san_dns"`
	Lifetime               *int64          `json:"secret_lifetime_days"`
}

// How long secrets live, in days. None lives for ever: it would be changed the day
// after it has leaked, if ever.
const (
	defaultLifetime = 365
	longestLifetime = 730
	defaultOverlap  = 7
	longestOverlap  = 30
)

// made is the client that the wish describes, of the caller's organisation.
func (w wish) made(c api.Call) (client.Client, time.Duration, error) {
	if w.Name == "" {
		return client.Client{}, 0, api.InvalidField("/client_name", "required")
	}
	if w.Kind == "" {
		return client.Client{}, 0, api.InvalidField("/kind", "required")
	}
	lifetime, err := days(w.Lifetime, "/secret_lifetime_days", 1, longestLifetime, defaultLifetime)
	if err != nil {
		return client.Client{}, 0, err
	}
	made := client.Client{
		Name: w.Name, NameEN: w.NameEN, Kind: client.Kind(w.Kind), Profile: client.Profile(w.Profile), TokenEndpointAuthMethod: w.Method,
		GrantTypes: w.GrantTypes, Scope: w.Scope, RedirectURIs: w.RedirectURIs, PostLogoutRedirectURIs: w.PostLogoutRedirectURIs,
		BackchannelLogoutURI: w.BackchannelLogoutURI, JWKS: w.JWKS, JWKSURI: w.JWKSURI, RequiredACR: w.RequiredACR,
		DPoPBound: w.DPoPBound, CertificateBound: w.CertificateBound, OrganisationID: c.Organisation(),
	}
	made.ClientURI, made.LogoURI, made.PolicyURI, made.TosURI = w.ClientURI, w.LogoURI, w.PolicyURI, w.TosURI
	made.Contacts, made.AllowedNetworks = w.Contacts, w.AllowedNetworks
	made.SubjectDN, made.SANDNS = w.SubjectDN, w.SANDNS
	if made.CreatedBy = c.Person(); made.CreatedBy == "" {
		made.CreatedBy = c.Claims.ClientID
	}
	return made, lifetime, mayWiden(c, client.Client{}, w.Scope)
}

// days reads a number of days.
func days(value *int64, pointer string, least, most, otherwise int64) (time.Duration, error) {
	n := otherwise
	if value != nil {
		n = *value
	}
	if n < least || n > most {
		return 0, api.InvalidField(pointer, "out_of_range")
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// patch is a change of an application (RFC 7396).
type patch struct {
	Name                   api.Field[string]   `json:"client_name"`
	NameEN                 api.Field[string]   `json:"client_name_en"`
	Status                 api.Field[string]   `json:"status"`
	Profile                api.Field[string]   `json:"profile"`
	Scope                  api.Field[string]   `json:"scope"`
	RedirectURIs           api.Field[[]string] `json:"redirect_uris"`
	PostLogoutRedirectURIs api.Field[[]string] `json:"post_logout_redirect_uris"`
	BackchannelLogoutURI   api.Field[string]   `json:"backchannel_logout_uri"`
	JWKSURI                api.Field[string]   `json:"jwks_uri"`
	ClientURI              api.Field[string]   `json:"client_uri"`
	LogoURI                api.Field[string]   `json:"logo_uri"`
	PolicyURI              api.Field[string]   `json:"policy_uri"`
	TosURI                 api.Field[string]   `json:"tos_uri"`
	Contacts               api.Field[[]string] `json:"contacts"`
	RequiredACR            api.Field[string]   `json:"required_acr"`
	AllowedNetworks        api.Field[[]string] `json:"allowed_networks"`
	DPoPBound              api.Field[bool]     `json:"dpop_bound_access_tokens"`
}

// readOnly may stand in a patch, as whoever read the client sends it back, and are
// passed by.
var readOnly = []string{
	"client_id", "kind", "token_endpoint_auth_method", "grant_types", "tls_client_certificate_bound_access_tokens", "secrets", "keys", "logo",
	"dynamically_registered", "first_party", "last_used_at", "created_at", "updated_at", "actions",
}

// onlyDisables reports whether the patch switches the client off and does nothing else.
func (p patch) onlyDisables() bool {
	off := p.Status.Set && p.Status.Value == string(client.StatusDisabled)
	for _, other := range []bool{
		p.Name.Set, p.NameEN.Set, p.Profile.Set, p.Scope.Set, p.RedirectURIs.Set, p.PostLogoutRedirectURIs.Set, p.BackchannelLogoutURI.Set,
		p.JWKSURI.Set, p.ClientURI.Set, p.LogoURI.Set, p.PolicyURI.Set, p.TosURI.Set, p.Contacts.Set, p.RequiredACR.Set, p.AllowedNetworks.Set, p.DPoPBound.Set,
	} {
		off = off && !other
	}
	return off
}

func (p patch) allowed(c api.Call, before client.Client) error {
	if p.Scope.Set {
		return mayWiden(c, before, p.Scope.Value)
	}
	return nil
}

// over writes what the patch says over the client.
func (p patch) over(now *client.Client) {
	for _, one := range []struct {
		field api.Field[string]
		to    *string
	}{
		{p.Name, &now.Name}, {p.NameEN, &now.NameEN}, {p.Scope, &now.Scope}, {p.BackchannelLogoutURI, &now.BackchannelLogoutURI},
		{p.JWKSURI, &now.JWKSURI}, {p.ClientURI, &now.ClientURI}, {p.LogoURI, &now.LogoURI}, {p.PolicyURI, &now.PolicyURI}, {p.TosURI, &now.TosURI},
		{p.RequiredACR, &now.RequiredACR},
	} {
		if one.field.Set {
			*one.to = one.field.Value
		}
	}
	for _, one := range []struct {
		field api.Field[[]string]
		to    *[]string
	}{
		{p.RedirectURIs, &now.RedirectURIs}, {p.PostLogoutRedirectURIs, &now.PostLogoutRedirectURIs}, {p.Contacts, &now.Contacts}, {p.AllowedNetworks, &now.AllowedNetworks},
	} {
		if one.field.Set {
			*one.to = one.field.Value
		}
	}
	if p.Status.Set {
		now.Status = client.Status(p.Status.Value)
	}
	if p.Profile.Set {
		now.Profile = client.Profile(p.Profile.Value)
	}
	if p.DPoPBound.Set {
		now.DPoPBound = p.DPoPBound.Value
	}
	if p.Scope.Set && now.Registered { // it must not widen itself again (RFC 7592)
		now.ScopeLimit = now.Scope
	}
}
