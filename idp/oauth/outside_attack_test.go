package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	guarded "propusk/storage/outside"
)

// insideAddresses lead to where a stranger must not have this server knock: the
// machine itself, its neighbours, the cloud's metadata, in every spelling of a number.
var insideAddresses = []string{
	"https://127.0.0.1/x", "https://127.1/x", "https://127.0.0.1.:443/x", "https://localhost/x", "https://LOCALHOST./x", "https://[::1]/x", "https://[::]/x",
	"https://0.0.0.0/x", "https://0/x", "https://2130706433/x", "https://0x7f000001/x", "https://0177.0.0.1/x", "https://[::ffff:127.0.0.1]/x",
	"https://[::ffff:7f00:1]/x", "https://[64:ff9b::7f00:1]/x", "https://[2002:7f00:1::]/x", "https://169.254.169.254/latest/meta-data/",
	"https://[::ffff:a9fe:a9fe]/x", "https://[fd00:ec2::254]/x", "https://[fe80::1%25eth0]/x", "https://10.0.0.1/x", "https://172.16.0.1/x", "https://192.168.0.1/x",
	"https://100.64.0.1/x", "https://198.18.0.1/x", "https://224.0.0.1/x", "https://255.255.255.255/x",
}

// offeredAddresses are the fields of a client that lead somewhere.
var offeredAddresses = map[string]func(c *Client, address string){
	"jwks_uri": func(c *Client, address string) {
		c.TokenEndpointAuthMethod, c.JWKSURI = AuthPrivateKeyJWT, address
	},
	"backchannel_logout_uri": func(c *Client, address string) { c.BackchannelLogoutURI = address },
	"sector_identifier_uri": func(c *Client, address string) {
		c.TokenMetadata = client.TokenMetadata{SubjectType: client.SubjectPairwise, SectorIdentifierURI: address}
	},
}

// RFC 9700 §4.13, RFC 7591 §5: an address that a client registers is refused by its
// form where it could only be an attack.
func TestAddressesOfAnotherFormAreNotRegistered(t *testing.T) {
	h := alone(t)
	for field, set := range offeredAddresses {
		for _, address := range []string{
			"http://app.example.org/x", "ftp://app.example.org/x", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "unix:///var/run/docker.sock",
			"https://user:password@app.example.org/x", "https://app.example.org/x#f", "//app.example.org/x", "/x", "https://", "https:///x", "javascript:alert(1)", "data:,x",
		} {
			c := Client{Name: "Учёт", Kind: Web, RedirectURIs: []string{callback}, Scope: "openid"}
			set(&c, address)
			if _, _, err := h.Clients().Create(t.Context(), c); err == nil {
				t.Errorf("%s: %q was registered", field, address)
			}
		}
	}
}

// RFC 9700 §4.13: whatever was registered, a connection goes nowhere inside; the
// address is looked at when the connection is made, so that a name that leads
// elsewhere the second time (DNS rebinding) gains nothing, and what was found is told
// to nobody.
func TestNoAddressOfAClientLeadsInside(t *testing.T) {
	h := alone(t)
	o := newOutside(nil, nil)
	for _, address := range insideAddresses {
		_, err := o.get(t.Context(), address, 100)
		if unresolved := strings.Contains(errorText(err), "lookup") || strings.Contains(errorText(err), "no such host"); !errors.Is(err, guarded.ErrUnreachable) && !unresolved {
			t.Errorf("%s: %v", address, err)
		}
		if _, err := o.post(t.Context(), address, url.Values{"x": {"y"}}); err == nil {
			t.Errorf("%s: something was posted", address)
		}
	}
	c := h.register(Client{Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKSURI: "https://localhost/jwks", Scope: ""})
	got := h.assert(signing{alg: jose.ES256, key: newKey(t)}.jwt(t, h.asserting(c, nil)), nil)
	h.refused("keys inside", got, http.StatusUnauthorized, "invalid_client")
	if text := got.text("error_description"); strings.Contains(text, "127.0.0.1") || strings.Contains(text, "refused") || strings.Contains(text, "localhost") {
		t.Errorf("the answer tells what is inside: %q", text)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// RFC 9700 §4.13: no redirect is followed, to wherever it leads; a key set comes from
// its own address or not at all.
func TestNoRedirectOfAClientsAddressIsFollowed(t *testing.T) {
	h := alone(t)
	ec := newKey(t)
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the redirect was followed")
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: ec.Public()}}})
	}))
	t.Cleanup(inside.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		door := httptest.NewServer(http.RedirectHandler(inside.URL, status))
		t.Cleanup(door.Close)
		c := h.register(Client{Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKSURI: door.URL + "/jwks", Scope: ""})
		h.refused("redirected keys", h.assert(signing{alg: jose.ES256, key: ec}.jwt(t, h.asserting(c, nil)), nil), http.StatusUnauthorized, "invalid_client")
	}
}

// RFC 9101 §10.4.1: a request_uri of a stranger's is refused, and asked by nobody.
func TestNoRequestURIIsAsked(t *testing.T) {
	h := alone(t)
	asked := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	t.Cleanup(asked.Close)
	c := h.web()
	for _, address := range append([]string{
		asked.URL + "/object", requestURIPrefix, requestURIPrefix + "../x", strings.ToUpper(requestURIPrefix) + "x", "urn:ietf:params:oauth:request_uri", "data:,x",
		requestURIPrefix + asked.URL,
	}, insideAddresses...) {
		if _, err := h.authorizing(asking(c, with{"request_uri": address})); err == nil {
			t.Errorf("%q is taken", address)
		}
		h.refused(address, h.push(c, with{"request_uri": address}), http.StatusBadRequest, "invalid_request")
	}
}
