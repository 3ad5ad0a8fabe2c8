package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/passkey"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

type passkeyFormView struct {
	frame
	Passkey pages.Passkey
	Name    string // proposed
}

// passkeyForm begins the ceremony that makes a passkey.
func (s *Server) passkeyForm(v *visit) error {
	return s.passkeyFormPage(v, http.StatusOK, directory.DeviceName(v.Request().UserAgent(), v.lang))
}

func (s *Server) passkeyFormPage(v *visit, status int, name string, errs ...pages.FieldError) error {
	options, err := s.deps.Passkeys.BeginEnrol(v.ctx(), v.ceremony(), v.Person)
	switch {
	case errors.Is(err, passkey.ErrFull):
		return v.refused("passkeys_full")
	case errors.Is(err, factor.ErrUnavailable):
		return v.refused("passkeys_unavailable")
	case err != nil:
		return fmt.Errorf("begin a passkey: %w", err)
	}
	return v.page(status, "account_passkey_new.html", "account.passkey.new", passkeyFormView{
		frame: frame{v.notice()}, Passkey: pages.Passkey{Options: options, Action: "/account/passkeys"}, Name: name,
	}, errs...)
}

// ceremony names the challenge: it belongs to the session, not to the person.
func (v *visit) ceremony() string { return "account/" + v.Session.ID }

const (
	maxCredential = 32 << 10 // bytes of a credential's JSON
	maxName       = 240      // bytes of a passkey's name
)

// addPasskey finishes the ceremony.
func (s *Server) addPasskey(v *visit) error {
	credential, err := v.field("credential", maxCredential)
	if err != nil {
		return err
	}
	name, err := v.field("name", maxName)
	if err != nil {
		return err
	}
	_, err = s.deps.Passkeys.FinishEnrol(v.ctx(), v.ceremony(), v.Person, name, []byte(credential))
	if err != nil {
		return s.passkeyRefused(v, err, name)
	}
	return v.done("/account/security", "passkey")
}

// passkeyRefused tells at the form why nothing was added.
func (s *Server) passkeyRefused(v *visit, err error, name string) error {
	fault, badName := errors.AsType[*directory.FieldError](err)
	switch {
	case badName:
		return s.passkeyFormPage(v, http.StatusUnprocessableEntity, name, browser.Wrong("name", "account.error.name_"+fault.Code)...)
	case errors.Is(err, passkey.ErrStale):
		return s.passkeyFormPage(v, http.StatusUnprocessableEntity, name, browser.Wrong("", "error.passkey_expired")...)
	case errors.Is(err, passkey.ErrKnown):
		return s.passkeyFormPage(v, http.StatusConflict, name, browser.Wrong("", "account.error.passkey_known")...)
	case errors.Is(err, passkey.ErrFull):
		return v.refused("passkeys_full")
	case errors.Is(err, factor.ErrUnavailable):
		return v.refused("passkeys_unavailable")
	case errors.Is(err, factor.ErrWrong):
		return s.passkeyFormPage(v, http.StatusUnprocessableEntity, name, browser.Wrong("", "account.error.passkey")...)
	default:
		return fmt.Errorf("add a passkey: %w", err)
	}
}

type passkeyView struct {
	frame
	ID, Name string
	Typed    string
}

// passkeyPage shows one of the person's passkeys, to rename it.
func (s *Server) passkeyPage(v *visit) error {
	key, err := s.ownPasskey(v)
	if err != nil {
		return err
	}
	typed := cmp.Or(v.draft.Form.Get("name"), key.Name)
	return v.page(http.StatusOK, "account_passkey.html", "account.passkey.rename", passkeyView{frame: frame{v.notice()}, ID: key.ID, Name: key.Name, Typed: typed})
}

// ownPasskey is the path's, among the person's; storage.ErrNotFound.
func (s *Server) ownPasskey(v *visit) (passkey.Credential, error) {
	list, err := s.deps.Passkeys.List(v.ctx(), v.Person.ID)
	if err != nil {
		return passkey.Credential{}, fmt.Errorf("look for passkeys: %w", err)
	}
	at := slices.IndexFunc(list, func(key passkey.Credential) bool { return key.ID == v.Param("id") })
	if at < 0 {
		return passkey.Credential{}, fmt.Errorf("passkey of the path: %w", storage.ErrNotFound)
	}
	return list[at], nil
}

// renamePasskey gives the passkey another name.
func (s *Server) renamePasskey(v *visit) error {
	key, err := s.ownPasskey(v)
	if err != nil {
		return err
	}
	name, err := v.field("name", maxName)
	if err != nil {
		return err
	}
	err = s.deps.Passkeys.Rename(v.ctx(), v.Person.ID, key.ID, name)
	if fault, bad := errors.AsType[*directory.FieldError](err); bad {
		return v.page(http.StatusUnprocessableEntity, "account_passkey.html", "account.passkey.rename",
			passkeyView{ID: key.ID, Name: key.Name, Typed: name}, browser.Wrong("name", "account.error.name_"+fault.Code)...)
	}
	if err != nil {
		return fmt.Errorf("rename passkey: %w", err)
	}
	return v.done("/account/security", "passkey_renamed")
}

// removePasskey takes the passkey away, unless nothing else says who one is.
func (s *Server) removePasskey(v *visit) error {
	key, err := s.ownPasskey(v)
	if err != nil {
		return err
	}
	enough := func(h held) bool { return h.without(key.ID).opens() }
	err = s.withdrawing(v, func(ctx context.Context) error {
		return s.leaving(ctx, v, enough, errLastWay, func(ctx context.Context) error {
			return s.deps.Passkeys.Remove(ctx, v.Person.ID, key.ID)
		})
	}, by(session.Passkey, key.ID))
	if errors.Is(err, errLastWay) {
		return v.refused("last_way")
	}
	if err != nil {
		return fmt.Errorf("remove passkey: %w", err)
	}
	return v.done("/account/security", "passkey_removed")
}
