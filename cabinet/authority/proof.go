package authority

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/authority/httpsig"
)

// Proof is what shows, years later, that a body has taken a submission: the head of
// our signed request, with the digest of what it carried, and the body's signed
// answer to exactly this request.
type Proof struct {
	Method  string      `json:"method"`
	URL     string      `json:"url"`
	Request http.Header `json:"request"` // what its signature covers, and the signature
	Status  int         `json:"status"`
	Answer  http.Header `json:"answer"`
	Body    string      `json:"body"` // of the answer
}

// signedHeaders are those of a message that its signature is verified from.
var signedHeaders = []string{"Content-Type", "Content-Digest", "Signature-Input", "Signature"}

func newProof(req *http.Request, resp *http.Response, answer []byte) *Proof {
	p := &Proof{Method: req.Method, URL: req.URL.String(), Request: http.Header{}, Status: resp.StatusCode, Answer: http.Header{}, Body: string(answer)}
	for _, name := range signedHeaders {
		p.Request[name] = req.Header.Values(name)
		p.Answer[name] = resp.Header.Values(name)
	}
	return p
}

// text is the proof as it is stored, "" of none.
func (p *Proof) text() (string, error) {
	if p == nil {
		return "", nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("authority: write the proof: %w", err)
	}
	return string(text), nil
}

func parseProof(text string) (*Proof, error) {
	var p Proof
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("authority: read the proof: %w", err)
	}
	return &p, nil
}

// Verify reports whether the answer was signed by one of the keys, and is the one to
// this request. It gives the digest of what was sent (Content-Digest, RFC 9530) and
// the time that the body signed at. The time itself is not judged: it is the proof's.
func (p *Proof) Verify(keys ...httpsig.Public) (digest string, at time.Time, err error) {
	address, err := url.Parse(p.URL)
	if err != nil {
		return "", at, fmt.Errorf("authority: verify the proof: %w", err)
	}
	if at, err = httpsig.Created(p.Answer); err != nil {
		return "", at, fmt.Errorf("authority: verify the proof: %w", err)
	}
	v := httpsig.Verifier{Now: func() time.Time { return at }, Key: func(id string) (httpsig.Public, bool) {
		for _, k := range keys {
			if k.ID == id {
				return k, true
			}
		}
		return httpsig.Public{}, false
	}}
	request := &http.Request{Method: p.Method, URL: address, Host: address.Host, Header: p.Request}
	_, err = v.Response(&http.Response{StatusCode: p.Status, Header: p.Answer}, []byte(p.Body), request)
	if err != nil {
		return "", at, fmt.Errorf("authority: verify the proof: %w", err)
	}
	return p.Request.Get("Content-Digest"), at, nil
}
