package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
)

// Deps are what a Runner works with.
type Deps struct {
	DB      *storage.DB
	Log     *slog.Logger
	Now     func() time.Time
	Workers int                   // jobs at a time; 0 is 4
	Poll    time.Duration         // how often to look for what other nodes enqueued; 0 is one second
	Lease   time.Duration         // how soon a killed node's jobs are taken again; 0 is one minute
	Metrics prometheus.Registerer // nil: none
}

// Runner takes due jobs and runs their handlers. Register handlers and periodic
// jobs before Start.
type Runner struct {
	Deps
	handlers map[string]func(context.Context, Job) error
	periodic map[string]*schedule
	queries  queries
	metrics  *metrics

	mu       sync.Mutex
	stopping chan struct{} // closed: take nothing more
	stopped  chan struct{} // closed: nothing runs
	abort    context.CancelFunc
}

// New returns a runner that has not started.
func New(deps Deps) *Runner {
	if deps.Workers <= 0 {
		deps.Workers = 4
	}
	if deps.Poll <= 0 {
		deps.Poll = time.Second
	}
	if deps.Lease <= 0 {
		deps.Lease = time.Minute
	}
	r := &Runner{Deps: deps, handlers: map[string]func(context.Context, Job) error{}, periodic: map[string]*schedule{}}
	r.metrics = newMetrics(r)
	return r
}

// Handle says who does the jobs of a kind. A runner takes only kinds that it
// has a handler for. The context of fn ends when the lease is lost or Stop's
// patience is over.
func (r *Runner) Handle(kind string, fn func(ctx context.Context, job Job) error) {
	if r.handlers[kind] != nil {
		panic("jobs: two handlers for " + kind)
	}
	r.handlers[kind] = fn
}

// Every runs fn each time every has passed, once across all nodes, for the
// first time at once. A run that fails is not repeated before its next turn; a
// run that takes longer than every delays the next.
func (r *Runner) Every(name string, every time.Duration, fn func(ctx context.Context) error) {
	kind := periodicKind(name)
	r.Handle(kind, func(ctx context.Context, _ Job) error { return fn(ctx) })
	r.periodic[name] = &schedule{every: every}
}

func periodicKind(name string) string { return "every/" + name }

// Start begins to work and returns. It works until Stop, or until ctx ends;
// what has begun then is finished all the same, for as long as Stop waits.
func (r *Runner) Start(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping != nil {
		return errors.New("jobs: the runner was started before")
	}
	r.queries = newQueries(r.kinds(), r.DB.Engine())
	if err := r.hangSchedules(ctx); err != nil {
		return fmt.Errorf("jobs: start: %w", err)
	}
	r.stopping, r.stopped = make(chan struct{}), make(chan struct{})
	working, abort := context.WithCancel(context.WithoutCancel(ctx))
	r.abort = abort
	go r.loop(ctx, working)
	return nil
}

// Drain does what is due, and what that makes due, in up to Workers jobs at a time,
// and returns when nothing is: a runner's whole work in a process that has no time to
// wait for more. It is not for a runner that has been started.
func (r *Runner) Drain(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping != nil {
		return errors.New("jobs: a started runner is not drained")
	}
	r.queries = newQueries(r.kinds(), r.DB.Engine())
	if err := r.hangSchedules(ctx); err != nil {
		return fmt.Errorf("jobs: drain: %w", err)
	}
	for {
		jobs, wait, err := r.take(ctx, r.Workers)
		if err != nil {
			return fmt.Errorf("jobs: drain: %w", err)
		}
		if len(jobs) == 0 && wait > 0 {
			return ctx.Err()
		}
		var workers sync.WaitGroup
		for _, job := range jobs {
			workers.Go(func() { r.work(ctx, job) })
		}
		workers.Wait()
	}
}

// Stop takes no more jobs and waits for those that run. When ctx ends first
// their contexts are cancelled, they are left to fall due again at once, and
// ctx's error is returned.
func (r *Runner) Stop(ctx context.Context) error {
	r.mu.Lock()
	if r.stopping == nil {
		r.mu.Unlock()
		return nil
	}
	select {
	case <-r.stopping:
	default:
		close(r.stopping)
	}
	r.mu.Unlock()
	defer r.abort()
	select {
	case <-r.stopped:
		return nil
	case <-ctx.Done():
	}
	r.abort()
	<-r.stopped
	return fmt.Errorf("jobs: stopped before all was done: %w", ctx.Err())
}

// loop looks for due jobs when the bell rings, when one is expected to fall
// due, and when a worker comes free while more were waiting.
func (r *Runner) loop(ctx, working context.Context) {
	defer close(r.stopped)
	rung, hangUp := r.DB.Listen(bell)
	defer hangUp()
	var workers sync.WaitGroup
	defer workers.Wait()
	busy := make(chan struct{}, r.Workers) // holds one for each job that runs
	freed := make(chan struct{}, 1)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.stopping:
			return
		case <-rung:
		case <-freed:
		case <-timer.C:
		}
		if r.ending(ctx) { // select picks by chance when several are ready
			return
		}
		jobs, wait := r.due(working, r.Workers-len(busy))
		for _, job := range jobs {
			busy <- struct{}{}
			workers.Go(func() {
				r.work(working, job)
				<-busy
				select {
				case freed <- struct{}{}:
				default:
				}
			})
		}
		timer.Reset(wait)
	}
}

// ending tells that no more jobs may be taken.
func (r *Runner) ending(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-r.stopping:
		return true
	default:
		return false
	}
}

// due takes up to n due jobs and says how long to wait before looking again. It
// looks before it takes: looking does not write, and an idle house mostly looks.
func (r *Runner) due(ctx context.Context, n int) ([]Job, time.Duration) {
	if n == 0 {
		return nil, r.Poll // a worker that comes free rings
	}
	jobs, wait, err := r.take(ctx, n)
	if err != nil {
		r.Log.ErrorContext(ctx, "jobs cannot be taken", "error", err)
		return nil, r.Poll
	}
	return jobs, wait
}

func (r *Runner) take(ctx context.Context, n int) ([]Job, time.Duration, error) {
	if err := r.enqueuePeriodic(ctx); err != nil {
		return nil, 0, err
	}
	next, err := r.next(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, r.Poll, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if wait := next.Sub(storage.Of(r.Now())); wait > 0 {
		return nil, min(wait, r.Poll), nil
	}
	jobs, err := r.claim(ctx, n)
	if len(jobs) == n {
		return jobs, 0, err // there may be more; should all workers be busy, due waits
	}
	return jobs, r.Poll, err
}

// work runs a job's handler and records how it ended.
func (r *Runner) work(ctx context.Context, job Job) {
	began := time.Now()
	handling, cancel := context.WithCancelCause(ctx)
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		r.renew(handling, job, cancel)
	}()
	err := r.handle(handling, job)
	lost := errors.Is(context.Cause(handling), errLeaseLost)
	cancel(nil)
	<-renewing
	outcome := r.settle(ctx, job, err, lost)
	r.metrics.done(job.Kind, outcome, time.Since(began))
}

// handle calls the handler and turns its panic into an error.
func (r *Runner) handle(ctx context.Context, job Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Log.ErrorContext(ctx, "a job panicked", "kind", job.Kind, "job", job.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return r.handlers[job.Kind](ctx, job)
}

// kinds are those this runner has handlers for, sorted.
func (r *Runner) kinds() []string {
	kinds := make([]string, 0, len(r.handlers))
	for kind := range r.handlers {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}
