package power

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
)

type entry struct {
	At        time.Time         `json:"at"`
	ActorName string            `json:"actor_name"`
	Action    string            `json:"action"`
	Details   map[string]string `json:"details"`
}

// entries are a page of the organisation's journal; next is 0 on the last one.
func entries(v *desk.Visit, before int64) ([]entry, int64, error) {
	var found struct {
		Entries []entry `json:"entries"`
		Next    int64   `json:"next"`
	}
	query := url.Values{"limit": {strconv.Itoa(usesPage)}}
	if before > 0 {
		query.Set("before", strconv.FormatInt(before, 10))
	}
	err := v.Get("/organization/journal", query, &found)
	return found.Entries, found.Next, err
}

// nouns are what acts under a power are about, as the journal names them.
var nouns = []string{"filing", "extract", "request", "application", "document", "organisation"}

// noun is what an act of the journal is about; "other" for what has no words here.
func noun(action string) string {
	name, _, _ := strings.Cut(action, ".")
	if slices.Contains(nouns, name) {
		return name
	}
	return "other"
}
