package idp

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/oauth"
	"propusk/idp/pages"
)

// help says what to do when signing in fails, and how to tell a real page.
func (s *Server) help(c echo.Context) error {
	return s.face.Render(c, http.StatusOK, pages.Help{Issuer: s.deps.Issuer, Contact: s.deps.Contact})
}

// errorsHelp explains each stable code of an error (RFC 6749 §5.2, error_uri).
func (s *Server) errorsHelp(c echo.Context) error {
	answered, explained := oauth.ErrorCodes(pages.Language(c.Request()))
	return s.face.Render(c, http.StatusOK, pages.Custom{
		Template: "errors.html", Title: "errors.title",
		Data: struct{ Answered, Explained []oauth.ErrorCode }{answered, explained},
	})
}

// assets are the styles, fonts and scripts of the pages.
func (s *Server) assets(c echo.Context) error {
	s.pages.Assets().ServeHTTP(c.Response(), c.Request())
	return nil
}
