package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ory/fosite"

	"propusk/idp/directory"
)

// tokenResponse is a successful answer of the token endpoint (RFC 6749 §5.1,
// OpenID Connect Core §3.1.3.3).
type tokenResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	// IssuedTokenType is of an exchanged token (RFC 8693 §2.2.1).
	IssuedTokenType string `json:"issued_token_type,omitempty"`
	ExpiresIn       int64  `json:"expires_in"` // seconds
	RefreshToken    string `json:"refresh_token,omitempty"`
	IDToken         string `json:"id_token,omitempty"`
	Scope           string `json:"scope"`
	// Details are how far the access token reaches (RFC 9396 §7).
	Details directory.Details `json:"authorization_details,omitempty"`
}

// grantTypes are those that the token endpoint knows.
var grantTypes = []string{
	GrantAuthorizationCode, GrantRefreshToken, GrantClientCredentials,
	GrantDeviceCode, GrantCIBA, GrantTokenExchange, GrantJWTBearer,
}

// Token is the token endpoint (RFC 6749 §3.2) for the grants authorization_code
// (§4.1.3 with RFC 7636 §4.5), refresh_token (§6), client_credentials (§4.4),
// device_code (RFC 8628 §3.4), ciba (CIBA §10.1), token-exchange (RFC 8693 §2.1) and
// jwt-bearer (RFC 7523 §2.1).
// It has answered when it returns; the error, an *Error, is for the log and for
// counting failures. Codes are spent and refresh tokens rotated by
// one conditional statement each; client credentials touch no row.
func (p *Provider) Token(w http.ResponseWriter, r *http.Request) error {
	x := &exchange{began: p.now(), grantType: "unknown"}
	response, err := func() (*tokenResponse, error) {
		form, bad := bodyParameters(r)
		if bad != nil {
			return nil, bad
		}
		if slices.Contains(grantTypes, form.Get("grant_type")) {
			x.grantType = form.Get("grant_type")
		}
		return p.token(r, x, form)
	}()
	p.nextNonce(w, r)
	if err != nil {
		e := asError(err)
		p.metrics.token(x.grantType, e.Code)
		return p.writeError(w, r, e)
	}
	p.metrics.grants(x.grantType)
	return writeEncoded(w, http.StatusOK, response.appendJSON(make([]byte, 0, response.size())))
}

// token is the pipeline: grant type, client, what the client may, what it holds,
// exchange.
func (p *Provider) token(r *http.Request, x *exchange, form url.Values) (*tokenResponse, error) {
	switch {
	case !form.Has("grant_type"):
		return nil, invalidRequest("grant_type is missing")
	case x.grantType == "unknown":
		// fosite would call this invalid_request (RFC 6749 §5.2).
		return nil, fault(http.StatusBadRequest, "unsupported_grant_type", "the server does not know the grant type").
			because("one of grant_types_supported in its metadata", shown(form.Get("grant_type")))
	}
	var err error
	if x.client, err = p.authenticateFor(r, x, form); err != nil {
		return nil, err
	}
	if !slices.Contains(x.client.GrantTypes, x.grantType) {
		return nil, unauthorizedClient("the client may not use the grant type %s", x.grantType).
			because(x.client.facts("one of "+strings.Join(x.client.GrantTypes, " ")), "")
	}
	if missing := missingParameter(x.grantType, form); missing != "" {
		return nil, invalidRequest("%s is missing", missing)
	}
	if resource := form.Get("resource"); resource != "" && !p.knownResource(resource, x.grantType) {
		return nil, p.errResource(resource)
	}
	if x.confirmation, err = p.confirm(r, x.client); err != nil {
		return nil, err
	}
	switch x.grantType {
	case GrantClientCredentials:
		return p.clientCredentials(r.Context(), x, form)
	case GrantDeviceCode:
		return p.fetch(r.Context(), x, waitingDevice, form.Get("device_code"))
	case GrantCIBA:
		return p.fetch(r.Context(), x, waitingCIBA, form.Get("auth_req_id"))
	case GrantTokenExchange:
		return p.exchangeTokens(r, x, form)
	case GrantJWTBearer:
		return p.bearer(r, x, form)
	case GrantAuthorizationCode:
		return p.redeem(r.Context(), x, form)
	default:
		return p.refreshed(r, x, form)
	}
}

// missingParameter names what a grant type cannot do without.
func missingParameter(grantType string, form url.Values) string {
	var required []string
	switch grantType {
	case GrantAuthorizationCode:
		required = []string{"code", "redirect_uri", "code_verifier"}
	case GrantRefreshToken:
		required = []string{"refresh_token"}
	case GrantDeviceCode:
		required = []string{"device_code"}
	case GrantCIBA:
		required = []string{"auth_req_id"}
	case GrantTokenExchange:
		required = []string{"subject_token", "subject_token_type"}
	case GrantJWTBearer:
		required = []string{"assertion"}
	}
	for _, name := range required {
		if !form.Has(name) {
			return name
		}
	}
	return ""
}

// refreshed has fosite's handlers, of which refreshHandler is the only one, turn the
// request into tokens.
func (p *Provider) refreshed(r *http.Request, x *exchange, form url.Values) (*tokenResponse, error) {
	ctx := x.in(r.Context())
	// fosite looks at the method and the form; the form is the checked one.
	checked := &http.Request{Method: http.MethodPost, Body: http.NoBody, Form: form, PostForm: form}
	request, err := p.fosite.NewAccessRequest(ctx, checked.WithContext(ctx), newSession(nil))
	if err != nil {
		return nil, err
	}
	response, err := p.fosite.NewAccessResponse(ctx, request)
	if err != nil {
		return nil, err
	}
	extra := func(name string) string { s, _ := response.GetExtra(name).(string); return s }
	seconds, _ := response.GetExtra("expires_in").(int64)
	if wantConsole(splitScope(request.GetSession().(*session).grant.Scope)) {
		seconds = min(seconds, int64(consoleLifetime.Seconds()))
	}
	if power := request.GetSession().(*session).owner.power; power != nil {
		seconds = min(seconds, max(power.ends-p.deps.Now().Unix(), 0))
	}
	return &tokenResponse{
		AccessToken: response.GetAccessToken(), TokenType: tokenType(x.confirmation), ExpiresIn: seconds,
		RefreshToken: extra("refresh_token"), IDToken: extra("id_token"), Scope: extra("scope"),
		Details: request.GetSession().(*session).details,
	}, nil
}

// authenticated hands fosite the client that Token has authenticated.
func (p *Provider) authenticated(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
	return exchangeOf(ctx).client.view, nil
}

// writeJSON answers with what must not be stored (RFC 6749 §5.1).
func (p *Provider) writeJSON(w http.ResponseWriter, status int, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return writeEncoded(w, status, encoded)
}

// The values of headers that every answer has. Set would make a slice of each
// for each answer.
var (
	applicationJSON = []string{"application/json"}
	noStore         = []string{"no-store"}
)

func writeEncoded(w http.ResponseWriter, status int, encoded []byte) error {
	header := w.Header()
	header["Content-Type"] = applicationJSON
	header["Cache-Control"] = noStore
	w.WriteHeader(status)
	_, err := w.Write(encoded)
	return err
}

// writeError answers with an error (RFC 6749 §5.2) and returns it. A client that
// tried HTTP Basic is told so by a challenge.
func (p *Provider) writeError(w http.ResponseWriter, r *http.Request, e *Error) error {
	if e.Code == "invalid_client" && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="propusk", charset="UTF-8"`)
	}
	if e.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds())))
	}
	err := p.writeJSON(w, e.Status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		URI         string `json:"error_uri,omitempty"`
	}{e.Code, e.Description, p.errorURI(e.Code)})
	return errors.Join(e, err)
}
