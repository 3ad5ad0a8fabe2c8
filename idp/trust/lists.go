package trust

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"propusk/signature"
	"propusk/storage"
)

// mirrored is what this node has taken of a row of trust_lists.
type mirrored struct {
	digest string
	tried  storage.Time
	// refused is the version of trust under which the list was refused, plus one;
	// another version may think otherwise.
	refused int64
}

// listRow is one row; List is empty where it was not asked for.
type listRow struct {
	Address  string       `db:"address"`
	List     []byte       `db:"list"`
	Digest   string       `db:"digest"`
	ETag     string       `db:"etag"`
	Modified string       `db:"modified"`
	TriedAt  storage.Time `db:"tried_at"`
	DueAt    storage.Time `db:"due_at"`
	Failures int          `db:"failures"`
	Fault    string       `db:"fault"`
}

func (r listRow) kept() signature.Kept {
	return signature.Kept{
		Address: r.Address, List: r.List, ETag: r.ETag, Modified: r.Modified,
		Tried: r.TriedAt.Time(), Due: r.DueAt.Time(), Failures: r.Failures, Fault: r.Fault,
	}
}

func rowOf(k signature.Kept) listRow {
	sum := sha256.Sum256(k.List)
	if k.List == nil {
		k.List = []byte{}
	}
	return listRow{
		Address: k.Address, List: k.List, Digest: hex.EncodeToString(sum[:]), ETag: k.ETag, Modified: k.Modified,
		TriedAt: storage.Of(k.Tried), DueAt: storage.Of(k.Due), Failures: k.Failures, Fault: k.Fault,
	}
}

// keeper keeps lists in SQL; it is the signature.Keeper of a Trust.
type keeper struct{ t *Trust }

// Keep writes the row. A list has many megabytes and changes seldom: one that is
// there already is not written again.
func (k keeper) Keep(ctx context.Context, kept signature.Kept) error {
	row := rowOf(kept)
	n, err := k.t.deps.DB.Exec(ctx, `
		UPDATE trust_lists SET etag = $1, modified = $2, tried_at = $3, due_at = $4, failures = $5, fault = $6
		WHERE address = $7 AND digest = $8`,
		row.ETag, row.Modified, row.TriedAt, row.DueAt, row.Failures, row.Fault, row.Address, row.Digest)
	if err == nil && n == 0 {
		_, err = k.t.deps.DB.Exec(ctx, `
			INSERT INTO trust_lists (address, list, digest, etag, modified, tried_at, due_at, failures, fault)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (address) DO UPDATE SET list = excluded.list, digest = excluded.digest, etag = excluded.etag,
				modified = excluded.modified, tried_at = excluded.tried_at, due_at = excluded.due_at,
				failures = excluded.failures, fault = excluded.fault`,
			row.Address, row.List, row.Digest, row.ETag, row.Modified, row.TriedAt, row.DueAt, row.Failures, row.Fault)
	}
	if err != nil {
		return fmt.Errorf("trust: keep the revocation list of %s: %w", kept.Address, err)
	}
	// Not before the commit: who reads SQL meanwhile would find a list here that is not
	// there, and forget it.
	k.t.deps.DB.AfterCommit(ctx, func() {
		k.t.mu.Lock()
		defer k.t.mu.Unlock()
		k.t.lists[row.Address] = mirrored{digest: row.Digest, tried: row.TriedAt}
		k.t.keeps.Add(1)
	})
	return nil
}

// Kept reads every row.
func (k keeper) Kept(ctx context.Context) ([]signature.Kept, error) {
	var rows []listRow
	if err := k.t.deps.DB.Select(ctx, &rows, `
		SELECT address, list, digest, etag, modified, tried_at, due_at, failures, fault FROM trust_lists`); err != nil {
		return nil, fmt.Errorf("trust: read the revocation lists: %w", err)
	}
	all := make([]signature.Kept, 0, len(rows))
	for _, row := range rows {
		all = append(all, row.kept())
	}
	return all, nil
}

// syncLists takes in what other nodes fetched, and forgets what nobody asks for
// any more. t is locked.
func (t *Trust) syncLists(ctx context.Context) error {
	var rows []listRow
	if err := t.deps.DB.Select(ctx, &rows, `
		SELECT address, digest, etag, modified, tried_at, due_at, failures, fault FROM trust_lists`); err != nil {
		return fmt.Errorf("trust: read the revocation lists: %w", err)
	}
	there := make(map[string]bool, len(rows))
	for _, row := range rows {
		there[row.Address] = true
		if err := t.mirror(ctx, row); err != nil {
			return err
		}
	}
	for address := range t.lists {
		if !there[address] {
			t.revocations.Forget(address)
			delete(t.lists, address)
		}
	}
	return nil
}

// mirror takes in one row that is news here.
func (t *Trust) mirror(ctx context.Context, row listRow) error {
	known, ours := t.lists[row.Address]
	if ours && known.digest == row.Digest && known.tried == row.TriedAt && (known.refused == 0 || known.refused == t.version+1) {
		return nil
	}
	if known.digest != row.Digest || known.refused != 0 || row.kept().Imported() {
		err := t.deps.DB.Get(ctx, &row, `
			SELECT address, list, digest, etag, modified, tried_at, due_at, failures, fault FROM trust_lists WHERE address = $1`, row.Address)
		if errors.Is(err, storage.ErrNotFound) {
			return nil // gone this moment
		}
		if err != nil {
			return fmt.Errorf("trust: read the revocation list of %s: %w", row.Address, err)
		}
	}
	news := mirrored{digest: row.Digest, tried: row.TriedAt}
	if err := t.revocations.Take(row.kept()); err != nil {
		news.refused = t.version + 1
		t.deps.Log.WarnContext(ctx, "kept revocation list refused", "address", row.Address, "error", err)
	}
	t.lists[row.Address] = news
	return nil
}

// Refresh fetches the lists that are due. One node does it for all, once a minute:
// it is a periodic job.
func (t *Trust) Refresh(ctx context.Context) error {
	return t.fetch(ctx, t.revocations.Refresh)
}

// RefreshAll fetches every list now, due or not, and tells done of each; done may
// be called at the same time from several goroutines.
func (t *Trust) RefreshAll(ctx context.Context, done func(signature.Freshness)) error {
	return t.fetch(ctx, func(ctx context.Context) { t.revocations.RefreshAll(ctx, done) })
}

// fetch begins with what another node knows: what is due, and what is unchanged.
func (t *Trust) fetch(ctx context.Context, round func(context.Context)) error {
	if err := t.sync(ctx); err != nil {
		return err
	}
	before := t.keeps.Load()
	round(ctx)
	if t.keeps.Load() != before {
		t.announce(ctx)
	}
	return ctx.Err()
}
