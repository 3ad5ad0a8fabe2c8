package notice

import (
	"slices"
	"time"

	"propusk/storage"
)

// The states of a delivery.
const (
	stateWaiting   = "waiting"   // for the end of the quiet hours, until due_at
	stateDigest    = "digest"    // for the digest at due_at
	stateQueued    = "queued"    // handed to the outbox
	stateSent      = "sent"      // the mail server, gateway or push service has taken it
	stateDelivered = "delivered" // and says that it reached the person
	stateFailed    = "failed"
	stateDropped   = "dropped" // not sent: he left, lost the right, or has no address any more
)

// way is one channel that an event takes to a person.
type way struct {
	channel Channel
	state   string       // stateQueued, stateWaiting or stateDigest
	due     storage.Time // of the latter two
}

// kind is what routes look at in an event.
type kind struct {
	Type       string
	Category   Category
	Importance Importance
}

// unsilenceable reports whether an event goes out at once and by every channel,
// whatever the settings: a lock, a stolen factor. Who silences those is who has
// broken in.
func (k kind) unsilenceable() bool { return k.Category == Security && k.Importance == Critical }

// What an application asks a person to confirm (CIBA). It is over in minutes, and the
// issuer has written of it by e-mail: ConfirmationRequested, which is the person's own,
// goes by push or not at all, never later; ConfirmationWaiting stands under the bell of
// an organisation and goes nowhere.
const (
	ConfirmationRequested = "security.confirmation_requested"
	ConfirmationWaiting   = "security.confirmation_waiting"
)

// rings reports whether a confirmation goes by the channel.
func (k kind) rings(channel Channel) bool { return k.Type == ConfirmationRequested && channel == Push }

// routes decides by which channels, and when, an event goes to a person with
// these settings. It is a pure function of its arguments. Settings were checked
// when they were stored; an unknown zone counts as UTC.
func (s Settings) routes(k kind, now time.Time) []way {
	loc, err := zone(s.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	var ways []way
	for _, channel := range Channels() {
		switch {
		case k.Type == ConfirmationRequested || k.Type == ConfirmationWaiting:
			if w := s.when(channel, k, now, loc); k.rings(channel) && s.wants(channel, k) && w.state == stateQueued {
				ways = append(ways, w)
			}
		case k.unsilenceable():
			ways = append(ways, way{channel: channel, state: stateQueued})
		case s.wants(channel, k):
			ways = append(ways, s.when(channel, k, now, loc))
		}
	}
	return ways
}

func (s Settings) wants(channel Channel, k kind) bool {
	return k.Importance >= s.Thresholds[channel] && slices.Contains(s.Channels[channel], k.Category) &&
		!slices.Contains(s.MutedTypes, k.Type)
}

func (s Settings) when(channel Channel, k kind, now time.Time, loc *time.Location) way {
	at, state := now, stateQueued
	if channel == Email && s.Digest != nil && k.Importance < High {
		at, state = s.Digest.next(now, loc), stateDigest
	}
	if s.Quiet != nil {
		if end := s.Quiet.end(at, loc); end.After(at) {
			at = end
			if state == stateQueued {
				state = stateWaiting
			}
		}
	}
	if state == stateQueued {
		return way{channel: channel, state: state}
	}
	return way{channel: channel, state: state, due: storage.Of(at)}
}
