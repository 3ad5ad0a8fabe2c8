package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"propusk/storage"
)

// The grant type authorization_code (RFC 6749 §4.1.3, RFC 7636 §4.5): a code becomes a
// grant and its first tokens.
//
// Why not fosite's: it looks the code up three times, copies the request for each of
// its handlers, and reports whoever loses a race as server_error.

// redemption is a code that was looked up.
type redemption struct {
	signature string
	grant     *grant     // the one that spending it makes
	asked     url.Values // of the authorization request, what the token request is held against
	spent     bool
}

// errSpent is the answer to whoever comes second with a code.
var errSpent = invalidGrant("the authorization code has already been used")

// redeem checks a code and makes of it a grant and tokens, in the transaction of ctx:
// a refusal spends nothing, or anybody could spend it for the client. The owner is read
// anew.
func (p *Provider) redeem(ctx context.Context, x *exchange, form url.Values) (*tokenResponse, error) {
	if err := p.findCode(ctx, x, codeSignature(form.Get("code"))); err != nil {
		return nil, err
	}
	if x.code.spent {
		return nil, p.replayed(ctx, x)
	}
	if err := x.fitsCode(form); err != nil {
		return nil, err
	}
	if err := x.keyOfCode(); err != nil {
		return nil, err
	}
	g := x.code.grant
	if err := p.checkTokenResource(form, g); err != nil {
		return nil, err
	}
	s := newSession(g)
	var err error
	if s.details, err = p.narrowDetails(x.client, form, g.Details.V, splitScope(g.Scope)); err != nil {
		return nil, err
	}
	var b storage.Batch
	p.spendCode(&b, x.code.signature)
	return p.beginGrant(ctx, x, s, x.code.asked.Get("nonce"), &b)
}

// findCode looks a code up, spent ones too, into x.code.
//
// A request that had begun before the code was spent is no replay but lost a
// race, as an impatient client's second try does: it gets nothing, and what the
// winner got stays good.
func (p *Provider) findCode(ctx context.Context, x *exchange, signature string) error {
	var row struct {
		Grant     storage.JSON[grant]      `db:"grant_facts"`
		Form      storage.JSON[url.Values] `db:"form"`
		ExpiresAt storage.Time             `db:"expires_at"`
		SpentAt   storage.Time             `db:"spent_at"`
	}
	err := p.deps.DB.Get(ctx, &row,
		`SELECT grant_facts, form, expires_at, spent_at FROM oauth_codes WHERE signature = $1`, signature)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return invalidGrant("the authorization code is unknown")
	case err != nil:
		return fmt.Errorf("find a code: %w", err)
	case row.SpentAt != 0 && x.began < row.SpentAt:
		return errSpent
	case row.SpentAt == 0 && p.now() >= row.ExpiresAt:
		return invalidGrant("the authorization code has expired")
	}
	x.code = &redemption{signature: signature, grant: &row.Grant.V, asked: row.Form.V, spent: row.SpentAt != 0}
	return nil
}

// replayed ends the grant of a code that has come back after it was spent, whoever
// brings it (RFC 6749 §4.1.2).
func (p *Provider) replayed(ctx context.Context, x *exchange) error {
	x.committed = true
	g := x.code.grant
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
	if x.code.grant.ClientID != x.client.ID {
		return invalidGrant("The OAuth 2.0 Client ID from this request does not match the one from the authorize request.")
	}
	if asked, uri := x.code.asked.Get("redirect_uri"), form.Get("redirect_uri"); uri != asked {
		return invalidGrant("The 'redirect_uri' from this request does not match the one from the authorize request.").
			because(x.client.facts("redirect_uri '"+asked+"'"), shown(uri))
	}
	wrong := wrongVerifier(x.code.asked, form.Get("code_verifier"))
	if wrong == "" {
		return nil
	}
	return invalidGrant("%s", wrong).because(
		x.client.facts("a code_verifier with the code_challenge "+x.code.asked.Get("code_challenge")),
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
	case strings.ContainsFunc(verifier, reserved):
		return "The PKCE code verifier must only contain [a-Z], [0-9], '-', '.', '_', '~'."
	case asked.Get("code_challenge_method") != "S256" || challengeOf(verifier) != asked.Get("code_challenge"):
		return "The PKCE code challenge did not match the code verifier."
	}
	return ""
}

// reserved tells what is no unreserved character (RFC 3986 §2.3).
func reserved(c rune) bool { return !thumbprintLetter(c) && c != '.' && c != '~' }

// spendCode has a batch spend a code, which fails with errSpent. Of any number of callers
// one succeeds. The grant's facts are those of the look-up: they never change.
func (p *Provider) spendCode(b *storage.Batch, signature string) {
	b.Exec(func(spent int64) error {
		if spent != 1 {
			return errSpent
		}
		return nil
	}, `UPDATE oauth_codes SET spent_at = $1
		WHERE signature = $2 AND spent_at = 0 AND expires_at > $1`, p.now(), signature)
}
