package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

// Approval is what came out of a sign-in: who approved what, and how strongly
// it was proved.
type Approval struct {
	PersonID       string
	SessionID      string
	OrganisationID string   // needed when the request NeedsOrganisation, ignored when it does not
	Scopes         []string // granted; none beyond those asked for
	ACR            string
	AMR            []string // RFC 8176
	AuthTime       time.Time
	// Details are what of the request's was granted, or narrower; Scopes must be within
	// AuthorizationRequest.ScopesWithin of them.
	Details directory.Details
}

// PageError is an authorization error that must not be redirected and so has
// to be shown to the person.
type PageError struct {
	Code        string
	Description string // English, for the developer
	Status      int
}

// Issue answers an approved request with a code: 303 to the redirect URI with
// code, state and iss (RFC 6749 §4.1.2, RFC 9207 §2). On error nothing has been
// written; give it to AuthorizeError.
//
// The client is checked again, and the person's membership is; whether the
// proofs suffice was decided by whoever made the Approval.
func (p *Provider) Issue(ctx context.Context, w http.ResponseWriter, r *http.Request, request *AuthorizationRequest, approval Approval) error {
	code, err := p.code(ctx, request, approval)
	if err != nil {
		e := asError(err)
		client, lost := p.client(ctx, request.ClientID)
		if lost == nil && client.Active() && client.Redirects(request.RedirectURI) {
			to := redirectionOf(request)
			e = e.told(&to)
		}
		p.metrics.authorization(e.Code)
		return e
	}
	p.metrics.authorization("success")
	return p.answer(w, redirectionOf(request), url.Values{"code": {code}})
}

// code makes and keeps the authorization code.
func (p *Provider) code(ctx context.Context, request *AuthorizationRequest, approval Approval) (string, error) {
	if err := p.approvable(ctx, request, &approval); err != nil {
		return "", err
	}
	checked, err := p.parse(ctx, request.Form)
	if err != nil {
		return "", err
	}
	for _, scope := range approval.Scopes {
		checked.GrantScope(scope)
	}
	checked.SetID(storage.NewID())
	if err := p.usePushed(ctx, request.Pushed); err != nil {
		return "", err
	}
	response, err := p.fosite.NewAuthorizeResponse(ctx, checked, newSession(&grant{
		ID: checked.GetID(), ClientID: request.ClientID, PersonID: approval.PersonID,
		SessionID: approval.SessionID, OrganisationID: approval.OrganisationID,
		Scope: strings.Join(approval.Scopes, " "),
		ACR:   approval.ACR, AMR: storage.JSON[[]string]{V: approval.AMR}, AuthTime: storage.Of(approval.AuthTime),
		Offline: slices.Contains(approval.Scopes, scopeOfflineAccess),
		Details: storage.JSON[directory.Details]{V: approval.Details}, Claims: storage.JSON[claimsRequest]{V: request.Claims},
	}))
	if err != nil {
		p.unusePushed(ctx, request.Pushed)
		return "", err
	}
	return response.GetCode(), nil
}

// approvable checks an approval against its request, and drops an organisation
// that no granted scope asks for.
func (p *Provider) approvable(ctx context.Context, request *AuthorizationRequest, approval *Approval) error {
	client, err := p.client(ctx, request.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound) || err == nil && !client.Active():
		return unauthorizedClient("the application is no longer active")
	case err != nil:
		return err
	case approval.PersonID == "" || approval.SessionID == "" || approval.AuthTime.IsZero():
		return serverError(errors.New("oauth: an approval without person, session or time"))
	case len(approval.Scopes) == 0 || !within(approval.Scopes, request.Scopes):
		return serverError(errors.New("oauth: an approval of scopes that were not asked for"))
	case !request.Details.Cover(approval.Details) || !within(approval.Scopes, request.ScopesWithin(approval.Details)):
		return serverError(errors.New("oauth: an approval beyond the authorization details that were asked for"))
	case request.HintSubject != "" && request.HintSubject != approval.PersonID:
		return fault(http.StatusBadRequest, "login_required", "another person signed in than id_token_hint names")
	}
	if request.NeedsOperator {
		approval.OrganisationID = ""
		return p.approvableForConsole(ctx, approval)
	}
	if !wantOrganisation(approval.Scopes) {
		approval.OrganisationID = ""
		return nil
	}
	if approval.OrganisationID == "" {
		return serverError(errors.New("oauth: an approval without the organisation that its scopes ask for"))
	}
	_, err = p.standing(ctx, approval.PersonID, approval.OrganisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return fault(http.StatusForbidden, "access_denied", "the person is not a member of the organisation")
	}
	return err
}

// Refuse answers a request with an error: 303 to the redirect URI with error,
// error_description, error_uri, state and iss (RFC 6749 §4.1.2.1, RFC 9207 §2). The code is
// access_denied or one of OpenID Connect Core §3.1.2.6: login_required,
// interaction_required, consent_required, account_selection_required.
func (p *Provider) Refuse(w http.ResponseWriter, r *http.Request, request *AuthorizationRequest, code, description string) {
	p.metrics.authorization(code)
	p.tell(w, r, redirectionOf(request), code, ascii(description))
}

// AuthorizeError answers an error of Authorize or Issue. When client and
// redirect URI are good it redirects and returns nil; otherwise it writes
// nothing and returns what to tell the person, since an unchecked redirect
// would make this server an open redirector (RFC 9700 §4.11).
func (p *Provider) AuthorizeError(w http.ResponseWriter, r *http.Request, err error) *PageError {
	e := asError(err)
	if e.to == nil {
		return &PageError{Code: e.Code, Description: e.Description, Status: e.Status}
	}
	p.tell(w, r, *e.to, e.Code, e.Description)
	return nil
}

// tell answers at the redirect URI with an error. That the answer could not be
// signed or written is for the log: there is nothing left to say it to.
func (p *Provider) tell(w http.ResponseWriter, r *http.Request, to redirection, code, description string) {
	parameters := url.Values{"error": {code}, "error_description": {description}}
	if uri := p.errorURI(code); uri != "" {
		parameters.Set("error_uri", uri)
	}
	if err := p.answer(w, to, parameters); err != nil {
		p.deps.Log.ErrorContext(r.Context(), "an authorization error was not told", "client", to.clientID, "error", err)
	}
}
