package cabinet

import (
	"errors"
	"net/http"
	"regexp"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/journal"
)

// entryView is one entry of the organisation's journal. Prev and Hash let anybody
// who keeps an export see that nothing was changed or left out.
type entryView struct {
	Seq       int64             `json:"seq"`
	At        storage.Time      `json:"at"`
	Actor     string            `json:"actor,omitempty"`      // person id; none: a client or the system
	ActorName string            `json:"actor_name,omitempty"` // as the person is called today
	Client    string            `json:"client,omitempty"`
	Action    string            `json:"action"`
	Object    string            `json:"object,omitempty"`
	Outcome   string            `json:"outcome"`
	Details   map[string]string `json:"details,omitempty"`
	IP        string            `json:"ip,omitempty"`
	UserAgent string            `json:"user_agent,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Prev      string            `json:"prev"`
	Hash      string            `json:"hash"`
}

type journalView struct {
	Entries []entryView `json:"entries"`
	Next    int64       `json:"next,omitempty"` // before= of the next page; absent on the last one
}

const (
	journalPage     = 50
	journalPageMost = 200
)

var actionName = regexp.MustCompile(`^[a-z0-9][a-z0-9._:-]{0,63}$`)

// journal answers GET /v1/organization/journal, newest first.
func (s *Server) journal(c api.Call) error {
	q := c.Query("from", "to", "actor", "action", "before", "limit")
	limit := q.Number("limit", 1, journalPageMost, journalPage)
	filter := journal.Filter{
		Organisation: c.Claims.OrganisationID(),
		From:         q.Time("from"),
		To:           q.Time("to"),
		Actor:        q.Text("actor", api.IsID),
		Action:       q.Text("action", actionName.MatchString),
		Before:       q.Number("before", 1, 1<<62, 0),
		Limit:        int(limit) + 1, // one more tells whether there is a next page
	}
	if err := q.Err(); err != nil {
		return err
	}
	entries, err := s.Journal.List(c.Ctx(), filter)
	if err != nil {
		return err
	}
	var view journalView
	if len(entries) > int(limit) {
		entries = entries[:limit]
		view.Next = entries[limit-1].Seq
	}
	view.Entries, err = s.entryViews(c, entries)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// entryViews names each actor once; there are few of them on a page.
func (s *Server) entryViews(c api.Call, entries []journal.Entry) ([]entryView, error) {
	names := map[string]string{"": ""}
	views := make([]entryView, len(entries))
	for i, e := range entries {
		if _, known := names[e.Actor]; !known {
			person, err := s.Directory.Person(c.Ctx(), e.Actor)
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return nil, err
			}
			names[e.Actor] = person.FullName()
		}
		views[i] = entryView{
			Seq: e.Seq, At: e.At, Actor: e.Actor, ActorName: names[e.Actor], Client: e.Client,
			Action: e.Action, Object: e.Object, Outcome: e.Outcome, Details: e.Details,
			IP: e.IP, UserAgent: e.UserAgent, RequestID: e.RequestID, Prev: e.Prev, Hash: e.Hash,
		}
	}
	return views, nil
}
