package application

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/idp/possession"
)

// Publisher vouches for software by signed statements (RFC 7591 §2.3), such as the
// maker of an accounting system for its installations.
type Publisher struct {
	Issuer string
	Keys   client.KeySet
}

// statementAhead is how far a publisher's clock may run ahead of ours.
const statementAhead = 10 * time.Second

// vouched puts what a software statement says over what the document says: it takes
// precedence (RFC 7591 §3.1.1). The key comes from the configuration alone: what the
// statement's own header names (jwk, x5u, jku) is not looked at.
func (a *Applications) vouched(d document) (statement string, err error) {
	statement, bad := d.text("software_statement")
	if bad != nil {
		return "", bad
	}
	if statement == "" {
		if a.deps.StatementRequired {
			return "", badStatement("invalid_software_statement", "a software statement is required here")
		}
		return "", nil
	}
	claims, err := a.verifyStatement(statement)
	if err != nil {
		return "", err
	}
	for name, value := range claims {
		if slices.Contains(known, name) || name == "application_type" {
			d[name] = value
		}
	}
	return statement, nil
}

// verifyStatement returns the claims of a statement that a known publisher signed.
func (a *Applications) verifyStatement(statement string) (document, error) {
	jws, err := jose.ParseSignedCompact(statement, possession.Algorithms())
	if err != nil {
		return nil, badStatement("invalid_software_statement", "it is not a JWT signed by one of %v", possession.AlgorithmNames())
	}
	issuer := issuerOf(jws.UnsafePayloadWithoutVerification())
	i := slices.IndexFunc(a.deps.Publishers, func(p Publisher) bool { return p.Issuer == issuer && issuer != "" })
	if i < 0 {
		return nil, badStatement("unapproved_software_statement", "its issuer is not one that this server trusts")
	}
	for _, key := range a.deps.Publishers[i].Keys.Verifiers(jws.Signatures[0].Protected) {
		payload, err := jws.Verify(key)
		if err != nil {
			continue
		}
		claims, err := parseDocument(payload)
		if err != nil {
			return nil, badStatement("invalid_software_statement", "%v", err)
		}
		return claims, a.inTime(claims)
	}
	return nil, badStatement("invalid_software_statement", "the signature is not one of its issuer's keys")
}

func issuerOf(payload []byte) string {
	var claims struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Issuer
}

// inTime checks exp and nbf, where they are there (RFC 7519 §4.1).
func (a *Applications) inTime(claims document) error {
	now := float64(a.deps.Now().Unix())
	if exp, there, ok := claims.number("exp"); there && (!ok || now >= exp) {
		return badStatement("invalid_software_statement", "it has expired")
	}
	if nbf, there, ok := claims.number("nbf"); there && (!ok || nbf > now+statementAhead.Seconds()) {
		return badStatement("invalid_software_statement", "it is of the future: compare the clocks")
	}
	return nil
}

// number is a member that is a number.
func (d document) number(name string) (value float64, there, ok bool) {
	raw, there := d[name]
	ok = there && json.Unmarshal(raw, &value) == nil
	return value, there, ok
}
