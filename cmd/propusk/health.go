package main

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"
)

// check is one thing without which this node should get no requests.
type check struct {
	name string
	// ready returns why it is not; nil when it is.
	ready func(context.Context) error
}

// health answers /healthz and /readyz.
type health struct {
	checks []check
	// warning says in a sentence what is wrong though the node is ready, as other
	// nodes are no better; "" when nothing is. nil: it has nothing to say.
	warning  func() string
	stopping atomic.Bool
}

// checkTimeout bounds one reading of /readyz, below the usual second or more
// that a load balancer waits.
const checkTimeout = 800 * time.Millisecond

// alive says that the process answers at all.
func (h *health) alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("alive\n"))
}

type readiness struct {
	Ready   bool          `json:"ready"`
	Checks  []checkResult `json:"checks"`
	Warning string        `json:"warning,omitempty"`
}

type checkResult struct {
	Name   string `json:"name"`
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"`
}

// ready answers 200 when every check passes and 503 with the reasons otherwise.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	answer := readiness{Ready: true, Checks: []checkResult{}}
	if h.stopping.Load() {
		answer = readiness{Checks: []checkResult{{Name: "process", Reason: "stopping"}}}
	} else {
		answer.Checks, answer.Ready = h.run(ctx)
		if h.warning != nil {
			answer.Warning = h.warning()
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (h *health) run(ctx context.Context) (results []checkResult, all bool) {
	all = true
	for _, c := range h.checks {
		result := checkResult{Name: c.name, Ready: true}
		if err := c.ready(ctx); err != nil {
			result.Ready, result.Reason, all = false, err.Error(), false
		}
		results = append(results, result)
	}
	return results, all
}
