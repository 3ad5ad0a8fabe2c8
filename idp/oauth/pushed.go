package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"propusk/idp/possession"
	"propusk/storage"
)

// Pushed authorization requests (RFC 9126): the client sends its request from
// server to server, authenticated, and the browser carries only a reference.

// requestURIPrefix is how the references begin (RFC 9126 §2.2).
const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// usedFor is how long it is remembered that a pushed request brought a code:
// longer than any sign-in that began with it can take.
const usedFor = 2 * time.Hour

// pushedRequest is what a reference stands for.
type pushedRequest struct {
	ClientID string     `json:"client_id"`
	Form     url.Values `json:"form"`
}

// appendJSON writes it as encoding/json would, but for the order of the form's names.
func (r pushedRequest) appendJSON(b []byte) []byte {
	o := jsonObject{b: append(b, '{')}
	o.text("client_id", r.ClientID)
	o.name("form")
	form := jsonObject{b: append(o.b, '{')}
	for name, values := range r.Form {
		form.b = appendText(form.comma(), name)
		form.b = append(form.b, ':')
		form.list(values)
	}
	return append(form.b, "}}"...)
}

// pushedResponse is the answer to a pushed request (RFC 9126 §2.2).
type pushedResponse struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
}

func (r *pushedResponse) appendJSON(b []byte) []byte {
	o := jsonObject{b: append(b, '{')}
	o.text("request_uri", r.RequestURI)
	o.number("expires_in", r.ExpiresIn)
	return append(o.b, '}')
}

// Push is the pushed authorization request endpoint (RFC 9126 §2). The request is
// checked as the authorization endpoint would check it, and the client is told
// here of what is wrong (§2.3). A DPoP proof binds the code to its key (RFC 9449
// §10.1).
//
// It has answered when it returns; the error is for the log and for counting.
func (p *Provider) Push(w http.ResponseWriter, r *http.Request) error {
	answer, err := p.push(r)
	p.nextNonce(w, r)
	if err != nil {
		return p.writeError(w, r, asError(err))
	}
	return writeEncoded(w, http.StatusCreated, answer.appendJSON(make([]byte, 0, 256)))
}

func (p *Provider) push(r *http.Request) (*pushedResponse, error) {
	ctx := r.Context()
	form, bad := bodyParameters(r)
	if bad != nil {
		return nil, bad
	}
	client, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	if err := p.pushable(ctx, client); err != nil {
		return nil, err
	}
	if form.Has("request_uri") {
		return nil, invalidRequest("request_uri cannot be pushed (RFC 9126 section 2.1)")
	}
	if form, err = p.unpack(ctx, withoutCredentials(form, client.ID)); err != nil {
		return nil, err
	}
	if err := p.bindRequest(r, form); err != nil {
		return nil, err
	}
	if _, err := p.checkRequest(ctx, form, nil, true); err != nil {
		return nil, client.taughtOfRequest(err, form)
	}
	return p.keepRequest(ctx, pushedRequest{client.ID, form})
}

// withoutCredentials is the request as the authorization endpoint takes it.
func withoutCredentials(form url.Values, clientID string) url.Values {
	request := make(url.Values, len(form))
	for name, values := range form {
		switch name {
		case "client_secret", "client_assertion", "client_assertion_type":
		default:
			request[name] = values
		}
	}
	request.Set("client_id", clientID)
	return request
}

// bindRequest makes the key of a DPoP proof the one that the code is bound to,
// which dpop_jkt may say too but not otherwise (RFC 9449 §10.1).
func (p *Provider) bindRequest(r *http.Request, form url.Values) error {
	if r.Header[possession.Header] == nil {
		return nil
	}
	key, err := p.proofs.Check(r.Context(), r.Header, possession.Want{Method: r.Method, URLs: p.addresses(r)})
	if err != nil {
		return proofError(err)
	}
	if form.Has("dpop_jkt") && form.Get("dpop_jkt") != key {
		return fault(http.StatusBadRequest, "invalid_dpop_proof", "dpop_jkt is not the key of the proof").because("'"+key+"', the thumbprint of the proof's key", shownKey(form.Get("dpop_jkt")))
	}
	form.Set("dpop_jkt", key)
	return nil
}

// keepRequest keeps a request under a reference of 256 random bits, by its hash:
// who can read the short-lived state cannot use what is there.
func (p *Provider) keepRequest(ctx context.Context, request pushedRequest) (*pushedResponse, error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	reference := base64.RawURLEncoding.EncodeToString(random)
	value := request.appendJSON(make([]byte, 0, 1024))
	lifetime := p.deps.Lifetimes.PushedRequest
	if err := p.deps.Ephemeral.Put(ctx, pushedKey(reference), value, lifetime); err != nil {
		return nil, fmt.Errorf("keep a pushed request: %w", err)
	}
	return &pushedResponse{requestURIPrefix + reference, int64(lifetime.Seconds())}, nil
}

func pushedKey(reference string) string { return "oauth:pushed:" + codeSignature(reference) }
func usedKey(id string) string          { return "oauth:pushed-used:" + id }

// pushedID names a pushed request in an AuthorizationRequest, which is no secret.
func pushedID(reference string) string {
	digest := sha256.Sum256([]byte("used " + reference))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// errRequestURI is shown to the person: whom else it concerns is not known.
var errRequestURI = fault(http.StatusBadRequest, "invalid_request_uri",
	"the request_uri is unknown, expired, used or of another application; the application must begin anew")

// pushed finds the request that a reference stands for. It is not used up by
// this: the page may be loaded again, or fetched ahead by a browser, until a code
// was issued (RFC 9126 §4).
func (p *Provider) pushed(ctx context.Context, form url.Values) (url.Values, string, error) {
	reference := strings.TrimPrefix(form.Get("request_uri"), requestURIPrefix)
	value, err := p.deps.Ephemeral.Get(ctx, pushedKey(reference))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, "", errRequestURI
	}
	if err != nil {
		return nil, "", fmt.Errorf("find a pushed request: %w", err)
	}
	var request pushedRequest
	if err := json.Unmarshal(value, &request); err != nil {
		return nil, "", fmt.Errorf("read a pushed request: %w", err)
	}
	if request.ClientID != form.Get("client_id") { // RFC 9126 §2.2, RFC 9101 §5
		return nil, "", errRequestURI
	}
	id := pushedID(reference)
	switch _, err := p.deps.Ephemeral.Get(ctx, usedKey(id)); {
	case err == nil:
		return nil, "", errRequestURI
	case !errors.Is(err, storage.ErrNotFound):
		return nil, "", fmt.Errorf("look whether a pushed request was used: %w", err)
	}
	return request.Form, id, nil
}

// usePushed marks the pushed request of a code as used: of two sign-ins that
// began with it, one gets a code.
func (p *Provider) usePushed(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	err := p.deps.Ephemeral.Add(ctx, usedKey(id), []byte{1}, usedFor)
	if errors.Is(err, storage.ErrExists) {
		return invalidRequest("the pushed request was used before")
	}
	if err != nil {
		return fmt.Errorf("mark a pushed request as used: %w", err)
	}
	return nil
}

// unusePushed takes the mark back when no code came of it.
func (p *Provider) unusePushed(ctx context.Context, id string) {
	if id == "" {
		return
	}
	if err := p.deps.Ephemeral.Delete(context.WithoutCancel(ctx), usedKey(id)); err != nil {
		p.deps.Log.WarnContext(ctx, "a pushed request that brought no code counts as used", "error", err)
	}
}
