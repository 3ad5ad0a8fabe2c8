package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// powerFits checks what a power says against its organisation, the power that it
// hands on, and the one that it replaces.
func (d *Directory) powerFits(ctx context.Context, o Organisation, p *PowerOfAttorney) error {
	var f fields
	if p.RepresentativeKey == organisationKey(o.INN) {
		f.faults.add("representative/inn", "self")
	}
	if p.ParentID != "" {
		if err := d.handsOn(ctx, &f, p); err != nil {
			return err
		}
	}
	if p.ReplacesID != "" {
		old, err := d.PowerByID(ctx, p.ReplacesID)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		// Who hands a power on has a say in what he handed on from it, and in no other.
		foreign := p.ParentID != "" && old.ParentID != p.ParentID
		if err != nil || foreign || old.OrganisationID != o.ID || old.StatusAt(d.time()).Over() {
			f.faults.add("replaces_id", "invalid")
		} else if old.Irrevocable && old.Status == PowerActive {
			f.faults.add("replaces_id", "irrevocable") // what nobody may revoke, nobody may replace
		}
	}
	return f.err()
}

// handsOn checks a power against the one that it hands on (ГК РФ, article 187):
// no wider, no longer, fewer times, and never back to who gave it.
func (d *Directory) handsOn(ctx context.Context, f *fields, p *PowerOfAttorney) error {
	parent, err := d.PowerByID(ctx, p.ParentID)
	if err != nil {
		return err
	}
	if !parent.LiveAt(d.time()) {
		return fmt.Errorf("%w: the one to hand on", ErrPowerOver)
	}
	if parent.Delegation == 0 {
		f.faults.add("parent_id", "not_delegable")
	} else if p.Delegation >= parent.Delegation {
		f.faults.add("delegation", "wider")
	}
	if !codesCovered(p.Powers.V, parent.Powers.V) {
		f.faults.add("powers", "wider")
	}
	if !p.Limits.V.within(parent.Limits.V) {
		f.faults.add("limits", "wider")
	}
	if p.ValidUntil > parent.ValidUntil {
		f.faults.add("until", "longer")
	}
	if p.IssuedAt < parent.IssuedAt {
		f.faults.add("issued_on", "before_parent")
	}
	return d.noLoop(ctx, f, p, parent)
}

// noLoop finds the representative among those who handed the power on. The walk
// is as long as the chain, and the chain no longer than MaxDelegation.
func (d *Directory) noLoop(ctx context.Context, f *fields, p *PowerOfAttorney, parent PowerOfAttorney) error {
	for {
		if parent.RepresentativeKey == p.RepresentativeKey || sameNumbers(parent.Representative.V, p.Representative.V) {
			f.faults.add("representative", "loop")
			return nil
		}
		if parent.ParentID == "" {
			return nil
		}
		var err error
		if parent, err = d.PowerByID(ctx, parent.ParentID); err != nil {
			return err
		}
	}
}

// sameNumbers tells one person by any of his numbers.
func sameNumbers(a, b Representative) bool {
	return a.Kind == b.Kind && (a.SNILS != "" && a.SNILS == b.SNILS || a.INN != "" && a.INN == b.INN)
}

// PowerChain lists the power and those it was handed on from, itself first, the
// principal's own last.
func (d *Directory) PowerChain(ctx context.Context, p PowerOfAttorney) ([]PowerOfAttorney, error) {
	chain := []PowerOfAttorney{p}
	for p.ParentID != "" && len(chain) <= MaxDelegation {
		var err error
		if p, err = d.PowerByID(ctx, p.ParentID); err != nil {
			return nil, err
		}
		chain = append(chain, p)
	}
	return chain, nil
}
