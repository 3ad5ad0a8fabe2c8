package web

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
	"golang.org/x/oauth2"
)

// errUnavailable: the issuer or the API does not answer, or not sensibly.
var errUnavailable = errors.New("cabinet/web: a server does not answer")

// errGrantOver: the issuer no longer honours the refresh token.
var errGrantOver = errors.New("cabinet/web: the grant is over")

// issuer is the OpenID provider. It is discovered on first use and then kept;
// a failed discovery is tried again by the next request.
type issuer struct {
	deps Deps

	mutex sync.Mutex
	found *provider
}

// provider is a discovered issuer.
type provider struct {
	oauth      oauth2.Config
	verifier   *oidc.IDTokenVerifier
	endSession string // end_session_endpoint; "" = the issuer has none
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
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := known.Claims(&more); err != nil {
		return nil, fmt.Errorf("read the issuer's metadata: %w", err)
	}
	endpoint := known.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	i.found = &provider{
		oauth: oauth2.Config{
			ClientID: i.deps.ClientID, ClientSecret: i.deps.ClientSecret, Endpoint: endpoint,
			RedirectURL: i.deps.URL + CallbackPath, Scopes: Scopes,
		},
		verifier:   known.VerifierContext(ctx, &oidc.Config{ClientID: i.deps.ClientID, Now: i.deps.Now}),
		endSession: more.EndSession,
	}
	return i.found, nil
}

// redeem changes a code for tokens and verifies the ID token and its nonce
// (OpenID Connect Core §3.1.3.7).
func (i *issuer) redeem(ctx context.Context, code string, begun *attempt) (tokens, string, error) {
	p, err := i.discover(ctx)
	if err != nil {
		return tokens{}, "", err
	}
	ctx = oidc.ClientContext(ctx, i.deps.HTTPClient)
	got, err := p.oauth.Exchange(ctx, code, oauth2.VerifierOption(begun.Verifier))
	if err != nil {
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode != "" {
			return tokens{}, "", fmt.Errorf("redeem the code: %w", err)
		}
		return tokens{}, "", errors.Join(errUnavailable, fmt.Errorf("redeem the code: %w", err))
	}
	raw, _ := got.Extra("id_token").(string)
	id, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return tokens{}, "", fmt.Errorf("verify the ID token: %w", err)
	}
	if id.Nonce != begun.Nonce {
		return tokens{}, "", errors.New("the ID token has another nonce")
	}
	expiry := i.deps.Now().Add(time.Duration(got.ExpiresIn) * time.Second)
	return tokens{Access: got.AccessToken, Refresh: got.RefreshToken, ID: raw, Expiry: expiry}, id.Subject, nil
}

// refresh renews tokens (RFC 6749 §6), for another organisation when one is
// named: x/oauth2 cannot send that parameter, so the request is made here. The
// new ID token must be about the same person (OpenID Connect Core §12.2).
func (i *issuer) refresh(ctx context.Context, old *session, organisation string) (tokens, error) {
	p, err := i.discover(ctx)
	if err != nil {
		return tokens{}, err
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.Tokens.Refresh}}
	if organisation != "" {
		form.Set("organization", organisation)
	}
	var got struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		IDToken      string `json:"id_token"`
		ExpiresIn    int64  `json:"expires_in"`
	}
	if err := i.post(ctx, p.oauth.Endpoint.TokenURL, form, &got); err != nil {
		return tokens{}, err
	}
	renewed := tokens{
		Access: got.AccessToken, Refresh: got.RefreshToken, ID: got.IDToken,
		Expiry: i.deps.Now().Add(time.Duration(got.ExpiresIn) * time.Second),
	}
	if renewed.Refresh == "" {
		renewed.Refresh = old.Tokens.Refresh
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

// post sends a form to the token endpoint as the client and reads the answer.
// A refusal in the terms of RFC 6749 §5.2 is errGrantOver.
func (i *issuer) post(ctx context.Context, to string, form url.Values, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("ask for tokens: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(i.deps.ClientID), url.QueryEscape(i.deps.ClientSecret))
	answer, err := i.deps.HTTPClient.Do(r)
	if err != nil {
		return errors.Join(errUnavailable, fmt.Errorf("ask for tokens: %w", err))
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return errors.Join(errUnavailable, fmt.Errorf("read the tokens: %w", err))
	}
	if answer.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, into); err != nil {
			return errors.Join(errUnavailable, fmt.Errorf("read the tokens: %w", err))
		}
		return nil
	}
	var refused struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &refused) == nil && refused.Error != "" && answer.StatusCode < http.StatusInternalServerError {
		return fmt.Errorf("%w: %s", errGrantOver, refused.Error)
	}
	return fmt.Errorf("%w: the token endpoint answers %s", errUnavailable, answer.Status)
}
