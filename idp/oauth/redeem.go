package oauth

import (
	"context"
	"errors"
	"net/url"
)

// The grant type authorization_code (RFC 6749 §4.1.3, RFC 7636 §4.5): a code becomes a
// grant and its first tokens.
//
// Why not fosite's: it looks the code up three times, copies the request for each of
// its handlers, and reports whoever loses a race as server_error.

// errSpent is the answer to whoever comes second with a code.
var errSpent = invalidGrant("the authorization code has already been used")

// redeem checks a code and begins its grant. A refusal spends nothing, or anybody could
// spend it for the client. The owner is read anew.
func (p *Provider) redeem(ctx context.Context, x *exchange, form url.Values) (*tokenResponse, error) {
	signature := codeSignature(form.Get("code"))
	if err := p.findCode(ctx, x, signature); err != nil {
		return nil, err
	}
	if x.code.Generation > 0 {
		return nil, p.replayed(ctx, x)
	}
	if err := x.fitsCode(form); err != nil {
		return nil, err
	}
	if err := x.keyOfCode(); err != nil {
		return nil, err
	}
	g := &x.code.grant
	if err := p.checkTokenResource(form, g); err != nil {
		return nil, err
	}
	s := newSession(g)
	var err error
	if s.details, err = p.narrowDetails(x.client, form, g.Details.V, splitScope(g.Scope)); err != nil {
		return nil, err
	}
	response, err := p.beginGrant(ctx, x, s, x.code.Asked.V)
	if errors.Is(err, errSpent) {
		return nil, p.tooLate(ctx, x, signature)
	}
	return response, err
}

// tooLate says why a code could not be spent that a moment ago could be, or that this
// node remembers better than it is.
func (p *Provider) tooLate(ctx context.Context, x *exchange, signature string) error {
	if err := p.findCode(ctx, x, signature); err != nil {
		return err
	}
	if x.code.Generation > 0 {
		return p.replayed(ctx, x)
	}
	return errSpent
}

// replayed ends the grant of a code that has come back after it was spent, whoever
// brings it (RFC 6749 §4.1.2).
func (p *Provider) replayed(ctx context.Context, x *exchange) error {
	g := &x.code.grant
	p.deps.Log.WarnContext(ctx, "authorization code replayed", "grant", g.ID, "client", x.client.ID)
	if err := p.end(ctx, g, endedByCodeReplay); err != nil {
		return err
	}
	return errSpent
}

// fitsCode holds the token request against what the code was issued for: the client,
// its redirect URI (RFC 6749 §4.1.3) and the proof key (RFC 7636 §4.6). What differs is
// told to the client that it was issued to, and to nobody else.
func (x *exchange) fitsCode(form url.Values) error {
	if x.code.ClientID != x.client.ID {
		return invalidGrant("The OAuth 2.0 Client ID from this request does not match the one from the authorize request.")
	}
	if asked, uri := x.code.Asked.V.Get("redirect_uri"), form.Get("redirect_uri"); uri != asked {
		return invalidGrant("The 'redirect_uri' from this request does not match the one from the authorize request.").
			because(x.client.facts("redirect_uri '"+asked+"'"), shown(uri))
	}
	wrong := wrongVerifier(x.code.Asked.V, form.Get("code_verifier"))
	if wrong == "" {
		return nil
	}
	return invalidGrant("%s", wrong).because(
		x.client.facts("a code_verifier with the code_challenge "+x.code.Asked.V.Get("code_challenge")),
		"one with "+challengeOf(form.Get("code_verifier")))
}

// wrongVerifier says what is wrong with a code_verifier (RFC 7636 §4.1, §4.6); "" when
// nothing is. A code without a challenge by S256 is not redeemed at all: none is issued.
func wrongVerifier(asked url.Values, verifier string) string {
	switch {
	case len(verifier) < 43:
		return "The PKCE code verifier must be at least 43 characters."
	case len(verifier) > 128:
		return "The PKCE code verifier can not be longer than 128 characters."
	case !unreserved(verifier):
		return "The PKCE code verifier must only contain [a-Z], [0-9], '-', '.', '_', '~'."
	case asked.Get("code_challenge_method") != "S256" || challengeOf(verifier) != asked.Get("code_challenge"):
		return "The PKCE code challenge did not match the code verifier."
	}
	return ""
}

// unreserved tells that a text has no other characters than those (RFC 3986 §2.3).
func unreserved(text string) bool {
	for i := range len(text) {
		if c := text[i]; !thumbprintLetter(rune(c)) && c != '.' && c != '~' {
			return false
		}
	}
	return true
}
