package web

import (
	"bytes"
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

// api is the cabinet's API as any client sees it.
type api struct {
	base string // without "/v1"
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

	acr string // acr_values of the challenge (RFC 9470 §3)
}

// FieldProblem says what is wrong with one member of the body, or with one
// parameter.
type FieldProblem struct {
	Pointer   string `json:"pointer"`
	Parameter string `json:"parameter"`
	Detail    string `json:"detail"`
}

func (p *Problem) Error() string { return fmt.Sprintf("the API answers %d %s", p.Status, p.Code) }

// requestID is the number to tell the support, "" when the API gave none.
func (p *Problem) requestID() string {
	id, found := strings.CutPrefix(p.Instance, "urn:propusk:request:")
	if !found {
		return ""
	}
	return id
}

// ask makes one request of the API. in is the JSON body, nil for none; out gets
// the answer, nil to leave it. The error is a *Problem when the API refuses.
func (a api) ask(ctx context.Context, access, lang, method, path string, in, out any) error {
	r, err := a.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+access)
	r.Header.Set("Accept-Language", lang)
	answer, err := a.http.Do(r)
	if err != nil {
		return errors.Join(errUnavailable, fmt.Errorf("ask the API: %w", err))
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return errors.Join(errUnavailable, fmt.Errorf("read the API's answer: %w", err))
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return newProblem(answer, body)
	}
	if out == nil || answer.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return errors.Join(errUnavailable, fmt.Errorf("read the API's answer: %w", err))
	}
	return nil
}

func (a api) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.base+"/v1"+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the API: %w", err)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

var acrValues = regexp.MustCompile(`\bacr_values="([\x21\x23-\x5b\x5d-\x7e ]+)"`)

// newProblem reads a refusal. One that is not a problem in the API's own terms
// comes from something between us and it.
func newProblem(answer *http.Response, body []byte) error {
	problem := new(Problem)
	if err := json.Unmarshal(body, problem); err != nil || problem.Code == "" {
		return fmt.Errorf("%w: the API answers %s", errUnavailable, answer.Status)
	}
	problem.Status = answer.StatusCode
	if match := acrValues.FindStringSubmatch(answer.Header.Get("WWW-Authenticate")); match != nil {
		problem.acr = match[1]
	}
	return problem
}

// The answers of the API, as far as the pages show them.
type (
	me struct {
		Person       *person         `json:"person"`
		Organization *myOrganization `json:"organization"`
	}
	person struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		LastName  string `json:"last_name"`
		FirstName string `json:"first_name"`
		Email     string `json:"email"`
		Phone     string `json:"phone"`
	}
	myOrganization struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		Roles       []string `json:"roles"`
		Permissions []string `json:"permissions"`
		Power       *struct {
			Number string `json:"number"`
		} `json:"power"` // by which a representative, who has no role, acts
	}
	organization struct {
		ID            string    `json:"id"`
		Kind          string    `json:"kind"`
		Status        string    `json:"status"`
		Name          string    `json:"name"`
		FullName      string    `json:"full_name"`
		INN           string    `json:"inn"`
		KPP           string    `json:"kpp"`
		OGRN          string    `json:"ogrn"`
		Address       string    `json:"address"`
		ActualAddress string    `json:"actual_address"`
		Phone         string    `json:"phone"`
		Email         string    `json:"email"`
		RequiredACR   string    `json:"required_acr"`
		UpdatedAt     time.Time `json:"updated_at"`
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
	member struct {
		ID          string    `json:"id"`
		Person      person    `json:"person"`
		Role        string    `json:"role"`
		Grants      []string  `json:"grants"`
		Denials     []string  `json:"denials"`
		Permissions []string  `json:"permissions"`
		Position    string    `json:"position"`
		ActivatedAt time.Time `json:"activated_at"`
	}
	members struct {
		Members []member `json:"members"`
		Next    string   `json:"next"`
	}
	role struct {
		Role        string   `json:"role"`
		Label       string   `json:"label"`
		Permissions []string `json:"permissions"`
	}
	invitation struct {
		ID         string    `json:"id,omitempty"`
		LastName   string    `json:"last_name"`
		FirstName  string    `json:"first_name"`
		MiddleName string    `json:"middle_name,omitempty"`
		Email      string    `json:"email"`
		Phone      string    `json:"phone,omitempty"`
		Role       string    `json:"role"`
		Position   string    `json:"position,omitempty"`
		ExpiresAt  time.Time `json:"expires_at,omitzero"`
		Expired    bool      `json:"expired,omitempty"`
	}
	entry struct {
		Seq       int64             `json:"seq"`
		At        time.Time         `json:"at"`
		Actor     string            `json:"actor"`
		ActorName string            `json:"actor_name"`
		Client    string            `json:"client"`
		Action    string            `json:"action"`
		Outcome   string            `json:"outcome"`
		Details   map[string]string `json:"details"`
		IP        string            `json:"ip"`
	}
	entries struct {
		Entries []entry `json:"entries"`
		Next    int64   `json:"next"`
	}
)

// organizations are the person's organisations.
func (a api) organizations(ctx context.Context, access, lang string) ([]membership, error) {
	var got struct {
		Organizations []membership `json:"organizations"`
	}
	err := a.ask(ctx, access, lang, http.MethodGet, "/organizations", nil, &got)
	return got.Organizations, err
}

// with adds a query to a path, leaving empty values out.
func with(path string, values map[string]string) string {
	query := url.Values{}
	for name, value := range values {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
