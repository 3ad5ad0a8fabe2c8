package payment

import (
	"time"

	"propusk/storage"
)

// presets are the periods that a list can be asked for by name (row 223).
var presets = []string{"month", "quarter", "year"}

// period are the first and the last day of the running month, quarter or year of
// Moscow.
func period(preset string, now time.Time) (from, to storage.Time) {
	today := now.In(moscow)
	year, month := today.Year(), today.Month()
	months := 1
	switch preset {
	case "quarter":
		month, months = (month-1)/3*3+1, 3
	case "year":
		month, months = time.January, 12
	}
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return storage.Of(first), storage.Of(first.AddDate(0, months, -1))
}
