package notice

import "time"

// dayLimit is more than any day has minutes, with a change of the clock in it.
const dayLimit = 2 * 24 * 60

// holds reports whether t is quiet where loc is: by the clock on the wall, so that
// a night with a change of the clock is quiet to the same hour as any other.
func (q Quiet) holds(t time.Time, loc *time.Location) bool {
	t = t.In(loc)
	clock := Clock(t.Hour()*60 + t.Minute())
	if q.From < q.To {
		return q.From <= clock && clock < q.To
	}
	return clock >= q.From || clock < q.To
}

// end is the first minute from t on that is not quiet; t itself when it is not.
// It looks at each minute because the clock on the wall may skip the end, or show
// it twice.
func (q Quiet) end(t time.Time, loc *time.Location) time.Time {
	if !q.holds(t, loc) {
		return t
	}
	minute := t.Truncate(time.Minute)
	for range dayLimit {
		minute = minute.Add(time.Minute)
		if !q.holds(minute, loc) {
			break
		}
	}
	return minute
}

// next is the first moment after t at which the digest is sent. On a day whose
// clock skips At it is sent as much later as the clock skips.
func (d Digest) next(t time.Time, loc *time.Location) time.Time {
	year, month, day := t.In(loc).Date()
	for n := range 9 {
		at := time.Date(year, month, day+n, int(d.At)/60, int(d.At)%60, 0, 0, loc)
		if at.After(t) && (d.Every != "week" || isoWeekday(at) == d.Weekday) {
			return at
		}
	}
	return t.AddDate(0, 0, 7) // not reached: nine days hold each weekday
}

// isoWeekday counts from Monday = 1 to Sunday = 7 (ISO 8601).
func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }
