package oauth

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"propusk/idp/possession"
)

// userInfo is the answer of the userinfo endpoint (OpenID Connect Core §5.1,
// §5.3.2), and our claims org, roles and poa. What the person has not is left out.
type userInfo struct {
	Issuer   string `json:"iss,omitempty"` // with aud, of a signed one
	Audience string `json:"aud,omitempty"`
	Subject  string `json:"sub"`
	personClaims
	Organisation *organisation `json:"org,omitempty"`
	Roles        []string      `json:"roles,omitzero"`
	Power        *power        `json:"poa,omitempty"`

	client *registration
}

// UserInfo is the userinfo endpoint (OpenID Connect Core §5.3): for a live
// access token with the scope openid, what the token's scopes tell of its
// person. The token comes as RFC 6750 §2.1 or, in a POST, §2.2; never in the
// query. Refusals are challenges (RFC 6750 §3).
//
// It has answered when it returns; the error is for the log and for counting.
func (p *Provider) UserInfo(w http.ResponseWriter, r *http.Request) error {
	answer, err := p.userInfo(r)
	p.nextNonce(w, r)
	if err != nil {
		return p.challenge(w, err)
	}
	if err := p.writeUserInfo(r.Context(), w, answer); err != nil {
		return p.challenge(w, err)
	}
	return nil
}

// errNoToken is told without an error code (RFC 6750 §3.1).
var errNoToken = fault(http.StatusUnauthorized, "", "the request carries no access token")

func (p *Provider) userInfo(r *http.Request) (*userInfo, error) {
	scheme, raw, err := presentedToken(r)
	if err != nil {
		return nil, err
	}
	invalid := fault(http.StatusUnauthorized, "invalid_token", "the access token is unknown, expired or revoked")
	t, err := p.verifyAccessToken(raw)
	if err != nil || t.GrantID == "" {
		return nil, invalid
	}
	if err := p.possessed(r.Context(), r, scheme, raw, t); err != nil {
		return nil, err
	}
	if live, err := p.live(r.Context(), t); err != nil {
		return nil, err
	} else if !live {
		return nil, invalid
	}
	scopes := splitScope(t.Scope)
	if !slices.Contains(scopes, scopeOpenID) {
		return nil, fault(http.StatusForbidden, "insufficient_scope", "the access token lacks the scope openid")
	}
	return p.claimsOf(r.Context(), t, scopes)
}

// claimsOf tells what the scopes allow (Core §5.4), and what was asked for by name
// (§5.5). sub is what the client calls the person.
func (p *Provider) claimsOf(ctx context.Context, t *accessToken, scopes []string) (*userInfo, error) {
	person, err := p.deps.Directory.Person(ctx, t.person)
	if err != nil {
		return nil, err
	}
	client, err := p.client(ctx, t.ClientID)
	if err != nil {
		return nil, err
	}
	g, err := p.grant(ctx, t.GrantID)
	if err != nil {
		return nil, err
	}
	answer := &userInfo{client: client}
	if answer.Subject, err = p.subject(client, person.ID); err != nil {
		return nil, err
	}
	answer.want(g.Claims.V.UserInfo, person)
	for _, scope := range scopes {
		answer.add(scope, person)
	}
	answer.Organisation, answer.Roles, answer.Power = t.Organisation, t.Roles, t.Power
	return answer, nil
}

// presentedToken reads the access token of a request and the scheme it came by
// (RFC 6750 §2, RFC 9449 §7.1); it must come in one way only.
func presentedToken(r *http.Request) (scheme, token string, err error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		e := invalidRequest("the request must be a GET or a POST")
		e.Status = http.StatusMethodNotAllowed
		return "", "", e
	}
	inBody := ""
	if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, bad := bodyParameters(r)
		if bad != nil {
			return "", "", bad
		}
		inBody = form.Get("access_token")
	}
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) > 1 || len(headers) == 1 && inBody != "":
		return "", "", invalidRequest("the access token comes in more than one way (RFC 6750 section 2)")
	case inBody != "":
		return possession.Bearer, inBody, nil
	case len(headers) == 0:
		return "", "", errNoToken
	}
	name, token, _ := strings.Cut(headers[0], " ")
	scheme, known := possession.Scheme(name)
	if !known || token == "" {
		return "", "", errNoToken
	}
	return scheme, strings.TrimLeft(token, " "), nil
}

// challenge refuses a request to a protected resource (RFC 6750 §3).
func (p *Provider) challenge(w http.ResponseWriter, err error) error {
	e := asError(err)
	value := `Bearer realm="propusk"`
	if e.Code != "" {
		value += fmt.Sprintf(`, error="%s", error_description="%s"`, e.Code, e.Description)
	}
	if e.Code == "insufficient_scope" {
		value += `, scope="openid"`
	}
	if e.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "GET, POST")
	}
	if e.Status < http.StatusInternalServerError {
		w.Header().Set("WWW-Authenticate", value)
		w.Header().Add("WWW-Authenticate", possession.Challenge(e.Code, e.Description))
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(e.Status)
	return e
}
