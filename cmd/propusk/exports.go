package main

import (
	"context"

	"propusk/cabinet/export"
)

// openExports opens the room of exports, over the lists of the rooms that are open.
func (h *house) openExports(context.Context) error {
	kinds := append(h.payments.Exported(), h.requests.Exported(), h.filings.Exported(), h.tenders.Exported())
	exports, err := export.New(export.Deps{
		DB: h.db, Jobs: h.jobs, Journal: h.journal, Files: h.files, Notices: h.notices, Paper: h.paper, Kinds: kinds, Now: h.now, Log: h.log,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, exports.Room())
	return nil
}
