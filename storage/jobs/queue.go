package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"propusk/storage"
)

// columns are a Job's.
const columns = `id, kind, COALESCE(unique_key, '') AS unique_key, payload, run_at, attempt, max_attempts, last_error, created_at`

// queries hold the texts that depend on the runner's kinds.
type queries struct {
	next, claim string
	kinds       []any
}

func newQueries(kinds []string, engine string) queries {
	q := queries{}
	list := func(from int) string {
		marks := make([]string, len(kinds))
		for i := range kinds {
			marks[i] = fmt.Sprintf("$%d", from+i)
		}
		return strings.Join(marks, ", ")
	}
	for _, kind := range kinds {
		q.kinds = append(q.kinds, kind)
	}
	if len(kinds) == 0 {
		kinds, q.kinds = []string{""}, []any{""} // IN () is no SQL
	}
	skip := ""
	if engine == "postgres" {
		skip = "FOR UPDATE SKIP LOCKED" // SQLite has one writer anyway
	}
	n := len(kinds)
	q.next = `SELECT run_at FROM jobs WHERE state = 'ready' AND kind IN (` + list(1) + `) ORDER BY run_at LIMIT 1`
	// MATERIALIZED: PostgreSQL may run a plain subquery again when it meets a row
	// that changed meanwhile, and then take more than the limit.
	q.claim = `WITH due AS MATERIALIZED (
			SELECT id FROM jobs WHERE state = 'ready' AND kind IN (` + list(1) + `) AND run_at <= ` + fmt.Sprintf(`$%d
			ORDER BY run_at, id LIMIT $%d %s)
		UPDATE jobs SET run_at = $%d, lease = $%d, attempt = attempt + 1
		WHERE id IN (SELECT id FROM due)
		RETURNING `, n+1, n+2, skip, n+3, n+4) + columns
	return q
}

// next is when the earliest job of this runner's kinds falls due.
func (r *Runner) next(ctx context.Context) (at storage.Time, err error) {
	err = r.DB.Get(ctx, &at, r.queries.next, r.queries.kinds...)
	return at, err
}

// claim takes up to n due jobs on a lease. A job that was taken as often as it
// may and never settled, because its worker died each time, is not run again.
func (r *Runner) claim(ctx context.Context, n int) ([]Job, error) {
	now, lease := r.Now(), storage.NewID()
	args := append(append([]any{}, r.queries.kinds...), storage.Of(now), n, storage.Of(now.Add(r.Lease)), lease)
	var taken, jobs []Job
	if err := r.DB.Select(ctx, &taken, r.queries.claim, args...); err != nil {
		return nil, err
	}
	for _, job := range taken {
		job.lease = lease
		if job.Attempt > job.MaxAttempts {
			r.settle(ctx, job, Permanent(errors.New("abandoned: every worker that took it died")), false)
			continue
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// errLeaseLost: another worker may have the job by now.
var errLeaseLost = errors.New("jobs: the lease was lost")

// renew prolongs the job's lease until ctx ends, and cancels when it is lost.
func (r *Runner) renew(ctx context.Context, job Job, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(r.Lease / 3)
	defer tick.Stop()
	for held := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, err := r.DB.Exec(ctx, `UPDATE jobs SET run_at = $1 WHERE id = $2 AND lease = $3`,
			storage.Of(r.Now().Add(r.Lease)), job.ID, job.lease)
		switch {
		case err == nil && n == 1:
			held = time.Now()
		case err == nil, time.Since(held) > r.Lease:
			cancel(errLeaseLost)
			return
		}
	}
}

// How a run ended, as the metrics call it.
const (
	done     = "done"
	failedIt = "failed" // will be tried again
	dead     = "dead"
	released = "released" // cut short by Stop
	lost     = "lost"     // the lease went to another worker
	broken   = "unsettled"
)

// settleTimeout bounds the recording of an outcome, which Stop must not cut short.
const settleTimeout = 10 * time.Second

// settle records how a run ended, if the job is still this worker's.
func (r *Runner) settle(ctx context.Context, job Job, failure error, leaseLost bool) (outcome string) {
	if leaseLost {
		r.Log.WarnContext(ctx, "a job's lease was lost", "kind", job.Kind, "job", job.ID)
		return lost
	}
	stopped := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	var n int64
	var err error
	switch {
	case failure == nil:
		outcome, n, err = r.remove(ctx, job, done)
	case stopped:
		outcome, n, err = r.release(ctx, job)
	case r.isPeriodic(job.Kind):
		outcome, n, err = r.remove(ctx, job, failedIt)
	case IsPermanent(failure) || job.Attempt >= job.MaxAttempts:
		outcome, n, err = r.bury(ctx, job, failure)
	default:
		outcome, n, err = r.putOff(ctx, job, failure)
	}
	if failure != nil && !stopped {
		r.Log.WarnContext(ctx, "a job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "outcome", outcome, "error", failure)
	}
	switch {
	case err != nil:
		r.Log.ErrorContext(ctx, "a job's outcome could not be recorded; it will run again", "kind", job.Kind, "job", job.ID, "error", err)
		return broken
	case n == 0:
		return lost
	}
	return outcome
}

func (r *Runner) remove(ctx context.Context, job Job, outcome string) (string, int64, error) {
	n, err := r.DB.Exec(ctx, `DELETE FROM jobs WHERE id = $1 AND lease = $2`, job.ID, job.lease)
	return outcome, n, err
}

func (r *Runner) release(ctx context.Context, job Job) (string, int64, error) {
	n, err := r.DB.Exec(ctx, `UPDATE jobs SET run_at = $1, lease = '', attempt = attempt - 1 WHERE id = $2 AND lease = $3`,
		storage.Of(r.Now()), job.ID, job.lease)
	return released, n, err
}

// bury makes the job a dead letter and frees its unique key for another.
func (r *Runner) bury(ctx context.Context, job Job, failure error) (string, int64, error) {
	n, err := r.DB.Exec(ctx, `UPDATE jobs SET state = 'dead', run_at = $1, lease = '', unique_key = NULL, last_error = $2
		WHERE id = $3 AND lease = $4`, storage.Of(r.Now()), clip(failure.Error()), job.ID, job.lease)
	return dead, n, err
}

func (r *Runner) putOff(ctx context.Context, job Job, failure error) (string, int64, error) {
	n, err := r.DB.Exec(ctx, `UPDATE jobs SET run_at = $1, lease = '', last_error = $2 WHERE id = $3 AND lease = $4`,
		storage.Of(r.Now().Add(backoff(job.Attempt))), clip(failure.Error()), job.ID, job.lease)
	return failedIt, n, err
}

// backoff is how long to wait after the attempt: two seconds doubled each time
// up to half an hour, of which the last quarter is chance.
func backoff(attempt int) time.Duration {
	full := min(time.Second<<min(attempt, 20), 30*time.Minute)
	return full*3/4 + rand.N(full/4)
}

// clip bounds what an error leaves in the database.
func clip(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text[:min(len(text), 1000)], "\x00", ""), "")
}
