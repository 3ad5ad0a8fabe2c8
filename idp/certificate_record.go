package idp

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/factor"
	"propusk/idp/factor/certificate"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage/journal"
)

// certificateErrors says each refusal to the person, by catalogue key. The more
// special ones stand first: some of them wrap others.
var certificateErrors = []struct {
	err error
	key string
}{
	{certificate.ErrChallenge, "error.certificate_expired"},
	{certificate.ErrNoCertificate, "error.certificate_none"},
	{certificate.ErrRefused, "error.certificate_refused"},
	{certificate.ErrNobody, "error.certificate_unknown"},
	{certificate.ErrBlocked, "error.certificate_blocked"},
	{certificate.ErrRemoved, "error.certificate_removed"},
	{certificate.ErrFull, "error.certificate_full"},
	{certificate.ErrBound, "error.certificate_other"},
	{certificate.ErrContradiction, "error.certificate_other"},
}

// certificateFault is the answer to a signature that left the person at the
// page, with every check of the verdict when there is one. Unlike a password's,
// its reasons are told apart: who holds the key learns of his own account only.
func certificateFault(c echo.Context, err error, signed certificate.Signed, lang string) (int, certificateForm) {
	status, errs := browser.FormFault(c, err, "signature", "error.certificate_refused")
	if errs == nil {
		return 0, certificateForm{}
	}
	form := certificateForm{Errors: errs}
	if !errors.Is(err, factor.ErrWrong) {
		return status, form
	}
	for _, refusal := range certificateErrors {
		if errors.Is(err, refusal.err) {
			form.Errors = []pages.FieldError{{
				Field: "signature", Key: refusal.key, Args: map[string]any{"Reason": signed.Verdict.Text(lang)},
			}}
			break
		}
	}
	if errors.Is(err, certificate.ErrRefused) {
		form.Checks = signed.Verdict.Checks
	}
	return http.StatusUnprocessableEntity, form
}

// recordCertificate counts a signature that was offered and writes it to the
// system's chain with the certificate and the verdict's code; a failed one is
// charged to the address.
func (s *Server) recordCertificate(c echo.Context, t *turn, personID string, signed certificate.Signed, proved error) error {
	ctx, outcome := c.Request().Context(), outcomeOf(proved)
	switch {
	case errors.Is(proved, certificate.ErrNobody):
		outcome = outcomeUnknown
	case errors.Is(proved, certificate.ErrBlocked):
		outcome = outcomeBlocked
	}
	s.metrics.signIns.WithLabelValues(string(session.Certificate), outcome).Inc()
	if outcome == outcomeBusy || outcome == outcomeFailed {
		return nil
	}
	if outcome != outcomeAccepted {
		if err := s.signIns.Fail(ctx, browser.Address(c.Request())); err != nil {
			return err
		}
	}
	return s.append(ctx, journal.Entry{
		Actor: personID, Client: t.Request.ClientID, Action: "signin." + string(session.Certificate),
		Object: personID, Outcome: outcome, Details: certificateDetails(signed, proved),
	}, "")
}

// certificateDetails name the certificate and why it was refused; the owner's
// numbers are not among them.
func certificateDetails(signed certificate.Signed, proved error) map[string]string {
	details := map[string]string{}
	if signed.Verdict.Code != "" {
		details["verdict"] = string(signed.Verdict.Code)
	}
	if info := signed.Verdict.Certificate; info != nil {
		details["certificate"], details["serial"], details["issuer"] = info.Fingerprint, info.Serial, info.Issuer
	}
	if proved != nil {
		details["reason"] = proved.Error()
	}
	return details
}
