package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/idp/jws"
	"propusk/storage"
)

// Signed authorization requests (RFC 9101): the parameters come as the claims of
// a JWT that the client signed. They are taken out and checked before fosite sees
// the request, which would take unsigned ones.

// objectLongest is how long an object may be good, from nbf to exp, and how old nbf may
// be: what FAPI 2.0 Message Signing §5.3.1 asks for.
const objectLongest = time.Hour

// noParameters are the claims that say how good the object is.
var noParameters = []string{"iss", "aud", "exp", "nbf", "iat", "jti"}

func invalidObject(format string, args ...any) *Error {
	return fault(http.StatusBadRequest, "invalid_request_object", format, args...)
}

// unpack returns the request's parameters: those of its request object when it
// has one, and then no others (RFC 9101 §6.3), else as they are. Its errors are
// for the person, since a redirect URI that nobody signed is none.
func (p *Provider) unpack(ctx context.Context, form url.Values) (url.Values, error) {
	client, err := p.client(ctx, form.Get("client_id"))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return form, nil // whoever checks the parameters says so
	case err != nil:
		return nil, serverError(err)
	case !form.Has("request") && client.RequireSigned:
		return nil, invalidRequest("the application must sign its requests (RFC 9101 section 10.5)")
	case !form.Has("request"):
		return form, nil
	case form.Has("request_uri"):
		return nil, invalidRequest("request and request_uri exclude each other (RFC 9101 section 5)")
	}
	object, err := p.openObject(ctx, client, form.Get("request"))
	if err != nil {
		return nil, err
	}
	payload, err := p.verifyClientJWT(ctx, client, object, client.RequestObjectAlg, requestObjectTypes)
	if errors.Is(err, errClientJWT) {
		return nil, invalidObject("the request object is not one that the application signed")
	}
	if err != nil {
		return nil, err
	}
	if err := p.checkObject(client, payload); err != nil {
		return nil, err
	}
	return objectParameters(client, payload)
}

// checkObject checks for whom, by whom and when (RFC 9101 §4, §10.8). iss, aud
// and exp, which the RFC recommends, are required: an object for another server
// or of last year must not do.
func (p *Provider) checkObject(client *registration, payload string) error {
	claims, ok := readAssertionClaims(payload)
	if !ok {
		return invalidObject("the claims of the request object cannot be read")
	}
	switch {
	case claims.Issuer != client.ID:
		return invalidObject("iss of the request object must be the client_id (RFC 9101 section 4)").
			because("'"+client.ID+"'", shown(claims.Issuer))
	case claims.Subject == client.ID: // whoever sees the browser's request would have a client assertion
		return invalidObject("sub of the request object must not be the client_id (RFC 9101 section 10.8)")
	case !slices.Contains(claims.Audience.audience, p.deps.Issuer):
		return invalidObject("aud of the request object must be the issuer (RFC 9101 section 4)").
			because("'"+p.deps.Issuer+"'", shownAudience(claims.Audience))
	case claims.NotBefore == 0 && client.SignsMessages(): // FAPI 2.0 Message Signing §5.3.1
		return invalidObject("nbf of the request object is missing")
	}
	return checkObjectTimes(claims, float64(p.deps.Now().UnixMilli())/1000)
}

// checkObjectTimes checks when an object is good (RFC 9101 §4; FAPI 2.0 Message Signing
// §5.3.1, Security Profile §5.3.2.1 clause 13). An hour counts from nbf, which a client's
// clock may put a little ahead of now; without nbf from now.
func checkObjectTimes(claims assertionClaims, now float64) error {
	begins := claims.NotBefore
	if begins == 0 {
		begins = now
	}
	switch {
	case claims.ExpiresAt == 0:
		return invalidObject("exp of the request object is missing")
	case now >= claims.ExpiresAt:
		return invalidObject("the request object has expired").because("exp ahead of now", "exp "+ahead(claims.ExpiresAt, now))
	case begins > now+clockAhead.Seconds(), claims.IssuedAt > now+clockAhead.Seconds():
		return invalidObject("the request object is of the future: compare the clocks").
			because(fmt.Sprintf("iat and nbf at most %.0f s ahead", clockAhead.Seconds()), "iat "+ahead(claims.IssuedAt, now)+", nbf "+ahead(claims.NotBefore, now))
	case begins < now-objectLongest.Seconds():
		return invalidObject("nbf of the request object is more than an hour ago").
			because(fmt.Sprintf("nbf within %.0f s", objectLongest.Seconds()), ahead(claims.NotBefore, now))
	case claims.ExpiresAt > begins+objectLongest.Seconds():
		return invalidObject("exp of the request object must be at most an hour after nbf").
			because(fmt.Sprintf("at most %.0f s", objectLongest.Seconds()), fmt.Sprintf("%.0f s", claims.ExpiresAt-begins))
	}
	return nil
}

// objectParameters turns claims into parameters: text as it is, numbers as they
// are written, objects as JSON.
func objectParameters(client *registration, payload string) (url.Values, error) {
	form := make(url.Values)
	var bad error
	err := jws.Members(payload, func(name string, raw jws.Value) bool {
		if slices.Contains(noParameters, name) {
			return true
		}
		value, err := objectParameter(name, raw)
		switch {
		case err != nil:
			bad = invalidObject("the parameter '%.40s' of the request object is neither text nor a number nor an object", name)
		case name == "request" || name == "request_uri":
			bad = invalidObject("a request object holds no %s (RFC 9101 section 4)", name)
		case value != "":
			form.Set(name, value)
		}
		return bad == nil
	})
	switch {
	case bad != nil:
		return nil, bad
	case err != nil:
		return nil, invalidObject("the claims of the request object cannot be read")
	case form.Get("client_id") != client.ID:
		return nil, invalidObject("client_id of the request object must be that of the request (RFC 9101 section 5)").
			because("'"+client.ID+"'", shown(form.Get("client_id")))
	}
	return form, nil
}

func objectParameter(name string, raw jws.Value) (value string, err error) {
	switch {
	case raw.IsNull():
		return "", nil
	case raw.IsText():
		if !raw.Text(&value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			err = errors.New("oauth: a parameter with control characters")
		}
		return value, err
	case raw[0] == '[' && name == parameterDetails: // RFC 9396 §3
		return string(raw), nil
	case raw[0] == '{', raw[0] >= '0' && raw[0] <= '9', raw[0] == '-':
		return string(raw), nil
	}
	return "", errors.New("oauth: a parameter of no known kind")
}
