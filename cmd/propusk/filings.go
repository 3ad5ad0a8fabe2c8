package main

import (
	"context"

	"propusk/cabinet/filing"
)

// openFilings opens the room of reports.
func (h *house) openFilings(context.Context) (err error) {
	h.filings, err = filing.New(filing.Deps{
		DB: h.db, Directory: h.directory, Journal: h.journal, Files: h.files, Gateway: h.authority, Notices: h.notices,
		Paper: h.paper, Verifier: h.trust.Verifier(), Jobs: h.jobs, Now: h.now, Log: h.log,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, h.filings.Room())
	h.documents.Guard("filing/", h.filings.MayRead)
	return nil
}
