package idp

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/client/logo"
	"propusk/storage"
)

// logoPath is where the pictures of applications are, by their digest.
const logoPath = logo.Path

// logo serves a picture to whoever has its name, as all of the pages' pictures are.
func (s *Server) logo(c echo.Context) error {
	if s.deps.Logos == nil {
		return echo.ErrNotFound
	}
	picture, err := s.deps.Logos.Picture(c.Request().Context(), c.Param("digest"))
	if errors.Is(err, storage.ErrNotFound) {
		return echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	return c.Blob(http.StatusOK, "image/png", picture)
}
