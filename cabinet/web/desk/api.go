package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// answerLimit bounds what is read of an answer, in bytes.
const answerLimit = 4 << 20

// api is the house's API as any client sees it.
type api struct {
	base string // with the path that all of its paths begin with: "/v1"
	http *http.Client
}

// Problem is a refusal of the API (RFC 9457), in the language that was asked for.
type Problem struct {
	Status   int            `json:"status"`
	Code     string         `json:"code"`
	Title    string         `json:"title"`
	Detail   string         `json:"detail"`
	Instance string         `json:"instance"`
	Errors   []FieldProblem `json:"errors"`

	acr   string // acr_values of the challenge (RFC 9470 §3)
	aged  string // max_age of the challenge, in seconds
	scope string // scope of the challenge (RFC 6750 §3)
}

// FieldProblem says what is wrong with one member of the body, or with one
// parameter.
type FieldProblem struct {
	Pointer   string `json:"pointer"`
	Parameter string `json:"parameter"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
}

// Error implements error.
func (p *Problem) Error() string { return fmt.Sprintf("the API answers %d %s", p.Status, p.Code) }

// RequestID is the number to tell the support, "" when the API gave none.
func (p *Problem) RequestID() string {
	id, found := strings.CutPrefix(p.Instance, "urn:propusk:request:")
	if !found {
		return ""
	}
	return id
}

// AsProblem finds the API's refusal in an error; nil when it is none.
func AsProblem(err error) *Problem {
	problem, _ := errors.AsType[*Problem](err)
	return problem
}

// exchange is one request of the API.
type exchange struct {
	method, path string
	query        url.Values
	header       http.Header
	body         io.Reader // nil for none
	kind         string    // Content-Type of body
	again        func() (io.Reader, error)
}

// send makes the request with a token. The answer's body is the caller's to close;
// the error is a *Problem when the API refuses.
func (a api) send(ctx context.Context, prove prover, access, lang string, x exchange) (*http.Response, error) {
	r, err := a.request(ctx, x)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Language", lang)
	if err := prove(r, access); err != nil {
		return nil, err
	}
	answer, err := a.http.Do(r)
	if err != nil {
		return nil, errors.Join(errUnavailable, fmt.Errorf("ask the API: %w", err))
	}
	if answer.StatusCode < http.StatusBadRequest {
		return answer, nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return nil, errors.Join(errUnavailable, fmt.Errorf("read the API's answer: %w", err))
	}
	return nil, newProblem(answer, body)
}

func (a api) request(ctx context.Context, x exchange) (*http.Request, error) {
	to := a.base + x.path
	if len(x.query) > 0 {
		to += "?" + x.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, x.method, to, x.body)
	if err != nil {
		return nil, fmt.Errorf("ask the API: %w", err)
	}
	for name, values := range x.header {
		r.Header[name] = values
	}
	if x.kind != "" {
		r.Header.Set("Content-Type", x.kind)
	}
	return r, nil
}

// prover adds a token to a request, with a proof of possession where it is bound.
type prover func(r *http.Request, access string) error

var challenged = regexp.MustCompile(`\b(acr_values|max_age|scope)="([\x21\x23-\x5b\x5d-\x7e ]+)"`)

// newProblem reads a refusal. One that is not a problem in the API's own terms
// comes from something between us and it.
func newProblem(answer *http.Response, body []byte) error {
	problem := new(Problem)
	if err := json.Unmarshal(body, problem); err != nil || problem.Code == "" {
		return fmt.Errorf("%w: the API answers %s", errUnavailable, answer.Status)
	}
	problem.Status = answer.StatusCode
	for _, match := range challenged.FindAllStringSubmatch(answer.Header.Get("WWW-Authenticate"), -1) {
		switch match[1] {
		case "acr_values":
			problem.acr = match[2]
		case "max_age":
			problem.aged = match[2]
		case "scope":
			problem.scope = match[2]
		}
	}
	return problem
}

// The answers that the desk itself goes by.
type (
	me struct {
		Person       *Person       `json:"person"`
		Organization *Organisation `json:"organization"`
		// In a house without organisations the answer is about the person himself.
		Name  string   `json:"name"`
		Roles []string `json:"roles"`
		ACR   string   `json:"acr"`
	}
	membership struct {
		ID        string `json:"id"`
		Kind      string `json:"kind"`
		Name      string `json:"name"`
		INN       string `json:"inn"`
		KPP       string `json:"kpp"`
		OGRN      string `json:"ogrn"`
		RoleLabel string `json:"role_label"`
		Current   bool   `json:"current"`
	}
)

// Person is who has signed in.
type Person struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	LastName  string `json:"last_name"`
	FirstName string `json:"first_name"`
	Email     string `json:"email"`
	Phone     string `json:"phone"`
}

// Organisation is the one that the visitor acts for, and as what.
type Organisation struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	INN         string   `json:"inn"`
	Roles       []string `json:"roles"`
	Permissions []string `json:"permissions"`
	// Power is the power of attorney by which a representative, who has no role,
	// acts; nil for a member.
	Power *struct {
		Number     string    `json:"number"`
		ValidUntil time.Time `json:"valid_until"`
	} `json:"power"`
}
