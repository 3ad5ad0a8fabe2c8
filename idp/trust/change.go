package trust

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"

	"propusk/signature"
	"propusk/signature/pki"
	"propusk/storage"
	"propusk/storage/journal"
)

// errOvertaken: somebody else changed the trust since it was read.
var errOvertaken = errors.New("trust: another change came first")

// overtakings bounds how often a change begins again.
const overtakings = 5

// change makes the next state of trust: act works on a copy of what SQL holds, and
// what it changed is written with its entry in the journal, unless somebody else
// was first; then it works on that. Reading files, as act may, holds no
// transaction up.
func (t *Trust) change(ctx context.Context, by string, act func(*signature.Store) (journal.Entry, error)) error {
	for range overtakings {
		before, err := t.readState(ctx)
		if err != nil {
			return err
		}
		store := signature.NewStore()
		if err := store.Replace(before.authorities, before.intermediates); err != nil {
			return fmt.Errorf("trust: what the database holds cannot be used: %w", err)
		}
		entry, err := act(store)
		if err != nil {
			return err
		}
		err = t.write(ctx, by, before, store, entry)
		if errors.Is(err, errOvertaken) {
			continue
		}
		if err != nil {
			return err
		}
		t.announce(ctx)
		return t.sync(ctx)
	}
	return errOvertaken
}

// write writes the difference between two states.
func (t *Trust) write(ctx context.Context, by string, before state, store *signature.Store, entry journal.Entry) error {
	return t.deps.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := t.deps.DB.Exec(ctx, `UPDATE trust_version SET version = version + 1 WHERE id = 1 AND version = $1`, before.version)
		if err == nil && n == 0 {
			return errOvertaken
		}
		if err != nil {
			return fmt.Errorf("trust: take the next version: %w", err)
		}
		if err := t.writeAuthorities(ctx, by, before.authorities, store.Authorities()); err != nil {
			return err
		}
		if err := t.writeIntermediates(ctx, by, before.intermediates, store.Intermediates()); err != nil {
			return err
		}
		if err := t.dropLists(ctx, store.Len() < len(before.authorities), store); err != nil {
			return err
		}
		return t.deps.Journal.Append(ctx, entry)
	})
}

func (t *Trust) writeAuthorities(ctx context.Context, by string, before, after []signature.Authority) error {
	gone := make(map[string]signature.Authority, len(before))
	for _, authority := range before {
		gone[authority.ID] = authority
	}
	for _, authority := range after {
		known, there := gone[authority.ID]
		delete(gone, authority.ID)
		if there && reflect.DeepEqual(known, authority) {
			continue
		}
		if _, err := t.deps.DB.Exec(ctx, `
			INSERT INTO trust_authorities (id, record, changed_by, changed_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET record = excluded.record, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
			authority.ID, storage.JSON[signature.Authority]{V: authority}, by, storage.Of(t.deps.Now())); err != nil {
			return fmt.Errorf("trust: write the authority %s: %w", authority.ID, err)
		}
	}
	for id := range gone {
		if _, err := t.deps.DB.Exec(ctx, `DELETE FROM trust_authorities WHERE id = $1`, id); err != nil {
			return fmt.Errorf("trust: remove the authority %s: %w", id, err)
		}
	}
	return nil
}

// writeIntermediates adds the new ones; none ever leaves.
func (t *Trust) writeIntermediates(ctx context.Context, by string, before, after [][]byte) error {
	for _, raw := range after {
		if containsBytes(before, raw) {
			continue
		}
		sum := sha256.Sum256(raw)
		if _, err := t.deps.DB.Exec(ctx, `
			INSERT INTO trust_intermediates (fingerprint, certificate, changed_by, changed_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (fingerprint) DO NOTHING`,
			hex.EncodeToString(sum[:]), raw, by, storage.Of(t.deps.Now())); err != nil {
			return fmt.Errorf("trust: write an intermediate certificate: %w", err)
		}
	}
	return nil
}

func containsBytes(all [][]byte, one []byte) bool {
	for _, raw := range all {
		if bytes.Equal(raw, one) {
			return true
		}
	}
	return false
}

// dropLists deletes the lists that the trust after the change has no place for:
// their address is no longer configured, or, of an imported one, its authority is no
// longer trusted.
func (t *Trust) dropLists(ctx context.Context, removed bool, store *signature.Store) error {
	var addresses []string
	if err := t.deps.DB.Select(ctx, &addresses, `SELECT address FROM trust_lists`); err != nil {
		return fmt.Errorf("trust: read the addresses of lists: %w", err)
	}
	configured := map[string]bool{}
	for _, authority := range store.Authorities() {
		for _, address := range authority.CRLs {
			configured[address] = true
		}
	}
	for _, address := range addresses {
		stays, err := configured[address], error(nil)
		if (signature.Kept{Address: address}).Imported() {
			stays, err = t.importStays(ctx, removed, store, address)
		}
		if err == nil && !stays {
			_, err = t.deps.DB.Exec(ctx, `DELETE FROM trust_lists WHERE address = $1`, address)
		}
		if err != nil {
			return fmt.Errorf("trust: drop the revocation list of %s: %w", address, err)
		}
	}
	return nil
}

// importStays looks whose list it is, when an authority has been removed; without
// that, it is whose it was.
func (t *Trust) importStays(ctx context.Context, removed bool, store *signature.Store, address string) (bool, error) {
	if !removed {
		return true, nil
	}
	var raw []byte
	if err := t.deps.DB.Get(ctx, &raw, `SELECT list FROM trust_lists WHERE address = $1`, address); err != nil {
		return false, err
	}
	list, fault := pki.ParseCRL(raw)
	if fault == nil {
		_, fault = store.Signer(list)
	}
	return fault == nil, nil
}
