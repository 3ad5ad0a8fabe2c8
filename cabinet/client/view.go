package client

import (
	"errors"
	"strings"

	"propusk/cabinet/api"
	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage"
)

// view is an application as the API shows it. The names are those of RFC 7591 where
// it has one.
type view struct {
	ID                     string         `json:"client_id"`
	Name                   string         `json:"client_name"`
	NameEN                 string         `json:"client_name_en"`
	Kind                   client.Kind    `json:"kind"`
	Profile                client.Profile `json:"profile"`
	Status                 client.Status  `json:"status"`
	Method                 string         `json:"token_endpoint_auth_method"`
	GrantTypes             []string       `json:"grant_types"`
	Scope                  string         `json:"scope"`
	RedirectURIs           []string       `json:"redirect_uris"`
	PostLogoutRedirectURIs []string       `json:"post_logout_redirect_uris"`
	BackchannelLogoutURI   string         `json:"backchannel_logout_uri"`
	JWKSURI                string         `json:"jwks_uri"`
	ClientURI              string         `json:"client_uri"`
	LogoURI                string         `json:"logo_uri"`
	Logo                   *logoView      `json:"logo,omitempty"` // of one application; lists do without
	PolicyURI              string         `json:"policy_uri"`
	TosURI                 string         `json:"tos_uri"`
	Contacts               []string       `json:"contacts"`
	RequiredACR            string         `json:"required_acr"`
	AllowedNetworks        []string       `json:"allowed_networks"`
	DPoPBound              bool           `json:"dpop_bound_access_tokens"`
	CertificateBound       bool           `json:"tls_client_certificate_bound_access_tokens"`
	Secrets                []secretView   `json:"secrets"` // the newest first; their text is never shown again
	Keys                   []keyView      `json:"keys"`
	Registered             bool           `json:"dynamically_registered"`
	FirstParty             bool           `json:"first_party"`
	Secret                 string         `json:"client_secret,omitempty"` // when it was made
	LastUsedAt             storage.Time   `json:"last_used_at"`            // null: never
	CreatedAt              storage.Time   `json:"created_at"`
	UpdatedAt              storage.Time   `json:"updated_at"`
	Actions                []api.Action   `json:"actions"`
}

type secretView struct {
	CreatedAt storage.Time `json:"created_at"` // null: before times were kept
	ExpiresAt storage.Time `json:"expires_at"` // null: never
}

type keyView struct {
	Thumbprint string       `json:"thumbprint"`
	KeyID      string       `json:"kid"`
	Type       string       `json:"kty"`
	ExpiresAt  storage.Time `json:"expires_at"` // null: as long as it stands there
}

// shown draws a client for the caller.
func (r *Clients) shown(c api.Call, about client.Client, usedAt storage.Time, secret string) (view, error) {
	actions, err := c.Actions(r.acts(c, about)...)
	if err != nil {
		return view{}, err
	}
	now := storage.Of(r.deps.Now())
	v := view{
		ID: about.ID, Name: about.Name, NameEN: about.NameEN, Kind: about.Kind, Profile: about.Profile, Status: about.Status,
		Method: about.TokenEndpointAuthMethod, GrantTypes: api.List(about.GrantTypes), Scope: about.Scope,
		RedirectURIs: api.List(about.RedirectURIs), PostLogoutRedirectURIs: api.List(about.PostLogoutRedirectURIs),
		BackchannelLogoutURI: about.BackchannelLogoutURI, JWKSURI: about.JWKSURI, ClientURI: about.ClientURI, Contacts: api.List(about.Contacts),
		LogoURI: about.LogoURI, PolicyURI: about.PolicyURI, TosURI: about.TosURI,
		RequiredACR: about.RequiredACR, AllowedNetworks: api.List(about.AllowedNetworks), DPoPBound: about.DPoPBound, CertificateBound: about.CertificateBound,
		Secrets: []secretView{}, Keys: []keyView{}, Registered: about.Registered, FirstParty: about.FirstParty,
		Secret: secret, LastUsedAt: usedAt, CreatedAt: about.CreatedAt, UpdatedAt: about.UpdatedAt, Actions: actions,
	}
	if v.Profile == "" {
		v.Profile = client.ProfileOIDC
	}
	for _, term := range about.Secrets(now) {
		v.Secrets = append(v.Secrets, secretView(term))
	}
	for _, key := range about.Keys(now) {
		v.Keys = append(v.Keys, keyView{key.Name, key.KeyID, key.Type, key.ExpiresAt})
	}
	return v, nil
}

// acts are what can be done with a client, for the caller.
func (r *Clients) acts(c api.Call, about client.Client) []api.Act {
	act := func(name string) api.Act {
		return api.Act{Name: name, Scope: "clients:write", Permission: directory.ClientsWrite, ACR: directory.ACRTwoFactors}
	}
	handle := func(name string) api.Act {
		refused, no := errors.AsType[*api.Refusal](mayHandle(c, about))
		if !no {
			return act(name)
		}
		words := strings.Join(beyond(c, about.Scopes()), " ")
		return act(name).Unless(false, refused.Code()).Said("scope", api.FieldText{RU: words, EN: words})
	}
	return []api.Act{
		handle("change"), act("disable").Unless(!about.FirstParty, "client_of_the_house"), act("remove").Unless(!about.FirstParty, "client_of_the_house"),
		handle("rotate_secret").Unless(about.KeepsSecret(), "client_without_secret"),
		handle("rotate_keys").Unless(len(about.JWKS) > 0, "client_without_keys"),
		handle("fetch_logo").Unless(about.Shown().Logo != "", "client_without_logo"),
	}
}

// tag is the version of the record. When the client was last used is no part of it: a
// change must not fail because the program went on working.
func tag(about client.Client) string { return api.EntityTag(int64(about.UpdatedAt)) }
