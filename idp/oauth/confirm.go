package oauth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"propusk/idp/possession"
)

// confirm finds what the tokens of a request are to be bound to, nil for
// nothing: the connection's client certificate where the client is registered so
// (RFC 8705 §3), and the key of its DPoP proof where there is one (RFC 9449 §5).
func (p *Provider) confirm(r *http.Request, client *registration) (*possession.Confirmation, error) {
	if !client.CertificateBound && !client.DPoPBound && r.Header[possession.Header] == nil {
		return nil, nil
	}
	cnf := new(possession.Confirmation)
	if client.CertificateBound {
		certificate := possession.Certificate(r)
		if certificate == nil {
			return nil, invalidRequest("the client's tokens are bound to its certificate: come with it, to %s", p.deps.MutualTLS.URL)
		}
		cnf.Certificate = possession.CertificateThumbprint(certificate)
	}
	if client.DPoPBound || r.Header[possession.Header] != nil {
		key, err := p.proofs.Check(r.Context(), r.Header, possession.Want{Method: r.Method, URLs: p.addresses(r)})
		if err != nil {
			return nil, proofError(err)
		}
		cnf.Key = key
	}
	return cnf, nil
}

// nextNonce hands out the nonce of the client's next proof (RFC 9449 §8.2, §9), to
// clients that prove, or are asked to by the scheme they use.
func (p *Provider) nextNonce(w http.ResponseWriter, r *http.Request) {
	if r.Header[possession.Header] != nil || speaksDPoP(r) {
		w.Header()[nonceHeader] = []string{p.proofs.Nonce()}
	}
}

// nonceHeader is DPoP-Nonce as [http.Header] has it.
const nonceHeader = "Dpop-Nonce"

// speaksDPoP tells a request with a token of that scheme.
func speaksDPoP(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, possession.DPoP)
}

// addresses are the URLs under which an endpoint is known: the issuer's, and the
// mutual-TLS host's (RFC 8705 §5).
func (p *Provider) addresses(r *http.Request) []string {
	addresses := []string{p.deps.Issuer + r.URL.EscapedPath()}
	if p.deps.MutualTLS.URL != "" {
		addresses = append(addresses, p.deps.MutualTLS.URL+r.URL.EscapedPath())
	}
	return addresses
}

// proofError says an error of idp/possession in the words of RFC 9449 §5 and §8.
func proofError(err error) error {
	var wrong *possession.Error
	switch {
	case errors.Is(err, possession.ErrNonce):
		return fault(http.StatusBadRequest, "use_dpop_nonce", "the proof must carry the nonce of the header DPoP-Nonce")
	case errors.As(err, &wrong):
		return fault(http.StatusBadRequest, "invalid_dpop_proof", "%s", wrong.Reason).because(wrong.Expected, shownProof(wrong))
	}
	return err
}

// holds reports whether a request that proved cnf may use what is bound to bound.
func holds(cnf, bound *possession.Confirmation) bool {
	switch {
	case bound == nil:
		return true
	case cnf == nil:
		return false
	}
	return (bound.Certificate == "" || bound.Certificate == cnf.Certificate) && (bound.Key == "" || bound.Key == cnf.Key)
}

// keyOfCode refuses a code that was asked for by another key than the one that
// redeems it (dpop_jkt, RFC 9449 §10).
func (x *exchange) keyOfCode() error {
	jkt := x.code.Asked.V.Get("dpop_jkt")
	if holds(x.confirmation, &possession.Confirmation{Key: jkt}) || jkt == "" {
		return nil
	}
	return fault(http.StatusBadRequest, "invalid_dpop_proof", "the code is bound to a key that the request does not prove (RFC 9449 section 10)").
		because(x.client.facts("a proof by the key '"+jkt+"'"), provedKey(x.confirmation))
}

// tokenType is the token_type of tokens bound to cnf (RFC 9449 §5). One bound to
// a certificate alone is a Bearer's (RFC 8705 §3).
func tokenType(cnf *possession.Confirmation) string {
	if cnf != nil && cnf.Key != "" {
		return possession.DPoP
	}
	return possession.Bearer
}

// possessed checks that whoever presents an access token holds what it is bound
// to, where this server is the resource server.
func (p *Provider) possessed(ctx context.Context, r *http.Request, scheme, raw string, t *accessToken) error {
	var cnf possession.Confirmation
	if t.Confirmation != nil {
		cnf = *t.Confirmation
	}
	err := p.proofs.Request(ctx, r, scheme, raw, cnf, p.addresses(r)...)
	var wrong *possession.Error
	switch {
	case errors.Is(err, possession.ErrNonce):
		return fault(http.StatusUnauthorized, "use_dpop_nonce", "the proof must carry the nonce of the header DPoP-Nonce")
	case errors.As(err, &wrong) && t.Confirmation != nil && t.Confirmation.Key != "" && scheme == possession.DPoP:
		return fault(http.StatusUnauthorized, "invalid_dpop_proof", "%s", wrong.Reason)
	case errors.As(err, &wrong):
		return fault(http.StatusUnauthorized, "invalid_token", "%s", wrong.Reason)
	}
	return err
}
