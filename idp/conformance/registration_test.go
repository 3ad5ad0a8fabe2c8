package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"

	"propusk/idp/oauth"
)

// registering is a good registration document of the variant (RFC 7591 §2), changed;
// nil takes a member away.
func (p *party) registering(changes map[string]any) map[string]any {
	document := map[string]any{
		"application_type": "web", "client_name": "Проверка", "redirect_uris": []string{callback}, "post_logout_redirect_uris": []string{goodbye},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"},
		"token_endpoint_auth_method": oauth.AuthPrivateKeyJWT, "jwks": keySet(p.T, p.key),
	}
	return changed(document, changes)
}

// manage sends a document to the registration endpoint or to that of a client, with a
// token; nil = none.
func (p *party) manage(method, path, token string, document map[string]any) answer {
	p.Helper()
	var body io.Reader
	if document != nil {
		text, err := json.Marshal(document)
		if err != nil {
			p.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(p.Context(), method, issuer+path, body)
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(addressHeader, p.address)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := p.plain.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.Fatal(err)
	}
	got := answer{status: response.StatusCode, header: response.Header, raw: string(text)}
	_ = json.Unmarshal(text, &got.body)
	return got
}

// register registers a client by itself and returns the party that uses it, and the
// server's answer (RFC 7591 §3.2.1).
func (p *party) register(changes map[string]any) (*party, answer) {
	p.Helper()
	got := p.manage(http.MethodPost, "/oauth2/register", p.registration, p.registering(changes))
	if got.status != http.StatusCreated || got.text("client_id") == "" || got.text("registration_access_token") == "" {
		p.Fatalf("not registered: %d %s", got.status, got.raw)
	}
	other := *p
	other.client = oauth.Client{ID: got.text("client_id")}
	other.browser = p.world.browser(p.T)
	return &other, got
}

// signedUp signs Maria in at a client that registered itself: nobody vouched for it,
// so that she is asked.
func (p *party) signedUp() {
	p.Helper()
	p.identity(p.flow(nil), "nonce-1")
}

// notRegistered checks the refusal of a document (RFC 7591 §3.2.2).
func (p *party) notRegistered(changes map[string]any, code string) {
	p.Helper()
	got := p.manage(http.MethodPost, "/oauth2/register", p.registration, p.registering(changes))
	if got.status != http.StatusBadRequest || got.text("error") != code || got.text("client_id") != "" {
		p.Errorf("%d %s, want %s", got.status, got.raw, code)
	}
}

func registrationDiscovery(p *party) {
	if m := p.metadata(); m["registration_endpoint"] != issuer+"/oauth2/register" {
		p.Errorf("registration_endpoint = %v", m["registration_endpoint"])
	}
	discoveryModule(p)
}

// dynamicServer registers, signs in, reads the registration, and takes it back (RFC
// 7592); a stranger can do none of it.
func dynamicServer(p *party) {
	if got := p.manage(http.MethodPost, "/oauth2/register", "", p.registering(nil)); got.status != http.StatusUnauthorized {
		p.Errorf("without an initial access token: %d %s", got.status, got.raw)
	}
	other, registered := p.register(nil)
	other.signedUp()
	path, token := "/oauth2/register/"+other.client.ID, registered.text("registration_access_token")
	if registered.text("registration_client_uri") != issuer+path {
		p.Errorf("registration_client_uri = %q", registered.text("registration_client_uri"))
	}
	if got := p.manage(http.MethodGet, path, token, nil); got.status != http.StatusOK || got.text("client_id") != other.client.ID {
		p.Errorf("read: %d %s", got.status, got.raw)
	}
	for _, stranger := range []string{"", "x", p.registration} {
		if got := p.manage(http.MethodGet, path, stranger, nil); got.status != http.StatusUnauthorized {
			p.Errorf("read with %q: %d %s", stranger, got.status, got.raw)
		}
	}
	if got := p.manage(http.MethodDelete, path, token, nil); got.status != http.StatusNoContent {
		p.Errorf("deleted: %d %s", got.status, got.raw)
	}
	other.shown(other.browser.open(other.link(nil)))
}

// addressKept registers an address that is about the application.
func addressKept(name string) func(*party) {
	return func(p *party) {
		other, got := p.register(map[string]any{name: "https://rp.example/about"})
		if got.text(name) != "https://rp.example/about" {
			p.Errorf("given back: %s", got.raw)
		}
		other.signedUp()
		// A picture is never loaded from its address; a page is a link.
		if link := strings.Contains(other.browser.consent, `href="https://rp.example/about"`); link == (name == "logo_uri") {
			p.Errorf("the page of consent has the address: %t", link)
		}
		p.notRegistered(map[string]any{name: "javascript:alert(1)"}, "invalid_client_metadata")
	}
}

func registeredKeysAddress(p *party) {
	at := serveKeys(p.T, p.key)
	other, _ := p.register(map[string]any{"jwks": nil, "jwks_uri": at.URL + "/jwks"})
	other.signedUp()
	p.notRegistered(map[string]any{"jwks_uri": at.URL + "/jwks"}, "invalid_client_metadata") // both
}

// registeredFragment: Registration §2, redirect_uris have no fragment.
func registeredFragment(p *party) {
	p.notRegistered(map[string]any{"redirect_uris": []string{callback + "#fragment"}}, "invalid_redirect_uri")
}

// sectorAt serves the file of a sector identifier (Registration §5).
func (p *party) sectorAt(uris ...string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(uris) }))
	p.Cleanup(server.Close)
	return server.URL + "/sector"
}

// Core §8.1: the person has another name here than elsewhere.
func sectorGood(p *party) {
	sector := map[string]any{"subject_type": "pairwise", "sector_identifier_uri": p.sectorAt(callback, "https://other.example/callback")}
	first, _ := p.register(maps.Clone(sector))
	second, _ := p.register(maps.Clone(sector))
	one, two := first.identity(first.flow(nil), "nonce-1")["sub"], second.identity(second.flow(nil), "nonce-1")["sub"]
	if one == p.maria.ID || one != two {
		p.Errorf("she is %v and %v in one sector, and %s to the house", one, two, p.maria.ID)
	}
}

func sectorBad(p *party) {
	p.notRegistered(map[string]any{"subject_type": "pairwise", "sector_identifier_uri": p.sectorAt("https://other.example/callback")}, "invalid_client_metadata")
}
