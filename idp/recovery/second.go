package recovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
)

// secondPage asks for another factor.
type secondPage struct {
	Kind        string   // pages.KindTOTP, KindSMS, KindEmail, KindRecovery; wayElsewhere
	Destination string   // masked phone or address
	Others      []string // the other kinds
	SignInURL   string   // of wayElsewhere; "" = it is no way
	ResendIn    time.Duration
	Wait        int // hours, when none of these is at hand
}

// chosenWay is the kind that the person asked for, else the first there is.
func (s *Server) chosenWay(c echo.Context, t turn) string {
	if kind := c.QueryParam("by"); slices.Contains(t.ways, kind) {
		return kind
	}
	return t.ways[0]
}

func (s *Server) showSecond(c echo.Context, status int, t turn, kind string, errs []pages.FieldError) error {
	page := secondPage{Kind: kind, Wait: int(s.deps.Timing.Lost.Hours())}
	for _, way := range t.ways {
		switch {
		case way == wayElsewhere:
			page.SignInURL = browser.SignInFirst("/recovery/step", directory.ACRTwoFactors, s.deps.Timing.Steps)
		case way != kind:
			page.Others = append(page.Others, way)
		}
	}
	if kind == pages.KindSMS || kind == pages.KindEmail {
		var err error
		page.Destination = masked(kind, t.person)
		if page.ResendIn, err = s.deps.Codes.Wait(c.Request().Context(), secondAttempt(t, kind)); err != nil {
			return err
		}
	}
	return s.render(c, status, "recovery_second.html", page, errs)
}

// second takes the other factor's code.
func (s *Server) second(c echo.Context, t turn) error {
	ctx, address := c.Request().Context(), browser.Address(c.Request())
	if err := s.asks.Open(ctx, address); err != nil {
		return err
	}
	kind, err := s.postedWay(c, "kind", t)
	if err != nil {
		return err
	}
	code, err := typedCode(c)
	if err != nil {
		return err
	}
	if code == "" {
		return s.showSecond(c, http.StatusUnprocessableEntity, t, kind, browser.Wrong("code", "recovery.error.code_required"))
	}
	err = s.verifySecond(ctx, t, kind, code)
	if errors.Is(err, factor.ErrWrong) {
		if err := s.asks.Fail(ctx, address); err != nil {
			return err
		}
		return s.showSecond(c, http.StatusUnprocessableEntity, t, kind, browser.Wrong("code", "recovery.error.code"))
	}
	if err != nil {
		return err
	}
	if err := s.deps.Directory.ProveSecond(ctx, t.ID, kind); err != nil {
		return err
	}
	return browser.SeeOther(c, "/recovery/step")
}

// postedWay reads a kind that is one of the person's ways here. The channel
// that was proved first is none of them, whatever is posted.
func (s *Server) postedWay(c echo.Context, field string, t turn) (string, error) {
	kind, err := browser.Field(c.Request(), field, maxCode)
	if err != nil {
		return "", err
	}
	if kind == wayElsewhere || !slices.Contains(t.ways, kind) {
		return "", browser.Malformed("%q is no way here", kind)
	}
	return kind, nil
}

// verifySecond checks a code. Failures count for the person: whoever is here
// has proved a channel of his.
func (s *Server) verifySecond(ctx context.Context, t turn, kind, code string) error {
	g := factor.Guess{PersonID: t.person.ID}
	switch kind {
	case pages.KindTOTP:
		return s.deps.TOTP.Verify(ctx, g, code)
	case pages.KindRecovery:
		return s.deps.RecoveryCodes.Verify(ctx, g, code)
	default:
		return s.deps.Codes.Verify(ctx, g, secondAttempt(t, kind), code)
	}
}

// secondAttempt is what the code of another channel is bound to.
func secondAttempt(t turn, kind string) string { return "recovery/" + t.ID + "/" + kind }

// sendSecond sends a code by the other channel.
func (s *Server) sendSecond(c echo.Context, t turn) error {
	kind, err := s.postedWay(c, "channel", t)
	if err != nil {
		return err
	}
	to, verified := t.person.Contact(kind)
	if kind != pages.KindSMS && kind != pages.KindEmail || !verified {
		return browser.SeeOther(c, "/recovery/step?by="+kind)
	}
	_, err = s.deps.Codes.Send(c.Request().Context(), factor.CodeRequest{
		Guess: factor.Guess{PersonID: t.person.ID}, Purpose: factor.ForRecovery, Channel: kind, To: to,
		Application: s.deps.Name, AttemptID: secondAttempt(t, kind), Lang: t.person.Locale,
	})
	if busy, ok := errors.AsType[*factor.Busy](err); ok {
		browser.RetryAfter(c, busy.RetryAfter)
		return s.showSecond(c, http.StatusTooManyRequests, t, kind, browser.Wrong("", "recovery.error.too_soon"))
	}
	if err != nil {
		return fmt.Errorf("send the code of the other channel: %w", err)
	}
	return browser.SeeOther(c, "/recovery/step?by="+kind)
}

// waitPage tells of the wait, before it (Until is zero) and once it has begun.
type waitPage struct {
	Hours int
	Until time.Time
}

func (s *Server) showWait(c echo.Context, _ turn) error {
	return s.render(c, http.StatusOK, "recovery_wait.html", waitPage{Hours: int(s.deps.Timing.Alone.Hours())}, nil)
}

// wait puts the recovery off: for who has nothing else, and, longer, for who
// says that the rest is lost, which then goes. For an operator there is no waiting: his
// mailbox alone would lead to his role.
func (s *Server) wait(c echo.Context) error {
	t, err := s.turn(c)
	if err != nil {
		return err
	}
	delay, lost := s.deps.Timing.Alone, false
	switch t.step {
	case StepWait:
	case StepSecond:
		delay, lost = s.deps.Timing.Lost, true
	default:
		return browser.SeeOther(c, "/recovery/step")
	}
	due := s.now().Add(delay)
	err = s.deps.Directory.WaitRecovery(c.Request().Context(), t.ID, lost, due, due.Add(s.deps.Timing.Woken))
	if errors.Is(err, directory.ErrOperatorAccount) && t.step == StepSecond {
		return s.showSecond(c, http.StatusForbidden, t, s.chosenWay(c, t), browser.Wrong("", "recovery.error.operator"))
	}
	if err != nil {
		return err
	}
	s.metrics.WithLabelValues("waiting").Inc()
	browser.DropCookie(c.Response(), cookieHolder)
	return s.render(c, http.StatusOK, "recovery_wait.html", waitPage{Until: due.Time()}, nil)
}

// masked shows a contact so that its owner knows it and nobody else learns it.
func masked(kind string, p directory.Person) string {
	if kind == pages.KindSMS {
		return "··· " + p.Phone[max(0, len(p.Phone)-2):]
	}
	return p.Email[:1] + "···" + p.Email[max(1, lastAt(p.Email)):]
}

func lastAt(mailbox string) int {
	for i := len(mailbox) - 1; i >= 0; i-- {
		if mailbox[i] == '@' {
			return i
		}
	}
	return len(mailbox)
}
