package recovery

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// Step is what a recovery that has been proved needs next.
type Step string

// The steps.
const (
	StepSecond   Step = "second"   // another factor
	StepWait     Step = "wait"     // there is no other one
	StepPassword Step = "password" // a new password
	StepPIN      Step = "pin"      // a new PIN
)

// wayElsewhere is proving the other factor by signing in, with a passkey or a
// certificate.
const wayElsewhere = "signin"

// next decides the step, and nothing else does. ways are the factors of the
// person other than the one that was proved.
//
// A PIN is asked for after a sign-in of two factors and proves nothing by
// itself, so phone and ИНН are enough. What operators approved, and what has
// waited, has been proved by other means.
func next(r directory.Recovery, ways []string) Step {
	switch {
	case r.Kind == directory.RecoverPIN:
		return StepPIN
	case r.SecondAt > 0, r.DueAt > 0:
		return StepPassword
	case len(ways) > 0:
		return StepSecond
	default:
		return StepWait
	}
}

// ways are the factors by which the person can prove himself besides the
// channel that was proved first.
func (s *Server) ways(ctx context.Context, r directory.Recovery, p directory.Person) ([]string, error) {
	var ways []string
	_, confirmed, err := s.deps.Directory.TOTP(ctx, p.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	if confirmed {
		ways = append(ways, pages.KindTOTP)
	}
	for _, channel := range []string{directory.ChannelSMS, directory.ChannelEmail} {
		if _, verified := p.Contact(channel); verified && channel != r.Channel {
			ways = append(ways, channel)
		}
	}
	left, err := s.deps.RecoveryCodes.Left(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if left > 0 {
		ways = append(ways, pages.KindRecovery)
	}
	elsewhere, err := s.elsewhere(ctx, p.ID)
	if elsewhere {
		ways = append(ways, wayElsewhere)
	}
	return ways, err
}

// elsewhere tells that the person can sign in without the password.
func (s *Server) elsewhere(ctx context.Context, personID string) (bool, error) {
	passkeys, err := s.deps.Directory.Passkeys(ctx, personID)
	if err != nil {
		return false, err
	}
	certificates, err := s.deps.Directory.Certificates(ctx, personID)
	return len(passkeys)+len(certificates) > 0, err
}

// turn is a recovery of this browser that was proved, with what it needs next.
type turn struct {
	directory.Recovery
	person directory.Person
	ways   []string
	step   Step
}

// turn reads where the recovery of this browser stands.
func (s *Server) turn(c echo.Context) (turn, error) {
	ctx := c.Request().Context()
	r, err := s.deps.Directory.RecoveryOf(ctx, browser.Cookie(c.Request(), cookieHolder))
	if err == nil && r.State != directory.RecoveryProved {
		err = errUnproved
	}
	if err != nil {
		return turn{}, err
	}
	t := turn{Recovery: r}
	if t.person, err = s.deps.Directory.Person(ctx, r.PersonID); err != nil {
		return t, err
	}
	if t.person.Status != directory.StatusActive {
		return t, directory.ErrBlocked
	}
	if err := s.stillLost(ctx, r); err != nil {
		return t, err
	}
	if t.ways, err = s.ways(ctx, r, t.person); err != nil {
		return t, err
	}
	if err := s.noticeSignIn(c, &t); err != nil {
		return t, err
	}
	t.step = next(t.Recovery, t.ways)
	return t, nil
}

// stillLost stops a recovery that has waited when the person has signed in with
// another factor since: the link may have come before that.
func (s *Server) stillLost(ctx context.Context, r directory.Recovery) error {
	if r.DueAt == 0 {
		return nil
	}
	doubtful, err := s.signedInSince(ctx, r)
	if err != nil || !doubtful {
		return err
	}
	return errors.Join(s.deps.Directory.StopRecovery(ctx, r.ID), directory.ErrRecoveryOver)
}

// noticeSignIn takes a sign-in in this browser, without the password and since
// the recovery began, for the other factor. With the password it may have been a
// code to the mailbox that is proved already, or a trusted device.
func (s *Server) noticeSignIn(c echo.Context, t *turn) error {
	if t.SecondAt > 0 || !slices.Contains(t.ways, wayElsewhere) {
		return nil
	}
	here, signedIn, err := s.face.Here(c)
	if err != nil || !signedIn || here.Person.ID != t.person.ID {
		return err
	}
	if session.Weigh(here.Session.Without(session.Password), t.CreatedAt).Level < session.Two {
		return nil
	}
	if err := s.deps.Directory.ProveSecond(c.Request().Context(), t.ID, wayElsewhere); err != nil {
		return err
	}
	t.SecondAt, t.SecondBy = storage.Of(s.deps.Now()), wayElsewhere
	return nil
}

// dispatch shows the page of the step that is due.
func (s *Server) dispatch(c echo.Context) error {
	t, err := s.turn(c)
	if err != nil {
		return err
	}
	switch t.step {
	case StepSecond:
		return s.showSecond(c, http.StatusOK, t, s.chosenWay(c, t), nil)
	case StepWait:
		return s.showWait(c, t)
	case StepPIN:
		return s.showPIN(c, http.StatusOK, t, nil)
	default:
		return s.showPassword(c, http.StatusOK, t, nil)
	}
}

// at is the turn when it is at the step; otherwise the dispatcher answers.
func (s *Server) at(step Step, handle func(c echo.Context, t turn) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		t, err := s.turn(c)
		if err != nil {
			return err
		}
		if t.step != step {
			return browser.SeeOther(c, "/recovery/step")
		}
		return handle(c, t)
	}
}
