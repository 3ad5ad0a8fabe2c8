package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// How a block came to be as it is.
const (
	HowCode       = "code"       // confirmed by a one-time code
	HowSignature  = "signature"  // confirmed by a qualified signature
	HowModeration = "moderation" // accepted by operators of the house
	HowRegistry   = "registry"   // taken from the state register
	HowSystem     = "system"     // by the command line or a seed
	howOther      = "direct"     // the organisation's record was changed past the profile
)

// BlockChange is a new state of a block.
type BlockChange struct {
	Block Block
	// Before, when not nil, must be the present state: ErrStale otherwise. It is
	// compared as a whole, so no change of anything in the block is overlooked.
	Before Block
	How    string // one of the How constants
	// By is the person whose change it is, where the actor is System: operators
	// and registries decide about changes that somebody else has asked for.
	By string
}

// ChangeBlock stores a new state of a block, keeps the one before as a version,
// enters what changed into the journal (personal data masked) and tells the
// organisation. It takes organization:write. The caller has had the change
// confirmed, and has asked the registry for what the registry knows.
//
// FieldErrors as CheckBlock, and "taken" for an ИНН or ОГРН of another active
// organisation; ErrStale; ErrForbidden; storage.ErrNotFound, also for a closed
// organisation. A change to what is there already does nothing.
func (d *Directory) ChangeBlock(ctx context.Context, actor Actor, organisationID string, c BlockChange) (BlockState, error) {
	var state BlockState
	err := d.within(ctx, actor, organisationID, OrganizationWrite, "organisation.updated", func(ctx context.Context, o Organisation, _ rights) error {
		if err := CheckBlock(o.Kind, c.Block); err != nil {
			return err
		}
		profile, err := d.Profile(ctx, organisationID)
		if err != nil {
			return err
		}
		now := profile.States[c.Block.BlockName()]
		before, after := EncodeBlock(now.Block), EncodeBlock(c.Block)
		if c.Before != nil && EncodeBlock(c.Before) != before {
			return ErrStale
		}
		if state = now; before == after {
			return nil
		}
		if state, err = d.storeBlock(ctx, actor, o, now, c); err != nil {
			return err
		}
		if err := d.storeFacts(ctx, o, c.Block); err != nil {
			return err
		}
		return d.blockChanged(ctx, actor, o, now.Block, state)
	})
	if err != nil {
		return BlockState{}, err
	}
	return state, nil
}

// storeBlock writes the block and its version. What was there before and is no
// version yet becomes one first, so that every state can be restored.
func (d *Directory) storeBlock(ctx context.Context, actor Actor, o Organisation, now BlockState, c BlockChange) (BlockState, error) {
	name := c.Block.BlockName()
	kept, err := d.keptBody(ctx, o.ID, name)
	if err != nil {
		return BlockState{}, err
	}
	if before := EncodeBlock(now.Block); before != kept && before != EncodeBlock(NewBlock(name)) {
		now = BlockState{Block: now.Block, Version: now.Version + 1, How: howOther, ChangedAt: o.UpdatedAt}
		if err := d.insertVersion(ctx, o.ID, now); err != nil {
			return BlockState{}, err
		}
	}
	next := BlockState{Block: c.Block, Version: now.Version + 1, ChangedBy: cmp.Or(c.By, actor.PersonID), How: c.How, ChangedAt: d.time()}
	if err := d.insertVersion(ctx, o.ID, next); err != nil {
		return BlockState{}, err
	}
	_, err = d.db.Exec(ctx, `INSERT INTO organisation_blocks (organisation_id, `+blockNames+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (organisation_id, block) DO UPDATE SET version = EXCLUDED.version, body = EXCLUDED.body,
			changed_by = EXCLUDED.changed_by, changed_how = EXCLUDED.changed_how, changed_at = EXCLUDED.changed_at`,
		o.ID, name, next.Version, EncodeBlock(next.Block), next.ChangedBy, next.How, next.ChangedAt)
	return next, wrapped("store block", err)
}

// keptBody is the block as its last version has it; "" when there is none.
func (d *Directory) keptBody(ctx context.Context, organisationID string, name BlockName) (string, error) {
	var body string
	err := d.db.Get(ctx, &body, `SELECT body FROM organisation_blocks WHERE organisation_id = $1 AND block = $2`, organisationID, name)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	return body, wrapped("kept block", err)
}

func (d *Directory) insertVersion(ctx context.Context, organisationID string, s BlockState) error {
	_, err := d.db.Exec(ctx, `INSERT INTO organisation_block_versions (organisation_id, `+blockNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		organisationID, s.Block.BlockName(), s.Version, EncodeBlock(s.Block), s.ChangedBy, s.How, s.ChangedAt)
	return wrapped("insert block version", err)
}

// storeFacts writes what the organisation's own record holds of the block.
func (d *Directory) storeFacts(ctx context.Context, o Organisation, b Block) error {
	switch b := b.(type) {
	case *Requisites:
		return d.storeRequisites(ctx, o, b)
	case *Contacts:
		_, err := d.db.Exec(ctx, `UPDATE organisations SET actual_address = $1, phone = $2, email = $3,
			version = version + 1, updated_at = $4 WHERE id = $5`, b.ActualAddress, b.Phone, b.Email, d.time(), o.ID)
		return wrapped("store contacts", err)
	}
	return nil
}

// storeRequisites writes numbers, names and address. Where a number moves, the
// tokens that carry the old one die.
func (d *Directory) storeRequisites(ctx context.Context, o Organisation, r *Requisites) error {
	if o.INN != r.INN || o.OGRN != r.OGRN {
		if err := d.numbersFree(ctx, o.ID, r); err != nil {
			return err
		}
		if _, err := d.raise(ctx, "organisation_id", o.ID); err != nil {
			return err
		}
	}
	_, err := d.db.Exec(ctx, `UPDATE organisations SET inn = $1, kpp = $2, ogrn = $3, name = $4, full_name = $5, address = $6,
		version = version + 1, updated_at = $7 WHERE id = $8`,
		r.INN, r.KPP, r.OGRN, r.Name, r.FullName, r.Address, d.time(), o.ID)
	return wrapped("store requisites", err)
}

func (d *Directory) numbersFree(ctx context.Context, organisationID string, r *Requisites) error {
	var f fields
	for _, unique := range []struct{ field, value, query string }{
		{"inn", r.INN, `SELECT COUNT(*) FROM organisations WHERE status = 'active' AND inn = $1 AND id <> $2`},
		{"ogrn", r.OGRN, `SELECT COUNT(*) FROM organisations WHERE status = 'active' AND ogrn = $1 AND id <> $2`},
	} {
		var others int
		if err := d.db.Get(ctx, &others, unique.query, unique.value, organisationID); err != nil {
			return fmt.Errorf("directory: whose %s: %w", unique.field, err)
		}
		if others > 0 {
			f.faults.add(unique.field, "taken")
		}
	}
	return f.err()
}

// blockChanged tells the journal what changed and the organisation that it did.
// The notice goes to the address of before: who moves it away must be noticed.
func (d *Directory) blockChanged(ctx context.Context, actor Actor, o Organisation, before Block, s BlockState) error {
	details := maskedDifferences(before, s.Block)
	details["block"], details["how"] = string(s.Block.BlockName()), s.How
	details["block_version"] = fmt.Sprint(s.Version)
	if err := d.record(ctx, actor, o.ID, "organisation.updated", o.ID, details); err != nil {
		return err
	}
	return d.notifyResponsible(ctx, o, notice{action: "organisation.updated"})
}

// SetHistory is for seeds and for an organisation that has just been made: it
// stores blocks as their next versions, without notices. It takes System.
// FieldErrors as CheckBlock.
func (d *Directory) SetHistory(ctx context.Context, actor Actor, organisationID, changedBy, how string, blocks ...Block) error {
	if !actor.system {
		return fmt.Errorf("%w: a profile is given by the house", ErrForbidden)
	}
	by := Actor{PersonID: changedBy}
	return d.within(ctx, actor, organisationID, OrganizationWrite, "organisation.updated", func(ctx context.Context, o Organisation, _ rights) error {
		profile, err := d.Profile(ctx, o.ID)
		if err != nil {
			return err
		}
		for _, b := range blocks {
			if err := CheckBlock(o.Kind, b); err != nil {
				return err
			}
			if _, err := d.storeBlock(ctx, by, o, profile.States[b.BlockName()], BlockChange{Block: b, How: how}); err != nil {
				return err
			}
			if err := d.storeFacts(ctx, o, b); err != nil {
				return err
			}
		}
		return d.record(ctx, by, o.ID, "organisation.profile_set", o.ID, map[string]string{"how": how})
	})
}
