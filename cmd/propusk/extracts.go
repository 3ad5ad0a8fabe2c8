package main

import (
	"context"

	"propusk/cabinet/extract"
)

// openExtracts opens the room of extracts and certificates.
func (h *house) openExtracts(context.Context) (err error) {
	h.extracts, err = extract.New(extract.Deps{
		DB: h.db, Ephemeral: h.volatile, Sealer: h.sealer, Jobs: h.jobs, Outbox: h.outbox, Journal: h.journal, Directory: h.directory,
		Notices: h.notices, Registry: h.registry, Gateway: h.authority, Paper: h.paper, Seal: h.seal, Files: h.files, Now: h.now, Log: h.log,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, h.extracts.Room())
	h.documents.Guard("extract/", h.extracts.MayRead)
	return nil
}
