package console

import (
	"errors"
	"net/http"
	"regexp"
	"time"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/journal"
)

// entryView is an entry as security reads it. Who acted is named: the journal is there
// to say so.
type entryView struct {
	Seq       int64             `json:"seq"`
	At        storage.Time      `json:"at"`
	Actor     string            `json:"actor"`
	ActorName string            `json:"actor_name"`
	Client    string            `json:"client"`
	Action    string            `json:"action"`
	Object    string            `json:"object"`
	Outcome   string            `json:"outcome"`
	Details   map[string]string `json:"details"`
	IP        string            `json:"ip"`
	RequestID string            `json:"request_id"`
	Hash      string            `json:"hash"`
}

type journalView struct {
	Entries []entryView `json:"entries"`
	Next    int64       `json:"next"`
}

var actionName = regexp.MustCompile(`^[a-z0-9][a-z0-9._:-]{0,63}$`)

// journal answers GET /console/v1/journal: the system's chain, or one organisation's,
// newest first. To read another's chain is a look, and enters it, wherever the reading
// begins; so is to ask for what one person did.
func (s *Server) journal(c api.Call) error {
	q := c.Query("organization", "from", "to", "actor", "action", "before", "limit")
	limit := int(q.Number("limit", 1, api.MaxPage, api.DefaultPage))
	filter := journal.Filter{
		Organisation: q.Text("organization", api.IsID), From: q.Time("from"), To: q.Time("to"), Actor: q.Text("actor", api.IsID),
		Action: q.Text("action", actionName.MatchString), Before: q.Number("before", 1, 1<<62, 0), Limit: limit + 1,
	}
	if err := q.Err(); err != nil {
		return err
	}
	if err := s.chainThere(c, filter.Organisation); err != nil {
		return err
	}
	if err := s.glanceAt(c, filter); err != nil {
		return err
	}
	entries, err := s.Journal.List(c.Ctx(), filter)
	if err != nil {
		return err
	}
	view := journalView{Entries: []entryView{}}
	if len(entries) > limit {
		entries = entries[:limit]
		view.Next = entries[limit-1].Seq
	}
	if view.Entries, err = s.entryViews(c, entries); err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// glanceAt counts and writes down whose journal is read.
func (s *Server) glanceAt(c api.Call, filter journal.Filter) error {
	if id := filter.Organisation; id != "" {
		err := s.glance(c, lookChain, id, func() error { return s.recordOrganisation(c, id, map[string]string{"what": "journal"}) })
		if err != nil {
			return err
		}
	}
	if filter.Actor == "" || filter.Actor == c.Person() {
		return nil
	}
	p, err := s.Directory.Person(c.Ctx(), filter.Actor)
	if errors.Is(err, storage.ErrNotFound) {
		return nil // nobody has done anything
	}
	if err != nil {
		return err
	}
	return s.glance(c, lookChain, p.ID, func() error {
		return s.recordPerson(c, "console.person_looked", p.ID, map[string]string{"what": "journal"})
	})
}

// chainThere refuses the chain of an organisation that there is none of, so that nobody
// begins one by reading it; "" is the system's.
func (s *Server) chainThere(c api.Call, organisation string) error {
	if organisation == "" {
		return nil
	}
	_, err := s.Directory.Organisation(c.Ctx(), organisation)
	return api.DirectoryRefusal(err)
}

// entryViews names each actor once; there are few of them on a page.
func (s *Server) entryViews(c api.Call, entries []journal.Entry) ([]entryView, error) {
	names, views := map[string]string{"": ""}, make([]entryView, len(entries))
	for i, e := range entries {
		if _, known := names[e.Actor]; !known {
			p, err := s.Directory.Person(c.Ctx(), e.Actor)
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return nil, err
			}
			names[e.Actor] = shortName(p)
		}
		details := e.Details
		if details == nil {
			details = map[string]string{}
		}
		views[i] = entryView{
			e.Seq, e.At, e.Actor, names[e.Actor], e.Client, e.Action, e.Object, e.Outcome, details, e.IP, e.RequestID, e.Hash,
		}
	}
	return views, nil
}

// exportJournal answers GET /console/v1/journal/export: a whole chain with a signed
// checkpoint (`propusk audit verify`). That it was taken is its own last entry.
func (s *Server) exportJournal(c api.Call) error {
	q := c.Query("organization")
	organisation := q.Text("organization", api.IsID)
	if err := q.Err(); err != nil {
		return err
	}
	if s.SignJournal == nil {
		return api.Refuse("export_unavailable")
	}
	if err := s.chainThere(c, organisation); err != nil {
		return err
	}
	if err := s.countWhole(c, organisation != ""); err != nil {
		return err
	}
	err := s.Journal.Append(c.Ctx(), journal.Entry{
		Organisation: organisation, Client: c.Claims.ClientID, Actor: actorIn(c, organisation),
		Action: "journal.exported", Object: organisation, Outcome: "success", Details: map[string]string{"by": "operator"},
	})
	if err == nil && organisation != "" {
		err = s.record(c.Ctx(), c, "journal.exported", organisation, map[string]string{"by": "operator"})
	}
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("Content-Type", "application/x-ndjson")
	header.Set("Content-Disposition", `attachment; filename="journal-`+s.Now().UTC().Format(time.DateOnly)+`.jsonl"`)
	c.Response().WriteHeader(http.StatusOK)
	if err := s.Journal.Export(c.Ctx(), organisation, c.Response(), s.SignJournal); err != nil {
		s.Log.ErrorContext(c.Ctx(), "the journal's export broke off", "err", err)
		panic(http.ErrAbortHandler) // half a journal must not pass for a whole one
	}
	return nil
}

// wholeEach bounds how often in an hour an operator has a chain read from end to end, to
// be exported or checked: each time costs the house all that has grown in years.
const wholeEach = 20

// countWhole takes one of them, and of an organisation's chain that is handed out a look.
func (s *Server) countWhole(c api.Call, looked bool) error {
	if looked {
		if err := s.count(c, lookChain); err != nil {
			return err
		}
	}
	return s.take(c, "console:chains:", lookWhole, "chains_exhausted", wholeEach)
}

// actorIn is the operator as a chain names him: himself for the system's, nobody's for an
// organisation's.
func actorIn(c api.Call, organisation string) string {
	if organisation != "" {
		return ""
	}
	return c.Person()
}

type chainBody struct {
	Organisation string `json:"organization"`
}

type checkView struct {
	Organisation string            `json:"organization"`
	Entries      int64             `json:"entries"`
	Head         string            `json:"head"`
	OK           bool              `json:"ok"`
	Problems     []journal.Problem `json:"problems"`
}

// checkJournal answers POST /console/v1/journal/check: is the chain whole?
func (s *Server) checkJournal(c api.Call) error {
	var body chainBody
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if body.Organisation != "" && !api.IsID(body.Organisation) {
		return api.InvalidField("/organization", "format")
	}
	if err := s.chainThere(c, body.Organisation); err != nil {
		return err
	}
	if err := s.countWhole(c, false); err != nil {
		return err
	}
	report, err := s.Journal.Check(c.Ctx(), body.Organisation)
	if err != nil {
		return err
	}
	details := map[string]string{"result": "whole"}
	if !report.OK() {
		details["result"] = "broken"
		s.Log.ErrorContext(c.Ctx(), "a chain of the journal is broken", "organisation", body.Organisation, "problems", len(report.Problems))
	}
	if err := s.record(c.Ctx(), c, "console.journal_checked", body.Organisation, details); err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", checkView{body.Organisation, report.Entries, report.Head, report.OK(), api.List(report.Problems)})
}
