package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"propusk/storage"
)

// BlockState is a block with its place in its history.
type BlockState struct {
	Block     Block
	Version   int64  // 0: never changed by itself
	ChangedBy string // person; "" for the system
	How       string // code, signature, moderation, registry, direct, system; "" for version 0
	ChangedAt storage.Time
}

// Profile is everything that an organisation says of itself.
type Profile struct {
	Organisation Organisation
	States       map[BlockName]BlockState // each block
}

// Requisites is the block of that name, as the other methods are of theirs.
func (p Profile) Requisites() Requisites { return *p.States[BlockRequisites].Block.(*Requisites) }

// Contacts is the block of contacts.
func (p Profile) Contacts() Contacts { return *p.States[BlockContacts].Block.(*Contacts) }

// Bank is the block of bank accounts.
func (p Profile) Bank() Bank { return *p.States[BlockBank].Block.(*Bank) }

// Activities is the block of ОКВЭД codes.
func (p Profile) Activities() Activities { return *p.States[BlockActivities].Block.(*Activities) }

// Taxes is the block of tax regimes and reports.
func (p Profile) Taxes() Taxes { return *p.States[BlockTaxes].Block.(*Taxes) }

// Payments is the block of payment methods.
func (p Profile) Payments() Payments { return *p.States[BlockPayments].Block.(*Payments) }

type storedBlock struct {
	Block     BlockName    `db:"block"`
	Version   int64        `db:"version"`
	Body      string       `db:"body"`
	ChangedBy string       `db:"changed_by"`
	How       string       `db:"changed_how"`
	ChangedAt storage.Time `db:"changed_at"`
}

const blockNames = `block, version, body, changed_by, changed_how, changed_at`

// Profile reads the profile; storage.ErrNotFound when there is no such
// organisation. What the organisation's own record holds (numbers, names,
// addresses, phone, e-mail) is taken from there, whatever the blocks say: other
// ways may have changed it since.
func (d *Directory) Profile(ctx context.Context, organisationID string) (Profile, error) {
	o, err := d.Organisation(ctx, organisationID)
	if err != nil {
		return Profile{}, err
	}
	var rows []storedBlock
	err = d.db.Select(ctx, &rows, `SELECT `+blockNames+` FROM organisation_blocks WHERE organisation_id = $1`, organisationID)
	if err != nil {
		return Profile{}, fmt.Errorf("directory: profile: %w", err)
	}
	p := Profile{Organisation: o, States: make(map[BlockName]BlockState, len(BlockNames()))}
	for _, name := range BlockNames() {
		p.States[name] = BlockState{Block: NewBlock(name)}
	}
	for _, row := range rows {
		if p.States[row.Block], err = row.state(); err != nil {
			return Profile{}, err
		}
	}
	o.overlay(p.States[BlockRequisites].Block.(*Requisites), p.States[BlockContacts].Block.(*Contacts))
	return p, nil
}

func (row storedBlock) state() (BlockState, error) {
	b, err := DecodeBlock(row.Block, row.Body)
	return BlockState{Block: b, Version: row.Version, ChangedBy: row.ChangedBy, How: row.How, ChangedAt: row.ChangedAt}, err
}

// overlay puts what the organisation's record holds over the blocks.
func (o Organisation) overlay(r *Requisites, c *Contacts) {
	r.INN, r.KPP, r.OGRN, r.Name, r.FullName, r.Address = o.INN, o.KPP, o.OGRN, o.Name, o.FullName, o.Address
	c.ActualAddress, c.Phone, c.Email = o.ActualAddress, o.Phone, o.Email
}

// TaxRegimes are the regimes of an organisation, also past and coming ones, by
// their first day; filing's calendar reads them. None is an empty list.
func (d *Directory) TaxRegimes(ctx context.Context, organisationID string) ([]TaxRegime, error) {
	t := Taxes{Regimes: []TaxRegime{}}
	err := d.readBlock(ctx, organisationID, BlockTaxes, &t)
	return t.Regimes, err
}

// BankAccounts are the settlement accounts of an organisation, the main one first.
func (d *Directory) BankAccounts(ctx context.Context, organisationID string) ([]BankAccount, error) {
	b := Bank{Accounts: []BankAccount{}}
	err := d.readBlock(ctx, organisationID, BlockBank, &b)
	return b.Accounts, err
}

// OrganisationContacts are the official contacts; storage.ErrNotFound when there
// is no such organisation.
func (d *Directory) OrganisationContacts(ctx context.Context, organisationID string) (Contacts, error) {
	p, err := d.Profile(ctx, organisationID)
	if err != nil {
		return Contacts{}, err
	}
	return p.Contacts(), nil
}

// readBlock reads one block alone; what was never set leaves b as it is.
func (d *Directory) readBlock(ctx context.Context, organisationID string, name BlockName, b Block) error {
	var body string
	err := d.db.Get(ctx, &body, `SELECT body FROM organisation_blocks WHERE organisation_id = $1 AND block = $2`, organisationID, name)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), b)
	}
	return wrapped("block "+string(name), err)
}

// BlockVersions lists the states that a block has had, the latest first, below
// the version given (0 for the first page).
func (d *Directory) BlockVersions(ctx context.Context, organisationID string, name BlockName, below int64, limit int) ([]BlockState, error) {
	if below <= 0 {
		below = 1 << 62
	}
	var rows []storedBlock
	err := d.db.Select(ctx, &rows, `SELECT `+blockNames+` FROM organisation_block_versions
		WHERE organisation_id = $1 AND block = $2 AND version < $3 ORDER BY version DESC LIMIT $4`, organisationID, name, below, limit)
	if err != nil {
		return nil, fmt.Errorf("directory: block versions: %w", err)
	}
	states := make([]BlockState, len(rows))
	for i, row := range rows {
		if states[i], err = row.state(); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// BlockVersion reads one state that a block has had; storage.ErrNotFound.
func (d *Directory) BlockVersion(ctx context.Context, organisationID string, name BlockName, version int64) (BlockState, error) {
	var row storedBlock
	err := d.db.Get(ctx, &row, `SELECT `+blockNames+` FROM organisation_block_versions
		WHERE organisation_id = $1 AND block = $2 AND version = $3`, organisationID, name, version)
	if err != nil {
		return BlockState{}, fmt.Errorf("directory: block version: %w", err)
	}
	return row.state()
}
