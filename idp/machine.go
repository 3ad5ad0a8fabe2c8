package idp

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/keys"
)

// The endpoints of programs. What they say is idp/oauth's; here are the
// headers, the caching and the budget around it. The provider has answered when
// it returns an error; fail then only logs what is the server's own fault.

// discovery is both metadata documents (OpenID Connect Discovery §4, RFC 8414
// §3): one content, two addresses.
func (s *Server) discovery(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.JSON(http.StatusOK, s.deps.Provider.Discovery())
}

// jwks is the key set (RFC 7517 §5), with an ETag so that asking again is cheap.
func (s *Server) jwks(c echo.Context) error {
	body, etag, err := s.deps.Provider.JWKS(c.Request().Context())
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(keys.MaxAge.Seconds())))
	h.Set("ETag", etag)
	if known(c.Request().Header.Get("If-None-Match"), etag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "application/jwk-set+json", body)
}

// known reads If-None-Match (RFC 9110 §13.1.2): a list of tags, compared weakly.
func known(ifNoneMatch, etag string) bool {
	return slices.ContainsFunc(strings.Split(ifNoneMatch, ","), func(tag string) bool {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		return tag == "*" || tag == etag
	})
}

// token is the token endpoint (RFC 6749 §3.2).
func (s *Server) token(c echo.Context) error {
	return s.authenticated(c, s.deps.Provider.Token)
}

// push keeps an authorization request until the browser comes (RFC 9126 §2).
func (s *Server) push(c echo.Context) error {
	return s.authenticated(c, s.deps.Provider.Push)
}

// explain tells a client what would be refused of a request, and why.
func (s *Server) explain(c echo.Context) error {
	return s.authenticated(c, s.deps.Provider.Explain)
}

// authenticated answers a request in which a client authenticates. An address
// that keeps failing to must wait. Other failures cost it nothing: a code or a
// refresh token has too many bits to be guessed.
func (s *Server) authenticated(c echo.Context, answer func(http.ResponseWriter, *http.Request) error) error {
	ctx := c.Request().Context()
	if err := s.tokens.Open(ctx, browser.Address(c.Request())); err != nil {
		return err
	}
	err := answer(c.Response(), c.Request())
	if c.Response().Status == http.StatusUnauthorized {
		err = errors.Join(err, s.tokens.Fail(ctx, browser.Address(c.Request())))
	}
	return err
}

// introspect tells a resource server about a token (RFC 7662).
func (s *Server) introspect(c echo.Context) error {
	return s.deps.Provider.Introspect(c.Response(), c.Request())
}

// revoke takes a token back (RFC 7009).
func (s *Server) revoke(c echo.Context) error {
	return s.deps.Provider.Revoke(c.Response(), c.Request())
}

// userInfo is the claims about the person (OpenID Connect Core §5.3).
func (s *Server) userInfo(c echo.Context) error {
	return s.deps.Provider.UserInfo(c.Response(), c.Request())
}
