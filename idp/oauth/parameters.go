package oauth

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// maxBody bounds a request's body and its query, in bytes.
const maxBody = 64 << 10

// bodyParameters reads the parameters of a POST (RFC 6749 §3.2): a form in the
// body, each parameter once, those without a value left out. The query is not
// looked at, since what stands in a URI ends in logs (§2.3.1).
func bodyParameters(r *http.Request) (url.Values, *Error) {
	if r.Method != http.MethodPost {
		e := invalidRequest("the request must be a POST")
		e.Status = http.StatusMethodNotAllowed
		return nil, e
	}
	if !isForm(r.Header.Get("Content-Type")) {
		return nil, invalidRequest("the Content-Type is another").because("'"+formType+"'", shown(r.Header.Get("Content-Type")))
	}
	if r.PostForm != nil { // someone before us has read the body
		return singleParameters(r.PostForm)
	}
	body := bodies.Get().(*bytes.Buffer)
	defer giveBack(body)
	body.Grow(int(min(max(r.ContentLength, 0), maxBody)) + bytes.MinRead) // read at once, as a rule
	_, err := body.ReadFrom(io.LimitReader(r.Body, maxBody+1))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) || body.Len() > maxBody {
		e := invalidRequest("the body is larger than %d bytes", maxBody)
		e.Status = http.StatusRequestEntityTooLarge
		return nil, e
	}
	if err != nil {
		return nil, invalidRequest("the body could not be read")
	}
	form, err := parseForm(body.String())
	if err != nil {
		return nil, invalidRequest("the body is not a form")
	}
	return singleParameters(form)
}

// parseForm is [url.ParseQuery], with room for all of a request's parameters made at
// once. The error says only that it is not a form.
func parseForm(text string) (url.Values, error) {
	expected := min(strings.Count(text, "&")+1, manyParameters)
	form, room := make(url.Values, expected), make([]string, 0, expected)
	for text != "" {
		var pair string
		if pair, text, _ = strings.Cut(text, "&"); pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, bad := url.QueryUnescape(name)
		value, worse := url.QueryUnescape(value)
		if bad != nil || worse != nil || strings.Contains(pair, ";") {
			return nil, errForm
		}
		if values, again := form[name]; again || len(room) == cap(room) {
			form[name] = append(values, value)
			continue
		}
		room = append(room, value)
		form[name] = room[len(room)-1 : len(room) : len(room)]
	}
	return form, nil
}

// manyParameters are more than any request has.
const manyParameters = 48

var errForm = errors.New("oauth: not a form")

// bodies are where forms are read into.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// giveBack keeps nothing of what was read, which may be a secret.
func giveBack(body *bytes.Buffer) {
	clear(body.Bytes())
	body.Reset()
	if body.Cap() <= 8<<10 {
		bodies.Put(body)
	}
}

const formType = "application/x-www-form-urlencoded"

// isForm reads a Content-Type; what every client sends is not parsed.
func isForm(contentType string) bool {
	if contentType == formType {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == formType
}

// requestParameters reads the parameters of a GET from its query and of a POST
// from its body (OpenID Connect Core §3.1.2.1), never a mixture of both.
func requestParameters(r *http.Request) (url.Values, *Error) {
	if r.Method == http.MethodPost {
		return bodyParameters(r)
	}
	if len(r.URL.RawQuery) > maxBody {
		return nil, invalidRequest("the query is larger than %d bytes", maxBody)
	}
	form, err := parseForm(r.URL.RawQuery)
	if err != nil {
		return nil, invalidRequest("the query is not a form")
	}
	return singleParameters(form)
}

// singleParameters enforces RFC 6749 §3.1 and §3.2: a parameter must not come
// twice, and one without a value counts as left out. What came once is returned
// with the error, for an authorization error may have to be redirected.
func singleParameters(form url.Values) (url.Values, *Error) {
	if eachOnce(form) {
		return form, nil
	}
	single := make(url.Values, len(form))
	var repeated *Error
	for name, values := range form {
		switch {
		case len(values) > 1:
			repeated = invalidRequest("the parameter '%.40s' came more than once", name)
		case values[0] != "":
			single[name] = values
		}
	}
	return single, repeated
}

// eachOnce tells that nothing needs leaving out, as is the rule.
func eachOnce(form url.Values) bool {
	for _, values := range form {
		if len(values) != 1 || values[0] == "" {
			return false
		}
	}
	return true
}
