package desk

import (
	"testing"
	"time"
)

func TestDaysAreReadAsFieldsSendThemAndAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 21, 21, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-11-22", "22.11.2026"} {
		if at, err := Day(text); err != nil || !at.Equal(want) {
			t.Errorf("%s: %s %v", text, at, err)
		}
	}
	if at, err := Day(""); err != nil || !at.IsZero() {
		t.Errorf("nothing: %s %v", at, err)
	}
	for _, text := range []string{"2026-02-30", "tomorrow", "0001-01-01", "9999-01-01", "2026-11-22T00:00:00Z"} {
		if _, err := Day(text); err == nil {
			t.Errorf("%s is a day", text)
		}
	}
	if end := EndOfDay(want); !end.Equal(want.Add(24*time.Hour - time.Second)) {
		t.Error(end)
	}
}

func TestDaysLeftAreThoseOfTheCalendarInMoscow(t *testing.T) {
	t.Parallel()
	evening := time.Date(2026, 11, 22, 20, 59, 0, 0, time.UTC) // 23:59 in Moscow
	for after, want := range map[time.Duration]int{
		0: 0, 2 * time.Minute: 1, 24 * time.Hour: 1, 25*time.Hour + time.Minute: 2, -25 * time.Hour: -1, -23*time.Hour - 59*time.Minute: 0, -24*time.Hour - time.Minute: -1,
	} {
		if got := daysBetween(evening, evening.Add(after)); got != want {
			t.Errorf("%s: %d, want %d", after, got, want)
		}
	}
}
