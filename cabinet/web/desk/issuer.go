package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// errUnavailable: the issuer or the API does not answer, or not sensibly.
var errUnavailable = errors.New("desk: a server does not answer")

// errGrantOver: the issuer no longer honours the refresh token.
var errGrantOver = errors.New("desk: the grant is over")

// errRefused: the issuer refuses, in the terms of RFC 6749 §5.2.
var errRefused = errors.New("desk: the issuer refuses")

// issuer is the OpenID provider. It is discovered on first use and then kept;
// a failed discovery is tried again by the next request.
type issuer struct {
	deps   Deps
	scopes []string

	mutex sync.Mutex
	found *provider
	nonce string // the last that the issuer gave for proofs (RFC 9449 §8)
}

// provider is a discovered issuer.
type provider struct {
	verifier *oidc.IDTokenVerifier
	metadata metadata
}

// metadata is what we go by of it (RFC 8414 §2, RFC 9126 §5).
type metadata struct {
	Authorize  string `json:"authorization_endpoint"`
	Token      string `json:"token_endpoint"`
	Push       string `json:"pushed_authorization_request_endpoint"`
	EndSession string `json:"end_session_endpoint"` // "" = the issuer has none
}

// discover reads the issuer's metadata (OpenID Connect Discovery §4) once.
func (i *issuer) discover(ctx context.Context) (*provider, error) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.found != nil {
		return i.found, nil
	}
	// The key set outlives the request, so it must not hang on its context.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), i.deps.HTTPClient)
	known, err := oidc.NewProvider(ctx, i.deps.Issuer)
	if err != nil {
		return nil, errors.Join(errUnavailable, fmt.Errorf("discover the issuer: %w", err))
	}
	p := &provider{verifier: known.VerifierContext(ctx, &oidc.Config{ClientID: i.deps.ClientID, Now: i.deps.Now})}
	if err := known.Claims(&p.metadata); err != nil {
		return nil, fmt.Errorf("read the issuer's metadata: %w", err)
	}
	if p.metadata.Push == "" {
		return nil, fmt.Errorf("%w: the issuer takes no pushed requests", errUnavailable)
	}
	i.found = p
	return p, nil
}

// push sends the authorization request ahead (RFC 9126 §2.1), bound to the key of
// the session to come (RFC 9449 §10.1), and gives the address that the browser is
// sent to.
func (i *issuer) push(ctx context.Context, key proofKey, request url.Values) (string, error) {
	p, err := i.discover(ctx)
	if err != nil {
		return "", err
	}
	request.Set("response_type", "code")
	request.Set("redirect_uri", i.deps.URL+i.deps.House.at(Callback))
	if !request.Has("scope") {
		request.Set("scope", strings.Join(i.scopes, " "))
	}
	request.Set("dpop_jkt", key.thumbprint())
	if resource := i.deps.House.Resource; resource != "" {
		request.Set("resource", i.deps.Issuer+resource)
	}
	var pushed struct {
		URI string `json:"request_uri"`
	}
	if err := i.post(ctx, key, p.metadata.Push, request, &pushed); err != nil {
		return "", fmt.Errorf("push the authorization request: %w", err)
	}
	return p.metadata.Authorize + "?" + url.Values{"client_id": {i.deps.ClientID}, "request_uri": {pushed.URI}}.Encode(), nil
}

// granted is a token answer (RFC 6749 §5.1).
type granted struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope"`
	ExpiresIn    int64  `json:"expires_in"`
}

// redeem changes a code for tokens and verifies the ID token and its nonce
// (OpenID Connect Core §3.1.3.7).
func (i *issuer) redeem(ctx context.Context, code string, begun *attempt) (got tokens, subject string, err error) {
	p, err := i.discover(ctx)
	if err != nil {
		return got, "", err
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {begun.Verifier}, "redirect_uri": {i.deps.URL + i.deps.House.at(Callback)},
	}
	answer, err := i.token(ctx, p, begun.Key, form)
	if err != nil {
		return got, "", fmt.Errorf("redeem the code: %w", err)
	}
	id, err := p.verifier.Verify(oidc.ClientContext(ctx, i.deps.HTTPClient), answer.IDToken)
	if err != nil {
		return got, "", fmt.Errorf("verify the ID token: %w", err)
	}
	if id.Nonce != begun.Nonce {
		return got, "", errors.New("the ID token has another nonce")
	}
	return i.held(answer), id.Subject, nil
}

func (i *issuer) held(answer *granted) tokens {
	return tokens{
		Access: answer.AccessToken, Refresh: answer.RefreshToken, ID: answer.IDToken, Scope: answer.Scope,
		Expiry: i.deps.Now().Add(time.Duration(answer.ExpiresIn) * time.Second),
	}
}

// refresh renews tokens (RFC 6749 §6), for another organisation when one is
// named. The new ID token must be about the same person (OpenID Connect Core
// §12.2).
func (i *issuer) refresh(ctx context.Context, old *session, organisation string) (tokens, error) {
	p, err := i.discover(ctx)
	if err != nil {
		return tokens{}, err
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.Tokens.Refresh}}
	if organisation != "" {
		form.Set("organization", organisation)
	}
	answer, err := i.token(ctx, p, old.Key, form)
	if errors.Is(err, errRefused) {
		return tokens{}, errors.Join(errGrantOver, err)
	}
	if err != nil {
		return tokens{}, err
	}
	renewed := i.held(answer)
	if renewed.Refresh == "" {
		renewed.Refresh = old.Tokens.Refresh
	}
	if renewed.Scope == "" {
		renewed.Scope = old.Tokens.Scope
	}
	if renewed.ID == "" {
		renewed.ID = old.Tokens.ID
		return renewed, nil
	}
	id, err := p.verifier.Verify(oidc.ClientContext(ctx, i.deps.HTTPClient), renewed.ID)
	if err != nil || id.Subject != old.Subject {
		return tokens{}, errors.Join(errGrantOver, fmt.Errorf("the refreshed ID token: %w", err))
	}
	return renewed, nil
}

// token asks the token endpoint for tokens that are bound to the session's key. One
// that is bound to none is not taken: whoever stole it could use it.
func (i *issuer) token(ctx context.Context, p *provider, raw []byte, form url.Values) (*granted, error) {
	key, err := readProofKey(raw)
	if err != nil {
		return nil, err
	}
	answer := new(granted)
	if err := i.post(ctx, key, p.metadata.Token, form, answer); err != nil {
		return nil, err
	}
	if !strings.EqualFold(answer.TokenType, "DPoP") {
		return nil, fmt.Errorf("%w: a token of the type %q", errRefused, answer.TokenType)
	}
	return answer, nil
}

// post sends a form as the client, with a proof of possession, and once more when
// the issuer wants its nonce in the proof (RFC 9449 §8).
func (i *issuer) post(ctx context.Context, key proofKey, to string, form url.Values, into any) error {
	nonce := i.lastNonce()
	code, given, err := i.postOnce(ctx, key, nonce, to, form, into)
	if given != "" && given != nonce {
		i.keepNonce(given)
	}
	if code == "use_dpop_nonce" && given != "" {
		_, _, err = i.postOnce(ctx, key, given, to, form, into)
	}
	return err
}

// postOnce makes one attempt. code is the refusal's error code, given the nonce
// that the issuer gave. A refusal in the terms of RFC 6749 §5.2 is errRefused.
func (i *issuer) postOnce(ctx context.Context, key proofKey, nonce, to string, form url.Values, into any) (code, given string, err error) {
	if err := i.deps.ClientKey.authenticate(form, i.deps.ClientID, i.deps.Issuer, i.deps.Now()); err != nil {
		return "", "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", fmt.Errorf("ask the issuer: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := key.prove(r, "", nonce, i.deps.Now()); err != nil {
		return "", "", err
	}
	answer, err := i.deps.HTTPClient.Do(r)
	if err != nil {
		return "", "", errors.Join(errUnavailable, fmt.Errorf("ask the issuer: %w", err))
	}
	defer answer.Body.Close()
	given = answer.Header.Get("DPoP-Nonce")
	code, err = readAnswer(answer, into)
	return code, given, err
}

// readAnswer reads what the issuer says, or its refusal.
func readAnswer(answer *http.Response, into any) (code string, err error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return "", errors.Join(errUnavailable, fmt.Errorf("read the issuer's answer: %w", err))
	}
	if answer.StatusCode < http.StatusMultipleChoices {
		if err := json.Unmarshal(body, into); err != nil {
			return "", errors.Join(errUnavailable, fmt.Errorf("read the issuer's answer: %w", err))
		}
		return "", nil
	}
	var refused struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &refused) == nil && refused.Error != "" && answer.StatusCode < http.StatusInternalServerError {
		return refused.Error, fmt.Errorf("%w: %s", errRefused, refused.Error)
	}
	return "", fmt.Errorf("%w: the issuer answers %s", errUnavailable, answer.Status)
}

func (i *issuer) lastNonce() string {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	return i.nonce
}

func (i *issuer) keepNonce(nonce string) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.nonce = nonce
}
