package oauth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"propusk/idp/jws"
	"propusk/storage"
)

// credentials are what a request says of its client.
type credentials struct {
	id, secret string
	method     string
	assertion  *jws.Signed // of private_key_jwt; nil = it is no JWT of ours
}

// authenticate finds the client of a request and checks that it is the one it
// claims to be (RFC 6749 §2.3), by the one method it is registered with: a
// secret must not be accepted where its client would not send it. Unknown
// client, wrong secret, wrong method and disabled client are one answer.
func (p *Provider) authenticate(r *http.Request, form url.Values) (*registration, error) {
	presented, bad := p.readCredentials(r, form)
	if bad != nil {
		return nil, bad
	}
	client, err := p.client(r.Context(), presented.id)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	authentic := false
	if client == nil || client.KeepsSecret() { // the comparison is made for unknown clients too
		var known *Client
		if client != nil {
			known = &client.Client
		}
		authentic = known.Authentic(presented.secret, p.now())
	}
	if client == nil || !client.Active() {
		return nil, errAuthentication
	}
	if !client.KeepsSecret() {
		authentic, err = p.proves(r, client, presented)
	} else if client.TokenEndpointAuthMethod != presented.method {
		authentic = false
	}
	if err == nil && !authentic {
		err = errAuthentication
	}
	if err == nil {
		err = p.allowFrom(r.Context(), client)
	}
	if err != nil {
		return nil, err
	}
	p.deps.Clients.Used(client.ID)
	return client, nil
}

var errAuthentication = invalidClient("client authentication failed")

// proves reports whether the request comes from a client that has no secret: by
// a signed assertion, by its certificate, or, of a public one, by its word.
func (p *Provider) proves(r *http.Request, client *registration, presented credentials) (bool, error) {
	switch method := client.TokenEndpointAuthMethod; method {
	case AuthNone:
		return presented.method == AuthNone, nil
	case AuthTLS, AuthSelfSignedTLS: // client_id alone says who it is (RFC 8705 §2)
		if presented.method != AuthNone {
			return false, nil
		}
		return p.certified(r.Context(), r, client)
	case AuthPrivateKeyJWT:
		if presented.method != method {
			return false, nil
		}
		err := p.asserted(r.Context(), client, presented.assertion)
		return err == nil, err
	}
	return false, nil
}

// readCredentials reads HTTP Basic (§2.3.1) or the parameters client_id and
// client_secret. More than one method in a request is refused (§2.3).
func (p *Provider) readCredentials(r *http.Request, form url.Values) (credentials, *Error) {
	switch {
	case form.Has("client_assertion") || form.Has("client_assertion_type"):
		return p.readAssertion(r, form)
	case len(r.Header.Values("Authorization")) > 1:
		return credentials{}, invalidRequest("there is more than one Authorization header")
	case r.Header.Get("Authorization") != "":
		c, bad := readBasic(r.Header.Get("Authorization"))
		switch {
		case bad != nil:
			return credentials{}, bad
		case form.Has("client_secret"):
			return credentials{}, invalidRequest("the client authenticates in more than one way (RFC 6749 section 2.3)")
		case form.Has("client_id") && form.Get("client_id") != c.id:
			return credentials{}, invalidRequest("client_id is not the client that authenticates").
				because(shown(c.id)+", as the Authorization header has it", shown(form.Get("client_id")))
		}
		return c, nil
	case !form.Has("client_id"):
		return credentials{}, invalidClient("the client does not say who it is")
	case form.Has("client_secret"):
		return credentials{id: form.Get("client_id"), secret: form.Get("client_secret"), method: AuthPost}, nil
	default:
		return credentials{id: form.Get("client_id"), method: AuthNone}, nil
	}
}

var errBasic = invalidClient("the Authorization header is not HTTP Basic with form-encoded client_id and client_secret")

// readBasic reads HTTP Basic (RFC 7617 §2). Both halves were form-encoded before
// they were joined (RFC 6749 §2.3.1).
func readBasic(authorization string) (credentials, *Error) {
	scheme, encoded, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return credentials{}, errBasic
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return credentials{}, errBasic
	}
	rawID, rawSecret, colon := strings.Cut(string(raw), ":")
	id, err1 := url.QueryUnescape(rawID)
	secret, err2 := url.QueryUnescape(rawSecret)
	if !colon || err1 != nil || err2 != nil || id == "" {
		return credentials{}, errBasic
	}
	return credentials{id: id, secret: secret, method: AuthBasic}, nil
}

// readAssertion reads client_assertion (RFC 7523 §2.2), beside which client_id
// may be left out.
func (p *Provider) readAssertion(r *http.Request, form url.Values) (credentials, *Error) {
	c := credentials{id: form.Get("client_id"), method: AuthPrivateKeyJWT, assertion: p.clientJWT(form.Get("client_assertion"))}
	switch {
	case r.Header.Get("Authorization") != "" || form.Has("client_secret"):
		return credentials{}, invalidRequest("the client authenticates in more than one way (RFC 6749 section 2.3)")
	case form.Get("client_assertion_type") != assertionType:
		return credentials{}, invalidClient("client_assertion_type is another").because("'"+assertionType+"'", shown(form.Get("client_assertion_type")))
	case c.id == "":
		c.id = subjectOf(c.assertion)
	}
	return c, nil
}
