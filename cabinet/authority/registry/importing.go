package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/egrul"
	"propusk/storage"
	"propusk/storage/journal"
)

// batch is how many records one transaction takes, and so how many are read again
// after a cut.
const batch = 500

// Fault is a fault of a file, with the file.
type Fault struct {
	File string `json:"file"` // of an archive: archive.zip!name.xml
	egrul.Fault
}

// String is file:line: element: text.
func (f Fault) String() string { return f.File + ":" + f.Fault.String() }

// Progress is how far an import is.
type Progress struct {
	File    string  `json:"file"`
	Records int64   `json:"records"` // read in this run
	Stored  int64   `json:"stored"`  // of those, new or newer than what was there
	Faults  int64   `json:"faults"`
	Rate    float64 `json:"rate"` // records a second
}

// Report is what an import has done.
type Report struct {
	Files    int   `json:"files"`     // read
	Known    int   `json:"known"`     // passed over: imported before, to the end
	Broken   int   `json:"broken"`    // could not be read to the end
	Records  int64 `json:"records"`   // good ones
	Stored   int64 `json:"stored"`    // of those, new or newer than what was there
	Refused  int64 `json:"refused"`   // records left out
	Faults   int64 `json:"faults"`    // all that were told
	Resumed  int64 `json:"resumed"`   // records of an earlier run that was cut
	Duration int64 `json:"took_secs"` // seconds
}

// Watch is told of an import while it goes on; both may be nil.
type Watch struct {
	Progress func(Progress) // about every second
	Fault    func(Fault)
}

// Import reads the files and folders at the paths. A file that cannot be read to its
// end is told as a fault and leaves the others alone; what was read of it stays. by
// is the operator, for the system's journal. When ctx ends, everything up to the
// last whole batch is kept and the next Import goes on from there.
func (s *Store) Import(ctx context.Context, by string, places []string, w Watch) (Report, error) {
	files, err := paths(places)
	if err != nil {
		return Report{}, err
	}
	i := &importing{store: s, watch: w, began: time.Now()}
	for _, path := range files {
		if err := i.file(ctx, path); err != nil {
			return i.finish(), fmt.Errorf("registry: import %s: %w", path, err)
		}
	}
	report := i.finish()
	return report, s.journal(ctx, by, report)
}

func (s *Store) journal(ctx context.Context, by string, r Report) error {
	text := func(n int64) string { return strconv.FormatInt(n, 10) }
	err := s.Journal.Append(ctx, journal.Entry{Action: "registry.imported", Object: "registry", Outcome: "success", Details: map[string]string{
		"by": by, "files": text(int64(r.Files)), "records": text(r.Records), "stored": text(r.Stored), "refused": text(r.Refused), "broken": text(int64(r.Broken)),
	}})
	if err != nil {
		return fmt.Errorf("registry: journal the import: %w", err)
	}
	return nil
}

// importing is one run of Import.
type importing struct {
	store  *Store
	watch  Watch
	report Report
	began  time.Time
	told   time.Time

	// of the file that is read
	at      File
	name    string // with the entry of the archive
	seen    int64  // records met in it, counted from its beginning
	pending []authority.Record
}

// file imports one file, or what an earlier run left of it.
func (i *importing) file(ctx context.Context, path string) error {
	digest, err := digestOf(ctx, path)
	if err != nil {
		return err
	}
	if i.at, err = i.store.begin(ctx, digest, filepath.Base(path)); err != nil {
		return err
	}
	if i.at.Finished {
		i.report.Known++
		return nil
	}
	i.report.Files++
	i.report.Resumed += i.at.Done
	i.seen, i.pending = 0, nil
	if err := i.read(ctx, path); err != nil {
		return err
	}
	i.at.Finished = true
	return i.flush(ctx)
}

// read gives the records of every XML of the file to take. What is wrong with a
// file is a fault of it; what goes wrong here ends the import.
func (i *importing) read(ctx context.Context, path string) error {
	var ours error
	err := eachXML(path, func(name string, r io.Reader) error {
		i.name = name
		err := egrul.Read(ctx, r, func(record authority.Record, ok bool, faults []egrul.Fault, _ int) error {
			ours = i.take(ctx, record, ok, faults)
			return ours
		})
		if broken, is := errors.AsType[*egrul.FileError](err); is {
			i.broken(broken.Line, broken.Text)
			return nil
		}
		return err
	})
	switch {
	case ours != nil:
		return ours
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), i.flush(context.WithoutCancel(ctx)))
	case err != nil:
		i.name = path
		i.broken(0, err.Error())
	}
	return nil
}

func (i *importing) broken(line int, text string) {
	i.report.Broken++
	i.tell(egrul.Fault{Line: line, Text: text, Refused: true})
}

// take counts a record and keeps it for the next batch.
func (i *importing) take(ctx context.Context, record authority.Record, ok bool, faults []egrul.Fault) error {
	if i.seen++; i.seen <= i.at.Done {
		return nil // an earlier run has it
	}
	for _, f := range faults {
		i.tell(f)
	}
	if ok {
		i.report.Records++
		i.pending = append(i.pending, record)
	} else {
		i.report.Refused++
	}
	if len(i.pending) < batch {
		return nil
	}
	return i.flush(ctx)
}

func (i *importing) tell(f egrul.Fault) {
	i.report.Faults++
	i.at.Faults++
	if i.watch.Fault != nil {
		i.watch.Fault(Fault{i.name, f})
	}
}

// flush stores the batch and how far the file is, in one transaction.
func (i *importing) flush(ctx context.Context) error {
	done := max(i.seen, i.at.Done)
	var stored int64
	err := i.store.DB.Tx(ctx, func(ctx context.Context) error {
		stored = 0
		now := storage.Of(i.store.Now())
		for _, record := range i.pending {
			is, err := i.store.put(ctx, record, now)
			if err != nil {
				return err
			}
			if is {
				stored++
			}
		}
		_, err := i.store.DB.Exec(ctx, `UPDATE registry_files SET done = $1, faults = $2, finished = $3, changed_at = $4 WHERE digest = $5`,
			done, i.at.Faults, i.at.Finished, now, i.at.Digest)
		return err
	})
	if err != nil {
		return err
	}
	i.report.Stored += stored
	i.pending = i.pending[:0]
	i.progress()
	return nil
}

// progress tells how far the import is, about every second.
func (i *importing) progress() {
	now := time.Now()
	if i.watch.Progress == nil || now.Sub(i.told) < time.Second {
		return
	}
	i.told = now
	i.watch.Progress(Progress{
		File: i.name, Records: i.report.Records, Stored: i.report.Stored, Faults: i.report.Faults,
		Rate: float64(i.report.Records) / max(now.Sub(i.began).Seconds(), 0.001),
	})
}

func (i *importing) finish() Report {
	i.report.Duration = int64(time.Since(i.began).Seconds())
	return i.report
}

// begin finds how far the file is, or makes its row.
func (s *Store) begin(ctx context.Context, digest, name string) (f File, err error) {
	_, err = s.DB.Exec(ctx, `INSERT INTO registry_files (digest, name, done, faults, finished, changed_at) VALUES ($1, $2, 0, 0, FALSE, $3)
		ON CONFLICT (digest) DO NOTHING`, digest, name, storage.Of(s.Now()))
	if err != nil {
		return f, err
	}
	err = s.DB.Get(ctx, &f, `SELECT digest, name, done, faults, finished, changed_at FROM registry_files WHERE digest = $1`, digest)
	return f, err
}
