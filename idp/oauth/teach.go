package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"propusk/idp/possession"
)

// Errors that teach: where a refusal is a mismatch, error_description names what would
// have done and what came. Three rules keep that harmless.
//
//   - What came is repeated cut, in quotes that it cannot close, and without a character
//     that acts in HTML, a header or a log. A token is never repeated.
//   - What would have done is told only where it is no news: it stands in the metadata,
//     or whoever asks has authenticated as the client that it is a fact of. Strangers,
//     and public clients, whom anybody can claim to be, learn what everybody knows.
//   - The authorization endpoint speaks to a browser, whoever holds it: it repeats, and
//     says of the client nothing. The same request pushed is answered in full.

// longestShown bounds what is repeated of a request, in bytes.
const longestShown = 120

// secretive is what may be a token, a code or a key, and is not repeated.
var secretive = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}\.|[A-Za-z0-9_-]{43,}`)

// because returns the error with what was expected and what came; "" for what is not
// told, and "nothing" for what did not come.
func (e *Error) because(expected, received string) *Error {
	taught := *e
	if expected != "" {
		taught.Description += "; expected " + ascii(expected)
	}
	if received != "" {
		taught.Description += "; received " + ascii(received)
	}
	return &taught
}

// shown is text of a request as it may be repeated.
func shown(text string) string {
	switch {
	case text == "":
		return "nothing"
	case secretive.MatchString(text):
		return fmt.Sprintf("%d bytes that may be a secret", len(text))
	}
	cut := ""
	if len(text) > longestShown {
		text, cut = text[:longestShown], "..."
	}
	return "'" + strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || strings.ContainsRune("'\"\\<>&`", r) {
			return '?'
		}
		return r
	}, text) + cut + "'"
}

// shownList is shown of each of a few, one after the other.
func shownList(texts []string) string {
	const most = 4
	var all []string
	for i, text := range texts {
		if i == most {
			all = append(all, fmt.Sprintf("%d more", len(texts)-most))
			break
		}
		all = append(all, shown(text))
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// shownAudience is aud of a JWT as it came.
func shownAudience(a statedAudience) string {
	if a.text || len(a.audience) == 0 {
		return shownList(a.audience)
	}
	return "a list of " + shownList(a.audience)
}

// ahead is a time of a JWT by this server's clock, in whole seconds, as JWTs have them:
// "+90 s".
func ahead(at, now float64) string {
	if at == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%+.0f s by this server's clock", at-math.Floor(now))
}

// facts is what would have done, a fact of the client: told to it alone, and so not to
// whoever says that he is a public one.
func (r *registration) facts(expected string) string {
	if r == nil || r.Public() {
		return ""
	}
	return expected
}

// taughtOfRequest is the refusal of a pushed request with what the client has registered:
// the redirect URI that is most like the one that came, and its scopes. The
// authorization endpoint, which any browser asks, does not tell.
func (r *registration) taughtOfRequest(err error, form url.Values) error {
	e := asError(err)
	switch uri := form.Get("redirect_uri"); {
	case e.Description == errRedirect.Description && len(r.RedirectURIs) > 0:
		return e.because(r.facts("'"+nearest(uri, r.RedirectURIs)+"', the nearest"), shown(uri))
	case e.Description == errRedirect.Description:
		return e.because(r.facts("none: the client has no redirect URI"), shown(uri))
	case e.Code == "invalid_scope":
		for _, scope := range splitScope(form.Get("scope")) {
			if !slices.Contains(r.view.scopes, scope) {
				return errScope(r, scope)
			}
		}
	}
	return err
}

// errScope is a scope that the client has not registered for.
func errScope(r *registration, scope string) *Error {
	return invalidScope("a scope is none of the client's (RFC 6749 section 3.3)").
		because(r.facts("some of "+strings.Join(r.Scopes(), " ")), shown(scope))
}

// errResource is a resource that is not the API's (RFC 8707 §2).
func (p *Provider) errResource(asked string) *Error {
	return invalidTarget("there are no tokens for that resource (RFC 8707 section 2)").because("'"+p.deps.Audience+"'", shown(asked))
}

// shownKey is the thumbprint of a key as it came: long, and no secret.
func shownKey(thumbprint string) string {
	if isThumbprint(thumbprint) {
		return "'" + thumbprint + "'"
	}
	return shown(thumbprint)
}

// shownProof is what came in a proof, where it is a value that differs from another.
func shownProof(wrong *possession.Error) string {
	if wrong.Expected == "" {
		return ""
	}
	return shown(wrong.Received)
}

// provedKey is the key that a request has proved.
func provedKey(cnf *possession.Confirmation) string {
	if cnf == nil || cnf.Key == "" {
		return "no proof"
	}
	return "one by " + shownKey(cnf.Key)
}

// challengeOf is the S256 challenge of a verifier (RFC 7636 §4.2).
func challengeOf(verifier string) string {
	digest := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}
