package cabinettest

import (
	"context"

	"propusk/storage/outbox"
)

// Work does the jobs that are due by the world's clock, and those that they ask
// for, and returns when none is left. Between two calls nothing runs.
func (w *World) Work() {
	w.T.Helper()
	Must(w.T, w.Jobs.Drain(context.Background()))
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
