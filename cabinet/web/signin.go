package web

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"propusk/idp/pages"
	"propusk/storage"
)

// What a stranger may have kept by beginning a sign-in, in bytes: the longest
// form of ours, filled in Cyrillic to its ends, and our longest address. More is
// forgotten, and the person types it again.
const (
	draftLimit  = 6 << 10
	returnLimit = 1 << 10
)

// begin sends the browser to the issuer. What the person was about to do is
// kept with the attempt: the page for a GET, the form for a POST.
func (q *request) begin(wanted signIn) error {
	provider, err := q.s.issuer.discover(q.ctx())
	if err != nil {
		return err
	}
	begun := attempt{Nonce: secret(), Verifier: oauth2.GenerateVerifier(), Browser: digest(q.browser()), Return: q.back()}
	if len(begun.Return) > returnLimit {
		begun.Return = "/cabinet"
	}
	if q.r.Method == http.MethodPost && len(q.r.PostForm.Encode()) <= draftLimit {
		begun.Form = q.r.PostForm
	}
	state := secret()
	if err := q.s.put(q.ctx(), attemptKey(state), begun, attemptLife); err != nil {
		return err
	}
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(begun.Nonce), oauth2.S256ChallengeOption(begun.Verifier), oauth2.SetAuthURLParam("ui_locales", q.lang),
	}
	for name, value := range map[string]string{"acr_values": wanted.acr, "organization": wanted.organisation} {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	return q.redirect(provider.oauth.AuthCodeURL(state, options...))
}

// browser is the value of the cookie that binds attempts to this browser; it is
// set when there is none.
func (q *request) browser() string {
	value := q.cookie(browserCookie)
	if value == "" {
		value = secret()
		q.setCookie(browserCookie, value)
	}
	return value
}

// callback takes the issuer's answer (OpenID Connect Core §3.1.2.5). The state
// must be one that this browser was given, and is good for one answer; iss must
// be our issuer (RFC 9207 §2.4).
func (s *Server) callback(q *request) error {
	query := q.r.URL.Query()
	begun, err := s.takeAttempt(q.ctx(), query.Get("state"))
	if errors.Is(err, storage.ErrNotFound) {
		return failed(http.StatusBadRequest, pages.FailureExpired).because(err).retry("/cabinet")
	}
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(begun.Browser), []byte(digest(q.cookie(browserCookie)))) != 1 {
		return failed(http.StatusBadRequest, pages.FailureBrowser).retry("/cabinet")
	}
	if query.Get("iss") != s.deps.Issuer {
		return failed(http.StatusBadRequest, "issuer").retry("/cabinet")
	}
	if code := query.Get("error"); code != "" {
		return refusedSignIn(code, begun)
	}
	return s.enter(q, query.Get("code"), begun)
}

// refusedSignIn tells that the issuer did not let the person in.
func refusedSignIn(code string, begun *attempt) error {
	name := "refused"
	if code == "access_denied" {
		name = "cancelled"
	}
	told := failed(http.StatusForbidden, name).retry(begun.Return)
	if knownError(code) {
		told.page.Code = code
	}
	return told
}

// knownError keeps foreign text out of our pages: error codes are short words
// (RFC 6749 §4.1.2.1).
func knownError(code string) bool {
	return len(code) <= 64 && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// enter makes the session. Its cookie is new, whatever the browser had before.
func (s *Server) enter(q *request, code string, begun *attempt) error {
	got, subject, err := s.issuer.redeem(q.ctx(), code, begun)
	if errors.Is(err, errUnavailable) {
		return err
	}
	if err != nil {
		return failed(http.StatusForbidden, "refused").because(err).retry(begun.Return)
	}
	now := s.deps.Now()
	entered := &session{Tokens: got, Subject: subject, SignedIn: now, Seen: now, Until: now.Add(sessionLife)}
	entered.Idle = s.idleLife(q, got.Access)
	entered.Several = s.severalOrganisations(q, got.Access)
	if len(begun.Form) > 0 {
		page, _, _ := strings.Cut(begun.Return, "?")
		entered.Draft = &draft{Page: page, Form: begun.Form}
	}
	value := secret()
	if err := s.keep(q.ctx(), sessionKey(value), entered); err != nil {
		return err
	}
	if old := q.cookie(sessionCookie); old != "" {
		if err := s.deps.Ephemeral.Delete(q.ctx(), sessionKey(old)); err != nil {
			return fmt.Errorf("end the old session: %w", err)
		}
	}
	q.setCookie(sessionCookie, value)
	return q.redirect(begun.Return)
}

// severalOrganisations reports whether there is anything to switch to. Without
// an answer there is not: the person can still sign out and in again.
func (s *Server) severalOrganisations(q *request, access string) bool {
	list, err := s.api.organizations(q.ctx(), access, q.lang)
	if err != nil {
		s.deps.Log.WarnContext(q.ctx(), "the person's organisations are not known", "error", err)
	}
	return len(list) > 1
}

// idleLife is how long a session of the token's organisation may go unused: as long
// as ours, or less where its policy says so. When the policy cannot be had, ours.
func (s *Server) idleLife(q *request, access string) time.Duration {
	var policy struct {
		Idle int64 `json:"idle"` // seconds; 0 = none of its own
	}
	if err := s.api.ask(q.ctx(), access, q.lang, http.MethodGet, "/organization/policy", nil, &policy); err != nil {
		s.deps.Log.WarnContext(q.ctx(), "the organisation's policy is not known", "error", err)
	}
	if own := time.Duration(policy.Idle) * time.Second; own > 0 && own < s.deps.Idle {
		return own
	}
	return s.deps.Idle
}

// signOut ends the session here and at the issuer (OpenID Connect RP-Initiated
// Logout §2).
func (s *Server) signOut(q *request) error {
	value := q.cookie(sessionCookie)
	if value == "" {
		return q.redirect(SignedOutPath)
	}
	ended, err := s.session(q.ctx(), sessionKey(value))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err := s.deps.Ephemeral.Delete(q.ctx(), sessionKey(value)); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	q.setCookie(sessionCookie, "")
	if ended == nil {
		return q.redirect(SignedOutPath)
	}
	provider, err := s.issuer.discover(q.ctx())
	if err != nil || provider.endSession == "" {
		s.deps.Log.WarnContext(q.ctx(), "signed out of the cabinet alone", "error", err)
		return q.redirect(SignedOutPath)
	}
	parameters := url.Values{
		"id_token_hint": {ended.Tokens.ID}, "client_id": {s.deps.ClientID},
		"post_logout_redirect_uri": {s.deps.URL + SignedOutPath}, "ui_locales": {q.lang},
	}
	return q.redirect(provider.endSession + "?" + parameters.Encode())
}

func (s *Server) signedOut(q *request) error {
	return s.pages.Render(q.w, q.r, http.StatusOK, pages.SignedOut{ClientName: q.t("cabinet.name"), ReturnURL: "/cabinet"})
}
