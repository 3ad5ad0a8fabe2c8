package httpsig

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	requestComponents  = []string{`"@method"`, `"@authority"`, `"@path"`, `"@query"`, `"content-type"`, `"content-digest"`}
	responseComponents = []string{
		`"@status"`, `"content-type"`, `"content-digest"`, `"@method";req`, `"@path";req`, `"@query";req`, `"signature";req;key="sig1"`,
	}
)

// message is what a component's value is taken from: a request, or a response
// with the request that it answers.
type message struct {
	request *http.Request
	header  http.Header // the signed message's own
	status  int         // of a response; 0 = a request
}

// value is a component's value (RFC 9421 §2). Only those of the profile are known.
func (m message) value(component string) (string, bool) {
	switch component {
	case `"@method"`, `"@method";req`:
		return m.request.Method, true
	case `"@authority"`:
		return authorityOf(m.request), true
	case `"@path"`, `"@path";req`:
		path := m.request.URL.EscapedPath()
		if path == "" {
			path = "/"
		}
		return path, true
	case `"@query"`, `"@query";req`:
		return "?" + m.request.URL.RawQuery, true
	case `"@status"`:
		return strconv.Itoa(m.status), m.status != 0
	case `"content-type"`:
		return strings.TrimSpace(m.header.Get("Content-Type")), true
	case `"content-digest"`:
		return m.header.Get("Content-Digest"), true
	case `"signature";req;key="sig1"`:
		signature, found := strings.CutPrefix(m.request.Header.Get("Signature"), label+"=")
		return signature, found
	}
	return "", false
}

// authorityOf is the target's host as RFC 9421 §2.2.3 writes it: in lower case,
// without the scheme's own port.
func authorityOf(r *http.Request) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return normalHost(host)
}

func normalHost(host string) string {
	host = strings.ToLower(host)
	for _, port := range []string{":80", ":443"} {
		host = strings.TrimSuffix(host, port)
	}
	return host
}

// base is the signature base (RFC 9421 §2.5).
func (m message) base(in input) ([]byte, error) {
	var b strings.Builder
	for _, component := range in.components {
		value, known := m.value(component)
		if !known {
			return nil, errors.New("httpsig: " + component + " is covered and cannot be had")
		}
		b.WriteString(component + ": " + value + "\n")
	}
	b.WriteString(`"@signature-params": ` + in.text)
	return []byte(b.String()), nil
}

// covers reports whether exactly the components wanted are covered, in any order.
func (in input) covers(wanted []string) bool {
	given := slices.Clone(in.components)
	wanted = slices.Clone(wanted)
	slices.Sort(given)
	slices.Sort(wanted)
	return slices.Equal(given, wanted)
}

// digest is the body's Content-Digest (RFC 9530).
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// SignRequest sets Content-Digest, Signature-Input and Signature of a request
// with this body, whose Content-Type is set already.
func (s *Signer) SignRequest(r *http.Request, body []byte, now time.Time) error {
	return s.sets(message{request: r, header: r.Header}, requestComponents, body, now)
}

// SignResponse does the same for the answer, with this header, status and body, to
// the signed request.
func (s *Signer) SignResponse(header http.Header, status int, body []byte, request *http.Request, now time.Time) error {
	return s.sets(message{request: request, header: header, status: status}, responseComponents, body, now)
}

func (s *Signer) sets(m message, components []string, body []byte, now time.Time) error {
	m.header.Set("Content-Digest", digest(body))
	in := input{components: components, created: now, nonce: rand.Text(), keyID: s.ID, alg: s.alg}
	in.text = in.String()
	base, err := m.base(in)
	if err != nil {
		return err
	}
	signature, err := s.sign(base)
	if err != nil {
		return err
	}
	m.header.Set("Signature-Input", label+"="+in.text)
	m.header.Set("Signature", label+"=:"+base64.StdEncoding.EncodeToString(signature)+":")
	return nil
}
