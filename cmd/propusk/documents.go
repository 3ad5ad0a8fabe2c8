package main

import (
	"context"
	"strings"
	"time"

	"propusk/cabinet/document"
	"propusk/storage/file"
)

// openDocuments opens the archive of documents. What other rooms make or get for an
// organisation comes into it by itself: the archive sees whose file is kept.
func (h *house) openDocuments(context.Context) (err error) {
	h.documents, err = document.New(document.Deps{
		DB: h.db, Files: h.files, Directory: h.directory, Journal: h.journal, Outbox: h.outbox, Notices: h.notices, Verifier: h.trust.Verifier(),
		BaseURL: h.cfg.Issuer, Largest: int64(h.cfg.Blob.Archive) << 20, Now: h.now, Log: h.log,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, h.documents.Room())
	h.jobs.Every("documents/expire", 10*time.Minute, h.documents.Expire)
	h.files.Alarm(h.documents.Damaged)
	h.files.Watch(func(ctx context.Context, owner string, f file.File) error {
		kind, ok := received(owner, f)
		if !ok {
			return nil
		}
		_, err := h.documents.Receive(ctx, f.OrganisationID, owner, document.NewDocument{Kind: kind}, f.ID)
		return err
	})
	return nil
}

// received says what a file of a room is in the archive: extracts as they are made,
// and receipts of filings. Their signatures stay with the room.
func received(owner string, f file.File) (document.Kind, bool) {
	if kind := file.KindOf(f.MediaType); kind != file.PDF && kind != file.XML {
		return "", false
	}
	switch {
	case strings.HasPrefix(owner, "payment/"):
		return "receipt", true
	case strings.HasPrefix(owner, "extract/"):
		return "extract", true
	case strings.HasPrefix(owner, "filing/") && strings.HasSuffix(owner, "/receipts"):
		return "certificate", true
	}
	return "", false
}
