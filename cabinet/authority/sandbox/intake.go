package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
)

// submissionLimit bounds one submission on the wire.
const submissionLimit = 64 << 20

// reply is an answer to a signed request. A nil body is an empty one.
type reply struct {
	status int
	body   any
}

func problem(status int, code, detail string) reply {
	return reply{status, map[string]any{"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}}
}

// signed verifies the request and signs the answer.
func (s *Sandbox) signed(handle func(r *http.Request, body []byte) (reply, error)) http.HandlerFunc {
	v := httpsig.Verifier{Now: s.Now, Key: s.Key}
	return func(w http.ResponseWriter, r *http.Request) {
		_, body, err := v.Request(r, submissionLimit)
		if err != nil {
			s.console.say("refused", "", err.Error())
			writeJSON(w, nil, problem(http.StatusUnauthorized, "signature_refused", err.Error()))
			return
		}
		answer, err := handle(r, body)
		if errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler) // net/http breaks the connection off
		}
		if err != nil {
			s.console.say("failed", "", err.Error())
			answer = problem(http.StatusInternalServerError, "internal", "see the console")
		}
		writeJSON(w, func(header http.Header, status int, body []byte) error {
			return s.Signer.SignResponse(header, status, body, r, s.Now())
		}, answer)
	}
}

// writeJSON writes an answer, signed when sign is given.
func writeJSON(w http.ResponseWriter, sign func(http.Header, int, []byte) error, a reply) {
	var body []byte
	if a.body != nil {
		body, _ = json.Marshal(a.body) // our own types
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if sign != nil {
		if err := sign(w.Header(), a.status, body); err != nil {
			http.Error(w, "the answer could not be signed", http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(a.status)
	w.Write(body)
}

// submit takes a submission: known by its id, or by a rule.
func (s *Sandbox) submit(r *http.Request, body []byte) (reply, error) {
	var sub authority.Submission
	if err := json.Unmarshal(body, &sub); err != nil || sub.ID == "" || sub.Kind == "" || sub.INN == "" {
		return problem(http.StatusUnprocessableEntity, "not_a_submission", "id, kind and inn are needed"), nil
	}
	s.mu.Lock()
	rule := s.state.rule(sub)
	trouble := s.trouble(rule)
	s.mu.Unlock()
	if trouble == nil {
		return s.receive(sub, body, rule)
	}
	if err := pause(r, time.Duration(trouble.Delay)); err != nil {
		return reply{}, err
	}
	receipt, err := reply{}, error(nil)
	if trouble.Accept || (trouble.Status == 0 && !trouble.Drop) {
		if receipt, err = s.receive(sub, body, rule); err != nil {
			return receipt, err
		}
	}
	switch {
	case trouble.Drop:
		s.console.say("dropped", sub.ID, "the connection is broken off by rule "+rule.Name)
		return reply{}, http.ErrAbortHandler
	case trouble.Status != 0:
		s.console.say("trouble", sub.ID, fmt.Sprintf("%d by rule %s", trouble.Status, rule.Name))
		return problem(trouble.Status, "trouble", "by rule "+rule.Name), nil
	}
	return receipt, nil
}

// pause waits, but not longer than whoever asks does.
func pause(r *http.Request, d time.Duration) error {
	if d == 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return http.ErrAbortHandler
	case <-timer.C:
		return nil
	}
}

// trouble is what a rule has at the door for this request. The caller holds the lock.
func (s *Sandbox) trouble(rule Rule) *Intake {
	if rule.Intake == nil || (rule.Intake.Times > 0 && s.state.knocks[rule.Name] >= rule.Intake.Times) {
		return nil
	}
	s.state.knocks[rule.Name]++
	return rule.Intake
}

// receive keeps the submission, once for its id, and plans the answers. Everything
// is on the disk before the receipt is given.
func (s *Sandbox) receive(sub authority.Submission, body []byte, rule Rule) (reply, error) {
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.state.submissions[sub.ID]; before != nil {
		if before.Digest != digest {
			s.console.say("conflict", sub.ID, "another content under an id that is known")
			return problem(http.StatusConflict, "changed", "another submission was taken under this id"), nil
		}
		s.console.say("repeat", sub.ID, "")
		return receipt(before, true), nil
	}
	taken := &received{Digest: digest, At: s.now(), Rule: rule.Name}
	for _, f := range sub.Files {
		kept, err := s.store.keep(f.Content)
		if err != nil {
			return reply{}, err
		}
		taken.Digests = append(taken.Digests, kept)
	}
	taken.Number = registrationNumber(sub, len(s.state.order)+1, taken.At)
	plan := s.plan(rule, sub, taken)
	taken.Submission = withoutContents(sub)
	if err := s.change(change{Received: taken, Answers: plan}); err != nil {
		return reply{}, err
	}
	s.console.say("received", sub.ID, fmt.Sprintf("%s от %s (ИНН %s), правило %s", sub.Kind, sub.Name, sub.INN, rule.Name))
	return receipt(taken, false), nil
}

func receipt(r *received, repeated bool) reply {
	return reply{http.StatusAccepted, authority.Receipt{ID: r.Submission.ID, Number: r.Number, ReceivedAt: storage.Of(r.At), Repeated: repeated}}
}

// registrationNumber is the body's own number of a submission.
func registrationNumber(sub authority.Submission, n int, at time.Time) string {
	return fmt.Sprintf("%s-%d-%08d", strings.ToUpper(sub.Recipient), at.Year(), n)
}

// withoutContents is the submission as the log keeps it.
func withoutContents(sub authority.Submission) authority.Submission {
	files := make([]authority.File, len(sub.Files))
	for i, f := range sub.Files {
		f.Content = nil
		files[i] = f
	}
	sub.Files = files
	return sub
}

// answers gives those published after a cursor, for a client that cannot be called.
func (s *Sandbox) answers(r *http.Request, _ []byte) (reply, error) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 20
	}
	after := r.URL.Query().Get("after")
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	out := []authority.Answer{}
	next := after
	for _, p := range s.state.queue {
		if p.Due.After(now) || len(out) == limit {
			break
		}
		if cursor := cursorOf(p); cursor > after {
			out, next = append(out, p.Answer), cursor
		}
	}
	return reply{http.StatusOK, map[string]any{"answers": out, "next": next}}, nil
}

// cursorOf stands in the order of byTime.
func cursorOf(p *planned) string {
	return fmt.Sprintf("%016x-%s", p.Due.UnixMicro(), p.Answer.ID)
}

// organization answers from the register.
func (s *Sandbox) organization(r *http.Request, _ []byte) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, known := s.state.record(r.PathValue("number"))
	if !known {
		return problem(http.StatusNotFound, "not_found", "the register has no such organisation"), nil
	}
	record.ExtractDate = authority.Date(s.now().Format(time.DateOnly))
	return reply{http.StatusOK, record}, nil
}
