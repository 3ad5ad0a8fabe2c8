package possession

import (
	"context"
	"net/http"
	"strings"
)

// The schemes of the header Authorization that carry an access token.
const (
	Bearer = "Bearer" // RFC 6750 §2.1
	DPoP   = "DPoP"   // RFC 9449 §7.1
)

// Scheme returns the name of a scheme that carries access tokens, written as the
// constants are; not ok for any other. Case does not matter (RFC 9110 §11.1).
func Scheme(name string) (scheme string, ok bool) {
	switch {
	case strings.EqualFold(name, Bearer):
		return Bearer, true
	case strings.EqualFold(name, DPoP):
		return DPoP, true
	}
	return "", false
}

// Request checks that whoever sends a request to a resource server holds what
// its access token is bound to. cnf must come from a token that has been
// verified; urls are those under which the resource is known, without query.
//
// A token bound to a key is refused under the scheme Bearer, where no proof would
// be looked for (RFC 9449 §7.1), and one that is bound to none under DPoP.
// Errors are those of Check.
func (p *Proofs) Request(ctx context.Context, r *http.Request, scheme, accessToken string, cnf Confirmation, urls ...string) error {
	if cnf.Certificate != "" {
		certificate := Certificate(r)
		if certificate == nil || CertificateThumbprint(certificate) != cnf.Certificate {
			return wrong("the token is bound to a client certificate that this connection does not have")
		}
	}
	switch {
	case cnf.Key == "" && scheme == DPoP:
		return wrong("the token is not bound to a key")
	case cnf.Key == "":
		return nil
	case scheme != DPoP:
		return wrong("the token is bound to a key and must come with the scheme DPoP")
	}
	key, err := p.Check(ctx, r.Header, Want{Method: r.Method, URLs: urls, AccessToken: accessToken})
	if err != nil {
		return err
	}
	if key != cnf.Key {
		return wrong("the proof is signed by another key than the one the token is bound to")
	}
	return nil
}

// Challenge is the challenge of a resource server that takes proofs (RFC 9449
// §7.1). Error and description are left out when empty; they must hold no quotes.
func Challenge(err, description string) string {
	text := `DPoP algs="` + challengeAlgorithms + `"`
	if err != "" {
		text += `, error="` + err + `"`
	}
	if description != "" {
		text += `, error_description="` + description + `"`
	}
	return text
}
