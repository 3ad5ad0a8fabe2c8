package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"propusk/storage"
)

// maxReason bounds why a power was revoked or refused, in runes.
const maxReason = 500

// SettlePower takes a power that was drafted or is being checked to active,
// checking or refused. The caller has checked the signature and answers for it.
// It takes what AddPower takes; version, when not nil, must be the present one.
// A power that replaces another ends that one.
func (d *Directory) SettlePower(ctx context.Context, actor Actor, organisationID, id string, to PowerStatus, reason string, version *int64) (PowerOfAttorney, []PowerOfAttorney, error) {
	var p PowerOfAttorney
	var ended []PowerOfAttorney
	before, err := d.ownPower(ctx, organisationID, id)
	if err != nil {
		return PowerOfAttorney{}, nil, err
	}
	action := "power." + string(to)
	err = d.givingPower(ctx, actor, organisationID, before.ParentID, action, func(ctx context.Context, o Organisation, held rights) error {
		ended = nil
		if before, err = d.movable(ctx, o.ID, id, to, version); err != nil {
			return err
		}
		if to == PowerActive {
			if err := d.powerFits(ctx, o, &before); err != nil {
				return err
			}
			if before.Form.typed() && !held.grantable().covers(before.set()) {
				return fmt.Errorf("%w: it would grant more than the actor holds", ErrForbidden)
			}
			if err := d.notToOneself(ctx, actor, before); err != nil {
				return err
			}
			if !actor.Details.allowPower(before) {
				return ErrDetailsExceeded
			}
		}
		if p, err = d.movePower(ctx, before, to, reason); err != nil {
			return err
		}
		if err := d.powerMoved(ctx, actor, p, action); err != nil || to != PowerActive {
			return err
		}
		ended, err = d.endReplaced(ctx, actor, p)
		return err
	})
	if err != nil {
		return PowerOfAttorney{}, nil, err
	}
	return p, ended, nil
}

// endReplaced ends the power in whose place p stands.
func (d *Directory) endReplaced(ctx context.Context, actor Actor, p PowerOfAttorney) ([]PowerOfAttorney, error) {
	if p.ReplacesID == "" {
		return nil, nil
	}
	old, err := d.PowerByID(ctx, p.ReplacesID)
	if err != nil || old.StatusAt(d.time()).Over() {
		return nil, err
	}
	return d.endPower(ctx, actor, old, PowerRevoked, "replaced", "power.replaced")
}

// ownPower reads a power that the organisation is the principal of.
func (d *Directory) ownPower(ctx context.Context, organisationID, id string) (PowerOfAttorney, error) {
	p, err := d.PowerByID(ctx, id)
	if err == nil && p.OrganisationID != organisationID {
		err = fmt.Errorf("directory: power of attorney: %w", storage.ErrNotFound)
	}
	if err != nil {
		return PowerOfAttorney{}, err
	}
	return p, nil
}

// movable reads the power anew, under the lock, when it may go to the status.
func (d *Directory) movable(ctx context.Context, organisationID, id string, to PowerStatus, version *int64) (PowerOfAttorney, error) {
	p, err := d.ownPower(ctx, organisationID, id)
	if err != nil {
		return PowerOfAttorney{}, err
	}
	if version != nil && *version != p.Version {
		return PowerOfAttorney{}, ErrStale
	}
	if status := p.StatusAt(d.time()); !status.May(to) {
		return PowerOfAttorney{}, fmt.Errorf("%w: it is %s", ErrPowerOver, status)
	}
	return p, nil
}

func (d *Directory) movePower(ctx context.Context, p PowerOfAttorney, to PowerStatus, reason string) (PowerOfAttorney, error) {
	var moved PowerOfAttorney
	ended := storage.Time(0)
	if to.Over() {
		ended = d.time()
	}
	if reason, _ = line(reason); utf8.RuneCountInString(reason) > maxReason {
		reason = string([]rune(reason)[:maxReason])
	}
	err := d.db.Get(ctx, &moved, `UPDATE powers SET status = $1, reason = $2, ended_at = $3, updated_at = $4, version = version + 1
		WHERE id = $5 AND status = $6 RETURNING `+powerNames, to, reason, ended, d.time(), p.ID, p.Status)
	if errors.Is(err, storage.ErrNotFound) {
		return PowerOfAttorney{}, ErrStale
	}
	return moved, wrapped("move power", err)
}

// RevokePower takes a power back: for who holds powers:write in the organisation
// that gave it, and for who handed it on. Tokens under it, and under what was
// handed on from it, die on every node. It returns every power that ended.
func (d *Directory) RevokePower(ctx context.Context, actor Actor, organisationID, id, reason string, version *int64) ([]PowerOfAttorney, error) {
	p, err := d.ownPower(ctx, organisationID, id)
	if err != nil {
		return nil, err
	}
	parent := ""
	if p.ParentID != "" && d.delegator(ctx, actor, p) {
		parent = p.ParentID
	}
	var ended []PowerOfAttorney
	err = d.givingPower(ctx, actor, organisationID, parent, "power.revoked", func(ctx context.Context, o Organisation, _ rights) error {
		if !actor.Details.allowRevoking() {
			return ErrDetailsExceeded
		}
		if p, err = d.movable(ctx, o.ID, id, PowerRevoked, version); err != nil {
			return err
		}
		if p.Irrevocable && p.Status == PowerActive {
			return ErrPowerIrrevocable
		}
		ended, err = d.endPower(ctx, actor, p, PowerRevoked, reason, "power.revoked")
		return err
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// delegator tells that the actor handed the power on.
func (d *Directory) delegator(ctx context.Context, actor Actor, p PowerOfAttorney) bool {
	parent, err := d.PowerByID(ctx, p.ParentID)
	return err == nil && !actor.system && d.mayRepresent(ctx, actor, parent) == nil
}

// RenouncePower gives a power up, for its representative; storage.ErrNotFound for
// anybody else. It returns every power that ended.
func (d *Directory) RenouncePower(ctx context.Context, actor Actor, id, reason string) ([]PowerOfAttorney, error) {
	var ended []PowerOfAttorney
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.PowerByID(ctx, id)
		if err != nil {
			return err
		}
		if err := d.mayRepresent(ctx, actor, p); errors.Is(err, ErrForbidden) {
			return fmt.Errorf("directory: give up a power: %w: %w", storage.ErrNotFound, err)
		} else if err != nil {
			return err
		}
		if !actor.Details.allowRevoking() {
			return ErrDetailsExceeded
		}
		if _, err := d.lockOrganisation(ctx, p.OrganisationID); err != nil {
			return err
		}
		if p, err = d.movable(ctx, p.OrganisationID, id, PowerRevoked, nil); err != nil {
			return err
		}
		if p.Status != PowerActive {
			return fmt.Errorf("directory: give up a power: %w", storage.ErrNotFound)
		}
		ended, err = d.endPower(ctx, actor, p, PowerRevoked, reason, "power.renounced")
		return err
	})
	return ended, err
}

// endPower ends a power and everything that was handed on from it, and kills the
// tokens. The organisation is locked.
func (d *Directory) endPower(ctx context.Context, actor Actor, p PowerOfAttorney, to PowerStatus, reason, action string) ([]PowerOfAttorney, error) {
	p, err := d.movePower(ctx, p, to, reason)
	if err != nil {
		return nil, err
	}
	if err := d.raiseHolders(ctx, p); err != nil {
		return nil, err
	}
	if err := d.powerMoved(ctx, actor, p, action); err != nil {
		return nil, err
	}
	ended := []PowerOfAttorney{p}
	var children []PowerOfAttorney
	err = d.db.Select(ctx, &children, `SELECT `+powerNames+` FROM powers
		WHERE parent_id = $1 AND status IN ('draft', 'checking', 'active') ORDER BY id`, p.ID)
	if err != nil {
		return nil, fmt.Errorf("directory: powers handed on: %w", err)
	}
	for _, child := range children {
		more, err := d.endPower(ctx, actor, child, PowerRevoked, "parent_ended", "power.revoked")
		if err != nil {
			return nil, err
		}
		ended = append(ended, more...)
	}
	return ended, nil
}

// endPowersOf ends what a closing organisation gave and was given. The organisation is
// locked; whoever else gave it a power is locked here, as for every end of a power.
func (d *Directory) endPowersOf(ctx context.Context, actor Actor, o Organisation) error {
	for {
		var p PowerOfAttorney
		err := d.db.Get(ctx, &p, `SELECT `+powerNames+` FROM powers WHERE (organisation_id = $1 OR representative_key = $2)
			AND status IN ('draft', 'checking', 'active') ORDER BY id LIMIT 1`, o.ID, organisationKey(o.INN))
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("directory: powers of an organisation: %w", err)
		}
		if p, err = d.lockedPower(ctx, o, p); err != nil {
			return err
		}
		if p.Status.Over() {
			continue // it ended while its principal was waited for
		}
		if _, err := d.endPower(ctx, actor, p, PowerRevoked, "organisation_closed", "power.revoked"); err != nil {
			return err
		}
	}
}

// lockedPower reads a power anew under the lock of its principal; held is the
// organisation that is locked already. A principal that is closed gives nothing any
// more, so that nobody else moves its powers.
func (d *Directory) lockedPower(ctx context.Context, held Organisation, p PowerOfAttorney) (PowerOfAttorney, error) {
	if p.OrganisationID != held.ID {
		if _, err := d.lockOrganisation(ctx, p.OrganisationID); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return PowerOfAttorney{}, err
		}
	}
	return d.PowerByID(ctx, p.ID)
}

// powerMoved writes the change into the journals of both sides.
func (d *Directory) powerMoved(ctx context.Context, actor Actor, p PowerOfAttorney, action string) error {
	if err := d.record(ctx, actor, p.OrganisationID, action, p.ID, p.details()); err != nil {
		return err
	}
	if p.RepresentedBy != RepresentsOrganisation || p.Status == PowerDraft || p.Status == PowerChecking || p.Status == PowerRefused {
		return nil
	}
	o, err := d.OrganisationByINN(ctx, p.Representative.V.INN)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.record(ctx, actor, o.ID, action, p.ID, p.details())
}

// details tell the journal what was given to whom, with numbers masked.
func (p PowerOfAttorney) details() map[string]string {
	r := p.Representative.V
	details := map[string]string{
		"number": p.Number, "form": string(p.Form), "status": string(p.Status), "representative": r.FullName(),
		"powers": strings.Join(p.Powers.V, " "), "from": p.FirstDay(), "until": p.LastDay(),
	}
	for name, value := range map[string]string{
		"snils": MaskNumber(r.SNILS), "inn": MaskNumber(r.INN), "reason": p.Reason, "parent": p.ParentID, "replaces": p.ReplacesID,
	} {
		if value != "" {
			details[name] = value
		}
	}
	return details
}

// MaskNumber hides a number but for its last four characters: "*******4595".
func MaskNumber(number string) string {
	const shown = 4
	if len(number) <= shown {
		return number
	}
	return strings.Repeat("*", len(number)-shown) + number[len(number)-shown:]
}
