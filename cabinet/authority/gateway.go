package authority

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
	"propusk/storage/jobs"
)

// Organisations finds one of ours by its numbers, either of which may be "";
// storage.ErrNotFound when none is ours.
type Organisations func(ctx context.Context, inn, ogrn string) (id string, err error)

// Deps is what the gateway stands on. Everything is required but Bodies, Transport
// and Metrics.
type Deps struct {
	DB            *storage.DB
	Jobs          *jobs.Runner      // New gives it the gateway's handlers
	Ephemeral     storage.Ephemeral // nonces of callbacks
	Organisations Organisations
	Bodies        []Body          // none: every submission is given up, and operators see it
	Signer        *httpsig.Signer // of what we send
	// Host is the public host[:port] that callbacks must have been signed for.
	Host      string
	Log       *slog.Logger
	Now       func() time.Time
	Transport http.RoundTripper     // nil: http.DefaultTransport
	Metrics   prometheus.Registerer // nil: nothing is measured
}

// Gateway carries submissions out and answers in. Loaders, handlers and watchers
// are given before the jobs start.
type Gateway struct {
	Deps
	peers    []*peer
	loaders  map[string]func(ctx context.Context, id string) (Submission, error)
	handlers map[string]func(ctx context.Context, a Answer) error
	watchers map[string]func(ctx context.Context, d Delivery) error
	metrics  *metrics
	reading  chan struct{} // holds one for each callback whose body is in memory
	mux      *http.ServeMux
}

// The kinds of the gateway's jobs.
const (
	jobSubmit = "authority/submit"
	jobAnswer = "authority/answer"
)

// New checks the dependencies once and gives the jobs their handlers. Nothing works
// before the runner is started.
func New(deps Deps) (*Gateway, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	g := &Gateway{
		Deps:     deps,
		loaders:  map[string]func(context.Context, string) (Submission, error){},
		handlers: map[string]func(context.Context, Answer) error{},
		watchers: map[string]func(context.Context, Delivery) error{},
		reading:  make(chan struct{}, callbacksAtATime),
	}
	for _, body := range deps.Bodies {
		g.peers = append(g.peers, newPeer(body, deps))
	}
	var err error
	if g.metrics, err = newMetrics(g); err != nil {
		return nil, err
	}
	g.mux = g.routes()
	g.hangJobs()
	return g, nil
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"DB": d.DB == nil, "Jobs": d.Jobs == nil, "Ephemeral": d.Ephemeral == nil, "Organisations": d.Organisations == nil,
		"Signer": d.Signer == nil, "Host": d.Host == "", "Log": d.Log == nil, "Now": d.Now == nil,
	} {
		if missing {
			return errors.New("authority: " + name + " is required")
		}
	}
	return checkBodies(d.Bodies)
}

// hangJobs registers what the gateway does by itself.
func (g *Gateway) hangJobs() {
	g.Jobs.Handle(jobSubmit, func(ctx context.Context, job jobs.Job) error {
		var load Load
		if err := job.Decode(&load); err != nil {
			return err
		}
		return g.deliver(ctx, load.ID)
	})
	g.Jobs.Handle(jobAnswer, func(ctx context.Context, job jobs.Job) error {
		var id string
		if err := job.Decode(&id); err != nil {
			return err
		}
		return g.process(ctx, id)
	})
	g.Jobs.Every("authority/tend", time.Minute, g.tend)
	if g.polls() {
		g.Jobs.Every("authority/poll", pollEvery, g.Poll)
	}
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
