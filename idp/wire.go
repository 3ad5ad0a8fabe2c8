package idp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"propusk/idp/pages"
)

const (
	maxBody  = 64 << 10 // bytes of a request's body
	maxQuery = 16 << 10 // bytes of its query: authorization requests of many scopes are long
)

// wire registers the routes behind their guards.
func (s *Server) wire() {
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.fail
	s.machines = map[string]Kind{}
	for _, route := range s.Routes() {
		handle := s.guarded(route)
		s.echo.Add(route.Method, route.Path, handle)
		if route.Method == http.MethodGet && !route.acts() {
			s.echo.Add(http.MethodHead, route.Path, handle)
		}
		if route.Kind >= Machine {
			s.machines[route.Path] = route.Kind
		}
	}
	for path, kind := range s.machines {
		if kind == MachineCORS {
			s.echo.OPTIONS(path, preflight)
		}
	}
	s.echo.Pre(s.headers)
}

// acts tells that even a GET of the route does something (it begins or ends a
// sign-in, sends a code), so that a HEAD, which link checkers send, must not
// reach it.
func (r Route) acts() bool { return r.Kind == Entrance || r.Path == "/signin" }

// guarded puts the route's guards in front of its handler.
func (s *Server) guarded(route Route) echo.HandlerFunc {
	return func(c echo.Context) error {
		if route.Kind == Page {
			if err := s.origin.Check(c.Request()); err != nil {
				return fault{Status: http.StatusForbidden, Page: pages.FailureCrossSite, Err: err}
			}
		}
		if err := wellFormed(c.Response(), c.Request()); err != nil {
			return err
		}
		return route.handle(c)
	}
}

// wellFormed bounds the query and the body and refuses what no form of ours
// and no OAuth parameter may hold: broken escapes, broken UTF-8, control
// characters. What comes after it finds r.Form parsed.
func wellFormed(w http.ResponseWriter, r *http.Request) error {
	if len(r.URL.RawQuery) > maxQuery {
		return fault{Status: http.StatusRequestURITooLong, Page: pages.FailureLarge}
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	}
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault{Status: http.StatusRequestEntityTooLarge, Page: pages.FailureLarge, Err: err}
	case err != nil:
		return malformed("parse form: %w", err)
	}
	for name, values := range r.Form {
		if !printable(name) || slices.ContainsFunc(values, func(value string) bool { return !printable(value) }) {
			return malformed("parameter %q is not text", name)
		}
	}
	return nil
}

// printable tells text from bytes: UTF-8 without control characters but for
// tab and line ends.
func printable(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool {
		return (r < ' ' && r != '\t' && r != '\n' && r != '\r') || r == 0x7f
	})
}

// The values of headers that are the same in every answer. Set would make a
// slice of each for each answer.
var (
	noStore    = []string{"no-store"}
	nosniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"}
	nothing    = []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	deny       = []string{"DENY"}
	noDevices  = []string{"camera=(), microphone=(), geolocation=(), payment=()"}
	everyone   = []string{"*"}
	challenges = []string{"WWW-Authenticate, Retry-After"}
	crossSite  = []string{"cross-origin"}
	twoYears   = []string{"max-age=63072000"}
)

// headers sets what every answer carries, before anything can fail.
//
// Referrer-Policy is same-origin and not no-referrer: the latter makes browsers
// send "Origin: null" with our own forms. What programs get is no page: it
// carries only what keeps a browser from taking it for one.
func (s *Server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	https := strings.HasPrefix(s.deps.Issuer, "https://")
	return func(c echo.Context) error {
		h := c.Response().Header()
		h["Content-Security-Policy"] = nothing
		h["X-Content-Type-Options"] = nosniff
		h["Cache-Control"] = noStore
		if https {
			h["Strict-Transport-Security"] = twoYears
		}
		switch s.machines[c.Request().URL.Path] {
		case MachineCORS:
			// What is kept by caches serves scripts and servers alike; a token
			// is kept by none, and servers send no Origin.
			if r := c.Request(); r.Method != http.MethodPost || r.Header["Origin"] != nil {
				h["Access-Control-Allow-Origin"] = everyone
				h["Access-Control-Expose-Headers"] = challenges
				h["Cross-Origin-Resource-Policy"] = crossSite
			}
		case Machine:
			h["Cross-Origin-Resource-Policy"] = sameOrigin
		default:
			h["X-Frame-Options"] = deny
			h["Referrer-Policy"] = sameOrigin
			h["Permissions-Policy"] = noDevices
			h["Cross-Origin-Resource-Policy"] = sameOrigin
		}
		return next(c)
	}
}

// preflight answers a browser that asks before a script calls us from another
// site. Any site may: no cookie is ever read at these routes.
func preflight(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
	h.Set("Access-Control-Max-Age", "7200")
	return c.NoContent(http.StatusNoContent)
}

// field is one value of one of our own forms, at most limit bytes long.
func field(r *http.Request, name string, limit int) (string, error) {
	values := r.PostForm[name]
	switch {
	case len(values) > 1:
		return "", malformed("field %q is there twice", name)
	case len(values) == 0:
		return "", nil
	case len(values[0]) > limit:
		return "", fault{Status: http.StatusBadRequest, Page: pages.FailureLarge, Err: fmt.Errorf("field %q is too long", name)}
	default:
		return values[0], nil
	}
}

// seeOther sends the browser on with a GET, so that reloading posts nothing.
func seeOther(c echo.Context, to string) error {
	return c.Redirect(http.StatusSeeOther, to)
}

// dispatcher is where every step goes back to.
func dispatcher(a *attempt) string {
	return "/signin?" + url.Values{"request": {a.ID}}.Encode()
}
