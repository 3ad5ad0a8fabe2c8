package browser

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

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
	challenges = []string{"WWW-Authenticate, Retry-After, DPoP-Nonce"}
	crossSite  = []string{"cross-origin"}
	twoYears   = []string{"max-age=63072000"}
)

// headers sets what every answer carries, before anything can fail.
//
// Referrer-Policy is same-origin and not no-referrer: the latter makes browsers
// send "Origin: null" with our own forms. What programs get is no page: it
// carries only what keeps a browser from taking it for one.
func (f *Face) headers(next echo.HandlerFunc) echo.HandlerFunc {
	https := strings.HasPrefix(f.deps.Issuer, "https://")
	return func(c echo.Context) error {
		h := c.Response().Header()
		h["Content-Security-Policy"] = nothing
		h["X-Content-Type-Options"] = nosniff
		h["Cache-Control"] = noStore
		if https {
			h["Strict-Transport-Security"] = twoYears
		}
		switch f.machines[c.Request().URL.Path] {
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
