package idp

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/signature"
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

// authority is one whose certificates are accepted now, as people are told of it.
type authority struct {
	Name, OGRN, INN string
	Since           time.Time // of its accreditation; zero: trusted by the house's own act
}

// authoritiesHelp says where a qualified certificate comes from, what to bring, and
// whose certificates are accepted here.
func (s *Server) authoritiesHelp(c echo.Context) error {
	var known []authority
	if s.deps.Certificates != nil && s.deps.Certificates.Authorities != nil {
		known = accepted(s.deps.Certificates.Authorities(), s.deps.Now())
	}
	return s.face.Render(c, http.StatusOK, pages.Custom{
		Template: "authorities.html", Title: "authorities.title", Data: struct{ Authorities []authority }{known},
	})
}

// accepted are the authorities whose accreditation holds now.
func accepted(all []signature.Authority, now time.Time) (known []authority) {
	for _, a := range all {
		since, ok := a.AccreditedAt(now)
		if ok {
			known = append(known, authority{a.Name, a.OGRN, a.INN, since})
		}
	}
	return known
}

// assets are the styles, fonts and scripts of the pages.
func (s *Server) assets(c echo.Context) error {
	s.pages.Assets().ServeHTTP(c.Response(), c.Request())
	return nil
}
