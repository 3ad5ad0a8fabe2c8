package application

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/browser"
	"propusk/idp/client"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// RFC 7591 §3.2.1, RFC 7592 §2: a client registers, reads, replaces and deletes
// itself; the token of its registration changes with each replacement.
func TestAClientKeepsItself(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		h := newHouse(t, db)
		made := h.registered(map[string]any{"client_name#en": "Books", "contacts": []string{"it@app.example.org"}, "unheard_of": "x"})
		id := made.text("client_id")
		c, err := h.clients.Find(t.Context(), id)
		if err != nil || c.FirstParty || !c.Registered || c.Scope != DefaultScope || !c.Authentic(made.text("client_secret"), storage.Of(h.clock.Now())) ||
			made.body["client_secret_expires_at"] != 0.0 || made.body["client_id_issued_at"] != float64(h.clock.Now().Unix()) || made.text("registration_client_uri") != issuer+Path+"/"+id {
			t.Fatalf("%s %+v %v", made.raw, c, err)
		}
		for _, hidden := range []string{"first_party", "organization", "kind", "status", "unheard_of", "created_by"} {
			if _, there := made.body[hidden]; there {
				t.Errorf("the answer has %s", hidden)
			}
		}
		path, token := Path+"/"+id, made.text("registration_access_token")
		if a := h.send("GET", path, token, nil); a.status != http.StatusOK || a.text("client_secret") != "" || a.text("client_name") != "Учёт" {
			t.Errorf("%d %s", a.status, a.raw)
		}
		document := good(map[string]any{"client_id": id, "client_name": "Склад", "client_secret": made.text("client_secret")})
		replaced := h.send("PUT", path, token, document)
		if replaced.status != http.StatusOK || replaced.text("client_name") != "Склад" || replaced.body["contacts"] != nil || replaced.text("registration_access_token") == token {
			t.Fatalf("%d %s", replaced.status, replaced.raw)
		}
		h.refused("the token before", h.send("GET", path, token, nil), http.StatusUnauthorized, "invalid_token")
		token = replaced.text("registration_access_token")
		for name, changes := range map[string]map[string]any{
			"another id":            {"client_id": "x"},
			"no id":                 {"client_id": nil},
			"a secret of its own":   {"client_secret": "0123456789"},
			"its token":             {"registration_access_token": token},
			"its time":              {"client_id_issued_at": 1},
			"more scope":            {"scope": "members:write"},
			"a hostile address":     {"redirect_uris": []string{"javascript:alert(1)"}},
			"a name that is turned": {"client_name": "Ба\u202eнк"},
		} {
			changed := good(map[string]any{"client_id": id})
			for key, value := range changes {
				if changed[key] = value; value == nil {
					delete(changed, key)
				}
			}
			if a := h.send("PUT", path, token, changed); a.status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		if a := h.send("DELETE", path, token, nil); a.status != http.StatusNoContent {
			t.Errorf("%d %s", a.status, a.raw)
		}
		h.refused("deleted", h.send("GET", path, token, nil), http.StatusUnauthorized, "invalid_token")
		if h.count() != 0 || !h.journalled("client.registered") || !h.journalled("client.deleted") {
			t.Error("it left something, or the journal says nothing")
		}
	})
}

// RFC 7591 §3.2.2: hostile metadata is refused field by field, and uses nothing up.
func TestHostileMetadataIsRefusedFieldByField(t *testing.T) {
	h := alone(t)
	private := `{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}]}`
	for name, tt := range map[string]struct {
		changes map[string]any
		code    string
		field   string
	}{
		"javascript":              {map[string]any{"redirect_uris": []string{"javascript:alert(1)"}}, "invalid_redirect_uri", "redirect_uris"},
		"data":                    {map[string]any{"redirect_uris": []string{"data:text/html,x"}}, "invalid_redirect_uri", "redirect_uris"},
		"a wildcard":              {map[string]any{"redirect_uris": []string{"https://*.example.org/"}}, "invalid_redirect_uri", "redirect_uris"},
		"a fragment":              {map[string]any{"redirect_uris": []string{"https://app.example.org/#"}}, "invalid_redirect_uri", "redirect_uris"},
		"a user name":             {map[string]any{"redirect_uris": []string{"https://bank@evil.example/"}}, "invalid_redirect_uri", "redirect_uris"},
		"plain http":              {map[string]any{"redirect_uris": []string{"http://app.example.org/"}}, "invalid_redirect_uri", "redirect_uris"},
		"no redirect URI":         {map[string]any{"redirect_uris": nil}, "invalid_redirect_uri", "redirect_uris"},
		"numbers for addresses":   {map[string]any{"redirect_uris": []int{1}}, "invalid_client_metadata", "redirect_uris"},
		"a name of numbers":       {map[string]any{"client_name": 7}, "invalid_client_metadata", "client_name"},
		"a name turned around":    {map[string]any{"client_name": "Ба\u202eнк"}, "invalid_client_metadata", "client_name"},
		"an invisible name":       {map[string]any{"client_name": "Бан\u200bк"}, "invalid_client_metadata", "client_name"},
		"a name of control":       {map[string]any{"client_name": "a\nb"}, "invalid_client_metadata", "client_name"},
		"a name without end":      {map[string]any{"client_name": strings.Repeat("я", 201)}, "invalid_client_metadata", "client_name"},
		"a token for a name":      {map[string]any{"client_name": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}, "invalid_client_metadata", "client_name"},
		"the house's own name":    {map[string]any{"client_name": "  кабинет   ОРГАНИЗАЦИИ "}, "invalid_client_metadata", "client_name"},
		"a script for a logo":     {map[string]any{"logo_uri": "javascript:alert(1)"}, "invalid_client_metadata", "logo_uri"},
		"a file for terms":        {map[string]any{"tos_uri": "file:///etc/passwd"}, "invalid_client_metadata", "tos_uri"},
		"the implicit grant":      {map[string]any{"grant_types": []string{"implicit"}}, "invalid_client_metadata", "grant_types"},
		"passwords":               {map[string]any{"grant_types": []string{"password"}}, "invalid_client_metadata", "grant_types"},
		"a grant out of bounds":   {map[string]any{"grant_types": []string{"client_credentials"}}, "invalid_client_metadata", "grant_types"},
		"a response of tokens":    {map[string]any{"response_types": []string{"token"}}, "invalid_client_metadata", "response_types"},
		"a scope out of bounds":   {map[string]any{"scope": "openid members:write"}, "invalid_client_metadata", "scope"},
		"an operator's scope":     {map[string]any{"scope": "recoveries"}, "invalid_client_metadata", "scope"},
		"a secret JWT":            {map[string]any{"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata", "token_endpoint_auth_method"},
		"keys and their address":  {map[string]any{"jwks": map[string]any{"keys": []any{}}, "jwks_uri": "https://app.example.org/k"}, "invalid_client_metadata", "jwks"},
		"a shared key":            {map[string]any{"token_endpoint_auth_method": "private_key_jwt", "jwks": json.RawMessage(private)}, "invalid_client_metadata", "jwks"},
		"keys inside":             {map[string]any{"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://169.254.169.254/"}, "invalid_client_metadata", "jwks_uri"},
		"HS256":                   {map[string]any{"id_token_signed_response_alg": "HS256"}, "invalid_client_metadata", "id_token_signed_response_alg"},
		"none":                    {map[string]any{"request_object_signing_alg": "none"}, "invalid_client_metadata", "request_object_signing_alg"},
		"request_uris":            {map[string]any{"request_uris": []string{"https://app.example.org/r"}}, "invalid_client_metadata", "request_uris"},
		"encrypted responses":     {map[string]any{"authorization_encrypted_response_alg": "ECDH-ES"}, "invalid_client_metadata", "authorization_encrypted_response_alg"},
		"a mode of windows":       {map[string]any{"response_modes": []string{"web_message"}}, "invalid_client_metadata", "response_modes"},
		"a television":            {map[string]any{"application_type": "television"}, "invalid_client_metadata", "application_type"},
		"an age below nothing":    {map[string]any{"default_max_age": -1}, "invalid_client_metadata", "default_max_age"},
		"many contacts":           {map[string]any{"contacts": slices.Repeat([]string{"a"}, 11)}, "invalid_client_metadata", "contacts"},
		"a sector inside":         {map[string]any{"subject_type": "pairwise", "sector_identifier_uri": "https://127.0.0.1:1/s"}, "invalid_client_metadata", "sector_identifier_uri"},
		"logout by mail":          {map[string]any{"backchannel_logout_uri": "mailto:x@example.org"}, "invalid_client_metadata", "backchannel_logout_uri"},
		"a statement of nobody":   {map[string]any{"software_statement": "eyJhbGciOiJub25lIn0.e30."}, "invalid_software_statement", "software_statement"},
		"a profile without a key": {map[string]any{"profile": "fapi2-security"}, "invalid_client_metadata", "token_endpoint_auth_method"},
	} {
		a := h.register(tt.changes)
		h.refused(name, a, http.StatusBadRequest, tt.code)
		if !strings.Contains(a.raw, `"field":"`+tt.field+`"`) {
			t.Errorf("%s: %s does not name %s", name, a.raw, tt.field)
		}
	}
	if n := h.count(); n != 0 {
		t.Errorf("%d clients were made", n)
	}
}

// Nobody makes himself what only an operator makes.
func TestNobodyRegistersAsFirstParty(t *testing.T) {
	h := alone(t)
	a := h.registered(map[string]any{
		"first_party": true, "organization": "x", "status": "disabled", "kind": "service", "client_id": "cabinet", "created_by": "x",
		"allowed_networks": []string{"0.0.0.0/0"}, "required_acr": "urn:propusk:1", "FIRST_PARTY": true, "First_Party": true,
	})
	c, err := h.clients.Find(t.Context(), a.text("client_id"))
	if err != nil || c.FirstParty || c.OrganisationID != "" || !c.Active() || c.ID == "cabinet" || c.Kind != client.Web || len(c.AllowedNetworks) > 0 {
		t.Errorf("%+v %v", c, err)
	}
}

func TestDocumentsAreBounded(t *testing.T) {
	h := alone(t)
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"nothing":      {"", 400},
		"a list":       {"[]", 400},
		"half":         {`{"client_name":"x"`, 400},
		"two":          {`{}{}`, 400},
		"twice":        {`{"client_name":"a","client_name":"b"}`, 400},
		"deep":         {strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20), 400},
		"many members": {"{" + strings.Repeat(`"a":1,`, 0) + members(101) + "}", 400},
		"large":        {`{"client_name":"` + strings.Repeat("x", maxDocument) + `"}`, 413},
	} {
		if a := h.send("POST", Path, h.token, tt.body); a.status != tt.status || a.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := h.send("PATCH", Path, h.token, "{}"); a.status != http.StatusMethodNotAllowed && a.status != http.StatusNotFound {
		t.Errorf("another method: %d", a.status)
	}
}

func members(n int) string {
	var all []string
	for i := range n {
		all = append(all, `"m`+strings.Repeat("x", i)+`":1`)
	}
	return strings.Join(all, ",")
}

// An initial access token is good within its bounds, until it ends, as often as it was
// made for; of many racers for the last use one wins.
func TestInitialAccessTokensAreBounded(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		h := newHouse(t, db)
		made, token, err := h.tokens.Create(t.Context(), InitialToken{Name: "интегратор", Bounds: storage.JSON[Bounds]{V: Bounds{
			Scope: "openid", GrantTypes: []string{"authorization_code"}, RedirectHosts: []string{"*.example.org"},
		}}}, 1, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for name, changes := range map[string]map[string]any{
			"scope": {"scope": "openid profile"}, "grant": {"grant_types": []string{"authorization_code", "refresh_token"}},
			"host": {"redirect_uris": []string{"https://example.org.evil.example/"}}, "the domain itself": {"redirect_uris": []string{"https://example.org/"}},
		} {
			if a := h.send("POST", Path, token, good(changes)); a.status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		var racers sync.WaitGroup
		var won atomic.Int32
		for range 8 {
			racers.Go(func() {
				if a := h.send("POST", Path, token, good(nil)); a.status == http.StatusCreated {
					won.Add(1)
				} else if a.status != http.StatusUnauthorized {
					t.Errorf("%d %s", a.status, a.raw)
				}
			})
		}
		racers.Wait()
		if won.Load() != 1 || h.count() != 1 {
			t.Errorf("%d registered, %d clients", won.Load(), h.count())
		}
		h.refused("spent", h.send("POST", Path, token, good(nil)), http.StatusUnauthorized, "invalid_token")
		if err := h.tokens.Revoke(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.tokens.Revoke(t.Context(), made.ID); err == nil {
			t.Error("revoked twice")
		}
		h.clock.Advance(time.Hour)
		h.refused("expired", h.register(nil), http.StatusUnauthorized, "invalid_token")
		if err := h.tokens.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list, err := h.tokens.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%v %v", list, err)
		}
	})
}

func TestTokensAreChecked(t *testing.T) {
	h := alone(t)
	for name, create := range map[string]func() error{
		"no name": func() error { _, _, err := h.tokens.Create(t.Context(), InitialToken{}, 1, time.Hour); return err },
		"uses": func() error {
			_, _, err := h.tokens.Create(t.Context(), InitialToken{Name: "x"}, -1, time.Hour)
			return err
		},
		"for ever": func() error {
			_, _, err := h.tokens.Create(t.Context(), InitialToken{Name: "x"}, 1, 10*365*24*time.Hour)
			return err
		},
		"a scope": func() error {
			_, _, err := h.tokens.Create(t.Context(), InitialToken{Name: "x", Bounds: storage.JSON[Bounds]{V: Bounds{Scope: "all"}}}, 1, time.Hour)
			return err
		},
		"a host": func() error {
			_, _, err := h.tokens.Create(t.Context(), InitialToken{Name: "x", Bounds: storage.JSON[Bounds]{V: Bounds{RedirectHosts: []string{"*"}}}}, 1, time.Hour)
			return err
		},
		"weak": func() error { return h.tokens.Put(t.Context(), InitialToken{Name: "x"}, "short") },
		"no policy": func() error {
			_, err := New(Deps{DB: h.db, Clients: h.clients, Tokens: h.tokens, Ephemeral: h.deps.Ephemeral, Journal: h.journal, Issuer: issuer, Policy: "x"})
			return err
		},
		"no deps":   func() error { _, err := New(Deps{}); return err },
		"no tokens": func() error { _, err := NewTokens(TokenDeps{}); return err },
		"open scope": func() error {
			_, err := New(Deps{DB: h.db, Clients: h.clients, Tokens: h.tokens, Ephemeral: h.deps.Ephemeral, Journal: h.journal, Issuer: issuer, Open: Bounds{Scope: "x"}})
			return err
		},
	} {
		if create() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	known := newToken()
	for range 2 { // as at every start of the demo
		if err := h.tokens.Put(t.Context(), InitialToken{Name: "demo", ExpiresAt: storage.Of(h.clock.Now().Add(time.Hour))}, known); err != nil {
			t.Fatal(err)
		}
	}
	if a := h.send("POST", Path, known, good(nil)); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

// Strangers get nowhere, whatever they bring.
func TestStrangersAreRefused(t *testing.T) {
	h := alone(t)
	a := h.registered(nil)
	other := h.registered(nil)
	path := Path + "/" + a.text("client_id")
	for _, token := range []string{"", "x", h.token, other.text("registration_access_token"), a.text("client_secret"), strings.Repeat("x", 600)} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			got := h.send(method, path, token, nil)
			h.refused(method, got, http.StatusUnauthorized, "invalid_token")
			if !strings.Contains(got.header.Get("WWW-Authenticate"), "invalid_token") {
				t.Errorf("%s: no challenge", method)
			}
		}
		if token != h.token {
			h.refused("register", h.send("POST", Path, token, good(nil)), http.StatusUnauthorized, "invalid_token")
		}
	}
	c, _ := h.clients.Find(t.Context(), a.text("client_id"))
	c.Status = client.StatusDisabled
	if _, err := h.clients.Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	h.refused("disabled", h.send("GET", path, a.text("registration_access_token"), nil), http.StatusForbidden, "access_denied")
}

// What an administrator has limited stays limited.
func TestAClientDoesNotWidenItselfAgain(t *testing.T) {
	h := alone(t)
	a := h.registered(nil)
	id := a.text("client_id")
	_, err := h.clients.Change(t.Context(), id, func(c *client.Client) error {
		c.Scope, c.ScopeLimit, c.AllowedNetworks = "openid", "openid", []string{"192.0.2.0/24"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	token := a.text("registration_access_token")
	h.refused("wider", h.send("PUT", Path+"/"+id, token, good(map[string]any{"client_id": id, "scope": "openid profile"})), http.StatusBadRequest, "invalid_client_metadata")
	if got := h.send("PUT", Path+"/"+id, token, good(map[string]any{"client_id": id, "scope": "openid"})); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	if c, _ := h.clients.Find(t.Context(), id); len(c.AllowedNetworks) != 1 || c.ScopeLimit != "openid" {
		t.Errorf("%+v", c.About)
	}
}

func TestPoliciesAndLimits(t *testing.T) {
	open := alone(t, func(d *Deps) { d.Policy, d.Registrations = PolicyOpen, browser.Limit{Failures: 2, Window: time.Hour} })
	for i, want := range []int{201, 201, 429} {
		if a := open.send("POST", Path, "", good(nil)); a.status != want {
			t.Errorf("%d: %d %s", i, a.status, a.raw)
		}
	}
	open.address = from(7)
	if a := open.send("POST", Path, "", good(map[string]any{"scope": "members:read"})); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := open.send("POST", Path, "wrong", good(nil)); a.status != http.StatusUnauthorized {
		t.Errorf("a wrong token where none is needed: %d", a.status)
	}
	off := newHouse(t, storagetest.SQLite(t), func(d *Deps) { d.Policy = PolicyOff })
	off.refused("off", off.register(nil), http.StatusForbidden, "access_denied")
	slow := newHouse(t, storagetest.SQLite(t), func(d *Deps) { d.Requests = browser.Limit{Failures: 3, Window: time.Hour} })
	for range 3 {
		slow.send("GET", Path+"/x", "x", nil)
	}
	got := slow.send("GET", Path+"/x", "x", nil)
	if slow.refused("too often", got, http.StatusTooManyRequests, "temporarily_unavailable"); got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// RFC 7591 §2.3, §3.1.1: what a publisher signed stands over what the client says; the
// key is that of the configuration and no other.
func TestSoftwareStatements(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwks, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public()}}})
	set, err := client.ParseKeySet(jwks, true)
	if err != nil {
		t.Fatal(err)
	}
	h := alone(t, func(d *Deps) {
		d.Publishers, d.StatementRequired = []Publisher{{Issuer: "https://maker.example", Keys: set}}, true
	})
	sign := func(key *ecdsa.PrivateKey, claims map[string]any, embed bool) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{EmbedJWK: embed})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(claims)
		jws, err := signer.Sign(text)
		if err != nil {
			t.Fatal(err)
		}
		compact, _ := jws.CompactSerialize()
		return compact
	}
	claims := func(changes map[string]any) map[string]any {
		all := map[string]any{"iss": "https://maker.example", "software_id": "books-1", "client_name": "Книги", "redirect_uris": []string{"https://maker.example/cb"}, "first_party": true}
		for name, value := range changes {
			all[name] = value
		}
		return all
	}
	statement := sign(key, claims(nil), false)
	a := h.registered(map[string]any{"software_statement": statement, "client_name": "Другое"})
	c, _ := h.clients.Find(t.Context(), a.text("client_id"))
	if a.text("client_name") != "Книги" || a.text("software_id") != "books-1" || a.text("software_statement") != statement || c.FirstParty ||
		!slices.Equal(c.RedirectURIs, []string{"https://maker.example/cb"}) {
		t.Errorf("%s", a.raw)
	}
	now := float64(h.clock.Now().Unix())
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://maker.example"}`)) + "."
	for name, tt := range map[string]struct{ statement, code string }{
		"another key":         {sign(stranger, claims(nil), false), "invalid_software_statement"},
		"its key in its head": {sign(stranger, claims(nil), true), "invalid_software_statement"},
		"another publisher":   {sign(key, claims(map[string]any{"iss": "https://evil.example"}), false), "unapproved_software_statement"},
		"no publisher":        {sign(key, claims(map[string]any{"iss": ""}), false), "unapproved_software_statement"},
		"expired":             {sign(key, claims(map[string]any{"exp": now}), false), "invalid_software_statement"},
		"no end that reads":   {sign(key, claims(map[string]any{"exp": "never"}), false), "invalid_software_statement"},
		"of the future":       {sign(key, claims(map[string]any{"nbf": now + 60}), false), "invalid_software_statement"},
		"none":                {none, "invalid_software_statement"},
		"rubbish":             {"x", "invalid_software_statement"},
		"missing":             {"", "invalid_software_statement"},
		"cut":                 {statement[:len(statement)-4], "invalid_software_statement"},
	} {
		h.refused(name, h.register(map[string]any{"software_statement": tt.statement}), http.StatusBadRequest, tt.code)
	}
}

// Kinds are told by how a program authenticates and what it asks for.
func TestKindsAreTold(t *testing.T) {
	h := alone(t)
	_, service, err := h.tokens.Create(t.Context(), InitialToken{Name: "x", Bounds: storage.JSON[Bounds]{V: Bounds{
		Scope: "openid organization organization:read", GrantTypes: []string{"authorization_code", "client_credentials"},
	}}}, 0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for want, changes := range map[client.Kind]map[string]any{
		client.Web:     {},
		client.SPA:     {"token_endpoint_auth_method": "none"},
		client.Native:  {"application_type": "native", "redirect_uris": []string{"http://127.0.0.1/cb"}},
		client.Service: {"grant_types": []string{"client_credentials"}, "redirect_uris": nil, "client_name": nil, "client_name#ru": "Обмен"},
	} {
		a := h.send("POST", Path, service, good(changes))
		c, err := h.clients.Find(t.Context(), a.text("client_id"))
		if a.status != http.StatusCreated || err != nil || c.Kind != want {
			t.Errorf("%s: %d %s %s", want, a.status, a.raw, c.Kind)
		}
		if want == client.Service && (c.Scope != "organization organization:read" || c.Name != "Обмен") {
			t.Errorf("%+v", c)
		}
	}
	if a := h.registered(map[string]any{"client_name": nil}); a.text("client_name") != "app.example.org" {
		t.Errorf("%s", a.raw)
	}
}

// FuzzDocument: whatever comes is refused with a code of RFC 7591 §3.2.2, or becomes a
// client that is nobody's and not the house's own.
func FuzzDocument(f *testing.F) {
	h := newHouse(f, storagetest.SQLite(f), func(d *Deps) { d.Requests = browser.Limit{Failures: math.MaxInt32} }) // no fuzzer gets so far
	for _, seed := range []string{
		`{}`, `{"redirect_uris":["https://app.example.org/cb"]}`, `{"client_name":null,"redirect_uris":[]}`, `{"jwks":{"keys":[{}]}}`, `[`, `{"a":{"b":[{}]}}`,
		`{"redirect_uris":["https://app.example.org/cb"],"scope":"openid","grant_types":["authorization_code"],"first_party":true}`,
		`{"software_statement":"e30.e30.e30"}`, `{"default_max_age":1e99}`, `{"contacts":["\u202e"]}`, `{"redirect_uris":["https://[::1"]}`,
		`{"tls_client_auth_subject_dn":"CN=\\"}`, `{"client_id":"x","client_id":"y"}`, `{"authorization_details_types":[1]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h := *h
		h.t = t
		a := h.send("POST", Path, h.token, body)
		switch a.status {
		case http.StatusCreated:
			c, err := h.clients.Find(t.Context(), a.text("client_id"))
			if err != nil || c.FirstParty || c.OrganisationID != "" || !c.Registered {
				t.Errorf("%q made %+v, %v", body, c, err)
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			if !slices.Contains([]string{"invalid_client_metadata", "invalid_redirect_uri", "invalid_software_statement", "unapproved_software_statement"}, a.text("error")) {
				t.Errorf("%q: %s", body, a.raw)
			}
		default:
			t.Errorf("%q: %d %s", body, a.status, a.raw)
		}
	})
}

// RFC 9700 §4.15: a program that could choose its client_id would choose a person's name,
// and its own token would pass for the person's.
func TestAProgramChoosesNoNameOfItsOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	person := storage.NewID()
	for _, document := range []map[string]any{
		{"client_id": person}, {"client_id": "console"}, {"client_id": ""},
	} {
		made := h.registered(document)
		if id := made.text("client_id"); id == document["client_id"] || len(id) != len(person) {
			t.Errorf("%v became %q", document["client_id"], id)
		}
	}
}
