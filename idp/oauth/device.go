package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

// The device authorization grant (RFC 8628): a machine without a browser shows a
// short code, and the person types it at another one.

const (
	// deviceLifetime is how long the person has to type the code and sign in.
	deviceLifetime = 10 * time.Minute
	// userCodeAlphabet has no vowels, so that no words come of it, and nothing that
	// is taken for something else (RFC 8628 §6.1). Eight of them are 34 bits, which
	// only hold with a limit on guesses; idp has it (§5.1).
	userCodeAlphabet = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength   = 8
	// maxWaitingText bounds what of a request is kept while it waits, in bytes: it
	// takes its place in the short-lived state for a quarter of an hour.
	maxWaitingText = 256
	// userCodeTries is how often another code is made when one is taken.
	userCodeTries = 5
)

// devicePath is the page where people enter the code.
const devicePath = "/device"

// deviceResponse is the answer to a device (RFC 8628 §3.2).
type deviceResponse struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"` // seconds
	Interval                int64  `json:"interval"`   // seconds
}

// DeviceAuthorization is the device authorization endpoint (RFC 8628 §3.1). A
// confidential client authenticates, a public one names itself.
//
// It has answered when it returns; the error is for the log and for counting.
func (p *Provider) DeviceAuthorization(w http.ResponseWriter, r *http.Request) error {
	answer, err := p.beginDevice(r)
	if err != nil {
		return p.writeError(w, r, asError(err))
	}
	return p.writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) beginDevice(r *http.Request) (*deviceResponse, error) {
	ctx := r.Context()
	form, bad := bodyParameters(r)
	if bad != nil {
		return nil, bad
	}
	client, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(client.GrantTypes, GrantDeviceCode) {
		return nil, unauthorizedClient("the client may not use the device authorization grant")
	}
	request, err := p.askedElsewhere(client, form)
	if err != nil {
		return nil, err
	}
	from := journal.From(ctx)
	code := newCode()
	waiting := &Waiting{
		ID: codeSignature(code), Kind: waitingDevice, Request: request, IP: from.IP, UserAgent: from.UserAgent,
		CreatedAt: p.now(), ExpiresAt: p.now().Add(deviceLifetime),
	}
	if waiting.UserCode, err = p.takeUserCode(ctx, waiting.ID); err != nil {
		return nil, err
	}
	if err := p.keepWaiting(ctx, waiting); err != nil {
		return nil, err
	}
	return p.deviceResponse(code, waiting.UserCode), nil
}

func (p *Provider) deviceResponse(code, userCode string) *deviceResponse {
	return &deviceResponse{
		DeviceCode: code, UserCode: userCode, VerificationURI: p.deps.Issuer + devicePath,
		VerificationURIComplete: p.VerificationURI(userCode),
		ExpiresIn:               int64(deviceLifetime.Seconds()), Interval: int64(pollInterval.Seconds()),
	}
}

// VerificationURI is verification_uri_complete (RFC 8628 §3.3.1): what a QR code
// holds. The page it leads to still asks whether the code is the device's.
func (p *Provider) VerificationURI(userCode string) string {
	return p.deps.Issuer + devicePath + "?" + url.Values{"user_code": {userCode}}.Encode()
}

// askedElsewhere checks what a client asks of a person at another machine, for a
// device or by the backchannel. The consent page is always shown: what stands on it
// is all that tells the person's own request from a stranger's (RFC 8628 §5.4).
func (p *Provider) askedElsewhere(client *registration, form url.Values) (*AuthorizationRequest, error) {
	request := &AuthorizationRequest{
		ID: rand.Text(), CreatedAt: p.now(),
		ClientID: client.ID, ClientName: client.Name, ClientNameEN: client.NameEN,
		FirstParty: client.FirstParty, ClientRequiredACR: client.RequiredACR,
		Scopes: splitScope(form.Get("scope")), Organisation: form.Get("organization"),
		ACRValues: strings.Fields(form.Get("acr_values")), Prompt: []string{"consent"}, Form: url.Values{},
	}
	if err := p.readDetails(request, client, form); err != nil {
		return nil, err
	}
	switch {
	case len(request.Scopes) == 0:
		return nil, invalidScope("scope is missing")
	case len(request.Organisation) > maxWaitingText || len(form.Get("acr_values")) > maxWaitingText:
		return nil, invalidRequest("organization or acr_values has more than %d bytes", maxWaitingText)
	case form.Has(parameterDetails):
		// Ignored, the token would reach further than the client thinks.
		return nil, invalidDetails("authorization_details goes with authorization, pushed and token requests")
	case form.Has("resource") && form.Get("resource") != p.deps.Audience:
		return nil, p.errResource(form.Get("resource"))
	}
	for _, scope := range request.Scopes {
		if !slices.Contains(client.view.scopes, scope) {
			return nil, errScope(client, scope)
		}
	}
	if wantConsole(request.Scopes) {
		return nil, invalidScope("the operators' console is entered by authorization_code alone")
	}
	if err := personsScopes(request.Scopes); err != nil {
		return nil, err
	}
	request.NeedsOrganisation = wantOrganisation(request.Scopes)
	if request.Organisation != "" && !request.NeedsOrganisation {
		return nil, invalidRequest("the parameter organization goes with the scope organization or a permission")
	}
	return request, nil
}

// takeUserCode makes a user code that no other request has, by one atomic step.
func (p *Provider) takeUserCode(ctx context.Context, id string) (string, error) {
	for range userCodeTries {
		code := newUserCode()
		err := p.deps.Ephemeral.Add(ctx, p.userCodeKey(code), []byte(id), deviceLifetime)
		if err == nil {
			return code, nil
		}
		if !errors.Is(err, storage.ErrExists) {
			return "", fmt.Errorf("keep a user code: %w", err)
		}
	}
	return "", errors.New("oauth: every user code that was tried is taken")
}

// newUserCode is a code as it is shown: BCDF-GHJK.
func newUserCode() string {
	var code strings.Builder
	for code.Len() < userCodeLength+1 {
		if code.Len() == userCodeLength/2 {
			code.WriteByte('-')
		}
		code.WriteByte(randomLetter())
	}
	return code.String()
}

// randomLetter picks evenly: bytes beyond the last whole alphabet are thrown away.
func randomLetter() byte {
	const n = len(userCodeAlphabet)
	var b [1]byte
	for {
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		if int(b[0]) < 256/n*n {
			return userCodeAlphabet[int(b[0])%n]
		}
	}
}

// ReadUserCode reads a user code as people type it: in any case, with spaces and
// dashes anywhere (RFC 8628 §6.1). ok is false for what is none.
func ReadUserCode(typed string) (code string, ok bool) {
	if len(typed) > 64 {
		return "", false
	}
	letters := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\u2013' || r == '\u2014' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	if len(letters) != userCodeLength || strings.Trim(letters, userCodeAlphabet) != "" {
		return "", false
	}
	return letters[:userCodeLength/2] + "-" + letters[userCodeLength/2:], true
}

// userCodeKey hides the code behind a keyed hash: it has too few bits for a plain
// one to hide it from who can read the short-lived state.
func (p *Provider) userCodeKey(code string) string {
	mac := hmac.New(sha256.New, p.userCodes)
	mac.Write([]byte(code))
	return "oauth:user-code:" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// WaitingDevice finds the request with the user code, as ReadUserCode gave it;
// ErrWaitingOver for every code that leads nowhere. The caller bounds the guesses.
func (p *Provider) WaitingDevice(ctx context.Context, userCode string) (*Waiting, error) {
	id, err := p.deps.Ephemeral.Get(ctx, p.userCodeKey(userCode))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrWaitingOver
	}
	if err != nil {
		return nil, fmt.Errorf("find a user code: %w", err)
	}
	return p.Waiting(ctx, string(id))
}
