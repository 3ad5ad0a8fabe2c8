package tender

import (
	"propusk/cabinet/api"
	"propusk/storage"
)

// DigestOf is the digest by which announcements name their documents.
func DigestOf(content []byte) string { return digestText(content) }

// SearchPlan and ListPlan are the queries whose plans are looked at.
func SearchPlan(f Filter, now storage.Time, page api.Page) (string, []any) {
	text, args, _ := f.query(now, page)
	return text, args
}

func ListPlan(c Chosen, organisationID string, page api.Page) (string, []any) {
	return c.query(organisationID, page)
}

// MayMove and AllMoves show the state machine.
func AllMoves() map[State][]State { return moves }
