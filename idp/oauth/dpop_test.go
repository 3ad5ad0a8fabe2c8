package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/possession"
	"propusk/storage"
)

// prover is a client's DPoP key.
type prover struct {
	h   *house
	key *ecdsa.PrivateKey
}

func (h *house) prover() prover { return prover{h, newKey(h.t)} }

func (p prover) jkt() string {
	thumbprint, err := (&jose.JSONWebKey{Key: p.key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(thumbprint)
}

// proof is a good one for a POST to the endpoint /oauth2/x of the tests, changed.
func (p prover) proof(changes map[string]any) string {
	p.h.t.Helper()
	claims := map[string]any{
		"jti": storage.NewID(), "htm": "POST", "htu": issuer + "/oauth2/x", "iat": p.h.clock.Now().Unix(), "nonce": p.h.proofs.Nonce(),
	}
	maps.Copy(claims, changes)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		p.h.t.Fatal(err)
	}
	text, _ := json.Marshal(claims)
	jws, err := signer.Sign(text)
	if err != nil {
		p.h.t.Fatal(err)
	}
	compact, _ := jws.CompactSerialize()
	return compact
}

// proving sends the request with a proof by the key, changed.
func (p prover) proving(c caller, form url.Values, changes map[string]any) answer {
	p.h.t.Helper()
	r := p.h.request(c, form)
	r.Header.Set("DPoP", p.proof(changes))
	return p.h.send(p.h.Token, r)
}

// RFC 9449 §5, §8: the first proof is asked for a nonce, and the next is given
// with every answer.
func TestAProofNeedsANonceOfThisServer(t *testing.T) {
	h := alone(t)
	c, key := h.service(), h.prover()
	first := key.proving(c, ownGrant, map[string]any{"nonce": ""})
	h.refused("without nonce", first, http.StatusBadRequest, "use_dpop_nonce")
	nonce := first.header.Get("DPoP-Nonce")
	got := key.proving(c, ownGrant, map[string]any{"nonce": nonce})
	cnf := h.claims(got).Confirmation
	if cnf == nil || *cnf != (possession.Confirmation{Key: key.jkt()}) || got.text("token_type") != "DPoP" || got.header.Get("DPoP-Nonce") == "" {
		t.Errorf("bound to %v: %v", cnf, got)
	}
	told := h.post(h.Introspect, c, url.Values{"token": {got.text("access_token")}})
	if !same(told.body["cnf"], cnf) || told.text("token_type") != "DPoP" {
		t.Errorf("introspection says %v", told.body)
	}
}

// What a proof may be is idp/possession's; that none passes here is ours.
func TestABadProofGetsNoToken(t *testing.T) {
	h := alone(t)
	c, key := h.service(), h.prover()
	for name, changes := range map[string]map[string]any{
		"for another endpoint": {"htu": issuer + "/oauth2/par"}, "for another method": {"htm": "GET"}, "of long ago": {"iat": 1},
	} {
		h.refused(name, key.proving(c, ownGrant, changes), http.StatusBadRequest, "invalid_dpop_proof")
	}
	twice := h.request(c, ownGrant)
	twice.Header.Add("DPoP", key.proof(nil))
	twice.Header.Add("DPoP", key.proof(nil))
	h.refused("two proofs", h.send(h.Token, twice), http.StatusBadRequest, "invalid_dpop_proof")
	wrong := c
	wrong.secret = "wrong"
	h.refused("of a client that is not who it says", key.proving(wrong, ownGrant, nil), http.StatusUnauthorized, "invalid_client")
}

// RFC 9449 §5.2.
func TestAClientThatMustProveGetsNoBearerToken(t *testing.T) {
	h := alone(t)
	c := h.register(Client{Kind: Service, GrantTypes: []string{GrantClientCredentials}, DPoPBound: true})
	h.refused("without a proof", h.post(h.Token, c, ownGrant), http.StatusBadRequest, "invalid_dpop_proof")
	if got := h.prover().proving(c, ownGrant, nil); got.text("token_type") != "DPoP" {
		t.Errorf("with one: %d %v", got.status, got.body)
	}
}

// RFC 9449 §5: the refresh token of a public client is bound to the key.
func TestAPublicClientsRefreshTokenIsBoundToItsKey(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, mine, thief := h.spa(), h.prover(), h.prover()
		first := mine.proving(c, redeeming(h.code(c, nil), nil), nil)
		if first.status != http.StatusOK || h.claims(first).Confirmation.Key != mine.jkt() {
			t.Fatalf("%d %v", first.status, first.body)
		}
		refresh := refreshing(first.text("refresh_token"), nil)
		h.refused("a thief's key", thief.proving(c, refresh, nil), http.StatusBadRequest, "invalid_grant")
		h.refused("no key", h.post(h.Token, c, refresh), http.StatusBadRequest, "invalid_grant")
		second := mine.proving(c, refresh, nil)
		if second.status != http.StatusOK || h.claims(second).Confirmation.Key != mine.jkt() || second.text("token_type") != "DPoP" {
			t.Errorf("its own: %d %v", second.status, second.body)
		}
	})
}

// A confidential client may change its key: it authenticates besides.
func TestAConfidentialClientMayChangeItsKey(t *testing.T) {
	h := alone(t)
	c, after := h.web(), h.prover()
	first := h.prover().proving(c, redeeming(h.code(c, nil), nil), nil)
	second := after.proving(c, refreshing(first.text("refresh_token"), nil), nil)
	if second.status != http.StatusOK || h.claims(second).Confirmation.Key != after.jkt() {
		t.Errorf("%d %v", second.status, second.body)
	}
}

// RFC 9449 §10: a code that was asked for by a key is redeemed by that key; a
// stolen one is worth nothing, and stays good for its owner.
func TestACodeIsBoundToTheKeyThatAskedForIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, mine, thief := h.spa(), h.prover(), h.prover()
		code := h.code(c, with{"dpop_jkt": mine.jkt()})
		h.refused("a thief's key", thief.proving(c, redeeming(code, nil), nil), http.StatusBadRequest, "invalid_dpop_proof")
		h.refused("no key", h.post(h.Token, c, redeeming(code, nil)), http.StatusBadRequest, "invalid_dpop_proof")
		if got := mine.proving(c, redeeming(code, nil), nil); got.status != http.StatusOK {
			t.Errorf("its own: %d %v", got.status, got.body)
		}
		_, err := h.authorizing(asking(c, with{"dpop_jkt": "x"}))
		h.redirected("no thumbprint", err, "invalid_request", "st")
	})
}

// RFC 9449 §7.1, where this server is the resource server.
func TestUserInfoWantsTheProofOfABoundToken(t *testing.T) {
	h := alone(t)
	c, key := h.spa(), h.prover()
	token := key.proving(c, redeeming(h.code(c, nil), nil), nil).text("access_token")
	hash := sha(token)
	ask := func(scheme, proof string) answer {
		r := h.request(caller{}, url.Values{})
		r.Header.Set("Authorization", scheme+" "+token)
		if proof != "" {
			r.Header.Set("DPoP", proof)
		}
		return h.send(h.UserInfo, r)
	}
	if got := ask("DPoP", key.proof(map[string]any{"ath": hash})); got.status != http.StatusOK || got.text("sub") != h.maria.ID {
		t.Errorf("%d %v %v", got.status, got.body, got.header)
	}
	for name, test := range map[string]struct{ scheme, proof, code string }{
		"as a Bearer's":     {"Bearer", "", "invalid_token"},
		"without proof":     {"DPoP", "", "invalid_dpop_proof"},
		"for another token": {"DPoP", key.proof(map[string]any{"ath": sha("x")}), "invalid_dpop_proof"},
		"another key":       {"DPoP", h.prover().proof(map[string]any{"ath": hash}), "invalid_dpop_proof"},
		"without nonce":     {"DPoP", key.proof(map[string]any{"ath": hash, "nonce": ""}), "use_dpop_nonce"},
	} {
		got := ask(test.scheme, test.proof)
		challenges := strings.Join(got.header.Values("WWW-Authenticate"), "\n")
		if got.status != http.StatusUnauthorized || !strings.Contains(challenges, `error="`+test.code+`"`) || !strings.Contains(challenges, "DPoP algs=") {
			t.Errorf("%s: %d %s", name, got.status, challenges)
		}
		if test.scheme == "DPoP" && got.header.Get("DPoP-Nonce") == "" {
			t.Errorf("%s: no nonce for the next", name)
		}
	}
}

func sha(text string) string { return challengeOf(text) }
