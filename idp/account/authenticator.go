package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"propusk/idp/browser"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// keptTOTP is where the secret waits for its first code.
const keptTOTP = "totp"

type authenticatorView struct {
	frame
	Replaces bool   // another one works until this one's first code
	Secret   string // base32, shown in groups of four
	QR       []byte // PNG of the otpauth URI
}

// authenticatorForm shows the secret of an authenticator to be connected, the
// same one until its first code or keptFor.
func (s *Server) authenticatorForm(v *visit) error { return s.authenticatorPage(v, http.StatusOK) }

func (s *Server) authenticatorPage(v *visit, status int, errs ...pages.FieldError) error {
	account := cmp.Or(v.Person.Email, v.Person.Number)
	var secret []byte
	found, err := v.kept(keptTOTP, &secret)
	if err != nil {
		return err
	}
	enrolment, err := s.deps.TOTP.Show(secret, account)
	if !found {
		secret, enrolment, err = s.deps.TOTP.Offer(account)
	}
	if err != nil {
		return fmt.Errorf("offer authenticator: %w", err)
	}
	if err := v.keep(keptTOTP, secret); err != nil {
		return err
	}
	held, err := s.held(v.ctx(), v.Person)
	if err != nil {
		return err
	}
	view := authenticatorView{frame: frame{v.notice()}, Replaces: held.totp, Secret: enrolment.Secret, QR: enrolment.QR}
	return v.page(status, "account_authenticator.html", "account.totp.title", view, errs...)
}

// connectAuthenticator makes the authenticator a factor by its first code, in
// the place of the one before.
func (s *Server) connectAuthenticator(v *visit) error {
	typed, err := v.field("code", maxCode)
	if err != nil {
		return err
	}
	var secret []byte
	found, err := v.kept(keptTOTP, &secret)
	if err != nil {
		return err
	}
	typed = strings.Join(strings.Fields(typed), "")
	if typed == "" {
		return s.authenticatorPage(v, http.StatusUnprocessableEntity, browser.Wrong("code", "error.code_required")...)
	}
	step, fits := s.deps.TOTP.Confirms(secret, typed)
	if !found || !fits {
		return s.authenticatorPage(v, http.StatusUnprocessableEntity, browser.Wrong("code", "error.code_enrol")...)
	}
	err = s.withdrawing(v, func(ctx context.Context) error {
		return s.deps.Directory.ReplaceTOTP(ctx, v.Person.ID, secret, step)
	}, anyBy(session.TOTP))
	if err != nil {
		return err
	}
	if err := v.forget(keptTOTP); err != nil {
		return err
	}
	return v.done("/account/security", "totp")
}

// removeAuthenticator disconnects it, when another second factor is left.
func (s *Server) removeAuthenticator(v *visit) error {
	err := s.withdrawing(v, func(ctx context.Context) error {
		return s.leaving(ctx, v, held.seconds, errLastSecond, func(ctx context.Context) error {
			return s.deps.Directory.DisconnectTOTP(ctx, v.Person.ID)
		})
	}, anyBy(session.TOTP))
	if errors.Is(err, errLastSecond) {
		return v.refused("last_second")
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) { // another tab was quicker
		return err
	}
	return v.done("/account/security", "totp_removed")
}

// refusedView says why an act was not done.
type refusedView struct {
	frame
	Text, Back string
	List       []pages.Held
}

// refused draws why the act was not done, by the key of the reason.
func (v *visit) refused(why string, list ...pages.Held) error {
	return v.page(http.StatusConflict, "account_refused.html", "account.refused", refusedView{
		Text: "account.refused." + why, Back: "/account/security", List: list,
	})
}
