package recovery

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/storage"
)

// cookieHolder is the secret of who holds this browser's recovery.
const cookieHolder = "__Host-propusk-recovery"

// maxField bounds a typed field, in bytes: the longest e-mail address.
const maxField = 254

// askPage asks whom to let in again.
type askPage struct{ Contact, INN string }

func (s *Server) askForPassword(c echo.Context) error {
	return s.render(c, http.StatusOK, "recovery.html", askPage{}, nil)
}

func (s *Server) askForPIN(c echo.Context) error {
	return s.render(c, http.StatusOK, "recovery_pin.html", askPage{}, nil)
}

// sent says that a link is under way, if there is anybody to send it to.
func (s *Server) sent(c echo.Context) error {
	return s.render(c, http.StatusOK, "recovery_sent.html", nil, nil)
}

// recoverPassword takes an e-mail or a phone, with an ИНН or without.
func (s *Server) recoverPassword(c echo.Context) error {
	page, q, errs, err := s.asked(c, directory.RecoverPassword)
	if err != nil {
		return err
	}
	if errs != nil {
		return s.render(c, http.StatusUnprocessableEntity, "recovery.html", page, errs)
	}
	return s.begin(c, q)
}

// recoverPIN takes the phone and the organisation's ИНН.
func (s *Server) recoverPIN(c echo.Context) error {
	page, q, errs, err := s.asked(c, directory.RecoverPIN)
	if err != nil {
		return err
	}
	if errs == nil && q.Phone == "" {
		errs = browser.Wrong("contact", "recovery.error.phone")
	}
	if errs == nil && q.INN == "" {
		errs = browser.Wrong("inn", "recovery.error.inn_required")
	}
	if errs != nil {
		return s.render(c, http.StatusUnprocessableEntity, "recovery_pin.html", page, errs)
	}
	return s.begin(c, q)
}

// asked reads the form. Its errors are of form only: nothing is looked up.
func (s *Server) asked(c echo.Context, kind string) (page askPage, q directory.RecoveryRequest, errs []pages.FieldError, err error) {
	r := c.Request()
	if err = s.asks.Open(r.Context(), browser.Address(r)); err != nil {
		return page, q, nil, err
	}
	if page.Contact, err = browser.Field(r, "contact", maxField); err != nil {
		return page, q, nil, err
	}
	if page.INN, err = browser.Field(r, "inn", maxField); err != nil {
		return page, q, nil, err
	}
	q = directory.RecoveryRequest{Kind: kind, From: browser.Address(r), INN: strings.TrimSpace(page.INN)}
	var ok bool
	if strings.Contains(page.Contact, "@") {
		q.Email, ok = directory.NormaliseEmail(page.Contact)
	} else {
		q.Phone, ok = directory.NormalisePhone(page.Contact)
	}
	switch {
	case strings.TrimSpace(page.Contact) == "":
		errs = browser.Wrong("contact", "recovery.error.contact_required")
	case !ok:
		errs = browser.Wrong("contact", "recovery.error.contact")
	}
	if q.INN != "" && !directory.ValidINN(q.INN) {
		errs = append(errs, pages.FieldError{Field: "inn", Key: "recovery.error.inn"})
	}
	return page, q, errs, nil
}

// begin keeps what was typed and leaves the rest to the job. Who asks for a link
// holds nothing: his pages must not change when the owner uses it.
func (s *Server) begin(c echo.Context, q directory.RecoveryRequest) error {
	ctx := c.Request().Context()
	if err := s.asks.Fail(ctx, q.From); err != nil {
		return err
	}
	holder := ""
	if q.Phone != "" {
		holder = browser.Random()
	}
	err := s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		r, err := s.deps.Directory.AskRecovery(ctx, q, holder, s.now().Add(s.deps.Timing.Link))
		if err != nil {
			return err
		}
		return s.enqueue(ctx, r.ID)
	})
	if err != nil {
		return fmt.Errorf("ask for recovery: %w", err)
	}
	s.metrics.WithLabelValues("asked").Inc()
	if holder == "" {
		return browser.SeeOther(c, "/recovery/sent")
	}
	browser.SetCookie(c.Response(), cookieHolder, holder)
	return browser.SeeOther(c, "/recovery/code")
}

func (s *Server) now() storage.Time { return storage.Of(s.deps.Now()) }
