package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
)

// ticket is the payload of the job that makes an export.
type ticket struct {
	ID string `json:"id"`
}

// turnWait is how long an export waits that has no turn on this node.
const turnWait = time.Second

// fileMost bounds a finished file, in bytes.
const fileMost = 64 << 20

// errDropped: nobody wants the export any more.
var errDropped = errors.New("export: it was dropped")

// work is the job that makes an export. It may run twice: the second time begins anew,
// or finds the export ready.
func (x *Exports) work(ctx context.Context, job jobs.Job) error {
	var t ticket
	if err := job.Decode(&t); err != nil {
		return err
	}
	select {
	case x.turns <- struct{}{}:
		defer func() { <-x.turns }()
	default: // the runner's places are not for waiting: other work needs them
		return jobs.Enqueue(ctx, x.DB, jobMake, t, jobs.Options{RunAt: x.Now().Add(turnWait), MaxAttempts: makeAttempts})
	}
	e, err := x.byID(ctx, t.ID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (e.State == Ready || e.State == Failed) {
		return nil
	}
	if err == nil {
		err = x.produce(ctx, e)
	}
	if errors.Is(err, errDropped) {
		return nil
	}
	if err != nil && ctx.Err() == nil && (job.Attempt >= job.MaxAttempts || jobs.IsPermanent(err)) {
		x.Log.ErrorContext(ctx, "an export could not be made", "export", e.ID, "kind", e.Kind, "err", err)
		return x.fail(ctx, e, x.now())
	}
	return err
}

func (x *Exports) byID(ctx context.Context, id string) (e Export, err error) {
	if err = x.DB.Get(ctx, &e, `SELECT `+columns+` FROM exports WHERE id = $1`, id); err != nil {
		return Export{}, fmt.Errorf("export: read: %w", err)
	}
	return e, nil
}

// produce goes from the order to the kept file.
func (x *Exports) produce(ctx context.Context, e Export) error {
	kind, known := x.kinds[e.Kind]
	if !known {
		return jobs.Permanent(fmt.Errorf("export: no list is called %q", e.Kind))
	}
	list, err := kind.Open(ctx, Order{e.OrganisationID, e.Lang, json.RawMessage(e.Ask)})
	if err != nil {
		return err
	}
	most := bounds[e.Format].most
	total, err := list.Count(ctx, most)
	if err != nil {
		return err
	}
	told := func(rows int) error { return x.progress(ctx, e, rows, max(rows, total)) }
	if err := told(0); err != nil {
		return err
	}
	content, cut, err := x.press.draw(list, e.Format, e.Subtitle, e.Lang, most, told)
	if err != nil {
		return err
	}
	e.Cut = cut
	return x.keep(ctx, e, list.Name+"."+e.Format, content)
}

// progress shows how many rows are drawn of how many; errDropped when the export is no
// more.
func (x *Exports) progress(ctx context.Context, e Export, done, total int) error {
	n, err := x.DB.Exec(ctx, `UPDATE exports SET state = $1, rows_done = $2, rows_total = $3, updated_at = $4
		WHERE id = $5 AND state IN ('waiting', 'making')`, Making, done, total, x.now(), e.ID)
	if err != nil {
		return fmt.Errorf("export: progress: %w", err)
	}
	if n == 0 {
		return errDropped
	}
	return nil
}

var fileKinds = map[string]file.Kinds{XLSX: file.XLSX, PDF: file.PDF}

// keep saves the file and makes the export ready, unless it was dropped meanwhile: then
// the file stays loose and is swept.
func (x *Exports) keep(ctx context.Context, e Export, name string, content []byte) error {
	saved, err := x.Files.SaveOurs(ctx, e.OrganisationID, name, fileKinds[e.Format], fileMost, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("export: save: %w", err)
	}
	return x.DB.Tx(ctx, func(ctx context.Context) error {
		now := x.now()
		n, err := x.DB.Exec(ctx, `UPDATE exports SET state = $1, cut = $2, name = $3, size = $4, file_id = $5, updated_at = $6, ready_at = $7, ends_at = $8
			WHERE id = $9 AND state = 'making'`, Ready, e.Cut, name, saved.Size, saved.ID, now, now, now.Add(keptFor), e.ID)
		if err != nil {
			return fmt.Errorf("export: ready: %w", err)
		}
		if n == 0 {
			return errDropped
		}
		if err := x.Files.Keep(ctx, e.OrganisationID, e.fileOwner(), saved.ID); err != nil {
			return err
		}
		return x.tellReady(ctx, e)
	})
}

// fileOwner is who keeps the file.
func (e Export) fileOwner() string { return "export/" + e.ID }

// fail gives an export up of which nothing was heard after since, and tells its orderer;
// what was dropped or finished meanwhile stays as it is.
func (x *Exports) fail(ctx context.Context, e Export, since storage.Time) error {
	return x.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := x.DB.Exec(ctx, `UPDATE exports SET state = $1, updated_at = $2 WHERE id = $3 AND state IN ('waiting', 'making') AND updated_at <= $4`,
			Failed, x.now(), e.ID, since)
		if err != nil {
			return fmt.Errorf("export: give up: %w", err)
		}
		if n == 0 {
			return nil
		}
		return x.tellFailed(ctx, e)
	})
}

// drop forgets an export with its file, whatever is being done for it.
func (x *Exports) drop(ctx context.Context, e Export) error {
	if _, err := x.DB.Exec(ctx, `DELETE FROM exports WHERE id = $1`, e.ID); err != nil {
		return fmt.Errorf("export: drop: %w", err)
	}
	if e.FileID == "" {
		return nil
	}
	return x.Files.Release(ctx, e.fileOwner(), e.FileID)
}

// forgetBatch bounds what one turn of forget reads at a time.
const forgetBatch = 100

// makingMost is how long nothing may be heard of an export that is under way: its job has
// died by then, with every process that took it.
const makingMost = 2 * time.Hour

// forget drops what nobody has taken in time, and fails what nothing works on any more.
func (x *Exports) forget(ctx context.Context) error {
	if err := x.failLeft(ctx); err != nil {
		return err
	}
	for {
		var over []Export
		err := x.DB.Select(ctx, &over, `SELECT `+columns+` FROM exports WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2`, x.now(), forgetBatch)
		if err != nil {
			return fmt.Errorf("export: look for what is over: %w", err)
		}
		for _, e := range over {
			if err := x.DB.Tx(ctx, func(ctx context.Context) error { return x.drop(ctx, e) }); err != nil {
				return err
			}
		}
		if len(over) < forgetBatch {
			return nil
		}
	}
}

// failLeft gives up what nothing has worked on for makingMost.
func (x *Exports) failLeft(ctx context.Context) error {
	now := x.now()
	for {
		var left []Export
		err := x.DB.Select(ctx, &left, `SELECT `+columns+` FROM exports
			WHERE ends_at > $1 AND ends_at < $2 AND state IN ('waiting', 'making') AND updated_at < $3 ORDER BY ends_at LIMIT $4`,
			now, now.Add(keptFor-makingMost), now.Add(-makingMost), forgetBatch)
		if err != nil {
			return fmt.Errorf("export: look for what was left: %w", err)
		}
		for _, e := range left {
			if err := x.fail(ctx, e, now.Add(-makingMost)); err != nil {
				return err
			}
		}
		if len(left) < forgetBatch {
			return nil
		}
	}
}

// dismiss drops an export that its owner does not want any more.
func (x *Exports) dismiss(ctx context.Context, actor directory.Actor, e Export) error {
	return x.DB.Tx(ctx, func(ctx context.Context) error {
		if err := x.drop(ctx, e); err != nil {
			return err
		}
		return x.note(ctx, actor, e, "export.dropped")
	})
}
