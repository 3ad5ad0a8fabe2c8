package account

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// A contact is changed in two steps. The first, behind a fresh proof, sends one
// code to the contact of now and one to the new one. The second takes both, in
// one go or one after the other, and only then is anything changed.
//
// A new contact that is another account's looks to who asks like any other: its
// owner gets a message without a code, so that no code fits.

// contactChange is one that waits for its codes.
type contactChange struct {
	ID       string
	Channel  string // directory.ChannelEmail, directory.ChannelSMS
	From, To string
	Verified bool // From was: then its holder must agree
	Taken    bool // To is another account's
	OldDone  bool // From's code has come, or is not asked for
	NewDone  bool
}

// keptContact is where it is kept.
const keptContact = "contact"

// Attempts that codes are bound to.
func (c contactChange) oldAttempt() string { return "account-contact-old/" + c.ID }
func (c contactChange) newAttempt() string { return "account-contact-new/" + c.ID }

// Which of the two codes a form speaks of.
const (
	codeOld = "old"
	codeNew = "new"
)

type contactsView struct {
	frame
	Pending  bool // a change waits for its codes
	Channels []contactForm
}

type contactForm struct {
	Channel  string
	Now      string // as people read it; "" = none
	Verified bool
	Value    string // as typed
	Fault    string
}

// contacts shows what the house writes to, and the forms that change it.
func (s *Server) contacts(v *visit) error {
	return v.contactsPage(http.StatusOK, v.draft.Form.Get("channel"), v.draft.Form.Get("value"), "")
}

func (v *visit) contactsPage(status int, channel, value, fault string) error {
	view := contactsView{frame: frame{v.notice()}}
	var pending contactChange
	var err error
	if view.Pending, err = v.kept(keptContact, &pending); err != nil {
		return err
	}
	for _, name := range []string{directory.ChannelEmail, directory.ChannelSMS} {
		form := contactForm{Channel: name}
		form.Now, form.Verified = v.Person.Contact(name)
		if name == channel {
			form.Value, form.Fault = value, fault
		}
		view.Channels = append(view.Channels, form)
	}
	var errs []pages.FieldError
	if fault != "" {
		errs = browser.Wrong("value-"+channel, fault)
	}
	return v.page(status, "account_contacts.html", "account.place.contacts", view, errs...)
}

// maxContact bounds a typed contact, in bytes: a mailbox is the longest, with
// room for what people paste around it.
const maxContact = 320

// changeContact begins a change: the codes go out.
func (s *Server) changeContact(v *visit) error {
	channel, err := v.channel()
	if err != nil {
		return err
	}
	typed, err := v.field("value", maxContact)
	if err != nil {
		return err
	}
	c, err := s.newChange(v, channel, typed)
	if faults, bad := errors.AsType[*directory.FieldError](err); bad {
		return v.contactsPage(http.StatusUnprocessableEntity, channel, typed, "account.error.contact_"+faults.Code+"_"+channel)
	}
	if err != nil {
		return err
	}
	if err := s.sendBoth(v, c); err != nil {
		return v.contactRefused(err, channel, typed)
	}
	if err := v.keep(keptContact, c); err != nil {
		return err
	}
	return browser.SeeOther(v, "/account/contacts/confirm")
}

// channel is the form's, one of the two.
func (v *visit) channel() (string, error) {
	channel, err := v.field("channel", 8)
	if err == nil && channel != directory.ChannelEmail && channel != directory.ChannelSMS {
		return "", browser.Malformed("no contacts of the channel %q", channel)
	}
	return channel, err
}

// newChange reads what was typed. A qualified signature within the last minutes
// stands for the code to the contact of now: whoever lost his phone has it
// (requirements A23.10).
func (s *Server) newChange(v *visit, channel, typed string) (contactChange, error) {
	to, err := directory.NormaliseContact(channel, typed)
	if err != nil {
		return contactChange{}, err
	}
	c := contactChange{ID: browser.Random(), Channel: channel, To: to}
	c.From, c.Verified = v.Person.Contact(channel)
	if c.From == to && c.Verified {
		return contactChange{}, &directory.FieldError{Field: "value", Code: "same"}
	}
	if c.Taken, err = s.deps.Directory.ContactTaken(v.ctx(), v.Person.ID, channel, to); err != nil {
		return contactChange{}, err
	}
	c.OldDone = !c.Verified || s.recent(v.Here) == session.Qualified
	return c, nil
}

func (s *Server) sendBoth(v *visit, c contactChange) error {
	for _, which := range []string{codeNew, codeOld} {
		if err := s.send(v, c, which); err != nil {
			return err
		}
	}
	return nil
}

// send sends one of the two codes, unless it has come already.
func (s *Server) send(v *visit, c contactChange, which string) error {
	request := factor.CodeRequest{
		Guess: v.guess(), Channel: c.Channel, Application: v.house(), Lang: v.lang,
		Purpose: factor.ForContact, To: c.To, AttemptID: c.newAttempt(), Taken: c.Taken,
	}
	if which == codeOld {
		request.Purpose, request.To, request.AttemptID, request.Taken = factor.ForAct, c.From, c.oldAttempt(), false
	}
	if which == codeOld && c.OldDone || which == codeNew && c.NewDone {
		return nil
	}
	if _, err := s.deps.Codes.Send(v.ctx(), request); err != nil {
		return fmt.Errorf("send the %s contact's code: %w", which, err)
	}
	return nil
}

// guess says whose credential is tried, on the device of this session.
func (v *visit) guess() factor.Guess {
	return factor.Guess{PersonID: v.Person.ID, Device: v.Session.DeviceID}
}

// house is the name that messages give to these pages.
func (v *visit) house() string {
	if v.s.deps.Name != "" {
		return v.s.deps.Name
	}
	return v.t("brand")
}

// contactRefused tells at the form why no code went out.
func (v *visit) contactRefused(err error, channel, typed string) error {
	if errors.Is(err, factor.ErrUnavailable) {
		return v.contactsPage(http.StatusUnprocessableEntity, channel, typed, "account.error.channel")
	}
	if busy, ok := errors.AsType[*factor.Busy](err); ok {
		browser.RetryAfter(v, busy.RetryAfter)
		return v.contactsPage(http.StatusTooManyRequests, channel, typed, "account.error.codes")
	}
	return err
}

type contactCodesView struct {
	frame
	Channel  string
	From, To string // as people read them
	Old, New bool   // whether that code is still asked for
}

// contactCodes asks for the codes.
func (s *Server) contactCodes(v *visit) error {
	var c contactChange
	found, err := v.kept(keptContact, &c)
	if err != nil {
		return err
	}
	if !found {
		return browser.SeeOther(v, "/account/contacts")
	}
	return v.codesPage(http.StatusOK, c)
}

func (v *visit) codesPage(status int, c contactChange, errs ...pages.FieldError) error {
	view := contactCodesView{frame: frame{v.notice()}, Channel: c.Channel, From: pages.Phone(c.From), To: pages.Phone(c.To), Old: !c.OldDone, New: !c.NewDone}
	if v.QueryParam("sent") != "" {
		view.Notice = &pages.Tag{Kind: "go", Text: v.t("account.contacts.sent")}
	}
	return v.page(status, "account_contact_codes.html", "account.contacts.codes", view, errs...)
}

// maxCode bounds a typed code, in bytes.
const maxCode = 32

// confirmContact takes the codes. One that fits counts even when the other does
// not, so that it need not be sent again.
func (s *Server) confirmContact(v *visit) error {
	var c contactChange
	found, err := v.kept(keptContact, &c)
	if err != nil {
		return err
	}
	if !found {
		return browser.SeeOther(v, "/account/contacts")
	}
	status, errs, err := s.takeCodes(v, &c)
	if err != nil {
		return err
	}
	if len(errs) > 0 {
		if err := v.keep(keptContact, c); err != nil {
			return err
		}
		return v.codesPage(status, c, errs...)
	}
	return s.finishContact(v, c)
}

// takeCodes tries the codes that are still asked for.
func (s *Server) takeCodes(v *visit, c *contactChange) (status int, errs []pages.FieldError, err error) {
	for _, code := range []struct {
		field, attempt string
		done           *bool
	}{{"old_code", c.oldAttempt(), &c.OldDone}, {"new_code", c.newAttempt(), &c.NewDone}} {
		if *code.done {
			continue
		}
		at, wrong, err := s.takeCode(v, code.field, code.attempt)
		if err != nil {
			return 0, nil, err
		}
		*code.done = len(wrong) == 0
		status, errs = max(status, at), append(errs, wrong...)
	}
	return status, errs, nil
}

func (s *Server) takeCode(v *visit, field, attempt string) (status int, errs []pages.FieldError, err error) {
	typed, err := v.field(field, maxCode)
	if err != nil {
		return 0, nil, err
	}
	typed = strings.Join(strings.Fields(typed), "")
	if typed == "" {
		return http.StatusUnprocessableEntity, browser.Wrong(field, "error.code_required"), nil
	}
	err = s.deps.Codes.Verify(v.ctx(), v.guess(), attempt, typed)
	if err == nil {
		return 0, nil, nil
	}
	if status, errs = browser.FormFault(v, err, field, "error.code"); errs != nil {
		return status, errs, nil
	}
	return 0, nil, fmt.Errorf("verify the code of a contact: %w", err)
}

// finishContact changes the contact, now that both holders agree.
func (s *Server) finishContact(v *visit, c contactChange) error {
	err := s.replaceContact(v, c)
	if forgotten := v.forget(keptContact); forgotten != nil {
		return forgotten
	}
	switch {
	case errors.Is(err, storage.ErrExists): // somebody was quicker
		return v.contactsPage(http.StatusConflict, c.Channel, c.To, "account.error.contact_taken")
	case errors.Is(err, storage.ErrNotFound): // changed in another tab
		return v.contactsPage(http.StatusConflict, c.Channel, c.To, "account.error.contact_stale")
	case err != nil:
		return err
	}
	return v.done("/account/contacts", "contact")
}

// replaceContact puts the new contact in the place of the old one, and ends the
// person's other sessions that a code to the old one opened.
func (s *Server) replaceContact(v *visit, c contactChange) error {
	if c.From == c.To {
		return s.deps.Directory.ConfirmContact(v.ctx(), v.Person.ID, c.Channel, c.To)
	}
	return s.withdrawing(v, func(ctx context.Context) error {
		return s.deps.Directory.ChangeContact(ctx, v.Person.ID, c.Channel, c.From, c.To)
	}, anyBy(session.Factor(c.Channel)))
}

// resendContactCode sends one of the codes once more.
func (s *Server) resendContactCode(v *visit) error {
	which, err := v.field("which", 8)
	if err != nil {
		return err
	}
	var c contactChange
	found, err := v.kept(keptContact, &c)
	switch {
	case err != nil:
		return err
	case !found:
		return browser.SeeOther(v, "/account/contacts")
	case which != codeOld && which != codeNew:
		return browser.Malformed("no code %q", which)
	}
	err = s.send(v, c, which)
	if busy, ok := errors.AsType[*factor.Busy](err); ok {
		return v.codesPage(http.StatusTooManyRequests, c, v.wait(which+"_code", busy.RetryAfter)...)
	}
	if err != nil {
		return err
	}
	return browser.SeeOther(v, "/account/contacts/confirm?sent="+which)
}

// wait says at the field how long it takes until the next code.
func (v *visit) wait(field string, left time.Duration) []pages.FieldError {
	browser.RetryAfter(v, left)
	return []pages.FieldError{{Field: field, Key: "error.code_wait", Args: map[string]any{"Count": int(math.Ceil(left.Seconds()))}}}
}

// cancelContact gives the change up.
func (s *Server) cancelContact(v *visit) error {
	if err := v.forget(keptContact); err != nil {
		return err
	}
	return v.done("/account/contacts", "contact_cancelled")
}
