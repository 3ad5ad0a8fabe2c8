package idp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/session"
	"propusk/storage/journal"
)

// signIn is the dispatcher: it does what is due, a page or the answer to the
// application. Every step comes back here.
func (s *Server) signIn(c echo.Context) error {
	id := c.QueryParam("request")
	if len(id) > maxID {
		return errNoAttempt
	}
	t, err := s.turn(c, id)
	if err != nil {
		return err
	}
	return s.answer(c, t)
}

// answer does the turn's step.
func (s *Server) answer(c echo.Context, t *turn) error {
	switch t.step.Kind {
	case StepIdentify:
		return s.showIdentify(c, t, http.StatusOK, identifyForm{Login: s.knownLogin(t), Notice: t.notice()})
	case StepFactor:
		if t.step.Factor == session.Device {
			return s.byDevice(c, t)
		}
		return s.showFactor(c, t, http.StatusOK)
	case StepConfirm:
		return s.showConfirm(c, t, http.StatusOK)
	case StepPassword:
		return s.showPassword(c, t, http.StatusOK)
	case StepPIN:
		return s.showPIN(c, t, http.StatusOK, 0)
	case StepConnect:
		return s.showConnect(c, t, http.StatusOK)
	case StepOrganisation:
		return s.showOrganisation(c, t, http.StatusOK)
	case StepConsent:
		if t.Waiting != "" {
			return s.showWaiting(c, t, http.StatusOK)
		}
		return s.showConsent(c, t, http.StatusOK)
	case StepIssue:
		return s.issue(c, t)
	default:
		return s.refuse(c, t, t.step.Error, t.step.Reason)
	}
}

// issue gives the application its code. The journal is written first: there is
// no sign-in without its entry.
func (s *Server) issue(c echo.Context, t *turn) error {
	ctx := c.Request().Context()
	if err := s.finish(ctx, t); err != nil {
		return err
	}
	if err := s.complete(c, t); err != nil {
		return errors.Join(err, s.unfinish(context.WithoutCancel(ctx), t))
	}
	switch {
	case t.Invitation != "":
		return s.join(c, t.Invitation, t.person)
	case t.To != "":
		return browser.SeeOther(c, t.To)
	case t.Waiting != "":
		return s.approveWaiting(c, t)
	}
	approval := s.approval(t)
	if err := s.recordGrant(ctx, t, approval); err != nil {
		return errors.Join(err, s.unfinish(context.WithoutCancel(ctx), t))
	}
	if err := s.deps.Provider.Issue(ctx, c.Response(), c.Request(), t.Request, approval); err != nil {
		return s.authorizeError(c, fmt.Errorf("issue code: %w", err))
	}
	return nil
}

// complete does what every sign-in owes at its end: what was owed and is done is
// struck out, the browser becomes known, and the session as short as the
// organisation wants it.
func (s *Server) complete(c echo.Context, t *turn) error {
	ctx := c.Request().Context()
	if t.situation.Owed.AddFactor {
		err := s.deps.Directory.Fulfil(ctx, directory.Actor{PersonID: t.person.ID}, t.person.ID, directory.Obligations{AddFactor: true})
		if err != nil {
			return err
		}
	}
	if err := s.remember(c, t); err != nil {
		return err
	}
	if t.situation.Organisation == nil {
		return nil
	}
	policy := t.situation.Organisation.Policy
	return s.sessions.Enter(ctx, t.session, policy.Idle, policy.Absolute)
}

// approval is what came out of the sign-in.
func (s *Server) approval(t *turn) oauth.Approval {
	proven := proven(t.situation, s.deps.Now())
	details := t.Request.Details
	if t.Progress.Consented {
		details = t.Progress.Details // what of it the person left ticked
	}
	return oauth.Approval{
		PersonID:       t.person.ID,
		SessionID:      t.session.ID,
		OrganisationID: t.organisationID(),
		Scopes:         t.Request.ScopesWithin(details),
		Details:        details,
		ACR:            shownLevel(t.situation, proven.Level).ACR(),
		AMR:            proven.AMR,
		AuthTime:       proven.AuthTime.Time(),
	}
}

// recordGrant writes who signed in where, and for whom: to the system's chain,
// and to the organisation's when there is one.
func (s *Server) recordGrant(ctx context.Context, t *turn, approval oauth.Approval) error {
	return s.append(ctx, journal.Entry{
		Actor: t.person.ID, Client: t.Request.ClientID,
		Action: "signin", Object: t.session.ID, Outcome: outcomeAccepted,
		Details: grantDetails(approval),
	}, approval.OrganisationID)
}

// grantDetails is what the journal says of an approval: how strongly it was proved, and
// the limits of what was granted.
func grantDetails(approval oauth.Approval) map[string]string {
	details := map[string]string{"acr": approval.ACR, "amr": strings.Join(approval.AMR, " ")}
	if len(approval.Details) > 0 {
		text, _ := json.Marshal(approval.Details) // strings and numbers always marshal
		details["limits"] = string(text)
	}
	return details
}

// refuse gives the application an error.
func (s *Server) refuse(c echo.Context, t *turn, code, reason string) error {
	if err := s.finish(c.Request().Context(), t); err != nil {
		return err
	}
	switch {
	case t.Waiting != "":
		return undecided(code, reason)
	case t.To != "" || t.Invitation != "":
		return turnedBack(code, reason)
	}
	s.deps.Provider.Refuse(c.Response(), c.Request(), t.Request, code, reason)
	return nil
}

// finish ends the attempt, for one request of several. An attempt that was
// never kept (prompt=none) has no id and nothing to end.
func (s *Server) finish(ctx context.Context, t *turn) error {
	if t.ID == "" {
		return nil
	}
	return s.attempts.finish(ctx, t.attempt)
}

// unfinish takes finish back.
func (s *Server) unfinish(ctx context.Context, t *turn) error {
	if t.ID == "" {
		return nil
	}
	return s.attempts.unfinish(ctx, t.attempt)
}

// redirectHost names where the person will be taken, for the consent page.
func redirectHost(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return cmp.Or(u.Host, u.Scheme)
}

// knownLogin is what the identify page may fill in: what the application
// suggests (login_hint), or the login of who is asked to sign in again.
func (s *Server) knownLogin(t *turn) string {
	switch {
	case t.Progress.Again, t.step.Notice == noticeOtherPerson:
		return ""
	case t.Request.LoginHint != "":
		return t.Request.LoginHint
	case t.session != nil:
		return cmp.Or(t.person.Email, t.person.Number)
	default:
		return ""
	}
}
