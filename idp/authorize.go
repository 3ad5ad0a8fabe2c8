package idp

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/pages"
)

// authorize begins a sign-in (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2): the
// request is checked, kept, and tied to this browser.
//
// prompt=none is answered here and now: nothing can be shown, so nothing needs
// to be kept, and a browser that holds our cookies back (a hidden frame) still
// gets its login_required.
func (s *Server) authorize(c echo.Context) error {
	ctx, w, r := c.Request().Context(), c.Response(), c.Request()
	request, err := s.deps.Provider.Authorize(ctx, r)
	if err != nil {
		return s.authorizeError(c, err)
	}
	value := browser.Browser(w, r)
	if slices.Contains(request.Prompt, "none") {
		t, err := s.stand(c, &attempt{Request: request})
		if err != nil {
			return err
		}
		return s.answer(c, t)
	}
	a := &attempt{Request: request}
	if err := s.attempts.open(ctx, a, value, browser.Address(r)); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(a))
}

// open keeps an attempt that no application asked for, for this browser.
func (s *Server) open(c echo.Context, a *attempt) error {
	r := c.Request()
	return s.attempts.open(r.Context(), a, browser.Browser(c.Response(), r), browser.Address(r))
}

// authorizeByPost turns a POST (OpenID Connect Core §3.1.2.1) into the GET. A
// form on another site comes without our SameSite cookies, and would cut the
// browser off from the session and the sign-ins it has; the GET comes with them.
func (s *Server) authorizeByPost(c echo.Context) error {
	return browser.SeeOther(c, "/oauth2/authorize?"+c.Request().PostForm.Encode())
}

// authorizeError tells the application, when it is sure that it is one; else
// the person, with the reason for whoever looks after the application.
func (s *Server) authorizeError(c echo.Context, err error) error {
	page := s.deps.Provider.AuthorizeError(c.Response(), c.Request(), err)
	if page == nil {
		return err // told; fail logs it when it is the server's own
	}
	return refusedRequest(page.Status, page.Code, page.Description, err)
}

// refusedRequest is the page for a request of an application that is wrong.
func refusedRequest(status int, code, why string, err error) error {
	f := browser.Fault{Status: status, Page: pages.FailureRequest, Code: code, Detail: why, Err: err}
	switch {
	case status >= http.StatusInternalServerError:
		f.Page, f.Detail = pages.FailureInternal, ""
	case code == "invalid_client", code == "unauthorized_client":
		f.Page = pages.FailureClient
	}
	return f
}
