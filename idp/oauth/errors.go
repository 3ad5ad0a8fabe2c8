package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ory/fosite"
)

// Error is a protocol error. Code is one of RFC 6749 §4.1.2.1 and §5.2, RFC
// 6750 §3.1, RFC 8707 §2 or OpenID Connect Core §3.1.2.6; Description is for
// the developer of the client and never tells a secret.
type Error struct {
	Code        string
	Description string
	Status      int // HTTP, when it is not told by a redirect
	// RetryAfter is when to ask again; 0 = nothing is said of it.
	RetryAfter time.Duration
	cause      error
	to         *redirection // where it may be told; nil: to the person only
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Code + ": " + e.Description
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns what went wrong underneath.
func (e *Error) Unwrap() error { return e.cause }

// told returns the error as one that may be told at a redirect URI.
func (e *Error) told(to *redirection) *Error {
	told := *e
	told.to = to
	return &told
}

// fault makes a protocol error.
func fault(status int, code, format string, args ...any) *Error {
	return &Error{Code: code, Description: ascii(fmt.Sprintf(format, args...)), Status: status}
}

func invalidRequest(format string, args ...any) *Error {
	return fault(http.StatusBadRequest, "invalid_request", format, args...)
}

func invalidGrant(format string, args ...any) *Error {
	return fault(http.StatusBadRequest, "invalid_grant", format, args...)
}

func invalidScope(format string, args ...any) *Error {
	return fault(http.StatusBadRequest, "invalid_scope", format, args...)
}

func unauthorizedClient(format string, args ...any) *Error {
	return fault(http.StatusBadRequest, "unauthorized_client", format, args...)
}

// invalidTarget answers an organisation that cannot be had (RFC 8707 §2).
func invalidTarget(format string, args ...any) *Error {
	return fault(http.StatusBadRequest, "invalid_target", format, args...)
}

func invalidClient(format string, args ...any) *Error {
	return fault(http.StatusUnauthorized, "invalid_client", format, args...)
}

// serverError hides an accident from the client and keeps it for the log.
func serverError(cause error) *Error {
	e := fault(http.StatusInternalServerError, "server_error", "the server could not answer, please try again")
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		e = fault(http.StatusServiceUnavailable, "temporarily_unavailable", "the request was not finished in time")
	}
	e.cause = cause
	return e
}

// asError turns any error into a protocol error. What fosite wraps is looked
// into first: it reports each failure of its storage as server_error.
func asError(err error) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	var theirs *fosite.RFC6749Error
	if !errors.As(err, &theirs) || theirs.CodeField >= http.StatusInternalServerError {
		return serverError(err)
	}
	code := theirs.ErrorField
	if renamed, ok := unregistered[code]; ok {
		code = renamed
	}
	description := theirs.HintField
	if description == "" {
		description = theirs.DescriptionField
	}
	e := fault(theirs.CodeField, code, "%s", description)
	e.cause = err
	return e
}

// unregistered are error codes of fosite that no RFC knows, and what is said
// instead.
var unregistered = map[string]string{
	"error":                     "invalid_request",
	"insufficient_entropy":      "invalid_request",
	"invalid_state":             "invalid_request",
	"unsupported_response_mode": "invalid_request",
	"not_found":                 "invalid_request",
}

// ascii keeps what may stand in error_description (RFC 6749 §5.2): no quote, no
// backslash, nothing but printable ASCII; and no angle bracket, for who prints it in
// a page. The rest, which can only have come from the request, becomes "?".
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < 0x20 || r > 0x7e || strings.ContainsRune(`\<>`, r):
			return '?'
		}
		return r
	}, text)
}
