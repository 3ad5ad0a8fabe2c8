package idp

import (
	"context"
	"errors"
	"fmt"
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
	noticeOtherPerson     = "flow.other_person"
	noticeNotMember       = "flow.not_member"
	noticeOrganisationACR = "flow.organisation_acr"
)

// fault is an error with an answer of its own.
type fault struct {
	Status     int
	Page       string        // which failure the page tells, one of pages.Failure… or ours
	Code       string        // stable, on the page; "" = Page
	Detail     string        // error_description, for whoever looks after the application
	RetryAfter time.Duration // 0 = trying again at once is all right, or does not help
	Err        error         // what happened, for the log; may be nil
}

// failureMalformed is the one failure that this package tells itself.
const failureMalformed = "malformed"

func (f fault) Error() string {
	if f.Err == nil {
		return f.Page
	}
	return f.Page + ": " + f.Err.Error()
}

func (f fault) Unwrap() error { return f.Err }

// malformed is a form that no page of ours sends.
func malformed(format string, args ...any) fault {
	return fault{Status: http.StatusBadRequest, Page: failureMalformed, Err: fmt.Errorf(format, args...)}
}

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
		return fault{Status: http.StatusGone, Page: pages.FailureExpired, Err: err}
	case errors.Is(err, errOtherBrowser):
		return fault{Status: http.StatusForbidden, Page: pages.FailureBrowser, Err: err}
	case errors.As(err, &tooMany):
		return fault{Status: http.StatusTooManyRequests, Page: pages.FailureTooMany, RetryAfter: tooMany.RetryAfter, Err: err}
	case errors.As(err, &busy):
		return fault{Status: http.StatusServiceUnavailable, Page: pages.FailureBusy, RetryAfter: busy.RetryAfter, Err: err}
	case errors.Is(err, storage.ErrFull):
		return fault{Status: http.StatusServiceUnavailable, Page: pages.FailureBusy, RetryAfter: time.Minute, Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault{Status: http.StatusServiceUnavailable, Page: pages.FailureBusy, RetryAfter: time.Second, Err: err}
	case errors.As(err, &told):
		return fault{Status: told.Status, Page: pages.FailureRequest, Err: err}
	case errors.As(err, &echoed):
		return routing(echoed)
	default:
		return fault{Status: http.StatusInternalServerError, Page: pages.FailureInternal, Err: err}
	}
}

// routing is the answer to a request that no route takes.
func routing(err *echo.HTTPError) fault {
	switch err.Code {
	case http.StatusNotFound:
		return fault{Status: err.Code, Page: pages.FailureMissing, Err: err}
	case http.StatusMethodNotAllowed:
		return fault{Status: err.Code, Page: pages.FailureMethod, Err: err}
	default:
		return fault{Status: http.StatusInternalServerError, Page: pages.FailureInternal, Err: err}
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
	page := pages.Fail(f.Page)
	page.Code = orElse(f.Code, f.Page)
	page.Detail = f.Detail
	page.RequestID = journal.From(r.Context()).RequestID
	return page
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
