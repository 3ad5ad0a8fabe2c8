package signature

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// maxRemote bounds an outside service's answer in bytes.
const maxRemote = 1 << 20

// RemoteDeps is what a Remote needs.
type RemoteDeps struct {
	// URL is where questions are posted; https, or http on this very machine.
	URL string
	// Token is sent as a bearer token when it is set.
	Token string
	// Client is one of 20 seconds that follows no redirect when nil.
	Client *http.Client
}

// Remote lets an outside service judge, such as a certified means of electronic
// signature behind a small adapter. The question is a POST of JSON
//
//	{"signature": base64, "content": base64, "at": RFC 3339,
//	 "expect": {"snils", "inn", "inn_le", "ogrn"}}
//
// and the answer a Verdict as JSON with status 200. A service that knows fewer
// checks leaves the others out; accepted is its word.
type Remote struct{ deps RemoteDeps }

var _ Verifier = (*Remote)(nil)

// NewRemote makes a verifier that asks the service at a URL.
func NewRemote(deps RemoteDeps) (*Remote, error) {
	u, err := url.Parse(deps.URL)
	if err != nil {
		return nil, fmt.Errorf("signature: address of the verifier: %w", err)
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, errors.New("signature: the verifier's address must be https")
	}
	if deps.Client == nil {
		deps.Client = &http.Client{
			Timeout: 20 * time.Second,
			// The document would go on to whoever the answer names, over http too.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &Remote{deps}, nil
}

type remoteRequest struct {
	Signature []byte            `json:"signature"`
	Content   []byte            `json:"content"`
	At        time.Time         `json:"at,omitzero"`
	Expect    map[string]string `json:"expect,omitempty"`
}

// Verify asks the service. Whatever is not a clear answer is an error.
func (r *Remote) Verify(ctx context.Context, request Request) (Verdict, error) {
	if len(request.Signature) > MaxSignature {
		v := Verdict{At: request.At}
		v.record(CheckFormat, faultf(TooLarge, "%d bytes", len(request.Signature)))
		return v.finish(CheckNames), nil
	}
	body, err := json.Marshal(remoteRequest{
		Signature: request.Signature, Content: request.Content, At: request.At, Expect: request.Expect.fields(),
	})
	if err != nil {
		return Verdict{}, fmt.Errorf("signature: %w", err)
	}
	answer, err := r.post(ctx, body)
	if err != nil {
		return Verdict{}, fmt.Errorf("signature: ask the verifier: %w", err)
	}
	var v Verdict
	if err := json.Unmarshal(answer, &v); err != nil {
		return Verdict{}, fmt.Errorf("signature: the verifier's answer: %w", err)
	}
	if v.contradictory() {
		return Verdict{}, errors.New("signature: the verifier's answer contradicts itself")
	}
	return r.confirm(v, request.Expect)
}

// contradictory reports whether code, acceptance and checks say different things.
func (v Verdict) contradictory() bool {
	return v.Code == "" || v.Accepted != (v.Code == OK) || v.Accepted && firstFailure(v.Checks) != ""
}

// confirm does not leave to a stranger what this side can see for itself: an
// accepted signature has an owner with right numbers, and the one expected.
func (r *Remote) confirm(v Verdict, expect Expectation) (Verdict, error) {
	if !v.Accepted {
		return v, nil
	}
	if v.Subject == nil {
		return Verdict{}, errors.New("signature: the verifier accepted nobody's signature")
	}
	for _, n := range numbers {
		if value := *n.field(v.Subject); value != "" && !n.valid(value) {
			return Verdict{}, faultf(n.code, "in the verifier's answer")
		}
	}
	if fault := v.Subject.settle(); fault != nil { // no number at all would be nobody
		return Verdict{}, faultf(fault.Code, "in the verifier's answer")
	}
	if fault := v.Subject.match(expect); fault != nil {
		v.Accepted, v.Code = false, fault.Code
		v.Checks = append(v.Checks, Check{Name: CheckSubject, Status: Failed, Code: fault.Code, Detail: fault.Detail})
	}
	return v, nil
}

func (r *Remote) post(ctx context.Context, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.deps.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if r.deps.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.deps.Token)
	}
	response, err := r.deps.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return nil, ErrBusy
	default:
		return nil, fmt.Errorf("HTTP status %d", response.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxRemote+1))
	if err == nil && len(answer) > maxRemote {
		err = fmt.Errorf("larger than %d bytes", maxRemote)
	}
	return answer, err
}

func (e Expectation) fields() map[string]string {
	fields := map[string]string{}
	for name, value := range map[string]string{"snils": e.SNILS, "inn": e.INN, "inn_le": e.INNLE, "ogrn": e.OGRN} {
		if value != "" {
			fields[name] = value
		}
	}
	return fields
}
