package idp

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/pages"
)

// help says what to do when signing in fails, and how to tell a real page.
func (s *Server) help(c echo.Context) error {
	return s.face.Render(c, http.StatusOK, pages.Help{Issuer: s.deps.Issuer, Contact: s.deps.Contact})
}

// assets are the styles, fonts and scripts of the pages.
func (s *Server) assets(c echo.Context) error {
	s.pages.Assets().ServeHTTP(c.Response(), c.Request())
	return nil
}
