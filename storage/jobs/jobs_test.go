package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/storagetest"
)

// setup is a test's database, clock and way to make runners ("nodes") on it.
type setup struct {
	*testing.T
	db    *storage.DB
	clock *storagetest.Clock
}

func each(t *testing.T, test func(s setup)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(setup{t, db, storagetest.NewClock()}) })
}

func (s setup) runner(change ...func(*jobs.Deps)) *jobs.Runner {
	deps := jobs.Deps{DB: s.db, Log: slog.New(slog.DiscardHandler), Now: s.clock.Now, Workers: 4, Poll: 5 * time.Millisecond}
	for _, change := range change {
		change(&deps)
	}
	return jobs.New(deps)
}

func (s setup) start(r *jobs.Runner) {
	s.Helper()
	s.must(r.Start(s.Context()))
	s.Cleanup(func() { _ = r.Stop(context.Background()) })
}

func (s setup) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// until waits for what another goroutine brings about.
func (s setup) until(what string, holds func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain: %s", what)
		}
	}
}

func (s setup) depth(r *jobs.Runner) jobs.Depth {
	s.Helper()
	d, err := r.Depth(context.Background())
	s.must(err)
	return d
}

func (s setup) empty(r *jobs.Runner) {
	s.Helper()
	s.until("the queue is empty", func() bool { return s.depth(r) == jobs.Depth{} })
}

func TestJobOfARolledBackChangeIsNeverDone(t *testing.T) {
	each(t, func(s setup) {
		var ran atomic.Int32
		r := s.runner()
		r.Handle("greet", func(_ context.Context, j jobs.Job) error {
			var name string
			s.must(j.Decode(&name))
			if name != "Анна" || j.Attempt != 1 || j.Kind != "greet" || j.MaxAttempts != 12 {
				t.Errorf("job %+v, name %q", j, name)
			}
			ran.Add(1)
			return nil
		})
		s.start(r)
		rolledBack := errors.New("rolled back")
		err := s.db.Tx(s.Context(), func(ctx context.Context) error {
			s.must(jobs.Enqueue(ctx, s.db, "greet", "Борис"))
			return rolledBack
		})
		if !errors.Is(err, rolledBack) {
			t.Fatal(err)
		}
		s.must(s.db.Tx(s.Context(), func(ctx context.Context) error { return jobs.Enqueue(ctx, s.db, "greet", "Анна") }))
		s.until("it ran", func() bool { return ran.Load() == 1 })
		s.empty(r)
	})
}

func TestEnqueueWakesTheRunnerLongBeforeItsPoll(t *testing.T) {
	each(t, func(s setup) {
		ran := make(chan struct{})
		r := s.runner(func(d *jobs.Deps) { d.Poll = time.Hour })
		r.Handle("now", func(context.Context, jobs.Job) error { close(ran); return nil })
		s.start(r)
		s.must(jobs.Enqueue(s.Context(), s.db, "now", nil))
		select {
		case <-ran:
		case <-time.After(time.Minute):
			t.Fatal("it slept on")
		}
	})
}

func TestEachJobIsDoneOnceByManyNodes(t *testing.T) {
	each(t, func(s setup) {
		var mu sync.Mutex
		times := map[string]int{}
		var last *jobs.Runner
		for range 3 {
			last = s.runner()
			last.Handle("count", func(_ context.Context, j jobs.Job) error {
				mu.Lock()
				defer mu.Unlock()
				times[string(j.Payload)]++
				return nil
			})
			s.start(last)
		}
		const n = 100
		s.must(s.db.Tx(s.Context(), func(ctx context.Context) error {
			for i := range n {
				s.must(jobs.Enqueue(ctx, s.db, "count", i))
			}
			return nil
		}))
		s.empty(last)
		mu.Lock()
		defer mu.Unlock()
		for i := range n {
			if times[fmt.Sprint(i)] != 1 {
				t.Errorf("job %d was done %d times", i, times[fmt.Sprint(i)])
			}
		}
	})
}

func TestFailuresAreTriedAgainLaterAndThenBuried(t *testing.T) {
	each(t, func(s setup) {
		var ran atomic.Int32
		r := s.runner()
		r.Handle("fail", func(_ context.Context, j jobs.Job) error {
			if int(ran.Add(1)) != j.Attempt {
				t.Errorf("attempt %d", j.Attempt)
			}
			if j.Attempt == 2 {
				panic("the second time")
			}
			return errors.New("no\x00 luck" + strings.Repeat("x", 2000))
		})
		s.must(jobs.Enqueue(s.Context(), s.db, "fail", nil, jobs.Options{MaxAttempts: 3, Unique: "u"}))
		s.start(r)
		for n, wait := range []time.Duration{2 * time.Second, 4 * time.Second} {
			s.until("it failed", func() bool { return s.depth(r) == jobs.Depth{Delayed: 1} })
			if int(ran.Load()) != n+1 {
				t.Fatalf("%d runs", ran.Load())
			}
			s.clock.Advance(wait)
		}
		s.until("it is buried", func() bool { return s.depth(r) == jobs.Depth{Dead: 1} })
		dead, err := r.Dead(s.Context(), 10)
		if s.must(err); len(dead) != 1 || dead[0].Attempt != 3 || !strings.HasPrefix(dead[0].LastError, "no luck") || len(dead[0].LastError) > 1000 {
			t.Fatalf("%+v", dead)
		}
		// Its unique key is free again, and it can be dug up.
		s.must(jobs.Enqueue(s.Context(), s.db, "fail", nil, jobs.Options{Unique: "u", RunAt: s.clock.Now().Add(time.Hour)}))
		if d := s.depth(r); d != (jobs.Depth{Dead: 1, Delayed: 1}) {
			t.Fatalf("%+v", d)
		}
		ran.Store(0)
		s.must(r.Retry(s.Context(), dead[0].ID))
		s.until("it ran again", func() bool { return ran.Load() == 1 })
		if err := r.Retry(s.Context(), dead[0].ID); !errors.Is(err, storage.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func TestPermanentFailureIsBuriedAtOnce(t *testing.T) {
	each(t, func(s setup) {
		r := s.runner()
		r.Handle("bad", func(context.Context, jobs.Job) error {
			return fmt.Errorf("wrapped: %w", jobs.Permanent(errors.New("never")))
		})
		r.Handle("unreadable", func(_ context.Context, j jobs.Job) error { return j.Decode(new(int)) })
		s.start(r)
		s.must(jobs.Enqueue(s.Context(), s.db, "bad", nil))
		s.must(jobs.Enqueue(s.Context(), s.db, "unreadable", "text"))
		s.until("both are buried", func() bool { return s.depth(r) == jobs.Depth{Dead: 2} })
	})
}

func TestJobWaitsForItsTimeAndItsHandler(t *testing.T) {
	each(t, func(s setup) {
		var ran atomic.Int32
		r := s.runner()
		r.Handle("later", func(context.Context, jobs.Job) error { ran.Add(1); return nil })
		s.start(r)
		s.must(jobs.Enqueue(s.Context(), s.db, "later", nil, jobs.Options{RunAt: s.clock.Now().Add(time.Minute)}))
		s.must(jobs.Enqueue(s.Context(), s.db, "of a newer version", nil))
		s.must(jobs.Enqueue(s.Context(), s.db, "later", nil))
		s.until("the due one is done", func() bool {
			d := s.depth(r)
			return ran.Load() == 1 && d.Delayed == 1 && d.Due == 1 && d.Running == 0
		})
		s.clock.Advance(time.Minute)
		s.until("its time came", func() bool { return ran.Load() == 2 })
		if d := s.depth(r); d.Due != 1 || d.Lag < 59*time.Second {
			t.Fatalf("what nobody here can do was taken: %+v", d)
		}
	})
}

func TestUniqueJobIsThereOnce(t *testing.T) {
	each(t, func(s setup) {
		for _, o := range []jobs.Options{{Unique: "a"}, {Unique: "a"}, {Unique: "b"}, {}, {}} {
			s.must(jobs.Enqueue(s.Context(), s.db, "k", nil, o))
		}
		r := s.runner()
		if d := s.depth(r); d.Due != 4 {
			t.Fatalf("%+v", d)
		}
		r.Handle("k", func(context.Context, jobs.Job) error { return nil })
		s.start(r)
		s.empty(r)
		s.must(jobs.Enqueue(s.Context(), s.db, "k", nil, jobs.Options{Unique: "a", RunAt: s.clock.Now().Add(time.Hour)}))
		if d := s.depth(r); d.Delayed != 1 {
			t.Fatalf("%+v", d)
		}
	})
}

// A node that is killed neither finishes nor prolongs its lease.
func TestKilledWorkersLeaseIsTakenAgain(t *testing.T) {
	each(t, func(s setup) {
		hung, release := make(chan struct{}), make(chan struct{})
		killed := s.runner(func(d *jobs.Deps) { d.Workers = 1 }) // so it takes nothing more itself
		killed.Handle("work", func(ctx context.Context, _ jobs.Job) error {
			close(hung)
			<-release // it never looks at its context
			return nil
		})
		s.start(killed)
		s.must(jobs.Enqueue(s.Context(), s.db, "work", nil))
		<-hung
		var attempt atomic.Int32
		other := s.runner()
		other.Handle("work", func(_ context.Context, j jobs.Job) error {
			attempt.Store(int32(j.Attempt))
			return errors.New("not yet")
		})
		s.start(other)
		s.clock.Advance(59 * time.Second)
		time.Sleep(30 * time.Millisecond) // several polls
		if attempt.Load() != 0 || s.depth(other).Running != 1 {
			t.Fatal("it was taken before the lease ran out")
		}
		s.clock.Advance(time.Second)
		s.until("another took it", func() bool { return attempt.Load() == 2 })
		s.until("it failed", func() bool { return s.depth(other).Delayed == 1 })
		close(release) // the dead man returns: the job is not his any more
		s.must(killed.Stop(s.Context()))
		if d := s.depth(other); d.Delayed != 1 {
			t.Fatalf("he took it along: %+v", d)
		}
	})
}

func TestJobThatKillsEveryWorkerIsNotTriedForEver(t *testing.T) {
	each(t, func(s setup) {
		s.must(jobs.Enqueue(s.Context(), s.db, "poison", nil, jobs.Options{MaxAttempts: 2}))
		if _, err := s.db.Exec(s.Context(), `UPDATE jobs SET attempt = 2`); err != nil { // two workers died of it
			t.Fatal(err)
		}
		r := s.runner()
		r.Handle("poison", func(context.Context, jobs.Job) error { t.Error("it ran"); return nil })
		s.start(r)
		s.until("it is buried", func() bool { return s.depth(r) == jobs.Depth{Dead: 1} })
	})
}

func TestLongJobKeepsItsLeaseAndLosesItWithTheRow(t *testing.T) {
	each(t, func(s setup) {
		const lease = 60 * time.Millisecond
		short := func(d *jobs.Deps) { d.Lease = lease }
		began, ended := make(chan struct{}, 9), make(chan error, 9)
		one, two := s.runner(short), s.runner(short)
		for _, r := range []*jobs.Runner{one, two} {
			r.Handle("long", func(ctx context.Context, _ jobs.Job) error {
				began <- struct{}{}
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return ctx.Err()
			})
			s.start(r)
		}
		s.must(jobs.Enqueue(s.Context(), s.db, "long", nil))
		<-began
		for range 6 { // four leases
			s.clock.Advance(lease * 2 / 3)
			s.until("it is prolonged", func() bool {
				var until int64
				s.must(s.db.Get(s.Context(), &until, `SELECT run_at FROM jobs`))
				return until == s.clock.Now().Add(lease).UnixMicro()
			})
		}
		if len(began) != 0 {
			t.Fatal("its lease ran out while it worked")
		}
		if _, err := s.db.Exec(s.Context(), `DELETE FROM jobs`); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "lease") {
			t.Fatalf("its context ended by %v", err)
		}
	})
}

func TestStopFinishesWhatBegan(t *testing.T) {
	each(t, func(s setup) {
		began, release := make(chan struct{}, 2), make(chan struct{})
		r := s.runner(func(d *jobs.Deps) { d.Workers = 1 })
		r.Handle("work", func(ctx context.Context, _ jobs.Job) error {
			began <- struct{}{}
			<-release
			return ctx.Err()
		})
		s.must(jobs.Enqueue(s.Context(), s.db, "work", nil))
		s.must(jobs.Enqueue(s.Context(), s.db, "work", nil))
		ctx, cancel := context.WithCancel(s.Context())
		s.must(r.Start(ctx))
		if r.Start(ctx) == nil {
			t.Fatal("it started twice")
		}
		<-began
		cancel() // the process is asked to end
		stopped := make(chan error)
		go func() { stopped <- r.Stop(context.Background()) }()
		close(release)
		s.must(<-stopped)
		s.must(r.Stop(context.Background()))
		if d := s.depth(r); d != (jobs.Depth{Due: 1, Lag: d.Lag}) {
			t.Fatalf("the first is not done, or the second was begun: %+v", d)
		}
	})
}

func TestStopOutOfPatienceLeavesTheJobToOthers(t *testing.T) {
	each(t, func(s setup) {
		began := make(chan struct{})
		r := s.runner()
		r.Handle("slow", func(ctx context.Context, _ jobs.Job) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		})
		s.must(jobs.Enqueue(s.Context(), s.db, "slow", nil))
		s.start(r)
		<-began
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		if err := r.Stop(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if d := s.depth(r); d.Due != 1 {
			t.Fatalf("%+v", d)
		}
		var attempts int
		s.must(s.db.Get(s.Context(), &attempts, `SELECT attempt FROM jobs`))
		if attempts != 0 {
			t.Fatal("the interruption cost it an attempt")
		}
	})
}

func TestPeriodicJobRunsOnceAcrossNodes(t *testing.T) {
	each(t, func(s setup) {
		var ran atomic.Int32
		nodes := make([]*jobs.Runner, 3)
		for i := range nodes {
			nodes[i] = s.runner()
			nodes[i].Every("sweep", time.Hour, func(context.Context) error {
				if ran.Add(1) == 2 {
					return errors.New("it may fail")
				}
				return nil
			})
			s.start(nodes[i])
		}
		for turn := range int32(4) {
			s.until("its turn", func() bool { return ran.Load() > turn })
			s.empty(nodes[0])
			time.Sleep(20 * time.Millisecond)
			if ran.Load() != turn+1 {
				t.Fatalf("%d runs in turn %d", ran.Load(), turn+1)
			}
			s.clock.Advance(time.Hour)
		}
	})
}

func TestShorterPeriodIsInForceAtOnce(t *testing.T) {
	each(t, func(s setup) {
		var ran atomic.Int32
		run := func(every time.Duration) *jobs.Runner {
			r := s.runner()
			r.Every("sweep", every, func(context.Context) error { ran.Add(1); return nil })
			s.must(r.Start(s.Context()))
			return r
		}
		yearly := run(365 * 24 * time.Hour)
		s.until("the first run", func() bool { return ran.Load() == 1 })
		s.must(yearly.Stop(s.Context()))
		daily := run(24 * time.Hour)
		defer daily.Stop(s.Context())
		s.clock.Advance(24 * time.Hour)
		s.until("the next day", func() bool { return ran.Load() == 2 })
	})
}

func TestTwoHandlersForAKindAreAMistake(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	r := jobs.New(jobs.Deps{})
	for range 2 {
		r.Handle("k", func(context.Context, jobs.Job) error { return nil })
	}
}

func TestMetricsCountRunsAndDepth(t *testing.T) {
	each(t, func(s setup) {
		registry := prometheus.NewRegistry()
		r := s.runner(func(d *jobs.Deps) { d.Metrics = registry })
		r.Handle("good", func(context.Context, jobs.Job) error { return nil })
		r.Handle("bad", func(context.Context, jobs.Job) error { return jobs.Permanent(errors.New("no")) })
		s.must(jobs.Enqueue(s.Context(), s.db, "good", nil))
		s.must(jobs.Enqueue(s.Context(), s.db, "bad", nil))
		s.start(r)
		s.until("both ran", func() bool { return s.depth(r) == jobs.Depth{Dead: 1} })
		s.must(r.Stop(s.Context()))
		families, err := registry.Gather()
		s.must(err)
		got := map[string]float64{}
		for _, family := range families {
			for _, m := range family.GetMetric() {
				name := family.GetName()
				for _, label := range m.GetLabel() {
					name += "/" + label.GetValue()
				}
				got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
		for name, want := range map[string]float64{
			"propusk_job_runs_total/good/done": 1, "propusk_job_runs_total/bad/dead": 1, "propusk_job_seconds/good": 1,
			"propusk_jobs/dead": 1, "propusk_jobs/due": 0, "propusk_jobs_lag_seconds": 0,
		} {
			if n, ok := got[name]; !ok || n != want {
				t.Errorf("%s is %v, want %v", name, n, want)
			}
		}
	})
}

func TestDrainDoesWhatIsDueAndWhatThatMakesDueAndNothingAfterwards(t *testing.T) {
	each(t, func(s setup) {
		var done []string
		var turns int
		r := s.runner(func(d *jobs.Deps) { d.Workers = 1 })
		r.Handle("outer", func(ctx context.Context, _ jobs.Job) error {
			done = append(done, "outer")
			return jobs.Enqueue(ctx, s.db, "inner", nil)
		})
		r.Handle("inner", func(context.Context, jobs.Job) error { done = append(done, "inner"); return nil })
		r.Handle("fails", func(context.Context, jobs.Job) error { done = append(done, "fails"); return errors.New("not now") })
		r.Every("hourly", time.Hour, func(context.Context) error { turns++; return nil })
		s.must(jobs.Enqueue(s.Context(), s.db, "outer", nil))
		s.must(jobs.Enqueue(s.Context(), s.db, "fails", nil))
		s.must(jobs.Enqueue(s.Context(), s.db, "outer", nil, jobs.Options{RunAt: s.clock.Now().Add(time.Hour)}))
		s.must(r.Drain(s.Context()))
		if got := strings.Join(done, " "); got != "outer fails inner" && got != "outer inner fails" || turns != 1 {
			t.Errorf("done %q in %d turns", got, turns)
		}
		s.clock.Advance(2 * time.Hour)
		time.Sleep(3 * r.Poll) // nothing works on by itself
		if turns != 1 {
			t.Error("a drained runner works on")
		}
		done = nil
		s.must(r.Drain(s.Context()))
		if len(done) != 3 || turns != 2 { // the second outer, its inner, and the retry
			t.Errorf("then %v in %d turns", done, turns)
		}
		s.start(r)
		if err := r.Drain(s.Context()); err == nil {
			t.Error("a started runner is drained")
		}
	})
}
