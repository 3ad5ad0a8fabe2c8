package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// atATime is how many submissions' answers are on their way together.
	atATime = 4
	// quiet is how long Run sleeps when nothing is due.
	quiet = time.Minute
)

// dispatch sends what is due and says when to look again. An error is the disk's.
func (s *Sandbox) dispatch(ctx context.Context) (time.Duration, error) {
	if s.Callback == "" {
		return quiet, nil
	}
	groups := s.due()
	sending, within := errgroup.WithContext(ctx)
	sending.SetLimit(atATime)
	for _, group := range groups {
		sending.Go(func() error { return s.sendGroup(within, group) })
	}
	err := sending.Wait()
	if ctx.Err() != nil {
		return quiet, nil
	}
	return s.nextDue(), err
}

// errand is an answer that is to go now, so many times.
type errand struct {
	*planned
	times int
}

// pending reports whether the answer, or one of its duplicates, is still to be sent.
func (p *planned) pending() bool {
	return p.State == "" || (p.State == taken && p.Sent <= p.Duplicates)
}

// thread is what answers are sent one after another by: their submission.
func (p *planned) thread() string { return cmp.Or(p.Answer.SubmissionID, p.Answer.ID) }

// due groups the answers whose time has come by their submission, each group in
// the order in which it is to be sent.
func (s *Sandbox) due() [][]errand {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, real := s.now(), s.Now()
	groups, held := map[string][]errand{}, map[string]bool{}
	var order []string
	for _, p := range s.state.queue {
		if p.Due.After(now) {
			held[p.thread()] = held[p.thread()] || p.Reverse // the last of them goes first
			continue
		}
		if !p.pending() {
			continue
		}
		if groups[p.thread()] == nil {
			order = append(order, p.thread())
		}
		groups[p.thread()] = append(groups[p.thread()], errand{p, 1 + p.Duplicates - p.Sent})
	}
	var out [][]errand
	for _, thread := range order {
		if group := ready(groups[thread], real); len(group) > 0 && !held[thread] {
			out = append(out, group)
		}
	}
	return out
}

// ready is the part of a group that may go now: what failed waits, and what comes
// after it with it.
func ready(group []errand, real time.Time) []errand {
	if group[0].Reverse {
		slices.Reverse(group)
	}
	for i, e := range group {
		if e.tryAt.After(real) {
			return group[:i]
		}
	}
	return group
}

// sendGroup sends the answers of one submission until one is not taken.
func (s *Sandbox) sendGroup(ctx context.Context, group []errand) error {
	for _, e := range group {
		for range e.times {
			if went, err := s.sendOne(ctx, e.planned); err != nil || !went {
				return err
			}
		}
	}
	return nil
}

// sendOne sends one answer and keeps how it went.
func (s *Sandbox) sendOne(ctx context.Context, p *planned) (went bool, err error) {
	status, failure := s.post(ctx, p)
	if ctx.Err() != nil {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case failure == nil && status >= 200 && status < 300:
		s.console.say("sent", p.Answer.SubmissionID, fmt.Sprintf("%s %s", p.Answer.Event, p.Answer.ID))
		return true, s.change(change{Taken: p.Answer.ID})
	case status == http.StatusConflict || status == http.StatusUnprocessableEntity:
		p.Fault = fmt.Sprintf("refused with %d", status)
		s.console.say("refused", p.Answer.SubmissionID, fmt.Sprintf("%s %s: %d", p.Answer.Event, p.Answer.ID, status))
		return true, s.change(change{Refused: p.Answer.ID})
	}
	p.failures++
	p.tryAt = s.Now().Add(min(250*time.Millisecond<<min(p.failures-1, 10), 10*time.Second))
	p.Fault = fmt.Sprintf("status %d", status)
	if failure != nil {
		p.Fault = failure.Error()
	}
	s.console.say("failed", p.Answer.SubmissionID, fmt.Sprintf("%s %s: %s", p.Answer.Event, p.Answer.ID, p.Fault))
	return false, nil
}

func (s *Sandbox) post(ctx context.Context, p *planned) (status int, err error) {
	return s.send(ctx, s.Callback, p.Answer)
}

// send posts a signed message as JSON to an address of the other side.
func (s *Sandbox) send(ctx context.Context, address string, message any) (status int, err error) {
	body, err := json.Marshal(message)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if err := s.Signer.SignRequest(req, body, s.Now()); err != nil {
		return 0, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}

// nextDue is how long until something has to be sent.
func (s *Sandbox) nextDue() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, real, wait := s.now(), s.Now(), quiet
	for _, p := range s.state.queue {
		if !p.pending() {
			continue
		}
		wait = min(wait, max(p.Due.Sub(now), p.tryAt.Sub(real), time.Millisecond))
	}
	return wait
}
