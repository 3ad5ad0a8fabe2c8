package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
	"propusk/storage/journal"
)

// signOutLifetime is how long the question whether to sign out stays open.
const signOutLifetime = 10 * time.Minute

// leaving is a sign-out that waits for the person's yes.
type leaving struct {
	oauth.Logout
	Browser string `json:"browser"` // SHA-256 of the browser's cookie, hex
	Session string `json:"session"` // the session that the question is about
}

func leavingKey(id string) string { return "signout:" + browser.Hashed(id) }

// logout is where an application sends the person to sign out (OpenID Connect
// RP-Initiated Logout §2). An ID token of this very session proves that the
// application means it; without one the person is asked, so that no link on
// another site signs anybody out.
func (s *Server) logout(c echo.Context) error {
	ctx, r := c.Request().Context(), c.Request()
	request, err := s.deps.Provider.LogoutRequest(ctx, r)
	var refused *oauth.Error
	if errors.As(err, &refused) {
		return refusedRequest(refused.Status, refused.Code, refused.Description, err)
	}
	if err != nil {
		return err
	}
	going := leaving{Logout: request}
	here, err := s.sessions.Any(ctx, browser.Cookie(r, browser.CookieSession))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return s.signedOut(c, going)
	case err != nil:
		return err
	case request.SessionID == here.ID:
		return s.leave(c, here, going)
	default:
		return s.confirmLeaving(c, here, going)
	}
}

// logoutByPost takes the yes of our own page, and turns an application's POST
// into the GET, for the reason given at authorizeByPost.
func (s *Server) logoutByPost(c echo.Context) error {
	r := c.Request()
	id, err := browser.Field(r, "logout", maxID)
	if err != nil {
		return err
	}
	if id == "" {
		return browser.SeeOther(c, "/oauth2/logout?"+r.PostForm.Encode())
	}
	if err := s.face.SameOrigin(r); err != nil {
		return err
	}
	return s.confirmedLeaving(c, id)
}

// signOut is the person's own way out, from the pages' links.
func (s *Server) signOut(c echo.Context) error {
	here, err := s.sessions.Any(c.Request().Context(), browser.Cookie(c.Request(), browser.CookieSession))
	if errors.Is(err, storage.ErrNotFound) {
		return s.signedOut(c, leaving{})
	}
	if err != nil {
		return err
	}
	return s.confirmLeaving(c, here, leaving{})
}

// confirmLeaving asks.
func (s *Server) confirmLeaving(c echo.Context, here *session.Session, going leaving) error {
	ctx := c.Request().Context()
	going.Browser = browser.Hashed(browser.Browser(c.Response(), c.Request()))
	going.Session = here.ID
	value, err := json.Marshal(going)
	if err != nil {
		return fmt.Errorf("write sign-out: %w", err)
	}
	id := browser.Random()
	if err := s.deps.Ephemeral.Put(ctx, leavingKey(id), value, signOutLifetime); err != nil {
		return fmt.Errorf("keep sign-out: %w", err)
	}
	person, err := s.deps.Directory.Person(ctx, here.PersonID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("name person: %w", err)
	}
	return s.face.Render(c, http.StatusOK, pages.SignOutConfirm{
		ClientName: going.client(c), PersonName: person.FullName(), Logout: id, RedirectURI: going.PostLogoutRedirectURI,
	})
}

// confirmedLeaving acts on the yes, of the browser that was asked and for the
// session it was asked about.
func (s *Server) confirmedLeaving(c echo.Context, id string) error {
	ctx, r := c.Request().Context(), c.Request()
	going, err := s.takeLeaving(ctx, id, browser.Cookie(r, browser.CookieBrowser))
	if err != nil {
		return err
	}
	here, err := s.sessions.Any(ctx, browser.Cookie(r, browser.CookieSession))
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && here.ID != going.Session:
		return s.signedOut(c, going)
	case err != nil:
		return err
	default:
		return s.leave(c, here, going)
	}
}

func (s *Server) takeLeaving(ctx context.Context, id, cookie string) (leaving, error) {
	var going leaving
	value, err := s.deps.Ephemeral.Take(ctx, leavingKey(id))
	if errors.Is(err, storage.ErrNotFound) {
		return going, errNoAttempt
	}
	if err != nil {
		return going, fmt.Errorf("find sign-out: %w", err)
	}
	if err := json.Unmarshal(value, &going); err != nil {
		return going, fmt.Errorf("read sign-out: %w", err)
	}
	if cookie == "" || browser.Hashed(cookie) != going.Browser {
		return going, errOtherBrowser
	}
	return going, nil
}

// leave ends the session, and with it what applications got from it.
func (s *Server) leave(c echo.Context, here *session.Session, going leaving) error {
	ctx := c.Request().Context()
	frames, err := s.deps.Provider.FrontchannelLogouts(ctx, here.ID)
	if err != nil {
		return err
	}
	err = s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.sessions.Drop(ctx, here.ID); err != nil {
			return err
		}
		return s.append(ctx, journal.Entry{
			Actor: here.PersonID, Client: going.ClientID,
			Action: "signout", Object: here.ID, Outcome: outcomeAccepted,
		}, "")
	})
	if err != nil {
		return err
	}
	browser.DropCookie(c.Response(), browser.CookieSession)
	return s.signedOut(c, going, frames...)
}

// signedOut takes the person back to the application, or says that it is done. Where
// applications are told in frames it is said in any case, and the browser goes on a
// moment later (Front-Channel Logout §5): by a header, since the page runs no script
// of its own for it.
func (s *Server) signedOut(c echo.Context, going leaving, frames ...string) error {
	to := going.ReturnURL()
	if to != "" && len(frames) == 0 {
		return browser.SeeOther(c, to)
	}
	if to != "" {
		c.Response().Header().Set("Refresh", fmt.Sprintf("%d; url=%s", pages.FramesTime, to))
	}
	page := pages.SignedOut{ClientName: going.client(c), Frames: frames}
	if strings.HasPrefix(to, "http") { // a page links to no private scheme
		page.ReturnURL = to
	}
	return s.face.Render(c, http.StatusOK, page)
}

// client is the application's name in the page's language.
func (l leaving) client(c echo.Context) string {
	if l.ClientNameEN != "" && pages.Language(c.Request()) == "en" {
		return l.ClientNameEN
	}
	return l.ClientName
}
