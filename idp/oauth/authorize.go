package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ory/fosite"

	"propusk/idp/directory"
	"propusk/storage"
)

// AuthorizationRequest is a checked authorization request (RFC 6749 §4.1.1,
// OpenID Connect Core §3.1.2.1) that waits for its person. It marshals to JSON
// and back without loss.
type AuthorizationRequest struct {
	// ID names the request while it waits: 128 random bits. It is no proof of
	// anything; whoever keeps the request must bind it to the browser.
	ID         string `json:"id"`
	ClientID   string `json:"client_id"`
	ClientName string `json:"client_name"`
	// ClientNameEN is the name on English pages; ClientName when empty.
	ClientNameEN string `json:"client_name#en,omitempty"`
	RedirectURI  string `json:"redirect_uri"`
	// ResponseMode is how the answer reaches the application, and ResponseAlg what
	// a signed one is signed with; "" = by query, and as tokens are by default.
	ResponseMode string   `json:"response_mode,omitempty"`
	ResponseAlg  string   `json:"response_alg,omitempty"`
	State        string   `json:"state,omitempty"`
	Nonce        string   `json:"nonce,omitempty"`
	Scopes       []string `json:"scopes"`

	LoginHint    string   `json:"login_hint,omitempty"`
	Organisation string   `json:"organization,omitempty"` // the id asked for; "" = let the person choose
	Prompt       []string `json:"prompt,omitempty"`       // none, login, consent, select_account
	ACRValues    []string `json:"acr_values,omitempty"`
	UILocales    []string `json:"ui_locales,omitempty"`
	MaxAge       *int64   `json:"max_age,omitempty"` // seconds; nil = any age will do
	// HintSubject is the subject of a verified id_token_hint: who must come out
	// of the sign-in, "" = anyone (Core §3.1.2.1).
	HintSubject string `json:"hint_subject,omitempty"`
	// EssentialACR are the levels of which the sign-in must show one, or fail (Core
	// §5.5.1.1); none = any will do.
	EssentialACR []string `json:"essential_acr,omitempty"`
	// Claims are those asked for by name (Core §5.5).
	Claims claimsRequest `json:"claims,omitzero"`
	// Details are how far the access asked for is to reach (RFC 9396). Scopes has what
	// they bring along.
	Details directory.Details `json:"authorization_details,omitempty"`

	NeedsOrganisation bool   `json:"needs_organization"`       // a scope asks for one
	NeedsOperator     bool   `json:"needs_operator,omitempty"` // it is for the operators' console
	FirstParty        bool   `json:"first_party"`              // no consent page
	ClientRequiredACR string `json:"client_required_acr,omitempty"`

	// Pushed names the pushed request that it came by, which brings one code; ""
	// = it came with the browser.
	Pushed string `json:"pushed,omitempty"`

	// Form is what Issue rebuilds the request from.
	Form      url.Values   `json:"form"`
	CreatedAt storage.Time `json:"created_at"`
}

// Authorize checks an authorization request: the client, its exact redirect
// URI (RFC 9700 §2.1), PKCE with S256 (RFC 7636 §4.3), response type, scopes
// and the parameters of OpenID Connect. It does not look at the person or at
// membership. The error is an *Error; give it to AuthorizeError.
func (p *Provider) Authorize(ctx context.Context, r *http.Request) (*AuthorizationRequest, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		e := invalidRequest("the request must be a GET or a POST")
		e.Status = http.StatusMethodNotAllowed
		return nil, e
	}
	form, repeated := requestParameters(r)
	if form == nil {
		return nil, repeated
	}
	pushed := ""
	if strings.HasPrefix(form.Get("request_uri"), requestURIPrefix) && repeated == nil {
		// What else stands beside the reference does not count (RFC 9126 §4).
		var err error
		if form, pushed, err = p.pushed(ctx, form); err != nil {
			return nil, err
		}
	} else if repeated == nil {
		var err error
		if form, err = p.unpack(ctx, form); err != nil {
			return nil, err
		}
	}
	request, err := p.checkRequest(ctx, form, repeated, pushed != "")
	if err != nil {
		return nil, err
	}
	request.Pushed = pushed
	return request, nil
}

// checkRequest checks the parameters, pushed by the client or come with the
// browser. An error that may be told at the redirect URI says so.
func (p *Provider) checkRequest(ctx context.Context, form url.Values, repeated *Error, pushed bool) (*AuthorizationRequest, error) {
	client, to, err := p.audience(ctx, form, repeated)
	if err != nil {
		return nil, err
	}
	if refused := refuseMode(client, form.Get("response_mode")); refused != nil {
		return nil, refused.told(to)
	}
	if client.RequirePushed && !pushed {
		return nil, invalidRequest("the application must push its requests (RFC 9126 section 6)").told(to)
	}
	request, err := p.authorize(ctx, client, form, repeated)
	if err != nil {
		return nil, asError(err).told(to)
	}
	return request, nil
}

// audience finds whom an error may be told: until client and redirect URI are
// known to be good, nobody but the person (RFC 6749 §4.1.2.1).
func (p *Provider) audience(ctx context.Context, form url.Values, repeated *Error) (*registration, *redirection, error) {
	client, err := p.client(ctx, form.Get("client_id"))
	switch {
	case repeated != nil && (form.Get("client_id") == "" || form.Get("redirect_uri") == ""):
		return nil, nil, repeated
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil, fault(http.StatusBadRequest, "invalid_client", "the application is unknown")
	case err != nil:
		return nil, nil, serverError(err)
	case !client.Active():
		return nil, nil, unauthorizedClient("the application is disabled")
	case form.Get("redirect_uri") == "":
		return nil, nil, invalidRequest("redirect_uri is missing")
	case !client.Redirects(form.Get("redirect_uri")):
		return nil, nil, errRedirect
	}
	return client, &redirection{
		form.Get("redirect_uri"), form.Get("state"), answerMode(client, form.Get("response_mode")), client.ID, client.ResponseAlg,
	}, nil
}

// errRedirect is all that a browser is told of it; see taughtOfRequest.
var errRedirect = invalidRequest("redirect_uri is not one that the application has registered")

// authorize checks what may be answered to the client itself.
func (p *Provider) authorize(ctx context.Context, client *registration, form url.Values, repeated *Error) (*AuthorizationRequest, error) {
	if repeated != nil {
		return nil, repeated
	}
	if err := refuseUnsupported(form); err != nil {
		return nil, err
	}
	if err := requireProofKey(form); err != nil {
		return nil, err
	}
	if !slices.Contains(client.GrantTypes, GrantAuthorizationCode) {
		return nil, unauthorizedClient("the application may not use the authorization code flow")
	}
	request := &AuthorizationRequest{
		ID: rand.Text(), CreatedAt: p.now(),
		ClientID: client.ID, ClientName: client.Name, ClientNameEN: client.NameEN,
		FirstParty: client.FirstParty, ClientRequiredACR: client.RequiredACR,
		ResponseMode: knownMode(form.Get("response_mode")), ResponseAlg: client.ResponseAlg,
		RedirectURI: form.Get("redirect_uri"), State: form.Get("state"), Nonce: form.Get("nonce"),
		Scopes: splitScope(form.Get("scope")), Organisation: form.Get("organization"),
		LoginHint: form.Get("login_hint"),
		ACRValues: strings.Fields(form.Get("acr_values")), UILocales: strings.Fields(form.Get("ui_locales")),
		Form: kept(form),
	}
	request.takeDefaults(client)
	if err := p.readConnect(request, client, form); err != nil {
		return nil, err
	}
	if err := p.readClaims(request, client, form); err != nil {
		return nil, err
	}
	if err := p.readDetails(request, client, form); err != nil {
		return nil, err
	}
	if len(request.Scopes) == 0 {
		return nil, invalidScope("scope is missing")
	}
	if err := personsScopes(request.Scopes); err != nil {
		return nil, err
	}
	if err := p.checkResource(form, request.Scopes); err != nil {
		return nil, err
	}
	request.NeedsOperator = wantConsole(request.Scopes)
	request.NeedsOrganisation = wantOrganisation(request.Scopes)
	if request.Organisation != "" && !request.NeedsOrganisation {
		return nil, invalidRequest("the parameter organization goes with the scope organization or a permission")
	}
	if _, err := p.parse(ctx, request.Form); err != nil {
		return nil, err
	}
	return request, nil
}

// takeDefaults fills in what the client registered for requests that do not say
// (OpenID Connect Registration §2: default_max_age, default_acr_values).
func (request *AuthorizationRequest) takeDefaults(client *registration) {
	if client.DefaultMaxAge != nil {
		age := *client.DefaultMaxAge
		request.MaxAge = &age
	}
	if len(request.ACRValues) == 0 {
		request.ACRValues = slices.Clone(client.DefaultACRValues)
	}
}

// refuseUnsupported refuses clearly what would otherwise be ignored: request_uri
// above all, which would have us ask strangers' addresses (RFC 9101 §10.4).
func refuseUnsupported(form url.Values) *Error {
	for _, refused := range [...]struct{ name, code string }{
		{"request_uri", "request_uri_not_supported"}, {"registration", "registration_not_supported"},
	} {
		if form.Has(refused.name) {
			return fault(http.StatusBadRequest, refused.code, "the parameter %s is not supported", refused.name)
		}
	}
	switch {
	case !form.Has("response_type"):
		return invalidRequest("response_type is missing")
	case form.Get("response_type") != "code":
		return fault(http.StatusBadRequest, "unsupported_response_type", "the only response_type is code").
			because("'code'", shown(form.Get("response_type")))
	case form.Has("response_mode") && !slices.Contains(responseModes, form.Get("response_mode")):
		return invalidRequest("the response_mode is unknown").
			because("one of "+strings.Join(responseModes, ", "), shown(form.Get("response_mode")))
	}
	return nil
}

// isThumbprint tells whether a text is a SHA-256 digest in BASE64URL: an S256 code
// challenge (RFC 7636 §4.2), a key's thumbprint (RFC 7638).
func isThumbprint(text string) bool {
	return len(text) == 43 && !strings.ContainsFunc(text, func(c rune) bool { return !thumbprintLetter(c) })
}

func thumbprintLetter(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// thumbprintForm is what a SHA-256 digest looks like in a request.
const thumbprintForm = "43 characters of BASE64URL"

// requireProofKey wants PKCE with S256 of every client, before the person has
// worked through the sign-in; an absent method would mean plain (RFC 7636 §4.3).
func requireProofKey(form url.Values) *Error {
	switch {
	case !form.Has("code_challenge"):
		return invalidRequest("code_challenge is missing: PKCE is required (RFC 7636)")
	case form.Get("code_challenge_method") != "S256":
		return invalidRequest("code_challenge_method must be S256 (RFC 7636 section 4.3)").
			because("'S256'", shown(form.Get("code_challenge_method")))
	case !isThumbprint(form.Get("code_challenge")):
		return invalidRequest("code_challenge is not one of the method S256 (RFC 7636 section 4.2)").
			because(thumbprintForm, fmt.Sprintf("%d characters", len(form.Get("code_challenge"))))
	case form.Has("dpop_jkt") && !isThumbprint(form.Get("dpop_jkt")):
		return invalidRequest("dpop_jkt is not the SHA-256 thumbprint of a key (RFC 9449 section 10)").
			because(thumbprintForm, fmt.Sprintf("%d characters", len(form.Get("dpop_jkt"))))
	}
	return nil
}

var prompts = []string{"none", "login", "consent", "select_account"}

// readConnect reads prompt, max_age and id_token_hint (Core §3.1.2.1).
func (p *Provider) readConnect(request *AuthorizationRequest, client *registration, form url.Values) error {
	request.Prompt = strings.Fields(form.Get("prompt"))
	if !within(request.Prompt, prompts) {
		return invalidRequest("prompt has an unknown value").because("some of "+strings.Join(prompts, ", "), shown(form.Get("prompt")))
	}
	if slices.Contains(request.Prompt, "none") && len(request.Prompt) > 1 {
		return invalidRequest("prompt=none goes with nothing else").because("'none' alone", shown(form.Get("prompt")))
	}
	if form.Has("max_age") {
		age, err := strconv.ParseInt(form.Get("max_age"), 10, 32)
		if err != nil || age < 0 {
			return invalidRequest("max_age is a number of seconds").
				because("a whole number of at least 0", shown(form.Get("max_age")))
		}
		request.MaxAge = &age
	}
	if form.Has("id_token_hint") {
		hint, err := p.verifyIDTokenHint(form.Get("id_token_hint"))
		if err != nil {
			return errHint
		}
		if !slices.Contains(hint.Audience, request.ClientID) {
			return errHint.because("aud "+shown(request.ClientID), "aud "+shownList(hint.Audience))
		}
		request.HintSubject = p.personOfToken(hint.Subject)
	}
	return nil
}

// errHint is of a hint that is none of ours, or another application's.
var errHint = invalidRequest("id_token_hint is not an ID token that this server issued to the application")

// kept is the part of a request that its code is made from.
func kept(form url.Values) url.Values {
	kept := make(url.Values, len(form))
	for _, name := range [...]string{
		"client_id", "redirect_uri", "response_type", "scope", "state", "nonce",
		"code_challenge", "code_challenge_method", "dpop_jkt",
	} {
		if values := form[name]; len(values) > 0 {
			kept[name] = values[:1:1]
		}
	}
	return kept
}

// parse has fosite check a request. It is done twice, when the request comes
// and when its code is made, since the client may have changed meanwhile.
func (p *Provider) parse(ctx context.Context, form url.Values) (fosite.AuthorizeRequester, error) {
	r := (&http.Request{Method: http.MethodGet, Body: http.NoBody, Form: form}).WithContext(ctx)
	request, err := p.fosite.NewAuthorizeRequest(ctx, r)
	// fosite wants a state, which OAuth only recommends (RFC 6749 §4.1.1) and
	// PKCE makes dispensable (RFC 9700 §4.7.1). The check is its last, so a
	// request that fails nothing else is good.
	if err != nil && !errors.Is(err, fosite.ErrInvalidState) {
		return nil, err
	}
	return request, nil
}
