package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"propusk/storage"
	"propusk/storage/file"
)

// openFiles opens the store of organisations' files, and has it swept and checked
// by schedule. Neither the bucket nor the scanner is asked for yet: a node signs
// people in while they are away.
func (h *house) openFiles(context.Context) (err error) {
	if h.files, err = openFiles(h.base); err != nil {
		return err
	}
	h.jobs.Every("files/sweep", time.Hour, func(ctx context.Context) error {
		swept, err := h.files.Sweep(ctx)
		if swept.Orphans > 0 {
			h.log.InfoContext(ctx, "files without a record were removed", "orphans", swept.Orphans)
		}
		return err
	})
	h.jobs.Every("files/check", 24*time.Hour, func(ctx context.Context) error {
		report, err := h.files.Check(ctx)
		if report.Known > 0 {
			h.log.ErrorContext(ctx, "files are damaged: restore them from a backup", "files", report.Known)
		}
		return err
	})
	return nil
}

func openFiles(b *base) (*file.Store, error) {
	address, err := blobURL(b.cfg.Blob.URL.Reveal(), b.cfg.Database.URL.Reveal())
	if err != nil {
		return nil, err
	}
	blob, err := storage.OpenBlob(address)
	if err != nil {
		return nil, fmt.Errorf("open the files: %w", err)
	}
	deps := file.Deps{
		DB: b.db, Blob: blob, Sealer: b.sealer, Journal: b.journal, Now: b.now, Log: b.log, Metrics: b.metrics,
		Unscanned: b.cfg.Blob.Unscanned, Recheck: b.cfg.Blob.Recheck,
	}
	if b.cfg.Blob.Scanner != "" {
		if deps.Scan, err = file.NewClamAV(b.cfg.Blob.Scanner, b.cfg.Blob.ScanTimeout); err != nil {
			return nil, err
		}
	}
	return file.New(deps)
}

// blobURL is the configured one with an absolute folder, or a folder beside the
// SQLite database, or one in the working folder.
func blobURL(address, database string) (string, error) {
	if address == "" {
		address = "file:propusk.files"
		if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
			path, _, _ = strings.Cut(path, "?")
			address = "file:" + path + ".files"
		}
	}
	path, ok := strings.CutPrefix(address, "file:")
	if !ok || strings.HasPrefix(path, "//") {
		return address, nil
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the folder of files: %w", err)
	}
	return "file://" + absolute, nil
}
