package cabinet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestGuardRefusesForgedTokens(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	good := p.good()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	header := map[jose.HeaderKey]any{"typ": "at+jwt", "kid": "k1"}
	with := func(name jose.HeaderKey, value any) map[jose.HeaderKey]any {
		changed := map[jose.HeaderKey]any{"typ": "at+jwt", "kid": "k1"}
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
		return changed
	}
	der, err := x509.MarshalPKIXPublicKey(issuerKey().Public())
	must(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	valid := signAs(t, jose.ES256, issuerKey(), header, good)
	parts := strings.Split(valid, ".")
	raw := func(header, payload, signature string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + payload + "." + signature
	}
	embedded := jose.JSONWebKey{Key: other.Public(), KeyID: "k1"}
	embeddedJSON, err := embedded.MarshalJSON()
	must(t, err)

	for name, attack := range map[string]struct{ token, reason string }{
		"alg none (RFC 8725 §2.1)":                  {raw(`{"alg":"none","typ":"at+jwt","kid":"k1"}`, parts[1], "AA"), "algorithm_refused"},
		"alg None, unsigned":                        {raw(`{"alg":"None","typ":"at+jwt","kid":"k1"}`, parts[1], ""), "token_malformed"},
		"HS256 with the public key (PEM)":           {signAs(t, jose.HS256, publicPEM, header, good), "algorithm_refused"},
		"HS256 with the public key (DER)":           {signAs(t, jose.HS256, der, header, good), "algorithm_refused"},
		"a key of the attacker under our kid":       {signAs(t, jose.ES256, other, header, good), "signature_wrong"},
		"kid of nobody":                             {signAs(t, jose.ES256, other, with("kid", "k2"), good), "key_unknown"},
		"kid as a path":                             {signAs(t, jose.ES256, other, with("kid", "../../../../dev/null"), good), "key_unknown"},
		"kid as SQL":                                {signAs(t, jose.ES256, other, with("kid", "' OR '1'='1"), good), "key_unknown"},
		"kid as an address":                         {signAs(t, jose.ES256, other, with("kid", "https://evil.example/jwks"), good), "key_unknown"},
		"kid too long":                              {signAs(t, jose.ES256, other, with("kid", strings.Repeat("k", 129)), good), "key_unknown"},
		"no kid":                                    {signAs(t, jose.ES256, issuerKey(), with("kid", nil), good), "key_unknown"},
		"jwk in the header (CVE-2018-0114)":         {resign(t, other, `{"alg":"ES256","typ":"at+jwt","kid":"k1","jwk":`+string(embeddedJSON)+`}`, parts[1]), "header_refused"},
		"jku in the header":                         {signAs(t, jose.ES256, issuerKey(), with("jku", "https://evil.example/jwks"), good), "header_refused"},
		"x5u in the header":                         {signAs(t, jose.ES256, issuerKey(), with("x5u", "https://evil.example/x5"), good), "header_refused"},
		"crit that nobody knows (RFC 7515 §4.1.11)": {resign(t, issuerKey(), `{"alg":"ES256","typ":"at+jwt","kid":"k1","crit":["exp"],"exp":1}`, parts[1]), "header_refused"},
		"crit b64 (RFC 7797)":                       {resign(t, issuerKey(), `{"alg":"ES256","typ":"at+jwt","kid":"k1","crit":["b64"],"b64":true}`, parts[1]), "header_refused"},
		"alg twice":                                 {resign(t, issuerKey(), `{"alg":"ES256","alg":"none","typ":"at+jwt","kid":"k1"}`, parts[1]), "algorithm_refused"},
		"an ID token (RFC 9068 §4)":                 {signAs(t, jose.ES256, issuerKey(), with("typ", "JWT"), good), "type_refused"},
		"no typ":                                    {signAs(t, jose.ES256, issuerKey(), with("typ", nil), good), "type_refused"},
		"a logout token":                            {signAs(t, jose.ES256, issuerKey(), with("typ", "logout+jwt"), good), "type_refused"},
		"typ that is no string":                     {signAs(t, jose.ES256, issuerKey(), with("typ", 7), good), "type_refused"},
		"tampered claims":                           {parts[0] + "." + tamper(t, parts[1]) + "." + parts[2], "signature_wrong"},
		"tampered signature":                        {parts[0] + "." + parts[1] + "." + flip(parts[2]), "signature_wrong"},
		"empty signature":                           {parts[0] + "." + parts[1] + ".", "token_malformed"},
		"cut signature":                             {parts[0] + "." + parts[1] + "." + parts[2][:40], "signature_wrong"},
		"all-zero ECDSA signature (CVE-2022-21449)": {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), "signature_wrong"},
		"signature of another token":                {parts[0] + "." + parts[1] + "." + strings.Split(signAs(t, jose.ES256, issuerKey(), header, but(good, map[string]any{"scope": ""})), ".")[2], "signature_wrong"},
		"padding":                                   {valid + "==", "token_malformed"},
		"left-over bits":                            {valid[:len(valid)-1] + string(leftover(valid[len(valid)-1])), "token_malformed"},
		"standard alphabet":                         {parts[0] + "." + parts[1] + "." + "+/" + parts[2][2:], "token_malformed"},
		"two parts":                                 {parts[0] + "." + parts[1], "token_malformed"},
		"five parts (JWE)":                          {valid + ".AA.AA", "token_malformed"},
		"JSON serialization":                        {`{"payload":"` + parts[1] + `"}`, "token_malformed"},
		"nonsense":                                  {"opaque", "token_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := p.refused(t, attack.token, 401, "token_invalid", attack.reason)
			if !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), `Bearer realm="propusk", error="invalid_token", error_description="`) {
				t.Errorf("challenge %q", got.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

// resign signs a header that a signer would not write.
func resign(t *testing.T, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + payload
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	must(t, err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func tamper(t *testing.T, payload string) string {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(payload)
	must(t, err)
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(decoded), "accountant", "operator", 1)))
}

func flip(signature string) string {
	first := byte('A')
	if signature[0] == 'A' {
		first = 'B'
	}
	return string(first) + signature[1:]
}

// leftover answers a digit that decodes alike when its last four bits are dropped.
func leftover(digit byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, digit)|1]
}

func TestGuardRefusesTokensThatAreNotForHere(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute)
	now := p.clock.Now()
	for name, attack := range map[string]struct {
		changes      map[string]any
		code, reason string
	}{
		"another issuer":                   {map[string]any{"iss": "https://evil.example"}, "token_invalid", "issuer_wrong"},
		"our issuer with a slash":          {map[string]any{"iss": testIssuer + "/"}, "token_invalid", "issuer_wrong"},
		"no issuer":                        {map[string]any{"iss": nil}, "token_invalid", "issuer_wrong"},
		"issuer in other case":             {map[string]any{"iss": nil, "ISS": testIssuer}, "token_invalid", "issuer_wrong"},
		"another audience":                 {map[string]any{"aud": "https://other.example"}, "token_invalid", "audience_wrong"},
		"the client as audience":           {map[string]any{"aud": testClient}, "token_invalid", "audience_wrong"},
		"no audience":                      {map[string]any{"aud": nil}, "token_invalid", "audience_wrong"},
		"empty audience":                   {map[string]any{"aud": []string{}}, "token_invalid", "audience_wrong"},
		"audience of numbers":              {map[string]any{"aud": []int{1}}, "token_invalid", "claims_refused"},
		"expired this very second":         {map[string]any{"exp": now.Unix(), "iat": now.Unix() - 600}, "token_expired", "token_expired"},
		"expired long ago":                 {map[string]any{"exp": now.Unix() - 3600, "iat": now.Unix() - 7200}, "token_expired", "token_expired"},
		"not yet valid":                    {map[string]any{"nbf": now.Add(time.Minute).Unix()}, "token_invalid", "not_yet_valid"},
		"issued in the future":             {map[string]any{"iat": now.Add(time.Minute).Unix()}, "token_invalid", "not_yet_valid"},
		"exp as text":                      {map[string]any{"exp": "never"}, "token_invalid", "claims_refused"},
		"exp beyond all numbers":           {map[string]any{"exp": json.Number("1e300")}, "token_invalid", "claims_refused"},
		"no exp":                           {map[string]any{"exp": nil}, "token_invalid", "claims_refused"},
		"no jti":                           {map[string]any{"jti": nil}, "token_invalid", "claims_refused"},
		"no sub":                           {map[string]any{"sub": nil}, "token_invalid", "claims_refused"},
		"no client_id":                     {map[string]any{"client_id": nil}, "token_invalid", "claims_refused"},
		"no membership version":            {map[string]any{"mv": nil}, "token_invalid", "claims_refused"},
		"organisation without id":          {map[string]any{"org": map[string]any{"name": "x"}}, "token_invalid", "claims_refused"},
		"permissions without organisation": {map[string]any{"org": nil}, "token_invalid", "claims_refused"},
		"org as a list":                    {map[string]any{"org": []any{}}, "token_invalid", "claims_refused"},
		"bound to a key (RFC 9449 §7.2)":   {map[string]any{"cnf": map[string]any{"jkt": "x"}}, "token_invalid", "proof_missing"},
		"bound in a way that is unknown":   {map[string]any{"cnf": map[string]any{"kid": "x"}}, "token_invalid", "claims_refused"},
		"bound to nothing":                 {map[string]any{"cnf": map[string]any{}}, "token_invalid", "claims_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			p.refused(t, sign(t, but(p.good(), attack.changes)), 401, attack.code, attack.reason)
		})
	}
}
