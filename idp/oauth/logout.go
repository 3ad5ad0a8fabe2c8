package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"propusk/storage"
)

// Logout is a checked request to sign out (OpenID Connect RP-Initiated Logout
// §2). It marshals to JSON and back without loss.
type Logout struct {
	// ClientID is the application that asks; "" when it did not say.
	ClientID     string `json:"client_id,omitempty"`
	ClientName   string `json:"client_name,omitempty"`
	ClientNameEN string `json:"client_name#en,omitempty"`
	// PostLogoutRedirectURI is one that the application has registered, or "".
	PostLogoutRedirectURI string `json:"post_logout_redirect_uri,omitempty"`
	State                 string `json:"state,omitempty"`
	// SessionID and PersonID are whom id_token_hint speaks of. The hint may have
	// expired and is no proof: when it names another session than the browser's,
	// the person must be asked (§2).
	SessionID string `json:"sid,omitempty"`
	PersonID  string `json:"sub,omitempty"`
}

// ReturnURL is where the browser goes after the sign-out: the post-logout
// redirect URI with the state (§3); "" when there is none.
func (l Logout) ReturnURL() string {
	if l.PostLogoutRedirectURI == "" || l.State == "" {
		return l.PostLogoutRedirectURI
	}
	separator := "?"
	if strings.Contains(l.PostLogoutRedirectURI, "?") {
		separator = "&"
	}
	return l.PostLogoutRedirectURI + separator + url.Values{"state": {l.State}}.Encode()
}

// LogoutRequest checks a request to sign out. Its error, an *Error, is for a
// page: nothing is redirected to an address that was not checked (§3).
func (p *Provider) LogoutRequest(ctx context.Context, r *http.Request) (Logout, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		e := invalidRequest("the request must be a GET or a POST")
		e.Status = http.StatusMethodNotAllowed
		return Logout{}, e
	}
	form := url.Values{}
	if r.Method == http.MethodGet || r.ContentLength != 0 {
		var bad *Error
		if form, bad = requestParameters(r); bad != nil {
			return Logout{}, bad
		}
	}
	logout := Logout{ClientID: form.Get("client_id"), State: form.Get("state")}
	if form.Has("id_token_hint") {
		if bad := p.readHint(&logout, form.Get("id_token_hint")); bad != nil {
			return Logout{}, bad
		}
	}
	return p.returnTo(ctx, logout, form.Get("post_logout_redirect_uri"))
}

// readHint takes client, session and person from the ID token.
func (p *Provider) readHint(logout *Logout, token string) *Error {
	hint, err := p.verifyIDTokenHint(token)
	if err != nil || len(hint.Audience) == 0 {
		return invalidRequest("id_token_hint is not an ID token that this server issued")
	}
	if logout.ClientID == "" {
		logout.ClientID = hint.Audience[0]
	}
	if !slices.Contains(hint.Audience, logout.ClientID) {
		return invalidRequest("client_id is not whom the id_token_hint was issued to")
	}
	logout.SessionID, logout.PersonID = p.personOfToken(hint.SessionID), p.personOfToken(hint.Subject)
	return nil
}

// returnTo checks the post-logout redirect URI against its client's, as strings.
func (p *Provider) returnTo(ctx context.Context, logout Logout, uri string) (Logout, error) {
	if logout.ClientID == "" {
		if uri != "" {
			return Logout{}, invalidRequest("post_logout_redirect_uri goes with client_id or id_token_hint")
		}
		return logout, nil
	}
	client, err := p.client(ctx, logout.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return Logout{}, fault(http.StatusBadRequest, "invalid_client", "the application is unknown")
	}
	if err != nil {
		return Logout{}, serverError(err)
	}
	if uri != "" && !slices.Contains(client.PostLogoutRedirectURIs, uri) {
		return Logout{}, invalidRequest("post_logout_redirect_uri is not one that the application has registered")
	}
	logout.ClientName, logout.ClientNameEN, logout.PostLogoutRedirectURI = client.Name, client.NameEN, uri
	return logout, nil
}
