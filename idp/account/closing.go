package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/storage"
)

type closingView struct {
	frame
	Due  storage.Time // 0 = not asked for
	Sole []pages.Held // organisations that would lose their last administrator
}

// closing is the person's wish, zero when there is none.
func (s *Server) closing(v *visit) (directory.Closing, error) {
	c, err := s.deps.Directory.Closing(v.ctx(), v.Person.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return directory.Closing{}, nil
	}
	return c, err
}

// closingForm says what closing means and asks whether to; or how long it can
// still be undone; or what stands in the way.
func (s *Server) closingForm(v *visit) error { return s.closingPage(v, http.StatusOK) }

func (s *Server) closingPage(v *visit, status int, errs ...pages.FieldError) error {
	wish, err := s.closing(v)
	if err != nil {
		return err
	}
	sole, err := s.deps.Directory.SoleAdministratorOf(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	view := closingView{frame: frame{v.notice()}, Due: wish.DueAt}
	for _, o := range sole {
		view.Sole = append(view.Sole, pages.Held{Title: o.Name, Facts: []pages.Fact{{Label: "number.inn", Text: o.INN}}})
	}
	return v.page(status, "account_close.html", "account.close", view, errs...)
}

// askClosing records the wish.
func (s *Server) askClosing(v *visit) error {
	sure, err := v.field("sure", 8)
	if err != nil {
		return err
	}
	if sure != "yes" {
		return s.closingPage(v, http.StatusUnprocessableEntity, browser.Wrong("sure", "account.error.sure")...)
	}
	_, err = s.deps.Directory.AskClosing(v.ctx(), v.Person.ID, s.now().Add(s.deps.ClosingDelay))
	if errors.Is(err, directory.ErrLastAdministrator) {
		return s.closingPage(v, http.StatusConflict)
	}
	if err != nil {
		return err
	}
	return browser.SeeOther(v, "/account/close")
}

// undoClosing takes the wish back.
func (s *Server) undoClosing(v *visit) error {
	err := s.deps.Directory.UndoClosing(v.ctx(), v.Person.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) { // another tab was quicker
		return err
	}
	return v.done("/account", "closing_undone")
}

// endEverything ends what others keep of a person whose account closes: sessions
// and what applications hold.
func (s *Server) endEverything(ctx context.Context, personID string) error {
	if _, err := s.deps.Sessions.DropOfPerson(ctx, personID, ""); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	consents, grants, err := s.connections(ctx, personID)
	if err != nil {
		return err
	}
	clients := map[string]bool{}
	for _, c := range consents {
		clients[c.ClientID] = true
	}
	for _, g := range grants {
		clients[g.ClientID] = true
	}
	for id := range clients {
		if err := s.deps.Provider.WithdrawConsent(ctx, personID, id); err != nil {
			return err
		}
	}
	return nil
}
