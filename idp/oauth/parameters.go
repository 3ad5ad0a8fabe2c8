package oauth

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
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
	var body bytes.Buffer
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
	form, err := url.ParseQuery(body.String())
	if err != nil {
		return nil, invalidRequest("the body is not a form")
	}
	return singleParameters(form)
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
	form, err := url.ParseQuery(r.URL.RawQuery)
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
