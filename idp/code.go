package idp

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// showFactor asks for the second factor that is due. A code by SMS or e-mail
// goes out when its page is met first; reloading sends none.
func (s *Server) showFactor(c echo.Context, t *turn, status int, errs ...pages.FieldError) error {
	switch f := t.step.Factor; f {
	case session.Enrol:
		return s.showEnrol(c, t, status, errs...)
	case session.SMS, session.Email:
		if _, sent := t.Sent[f]; !sent {
			wait, err := s.send(c, t, f)
			if err != nil {
				return err
			}
			if wait > 0 {
				return s.tooSoon(c, t, wait)
			}
		}
	}
	return s.showCode(c, t, status, errs...)
}

func (s *Server) showCode(c echo.Context, t *turn, status int, errs ...pages.FieldError) error {
	f := t.step.Factor
	var others []string
	for _, other := range t.situation.Prover.factors() {
		if other != f {
			others = append(others, string(other))
		}
	}
	return s.draw(c, t, status, pages.Code{
		Request: t.ID, ClientName: t.client(language(c, t)), RedirectURI: t.Request.RedirectURI,
		PersonName:  t.person.FullName(),
		Kind:        string(f),
		Destination: masked(f, t.destination(f)),
		Others:      others,
		ResendIn:    s.resendIn(t, f),
		Errors:      errs,
	})
}

// code checks a one-time code, of the factor that is due and of no other.
func (s *Server) code(c echo.Context) error {
	t, typed, err := s.codeTurn(c)
	if err != nil {
		return err
	}
	if t.step.Kind != StepFactor || t.step.Factor == session.Enrol {
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	if typed == "" {
		return s.showCode(c, t, http.StatusUnprocessableEntity, browser.Wrong("code", "error.code_required")...)
	}
	err = s.verify(c, t, typed)
	if status, errs := browser.FormFault(c, err, "code", "error.code"); errs != nil {
		return s.showCode(c, t, status, errs...)
	}
	if err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// codeTurn reads a form with a code; spaces and dashes between digits are
// whoever typed them being careful.
func (s *Server) codeTurn(c echo.Context) (*turn, string, error) {
	t, err := s.turnOf(c)
	if err != nil {
		return nil, "", err
	}
	typed, err := browser.Field(c.Request(), "code", maxCode)
	if err != nil {
		return nil, "", err
	}
	return t, strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(typed), nil
}

// verify proves the due factor with a code, and puts the proof into the session.
func (s *Server) verify(c echo.Context, t *turn, code string) error {
	ctx, f := c.Request().Context(), t.step.Factor
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return err
	}
	var verified error
	if f == session.TOTP {
		verified = s.deps.TOTP.Verify(ctx, t.guess(), code)
	} else {
		verified = s.deps.Codes.Verify(ctx, t.guess(), t.codeID(f), code)
	}
	if err := s.recordProof(c, t, t.person.ID, f, outcomeOf(verified)); err != nil {
		return err
	}
	if verified != nil {
		return verified
	}
	return s.strengthen(c, t, f)
}

// strengthen adds a proof to the session, whose cookie gets a new value. A
// session that ended meanwhile (another tab signed out) stays ended; the
// dispatcher then begins anew.
func (s *Server) strengthen(c echo.Context, t *turn, f session.Factor) error {
	_, secret, err := s.sessions.Add(c.Request().Context(), t.session, session.Proof{Factor: f}, where(c), s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	browser.SetCookie(c.Response(), browser.CookieSession, secret)
	return nil
}

// codeSend takes the person's wish for another factor, or for a new code.
func (s *Server) codeSend(c echo.Context) error {
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	channel, err := browser.Field(c.Request(), "channel", maxID)
	if err != nil {
		return err
	}
	if t.step.Kind != StepFactor {
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	f := session.Factor(channel)
	if !slices.Contains(t.situation.Prover.factors(), f) {
		return s.showFactor(c, t, http.StatusUnprocessableEntity, browser.Wrong("channel", "error.channel")...)
	}
	return s.turnTo(c, t, f)
}

// turnTo makes f the factor that is due, with a new code if it is sent by us
// and may be sent again by now.
func (s *Server) turnTo(c echo.Context, t *turn, f session.Factor) error {
	again := t.step.Factor == f
	t.Progress.Wanted, t.step.Factor = f, f
	wait := s.resendIn(t, f)
	switch {
	case again && wait > 0:
		return s.tooSoon(c, t, wait)
	case f == session.TOTP, wait > 0:
		if err := s.attempts.save(c.Request().Context(), t.attempt); err != nil {
			return err
		}
	default:
		wait, err := s.send(c, t, f)
		if err != nil {
			return err
		}
		if wait > 0 {
			return s.tooSoon(c, t, wait)
		}
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
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

// tooSoon shows the code page with how long to wait for another code.
func (s *Server) tooSoon(c echo.Context, t *turn, wait time.Duration) error {
	browser.RetryAfter(c, wait)
	seconds := int(math.Ceil(wait.Seconds()))
	return s.showCode(c, t, http.StatusTooManyRequests,
		pages.FieldError{Key: "error.code_wait", Args: map[string]any{"Count": seconds}})
}

// resendIn is how long until the next code may go out by f; 0 = at once.
func (s *Server) resendIn(t *turn, f session.Factor) time.Duration {
	return max(0, t.Sent[f].Sub(s.now()))
}

// guess says whose factor is tried in this turn.
func (t *turn) guess() factor.Guess { return factor.Guess{PersonID: t.person.ID} }

// codeID names the code sent by f within this identification.
func (t *turn) codeID(f session.Factor) string { return t.CodeID + "." + string(f) }

// destination is where a code by f goes; "" for TOTP.
func (t *turn) destination(f session.Factor) string {
	switch f {
	case session.SMS:
		return t.person.Phone
	case session.Email:
		return t.person.Email
	default:
		return ""
	}
}

// masked shows enough of a destination for its owner to know it, and too
// little for anybody else to use it.
func masked(f session.Factor, destination string) string {
	switch {
	case f == session.SMS && len(destination) > 6:
		return destination[:2] + " ••• •••-" + destination[len(destination)-4:len(destination)-2] + "-" + destination[len(destination)-2:]
	case f == session.Email:
		return maskedEmail(destination)
	default:
		return ""
	}
}

// maskedEmail keeps the first letter and the domain.
func maskedEmail(email string) string {
	local, domain, found := strings.Cut(email, "@")
	if !found || local == "" {
		return ""
	}
	first := []rune(local)[0]
	return string(first) + "•••@" + domain
}
