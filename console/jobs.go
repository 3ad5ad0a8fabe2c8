package console

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/outbox"
)

type jobsView struct {
	Depth depthView  `json:"depth"`
	Kinds []kindView `json:"kinds"`
}

type depthView struct {
	Due        int64 `json:"due"`
	Delayed    int64 `json:"delayed"`
	Running    int64 `json:"running"`
	Dead       int64 `json:"dead"`
	LagSeconds int64 `json:"lag_seconds"`
}

type kindView struct {
	Kind      string       `json:"kind"`
	Ready     int64        `json:"ready"`
	Dead      int64        `json:"dead"`
	OldestAt  storage.Time `json:"oldest_at"`
	LastError string       `json:"last_error"` // of the latest dead letter
}

type deadLine struct {
	ID          string       `json:"id"`
	Kind        string       `json:"kind"`
	Attempt     int          `json:"attempt"`
	MaxAttempts int          `json:"max_attempts"`
	LastError   string       `json:"last_error"`
	CreatedAt   storage.Time `json:"created_at"`
	DiedAt      storage.Time `json:"died_at"`
}

type deadView struct {
	Jobs []deadLine `json:"jobs"`
	Next string     `json:"next"`
}

// Errors of other people's servers quote addresses and numbers; those of our own calls
// the address that was called, with whatever its owner has put behind the question mark.
var (
	mailboxes = regexp.MustCompile(`[^\s<>"']+@[^\s<>"']+`)
	numbers   = regexp.MustCompile(`\+?\d{10,}`)
	phones    = regexp.MustCompile(`\+7[ (-]*\d{3}[ )-]*\d{3}[ -]?\d{2}[ -]?\d{2}`)
	snilses   = regexp.MustCompile(`\b\d{3}-\d{3}-\d{3}[ -]\d{2}\b`)
	asked     = regexp.MustCompile(`\?[^\s"'<>]+`)
)

func maskError(text string) string {
	text = mailboxes.ReplaceAllStringFunc(asked.ReplaceAllString(text, "?•••"), maskMailbox)
	for _, written := range []*regexp.Regexp{phones, snilses, numbers} {
		text = written.ReplaceAllStringFunc(text, func(s string) string { return maskEnd(strings.NewReplacer(" ", "", "-", "").Replace(s), 4) })
	}
	return text
}

var kindName = regexp.MustCompile(`^[a-z0-9][a-z0-9._/:-]{0,99}$`)

// jobs answers GET /console/v1/jobs.
func (s *Server) jobs(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	depth, err := s.Jobs.Depth(c.Ctx())
	if err != nil {
		return err
	}
	kinds, err := s.Jobs.Kinds(c.Ctx())
	if err != nil {
		return err
	}
	view := jobsView{Depth: depthView{depth.Due, depth.Delayed, depth.Running, depth.Dead, int64(depth.Lag.Seconds())}, Kinds: []kindView{}}
	for _, k := range kinds {
		line := kindView{Kind: k.Kind, Ready: k.Ready, Dead: k.Dead, OldestAt: k.OldestAt}
		if k.Dead > 0 {
			latest, err := s.Jobs.DeadPage(c.Ctx(), jobs.DeadFilter{Kind: k.Kind, Limit: 1})
			if err != nil {
				return err
			}
			for _, letter := range latest {
				line.LastError = maskError(letter.LastError)
			}
		}
		view.Kinds = append(view.Kinds, line)
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// deadJobs answers GET /console/v1/jobs/dead. What a job was to do is not shown: its
// payload may name people.
func (s *Server) deadJobs(c api.Call) error {
	q := c.Query("kind", "after", "limit")
	kind, page := q.Text("kind", kindName.MatchString), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	letters, err := s.Jobs.DeadPage(c.Ctx(), jobs.DeadFilter{Kind: kind, At: page.At, ID: page.ID, Limit: page.Limit + 1})
	if err != nil {
		return err
	}
	letters, next := api.Cut(page, letters, func(j jobs.Job) (storage.Time, string) { return j.RunAt, j.ID })
	view := deadView{Jobs: []deadLine{}, Next: next}
	for _, j := range letters {
		view.Jobs = append(view.Jobs, deadLine{j.ID, j.Kind, j.Attempt, j.MaxAttempts, maskError(j.LastError), j.CreatedAt, j.RunAt})
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// retryJob answers POST /console/v1/jobs/{id}/retry.
func (s *Server) retryJob(c api.Call) error { return s.settle(c, "console.job_retried", s.Jobs.Retry) }

// dropJob answers POST /console/v1/jobs/{id}/drop.
func (s *Server) dropJob(c api.Call) error { return s.settle(c, "console.job_dropped", s.Jobs.Drop) }

func (s *Server) settle(c api.Call, action string, act func(ctx context.Context, id string) error) error {
	why, err := reason(c)
	if err != nil {
		return err
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	err = s.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := act(ctx, id); err != nil {
			return api.DirectoryRefusal(err)
		}
		return s.record(ctx, c, action, id, map[string]string{"reason": why})
	})
	if err != nil {
		return err
	}
	return api.NoContent(c)
}

type messageLine struct {
	ID        string       `json:"id"`
	Channel   string       `json:"channel"`
	To        string       `json:"to"`
	CreatedAt storage.Time `json:"created_at"`
	SentAt    storage.Time `json:"sent_at"`
	State     string       `json:"state"`
}

type outboxView struct {
	Messages []messageLine `json:"messages"`
	Next     string        `json:"next"`
}

// outbox answers GET /console/v1/outbox: no message's text, and no whole address.
func (s *Server) outbox(c api.Call) error {
	q := c.Query("channel", "after", "limit")
	channel, page := q.Text("channel", kindName.MatchString), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	list, err := s.Outbox.Headers(c.Ctx(), outbox.HeaderFilter{Channel: channel, At: page.At, ID: page.ID, Limit: page.Limit + 1})
	if err != nil {
		return err
	}
	list, next := api.Cut(page, list, func(h outbox.Header) (storage.Time, string) { return h.CreatedAt, h.ID })
	view := outboxView{Messages: []messageLine{}, Next: next}
	for _, h := range list {
		line := messageLine{h.ID, h.Channel, maskTo(h.To), h.CreatedAt, h.SentAt, "waiting"}
		switch {
		case h.SentAt != 0:
			line.State = "sent"
		case h.Dead:
			line.State = "dead"
		}
		view.Messages = append(view.Messages, line)
	}
	return api.Answer(c, http.StatusOK, "", view)
}
