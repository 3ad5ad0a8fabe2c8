package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// TestGoRelyingParty signs a person in to an application built on
// coreos/go-oidc, for each of the person's organisations.
func TestGoRelyingParty(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		u, v := s.memberOfTwo(t), newVisitor(t)
		for _, o := range u.Organisations {
			goRelyingParty(t, s, v, u, o.organisation)
		}
	})
}

func goRelyingParty(t *testing.T, s *site, v *visitor, u *user, o organisation) {
	t.Helper()
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	c := s.webClient(t)
	config := oauth2.Config{
		ClientID: c.ID, ClientSecret: c.Secret, RedirectURL: c.RedirectURIs[0],
		Endpoint: provider.Endpoint(), Scopes: strings.Fields(c.Scope),
	}
	state, nonce, verifier := random(), random(), oauth2.GenerateVerifier()
	ask := config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	answer := v.signIn(ask, config.RedirectURL, u, o.ID).Query()
	if answer.Get("state") != state || answer.Get("iss") != s.Issuer {
		t.Fatalf("state or iss is not ours: %v", answer)
	}
	token, err := config.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	checkIDToken(t, provider, c.ID, token, nonce, u, o)
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != u.ID {
		t.Fatalf("userinfo: %v, %v; want sub %s", info, err, u.ID)
	}
	s.checkCabinet(t, token.AccessToken, o)

	renewed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	if renewed.RefreshToken == token.RefreshToken {
		t.Error("the refresh token was not rotated")
	}
	s.checkCabinet(t, renewed.AccessToken, o)
}

func checkIDToken(t *testing.T, provider *oidc.Provider, clientID string, token *oauth2.Token, nonce string, u *user, o organisation) {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: clientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Error(err)
	}
	var claims struct {
		Org struct {
			ID, INN, OGRN, Name string
		} `json:"org"`
		Roles []string `json:"roles"`
		ACR   string   `json:"acr"`
		AMR   []string `json:"amr"`
	}
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if id.Subject != u.ID || id.Nonce != nonce || organisation(claims.Org) != o || claims.ACR != "urn:propusk:2" || len(claims.Roles) != 1 {
		t.Errorf("ID token of %s (nonce %s) with %+v, want %s in %+v at urn:propusk:2", id.Subject, id.Nonce, claims, u, o)
	}
}

// TestNodeRelyingParty does the same with openid-client on Node. The script
// says where to send the browser, and is told where the browser came back.
func TestNodeRelyingParty(t *testing.T) {
	t.Parallel()
	node := needProgram(t, "node", "nodejs")
	eachSite(t, func(t *testing.T, s *site) {
		u := s.memberOfTwo(t)
		o := u.Organisations[1].organisation
		c := s.webClient(t)
		settings, err := json.Marshal(map[string]any{
			"issuer": s.Issuer, "api": s.API, "client_id": c.ID, "client_secret": c.Secret,
			"redirect_uri": c.RedirectURIs[0], "scope": c.Scope, "subject": u.ID,
		})
		if err != nil {
			t.Fatal(err)
		}
		got := foreignRelyingParty(t, node, "node/relying-party.mjs", settings, func(ask string) string {
			return newVisitor(t).signIn(ask, c.RedirectURIs[0], u, o.ID).String()
		})
		if got.Subject != u.ID || organisation(got.Organization) != o || organisation(got.Refreshed) != o {
			t.Errorf("openid-client ends with %+v, want %s in %+v", got, u, o)
		}
		if got.Members == 0 {
			t.Error("openid-client read no members")
		}
	})
}

// foreignResult is what a relying party in another language learnt.
type foreignResult struct {
	Subject      string             `json:"sub"`
	Organization organizationAnswer `json:"organization"`
	Refreshed    organizationAnswer `json:"refreshed"`
	Members      int                `json:"members"`
}

// foreignRelyingParty runs a script that prints where to send the browser, reads
// where the browser came back to, and prints what it learnt.
func foreignRelyingParty(t *testing.T, interpreter, script string, settings []byte, browse func(ask string) string) foreignResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, script, string(settings))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	ask, err := lines.ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		t.Fatalf("%s gave no address: %s", script, stderr.String())
	}
	if _, err := io.WriteString(stdin, browse(strings.TrimSpace(ask))+"\n"); err != nil {
		t.Fatal(err)
	}
	var got foreignResult
	decodeErr := json.NewDecoder(lines).Decode(&got)
	if err := cmd.Wait(); err != nil || decodeErr != nil {
		t.Fatalf("%s: %v, %v\n%s", script, err, decodeErr, stderr.String())
	}
	return got
}

// TestCurlWithClientCredentials is what an integrator's script does.
func TestCurlWithClientCredentials(t *testing.T) {
	t.Parallel()
	curl := needProgram(t, "curl")
	eachSite(t, func(t *testing.T, s *site) {
		c := s.serviceClient(t)
		var got tokens
		runCurl(t, curl, &got, "-u", c.ID+":"+c.Secret, "-d", "grant_type=client_credentials", "-d", "scope=organization:read members:read", s.Issuer+"/oauth2/token")
		if got.AccessToken == "" || got.TokenType != "Bearer" || got.ExpiresIn <= 0 || !holds(got.Scope, "organization:read") {
			t.Fatalf("token answer %+v", got)
		}
		var organization organizationAnswer
		runCurl(t, curl, &organization, "-H", "Authorization: Bearer "+got.AccessToken, s.API+"/v1/organization")
		want := s.organisation(t, c.Organisation)
		if organisation(organization) != want {
			t.Errorf("curl reads %+v, want %+v", organization, want)
		}
	})
}

func runCurl(t *testing.T, curl string, dst any, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), curl, append([]string{"-sS", "--fail-with-body"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	if err := json.Unmarshal(out, dst); err != nil {
		t.Fatalf("curl printed %q: %v", out, err)
	}
}

// TestTokenIsForOneOrganisation: asked for with `organization`, a code and a
// refresh give the organisation that was asked for, and no other.
func TestTokenIsForOneOrganisation(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		u, v, c := s.memberOfTwo(t), newVisitor(t), s.webClient(t)
		first, second := u.Organisations[0].organisation, u.Organisations[1].organisation
		got := s.grant(t, v, c, u, first.ID)
		s.checkCabinet(t, got.AccessToken, first)

		switched := s.tokens(t, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.RefreshToken}, "organization": {second.ID}})
		if switched.status != http.StatusOK {
			t.Fatalf("switching at refresh: %d %s %s", switched.status, switched.Error, switched.Description)
		}
		s.checkCabinet(t, switched.AccessToken, second)
		s.checkCabinet(t, got.AccessToken, first)

		for _, other := range s.Organisations {
			if other == first || other == second {
				continue
			}
			refused := s.tokens(t, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {switched.RefreshToken}, "organization": {other.ID}})
			if refused.status == http.StatusOK {
				t.Errorf("%s got a token for %s", u, other.Name)
			}
		}
	})
}
