package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/pages"
)

// A sign-in for a request that came from another machine: a device's (RFC 8628) or
// an application's by the backchannel (CIBA). It goes the way of every sign-in, the
// organisation's choice and the demanded assurance included; its consent page says
// who asks, from where, and by which code, and it ends with a decision that the
// asking machine fetches, instead of a code for a browser.

// beginWaiting opens the sign-in, tied to this browser.
func (s *Server) beginWaiting(c echo.Context, w *oauth.Waiting) error {
	a := &attempt{Request: w.Request, Waiting: w.ID}
	if err := s.open(c, a); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(a))
}

// waitingView is the consent page of such a request.
type waitingView struct {
	Request        string // the attempt's
	PersonName     string
	ClientName     string
	Organisation   string // on whose behalf; "" = nobody's
	Scopes         []pages.ScopeItem
	Details        []pages.DetailItem
	Device         bool // a device asks, and no application by the backchannel
	UserCode       string
	BindingMessage string
	Machine        string // what the device says it is
	Place, IP      string // where it is; "" = not known
	Far            bool   // in another country than this browser
	At             time.Time
}

// showWaiting asks for the decision.
func (s *Server) showWaiting(c echo.Context, t *turn, status int) error {
	ctx, lang := c.Request().Context(), language(c, t)
	w, err := s.deps.Provider.Waiting(ctx, t.Waiting)
	if err != nil {
		return err
	}
	view := waitingView{
		Request: t.ID, PersonName: t.person.FullName(), ClientName: t.client(lang),
		Scopes: s.pages.Scopes(lang, t.Request.ScopesBesideDetails()), Details: s.detailItems(lang, t.Request.Details), Device: w.FromDevice(), UserCode: w.UserCode,
		BindingMessage: w.BindingMessage, At: w.CreatedAt.Time(),
	}
	if t.situation.Organisation != nil {
		organisation, err := s.deps.Directory.Organisation(ctx, t.situation.Organisation.ID)
		if err != nil {
			return fmt.Errorf("name organisation: %w", err)
		}
		view.Organisation = organisation.Name
	}
	if view.Device {
		s.locate(c, w, &view, lang)
	}
	return s.draw(c, t, status, pages.Custom{Template: "waiting.html", Title: "waiting.title", Data: view})
}

// locate says where the device is, and whether that is another country than this
// browser's: whoever passes his own code on to somebody else is seldom next door.
func (s *Server) locate(c echo.Context, w *oauth.Waiting, view *waitingView, lang string) {
	view.IP = w.IP
	if name := directory.DeviceName(w.UserAgent, lang); name != directory.DeviceName("", lang) {
		view.Machine = name // most devices are no browser, and say nothing that people know
	}
	address, err := netip.ParseAddr(w.IP)
	if err != nil {
		return
	}
	place, err := s.deps.Unusual.Find(address)
	if err != nil {
		s.deps.Log.WarnContext(c.Request().Context(), "the place of a device could not be looked up", "err", err)
		return
	}
	view.Place = place.Name()
	here := s.place(c)
	view.Far = place.Country != "" && here.Country != "" && place.Country != here.Country
}

// approveWaiting ends the sign-in with the person's yes.
func (s *Server) approveWaiting(c echo.Context, t *turn) error {
	ctx, approval := c.Request().Context(), s.approval(t)
	if err := s.recordGrant(ctx, t, approval); err != nil {
		return errors.Join(err, s.unfinish(context.WithoutCancel(ctx), t))
	}
	if err := s.deps.Provider.ApproveWaiting(ctx, t.Waiting, approval); err != nil {
		return fmt.Errorf("approve a waiting request: %w", err)
	}
	return browser.SeeOther(c, "/confirmations/done?decision=accepted")
}

// refuseWaiting ends it with the person's no, which the asking machine learns. Other
// ends of the sign-in (somebody who may not decide, a factor that is missing) decide
// nothing: it may be the wrong person who got so far.
func (s *Server) refuseWaiting(c echo.Context, t *turn) error {
	ctx := c.Request().Context()
	if err := s.finish(ctx, t); err != nil {
		return err
	}
	if err := s.deps.Provider.RefuseWaiting(ctx, t.Waiting, t.person.ID); err != nil {
		return fmt.Errorf("refuse a waiting request: %w", err)
	}
	return browser.SeeOther(c, "/confirmations/done?decision=refused")
}

// failureUndecided is the page for who got to a request that is not his to decide.
const failureUndecided = "undecided"

// undecided ends the sign-in of somebody who cannot decide, and decides nothing: the
// request goes on waiting for who can.
func undecided(code, reason string) error {
	if code != "login_required" && code != "access_denied" {
		return turnedBack(code, reason)
	}
	return browser.Fault{Status: http.StatusForbidden, Page: failureUndecided, Code: code, Detail: reason}
}

// decided says that the decision was taken, and what to do now.
func (s *Server) decided(c echo.Context) error {
	accepted := c.QueryParam("decision") == "accepted"
	return s.face.Render(c, http.StatusOK, pages.Custom{Template: "decided.html", Title: decidedTitle(accepted), Data: accepted})
}

func decidedTitle(accepted bool) string {
	if accepted {
		return "decided.accepted"
	}
	return "decided.refused"
}
