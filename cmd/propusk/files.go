package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	h.jobs.Every("files/sweep", 6*time.Hour, func(ctx context.Context) error {
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
		Quota: int64(b.cfg.Blob.Quota) << 20, Unkept: max(1<<30, int64(b.cfg.Blob.Archive)<<21),
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

func filesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "files", Short: "Files of organisations", Example: "  propusk files check"}
	cmd.AddCommand(asJSON(&cobra.Command{
		Use:   "check",
		Short: "Compare every file with its record",
		Long: `Read every file and compare it with the digest in its record, and look for records
without a file and files without a record. Exit status 0 when each has the other and
all are whole, 1 when something is damaged or missing. The server does the same once a
day, a part at a time.`,
		Example: "  propusk files check --json",
		Args:    cobra.NoArgs,
		RunE:    withBase(checkFiles),
	}))
	return cmd
}

// filesAnswer is the report as programs read it.
type filesAnswer struct {
	Checked int `json:"checked"`
	Damaged int `json:"damaged_now"`
	Known   int `json:"damaged"`
	Orphans int `json:"orphans"`
}

func checkFiles(cmd *cobra.Command, _ []string, b *base) error {
	b.cfg.Blob.Recheck = time.Nanosecond // all of them, whenever they were seen last
	files, err := openFiles(b)
	if err != nil {
		return err
	}
	report, err := files.Check(cmd.Context())
	if err != nil {
		return err
	}
	err = show(cmd, filesAnswer(report), func(w io.Writer) {
		fmt.Fprintf(w, "checked\t%d\ndamaged or missing\t%d\nwithout a record\t%d\n", report.Checked, report.Known, report.Orphans)
	})
	if err == nil && report.Known > 0 {
		err = statusError(1)
	}
	return err
}
