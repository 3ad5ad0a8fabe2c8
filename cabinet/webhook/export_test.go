package webhook

import "time"

// Pace makes the dispatcher look at the clock of a test more often.
func (w *Webhooks) Pace(poll time.Duration) { w.pace.poll = poll }

// Share is how many places of a node one organisation has.
const Share = share
