package idp

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
)

// ownName is how a sign-in that no application asked for calls itself.
const ownName, ownNameEN = "Пропуск", "Propusk"

// maxLocal bounds a local path with its query, in bytes.
const maxLocal = 1024

// here begins a sign-in of our own, which comes back to a local path with a
// session that has proved what the page there needs: the step-up of the account
// pages. Who has proved it already is sent on at once.
func (s *Server) here(c echo.Context) error {
	a, err := hereAttempt(c.Request().URL.Query())
	if err != nil {
		return err
	}
	t, err := s.stand(c, a)
	if err != nil {
		return err
	}
	if t.step.Kind == StepIssue {
		if err := s.settleUnusual(c, t); err != nil {
			return err
		}
		return browser.SeeOther(c, a.To)
	}
	if err := s.open(c, a); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(a))
}

// hereAttempt reads the query: `to` and, where they are given, `acr`, `max_age`
// in seconds, and `organisation`, on whose behalf the page will act.
func hereAttempt(q url.Values) (*attempt, error) {
	for name, values := range q {
		if len(values) > 1 {
			return nil, browser.Malformed("parameter %q is there twice", name)
		}
	}
	to := q.Get("to")
	if !local(to) {
		return nil, browser.Malformed("to=%q is no page of ours", to)
	}
	r := &oauth.AuthorizationRequest{
		ClientName: ownName, ClientNameEN: ownNameEN, FirstParty: true,
		Organisation: q.Get("organisation"), NeedsOrganisation: q.Get("organisation") != "",
	}
	if acr := q.Get("acr"); acr != "" {
		if session.LevelOf(acr) == session.None {
			return nil, browser.Malformed("acr=%q is not known", acr)
		}
		r.ClientRequiredACR = acr
	}
	if text := q.Get("max_age"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < 0 {
			return nil, browser.Malformed("max_age=%q is no number of seconds", text)
		}
		r.MaxAge = &seconds
	}
	return &attempt{To: to, Request: r}, nil
}

// rooms are where a sign-in of our own may lead to.
var rooms = []string{"/account", "/registration", "/recovery", "/signin/connect", oauth.ConfirmationsPath}

// local tells that to is a path of one of the rooms, written the one way that
// every browser and every router reads alike: nothing that could name another
// host (//evil, /\evil), no dots, no escapes in the path, no control characters.
func local(to string) bool {
	if len(to) > maxLocal || strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return false
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Fragment != "" || u.RawPath != "" {
		return false
	}
	if strings.Contains(to, "#") || strings.Contains(u.EscapedPath(), "%") || path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") {
		return false
	}
	return slices.ContainsFunc(rooms, func(room string) bool {
		return u.Path == room || strings.HasPrefix(u.Path, room+"/")
	})
}

// turnedBack ends a sign-in of our own that cannot be finished: there is no
// application to tell.
func turnedBack(code, reason string) error {
	return browser.Fault{Status: http.StatusForbidden, Page: pages.FailureAssurance, Code: code, Detail: reason}
}

// notice is why a person who is signed in is asked again.
func (t *turn) notice() string {
	if t.To != "" && t.step.Notice == noticeSignInAgain {
		return noticeProveAgain
	}
	return t.step.Notice
}
