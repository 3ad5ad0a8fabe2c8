package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

var plainHTTP = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func send(t testing.TB, req *http.Request) (status int, body []byte) {
	t.Helper()
	resp, err := plainHTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// tokens is an answer of the token endpoint, good or bad (RFC 6749 §5).
type tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	Scope        string `json:"scope"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`

	status int
}

// requestTokens asks the token endpoint at issuer as c. An error is that no
// answer came.
func requestTokens(issuer string, c client, values url.Values) (tokens, error) {
	if c.AuthMethod != "client_secret_basic" {
		values.Set("client_id", c.ID)
	}
	if c.AuthMethod == "client_secret_post" {
		values.Set("client_secret", c.Secret)
	}
	req, err := http.NewRequest(http.MethodPost, issuer+"/oauth2/token", strings.NewReader(values.Encode()))
	if err != nil {
		return tokens{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.AuthMethod == "client_secret_basic" {
		req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret))
	}
	resp, err := plainHTTP.Do(req)
	if err != nil {
		return tokens{}, err
	}
	defer resp.Body.Close()
	got := tokens{status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return tokens{}, fmt.Errorf("decode the answer of the token endpoint, status %d: %w", resp.StatusCode, err)
	}
	return got, nil
}

func (s *site) tokens(t testing.TB, c client, values url.Values) tokens {
	t.Helper()
	got, err := requestTokens(s.Issuer, c, values)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// refresh asks for the successor of a refresh token.
func refresh(issuer string, c client, token string) (tokens, error) {
	return requestTokens(issuer, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// authorization is one authorization request and what is needed to redeem its
// code.
type authorization struct {
	url, state, verifier, redirectURI string
}

func (s *site) authorization(c client, more url.Values) authorization {
	a := authorization{state: random(), verifier: oauth2.GenerateVerifier(), redirectURI: c.RedirectURIs[0]}
	values := url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {a.redirectURI}, "scope": {c.Scope},
		"state": {a.state}, "nonce": {random()},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(a.verifier)}, "code_challenge_method": {"S256"},
	}
	for name, value := range more {
		values[name] = value
	}
	a.url = s.Issuer + "/oauth2/authorize?" + values.Encode()
	return a
}

// code checks the answer of the authorization endpoint (RFC 6749 §4.1.2, RFC
// 9207) and takes the code from it.
func (a authorization) code(t testing.TB, issuer string, answer *url.URL) string {
	t.Helper()
	q := answer.Query()
	if q.Get("code") == "" || q.Get("state") != a.state || q.Get("iss") != issuer {
		t.Fatalf("answer %s: want a code, state %q and iss %q", answer, a.state, issuer)
	}
	return q.Get("code")
}

// grant signs u in at c for an organisation and redeems the code. A visitor who
// is signed in already passes without asking.
func (s *site) grant(t testing.TB, v *visitor, c client, u *user, organisationID string) tokens {
	t.Helper()
	more := url.Values{}
	if organisationID != "" {
		more.Set("organization", organisationID)
	}
	a := s.authorization(c, more)
	answer := v.signIn(a.url, a.redirectURI, u, organisationID)
	got := s.tokens(t, c, url.Values{
		"grant_type": {"authorization_code"}, "code": {a.code(t, s.Issuer, answer)},
		"redirect_uri": {a.redirectURI}, "code_verifier": {a.verifier},
	})
	if got.status != http.StatusOK || got.AccessToken == "" {
		t.Fatalf("redeeming the code: %d %s %s", got.status, got.Error, got.Description)
	}
	return got
}

func random() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// organizationAnswer is GET /v1/organization, of which we look at the numbers.
type organizationAnswer struct {
	ID   string `json:"id"`
	INN  string `json:"inn"`
	OGRN string `json:"ogrn"`
	Name string `json:"name"`
}

// checkCabinet holds what the cabinet gives for token against the organisation
// it must belong to.
func (s *site) checkCabinet(t testing.TB, token string, want organisation) {
	t.Helper()
	var got organizationAnswer
	if status := s.call(t, token, http.MethodGet, "/v1/organization", &got); status != http.StatusOK {
		t.Fatalf("GET /v1/organization: %d", status)
	}
	if organisation(got) != want {
		t.Errorf("the cabinet shows %+v, want %+v", got, want)
	}
	for _, other := range s.Organisations {
		if other.ID == want.ID {
			continue
		}
		if _, body := s.callRaw(t, token, http.MethodGet, "/v1/organization"); strings.Contains(string(body), other.INN) {
			t.Errorf("the cabinet of %s shows the ИНН of %s", want.Name, other.Name)
		}
	}
}

// holds reports whether a space-separated list has a word.
func holds(list, word string) bool { return slices.Contains(strings.Fields(list), word) }
