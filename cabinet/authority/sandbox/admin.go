package sandbox

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/authority"
	"propusk/storage"
)

// adminLimit bounds a request to the admin API.
const adminLimit = 48 << 20

// errAdmin: the request to the admin API cannot be understood. Its text is shown.
var errAdmin = errors.New("sandbox")

func badRequest(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errAdmin}, args...)...)
}

// adminRoutes are what tests and people drive the sandbox by.
func (s *Sandbox) adminRoutes(mux *http.ServeMux) {
	for pattern, handle := range map[string]func(r *http.Request, body []byte) (any, error){
		"GET /admin/submissions":                   s.listSubmissions,
		"GET /admin/submissions/{id}":              s.showSubmission,
		"POST /admin/submissions/{id}/answers":     s.answerSubmission,
		"GET /admin/answers":                       s.listAnswers,
		"POST /admin/answers/{id}/resend":          s.resend,
		"POST /admin/requirements":                 func(_ *http.Request, body []byte) (any, error) { return s.tell(authority.Requirement, body) },
		"POST /admin/messages":                     func(_ *http.Request, body []byte) (any, error) { return s.tell(authority.Message, body) },
		"GET /admin/rules":                         s.showRules,
		"PUT /admin/rules":                         s.setRules,
		"POST /admin/rules":                        s.addRule,
		"DELETE /admin/rules/{name}":               s.removeRule,
		"GET /admin/clock":                         s.showClock,
		"POST /admin/clock":                        s.moveClock,
		"GET /admin/charges":                       s.listCharges,
		"POST /admin/charges":                      s.addCharge,
		"DELETE /admin/charges/{uin}":              s.removeCharge,
		"GET /admin/payments":                      s.listPayments,
		"POST /admin/payments/{id}":                s.decidePayment,
		"GET /admin/organizations":                 s.listRecords,
		"POST /admin/organizations":                s.addRecord,
		"DELETE /admin/organizations/{number}":     s.removeRecord,
		"POST /admin/tenders":                      s.publishTender,
		"POST /admin/participations":               s.rememberParticipation,
		"GET /admin/submissions/{id}/files/{file}": nil,
	} {
		if handle == nil {
			mux.HandleFunc(pattern, s.guarded(s.showFile))
			continue
		}
		mux.HandleFunc(pattern, s.guarded(s.admin(handle)))
	}
}

// strangersPage reports whether a request is a web page's: one that a page of another
// site makes the browser send, or one for a name of a stranger's that resolves to this
// machine (DNS rebinding). Without a token whoever sits at the machine commands the
// sandbox, and the pages that he reads must not.
func strangersPage(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return true
	}
	return r.Header.Get("Origin") != "" || !slices.Contains([]string{"", "none"}, r.Header.Get("Sec-Fetch-Site"))
}

// guarded asks for the token where there is one.
func (s *Sandbox) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.AdminToken == "" && strangersPage(r) {
			writeJSON(w, nil, problem(http.StatusForbidden, "stranger", "the admin API is for programs on this machine: no web page may ask it, and it has no other name than localhost"))
			return
		}
		if s.AdminToken != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+s.AdminToken)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeJSON(w, nil, problem(http.StatusUnauthorized, "token_required", "the admin API wants its bearer token"))
			return
		}
		next(w, r)
	}
}

// admin reads the body and writes what the handler answers.
func (s *Sandbox) admin(handle func(r *http.Request, body []byte) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, adminLimit))
		var answer any
		if err == nil {
			answer, err = handle(r, body)
		}
		switch {
		case err == nil:
			writeJSON(w, nil, reply{http.StatusOK, answer})
		case errors.Is(err, storage.ErrNotFound):
			writeJSON(w, nil, problem(http.StatusNotFound, "not_found", "there is no such thing"))
		case errors.Is(err, errAdmin):
			writeJSON(w, nil, problem(http.StatusBadRequest, "bad_request", err.Error()))
		default:
			writeJSON(w, nil, problem(http.StatusInternalServerError, "internal", err.Error()))
		}
	}
}

// read decodes a request of the admin API, refusing what is not known.
func read(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return badRequest("the body is not the JSON that this wants: %v", err)
	}
	return nil
}

// submissionView is a submission as the admin API shows it.
type submissionView struct {
	authority.Submission
	Digests []string   `json:"digests"`
	Number  string     `json:"number"`
	At      time.Time  `json:"at"`
	Rule    string     `json:"rule"`
	Answers []*planned `json:"answers,omitempty"`
}

func (s *Sandbox) view(r *received) submissionView {
	return submissionView{Submission: r.Submission, Digests: r.Digests, Number: r.Number, At: r.At, Rule: r.Rule}
}

// listSubmissions answers all of them, or those of ?inn= and ?kind=, oldest first,
// with how many there are.
func (s *Sandbox) listSubmissions(r *http.Request, _ []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	out := []submissionView{}
	for _, id := range s.state.order {
		sub := s.state.submissions[id]
		if (q.Has("inn") && sub.Submission.INN != q.Get("inn")) || (q.Has("kind") && sub.Submission.Kind != q.Get("kind")) {
			continue
		}
		out = append(out, s.view(sub))
	}
	return map[string]any{"count": len(out), "submissions": out}, nil
}

func (s *Sandbox) showSubmission(r *http.Request, _ []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.state.submissions[r.PathValue("id")]
	if sub == nil {
		return nil, storage.ErrNotFound
	}
	v := s.view(sub)
	for _, p := range s.state.queue {
		if p.Answer.SubmissionID == sub.Submission.ID {
			copied := *p
			v.Answers = append(v.Answers, &copied)
		}
	}
	return v, nil
}

// showFile answers the content of the n-th file, from 0.
func (s *Sandbox) showFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	sub := s.state.submissions[r.PathValue("id")]
	s.mu.Unlock()
	n, err := strconv.Atoi(r.PathValue("file"))
	if sub == nil || err != nil || n < 0 || n >= len(sub.Digests) {
		writeJSON(w, nil, problem(http.StatusNotFound, "not_found", "there is no such file"))
		return
	}
	content, err := s.store.content(sub.Digests[n])
	if err != nil {
		writeJSON(w, nil, problem(http.StatusInternalServerError, "internal", err.Error()))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(content)
}

// answerSubmission sends an answer that no rule has foreseen. Its number follows
// those that are planned.
func (s *Sandbox) answerSubmission(r *http.Request, body []byte) (any, error) {
	var step Step
	if err := read(body, &step); err != nil {
		return nil, err
	}
	if err := (Rule{Name: "by hand", Answers: []Step{step}}).check(); err != nil {
		return nil, badRequest("%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.state.submissions[r.PathValue("id")]
	if sub == nil {
		return nil, storage.ErrNotFound
	}
	from := *sub
	from.At = s.now()
	p := s.plan(Rule{Answers: []Step{step}}, from.Submission, &from)[0]
	p.Answer.Seq = 1
	for _, other := range s.state.queue {
		if other.Answer.SubmissionID == sub.Submission.ID {
			p.Answer.Seq = max(p.Answer.Seq, other.Answer.Seq+1)
			if other.Due.After(p.Due) {
				p.Due = other.Due // an answer never stands before one with a lower number
			}
		}
	}
	p.Answer.At = storage.Of(p.Due)
	return p.Answer, s.change(change{Answers: []*planned{p}})
}

// unaskedRequest is what POST /admin/requirements and /admin/messages take.
type unaskedRequest struct {
	INN     string            `json:"inn"`
	OGRN    string            `json:"ogrn"`
	Number  string            `json:"number"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	Due     string            `json:"due"` // "240h" from now by the sandbox's clock, or RFC 3339
	After   Duration          `json:"after"`
	Fields  map[string]string `json:"fields"`
	Files   []authority.File  `json:"files"`
}

// tell sends what nobody asked for.
func (s *Sandbox) tell(event string, body []byte) (any, error) {
	var q unaskedRequest
	if err := read(body, &q); err != nil {
		return nil, err
	}
	if q.INN == "" && q.OGRN == "" {
		return nil, badRequest("inn or ogrn must say whom it is for")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.now().Add(time.Duration(q.After))
	due, err := dueOf(q.Due, at)
	if err != nil {
		return nil, err
	}
	p := &planned{Due: at, Answer: authority.Answer{
		ID: storage.NewID(), INN: q.INN, OGRN: q.OGRN, Event: event, Number: q.Number, At: storage.Of(at), Source: s.Name,
		Subject: q.Subject, Text: q.Text, Due: storage.Of(due), Fields: q.Fields, Files: q.Files,
	}}
	if p.Answer.Number == "" {
		p.Answer.Number = fmt.Sprintf("%d/%d", at.Year(), len(s.state.queue)+1)
	}
	s.console.say("queued", "", fmt.Sprintf("%s для ИНН %s%s: %s", event, q.INN, q.OGRN, q.Subject))
	return p.Answer, s.change(change{Answers: []*planned{p}})
}

// dueOf reads a due time: a duration from at, or a moment.
func dueOf(text string, at time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return at.Add(d), nil
	}
	due, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, badRequest(`due must be such as "240h" or "2026-03-01T12:00:00Z"`)
	}
	return due, nil
}

func (s *Sandbox) listAnswers(*http.Request, []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]planned, 0, len(s.state.queue))
	for _, p := range s.state.queue {
		out = append(out, *p)
	}
	return map[string]any{"count": len(out), "answers": out}, nil
}

// resend sends an answer once more, though it was taken.
func (s *Sandbox) resend(r *http.Request, _ []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.state.answers[r.PathValue("id")]
	if p == nil {
		return nil, storage.ErrNotFound
	}
	p.Duplicates = p.Sent
	if p.State != taken {
		p.State, p.Duplicates = "", 0
	}
	p.tryAt = time.Time{}
	s.ring()
	return *p, nil
}

func (s *Sandbox) showRules(*http.Request, []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"rules": append([]Rule{}, s.state.rules...), "built_in": BuiltIn()}, nil
}

func (s *Sandbox) setRules(_ *http.Request, body []byte) (any, error) {
	rules, err := ParseRules(body)
	if err != nil {
		return nil, badRequest("%v", err)
	}
	return s.replaceRules(rules)
}

// addRule puts one rule before the others; one of the same name goes.
func (s *Sandbox) addRule(_ *http.Request, body []byte) (any, error) {
	var rule Rule
	if err := read(body, &rule); err != nil {
		return nil, err
	}
	if err := rule.check(); err != nil {
		return nil, badRequest("%v", err)
	}
	return s.replaceRules(append([]Rule{rule}, s.rulesBut(rule.Name)...))
}

func (s *Sandbox) removeRule(r *http.Request, _ []byte) (any, error) {
	return s.replaceRules(s.rulesBut(r.PathValue("name")))
}

func (s *Sandbox) rulesBut(name string) []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.state.rules), func(r Rule) bool { return r.Name == name })
}

func (s *Sandbox) replaceRules(rules []Rule) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rules == nil {
		rules = []Rule{}
	}
	s.console.say("rules", "", fmt.Sprintf("%d", len(rules)))
	return map[string]any{"rules": rules}, s.change(change{Rules: &rules})
}

func (s *Sandbox) showClock(*http.Request, []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"now": s.now(), "offset": Duration(s.state.offset)}, nil
}

// moveClock moves the clock forward: what was promised for then is done now. Never
// back: answers that were given would come before others.
func (s *Sandbox) moveClock(_ *http.Request, body []byte) (any, error) {
	var q struct {
		Advance Duration  `json:"advance"`
		At      time.Time `json:"at"`
	}
	if err := read(body, &q); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	step := time.Duration(q.Advance)
	if !q.At.IsZero() {
		step = q.At.Sub(s.now())
	}
	if step < 0 {
		return nil, badRequest("the clock moves forward only; it is %s", s.now().Format(time.RFC3339))
	}
	offset := Duration(s.state.offset + step)
	if err := s.change(change{Offset: &offset}); err != nil {
		return nil, err
	}
	s.console.say("clock", "", s.now().Format(time.DateTime))
	return map[string]any{"now": s.now(), "offset": offset}, nil
}

func (s *Sandbox) listRecords(*http.Request, []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []authority.Record{}
	for _, r := range s.state.records {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b authority.Record) int { return strings.Compare(a.OGRN, b.OGRN) })
	return map[string]any{"count": len(out), "organizations": out}, nil
}

// addRecord puts an organisation into the register. What is not said is invented.
func (s *Sandbox) addRecord(_ *http.Request, body []byte) (any, error) {
	var record authority.Record
	if err := read(body, &record); err != nil {
		return nil, err
	}
	if record.INN == "" || record.OGRN == "" || record.FullName == "" {
		return nil, badRequest("inn, ogrn and full_name are needed; everything else can be invented")
	}
	record = Invent(record)
	return record, s.AddRecord(record)
}

// AddRecord puts a record into the register, in the place of one with its ОГРН.
func (s *Sandbox) AddRecord(record authority.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.console.say("record", "", record.FullName+", ИНН "+record.INN)
	return s.change(change{Record: &record})
}

func (s *Sandbox) removeRecord(r *http.Request, _ []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, known := s.state.record(r.PathValue("number"))
	if !known {
		return nil, storage.ErrNotFound
	}
	return record, s.change(change{Forget: record.OGRN})
}
