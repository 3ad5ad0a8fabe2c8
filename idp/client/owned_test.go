package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
)

func publicKeys(t *testing.T, kids ...string) json.RawMessage {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, kid := range kids {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: kid})
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (h *house) made(c Client) (Client, string) {
	h.t.Helper()
	if c.Name == "" {
		c.Name = "Учёт"
	}
	made, secret, err := h.Create(h.t.Context(), c)
	if err != nil {
		h.t.Fatal(err)
	}
	return made, secret
}

func TestWhatIsSaidOfAClientIsChecked(t *testing.T) {
	h := alone(t)
	long := int64(longestAge) + 1
	for name, tt := range map[string]struct {
		change func(*Client)
		field  string
	}{
		"a name turned around":    {func(c *Client) { c.Name = "Ба\u202eнк" }, "client_name"},
		"an invisible name":       {func(c *Client) { c.NameEN = "Ba\u200bnk" }, "client_name#en"},
		"a token for a name":      {func(c *Client) { c.Name = "eyJhbGciOiJub25lIn0.e30." }, "client_name"},
		"a script for a page":     {func(c *Client) { c.ClientURI = "javascript:alert(1)" }, "client_uri"},
		"a page without a host":   {func(c *Client) { c.TosURI = "https://" }, "tos_uri"},
		"a page of a user":        {func(c *Client) { c.PolicyURI = "https://bank@evil.example/" }, "policy_uri"},
		"an empty contact":        {func(c *Client) { c.Contacts = []string{""} }, "contacts"},
		"too many contacts":       {func(c *Client) { c.Contacts = slices.Repeat([]string{"a"}, 11) }, "contacts"},
		"an age without end":      {func(c *Client) { c.DefaultMaxAge = &long }, "default_max_age"},
		"an unknown level":        {func(c *Client) { c.DefaultACRValues = []string{"high"} }, "default_acr_values"},
		"a level twice":           {func(c *Client) { c.DefaultACRValues = []string{"urn:propusk:2", "urn:propusk:2"} }, "default_acr_values"},
		"no network":              {func(c *Client) { c.AllowedNetworks = []string{"office"} }, "allowed_networks"},
		"an address for one":      {func(c *Client) { c.AllowedNetworks = []string{"192.0.2.1"} }, "allowed_networks"},
		"bits behind the mask":    {func(c *Client) { c.AllowedNetworks = []string{"192.0.2.1/24"} }, "allowed_networks"},
		"too many networks":       {func(c *Client) { c.AllowedNetworks = slices.Repeat([]string{"192.0.2.0/24"}, 33) }, "allowed_networks"},
		"networks of a browser":   {func(c *Client) { c.Kind, c.AllowedNetworks = SPA, []string{"192.0.2.0/24"} }, "allowed_networks"},
		"more than its limit":     {func(c *Client) { c.ScopeLimit = "openid"; c.Scope = "openid profile" }, "scope"},
		"too many redirect URIs":  {func(c *Client) { c.RedirectURIs = slices.Repeat([]string{callback}, 21) }, "redirect_uris"},
		"a statement without end": {func(c *Client) { c.SoftwareStatement = strings.Repeat("x", maxSigned+1) }, "software_statement"},
	} {
		c := Client{Name: "Учёт", RedirectURIs: []string{callback}, Scope: "openid"}
		tt.change(&c)
		_, _, err := h.Create(t.Context(), c)
		faults := FaultsOf(err)
		if !errors.Is(err, ErrInvalid) || len(faults) == 0 || !slices.ContainsFunc(faults, func(f *Fault) bool { return f.Field == tt.field }) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAClientComesFromItsNetworks(t *testing.T) {
	t.Parallel()
	c := Client{About: About{AllowedNetworks: []string{"192.0.2.0/24", "2001:db8::/32"}}}
	for address, allowed := range map[string]bool{
		"192.0.2.1": true, "192.0.3.1": false, "2001:db8::1": true, "2001:db9::1": false, "::ffff:192.0.2.1": true, "fe80::1%eth0": false, "": false, "x": false,
	} {
		if c.AllowedFrom(address) != allowed {
			t.Errorf("%q", address)
		}
	}
	if everywhere := (&Client{}); !everywhere.AllowedFrom("") {
		t.Error("a client without networks comes from anywhere")
	}
}

// RFC 8252 §7.3, RFC 9700 §2.1.
func TestOnlyTheLoopbackPortOfANativeClientMayDiffer(t *testing.T) {
	t.Parallel()
	registered := []string{"http://127.0.0.1/cb", "com.example.app:/cb"}
	native, web := Client{Kind: Native, RedirectURIs: registered}, Client{Kind: Web, RedirectURIs: registered}
	for uri, good := range map[string]bool{
		"http://127.0.0.1/cb": true, "http://127.0.0.1:51234/cb": true, "http://127.0.0.1:51234/cb2": false, "http://127.0.0.2:1/cb": false,
		"http://localhost:1/cb": false, "https://127.0.0.1:1/cb": false, "http://127.0.0.1:x/cb": false, "http://127.0.0.1:1/cb#f": false, "com.example.app:/cb": true,
	} {
		if native.Redirects(uri) != good {
			t.Errorf("%q", uri)
		}
		if web.Redirects(uri) != slices.Contains(registered, uri) {
			t.Errorf("%q of a web client", uri)
		}
	}
}

func TestKeysAndSecretsOverlapAndEnd(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, secret := h.made(Client{Kind: Service})
		day := 24 * time.Hour
		rotated, second, err := h.Rotate(t.Context(), c.ID, Rotation{Overlap: day, Lifetime: 2 * day})
		if err != nil || !rotated.Authentic(secret, h.now()) || !rotated.Authentic(second, h.now()) || len(rotated.Secrets(h.now())) != 2 {
			t.Fatalf("%+v %v", rotated, err)
		}
		h.clock.Advance(day)
		if rotated.Authentic(secret, h.now()) || !rotated.Authentic(second, h.now()) {
			t.Error("the overlap is over")
		}
		h.clock.Advance(day)
		if rotated.Authentic(second, h.now()) || len(rotated.Secrets(h.now())) != 0 {
			t.Error("the lifetime is over")
		}
		kept, _, err := h.CreateFor(t.Context(), Client{Name: "x", Kind: Service}, day)
		if err != nil || kept.Secrets(h.now())[0].ExpiresAt != storage.Of(h.clock.Now().Add(day)) {
			t.Errorf("%v", err)
		}
		found, _ := h.Find(t.Context(), kept.ID)
		if found.Secrets(h.now())[0] != kept.Secrets(h.now())[0] {
			t.Error("the term is lost in the database")
		}
		if ended, err := h.EndPrevious(t.Context(), c.ID); err != nil || len(ended.SecretHashes) != 1 {
			t.Errorf("%v", err)
		}
		keyed, _ := h.made(Client{Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: publicKeys(t, "a", "b")})
		keyed, err = h.RotateKeys(t.Context(), keyed.ID, publicKeys(t, "c"), Rotation{Overlap: day, Lifetime: 3 * day})
		if err != nil || len(keyed.Keys(h.now())) != 3 || len(keyed.LiveKeys(h.now()).Keys) != 3 {
			t.Fatalf("%+v %v", keyed.Keys(h.now()), err)
		}
		h.clock.Advance(day)
		if live := keyed.Keys(h.now()); len(live) != 1 || live[0].KeyID != "c" || live[0].Type != "EC" || len(keyed.LiveKeys(h.now()).Keys) != 1 {
			t.Errorf("%+v", live)
		}
		for name, jwks := range map[string]json.RawMessage{"none": nil, "empty": json.RawMessage(`{"keys":[]}`), "shared": json.RawMessage(`{"keys":[{"kty":"oct","k":"AAAA"}]}`)} {
			if _, err := h.RotateKeys(t.Context(), keyed.ID, jwks, Rotation{}); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.RotateKeys(t.Context(), c.ID, publicKeys(t, "x"), Rotation{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("keys of a client with a secret: %v", err)
		}
		if _, _, err := h.Rotate(t.Context(), keyed.ID, Rotation{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("a secret of a client with keys: %v", err)
		}
	})
}

func TestEndingsAreToldOnceEach(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, _, err := h.CreateFor(t.Context(), Client{Name: "x", Kind: Service}, 8*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var told []Ending
		warn := func() int {
			t.Helper()
			for range 2 {
				if err := h.Warn(t.Context(), func(_ context.Context, e Ending) error { told = append(told, e); return nil }); err != nil {
					t.Fatal(err)
				}
			}
			return len(told)
		}
		for i, want := range []int{0, 1, 1, 1, 1, 1, 1, 2, 3, 3} {
			if got := warn(); got != want {
				t.Errorf("day %d: %d, want %d", i, got, want)
			}
			h.clock.Advance(24 * time.Hour)
		}
		if told[0].What != "secret" || told[0].Client.ID != c.ID {
			t.Errorf("%+v", told[0])
		}
		failing := errors.New("nobody listens")
		if _, _, err := h.CreateFor(t.Context(), Client{Name: "y", Kind: Service}, 24*time.Hour+time.Minute); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(time.Hour)
		if err := h.Warn(t.Context(), func(context.Context, Ending) error { return failing }); !errors.Is(err, failing) {
			t.Errorf("%v", err)
		}
		if got := warn(); got != 4 {
			t.Errorf("what could not be told is told later: %d", got)
		}
	})
}

func TestUsesAreGatheredAndNeverGoBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, _ := h.made(Client{Kind: Service, OrganisationID: h.romashka.ID})
		h.made(Client{Kind: Service, OrganisationID: h.romashka.ID})
		flush := func() storage.Time {
			t.Helper()
			if err := h.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			at, err := h.LastUse(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		if flush() != 0 {
			t.Error("used before it was")
		}
		h.Used(c.ID)
		first := h.now()
		if flush() != first {
			t.Error("the use is lost")
		}
		late := h.now()
		h.clock.Advance(time.Minute)
		h.Used(c.ID)
		now := flush()
		h.uses[c.ID] = late // of a node that was slow to tell
		if flush() != now {
			t.Error("the last use went back")
		}
		list, err := h.Owned(t.Context(), h.romashka.ID, "", 10)
		n, err2 := h.CountOwned(t.Context(), h.romashka.ID)
		if err != nil || err2 != nil || len(list) != 2 || n != 2 || list[0].UsedAt+list[1].UsedAt != now {
			t.Errorf("%+v %d %v %v", list, n, err, err2)
		}
		if err := h.Delete(t.Context(), c.ID); err != nil || flush() != 0 {
			t.Errorf("%v", err)
		}
	})
}

func TestChangesAreHeardHereAndElsewhere(t *testing.T) {
	h := alone(t)
	other, err := New(h.deps)
	if err != nil {
		t.Fatal(err)
	}
	here, there := make(chan string, 10), make(chan string, 10)
	stop, err := h.Watch(func(id string) { here <- id })
	if err != nil {
		t.Fatal(err)
	}
	stopOther, err := other.Watch(func(id string) { there <- id })
	if err != nil {
		t.Fatal(err)
	}
	defer stopOther()
	c, _ := h.made(Client{Kind: Service})
	if got := <-here; got != c.ID {
		t.Errorf("here: %q", got)
	}
	if got := <-there; got != c.ID {
		t.Errorf("elsewhere: %q", got)
	}
	stop()
	changed, err := h.Change(t.Context(), c.ID, func(c *Client) error { c.Name, c.OrganisationID = "Новое", "x"; return nil })
	if err != nil || changed.Name != "Новое" || changed.OrganisationID != "" || changed.UpdatedAt <= c.UpdatedAt {
		t.Errorf("%+v %v", changed, err)
	}
	if _, err := h.Change(t.Context(), c.ID, func(*Client) error { return storage.ErrUsed }); !errors.Is(err, storage.ErrUsed) {
		t.Errorf("%v", err)
	}
	if _, err := New(Deps{}); err == nil {
		t.Error("made without dependencies")
	}
}

func TestACertificateNamesOneClient(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		subject CertificateSubject
		good    bool
	}{
		"a host":         {CertificateSubject{SANDNS: "a.example.org"}, true},
		"another case":   {CertificateSubject{SANDNS: "A.example.org"}, true},
		"another host":   {CertificateSubject{SANDNS: "b.example.org"}, false},
		"a mailbox":      {CertificateSubject{SANEmail: "it@example.org"}, true},
		"nothing":        {CertificateSubject{}, false},
		"a name":         {CertificateSubject{SubjectDN: "CN=x"}, false},
		"not an address": {CertificateSubject{SANIP: "192.0.2.1"}, false},
	} {
		certificate := &x509.Certificate{DNSNames: []string{"a.example.org"}, EmailAddresses: []string{"it@example.org"}}
		if tt.subject.Names(certificate) != tt.good {
			t.Errorf("%s", name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := x509.MarshalPKIXPublicKey(key.Public())
	jwks, err := ReadKeySet(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if set, err2 := ParseKeySet(jwks, true); err != nil || err2 != nil || len(set.Keys) != 1 {
		t.Errorf("%v %v", err, err2)
	}
	for _, bad := range [][]byte{nil, []byte("x"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if _, err := ReadKeySet(bad); err == nil {
			t.Errorf("%q is a key set", bad)
		}
	}
}
