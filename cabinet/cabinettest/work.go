package cabinettest

import (
	"context"
	"time"

	"propusk/storage/outbox"
)

// Work does the jobs that are due by the world's clock, and those that they ask
// for, and returns when none is left. The runner works on from the first call.
func (w *World) Work() {
	w.T.Helper()
	ctx := context.Background()
	w.working.Do(func() {
		Must(w.T, w.Jobs.Start(ctx))
		w.T.Cleanup(func() { _ = w.Jobs.Stop(ctx) })
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		depth, err := w.Jobs.Depth(ctx)
		Must(w.T, err)
		if depth.Due == 0 && depth.Running == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.T.Fatalf("jobs are never done: %+v", depth)
		}
	}
}

// Sent is what has been sent to an address, newest first.
func (w *World) Sent(to string) (messages []outbox.Message) {
	w.T.Helper()
	all, err := w.Outbox.List(context.Background(), 1000)
	Must(w.T, err)
	for _, m := range all {
		if m.To == to {
			messages = append(messages, m)
		}
	}
	return messages
}
