package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/idp/client"
	"propusk/idp/keys"
)

// The response modes (client.ResponseModes) that are looked at one by one. A name that
// ends with jwt means a signed response.
const (
	modeQuery       = "query"
	modeFormPost    = "form_post"
	modeJWT         = "jwt"
	modeFragmentJWT = "fragment.jwt"
)

var responseModes = client.ResponseModes()

// redirection is a redirect URI that was checked, what to hand back there, and
// how.
type redirection struct {
	uri, state string
	mode       string // one of responseModes; "" = query
	clientID   string
	algorithm  string // of a signed response
}

func (m redirection) signed() bool { return strings.HasSuffix(m.mode, modeJWT) }
func (m redirection) posted() bool { return strings.HasPrefix(m.mode, modeFormPost) }

// redirectionOf is where and how a checked request is answered.
func redirectionOf(request *AuthorizationRequest) redirection {
	return redirection{request.RedirectURI, request.State, request.ResponseMode, request.ClientID, request.ResponseAlg}
}

// knownMode is a mode as it was asked for; one that does not exist is answered by
// query.
func knownMode(mode string) string {
	if slices.Contains(responseModes, mode) {
		return mode
	}
	return modeQuery
}

// answerMode is a mode that was asked for, if the application may be answered by it, else
// the first by which it may: what refuses the mode is told by that.
func answerMode(client *registration, asked string) string {
	mode, answerable := knownMode(asked), client.Answerable()
	if slices.Contains(answerable, mode) {
		return mode
	}
	return answerable[0]
}

// refuseMode refuses a response mode that is not among the application's, and so also a
// request that names none where query, which that means, is not.
func refuseMode(client *registration, asked string) *Error {
	answerable := client.Answerable()
	if slices.Contains(answerable, knownMode(asked)) {
		return nil
	}
	refused := invalidRequest("the application is not answered by this response_mode")
	if client.SignsMessages() {
		refused = invalidRequest("the application must ask for signed responses, by response_mode")
	}
	return refused.because("one of "+strings.Join(answerable, ", "), shown(asked))
}

// responseLifetime is how long a signed response may be on its way (JARM §2.1
// recommends 10 minutes at most).
const responseLifetime = 10 * time.Minute

// answer gives an authorization response to the application, with state and iss
// (RFC 9207 §2); in a signed one both are claims (JARM §2.1).
func (p *Provider) answer(w http.ResponseWriter, to redirection, parameters url.Values) error {
	if to.state != "" {
		parameters.Set("state", to.state)
	}
	parameters.Set("iss", p.deps.Issuer)
	if to.signed() {
		response, err := p.signedResponse(to, parameters)
		if err != nil {
			return err
		}
		parameters = url.Values{"response": {response}}
	}
	w.Header().Set("Cache-Control", "no-store")
	if to.posted() {
		return writeFormPost(w, to.uri, parameters)
	}
	w.Header().Set("Location", to.uri+to.separator()+parameters.Encode())
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// separator joins the URI, whose own query stays as it was registered (RFC 6749
// §3.1.2), and the parameters.
func (m redirection) separator() string {
	switch {
	case m.mode == modeFragmentJWT:
		return "#"
	case strings.Contains(m.uri, "?"):
		return "&"
	}
	return "?"
}

// signedResponse is the response as a JWT (JARM §2.1).
func (p *Provider) signedResponse(to redirection, parameters url.Values) (string, error) {
	claims := map[string]any{"aud": to.clientID, "exp": p.deps.Now().Add(responseLifetime).Unix()}
	for name := range parameters {
		claims[name] = parameters.Get(name)
	}
	return p.sign(to.algorithm, keys.TypeJWT, claims)
}

// The page of the form post mode submits itself; without script its button does.
// Its policy names no form-action: browsers would hold the redirects after it to
// that, and where an application goes on to is its own business.
const submitScript = "document.forms[0].submit()"

var (
	formPostPage = template.Must(template.New("form_post").Parse(`<!DOCTYPE html>
<html lang="ru"><head><meta charset="utf-8"><title>Пропуск</title></head>
<body><form method="post" action="{{.URI}}">
{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<noscript><button>Продолжить / Continue</button></noscript>
</form><script>` + submitScript + `</script></body></html>
`))
	formPostPolicy = fmt.Sprintf("default-src 'none'; script-src 'sha256-%s'; base-uri 'none'; frame-ancestors 'none'", scriptDigest())
)

func scriptDigest() string {
	digest := sha256.Sum256([]byte(submitScript))
	return base64.StdEncoding.EncodeToString(digest[:])
}

type formField struct{ Name, Value string }

// writeFormPost answers with a form that the browser posts (OAuth 2.0 Form Post
// Response Mode §2). The URI has been checked against the client's and has one of
// the schemes that those may have, which is why it is not filtered again.
func writeFormPost(w http.ResponseWriter, uri string, parameters url.Values) error {
	page := struct {
		URI    template.URL
		Fields []formField
	}{URI: template.URL(uri)}
	for name := range parameters {
		page.Fields = append(page.Fields, formField{name, parameters.Get(name)})
	}
	slices.SortFunc(page.Fields, func(a, b formField) int { return strings.Compare(a.Name, b.Name) })
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", formPostPolicy)
	header.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusOK)
	return formPostPage.Execute(w, page)
}
