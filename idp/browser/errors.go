package browser

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
	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/journal"
)

// Fault is an error with an answer of its own.
type Fault struct {
	Status     int
	Page       string        // which failure the page tells, one of pages.Failure… or of the room's own texts
	Code       string        // stable, on the page; "" = Page
	Detail     string        // error_description, for whoever looks after the application
	RetryAfter time.Duration // 0 = trying again at once is all right, or does not help
	Err        error         // what happened, for the log; may be nil
}

// failureMalformed is the one failure that this package tells itself.
const failureMalformed = "malformed"

func (f Fault) Error() string {
	if f.Err == nil {
		return f.Page
	}
	return f.Page + ": " + f.Err.Error()
}

func (f Fault) Unwrap() error { return f.Err }

// Malformed is a form that no page of ours sends.
func Malformed(format string, args ...any) Fault {
	return Fault{Status: http.StatusBadRequest, Page: failureMalformed, Err: fmt.Errorf(format, args...)}
}

// faultOf finds the answer to any error that a handler returned.
func (f *Face) faultOf(err error) Fault {
	var (
		own     Fault
		tooMany TooMany
		spent   storage.ShareSpent
		busy    *factor.Busy
		echoed  *echo.HTTPError
	)
	if errors.As(err, &own) {
		return own
	}
	if f.deps.Explain != nil {
		if told, known := f.deps.Explain(err); known {
			return told
		}
	}
	switch {
	case errors.As(err, &tooMany):
		return Fault{Status: http.StatusTooManyRequests, Page: pages.FailureTooMany, RetryAfter: tooMany.RetryAfter, Err: err}
	case errors.As(err, &busy):
		return unavailable(busy.RetryAfter, err)
	case errors.As(err, &spent):
		return Fault{Status: http.StatusTooManyRequests, Page: pages.FailureBusy, RetryAfter: spent.RetryAfter, Err: err}
	case errors.Is(err, storage.ErrFull):
		return unavailable(time.Minute, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return unavailable(time.Second, err)
	case errors.As(err, &echoed):
		return routing(echoed)
	default:
		return Fault{Status: http.StatusInternalServerError, Page: pages.FailureInternal, Err: err}
	}
}

func unavailable(retryAfter time.Duration, err error) Fault {
	return Fault{Status: http.StatusServiceUnavailable, Page: pages.FailureBusy, RetryAfter: retryAfter, Err: err}
}

// routing is the answer to a request that no route takes.
func routing(err *echo.HTTPError) Fault {
	switch err.Code {
	case http.StatusNotFound:
		return Fault{Status: err.Code, Page: pages.FailureMissing, Err: err}
	case http.StatusMethodNotAllowed:
		return Fault{Status: err.Code, Page: pages.FailureMethod, Err: err}
	default:
		return Fault{Status: http.StatusInternalServerError, Page: pages.FailureInternal, Err: err}
	}
}

// fail is the one place where errors become answers: JSON at the endpoints of
// programs, a page elsewhere. What is the server's own fault is logged here.
func (f *Face) fail(err error, c echo.Context) {
	r, fault := c.Request(), f.faultOf(err)
	if fault.Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		f.deps.Log.ErrorContext(r.Context(), "request failed", "route", c.Path(), "status", fault.Status, "err", err,
			"request_id", journal.From(r.Context()).RequestID)
	}
	if c.Response().Committed {
		return
	}
	RetryAfter(c, fault.RetryAfter)
	if _, machine := f.machines[r.URL.Path]; machine {
		err = c.JSON(fault.Status, problem(fault))
	} else {
		err = f.Render(c, fault.Status, fault.page(r))
	}
	if err != nil {
		f.deps.Log.ErrorContext(r.Context(), "the answer could not be written", "err", err)
	}
}

// page tells the fault to a person.
func (f Fault) page(r *http.Request) pages.Failure {
	page := pages.Fail(f.Page)
	if f.Code != "" {
		page.Code = f.Code
	}
	page.Detail = f.Detail
	page.RequestID = journal.From(r.Context()).RequestID
	return page
}

// problem is a fault in the words of RFC 6749 §5.2.
func problem(f Fault) map[string]string {
	code := "invalid_request"
	switch {
	case f.Status == http.StatusInternalServerError:
		code = "server_error"
	case f.Status == http.StatusServiceUnavailable, f.Status == http.StatusTooManyRequests:
		code = "temporarily_unavailable"
	}
	return map[string]string{"error": code, "error_description": http.StatusText(f.Status)}
}

// FormFault is the answer to a proof that left the person at the form: its
// status, and what the form says. A wrong proof is told by key at field. nil:
// err is no such thing.
func FormFault(c echo.Context, err error, field, key string) (int, []pages.FieldError) {
	var (
		tooMany TooMany
		busy    *factor.Busy
	)
	switch {
	case errors.Is(err, factor.ErrWrong):
		return http.StatusUnprocessableEntity, Wrong(field, key)
	case errors.As(err, &busy):
		RetryAfter(c, busy.RetryAfter)
		return http.StatusServiceUnavailable, Wrong("", "error.busy")
	case errors.As(err, &tooMany):
		RetryAfter(c, tooMany.RetryAfter)
		minutes := int(math.Ceil(tooMany.RetryAfter.Minutes()))
		return http.StatusTooManyRequests, []pages.FieldError{{Key: "error.too_many", Args: map[string]any{"Count": minutes}}}
	default:
		return 0, nil
	}
}

// RetryAfter says in whole seconds, rounded up, when to come back (RFC 9110 §10.2.3).
func RetryAfter(c echo.Context, d time.Duration) {
	if d > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	}
}
