package authority

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// Organisations finds one of ours by its numbers, either of which may be "";
// storage.ErrNotFound when none is ours.
type Organisations func(ctx context.Context, inn, ogrn string) (id string, err error)

// Deps is what the gateway stands on. Everything is required but Bodies and Metrics.
type Deps struct {
	DB            *storage.DB
	Jobs          *jobs.Runner
	Ephemeral     storage.Ephemeral // nonces of callbacks
	Journal       *journal.Journal  // what operators decide
	Organisations Organisations
	Log           *slog.Logger
	Now           func() time.Time
	Metrics       prometheus.Registerer // nil: nothing is measured
}

// Gateway carries submissions out and answers in. Loaders and handlers are given
// before the jobs start.
type Gateway struct {
	Deps
	loaders  map[string]func(ctx context.Context, id string) (Submission, error)
	handlers map[string]func(ctx context.Context, a Answer) error
	watchers map[string]func(ctx context.Context, d Delivery) error
}

// New checks the dependencies once. It starts nothing.
func New(deps Deps) (*Gateway, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Jobs": deps.Jobs == nil, "Ephemeral": deps.Ephemeral == nil, "Journal": deps.Journal == nil,
		"Organisations": deps.Organisations == nil, "Log": deps.Log == nil, "Now": deps.Now == nil,
	} {
		if missing {
			return nil, errors.New("authority: " + name + " is required")
		}
	}
	return &Gateway{
		Deps:     deps,
		loaders:  map[string]func(context.Context, string) (Submission, error){},
		handlers: map[string]func(context.Context, Answer) error{},
		watchers: map[string]func(context.Context, Delivery) error{},
	}, nil
}

// Submit asks, in the transaction of the act, that what load names be sent: once,
// whatever happens, or shown to operators as given up. The kind's loader makes the
// Submission when it is sent, so that nothing large waits in a queue. To ask a
// second time for the same load is to ask once.
func (g *Gateway) Submit(ctx context.Context, load Load) error {
	if load.ID == "" || g.loaders[load.Kind] == nil {
		return fmt.Errorf("authority: submit %q of kind %q: it has no id, or nobody loads the kind", load.ID, load.Kind)
	}
	return jobs.Enqueue(ctx, g.DB, "authority/submit", load, jobs.Options{Unique: load.ID})
}

// Load says who makes the submissions of a kind. fn is called outside of any
// transaction, perhaps several times, and must give the same content each time;
// ErrWithdrawn when it is not to be sent any more.
func (g *Gateway) Load(kind string, fn func(ctx context.Context, id string) (Submission, error)) {
	register("loader", g.loaders, kind, fn)
}

// Handle says who takes the answers to submissions of a kind; the kinds
// "requirement" and "message" take the unasked ones, with OrganisationID set. fn
// runs in a transaction that also marks the answer as handled: exactly once for an
// Answer.ID, in the order of Seq for one submission. An error of fn has it tried
// again later; one that wraps jobs.Permanent makes a dead letter of the answer.
func (g *Gateway) Handle(kind string, fn func(ctx context.Context, a Answer) error) {
	register("handler", g.handlers, kind, fn)
}

// Watch says who wants to know how the sending of a kind's submissions ended. fn
// runs in the transaction that records it.
func (g *Gateway) Watch(kind string, fn func(ctx context.Context, d Delivery) error) {
	register("watcher", g.watchers, kind, fn)
}

func register[F any](what string, into map[string]F, kind string, fn F) {
	if _, taken := into[kind]; taken {
		panic("authority: two " + what + "s for " + kind)
	}
	into[kind] = fn
}
