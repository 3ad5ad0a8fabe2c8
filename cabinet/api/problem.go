package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"propusk/idp/possession"
	"propusk/storage/journal"
)

// Problem is the body of every refused request (RFC 9457). Programs go by Code,
// which never changes its meaning; Title and Detail are for people, in the
// language of Accept-Language, Russian when it names none of ours.
type Problem struct {
	Type     string         `json:"type"` // urn:propusk:problem:<code>
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail"`
	Instance string         `json:"instance,omitempty"` // urn:propusk:request:<request id>
	Code     string         `json:"code"`
	Errors   []FieldProblem `json:"errors,omitempty"`
}

// FieldProblem says what is wrong with one member of the body or one parameter.
type FieldProblem struct {
	Pointer   string `json:"pointer,omitempty"`   // into the body (RFC 6901)
	Parameter string `json:"parameter,omitempty"` // of the query
	Code      string `json:"code"`
	Detail    string `json:"detail"`
}

// Refusal is the error of every refused request before it has a language. Rooms
// make one with Refuse, Invalid or InvalidField; any other error of a handler is
// our own fault (500, "internal").
type Refusal struct {
	code   string               // key into the Book's texts
	reason string               // for metrics and the journal; the code when empty
	args   map[string]FieldText // what fills {name}
	faults []FieldFault
	cause  error // logged when the status is 5xx, never shown

	challenge  challenge
	retryAfter int // seconds; 0 = no Retry-After
}

// FieldFault is a FieldProblem before it has a language; its code is a key of the
// Book's field texts.
type FieldFault struct {
	Pointer, Parameter, Code string
	Args                     map[string]string
}

// challenge becomes WWW-Authenticate: Bearer (RFC 6750 §3, RFC 9470 §3).
type challenge struct {
	err, description, scope, acrValues string
	maxAge                             int // seconds; 0 = whatever the sign-in's age
}

// Error implements error.
func (r *Refusal) Error() string {
	text := "cabinet: " + r.code
	if r.reason != "" && r.reason != r.code {
		text += " (" + r.reason + ")"
	}
	if r.cause != nil {
		text += ": " + r.cause.Error()
	}
	return text
}

// Unwrap gives the cause to errors.Is and errors.As.
func (r *Refusal) Unwrap() error { return r.cause }

// Code is the problem's stable code.
func (r *Refusal) Code() string { return r.code }

// Faults are what is wrong with single fields.
func (r *Refusal) Faults() []FieldFault { return r.faults }

// Why is the reason that metrics and the journal name.
func (r *Refusal) Why() string {
	if r.reason != "" {
		return r.reason
	}
	return r.code
}

// Refuse refuses a request with a code of the Book.
func Refuse(code string) *Refusal { return &Refusal{code: code} }

// Because gives metrics and the journal a closer reason than the code.
func (r *Refusal) Because(reason string) *Refusal { r.reason = reason; return r }

// Wrap keeps the cause, for the log and for errors.Is; nobody outside sees it.
func (r *Refusal) Wrap(cause error) *Refusal { r.cause = cause; return r }

// With fills {name} in the problem's detail by something that is the same in every
// language; Said, by words.
func (r *Refusal) With(name, value string) *Refusal {
	return r.Said(name, FieldText{RU: value, EN: value})
}

// Said fills {name} in the problem's detail by words, which follow its language.
func (r *Refusal) Said(name string, words FieldText) *Refusal {
	if r.args == nil {
		r.args = map[string]FieldText{}
	}
	r.args[name] = words
	return r
}

// About adds what is wrong with single fields.
func (r *Refusal) About(faults ...FieldFault) *Refusal {
	r.faults = append(r.faults, faults...)
	return r
}

// After says in how many seconds the request may be repeated: in Retry-After, and in
// the problem's detail, where it says {seconds}.
func (r *Refusal) After(seconds int) *Refusal {
	r.retryAfter = seconds
	return r.With("seconds", strconv.Itoa(seconds))
}

// Challenged adds WWW-Authenticate with an error code of RFC 6750 §3.1.
func (r *Refusal) Challenged(err, description string) *Refusal {
	r.challenge.err, r.challenge.description = err, description
	return r
}

// Aged says how fresh a sign-in must be, in seconds (RFC 9470 §3, max_age).
func (r *Refusal) Aged(seconds int) *Refusal { r.challenge.maxAge = seconds; return r }

// InvalidToken refuses a token (RFC 6750 §3.1 invalid_token).
func InvalidToken(reason, description string) *Refusal {
	return Refuse("token_invalid").Because(reason).Challenged("invalid_token", description)
}

// Invalid refuses a body for its members, all at once; nil without faults, so
// that a handler can return it as it comes.
func Invalid(faults ...FieldFault) error {
	if len(faults) == 0 {
		return nil
	}
	return Refuse("validation_failed").About(faults...)
}

// InvalidField refuses a body for one of its members.
func InvalidField(pointer, code string) *Refusal {
	return Refuse("validation_failed").About(FieldFault{Pointer: pointer, Code: code})
}

// AsRefusal gives every error a code: what is not one of ours is our own fault.
func AsRefusal(err error) *Refusal {
	if known, ok := errors.AsType[*Refusal](err); ok {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return Refuse("request_cancelled").Wrap(err)
	}
	return Refuse("internal").Wrap(err)
}

var languages = language.NewMatcher([]language.Tag{language.Russian, language.English})

// LanguageOf chooses "ru" or "en" by Accept-Language.
func LanguageOf(r *http.Request) string {
	header := r.Header.Get("Accept-Language")
	if len(header) > 256 {
		return "ru"
	}
	if tag, _ := language.MatchStrings(languages, header); strings.HasPrefix(tag.String(), "en") {
		return "en"
	}
	return "ru"
}

// Problem says a refusal in one language.
func (b *Book) Problem(ctx context.Context, r *Refusal, lang string) Problem {
	text := b.texts[r.code]
	said := text.in(lang)
	problem := Problem{
		Type:   "urn:propusk:problem:" + r.code,
		Title:  said.Title,
		Status: text.Status,
		Detail: fill(said.Detail, inLanguage(r.args, lang)),
		Code:   r.code,
	}
	if id := journal.From(ctx).RequestID; id != "" {
		problem.Instance = "urn:propusk:request:" + id
	}
	for _, fault := range r.faults {
		problem.Errors = append(problem.Errors, FieldProblem{
			Pointer: fault.Pointer, Parameter: fault.Parameter, Code: fault.Code,
			Detail: fill(b.field(strings.TrimPrefix(fault.Pointer, "/"), fault.Code, lang), fault.Args),
		})
	}
	return problem
}

// inLanguage are the arguments as one language has them.
func inLanguage(args map[string]FieldText, lang string) map[string]string {
	said := make(map[string]string, len(args))
	for name, words := range args {
		said[name] = words.in(lang)
	}
	return said
}

func fill(text string, args map[string]string) string {
	for name, value := range args {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// header builds the challenge. Its values are our own ASCII words without quotes,
// or scopes and acr values, which have none by their grammar.
func (c challenge) header() string {
	header := `Bearer realm="propusk"`
	for _, parameter := range [...]struct{ name, value string }{
		{"error", c.err}, {"error_description", c.description}, {"scope", c.scope}, {"acr_values", c.acrValues},
	} {
		if parameter.value != "" {
			header += ", " + parameter.name + `="` + parameter.value + `"`
		}
	}
	if c.maxAge > 0 {
		header += `, max_age="` + strconv.Itoa(c.maxAge) + `"`
	}
	return header
}

// WriteProblem is the one place where an error becomes an answer.
func (b *Book) WriteProblem(w http.ResponseWriter, r *http.Request, log *slog.Logger, refused *Refusal) {
	if _, known := b.texts[refused.code]; !known {
		refused = Refuse("internal").Wrap(fmt.Errorf("problem without words: %w", refused))
	}
	lang := LanguageOf(r)
	problem := b.Problem(r.Context(), refused, lang)
	if problem.Status >= http.StatusInternalServerError {
		log.ErrorContext(r.Context(), "request failed", "code", refused.code, "err", refused)
	}
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Content-Language", lang)
	header.Add("Vary", "Accept-Language")
	header.Set("Cache-Control", "no-store")
	header.Del("ETag")
	if problem.Status == http.StatusUnauthorized || refused.challenge.err != "" {
		header.Set("WWW-Authenticate", refused.challenge.header())
	}
	if problem.Status == http.StatusUnauthorized {
		header.Add("WWW-Authenticate", possession.Challenge(refused.challenge.err, refused.challenge.description))
	}
	if refused.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(refused.retryAfter))
	}
	body, err := json.Marshal(problem)
	if err != nil {
		panic(fmt.Sprintf("cabinet: a problem is not JSON: %v", err)) // strings and numbers only
	}
	w.WriteHeader(problem.Status)
	_, _ = w.Write(body) // a client that has left cannot be told so
}
