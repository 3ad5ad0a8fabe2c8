package idp

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// Sending one-time codes, and turning to another factor.

// sendFirst sends the code of the due factor when none went out by it yet. When
// it cannot be sent, another factor is due, of which the same is true. wait is
// not 0 when none was sent because the person has had too many.
func (s *Server) sendFirst(c echo.Context, t *turn) (wait time.Duration, err error) {
	for sent(t.step.Factor) && (t.step.Kind == StepFactor || t.step.Kind == StepConfirm) {
		f := t.step.Factor
		if _, went := t.Sent[f]; went {
			return 0, nil
		}
		wait, err := s.send(c, t, f)
		if !errors.Is(err, factor.ErrUnavailable) {
			return wait, err
		}
		if slices.Contains(t.Progress.Unavailable, f) { // so is every other one
			return 0, err
		}
		if err := s.giveWay(c, t, f); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// giveWay notes that f cannot be asked for, and lets another factor be due.
func (s *Server) giveWay(c echo.Context, t *turn, f session.Factor) error {
	if !slices.Contains(t.Progress.Unavailable, f) {
		t.Progress.Unavailable = append(t.Progress.Unavailable, f)
	}
	t.Progress.Wanted = ""
	t.situation.Progress = t.Progress
	t.step = next(t.situation, s.deps.Now())
	return s.attempts.save(c.Request().Context(), t.attempt)
}

// sent tells that a code by the factor is one that we send.
func sent(f session.Factor) bool { return f == session.SMS || f == session.Email }

// codeSend takes the person's wish for another factor, or for a new code, where
// more proof is due.
func (s *Server) codeSend(c echo.Context) error {
	return s.channel(c, StepFactor, s.alternatives, s.showFactor)
}

// confirmSend does so where an unusual sign-in is to be confirmed.
func (s *Server) confirmSend(c echo.Context) error {
	choices := func(t *turn) []session.Factor { return confirmations(t.situation) }
	return s.channel(c, StepConfirm, choices, s.showConfirm)
}

func (s *Server) channel(c echo.Context, step StepKind, choices func(*turn) []session.Factor,
	show func(echo.Context, *turn, int, ...pages.FieldError) error,
) error {
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	channel, err := browser.Field(c.Request(), "channel", maxID)
	if err != nil {
		return err
	}
	f := session.Factor(channel)
	switch {
	case t.step.Kind != step:
		return browser.SeeOther(c, dispatcher(t.attempt))
	case !slices.Contains(choices(t), f):
		return show(c, t, http.StatusUnprocessableEntity, browser.Wrong("channel", "error.channel")...)
	case f == session.Certificate:
		return browser.SeeOther(c, certificateURL(t.ID))
	}
	wait, err := s.turnTo(c, t, f)
	switch {
	case errors.Is(err, factor.ErrUnavailable):
		if err := s.giveWay(c, t, f); err != nil {
			return err
		}
		return show(c, t, http.StatusUnprocessableEntity, browser.Wrong("channel", "error.channel")...)
	case err != nil:
		return err
	case wait > 0:
		status, errs := waiting(c, wait)
		return show(c, t, status, errs...)
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// turnTo makes f the factor that is due, with a new code if it is sent by us
// and may be sent again by now. wait is not 0 when the person asked for one more
// code too soon.
func (s *Server) turnTo(c echo.Context, t *turn, f session.Factor) (wait time.Duration, err error) {
	again := t.step.Factor == f
	t.Progress.Wanted, t.step.Factor = f, f
	left := s.resendIn(t, f)
	switch {
	case again && left > 0:
		return left, nil
	case !sent(f), left > 0:
		return 0, s.attempts.save(c.Request().Context(), t.attempt)
	default:
		return s.send(c, t, f)
	}
}

// send sends a one-time code and remembers when the next one may go. wait is
// not 0 when none was sent, because the person has had too many.
func (s *Server) send(c echo.Context, t *turn, f session.Factor) (wait time.Duration, err error) {
	ctx, lang := c.Request().Context(), language(c, t)
	sent, err := s.deps.Codes.Send(ctx, factor.CodeRequest{
		Guess: t.guess(), Channel: string(f), To: t.destination(f), Application: t.client(lang), AttemptID: t.codeID(f), Lang: lang,
	})
	var busy *factor.Busy
	switch {
	case errors.As(err, &busy) && errors.Is(err, factor.ErrTooSoon):
		wait, sent.ResendAfter = busy.RetryAfter, busy.RetryAfter
	case err != nil:
		return 0, fmt.Errorf("send code by %s: %w", f, err)
	}
	if t.Sent == nil {
		t.Sent = map[session.Factor]storage.Time{}
	}
	t.Sent[f] = s.now().Add(sent.ResendAfter)
	return wait, s.attempts.save(ctx, t.attempt)
}

// waiting says how long to wait for another code.
func waiting(c echo.Context, wait time.Duration) (int, []pages.FieldError) {
	browser.RetryAfter(c, wait)
	seconds := int(math.Ceil(wait.Seconds()))
	return http.StatusTooManyRequests, []pages.FieldError{{Key: "error.code_wait", Args: map[string]any{"Count": seconds}}}
}

// resendIn is how long until the next code may go out by f; 0 = at once.
func (s *Server) resendIn(t *turn, f session.Factor) time.Duration {
	return max(0, t.Sent[f].Sub(s.now()))
}
