package organisation

import "time"

// holidays are the days on which nobody works in any year (ТК РФ ст. 112), as
// month and day. Days off that the Government moves each year are not among them:
// a due date can so come a day early for us, never late.
var holidays = map[[2]int]bool{
	{1, 1}: true, {1, 2}: true, {1, 3}: true, {1, 4}: true, {1, 5}: true, {1, 6}: true, {1, 7}: true, {1, 8}: true,
	{2, 23}: true, {3, 8}: true, {5, 1}: true, {5, 9}: true, {6, 12}: true, {11, 4}: true,
}

// moscow is the zone in which the days of state bodies are counted. It has had no
// daylight saving time since 2014 (107-ФЗ).
var moscow = time.FixedZone("MSK", 3*60*60)

// afterWorkdays is the end of the n-th working day after the day of t, in Moscow.
func afterWorkdays(t time.Time, n int) time.Time {
	day := t.In(moscow)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if workday(day) {
			n--
		}
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, 0, moscow).UTC()
}

func workday(t time.Time) bool {
	if t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		return false
	}
	return !holidays[[2]int{int(t.Month()), t.Day()}]
}
