package cabinet

import (
	"net/http"
	"time"

	"propusk/cabinet/api"
	"propusk/storage/journal"
)

// exportFormat is JSON lines: an entry a line, oldest first, a checkpoint last.
const exportFormat = "application/x-ndjson"

// exportJournal answers GET /v1/organization/journal/export: the whole journal of
// the organisation with a signed checkpoint, which its people verify themselves
// (`propusk audit verify`). The export itself enters the journal before it is
// written, so that it is the last entry of its own copy.
func (s *Server) exportJournal(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	if s.SignJournal == nil {
		return api.Refuse("export_unavailable")
	}
	actor := c.Actor()
	err := s.Journal.Append(c.Ctx(), journal.Entry{
		Organisation: c.Organisation(), Actor: actor.PersonID, Client: actor.ClientID,
		Action: "journal.exported", Object: c.Organisation(), Outcome: "success",
	})
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("Content-Type", exportFormat)
	header.Set("Content-Disposition", `attachment; filename="journal-`+c.Claims.Organisation.INN+"-"+s.Now().UTC().Format(time.DateOnly)+`.jsonl"`)
	c.Response().WriteHeader(http.StatusOK)
	if err := s.Journal.Export(c.Ctx(), c.Organisation(), c.Response(), s.SignJournal); err != nil {
		s.Log.ErrorContext(c.Ctx(), "the journal's export broke off", "err", err)
		panic(http.ErrAbortHandler) // half a journal must not pass for a whole one
	}
	return nil
}
