package application

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/client"
)

// known are the members of a document that are looked at (RFC 7591 §2, OpenID
// Connect Registration §2, RFC 8705, 9101, 9126, 9449, 9396, 9701, CIBA, the logout
// specifications, JARM). Others are passed by, as RFC 7591 §2 has it; so nobody
// makes himself first party, or a client of an organisation.
var known = []string{
	"client_name", "client_name#en", "redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types", "scope",
	"token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "jwks", "jwks_uri", "profile",
	"client_uri", "logo_uri", "policy_uri", "tos_uri", "contacts", "software_id", "software_version",
	"initiate_login_uri", "default_max_age", "default_acr_values", "require_auth_time",
	"subject_type", "sector_identifier_uri", "id_token_signed_response_alg",
	"id_token_encrypted_response_alg", "id_token_encrypted_response_enc",
	"userinfo_signed_response_alg", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
	"introspection_signed_response_alg", "introspection_encrypted_response_alg", "introspection_encrypted_response_enc",
	"request_object_signing_alg", "require_signed_request_object", "request_object_encryption_alg", "request_object_encryption_enc",
	"authorization_signed_response_alg", "response_modes", "require_pushed_authorization_requests",
	"access_token_signed_response_alg", "access_token_format", "authorization_details_types",
	"tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip", "tls_client_auth_san_email",
	"tls_client_certificate_bound_access_tokens", "dpop_bound_access_tokens",
	"backchannel_logout_uri", "frontchannel_logout_uri", "frontchannel_logout_session_required",
	"backchannel_token_delivery_mode", "backchannel_client_notification_endpoint",
	"backchannel_authentication_request_signing_alg", "backchannel_user_code_parameter",
}

// unsupported are members that mean something we do not do: a client that relies on
// them must not believe that it has them.
var unsupported = map[string]string{
	"request_uris":                         "request_uri of clients is not fetched; push the request (RFC 9126)",
	"authorization_encrypted_response_alg": "authorization responses are not encrypted",
}

// client reads the document's members into a client, one by one, so that what is of
// the wrong type is named.
func (d document) client() (client.Client, error) {
	var c client.Client
	for name, why := range unsupported {
		if _, there := d[name]; there {
			return c, badMetadata(name, "%s", why)
		}
	}
	for _, name := range known {
		raw, there := d[name]
		if !there {
			continue
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: raw})
		if err != nil || json.Unmarshal(one, &c) != nil {
			return c, badMetadata(name, "it is of the wrong type")
		}
	}
	if err := d.kind(&c); err != nil {
		return c, err
	}
	return c, d.name(&c)
}

// kind is what sort of program registers: RFC 7591 tells it by how it authenticates
// and what it asks for, OpenID Connect Registration by application_type.
func (d document) kind(c *client.Client) error {
	application, bad := d.text("application_type")
	switch {
	case bad != nil:
		return bad
	case application != "" && application != "web" && application != "native":
		return badMetadata("application_type", "web or native")
	}
	public := c.TokenEndpointAuthMethod == client.AuthNone
	people := len(c.GrantTypes) == 0 || slices.ContainsFunc(c.GrantTypes, func(grant string) bool {
		return grant == client.GrantAuthorizationCode || grant == client.GrantDeviceCode || grant == client.GrantCIBA
	})
	switch {
	case application == "native":
		c.Kind = client.Native
	case public:
		c.Kind = client.SPA
	case !people:
		c.Kind = client.Service
	default:
		c.Kind = client.Web
	}
	return nil
}

// name gives a client without a name one that people can place: its host.
func (d document) name(c *client.Client) error {
	if c.Name == "" {
		russian, bad := d.text("client_name#ru")
		if bad != nil {
			return bad
		}
		c.Name = russian
	}
	if c.Name == "" && len(c.RedirectURIs) > 0 {
		if u, err := url.Parse(c.RedirectURIs[0]); err == nil {
			c.Name = u.Hostname()
		}
	}
	if c.Name == "" {
		c.Name = "Приложение без названия"
	}
	return nil
}

// ours are members of the record that are nobody's metadata.
var ours = []string{
	"kind", "status", "created_at", "updated_at", "created_by", "dynamically_registered", "organization", "first_party",
	"allowed_networks", "key_ends", "scope_limit", "sector_left_at",
}

// described is a client as the answers show it (RFC 7591 §3.2.1).
func described(c client.Client) (map[string]any, error) {
	encoded, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	if err := json.Unmarshal(encoded, &answer); err != nil {
		return nil, err
	}
	maps.DeleteFunc(answer, func(name string, _ any) bool { return slices.Contains(ours, name) })
	answer["application_type"] = "web"
	if c.Kind == client.Native {
		answer["application_type"] = "native"
	}
	answer["client_id_issued_at"] = c.CreatedAt.Time().Unix()
	return answer, nil
}

// reserved reports whether people would take the name for another's: of the house.
func (a *Applications) reserved(name string) bool {
	return slices.ContainsFunc(a.deps.Reserved, func(taken string) bool {
		return strings.EqualFold(strings.Join(strings.Fields(name), " "), taken)
	})
}
