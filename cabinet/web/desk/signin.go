package desk

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/journal"
)

// What a stranger may have kept by beginning a sign-in, in bytes: the longest
// form of ours, filled in Cyrillic to its ends, and our longest address. More is
// forgotten, and the person types it again.
const (
	draftLimit  = 48 << 10
	returnLimit = 1 << 10
)

// begin sends the browser to the issuer. What the person was about to do is
// kept with the attempt: the page for a GET, the form for a POST. A stranger's
// form, who has no session, is kept only where it is short.
func (q *request) begin(wanted signIn) error {
	if err := q.d.fair.Begin(q.ctx(), journal.From(q.ctx()).IP); err != nil {
		return err
	}
	raw, err := newProofKey()
	if err != nil {
		return err
	}
	key, err := readProofKey(raw)
	if err != nil {
		return err
	}
	begun := attempt{Nonce: secret(), Verifier: oauth2.GenerateVerifier(), Key: raw, Browser: digest(q.browser()), Return: q.back()}
	if len(begun.Return) > returnLimit {
		begun.Return = q.d.deps.House.Root
	}
	begun.Form = q.unfinished()
	begun.Newcomer = wanted.newcomer
	state := secret()
	asked := url.Values{
		"state": {state}, "nonce": {begun.Nonce}, "ui_locales": {q.lang},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(begun.Verifier)}, "code_challenge_method": {"S256"},
	}
	if limit := q.d.deps.House.MaxAge; limit > 0 && wanted.aged == "" {
		wanted.aged = strconv.Itoa(int(limit.Seconds()))
	}
	for name, value := range map[string]string{"acr_values": wanted.acr, "organization": wanted.organisation, "max_age": wanted.aged} {
		if value != "" {
			asked.Set(name, value)
		}
	}
	if wanted.newcomer {
		asked.Set("scope", strings.Join(newcomerScopes, " "))
	}
	to, err := q.d.issuer.push(q.ctx(), key, asked)
	if err != nil {
		return errors.Join(errUnavailable, err)
	}
	if err := q.d.put(q.ctx(), q.d.attemptKey(state), begun, attemptLife); err != nil {
		return err
	}
	return q.redirect(to)
}

// browser is the value of the cookie that binds attempts to this browser; it is
// set when there is none.
func (q *request) browser() string {
	value := q.cookie(q.d.browserCookie())
	if value == "" {
		value = secret()
		q.setCookie(q.d.browserCookie(), value)
	}
	return value
}

// callback takes the issuer's answer (OpenID Connect Core §3.1.2.5). The state
// must be one that this browser was given, and is good for one answer; iss must
// be our issuer (RFC 9207 §2.4).
func (d *Desk) callback(q *request) error {
	query := q.r.URL.Query()
	begun := new(attempt)
	err := d.take(q.ctx(), d.attemptKey(query.Get("state")), begun)
	if errors.Is(err, storage.ErrNotFound) {
		return failed(http.StatusBadRequest, pages.FailureExpired).because(err).retry(d.deps.House.Root)
	}
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(begun.Browser), []byte(digest(q.cookie(d.browserCookie())))) != 1 {
		return failed(http.StatusBadRequest, pages.FailureBrowser).retry(d.deps.House.Root)
	}
	if query.Get("iss") != d.deps.Issuer {
		return failed(http.StatusBadRequest, "issuer").retry(d.deps.House.Root)
	}
	if code := query.Get("error"); code != "" {
		return refusedSignIn(code, begun)
	}
	return d.enter(q, query.Get("code"), begun)
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
func (d *Desk) enter(q *request, code string, begun *attempt) error {
	got, subject, err := d.issuer.redeem(q.ctx(), code, begun)
	if errors.Is(err, errUnavailable) {
		return err
	}
	if err != nil {
		return failed(http.StatusForbidden, "refused").because(err).retry(begun.Return)
	}
	now := d.deps.Now()
	value := secret()
	key := d.sessionKey(value)
	entered := &session{Tokens: got, Key: begun.Key, Subject: subject, SignedIn: now, Until: now.Add(d.deps.House.Life)}
	entered.Idle, entered.Newcomer = d.deps.Idle, begun.Newcomer
	if !begun.Newcomer {
		entered.Idle = d.idleLife(q, entered)
		entered.Several = d.severalOrganisations(q, entered)
	}
	if err := d.keep(q.ctx(), key, entered); err != nil {
		return err
	}
	if err := d.seen(q.ctx(), key, entered); err != nil {
		return err
	}
	if err := d.keepDraft(q, key, begun); err != nil {
		return err
	}
	if old := q.cookie(d.sessionCookie()); old != "" {
		if err := d.forget(q.ctx(), d.sessionKey(old)); err != nil {
			return err
		}
	}
	q.setCookie(d.sessionCookie(), value)
	return q.redirect(begun.Return)
}

// keepDraft hands the interrupted form to the session.
func (d *Desk) keepDraft(q *request, key string, begun *attempt) error {
	if len(begun.Form) == 0 {
		return nil
	}
	page, _, _ := strings.Cut(begun.Return, "?")
	return d.put(q.ctx(), draftKey(key), draft{Page: page, Form: begun.Form}, draftLife)
}

// severalOrganisations reports whether there is anything to switch to. Without
// an answer there is not: the person can still sign out and in again.
func (d *Desk) severalOrganisations(q *request, s *session) bool {
	if !d.deps.House.Organisations {
		return false
	}
	list, err := d.organisations(q, s)
	if err != nil {
		d.deps.Log.WarnContext(q.ctx(), "the person's organisations are not known", "error", err)
	}
	return len(list) > 1
}

// idleLife is how long a session of the token's organisation may go unused: as long
// as ours, or less where its policy says so. When the policy cannot be had, ours.
func (d *Desk) idleLife(q *request, s *session) time.Duration {
	if !d.deps.House.Organisations {
		return d.deps.Idle
	}
	var policy struct {
		Idle int64 `json:"idle"` // seconds; 0 = none of its own
	}
	if err := d.ask(q, s, exchange{method: http.MethodGet, path: "/organization/policy"}, &policy); err != nil {
		d.deps.Log.WarnContext(q.ctx(), "the organisation's policy is not known", "error", err)
	}
	if own := time.Duration(policy.Idle) * time.Second; own > 0 && own < d.deps.Idle {
		return own
	}
	return d.deps.Idle
}

// signOut ends the session here and at the issuer (OpenID Connect RP-Initiated
// Logout §2).
func (d *Desk) signOut(q *request) error {
	value := q.cookie(d.sessionCookie())
	if value == "" {
		return q.redirect(d.deps.House.at(SignedOut))
	}
	key := d.sessionKey(value)
	ended, _, err := d.session(q.ctx(), key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err := d.forget(q.ctx(), key); err != nil {
		return err
	}
	q.setCookie(d.sessionCookie(), "")
	if ended == nil {
		return q.redirect(d.deps.House.at(SignedOut))
	}
	provider, err := d.issuer.discover(q.ctx())
	if err != nil || provider.metadata.EndSession == "" {
		d.deps.Log.WarnContext(q.ctx(), "signed out of the house alone", "error", err)
		return q.redirect(d.deps.House.at(SignedOut))
	}
	parameters := url.Values{
		"id_token_hint": {ended.Tokens.ID}, "client_id": {d.deps.ClientID},
		"post_logout_redirect_uri": {d.deps.URL + d.deps.House.at(SignedOut)}, "ui_locales": {q.lang},
	}
	return q.redirect(provider.metadata.EndSession + "?" + parameters.Encode())
}

func (d *Desk) signedOut(q *request) error {
	return d.pages.Render(q.w, q.r, http.StatusOK, pages.SignedOut{ClientName: q.t(d.deps.House.Name), ReturnURL: d.deps.House.Root})
}
