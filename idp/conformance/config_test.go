package conformance

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestConfigOP(t *testing.T) { configPlan().run(t) }

func configPlan() plan {
	return plan{"oidcc-config-certification-test-plan", "TestConfigOP", []variant{basicVariant}, []module{
		{name: "oidcc-discovery-endpoint-verification", test: discoveryModule},
	}}
}

// OpenID Connect Discovery §3, §4: what must be told is told, and is so.
func discoveryModule(p *party) {
	m := p.metadata()
	if m["issuer"] != issuer {
		p.Errorf("issuer = %v", m["issuer"])
	}
	for name, wanted := range map[string][]string{
		"scopes_supported":                                 {"openid"},
		"response_types_supported":                         {"code"},
		"grant_types_supported":                            {"authorization_code", "refresh_token", "client_credentials"},
		"subject_types_supported":                          {"public"},
		"id_token_signing_alg_values_supported":            {"RS256", "ES256"},
		"token_endpoint_auth_methods_supported":            {"client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"},
		"code_challenge_methods_supported":                 {"S256"},
		"claims_supported":                                 {"sub", "iss", "auth_time", "acr", "name", "email"},
		"response_modes_supported":                         {"query", "form_post", "jwt", "query.jwt", "form_post.jwt"},
		"request_object_signing_alg_values_supported":      {"ES256", "PS256"},
		"dpop_signing_alg_values_supported":                {"ES256"},
		"authorization_signing_alg_values_supported":       {"ES256"},
		"introspection_signing_alg_values_supported":       {"ES256"},
		"token_endpoint_auth_signing_alg_values_supported": {"ES256", "PS256"},
	} {
		list := names(m[name])
		for _, one := range wanted {
			if !slices.Contains(list, one) {
				p.Errorf("%s = %v lacks %s", name, list, one)
			}
		}
		if slices.Contains(list, "none") && strings.Contains(name, "alg") {
			p.Errorf("%s offers none", name)
		}
	}
	p.endpoints(m)
}

// endpoints checks that every address of the document is https at the issuer and
// that somebody is there.
func (p *party) endpoints(m map[string]any) {
	p.Helper()
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} {
		if m[name] == nil {
			p.Errorf("%s is missing", name)
		}
	}
	for name, value := range m {
		address, _ := value.(string)
		if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
			continue
		}
		path, ours := strings.CutPrefix(address, issuer+"/")
		if !ours {
			p.Errorf("%s = %q", name, address)
			continue
		}
		if got := p.get("/" + path); got.status == http.StatusNotFound {
			p.Errorf("%s: nobody is at %s", name, address)
		}
	}
}
