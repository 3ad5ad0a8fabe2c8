package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/client"
	"propusk/storage"
)

// authorization explains an authorization request: what most often goes wrong, one by
// one, and then the whole as the endpoint checks it.
func (e *explanation) authorization(ctx context.Context, form url.Values) error {
	if !e.mine(form) {
		return nil
	}
	form.Set("client_id", e.client.ID)
	if form.Has("request") {
		unpacked, err := e.p.unpack(ctx, form)
		if err != nil {
			return e.refused("request_object", "RFC 9101 section 6", err)
		}
		e.pass("request_object", "RFC 9101 section 6")
		form = unpacked
	}
	e.redirect(form.Get("redirect_uri"))
	e.challenge(form)
	e.scope(form.Get("scope"))
	_, err := e.p.checkRequest(ctx, form, nil, true)
	if err != nil {
		return e.refused("request", "RFC 6749 section 4.1.1", err)
	}
	if e.client.RequirePushed {
		e.skip("pushed", "must_be_pushed")
	}
	e.pass("request", "RFC 6749 section 4.1.1")
	return nil
}

// mine sees that the request is the caller's own: of others nothing is told.
func (e *explanation) mine(form url.Values) bool {
	if id := form.Get("client_id"); id != "" && id != e.client.ID {
		e.fail("client_id", "not_your_client", "RFC 6749 section 2.2", e.client.ID, id)
		return false
	}
	e.pass("client_id", "RFC 6749 section 2.2")
	return true
}

// redirect compares as the endpoint does, and names the registered URI that is nearest.
func (e *explanation) redirect(uri string) {
	const rule = "RFC 9700 section 2.1"
	switch {
	case uri == "":
		e.fail("redirect_uri", "redirect_uri_missing", rule, strings.Join(e.client.RedirectURIs, " "), "")
	case e.client.Redirects(uri):
		e.pass("redirect_uri", rule)
	default:
		e.fail("redirect_uri", "redirect_uri_unregistered", rule, nearest(uri, e.client.RedirectURIs), uri)
	}
}

func (e *explanation) challenge(form url.Values) {
	const rule = "RFC 7636 section 4.3"
	if bad := requireProofKey(form); bad != nil {
		e.fail("pkce", "pkce", rule, bad.Description, form.Get("code_challenge_method")+" "+form.Get("code_challenge"))
		return
	}
	e.pass("pkce", rule)
}

// scope names what the client has not registered for.
func (e *explanation) scope(asked string) {
	const rule = "RFC 6749 section 3.3"
	var beyond []string
	for _, scope := range splitScope(asked) {
		if !slices.Contains(e.client.Scopes(), scope) {
			beyond = append(beyond, scope)
		}
	}
	if len(beyond) > 0 {
		e.fail("scope", "scope_unregistered", rule, e.client.Scope, strings.Join(beyond, " "))
		return
	}
	e.pass("scope", rule)
}

// token explains a token request. Codes, refresh tokens and what waits for a person are
// looked at and stay as they are.
func (e *explanation) token(ctx context.Context, form url.Values) error {
	grant := form.Get("grant_type")
	switch {
	case !e.mine(form):
		return nil
	case !slices.Contains(grantTypes, grant):
		e.fail("grant_type", "unsupported_grant_type", "RFC 6749 section 5.2", strings.Join(grantTypes, " "), grant)
		return nil
	case !slices.Contains(e.client.GrantTypes, grant):
		e.fail("grant_type", "unauthorized_client", "RFC 6749 section 5.2", strings.Join(e.client.GrantTypes, " "), grant)
		return nil
	}
	e.pass("grant_type", "RFC 6749 section 5.2")
	if missing := missingParameter(grant, form); missing != "" {
		e.fail("parameters", "parameter_missing", "RFC 6749 section 5.2", missing, "")
	}
	e.resource(form)
	if form.Has("scope") {
		e.scope(form.Get("scope"))
	}
	if form.Has("client_assertion") {
		if err := e.assertion(ctx, form.Get("client_assertion"), clientAssertionTypes); err != nil {
			return err
		}
	}
	switch grant {
	case GrantAuthorizationCode:
		return e.code(ctx, form)
	case client.GrantClientCredentials:
		if e.client.OrganisationID == "" && wantOrganisation(splitScope(form.Get("scope"))) {
			e.fail("organization", "client_without_organisation", "RFC 6749 section 4.4", "", form.Get("scope"))
		}
	default:
		return e.grant(ctx, grant, form)
	}
	return nil
}

func (e *explanation) resource(form url.Values) {
	const rule = "RFC 8707 section 2"
	if asked := form.Get("resource"); asked != "" && !e.p.knownResource(asked, form.Get("grant_type")) {
		e.fail("audience", "invalid_target", rule, e.p.deps.Audience, asked)
		return
	}
	e.pass("audience", rule)
}

// code looks at an authorization code without spending it. One of another client is
// as unknown as one that never was.
func (e *explanation) code(ctx context.Context, form url.Values) error {
	const rule = "RFC 6749 section 4.1.3"
	if form.Get("code") == "" {
		return nil // said by parameters
	}
	g, err := e.p.lookUp(ctx, codeSignature(form.Get("code")))
	now := e.p.now()
	switch {
	case errors.Is(err, storage.ErrNotFound) || err == nil && g.ClientID != e.client.ID:
		e.fail("code", "code_unknown", rule, "", "")
		return nil
	case err != nil:
		return err
	case g.BegunAt != 0: // what it was held against is forgotten
		e.fail("code", "code_spent", rule, "", fmt.Sprintf("spent %.0f s ago", now.Time().Sub(g.BegunAt.Time()).Seconds()))
		return nil
	case now >= g.CodeExpiresAt:
		e.fail("code", "code_expired", rule, "", fmt.Sprintf("expired %.0f s ago", now.Time().Sub(g.CodeExpiresAt.Time()).Seconds()))
	default:
		e.pass("code", rule)
	}
	e.same("redirect_uri", "redirect_uri_differs", rule, g.Asked.V.Get("redirect_uri"), form.Get("redirect_uri"))
	e.same("pkce", "code_verifier", "RFC 7636 section 4.6", g.Asked.V.Get("code_challenge"), challengeOf(form.Get("code_verifier")))
	return nil
}

func (e *explanation) same(name, code, rule, expected, received string) {
	if expected != received {
		e.fail(name, code, rule, expected, received)
		return
	}
	e.pass(name, rule)
}

// nearest is the registered URI that the fewest letters tell from the one that came.
func nearest(uri string, registered []string) string {
	best, least := "", -1
	for _, candidate := range registered {
		if d := distance(uri, candidate); least < 0 || d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is how many letters must be put in, left out or changed (Levenshtein). What
// is longer than any URI is compared by its beginning.
func distance(a, b string) int {
	const most = 512
	x, y := []rune(a), []rune(b)
	x, y = x[:min(len(x), most)], y[:min(len(y), most)]
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(y)]
}
