package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"propusk/idp/client"
)

// The console of the house's operators is a resource of its own (RFC 8707): its tokens
// are good nowhere else, and no other token is good there. Which resource a grant is
// for, its scopes say, so that every token of it is for that one alone.

// consoleLifetime bounds a token for the console: it lives no longer than an operator
// may go on after his sign-in has ended.
const consoleLifetime = 5 * time.Minute

// console is the address of the console as a resource.
func (p *Provider) console() string { return p.deps.Issuer + "/console" }

// resourceOf is the one resource that tokens of these scopes are for.
func (p *Provider) resourceOf(scopes []string) string {
	if wantConsole(scopes) {
		return p.console()
	}
	return p.deps.Audience
}

// checkResource refuses a request for another resource than its scopes speak of. The
// console must be asked for by name, since nobody shall come to it by a scope too many.
func (p *Provider) checkResource(form url.Values, scopes []string) error {
	wanted, console := p.resourceOf(scopes), wantConsole(scopes)
	if asked := form.Get("resource"); asked != wanted && (console || form.Has("resource")) {
		return invalidTarget("these scopes are of another resource (RFC 8707 section 2)").because("'"+wanted+"'", shown(asked))
	}
	if !console {
		return nil
	}
	for _, scope := range scopes {
		if scope != scopeOpenID && scope != scopeProfile && !client.IsConsole(scope) {
			return invalidScope("the scope %s goes with no scope of the console", scope)
		}
	}
	return nil
}

// checkTokenResource is checkResource at the token endpoint, where the grant has
// settled which resource it is (RFC 8707 §2.2).
func (p *Provider) checkTokenResource(form url.Values, g *grant) error {
	wanted := p.resourceOf(splitScope(g.Scope))
	if asked := form.Get("resource"); asked != "" && asked != wanted {
		return invalidTarget("the grant is for another resource (RFC 8707 section 2.2)").because("'"+wanted+"'", shown(asked))
	}
	return nil
}

// knownResource reports whether a token request may name the resource: the console is
// for the grants of a person at a browser.
func (p *Provider) knownResource(resource, grantType string) bool {
	return resource == p.deps.Audience ||
		resource == p.console() && (grantType == GrantAuthorizationCode || grantType == GrantRefreshToken)
}

// errNotOperator is the end of a console's grant whose person is dismissed.
var errNotOperator = invalidGrant("the person is no operator of the house")

// operatorStands answers who the grant's person is in the console: the owner with the
// roles of the operator, or errNotOperator.
func (p *Provider) operatorStands(ctx context.Context, g *grant) (owner, error) {
	if err := p.personStands(ctx, g.PersonID); err != nil {
		return owner{}, err
	}
	roles, err := p.deps.Directory.OperatorOf(ctx, g.PersonID)
	switch {
	case err != nil:
		return owner{}, err
	case len(roles) == 0:
		return owner{}, errNotOperator
	}
	var o owner
	for _, role := range roles {
		o.roles = append(o.roles, string(role))
	}
	return o, nil
}

// forConsole makes it a token for the console, when that is what the grant is for.
func (a *accessToken) forConsole(p *Provider, g *grant) {
	if wantConsole(splitScope(g.Scope)) {
		a.Audience = []string{p.console()}
		a.ExpiresAt = min(a.ExpiresAt, a.IssuedAt+int64(consoleLifetime.Seconds()))
	}
}

// approvableForConsole refuses, whatever the sign-in has decided, what did not come of
// a passkey or a certificate alone, and who is no operator.
func (p *Provider) approvableForConsole(ctx context.Context, approval *Approval) error {
	weak := func(name string) bool { return name != "pop" && name != "user" && name != "mfa" }
	if !slices.Contains(approval.AMR, "pop") || slices.ContainsFunc(approval.AMR, weak) {
		return serverError(errors.New("oauth: the console without a passkey or a certificate"))
	}
	roles, err := p.deps.Directory.OperatorOf(ctx, approval.PersonID)
	if err == nil && len(roles) == 0 {
		return fault(http.StatusForbidden, "access_denied", "the person is no operator of the house")
	}
	return err
}
