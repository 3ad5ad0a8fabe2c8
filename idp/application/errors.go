package application

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"propusk/idp/browser"
	"propusk/idp/client"
)

// Refusal is an answer that refuses, in the words of RFC 7591 §3.2.2 or RFC 6750 §3.1.
type Refusal struct {
	Status      int
	Code        string
	Description string
	Fields      []FieldFault // every fault of the document, where that is what it is about
}

// FieldFault is what is wrong with one member of the document. Ours: clients that do
// not know it pass it by.
type FieldFault struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Description }

func badMetadata(field, format string, args ...any) *Refusal {
	detail := fmt.Sprintf(format, args...)
	return &Refusal{http.StatusBadRequest, "invalid_client_metadata", field + ": " + detail, []FieldFault{{field, detail}}}
}

func badRedirect(format string, args ...any) *Refusal {
	r := badMetadata("redirect_uris", format, args...)
	r.Code = "invalid_redirect_uri"
	return r
}

func badStatement(code, format string, args ...any) *Refusal {
	r := badMetadata("software_statement", format, args...)
	r.Code = code
	return r
}

// badToken is the one answer to a token that is missing, wrong, expired, spent or of
// another client (RFC 6750 §3.1, RFC 7592 §2).
var badToken = &Refusal{http.StatusUnauthorized, "invalid_token", "the access token is missing, expired, used up or of another client", nil}

// refusalOf tells what package client found wrong with the metadata, field by field.
// The first decides the code: a redirect URI has one of its own.
func refusalOf(err error) error {
	if err == nil {
		return nil
	}
	faults := client.FaultsOf(err)
	if !errors.Is(err, client.ErrInvalid) || len(faults) == 0 {
		return err
	}
	r := &Refusal{Status: http.StatusBadRequest, Code: "invalid_client_metadata"}
	for _, fault := range faults {
		r.Fields = append(r.Fields, FieldFault{fault.Field, fault.Unwrap().Error()})
	}
	r.Description = faults[0].Error()
	if faults[0].Field == "redirect_uris" {
		r.Code = "invalid_redirect_uri"
	}
	return r
}

// fail answers with an error. What is not a Refusal is the server's own and told to
// the log alone.
func (a *Applications) fail(w http.ResponseWriter, r *http.Request, err error) {
	var tooMany browser.TooMany
	refusal, refused := errors.AsType[*Refusal](err)
	switch {
	case refused:
	case errors.As(err, &tooMany):
		w.Header().Set("Retry-After", fmt.Sprint(int(tooMany.RetryAfter.Seconds())+1))
		refusal = &Refusal{http.StatusTooManyRequests, "temporarily_unavailable", "too many requests from this address", nil}
	default:
		a.deps.Log.LogAttrs(r.Context(), slog.LevelError, "registration failed", slog.String("method", r.Method), slog.Any("error", err))
		refusal = &Refusal{http.StatusInternalServerError, "server_error", "the server could not answer, please try again", nil}
	}
	if refusal.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	a.count(r, refusal.Code)
	write(w, refusal.Status, struct {
		Error       string       `json:"error"`
		Description string       `json:"error_description"`
		Fields      []FieldFault `json:"fields,omitempty"`
	}{refusal.Code, ascii(refusal.Description), refusal.Fields})
}

// ascii keeps what may stand in error_description (RFC 6749 §5.2).
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < 0x20 || r > 0x7e || r == '\\':
			return '?'
		}
		return r
	}, text)
}

// write answers in JSON that must not be stored (RFC 7591 §3.2.1).
func write(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		status, encoded = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // whoever has left cannot be told so
}
