package idp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/storage"
)

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

// service is a program of an organisation, with its secret.
type service struct{ id, secret string }

func (h *house) service(id, organisation string, change func(*oauth.Client)) service {
	h.t.Helper()
	c := oauth.Client{
		ID: id, Name: "Обмен", Kind: oauth.Service, OrganisationID: organisation, Scope: "organization members:read filings:read",
		GrantTypes: []string{oauth.GrantClientCredentials, oauth.GrantTokenExchange},
	}
	if change != nil {
		change(&c)
	}
	_, secret, err := h.provider.Clients().Create(h.ctx(), c)
	h.check(err)
	return service{id, secret}
}

// asks sends a token request over the network, as the program does.
func (s service) asks(h *house, grant string, fields ...string) said {
	h.t.Helper()
	return h.program("/oauth2/token", s.id, s.secret, append([]string{"grant_type", grant}, fields...)...)
}

func (s service) own(h *house) string {
	h.t.Helper()
	return h.granted(s.asks(h, oauth.GrantClientCredentials)).text("access_token")
}

func (s service) exchanges(h *house, subject string, fields ...string) said {
	h.t.Helper()
	return s.asks(h, oauth.GrantTokenExchange, append([]string{"subject_token", subject, "subject_token_type", accessTokenType}, fields...)...)
}

func (h *house) granted(got said) said {
	h.t.Helper()
	if got.status != http.StatusOK || got.text("access_token") == "" || got.header.Get("Cache-Control") != "no-store" {
		h.t.Fatalf("no token: %d %v", got.status, got.body)
	}
	return got
}

// refuses checks a refusal of the token endpoint, whole (RFC 6749 §5.2).
func (h *house) refuses(what string, got said, status int, code string) {
	h.t.Helper()
	if got.status != status || got.text("error") != code || got.text("error_description") == "" || got.header.Get("Cache-Control") != "no-store" {
		h.t.Errorf("%s: %d %v, want %d %s", what, got.status, got.body, status, code)
	}
	if got.text("error_uri") != issuer+"/help/errors#"+code || got.text("access_token") != "" {
		h.t.Errorf("%s: %v", what, got.body)
	}
}

// entrust is a power of north for south's programs.
func (h *house) entrust() directory.PowerOfAttorney {
	h.t.Helper()
	p, err := h.directory.AddPower(h.ctx(), directory.System(), h.north.ID, directory.NewPower{
		Form: directory.PowerMachine, Status: directory.PowerActive, Powers: []string{"CAB_MEMBERS_VIEW"},
		Representative: directory.Representative{Kind: directory.RepresentsOrganisation, Name: h.south.Name, INN: h.south.INN, OGRN: h.south.OGRN},
		IssuedOn:       h.clock.Now().Format(time.DateOnly), Until: h.clock.Now().AddDate(0, 1, 0).Format(time.DateOnly),
	})
	h.check(err)
	return p
}

// RFC 8693, through the real endpoint: what each of the three exchanges gives, and every
// other that is refused, to whom and why.
func TestTokensAreExchangedAtTheEndpoint(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		power := h.entrust()
		agent, other := h.service("agent", h.south.ID, nil), h.service("other", h.north.ID, nil)
		backend := h.service("backend", h.south.ID, func(c *oauth.Client) { c.FirstParty, c.Scope = true, "openid organization members:read" })
		v := h.visitor()
		answer := h.redeem("theirs", h.secret, v.submit(v.choose(v.signInElena(v.begin("theirs", "scope", "openid members:read")), h.north.ID), "/signin/consent", "decision", "accept").lead())
		person, mine := answer.AccessToken, agent.own(h)

		represented := h.granted(agent.exchanges(h, mine, "organization", h.north.ID))
		token := claims(t, represented.text("access_token"))
		if token["org"].(map[string]any)["id"] != h.north.ID || token["poa"].(map[string]any)["id"] != power.ID ||
			token["act"].(map[string]any)["sub"] != "agent" || represented.text("issued_token_type") != accessTokenType {
			t.Errorf("represent: %v", token)
		}
		delegated := h.granted(backend.exchanges(h, person, "actor_token", backend.own(h), "actor_token_type", accessTokenType))
		if token := claims(t, delegated.text("access_token")); token["sub"] != h.elena.ID || token["act"].(map[string]any)["sub"] != "backend" {
			t.Errorf("delegate: %v", token)
		}
		if got := h.entries(h.north.ID, "token.exchanged"); len(got) != 2 {
			t.Errorf("the principal's journal has %v", got)
		}

		type attempt struct {
			by      service
			subject string
			fields  []string
			status  int
			code    string
		}
		actor := func(token string) []string {
			return []string{"actor_token", token, "actor_token_type", accessTokenType}
		}
		to := func(organisation string, more ...string) []string {
			return append([]string{"organization", organisation}, more...)
		}
		thief := service{"agent", "wrong"}
		for what, a := range map[string]attempt{
			"a wrong secret":                   {thief, mine, to(h.north.ID), 401, "invalid_client"},
			"a client without the grant":       {service{"theirs", h.secret}, person, nil, 400, "unauthorized_client"},
			"impersonation":                    {backend, person, nil, 400, "invalid_request"},
			"a person's by a stranger":         {agent, person, actor(mine), 400, "unauthorized_client"},
			"with another's actor_token":       {backend, person, actor(mine), 400, "invalid_request"},
			"with the person as actor":         {backend, person, actor(person), 400, "invalid_request"},
			"its own, for nothing":             {agent, mine, nil, 400, "invalid_request"},
			"for its own organisation":         {agent, mine, to(h.south.ID), 400, "invalid_target"},
			"the power the wrong way round":    {other, other.own(h), to(h.south.ID), 400, "invalid_target"},
			"for an organisation that is none": {agent, mine, to("nobody"), 400, "invalid_target"},
			"another client's token":           {other, mine, to(h.south.ID), 400, "invalid_request"},
			"a scope beyond the power":         {agent, mine, to(h.north.ID, "scope", "filings:read"), 400, "invalid_scope"},
			"a scope beyond the token":         {agent, mine, to(h.north.ID, "scope", "finance:read"), 400, "invalid_scope"},
			"a token by power once more":       {agent, represented.text("access_token"), to(h.north.ID), 400, "invalid_request"},
			"a refresh token":                  {backend, answer.RefreshToken, actor(backend.own(h)), 400, "invalid_request"},
			"an ID token":                      {backend, answer.IDToken, actor(backend.own(h)), 400, "invalid_request"},
			"nonsense":                         {agent, "nonsense", to(h.north.ID), 400, "invalid_request"},
			"without a type of the actor":      {agent, mine, to(h.north.ID, "actor_token", mine), 400, "invalid_request"},
			"another type wanted":              {agent, mine, to(h.north.ID, "requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), 400, "invalid_request"},
			"another audience":                 {agent, mine, to(h.north.ID, "audience", "https://elsewhere.example"), 400, "invalid_target"},
			"another resource":                 {agent, mine, to(h.north.ID, "resource", "https://elsewhere.example"), 400, "invalid_target"},
		} {
			h.refuses(what, a.by.exchanges(h, a.subject, a.fields...), a.status, a.code)
		}
		h.refuses("without a token", agent.asks(h, oauth.GrantTokenExchange), 400, "invalid_request")
		h.refuses("as another type", agent.asks(h, oauth.GrantTokenExchange, "subject_token", mine, "subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), 400, "invalid_request")

		_, err := h.directory.RevokePower(h.ctx(), directory.System(), h.north.ID, power.ID, "", nil)
		h.check(err)
		h.refuses("after the power", agent.exchanges(h, mine, "organization", h.north.ID), 400, "invalid_target")
		v.get("/signout")
		v.submit(v.get("/signout"), "/oauth2/logout")
		h.refuses("after the sign-out", backend.exchanges(h, person, "actor_token", backend.own(h), "actor_token_type", accessTokenType), 400, "invalid_request")
	})
}

// signed is a JWT by the key; nil takes a claim away.
func (h *house) signed(key *ecdsa.PrivateKey, header map[jose.HeaderKey]any, client string, changes map[string]any) string {
	h.t.Helper()
	now := h.clock.Now().Unix()
	claims := map[string]any{"iss": client, "sub": client, "aud": issuer, "iat": now, "exp": now + 60, "jti": storage.NewID()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	h.check(err)
	text, err := json.Marshal(claims)
	h.check(err)
	jws, err := signer.Sign(text)
	h.check(err)
	compact, err := jws.CompactSerialize()
	h.check(err)
	return compact
}

// RFC 7523 §2.1, through the real endpoint: an assertion gives what the client's own
// credentials do, once, and each fault has its refusal.
func TestAssertionsAreGrantsAtTheEndpoint(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		h.check(err)
		stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		h.check(err)
		jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public()}}})
		h.check(err)
		signs := func(c *oauth.Client) {
			c.TokenEndpointAuthMethod, c.JWKS, c.GrantTypes = oauth.AuthPrivateKeyJWT, jwks, []string{oauth.GrantClientCredentials, oauth.GrantJWTBearer}
		}
		h.service("signer", h.north.ID, signs)
		h.service("unfit", h.north.ID, func(c *oauth.Client) { signs(c); c.GrantTypes = []string{oauth.GrantClientCredentials} })
		keyed := h.service("keyed", h.north.ID, func(c *oauth.Client) { signs(c); c.TokenEndpointAuthMethod = oauth.AuthBasic })
		none := service{}
		bears := func(by service, assertion string, fields ...string) said {
			return by.asks(h, oauth.GrantJWTBearer, append([]string{"assertion", assertion}, fields...)...)
		}
		once := h.signed(key, nil, "signer", nil)
		got := h.granted(bears(none, once, "scope", "members:read"))
		if token := claims(t, got.text("access_token")); token["sub"] != "signer" || token["org"].(map[string]any)["id"] != h.north.ID ||
			token["scope"] != "members:read" || got.text("refresh_token") != "" {
			t.Errorf("%v %v", token, got.body)
		}
		h.granted(bears(keyed, h.signed(key, nil, "keyed", nil)))

		now := h.clock.Now().Unix()
		for what, changes := range map[string]map[string]any{
			"for the token endpoint": {"aud": issuer + "/oauth2/token"}, "for two servers": {"aud": []string{issuer, "https://elsewhere.example"}},
			"expired": {"exp": now - 1}, "without exp": {"exp": nil}, "for a day": {"exp": now + 86400}, "of the future": {"nbf": now + 60},
			"without jti": {"jti": nil}, "of another issuer": {"iss": "https://idp.example"},
		} {
			h.refuses(what, bears(none, h.signed(key, nil, "signer", changes)), 400, "invalid_grant")
		}
		h.refuses("again", bears(none, once), 400, "invalid_grant")
		h.refuses("to authenticate, after it granted", none.asks(h, oauth.GrantClientCredentials, "client_assertion", once,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), 401, "invalid_client")
		h.refuses("about a person", bears(keyed, h.signed(key, nil, "keyed", map[string]any{"sub": h.elena.ID})), 400, "invalid_grant")
		for what, assertion := range map[string]string{
			"another key":           h.signed(stranger, nil, "signer", nil),
			"a key in the header":   h.signed(stranger, map[jose.HeaderKey]any{"jwk": &jose.JSONWebKey{Key: stranger.Public()}}, "signer", nil),
			"an address of keys":    h.signed(key, map[jose.HeaderKey]any{"jku": "https://elsewhere.example"}, "signer", nil),
			"a client's credential": h.signed(key, map[jose.HeaderKey]any{"typ": "client-authentication+jwt"}, "signer", nil),
			"no signature":          "eyJhbGciOiJub25lIn0.e30.", "nonsense": "nonsense", "one too long": strings.Repeat("a.", 20<<10),
		} {
			h.refuses(what, bears(none, assertion), 401, "invalid_client")
		}
		h.refuses("without an assertion", keyed.asks(h, oauth.GrantJWTBearer), 400, "invalid_request")
		h.refuses("by a client that may not", bears(none, h.signed(key, nil, "unfit", nil)), 400, "unauthorized_client")
		h.refuses("a client with a secret, without it", bears(none, h.signed(key, nil, "keyed", nil)), 401, "invalid_client")
		h.refuses("another client beside it", bears(none, h.signed(key, nil, "signer", nil), "client_id", "keyed"), 401, "invalid_client")
		h.refuses("a scope too many", bears(none, h.signed(key, nil, "signer", nil), "scope", "finance:write"), 400, "invalid_scope")
		_, err = h.provider.Clients().Change(h.ctx(), "signer", func(c *oauth.Client) error { c.Status = "disabled"; return nil })
		h.check(err)
		h.refuses("a disabled client", bears(none, h.signed(key, nil, "signer", nil)), 401, "invalid_client")
		if got := h.entries(h.north.ID, "client.updated"); !slices.Contains(got, "success") {
			t.Errorf("the owner's journal has %v", got)
		}
	})
}
