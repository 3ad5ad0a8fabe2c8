package idp

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/factor"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/journal"
)

// Catalogue keys of why a person who is signed in is asked again.
const (
	noticeSignInAgain     = "notice.signin_again"
	noticeOtherPerson     = "signin.other_person"
	noticeNotMember       = "signin.not_member"
	noticeOrganisationACR = "signin.organisation_acr"
)

// fault is an error with an answer of its own. Its page has the texts
// failure.<Code>.title, .what, .why and .do.
type fault struct {
	Status     int
	Code       string        // stable
	RetryAfter time.Duration // 0 = trying again at once is all right, or does not help
	RetryURL   string        // "" = no button
	Err        error         // what happened, for the log; may be nil
}

func (f fault) Error() string {
	if f.Err == nil {
		return f.Code
	}
	return f.Code + ": " + f.Err.Error()
}

func (f fault) Unwrap() error { return f.Err }

// faultOf finds the answer to any error that a handler returned.
func faultOf(err error) fault {
	var (
		own     fault
		tooMany errTooMany
		busy    *factor.Busy
		told    *oauth.Error
		echoed  *echo.HTTPError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, errDone), errors.Is(err, errNoAttempt):
		return fault{Status: http.StatusGone, Code: "expired", Err: err}
	case errors.Is(err, errOtherBrowser):
		return fault{Status: http.StatusForbidden, Code: "browser", Err: err}
	case errors.As(err, &tooMany):
		return fault{Status: http.StatusTooManyRequests, Code: "too_many", RetryAfter: tooMany.RetryAfter, Err: err}
	case errors.As(err, &busy):
		return fault{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: busy.RetryAfter, Err: err}
	case errors.Is(err, storage.ErrFull):
		return fault{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: time.Minute, Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: time.Second, Err: err}
	case errors.As(err, &told):
		return fault{Status: told.Status, Code: "request", Err: err}
	case errors.As(err, &echoed):
		return routing(echoed)
	default:
		return fault{Status: http.StatusInternalServerError, Code: "internal", Err: err}
	}
}

// routing is the answer to a request that no route takes.
func routing(err *echo.HTTPError) fault {
	switch err.Code {
	case http.StatusNotFound:
		return fault{Status: err.Code, Code: "missing", Err: err}
	case http.StatusMethodNotAllowed:
		return fault{Status: err.Code, Code: "method", Err: err}
	default:
		return fault{Status: http.StatusInternalServerError, Code: "internal", Err: err}
	}
}

// fail is the one place where errors become answers: JSON at the endpoints of
// programs, a page elsewhere. What is the server's own fault is logged here.
func (s *Server) fail(err error, c echo.Context) {
	r, f := c.Request(), faultOf(err)
	if f.Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.deps.Log.ErrorContext(r.Context(), "request failed", "route", c.Path(), "status", f.Status, "err", err,
			"request_id", journal.From(r.Context()).RequestID)
	}
	if c.Response().Committed {
		return
	}
	retryAfter(c, f.RetryAfter)
	if _, machine := s.machines[r.URL.Path]; machine {
		err = c.JSON(f.Status, problem(f))
	} else {
		err = s.render(c, f.Status, s.failure(r, f))
	}
	if err != nil {
		s.deps.Log.ErrorContext(r.Context(), "the answer could not be written", "err", err)
	}
}

// failure is the page of a fault.
func (s *Server) failure(r *http.Request, f fault) pages.Failure {
	key := "failure." + f.Code
	return pages.Failure{
		Title: key + ".title", What: key + ".what", Why: key + ".why", Do: key + ".do",
		Code: f.Code, RequestID: journal.From(r.Context()).RequestID, RetryURL: f.RetryURL,
	}
}

// problem is a fault in the words of RFC 6749 §5.2.
func problem(f fault) map[string]string {
	code := "invalid_request"
	switch {
	case f.Status == http.StatusInternalServerError:
		code = "server_error"
	case f.Status == http.StatusServiceUnavailable, f.Status == http.StatusTooManyRequests:
		code = "temporarily_unavailable"
	}
	return map[string]string{"error": code, "error_description": http.StatusText(f.Status)}
}

// formFault is the answer to a proof that left the person at the form: its
// status, and what the form says. A wrong proof is told by key at field. nil:
// err is no such thing.
func formFault(c echo.Context, err error, field, key string) (int, []pages.FieldError) {
	var (
		tooMany errTooMany
		busy    *factor.Busy
	)
	switch {
	case errors.Is(err, factor.ErrWrong):
		return http.StatusUnprocessableEntity, wrong(field, key)
	case errors.As(err, &busy):
		retryAfter(c, busy.RetryAfter)
		return http.StatusServiceUnavailable, wrong("", "error.busy")
	case errors.As(err, &tooMany):
		retryAfter(c, tooMany.RetryAfter)
		minutes := int(math.Ceil(tooMany.RetryAfter.Minutes()))
		return http.StatusTooManyRequests, []pages.FieldError{{Key: "error.too_many", Args: map[string]any{"Count": minutes}}}
	default:
		return 0, nil
	}
}

// wrong is the one message of a form.
func wrong(field, key string) []pages.FieldError {
	return []pages.FieldError{{Field: field, Key: key}}
}

// retryAfter says in whole seconds, rounded up, when to come back (RFC 9110 §10.2.3).
func retryAfter(c echo.Context, d time.Duration) {
	if d > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	}
}
