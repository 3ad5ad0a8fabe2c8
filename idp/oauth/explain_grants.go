package oauth

import (
	"context"
	"errors"
	"net/url"

	"propusk/storage"
)

// grant explains what a token request of the other grants rests on. Nothing of it is
// used: no refresh token rotates, no poll counts, no assertion is spent.
func (e *explanation) grant(ctx context.Context, grant string, form url.Values) error {
	switch grant {
	case GrantRefreshToken:
		return e.refreshToken(ctx, form.Get("refresh_token"))
	case GrantDeviceCode:
		return e.waiting(ctx, waitingDevice, "RFC 8628 section 3.5", form.Get("device_code"))
	case GrantCIBA:
		return e.waiting(ctx, waitingCIBA, "CIBA section 11", form.Get("auth_req_id"))
	case GrantTokenExchange:
		return e.exchange(ctx, form)
	case GrantJWTBearer:
		if form.Get("assertion") == "" {
			return nil // said by parameters
		}
		return e.assertion(ctx, form.Get("assertion"), bearerTypes)
	}
	e.skip("grant", "grant_not_looked_at")
	return nil
}

// refreshToken looks whether a refresh token would be taken (RFC 6749 §6). That of
// another client is as unknown as one that never was.
func (e *explanation) refreshToken(ctx context.Context, token string) error {
	const rule = "RFC 6749 section 6"
	if token == "" {
		return nil
	}
	family, generation, ok := e.p.refresh.parse(token)
	if !ok {
		e.fail("refresh_token", "refresh_unknown", rule, "", "")
		return nil
	}
	g, err := e.p.grant(ctx, family)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && g.ClientID != e.client.ID:
		e.fail("refresh_token", "refresh_unknown", rule, "", "")
		return nil
	case err != nil:
		return err
	case !g.alive(e.p.now()):
		e.fail("refresh_token", "refresh_over", rule, "", "")
		return nil
	case !g.acceptable(generation, e.p.now(), e.p.deps.Lifetimes.RefreshGrace):
		e.fail("refresh_token", "refresh_used", "RFC 9700 section 4.14.2", "", "")
		return nil
	}
	e.pass("refresh_token", rule)
	outdated, err := e.p.outdated(ctx, g)
	if err == nil && outdated {
		e.fail("grant", "refresh_over", rule, "", "")
	}
	return err
}

// waiting looks at what a device or the backchannel asked a person for.
func (e *explanation) waiting(ctx context.Context, kind waitingKind, rule, code string) error {
	if code == "" {
		return nil
	}
	w, err := e.p.waiting(ctx, codeSignature(code))
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && (w.Kind != kind || w.Request.ClientID != e.client.ID):
		e.fail("code", "code_unknown", rule, "", "")
		return nil
	case err != nil:
		return err
	case e.p.now() >= w.ExpiresAt:
		e.fail("code", "expired_token", rule, "", "")
		return nil
	}
	decision, err := e.p.decision(ctx, w.ID)
	switch {
	case err != nil:
		return err
	case decision == decidedRefused:
		e.fail("decision", "access_denied", rule, "", "")
	case decision == decidedApproved:
		e.pass("decision", rule)
	default:
		e.fail("decision", "authorization_pending", rule, "", "")
	}
	return nil
}

// exchange looks at the parameters and at both tokens of an exchange (RFC 8693 §2.1),
// which the client holds. Whether a power of attorney opens what is asked for is told by
// the exchange itself.
func (e *explanation) exchange(ctx context.Context, form url.Values) error {
	const rule = "RFC 8693 section 2.1"
	if err := e.p.checkExchange(form); err != nil {
		return e.refused("parameters", rule, err)
	}
	for _, name := range []string{"subject_token", "actor_token"} {
		if form.Get(name) == "" {
			continue
		}
		if _, err := e.p.presentedToken(ctx, form.Get(name), name); err != nil {
			if err := e.refused(name, rule, err); err != nil {
				return err
			}
			continue
		}
		e.pass(name, rule)
	}
	e.skip("exchange", "grant_not_looked_at")
	return nil
}
