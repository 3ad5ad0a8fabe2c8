package notice

import "time"

// Rhythm makes streams look at a test's clock more often.
func (n *Notices) Rhythm(judge, breathe time.Duration) { n.rhythm = rhythm{judge, breathe} }

// Streams is how many streams are open.
func (n *Notices) Streams() int { return int(n.hub.size()) }
