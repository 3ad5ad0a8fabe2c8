package notice

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // time zones of people, on machines without the zone files
)

// Channel is a way by which people are told outside the cabinet.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
	Push  Channel = "push"
)

// Channels lists them in the order in which settings show them.
func Channels() []Channel { return []Channel{Email, SMS, Push} }

// Settings say how somebody wants to be told. In the cabinet everything is
// shown, whatever they say.
type Settings struct {
	// Channels are the categories that go by each channel.
	Channels map[Channel][]Category `json:"channels"`
	// Thresholds are the least importances that go by each channel.
	Thresholds map[Channel]Importance `json:"thresholds"`
	// MutedTypes are event types that go by no channel.
	MutedTypes []string `json:"muted_types"`
	// TimeZone is where the clock times below are read (IANA).
	TimeZone string `json:"time_zone"`
	// Quiet is when nothing is sent; what falls into it waits for its end.
	Quiet *Quiet `json:"quiet_hours"`
	// Digest gathers e-mail below the importance High; nil sends it at once.
	Digest *Digest `json:"digest"`
}

// Quiet are the hours of each day in which nobody is disturbed. They may go over
// midnight.
type Quiet struct {
	From Clock `json:"from"` // the first quiet minute
	To   Clock `json:"to"`   // the first minute after
}

// Digest is when gathered e-mail is sent.
type Digest struct {
	Every   string `json:"every"`   // "day" or "week"
	At      Clock  `json:"at"`      //
	Weekday int    `json:"weekday"` // of "week": 1 is Monday, 7 Sunday; 0 with "day"
}

// Clock is a time of day in minutes after midnight, "09:30" in JSON.
type Clock int

// String writes HH:MM.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalText writes HH:MM.
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads HH:MM, two digits each.
func (c *Clock) UnmarshalText(text []byte) error {
	at, err := time.Parse("15:04", string(text))
	if err != nil || len(text) != 5 {
		return fmt.Errorf("notice: %q is no time of day", text)
	}
	*c = Clock(at.Hour()*60 + at.Minute())
	return nil
}

// recommended are the categories that go by each channel until somebody says
// otherwise: the status of applications, deadlines, locks and proofs of identity
// above all (A13 236).
var recommended = map[Channel][]Category{
	Email: {Filing, Deadline, Application, Appeal, Requirement, Extract, Finance, Member, Power, Security, Organisation},
	SMS:   {Deadline, Security},
	Push:  {Filing, Deadline, Application, Appeal, Requirement, Security},
}

// Defaults are the settings of who has set none. SMS is for what is critical,
// push for what wants a reaction.
func Defaults() Settings {
	s := Settings{
		Channels:   map[Channel][]Category{},
		Thresholds: map[Channel]Importance{Email: Normal, SMS: Critical, Push: High},
		MutedTypes: []string{},
		TimeZone:   "Europe/Moscow",
	}
	for channel, categories := range recommended {
		s.Channels[channel] = slices.Clone(categories)
	}
	return s
}

// The bounds of settings.
const maxMuted = 50

// Fault is what is wrong with one member of settings. Code is of the texts of
// fields: invalid, unknown, duplicate, too_many.
type Fault struct{ Pointer, Code string }

// check finds what is wrong, and makes what is missing explicit.
func (s *Settings) check() (faults []Fault) {
	for _, channel := range Channels() {
		if s.Channels[channel] == nil {
			s.Channels = with(s.Channels, channel, []Category{})
		}
		if _, set := s.Thresholds[channel]; !set {
			s.Thresholds = with(s.Thresholds, channel, Defaults().Thresholds[channel])
		}
	}
	faults = append(faults, s.checkChannels()...)
	if len(s.MutedTypes) > maxMuted {
		faults = append(faults, Fault{"/muted_types", "too_many"})
	}
	for i, name := range s.MutedTypes {
		if _, known := eventType(name); !known {
			faults = append(faults, Fault{fmt.Sprintf("/muted_types/%d", i), "unknown"})
		}
	}
	if s.MutedTypes == nil {
		s.MutedTypes = []string{}
	}
	return append(faults, s.checkTimes()...)
}

func with[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[key] = value
	return m
}

func (s *Settings) checkChannels() (faults []Fault) {
	for channel, categories := range s.Channels {
		pointer := "/channels/" + string(channel)
		if !slices.Contains(Channels(), channel) {
			faults = append(faults, Fault{pointer, "unknown"})
			continue
		}
		for i, category := range categories {
			at := fmt.Sprintf("%s/%d", pointer, i)
			switch {
			case !slices.Contains(Categories(), category):
				faults = append(faults, Fault{at, "unknown"})
			case slices.Index(categories, category) < i:
				faults = append(faults, Fault{at, "duplicate"})
			}
		}
	}
	for channel := range s.Thresholds {
		if !slices.Contains(Channels(), channel) {
			faults = append(faults, Fault{"/thresholds/" + string(channel), "unknown"})
		}
	}
	return faults
}

func (s *Settings) checkTimes() (faults []Fault) {
	if _, err := zone(s.TimeZone); err != nil {
		faults = append(faults, Fault{"/time_zone", "unknown"})
	}
	if q := s.Quiet; q != nil && q.From == q.To {
		faults = append(faults, Fault{"/quiet_hours/to", "invalid"})
	}
	if d := s.Digest; d != nil {
		switch {
		case d.Every != "day" && d.Every != "week":
			faults = append(faults, Fault{"/digest/every", "invalid"})
		case d.Every == "day" && d.Weekday != 0, d.Every == "week" && (d.Weekday < 1 || d.Weekday > 7):
			faults = append(faults, Fault{"/digest/weekday", "invalid"})
		}
	}
	return faults
}

// zone finds a time zone by its IANA name. "Local" would be the machine's.
func zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, fmt.Errorf("notice: no time zone %q", name)
	}
	return time.LoadLocation(name)
}
