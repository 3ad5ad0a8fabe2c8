package notice

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

// zones are some with changes of the clock of every kind: an hour, half an hour
// (Lord Howe), at midnight (Beirut), southern, a skipped day (Apia 2011), none.
var zones = []string{
	"Europe/Moscow", "Asia/Yekaterinburg", "Asia/Kamchatka", "UTC", "Europe/Berlin", "America/New_York",
	"Australia/Lord_Howe", "Asia/Beirut", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu",
}

// The property over any time, zone and hours: the end is not quiet, nothing
// between is loud, and what is not quiet is not held up.
func TestQuietHoursEndAtTheFirstMinuteThatIsNotQuietWhateverTheClockDoes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(20, 5))
	for range 3000 {
		loc, err := time.LoadLocation(zones[random.IntN(len(zones))])
		if err != nil {
			t.Fatal(err)
		}
		q := Quiet{From: Clock(random.IntN(1440)), To: Clock(random.IntN(1440))}
		if q.From == q.To {
			continue
		}
		now := time.Date(2009+random.IntN(18), time.Month(1+random.IntN(12)), 1+random.IntN(28), random.IntN(24), random.IntN(60), random.IntN(60), 0, time.UTC)
		checkEnd(t, q, now, loc)
	}
}

func checkEnd(t *testing.T, q Quiet, now time.Time, loc *time.Location) {
	t.Helper()
	end := q.end(now, loc)
	if !q.holds(now, loc) {
		if !end.Equal(now) {
			t.Errorf("%v: %v is not quiet and waits until %v", q, now.In(loc), end.In(loc))
		}
		return
	}
	if !end.After(now) || q.holds(end, loc) || end.Sub(now) > 26*time.Hour {
		t.Errorf("%v: from %v to %v", q, now.In(loc), end.In(loc))
	}
	for at := now; at.Before(end); at = at.Add(time.Minute) {
		if !q.holds(at, loc) {
			t.Errorf("%v: %v is not quiet, and it waits from %v to %v", q, at.In(loc), now.In(loc), end.In(loc))
			return
		}
	}
}

func TestQuietHoursOverChangesOfTheClock(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ zone, from, to, now, want string }{
		"an ordinary night over midnight":    {"Europe/Moscow", "22:00", "08:00", "2026-10-20T23:30:15+03:00", "2026-10-21T08:00:00+03:00"},
		"the first quiet minute":             {"Europe/Moscow", "22:00", "08:00", "2026-10-20T22:00:00+03:00", "2026-10-21T08:00:00+03:00"},
		"the first loud minute":              {"Europe/Moscow", "22:00", "08:00", "2026-10-20T08:00:00+03:00", "2026-10-20T08:00:00+03:00"},
		"by day":                             {"Europe/Moscow", "12:00", "14:00", "2026-10-20T13:59:59+03:00", "2026-10-20T14:00:00+03:00"},
		"the night is an hour shorter":       {"Europe/Berlin", "22:00", "08:00", "2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00"},
		"the night is an hour longer":        {"Europe/Berlin", "22:00", "08:00", "2026-10-24T23:00:00+02:00", "2026-10-25T08:00:00+01:00"},
		"the end is skipped":                 {"Europe/Berlin", "22:00", "02:30", "2026-03-29T01:59:00+01:00", "2026-03-29T03:00:00+02:00"},
		"the end comes twice: at the first":  {"Europe/Berlin", "22:00", "02:30", "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"},
		"and is quiet again at its second":   {"Europe/Berlin", "22:00", "02:30", "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"},
		"midnight itself is skipped":         {"Asia/Beirut", "22:00", "00:30", "2026-03-28T23:59:00+02:00", "2026-03-29T01:00:00+03:00"},
		"the change is of half an hour":      {"Australia/Lord_Howe", "22:00", "02:15", "2026-10-04T01:50:00+10:30", "2026-10-04T02:30:00+11:00"},
		"a whole day is skipped (Apia 2011)": {"Pacific/Apia", "22:00", "08:00", "2011-12-29T23:00:00-10:00", "2011-12-31T08:00:00+14:00"},
	} {
		q := Quiet{clock(t, tt.from), clock(t, tt.to)}
		loc, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.end(instant(t, tt.now), loc); !got.Equal(instant(t, tt.want)) {
			t.Errorf("%s: %v, want %s", name, got.In(loc), tt.want)
		}
	}
}

func TestTheDigestComesAtItsTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		digest    Digest
		zone      string
		now, want string
	}{
		"today":                       {Digest{"day", 9 * 60, 0}, "Europe/Moscow", "2026-10-20T08:59:59+03:00", "2026-10-20T09:00:00+03:00"},
		"tomorrow, for it is past":    {Digest{"day", 9 * 60, 0}, "Europe/Moscow", "2026-10-20T09:00:00+03:00", "2026-10-21T09:00:00+03:00"},
		"where the person is":         {Digest{"day", 9 * 60, 0}, "Asia/Kamchatka", "2026-10-20T21:30:00Z", "2026-10-21T21:00:00Z"},
		"on its weekday":              {Digest{"week", 9 * 60, 1}, "Europe/Moscow", "2026-10-20T12:00:00+03:00", "2026-10-26T09:00:00+03:00"},
		"on its weekday, later today": {Digest{"week", 18 * 60, 2}, "Europe/Moscow", "2026-10-20T12:00:00+03:00", "2026-10-20T18:00:00+03:00"},
		"on Sunday":                   {Digest{"week", 9 * 60, 7}, "Europe/Moscow", "2026-10-20T12:00:00+03:00", "2026-10-25T09:00:00+03:00"},
		"the clock skips it":          {Digest{"day", 2*60 + 30, 0}, "Europe/Berlin", "2026-03-29T01:00:00+01:00", "2026-03-29T03:30:00+02:00"},
	} {
		loc, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.digest.next(instant(t, tt.now), loc); !got.Equal(instant(t, tt.want)) {
			t.Errorf("%s: %v, want %s", name, got.In(loc), tt.want)
		}
	}
}

func TestAClockIsReadStrictly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Clock{"00:00": 0, "09:05": 545, "23:59": 1439} {
		var c Clock
		if err := json.Unmarshal([]byte(`"`+text+`"`), &c); err != nil || c != want || c.String() != text {
			t.Errorf("%s: %d %v", text, c, err)
		}
	}
	for _, text := range []string{"24:00", "9:05", "09:60", "", "09:05:00", "0905", "-1:00", "９:05"} {
		var c Clock
		if c.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func clock(t *testing.T, text string) Clock {
	t.Helper()
	var c Clock
	if err := c.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return c
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
