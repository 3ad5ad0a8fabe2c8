package idp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor/certificate"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/signature"
)

// maxCertificateBody bounds the form with a signature, in bytes.
const maxCertificateBody = signature.MaxUpload + 8<<10

// certificatesOffered tells that somebody could sign in by a certificate: it is
// wired, and an authority is trusted.
func (s *Server) certificatesOffered() bool {
	return s.deps.Certificates != nil && s.deps.Certificates.Offered()
}

// binding says for whom the turn's challenges are.
func (t *turn) binding() certificate.Binding {
	return certificate.Binding{
		Purpose: certificate.PurposeSignIn, Attempt: t.ID, Browser: t.Browser, Client: t.Request.ClientID,
	}
}

// certificateTurn reads the posted `request`, where certificates are offered.
func (s *Server) certificateTurn(c echo.Context) (*turn, error) {
	if !s.certificatesOffered() {
		return nil, browser.Fault{Status: http.StatusNotFound, Page: pages.FailureMissing}
	}
	return s.turnOf(c)
}

// certificatePage asks for a signature in place of login and password, or of
// the second factor. At any other step there is nothing to prove.
func (s *Server) certificatePage(c echo.Context) error {
	if !s.certificatesOffered() {
		return browser.Fault{Status: http.StatusNotFound, Page: pages.FailureMissing}
	}
	t, err := s.turn(c, c.QueryParam("request"))
	if err != nil {
		return err
	}
	if t.step.Kind != StepIdentify && t.step.Kind != StepFactor {
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	return s.showCertificate(c, t, http.StatusOK, certificateForm{})
}

// certificateForm is what the page tells after a signature that was not taken.
type certificateForm struct {
	Checks []signature.Check
	Errors []pages.FieldError
}

// showCertificate draws the page with a new challenge: the one before was used.
func (s *Server) showCertificate(c echo.Context, t *turn, status int, form certificateForm) error {
	challenge, err := s.challenge(c, t)
	if err != nil {
		return err
	}
	lang := language(c, t)
	page := pages.Certificate{
		Request: t.ID, ClientName: t.client(lang), RedirectURI: t.Request.RedirectURI,
		ChallengeText: challenge.Text, ChallengeID: challenge.ID,
		Checks: checkLines(form.Checks, lang), Errors: form.Errors,
	}
	if s.deps.MutualTLS != "" {
		page.TLSURL = "/signin/certificate/tls?" + url.Values{"request": {t.ID}}.Encode()
	}
	return s.draw(c, t, status, page)
}

func (s *Server) challenge(c echo.Context, t *turn) (certificate.Challenge, error) {
	lang := language(c, t)
	challenge, err := s.deps.Certificates.Challenge(c.Request().Context(), t.binding(),
		certificate.Asker{Application: t.client(lang), Language: lang})
	if err != nil {
		return challenge, fmt.Errorf("make challenge: %w", err)
	}
	return challenge, nil
}

// checkLines are the checks of a verdict in a language.
func checkLines(checks []signature.Check, lang string) []pages.CheckLine {
	var lines []pages.CheckLine
	for _, check := range checks {
		lines = append(lines, pages.CheckLine{
			Name: check.Name.Title(lang), Status: string(check.Status), Text: check.Text(lang), Code: string(check.Code),
		})
	}
	return lines
}

// certificateChallenge gives the text to be signed: a new one as JSON to the
// page's script, which signs at once; the one that the page was drawn with as a
// file to whoever signs elsewhere and uploads.
func (s *Server) certificateChallenge(c echo.Context) error {
	t, err := s.certificateTurn(c)
	if err != nil {
		return err
	}
	if strings.Contains(c.Request().Header.Get("Accept"), "application/json") {
		challenge, err := s.challenge(c, t)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]string{"id": challenge.ID, "text": challenge.Text})
	}
	id, err := browser.Field(c.Request(), "challenge", maxID)
	if err != nil {
		return err
	}
	challenge, err := s.deps.Certificates.Read(c.Request().Context(), id, t.binding())
	if errors.Is(err, certificate.ErrChallenge) { // the page is old: draw it anew
		return browser.SeeOther(c, certificateURL(t.ID))
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+certificate.FileName+`"`)
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(challenge.Text))
}

// certificateURL is the page of an attempt that asks for a signature.
func certificateURL(request string) string {
	return "/signin/certificate?" + url.Values{"request": {request}}.Encode()
}

// certificate takes a signature over the challenge. Like a password it is taken
// at every step: whoever proves who he is begins the attempt anew, as that
// person.
func (s *Server) certificate(c echo.Context) error {
	t, err := s.certificateTurn(c)
	if err != nil {
		return err
	}
	id, err := browser.Field(c.Request(), "challenge", maxID)
	if err != nil {
		return err
	}
	cms, err := uploaded(c.Request())
	if err != nil {
		return err
	}
	if len(cms) == 0 {
		return s.showCertificate(c, t, http.StatusUnprocessableEntity,
			certificateForm{Errors: browser.Wrong("signature", "error.certificate_required")})
	}
	return s.byCertificate(c, t, func() (certificate.Signed, error) {
		return s.deps.Certificates.Redeem(c.Request().Context(), id, t.binding(), cms)
	})
}

// uploaded is the signature of the form: base64 by a script, or a file.
func uploaded(r *http.Request) ([]byte, error) {
	made, err := browser.Field(r, "signature", signature.MaxUpload)
	if err != nil || made != "" {
		return signature.Decode([]byte(made)), err
	}
	if r.MultipartForm == nil || len(r.MultipartForm.File["signature"]) == 0 {
		return nil, nil
	}
	files := r.MultipartForm.File["signature"]
	if len(files) > 1 {
		return nil, browser.Malformed("%d files", len(files))
	}
	file, err := files[0].Open()
	if err != nil {
		return nil, browser.Malformed("open the uploaded file: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, signature.MaxUpload+1))
	if err != nil {
		return nil, browser.Malformed("read the uploaded file: %w", err)
	}
	return signature.Decode(data), nil
}

// byCertificate signs in whoever the proof names, or shows the page again with
// every check that failed.
func (s *Server) byCertificate(c echo.Context, t *turn, prove func() (certificate.Signed, error)) error {
	signed, entry, err := s.authenticateByCertificate(c, t, prove)
	if status, form := certificateFault(c, err, signed, language(c, t)); form.Errors != nil {
		return s.showCertificate(c, t, status, form)
	}
	if err != nil {
		return err
	}
	who := directory.Resolved{Person: entry.Person, OrganisationID: entry.OrganisationID}
	proof := session.Proof{Factor: session.Certificate, Credential: entry.Certificate.Fingerprint}
	if err := s.begin(c, t, who, proof); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// authenticateByCertificate proves and finds the account, and records how it
// came out.
func (s *Server) authenticateByCertificate(c echo.Context, t *turn, prove func() (certificate.Signed, error)) (certificate.Signed, certificate.Entry, error) {
	ctx := c.Request().Context()
	var entry certificate.Entry
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return certificate.Signed{}, entry, err
	}
	signed, err := prove()
	if err == nil {
		entry, err = s.deps.Certificates.SignIn(ctx, signed)
	}
	return signed, entry, errors.Join(err, s.recordCertificate(c, t, entry.Person.ID, signed, err))
}
