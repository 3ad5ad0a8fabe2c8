package authority

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"propusk/storage"
	"time"
)

const (
	pollEvery = 10 * time.Second
	// pollLimit bounds one page of answers, in bytes, and pollPages the pages of one
	// turn.
	pollLimit = 2 * answerLimit
	pollPages = 100
)

// polls reports whether any body has to be asked for its answers.
func (g *Gateway) polls() bool {
	for _, p := range g.peers {
		if p.Poll {
			return true
		}
	}
	return false
}

// Poll asks every body that cannot reach us for the answers after those we have.
// It is what the periodic job does.
func (g *Gateway) Poll(ctx context.Context) error {
	var failed error
	for _, p := range g.peers {
		if !p.Poll {
			continue
		}
		if err := g.poll(ctx, p); err != nil {
			failed = errors.Join(failed, fmt.Errorf("authority: ask %s for answers: %w", p.Name, err))
		}
	}
	return failed
}

// page is what a body answers to GET /answers. Next is where to go on, which the
// body alone understands.
type page struct {
	Answers []json.RawMessage `json:"answers"`
	Next    string            `json:"next"`
}

func (g *Gateway) poll(ctx context.Context, p *peer) error {
	after, err := g.cursor(ctx, p.Name)
	if err != nil {
		return err
	}
	for range pollPages {
		if allowed, _ := p.breaker.allow(); !allowed {
			return nil
		}
		raw, err := p.ask(ctx, http.MethodGet, "/answers?limit=20&after="+url.QueryEscape(after), nil, pollLimit)
		t, troubled := errors.AsType[*trouble](err)
		p.breaker.report(!troubled || t.healthy)
		if err != nil {
			return err
		}
		var got page
		if err := json.Unmarshal(raw, &got); err != nil {
			return fmt.Errorf("read the page: %w", err)
		}
		if err := g.takePage(ctx, p.Name, got); err != nil {
			return err
		}
		if len(got.Answers) == 0 || got.Next == "" || got.Next == after {
			return nil
		}
		after = got.Next
	}
	return nil
}

// takePage stores the answers of a page and then where it ended. An answer without
// the form of one is left behind: to stop at it would be to stop for good.
func (g *Gateway) takePage(ctx context.Context, body string, got page) error {
	for _, raw := range got.Answers {
		_, err := g.accept(ctx, body, raw)
		if errors.Is(err, errAnswer) || errors.Is(err, errChanged) {
			g.metrics.taken("not_an_answer")
			g.Log.ErrorContext(ctx, "an answer was left behind", "body", body, "error", err)
			continue
		}
		if err != nil {
			return err
		}
	}
	if got.Next == "" {
		return nil
	}
	_, err := g.DB.Exec(ctx, `
		INSERT INTO authority_cursors (body, after, polled_at) VALUES ($1, $2, $3)
		ON CONFLICT (body) DO UPDATE SET after = excluded.after, polled_at = excluded.polled_at`, body, got.Next, storage.Of(g.Now()))
	return err
}

func (g *Gateway) cursor(ctx context.Context, body string) (after string, err error) {
	err = g.DB.Get(ctx, &after, `SELECT after FROM authority_cursors WHERE body = $1`, body)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	return after, err
}
