package oauth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

// Token exchange (RFC 8693). Who may exchange what is this table, and nothing else:
//
//	                subject_token             actor_token   organization  what comes out
//	represent       the client's own, of the  none, or the  another one   the client, acting for the other
//	                organisation that owns it same                        organisation by its power of attorney
//	narrow          a person's, issued to     none          none          the same with fewer scopes
//	                the client
//	delegate        a person's, issued to     the client's  none          the person, with the client as act;
//	                another client            own, needed                 for the house's own services alone
//
// Everything else is refused, impersonation above all: a token that speaks for
// somebody else and does not say who uses it is never made (RFC 8693 §1.1). What
// comes out never lives longer, never reaches further and is never bound to less
// than what went in.

// maxActors bounds how many actors a token may name, one inside the other (RFC 8693
// §4.1): who is behind them all must stay readable.
const maxActors = 3

// maxExchanges bounds how often what came of a token is exchanged again. All that a
// token came from stand in its jti, so that the end of each is its own end, whoever
// asks and without a row (RFC 7009 §2.1: what is based on a revoked token goes with it).
const maxExchanges = 4

// The token types of RFC 8693 §3 that this server exchanges.
const (
	typeOfAccessToken = "urn:ietf:params:oauth:token-type:access_token"
	typeOfJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

// actor is the claim act (RFC 8693 §4.1): the client that uses a token which speaks
// for somebody else, and inside it the one that used it before.
type actor struct {
	Subject string `json:"sub"`
	// Organisation is the id of the organisation that the client belongs to, where it
	// acts for another one.
	Organisation string `json:"org,omitempty"`
	Before       *actor `json:"act,omitempty"`
}

// depth is how many actors there are; 0 for nil.
func (a *actor) depth() (n int) {
	for ; a != nil; a = a.Before {
		n++
	}
	return n
}

// exchangeTokens is the grant type token-exchange (RFC 8693 §2).
func (p *Provider) exchangeTokens(r *http.Request, x *exchange, form url.Values) (*tokenResponse, error) {
	ctx := r.Context()
	if x.client.Public() {
		return nil, unauthorizedClient("token exchange is for clients that authenticate")
	}
	if err := p.checkExchange(form); err != nil {
		return nil, err
	}
	subject, err := p.presentedToken(ctx, form.Get("subject_token"), "subject_token")
	if err != nil {
		return nil, err
	}
	if strings.Count(subject.ID, revocation.Exchanged) >= maxExchanges {
		return nil, invalidRequest("the subject_token has been exchanged %d times already: exchange one that it came from", maxExchanges)
	}
	var claims *accessToken
	own := subject.ClientID == x.client.ID
	switch {
	case form.Has("organization"):
		claims, err = p.represent(ctx, x, form, subject)
	case own && !subject.service() && !form.Has("actor_token"):
		claims, err = p.narrow(x, form, subject)
	case !own && form.Has("actor_token"):
		claims, err = p.delegate(ctx, x, form, subject)
	case own:
		err = invalidRequest("there is nothing to exchange: name the organization to act for")
	default:
		err = errImpersonation
	}
	if err != nil {
		return nil, err
	}
	return p.exchanged(ctx, x, subject, claims)
}

// errImpersonation refuses a token for somebody else that names no actor.
var errImpersonation = fault(http.StatusBadRequest, "invalid_request",
	"the token of another client is exchanged with an actor_token only: there is no impersonation (RFC 8693 section 1.1)")

// checkExchange checks what does not depend on the tokens (§2.1).
func (p *Provider) checkExchange(form url.Values) error {
	switch {
	case !accessTokenType(form.Get("subject_token_type")):
		return errTokenType("subject_token_type", form)
	case form.Has("actor_token") != form.Has("actor_token_type"):
		return invalidRequest("actor_token and actor_token_type go together (RFC 8693 section 2.1)")
	case form.Has("actor_token") && !accessTokenType(form.Get("actor_token_type")):
		return errTokenType("actor_token_type", form)
	case form.Has("requested_token_type") && !accessTokenType(form.Get("requested_token_type")):
		return errTokenType("requested_token_type", form)
	case form.Has("audience") && form.Get("audience") != p.deps.Audience:
		return invalidTarget("there are no tokens for that audience (RFC 8693 section 2.1)").because("'"+p.deps.Audience+"'", shown(form.Get("audience")))
	}
	return nil
}

func errTokenType(parameter string, form url.Values) error {
	return invalidRequest("%s is another than is exchanged here (RFC 8693 section 3)", parameter).
		because("'"+typeOfAccessToken+"'", shown(form.Get(parameter)))
}

func accessTokenType(name string) bool { return name == typeOfAccessToken || name == typeOfJWT }

// presentedToken reads a token that is ours and counts. Why one does not is not
// told: whoever found it shall not learn what became of it.
func (p *Provider) presentedToken(ctx context.Context, token, name string) (*accessToken, error) {
	refused := invalidRequest("the %s is not a live access token of this server", name)
	if len(token) > maxJWT {
		return nil, refused
	}
	t, err := p.verifyAccessToken(token)
	if err != nil {
		return nil, refused
	}
	live, err := p.live(ctx, t)
	if err != nil {
		return nil, err
	}
	if !live {
		return nil, refused
	}
	return t, nil
}

// narrow gives a client the token that it has with fewer scopes, for a part of it
// that needs no more.
func (p *Provider) narrow(x *exchange, form url.Values, subject *accessToken) (*accessToken, error) {
	if !holds(x.confirmation, subject.Confirmation) {
		return nil, invalidRequest("the subject_token is bound to a key or certificate that the request does not prove")
	}
	return p.copied(x, form, subject)
}

// delegate gives a service of the house the right of a person whose token it was
// shown. The actor_token says that it is the service itself that asks.
func (p *Provider) delegate(ctx context.Context, x *exchange, form url.Values, subject *accessToken) (*accessToken, error) {
	switch {
	case !x.client.FirstParty || x.client.Kind != Service:
		return nil, unauthorizedClient("the client may exchange tokens that were issued to itself only")
	case subject.service():
		return nil, invalidRequest("the subject_token must be a person's")
	case subject.Actor.depth() >= maxActors:
		return nil, invalidRequest("the subject_token has gone through %d hands already", maxActors)
	case subject.Confirmation != nil && x.confirmation == nil:
		return nil, invalidRequest("the subject_token is bound to a key: what comes of it must be, too (send a DPoP proof)")
	}
	if err := p.checkActor(ctx, x, form); err != nil {
		return nil, err
	}
	claims, err := p.copied(x, form, subject)
	if err != nil {
		return nil, err
	}
	claims.Actor = &actor{Subject: x.client.ID, Before: subject.Actor}
	if claims.Origin = subject.Origin; claims.Origin == "" {
		claims.Origin = subject.ClientID
	}
	return claims, nil
}

// checkActor wants the actor_token, where there is one, to be the client's own.
func (p *Provider) checkActor(ctx context.Context, x *exchange, form url.Values) error {
	if !form.Has("actor_token") {
		return nil
	}
	t, err := p.presentedToken(ctx, form.Get("actor_token"), "actor_token")
	switch {
	case err != nil:
		return err
	case !t.service() || t.ClientID != x.client.ID || t.Actor != nil:
		return invalidRequest("the actor_token must be the client's own, by client_credentials")
	case !holds(x.confirmation, t.Confirmation):
		return invalidRequest("the actor_token is bound to a key or certificate that the request does not prove")
	}
	return nil
}

// service tells a client that acts for itself from a person, whose token rests on a
// grant.
func (a *accessToken) service() bool { return a.GrantID == "" }

// copied is the subject's token anew for the client, with the scopes asked for: at
// most those of both.
func (p *Provider) copied(x *exchange, form url.Values, subject *accessToken) (*accessToken, error) {
	scopes := splitScope(form.Get("scope"))
	if len(scopes) == 0 {
		scopes = shared(splitScope(subject.Scope), x.client.view.scopes)
	}
	for _, scope := range scopes {
		if !slices.Contains(splitScope(subject.Scope), scope) || !slices.Contains(x.client.view.scopes, scope) {
			return nil, invalidScope("a scope is not in the subject_token, or not one of the client's").
				because("some of "+strings.Join(shared(splitScope(subject.Scope), x.client.view.scopes), " "), shown(scope))
		}
	}
	if len(scopes) == 0 {
		return nil, invalidScope("the subject_token and the client have no scope in common")
	}
	claims := *subject
	var err error
	if claims.Details, err = p.narrowDetails(x.client, form, subject.Details, scopes); err != nil {
		return nil, err
	}
	if subject.person != "" { // by his id, for signAccessToken names him to the client
		claims.Subject, claims.SessionID = subject.person, subject.session
	}
	claims.IssuedAt, claims.Status = p.deps.Now().Unix(), nil
	claims.ClientID, claims.Scope, claims.Confirmation = x.client.ID, strings.Join(scopes, " "), x.confirmation
	if !wantOrganisation(scopes) {
		claims.Organisation, claims.Roles, claims.Permissions, claims.MemberVersion, claims.Power, claims.Details = nil, nil, nil, 0, nil, nil
	}
	return &claims, nil
}

// shared are the scopes of both lists, in the order of the first.
func shared(some, others []string) []string {
	return slices.DeleteFunc(slices.Clone(some), func(s string) bool { return !slices.Contains(others, s) })
}

// exchanged signs what an exchange comes to and writes it to the journal: of the
// organisation that the token opens, and of nobody's but the system's without one.
func (p *Provider) exchanged(ctx context.Context, x *exchange, subject, claims *accessToken) (*tokenResponse, error) {
	claims.ExpiresAt = min(claims.ExpiresAt, subject.ExpiresAt)
	claims.ID = subject.ID + revocation.Exchanged + storage.NewID()
	entry := journal.Entry{
		Client: x.client.ID, Action: "token.exchanged", Object: claims.ID, Outcome: "success",
		Details: map[string]string{"scope": claims.Scope, "subject": claims.Subject},
	}
	if claims.Organisation != nil {
		entry.Organisation = claims.Organisation.ID
	}
	if !claims.service() {
		entry.Actor = claims.Subject
	}
	if claims.Power != nil {
		entry.Details["by_power"] = claims.Power.ID
	}
	if err := p.deps.Journal.Append(ctx, entry); err != nil {
		return nil, err
	}
	token, err := p.signAccessToken(ctx, x.client, claims)
	if err != nil {
		return nil, err
	}
	return &tokenResponse{
		AccessToken: token, IssuedTokenType: typeOfAccessToken, TokenType: tokenType(x.confirmation),
		ExpiresIn: max(claims.ExpiresAt-p.deps.Now().Unix(), 0), Scope: claims.Scope, Details: claims.Details,
	}, nil
}
