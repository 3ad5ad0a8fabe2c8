// Package jobs does later, once and surely, what a change asks for: the job is a
// row written in the change's transaction, so it is neither lost nor done for a
// change that rolled back.
//
// A runner takes a due job by moving its run_at to the end of a lease, which it
// prolongs while it works. It deletes a job that is done, puts off one that
// failed (exponential backoff with jitter), and after the last attempt leaves it
// as a dead letter. When a node is killed its leases run out and its jobs fall
// due again. So a job is done at least once: a handler must bear being run
// twice, and does so by doing its change and its own bookkeeping in one
// transaction or by giving the far side a key to recognise it by.
//
// Periodic jobs are ordinary jobs that a schedule enqueues; whichever node comes
// first does, so each runs once across the nodes.
//
// It must not know what the jobs do.
package jobs
