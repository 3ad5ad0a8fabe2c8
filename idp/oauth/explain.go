package oauth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/storage/journal"
)

// The explaining of refusals: a client sends what it would send, and is told what
// would be refused and why. The checks are those that the endpoints make; nothing is
// used up by them, so that what was explained can be sent afterwards. Only clients
// that authenticate are told, and of themselves alone: of a public one anybody could
// say that he is it.

// Judgement is the answer to what a client has to explained.
type Judgement struct {
	Would  string  `json:"would"` // accept or refuse
	Checks []check `json:"checks"`
	Trace  string  `json:"trace"` // the request's id, for whoever asks the operator
}

// check is one thing that was looked at.
type check struct {
	Name     string `json:"name"`
	Status   string `json:"status"`             // passed, failed or skipped
	Code     string `json:"code,omitempty"`     // stable; of a failed one what the endpoint's error would be, or closer
	Rule     string `json:"rule,omitempty"`     // the clause
	Expected string `json:"expected,omitempty"` // what would do
	Received string `json:"received,omitempty"` // what came
	Advice   string `json:"advice,omitempty"`   // what to do, in the language asked for
}

const (
	passed  = "passed"
	failed  = "failed"
	skipped = "skipped"
)

// How often a client may have things explained.
const (
	explainedAtMost = 60
	explainedIn     = time.Minute
)

// explanation gathers the checks of one request.
type explanation struct {
	p      *Provider
	client *registration
	lang   string
	checks []check
}

// Explain is the endpoint that explains (POST /oauth2/explain). The client
// authenticates as everywhere; beside that it sends one or more of: request, the
// parameters of an authorization or token request as a query string; assertion, a
// client assertion; dpop, a DPoP proof with dpop_method and dpop_url (by default
// those of the token endpoint).
//
// It has answered when it returns; the error is for the log and for counting.
func (p *Provider) Explain(w http.ResponseWriter, r *http.Request) error {
	answer, err := p.explain(r)
	p.nextNonce(w, r)
	if err != nil {
		return p.writeError(w, r, asError(err))
	}
	return p.writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) explain(r *http.Request) (*Judgement, error) {
	ctx := r.Context()
	form, bad := bodyParameters(r)
	if bad != nil {
		return nil, bad
	}
	client, err := p.authenticate(r, form)
	switch {
	case err != nil:
		return nil, err
	case client.Public():
		return nil, unauthorizedClient("only to clients that authenticate something is explained")
	}
	if err := p.atMost(ctx, "explanations", client.ID, explainedAtMost, explainedIn); err != nil {
		return nil, err
	}
	e := &explanation{p: p, client: client, lang: language(r)}
	if err := e.all(ctx, form); err != nil {
		return nil, err
	}
	judged := &Judgement{Would: "accept", Checks: e.checks, Trace: journal.From(ctx).RequestID}
	if e.refuses() {
		judged.Would = "refuse"
	}
	return judged, p.noteExplained(ctx, client, judged)
}

func (p *Provider) noteExplained(ctx context.Context, client *registration, judged *Judgement) error {
	code := ""
	for _, c := range judged.Checks {
		if c.Status == failed {
			code = c.Code
			break
		}
	}
	return p.deps.Journal.Append(ctx, journal.Entry{
		Organisation: client.OrganisationID, Client: client.ID, Action: "client.explained", Object: client.ID, Outcome: "success",
		Details: map[string]string{"name": client.Name, "would": judged.Would, "reason": code},
	})
}

// all looks at everything that the request brings.
func (e *explanation) all(ctx context.Context, form url.Values) error {
	brought := false
	if text := form.Get("request"); text != "" {
		brought = true
		request, err := requestIn(text)
		if err != nil {
			return err
		}
		if request.Has("grant_type") {
			err = e.token(ctx, request)
		} else {
			err = e.authorization(ctx, request)
		}
		if err != nil {
			return err
		}
	}
	if text := form.Get("assertion"); text != "" {
		brought = true
		if err := e.assertion(ctx, text, clientAssertionTypes); err != nil {
			return err
		}
	}
	if text := form.Get("dpop"); text != "" {
		brought = true
		if err := e.proof(ctx, text, form); err != nil {
			return err
		}
	}
	if !brought {
		return invalidRequest("send request (parameters as a query string), assertion or dpop")
	}
	return nil
}

// requestIn reads a request that is a query string, or the address with one.
func requestIn(text string) (url.Values, error) {
	if _, query, found := strings.Cut(text, "?"); found && strings.Contains(text, "://") && !strings.Contains(strings.SplitN(text, "://", 2)[0], "=") {
		text = query
	}
	form, err := url.ParseQuery(text)
	if err != nil || len(form) == 0 {
		return nil, invalidRequest("request is not a query string")
	}
	single, bad := singleParameters(form)
	if bad != nil {
		return nil, bad
	}
	return single, nil
}

// language is the one that advice is given in: Russian unless English is asked for.
func language(r *http.Request) string {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Accept-Language"))), "en") {
		return "en"
	}
	return "ru"
}

// refuses reports whether something was found that would be refused.
func (e *explanation) refuses() bool {
	return slices.ContainsFunc(e.checks, func(c check) bool { return c.Status == failed })
}

func (e *explanation) pass(name, rule string) {
	e.checks = append(e.checks, check{Name: name, Status: passed, Rule: rule})
}

func (e *explanation) skip(name, code string) {
	e.checks = append(e.checks, check{Name: name, Status: skipped, Code: code, Advice: e.advice(code)})
}

func (e *explanation) fail(name, code, rule, expected, received string) {
	e.checks = append(e.checks, check{name, failed, code, rule, expected, cut(received), e.advice(code)})
}

// refused turns the error that the endpoint itself would give into a failed check. An
// accident of ours is none: it is returned.
func (e *explanation) refused(name, rule string, err error) error {
	told := asError(err)
	if told.Status >= http.StatusInternalServerError {
		return told
	}
	e.fail(name, told.Code, rule, told.Description, "")
	return nil
}

// cut bounds what is repeated of a request, in letters.
func cut(text string) string {
	const most = 300
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return text
}
