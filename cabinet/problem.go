package cabinet

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

// refusal is the error of every refused request before it has a language.
type refusal struct {
	code   string // key into texts
	reason string // for metrics and the journal; the code when empty
	args   map[string]string
	fields []fieldFault
	cause  error // logged when the status is 5xx, never shown

	challenge  challenge
	retryAfter int // seconds; 0 = no Retry-After
}

// fieldFault is a FieldProblem before it has a language; its code is a key of fieldTexts.
type fieldFault struct {
	pointer, parameter, code string
	args                     map[string]string
}

// challenge becomes WWW-Authenticate: Bearer (RFC 6750 §3, RFC 9470 §3).
type challenge struct{ err, description, scope, acrValues string }

func (r *refusal) Error() string {
	text := "cabinet: " + r.code
	if r.reason != "" && r.reason != r.code {
		text += " (" + r.reason + ")"
	}
	if r.cause != nil {
		text += ": " + r.cause.Error()
	}
	return text
}

func (r *refusal) Unwrap() error { return r.cause }

// why is the reason that metrics and the journal name.
func (r *refusal) why() string {
	if r.reason != "" {
		return r.reason
	}
	return r.code
}

func refuse(code string) *refusal { return &refusal{code: code} }

func (r *refusal) because(reason string) *refusal { r.reason = reason; return r }

func (r *refusal) wrap(cause error) *refusal { r.cause = cause; return r }

func (r *refusal) with(name, value string) *refusal {
	if r.args == nil {
		r.args = map[string]string{}
	}
	r.args[name] = value
	return r
}

func (r *refusal) challenged(err, description string) *refusal {
	r.challenge.err, r.challenge.description = err, description
	return r
}

// invalid refuses a token (RFC 6750 §3.1 invalid_token).
func invalid(reason, description string) *refusal {
	return refuse("token_invalid").because(reason).challenged("invalid_token", description)
}

// invalidField refuses a body for one of its members.
func invalidField(pointer, code string) *refusal {
	return &refusal{code: "validation_failed", fields: []fieldFault{{pointer: pointer, code: code}}}
}

// asRefusal gives every error a code: what is not one of ours is our own fault.
func asRefusal(err error) *refusal {
	if known, ok := errors.AsType[*refusal](err); ok {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return refuse("request_cancelled").wrap(err)
	}
	return refuse("internal").wrap(err)
}

var languages = language.NewMatcher([]language.Tag{language.Russian, language.English})

// languageOf chooses "ru" or "en" by Accept-Language.
func languageOf(r *http.Request) string {
	header := r.Header.Get("Accept-Language")
	if len(header) > 256 {
		return "ru"
	}
	if tag, _ := language.MatchStrings(languages, header); strings.HasPrefix(tag.String(), "en") {
		return "en"
	}
	return "ru"
}

// problem says a refusal in one language.
func (r *refusal) problem(ctx context.Context, lang string) Problem {
	text := texts[r.code]
	said := text.in(lang)
	problem := Problem{
		Type:   "urn:propusk:problem:" + r.code,
		Title:  said.title,
		Status: text.status,
		Detail: fill(said.detail, r.args),
		Code:   r.code,
	}
	if id := journal.From(ctx).RequestID; id != "" {
		problem.Instance = "urn:propusk:request:" + id
	}
	for _, fault := range r.fields {
		problem.Errors = append(problem.Errors, FieldProblem{
			Pointer: fault.pointer, Parameter: fault.parameter, Code: fault.code,
			Detail: fill(fieldText(strings.TrimPrefix(fault.pointer, "/"), fault.code, lang), fault.args),
		})
	}
	return problem
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
	return header
}

// writeProblem is the one place where an error becomes an answer.
func writeProblem(w http.ResponseWriter, r *http.Request, log *slog.Logger, refused *refusal) {
	lang := languageOf(r)
	problem := refused.problem(r.Context(), lang)
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
