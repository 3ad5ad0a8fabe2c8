package idp

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/factor/certificate"
	"propusk/idp/pages"
)

// certificateTLS is the sign-in by TLS client certificate, in three visits to
// one path: the person leaves the main host (`request`), the other host asks the
// browser for a certificate (`ticket`), and the person comes back (`code`).
//
// What the visits carry is worth nothing to another browser: see
// certificate.Ticket.
func (s *Server) certificateTLS(c echo.Context) error {
	if !s.certificatesOffered() || s.deps.MutualTLS == "" {
		return browser.Fault{Status: http.StatusNotFound, Page: pages.FailureMissing}
	}
	if ticket := c.QueryParam("ticket"); ticket != "" {
		return s.presentCertificate(c, ticket)
	}
	t, err := s.turn(c, c.QueryParam("request"))
	if err != nil {
		return err
	}
	if code := c.QueryParam("code"); code != "" {
		return s.byCertificate(c, t, func() (certificate.Signed, error) {
			return s.deps.Certificates.Claim(c.Request().Context(), code, t.binding())
		})
	}
	return s.leaveForCertificate(c, t)
}

// leaveForCertificate sends the browser to the other host with a ticket.
func (s *Server) leaveForCertificate(c echo.Context, t *turn) error {
	if t.step.Kind != StepIdentify && t.step.Kind != StepFactor {
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	ticket, err := s.deps.Certificates.Ticket(c.Request().Context(), t.binding())
	if err != nil {
		return err
	}
	query := url.Values{"ticket": {ticket}, "request": {t.ID}}
	return browser.SeeOther(c, s.deps.MutualTLS+"/signin/certificate/tls?"+query.Encode())
}

// presentCertificate is the visit to the other host. Whatever came out is told
// on the main host, which alone knows whose sign-in it is; a certificate is read
// from this very connection and from no header. The connection ends with the
// visit: on one that stays, the next person at this browser would come with this
// certificate, and who has plugged his key in too late with none.
func (s *Server) presentCertificate(c echo.Context, ticket string) error {
	c.Response().Header().Set("Connection", "close")
	var chain [][]byte
	if state := c.Request().TLS; state != nil {
		for _, peer := range state.PeerCertificates {
			chain = append(chain, peer.Raw)
		}
	}
	back := url.Values{"request": {c.QueryParam("request")}}
	code, err := s.deps.Certificates.Present(c.Request().Context(), ticket, chain)
	if errors.Is(err, certificate.ErrChallenge) { // an old tab: the main host draws the page anew
		return browser.SeeOther(c, s.deps.Issuer+"/signin/certificate?"+back.Encode())
	}
	if err != nil {
		return err
	}
	back.Set("code", code)
	return browser.SeeOther(c, s.deps.Issuer+"/signin/certificate/tls?"+back.Encode())
}
